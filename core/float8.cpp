// Numbers of eight bits: torch's five formats, read and rounded to.
#include <cmath>
#include <limits>

#include "dtype.h"

namespace wg {
namespace {

struct Format {
  int mantissa, bias;
  bool infinite;       // has infinities and several nans, as IEEE 754; else one nan
  bool unsigned_zero;  // the nan is what would be minus zero
  uint8_t most;        // the bits of the largest finite number
};
constexpr Format kFormats[] = {
    {3, 7, false, false, 0x7E}, {3, 8, false, true, 0x7F}, {2, 15, true, false, 0x7B}, {2, 16, false, true, 0x7F}};

bool is_nan(const Format& f, uint8_t bits) {
  return f.unsigned_zero ? bits == 0x80 : f.infinite ? (bits & 0x7F) > 0x7C : (bits & 0x7F) == 0x7F;
}

}  // namespace

float eight_to_float(Eight kind, uint8_t bits) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  if (kind == Eight::e8m0fnu) return bits == 0xFF ? nan : std::ldexp(1.0f, bits - 127);
  const Format& f = kFormats[int(kind)];
  const float sign = bits & 0x80 ? -1.0f : 1.0f;
  if (is_nan(f, bits)) return nan;
  if (f.infinite && (bits & 0x7F) == 0x7C) return sign * std::numeric_limits<float>::infinity();
  const int exponent = (bits & 0x7F) >> f.mantissa, rest = bits & ((1 << f.mantissa) - 1);
  return sign * (exponent ? std::ldexp(float(rest | 1 << f.mantissa), exponent - f.bias - f.mantissa)
                          : std::ldexp(float(rest), 1 - f.bias - f.mantissa));
}

uint8_t float_to_eight(Eight kind, float x) {
  if (kind == Eight::e8m0fnu) {  // the exponent alone: the nearest power of two, ties upwards
    const uint32_t u = float_to_bits(x) & 0x7FFFFFFF, exponent = u >> 23, rest = u & 0x7FFFFF;
    if (exponent == 0xFF) return 0xFF;
    const bool up = rest > 0x400000 || (rest == 0x400000 && exponent > 0);
    return uint8_t(exponent + up);
  }
  const Format& f = kFormats[int(kind)];
  const uint8_t sign = std::signbit(x) ? 0x80 : 0;
  const float a = std::fabs(x);
  const uint8_t nan = f.unsigned_zero ? 0x80 : uint8_t(sign | 0x7F);
  if (std::isnan(x)) return nan;
  // In units of the last place at a's exponent: exact in float, so nearbyint() rounds once, ties to even.
  int exponent = a > 0 && !std::isinf(a) ? std::max(std::ilogb(a), 1 - f.bias) : 1 - f.bias;
  const float units = std::isinf(a) ? a : std::nearbyint(std::ldexp(a, f.mantissa - exponent));
  const float rounded = std::ldexp(units, exponent - f.mantissa);
  if (rounded >
      eight_to_float(kind, f.most))  // e4m3fn has neither infinity nor a nan to spare: it stops at its largest
    return f.infinite ? uint8_t(sign | 0x7C) : f.unsigned_zero ? nan : uint8_t(sign | f.most);
  if (rounded == 0) return f.unsigned_zero ? 0 : sign;
  int whole = int(units);
  if (whole >> (f.mantissa + 1)) {
    whole >>= 1;
    ++exponent;
  }
  if (whole >> f.mantissa == 0) return uint8_t(sign | whole);  // subnormal
  return uint8_t(sign | ((exponent + f.bias) << f.mantissa) | (whole & ((1 << f.mantissa) - 1)));
}

}  // namespace wg
