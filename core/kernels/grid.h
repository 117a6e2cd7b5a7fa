// Sampling images and volumes at the points of a grid.
#pragma once
#include <cstdint>

#include "../dtype.h"

namespace wg {

enum class GridMode : int64_t { Linear, Nearest, Cubic };
enum class GridPadding : int64_t { Zeros, Border, Reflection };

// input: images x channels x in[0] x … (dims of them), grid: images x points x dims, where the last number goes with
// the first dim; output: images x channels x points. All contiguous, Float32 or Float64. A plane has fewer than 2^31
// elements.
struct GridSample {
  DType dtype;
  int dims;
  int64_t images, channels, points;
  int64_t in[3];
  GridMode mode;
  GridPadding padding;
  bool align;
};
void grid_sample(const GridSample& s, const char* input, const char* grid, char* output);
// From the gradient of the output: adds to g_input, writes g_grid (each may be null).
void grid_sample_backward(const GridSample& s, const char* g, const char* input, const char* grid, char* g_input,
                          char* g_grid);

}  // namespace wg
