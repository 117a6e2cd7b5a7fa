// Loops of resampling: threads take what lies outside the resampled dim.
#include "resample.h"

#include <algorithm>

#include "../parallel.h"

namespace wg {
namespace {

constexpr int64_t kGrain = 16384;

template <class F>
void each_outer(int64_t outer, int64_t work, F body) {
  parallel_for(outer, std::max<int64_t>(1, kGrain / std::max<int64_t>(1, work)), [&](int64_t b, int64_t e) {
    for (int64_t i = b; i < e; ++i) body(i);
  });
}

// Whether every element is taken twice, one after the other.
bool doubles(const Taps& t) {
  bool twice = t.taps == 1 && t.m == 2 * t.n;
  for (int64_t o = 0; twice && o < t.m; ++o) twice = t.index[o] == o / 2;
  return twice;
}

// The last dim: single elements, without loops over what lies further inside.
template <class T>
void forward_row(const Taps& t, bool twice, const T* from, T* to) {
  if (twice) {
    for (int64_t i = 0; i < t.n; ++i) to[2 * i] = to[2 * i + 1] = from[i];
  } else if (t.taps == 1) {
    for (int64_t o = 0; o < t.m; ++o) to[o] = from[t.index[o]];
  } else {
    const int64_t* index = t.index;
    const double* weight = t.weight;
    for (int64_t o = 0; o < t.m; ++o, index += t.taps, weight += t.taps) {
      T sum = from[index[0]] * T(weight[0]);
      for (int64_t k = 1; k < t.taps; ++k)
        if (const T w = T(weight[k]); w != T(0)) sum += from[index[k]] * w;
      to[o] = sum;
    }
  }
}

template <class T>
void adjoint_row(const Taps& t, bool twice, const T* from, T* to) {
  if (twice) {
    for (int64_t i = 0; i < t.n; ++i) to[i] = T(0) + from[2 * i] + from[2 * i + 1];
    return;
  }
  std::fill_n(to, t.n, T(0));
  for (int64_t o = 0, at = 0; o < t.m; ++o)
    for (int64_t k = 0; k < t.taps; ++k, ++at) to[t.index[at]] += from[o] * T(t.weight[at]);
}

template <class T>
void forward(const Taps& t, int64_t outer, int64_t inner, const T* x, T* y) {
  const bool twice = doubles(t);
  each_outer(outer, t.m * t.taps * inner, [&](int64_t i) {
    if (inner == 1) return forward_row(t, twice, x + i * t.n, y + i * t.m);
    const T* from = x + i * t.n * inner;
    T* to = y + i * t.m * inner;
    for (int64_t o = 0; o < t.m; ++o, to += inner) {
      const int64_t* index = t.index + o * t.taps;
      const double* weight = t.weight + o * t.taps;
      const T* first = from + index[0] * inner;
      const T w0 = T(weight[0]);
      if (t.taps == 1) {  // a copy keeps infinities and the sign of zero
        std::copy_n(first, inner, to);
        continue;
      }
      for (int64_t j = 0; j < inner; ++j) to[j] = first[j] * w0;
      for (int64_t k = 1; k < t.taps; ++k) {
        const T* next = from + index[k] * inner;
        const T w = T(weight[k]);
        if (w == T(0)) continue;
        for (int64_t j = 0; j < inner; ++j) to[j] += next[j] * w;
      }
    }
  });
}

template <class T>
void adjoint(const Taps& t, int64_t outer, int64_t inner, const T* g, T* gx) {
  const bool twice = doubles(t);
  each_outer(outer, t.m * t.taps * inner, [&](int64_t i) {
    if (inner == 1) return adjoint_row(t, twice, g + i * t.m, gx + i * t.n);
    T* to = gx + i * t.n * inner;
    const T* from = g + i * t.m * inner;
    std::fill_n(to, t.n * inner, T(0));
    for (int64_t o = 0; o < t.m; ++o, from += inner)
      for (int64_t k = 0; k < t.taps; ++k) {
        T* here = to + t.index[o * t.taps + k] * inner;
        const T w = T(t.weight[o * t.taps + k]);
        for (int64_t j = 0; j < inner; ++j) here[j] += from[j] * w;
      }
  });
}

}  // namespace

void resample(DType dtype, const Taps& t, int64_t outer, int64_t inner, const char* x, char* y) {
  if (dtype == DType::Float32)
    forward(t, outer, inner, reinterpret_cast<const float*>(x), reinterpret_cast<float*>(y));
  else
    forward(t, outer, inner, reinterpret_cast<const double*>(x), reinterpret_cast<double*>(y));
}

void resample_adjoint(DType dtype, const Taps& t, int64_t outer, int64_t inner, const char* g, char* gx) {
  if (dtype == DType::Float32)
    adjoint(t, outer, inner, reinterpret_cast<const float*>(g), reinterpret_cast<float*>(gx));
  else
    adjoint(t, outer, inner, reinterpret_cast<const double*>(g), reinterpret_cast<double*>(gx));
}

}  // namespace wg
