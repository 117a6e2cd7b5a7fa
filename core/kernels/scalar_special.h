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
    T r = std::is_signed_v<T> && b == T(-1) ? T(0) : T(a % b);
    a = b;
    b = r;
  }
  return T(a < 0 ? -a : a);
}
template <class T>
WG_INLINE T fn_lcm(T a, T b) {
  T g = fn_gcd(a, b);
  if (g == 0) return 0;
  auto m = (a / g) * b;
  return T(m < 0 ? -m : m);
}

#define WG_LIBRARY2(name, call)                                              \
  WG_INLINE double fn_##name(double x, double y) { return std::call(x, y); } \
  WG_INLINE float fn_##name(float x, float y) { return std::call(x, y); }
WG_LIBRARY2(hypot, hypot)
WG_LIBRARY2(nextafter, nextafter)
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
double fn_ndtri(double p);
WG_IN_DOUBLE1(lgamma)
WG_IN_DOUBLE1(digamma)
WG_IN_DOUBLE2(zeta)
WG_IN_DOUBLE2(polygamma)
template <class T>
WG_INLINE T fn_polygamma_of(T x, T n) {
  return fn_polygamma(n, x);
}
WG_IN_DOUBLE2(igamma)
WG_IN_DOUBLE2(igammac)
WG_IN_DOUBLE1(ndtri)

double fn_i0(double x);
double fn_i0e(double x);
double fn_i1(double x);
double fn_i1e(double x);
double fn_bessel_j0(double x);
double fn_bessel_j1(double x);
double fn_bessel_y0(double x);
double fn_bessel_y1(double x);
double fn_modified_bessel_k0(double x);
double fn_modified_bessel_k1(double x);
double fn_scaled_modified_bessel_k0(double x);
double fn_scaled_modified_bessel_k1(double x);
double fn_spherical_bessel_j0(double x);
double fn_airy_ai(double x);
WG_IN_DOUBLE1(i0)
WG_IN_DOUBLE1(i0e)
WG_IN_DOUBLE1(i1)
WG_IN_DOUBLE1(i1e)
WG_IN_DOUBLE1(bessel_j0)
WG_IN_DOUBLE1(bessel_j1)
WG_IN_DOUBLE1(bessel_y0)
WG_IN_DOUBLE1(bessel_y1)
WG_IN_DOUBLE1(modified_bessel_k0)
WG_IN_DOUBLE1(modified_bessel_k1)
WG_IN_DOUBLE1(scaled_modified_bessel_k0)
WG_IN_DOUBLE1(scaled_modified_bessel_k1)
WG_IN_DOUBLE1(spherical_bessel_j0)
WG_IN_DOUBLE1(airy_ai)
// The three-term recurrences, each in its own type, as torch rounds them.
#define WG_POLYNOMIAL(name)          \
  float fn_##name(float x, float n); \
  double fn_##name(double x, double n);
WG_POLYNOMIAL(chebyshev_polynomial_t)
WG_POLYNOMIAL(chebyshev_polynomial_u)
WG_POLYNOMIAL(chebyshev_polynomial_v)
WG_POLYNOMIAL(chebyshev_polynomial_w)
WG_POLYNOMIAL(shifted_chebyshev_polynomial_t)
WG_POLYNOMIAL(shifted_chebyshev_polynomial_u)
WG_POLYNOMIAL(shifted_chebyshev_polynomial_v)
WG_POLYNOMIAL(shifted_chebyshev_polynomial_w)
WG_POLYNOMIAL(hermite_polynomial_h)
WG_POLYNOMIAL(hermite_polynomial_he)
WG_POLYNOMIAL(laguerre_polynomial_l)
WG_POLYNOMIAL(legendre_polynomial_p)
#undef WG_POLYNOMIAL
#undef WG_IN_DOUBLE1
#undef WG_IN_DOUBLE2

}  // namespace wg::WG_LEVEL
