// Softmax and its logarithm along one dim, and their derivatives.
#pragma once
#include <cstdint>

#include "../dtype.h"

namespace wg {

// A contiguous tensor seen as outer x n x inner; the softmax runs over n.
struct Soft {
  DType dtype;  // Float32 or Float64
  int64_t outer, n, inner;
  bool log;
};
void softmax(const Soft& s, const char* x, char* y);
// g: gradient of y; gx: gradient of x.
void softmax_backward(const Soft& s, const char* g, const char* y, char* gx);

}  // namespace wg
