// Losses over classes: negative log-likelihood and cross entropy.
#include <cmath>
#include <limits>

#include "../kernels/loss.h"
#include "../kernels/softmax.h"
#include "../tape.h"
#include "calls.h"
#include "expect.h"
#include "nn.h"

namespace wg {
namespace {

// The arrays of a call, kept alive for as long as the kernel reads them.
struct Held3 {
  TensorRef x, target, weight;
  Classes classes;
};

void check_weight(const Tensor* w, int64_t n, DType dtype) {
  if (!w) return;
  WG_CHECK(w->ndim() == 1 && w->numel == n, "weight tensor should be defined either for all ", n,
           " classes or no classes but got weight tensor of shape: ", to_string(w->sizes));
  WG_CHECK(w->dtype == dtype, "expected scalar type ", torch_name(dtype), " but found ", torch_name(w->dtype));
}

void check_target_type(const Tensor& t) {
  WG_CHECK(t.dtype == DType::Int64 || t.dtype == DType::UInt8, "expected target dtype to be Long or Byte, but got ",
           torch_name(t.dtype));
}

// The class dim is dim 1 (dim 0 of a vector of scores). x may be absent: then sizes say its shape.
Held3 arrays(const Dims& sizes, DType dtype, const Tensor* x, const Tensor& target, const Tensor* w, int64_t ignore) {
  const DType work = work_dtype(dtype);
  const int class_dim = sizes.size() == 1 ? 0 : 1;
  Held3 h;
  h.x = x ? ready(*x, work) : TensorRef();
  h.target = ready(target, DType::Int64);
  h.weight = w ? ready(*w, work) : TensorRef();
  Classes& c = h.classes;
  c.dtype = work, c.images = class_dim ? sizes[0] : 1, c.classes = sizes[class_dim], c.n = 1;
  for (int i = class_dim + 1; i < sizes.size(); ++i) c.n *= sizes[i];
  c.x = x ? h.x->data() : nullptr;
  c.target = h.target->as<int64_t>();
  c.weight = w ? h.weight->data() : nullptr;
  c.ignore = ignore;
  const int64_t bad = first_bad_class(c);
  WG_CHECK_INDEX(bad < 0, "Target ", c.target[bad], " is out of bounds.");
  return h;
}

void check_nll(const Tensor& x, const Tensor& t) {
  WG_CHECK(x.ndim() > 0 && x.ndim() <= 2, "input tensor should be 1D or 2D");
  WG_CHECK(t.ndim() <= 1, "0D or 1D target tensor expected, multi-target not supported");
  WG_CHECK((x.ndim() == 1 && t.numel == 1) || x.size(0) == (t.ndim() ? t.size(0) : 1),
           "size mismatch (got input: ", to_string(x.sizes), ", target: ", to_string(t.sizes), ")");
}

void check_nll2d(const Tensor& x, const Tensor& t) {
  WG_CHECK(t.ndim() == 3,
           "only batches of spatial targets supported (3D tensors) but got targets of dimension: ", t.ndim());
  WG_CHECK(x.ndim() == 4,
           "only batches of spatial inputs supported (4D tensors), but got input of dimension: ", x.ndim());
  WG_CHECK(x.size(0) == t.size(0) && x.size(2) == t.size(1) && x.size(3) == t.size(2),
           "size mismatch (got input: ", to_string(x.sizes), " , target: ", to_string(t.sizes));
}

void nll_forward(Call& c) {
  Tensor &x = c.tensor(0), &t = c.tensor(1);
  Tensor* w = c.tensor_or_null(2);
  const int64_t reduction = c.integer(3);
  check_target_type(t);
  check_weight(w, x.size(x.ndim() == 1 ? 0 : 1), x.dtype);
  if (x.ndim() == 4)
    check_nll2d(x, t);
  else
    check_nll(x, t);
  check_floating(x.dtype, x.ndim() == 4 ? "nll_loss2d_forward_out_frame" : "nll_loss_out_frame");
  const Held3 h = arrays(x.sizes, x.dtype, &x, t, w, c.integer(4));
  if (reduction == kNone && x.ndim() > 1) {
    TensorRef y = empty(t.sizes, h.classes.dtype);
    nll_map(h.classes, y->data());
    c.out(given(std::move(y), x.dtype));
    return c.out(zeros({}, x.dtype));
  }
  double total, weight;
  nll_sum(h.classes, &total, &weight);
  const bool mean = reduction == kMean;
  c.out(full({}, mean ? (weight != 0 || total != 0 ? total / weight : std::numeric_limits<double>::quiet_NaN()) : total,
             x.dtype));
  c.out(full({}, weight, x.dtype));
}

void nll_backward(Call& c) {
  Tensor &g = c.tensor(0), &t = c.tensor(2), &total = c.tensor(6);
  const Dims& sizes = c.ints(1);
  check_target_type(t);
  expect_ndim(c, sizes.size(), 1, 4, "scores");
  numel_of(sizes);
  check_floating(g.dtype, "nll_loss");
  check_weight(c.tensor_or_null(3), sizes[sizes.size() == 1 ? 0 : 1], g.dtype);
  Dims targets = sizes;
  targets.erase(sizes.size() == 1 ? 0 : 1);
  expect(c, t.numel == numel_of(targets), "a target for every position");
  expect(c, g.numel == 1 || g.sizes == t.sizes, "a gradient for every target, or one for all");
  expect(c, total.numel == 1, "one total weight");
  const Held3 h = arrays(sizes, g.dtype, nullptr, t, c.tensor_or_null(3), c.integer(5));
  const TensorRef grad = ready(g), weight = ready(total, DType::Float64);
  const int64_t reduction = c.integer(4);
  TensorRef gx = empty(sizes, h.classes.dtype);
  const double scale = reduction == kMean ? 1 / *weight->as<double>() : 1;
  nll_backward(h.classes, grad->data(), g.ndim() > 0, scale, gx->data());
  c.out(given(std::move(gx), g.dtype));
}

// The gradient of nll_loss_forward(log_softmax(x, 1), target) for a mean or a sum over a batch: one pass over x.
TensorRef nll_through_softmax(Node& n, Node& source, const TensorRef& g) {
  auto saved = [](Node& of, bool output, int index) {
    const int at = saved_at(of, output, index);
    return at < 0 ? Held() : unpack(of, uint32_t(at), false);
  };
  const Held target = saved(n, false, 1), reduction = saved(n, false, 3), ignore = saved(n, false, 4);
  const Held total = saved(n, true, 1), dim = saved(source, false, 1), out = saved(source, true, 0);
  if (!target.get().is_tensor() || !out.get().is_tensor() || !total.get().is_tensor() || n.outputs[0].sizes.size() > 0)
    return {};
  const Tensor &t = *target.get().tensor, &y = *out.get().tensor;
  const Held weight = saved(n, false, 2);
  if (y.ndim() != 2 || dim.get().to_int() != 1 || !y.contiguous || is_reduced(y.dtype) || weight.get().is_tensor() ||
      t.ndim() != 1 || t.dtype != DType::Int64 || !t.contiguous || g->wrapped || g->dtype != y.dtype)
    return {};
  double scale = *ready(*g, DType::Float64)->as<double>();
  if (reduction.get().to_int() == kMean) scale /= *ready(*total.get().tensor, DType::Float64)->as<double>();
  const int64_t rows = y.size(0), ignored = ignore.get().to_int();
  std::vector<double> by(size_t(rows), scale);
  for (int64_t r = 0; r < rows; ++r)
    if (const int64_t at = t.as<int64_t>()[r]; at == ignored)
      by[size_t(r)] = 0;
    else
      WG_CHECK_INDEX(uint64_t(at) < uint64_t(y.size(1)), "Target ", at, " is out of bounds.");
  TensorRef gx = empty(y.sizes, y.dtype);
  nll_softmax_backward({y.dtype, rows, y.size(1), 1, true}, y.data(), by.data(), t.as<int64_t>(), gx->data());
  return gx;
}

// Scores with any number of dims after the classes.
TensorRef nll(const TensorRef& x, const TensorRef& target, Value w, int64_t reduction, int64_t ignore) {
  WG_CHECK_VALUE(x->ndim() >= 1, "Expected 1 or more dimensions (got 0)");
  refuse_gradient(w.is_tensor() ? w.tensor : nullptr, x->ndim() <= 2 ? "nll_loss_forward" : "nll_loss2d_forward",
                  "weight");
  if (x->ndim() != 1)
    WG_CHECK_VALUE(target->ndim() >= 1 && x->size(0) == target->size(0), "Expected input batch_size (", x->size(0),
                   ") to match target batch_size (", target->ndim() ? target->size(0) : 0, ").");
  if (x->ndim() <= 2) {
    check_nll(*x, *target);
    return call<"nll_loss_forward">(x, target, w, reduction, ignore);
  }
  if (x->ndim() == 4) {
    check_nll2d(*x, *target);
    return call<"nll_loss2d_forward">(x, target, w, reduction, ignore);
  }
  Dims wanted = x->sizes;
  wanted.erase(1);
  WG_CHECK(target->sizes == wanted, "Expected target size ", to_string(wanted), ", got ", to_string(target->sizes));
  const int64_t n = x->size(0), inner = x->numel ? numel_of(wanted) / n : 0;
  const TensorRef scores = call<"reshape">(x, Dims{n, x->size(1), 1, inner});
  const TensorRef y =
      call<"nll_loss2d_forward">(scores, call<"reshape">(target, Dims{n, 1, inner}), w, reduction, ignore);
  return reduction == kNone ? call<"reshape">(y, wanted) : y;
}

// w, shaped to lie along the class dim of x.
TensorRef weight_along(const Tensor& w, const Tensor& x) {
  if (x.ndim() == 1) return TensorRef(const_cast<Tensor*>(&w));
  Dims sizes(x.ndim(), 1);
  sizes[1] = w.numel;
  return call<"reshape">(const_cast<Tensor&>(w), sizes);
}

TensorRef sum_classes(const TensorRef& t) {
  return call<"sum.dim_IntList">(t, Dims{t->ndim() == 1 ? 0 : 1}, false, Value());
}

TensorRef of_probabilities(const TensorRef& x, TensorRef target, Tensor* w, int64_t reduction, double smooth) {
  const int64_t classes = x->size(x->ndim() == 1 ? 0 : 1);
  WG_CHECK(!w || (w->ndim() == 1 && w->numel == classes),
           "cross_entropy: weight tensor should be defined either for all ", classes,
           " classes or no classes but got weight tensor of shape: ", w ? to_string(w->sizes) : "");
  if (smooth > 0) target = call<"add">(call<"mul">(target, 1 - smooth), smooth / double(classes), 1);
  TensorRef each = call<"mul">(x, target);
  if (w) each = call<"mul">(each, weight_along(*w, *x));
  if (reduction == kNone) return call<"neg">(sum_classes(each));
  const TensorRef total = call<"neg">(call<"sum">(each, Value()));
  if (reduction == kSum) return total;
  return call<"div">(total, x->numel ? double(x->numel / classes) : 0.0, Value());
}

TensorRef smoothed(const TensorRef& x, const TensorRef& target, Tensor* w, int64_t reduction, int64_t ignore,
                   double smooth) {
  const int64_t classes = x->size(x->ndim() == 1 ? 0 : 1);
  const TensorRef sharp = nll(x, target, Value(w), reduction, ignore);
  const TensorRef ignored = call<"eq">(target, ignore);
  TensorRef even = call<"neg">(sum_classes(w ? call<"mul">(x, weight_along(*w, *x)) : x));
  even = call<"masked_fill.Scalar">(even, ignored, 0.0);
  if (reduction != kNone) even = call<"sum">(even, Value());
  if (reduction == kMean) {
    const TensorRef kept = call<"logical_not">(ignored);
    TensorRef count = w ? call<"gather">(*w, 0, call<"masked_select">(target, kept), false) : cast(*kept, x->dtype);
    even = call<"div">(even, call<"sum">(count, Value()), Value());
  }
  return call<"add">(call<"mul">(sharp, 1 - smooth), call<"mul">(even, smooth / double(classes)), 1);
}

}  // namespace

WG_OP(nll_loss_forward) { nll_forward(c); }
static const Through nll_past_softmax = {"log_softmax.int", nll_through_softmax};
[[maybe_unused]] static const Through* nll_through = op_nll_loss_forward.through = &nll_past_softmax;
WG_OP(nll_loss2d_forward) { nll_forward(c); }
// (gradient, sizes of the scores, target, weight, reduction, ignore_index, total weight)
WG_OP(_nll_loss_backward) { nll_backward(c); }

WG_OP_AS(nll_loss_nd, "nll_loss_nd", Composite) {
  c.out(nll(TensorRef(&c.tensor(0)), TensorRef(&c.tensor(1)), Value(c.tensor_or_null(2)), c.integer_or(3, kMean),
            c.integer_or(4, -100)));
}

WG_OP_AS(cross_entropy_loss, "cross_entropy_loss", Composite) {
  TensorRef x(&c.tensor(0)), target(&c.tensor(1));
  Tensor* w = c.tensor_or_null(2);
  const int64_t reduction = c.integer_or(3, kMean), ignore = c.integer_or(4, -100);
  const double smooth = c.real_or(5, 0);
  const bool probabilities = x->sizes == target->sizes;
  if (probabilities) {
    WG_CHECK(is_floating(target->dtype), "Expected floating point type for target with class probabilities, got ",
             torch_name(target->dtype));
    WG_CHECK(ignore < 0, "ignore_index is not supported for floating point target");
  }
  WG_CHECK(smooth >= 0 && smooth <= 1, "label_smoothing must be between 0.0 and 1.0. Got: ", smooth);
  const TensorRef logs = call<"log_softmax.int">(x, x->ndim() == 1 ? 0 : 1, Value());
  if (probabilities) return c.out(of_probabilities(logs, target, w, reduction, smooth));
  if (smooth > 0) return c.out(smoothed(logs, target, w, reduction, ignore, smooth));
  c.out(nll(logs, target, Value(w), reduction, ignore));
}

}  // namespace wg
