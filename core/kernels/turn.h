// Squares of elements turned on their side in registers.
#pragma once
#include <cstdint>
#include <utility>

#pragma GCC diagnostic ignored "-Wpsabi"  // vectors wider than the machine's stay inside a function

namespace wg {

// to[j * to_step + i] = from[i * step + j] for i and j below 4. Each file that uses it has its own: files are compiled
// for different machines.
template <class T>
[[gnu::always_inline]] static inline void turn(const T* from, int64_t step, T* to, int64_t to_step) {
  typedef T V __attribute__((vector_size(4 * sizeof(T)), aligned(sizeof(T)), may_alias));
  auto row = [&](int i) { return *reinterpret_cast<const V*>(from + i * step); };
  auto put = [&](int j, V v) { *reinterpret_cast<V*>(to + j * to_step) = v; };
  const V a = row(0), b = row(1), c = row(2), d = row(3);
  const V ab = __builtin_shufflevector(a, b, 0, 4, 1, 5), ab2 = __builtin_shufflevector(a, b, 2, 6, 3, 7);
  const V cd = __builtin_shufflevector(c, d, 0, 4, 1, 5), cd2 = __builtin_shufflevector(c, d, 2, 6, 3, 7);
  put(0, __builtin_shufflevector(ab, cd, 0, 1, 4, 5));
  put(1, __builtin_shufflevector(ab, cd, 2, 3, 6, 7));
  put(2, __builtin_shufflevector(ab2, cd2, 0, 1, 4, 5));
  put(3, __builtin_shufflevector(ab2, cd2, 2, 3, 6, 7));
}

// a's and b's blocks of D elements change places: of every two blocks the first of b goes where a's second was.
template <int D, class V, int... J>
[[gnu::always_inline]] static inline void swap_blocks(V& a, V& b, std::integer_sequence<int, J...>) {
  constexpr int N = sizeof...(J);
  const V x = a, y = b;
  a = __builtin_shufflevector(x, y, (J & D ? N + J - D : J)...);
  b = __builtin_shufflevector(x, y, (J & D ? N + J : J + D)...);
}
template <int D, int N, class V>
[[gnu::always_inline]] static inline void turn_blocks(V* rows) {
#pragma GCC unroll 16
  for (int i = 0; i < N; ++i)
    if (!(i & D)) swap_blocks<D>(rows[i], rows[i + D], std::make_integer_sequence<int, N>());
  if constexpr (D > 1) turn_blocks<D / 2, N>(rows);
}
// The same for i and j below N, a power of two.
template <int N, class T>
[[gnu::always_inline]] static inline void turn_square(const T* from, int64_t step, T* to, int64_t to_step) {
  typedef T V __attribute__((vector_size(N * sizeof(T)), aligned(sizeof(T)), may_alias));
  V rows[N];
#pragma GCC unroll 16
  for (int i = 0; i < N; ++i) rows[i] = *reinterpret_cast<const V*>(from + i * step);
  turn_blocks<N / 2, N>(rows);
#pragma GCC unroll 16
  for (int i = 0; i < N; ++i) *reinterpret_cast<V*>(to + i * to_step) = rows[i];
}

}  // namespace wg
