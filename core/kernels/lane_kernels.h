// Planes of as many channels as a vector has lanes, side by side: sums over their windows; a table per level of x86-64.
#pragma once
#include <cstdint>

#include "levels.h"

namespace wg {

// A tap of some positions: which element of the window it is, and what the first of them meets. Both count vectors.
struct LaneTap {
  int32_t at, weight;
};
// Positions of a result that meet the same taps, from one on; they and what they meet lie in steps.
struct LaneRun {
  int64_t n, to, first, taps;
};
template <class T>
struct LanesOf {
  int64_t vector;
  // to[at[i] * vector + lane] = from[lane * step + i], and back without a table; lanes past the last are zeros.
  void (*gather)(int64_t lanes, int64_t n, const T* from, int64_t step, const int32_t* at, T* to);
  void (*spread)(int64_t lanes, int64_t n, const T* from, T* to, int64_t step);
  // y = start + the sum over taps of x times w; without a start it goes on from y.
  void (*sums)(int64_t count, const LaneRun* runs, const LaneTap* taps, const T* x, int64_t x_step, const T* w,
               const T* start, T* y, int64_t y_step);
  // sums[tap] += the sum over positions of g times x, of which rows are x_row apart and columns x_step.
  void (*dots)(int64_t rows, int64_t cols, const T* g, const T* x, int64_t x_row, int64_t x_step, int64_t taps,
               const int32_t* at, T* sums);
};
struct LaneKernels {
  LanesOf<float> of_float;
  LanesOf<double> of_double;
};
WG_LEVEL_TABLE(LaneKernels, lane_kernels, lane_table)
template <class T>
const LanesOf<T>& lanes_of() {
  if constexpr (sizeof(T) == 4)
    return lane_table().of_float;
  else
    return lane_table().of_double;
}

}  // namespace wg
