// Rows of attention weights, one table per level of x86-64.
#pragma once
#include <cstdint>

#include "levels.h"

namespace wg {

// A row of scores has room for a multiple of this many elements, which the kernels use.
constexpr int64_t kRowPad = 16;
constexpr int64_t padded(int64_t n) { return (n + kRowPad - 1) / kRowPad * kRowPad; }

template <class T>
struct AttentionOf {
  // s = softmax(s * scale + mask) in place; mask may be null, its elements lie `step` apart. A row that is all -inf
  // becomes 0. The sum of the exponentials is of what is left when `top` is taken off.
  T (*softmax)(T* s, int64_t n, T scale, const T* mask, int64_t step, T* top);
  // sums = top + log(sums); inf where a sum is 0.
  void (*log_sums)(T* sums, const T* top, int64_t n);
  // s = exp(s * scale + mask - log_sum) in place.
  void (*weights)(T* s, int64_t n, T scale, const T* mask, int64_t step, T log_sum);
  // d = p * (d - delta) * scale in place.
  void (*gradient)(T* d, const T* p, int64_t n, T delta, T scale);
  T (*dot)(const T* x, const T* y, int64_t n);
};
struct AttentionKernels {
  AttentionOf<float> of_float;
  AttentionOf<double> of_double;
};
WG_LEVEL_TABLE(AttentionKernels, attention_kernels, attention_table)

}  // namespace wg
