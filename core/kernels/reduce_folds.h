// Inner loops of reductions: contiguous rows with many accumulators, and columns in the order of memory.
// Included once per translation unit into the namespace of its CPU level.
#pragma once
#include <cstdint>

#include "levels.h"

namespace wg {

enum class Fold : uint8_t;
inline constexpr int kFolds = 13;

// acc[r] = fold of row r: n elements, `step` apart, rows `row_step` apart.
using FoldRows = void (*)(void* acc, const void* x, int64_t rows, int64_t row_step, int64_t n, int64_t step, double p);
// acc[c] = fold of column c: `rows` elements, `row_step` apart, columns `col_step` apart; cols <= kFoldTile.
using FoldColumns = void (*)(void* acc, const void* x, int64_t rows, int64_t row_step, int64_t cols, int64_t col_step,
                             double p);
// acc[i] = fold of acc[i] and other[i].
using FoldMerge = void (*)(void* acc, const void* other, int64_t n);

inline constexpr int64_t kFoldTile = 256;    // columns at once
inline constexpr int64_t kFoldBlock = 1024;  // elements of a row between halvings

struct Folder {
  FoldRows rows;
  FoldColumns columns;
  FoldMerge merge;
};

// Tables for float and double, indexed by Fold; and what fills those of integers, bool, half precision and (sums)
// complex numbers: rows of `of` are element types.
struct FoldKernels {
  Folder of_float[kFolds];
  Folder of_double[kFolds];
  void (*others)(Folder (*of)[kFolds]);
};
WG_LEVEL_TABLE(FoldKernels, fold_kernels, fold_table)

}  // namespace wg
