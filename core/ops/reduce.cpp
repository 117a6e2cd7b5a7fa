// Sums, products, means, extremes and tests over dims: argument checks and dtypes; the loops are in kernels/reduce.
#include <string>

#include "../apply.h"
#include "../program.h"
#include "calls.h"
#include "expect.h"
#include "reduced.h"

namespace wg {

uint64_t reduced_dims(Call& c, int at, int ndim) {
  Dims given;
  if (c.has(at)) {
    if (c.args[at].tag == Tag::Ints)
      given = c.ints(at);
    else
      given.push_back(c.integer(at));
  }
  WG_CHECK(ndim <= kMaxDims, "only tensors with up to ", kMaxDims, " dims are supported");  // sizes may be an argument
  uint64_t mask = 0;
  if (given.empty()) mask = dim_mask(given, ndim);
  for (int64_t d : given) {
    int dim = wrap_dim(d, ndim);
    WG_CHECK(!in_mask(mask, dim), "dim ", dim, " appears multiple times in the list of dims");
    mask |= uint64_t(1) << dim;
  }
  if (ndim == 0) mask = 0;
  Dims canonical;
  for (int i = 0; i < ndim; ++i)
    if (in_mask(mask, i)) canonical.push_back(i);
  if (at < c.nargs && !(c.args[at].tag == Tag::Ints && c.ints(at) == canonical)) c.set_ints(at, canonical);
  return mask;
}

int reduced_dim(Call& c, int at, int ndim) {
  int dim = wrap_dim(c.integer(at), ndim);
  c.set(at, Value::of_int(dim));
  return dim;
}

Dims reduced_sizes(const Dims& sizes, uint64_t mask, bool keepdim) {
  Dims out;
  for (int i = 0; i < sizes.size(); ++i) {
    if (!in_mask(mask, i))
      out.push_back(sizes[i]);
    else if (keepdim)
      out.push_back(1);
  }
  return out;
}

int64_t count_of(const Tensor& x, uint64_t mask) {
  int64_t n = 1;
  for (int i = 0; i < x.ndim(); ++i)
    if (in_mask(mask, i)) n *= x.size(i);
  return n;
}

TensorRef folded(const Tensor& x, Fold f, uint64_t mask, bool keepdim, double p) {
  const bool asks_zero = f == Fold::Any || f == Fold::All || f == Fold::NonZero;
  if (asks_zero && is_stored(x.dtype)) return folded(*cast(x, DType::Bool), f, mask, keepdim, p);
  TensorRef out = empty(reduced_sizes(x.sizes, mask, keepdim), fold_dtype(f, x.dtype));
  fold(f, x.dtype, x.data(), x.sizes, x.strides, mask, p, out->data());
  return out;
}

namespace {

void divide(Tensor& t, double by) {
  visit(t.dtype, [&]<class T>() {
    if constexpr (is_complex_v<T>)
      for (int64_t i = 0; i < t.numel; ++i) t.as<T>()[i] /= typename T::value_type(by);
    else if constexpr (std::is_floating_point_v<T>)
      for (int64_t i = 0; i < t.numel; ++i) t.as<T>()[i] /= T(by);
  });
}

// sum, nansum, prod: an integer becomes int64, a given dtype is that of the terms too.
void accumulate(Call& c, Fold f, uint64_t mask, bool keepdim, int dtype_at) {
  Tensor& x = c.tensor(0);
  DType dtype = c.dtype_or(dtype_at, is_differentiable(x.dtype) ? x.dtype : DType::Int64);
  bool wider = is_reduced(x.dtype) && dtype == DType::Float32;  // the sum is taken in float anyway
  bool integer = !is_differentiable(x.dtype) && !is_stored(x.dtype) && dtype == DType::Int64;
  TensorRef terms = x.dtype == dtype || wider || integer ? TensorRef(&x) : cast(x, dtype);
  c.out(as_dtype(folded(*terms, f, mask, keepdim), dtype));
}

void mean_of(Call& c, uint64_t mask, bool keepdim, int dtype_at) {
  Tensor& x = c.tensor(0);
  bool given = c.has(dtype_at);
  DType dtype = c.dtype_or(dtype_at, x.dtype);
  WG_CHECK(is_differentiable(dtype), "mean(): could not infer output dtype. ", given ? "Optional" : "Input",
           " dtype must be either a floating point or complex dtype. Got: ", torch_name(dtype));
  TensorRef terms = as_dtype(TensorRef(&x), dtype);
  TensorRef out = folded(*terms, Fold::Sum, mask, keepdim);
  divide(*out, double(count_of(x, mask)));
  c.out(as_dtype(std::move(out), dtype));
}

void refuse_complex(const Tensor& x, const char* kernel) {
  WG_CHECK_KIND(Kind::NotImplemented, !is_complex(x.dtype), '"', kernel, "\" not implemented for '",
                torch_name(x.dtype), "'");
}

void need_elements(const Tensor& x, uint64_t mask, const char* name) {
  for (int i = 0; i < x.ndim(); ++i)
    WG_CHECK_INDEX(!in_mask(mask, i) || x.size(i), name, ": Expected reduction dim ", i, " to have non-zero size.");
}

TensorRef extreme(const Tensor& x, bool max, uint64_t mask, bool keepdim) {
  return as_dtype(folded(x, max ? Fold::Max : Fold::Min, mask, keepdim), x.dtype);
}

void extremes_over_dims(Call& c, bool max) {
  Tensor& x = c.tensor(0);
  const char* name = max ? "amax()" : "amin()";
  bool whole = !c.has(1) || (c.args[1].tag == Tag::Ints && c.ints(1).empty());
  const Dims asked = whole ? Dims() : c.ints(1);
  uint64_t mask = reduced_dims(c, 1, x.ndim());
  WG_CHECK(!whole || x.numel, name,
           ": Expected reduction dim to be specified for input.numel() == 0. Specify the reduction "
           "dim with the 'dim' argument.");
  for (int64_t d : asked)
    WG_CHECK_INDEX(!x.ndim() || x.size(wrap_dim(d, x.ndim())), name, ": Expected reduction dim ", d,
                   " to have non-zero size.");
  refuse_complex(x, max ? "max_values_cpu" : "min_values_cpu");
  c.out(extreme(x, max, mask, c.flag(2)));
}

void extreme_of_all(Call& c, bool max) {
  Tensor& x = c.tensor(0);
  WG_CHECK(x.numel, max ? "max()" : "min()",
           ": Expected reduction dim to be specified for input.numel() == 0. Specify the "
           "reduction dim with the 'dim' argument.");
  refuse_complex(x, max ? "max_all" : "min_all");
  c.out(extreme(x, max, all_dims(x), false));
}

void extreme_with_index(Call& c, bool max) {
  Tensor& x = c.tensor(0);
  int dim = reduced_dim(c, 1, x.ndim());
  bool keepdim = c.flag(2);
  TensorRef values, indices;
  if (x.ndim() == 0) {
    values = clone(x);
    indices = zeros(x.sizes, DType::Int64);
  } else {
    uint64_t mask = uint64_t(1) << dim;
    need_elements(x, mask, max ? "max()" : "min()");
    WG_CHECK(!is_complex(x.dtype), max ? "max()" : "min()", ": does not support complex input");
    Dims sizes = reduced_sizes(x.sizes, mask, keepdim);
    values = empty(sizes, x.dtype);
    indices = empty(sizes, DType::Int64);
    fold_index(max, x.dtype, x.data(), x.sizes, x.strides, dim, values->data(), indices->as<int64_t>());
  }
  c.out(std::move(values));
  c.out(std::move(indices));
}

void index_of_extreme(Call& c, bool max) {
  Tensor& x = c.tensor(0);
  const char* name = max ? "argmax()" : "argmin()";
  WG_CHECK(!is_complex(x.dtype), name, ": does not support complex input");
  WG_CHECK(x.dtype != DType::Bool, name, ": does not support bool input");
  bool keepdim = c.flag(2);
  if (!c.has(1)) {
    WG_CHECK_INDEX(x.numel, name, ": Expected reduction dim to be specified for input.numel() == 0.");
    TensorRef flat = contiguous(x), out = empty(reduced_sizes(x.sizes, all_dims(x), keepdim), DType::Int64);
    fold_index(max, x.dtype, flat->data(), {x.numel}, {1}, 0, nullptr, out->as<int64_t>());
    return c.out(std::move(out));
  }
  int dim = reduced_dim(c, 1, x.ndim());
  if (x.ndim() == 0) return c.out(zeros(x.sizes, DType::Int64));
  uint64_t mask = uint64_t(1) << dim;
  need_elements(x, mask, name);
  TensorRef out = empty(reduced_sizes(x.sizes, mask, keepdim), DType::Int64);
  fold_index(max, x.dtype, x.data(), x.sizes, x.strides, dim, nullptr, out->as<int64_t>());
  c.out(std::move(out));
}

void test(Call& c, Fold f, uint64_t mask, bool keepdim) {
  Tensor& x = c.tensor(0);
  TensorRef out = folded(x, f, mask, keepdim);
  c.out(x.dtype == DType::UInt8 ? cast(*out, DType::UInt8) : std::move(out));
}

}  // namespace

WG_OP_AS(sum, "sum", Primitive) { accumulate(c, Fold::Sum, all_dims(c.tensor(0)), false, 1); }
WG_OP_AS(sum_dim, "sum.dim_IntList", Primitive) {
  accumulate(c, Fold::Sum, reduced_dims(c, 1, c.tensor(0).ndim()), c.nargs > 2 && c.flag(2), 3);
}
WG_OP(nansum) {
  WG_CHECK(!is_complex(c.tensor(0).dtype), "nansum on CPU does not support complex inputs");
  WG_CHECK_KIND(Kind::NotImplemented, !c.has(3) || !is_complex(c.args[3].dtype), "\"nansum_cpu\" not implemented for '",
                torch_name(c.args[3].dtype), "'");
  accumulate(c, Fold::NanSum, reduced_dims(c, 1, c.tensor(0).ndim()), c.flag(2), 3);
}
WG_OP_AS(prod, "prod", Primitive) { accumulate(c, Fold::Prod, all_dims(c.tensor(0)), false, 1); }
WG_OP_AS(prod_dim, "prod.dim_int", Primitive) {
  int dim = reduced_dim(c, 1, c.tensor(0).ndim());
  accumulate(c, Fold::Prod, c.tensor(0).ndim() ? uint64_t(1) << dim : 0, c.flag(2), 3);
}
WG_OP_AS(mean, "mean", Primitive) { mean_of(c, all_dims(c.tensor(0)), false, 1); }
WG_OP_AS(mean_dim, "mean.dim", Primitive) { mean_of(c, reduced_dims(c, 1, c.tensor(0).ndim()), c.flag(2), 3); }

// The gradient of a mean that somebody may look at, a leaf's or one with hooks: every element in memory of its own.
static bool spread_where_seen(Node& n, const std::vector<TensorRef>& in, std::vector<TensorRef>& out) {
  const Node* next = n.edges[0].node.get();
  if (!in[0] || !next || !(next->kind == NodeKind::Accumulate || next->extra)) return false;
  const Program& p = *n.program;
  Few<Held, 8> held;
  Few<Value, 8> leaves;
  held.resize(uint32_t(p.leaves.size()));
  leaves.resize(uint32_t(p.leaves.size()));
  for (uint32_t i = 0; i < held.size(); ++i) {
    held[i] = p.leaves[i].kind == Leaf::Grad ? Held(Value(in[0])) : unpack(n, i, false);
    leaves[i] = held[i].get();
  }
  TensorRef spread;
  run_program(p, leaves.begin(), &spread, false, nullptr);
  out[0] = contiguous(*spread);
  return true;
}
[[maybe_unused]] static const Shortcut seen = op_mean.shortcut = op_mean_dim.shortcut = spread_where_seen;

WG_OP(amax) { extremes_over_dims(c, true); }
WG_OP(amin) { extremes_over_dims(c, false); }
WG_OP_AS(max, "max", Primitive) { extreme_of_all(c, true); }
WG_OP_AS(min, "min", Primitive) { extreme_of_all(c, false); }
WG_OP_AS(max_dim, "max.dim", Primitive) { extreme_with_index(c, true); }
WG_OP_AS(min_dim, "min.dim", Primitive) { extreme_with_index(c, false); }
WG_OP_AS(max_other, "max.other", Composite) { c.out(call<"maximum">(c.tensor(0), c.tensor(1))); }
WG_OP_AS(min_other, "min.other", Composite) { c.out(call<"minimum">(c.tensor(0), c.tensor(1))); }
WG_OP(argmax) { index_of_extreme(c, true); }
WG_OP(argmin) { index_of_extreme(c, false); }

WG_OP_AS(aminmax, "aminmax", Composite) {
  Tensor& x = c.tensor(0);
  Dims dims;
  if (c.has(1)) {
    dims.push_back(wrap_dim(c.integer(1), x.ndim()));
    need_elements(x, x.ndim() ? uint64_t(1) << dims[0] : 0, "aminmax");
  }
  WG_CHECK(x.numel || c.has(1),
           "aminmax(): cannot compute aminmax over an empty dimension as the operation has no identity.");
  refuse_complex(x, "aminmax_cpu");
  c.out(call<"amin">(x, dims, c.flag(2)));
  c.out(call<"amax">(x, dims, c.flag(2)));
}

WG_OP_AS(any, "any", Primitive) { test(c, Fold::Any, all_dims(c.tensor(0)), false); }
WG_OP_AS(all, "all", Primitive) { test(c, Fold::All, all_dims(c.tensor(0)), false); }
WG_OP_AS(any_dim, "any.dim", Primitive) { test(c, Fold::Any, reduced_dims(c, 1, c.tensor(0).ndim()), c.flag(2)); }
WG_OP_AS(all_dim, "all.dim", Primitive) { test(c, Fold::All, reduced_dims(c, 1, c.tensor(0).ndim()), c.flag(2)); }
// Unlike other reductions these take an empty list of dims for none.
static uint64_t listed_dims(Call& c) {
  return c.has(1) && c.ints(1).empty() ? 0 : reduced_dims(c, 1, c.tensor(0).ndim());
}
WG_OP_AS(any_dims, "any.dims", Primitive) { test(c, Fold::Any, listed_dims(c), c.flag(2)); }
WG_OP_AS(all_dims_of, "all.dims", Primitive) { test(c, Fold::All, listed_dims(c), c.flag(2)); }

WG_OP_AS(count_nonzero, "count_nonzero", Primitive) {
  c.out(folded(c.tensor(0), Fold::NonZero, reduced_dims(c, 1, c.tensor(0).ndim()), false));
}
WG_OP_AS(count_nonzero_dims, "count_nonzero.dim_IntList", Primitive) {
  c.out(folded(c.tensor(0), Fold::NonZero, reduced_dims(c, 1, c.tensor(0).ndim()), false));
}

// The adjoint of a reduction's shape: g with the reduced dims put back, repeated to `sizes`.
WG_OP_AS(expand_reduced, "_expand_reduced", View) {
  Tensor& g = c.tensor(0);
  const Dims& sizes = c.ints(1);
  uint64_t mask = reduced_dims(c, 2, sizes.size());
  bool kept = c.flag(3);
  Dims strides(sizes.size());
  const Dims expected = reduced_sizes(sizes, mask, kept);
  Dims given;  // vmap hands a batch of numbers over as (batch, 1)
  for (int i = 0; i < g.sizes.size(); ++i)
    if (i < expected.size() || g.sizes[i] != 1) given.push_back(g.sizes[i]);
  expect_sizes(c, given, expected, "a gradient");
  for (int i = 0, k = 0; i < sizes.size(); ++i) {
    if (in_mask(mask, i)) {
      if (kept) ++k;
    } else {
      strides[i] = g.strides[k++];
    }
  }
  c.out(alias(g, sizes, strides, g.offset));
}

// The adjoint of mean: _expand_reduced, divided by the number of elements behind each result.
WG_OP_AS(spread_mean, "_spread_mean", Composite) {
  Tensor& x = c.tensor(0);
  const Dims& sizes = c.ints(1);
  if (!modes().grad && !x.wrapped && x.numel == 1 && c.args[2].none()) {
    // Nothing is recorded: one number, which is fresh and can be laid out as all of them.
    Value args[2] = {Value(&x), Value::of_float(double(numel_of(sizes)))};
    Call inner{&op<"div">(), args, 2};
    run_body(inner);
    Tensor& t = *inner.first;
    t.sizes = sizes;
    t.strides = Dims(sizes.size(), 0);
    t.numel = numel_of(sizes);
    t.contiguous = is_contiguous(t.sizes, t.strides);
    return c.out(std::move(inner.first));
  }
  int64_t n = 1;
  uint64_t mask = reduced_dims(c, 2, sizes.size());
  for (int i = 0; i < sizes.size(); ++i)
    if (in_mask(mask, i)) n *= sizes[i];
  TensorRef g = call<"div">(x, double(n));
  c.out(call<"_expand_reduced">(g, sizes, c.args[2], c.flag(3)));
}

WG_OP(trace) {
  Tensor& x = c.tensor(0);
  WG_CHECK(x.ndim() == 2, "trace: expected a matrix, but got tensor with dim ", x.ndim());
  WG_CHECK_KIND(Kind::NotImplemented, x.dtype != DType::Bool, "\"trace\" not implemented for 'Bool'");
  TensorRef line = alias(x, {std::min(x.size(0), x.size(1))}, {x.strides[0] + x.strides[1]}, x.offset);
  TensorRef out = folded(*line, Fold::Sum, 1, false);
  c.out(is_differentiable(x.dtype) ? as_dtype(std::move(out), x.dtype) : std::move(out));
}
WG_OP_AS(trace_backward, "_trace_backward", Composite) {
  const Dims& sizes = c.ints(1);
  expect_ndim(c, sizes.size(), 2, 2, "sizes");
  TensorRef line = call<"expand">(c.tensor(0), Dims{std::min(sizes[0], sizes[1])}, false);
  c.out(call<"_diagonal_backward">(line, sizes, 0, 0, 1));
}

}  // namespace wg
