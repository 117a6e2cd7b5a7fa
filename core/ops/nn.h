// What the bodies of layers and losses share.
#pragma once
#include "../tape.h"

namespace wg {

// Half precision is computed in float.
inline DType work_dtype(DType d) { return is_reduced(d) ? DType::Float32 : d; }
// Contiguous and of this dtype; t itself when it is.
inline TensorRef ready(const Tensor& t, DType d) {
  if (t.dtype == d) return contiguous(t);
  TensorRef y = empty(t.sizes, d);
  copy(*y, t);
  return y;
}
inline TensorRef ready(const Tensor& t) { return ready(t, work_dtype(t.dtype)); }
// The result in the dtype it must have.
inline TensorRef given(TensorRef t, DType d) { return t->dtype == d ? std::move(t) : cast(*t, d); }

inline void check_floating(DType d, const char* kernel) {
  WG_CHECK_KIND(Kind::NotImplemented, is_floating(d), '"', kernel, "\" not implemented for '", torch_name(d), "'");
}

// A norm's parameters have its input's dtype, or are float beside half precision; the first one there decides.
inline void check_parameter_dtypes(const Tensor& x, std::initializer_list<const Tensor*> parameters) {
  bool mixed = false, first = true;
  for (const Tensor* p : parameters)
    if (p) mixed |= first && p->dtype != x.dtype, first = false;
  for (const Tensor* p : parameters) {
    WG_CHECK(!p || mixed || p->dtype == x.dtype, "expected scalar type ", torch_name(x.dtype), " but found ",
             torch_name(p->dtype));
    WG_CHECK(!p || !mixed || p->dtype == DType::Float32,
             "mixed dtype (CPU): expect parameter to have scalar type of Float");
  }
  WG_CHECK(!mixed || is_reduced(x.dtype), "mixed dtype (CPU): all inputs must share same datatype.");
}

// An argument that a loss takes as given: torch has no derivative by it.
inline void refuse_gradient(const Tensor* t, const char* function, const char* argument) {
  WG_CHECK(!t || !t->needs_grad() || !modes().grad, "The function '", function,
           "' is not differentiable with respect to argument '", argument,
           "'. This input cannot have requires_grad True.");
}

enum Reduction : int64_t { kNone = 0, kMean = 1, kSum = 2 };

}  // namespace wg
