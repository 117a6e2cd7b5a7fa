// Softmax and log_softmax with native derivatives.
#include "../kernels/softmax.h"

#include "calls.h"
#include "expect.h"
#include "reduced.h"

namespace wg {
namespace {

DType work_dtype(DType d) { return is_reduced(d) ? DType::Float32 : d; }

Soft shape_of(const Tensor& x, int dim, bool log) {
  Soft s{work_dtype(x.dtype), 1, 1, 1, log};
  for (int i = 0; i < x.ndim(); ++i) (i < dim ? s.outer : i == dim ? s.n : s.inner) *= x.size(i);
  return s;
}

void forward(Call& c, bool log) {
  Tensor& x = c.tensor(0);
  int dim = reduced_dim(c, 1, x.ndim());
  DType dtype = c.dtype_or(2, x.dtype);
  const char* kernel = dim >= x.ndim() - 1 ? (log ? "log_softmax_lastdim_kernel_impl" : "softmax_lastdim_kernel_impl")
                                           : (log ? "log_softmax_kernel_impl" : "softmax_kernel_impl");
  WG_CHECK_KIND(Kind::NotImplemented, is_floating(dtype), '"', kernel, "\" not implemented for '", torch_name(dtype),
                "'");
  TensorRef from = contiguous(*as_dtype(TensorRef(&x), work_dtype(dtype)));
  TensorRef out = empty(x.sizes, from->dtype);
  const Soft shape = shape_of(*from, dim, log);
  softmax(shape, from->data(), out->data());
  if (is_reduced(dtype) && shape.n > 0 && log == (dim >= x.ndim() - 1))
    round_parts(shape, dtype, from->as<float>(), out->as<float>());
  c.out(as_dtype(std::move(out), dtype));
}

void backward(Call& c, bool log) {
  Tensor &g = c.tensor(0), &y = c.tensor(1);
  expect_sizes(c, g.sizes, y.sizes, "a gradient");
  expect(c, is_floating(y.dtype), "a result of floating point dtype");
  int dim = reduced_dim(c, 2, y.ndim());
  DType work = work_dtype(y.dtype);
  TensorRef grad = contiguous(*as_dtype(TensorRef(&g), work)), out = contiguous(*as_dtype(TensorRef(&y), work));
  TensorRef result = empty(y.sizes, work);
  softmax_backward(shape_of(*out, dim, log), grad->data(), out->data(), result->data());
  c.out(as_dtype(std::move(result), y.dtype));
}

}  // namespace

WG_OP_AS(softmax, "softmax.int", Primitive) { forward(c, false); }
WG_OP_AS(log_softmax, "log_softmax.int", Primitive) { forward(c, true); }
WG_OP(_softmax_backward) { backward(c, false); }
WG_OP(_log_softmax_backward) { backward(c, true); }

}  // namespace wg
