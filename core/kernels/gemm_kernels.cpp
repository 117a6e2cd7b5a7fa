// Inner loops of small matrix products, compiled per level: a register tile of 4 rows by one cache line of columns.
#include "gemm_kernels.h"

#include <utility>

#include "vectors.h"

namespace wg::WG_LEVEL {
namespace {

// R rows by C vectors of W columns of the result, over the whole of k.
template <class T, int R, int C, int W>
inline void tile(int64_t k, T alpha, const T* a, int64_t a_row, int64_t a_col, const T* b, int64_t b_row, T beta, T* c,
                 int64_t c_row) {
  typedef typename Vec<T, W>::type V;
  V acc[R][C] = {};
  for (int64_t p = 0; p < k; ++p) {
    V right[C];
    for (int j = 0; j < C; ++j) right[j] = load<V>(b + p * b_row + j * W);
    for (int i = 0; i < R; ++i) {
      T left = a[i * a_row + p * a_col];
      for (int j = 0; j < C; ++j) acc[i][j] += left * right[j];
    }
  }
  for (int i = 0; i < R; ++i)
    for (int j = 0; j < C; ++j) {
      T* to = c + i * c_row + j * W;
      V r = acc[i][j] * alpha;
      if (beta != T(0)) r += beta * load<V>(to);
      store<V>(to, r);
    }
}

template <class T, int C, int W>
inline void column(int64_t m, int64_t k, T alpha, const T* a, int64_t a_row, int64_t a_col, const T* b, int64_t b_row,
                   T beta, T* c, int64_t c_row) {
  int64_t i = 0;
  for (; i + 4 <= m; i += 4)
    tile<T, 4, C, W>(k, alpha, a + i * a_row, a_row, a_col, b, b_row, beta, c + i * c_row, c_row);
  for (; i < m; ++i) tile<T, 1, C, W>(k, alpha, a + i * a_row, a_row, a_col, b, b_row, beta, c + i * c_row, c_row);
}

// b's rows are contiguous. A single row of a takes four lines at once instead of four rows.
template <class T>
void with_rows(int64_t m, int64_t n, int64_t k, T alpha, const T* a, int64_t a_row, int64_t a_col, const T* b,
               int64_t b_row, T beta, T* c, int64_t c_row) {
  constexpr int W = kVectorBytes / sizeof(T), C = 64 / kVectorBytes, kLine = C * W;
  auto columns = [&]<int Count, int Width>(int64_t j) {
    column<T, Count, Width>(m, k, alpha, a, a_row, a_col, b + j, b_row, beta, c + j, c_row);
  };
  int64_t j = 0;
  if (m < 4)
    for (; j + 4 * kLine <= n; j += 4 * kLine) columns.template operator()<4 * C, W>(j);
  if constexpr (C == 1)  // there are registers for two lines by four rows
    for (; j + 2 * kLine <= n; j += 2 * kLine) columns.template operator()<2, W>(j);
  for (; j + kLine <= n; j += kLine) columns.template operator()<C, W>(j);
  for (; j + W <= n; j += W) columns.template operator()<1, W>(j);
  if constexpr (W >= 4)
    if (j + W / 2 <= n) {
      columns.template operator()<1, W / 2>(j);
      j += W / 2;
    }
  if constexpr (W >= 8)
    if (j + W / 4 <= n) {
      columns.template operator()<1, W / 4>(j);
      j += W / 4;
    }
  for (; j < n; ++j) columns.template operator()<1, 1>(j);
}

template <class T>
T dot(int64_t n, const T* x, const T* y) {
  constexpr int W = kVectorBytes / sizeof(T), N = 256 / kVectorBytes;
  typedef typename Vec<T, W>::type V;
  if (n < W) {
    T sum = 0;
    for (int64_t i = 0; i < n; ++i) sum += x[i] * y[i];
    return sum;
  }
  V s[N] = {};
  int64_t i = 0;
  for (; i + N * W <= n; i += N * W)
    for (int v = 0; v < N; ++v) s[v] += load<V>(x + i + v * W) * load<V>(y + i + v * W);
  for (; i + W <= n; i += W) s[0] += load<V>(x + i) * load<V>(y + i);
  for (int half = N / 2; half; half /= 2)
    for (int v = 0; v < half; ++v) s[v] += s[v + half];
  T sum = 0;
  for (; i < n; ++i) sum += x[i] * y[i];
  for (int half = W / 2; half; half /= 2)
    for (int v = 0; v < half; ++v) s[0][v] += s[0][v + half];
  return sum + s[0][0];
}

// ---- a @ b where the columns of b lie as its rows would (x @ weight.T): sums along k, four columns at once

constexpr int kSumRows = kVectorBytes / 16;
template <class T>
constexpr int kSumWide = kVectorBytes < 4 * int(sizeof(T)) ? 4 : kVectorBytes / int(sizeof(T));

// x and y in blocks of B elements: the halves of each block are added. The blocks of x, then those of y.
template <class T, int W, int B>
inline auto halved(typename Vec<T, W>::type x, typename Vec<T, W>::type y) {
  constexpr auto low = [](int at) constexpr { return at / (B / 2) * B + at % (B / 2); };
  constexpr auto high = [](int at) constexpr { return at / (B / 2) * B + at % (B / 2) + B / 2; };
  return shuffled<T, W>(x, y, low) + shuffled<T, W>(x, y, high);
}

// The sums of the blocks of B elements of N vectors, in order; of one vector alone some come twice.
template <class T, int W, int B, int N>
inline void sum_blocks(typename Vec<T, W>::type* x, T* sums) {
  if constexpr (B == 1) {
    for (int i = 0; i < N; ++i) store(sums + i * W, x[i]);
  } else if constexpr (N == 1) {
    x[0] = halved<T, W, B>(x[0], x[0]);
    sum_blocks<T, W, B / 2, 1>(x, sums);
  } else {
    for (int i = 0; i < N / 2; ++i) x[i] = halved<T, W, B>(x[2 * i], x[2 * i + 1]);
    sum_blocks<T, W, B / 2, N / 2>(x, sums);
  }
}

template <class T, int R>
inline void four_columns(int64_t k, T alpha, const T* a, int64_t a_row, const T* b, int64_t b_col, T beta, T* c,
                         int64_t c_row) {
  constexpr int W = kSumWide<T>;
  typedef typename Vec<T, W>::type V;
  V acc[R * 4] = {};
  int64_t p = 0;
  for (; p + W <= k; p += W) {
    V right[4];
    for (int j = 0; j < 4; ++j) right[j] = load<V>(b + j * b_col + p);
    for (int i = 0; i < R; ++i) {
      V left = load<V>(a + i * a_row + p);
      for (int j = 0; j < 4; ++j) acc[i * 4 + j] += left * right[j];
    }
  }
  T sums[R * 4 < W ? W : R * 4];
  sum_blocks<T, W, W, R * 4>(acc, sums);
  for (; p < k; ++p)
    for (int i = 0; i < R; ++i)
      for (int j = 0; j < 4; ++j) sums[i * 4 + j] += a[i * a_row + p] * b[j * b_col + p];
  for (int i = 0; i < R; ++i)
    for (int j = 0; j < 4; ++j) {
      T *to = c + i * c_row + j, sum = alpha * sums[i * 4 + j];
      *to = beta != T(0) ? sum + beta * *to : sum;
    }
}

template <class T>
void with_sums(int64_t m, int64_t n, int64_t k, T alpha, const T* a, int64_t a_row, const T* b, int64_t b_col, T beta,
               T* c, int64_t c_row) {
  int64_t j = 0;
  for (; j + 4 <= n; j += 4) {
    int64_t i = 0;
    for (; i + kSumRows <= m; i += kSumRows)
      four_columns<T, kSumRows>(k, alpha, a + i * a_row, a_row, b + j * b_col, b_col, beta, c + i * c_row + j, c_row);
    for (; i < m; ++i)
      four_columns<T, 1>(k, alpha, a + i * a_row, a_row, b + j * b_col, b_col, beta, c + i * c_row + j, c_row);
  }
  for (; j < n; ++j)
    for (int64_t i = 0; i < m; ++i) {
      T r = alpha * dot(k, a + i * a_row, b + j * b_col);
      c[i * c_row + j] = beta != T(0) ? r + beta * c[i * c_row + j] : r;
    }
}

// Columns of b are not contiguous: sums along k where a and b allow it and k is long enough, else b is packed in
// panels.
template <class T>
void with_columns(int64_t m, int64_t n, int64_t k, T alpha, const T* a, int64_t a_row, int64_t a_col, const T* b,
                  int64_t b_row, int64_t b_col, T beta, T* c, int64_t c_row) {
  if (b_row == 1 && a_col == 1 && (m < 4 || k >= kLongSum))
    return with_sums<T>(m, n, k, alpha, a, a_row, b, b_col, beta, c, c_row);
  constexpr int64_t W = 64 / sizeof(T), kDepth = 256;
  alignas(64) T panel[kDepth * W];
  for (int64_t j = 0; j < n; j += W) {
    int64_t wide = n - j < W ? n - j : W;
    for (int64_t p = 0; p < k; p += kDepth) {
      int64_t deep = k - p < kDepth ? k - p : kDepth;
      for (int64_t v = 0; v < wide; ++v)
        for (int64_t q = 0; q < deep; ++q) panel[q * W + v] = b[(p + q) * b_row + (j + v) * b_col];
      with_rows<T>(m, wide, deep, alpha, a + p * a_col, a_row, a_col, panel, W, p ? T(1) : beta, c + j, c_row);
    }
  }
}

template <class T>
void small(int64_t m, int64_t n, int64_t k, T alpha, const T* a, int64_t a_row, int64_t a_col, const T* b,
           int64_t b_row, int64_t b_col, T beta, T* c, int64_t c_row) {
  if (n == 1 && m <= 8 && k * m <= 4096 && a_col != 1) {  // a few long rows with gaps: in order, without packing
    for (int64_t i = 0; i < m; ++i) {
      T sum = 0;
      for (int64_t q = 0; q < k; ++q) sum += a[i * a_row + q * a_col] * b[q * b_row];
      c[i * c_row] = beta != T(0) ? alpha * sum + beta * c[i * c_row] : alpha * sum;
    }
    return;
  }
  if (b_col == 1 || n == 1 || k == 0) {
    if (n == 1 && a_col == 1 && b_row == 1 && k > 0) {  // matrix times vector
      for (int64_t i = 0; i < m; ++i) {
        T r = alpha * dot(k, a + i * a_row, b);
        c[i * c_row] = beta != T(0) ? r + beta * c[i * c_row] : r;
      }
      return;
    }
    return with_rows<T>(m, n, k, alpha, a, a_row, a_col, b, b_row, beta, c, c_row);
  }
  with_columns<T>(m, n, k, alpha, a, a_row, a_col, b, b_row, b_col, beta, c, c_row);
}

}  // namespace

const GemmKernels gemm_kernels = {small<float>, small<double>, small<int32_t>, small<int64_t>, dot<float>, dot<double>};

}  // namespace wg::WG_LEVEL
