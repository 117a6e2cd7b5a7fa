// The maxima of a row of whole windows, one table per level of x86-64.
#pragma once
#include <cstdint>

#include "levels.h"

namespace wg {

// n windows side by side, `stride` apart. A window takes `cols` elements, `col_step` apart, of `rows` rows that lie
// `row_step` apart; x is its first element, `index` that element's index in its plane.
// indices: null if they are not wanted.
struct WindowRow {
  int64_t n, stride, rows, row_step, cols, col_step, index;
};
template <class T>
using MaxRow = void (*)(const WindowRow& w, const T* x, T* y, int64_t* indices);
struct PoolKernels {
  MaxRow<float> of_float;
  MaxRow<double> of_double;
};
WG_LEVEL_TABLE(PoolKernels, pool_kernels, pool_table)

}  // namespace wg
