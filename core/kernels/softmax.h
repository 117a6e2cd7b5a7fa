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
// Half precision as in torch: gives y, the float32 softmax of x, the digits that it has when parts of it are rounded to
// `half`: of log_softmax the sum and its logarithm, of softmax the exponentials.
void round_parts(const Soft& s, DType half, const float* x, float* y);
void softmax_backward(const Soft& s, const char* g, const char* y, char* gx);

// The gradient through log_softmax and the negative log-likelihood of one class a row; y: log-probabilities, inner = 1.
// scale: one a row, 0 for rows that do not count (their target is not read).
void nll_softmax_backward(const Soft& s, const char* y, const double* scale, const int64_t* target, char* gx);

}  // namespace wg
