// The inner loops of matrix products, one table per level of x86-64.
#pragma once
#include <cstdint>
#include <type_traits>

#include "levels.h"

namespace wg {

inline constexpr int64_t kLongSum = 64;  // from here sums along k are worth their ends

// c = alpha * a @ b + beta * c on one thread; strides (row, col) of a and b are free, c's rows are contiguous.
template <class T>
using SmallGemm = void (*)(int64_t m, int64_t n, int64_t k, T alpha, const T* a, int64_t a_row, int64_t a_col,
                           const T* b, int64_t b_row, int64_t b_col, T beta, T* c, int64_t c_row);
template <class T>
using DotFn = T (*)(int64_t n, const T* x, const T* y);  // contiguous

struct GemmKernels {
  SmallGemm<float> small_float;
  SmallGemm<double> small_double;
  SmallGemm<int32_t> small_int;
  SmallGemm<int64_t> small_long;
  DotFn<float> dot_float;
  DotFn<double> dot_double;
};
WG_LEVEL_TABLE(GemmKernels, gemm_kernels, gemm_table)

constexpr int64_t kGemmDepth = 256;  // rows of a panel, at most: it stays in the first-level cache

// c = alpha * a @ b + beta * c on one thread, of a depth k of at most kGemmDepth. b: panels of `panel` columns,
// b_panel elements apart, each of k rows b_row apart; whole vectors are read, also of the last columns.
// Rows may lie anywhere: b_rows tells how far from b each of its rows begins, a_rows the same of a, whose rows then lie
// in runs along k, with `skip` elements between two of them, and of which k may be any.
template <class T>
struct GemmPanels {
  int64_t m, n, k;
  T alpha;
  const T* a;
  int64_t a_row, a_col;
  const T* b;
  int64_t b_row, b_panel;
  T beta;
  T* c;
  int64_t c_row;
  const int64_t *b_rows = nullptr, *a_rows = nullptr;
  int64_t run = 0, skip = 0;
  const T* bias = nullptr;  // in place of beta * c: a row that is added to every row
};
template <class T>
struct GemmTilesOf {
  int64_t vector, panel;  // columns
  // k by n elements of b to packed panels (b_row = panel, b_panel = k * panel), filled up with 0.
  void (*pack)(int64_t k, int64_t n, const T* b, int64_t b_row, int64_t b_col, T* to);
  void (*multiply)(const GemmPanels<T>& g);
};
struct GemmTiles {
  GemmTilesOf<float> of_float;
  GemmTilesOf<double> of_double;
};
WG_LEVEL_TABLE(GemmTiles, gemm_tiles, gemm_tiles_table)
template <class T>
const GemmTilesOf<T>& tiles_of() {
  if constexpr (std::is_same_v<T, float>)
    return gemm_tiles_table().of_float;
  else
    return gemm_tiles_table().of_double;
}

}  // namespace wg
