// Normalisation of float and double, compiled per level.
#ifndef WG_LEVEL
#define WG_LEVEL generic
#endif
#include "norm_kernels.h"

#include "../simd/lanes.h"
#include "vectors.h"

namespace wg::WG_LEVEL {
namespace {

constexpr int64_t kRun = 2048;  // elements summed in T before the sum is carried on in double

inline float root(float x) { return __builtin_sqrtf(x); }
inline double root(double x) { return __builtin_sqrt(x); }

template <class T, class F>
inline double sum_of(int64_t n, F f) {
  double total = 0;
  for (int64_t at = 0; at < n; at += kRun)
    total += double(sum_lanes<T>(n - at < kRun ? n - at : kRun, [f, at](int64_t i) { return f(at + i); }));
  return total;
}

template <class T>
double sum(const T* x, int64_t n) {
  return sum_of<T>(n, [x](int64_t i) { return x[i]; });
}
template <class T>
double spread(const T* x, T mean, int64_t n) {
  return sum_of<T>(n, [x, mean](int64_t i) { return (x[i] - mean) * (x[i] - mean); });
}
template <class T>
void product(const T* g, const T* x, T mean, int64_t n, double* out) {
  out[0] = sum(g, n);
  out[1] = sum_of<T>(n, [g, x, mean](int64_t i) { return g[i] * (x[i] - mean); });
}
template <class T>
void affine(T* y, const T* x, T a, T b, int64_t n) {
  for (int64_t i = 0; i < n; ++i) y[i] = x[i] * a + b;
}
template <class T>
void blend(T* y, const T* g, const T* x, T a, T b, T c, int64_t n) {
  for (int64_t i = 0; i < n; ++i) y[i] = g[i] * a + (x[i] * b + c);
}

// out[j] = the sum over all rows i of f(i * n + j, j), in double
template <class F>
inline void sum_columns(int64_t rows, int64_t n, int64_t first, int64_t last, double* __restrict out, F f) {
  for (int64_t j = first; j < last; ++j) out[j] = 0;
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t j = first; j < last; ++j) out[j] += double(f(i * n + j, j));
}
template <class T>
void column_sums(const T* x, int64_t rows, int64_t n, int64_t first, int64_t last, double* out) {
  sum_columns(rows, n, first, last, out, [x](int64_t at, int64_t) { return x[at]; });
}
template <class T>
void column_spreads(const T* x, const T* mean, int64_t rows, int64_t n, int64_t first, int64_t last, double* out) {
  sum_columns(rows, n, first, last, out,
              [x, mean](int64_t at, int64_t j) { return (x[at] - mean[j]) * (x[at] - mean[j]); });
}
template <class T>
void column_products(const T* g, const T* x, const T* mean, int64_t rows, int64_t n, int64_t first, int64_t last,
                     double* all, double* along) {
  column_sums(g, rows, n, first, last, all);
  sum_columns(rows, n, first, last, along, [g, x, mean](int64_t at, int64_t j) { return g[at] * (x[at] - mean[j]); });
}
template <class T>
void affine_rows(T* __restrict y, const T* __restrict x, const T* __restrict a, const T* __restrict b, int64_t rows,
                 int64_t n) {
  for (; rows > 0; --rows, x += n, y += n)
    for (int64_t j = 0; j < n; ++j) y[j] = x[j] * a[j] + b[j];
}
template <class T>
void blend_rows(T* __restrict y, const T* __restrict g, const T* __restrict x, const T* __restrict a,
                const T* __restrict b, const T* __restrict c, int64_t rows, int64_t n) {
  for (; rows > 0; --rows, x += n, g += n, y += n)
    for (int64_t j = 0; j < n; ++j) y[j] = g[j] * a[j] + (x[j] * b[j] + c[j]);
}

// Rows are taken a few at once: what they share is read once, and no row's sum waits for another's.
constexpr int kRows = kVectorBytes < 64 ? 2 : 4;

// Of R rows of n, K sums each, of the terms that f(term, r, i) writes for row r at i. A row's additions come in the
// same order for any R.
template <class T, int R, int K, class F>
[[gnu::always_inline]] inline void row_sums(int64_t n, double (&total)[R][K], F f) {
  constexpr int64_t W = kWide<T>;
  for (int64_t i = 0; i < n;) {
    const int64_t end = n - i < kRun ? n : i + kRun;
    Wide<T> one[R][K] = {}, two[R][K] = {}, term[K];
    auto add = [&](auto& sums, auto* of_row, int64_t at) {
      for (int r = 0; r < R; ++r) {
        f(of_row, r, at);
        for (int k = 0; k < K; ++k) sums[r][k] += of_row[k];
      }
    };
    for (; i + 2 * W <= end; i += 2 * W) add(one, term, i), add(two, term, i + W);
    if (i + W <= end) add(one, term, i), i += W;
    T last[K];
    for (; i < end; ++i) add(total, last, i);
    for (int r = 0; r < R; ++r)
      for (int k = 0; k < K; ++k) {
        T lane[W];
        store(lane, one[r][k] + two[r][k]);
        total[r][k] += double(join_lanes<W>(lane));
      }
  }
}

// visit(V(), i) for the vectors of a row, then for the elements that are left.
template <class T, class F>
[[gnu::always_inline]] inline void each_vector(int64_t n, F visit) {
  int64_t i = 0;
  for (; i + kWide<T> <= n; i += kWide<T>) visit(Wide<T>(), i);
  for (; i < n; ++i) visit(T(), i);
}

template <class T, bool kWeight, bool kBias, int R>
void forward_at(const RowsForward<T>& p, int64_t row, int64_t n) {
  const T* x = p.x + row * n;
  T *y = p.y + row * n, m[R] = {}, s[R];
  if (p.mean) {
    double sum[R][1] = {};
    row_sums<T, R, 1>(n, sum, [=]<class V>(V* term, int r, int64_t i) { term[0] = load<V>(x + r * n + i); });
    for (int r = 0; r < R; ++r) p.mean[row + r] = m[r] = T(sum[r][0] / double(n));
  }
  double spread[R][1] = {};
  row_sums<T, R, 1>(n, spread, [=, &m]<class V>(V* term, int r, int64_t i) {
    const V d = load<V>(x + r * n + i) - m[r];
    term[0] = d * d;
  });
  for (int r = 0; r < R; ++r) p.rstd[row + r] = s[r] = T(1) / root(T(spread[r][0] / double(n) + p.eps));
  each_vector<T>(n, [=, &p, &m, &s]<class V>(V, int64_t i) {
    V w{}, b{};
    if constexpr (kWeight) w = load<V>(p.w + i);
    if constexpr (kBias) b = load<V>(p.b + i);
    for (int r = 0; r < R; ++r) {
      const V v = (load<V>(x + r * n + i) - m[r]) * s[r], scaled = kWeight ? v * w : v;
      store(y + r * n + i, kBias ? scaled + b : scaled);
    }
  });
}

// gx = v * s - (a + (x - m) * b), v = g * w the gradient of the normalised row, a and b from the sums of v and of
// v * (x - m) over the row.
template <class T, bool kWeight, bool kBias, int R>
void backward_at(const RowsBackward<T>& p, int64_t row, int64_t n) {
  const T *x = p.x + row * n, *g = p.g + row * n, *w = p.w;
  T *gx = p.gx + row * n, m[R], s[R], a[R], b[R];
  for (int r = 0; r < R; ++r) m[r] = p.mean ? p.mean[row + r] : T(0), s[r] = p.rstd[row + r];
  double sum[R][2] = {};
  row_sums<T, R, 2>(n, sum, [=, &m]<class V>(V* term, int r, int64_t i) {
    term[0] = load<V>(g + r * n + i);
    if constexpr (kWeight) term[0] *= load<V>(w + i);
    term[1] = term[0] * (load<V>(x + r * n + i) - m[r]);
  });
  for (int r = 0; r < R; ++r) {
    a[r] = p.mean ? T(sum[r][0] / double(n)) * s[r] : T(0);
    b[r] = T(sum[r][1] / double(n)) * s[r] * s[r] * s[r];
  }
  each_vector<T>(n, [=, &p, &m, &s, &a, &b]<class V>(V, int64_t i) {
    V to_weight = load<V>(p.gw + i), to_bias{}, scale{};
    if constexpr (kBias) to_bias = load<V>(p.gb + i);
    if constexpr (kWeight) scale = load<V>(w + i);
    for (int r = 0; r < R; ++r) {
      const V u = load<V>(g + r * n + i), d = load<V>(x + r * n + i) - m[r], us = u * s[r];
      store(gx + r * n + i, (kWeight ? us * scale : us) - (a[r] + d * b[r]));
      to_weight += us * d;
      to_bias += u;
    }
    store(p.gw + i, to_weight);
    if constexpr (kBias) store(p.gb + i, to_bias);
  });
}

// rows_at<kWeight, kBias, R>(row) for all rows.
template <class F>
void each_rows(bool weight, bool bias, int64_t rows, F rows_at) {
  auto run = [&]<bool kWeight, bool kBias>() {
    int64_t row = 0;
    for (; row + kRows <= rows; row += kRows) rows_at.template operator()<kWeight, kBias, kRows>(row);
    for (; row < rows; ++row) rows_at.template operator()<kWeight, kBias, 1>(row);
  };
  if (weight && bias)
    run.template operator()<true, true>();
  else if (weight)
    run.template operator()<true, false>();
  else if (bias)
    run.template operator()<false, true>();
  else
    run.template operator()<false, false>();
}

template <class T>
void rows_forward(const RowsForward<T>& p, int64_t rows, int64_t n) {
  each_rows(p.w, p.b, rows,
            [&]<bool kWeight, bool kBias, int R>(int64_t row) { forward_at<T, kWeight, kBias, R>(p, row, n); });
}
template <class T>
void rows_backward(const RowsBackward<T>& p, int64_t rows, int64_t n) {
  each_rows(p.w, p.gb, rows,
            [&]<bool kWeight, bool kBias, int R>(int64_t row) { backward_at<T, kWeight, kBias, R>(p, row, n); });
}

}  // namespace

#define WG_NORM(T)                                                           \
  {                                                                          \
      rows_forward<T>,   rows_backward<T>,   sum<T>,         spread<T>,      \
      product<T>,        affine<T>,          blend<T>,       column_sums<T>, \
      column_spreads<T>, column_products<T>, affine_rows<T>, blend_rows<T>}
const NormKernels norm_kernels = {WG_NORM(float), WG_NORM(double)};

}  // namespace wg::WG_LEVEL
