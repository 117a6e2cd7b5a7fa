// Reductions of strided tensors over any set of dims; the tree of additions depends on the shape alone.
#pragma once
#include <cstdint>

#include "../dtype.h"
#include "../shape.h"
#include "reduce_folds.h"

namespace wg {

// What is folded; in brackets the type of the result (R: the real type, float for half precision).
enum class Fold : uint8_t {
  Sum,   // [int64 for integers and bool, float for half precision, else the type]
  Prod,  // [likewise]
  Max,
  Min,        // nan wins [the type, float for half precision]
  NanSum,     // nan counts as 0
  AbsSum,     // sum |x| [R]
  SquareSum,  // sum |x|² [R]
  AbsMax,
  AbsMin,   // [R]
  PowSum,   // sum |x|^p [R]
  NonZero,  // [int64]
  Any,
  All,  // [bool]
};

DType fold_dtype(Fold f, DType dtype);
bool fold_exists(Fold f, DType dtype);  // Max of complex numbers does not

// out: one element of fold_dtype() per combination of the dims not in `mask`, row-major. An empty reduction gives the
// fold's identity.
void fold(Fold f, DType dtype, const char* data, const Dims& sizes, const Dims& strides, uint64_t mask, double p,
          char* out);

// Along one dim: the extreme value (nan wins) and the index where it comes first. `values` may be null. Row-major.
void fold_index(bool max, DType dtype, const char* data, const Dims& sizes, const Dims& strides, int dim, char* values,
                int64_t* indices);

}  // namespace wg
