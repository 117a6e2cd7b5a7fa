// Loops over pairs of rows; a thread has whole rows of the first matrix.
#include "pairs.h"

#include <algorithm>
#include <cmath>

#include "../parallel.h"
#include "random_clones.h"
#include "reals.h"

namespace wg {
namespace {

constexpr int kLanes = 16;

template <class T>
[[gnu::always_inline]] inline T larger(T a, T b) {  // hands nan on
  const T most = a > b ? a : b;
  return a != a ? a : most;
}

template <PairNorm norm, class T>
[[gnu::always_inline]] inline T join(T sum, T difference) {
  if constexpr (norm == PairNorm::One) return sum + std::fabs(difference);
  if constexpr (norm == PairNorm::Two) return sum + difference * difference;
  return larger(sum, std::fabs(difference));
}

template <PairNorm norm, class T>
[[gnu::always_inline]] inline T distance_of(const T* a, const T* b, int64_t d) {
  T lane[kLanes] = {};
  int64_t k = 0;
  for (; k + kLanes <= d; k += kLanes)
    for (int v = 0; v < kLanes; ++v) lane[v] = join<norm>(lane[v], a[k + v] - b[k + v]);
  for (int v = 0; k < d; ++k, ++v) lane[v] = join<norm>(lane[v], a[k] - b[k]);
  for (int half = kLanes / 2; half > 0; half /= 2)
    for (int v = 0; v < half; ++v)
      lane[v] = norm == PairNorm::Largest ? larger(lane[v], lane[v + half]) : lane[v] + lane[v + half];
  return norm == PairNorm::Two ? std::sqrt(lane[0]) : lane[0];
}

// to += g times the slope of the distance of a and b by a.
template <PairNorm norm, class T>
[[gnu::always_inline]] inline void add_slope(T* __restrict to, const T* a, const T* b, T g, T distance, int64_t d) {
  const T by = norm == PairNorm::Two ? (distance == 0 ? T(0) : g / distance) : g;
  for (int64_t k = 0; k < d; ++k) {
    const T x = a[k] - b[k], sign = T(T(0) < x) - T(x < T(0));
    if constexpr (norm == PairNorm::One)
      to[k] += by * sign;
    else if constexpr (norm == PairNorm::Two)
      to[k] += by * x;
    else
      to[k] += std::fabs(x) == distance ? by * sign : T(0);
  }
}

#define WG_PAIRS(T)                                                                                                 \
  WG_CLONES void distances(PairNorm norm, const T* a, const T* b, int64_t m, int64_t d, T* out) {                   \
    for (int64_t j = 0; j < m; ++j, b += d)                                                                         \
      out[j] = norm == PairNorm::One   ? distance_of<PairNorm::One>(a, b, d)                                        \
               : norm == PairNorm::Two ? distance_of<PairNorm::Two>(a, b, d)                                        \
                                       : distance_of<PairNorm::Largest>(a, b, d);                                   \
  }                                                                                                                 \
  WG_CLONES void slopes(PairNorm norm, const T* g, const T* a, const T* b, const T* distance, int64_t m, int64_t d, \
                        T* to) {                                                                                    \
    for (int64_t j = 0; j < m; ++j, b += d) {                                                                       \
      if (norm == PairNorm::One)                                                                                    \
        add_slope<PairNorm::One>(to, a, b, g[j], distance[j], d);                                                   \
      else if (norm == PairNorm::Two)                                                                               \
        add_slope<PairNorm::Two>(to, a, b, g[j], distance[j], d);                                                   \
      else                                                                                                          \
        add_slope<PairNorm::Largest>(to, a, b, g[j], distance[j], d);                                               \
    }                                                                                                               \
  }
WG_PAIRS(float)
WG_PAIRS(double)
#undef WG_PAIRS

// f(row of a, first row of b in its batch, first number of the row's m)
template <class F>
void each_row(const Pairs& s, F f) {
  parallel_for(s.batch * s.n, std::max<int64_t>(1, (1 << 15) / std::max<int64_t>(1, s.m * s.d)),
               [&](int64_t from, int64_t to) {
                 for (int64_t r = from; r < to; ++r) f(r * s.d, r / s.n * s.m * s.d, r * s.m);
               });
}

}  // namespace

void pair_norms(const Pairs& s, const char* a, const char* b, char* out) {
  with_real(s.dtype, [&]<class T>(T) {
    each_row(s, [&](int64_t row, int64_t others, int64_t at) {
      distances(s.norm, as<T>(a) + row, as<T>(b) + others, s.m, s.d, as<T>(out) + at);
    });
  });
}

void pair_norms_backward(const Pairs& s, const char* g, const char* a, const char* b, const char* distance, char* out) {
  with_real(s.dtype, [&]<class T>(T) {
    each_row(s, [&](int64_t row, int64_t others, int64_t at) {
      T* to = as<T>(out) + row;
      std::fill_n(to, s.d, T(0));
      slopes(s.norm, as<T>(g) + at, as<T>(a) + row, as<T>(b) + others, as<T>(distance) + at, s.m, s.d, to);
    });
  });
}

}  // namespace wg
