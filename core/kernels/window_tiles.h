// Windows of positions times a panel of output channels, in registers; one table per level of x86-64.
#pragma once
#include <cstdint>

#include "levels.h"

namespace wg {

// Positions come in blocks of `rows`: `at` has whole blocks, what is there past `positions` is read, not used. The
// gradient of a weight is the same sum, with what are taps here for positions, and positions for taps.
template <class T>
struct WindowPanel {
  int64_t positions;
  const T* x;
  const int32_t* at;    // of each position: where its window begins in x
  const int32_t* taps;  // of each row of w: how far from its window's begin its element lies
  // w has `planes` planes of `lines` lines of `row` rows. A block needs the lines [low, high) of each: the others meet
  // padding.
  const int64_t *low, *high;
  int64_t planes, lines, row;
  const T* w;  // rows of `vectors` vectors
  int64_t vectors;
  T* sums;                   // `vectors` vectors a position; null if this is all
  const T* bias;             // what they start from: a vector of each; null if they have begun
  T* y;                      // where they go when this is the last of them; else null
  const int64_t* to;         // of each position
  int64_t channels, y_step;  // of y: how many, and from one to the next
};
template <class T>
struct WindowTilesOf {
  int64_t rows, vector, vectors;  // positions of a block, channels of a vector, the most vectors of a panel
  void (*multiply)(const WindowPanel<T>& p);
  // to[position * side + channel]; from a channel to the next it is `step`. Past the last one: zeros.
  void (*turn)(int64_t channels, int64_t positions, const T* from, int64_t step, T* to, int64_t side);
};
struct WindowTiles {
  WindowTilesOf<float> of_float;
  WindowTilesOf<double> of_double;
};
WG_LEVEL_TABLE(WindowTiles, window_tiles, window_tiles_table)
template <class T>
const WindowTilesOf<T>& window_tiles_of() {
  if constexpr (sizeof(T) == 4)
    return window_tiles_table().of_float;
  else
    return window_tiles_table().of_double;
}

}  // namespace wg
