// Losses that compare element by element: mean, sum or all of them; their gradients are formulas in the table.
#include "../kernels/loss.h"

#include <cmath>
#include <limits>

#include "../apply.h"
#include "calls.h"
#include "nn.h"

namespace wg {
namespace {

double mean_of(double sum, int64_t n) { return n ? sum / double(n) : std::numeric_limits<double>::quiet_NaN(); }

// Both operands at their common shape and dtype.
struct Pair {
  DType dtype;
  TensorRef x, t;
  Pair(const Tensor& a, const Tensor& b, const char* kernel) : dtype(promote(a.dtype, b.dtype)) {
    check_floating(dtype, kernel);
    const DType work = work_dtype(dtype);
    if (a.sizes == b.sizes) {
      x = ready(a, work), t = ready(b, work);
    } else {
      const Dims sizes = broadcast(a.sizes, b.sizes);
      x = ready(*expand(a, sizes), work), t = ready(*expand(b, sizes), work);
    }
  }
};

// Element by element in half precision: each step is rounded.
TensorRef squared_by_steps(Tensor& x, Tensor& t) {
  GradMode off(false);
  return call<"square">(call<"sub">(x, t, 1));
}

TensorRef cross_entropy_by_steps(Tensor& x, Tensor& t) {
  GradMode off(false);
  const auto bounded = [](const TensorRef& log) { return call<"clamp_min">(log, -100.0); };
  const TensorRef no = call<"mul">(call<"sub">(t, 1.0, 1), bounded(call<"log1p">(call<"neg">(x))));
  return call<"sub">(no, call<"mul">(t, bounded(call<"log">(x))), 1);
}

void compare(Call& c, Loss kind, int64_t reduction, double p, const Pair& pair) {
  const Tensor &x = *pair.x, &t = *pair.t;
  if (reduction == kNone && is_reduced(pair.dtype) && kind == Loss::Squared)
    return c.out(squared_by_steps(c.tensor(0), c.tensor(1)));
  if (reduction == kNone && is_reduced(pair.dtype) && kind == Loss::CrossEntropy)
    return c.out(cross_entropy_by_steps(c.tensor(0), c.tensor(1)));
  if (reduction == kNone) {
    TensorRef y = empty(x.sizes, x.dtype);
    loss_map(x.dtype, kind, p, x.data(), t.data(), y->data(), x.numel);
    return c.out(given(std::move(y), pair.dtype));
  }
  const double sum = loss_sum(x.dtype, kind, p, x.data(), t.data(), x.numel);
  c.out(full({}, reduction == kMean ? mean_of(sum, x.numel) : sum, pair.dtype));
}

void check_unit_interval(const Tensor& x, const char* what) {
  check_floating(x.dtype, "binary_cross_entropy");
  const TensorRef from = ready(x);
  WG_CHECK(all_probabilities(from->dtype, from->data(), from->numel), "all elements of ", what,
           " should be between 0 and 1");
}

TensorRef reduced(const TensorRef& loss, int64_t reduction) {
  if (reduction == kNone) return loss;
  return reduction == kMean ? call<"mean">(loss, Value()) : call<"sum">(loss, Value());
}

}  // namespace

WG_OP(mse_loss) { compare(c, Loss::Squared, c.integer_or(2, kMean), 0, Pair(c.tensor(0), c.tensor(1), "mse_cpu")); }

WG_OP(_smooth_l1_loss) {
  compare(c, Loss::SmoothL1, c.integer(2), c.real(3), Pair(c.tensor(0), c.tensor(1), "smooth_l1_cpu"));
}
WG_OP_AS(smooth_l1_loss, "smooth_l1_loss", Composite) {
  const double beta = c.real_or(3, 1);
  WG_CHECK(beta >= 0, "smooth_l1_loss does not support negative values for beta.");
  if (beta == 0) {
    const TensorRef distance = call<"abs">(call<"sub">(c.tensor(0), c.tensor(1), 1));
    return c.out(reduced(distance, c.integer_or(2, kMean)));
  }
  c.out(call<"_smooth_l1_loss">(c.tensor(0), c.tensor(1), c.integer_or(2, kMean), beta));
}

WG_OP(huber_loss) {
  const double delta = c.real_or(3, 1);
  WG_CHECK(delta > 0, "huber_loss does not support non-positive values for delta.");
  compare(c, Loss::Huber, c.integer_or(2, kMean), delta, Pair(c.tensor(0), c.tensor(1), "huber_cpu"));
}

WG_OP(soft_margin_loss) {  // in torch's steps: it overflows where torch's does
  GradMode off(false);
  const TensorRef power = call<"exp">(call<"mul">(call<"neg">(c.tensor(1)), c.tensor(0)));
  c.out(reduced(call<"log1p">(power), c.integer_or(2, kMean)));
}

WG_OP(_binary_cross_entropy) {
  check_unit_interval(c.tensor(0), "input");
  check_unit_interval(c.tensor(1), "target");
  compare(c, Loss::CrossEntropy, c.integer(2), 0, Pair(c.tensor(0), c.tensor(1), "binary_cross_entropy"));
}
WG_OP_AS(binary_cross_entropy, "binary_cross_entropy", Composite) {
  Tensor &x = c.tensor(0), &t = c.tensor(1);
  refuse_gradient(c.tensor_or_null(2), "binary_cross_entropy", "weight");
  check_floating(x.dtype, "binary_cross_entropy");
  for (Tensor* other : {&t, c.tensor_or_null(2)})
    WG_CHECK(!other || other->dtype == x.dtype, "Found dtype ", torch_name(other->dtype), " but expected ",
             torch_name(x.dtype));
  const int64_t reduction = c.integer_or(3, kMean);
  if (!c.has(2)) return c.out(call<"_binary_cross_entropy">(x, t, reduction));
  const TensorRef each = call<"_binary_cross_entropy">(x, t, int64_t(kNone));
  c.out(reduced(call<"mul">(each, c.tensor(2)), reduction));
}

// (scores, targets, reduction): the loss of sigmoid(scores), without overflow.
WG_OP(_bce_with_logits) {
  GradMode off(false);
  const TensorRef each = call<"_bce_logits">(c.tensor(0), c.tensor(1));
  c.out(reduced(each, c.integer(2)));
}
// (scores, targets, weight, pos_weight, reduction)
WG_OP(_bce_with_logits_weighted) {
  Tensor &x = c.tensor(0), &t = c.tensor(1);
  GradMode off(false);
  TensorRef each = c.has(3) ? call<"_bce_logits_weighted">(x, t, c.tensor(3)) : call<"_bce_logits">(x, t);
  if (c.has(2)) each = call<"mul">(each, c.tensor(2));
  c.out(reduced(each, c.integer(4)));
}
WG_OP_AS(binary_cross_entropy_with_logits, "binary_cross_entropy_with_logits", Composite) {
  Tensor &x = c.tensor(0), &t = c.tensor(1);
  refuse_gradient(c.tensor_or_null(2), "binary_cross_entropy_with_logits", "weight");
  refuse_gradient(c.tensor_or_null(3), "binary_cross_entropy_with_logits", "pos_weight");
  const int64_t reduction = c.integer_or(4, kMean);
  if (!c.has(2) && !c.has(3)) return c.out(call<"_bce_with_logits">(x, t, reduction));
  c.out(call<"_bce_with_logits_weighted">(x, t, c.args[2], c.args[3], reduction));
}

// (gradient of a reduced loss, sizes, reduction): what each element's loss receives.
WG_OP_AS(loss_spread, "_loss_spread", Composite) {
  Tensor& g = c.tensor(0);
  const int64_t reduction = c.integer(2);
  if (reduction == kNone) return c.out(TensorRef(&g));
  const TensorRef one = reduction == kSum ? TensorRef(&g) : call<"div">(g, double(numel_of(c.ints(1))), Value());
  c.out(call<"expand">(one, c.ints(1), false));
}

}  // namespace wg
