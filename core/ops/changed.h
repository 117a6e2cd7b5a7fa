// What an op that changes some elements of its first argument works on, and torch's rules for memory that is shared.
#pragma once
#include "../apply.h"

namespace wg {

// None of the other arguments may lie where argument 0 is written.
inline void check_others(const Call& c) {
  for (int i = 1; i < c.nargs; ++i) {
    if (c.args[i].is_tensor())
      check_apart(*c.into, *c.args[i].tensor, true);
    else if (c.args[i].tag == Tag::Tensors)
      for (const TensorRef& t : c.args[i].tensors())
        if (t) check_apart(*c.into, *t, true);
  }
}

// What an op that moves elements into argument 0 works on: argument 0 itself when it runs in place, else a copy.
inline TensorRef changed(Call& c) {
  if (!c.into) return clone(c.tensor(0));
  check_written(c.into->sizes, c.into->strides);
  check_others(c);
  return TensorRef(c.into);
}

// Some ops write to expanded memory, too, with a warning that names the op and the subscript.
inline void warn_expanded(const Tensor& into, const char* op, const char* subscript) {
  if (overlaps_itself(into.sizes, into.strides))
    warn(
        str("Use of ", op,
            " on expanded tensors is deprecated. Please clone() the tensor before performing this operation. This also "
            "applies to advanced indexing e.g. ",
            subscript));
}
inline TensorRef changed_also_expanded(Call& c, const char* op, const char* subscript) {
  if (!c.into) return clone(c.tensor(0));
  warn_expanded(*c.into, op, subscript);
  check_others(c);
  return TensorRef(c.into);
}

}  // namespace wg
