// Normalisation of float and double, compiled per level.
#ifndef WG_LEVEL
#define WG_LEVEL generic
#endif
#include "norm_kernels.h"

namespace wg::WG_LEVEL {
namespace {

constexpr int64_t kLanes = 32;
constexpr int64_t kRun = 2048;  // elements summed in T before the sum is carried on in double

inline float root(float x) { return __builtin_sqrtf(x); }
inline double root(double x) { return __builtin_sqrt(x); }

// Sum of f(i) over [0, n), n <= kRun.
template <class T, class F>
inline T sum_run(int64_t n, F f) {
  T lane[kLanes] = {}, total = 0;
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes)
    for (int64_t v = 0; v < kLanes; ++v) lane[v] += f(i + v);
  for (int64_t half = kLanes / 2; half >= 1; half /= 2)
    for (int64_t v = 0; v < half; ++v) lane[v] += lane[v + half];
  for (; i < n; ++i) total += f(i);
  return total + lane[0];
}

template <class T, class F>
inline double sum_of(int64_t n, F f) {
  double total = 0;
  for (int64_t at = 0; at < n; at += kRun)
    total += double(sum_run<T>(n - at < kRun ? n - at : kRun, [f, at](int64_t i) { return f(at + i); }));
  return total;
}

template <class T>
double sum(const T* x, int64_t n) {
  return sum_of<T>(n, [x](int64_t i) { return x[i]; });
}
template <class T>
double spread(const T* x, T mean, int64_t n) {
  return sum_of<T>(n, [x, mean](int64_t i) { return (x[i] - mean) * (x[i] - mean); });
}
template <class T>
void product(const T* g, const T* x, T mean, int64_t n, double* out) {
  out[0] = sum(g, n);
  out[1] = sum_of<T>(n, [g, x, mean](int64_t i) { return g[i] * (x[i] - mean); });
}
template <class T>
void affine(T* y, const T* x, T a, T b, int64_t n) {
  for (int64_t i = 0; i < n; ++i) y[i] = x[i] * a + b;
}
template <class T>
void blend(T* y, const T* g, const T* x, T a, T b, T c, int64_t n) {
  for (int64_t i = 0; i < n; ++i) y[i] = g[i] * a + (x[i] * b + c);
}

template <class T>
void rows_forward(T* y, T* mean, T* rstd, const T* x, const T* w, const T* b, int64_t rows, int64_t n, double eps,
                  bool centred) {
  for (int64_t r = 0; r < rows; ++r, x += n, y += n) {
    const T m = centred ? T(sum(x, n) / double(n)) : T(0);
    const T s = T(1) / root(T(spread(x, m, n) / double(n) + eps));
    if (mean) mean[r] = m;
    rstd[r] = s;
    if (w && b)
      for (int64_t i = 0; i < n; ++i) y[i] = (x[i] - m) * s * w[i] + b[i];
    else if (w)
      for (int64_t i = 0; i < n; ++i) y[i] = (x[i] - m) * s * w[i];
    else if (b)
      for (int64_t i = 0; i < n; ++i) y[i] = (x[i] - m) * s + b[i];
    else
      for (int64_t i = 0; i < n; ++i) y[i] = (x[i] - m) * s;
  }
}

template <class T>
void rows_backward(T* gx, const T* g, const T* x, const T* mean, const T* rstd, const T* w, int64_t rows, int64_t n,
                   bool centred) {
  for (int64_t r = 0; r < rows; ++r, x += n, g += n, gx += n) {
    const T m = centred ? mean[r] : T(0), s = rstd[r];
    double all = 0, along = 0;
    if (w) {
      if (centred) all = sum_of<T>(n, [g, w](int64_t i) { return g[i] * w[i]; });
      along = sum_of<T>(n, [g, w, x, m](int64_t i) { return g[i] * w[i] * (x[i] - m); });
    } else {
      if (centred) all = sum(g, n);
      along = sum_of<T>(n, [g, x, m](int64_t i) { return g[i] * (x[i] - m); });
    }
    const T a = T(all / double(n)) * s, b = T(along / double(n)) * s * s * s;
    if (w)
      for (int64_t i = 0; i < n; ++i) gx[i] = g[i] * w[i] * s - (a + (x[i] - m) * b);
    else
      for (int64_t i = 0; i < n; ++i) gx[i] = g[i] * s - (a + (x[i] - m) * b);
  }
}

template <class T>
void rows_weights(T* gw, T* gb, const T* g, const T* x, const T* mean, const T* rstd, int64_t rows, int64_t n) {
  for (int64_t r = 0; r < rows; ++r, x += n, g += n) {
    const T m = mean ? mean[r] : T(0), s = rstd[r];
    if (gb)
      for (int64_t i = 0; i < n; ++i) gw[i] += g[i] * ((x[i] - m) * s), gb[i] += g[i];
    else
      for (int64_t i = 0; i < n; ++i) gw[i] += g[i] * ((x[i] - m) * s);
  }
}

}  // namespace

#define WG_NORM(T) \
  {rows_forward<T>, rows_backward<T>, rows_weights<T>, sum<T>, spread<T>, product<T>, affine<T>, blend<T>}
const NormKernels norm_kernels = {WG_NORM(float), WG_NORM(double)};

}  // namespace wg::WG_LEVEL
