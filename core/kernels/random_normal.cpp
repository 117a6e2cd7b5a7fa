// Box and Muller's transform in blocks. For float32 the logarithm, sine and cosine are the classic single-precision
// Cephes polynomials, evaluated with fused multiply-adds in the one order that gives torch's bits.
#include "random_normal.h"

#include <bit>
#include <cmath>

#include "random_clones.h"

#define WG_INLINE inline __attribute__((always_inline))

namespace wg {
namespace {

constexpr double kPi = 3.141592653589793238462643383279502884;

// The natural logarithm of x in (0, 1].
WG_INLINE float log_unit(float x) {
  const uint32_t bits = std::bit_cast<uint32_t>(x);
  const uint32_t fraction = (bits & 0x007fffffu) | 0x3f000000u;  // in [0.5, 1)
  const uint32_t low = -uint32_t(fraction < 0x3f3504f3u);        // below the square root of a half: all ones
  const float e = float(int(bits >> 23) - 126 - int(low & 1));
  x = (std::bit_cast<float>(fraction) - 1.0f) + std::bit_cast<float>(fraction & low);
  const float z = x * x;
  float y = 7.0376836292e-2f;
  y = __builtin_fmaf(y, x, -1.1514610310e-1f);
  y = __builtin_fmaf(y, x, 1.1676998740e-1f);
  y = __builtin_fmaf(y, x, -1.2420140846e-1f);
  y = __builtin_fmaf(y, x, 1.4249322787e-1f);
  y = __builtin_fmaf(y, x, -1.6668057665e-1f);
  y = __builtin_fmaf(y, x, 2.0000714765e-1f);
  y = __builtin_fmaf(y, x, -2.4999993993e-1f);
  y = __builtin_fmaf(y, x, 3.3333331174e-1f);
  y = __builtin_fmaf(y * x, z, e * -2.12194440e-4f);
  y = __builtin_fmaf(-z, 0.5f, y);
  return __builtin_fmaf(e, 0.693359375f, x + y);
}

// Sine and cosine of x in [0, 2 pi].
WG_INLINE void sin_cos(float x, float* sine, float* cosine) {
  const int octant = (int(x * 1.27323954473516f) + 1) & ~1;
  const float turns = float(octant);
  x = __builtin_fmaf(turns, -0.78515625f, x);
  x = __builtin_fmaf(turns, -2.4187564849853515625e-4f, x);
  x = __builtin_fmaf(turns, -3.77489497744594108e-8f, x);
  const float z = x * x;
  float c = __builtin_fmaf(2.443315711809948e-5f, z, -1.388731625493765e-3f);
  c = __builtin_fmaf(c, z, 4.166664568298827e-2f) * z;
  c = __builtin_fmaf(c, z, -(z * 0.5f)) + 1.0f;
  float s = __builtin_fmaf(-1.9515295891e-4f, z, 8.3321608736e-3f);
  s = __builtin_fmaf(s, z, -1.6666654611e-1f) * z;
  s = __builtin_fmaf(s, x, x);
  const uint32_t swap = -(uint32_t(octant >> 1) & 1), s_bits = std::bit_cast<uint32_t>(s);
  const uint32_t change = (s_bits ^ std::bit_cast<uint32_t>(c)) & swap;
  *sine = std::bit_cast<float>((s_bits ^ change) ^ uint32_t(octant & 4) << 29);
  *cosine = std::bit_cast<float>((std::bit_cast<uint32_t>(c) ^ change) ^ uint32_t(~(octant - 2) & 4) << 29);
}

// count blocks of 16, from count * 16 draws.
WG_CLONES void transform(const uint32_t* bits, float* out, int64_t count, float mean, float std) {
  const float two_pi = float(2.0 * kPi);
  for (int64_t b = 0; b < count; ++b, bits += 16, out += 16) {
    float radius[8];
    for (int j = 0; j < 8; ++j) radius[j] = -2.0f * log_unit(1.0f - float(int(bits[j] & 0xFFFFFF)) * 0x1p-24f);
    for (int j = 0; j < 8; ++j) radius[j] = __builtin_sqrtf(radius[j]);  // apart: may set errno, so stays scalar
    for (int j = 0; j < 8; ++j) {
      float s, c;
      sin_cos(two_pi * (float(int(bits[j + 8] & 0xFFFFFF)) * 0x1p-24f), &s, &c);
      out[j] = __builtin_fmaf(radius[j] * c, std, mean);
      out[j + 8] = __builtin_fmaf(radius[j] * s, std, mean);
    }
  }
}

// One block of 16 in place, from uniform samples.
void transform_16(double* data, double mean, double std) {
  for (int j = 0; j < 8; ++j) {
    const double radius = std::sqrt(-2.0 * std::log(1.0 - data[j])), angle = 2.0 * kPi * data[j + 8];
    data[j] = std::fma(radius * std::cos(angle), std, mean);
    data[j + 8] = std::fma(radius * std::sin(angle), std, mean);
  }
}

// Half precision: blocks of float samples, each rounded.
template <class T>
void rounded_blocks(RandomEngine& engine, T* out, int64_t n, float mean, float std) {
  uint32_t bits[16];
  float block[16];
  for (int64_t i = 0; i < n; i += 16) {
    T* to = out + (i + 16 <= n ? i : n - 16);
    engine.fill(bits, 16);
    transform(bits, block, 1, mean, std);
    for (int j = 0; j < 16; ++j) to[j] = T(block[j]);
  }
}

}  // namespace

void normal_blocks(RandomEngine& engine, float* out, int64_t n, float mean, float std) {
  constexpr int64_t kBlocks = 64;
  uint32_t bits[kBlocks * 16];
  for (int64_t i = 0; i < n / 16; i += kBlocks) {
    const int64_t count = n / 16 - i < kBlocks ? n / 16 - i : kBlocks;
    engine.fill(bits, count * 16);
    transform(bits, out + i * 16, count, mean, std);
  }
  if (n % 16 == 0) return;
  engine.fill(bits, n % 16);  // torch draws these and throws them away
  engine.fill(bits, 16);
  transform(bits, out + n - 16, 1, mean, std);
}
void normal_blocks(RandomEngine& engine, double* out, int64_t n, double mean, double std) {
  for (int64_t i = 0; i < n; ++i) out[i] = engine.uniform53();
  for (int64_t i = 0; i + 16 <= n; i += 16) transform_16(out + i, mean, std);
  if (n % 16 == 0) return;
  out += n - 16;
  for (int i = 0; i < 16; ++i) out[i] = engine.uniform53();
  transform_16(out, mean, std);
}
void normal_blocks(RandomEngine& engine, Half* out, int64_t n, float mean, float std) {
  rounded_blocks(engine, out, n, mean, std);
}
void normal_blocks(RandomEngine& engine, BFloat16* out, int64_t n, float mean, float std) {
  rounded_blocks(engine, out, n, mean, std);
}

}  // namespace wg
