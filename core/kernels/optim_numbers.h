// Numbers in the loops of optimizers: ops by torch's names, rounded where those round, so that the bits agree.
// Included once per translation unit, into the namespace of its CPU level.
#pragma once
#include <algorithm>
#include <cmath>

#include "../simd/halves.h"

namespace wg::WG_LEVEL {

// What narrow() and widen() make of f, without leaving floats; a choice in it would keep the compiler from vectors.
WG_INLINE float round_to(float f, BFloat16) {
  const uint32_t u = bits<uint32_t>(f);
  return bits<float>((u + 0x7FFF + ((u >> 16) & 1)) & 0xFFFF0000u);  // also of nan: no op makes one of all ones
}
WG_INLINE float round_to(float f, Half) {
  const uint32_t u = bits<uint32_t>(f), exponent = u & 0x7F800000u;
  // A number whose last digit is worth as much as that of f: adding it rounds f. Neither below what subnormals need nor
  // beyond what becomes infinite.
  const uint32_t unit = std::min(std::max(exponent, 0x38800000u), 0x48000000u) + (13u << 23 | 1u << 22);
  const float near = ((f + bits<float>(unit)) - bits<float>(unit)) * 0x1p112f * 0x1p-112f;
  return bits<float>(bits<uint32_t>(near) | (u & 0x80000000u));
}

// A number of half precision: an op computes in float and rounds once.
template <class H>
struct Rounded {
  float v;
  Rounded() = default;
  WG_INLINE explicit Rounded(float f) : v(round_to(f, H())) {}
};

// In what ops on elements of a parameter compute: the type of their options.
template <class E>
struct WideOf {
  using type = E;
};
template <class H>
struct WideOf<Rounded<H>> {
  using type = float;
};
template <class E>
using Wide = typename WideOf<E>::type;

WG_INLINE float wide(float x) { return x; }
WG_INLINE double wide(double x) { return x; }
template <class H>
WG_INLINE float wide(Rounded<H> x) {
  return x.v;
}

// A number that needs no rounding.
template <class E>
WG_INLINE E exactly(Wide<E> x) {
  if constexpr (std::is_same_v<E, Wide<E>>) {
    return x;
  } else {
    E e;
    e.v = x;
    return e;
  }
}
// torch's sums take numbers as elements of the dtype, its products and quotients as they are.
#define WG_ROUNDED(op, taken)                                    \
  template <class H>                                             \
  WG_INLINE Rounded<H> operator op(Rounded<H> a, Rounded<H> b) { \
    return Rounded<H>(a.v op b.v);                               \
  }                                                              \
  template <class H>                                             \
  WG_INLINE Rounded<H> operator op(Rounded<H> a, float b) {      \
    return Rounded<H>(a.v op wide(taken(b)));                    \
  }                                                              \
  template <class H>                                             \
  WG_INLINE Rounded<H> operator op(float a, Rounded<H> b) {      \
    return Rounded<H>(wide(taken(a)) op b.v);                    \
  }
WG_ROUNDED(+, Rounded<H>)
WG_ROUNDED(-, Rounded<H>)
WG_ROUNDED(*, float)
WG_ROUNDED(/, float)
#undef WG_ROUNDED

WG_INLINE float fused(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
WG_INLINE double fused(double a, double b, double c) { return __builtin_fma(a, b, c); }

// `axpy` is add with alpha.
template <class E>
WG_INLINE E axpy(E y, Wide<E> alpha, E x) {
  return E(fused(wide(E(alpha)), wide(x), wide(y)));
}
template <class E>
WG_INLINE E addcmul(E y, Wide<E> value, E a, E b) {
  return E(fused(value * wide(a), wide(b), wide(y)));
}
template <class E>
WG_INLINE E addcdiv(E y, Wide<E> value, E a, E b) {
  return E(wide(y) + (value * wide(a)) / wide(b));
}
// From the nearer end: known outside the loops, which would not become vectors with the choice in them.
template <class T>
bool from_start(T weight) {
  return weight < T(0.5) && weight > T(-0.5);
}
template <bool FromStart, class E>
WG_INLINE E lerp(E a, E b, Wide<E> weight) {
  const Wide<E> way = wide(b) - wide(a);
  return E(FromStart ? fused(weight, way, wide(a)) : fused(weight - Wide<E>(1), way, wide(b)));
}
template <class E>
WG_INLINE E root_of(E x) {
  return E(std::sqrt(wide(x)));
}
template <class E>
WG_INLINE E magnitude(E x) {
  return exactly<E>(std::fabs(wide(x)));
}
// Hands nan on.
template <class E>
WG_INLINE E maximum(E a, E b) {
  const Wide<E> x = wide(a), y = wide(b);
  return x != x ? a : (y > x || y != y ? b : a);
}
template <class E>
WG_INLINE E at_least(E x, E least) {
  return wide(x) < wide(least) ? least : x;
}

// f with an element of the type that torch computes in, for a real floating dtype.
template <class F>
void with_number(DType dtype, F f) {
  switch (dtype) {
    case DType::Float64: return f(double());
    case DType::Float16: return f(Rounded<Half>());
    case DType::BFloat16: return f(Rounded<BFloat16>());
    default: return f(float());
  }
}

}  // namespace wg::WG_LEVEL
