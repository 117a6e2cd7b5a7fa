// Loops of ops that rearrange whole tensors: triangles, periodic copies.
#pragma once
#include "copy.h"

namespace wg {

// out[b, i, j] = in[b, i, j] on and below (lower) or on and above the k-th diagonal, else 0; both contiguous.
void triangle(char* out, const char* in, int64_t batch, int64_t rows, int64_t cols, int64_t k, bool lower,
              int itemsize);

// out = first, first + step, first + 2 step …: every element is computed from its position.
void arithmetic(char* out, DType type, int64_t n, double first, double step, bool vectors);
void arithmetic(char* out, DType type, int64_t n, int64_t first, int64_t step);
// n values from first to last, symmetric: the second half counts back from the last.
void evenly_spaced(char* out, DType type, int64_t n, complex128 first, complex128 last);

}  // namespace wg
