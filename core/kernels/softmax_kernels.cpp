// Softmax of float and double, compiled per level. Short rows are done in blocks, so that exp runs over many at once.
#ifndef WG_LEVEL
#define WG_LEVEL generic
#endif
#include "../simd/lanes.h"
#include "../simd/math.h"
#include "read_once.h"
#include "softmax_kernels.h"

namespace wg::WG_LEVEL {
namespace {

constexpr int64_t kBlock = 1024;
constexpr int64_t kFew = 32;    // lanes where exp is what takes the time
constexpr int64_t kLong = 128;  // rows from here on are worth a loop of their own

inline float log_of(float x) { return __builtin_logf(x); }
inline double log_of(double x) { return __builtin_log(x); }

template <class T>
T largest(const T* x, int64_t n) {
  T best = x[0];
  int64_t i = 0;
  if (n >= kLanes) {
    T lane[kLanes];
    for (int64_t v = 0; v < kLanes; ++v) lane[v] = x[v];
    for (i = kLanes; i + kLanes <= n; i += kLanes)
      for (int64_t v = 0; v < kLanes; ++v) lane[v] = x[i + v] > lane[v] ? x[i + v] : lane[v];
    for (int64_t v = 0; v < kLanes; ++v) best = lane[v] > best ? lane[v] : best;
  }
  for (; i < n; ++i) best = x[i] > best ? x[i] : best;
  return best;
}

// Blocks bound the error of the sum; within one, exp and sum are one pass.
template <class T, bool kLog>
void long_row(T* __restrict y, const T* __restrict x, int64_t n) {
  const T top = largest(x, n);
  T sum = 0;
  for (int64_t at = 0; at < n; at += kBlock) {
    const int64_t m = n - at < kBlock ? n - at : kBlock;
    sum += sum_lanes<T, kFew>(m, [=](int64_t i) {
      const T d = x[at + i] - top, e = exp_negative(d);
      y[at + i] = kLog ? d : e;
      return e;
    });
  }
  if (kLog) {
    const T shift = log_of(sum);
    for (int64_t i = 0; i < n; ++i) y[i] -= shift;
  } else {
    for (int64_t i = 0; i < n; ++i) y[i] /= sum;
  }
}

template <class T>
void rows_of(T* y, const T* x, int64_t rows, int64_t n, bool log) {
  if (n >= kLong) {
    for (int64_t r = 0; r < rows; ++r) (log ? long_row<T, true> : long_row<T, false>)(y + r * n, x + r * n, n);
    return;
  }
  T e[kBlock];
  int64_t many = kBlock / n;
  for (int64_t first = 0; first < rows; first += many, x += many * n, y += many * n) {
    int64_t here = rows - first < many ? rows - first : many;
    for (int64_t r = 0; r < here; ++r) {
      T top = largest(x + r * n, n);
      for (int64_t i = 0; i < n; ++i) y[r * n + i] = x[r * n + i] - top;
    }
    for (int64_t i = 0; i < here * n; ++i) e[i] = exp_negative(y[i]);
    for (int64_t r = 0; r < here; ++r) {
      const T* from = e + r * n;
      T* to = y + r * n;
      T sum = sum_lanes<T>(n, [from](int64_t i) { return from[i]; });
      if (log) {
        T shift = log_of(sum);
        for (int64_t i = 0; i < n; ++i) to[i] -= shift;
      } else {
        for (int64_t i = 0; i < n; ++i) to[i] = from[i] / sum;
      }
    }
  }
}

template <class T, bool kLog>
void columns_of(T* __restrict y, const T* __restrict x, int64_t n, int64_t step, int64_t cols) {
  T top[kSoftTile], sum[kSoftTile];
  for (int64_t c = 0; c < cols; ++c) top[c] = x[c], sum[c] = 0;
  for (int64_t i = 1; i < n; ++i) {
    const T* from = x + i * step;
    for (int64_t c = 0; c < cols; ++c) top[c] = from[c] > top[c] ? from[c] : top[c];
  }
  for (int64_t i = 0; i < n; ++i) {
    const T* from = x + i * step;
    T* to = y + i * step;
    for (int64_t c = 0; c < cols; ++c) {
      T d = from[c] - top[c], e = exp_negative(d);
      to[c] = kLog ? d : e;
      sum[c] += e;
    }
  }
  for (int64_t c = 0; c < cols; ++c) sum[c] = kLog ? log_of(sum[c]) : 1 / sum[c];
  for (int64_t i = 0; i < n; ++i) {
    T* to = y + i * step;
    for (int64_t c = 0; c < cols; ++c) to[c] = kLog ? to[c] - sum[c] : to[c] * sum[c];
  }
}

template <class T>
void columns(T* y, const T* x, int64_t n, int64_t step, int64_t cols, bool log) {
  log ? columns_of<T, true>(y, x, n, step, cols) : columns_of<T, false>(y, x, n, step, cols);
}

template <class T>
void rows_backward(T* __restrict gx, const T* __restrict g, const T* __restrict y, int64_t rows, int64_t n, bool log) {
  for (int64_t r = 0; r < rows; ++r, gx += n, g += n, y += n) {
    if (log) {
      T sum = sum_lanes<T>(n, [g](int64_t i) { return g[i]; });
      for (int64_t i = 0; i < n; ++i) gx[i] = g[i] - exp(y[i]) * sum;
    } else {
      T sum = sum_lanes<T>(n, [g, y](int64_t i) { return g[i] * y[i]; });
      for (int64_t i = 0; i < n; ++i) gx[i] = (g[i] - sum) * y[i];
    }
  }
}

template <class T>
void rows_nll(T* __restrict gx, const T* __restrict y, const T* scale, const int64_t* target, int64_t rows, int64_t n) {
  for (int64_t r = 0; r < rows; ++r, gx += n, y += n) {
    const T by = scale[r];
    for (int64_t i = 0; i < n; ++i) gx[i] = exp_negative(y[i]) * by;
    const int64_t k = read_once(target + r);  // checked before, but others may write it
    if (by != T(0) && uint64_t(k) < uint64_t(n)) gx[k] -= by;
  }
}

template <class T, bool kLog>
void columns_back(T* __restrict gx, const T* __restrict g, const T* __restrict y, int64_t n, int64_t step,
                  int64_t cols) {
  T sum[kSoftTile] = {};
  for (int64_t i = 0; i < n; ++i) {
    const T *from = g + i * step, *out = y + i * step;
    for (int64_t c = 0; c < cols; ++c) sum[c] += kLog ? from[c] : from[c] * out[c];
  }
  for (int64_t i = 0; i < n; ++i) {
    const T *from = g + i * step, *out = y + i * step;
    T* to = gx + i * step;
    for (int64_t c = 0; c < cols; ++c) to[c] = kLog ? from[c] - exp(out[c]) * sum[c] : (from[c] - sum[c]) * out[c];
  }
}

template <class T>
void columns_backward(T* gx, const T* g, const T* y, int64_t n, int64_t step, int64_t cols, bool log) {
  log ? columns_back<T, true>(gx, g, y, n, step, cols) : columns_back<T, false>(gx, g, y, n, step, cols);
}

}  // namespace

#define WG_SOFT(T) {rows_of<T>, columns<T>, rows_backward<T>, rows_nll<T>, largest<T>, columns_backward<T>}
const SoftmaxKernels softmax_kernels = {WG_SOFT(float), WG_SOFT(double)};

}  // namespace wg::WG_LEVEL
