// Losses over whole arrays: elementwise ones, and the negative log-likelihood of classes.
#pragma once
#include "nn_kernels.h"

#include "../dtype.h"

namespace wg {

// y[i] = loss(x[i], t[i]) for n contiguous elements of Float32 or Float64.
void loss_map(DType dtype, Loss kind, double p, const char* x, const char* t, char* y, int64_t n);
// The sum of the same, in double; the order of additions depends on n alone.
double loss_sum(DType dtype, Loss kind, double p, const char* x, const char* t, int64_t n);
bool all_probabilities(DType dtype, const char* x, int64_t n);

// Class indices t (n per image, `images` of them) into scores x: images x classes x n, contiguous.
struct Classes {
  DType dtype;  // Float32 or Float64
  int64_t images, classes, n;
  const char* x;  // scores; unused by the gradient
  const int64_t* target;
  const char* weight;  // one per class, or null
  int64_t ignore;
};
// Where a target is out of range (and not ignored), or -1.
int64_t first_bad_class(const Classes& c);
void nll_map(const Classes& c, char* y);                              // y: images x n
void nll_sum(const Classes& c, double* total, double* total_weight);  // sum of -w x[t], sum of w
// gx[t] = -w g with g one number for all (each = false) or one per target; the rest of gx is 0.
void nll_backward(const Classes& c, const char* g, bool each, double scale, char* gx);

}  // namespace wg
