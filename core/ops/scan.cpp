// Cumulative sums, products, extremes and log-sums.
#include "../kernels/scan.h"

#include "../kernels/reduce.h"

#include "calls.h"
#include "expect.h"
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
  const int64_t asked = c.integer(1);
  WG_CHECK_INDEX(x.ndim() || asked == 0 || asked == -1, max ? "cummax" : "cummin",
                 "(): Expected reduction dim -1 or 0 for scalar but got ", asked);
  int dim = reduced_dim(c, 1, x.ndim());
  WG_CHECK_KIND(Kind::NotImplemented, !is_complex(x.dtype), max ? "\"cummax_cpu\"" : "\"cummin_cpu\"",
                " not implemented for '", torch_name(x.dtype), "'");
  TensorRef from = contiguous(x), values = empty(x.sizes, x.dtype), indices = empty(x.sizes, DType::Int64);
  cumulative_extreme(shape_of(*from, dim), max, from->data(), values->data(), indices->as<int64_t>());
  c.out(std::move(values));
  c.out(std::move(indices));
}

void log_sums(Call& c) {
  Tensor& x = c.tensor(0);
  int dim = reduced_dim(c, 1, x.ndim());
  WG_CHECK_KIND(Kind::NotImplemented, is_differentiable(x.dtype), "\"logcumsumexp_out_cpu\" not implemented for '",
                torch_name(x.dtype), "'");
  TensorRef from = contiguous(x), out = empty(x.sizes, x.dtype);
  cumulative_logsumexp(shape_of(*from, dim), from->data(), out->data());
  c.out(std::move(out));
}

}  // namespace

WG_OP(cumsum) { accumulate(c, cumulative_sum); }
WG_OP(cumprod) { accumulate(c, cumulative_product); }
// The adjoint of cumsum: sums from the end.
WG_OP(_reverse_cumsum) { accumulate(c, cumulative_sum, true); }
WG_OP(cummax) { extremes(c, true); }
WG_OP(cummin) { extremes(c, false); }

WG_OP(logcumsumexp) { log_sums(c); }

// Each gradient goes to the element its output came from; an element may have been the extreme of many.
WG_OP_AS(cumextreme_backward, "_cumextreme_backward", Composite) {
  Tensor& g = c.tensor(0);
  if (g.ndim() == 0) return c.out(TensorRef(&g));
  c.out(call<"scatter_add">(zeros(g.sizes, g.dtype), c.args[2], c.tensor(1), g));
}

// _recurrence(a, x, dim, reverse): a linear recurrence along a dim. With it the derivative of a product is exact where
// factors are 0: no division.
WG_OP(_recurrence) {
  int dim = reduced_dim(c, 2, c.tensor(0).ndim());
  expect_sizes(c, c.tensor(1).sizes, c.tensor(0).sizes, "factors");
  TensorRef a = contiguous(c.tensor(0)), x = contiguous(*as_dtype(TensorRef(&c.tensor(1)), a->dtype));
  TensorRef out = empty(a->sizes, a->dtype);
  Scan s = shape_of(*a, dim);
  s.reverse = c.flag(3);
  recurrence(s, a->data(), x->data(), out->data());
  c.out(std::move(out));
}

// _shifted(x, dim, fill, reverse): every element moved on by one place.
WG_OP(_shifted) {
  int dim = reduced_dim(c, 1, c.tensor(0).ndim());
  TensorRef x = contiguous(c.tensor(0)), out = empty(x->sizes, x->dtype);
  Scan s = shape_of(*x, dim);
  s.reverse = c.flag(3);
  shift(s, c.real(2), x->data(), out->data());
  c.out(std::move(out));
}

// Whether all elements are known to be other than 0.
bool none_is_zero(const Tensor& x) {
  if (x.wrapped || is_complex(x.dtype)) return false;
  bool all = true;
  const uint64_t every = x.ndim() ? ~uint64_t(0) >> (64 - x.ndim()) : 0;
  fold(Fold::All, x.dtype, x.data(), x.sizes, x.strides, every, 0, reinterpret_cast<char*>(&all));
  return all;
}

// _prod_backward(g, self, dim, keepdim): without zeros the product divided by each factor, as torch does it. Else a
// product is the last of the cumulative products.
WG_OP_AS(prod_backward, "_prod_backward", Composite) {
  Tensor& self = c.tensor(1);
  TensorRef x(&self), g(&c.tensor(0));
  if (self.dtype != g->dtype) x = call<"_to_copy">(x, Value::of_dtype(g->dtype));  // of a product of another dtype
  if (self.ndim() == 0) return c.out(g);
  bool whole = !c.has(2);
  if (whole) x = call<"reshape">(x, Dims{self.numel});
  if (!self.numel) return c.out(zeros(self.sizes, g->dtype));
  int64_t dim = whole ? 0 : wrap_dim(c.integer(2), x->ndim()), n = x->size(int(dim));
  TensorRef wide = call<"_expand_reduced">(g, x->sizes, Dims{dim}, !whole && c.flag(3));
  if (none_is_zero(*x)) {
    TensorRef others = call<"div">(call<"prod.dim_int">(x, dim, true), x), out = call<"mul">(wide, others);
    return c.out(whole ? call<"reshape">(out, self.sizes) : out);
  }
  Dims line(x->ndim(), 1);
  line[int(dim)] = n;
  TensorRef last = zeros(line, DType::Bool);
  last->as<bool>()[n - 1] = true;
  if (is_complex(x->dtype)) x = call<"conj_physical">(x);
  TensorRef before = call<"_shifted">(call<"cumprod">(x, dim), dim, 1.0, false);
  TensorRef behind = call<"_recurrence">(call<"where">(last, wide, 0), x, dim, true);
  TensorRef out = call<"mul">(before, behind);
  c.out(whole ? call<"reshape">(out, self.sizes) : out);
}

}  // namespace wg
