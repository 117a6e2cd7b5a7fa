// Conversions between all pairs of dtypes, for one CPU level (WG_LEVEL).
#include "../simd/math.h"
#include "tiles_table.h"

namespace wg::WG_LEVEL {
namespace {

// Half-precision numbers as bits here: the conversions of dtype.h must not be compiled for this level and shared.
WG_INLINE float widen(BFloat16 x) { return bits<float>(uint32_t(x.bits) << 16); }
WG_INLINE float widen(Half x) {
  uint32_t sign = uint32_t(x.bits & 0x8000) << 16, rest = uint32_t(x.bits & 0x7FFF) << 13;
  uint32_t finite = bits<uint32_t>(bits<float>(rest) * 0x1p112f);
  return bits<float>(((x.bits & 0x7C00) == 0x7C00 ? rest | 0x7F800000u : finite) | sign);
}
WG_INLINE void narrow(float f, BFloat16* out) {
  uint32_t u = bits<uint32_t>(f);
  out->bits = f != f ? uint16_t(0x7FC0) : uint16_t((u + 0x7FFF + ((u >> 16) & 1)) >> 16);
}
WG_INLINE void narrow(float f, Half* out) {
  uint32_t u = bits<uint32_t>(f), sign = (u >> 16) & 0x8000;
  u &= 0x7FFFFFFF;
  uint32_t small = bits<uint32_t>(bits<float>(u) + 0.5f) - 0x3F000000u;  // subnormal: the adder rounds
  uint32_t normal = (u + 0xFFF + ((u >> 13) & 1) - (112u << 23)) >> 13;
  uint32_t r = u < 0x38800000 ? small : normal;
  r = u >= 0x477FF000 ? 0x7C00 : r;
  out->bits = uint16_t((u > 0x7F800000 ? 0x7E00 : r) | sign);
}

// The number whose conversion is asked for: float for half precision, the real part of complex.
template <class From>
WG_INLINE auto plain(From x) {
  if constexpr (is_reduced_v<From>)
    return widen(x);
  else
    return x;
}

template <class From, class To>
WG_INLINE void cast(From in, To* out) {
  auto x = plain(in);
  using X = decltype(x);
  if constexpr (std::is_same_v<From, To>) {
    *out = in;
  } else if constexpr (std::is_same_v<To, bool>) {
    if constexpr (is_complex_v<X>)
      *out = (x.real() != 0) | (x.imag() != 0);
    else
      *out = x != 0;
  } else if constexpr (is_complex_v<To>) {
    using R = typename To::value_type;
    if constexpr (is_complex_v<X>)
      *out = To(R(x.real()), R(x.imag()));
    else
      *out = To(R(x), R(0));
  } else if constexpr (is_complex_v<X>) {
    cast(x.real(), out);
  } else if constexpr (is_reduced_v<To>) {
    narrow(float(x), out);
  } else if constexpr (std::is_floating_point_v<X> && std::is_integral_v<To> && sizeof(To) < 4) {
    *out = To(int32_t(x));
  } else {
    *out = To(x);
  }
}

template <class From, class To>
void convert(void* out, const void* in, int64_t n) {
  To* o = static_cast<To*>(out);
  const From* a = static_cast<const From*>(in);
  for (int64_t i = 0; i < n; ++i) cast(a[i], o + i);
}

template <class From>
void add_from(ConvertFn (&row)[kDTypes]) {
#define X(e, t, n, m) row[int(DType::e)] = convert<From, t>;
  WG_DTYPES(X)
#undef X
}

}  // namespace

void add_conversions(ConvertFn (&table)[kDTypes][kDTypes]) {
#define X(e, t, n, m) add_from<t>(table[int(DType::e)]);
  WG_DTYPES(X)
#undef X
}

}  // namespace wg::WG_LEVEL
