// Reductions of complex numbers, which need no vector loops of their own but for sums, and the table of all types.
#define WG_LEVEL generic
#include <cmath>

#include "../dtype.h"

namespace wg::generic {
namespace {
template <class T>
T absolute(std::complex<T> x) {
  return std::abs(x);
}
template <class T>
T square(std::complex<T> x) {
  return std::norm(x);
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

template <class T>
void complex_folds(Folder* f) {
  using R = typename T::value_type;
  f[int(Fold::Prod)] = folder_of<ProdOf<T, T>, T>();
  f[int(Fold::NonZero)] = folder_of<NonZeroOf<T>, T>();
  f[int(Fold::Any)] = folder_of<AnyOf<T>, T>();
  f[int(Fold::All)] = folder_of<AllOf<T>, T>();
  f[int(Fold::AbsSum)] = folder_of<AbsSumOf<T, R>, T>();
  f[int(Fold::SquareSum)] = folder_of<SquareSumOf<T, R>, T>();
  f[int(Fold::AbsMax)] = folder_of<AbsMaxOf<T, R>, T>();
  f[int(Fold::AbsMin)] = folder_of<AbsMinOf<T, R>, T>();
  f[int(Fold::PowSum)] = folder_of<PowSumOf<T, R>, T>();
}

struct Tables {
  Folder of[kDTypes][kFolds] = {};
  Tables() {
    complex_folds<complex64>(of[int(DType::Complex64)]);
    complex_folds<complex128>(of[int(DType::Complex128)]);
    fold_table().others(of);
  }
};

}  // namespace

const Folder& folder(Fold f, DType d) {
  static const Tables tables;
  if (d == DType::Float32) return fold_table().of_float[int(f)];
  if (d == DType::Float64) return fold_table().of_double[int(f)];
  if (is_stored(d)) no_kernel(d);
  return tables.of[int(d)][int(f)];
}

}  // namespace wg
