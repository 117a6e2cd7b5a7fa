// Reductions of float and double, compiled per level.
#ifndef WG_LEVEL
#define WG_LEVEL generic
#endif

namespace wg::WG_LEVEL {
namespace {
inline float absolute(float x) { return __builtin_fabsf(x); }
inline double absolute(double x) { return __builtin_fabs(x); }
inline float square(float x) { return x * x; }
inline double square(double x) { return x * x; }
inline float power(float x, double p) { return __builtin_powf(x, float(p)); }
inline double power(double x, double p) { return __builtin_pow(x, p); }
}  // namespace
}  // namespace wg::WG_LEVEL

#include "reduce_loops.h"

namespace wg::WG_LEVEL {

#define WG_FOLDS(T)                                                                                   \
  {folder_of<SumOf<T, T>, T>(),       folder_of<ProdOf<T, T>, T>(),   folder_of<MaxOf<T, T>, T>(),    \
   folder_of<MinOf<T, T>, T>(),       folder_of<NanSumOf<T, T>, T>(), folder_of<AbsSumOf<T, T>, T>(), \
   folder_of<SquareSumOf<T, T>, T>(), folder_of<AbsMaxOf<T, T>, T>(), folder_of<AbsMinOf<T, T>, T>(), \
   folder_of<PowSumOf<T, T>, T>(),    folder_of<NonZeroOf<T>, T>(),   folder_of<AnyOf<T>, T>(),       \
   folder_of<AllOf<T>, T>()}
const FoldKernels fold_kernels = {WG_FOLDS(float), WG_FOLDS(double), folder_of<SumOf<int64_t, int64_t>, int64_t>()};

}  // namespace wg::WG_LEVEL
