// Elementwise losses of float and double, compiled per level.
#ifndef WG_LEVEL
#define WG_LEVEL generic
#endif
#include "nn_kernels.h"

#include "../simd/math.h"

namespace wg::WG_LEVEL {
namespace {

constexpr int64_t kLanes = 16;

template <class T, class F>
inline void map_with(const T* x, const T* t, T* y, int64_t n, F f) {
  for (int64_t i = 0; i < n; ++i) y[i] = f(x[i], t[i]);
}

// Both arms are computed and one is chosen, so that the loops have no branches.
template <class T>
void map(Loss kind, T p, const T* x, const T* t, T* y, int64_t n) {
  switch (kind) {
    case Loss::Squared: return map_with(x, t, y, n, [](T a, T b) { return (a - b) * (a - b); });
    case Loss::SmoothL1:
      return map_with(x, t, y, n, [p](T a, T b) {
        T z = absolute(a - b), square = T(0.5) * z * z / p, line = z - T(0.5) * p;
        return z < p ? square : line;
      });
    case Loss::Huber:
      return map_with(x, t, y, n, [p](T a, T b) {
        T z = absolute(a - b), square = T(0.5) * z * z, line = p * (z - T(0.5) * p);
        return z < p ? square : line;
      });
    case Loss::CrossEntropy:
      return map_with(x, t, y, n, [](T a, T b) {
        T yes = log(a), no = log1p(-a);
        yes = yes < T(-100) ? T(-100) : yes;
        no = no < T(-100) ? T(-100) : no;
        return (b - T(1)) * no - b * yes;
      });
  }
}

template <class T>
T sum(Loss kind, T p, const T* x, const T* t, int64_t n) {
  T y[kLossBlock];
  map(kind, p, x, t, y, n);
  T lane[kLanes] = {}, total = 0;
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes)
    for (int64_t v = 0; v < kLanes; ++v) lane[v] += y[i + v];
  for (int64_t half = kLanes / 2; half >= 1; half /= 2)
    for (int64_t v = 0; v < half; ++v) lane[v] += lane[v + half];
  for (; i < n; ++i) total += y[i];
  return total + lane[0];
}

template <class T>
bool probabilities(const T* x, int64_t n) {
  int64_t bad = 0;
  for (int64_t i = 0; i < n; ++i) bad += !(x[i] >= 0 && x[i] <= 1);
  return bad == 0;
}

}  // namespace

const NnKernels nn_kernels = {{map<float>, sum<float>, probabilities<float>},
                              {map<double>, sum<double>, probabilities<double>}};

}  // namespace wg::WG_LEVEL
