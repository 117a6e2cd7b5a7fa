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

// The sums over a row of v and of v * (x - m), where v is the gradient of the normalised row.
template <class T, class F>
void two_sums(const T* x, T m, int64_t n, F v, double* all, double* along) {
  *all = *along = 0;
  for (int64_t at = 0; at < n; at += kRun) {
    const int64_t end = n - at < kRun ? n : at + kRun;
    T one[kLanes] = {}, two[kLanes] = {};
    int64_t i = at;
    for (; i + kLanes <= end; i += kLanes)
      for (int64_t k = 0; k < kLanes; ++k) {
        const T g = v(i + k);
        one[k] += g, two[k] += g * (x[i + k] - m);
      }
    for (; i < end; ++i) {
      const T g = v(i);
      one[0] += g, two[0] += g * (x[i] - m);
    }
    for (int64_t half = kLanes / 2; half >= 1; half /= 2)
      for (int64_t k = 0; k < half; ++k) one[k] += one[k + half], two[k] += two[k + half];
    *all += double(one[0]), *along += double(two[0]);
  }
}

// Not inlined, so that the compiler sees that nothing overlaps.
template <class T, bool kWeight, bool kBias>
__attribute__((noinline)) void row_back(T* __restrict gx, T* __restrict gw, T* __restrict gb, const T* __restrict g,
                                        const T* __restrict x, const T* __restrict w, T m, T s, T a, T b, int64_t n) {
  for (int64_t i = 0; i < n; ++i) {
    const T d = x[i] - m, v = kWeight ? g[i] * w[i] : g[i];
    gx[i] = v * s - (a + d * b);
    gw[i] += g[i] * (d * s);
    if (kBias) gb[i] += g[i];
  }
}

// gx of each row, and what the row adds to the gradients of weight and bias, while it is in the cache.
template <class T, bool kWeight, bool kBias>
void rows_back(const RowsBackward<T>& p, int64_t rows, int64_t n) {
  const T *x = p.x, *g = p.g, *w = p.w;
  T* __restrict gx = p.gx, * __restrict gw = p.gw, * __restrict gb = p.gb;
  for (int64_t r = 0; r < rows; ++r, x += n, g += n, gx += n) {
    const T m = p.mean ? p.mean[r] : T(0), s = p.rstd[r];
    double all, along;
    two_sums(x, m, n, [=](int64_t i) { return kWeight ? g[i] * w[i] : g[i]; }, &all, &along);
    const T a = p.mean ? T(all / double(n)) * s : T(0), b = T(along / double(n)) * s * s * s;
    row_back<T, kWeight, kBias>(gx, p.gw, p.gb, g, x, w, m, s, a, b, n);
  }
}

template <class T>
void rows_backward(const RowsBackward<T>& p, int64_t rows, int64_t n) {
  (p.w    ? p.gb ? rows_back<T, true, true> : rows_back<T, true, false>
   : p.gb ? rows_back<T, false, true>
          : rows_back<T, false, false>)(p, rows, n);
}

}  // namespace

#define WG_NORM(T) {rows_forward<T>, rows_backward<T>, sum<T>, spread<T>, product<T>, affine<T>, blend<T>}
const NormKernels norm_kernels = {WG_NORM(float), WG_NORM(double)};

}  // namespace wg::WG_LEVEL
