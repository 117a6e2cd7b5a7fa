// clamp with one bound left out: the elementwise op of the other bound.
#include "../apply.h"
#include "calls.h"
#include "element.h"

namespace wg {
namespace {

// Calls op on argument 0 and the given bounds; in place, when the op's name says so.
void one_way(Call& c, const OpDef& op, int bounds, Value a, Value b, bool inplace) {
  TensorRef self(&c.tensor(0));
  Value args[] = {Value(self), a, b};
  Call inner{&op, args, 1 + bounds};
  if (inplace)
    apply_inplace(inner);
  else
    apply(inner);
  c.out(std::move(inner.first));
}

void clamp(Call& c, const OpDef& low, const OpDef& high, const OpDef& both, bool inplace) {
  bool min = c.has(1), max = c.has(2);
  WG_CHECK(min || max, "torch.clamp: At least one of 'min' or 'max' must not be None");
  const DType d = c.tensor(0).dtype;
  for (int i = 1; i < 3; ++i)
    if (c.has(i) && c.args[i].tag == Tag::Int && category(d) == 1) element_of(c.args[i], d);  // it must fit
  if (min && max)
    one_way(c, both, 2, c.args[1], c.args[2], inplace);
  else if (min)
    one_way(c, low, 1, c.args[1], Value(), inplace);
  else
    one_way(c, high, 1, c.args[2], Value(), inplace);
}

void of_numbers(Call& c, bool inplace) { clamp(c, op<"_clamp_low">(), op<"_clamp_high">(), op<"clamp">(), inplace); }
void of_tensors(Call& c, bool inplace) {
  clamp(c, op<"clamp_min.Tensor">(), op<"clamp_max.Tensor">(), op<"clamp.Tensor">(), inplace);
}

}  // namespace

WG_OP_AS(clamp_numbers, "clamp.numbers", Composite) { of_numbers(c, false); }
WG_OP_AS(clamp_tensors, "clamp.tensors", Composite) { of_tensors(c, false); }
WG_OP_AS(clamp_numbers_, "clamp_.numbers", Composite) { of_numbers(c, true); }
WG_OP_AS(clamp_tensors_, "clamp_.tensors", Composite) { of_tensors(c, true); }

}  // namespace wg
