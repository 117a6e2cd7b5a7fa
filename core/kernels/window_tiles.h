// Windows of positions times a panel of output channels, in registers; one table per level of x86-64.
#pragma once
#include <cstdint>

#include "levels.h"

namespace wg {

// Positions come in blocks of `rows`: the tables have whole blocks, what is there past `positions` is read, not used.
template <class T>
struct WindowPanel {
  int64_t positions;
  const T* x;
  const int64_t *at, *to;  // of each position: where its window begins in x, where its results go in y
  const int32_t* taps;     // of each row of w: how far from its window's begin its element lies
  // w has `planes` planes of `lines` lines of `row` rows. A block needs the lines [low, high) of each: the others meet
  // padding.
  const int64_t *low, *high;
  int64_t planes, lines, row;
  const T* w;  // rows of `vectors` vectors
  int64_t vectors;
  T* sums;  // `vectors` vectors a position; null if this is all
  bool first, last;
  const T* bias;  // of the panel's channels
  int64_t channels;
  T* y;
  int64_t y_step;  // from a channel to the next
};
template <class T>
struct WindowTilesOf {
  int64_t rows, vector, vectors;  // positions of a block, channels of a vector, the most vectors of a panel
  void (*multiply)(const WindowPanel<T>& p);
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
