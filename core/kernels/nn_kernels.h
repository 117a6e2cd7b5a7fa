// Elementwise losses over contiguous arrays, one table per level of x86-64.
#pragma once
#include <cstdint>

#include "levels.h"

namespace wg {

enum class Loss : uint8_t { Squared, SmoothL1, Huber, CrossEntropy };

template <class T>
struct NnOf {
  // y[i] = loss(x[i], t[i]); p: beta of SmoothL1, delta of Huber.
  void (*map)(Loss kind, T p, const T* x, const T* t, T* y, int64_t n);
  // The sum of the same over at most kLossBlock elements.
  T (*sum)(Loss kind, T p, const T* x, const T* t, int64_t n);
  // False when an element lies outside [0, 1] (nan does).
  bool (*probabilities)(const T* x, int64_t n);
};
inline constexpr int64_t kLossBlock = 1024;
struct NnKernels {
  NnOf<float> of_float;
  NnOf<double> of_double;
};
WG_LEVEL_TABLE(NnKernels, nn_kernels, nn_table)

}  // namespace wg
