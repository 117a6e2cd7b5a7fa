// Branch-free exp, log, tanh, erf, sin … for float and double, written so that compilers vectorise loops over them.
// Included once per translation unit, into the namespace of its CPU level (WG_LEVEL), so that no two levels can share
// a function. Polynomials are Chebyshev fits (mpmath.chebyfit) of the functions named beside them.
#pragma once
#include <cstdint>
#include <limits>

#define WG_INLINE [[gnu::always_inline]] inline

namespace wg::WG_LEVEL {

template <class To, class From>
WG_INLINE To bits(From x) {
  return __builtin_bit_cast(To, x);
}

template <class T>
struct Ieee;
template <>
struct Ieee<double> {
  using U = uint64_t;
  static constexpr int mantissa = 52, bias = 1023, up = 54;
  static constexpr double round = 0x1.8p52;  // x + round - round is x rounded to an integer, which is in the low bits
  static constexpr double two_up = 0x1p54, tiny = 0x1p-1022, half_ulp = 0x1p-54;
  static constexpr double ln2_hi = 0x1.62e42feep-1, ln2_lo = 0x1.a39ef35793c76p-33;  // hi * k is exact
  static constexpr double exp_low = -746, exp_high = 711, expm1_low = -40;
  static constexpr U lift = 512;  // added to an exponent, it keeps the smallest results normal
  static constexpr U integer = 0x4330000000000000, root_half = 0x3fe6a09e667f3bcd;
};
template <>
struct Ieee<float> {
  using U = uint32_t;
  static constexpr int mantissa = 23, bias = 127, up = 25;
  static constexpr float round = 0x1.8p23f;
  static constexpr float two_up = 0x1p25f, tiny = 0x1p-126f, half_ulp = 0x1p-25f;
  static constexpr float ln2_hi = 0x1.62e4p-1f, ln2_lo = 0x1.7f7d1cp-20f;
  static constexpr float exp_low = -105, exp_high = 90, expm1_low = -20;
  static constexpr U lift = 64;
  static constexpr U integer = 0x4b000000, root_half = 0x3f3504f3;
};
template <class T>
inline constexpr T kInf = std::numeric_limits<T>::infinity();
template <class T>
inline constexpr T kNan = std::numeric_limits<T>::quiet_NaN();

// a * b + c, rounded once where the CPU does that in one instruction.
WG_INLINE double mul_add(double a, double b, double c) {
#if defined(__FMA__) || defined(__ARM_FEATURE_FMA)
  return __builtin_fma(a, b, c);
#else
  return a * b + c;
#endif
}
WG_INLINE float mul_add(float a, float b, float c) {
#if defined(__FMA__) || defined(__ARM_FEATURE_FMA)
  return __builtin_fmaf(a, b, c);
#else
  return a * b + c;
#endif
}

// c0 + c1 x + c2 x² + …
template <class T>
WG_INLINE T poly(T, T c0) {
  return c0;
}
template <class T, class... C>
WG_INLINE T poly(T x, T c0, C... rest) {
  return mul_add(x, poly(x, T(rest)...), c0);
}

WG_INLINE double absolute(double x) { return __builtin_fabs(x); }
WG_INLINE float absolute(float x) { return __builtin_fabsf(x); }
WG_INLINE double with_sign(double x, double s) { return __builtin_copysign(x, s); }
WG_INLINE float with_sign(float x, float s) { return __builtin_copysignf(x, s); }
WG_INLINE double floor_of(double x) { return __builtin_floor(x); }
WG_INLINE float floor_of(float x) { return __builtin_floorf(x); }
WG_INLINE double root(double x) { return __builtin_sqrt(x); }
WG_INLINE float root(float x) { return __builtin_sqrtf(x); }

// (e^r - 1 - r) / r² for |r| <= ln(2) / 2
WG_INLINE double exp_tail(double r) {
  return poly(r, 0.5, 0.166666666666666711, 0.04166666666666666956, 0.00833333333332598557, 0.001388888888888376952,
              0.0001984126987534214216, 0.00002480158732567785815, 2.75572547404054151e-6, 2.755727337259614664e-7,
              2.510549090698669545e-8, 2.091482213969931095e-9);
}
WG_INLINE float exp_tail(float r) {
  return poly(r, 0.5000000014f, 0.1666666668f, 0.04166646284f, 0.008333310694f, 0.001393388096f, 0.0001989124731f);
}

// 2^k of the integer in the low bits of k.
template <class T>
WG_INLINE T power_of_two(typename Ieee<T>::U k) {
  using I = Ieee<T>;
  return bits<T>(typename I::U((k + I::bias) << I::mantissa));
}

// p * 2^k, where k / 2 is given too: in two steps, so that subnormal and overflowing results are rounded once.
template <class T>
WG_INLINE T scale(T p, T k_rounded, T half_k_rounded) {
  using U = typename Ieee<T>::U;
  U k = bits<U>(k_rounded), half = bits<U>(half_k_rounded);
  return p * power_of_two<T>(half) * power_of_two<T>(k - half);
}

// e^x = p * 2^k, where the low bits of t hold k
template <class T>
struct ExpParts {
  T p, t;
};
template <class T>
WG_INLINE ExpParts<T> exp_parts(T x) {
  using I = Ieee<T>;
  T t = x * T(1.442695040888963407359924681) + I::round, k = t - I::round;
  T r = (x - k * I::ln2_hi) - k * I::ln2_lo;
  return {mul_add(r * r, exp_tail(r), r) + T(1), t};
}

// e^x * 2^shift (shift 0 or -1). Results beyond the range are chosen after all else: of an argument that is clamped
// before it, compilers compute every step for the bounds as well, behind masks.
template <class T>
WG_INLINE T exp_shifted(T x, T shift) {
  using I = Ieee<T>;
  auto [p, t] = exp_parts(x);
  T y = scale(p, t + shift, x * T(0.7213475204444817036799623) + I::round);
  y = x < I::exp_low ? T(0) : y;
  return x > I::exp_high ? kInf<T> : y;
}
template <class T>
WG_INLINE T exp(T x) {
  return exp_shifted(x, T(0));
}
// e^x of x <= 0: one scale is enough where results only become small.
template <class T>
WG_INLINE T exp_negative(T x) {
  using I = Ieee<T>;
  auto [p, t] = exp_parts(x);
  const T y = p * power_of_two<T>(bits<typename I::U>(t) + I::lift) * power_of_two<T>(-I::lift);
  return x < I::exp_low ? T(0) : y;
}

template <class T>
WG_INLINE T exp2(T x) {
  using I = Ieee<T>;
  constexpr T low = T(-I::bias - I::mantissa - 2), high = T(I::bias + 2);
  T t = x + I::round, k = t - I::round;
  T r = (x - k) * T(0.6931471805599453094172321215);
  T p = mul_add(r * r, exp_tail(r), r) + T(1);
  T y = scale(p, t, x * T(0.5) + I::round);
  y = x < low ? T(0) : y;
  return x > high ? kInf<T> : y;
}

template <class T>
WG_INLINE T expm1(T x) {
  using I = Ieee<T>;
  using U = typename I::U;
  T t = x * T(1.442695040888963407359924681) + I::round, k = t - I::round;
  T hi = x - k * I::ln2_hi, lo = k * I::ln2_lo, r = hi - lo;
  lo = (hi - r) - lo;
  T q = r + mul_add(r * r, exp_tail(r), lo);
  T s = power_of_two<T>(bits<U>(t) - 1);  // half of 2^k: 2^1024 is out of range
  T y = T(2) * mul_add(s, q, s - T(0.5));
  y = x < I::expm1_low ? T(-1) : y;
  y = x > I::exp_high ? kInf<T> : y;
  return absolute(x) < I::half_ulp ? x : y;
}

// (log((1 + s) / (1 - s)) / s - 2) / s² for z = s², (1 + s) / (1 - s) between the roots of 1/2 and 2
WG_INLINE double log_tail(double z) {
  return poly(z, 0.666666666666666971, 0.3999999999989882125, 0.2857142862628521949, 0.2222221108426211752,
              0.1818289280499022811, 0.1533159935480544394, 0.1461795985688060193);
}
WG_INLINE float log_tail(float z) { return poly(z, 0.6666666655f, 0.4000012225f, 0.2855077389f, 0.2333174352f); }

// x = 2^k (1 + f)
template <class T>
struct Split {
  T k, f;
};
template <class T>
WG_INLINE Split<T> split(T x) {
  using I = Ieee<T>;
  using U = typename I::U;
  bool small = x < I::tiny;
  U u = bits<U>(small ? x * I::two_up : x) + (bits<U>(T(1)) - I::root_half);
  T k = (bits<T>(U((u >> I::mantissa) | I::integer)) - bits<T>(I::integer)) - T(I::bias);
  k = small ? k - T(I::up) : k;
  u = (u & ((U(1) << I::mantissa) - 1)) + I::root_half;
  return {k, bits<T>(u) - T(1)};
}
// log(1 + f) = f - half_square + rest
template <class T>
struct LogParts {
  T half_square, rest;
};
template <class T>
WG_INLINE LogParts<T> log_parts(T f) {
  T s = f / (T(2) + f), z = s * s, h = T(0.5) * f * f;
  return {h, s * mul_add(z, log_tail(z), h)};
}
// The values of any logarithm outside the positive finite numbers.
template <class T>
WG_INLINE T log_edges(T x, T y) {
  y = x < kInf<T> ? y : x;
  y = x == T(0) ? -kInf<T> : y;
  return x < T(0) ? kNan<T> : y;
}

template <class T>
WG_INLINE T log(T x) {
  using I = Ieee<T>;
  auto [k, f] = split(x);
  auto [h, rest] = log_parts(f);
  return log_edges(x, k * I::ln2_hi - ((h - (rest + k * I::ln2_lo)) - f));
}

template <class T>
WG_INLINE T log1p(T x) {
  using I = Ieee<T>;
  T u = T(1) + x;
  auto [k, f] = split(u);
  T c = u >= T(2) ? T(1) - (u - x) : x - (u - T(1));  // what 1 + x lost
  c = k == T(0) ? T(0) : c / u;
  f = k == T(0) ? x : f;
  auto [h, rest] = log_parts(f);
  T y = k * I::ln2_hi - ((h - (rest + (k * I::ln2_lo + c))) - f);
  y = x < kInf<T> ? y : x;
  y = x == T(-1) ? -kInf<T> : y;
  y = x < T(-1) ? kNan<T> : y;
  return absolute(x) < I::half_ulp ? x : y;
}

// log(1 + f) / log(base) + k * log(2) / log(base), the first factor in two parts
template <class T>
WG_INLINE T log_base(T x, T inverse_hi, T inverse_lo, T two_hi, T two_lo) {
  using U = typename Ieee<T>::U;
  auto [k, f] = split(x);
  auto [h, rest] = log_parts(f);
  constexpr U keep = ~((U(1) << (Ieee<T>::mantissa / 2 + 2)) - 1);
  T hi = bits<T>(U(bits<U>(f - h) & keep)), lo = (f - hi) - h + rest;
  T main = hi * inverse_hi, whole = k * two_hi, sum = whole + main;
  T left = (whole - sum) + main;
  return log_edges(x, sum + (left + mul_add(lo + hi, inverse_lo, mul_add(lo, inverse_hi, k * two_lo))));
}
WG_INLINE double log2(double x) { return log_base(x, 0x1.7154764p+0, 0x1.2b82fe1777d1p-28, 1.0, 0.0); }
WG_INLINE float log2(float x) { return log_base(x, 0x1.715p+0f, 0x1.1d94aep-14f, 1.0f, 0.0f); }
WG_INLINE double log10(double x) {
  return log_base(x, 0x1.bcb7b14p-2, 0x1.26e50e32a6ab7p-30, 0x1.34413509f78p-2, 0x1.fef311f12b358p-46);
}
WG_INLINE float log10(float x) { return log_base(x, 0x1.bcbp-2f, 0x1.ec549cp-16f, 0x1.344p-2f, 0x1.3509f8p-18f); }

// (tanh(x) / x - 1) / x² for z = x², |x| < 0.625
WG_INLINE double tanh_tail(double z) {
  return poly(z, -0.3333333333333333293, 0.1333333333333303875, -0.05396825396789384275, 0.02186948851887355563,
              -0.008863235100297064005, 0.003592121713787554841, -0.001455775117398379941, 0.0005896591704308033635,
              -0.0002375858403979172358, 0.00009256153036516744228, -0.00003119022743781551277,
              6.479872918951109549e-6);
}
WG_INLINE float tanh_tail(float z) {
  return poly(z, -0.3333333317f, 0.1333330343f, -0.05395922856f, 0.02176866633f, -0.008343119639f, 0.002291809421f);
}
template <class T>
WG_INLINE T tanh(T x) {
  T a = absolute(x), z = x * x;
  T small = mul_add(x * z, tanh_tail(z), x);
  T large = T(1) - T(2) / (exp(a + a) + T(1));
  return with_sign(a < T(0.625) ? small : large, x);
}

template <class T>
WG_INLINE T sigmoid(T x) {
  return T(1) / (T(1) + exp(-x));
}

// (sinh(x) / x - 1) / x² for z = x², |x| < 1
WG_INLINE double sinh_tail(double z) {
  return poly(z, 0.1666666666666666667, 0.008333333333333333333, 0.0001984126984126984133, 2.755731922398582384e-6,
              2.505210838547607134e-8, 1.605904382690051056e-10, 7.64716541459348068e-13, 2.811290964677010631e-15,
              8.309171941866942582e-18);
}
WG_INLINE float sinh_tail(float z) {
  return poly(z, 0.1666666667f, 0.008333333317f, 0.0001984128253f, 2.755377026e-6f, 2.545670657e-8f);
}
template <class T>
WG_INLINE T sinh(T x) {
  T a = absolute(x), z = x * x, e = exp_shifted(a, T(-1));
  T small = mul_add(x * z, sinh_tail(z), x);
  return a < T(1) ? small : with_sign(e - T(0.25) / e, x);
}
template <class T>
WG_INLINE T cosh(T x) {
  T e = exp_shifted(absolute(x), T(-1));
  return e + T(0.25) / e;
}

// (atan(x) / x - 1) / x² for z = x², |x| <= 1
WG_INLINE double atan_tail(double z) {
  return poly(z, -0.3333333333333333325, 0.1999999999999991932, -0.1428571428570123335, 0.1111111111026829734,
              -0.0909090906193527995, 0.07692307078827029261, -0.06666657934573767841, 0.05882264416776448826,
              -0.05262492229025675314, 0.04758080083637820624, -0.04330653843067066253, 0.03938687540798632127,
              -0.0352713310668712941, 0.03033071926579050659, -0.02419134581014071864, 0.01718398172211334808,
              -0.01041215326035924155, 0.005140912856746938716, -0.001961255427168532599, 0.0005376839297396244721,
              -0.00009371186345062625429, 7.767624330289918554e-6);
}
WG_INLINE float atan_tail(float z) {
  return poly(z, -0.3333333308f, 0.1999994932f, -0.1428400379f, 0.1108826163f, -0.08931826777f, 0.0703191425f,
              -0.04896051403f, 0.02630500111f, -0.009144629761f, 0.001488691939f);
}
template <class T>
WG_INLINE T atan(T x) {
  T a = absolute(x);
  bool far = a > T(1);
  T t = far ? T(1) / a : a, z = t * t;
  T y = mul_add(t * z, atan_tail(z), t);
  constexpr T half_pi = T(1.570796326794896619231321692);
  constexpr T half_pi_lo = sizeof(T) == 8 ? T(6.123233995736766036e-17) : T(-4.371139000186241e-8);
  return with_sign(far ? half_pi - (y - half_pi_lo) : y, x);
}

template <class T>
WG_INLINE T atan2(T y, T x) {
  constexpr T pi = T(3.141592653589793238462643383), half_pi = T(1.570796326794896619231321692);
  constexpr T pi_lo = sizeof(T) == 8 ? T(1.224646799147353177e-16) : T(-8.742278000372481e-8);
  T a = absolute(x), b = absolute(y);
  bool steep = b > a;
  T large = steep ? b : a, small = steep ? a : b, t = small / large;
  T same = large == T(0) ? T(0) : T(1);  // of two zeros, or of two infinities
  t = small == large ? same : t;
  T z = t * t, r = mul_add(t * z, atan_tail(z), t);
  r = steep ? half_pi - (r - pi_lo * T(0.5)) : r;
  r = with_sign(T(1), x) < T(0) ? pi - (r - pi_lo) : r;
  return with_sign(r, y);
}

// erf(x) / x - 1 for z = x², |x| <= 1
WG_INLINE double erf_tail(double z) {
  return poly(z, 0.1283791670955125739, -0.3761263890318375238, 0.1128379167095512024, -0.02686617064512984081,
              0.005223977625423298309, -0.0008548327021934829596, 0.0001205533290288873541, -0.00001492564756751933213,
              1.646204544146841894e-6, -1.63646421581676153e-7, 1.4792401209404813e-8, -1.216456005728345008e-9,
              8.70904512905310669e-11, -4.230945824295337817e-12);
}
WG_INLINE float erf_tail(float z) {
  return poly(z, 0.1283791658f, -0.3761262667f, 0.1128359472f, -0.02685421201f, 0.005189087423f, -0.0008016864287f,
              7.875875063e-5f);
}
// e^(a²) erfc(a) (a + c) for q = (a - c) / (a + c), a >= 0
WG_INLINE double erfcx_body(double q) {
  return poly(q, 1.074006907088339703, -0.8833944531698834572, 0.5902283571041017219, -0.3104672619005835947,
              0.1195277612872965745, -0.02682723462404166554, -0.001212416627380999146, 0.003034061995940421441,
              -0.0005483096892521679841, -0.0002767778132333871694, 0.0001075614667538378839, 0.00003039804835964440017,
              -0.00001747047597754263283, -4.749019807941394277e-6, 2.765147991601647748e-6, 9.988024518234282574e-7,
              -4.075688442682298586e-7, -2.338373598043518411e-7, 4.565470037225714875e-8, 5.11709415465163118e-8,
              -7.153751145495181471e-10, -8.689172296735629946e-9, -1.079503727851077484e-9, 8.102668624003256947e-10,
              1.810281568363752486e-10);
}
WG_INLINE float erfcx_body(float q) {
  return poly(q, 1.054031820f, -0.8046519341f, 0.4539142497f, -0.1712494188f, 0.02835886711f, 0.008382888215f,
              -0.004803455108f, -0.0004136037996f, 0.0006662207953f, 0.00002686559161f, -0.00007292145627f);
}
template <class T>
WG_INLINE T erfcx_positive(T a) {
  constexpr T c = sizeof(T) == 8 ? T(3) : T(2.5);
  T inverse = T(1) / (a + c);
  return inverse * erfcx_body(mul_add(T(-2) * c, inverse, T(1)));
}
// e^(-a²): the square with what its rounding lost (Dekker's product)
template <class T>
WG_INLINE T exp_minus_square(T a) {
  using U = typename Ieee<T>::U;
  constexpr U keep = ~((U(1) << (Ieee<T>::mantissa / 2 + 1)) - 1);
  T high = bits<T>(U(bits<U>(a) & keep)), low = a - high, s = a * a;
  T lost = ((high * high - s) + T(2) * high * low) + low * low, e = exp(-s);
  return e - e * lost;
}
template <class T>
WG_INLINE T erfc_positive(T a) {  // of a >= 0
  a = a > T(30) ? T(30) : a;
  return erfcx_positive(a) * exp_minus_square(a);
}
WG_INLINE double erf_far(double a) { return 1.0 - erfc_positive(a); }  // of 0.9 <= a
WG_INLINE float erf_far(float a) {  // log(erfc(a)) is a polynomial as good as erf's digits need it
  a = a > 4.0f ? 4.0f : a;
  return 1.0f - exp(poly(a, -0.00017745133f, -1.12774974f, -0.637059448f, -0.104037628f, 0.0222772172f, -0.00305564033f,
                         0.000197185079f));
}
template <class T>
WG_INLINE T erf(T x) {
  T a = absolute(x), z = x * x;
  T small = mul_add(x, erf_tail(z), x), large = with_sign(erf_far(a), x);
  large = x != x ? x : large;
  return a < T(0.9) ? small : large;
}
// The standard normal's density times the root of 2 pi, and its distribution function to the last digit near 1.
template <class T>
struct Normal {
  T density, below;
};
WG_INLINE Normal<double> normal(double x) {
  return {exp(x * x * -0.5), 0.5 * (1.0 + erf(x * 0.7071067811865475244008443621))};
}
WG_INLINE Normal<float> normal(float x) {  // the tail by a fit in t like Hastings's, within 1e-8
  float e = exp_negative(x * x * -0.5f), t = 1.0f / mul_add(absolute(x), 0.28f, 1.0f);
  float tail = e * t * poly(t, 0.116520784f, 0.0674967182f, 0.268910254f, -0.236993593f, 0.389874088f, -0.105808261f);
  return {e, x < 0.0f ? tail : 1.0f - tail};
}
template <class T>
WG_INLINE T erfc(T x) {
  T a = absolute(x), far = erfc_positive(a);
  T near = T(1) - mul_add(x, erf_tail(x * x), x);
  T y = x < T(0) ? T(2) - far : far;
  return a < T(0.25) ? near : y;
}
WG_INLINE float erfc(float x) { return float(erfc(double(x))); }  // rare, and float would lose 5 ulp

// sin(r) and cos(r) for |r| <= pi/4
WG_INLINE double sin_body(double r, double z) {
  return mul_add(
      r * z,
      poly(z, -0.1666666666666666667, 0.008333333333333331462, -0.0001984126984126500081, 2.755731921928933284e-6,
           -2.505210621516019165e-8, 1.605852888253499365e-10, -7.586536024565981262e-13),
      r);
}
WG_INLINE float sin_body(float r, float z) {
  return mul_add(r * z, poly(z, -0.1666666666f, 0.008333331863f, -0.0001984008042f, 2.724910817e-6f), r);
}
WG_INLINE double cos_body(double z) {
  double h = 0.5 * z, w = 1.0 - h;
  return w + mul_add(z * z,
                     poly(z, 0.04166666666666666667, -0.001388888888888888785, 0.00002480158730158461077,
                          -2.755731922137511817e-7, 2.087675578146902867e-9, -1.147045936619755063e-11,
                          4.745782337093074456e-14),
                     (1.0 - w) - h);
}
WG_INLINE float cos_body(float z) {
  return mul_add(z * z, poly(z, 0.04166666666f, -0.001388888766f, 2.480059511e-5f, -2.730027679e-7f), 1.0f - 0.5f * z);
}
// x = k pi/2 + r + rest for |x| <= kTrigLimit; the quadrant is in the low bits of k.
inline constexpr double kTrigLimit = 0x1p20;
template <class T>
struct Angle {
  T r, rest;
  typename Ieee<T>::U quadrant;
};
WG_INLINE Angle<double> reduce(double x) {
  using I = Ieee<double>;
  double t = x * 0.6366197723675813430755350535 + I::round, k = t - I::round;
  double a = x - k * 0x1.921fb544p+0;                              // 33 bits: exact
  double w = k * 0x1.0b4611a6p-34, b = a - w, lost = (a - b) - w;  // the next 33
  w = k * 0x1.3198a2e037073p-69;
  double r = b - w;
  return {r, ((b - r) - w) + lost, bits<uint64_t>(t)};
}
WG_INLINE Angle<float> reduce(float x) {  // in double, which is cheaper than being clever in float
  using I = Ieee<double>;
  double d = x, t = d * 0.6366197723675813430755350535 + I::round, k = t - I::round;
  double r = (d - k * 0x1.921fb544p+0) - k * 0x1.0b4611a626331p-34;
  return {float(r), 0.0f, uint32_t(bits<uint64_t>(t))};
}
template <class T>
WG_INLINE T sin_or_cos(Angle<T> a, bool cosine) {
  using U = typename Ieee<T>::U;
  T z = a.r * a.r;
  T s = sin_body(a.r, z) + a.rest, c = cos_body(z) - a.r * a.rest;
  U q = a.quadrant + U(cosine);
  T y = (q & 1) ? c : s;
  return bits<T>(U(bits<U>(y) ^ ((q & 2) << (8 * sizeof(T) - 2))));
}
template <class T>
WG_INLINE T sin(T x) {
  return x == T(0) ? x : sin_or_cos(reduce(x), false);
}
template <class T>
WG_INLINE T cos(T x) {
  return sin_or_cos(reduce(x), true);
}

// x^y in float, by way of double.
WG_INLINE float pow(float x, float y) {
  float a = absolute(x);
  float p = float(exp2(double(y) * log2(double(a))));
  bool whole = floor_of(y) == y, odd = whole & (floor_of(y * 0.5f) != y * 0.5f);
  p = (a == 1.0f) & (y == y) ? 1.0f : p;
  p = odd ? with_sign(p, x) : p;
  p = (x < 0) & (x > -kInf<float>)&!whole ? kNan<float> : p;
  return (y == 0) | (x == 1) ? 1.0f : p;
}

}  // namespace wg::WG_LEVEL
