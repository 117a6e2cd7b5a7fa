// The inner loops of softmax, one table per level of x86-64.
#pragma once
#include <cstdint>

#include "levels.h"

namespace wg {

inline constexpr int64_t kSoftTile = 128;  // columns at once

template <class T>
struct SoftmaxOf {
  void (*rows)(T* y, const T* x, int64_t rows, int64_t n, bool log);
  // n elements per column, `step` apart; cols <= kSoftTile columns side by side.
  void (*columns)(T* y, const T* x, int64_t n, int64_t step, int64_t cols, bool log);
  void (*rows_backward)(T* gx, const T* g, const T* y, int64_t rows, int64_t n, bool log);
  // Of the negative log-likelihood of log-probabilities y: gx = scale[row] * (exp(y) - one at target[row]).
  void (*rows_nll)(T* gx, const T* y, const T* scale, const int64_t* target, int64_t rows, int64_t n);
  T (*largest)(const T* x, int64_t n);
  void (*columns_backward)(T* gx, const T* g, const T* y, int64_t n, int64_t step, int64_t cols, bool log);
};
struct SoftmaxKernels {
  SoftmaxOf<float> of_float;
  SoftmaxOf<double> of_double;
};
WG_LEVEL_TABLE(SoftmaxKernels, softmax_kernels, softmax_table)

}  // namespace wg
