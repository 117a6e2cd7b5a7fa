// Samplers of one value at a time, and their fast loops over dense memory.
#include "random_fill.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "random_normal.h"

namespace wg {
namespace {

constexpr double kPi = 3.141592653589793238462643383279502884;
constexpr int kBlock = 1024;  // draws made at once

template <class F>
void on_floating(DType d, F&& f) {
  visit(d, [&]<class T>() {
    if constexpr (is_floating_v<T>) f.template operator()<T>();
  });
}
template <class F>
void on_real(DType d, F&& f) {
  visit(d, [&]<class T>() {
    if constexpr (!is_complex_v<T>) f.template operator()<T>();
  });
}

template <class T, class V>
inline T to(V v) {
  if constexpr (is_reduced_v<T>)
    return T(float(v));
  else
    return T(v);
}

// out = draw() for every element.
template <class T, class Draw>
void each(const Walk& w, void* out, Draw&& draw) {
  T* p = static_cast<T*>(out);
  walk(w, [&](int64_t i, int64_t, int64_t) { p[i] = draw(); });
}

// Bits of precision: all integers up to 2 to this power are values of the dtype.
template <class T>
constexpr int kDigits = std::is_same_v<T, double>  ? 53
                        : std::is_same_v<T, float> ? 24
                        : std::is_same_v<T, Half>  ? 11
                                                   : 8;

inline uint64_t join(const uint32_t* two) { return uint64_t(two[0]) << 32 | two[1]; }

template <class T>
using Compute = std::conditional_t<std::is_same_v<T, double>, double, float>;

// A sample of [from, from + width); rounding may reach the end of the range, which stands for its start.
template <class T>
struct Uniform {
  Compute<T> from, width;
  T start, end;
  Uniform(double a, double b) : from(Compute<T>(a)), width(Compute<T>(b) - from), start(to<T>(a)), end(to<T>(b)) {}
  T operator()(Compute<T> unit) const {
    T r = to<T>(std::fma(unit, width, from));
    return r == end ? start : r;
  }
};

}  // namespace

void fill_uniform(RandomEngine& engine, const Walk& w, DType dtype, void* out, double from, double to_) {
  constexpr uint64_t mask = (uint64_t(1) << 53) - 1;
  on_floating(dtype, [&]<class T>() {
    constexpr bool wide = std::is_same_v<T, double>;
    constexpr int words = wide ? 2 : 1;
    const Uniform<T> sample(from, to_);
    if (!w.dense) {
      return each<T>(w, out, [&] {
        if constexpr (wide)
          return sample(engine.uniform53());
        else
          return sample(engine.uniform24());
      });
    }
    T* p = static_cast<T*>(out);
    uint32_t bits[kBlock];
    for (int64_t i = 0; i < w.numel; i += kBlock / words) {
      int64_t n = std::min<int64_t>(kBlock / words, w.numel - i);
      engine.fill(bits, words * n);
      for (int64_t j = 0; j < n; ++j) {
        if constexpr (wide)
          p[i + j] = sample(double(int64_t(join(bits + 2 * j) & mask)) * 0x1p-53);
        else
          p[i + j] = sample(float(int(bits[j] & 0xFFFFFF)) * 0x1p-24f);
      }
    }
  });
}

void fill_normal(RandomEngine& engine, const Walk& w, DType dtype, void* out, double mean, double std,
                 bool contiguous) {
  on_floating(dtype, [&]<class T>() {
    if (contiguous && w.numel >= 16)
      normal_blocks(engine, static_cast<T*>(out), w.numel, Compute<T>(mean), Compute<T>(std));
    else
      each<T>(w, out, [&] { return to<T>(std::fma(engine.normal(), std, mean)); });
  });
}

void fill_exponential(RandomEngine& engine, const Walk& w, DType dtype, void* out, double lambda) {
  const double scale = -1.0 / lambda;
  on_floating(dtype,
              [&]<class T>() { each<T>(w, out, [&] { return to<T>(scale * std::log1p(-engine.uniform53())); }); });
}

void fill_log_normal(RandomEngine& engine, const Walk& w, DType dtype, void* out, double mean, double std) {
  on_floating(dtype, [&]<class T>() {
    each<T>(w, out, [&] { return to<T>(std::exp(std::fma(engine.normal(), std, mean))); });
  });
}

void fill_cauchy(RandomEngine& engine, const Walk& w, DType dtype, void* out, double median, double sigma) {
  constexpr double eps = std::numeric_limits<double>::epsilon();
  on_floating(dtype, [&]<class T>() {
    each<T>(w, out, [&] {
      double u = std::clamp(engine.uniform53(), eps, 1.0 - eps);
      return to<T>(std::fma(sigma, std::tan(kPi * (u - 0.5)), median));
    });
  });
}

void fill_geometric(RandomEngine& engine, const Walk& w, DType dtype, void* out, double p) {
  const double scale = std::log1p(-p);
  on_real(dtype,
          [&]<class T>() { each<T>(w, out, [&] { return to<T>(std::ceil(std::log(engine.uniform53()) / scale)); }); });
}

void fill_bernoulli(RandomEngine& engine, const Walk& w, DType dtype, void* out, double p) {
  constexpr uint64_t mask = (uint64_t(1) << 53) - 1;
  on_real(dtype, [&]<class T>() {
    const T one = to<T>(1), zero = to<T>(0);
    if (!w.dense) return each<T>(w, out, [&] { return engine.uniform53() < p ? one : zero; });
    const uint64_t below = uint64_t(std::ceil(p * 0x1p53));  // m * 2^-53 < p as integers: exact
    T* o = static_cast<T*>(out);
    uint32_t bits[kBlock];
    for (int64_t i = 0; i < w.numel; i += kBlock / 2) {
      int64_t n = std::min<int64_t>(kBlock / 2, w.numel - i);
      engine.fill(bits, 2 * n);
      for (int64_t j = 0; j < n; ++j) o[i + j] = (join(bits + 2 * j) & mask) < below ? one : zero;
    }
  });
}

bool fill_bernoulli_from(RandomEngine& engine, const Walk& w, DType dtype, void* out, DType p_dtype, const void* p) {
  bool fine = true;
  on_real(dtype, [&]<class T>() {
    on_floating(p_dtype, [&]<class P>() {
      T* o = static_cast<T*>(out);
      const P* from = static_cast<const P*>(p);
      const T one = to<T>(1), zero = to<T>(0);
      using Real = std::conditional_t<std::is_same_v<P, double>, double, float>;
      walk(w, [&](int64_t i, int64_t k, int64_t) {
        Real chance = Real(from[k]);
        if (!fine || !(chance >= 0 && chance <= 1)) {
          fine = false;
          return;
        }
        if constexpr (std::is_same_v<P, double>)
          o[i] = engine.uniform53() < chance ? one : zero;
        else
          o[i] = engine.uniform24() < chance ? one : zero;
      });
    });
  });
  return fine;
}

void fill_integers(RandomEngine& engine, const Walk& w, DType dtype, void* out, uint64_t range, int64_t base) {
  const bool wide = range >= uint64_t(1) << 28;  // so that the modulo skews by a sixteenth at most
  const uint32_t narrow = uint32_t(range);
  on_real(dtype, [&]<class T>() {
    if (wide) {
      each<T>(w, out, [&] { return to<T>(int64_t(engine.random64() % range + uint64_t(base))); });
    } else {
      each<T>(w, out, [&] { return to<T>(int64_t(uint64_t(engine.random() % narrow) + uint64_t(base))); });
    }
  });
}

void fill_all_bits(RandomEngine& engine, const Walk& w, DType dtype, void* out) {
  on_real(dtype, [&]<class T>() { each<T>(w, out, [&] { return to<T>(int64_t(engine.random64())); }); });
}

void fill_integers_of(RandomEngine& engine, const Walk& w, DType dtype, void* out) {
  on_real(dtype, [&]<class T>() {
    if constexpr (std::is_same_v<T, bool>) {
      each<T>(w, out, [&] { return bool(engine.random() & 1); });
    } else if constexpr (std::is_same_v<T, double>) {
      each<T>(w, out, [&] { return double(engine.random64() % ((uint64_t(1) << 53) + 1)); });
    } else if constexpr (is_floating_v<T>) {
      each<T>(w, out, [&] { return to<T>(float(engine.random() % ((1u << kDigits<T>)+1))); });
    } else if constexpr (std::is_same_v<T, int64_t>) {
      each<T>(w, out, [&] { return T(engine.random64() & uint64_t(std::numeric_limits<T>::max())); });
    } else {
      each<T>(w, out, [&] { return T(engine.random() & uint32_t(std::numeric_limits<T>::max())); });
    }
  });
}

void fill_permutation(RandomEngine& engine, DType dtype, void* out, int64_t n) {
  constexpr int64_t kManyElements = std::numeric_limits<uint32_t>::max() / 20;  // from there on 32 bits skew too much
  on_real(dtype, [&]<class T>() {
    T* p = static_cast<T*>(out);
    for (int64_t i = 0; i < n; ++i) p[i] = to<T>(i);
    for (int64_t i = 0; i < n - 1; ++i) {
      int64_t k =
          n < kManyElements ? int64_t(engine.random() % uint64_t(n - i)) : int64_t(engine.random64() % uint64_t(n - i));
      std::swap(p[i], p[i + k]);
    }
  });
}

}  // namespace wg
