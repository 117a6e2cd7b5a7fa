// A sample x of a distribution with the probability F(x; a) moves with a by -(dF/da) / (dF/dx). Both are computed from
// one series (or one continued fraction) for F and its term-by-term derivative, divided by the density beforehand.
#include "random_gradients.h"

#include <cmath>

namespace wg {
namespace {

constexpr double kEnough = 1e-17;
constexpr int kTerms = 1000000;

double digamma(double x) {
  double r = 0;
  for (; x < 10; x += 1) r -= 1 / x;
  const double y = 1 / (x * x);
  return r + std::log(x) - 0.5 / x -
         y * (1.0 / 12 - y * (1.0 / 120 - y * (1.0 / 252 - y * (1.0 / 240 - y * (1.0 / 132 - y * (691.0 / 32760))))));
}

// P(a, x) = x^a e^-x / Gamma(a) * sum of x^n / (a (a+1) … (a+n)).
double gamma_series(double a, double x, double slope) {
  double term = 1 / a, sum = term, harmonic = 1 / a, derivative = -term * harmonic;
  for (int n = 1; n < kTerms; ++n) {
    term *= x / (a + n);
    harmonic += 1 / (a + n);
    sum += term;
    derivative -= term * harmonic;
    if (term * harmonic < kEnough * std::fabs(derivative)) break;
  }
  return -x * (sum * slope + derivative);
}

// 1 - P(a, x) = x^a e^-x / Gamma(a) / (x + 1 - a - 1 (1 - a) / (x + 3 - a - 2 (2 - a) / …)), by Lentz's method, with
// the derivative by a carried along.
double gamma_fraction(double a, double x, double slope) {
  double b = x + 1 - a, d = 1 / b, dd = d * d, c = 1e300, dc = 0, h = d, dh = dd;  // d by a of b is -1
  for (int n = 1; n < kTerms; ++n) {
    const double an = -n * (n - a), dan = n;
    b += 2;
    const double u = an * d + b, du = dan * d + an * dd - 1;
    const double v = b + an / c, dv = -1 + dan / c - an * dc / (c * c);
    d = 1 / u;
    dd = -du * d * d;
    c = v;
    dc = dv;
    const double factor = c * d, dfactor = dc * d + c * dd;
    dh = dh * factor + h * dfactor;
    h *= factor;
    if (std::fabs(factor - 1) < 1e-16 && std::fabs(dfactor) < 1e-16 * (1 + std::fabs(dh / h))) break;
  }
  return x * (h * slope + dh);
}

double gamma_gradient(double a, double x) {
  if (!(a > 0) || !(x > 0)) return a > 0 && x == 0 ? 0 : std::nan("");
  if (a > 1e6) {  // Cornish and Fisher: x = a + z sqrt(a) + (z^2 - 1) / 3 + …, with z fixed
    const double root = std::sqrt(a), w = (x - a) / root, z = w - (w * w - 1) / (3 * root);
    return 1 + z / (2 * root) - (z * z * z - 7 * z) / (72 * a * root);
  }
  const double slope = std::log(x) - digamma(a);
  return x <= a + 1 ? gamma_series(a, x, slope) : gamma_fraction(a, x, slope);
}

// I(x; a, b) over its density, from sum of (a+b)_n / (a)_(n+1) x^n.
double beta_low(double x, double a, double b, double slope) {
  double term = 1 / a, sum = term, weight = -1 / a, derivative = term * weight;
  for (int n = 0; n < kTerms; ++n) {
    term *= x * (a + b + n) / (a + n + 1);
    weight += 1 / (a + b + n) - 1 / (a + n + 1);
    sum += term;
    derivative += term * weight;
    if (term < kEnough * sum * (1 - x)) break;
  }
  return -x * (sum * slope + derivative);
}

// The same from the other end: 1 - I = I(1 - x; b, a).
double beta_high(double x, double a, double b, double slope) {
  const double y = 1 - x;
  double term = 1 / b, sum = term, weight = 0, derivative = 0;
  for (int n = 0; n < kTerms; ++n) {
    term *= y * (a + b + n) / (b + n + 1);
    weight += 1 / (a + b + n);
    sum += term;
    derivative += term * weight;
    if (term * (1 + weight) < kEnough * (sum + derivative) * x) break;
  }
  return x * (sum * slope + derivative);
}

double beta_gradient(double x, double a, double total) {
  const double b = total - a;
  if (!(a > 0) || !(b > 0)) return std::nan("");
  if (x <= 0) return 0;
  const double slope = std::log(x) - digamma(a) + digamma(total);
  // The series from the nearer end, in units of the mean; from the other end when it would be long and is harmless.
  bool low = x * total <= a;
  if (low && x > 0.9 && a * (1 - x) < 2)
    low = false;
  else if (!low && x < 0.1 && b * x < 2)
    low = true;
  return low ? beta_low(x, a, b, slope) : beta_high(x, a, b, slope);
}

template <class F>
void store(DType dtype, void* out, int64_t n, F&& f) {
  if (dtype == DType::Float64)
    for (int64_t i = 0; i < n; ++i) static_cast<double*>(out)[i] = f(i);
  else
    for (int64_t i = 0; i < n; ++i) static_cast<float*>(out)[i] = float(f(i));
}

}  // namespace

void gamma_gradients(DType dtype, void* out, const double* alpha, const double* sample, int64_t n) {
  store(dtype, out, n, [&](int64_t i) { return gamma_gradient(alpha[i], sample[i]); });
}

void beta_gradients(DType dtype, void* out, const double* sample, const double* alpha, const double* total, int64_t n) {
  store(dtype, out, n, [&](int64_t i) { return beta_gradient(sample[i], alpha[i], total[i]); });
}

}  // namespace wg
