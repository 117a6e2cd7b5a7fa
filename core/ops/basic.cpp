// What every program needs: clone, contiguous, copy_, casts, detach, sums back to a shape.
#include "../apply.h"
#include "calls.h"
#include "format.h"
#include "once.h"

namespace wg {

WG_OP(clone) {
  Tensor& t = c.tensor(0);
  const Format f = format_at(c, 1, Format::Preserve);
  TensorRef r = empty_in(f, t, t.dtype);
  copy(*r, t);
  c.out(std::move(r));
}

static void say_what_is_lost(const Tensor& from, DType to) {
  if (is_complex(from.dtype) && !is_complex(to) && to != DType::Bool)
    warn_once("Casting complex values to real discards the imaginary part");
}

WG_OP_AS(contiguous, "contiguous", Composite) {
  Tensor& t = c.tensor(0);
  if (t.contiguous && !c.has(1)) return c.out(TensorRef(&t));
  const Format f = format_at(c, 1, Format::RowMajor);
  if (lies_in(f, t.sizes, t.strides)) return c.out(TensorRef(&t));
  c.out(call<"clone">(t, format_value(f)));
}

// copy_(self, other): self keeps its dtype and shape; other is broadcast to it.
WG_OP(copy_) {
  if (c.args[1].is_number()) c.set_tensor(1, call<"scalar_tensor">(c.args[1], c.tensor(0).dtype));
  Tensor &to = c.tensor(0), &from = c.tensor(1);
  if (&to == &from) return c.out(TensorRef(&to));
  check_written(to.sizes, to.strides);
  check_apart(to, from);
  if (!can_broadcast(from.sizes, to.sizes))
    fail(Kind::Runtime, "output with shape ", to_string(to.sizes), " doesn't match the broadcast shape ",
         to_string(broadcast(to.sizes, from.sizes)));
  say_what_is_lost(from, to.dtype);
  copy(to, from);
  c.out(TensorRef(&to));
}

WG_OP(_to_copy) {
  Tensor& t = c.tensor(0);
  TensorRef r = empty_in(format_at(c, 2, Format::Preserve), t, c.args[1].dtype);
  say_what_is_lost(t, r->dtype);
  copy(*r, t);
  c.out(std::move(r));
}

// _to_format(self, memory_format): itself where its strides already say so.
WG_OP_AS(_to_format, "_to_format", Composite) {
  Tensor& t = c.tensor(0);
  const Format f = format_at(c, 1, Format::Preserve);
  if (f == Format::Preserve || format_of(t) == f) return c.out(TensorRef(&t));
  c.out(call<"_to_copy">(t, t.dtype, c.args[1]));
}

WG_OP(detach) { c.out(alias(c.tensor(0))); }

WG_OP_AS(sum_to_size, "sum_to_size", Composite) {
  Tensor& t = c.tensor(0);
  WG_CHECK(can_broadcast(c.ints(1), t.sizes), "size {", to_string(c.ints(1)), "} is not expandable to size {",
           to_string(t.sizes), "}.");
  c.out(sum_to(t, c.ints(1)));
}

}  // namespace wg
