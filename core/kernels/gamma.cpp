// The gamma function's family and the inverse error functions, in double.
#define WG_LEVEL base
#include "../simd/inverse.h"
#include "scalar_special.h"

#include <cmath>

namespace wg::WG_LEVEL {
namespace {

// log(1 + u) - u
double log1p_minus(double u) {
  if (std::fabs(u) > 0.4) return std::log1p(u) - u;
  double s = u / (2 + u), z = s * s, sum = 0, term = 2 * s * z;  // log(1 + u) = 2 (s + s³/3 + s⁵/5 + …)
  for (int k = 3; k < 60; k += 2) {
    double next = sum + term / k;
    if (next == sum) break;
    sum = next;
    term *= z;
  }
  return sum - u * s;
}

// log(gamma(a)) - ((a - 1/2) log(a) - a + log(2 pi) / 2), a >= 10
double stirling_rest(double a) {
  double w = 1 / (a * a);
  return (1.0 / 12 +
          w * (-1.0 / 360 +
               w * (1.0 / 1260 + w * (-1.0 / 1680 + w * (1.0 / 1188 + w * (-691.0 / 360360 + w * (1.0 / 156))))))) /
         a;
}

// x^a e^-x / gamma(a + 1)
double gamma_density(double a, double x) {
  if (a < 10) return std::exp(a * std::log(x) - x - fn_lgamma(a + 1));
  return std::exp(a * log1p_minus((x - a) / a) - stirling_rest(a)) / std::sqrt(2 * kPi * a);
}

// The lower function by its power series: for x below about a.
double lower_series(double a, double x) {
  double sum = 1, term = 1;
  for (double n = a + 1; term > sum * 1e-17; ++n) {
    term *= x / n;
    sum += term;
  }
  return gamma_density(a, x) * sum;
}

// The upper function by its continued fraction (Lentz): for x above about a.
double upper_fraction(double a, double x) {
  constexpr double tiny = 1e-300;
  double b = x + 1 - a, c = 1 / tiny, d = 1 / b, h = d;
  for (int i = 1; i < 100000; ++i) {
    double n = -i * (i - a);
    b += 2;
    d = n * d + b;
    d = 1 / (std::fabs(d) < tiny ? tiny : d);
    c = b + n / c;
    c = std::fabs(c) < tiny ? tiny : c;
    h *= d * c;
    if (std::fabs(d * c - 1) < 1e-16) break;
  }
  return gamma_density(a, x) * a * h;
}

// The upper function for small a and x: 1 - x^a / gamma(a + 1) and the rest of the series, without cancellation.
double upper_series(double a, double x) {
  double sum = 0, term = 1;
  for (int n = 1; n < 200; ++n) {
    term *= -x / n;
    double add = term / (a + n);
    sum += add;
    if (std::fabs(add) < std::fabs(sum) * 1e-17) break;
  }
  double log_x = std::log(x);
  return -std::expm1(a * log_x - fn_lgamma(a + 1)) - std::exp(a * log_x - fn_lgamma(a)) * sum;
}

// The upper function for large a: Temme's expansion about the normal distribution, its first term.
double upper_uniform(double a, double x) {
  double mu = (x - a) / a, eta = std::copysign(std::sqrt(-2 * log1p_minus(mu)), mu);
  double c = std::fabs(eta) < 1e-3 ? -1.0 / 3 + eta / 12 - eta * eta * (2.0 / 135) : 1 / mu - 1 / eta;
  return 0.5 * std::erfc(eta * std::sqrt(a / 2)) + std::exp(-a * eta * eta / 2) / std::sqrt(2 * kPi * a) * c;
}
constexpr double kLarge = 1e5;

// The edges both functions share: nan when there is nothing special.
double igamma_edge(double a, double x, bool upper) {
  double lower;
  if (a < 0 || x < 0 || a != a || x != x) return 2;
  if (a == 0)
    lower = x > 0 ? 1 : kNaN;
  else if (x == 0)
    lower = 0;
  else if (std::isinf(a))
    lower = std::isinf(x) ? kNaN : 0;
  else if (std::isinf(x))
    lower = 1;
  else
    return 3;
  return upper ? 1 - lower : lower;
}

// erfc(x) = q for 0 < q <= 1: a rational guess, two of Halley's steps.
double erfc_inverse(double q) {
  double t = std::sqrt(-2 * std::log(q / 2));
  double x = t - (2.515517 + t * (0.802853 + t * 0.010328)) / (1 + t * (1.432788 + t * (0.189269 + t * 0.001308)));
  x *= 0.7071067811865475244;
  for (int i = 0; i < 3; ++i) {
    double u = (std::erfc(x) - q) / (-1.128379167095512574 * std::exp(-x * x));
    if (!std::isfinite(u)) break;
    x -= u / (1 + x * u);
  }
  return x;
}

}  // namespace

double fn_lgamma(double x) {
  int sign;
  return ::lgamma_r(x, &sign);  // std::lgamma writes to a global
}

double fn_digamma(double x) {
  if (x == 0) return std::copysign(kInfinity, -x);
  if (x == -kInfinity) return kNaN;
  double shift = 0;
  if (x < 0) {
    if (x == std::floor(x)) return kNaN;
    shift = -kPi / std::tan(kPi * (x - std::floor(x)));
    x = 1 - x;
  }
  for (; x < 12; x += 1) shift -= 1 / x;
  double w = 1 / (x * x);
  double tail =
      w * (1.0 / 12 - w * (1.0 / 120 -
                           w * (1.0 / 252 - w * (1.0 / 240 - w * (1.0 / 132 - w * (691.0 / 32760 - w * (1.0 / 12)))))));
  return shift + (std::log(x) - 0.5 / x - tail);
}

// The sum of (q + k)^-s: some terms, then Euler and Maclaurin's formula.
double fn_zeta(double s, double q) {
  if (s == 1) return kInfinity;
  if (!(s > 1)) return kNaN;
  if (q <= 0) {
    if (q == std::floor(q)) return kInfinity;
    if (s != std::floor(s)) return kNaN;
  }
  double sum = std::pow(q, -s), a = q, b = 0;
  for (int i = 0; i < 9 || a <= 9; ++i) {
    a += 1;
    b = std::pow(a, -s);
    sum += b;
    if (std::fabs(b) < 1e-17 * std::fabs(sum)) return sum;
  }
  sum += b * a / (s - 1) - 0.5 * b;
  static constexpr double factor[] = {1.0 / 12,
                                      -1.0 / 720,
                                      1.0 / 30240,
                                      -1.0 / 1209600,
                                      1.0 / 47900160,
                                      -691.0 / 1307674368000.0,
                                      1.0 / 74724249600.0,
                                      -3617.0 / 10670622842880000.0};
  double f = 1, k = 0;
  for (double c : factor) {  // B_2j / (2j)!
    f *= s + k;
    b /= a;
    double t = f * b * c;
    sum += t;
    if (std::fabs(t) < 1e-17 * std::fabs(sum)) break;
    k += 1;
    f *= s + k;
    b /= a;
    k += 1;
  }
  return sum;
}

double fn_polygamma(double n, double x) {
  if (n == 0) return fn_digamma(x);
  if (n == 1 && x < 0.5) {  // reflection
    double s = std::sin(kPi * x);
    return kPi * kPi / (s * s) - fn_zeta(2, 1 - x);
  }
  double sign = std::fmod(n, 2) == 0 ? -1 : 1;
  return sign * std::exp(fn_lgamma(n + 1)) * fn_zeta(n + 1, x);
}

double fn_igamma(double a, double x) {
  double edge = igamma_edge(a, x, false);
  if (edge == 2) return kNaN;
  if (edge != 3) return edge;
  if (a > kLarge) return 1 - upper_uniform(a, x);
  return x > 1 && x > a ? 1 - fn_igammac(a, x) : lower_series(a, x);
}

double fn_igammac(double a, double x) {
  double edge = igamma_edge(a, x, true);
  if (edge == 2) return kNaN;
  if (edge != 3) return edge;
  if (a > kLarge) return upper_uniform(a, x);
  if (x > 1.1) return x < a ? 1 - lower_series(a, x) : upper_fraction(a, x);
  return x > a * 1.1 || x < 0.5 ? upper_series(a, x) : 1 - lower_series(a, x);
}

double fn_ndtri(double p) {
  if (!(p > 0 && p < 1)) return p == 0 ? -kInfinity : p == 1 ? kInfinity : kNaN;
  if (p > 0.25 && p < 0.75) return 1.414213562373095049 * erfinv(2 * p - 1);
  return p < 0.5 ? -1.414213562373095049 * erfc_inverse(2 * p) : 1.414213562373095049 * erfc_inverse(2 * (1 - p));
}

}  // namespace wg::WG_LEVEL
