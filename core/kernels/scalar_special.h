// Scalar functions that are called rarely or do not vectorise: compiled once. In float they compute in double.
#pragma once
#include <cmath>
#include <limits>
#include <type_traits>

#include "tiles_table.h"

namespace wg::WG_LEVEL {

inline constexpr double kPi = 3.141592653589793238462643383;
inline constexpr double kInfinity = std::numeric_limits<double>::infinity();
inline constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

// Real functions written once, in double.
#define WG_IN_DOUBLE1(name) \
  WG_INLINE float fn_##name(float x) { return float(fn_##name(double(x))); }
#define WG_IN_DOUBLE2(name) \
  WG_INLINE float fn_##name(float x, float y) { return float(fn_##name(double(x), double(y))); }

template <class T>
WG_INLINE T fn_pow(T x, T e) {  // of integers: fractions are cut to 0
  using U = std::make_unsigned_t<T>;
  if (e < 0) return x == 1 ? T(1) : x == T(-1) ? ((e & 1) ? T(-1) : T(1)) : T(0);
  U r = 1, base = U(x);
  for (U n = U(e); n; n >>= 1) {
    if (n & 1) r = U(r * base);
    base = U(base * base);
  }
  return T(r);
}
template <class T>
WG_INLINE T fn_gcd(T a, T b) {
  while (b != 0) {
    T r = b == T(-1) ? T(0) : T(a % b);
    a = b;
    b = r;
  }
  return T(a < 0 ? -a : a);
}
template <class T>
WG_INLINE T fn_lcm(T a, T b) {
  T g = fn_gcd(a, b);
  if (g == 0) return 0;
  T m = T((g == T(-1) ? T(-a) : T(a / g)) * b);
  return T(m < 0 ? -m : m);
}

#define WG_LIBRARY1(name, call)                               \
  WG_INLINE double fn_##name(double x) { return std::call(x); } \
  WG_INLINE float fn_##name(float x) { return std::call(x); }
#define WG_LIBRARY2(name, call)                                            \
  WG_INLINE double fn_##name(double x, double y) { return std::call(x, y); } \
  WG_INLINE float fn_##name(float x, float y) { return std::call(x, y); }
WG_LIBRARY1(asin, asin)
WG_LIBRARY1(acos, acos)
WG_LIBRARY1(asinh, asinh)
WG_LIBRARY1(acosh, acosh)
WG_LIBRARY1(atanh, atanh)
WG_LIBRARY2(atan2, atan2)
WG_LIBRARY2(hypot, hypot)
WG_LIBRARY2(nextafter, nextafter)
#undef WG_LIBRARY1
#undef WG_LIBRARY2

template <class T>
WG_INLINE T fn_round_decimals(T x, T decimals) {
  T ten = std::pow(T(10), std::fabs(decimals));
  return decimals >= 0 ? std::nearbyint(x * ten) / ten : std::nearbyint(x / ten) * ten;
}
template <class T>
WG_INLINE T fn_conj(T x) {
  return x;
}
template <class T>
WG_INLINE T fn_real(T x) {
  return x;
}
template <class T>
WG_INLINE T fn_imag(T) {
  return T(0);
}
template <class T>
WG_INLINE T fn_angle(T x) {
  return x != x ? x : x < 0 ? T(kPi) : T(0);
}

double fn_lgamma(double x);
double fn_digamma(double x);
double fn_zeta(double s, double q);
double fn_polygamma(double n, double x);
double fn_igamma(double a, double x);
double fn_igammac(double a, double x);
double fn_erfinv(double x);
double fn_ndtri(double p);
WG_IN_DOUBLE1(lgamma)
WG_IN_DOUBLE1(digamma)
WG_IN_DOUBLE2(zeta)
WG_IN_DOUBLE2(polygamma)
WG_IN_DOUBLE2(igamma)
WG_IN_DOUBLE2(igammac)
WG_IN_DOUBLE1(erfinv)
WG_IN_DOUBLE1(ndtri)

}  // namespace wg::WG_LEVEL
