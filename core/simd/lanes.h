// Sums over many lanes at once, so that no addition waits for the one before. Included once per translation unit, into
// the namespace of its CPU level (WG_LEVEL), like math.h.
#pragma once
#include <cstdint>

namespace wg::WG_LEVEL {

#if defined(__AVX512F__)
inline constexpr int64_t kLanes = 64;  // of float: four registers
#else
inline constexpr int64_t kLanes = 32;
#endif

// The sum of a power of two of lanes, as a tree. Recursive, so that compilers know each level's length.
template <int64_t N = kLanes, class T>
[[gnu::always_inline]] inline T join_lanes(T* lane) {
  if constexpr (N == 1) {
    return lane[0];
  } else {
    for (int64_t v = 0; v < N / 2; ++v) lane[v] += lane[v + N / 2];
    return join_lanes<N / 2>(lane);
  }
}

// The sum of f(i) over [0, n).
template <class T, int64_t N = kLanes, class F>
[[gnu::always_inline]] inline T sum_lanes(int64_t n, F f) {
  T lane[N] = {};
  int64_t i = 0;
  for (; i + N <= n; i += N)
    for (int64_t v = 0; v < N; ++v) lane[v] += f(i + v);
  for (int64_t v = 0; v < n - i; ++v) lane[v] += f(i + v);
  return join_lanes<N>(lane);
}

}  // namespace wg::WG_LEVEL
