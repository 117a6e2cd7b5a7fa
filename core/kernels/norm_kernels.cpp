// Normalisation of float and double, compiled per level.
#ifndef WG_LEVEL
#define WG_LEVEL generic
#endif
#include "norm_kernels.h"

#include "../simd/lanes.h"

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

// Not inlined, so that the compiler sees that nothing overlaps.
template <class T, bool kWeight, bool kBias>
[[gnu::noinline]] void write_row(T* __restrict y, const T* __restrict x, const T* __restrict w, const T* __restrict b,
                                 T m, T s, int64_t n) {
  for (int64_t i = 0; i < n; ++i) {
    const T v = (x[i] - m) * s, scaled = kWeight ? v * w[i] : v;
    y[i] = kBias ? scaled + b[i] : scaled;
  }
}

template <class T>
void rows_forward(T* y, T* mean, T* rstd, const T* x, const T* w, const T* b, int64_t rows, int64_t n, double eps,
                  bool centred) {
  const auto write = w   ? b ? write_row<T, true, true> : write_row<T, true, false>
                     : b ? write_row<T, false, true>
                         : write_row<T, false, false>;
  for (int64_t r = 0; r < rows; ++r, x += n, y += n) {
    const T m = centred ? T(sum(x, n) / double(n)) : T(0);
    const T s = T(1) / root(T(spread(x, m, n) / double(n) + eps));
    if (mean) mean[r] = m;
    rstd[r] = s;
    write(y, x, w, b, m, s, n);
  }
}

// What a row's gradient needs of the row as a whole: gx = v * s - (a + (x - m) * b), v the gradient of the normalised
// row.
template <class T>
struct RowStats {
  T m, s, a, b;
};

// Of one row: the sums of v and of v * (x - m).
template <class T, bool kWeight>
RowStats<T> row_stats(const T* g, const T* x, const T* w, T m, T s, int64_t n, bool centred) {
  double all = 0, along = 0;
  for (int64_t at = 0; at < n; at += kRun) {
    const int64_t end = n - at < kRun ? n : at + kRun;
    T one[kLanes] = {}, two[kLanes] = {};
    int64_t i = at;
    auto add = [&](int64_t lane, int64_t k) {
      const T v = kWeight ? g[k] * w[k] : g[k];
      one[lane] += v, two[lane] += v * (x[k] - m);
    };
    for (; i + kLanes <= end; i += kLanes)
      for (int64_t k = 0; k < kLanes; ++k) add(k, i + k);
    for (int64_t k = 0; k < end - i; ++k) add(k, i + k);
    all += double(join_lanes(one)), along += double(join_lanes(two));
  }
  return {m, s, centred ? T(all / double(n)) * s : T(0), T(along / double(n)) * s * s * s};
}

// Several rows at once: the gradients of weight and bias are read and written once for all of them.
template <class T, bool kWeight, bool kBias, int kRows>
[[gnu::noinline]] void write_back(T* __restrict gx, T* __restrict gw, T* __restrict gb, const T* __restrict g,
                                  const T* __restrict x, const T* __restrict w, const RowStats<T>* of, int64_t n) {
  RowStats<T> row[kRows];
  for (int r = 0; r < kRows; ++r) row[r] = of[r];
  for (int64_t i = 0; i < n; ++i) {
    T to_weight = gw[i], to_bias = kBias ? gb[i] : T(0);
    for (int r = 0; r < kRows; ++r) {
      const T u = g[r * n + i], d = x[r * n + i] - row[r].m, v = kWeight ? u * w[i] : u;
      gx[r * n + i] = v * row[r].s - (row[r].a + d * row[r].b);
      to_weight += u * (d * row[r].s);
      to_bias += u;
    }
    gw[i] = to_weight;
    if (kBias) gb[i] = to_bias;
  }
}

template <class T, bool kWeight, bool kBias>
void rows_back(const RowsBackward<T>& p, int64_t rows, int64_t n) {
  constexpr int kRows = 4;
  for (int64_t r = 0; r < rows;) {
    RowStats<T> of[kRows];
    const int64_t many = rows - r < kRows ? 1 : kRows, at = r * n;
    for (int64_t k = 0; k < many; ++k)
      of[k] = row_stats<T, kWeight>(p.g + at + k * n, p.x + at + k * n, p.w, p.mean ? p.mean[r + k] : T(0),
                                    p.rstd[r + k], n, p.mean);
    (many == 1 ? write_back<T, kWeight, kBias, 1>
               : write_back<T, kWeight, kBias, kRows>)(p.gx + at, p.gw, p.gb, p.g + at, p.x + at, p.w, of, n);
    r += many;
  }
}

template <class T>
void rows_backward(const RowsBackward<T>& p, int64_t rows, int64_t n) {
  (p.w    ? p.gb ? rows_back<T, true, true> : rows_back<T, true, false>
   : p.gb ? rows_back<T, false, true>
          : rows_back<T, false, false>)(p, rows, n);
}

}  // namespace

#define WG_NORM(T)                                                           \
  {                                                                          \
      rows_forward<T>,   rows_backward<T>,   sum<T>,         spread<T>,      \
      product<T>,        affine<T>,          blend<T>,       column_sums<T>, \
      column_spreads<T>, column_products<T>, affine_rows<T>, blend_rows<T>}
const NormKernels norm_kernels = {WG_NORM(float), WG_NORM(double)};

}  // namespace wg::WG_LEVEL
