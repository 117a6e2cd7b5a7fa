// Dropout and its kin: bernoulli noise, and a product that is recorded.
#include <cmath>

#include "../apply.h"
#include "calls.h"
#include "random.h"

namespace wg {
namespace {

constexpr double kAlpha = 1.7580993408473766;  // minus the limit of SELU at minus infinity

template <OpName name>
void noise_op(TensorRef& noise, Value other) {
  GradMode off(false);
  Value args[] = {Value(noise), other, Value::of_int(1)};  // the 1 is add's alpha
  Call c{&op<name>(), args, name.text[0] == 'a' ? 3 : 2};
  apply_inplace(c);
}

// self * other, or self *= other; likewise self + other.
template <OpName name>
TensorRef combine(const TensorRef& self, Value other, bool inplace) {
  Value args[] = {Value(self), other, Value::of_int(1)};
  Call c{&op<name>(), args, name.text[0] == 'a' ? 3 : 2};
  if (inplace)
    apply_inplace(c);
  else
    apply(c);
  return std::move(c.first);
}

TensorRef noise_for(const Tensor& input, bool feature) {
  if (!feature) return empty_like(input);
  WG_CHECK(input.ndim() >= 2, "Feature dropout requires at least 2 dimensions in the input");
  Dims sizes(input.ndim(), 1);
  sizes[0] = input.sizes[0];
  sizes[1] = input.sizes[1];
  return empty(sizes, input.dtype);
}

// Inside vmap the numbers are drawn by an op, so that samples get their own or the same as was asked for.
TensorRef noise_in_vmap(const TensorRef& input, bool feature, double keep) {
  GradMode off(false);
  TensorRef like = input;
  if (feature && input->ndim() > 2) {
    Dims rest;
    for (int d = 2; d < input->ndim(); ++d) rest.push_back(d);
    like = call<"amax">(input, rest, true);
  }
  return call<"bernoulli.p">(like, keep, Value());
}

void drop(Call& c, bool feature, bool alpha, bool inplace) {
  TensorRef input(&c.tensor(0));
  const double p = c.real(1);
  WG_CHECK(p >= 0 && p <= 1, "dropout probability has to be between 0 and 1, but got ", p);
  if (p == 0 || !c.flag(2) || input->numel == 0) return c.out(input);
  if (p == 1) return c.out(combine<"mul">(input, Value(zeros({}, input->dtype)), inplace));
  TensorRef noise = modes().batching ? noise_in_vmap(input, feature, 1 - p) : noise_for(*input, feature);
  if (!modes().batching) bernoulli_fill(*noise, 1 - p, default_generator());
  if (!alpha) {
    noise_op<"div">(noise, Value::of_float(1 - p));
    return c.out(combine<"mul">(input, Value(noise), inplace));
  }
  const double a = 1 / std::sqrt((kAlpha * kAlpha * p + 1) * (1 - p));
  TensorRef shift;
  {
    GradMode off(false);
    shift = call<"add">(noise, -1, 1);
  }
  noise_op<"mul">(shift, Value::of_float(kAlpha * a));
  noise_op<"add">(shift, Value::of_float(kAlpha * a * p));
  noise_op<"mul">(noise, Value::of_float(a));
  c.out(combine<"add">(combine<"mul">(input, Value(noise), inplace), Value(shift), inplace));
}

}  // namespace

WG_OP_AS(dropout, "dropout", Composite) { drop(c, false, false, false); }
WG_OP_AS(dropout_, "dropout_", Composite) { drop(c, false, false, true); }
WG_OP_AS(alpha_dropout, "alpha_dropout", Composite) { drop(c, false, true, false); }
WG_OP_AS(alpha_dropout_, "alpha_dropout_", Composite) { drop(c, false, true, true); }
WG_OP_AS(feature_dropout, "feature_dropout", Composite) { drop(c, true, false, false); }
WG_OP_AS(feature_dropout_, "feature_dropout_", Composite) { drop(c, true, false, true); }
WG_OP_AS(feature_alpha_dropout, "feature_alpha_dropout", Composite) { drop(c, true, true, false); }
WG_OP_AS(feature_alpha_dropout_, "feature_alpha_dropout_", Composite) { drop(c, true, true, true); }

}  // namespace wg
