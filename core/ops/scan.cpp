// Cumulative sums, products, extremes and log-sums.
#include "../kernels/scan.h"

#include "calls.h"
#include "reduced.h"

namespace wg {
namespace {

Scan shape_of(const Tensor& x, int dim) {
  Scan s{x.dtype, 1, 1, 1};
  for (int i = 0; i < x.ndim(); ++i) (i < dim ? s.outer : i == dim ? s.n : s.inner) *= x.size(i);
  return s;
}

using Kernel = void (*)(const Scan&, const char*, char*);

// Integers become int64; a given dtype is that of the terms.
void accumulate(Call& c, Kernel kernel, bool reverse = false) {
  Tensor& x = c.tensor(0);
  int dim = reduced_dim(c, 1, x.ndim());
  DType dtype = c.dtype_or(2, is_differentiable(x.dtype) ? x.dtype : DType::Int64);
  WG_CHECK(dtype != DType::Bool, "\"cumsum_out_cpu\" not implemented for 'Bool'");
  TensorRef from = contiguous(*as_dtype(TensorRef(&x), dtype));
  TensorRef out = empty(x.sizes, dtype);
  Scan s = shape_of(*from, dim);
  s.reverse = reverse;
  kernel(s, from->data(), out->data());
  c.out(std::move(out));
}

void extremes(Call& c, bool max) {
  Tensor& x = c.tensor(0);
  int dim = reduced_dim(c, 1, x.ndim());
  WG_CHECK_KIND(Kind::NotImplemented, !is_complex(x.dtype), max ? "\"cummax_cpu\"" : "\"cummin_cpu\"",
                " not implemented for '", torch_name(x.dtype), "'");
  TensorRef from = contiguous(x), values = empty(x.sizes, x.dtype), indices = empty(x.sizes, DType::Int64);
  cumulative_extreme(shape_of(*from, dim), max, from->data(), values->data(), indices->as<int64_t>());
  c.out(std::move(values));
  c.out(std::move(indices));
}

}  // namespace

WG_OP(cumsum) { accumulate(c, cumulative_sum); }
WG_OP(cumprod) { accumulate(c, cumulative_product); }
// The adjoint of cumsum: sums from the end.
WG_OP(_reverse_cumsum) { accumulate(c, cumulative_sum, true); }
WG_OP(cummax) { extremes(c, true); }
WG_OP(cummin) { extremes(c, false); }

WG_OP(logcumsumexp) {
  Tensor& x = c.tensor(0);
  int dim = reduced_dim(c, 1, x.ndim());
  WG_CHECK_KIND(Kind::NotImplemented, is_floating(x.dtype), "\"logcumsumexp_out_cpu\" not implemented for '",
                torch_name(x.dtype), "'");
  TensorRef from = contiguous(x), out = empty(x.sizes, x.dtype);
  cumulative_logsumexp(shape_of(*from, dim), from->data(), out->data());
  c.out(std::move(out));
}

// Each gradient goes to the element its output came from; an element may have been the extreme of many.
WG_OP_AS(cumextreme_backward, "_cumextreme_backward", Composite) {
  Tensor& g = c.tensor(0);
  if (g.ndim() == 0) return c.out(TensorRef(&g));
  c.out(call<"scatter_add">(zeros(g.sizes, g.dtype), c.args[2], c.tensor(1), g));
}

}  // namespace wg
