// Splits losses over threads; sums are taken in blocks of a fixed size.
#include "loss.h"

#include <algorithm>
#include <cstring>

#include "../parallel.h"
#include "read_once.h"

namespace wg {
namespace {

constexpr int64_t kGrain = 16384;
constexpr int64_t kMaxParts = 64;

template <class F>
auto with_kernels(DType d, F f) {
  return d == DType::Float32 ? f(nn_table().of_float, float()) : f(nn_table().of_double, double());
}

// The sum over [0, n) of part(begin, end), the parts being cut by n alone.
template <class F>
double sum_of_parts(int64_t n, int64_t grain, F part) {
  if (n <= grain) return n > 0 ? part(0, n) : 0.0;
  double sums[kMaxParts] = {};
  const int64_t parts = std::min(kMaxParts, (n + grain - 1) / grain), size = (n + parts - 1) / parts;
  parallel_for(parts, 1, [&](int64_t b, int64_t e) {
    for (int64_t k = b; k < e; ++k)
      if (k * size < n) sums[k] = part(k * size, std::min(n, (k + 1) * size));
  });
  double total = 0;
  for (double s : sums) total += s;
  return total;
}

// body(image, position, class or -1 when ignored) for targets [begin, end). They have been checked; one that another
// thread has made invalid since is ignored.
template <class F>
void each_target(const Classes& c, int64_t begin, int64_t end, F body) {
  for (int64_t i = begin; i < end; ++i) {
    const int64_t t = read_once(c.target + i);
    body(i / c.n, i % c.n, t == c.ignore || uint64_t(t) >= uint64_t(c.classes) ? -1 : t);
  }
}

}  // namespace

void loss_map(DType dtype, Loss kind, double p, const char* x, const char* t, char* y, int64_t n) {
  with_kernels(dtype, [&](const auto& k, auto zero) {
    using T = decltype(zero);
    parallel_for(n, kGrain, [&](int64_t b, int64_t e) {
      k.map(kind, T(p), reinterpret_cast<const T*>(x) + b, reinterpret_cast<const T*>(t) + b,
            reinterpret_cast<T*>(y) + b, e - b);
    });
  });
}

double loss_sum(DType dtype, Loss kind, double p, const char* x, const char* t, int64_t n) {
  return with_kernels(dtype, [&](const auto& k, auto zero) {
    using T = decltype(zero);
    auto *from = reinterpret_cast<const T*>(x), *to = reinterpret_cast<const T*>(t);
    return sum_of_parts(n, kGrain, [&](int64_t b, int64_t e) {
      double total = 0;
      for (; b < e; b += kLossBlock) total += k.sum(kind, T(p), from + b, to + b, std::min(kLossBlock, e - b));
      return total;
    });
  });
}

bool all_probabilities(DType dtype, const char* x, int64_t n) {
  return with_kernels(
      dtype, [&](const auto& k, auto zero) { return k.probabilities(reinterpret_cast<const decltype(zero)*>(x), n); });
}

int64_t first_bad_class(const Classes& c) {
  for (int64_t i = 0; i < c.images * c.n; ++i)
    if (c.target[i] != c.ignore && (c.target[i] < 0 || c.target[i] >= c.classes)) return i;
  return -1;
}

void nll_map(const Classes& c, char* y) {
  with_kernels(c.dtype, [&](const auto&, auto zero) {
    using T = decltype(zero);
    auto *x = reinterpret_cast<const T*>(c.x), *w = reinterpret_cast<const T*>(c.weight);
    each_target(c, 0, c.images * c.n, [&](int64_t i, int64_t j, int64_t t) {
      reinterpret_cast<T*>(y)[i * c.n + j] = t < 0 ? T(0) : -x[(i * c.classes + t) * c.n + j] * (w ? w[t] : T(1));
    });
  });
}

void nll_sum(const Classes& c, double* total, double* total_weight) {
  *total = *total_weight = 0;
  with_kernels(c.dtype, [&](const auto&, auto zero) {
    using T = decltype(zero);
    auto *x = reinterpret_cast<const T*>(c.x), *w = reinterpret_cast<const T*>(c.weight);
    each_target(c, 0, c.images * c.n, [&](int64_t i, int64_t j, int64_t t) {
      if (t < 0) return;
      const double weight = w ? double(w[t]) : 1.0;
      *total -= double(x[(i * c.classes + t) * c.n + j]) * weight;
      *total_weight += weight;
    });
  });
}

void nll_backward(const Classes& c, const char* g, bool each, double scale, char* gx) {
  with_kernels(c.dtype, [&](const auto&, auto zero) {
    using T = decltype(zero);
    auto *grad = reinterpret_cast<const T*>(g), *w = reinterpret_cast<const T*>(c.weight);
    auto* to = reinterpret_cast<T*>(gx);
    const int64_t step = c.classes * c.n;
    parallel_for(c.images, std::max<int64_t>(1, kGrain / std::max<int64_t>(1, step)), [&](int64_t b, int64_t e) {
      std::memset(static_cast<void*>(to + b * step), 0, sizeof(T) * size_t((e - b) * step));
      each_target(c, b * c.n, e * c.n, [&](int64_t i, int64_t j, int64_t t) {
        if (t < 0) return;
        const double one = each ? double(grad[i * c.n + j]) : double(grad[0]) * scale;
        to[i * step + t * c.n + j] = T(-one * (w ? double(w[t]) : 1.0));
      });
    });
  });
}

}  // namespace wg
