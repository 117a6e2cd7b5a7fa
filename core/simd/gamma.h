// Branch-free logarithm of the gamma function and its first two derivatives, in the manner of math.h. All compute in
// double.
#pragma once
#include "math.h"

namespace wg::WG_LEVEL {

inline constexpr double kPiWhole = 3.141592653589793238462643383;

// log(gamma(2 + t)) / t, |t| <= 1/2, to float's digits
WG_INLINE double lgamma_body(double t) {
  return poly(t, 0.42278433509847, 0.32246703367407, -0.067352301168469, 0.020580788485086, -0.007385541831989,
              0.0028909539767245, -0.0011929584843007, 0.00050566925662042, -0.00022131048050324, 0.00011498248215688,
              -5.208118739066e-5);
}
// What is left of log(gamma(x)) beside (x - 1/2) log(x) - x + log(2 pi) / 2, for w = 1/x, x > 8
WG_INLINE double stirling(double w) {
  return w * poly(w * w, 1.0 / 12, -1.0 / 360, 1.0 / 1260, -1.0 / 1680, 1.0 / 1188, -691.0 / 360360, 1.0 / 156);
}
// log(gamma(a)), a >= 0: brought to [3/2, 5/2) by its factors up to 8, Stirling's series beyond.
WG_INLINE double lgamma_positive(double a) {
  double b = a, product = 1.0;
  for (int k = 0; k < 6; ++k) {
    const bool over = b > 2.5;
    b = over ? b - 1.0 : b;
    product = over ? product * b : product;
  }
  const bool least = a < 0.5, low = a < 1.5, far = a > 8.0;
  double t = low ? a - 1.0 : b - 2.0, l = low ? a : product;
  t = least ? a : t;
  l = least ? a * (a + 1.0) : l;
  l = log(far ? a : l);
  const double near = mul_add(t, lgamma_body(t), low ? -l : l);
  const double beyond = (a - 0.5) * (l - 1.0) + (0.418938533204672741780329736406 + stirling(1.0 / a));
  const double y = far ? beyond : near;
  return a == kInf<double> ? a : y;
}
// x minus the nearest integer
WG_INLINE double from_whole(double x) { return x - __builtin_rint(x); }

WG_INLINE float lgamma(float v) {
  const double x = double(v), a = absolute(x), y = lgamma_positive(a);
  const double s = sin_or_cos(reduce(kPiWhole * absolute(from_whole(x))), false);
  const double reflected = log(kPiWhole / (a * s)) - y;
  const double z = x < 0.0 ? reflected : y;
  return float(a == kInf<double> ? a : z);
}

// The sum of 1 / b or 1 / b² over b = a, a + 1 … below `kSteps`, as one fraction; and the first b that is not below.
struct Climbed {
  double sum, b;
};
template <int kSteps, bool kSquare>
WG_INLINE Climbed climb(double a) {
  double b = a, over = 0.0, under = 1.0;
  for (int k = 0; k < kSteps; ++k) {
    const bool low = b < double(kSteps);
    const double f = kSquare ? b * b : b;
    over = low ? mul_add(over, f, under) : over;
    under = low ? under * f : under;
    b = low ? b + 1.0 : b;
  }
  return {over / under, b};
}
template <class T>
inline constexpr int kClimb = sizeof(T) == 8 ? 10 : 6;

template <class T>
WG_INLINE T digamma(T v) {
  const double x = double(v);
  const auto [sum, b] = climb<kClimb<T>, false>(x < 0.0 ? 1.0 - x : x);
  const double w = 1.0 / (b * b);
  const double tail = w * poly(w, 1.0 / 12, -1.0 / 120, 1.0 / 252, -1.0 / 240, 1.0 / 132, -691.0 / 32760, 1.0 / 12);
  const double y = log(b) - (0.5 / b + tail) - sum;
  const auto angle = reduce(kPiWhole * from_whole(x));
  const double s = sin_or_cos(angle, false), turn = kPiWhole * sin_or_cos(angle, true) / s;
  const double reflected = s == 0.0 ? kNan<double> : y - turn;
  return T(x < 0.0 ? reflected : y);
}
template <class T>
WG_INLINE T trigamma(T v) {
  const double x = double(v);
  const auto [sum, b] = climb<kClimb<T>, true>(x < 0.5 ? 1.0 - x : x);
  const double w = 1.0 / b, z = w * w;
  const double tail =
      z * w * poly(z, 1.0 / 6, -1.0 / 30, 1.0 / 42, -1.0 / 30, 5.0 / 66, -691.0 / 2730, 7.0 / 6, -3617.0 / 510);
  const double y = sum + (w + mul_add(0.5, z, tail));
  const double s = sin_or_cos(reduce(kPiWhole * from_whole(x)), false);
  return T(x < 0.5 ? kPiWhole * kPiWhole / (s * s) - y : y);
}

}  // namespace wg::WG_LEVEL
