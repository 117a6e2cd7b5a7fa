// The published rejection samplers, with the draws and the order of operations of torch's.
#include "random_samplers.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace wg {
namespace {

template <class F>
void on_floating(DType d, F&& f) {
  visit(d, [&]<class T>() {
    if constexpr (is_floating_v<T>) f.template operator()<T>();
  });
}

// W. Hoermann's transformed rejection (PTRS, 1993) for large rates; products of uniform numbers for small ones.
double poisson(RandomEngine& engine, double rate) {
  if (rate == 0) return 0;
  if (rate < 10) {
    const double floor = std::exp(-rate);
    double product = 1;
    int64_t k = 0;
    while ((product *= engine.uniform53()) > floor) ++k;
    return double(k);
  }
  const double log_rate = std::log(rate);
  const double b = 0.931 + 2.53 * std::sqrt(rate), a = -0.059 + 0.02483 * b;
  const double inverse_alpha = 1.1239 + 1.1328 / (b - 3.4), quick = 0.9277 - 3.6224 / (b - 2);
  for (;;) {
    const double u = engine.uniform53() - 0.5, v = engine.uniform53(), us = 0.5 - std::fabs(u);
    const double k = double(int64_t(std::floor((2 * a / us + b) * u + rate + 0.43)));
    if (us >= 0.07 && v <= quick) return k;
    if (k < 0 || (us < 0.013 && v > us)) continue;
    if (std::log(v) + std::log(inverse_alpha) - std::log(a / (us * us) + b) <=
        -rate + k * log_rate - std::lgamma(k + 1))
      return k;
  }
}

// What Stirling's formula lacks of log(k!).
template <class T>
T stirling_tail(T k) {
  static constexpr double table[] = {0.0810614667953272,  0.0413406959554092, 0.0276779256849983, 0.0207906721037650,
                                     0.0166446911898211,  0.0138761288230707, 0.0118967099458917, 0.0104112652619720,
                                     0.00925546218271273, 0.00833056343336287};
  if (k <= 9) return T(table[size_t(k)]);
  const T square = (k + 1) * (k + 1);
  return T((1.0 / 12 - (1.0 / 360 - 1.0 / 1260 / square) / square) / (k + 1));
}

// W. Hoermann's BTRS (1993), for count * prob >= 10 and prob <= 1/2.
template <class T>
T binomial_rejection(RandomEngine& engine, T count, T prob) {
  const T deviation = T(std::sqrt(count * prob * (1 - prob)));
  const T b = T(1.15 + 2.53 * deviation), a = T(-0.0873 + 0.0248 * b + 0.01 * prob), c = T(count * prob + 0.5);
  const T quick = T(0.92 - 4.2 / b), odds = prob / (1 - prob);
  const T alpha = T((2.83 + 5.1 / b) * deviation), mode = std::floor((count + 1) * prob);
  for (;;) {
    const T u = T(engine.uniform53() - 0.5);
    T v = T(engine.uniform53());
    const T us = T(0.5 - std::fabs(u)), k = T(std::floor((2 * a / us + b) * u + c));
    if (us >= 0.07 && v <= quick) return k;
    if (k < 0 || k > count) continue;
    v = std::log(v * alpha / (a / (us * us) + b));
    const T bound = T((mode + 0.5) * std::log((mode + 1) / (odds * (count - mode + 1))) +
                      (count + 1) * std::log((count - mode + 1) / (count - k + 1)) +
                      (k + 0.5) * std::log(odds * (count - k + 1) / (k + 1)) + stirling_tail(mode) +
                      stirling_tail(count - mode) - stirling_tail(k) - stirling_tail(count - k));
    if (v <= bound) return k;
  }
}

// Waiting times: for a small number of successes.
template <class T>
T binomial_waiting(RandomEngine& engine, T count, T prob) {
  const T log_failure = std::log1p(-prob);
  T sum = 0;
  int k = 0;
  for (;; ++k) {
    const T u = T(engine.uniform53());
    sum += std::ceil(std::log(u) / log_failure);
    if (sum > count) return T(k);
  }
}

template <class T>
T binomial(RandomEngine& engine, T count, T prob) {
  auto successes = [&](T p) {
    return count * p >= 10 ? binomial_rejection(engine, count, p) : binomial_waiting(engine, count, p);
  };
  if (count <= 0 || prob <= 0) return 0;
  if (prob >= 1) return count;
  if (prob <= 0.5) return successes(prob);
  if (prob > 0.5) return count - successes(1 - prob);
  return std::numeric_limits<T>::quiet_NaN();
}

// G. Marsaglia and W. Tsang (2000); an exponent below one is boosted by one. As in torch, what depends on alpha only is
// computed in its dtype, with single-precision constants.
template <class T>
T gamma(RandomEngine& engine, T alpha) {
  double scale = 1;
  if (alpha < 1) {
    if (alpha == 0) return 0;
    scale *= std::pow(1 - engine.uniform53(), double(1 / alpha));
    alpha += 1;
  }
  const double d = alpha - 1.0f / 3.0f, c = 1.0 / std::sqrt(9.0 * d);
  for (;;) {
    double x, y;
    do {
      x = engine.normal();
      y = 1 + c * x;
    } while (y <= 0);
    const double v = y * y * y, u = 1 - engine.uniform53(), xx = x * x;
    if (u < 1.0 - 0.0331f * xx * xx || std::log(u) < 0.5 * xx + d * (1.0 - v + std::log(v))) return T(scale * d * v);
  }
}

// The sum of a row in the order of torch's sum: 16 partial sums, the remainder first.
double row_sum(const double* x, int64_t n) {
  constexpr int kLanes = 4;
  const int64_t groups = n / kLanes, whole = groups / 4;
  double part[4][kLanes] = {};
  for (int64_t i = 0; i < whole; ++i)
    for (int k = 0; k < 4; ++k)
      for (int j = 0; j < kLanes; ++j) part[k][j] += x[(4 * i + k) * kLanes + j];
  for (int64_t i = 4 * whole; i < groups; ++i)
    for (int j = 0; j < kLanes; ++j) part[0][j] += x[i * kLanes + j];
  for (int k = 1; k < 4; ++k)
    for (int j = 0; j < kLanes; ++j) part[0][j] += part[k][j];
  double sum = 0;
  for (int64_t i = groups * kLanes; i < n; ++i) sum += x[i];
  for (int j = 0; j < kLanes; ++j) sum += part[0][j];
  return sum;
}

}  // namespace

