// One tap of a convolution over a whole plane, and rows of planes on their way, one table per level of x86-64.
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
// Rows of `lanes` images, image_step apart, of which every step'th element counts; the images' elements lie side by
// side in `lay`'s result and `place`'s source. before, after: elements of 0 around them. add: to each.
template <class T>
struct RowOf {
  void (*lay)(int64_t before, int64_t n, int64_t after, int64_t lanes, const T* from, int64_t image_step, int64_t step,
              T* to);
  void (*place)(int64_t n, int64_t lanes, const T* from, T add, T* to, int64_t image_step, int64_t step);
  // Rows of one image, `row` apart, each between zeros; up to a vector of zeros is written past the last one.
  void (*frame)(int64_t rows, int64_t before, int64_t n, int64_t after, const T* from, int64_t row, T* to);
};
// A plane that is convolved to one as wide, by steps of one: position i of n pairs with x[i + offset] of each tap,
// where the tap's mask of bits has position i; taps of one mask come together. Up to a vector past the last position is
// read.
template <class T>
struct FlatTap {
  int64_t offset;
  const T* mask;
  bool everywhere;  // the mask has all of them
  int64_t weight;   // which element of the window it is
};
template <class T>
struct FlatOf {
  int64_t vector;
  void (*sums)(int64_t n, int64_t taps, const FlatTap<T>* t, const T* x, const T* w, T start, T* y);
  // lanes[tap * vector + lane] += g times x
  void (*dots)(int64_t n, int64_t taps, const FlatTap<T>* t, const T* x, const T* g, T* lanes);
};
struct ConvKernels {
  TapOf<float> of_float;
  TapOf<double> of_double;
  RowOf<float> rows_of_float;
  RowOf<double> rows_of_double;
  FlatOf<float> flat_of_float;
  FlatOf<double> flat_of_double;
};
WG_LEVEL_TABLE(ConvKernels, conv_kernels, conv_table)
template <class T>
const RowOf<T>& rows_of() {
  if constexpr (sizeof(T) == 4)
    return conv_table().rows_of_float;
  else
    return conv_table().rows_of_double;
}

}  // namespace wg
