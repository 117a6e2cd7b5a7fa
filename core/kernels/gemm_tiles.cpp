// Inner loops of large matrix products, compiled per level: panels of three vectors of columns, rows in registers.
#include "gemm_kernels.h"
#include "turn.h"
#include "vectors.h"

namespace wg::WG_LEVEL {
namespace {

// As many sums as there are registers for, beside one vector of each column and one element of the left matrix.
constexpr int kRows = kVectorBytes == 64 ? 8 : 4;
constexpr int kVectors = 3;
constexpr int64_t kDepth = kGemmDepth;
constexpr int64_t kAhead = 12;  // columns of a to be fetched from far memory: some 300 cycles

template <class T>
constexpr int64_t kPanel = kVectors * kWide<T>;

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
  if (row == 1) return turn_all<int(kWide<T>)>(wide, deep, x, col, to, Side);
  for (int64_t v = 0; v < wide; ++v)
    for (int64_t p = 0; p < deep; ++p) to[p * Side + v] = x[p * row + v * col];
}

template <class T>
void pack(int64_t k, int64_t n, const T* b, int64_t b_row, int64_t b_col, T* to) {
  int64_t j = 0;
  if (b_col == 1) {  // whole panels side by side: rows of b are read as they lie
    typedef Wide<T> V;
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
  const int64_t *b_rows, *a_rows;
  int64_t run, skip;
  const T* bias;
};

// Where the rows of a tile's matrices are: Packed: a is packed. Shifted: b's by b_rows, and PackedShifted: a is packed.
// Windows: a's by a_rows. Columns: those of a are contiguous, a_row apart.
enum class Rows { Even, Packed, Shifted, PackedShifted, Windows, Columns };

template <class T, int R, int C>
using Sums = Wide<T>[R][C];

// acc += a column of R elements, each `step` after the other, times C vectors of b.
template <class T, int R, int C, class Left>
[[gnu::always_inline]] inline void multiply_row(Sums<T, R, C>& acc, Left left, const T* b) {
  typedef Wide<T> V;
  V right[C];
  for (int j = 0; j < C; ++j) right[j] = load<V>(b + j * kWide<T>);
#pragma GCC unroll 8
  for (int i = 0; i < R; ++i) {
    const T one = left(i);
#pragma GCC unroll 3
    for (int j = 0; j < C; ++j) acc[i][j] += one * right[j];
  }
}

template <class T, int R, int C>
[[gnu::always_inline]] inline void multiply_windows(Sums<T, R, C>& acc, const Tile<T>& t) {
  const T *row[R], *b = t.b;
#pragma GCC unroll 8
  for (int i = 0; i < R; ++i) row[i] = t.a + t.a_rows[i < t.rows ? i : 0];
  for (int64_t done = 0, at = 0; done < t.k; done += t.run, at += t.run + t.skip)
    for (int64_t p = at; p < at + t.run; ++p, b += t.b_row)
      multiply_row<T, R, C>(acc, [&](int i) { return row[i][p]; }, b);
}

template <class T>
[[gnu::noinline]] void write_edge(const Tile<T>& t, const T* sums, T* to) {
  for (int64_t v = 0; v < t.columns; ++v)
    to[v] = t.bias ? sums[v] + t.bias[v] : t.beta != T(0) ? sums[v] + t.beta * to[v] : sums[v];
}

template <class T, int C>
[[gnu::always_inline]] inline void write_row(const Tile<T>& t, const Wide<T>* acc, T* to) {
  typedef Wide<T> V;
  constexpr int64_t W = kWide<T>;
  const bool whole = t.columns == C * W;
  T edge[C * W];
#pragma GCC unroll 3
  for (int j = 0; j < C; ++j) {
    V r = acc[j] * t.alpha;
    if (!whole)
      store(edge + j * W, r);
    else if (t.bias)
      store(to + j * W, r + load<V>(t.bias + j * W));
    else if (t.beta != T(0))
      store(to + j * W, r + t.beta * load<V>(to + j * W));
    else
      store(to + j * W, r);
  }
  if (!whole) write_edge(t, edge, to);
}

// Rows are written by unrolled loops alone: a loop over them would have the sums kept in memory.
template <class T, int R, int C, Rows How>
[[gnu::noinline]] void multiply_tile(const Tile<T>& t) {
  constexpr bool kPacked = How == Rows::Packed || How == Rows::PackedShifted;
  typedef Wide<T> V;
  Sums<T, R, C> acc;
#pragma GCC unroll 8
  for (int i = 0; i < R; ++i)
#pragma GCC unroll 3
    for (int j = 0; j < C; ++j) acc[i][j] = V{};
  if constexpr (How == Rows::Windows) {
    multiply_windows<T, R, C>(acc, t);
  } else {
    const T *a = t.a, *b = t.b;
    const int64_t a_row = kPacked || How == Rows::Columns ? 1 : t.a_row, b_row = t.b_row;
    const int64_t a_step = How == Rows::Columns ? t.a_row : kPacked ? R : 1;
    for (int64_t p = 0; p < t.k; ++p, a += a_step, b += b_row) {
      if constexpr (How == Rows::Columns) __builtin_prefetch(a + kAhead * a_step);
      if constexpr (How == Rows::Shifted || How == Rows::PackedShifted) b = t.b + t.b_rows[p];
      multiply_row<T, R, C>(acc, [&](int i) { return a[i * a_row]; }, b);
    }
  }
#pragma GCC unroll 8
  for (int i = 0; i < R; ++i)
    if (i < t.rows) write_row<T, C>(t, acc[i], t.c + i * t.c_row);
}

template <class T, int R, Rows How>
inline void multiply_vectors(const Tile<T>& t) {
  if (t.columns > 2 * kWide<T>) return multiply_tile<T, R, 3, How>(t);
  if (t.columns > kWide<T>) return multiply_tile<T, R, 2, How>(t);
  multiply_tile<T, R, 1, How>(t);
}

// R rows of a, or the `rows` that are left, by all panels. Rows that are not contiguous, or too few, are packed, but
// not those whose columns are: each is one cache line.
template <class T, int R>
void strip(const GemmPanels<T>& g, int64_t i, int64_t rows) {
  alignas(64) T packed[R * kDepth];
  Tile<T> t{g.k, g.a + i * g.a_row, g.a_row, nullptr, g.b_row, g.alpha, g.beta, nullptr, g.c_row, rows,
            0,   g.b_rows,          nullptr, g.run,   g.skip,  nullptr};
  const bool direct = g.a_col == 1 && rows == R;
  const bool columns = g.a_row == 1 && !direct && rows == R && !g.a_rows && !g.b_rows;
  if (g.a_rows) {
    t.a = g.a, t.a_rows = g.a_rows + i;
  } else if (columns) {
    t.a_row = g.a_col;
  } else if (!direct) {
    pack_panel<T, R>(g.k, rows, t.a, g.a_col, g.a_row, packed);
    t.a = packed;
  }
  const T* b = g.b;
  for (int64_t j = 0; j < g.n; j += kPanel<T>, b += g.b_panel) {
    t.b = b, t.c = g.c + i * g.c_row + j, t.bias = g.bias ? g.bias + j : nullptr;
    t.columns = g.n - j < kPanel<T> ? g.n - j : kPanel<T>;
    if (g.a_rows)
      multiply_vectors<T, R, Rows::Windows>(t);
    else if (columns)
      multiply_vectors<T, R, Rows::Columns>(t);
    else if (g.b_rows)
      direct ? multiply_vectors<T, R, Rows::Shifted>(t) : multiply_vectors<T, R, Rows::PackedShifted>(t);
    else
      direct ? multiply_vectors<T, R, Rows::Even>(t) : multiply_vectors<T, R, Rows::Packed>(t);
  }
}

template <class T>
void multiply(const GemmPanels<T>& g) {
  // Of windows, a panel at a time stays in the first-level cache: most of its rows are shifts of others.
  if ((g.a_rows || (g.b_rows && g.m % 4 == 0)) && g.n > kPanel<T>) {
    GemmPanels<T> one = g;
    for (int64_t j = 0; j < g.n; j += kPanel<T>, one.b += g.b_panel, one.c += kPanel<T>) {
      one.n = g.n - j < kPanel<T> ? g.n - j : kPanel<T>;
      multiply(one);
    }
    return;
  }
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
