// Variances, norms and log-sum-exp over dims, and the parts of the derivatives of reductions that need choices.
#include <cmath>
#include <limits>

#include "../apply.h"
#include "../tape.h"
#include "calls.h"
#include "reduced.h"

namespace wg {
namespace {

DType work_dtype(DType d) { return is_reduced(d) ? DType::Float32 : d; }

// out = f(out) for real tensors of a reduction's size.
template <class F>
void each(Tensor& t, F f) {
  if (t.dtype == DType::Float32)
    for (int64_t i = 0; i < t.numel; ++i) t.as<float>()[i] = float(f(t.as<float>()[i]));
  else
    for (int64_t i = 0; i < t.numel; ++i) t.as<double>()[i] = f(t.as<double>()[i]);
}

void variance(Call& c, const char* name, bool root) {
  Tensor& given = c.tensor(0);
  WG_CHECK(is_differentiable(given.dtype), "std and var only support floating point and complex dtypes");
  uint64_t mask = reduced_dims(c, 1, given.ndim());
  if (!c.has(2)) c.set(2, Value::of_float(1));
  GradMode off(false);
  TensorRef x = as_dtype(TensorRef(&given), work_dtype(given.dtype));
  double n = double(count_of(*x, mask)), divisor = std::max(0.0, n - c.real(2));
  TensorRef mean = folded(*x, Fold::Sum, mask, true);
  mean = call<"div">(mean, n);
  TensorRef centred = call<"sub">(x, mean, 1);
  TensorRef out = folded(*centred, Fold::SquareSum, mask, c.flag(3));
  if (divisor == 0 && out->numel)
    warn(
        str(name,
            "(): degrees of freedom is <= 0. Correction should be strictly less than the reduction factor (input numel "
            "divided by output numel)."));
  each(*out, [&](auto v) {
    auto r = v / decltype(v)(divisor);
    return root ? std::sqrt(r) : r;
  });
  c.out(as_dtype(std::move(out), real_of(given.dtype)));
}

void check_norm(const Tensor& x, double p, uint64_t mask, bool whole) {
  if (p != std::numeric_limits<double>::infinity() && p >= 0) return;
  std::string order = std::isinf(p) ? (p < 0 ? "-inf" : "inf") : str(p);
  if (whole)
    WG_CHECK(x.numel, "linalg.vector_norm cannot compute the ", order,
             " norm on an empty tensor because the operation does not have an identity");
  for (int i = 0; i < x.ndim(); ++i)
    WG_CHECK(!in_mask(mask, i) || x.size(i), "linalg.vector_norm cannot compute the ", order, " norm on the dimension ",
             i, "because this dimension is empty and the operation does not have an identity");
}

TensorRef vector_norm(const Tensor& x, double p, uint64_t mask, bool keepdim) {
  if (p == 0) return folded(x, Fold::NonZero, mask, keepdim);
  if (p == 1) return folded(x, Fold::AbsSum, mask, keepdim);
  if (std::isinf(p)) return folded(x, p > 0 ? Fold::AbsMax : Fold::AbsMin, mask, keepdim);
  TensorRef out = folded(x, p == 2 ? Fold::SquareSum : Fold::PowSum, mask, keepdim, p);
  each(*out, [&](auto v) { return p == 2 ? std::sqrt(v) : std::pow(v, decltype(v)(1 / p)); });
  return out;
}

TensorRef put_back(const Value& t, const Tensor& like, const Value& dims, bool keepdim) {
  return call<"_expand_reduced">(t, like.sizes, dims, keepdim);
}

// The gradient of a norm but for the shape: g and y have the sizes of x. Where the norm is 0 the gradient is 0 (what
// is masked, and so which higher derivatives are nan there, is as in torch).
TensorRef norm_rule(const TensorRef& g, const TensorRef& x, const TensorRef& y, double p) {
  if (p == 1) return call<"mul">(g, call<"sgn">(x));
  TensorRef zero = call<"eq">(y, 0);
  if (p == 2) return call<"mul">(g, call<"where">(zero, 0, call<"div">(x, y)));
  TensorRef size = call<"abs">(x);
  if (p < 1) {
    TensorRef powers = call<"where">(call<"eq">(x, 0), 0, call<"pow.Tensor_Scalar">(size, p - 1));
    TensorRef slope = call<"mul">(call<"sgn">(x), powers);
    return call<"mul">(call<"mul">(slope, g), call<"pow.Tensor_Scalar">(y, 1 - p));
  }
  TensorRef slope = p < 2 ? call<"mul">(call<"sgn">(x), call<"pow.Tensor_Scalar">(size, p - 1))
                          : call<"mul">(x, call<"pow.Tensor_Scalar">(size, p - 2));
  TensorRef factor = call<"where">(zero, 0, call<"div">(g, call<"pow.Tensor_Scalar">(y, p - 1)));
  return call<"mul">(slope, factor);
}

// g shared evenly among the elements that `hit`.
TensorRef shared(const TensorRef& g, const TensorRef& hit, const Value& dims) {
  TensorRef count = call<"sum.dim_IntList">(hit, dims, true);
  return call<"mul">(call<"div">(g, count), hit);
}

}  // namespace

WG_OP_AS(var, "var.correction", Primitive) { variance(c, "var", false); }
WG_OP_AS(std_, "std.correction", Primitive) { variance(c, "std", true); }

// _var_backward(g, self, dim, correction, keepdim): 2 / (n - correction) * g * (self - mean).
WG_OP_AS(var_backward, "_var_backward", Composite) {
  Tensor& x = c.tensor(1);
  double divisor = double(count_of(x, dim_mask(c.ints(2), x.ndim()))) - c.real(3);
  TensorRef mean = call<"mean.dim">(x, c.args[2], true);
  TensorRef centred = call<"sub">(x, mean, 1);
  TensorRef factor = call<"mul">(c.tensor(0), 2 / divisor);
  c.out(call<"mul">(put_back(Value(factor), x, c.args[2], c.flag(4)), centred));
}

// The forms of var and std with unbiased= in place of correction=, of all elements or over dims.
template <OpName name>
static TensorRef unbiased_form(Call& c, bool over_dims) {
  Tensor& x = c.tensor(0);
  int flag_at = over_dims ? 2 : 1;
  bool unbiased = !c.has(flag_at) || c.flag(flag_at), keepdim = over_dims && c.has(3) && c.flag(3);
  return call<name>(x, over_dims ? c.args[1] : Value(), int(unbiased), keepdim);
}
static void unbiased_with_mean(Call& c, const OpDef& op, bool over_dims) {
  const int flag_at = over_dims ? 2 : 1;
  const bool unbiased = !c.has(flag_at) || c.flag(flag_at), keepdim = over_dims && c.has(3) && c.flag(3);
  Value args[4] = {c.args[0], over_dims ? c.args[1] : Value(), Value::of_int(unbiased), Value::of_bool(keepdim)};
  Call whole{&op, args, 4};
  apply(whole);
  c.first = std::move(whole.first);
  c.more = std::move(whole.more);
}

WG_OP_AS(var_all, "var", Composite) { c.out(unbiased_form<"var.correction">(c, false)); }
WG_OP_AS(var_dim, "var.dim", Composite) { c.out(unbiased_form<"var.correction">(c, true)); }
WG_OP_AS(std_all, "std", Composite) { c.out(unbiased_form<"std.correction">(c, false)); }
WG_OP_AS(std_dim, "std.dim", Composite) { c.out(unbiased_form<"std.correction">(c, true)); }

#define WG_WITH_MEAN(name, kind)                                                                                \
  WG_OP_AS(name##_all, #name, Composite) { unbiased_with_mean(c, *find_op(#name ".correction"), false); }       \
  WG_OP_AS(name##_dim, #name ".dim", Composite) { unbiased_with_mean(c, *find_op(#name ".correction"), true); } \
  WG_OP_AS(name##_correction, #name ".correction", Primitive) {                                                 \
    WG_CHECK(is_differentiable(c.tensor(0).dtype), #name " only support floating point and complex dtypes");    \
    GradMode off(false);                                                                                        \
    variance(c, #name, kind);                                                                                   \
    c.out(call<"mean.dim">(c.tensor(0), c.args[1], c.flag(3)));                                                 \
  }
WG_WITH_MEAN(var_mean, false)
WG_WITH_MEAN(std_mean, true)
#undef WG_WITH_MEAN

WG_OP(linalg_vector_norm) {
  Tensor& x = c.tensor(0);
  WG_CHECK(is_differentiable(x.dtype), "linalg.vector_norm: Expected a floating point or complex tensor as input. Got ",
           torch_name(x.dtype));
  DType dtype = c.dtype_or(4, x.dtype);
  WG_CHECK(is_differentiable(dtype), "linalg.vector_norm: dtype should be floating point or complex. Got ",
           torch_name(dtype));
  WG_CHECK(is_complex(dtype) == is_complex(x.dtype), "linalg.vector_norm: dtype should be ",
           is_complex(x.dtype) ? "complex" : "real", " for ", is_complex(x.dtype) ? "complex" : "real", " inputs. Got ",
           torch_name(dtype));
  WG_CHECK(promote(x.dtype, dtype) == dtype, "linalg.vector_norm: the dtype of the input (", torch_name(x.dtype),
           ") should be convertible without narrowing to the specified dtype (", torch_name(dtype), ")");
  bool whole = !c.has(2) || (c.args[2].tag == Tag::Ints && c.ints(2).empty());
  uint64_t mask = reduced_dims(c, 2, x.ndim());
  double p = c.real_or(1, 2);
  check_norm(x, p, mask, whole);
  c.out(as_dtype(vector_norm(*as_dtype(TensorRef(&x), dtype), p, mask, c.flag(3)), real_of(dtype)));
}

// _norm_backward(g, self, y, ord, dim, keepdim)
WG_OP_AS(norm_backward, "_norm_backward", Composite) {
  Tensor& x = c.tensor(1);
  double p = c.real(3);
  if (p == 0) return c.out(zeros(x.sizes, x.dtype));
  TensorRef self(&x);
  TensorRef g = put_back(c.args[0], x, c.args[4], c.flag(5)), y = put_back(c.args[2], x, c.args[4], c.flag(5));
  if (!std::isinf(p)) return c.out(norm_rule(g, self, y, p));
  TensorRef hit = call<"eq">(call<"abs">(x), y);
  hit = call<"logical_or">(hit, call<"logical_and">(call<"isnan">(x), call<"isnan">(y)));
  c.out(call<"mul">(call<"sgn">(x), shared(g, hit, c.args[4])));
}

// Whether no element is nan, as far as that can be looked at.
static bool no_nan(Tensor& y) {
  if (y.wrapped || !is_floating(y.dtype)) return false;
  const TensorRef found = folded(*call<"isnan">(y), Fold::Any, all_dims(y), false);
  return !*found->as<bool>();
}

// _extreme_backward(g, self, y, dim, keepdim): evenly among the elements equal to the extreme. Of all elements nan is
// equal to nan; over dims it is not, and the gradient is nan, as torch's.
WG_OP_AS(extreme_backward, "_extreme_backward", Composite) {
  Tensor& x = c.tensor(1);
  const bool whole = !c.has(3);
  reduced_dims(c, 3, x.ndim());
  TensorRef g = put_back(c.args[0], x, c.args[3], c.flag(4)), y = put_back(c.args[2], x, c.args[3], c.flag(4));
  TensorRef hit = call<"eq">(x, y);
  if (whole && !no_nan(c.tensor(2)))
    hit = call<"logical_or">(hit, call<"logical_and">(call<"isnan">(x), call<"isnan">(y)));
  c.out(shared(g, hit, c.args[3]));
}

// log(sum(exp(x - top))) + top; top: the largest (real part), or 0 where that is infinite. Half precision is rounded at
// every step, as torch's is.
static TensorRef log_sum(const TensorRef& x, uint64_t mask, bool keepdim) {
  TensorRef real = is_complex(x->dtype) ? call<"real">(x) : x;
  TensorRef top = as_dtype(folded(*real, Fold::Max, mask, true), work_dtype(real->dtype));
  each(*top, [](auto v) { return std::isinf(v) ? decltype(v)(0) : v; });
  top = as_dtype(top, real->dtype);
  TensorRef sum = as_dtype(folded(*call<"exp">(call<"sub">(x, top, 1)), Fold::Sum, mask, keepdim), x->dtype);
  TensorRef back = call<"reshape">(top, sum->sizes);
  return call<"add">(call<"log">(sum), back, 1);
}

WG_OP(logsumexp) {
  Tensor& given = c.tensor(0);
  uint64_t mask = reduced_dims(c, 1, given.ndim());
  DType dtype = is_differentiable(given.dtype) ? given.dtype : default_dtype();
  GradMode off(false);
  c.out(log_sum(as_dtype(TensorRef(&given), dtype), mask, c.flag(2)));
}

}  // namespace wg
