// What the op bodies of reductions share: which dims, which result.
#pragma once
#include "../kernels/reduce.h"
#include "../op.h"

namespace wg {

// The dims of a reduction: argument `at` wrapped, sorted, written back in that form. Absent or empty: all dims.
uint64_t reduced_dims(Call& c, int at, int ndim);
// One dim, wrapped and written back.
int reduced_dim(Call& c, int at, int ndim);
Dims reduced_sizes(const Dims& sizes, uint64_t mask, bool keepdim);
// A fresh tensor with the fold of x over the dims in mask, in the fold's own dtype.
TensorRef folded(const Tensor& x, Fold f, uint64_t mask, bool keepdim, double p = 0);
// The number of elements behind each result.
int64_t count_of(const Tensor& x, uint64_t mask);
inline bool in_mask(uint64_t mask, int dim) { return mask >> dim & 1; }
inline uint64_t all_dims(const Tensor& x) { return dim_mask(Dims(), x.ndim()); }
// t, cast when its dtype differs.
inline TensorRef as_dtype(TensorRef t, DType d) { return t->dtype == d ? t : cast(*t, d); }

}  // namespace wg
