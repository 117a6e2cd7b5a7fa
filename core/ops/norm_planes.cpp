// Batch norm and group norm: over planes of channels.
#include <cmath>
#include <limits>

#include "../kernels/norm.h"
#include "calls.h"
#include "expect.h"
#include "format.h"
#include "nn.h"

namespace wg {
namespace {

constexpr auto kDouble = DType::Float64;

const char* data_of(const TensorRef& t) { return t ? t->data() : nullptr; }
TensorRef ready_or_null(Tensor* t, DType d) { return t ? ready(*t, d) : TensorRef(); }

// An input of batch norm as images x channels x n.
PlaneNorm planes_of(const Tensor& x) {
  PlaneNorm s{work_dtype(x.dtype), x.size(0), x.size(1), 1, 0};
  for (int i = 2; i < x.ndim(); ++i) s.n *= x.size(i);
  return s;
}

void check_channels(const Tensor* t, const char* name, int64_t n) {
  WG_CHECK(!t || t->numel == n, name, " should contain ", n, " elements not ", t->numel);
}

// running = (1 - momentum) * running + momentum * fresh, written where the module keeps it.
void update(Tensor& running, const double* fresh, double factor, double momentum) {
  const TensorRef now = empty({running.numel}, kDouble);
  copy(*now, running);
  for (int64_t i = 0; i < running.numel; ++i)
    now->as<double>()[i] = momentum * factor * fresh[i] + (1 - momentum) * now->as<double>()[i];
  copy(running, *now);
}

TensorRef rounded(const Tensor& t, DType dtype) { return cast(*cast(t, dtype), kDouble); }

// A double for each channel, of t[i].
template <class F>
TensorRef each(const Tensor& t, F f) {
  const TensorRef out = empty(t.sizes, kDouble);
  for (int64_t i = 0; i < t.numel; ++i) out->as<double>()[i] = f(t.as<double>()[i]);
  return out;
}

TensorRef inverse_root(const Tensor& variance, double eps) {
  return each(variance, [&](double v) { return 1 / std::sqrt(v + eps); });
}

// 1 / deviation, kept in half precision; torch rounds every step of it in bfloat16, and the result alone in float16.
TensorRef inverse_root_in_half(const Tensor& variance, double eps, DType dtype) {
  if (dtype == DType::Float16) return rounded(*inverse_root(variance, eps), dtype);
  const TensorRef sum = rounded(*each(*rounded(variance, dtype), [&](double v) { return v + eps; }), dtype);
  return rounded(*inverse_root(*sum, 0), dtype);
}

void backward(Call& c, const PlaneNorm& s, const Tensor& grad, const Tensor& from, Tensor& mean, Tensor& rstd,
              Tensor* w, bool fixed, Tensor& gx) {
  const TensorRef m = ready(mean, kDouble), r = ready(rstd, kDouble), weight = ready_or_null(w, s.dtype);
  const TensorRef scratch = empty({2 * (s.features() ? 1 : s.images) * s.channels}, kDouble);
  const TensorRef gw = zeros({s.channels}, s.dtype), gb = zeros({s.channels}, s.dtype);
  plane_backward(s, grad.data(), from.data(), m->as<double>(), r->as<double>(), data_of(weight), fixed,
                 scratch->as<double>(), gx.data(), gw->data(), gb->data());
  const DType d = w ? w->dtype : c.tensor(1).dtype;
  c.out(given(gw, d));
  c.out(given(gb, d));
}

void call_all(Call& to, const OpDef& op, Value* args, int n, bool keep_stats) {
  Call inner{&op, args, n};
  apply(inner);
  to.out(inner.first);
  for (int k = 1; k < inner.nouts(); ++k) to.out(keep_stats ? inner.result(k) : empty({0}, inner.result(k)->dtype));
}

// The format of a batch norm's result: torch asks first what the input could be taken for, whatever dims of size 1 say.
Format batch_format(const Tensor& x) {
  for (Format f : {Format::RowMajor, Format::ChannelsLast, Format::ChannelsLast3d})
    if (lies_in(f, x.sizes, x.strides)) return f;
  return format_of(x);
}

}  // namespace

// (input, weight, bias, running_mean, running_var, training, momentum, eps)
WG_OP(_batch_norm) {
  Tensor& x = c.tensor(0);
  Tensor *w = c.tensor_or_null(1), *b = c.tensor_or_null(2), *rm = c.tensor_or_null(3), *rv = c.tensor_or_null(4);
  const bool training = c.flag(5);
  WG_CHECK_INDEX(x.ndim() >= 2, "Dimension out of range (expected to be in range of [", -x.ndim(), ", ", x.ndim() - 1,
                 "], but got 1)");
  WG_CHECK_VALUE(!training || !rm == !rv, "running_mean and running_var must either both be None or neither be None");
  WG_CHECK(training || rm, "running_mean must be defined in evaluation mode");
  WG_CHECK(training || rv, "running_var must be defined in evaluation mode");
  check_channels(rm, "running_mean", x.size(1));
  check_channels(rv, "running_var", x.size(1));
  check_channels(w, "weight", x.size(1));
  check_channels(b, "bias", x.size(1));
  check_floating(x.dtype, "batch_norm");
  if (x.numel) check_parameter_dtypes(x, {w, b, rm, rv});
  const PlaneNorm s = planes_of(x);
  const TensorRef from = ready(x, s.dtype), weight = ready_or_null(w, s.dtype), bias = ready_or_null(b, s.dtype);
  const DType stats = is_reduced(x.dtype) && rm ? rm->dtype : x.dtype;
  TensorRef mean, variance, y = empty(x.sizes, s.dtype);
  if (training) {
    mean = empty({x.size(1)}, kDouble), variance = empty({x.size(1)}, kDouble);
    plane_stats(s, from->data(), mean->as<double>(), variance->as<double>());
    const int64_t n = s.count();
    if (is_reduced(stats)) mean = rounded(*mean, stats);
    if (stats == DType::BFloat16 && n) {  // so are the sums of squares
      const TensorRef sums = rounded(*each(*variance, [&](double v) { return v * double(n); }), stats);
      variance = each(*sums, [&](double v) { return v / double(n); });
    }
    const double momentum = c.real(6);
    if (rm && n) update(*rm, mean->as<double>(), 1, momentum);
    if (rv && n) update(*rv, variance->as<double>(), double(n) / double(n - 1), momentum);
  } else {
    mean = ready(*rm, kDouble), variance = ready(*rv, kDouble);
  }
  const TensorRef rstd = training && is_reduced(stats) ? inverse_root_in_half(*variance, c.real(7), stats)
                                                       : inverse_root(*variance, c.real(7));
  plane_apply(s, from->data(), mean->as<double>(), rstd->as<double>(), data_of(weight), data_of(bias), y->data());
  y = given(std::move(y), x.dtype);
  c.out(x.numel ? laid_out(y, batch_format(x)) : empty_like(x));
  c.out(cast(*mean, training ? stats : work_dtype(stats)));  // not rounded but in training
  c.out(cast(*rstd, training ? stats : work_dtype(stats)));
}

// (gradient, input, mean, rstd, weight, training, eps)
WG_OP(_batch_norm_backward) {
  Tensor &g = c.tensor(0), &x = c.tensor(1);
  expect(c, x.ndim() >= 2 && is_floating(x.dtype), "an input of floating point dtype with channels");
  expect_sizes(c, g.sizes, x.sizes, "a gradient");
  expect(c, c.tensor(2).numel == x.size(1) && c.tensor(3).numel == x.size(1), "statistics of every channel");
  check_channels(c.tensor_or_null(4), "weight", x.size(1));
  const PlaneNorm s = planes_of(x);
  TensorRef gx = empty(x.sizes, s.dtype);
  Call parts{c.op, c.args, c.nargs};
  backward(parts, s, *ready(g, s.dtype), *ready(x, s.dtype), c.tensor(2), c.tensor(3), c.tensor_or_null(4), !c.flag(5),
           *gx);
  c.out(laid_out_like(given(std::move(gx), x.dtype), x));
  c.out(parts.result(0));
  c.out(parts.result(1));
}

WG_OP_AS(batch_norm, "batch_norm", Composite) {
  Call inner{&op<"_batch_norm">(), c.args, 8};
  apply(inner);
  c.out(std::move(inner.first));
}
WG_OP_AS(native_batch_norm, "native_batch_norm", Composite) { call_all(c, op<"_batch_norm">(), c.args, 8, c.flag(5)); }
WG_OP_AS(batch_norm_legit, "_native_batch_norm_legit", Composite) {
  call_all(c, op<"_batch_norm">(), c.args, 8, c.flag(5));
}
// (input, weight, bias, training, momentum, eps)
WG_OP_AS(batch_norm_no_stats, "_native_batch_norm_legit.no_stats", Composite) {
  Value args[] = {c.args[0], c.args[1], c.args[2], Value(), Value(), c.args[3], c.args[4], c.args[5]};
  call_all(c, op<"_batch_norm">(), args, 8, true);
}
// (input, weight, bias, running_mean, running_var, momentum, eps)
WG_OP_AS(batch_norm_update, "_batch_norm_with_update", Composite) {
  Value args[] = {c.args[0], c.args[1], c.args[2], c.args[3], c.args[4], Value::of_bool(true), c.args[5], c.args[6]};
  call_all(c, op<"_batch_norm">(), args, 8, true);
  c.out(empty({0}, DType::UInt8));
}

// (input, weight, bias, N, C, HxW, groups, eps)
WG_OP(_group_norm) {
  Tensor& x = c.tensor(0);
  Tensor *w = c.tensor_or_null(1), *b = c.tensor_or_null(2);
  const int64_t images = c.integer(3), channels = c.integer(4), n = c.integer(5), groups = c.integer(6);
  WG_CHECK(groups > 0 && channels % groups == 0,
           "Expected number of channels in input to be divisible by num_groups, but "
           "got input of shape ",
           to_string(x.sizes), " and num_groups=", groups);
  WG_CHECK(images >= 0 && channels >= 0 && n >= 0 && images * channels * n == x.numel,
           "Expected input of N * C * HxW = ", images * channels * n, " elements, but got input of shape ",
           to_string(x.sizes));
  for (Tensor* p : {w, b})
    WG_CHECK(!p || (p->ndim() == 1 && p->numel == channels), "Expected ", p == w ? "weight" : "bias",
             " to be a vector of size equal to the number of channels in input, but got ", p == w ? "weight" : "bias",
             " of shape ", to_string(p->sizes), " and input of shape ", to_string(x.sizes));
  check_floating(x.dtype, "GroupNormKernelImpl");
  check_parameter_dtypes(x, {w, b});
  const PlaneNorm s{work_dtype(x.dtype), images, channels, n, groups};
  const TensorRef from = ready(x, s.dtype), weight = ready_or_null(w, s.dtype), bias = ready_or_null(b, s.dtype);
  const TensorRef mean = zeros({images, groups}, kDouble), variance = zeros({images, groups}, kDouble);
  TensorRef y = empty(x.sizes, s.dtype);
  if (s.count()) plane_stats(s, from->data(), mean->as<double>(), variance->as<double>());
  const TensorRef rstd = s.count() ? inverse_root(*variance, c.real(7))
                                   : full({images, groups}, std::numeric_limits<double>::quiet_NaN(), kDouble);
  plane_apply(s, from->data(), mean->as<double>(), rstd->as<double>(), data_of(weight), data_of(bias), y->data());
  c.out(laid_out_like(given(std::move(y), x.dtype), x));
  const DType stats = w ? w->dtype : b ? b->dtype : x.dtype;
  c.out(cast(*mean, stats));
  c.out(cast(*rstd, stats));
}

// (gradient, input, mean, rstd, weight, N, C, HxW, groups, eps)
WG_OP(_group_norm_backward) {
  Tensor &g = c.tensor(0), &x = c.tensor(1);
  const PlaneNorm s{work_dtype(x.dtype), c.integer(5), c.integer(6), c.integer(7), c.integer(8)};
  expect(c, is_floating(x.dtype), "an input of floating point dtype");
  expect_sizes(c, g.sizes, x.sizes, "a gradient");
  expect(c, s.groups > 0 && s.channels % s.groups == 0 && numel_of({s.images, s.channels, s.n}) == x.numel,
         "N * C * HxW elements in groups of channels");
  for (int i : {2, 3}) expect_sizes(c, c.tensor(i).sizes, {s.images, s.groups}, "statistics");
  check_channels(c.tensor_or_null(4), "weight", s.channels);
  TensorRef gx = empty(x.sizes, s.dtype);
  Call parts{c.op, c.args, c.nargs};
  backward(parts, s, *ready(g, s.dtype), *ready(x, s.dtype), c.tensor(2), c.tensor(3), c.tensor_or_null(4), false, *gx);
  c.out(laid_out_like(given(std::move(gx), x.dtype), x));
  c.out(parts.result(0));
  c.out(parts.result(1));
}

WG_OP_AS(group_norm, "group_norm", Composite) {
  Tensor& x = c.tensor(0);
  const int64_t groups = c.integer(1);
  WG_CHECK(x.ndim() >= 2, "Expected at least 2 dimensions for input tensor but received ", x.ndim());
  WG_CHECK(groups > 0, "Expected num groups to be greater than 0, got ", groups);
  int64_t n = 1;
  for (int i = 2; i < x.ndim(); ++i) n *= x.size(i);
  c.out(call<"_group_norm">(x, Value(c.tensor_or_null(2)), Value(c.tensor_or_null(3)), x.size(0), x.size(1), n, groups,
                            c.real_or(4, 1e-5)));
}

}  // namespace wg