void sample_poisson(RandomEngine& engine, const Walk& w, DType dtype, void* out, const void* rate) {
  on_floating(dtype, [&]<class T>() {
    T* o = static_cast<T*>(out);
    const T* r = static_cast<const T*>(rate);
    walk(w, [&](int64_t i, int64_t k, int64_t) { o[i] = T(poisson(engine, double(r[k]))); });
  });
}

void sample_binomial(RandomEngine& engine, const Walk& w, DType dtype, void* out, const void* count, const void* prob) {
  on_floating(dtype, [&]<class T>() {
    using Real = std::conditional_t<std::is_same_v<T, double>, double, float>;
    T* o = static_cast<T*>(out);
    const T *n = static_cast<const T*>(count), *p = static_cast<const T*>(prob);
    walk(w, [&](int64_t i, int64_t j, int64_t k) { o[i] = T(binomial<Real>(engine, Real(n[j]), Real(p[k]))); });
  });
}

void sample_gamma(RandomEngine& engine, const Walk& w, DType dtype, void* out, const void* alpha) {
  visit(dtype, [&]<class T>() {
    if constexpr (std::is_floating_point_v<T>) {
      T* o = static_cast<T*>(out);
      const T* a = static_cast<const T*>(alpha);
      walk(w,
           [&](int64_t i, int64_t k, int64_t) { o[i] = std::max(std::numeric_limits<T>::min(), gamma(engine, a[k])); });
    }
  });
}

void normalise_gammas(DType dtype, void* out, const double* gammas, int64_t rows, int64_t columns) {
  on_floating(dtype, [&]<class T>() {
    const double tiny = std::is_same_v<T, double> ? 0x1p-1022 : 0x1p-126;
    const double top = std::is_same_v<T, double> ? 1 - 0x1p-53 : 1 - 0x1p-24;
    T* o = static_cast<T*>(out);
    for (int64_t r = 0; r < rows; ++r, gammas += columns, o += columns) {
      const double sum = row_sum(gammas, columns);
      for (int64_t j = 0; j < columns; ++j) o[j] = T(std::clamp(gammas[j] / sum, tiny, top));
    }
  });
}

Weights sample_rows(RandomEngine& engine, DType dtype, int64_t* out, int64_t count, const void* weights, int64_t rows,
                    int64_t columns, double* room) {
  Weights verdict = Weights::Fine;
  on_floating(dtype, [&]<class T>() {
    using Real = std::conditional_t<std::is_same_v<T, double>, double, float>;
    const T* p = static_cast<const T*>(weights);
    Real* sums = reinterpret_cast<Real*>(room);
    for (int64_t r = 0; r < rows && verdict == Weights::Fine; ++r, p += columns, out += count) {
      Real sum = 0;
      for (int64_t j = 0; j < columns; ++j) {
        const Real v = Real(p[j]);
        if (!(v >= 0)) return void(verdict = Weights::Negative);
        if (!std::isfinite(v)) return void(verdict = Weights::NotFinite);
        sums[j] = sum += v;
      }
      if (!(sum > 0)) return void(verdict = Weights::NoSum);
      for (int64_t j = 0; j < columns; ++j) sums[j] /= sum;
      sums[columns - 1] = 1;
      for (int64_t k = 0; k < count; ++k) {
        const double u = engine.uniform53();
        out[k] = std::lower_bound(sums, sums + columns, u, [](Real s, double v) { return s < v; }) - sums;
      }
    }
  });
  return verdict;
}

}  // namespace wg
