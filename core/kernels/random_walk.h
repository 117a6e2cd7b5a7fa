// The order in which random samples meet the elements of strided tensors: memory order, as in torch's iterator.
#pragma once
#include <cstdint>

namespace wg {

// Dimension 0 is the innermost. Strides are in elements, one row an operand; 0 in a broadcast dimension.
struct Walk {
  static constexpr int kDims = 64, kOperands = 3;
  int ndim = 0, operands = 1;
  int64_t numel = 0;
  int64_t size[kDims];
  int64_t stride[kOperands][kDims];
  bool dense = false;  // one dimension of stride 1 in every operand

  // From sizes and strides in the order of the tensor's dimensions.
  Walk(const int64_t* sizes, int ndim, const int64_t* const* strides, int operands);
};

// f(offset of each operand): all elements in order.
template <class F>
void walk(const Walk& w, F&& f) {
  if (w.numel == 0) return;
  int64_t at[Walk::kDims] = {}, off[Walk::kOperands] = {};
  const int64_t n = w.ndim ? w.size[0] : 1;
  int64_t step[Walk::kOperands] = {};
  for (int k = 0; k < w.operands; ++k) step[k] = w.ndim ? w.stride[k][0] : 0;
  for (;;) {
    for (int64_t i = 0; i < n; ++i) f(off[0] + i * step[0], off[1] + i * step[1], off[2] + i * step[2]);
    int d = 1;
    for (; d < w.ndim; ++d) {
      for (int k = 0; k < w.operands; ++k) off[k] += w.stride[k][d];
      if (++at[d] < w.size[d]) break;
      for (int k = 0; k < w.operands; ++k) off[k] -= w.stride[k][d] * w.size[d];
      at[d] = 0;
    }
    if (d >= w.ndim) return;
  }
}

}  // namespace wg
