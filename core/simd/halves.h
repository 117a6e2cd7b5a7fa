// Half-precision numbers as bits, to and from float in vectors. Included once per translation unit, into the namespace
// of its CPU level (WG_LEVEL): the conversions of dtype.h must not be compiled for one level and shared by all.
#pragma once
#include "../dtype.h"
#include "math.h"

namespace wg::WG_LEVEL {

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

}  // namespace wg::WG_LEVEL
