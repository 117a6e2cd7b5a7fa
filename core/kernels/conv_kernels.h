// One tap of a convolution over a whole plane, one table per level of x86-64.
#pragma once
#include <cstdint>

#include "levels.h"

namespace wg {

// A rectangle of y, and the elements of x that one tap pairs with it: x's columns lie `step` apart.
template <class T>
struct TapOf {
  void (*gather)(T* y, int64_t y_row, const T* x, int64_t x_row, int64_t step, T w, int64_t rows, int64_t cols);
  void (*scatter)(const T* y, int64_t y_row, T* x, int64_t x_row, int64_t step, T w, int64_t rows, int64_t cols);
  T (*dot)(const T* y, int64_t y_row, const T* x, int64_t x_row, int64_t step, int64_t rows, int64_t cols);
};
struct ConvKernels {
  TapOf<float> of_float;
  TapOf<double> of_double;
};
WG_LEVEL_TABLE(ConvKernels, conv_kernels, conv_table)

}  // namespace wg
