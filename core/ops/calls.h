// Calling an op by name from a composite body.
#pragma once
#include <algorithm>
#include <cstddef>

#include "../op.h"

namespace wg {

// A name as a template argument.
template <size_t N>
struct OpName {
  char text[N];
  consteval OpName(const char (&s)[N]) { std::copy_n(s, N, text); }
};

// op<"view">(): the op, looked up once.
template <OpName name>
const OpDef& op() {
  static const OpDef* const found = find_op(name.text);
  WG_ASSERT(found != nullptr);
  return *found;
}

// call<"select">(t, dim, index): arguments become Values; ints, bools, Values, tensors and Helds are taken.
inline Value to_value(const Value& v) { return v; }
inline Value to_value(const Held& h) { return h.get(); }
inline Value to_value(const TensorRef& t) { return Value(t); }
inline Value to_value(Tensor& t) { return Value(&t); }
inline Value to_value(bool b) { return Value::of_bool(b); }
inline Value to_value(int i) { return Value::of_int(i); }
inline Value to_value(int64_t i) { return Value::of_int(i); }
inline Value to_value(double f) { return Value::of_float(f); }
inline Value to_value(DType d) { return Value::of_dtype(d); }
inline Held to_value(const Dims& d) { return hold_ints(d); }

template <OpName name, class... Args>
TensorRef call(Args&&... args) {
  return [](const auto&... values) {
    return apply(op<name>(), {to_value(values)...});
  }(to_value(args)...);  // Helds made from Dims live until the call is over
}

}  // namespace wg
