// Four by four elements turned on their side in registers.
#pragma once
#include <cstdint>

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

}  // namespace wg
