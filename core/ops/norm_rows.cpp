// Layer norm and RMS norm: over the last dims.
#include <cmath>
#include <limits>

#include "../kernels/norm.h"
#include "calls.h"
#include "expect.h"
#include "format.h"
#include "nn.h"

namespace wg {
namespace {

Dims rows_shape(const Dims& sizes, int k) {  // the last k dims become 1
  Dims d = sizes;
  for (int i = d.size() - k; i < d.size(); ++i) d[i] = 1;
  return d;
}

RowNorm row_norm_of(const Tensor& x, const Dims& shape, bool centred) {
  const int64_t n = numel_of(shape);
  return {x.dtype, n ? x.numel / n : numel_of(rows_shape(x.sizes, shape.size())), n, centred};
}

void check_shape(const Tensor& x, const Dims& shape, const char* star) {
  WG_CHECK(shape.size() >= 1,
           "Expected normalized_shape to be at least 1-dimensional, i.e., containing at least one "
           "element, but got normalized_shape = ",
           to_string(shape));
  bool ok = x.ndim() >= shape.size();
  for (int i = 0; ok && i < shape.size(); ++i) ok = x.sizes[x.ndim() - shape.size() + i] == shape[i];
  if (ok) return;
  std::string wanted = star;
  for (int i = 0; i < shape.size(); ++i) wanted += (i ? ", " : "") + std::to_string(shape[i]);
  fail(Kind::Runtime, "Given normalized_shape=", to_string(shape), ", expected input with shape [", wanted,
       "], but got input of size", to_string(x.sizes));
}

void check_parameter(const Tensor* p, const char* name, const Dims& shape) {
  WG_CHECK(!p || p->sizes == shape, "Expected ", name, " to be of same shape as normalized_shape, but got ", name,
           " of shape ", to_string(p->sizes), " and normalized_shape = ", to_string(shape));
}

const char* data_of(const TensorRef& t) { return t ? t->data() : nullptr; }
TensorRef ready_or_null(Tensor* t, DType d) { return t ? ready(*t, d) : TensorRef(); }

void forward(Call& c, Tensor& x, const Dims& shape, Tensor* w, Tensor* b, double eps, bool centred) {
  const DType work = work_dtype(x.dtype);
  const TensorRef from = ready(x, work), weight = ready_or_null(w, work), bias = ready_or_null(b, work);
  const RowNorm s = row_norm_of(*from, shape, centred);
  const Dims stats = rows_shape(x.sizes, shape.size());
  TensorRef y = empty(x.sizes, work), rstd = empty(stats, work), mean = centred ? empty(stats, work) : TensorRef();
  if (s.n == 0) {
    if (mean) mean = zeros(stats, work);
    rstd = full(stats, std::numeric_limits<double>::quiet_NaN(), work);
  } else {
    row_norm(s, eps, from->data(), data_of(weight), data_of(bias), y->data(), mean ? mean->data() : nullptr,
             rstd->data());
  }
  y = given(std::move(y), x.dtype);
  c.out(centred ? y : laid_out_like(y, x));
  if (mean) c.out(given(std::move(mean), x.dtype));
  c.out(given(std::move(rstd), x.dtype));
}

// gx, and the gradients of weight and bias.
void backward(Call& c, Tensor& g, Tensor& x, const Dims& shape, Tensor* mean, Tensor& rstd, Tensor* w) {
  check_shape(x, shape, "*, ");
  check_parameter(w, "weight", shape);
  expect(c, is_floating(x.dtype), "an input of floating point dtype");
  expect_sizes(c, g.sizes, x.sizes, "a gradient");
  const int64_t rows = numel_of(rows_shape(x.sizes, shape.size()));
  expect(c, (!mean || mean->numel == rows) && rstd.numel == rows, "statistics of every row");
  const DType work = work_dtype(x.dtype);
  const TensorRef grad = ready(g, work), from = ready(x, work), m = ready_or_null(mean, work), r = ready(rstd, work),
                  weight = ready_or_null(w, work);
  const RowNorm s = row_norm_of(*from, shape, mean != nullptr);
  TensorRef gx = empty(x.sizes, work), gw = empty(shape, work), gb = mean ? empty(shape, work) : TensorRef();
  if (s.n > 0) {
    const TensorRef scratch = zeros({2 * kNormParts, s.n}, work);
    row_norm_backward(s, grad->data(), from->data(), data_of(m), r->data(), data_of(weight), scratch->data(),
                      gx->data(), gw->data(), gb ? gb->data() : nullptr);
  }
  if (mean && w && is_reduced(w->dtype) && w->dtype == x.dtype) {
    const RowNorm narrow{x.dtype, s.rows, s.n, true};
    const TensorRef own_g = ready(g, x.dtype), own_x = ready(x, x.dtype);
    gw = zeros(shape, x.dtype), gb = zeros(shape, x.dtype);
    row_weights_backward(narrow, own_g->data(), own_x->data(), m->as<float>(), r->as<float>(), gw->data(), gb->data());
  }
  c.out(given(std::move(gx), x.dtype));
  c.out(given(std::move(gw), w ? w->dtype : x.dtype));
  if (gb) c.out(given(std::move(gb), w ? w->dtype : x.dtype));
}

}  // namespace

WG_OP(native_layer_norm) {
  Tensor& x = c.tensor(0);
  Tensor *w = c.tensor_or_null(2), *b = c.tensor_or_null(3);
  const Dims& shape = c.ints(1);
  check_shape(x, shape, "*, ");
  check_parameter(w, "weight", shape);
  check_parameter(b, "bias", shape);
  check_floating(x.dtype, "LayerNormKernelImpl");
  check_parameter_dtypes(x, {w, b});
  forward(c, x, shape, w, b, c.real(4), true);
}
// (gradient, input, shape, mean, rstd, weight, eps)
WG_OP(_layer_norm_backward) {
  backward(c, c.tensor(0), c.tensor(1), c.ints(2), &c.tensor(3), c.tensor(4), c.tensor_or_null(5));
}

WG_OP(_fused_rms_norm) {
  Tensor& x = c.tensor(0);
  Tensor* w = c.tensor_or_null(2);
  const Dims& shape = c.ints(1);
  check_shape(x, shape, "*");
  check_parameter(w, "weight", shape);
  check_floating(x.dtype, "rms_norm");
  forward(c, x, shape, w, nullptr, c.real(3), false);
}
// (gradient, input, shape, rstd, weight, eps)
WG_OP(_fused_rms_norm_backward) {
  backward(c, c.tensor(0), c.tensor(1), c.ints(2), nullptr, c.tensor(3), c.tensor_or_null(4));
}

WG_OP_AS(layer_norm, "layer_norm", Composite) {
  c.out(call<"native_layer_norm">(c.tensor(0), c.args[1], Value(c.tensor_or_null(2)), Value(c.tensor_or_null(3)),
                                  c.real_or(4, 1e-5)));
}

// Of complex numbers torch squares the numbers themselves, not their lengths.
static TensorRef complex_rms_norm(const TensorRef& x, const Dims& shape, Tensor* w, double eps) {
  check_shape(*x, shape, "*");
  if (w) check_parameter(w, "weight", shape);
  Dims dims;
  for (int i = -shape.size(); i < 0; ++i) dims.push_back(i);
  const TensorRef mean = call<"mean.dim">(call<"mul">(x, x), dims, true);
  const TensorRef y = call<"mul">(x, call<"rsqrt">(call<"add">(mean, eps, 1)));
  return given(w ? call<"mul">(y, *w) : y, x->dtype);
}

WG_OP_AS(rms_norm, "rms_norm", Composite) {
  Tensor& x = c.tensor(0);
  Tensor* w = c.tensor_or_null(2);
  if (is_complex(x.dtype)) {
    const double least = x.dtype == DType::Complex128 ? std::numeric_limits<double>::epsilon()
                                                      : double(std::numeric_limits<float>::epsilon());
    return c.out(complex_rms_norm(TensorRef(&x), c.ints(1), w, c.real_or(3, least)));
  }
  check_floating(x.dtype, "rms_norm");
  const double least = x.dtype == DType::Float64 ? std::numeric_limits<double>::epsilon()
                                                 : double(std::numeric_limits<float>::epsilon());
  const double eps = c.real_or(3, least);
  if (!is_reduced(x.dtype) && (!w || w->dtype == x.dtype))
    return c.out(call<"_fused_rms_norm">(x, c.args[1], Value(w), eps));
  check_shape(x, c.ints(1), "*");
  check_parameter(w, "weight", c.ints(1));
  auto to = [](Tensor& t, DType d) { return t.dtype == d ? TensorRef(&t) : call<"_to_copy">(t, Value::of_dtype(d)); };
  const DType work = work_dtype(x.dtype);  // half precision is rounded at the end alone
  const TensorRef y = call<"_fused_rms_norm">(to(x, work), c.args[1], Value(), eps);
  c.out(to(w ? *call<"mul">(y, to(*w, work)) : *y, x.dtype));
}

}  // namespace wg
