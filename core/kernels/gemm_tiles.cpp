// Inner loops of large matrix products, compiled per level: panels of three vectors of columns, rows in registers.
#include "gemm_kernels.h"
#include "turn.h"

#ifndef WG_LEVEL
#define WG_LEVEL generic
#endif

namespace wg::WG_LEVEL {
namespace {

// As many sums as there are registers for, beside one vector of each column and one element of the left matrix.
#if defined(__AVX512F__)
constexpr int kVector = 64, kRows = 8;
#elif defined(__AVX__)
constexpr int kVector = 32, kRows = 4;
#else
constexpr int kVector = 16, kRows = 4;
#endif
constexpr int kVectors = 3;
constexpr int64_t kDepth = kGemmDepth;

template <class T>
constexpr int64_t kWide = kVector / int64_t(sizeof(T));
template <class T>
constexpr int64_t kPanel = kVectors * kWide<T>;

template <class T, int W>
struct Vec {
  typedef T type __attribute__((vector_size(W * sizeof(T)), aligned(sizeof(T)), may_alias));
};
template <class V, class T>
inline V load(const T* p) {
  return *reinterpret_cast<const V*>(p);
}
template <class V, class T>
inline void store(T* p, V v) {
  *reinterpret_cast<V*>(p) = v;
}

// `deep` by `wide` elements to rows of `Side`, the rest of them 0; element (p, v) of x is x[p * row + v * col].
template <class T, int64_t Side>
void pack_panel(int64_t deep, int64_t wide, const T* x, int64_t row, int64_t col, T* to) {
  if (wide < Side)
    for (int64_t i = 0; i < deep * Side; ++i) to[i] = T(0);
  if (col == 1 && wide == Side && Side <= kWide<T>) {
    typedef typename Vec<T, Side <= kWide<T> ? Side : 1>::type V;
    for (int64_t p = 0; p < deep; ++p) store(to + p * Side, load<V>(x + p * row));
    return;
  }
  int64_t v = 0;
  if (row == 1)
    for (; v + 4 <= wide; v += 4) {
      int64_t p = 0;
      for (; p + 4 <= deep; p += 4) turn(x + v * col + p, col, to + p * Side + v, Side);
      for (; p < deep; ++p)
        for (int64_t q = v; q < v + 4; ++q) to[p * Side + q] = x[q * col + p];
    }
  for (; v < wide; ++v)
    for (int64_t p = 0; p < deep; ++p) to[p * Side + v] = x[p * row + v * col];
}

template <class T>
void pack(int64_t k, int64_t n, const T* b, int64_t b_row, int64_t b_col, T* to) {
  int64_t j = 0;
  if (b_col == 1) {  // whole panels side by side: rows of b are read as they lie
    typedef typename Vec<T, kWide<T>>::type V;
    const int64_t whole = n / kPanel<T>;
    for (int64_t p = 0; p < k; ++p)
      for (int64_t i = 0; i < whole; ++i)
        for (int64_t v = 0; v < kPanel<T>; v += kWide<T>)
          store(to + (i * k + p) * kPanel<T> + v, load<V>(b + p * b_row + i * kPanel<T> + v));
    j = whole * kPanel<T>, to += j * k;
  }
  for (; j < n; j += kPanel<T>, to += k * kPanel<T>)
    pack_panel<T, kPanel<T>>(k, n - j < kPanel<T> ? n - j : kPanel<T>, b + j * b_col, b_row, b_col, to);
}

// What a register tile is made of and where it goes: `rows` and `columns` of it are wanted.
template <class T>
struct Tile {
  int64_t k;
  const T* a;
  int64_t a_row;  // of a matrix that is not packed
  const T* b;
  int64_t b_row;
  T alpha, beta;
  T* c;
  int64_t c_row, rows, columns;
};

template <class T, int R, int C, bool Packed>
[[gnu::noinline]] void multiply_tile(const Tile<T>& t) {
  constexpr int64_t W = kWide<T>;
  typedef typename Vec<T, W>::type V;
  V acc[R][C] = {};
  const T *a = t.a, *b = t.b;
  const int64_t a_row = Packed ? 1 : t.a_row, b_row = t.b_row;
  for (int64_t p = 0; p < t.k; ++p, a += Packed ? R : 1, b += b_row) {
    V right[C];
    for (int j = 0; j < C; ++j) right[j] = load<V>(b + j * W);
#pragma GCC unroll 8
    for (int i = 0; i < R; ++i) {
      const T left = a[i * a_row];
#pragma GCC unroll 3
      for (int j = 0; j < C; ++j) acc[i][j] += left * right[j];
    }
  }
  const bool whole = t.columns == C * W;
  T edge[C * W];
  for (int i = 0; i < R && i < t.rows; ++i) {
    T* to = t.c + i * t.c_row;
    for (int j = 0; j < C; ++j) {
      V r = acc[i][j] * t.alpha;
      if (whole) {
        if (t.beta != T(0)) r += t.beta * load<V>(to + j * W);
        store(to + j * W, r);
      } else {
        store(edge + j * W, r);
      }
    }
    if (!whole)
      for (int64_t v = 0; v < t.columns; ++v) to[v] = t.beta != T(0) ? edge[v] + t.beta * to[v] : edge[v];
  }
}

template <class T, int R, bool Packed>
inline void multiply_vectors(const Tile<T>& t) {
  if (t.columns > 2 * kWide<T>) return multiply_tile<T, R, 3, Packed>(t);
  if (t.columns > kWide<T>) return multiply_tile<T, R, 2, Packed>(t);
  multiply_tile<T, R, 1, Packed>(t);
}

// R rows of a, or the `rows` that are left, by all panels. Rows that are not contiguous, or too few, are packed.
template <class T, int R>
void strip(const GemmPanels<T>& g, int64_t i, int64_t rows) {
  alignas(64) T packed[R * kDepth];
  Tile<T> t{g.k, g.a + i * g.a_row, g.a_row, nullptr, g.b_row, g.alpha, g.beta, nullptr, g.c_row, rows, 0};
  const bool direct = g.a_col == 1 && rows == R;
  if (!direct) {
    pack_panel<T, R>(g.k, rows, t.a, g.a_col, g.a_row, packed);
    t.a = packed;
  }
  const T* b = g.b;
  for (int64_t j = 0; j < g.n; j += kPanel<T>, b += g.b_panel) {
    t.b = b, t.c = g.c + i * g.c_row + j, t.columns = g.n - j < kPanel<T> ? g.n - j : kPanel<T>;
    if (direct)
      multiply_vectors<T, R, false>(t);
    else
      multiply_vectors<T, R, true>(t);
  }
}

template <class T>
void multiply(const GemmPanels<T>& g) {
  int64_t i = 0;
  for (; i + kRows <= g.m; i += kRows) strip<T, kRows>(g, i, kRows);
  if (kRows > 4 && g.m - i > 4)
    strip<T, kRows>(g, i, g.m - i);
  else if (g.m > i)
    strip<T, 4>(g, i, g.m - i);
}

}  // namespace

const GemmTiles gemm_tiles = {{kWide<float>, kPanel<float>, pack<float>, multiply<float>},
                              {kWide<double>, kPanel<double>, pack<double>, multiply<double>}};

}  // namespace wg::WG_LEVEL
