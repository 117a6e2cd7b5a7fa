// Rows of attention weights of float and double, compiled per level.
#ifndef WG_LEVEL
#define WG_LEVEL generic
#endif
#include "attention_kernels.h"

#include "../simd/math.h"

namespace wg::WG_LEVEL {
namespace {

constexpr int64_t kLanes = 32;

template <class T, class F>
inline T sum_of(int64_t n, F f) {
  T lane[kLanes] = {}, total = 0;
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes)
    for (int64_t v = 0; v < kLanes; ++v) lane[v] += f(i + v);
  for (int64_t half = kLanes / 2; half >= 1; half /= 2)
    for (int64_t v = 0; v < half; ++v) lane[v] += lane[v + half];
  for (; i < n; ++i) total += f(i);
  return total + lane[0];
}

template <class T>
inline void scaled(T* s, int64_t n, T scale, const T* mask, int64_t step) {
  if (!mask)
    for (int64_t i = 0; i < n; ++i) s[i] *= scale;
  else
    for (int64_t i = 0; i < n; ++i) s[i] = s[i] * scale + mask[i * step];
}

template <class T>
inline T largest(const T* s, int64_t n) {
  T lane[kLanes];
  for (int64_t v = 0; v < kLanes; ++v) lane[v] = -kInf<T>;
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes)
    for (int64_t v = 0; v < kLanes; ++v) lane[v] = s[i + v] > lane[v] ? s[i + v] : lane[v];
  T best = -kInf<T>;
  for (; i < n; ++i) best = s[i] > best ? s[i] : best;
  for (int64_t v = 0; v < kLanes; ++v) best = lane[v] > best ? lane[v] : best;
  return best;
}

template <class T>
T softmax(T* s, int64_t n, T scale, const T* mask, int64_t step) {
  scaled(s, n, scale, mask, step);
  const T top = largest(s, n), shift = top == -kInf<T> ? T(0) : top;
  for (int64_t i = 0; i < n; ++i) s[i] = exp(s[i] - shift);
  const T sum = sum_of<T>(n, [s](int64_t i) { return s[i]; });
  const T share = sum == 0 ? T(0) : T(1) / sum;
  for (int64_t i = 0; i < n; ++i) s[i] *= share;
  return sum == 0 ? kInf<T> : shift + log(sum);
}

template <class T>
void weights(T* s, int64_t n, T scale, const T* mask, int64_t step, T log_sum) {
  scaled(s, n, scale, mask, step);
  for (int64_t i = 0; i < n; ++i) s[i] = exp(s[i] - log_sum);
}

template <class T>
void gradient(T* d, const T* p, int64_t n, T delta, T scale) {
  for (int64_t i = 0; i < n; ++i) d[i] = p[i] * (d[i] - delta) * scale;
}

template <class T>
T dot(const T* x, const T* y, int64_t n) {
  return sum_of<T>(n, [x, y](int64_t i) { return x[i] * y[i]; });
}

}  // namespace

#define WG_ATTENTION(T) {softmax<T>, weights<T>, gradient<T>, dot<T>}
const AttentionKernels attention_kernels = {WG_ATTENTION(float), WG_ATTENTION(double)};

}  // namespace wg::WG_LEVEL
