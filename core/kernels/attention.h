// Attention of one head after another, in blocks of queries, without keeping the weights.
#pragma once
#include <cstdint>

#include "../dtype.h"

namespace wg {

// A (batch, heads, rows, width) tensor whose last dim is contiguous.
struct Heads {
  char* data;
  int64_t batch, head, row;  // strides in elements
};

struct Attention {
  DType dtype;  // Float32 or Float64
  int64_t batch, heads, queries, keys, width, value_width;
  Heads q, k, v;
  const char* mask;                                   // added to the scores; null: none
  int64_t mask_batch, mask_head, mask_row, mask_col;  // its strides
  bool causal;
  double scale;
};
// out: like q with value_width; log_sums: batch x heads x queries.
void attend(const Attention& a, const Heads& out, char* log_sums);
void attend_backward(const Attention& a, const Heads& g, const Heads& out, const char* log_sums, const Heads& gq,
                     const Heads& gk, const Heads& gv);

}  // namespace wg
