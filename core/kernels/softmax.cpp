// Splits softmax over threads: by rows, or by tiles of columns.
#include "softmax.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "../parallel.h"
#include "softmax_kernels.h"

namespace wg {
namespace {

constexpr int64_t kGrain = 8192;  // elements worth a thread's while: exp is dearer than an addition

template <class F>
void split(const Soft& s, F f) {  // f(offset of a first element, rows or columns)
  if (!s.outer || !s.n || !s.inner) return;
  if (s.inner == 1) {
    parallel_for(s.outer, std::max<int64_t>(1, kGrain / s.n), [&](int64_t b, int64_t e) { f(b * s.n, e - b); });
    return;
  }
  int64_t tiles = (s.inner + kSoftTile - 1) / kSoftTile, work = s.n * std::min(s.inner, kSoftTile);
  parallel_for(s.outer * tiles, std::max<int64_t>(1, kGrain / work), [&](int64_t b, int64_t e) {
    for (int64_t u = b; u < e; ++u) {
      int64_t c = u % tiles * kSoftTile;
      f(u / tiles * s.n * s.inner + c, std::min(kSoftTile, s.inner - c));
    }
  });
}

template <class F>
void with_kernels(DType d, F f) {
  if (d == DType::Float32)
    f(softmax_table().of_float, float());
  else
    f(softmax_table().of_double, double());
}

}  // namespace

void softmax(const Soft& s, const char* x, char* y) {
  with_kernels(s.dtype, [&](const auto& k, auto zero) {
    using T = decltype(zero);
    auto* from = reinterpret_cast<const T*>(x);
    auto* to = reinterpret_cast<T*>(y);
    split(s, [&](int64_t at, int64_t many) {
      if (s.inner == 1)
        k.rows(to + at, from + at, many, s.n, s.log);
      else
        k.columns(to + at, from + at, s.n, s.inner, many, s.log);
    });
  });
}

namespace {

float largest(const float* x, int64_t n, int64_t step) {
  if (step == 1) return softmax_table().of_float.largest(x, n);
  float top = x[0];
  for (int64_t i = 1; i < n; ++i) top = std::max(top, x[i * step]);
  return top;
}

}  // namespace

void round_parts(const Soft& s, DType half, const float* x, float* y) {
  const auto round = [half](float v) { return half == DType::Float16 ? float(Half(v)) : float(BFloat16(v)); };
  parallel_for(s.outer * s.inner, std::max<int64_t>(1, kGrain / std::max<int64_t>(s.n, 1)), [&](int64_t b, int64_t e) {
    for (int64_t r = b; r < e; ++r) {
      const int64_t at = r / s.inner * s.n * s.inner + r % s.inner;
      const float* from = x + at;
      float* to = y + at;
      const float top = largest(to, s.n, s.inner), most = largest(from, s.n, s.inner);
      if (s.log) {
        const float sum = round(std::log(round(std::exp(-top))));
        for (int64_t i = 0; i < s.n; ++i) to[i * s.inner] = from[i * s.inner] - most - sum;
      } else {
        for (int64_t i = 0; i < s.n; ++i) to[i * s.inner] = round(to[i * s.inner] / top) * top;
      }
    }
  });
}

void softmax_backward(const Soft& s, const char* g, const char* y, char* gx) {
  with_kernels(s.dtype, [&](const auto& k, auto zero) {
    using T = decltype(zero);
    auto *grad = reinterpret_cast<const T*>(g), *out = reinterpret_cast<const T*>(y);
    auto* to = reinterpret_cast<T*>(gx);
    split(s, [&](int64_t at, int64_t many) {
      if (s.inner == 1)
        k.rows_backward(to + at, grad + at, out + at, many, s.n, s.log);
      else
        k.columns_backward(to + at, grad + at, out + at, s.n, s.inner, many, s.log);
    });
  });
}

void nll_softmax_backward(const Soft& s, const char* y, const double* scale, const int64_t* target, char* gx) {
  with_kernels(s.dtype, [&](const auto& k, auto zero) {
    using T = decltype(zero);
    std::vector<T> by(scale, scale + s.outer);
    split(s, [&](int64_t at, int64_t many) {
      const int64_t row = at / s.n;
      k.rows_nll(reinterpret_cast<T*>(gx) + at, reinterpret_cast<const T*>(y) + at, by.data() + row, target + row, many,
                 s.n);
    });
  });
}

}  // namespace wg
