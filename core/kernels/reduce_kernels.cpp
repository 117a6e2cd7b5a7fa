// Reductions of all types but complex numbers (of these the sums), compiled per level.
#ifndef WG_LEVEL
#define WG_LEVEL generic
#endif

#include "../simd/halves.h"

namespace wg::WG_LEVEL {
namespace {
// Half precision by this level's own conversions, and complex numbers by plain sums.
template <class T>
struct Wide {
  T x;
  WG_INLINE operator float() const { return widen(x); }
};
template <class T>
struct Pair {
  T re, im;
  Pair() = default;
  WG_INLINE Pair(int) : re(0), im(0) {}
  WG_INLINE Pair(T r, T i) : re(r), im(i) {}
  WG_INLINE friend Pair operator+(Pair a, Pair b) { return {a.re + b.re, a.im + b.im}; }
};
inline float square(float x) { return x * x; }
inline double square(double x) { return x * x; }
inline float power(float x, double p) { return __builtin_powf(x, float(p)); }
inline double power(double x, double p) { return __builtin_pow(x, p); }
}  // namespace
}  // namespace wg::WG_LEVEL

#include "reduce.h"
#include "reduce_loops.h"

namespace wg::WG_LEVEL {

#define WG_FOLDS(T)                                                                                   \
  {folder_of<SumOf<T, T>, T>(),       folder_of<ProdOf<T, T>, T>(),   folder_of<MaxOf<T, T>, T>(),    \
   folder_of<MinOf<T, T>, T>(),       folder_of<NanSumOf<T, T>, T>(), folder_of<AbsSumOf<T, T>, T>(), \
   folder_of<SquareSumOf<T, T>, T>(), folder_of<AbsMaxOf<T, T>, T>(), folder_of<AbsMinOf<T, T>, T>(), \
   folder_of<PowSumOf<T, T>, T>(),    folder_of<NonZeroOf<T>, T>(),   folder_of<AnyOf<T>, T>(),       \
   folder_of<AllOf<T>, T>()}

namespace {

// Complex numbers as twice as many real ones: even lanes are real parts.
template <class T>
Pair<T> sum_pairs(const Pair<T>* x, int64_t n) {
  const T* parts = reinterpret_cast<const T*>(x);
  T lane[kLanes] = {};
  int64_t i = 0;
  for (; i + kLanes <= 2 * n; i += kLanes)
    for (int64_t v = 0; v < kLanes; ++v) lane[v] += parts[i + v];
  for (int64_t v = 0; i + v < 2 * n; ++v) lane[v] += parts[i + v];
  for (int64_t half = kLanes / 2; half > 1; half /= 2)
    for (int64_t v = 0; v < half; ++v) lane[v] += lane[v + half];
  return {lane[0], lane[1]};
}
template <>
inline Pair<float> fold_block<SumOf<Pair<float>, Pair<float>>>(const Pair<float>* x, int64_t n, double) {
  return sum_pairs(x, n);
}
template <>
inline Pair<double> fold_block<SumOf<Pair<double>, Pair<double>>>(const Pair<double>* x, int64_t n, double) {
  return sum_pairs(x, n);
}

template <class T, class A>
void sums(Folder* f) {
  f[int(Fold::Sum)] = f[int(Fold::NanSum)] = folder_of<SumOf<T, A>, T>();
  f[int(Fold::Prod)] = folder_of<ProdOf<T, A>, T>();
}
template <class T, class A>
void order(Folder* f) {
  f[int(Fold::Max)] = folder_of<MaxOf<T, A>, T>();
  f[int(Fold::Min)] = folder_of<MinOf<T, A>, T>();
}
template <class T>
void truths(Folder* f) {
  f[int(Fold::NonZero)] = folder_of<NonZeroOf<T>, T>();
  f[int(Fold::Any)] = folder_of<AnyOf<T>, T>();
  f[int(Fold::All)] = folder_of<AllOf<T>, T>();
}
template <class T>
void whole(Folder* f) {
  sums<T, int64_t>(f), order<T, T>(f), truths<T>(f);
}
template <class T>
void half(Folder* f) {
  using W = Wide<T>;
  sums<W, float>(f), order<W, float>(f), truths<W>(f);
  f[int(Fold::NanSum)] = folder_of<NanSumOf<W, float>, W>();
  f[int(Fold::AbsSum)] = folder_of<AbsSumOf<W, float>, W>();
  f[int(Fold::SquareSum)] = folder_of<SquareSumOf<W, float>, W>();
  f[int(Fold::AbsMax)] = folder_of<AbsMaxOf<W, float>, W>();
  f[int(Fold::AbsMin)] = folder_of<AbsMinOf<W, float>, W>();
  f[int(Fold::PowSum)] = folder_of<PowSumOf<W, float>, W>();
}

void others(Folder (*of)[kFolds]) {
  auto at = [of](DType d) { return of[int(d)]; };
  whole<bool>(at(DType::Bool)), whole<uint8_t>(at(DType::UInt8)), whole<int8_t>(at(DType::Int8));
  whole<int16_t>(at(DType::Int16)), whole<int32_t>(at(DType::Int32)), whole<int64_t>(at(DType::Int64));
  half<Half>(at(DType::Float16)), half<BFloat16>(at(DType::BFloat16));
  at(DType::Complex64)[int(Fold::Sum)] = folder_of<SumOf<Pair<float>, Pair<float>>, Pair<float>>();
  at(DType::Complex128)[int(Fold::Sum)] = folder_of<SumOf<Pair<double>, Pair<double>>, Pair<double>>();
}

}  // namespace

const FoldKernels fold_kernels = {WG_FOLDS(float), WG_FOLDS(double), others};

}  // namespace wg::WG_LEVEL
