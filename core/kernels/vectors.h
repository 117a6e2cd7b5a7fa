// Vectors of the machine a file is compiled for: included by kernels only, into the namespace of their level.
#pragma once
#include <cstdint>
#include <type_traits>
#include <utility>

#pragma GCC diagnostic ignored "-Wpsabi"  // vectors wider than the machine's stay inside a function

#ifndef WG_LEVEL
#define WG_LEVEL generic
#endif

namespace wg::WG_LEVEL {

// Wider ones are taken apart again element by element.
#if defined(__AVX512F__)
inline constexpr int kVectorBytes = 64;
#elif defined(__AVX__)
inline constexpr int kVectorBytes = 32;
#else
inline constexpr int kVectorBytes = 16;
#endif
template <class T>
inline constexpr int64_t kWide = kVectorBytes / int64_t(sizeof(T));

template <class T, int64_t W>
struct Vec {
  typedef T type __attribute__((vector_size(W * sizeof(T)), aligned(sizeof(T)), may_alias));
};
template <class T>
struct Vec<T, 1> {
  typedef T type;
};
template <class T>
using Wide = typename Vec<T, kWide<T>>::type;

template <class V, class T>
[[gnu::always_inline]] inline V load(const T* p) {
  return *reinterpret_cast<const V*>(p);
}
template <class V, class T>
[[gnu::always_inline]] inline void store(T* p, V v) {
  *reinterpret_cast<V*>(p) = v;
}

// Element i of the result is element index(i) of x and, after them, of y.
template <class T, int64_t W>
[[gnu::always_inline]] inline auto shuffled(typename Vec<T, W>::type x, [[maybe_unused]] typename Vec<T, W>::type y,
                                            auto index) {
  return [&]<int... At>(std::integer_sequence<int, At...>) {
#if defined(__clang__)
    return __builtin_shufflevector(x, y, index(At)...);
#else
    using I = typename Vec<std::conditional_t<sizeof(T) == 4, int32_t, int64_t>, W>::type;
    return __builtin_shuffle(x, y, I{index(At)...});
#endif
  }(std::make_integer_sequence<int, int(W)>());
}

}  // namespace wg::WG_LEVEL
