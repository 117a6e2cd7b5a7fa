// What every program needs: clone, contiguous, copy_, casts, detach, sums back to a shape.
#include "../apply.h"

namespace wg {

WG_OP(clone) {
  Tensor& t = c.tensor(0);
  if (!c.has(1) || t.contiguous) return c.out(clone(t));
  TensorRef r = empty(t.sizes, t.dtype);  // argument 1: row-major
  copy(*r, t);
  c.out(std::move(r));
}

WG_OP_AS(contiguous, "contiguous", Composite) {
  static const OpDef* clone_op = find_op("clone");
  Tensor& t = c.tensor(0);
  if (t.contiguous) return c.out(TensorRef(&t));
  c.out(apply(*clone_op, {Value(&t), Value::of_bool(true)}));
}

// copy_(self, src): self keeps its dtype and shape; src is broadcast to it.
WG_OP(copy_) {
  Tensor &to = c.tensor(0), &from = c.tensor(1);
  if (&to == &from) return c.out(TensorRef(&to));
  check_written(to.sizes, to.strides);
  check_apart(to, from);
  WG_CHECK(can_broadcast(from.sizes, to.sizes), "The size of tensor a (", to.ndim() ? to.sizes.back() : 1,
           ") must match the size of tensor b (", from.ndim() ? from.sizes.back() : 1, ") at non-singleton dimension ",
           to.ndim() - 1);
  copy(to, from);
  c.out(TensorRef(&to));
}

WG_OP(_to_copy) {
  Tensor& t = c.tensor(0);
  TensorRef r = empty_like(t, c.args[1].dtype);
  copy(*r, t);
  c.out(std::move(r));
}

WG_OP(detach) { c.out(alias(c.tensor(0))); }

WG_OP_AS(sum_to_size, "sum_to_size", Composite) {
  Tensor& t = c.tensor(0);
  WG_CHECK(can_broadcast(c.ints(1), t.sizes), "size {", to_string(c.ints(1)), "} is not expandable to size {",
           to_string(t.sizes), "}.");
  c.out(sum_to(t, c.ints(1)));
}

}  // namespace wg
