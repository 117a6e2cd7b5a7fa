// Reductions of the types that need no vector loops of their own: integers, bool, half precision, complex.
#define WG_LEVEL generic
#include <cmath>

#include "../dtype.h"

namespace wg::generic {
namespace {
template <class T>
auto absolute(T x) {
  if constexpr (is_complex_v<T>)
    return std::abs(x);
  else
    return std::abs(float(x));
}
template <class T>
auto square(T x) {
  if constexpr (is_complex_v<T>)
    return std::norm(x);
  else
    return float(x) * float(x);
}
inline float power(float x, double p) { return std::pow(x, float(p)); }
inline double power(double x, double p) { return std::pow(x, p); }
}  // namespace
}  // namespace wg::generic

#include "reduce.h"
#include "reduce_loops.h"
#include "reduce_types.h"

namespace wg {
namespace {
using namespace generic;

template <class T, class A>
void sums(Folder* f) {
  f[int(Fold::Sum)] = folder_of<SumOf<T, A>, T>();
  f[int(Fold::Prod)] = folder_of<ProdOf<T, A>, T>();
  f[int(Fold::NonZero)] = folder_of<NonZeroOf<T>, T>();
  f[int(Fold::Any)] = folder_of<AnyOf<T>, T>();
  f[int(Fold::All)] = folder_of<AllOf<T>, T>();
}
template <class T, class A>
void order(Folder* f) {
  f[int(Fold::Max)] = folder_of<MaxOf<T, A>, T>();
  f[int(Fold::Min)] = folder_of<MinOf<T, A>, T>();
}
template <class T, class R>
void norms(Folder* f) {
  f[int(Fold::AbsSum)] = folder_of<AbsSumOf<T, R>, T>();
  f[int(Fold::SquareSum)] = folder_of<SquareSumOf<T, R>, T>();
  f[int(Fold::AbsMax)] = folder_of<AbsMaxOf<T, R>, T>();
  f[int(Fold::AbsMin)] = folder_of<AbsMinOf<T, R>, T>();
  f[int(Fold::PowSum)] = folder_of<PowSumOf<T, R>, T>();
}

struct Tables {
  Folder of[kDTypes][kFolds] = {};
  Tables() {
    auto at = [&](DType d) { return of[int(d)]; };
    visit_all([&]<class T>() {
      Folder* f = at(DTypeOf<T>::value);
      if constexpr (is_complex_v<T>) {
        sums<T, T>(f);
        norms<T, typename T::value_type>(f);
      } else if constexpr (is_reduced_v<T>) {
        sums<T, float>(f);
        order<T, float>(f);
        norms<T, float>(f);
        f[int(Fold::NanSum)] = folder_of<NanSumOf<T, float>, T>();
      } else if constexpr (std::is_integral_v<T>) {
        sums<T, int64_t>(f);
        order<T, T>(f);
        f[int(Fold::NanSum)] = f[int(Fold::Sum)];
      }
    });
  }
  template <class F>
  static void visit_all(F f) {
    for (int d = 0; d < kDTypes; ++d)
      if (!is_stored(DType(d))) visit(DType(d), f);
  }
};

}  // namespace

const Folder& folder(Fold f, DType d) {
  static const Tables tables;
  if (d == DType::Float32) return fold_table().of_float[int(f)];
  if (d == DType::Float64) return fold_table().of_double[int(f)];
  if (d == DType::Int64 && f == Fold::Sum) return fold_table().long_sum;
  if (is_stored(d)) no_kernel(d);
  return tables.of[int(d)][int(f)];
}

}  // namespace wg
