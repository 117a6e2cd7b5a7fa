// Splits normalisation over threads: by rows, by sets of statistics, by planes.
#include "norm.h"

#include <algorithm>
#include <vector>

#include "../parallel.h"
#include "norm_kernels.h"

namespace wg {
namespace {

constexpr int64_t kGrain = 16384;  // elements

template <class F>
void with_kernels(DType d, F f) {
  if (d == DType::Float32)
    f(norm_table().of_float, float());
  else
    f(norm_table().of_double, double());
}

int64_t grain(int64_t work) { return std::max<int64_t>(1, kGrain / std::max<int64_t>(1, work)); }

template <class T>
const T* at(const char* p, int64_t i) {
  return p ? reinterpret_cast<const T*>(p) + i : nullptr;
}
template <class T>
T* at(char* p, int64_t i) {
  return p ? reinterpret_cast<T*>(p) + i : nullptr;
}

// The set of statistics that plane (image, channel) belongs to.
int64_t set_of(const PlaneNorm& s, int64_t image, int64_t channel) {
  return s.groups ? image * s.groups + channel / (s.channels / s.groups) : channel;
}
// plane(k) for every plane of a set.
template <class F>
void each_plane(const PlaneNorm& s, int64_t set, F plane) {
  if (s.groups) {
    const int64_t many = s.channels / s.groups;
    for (int64_t k = 0; k < many; ++k) plane(set * many + k);
  } else {
    for (int64_t i = 0; i < s.images; ++i) plane(i * s.channels + set);
  }
}

// Rows of features: every column is a channel. Columns are added up by themselves, each over all rows.
constexpr int64_t kColumns = 256;  // at once: whole cache lines, and their sums in the first-level cache

template <class F>
void each_columns(const PlaneNorm& s, F f) {
  const int64_t pieces = (s.channels + kColumns - 1) / kColumns;
  parallel_for(pieces, grain(s.images * kColumns), [&](int64_t from, int64_t to) {
    for (int64_t k = from; k < to; ++k) f(k * kColumns, std::min(s.channels, (k + 1) * kColumns));
  });
}
template <class T>
std::vector<T> narrowed(const double* x, int64_t n) {
  return std::vector<T>(x, x + n);
}

template <class K, class T>
void feature_stats(const K& k, const PlaneNorm& s, const T* x, double* mean, double* variance) {
  const double count = double(s.images);
  each_columns(s, [&](int64_t from, int64_t to) {
    k.column_sums(x, s.images, s.channels, from, to, mean);
    for (int64_t j = from; j < to; ++j) mean[j] /= count;
  });
  const std::vector<T> middle = narrowed<T>(mean, s.channels);
  each_columns(s, [&](int64_t from, int64_t to) {
    k.column_spreads(x, middle.data(), s.images, s.channels, from, to, variance);
    for (int64_t j = from; j < to; ++j) variance[j] /= count;
  });
}

// f(first row, number of rows) for pieces of the rows.
template <class F>
void each_rows(const PlaneNorm& s, F f) {
  parallel_for(s.images, grain(s.channels), [&](int64_t from, int64_t to) { f(from, to - from); });
}

template <class K, class T>
void feature_apply(const K& k, const PlaneNorm& s, const T* x, const double* mean, const double* rstd, const T* w,
                   const T* b, T* y) {
  std::vector<T> scale(s.channels), shift(s.channels);
  for (int64_t j = 0; j < s.channels; ++j) {
    const double by = rstd[j] * (w ? double(w[j]) : 1.0);
    scale[j] = T(by), shift[j] = T((b ? double(b[j]) : 0.0) - mean[j] * by);
  }
  each_rows(s, [&](int64_t row, int64_t rows) {
    k.affine_rows(y + row * s.channels, x + row * s.channels, scale.data(), shift.data(), rows, s.channels);
  });
}

template <class K, class T>
void feature_backward(const K& k, const PlaneNorm& s, const T* g, const T* x, const double* mean, const double* rstd,
                      const T* w, bool fixed, double* scratch, T* gx, T* gw, T* gb) {
  const std::vector<T> middle = narrowed<T>(mean, s.channels);
  double *all = scratch, *along = scratch + s.channels;
  each_columns(s, [&](int64_t from, int64_t to) {
    k.column_products(g, x, middle.data(), s.images, s.channels, from, to, all, along);
  });
  if (gx) {
    std::vector<T> by_g(s.channels), by_x(s.channels), rest(s.channels);
    const double count = double(s.images);
    for (int64_t j = 0; j < s.channels; ++j) {
      const double weight = w ? double(w[j]) : 1.0, r = rstd[j];
      const double b = fixed ? 0 : -along[j] * weight / count * r * r * r;
      const double c = fixed ? 0 : -all[j] * weight / count * r - b * mean[j];
      by_g[j] = T(weight * r), by_x[j] = T(b), rest[j] = T(c);
    }
    each_rows(s, [&](int64_t row, int64_t rows) {
      const int64_t at = row * s.channels;
      k.blend_rows(gx + at, g + at, x + at, by_g.data(), by_x.data(), rest.data(), rows, s.channels);
    });
  }
  for (int64_t j = 0; j < s.channels; ++j) {
    if (gw) gw[j] = T(along[j] * rstd[j]);
    if (gb) gb[j] = T(all[j]);
  }
}

}  // namespace

void row_norm(const RowNorm& s, double eps, const char* x, const char* w, const char* b, char* y, char* mean,
              char* rstd) {
  with_kernels(s.dtype, [&](const auto& k, auto zero) {
    using T = decltype(zero);
    parallel_for(s.rows, grain(s.n), [&](int64_t from, int64_t to) {
      k.rows_forward({at<T>(x, from * s.n), at<T>(w, 0), at<T>(b, 0), at<T>(y, from * s.n), at<T>(mean, from),
                      at<T>(rstd, from), eps},
                     to - from, s.n);
    });
  });
}

void row_norm_backward(const RowNorm& s, const char* g, const char* x, const char* mean, const char* rstd,
                       const char* w, char* scratch, char* gx, char* gw, char* gb) {
  with_kernels(s.dtype, [&](const auto& k, auto zero) {
    using T = decltype(zero);
    const int64_t parts = std::clamp<int64_t>(s.rows * s.n / kGrain, 1, kNormParts),
                  size = (s.rows + parts - 1) / parts;
    parallel_for(parts, 1, [&](int64_t from, int64_t to) {
      for (int64_t p = from; p < to; ++p) {
        const int64_t row = p * size, rows = std::min(size, s.rows - row), first = row * s.n;
        T* own = at<T>(scratch, 2 * p * s.n);
        if (rows > 0)
          k.rows_backward({at<T>(g, first), at<T>(x, first), at<T>(mean, row), at<T>(rstd, row), at<T>(w, 0),
                           at<T>(gx, first), own, gb ? own + s.n : nullptr},
                          rows, s.n);
      }
    });
    auto add_up = [&](T* total, int64_t which) {
      std::copy_n(at<T>(scratch, which * s.n), s.n, total);
      for (int64_t p = 1; p < parts; ++p)
        for (int64_t i = 0; i < s.n; ++i) total[i] += at<T>(scratch, (2 * p + which) * s.n)[i];
    };
    add_up(at<T>(gw, 0), 0);
    if (gb) add_up(at<T>(gb, 0), 1);
  });
}

void row_weights_backward(const RowNorm& s, const char* g, const char* x, const float* mean, const float* rstd,
                          char* gw, char* gb) {
  auto run = [&]<class T>() {
    for (int64_t row = 0; row < s.rows; ++row) {
      const T *from = at<T>(g, row * s.n), *value = at<T>(x, row * s.n);
      const float scale = rstd[row], shift = -scale * mean[row];
      for (int64_t i = 0; i < s.n; ++i) {
        T &weight = at<T>(gw, 0)[i], &bias = at<T>(gb, 0)[i];
        weight = T(float(weight) + float(from[i]) * (scale * float(value[i]) + shift));
        bias = T(float(bias) + float(from[i]));
      }
    }
  };
  if (s.dtype == DType::Float16)
    run.operator()<Half>();
  else
    run.operator()<BFloat16>();
}

void plane_stats(const PlaneNorm& s, const char* x, double* mean, double* variance) {
  with_kernels(s.dtype, [&](const auto& k, auto zero) {
    using T = decltype(zero);
    if (s.features()) return feature_stats(k, s, at<T>(x, 0), mean, variance);
    const double count = double(s.count());
    parallel_for(s.sets(), grain(s.count()), [&](int64_t from, int64_t to) {
      for (int64_t set = from; set < to; ++set) {
        double total = 0, spread = 0;
        each_plane(s, set, [&](int64_t p) { total += k.sum(at<T>(x, p * s.n), s.n); });
        mean[set] = total / count;
        each_plane(s, set, [&](int64_t p) { spread += k.spread(at<T>(x, p * s.n), T(mean[set]), s.n); });
        variance[set] = spread / count;
      }
    });
  });
}

void plane_apply(const PlaneNorm& s, const char* x, const double* mean, const double* rstd, const char* w,
                 const char* b, char* y) {
  with_kernels(s.dtype, [&](const auto& k, auto zero) {
    using T = decltype(zero);
    if (s.features()) return feature_apply(k, s, at<T>(x, 0), mean, rstd, at<T>(w, 0), at<T>(b, 0), at<T>(y, 0));
    parallel_for(s.images * s.channels, grain(s.n), [&](int64_t from, int64_t to) {
      for (int64_t p = from; p < to; ++p) {
        const int64_t c = p % s.channels, set = set_of(s, p / s.channels, c);
        const double scale = rstd[set] * (w ? double(at<T>(w, c)[0]) : 1.0);
        const double shift = (b ? double(at<T>(b, c)[0]) : 0.0) - mean[set] * scale;
        k.affine(at<T>(y, p * s.n), at<T>(x, p * s.n), T(scale), T(shift), s.n);
      }
    });
  });
}

void plane_backward(const PlaneNorm& s, const char* g, const char* x, const double* mean, const double* rstd,
                    const char* w, bool fixed, double* scratch, char* gx, char* gw, char* gb) {
  with_kernels(s.dtype, [&](const auto& k, auto zero) {
    using T = decltype(zero);
    if (s.features())
      return feature_backward(k, s, at<T>(g, 0), at<T>(x, 0), mean, rstd, at<T>(w, 0), fixed, scratch, at<T>(gx, 0),
                              at<T>(gw, 0), at<T>(gb, 0));
    const int64_t planes = s.images * s.channels;
    auto weight = [&](int64_t p) { return w ? double(at<T>(w, p % s.channels)[0]) : 1.0; };
    parallel_for(planes, grain(s.n), [&](int64_t from, int64_t to) {
      for (int64_t p = from; p < to; ++p)
        k.product(at<T>(g, p * s.n), at<T>(x, p * s.n), T(mean[set_of(s, p / s.channels, p % s.channels)]), s.n,
                  scratch + 2 * p);
    });
    if (gx) {
      const double count = double(s.count());
      parallel_for(s.sets(), grain(s.count()), [&](int64_t from, int64_t to) {
        for (int64_t set = from; set < to; ++set) {
          double all = 0, along = 0;
          if (!fixed)
            each_plane(s, set, [&](int64_t p) {
              all += scratch[2 * p] * weight(p);
              along += scratch[2 * p + 1] * weight(p);
            });
          const double r = rstd[set], b = -along / count * r * r * r, c = -all / count * r - b * mean[set];
          each_plane(s, set, [&](int64_t p) {
            k.blend(at<T>(gx, p * s.n), at<T>(g, p * s.n), at<T>(x, p * s.n), T(weight(p) * r), T(b), T(c), s.n);
          });
        }
      });
    }
    if (!gw && !gb) return;
    for (int64_t c = 0; c < s.channels; ++c) {
      double sum_w = 0, sum_b = 0;
      for (int64_t i = 0; i < s.images; ++i) {
        const double* part = scratch + 2 * (i * s.channels + c);
        sum_w += part[1] * rstd[set_of(s, i, c)];
        sum_b += part[0];
      }
      if (gw) at<T>(gw, c)[0] = T(sum_w);
      if (gb) at<T>(gb, c)[0] = T(sum_b);
    }
  });
}

}  // namespace wg
