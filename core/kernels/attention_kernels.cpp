// Rows of attention weights of float and double, compiled per level.
#ifndef WG_LEVEL
#define WG_LEVEL generic
#endif
#include "attention_kernels.h"

#include <utility>

#include "../simd/math.h"
#include "vectors.h"

namespace wg::WG_LEVEL {
namespace {

// f(i) for a row and its padding: loops of a known length become whole registers.
template <class F>
inline void each(int64_t n, F f) {
  for (int64_t i = 0; i < n; i += kRowPad)
    for (int64_t v = 0; v < kRowPad; ++v) f(i + v);
}

// join(x[0], join(x[1], …)) in some order.
template <int N, class V, class F, int... J>
[[gnu::always_inline]] inline auto folded(V x, F join, std::integer_sequence<int, J...> lanes) {
  x = join(x, __builtin_shufflevector(x, x, (J ^ N)...));
  if constexpr (N == 1)
    return x[0];
  else
    return folded<N / 2>(x, join, lanes);
}
// The same of f(0) … of a row and its padding, f(i) being a register's elements from i on.
template <class T, class F, class Join>
[[gnu::always_inline]] inline T fold(int64_t n, F f, Join join) {
  constexpr int W = int(kWide<T>);
  auto x = f(0);
  for (int64_t i = W; i < padded(n); i += W) x = join(x, f(i));
  return folded<W / 2>(x, join, std::make_integer_sequence<int, W>());
}
constexpr auto kSum = [](auto x, auto y) { return x + y; };
constexpr auto kLarger = [](auto x, auto y) { return y > x ? y : x; };

// s * scale + mask; -inf in the padding.
template <class T>
inline void scaled(T* s, int64_t n, T scale, const T* mask, int64_t step) {
  if (!mask)
    each(n, [=](int64_t i) { s[i] *= scale; });
  else
    for (int64_t i = 0; i < n; ++i) s[i] = s[i] * scale + mask[i * step];
  for (int64_t i = n; i < padded(n); ++i) s[i] = -kInf<T>;
}

template <class T>
T softmax(T* s, int64_t n, T scale, const T* mask, int64_t step, T* top) {
  scaled(s, n, scale, mask, step);
  const auto at = [s](int64_t i) { return load<Wide<T>>(s + i); };
  const T most = fold<T>(n, at, kLarger), shift = most == -kInf<T> ? T(0) : most;
  each(n, [=](int64_t i) { s[i] = exp_negative(s[i] - shift); });
  const T sum = fold<T>(n, at, kSum);
  const T share = sum == 0 ? T(0) : T(1) / sum;
  each(n, [=](int64_t i) { s[i] *= share; });
  *top = shift;
  return sum;
}

template <class T>
void log_sums(T* sums, const T* top, int64_t n) {
  for (int64_t i = 0; i < n; ++i) sums[i] = sums[i] == 0 ? kInf<T> : top[i] + log(sums[i]);
}

template <class T>
void weights(T* s, int64_t n, T scale, const T* mask, int64_t step, T log_sum) {
  scaled(s, n, scale, mask, step);
  each(n, [=](int64_t i) { s[i] = exp_negative(s[i] - log_sum); });
}

template <class T>
void gradient(T* d, const T* p, int64_t n, T delta, T scale) {
  each(n, [=](int64_t i) { d[i] = p[i] * (d[i] - delta) * scale; });
}

template <class T>
T dot(const T* x, const T* y, int64_t n) {
  T rest = 0;
  const int64_t whole = n / kRowPad * kRowPad;
  for (int64_t i = whole; i < n; ++i) rest += x[i] * y[i];
  if (!whole) return rest;
  return rest + fold<T>(whole, [=](int64_t i) { return load<Wide<T>>(x + i) * load<Wide<T>>(y + i); }, kSum);
}

}  // namespace

#define WG_ATTENTION(T) {softmax<T>, log_sums<T>, weights<T>, gradient<T>, dot<T>}
const AttentionKernels attention_kernels = {WG_ATTENTION(float), WG_ATTENTION(double)};

}  // namespace wg::WG_LEVEL
