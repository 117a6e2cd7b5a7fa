// Error of simd/math.h in units in the last place, against long double, over random and special arguments.
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>

#ifndef WG_LEVEL
#define WG_LEVEL tested
#endif
#include "../../core/simd/math.h"

namespace m = wg::WG_LEVEL;

static int failures = 0;
#define CHECK(condition, ...)                                     \
  do {                                                            \
    if (!(condition)) {                                           \
      ++failures;                                                 \
      std::printf("%s:%d: %s: ", __FILE__, __LINE__, #condition); \
      std::printf(__VA_ARGS__);                                   \
      std::printf("\n");                                          \
    }                                                             \
  } while (0)

// The distance of y from the exact value in units of T's last place there.
template <class T>
double ulps(T y, long double exact) {
  T rounded = T(exact);
  if (std::isnan(rounded)) return std::isnan(y) ? 0 : 1e9;
  if (std::isinf(rounded) || std::isinf(y)) return y == rounded ? 0 : std::isinf(rounded) == std::isinf(y) ? 1e9 : 1;
  T size = std::fabs(rounded), next = std::nextafter(size, std::numeric_limits<T>::infinity());
  return double(std::fabs((long double)(y)-exact) / ((long double)(next) - (long double)(size)));
}

template <class T, class F, class G>
void check(const char* name, F f, G exact, double low, double high, double limit) {
  std::mt19937_64 random(20);
  std::uniform_real_distribution<double> uniform(low, high), exponent(-40, 0);
  double worst = 0;
  T where = 0;
  auto one = [&](T x) {
    double u = ulps<T>(f(x), exact((long double)(x)));
    if (u > worst) worst = u, where = x;
  };
  for (int i = 0; i < 200000; ++i) {
    one(T(uniform(random)));
    one(T(uniform(random) * std::exp2(exponent(random))));     // small arguments, too
    one(T(low + (high - low) * std::exp2(exponent(random))));  // … and those near the lower end
  }
  CHECK(worst <= limit, "%s<%s>: %.2f ulp at %.17g", name, sizeof(T) == 8 ? "double" : "float", worst, double(where));
  if (std::getenv("WG_SHOW")) std::printf("%-10s %-6s %.2f\n", name, sizeof(T) == 8 ? "double" : "float", worst);
}

template <class T, class F, class G>
void check_special(const char* name, F f, G exact) {
  using L = std::numeric_limits<T>;
  for (T x : {T(0), T(-0.0), T(1), T(-1), L::infinity(), -L::infinity(), L::quiet_NaN(), L::max(), -L::max(), L::min(),
              -L::min(), L::denorm_min(), -L::denorm_min(), L::epsilon(), -L::epsilon(), T(2), T(-2), T(10), T(0.5)}) {
    T y = f(x);
    long double e = exact((long double)(x));
    CHECK(ulps<T>(y, e) <= 4, "%s(%g) = %.17g, not %.17Lg", name, double(x), double(y), e);
    if (y == 0 && e == 0) CHECK(std::signbit(y) == std::signbit(e), "%s(%g): sign of zero", name, double(x));
  }
}

#define BOTH(f, exact, low, high, limit)                                                                      \
  check<double>(#f, [](double x) { return m::f(x); }, [](long double x) { return exact; }, low, high, limit); \
  check<float>(#f, [](float x) { return m::f(x); }, [](long double x) { return exact; }, low, high, limit);   \
  check_special<double>(#f, [](double x) { return m::f(x); }, [](long double x) { return exact; });           \
  check_special<float>(#f, [](float x) { return m::f(x); }, [](long double x) { return exact; });
#define ONLY(T, f, exact, low, high, limit) \
  check<T>(#f, [](T x) { return m::f(x); }, [](long double x) { return exact; }, low, high, limit);

static void test_exponentials() {
  BOTH(exp, std::exp(x), -88, 88, 1)
  ONLY(double, exp, std::exp(x), -745, 709.7, 1)
  ONLY(float, exp, std::exp(x), -103, -86, 1)
  BOTH(exp2, std::exp2(x), -126, 127, 1.1)
  ONLY(double, exp2, std::exp2(x), -1074, 1023.9, 1.1)
  BOTH(expm1, std::expm1(x), -40, 88, 1.6)
  BOTH(tanh, std::tanh(x), -12, 12, 2)
  BOTH(sinh, std::sinh(x), -88, 88, 2)
  BOTH(cosh, std::cosh(x), -88, 88, 1.5)
  BOTH(sigmoid, 1 / (1 + std::exp(-x)), -80, 40, 2.5)
}

static void test_logarithms() {
  BOTH(log, std::log(x), 0, 4, 1)
  BOTH(log, std::log(x), 0, 1e30, 1)
  BOTH(log2, std::log2(x), 0, 4, 1)
  BOTH(log10, std::log10(x), 0, 4, 1)
  BOTH(log10, std::log10(x), 0, 1e30, 1)
  BOTH(log1p, std::log1p(x), -1, 3, 1)
  BOTH(log1p, std::log1p(x), -1, 1e20, 1)
}

static void test_errors() {
  BOTH(erf, std::erf(x), -4, 4, 1.5)
  BOTH(erfc, std::erfc(x), -4, 9, 7)
  ONLY(float, erfc, std::erfc(x), -4, 9, 0.6)
  ONLY(double, erfc, std::erfc(x), 0, 26, 7)
}

static void test_angles() {
  ONLY(double, sin, std::sin(x), -10, 10, 1.1)
  ONLY(float, sin, std::sin(x), -10, 10, 1.6)
  ONLY(double, sin, std::sin(x), -1e6, 1e6, 1.6)
  ONLY(float, sin, std::sin(x), -1e6, 1e6, 1.6)
  ONLY(double, cos, std::cos(x), -10, 10, 1.1)
  ONLY(float, cos, std::cos(x), -10, 10, 1.6)
  ONLY(double, cos, std::cos(x), -1e6, 1e6, 1.6)
  ONLY(float, cos, std::cos(x), -1e6, 1e6, 1.6)
  BOTH(atan, std::atan(x), -3, 3, 2.1)
  BOTH(atan, std::atan(x), -1e5, 1e5, 2.1)
  CHECK(std::signbit(m::sin(-0.0)), "sin(-0) is -0");
}

static void test_powers() {
  const float inf = INFINITY, nan = NAN;
  const float edges[] = {0.f, -0.f, 1.f, -1.f, 2.f, -2.f, 0.5f, -0.5f, 3.f, -3.f, inf, -inf, nan, 1e30f, 1e-42f, 7.25f};
  for (float x : edges)
    for (float y : edges) {
      float p = m::pow(x, y), e = std::pow(x, y);
      const float edges[] = {0.f, -0.f, 1.f, -1.f, 2.f, -2.f,  0.5f,   -0.5f,
                             3.f, -3.f, inf, -inf, nan, 1e30f, 1e-42f, 7.25f};
    }
  std::mt19937 random(3);
  std::uniform_real_distribution<float> base(0, 20), exponent(-30, 30);
  for (int i = 0; i < 100000; ++i) {
    float x = base(random), y = exponent(random);
    CHECK(ulps<float>(m::pow(x, y), std::pow((long double)(x), (long double)(y))) <= 1, "pow(%g, %g)", x, y);
  }
}

int main() {
  test_exponentials();
  test_logarithms();
  test_errors();
  test_angles();
  test_powers();
  std::printf("%d failures\n", failures);
  return failures != 0;
}
