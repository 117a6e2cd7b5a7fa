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
// The same for i and j below N, a power of two: for vectors that the machine has.
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
// The same for i below `rows` and j below `cols`: in squares of N, what is left in squares of 4, then one by one.
template <int N, class T>
static inline void turn_all(int64_t rows, int64_t cols, const T* from, int64_t step, T* to, int64_t to_step) {
  int64_t i = 0;
  for (; i + N <= rows; i += N) {
    int64_t j = 0;
    for (; j + N <= cols; j += N)
      if constexpr (N == 4)
        turn(from + i * step + j, step, to + j * to_step + i, to_step);
      else
        turn_square<N>(from + i * step + j, step, to + j * to_step + i, to_step);
    for (; j < cols; ++j)
      for (int64_t q = i; q < i + N; ++q) to[j * to_step + q] = from[q * step + j];
  }
  if constexpr (N > 4)
    turn_all<4>(rows - i, cols, from + i * step, step, to + i, to_step);
  else
    for (; i < rows; ++i)
      for (int64_t j = 0; j < cols; ++j) to[j * to_step + i] = from[i * step + j];
}

}  // namespace wg
