// The registry of ops, and values.
#include "op.h"

#include <memory>
#include <unordered_map>

namespace wg {
namespace {
struct Registry {
  std::vector<OpDef*> all;
  std::unordered_map<std::string, OpDef*> by_name;
};
Registry& registry() {
  static auto* r = new Registry;
  return *r;
}
}  // namespace

OpDef& define_op(std::string_view name, Body body, Style style) {
  Registry& r = registry();
  auto [it, fresh] = r.by_name.try_emplace(std::string(name), nullptr);
  if (fresh) {
    it->second = new OpDef;
    it->second->name = name;
    it->second->id = int(r.all.size());
    r.all.push_back(it->second);
  }
  it->second->body = body;
  it->second->style = style;
  return *it->second;
}

OpDef* find_op(std::string_view name) {
  auto it = registry().by_name.find(std::string(name));
  return it == registry().by_name.end() ? nullptr : it->second;
}

const std::vector<OpDef*>& all_ops() { return registry().all; }

double Value::to_double() const {
  switch (tag) {
    case Tag::Bool: return flag;
    case Tag::Int: return double(integer);
    case Tag::Float: return real;
    case Tag::Complex: {
      complex128 z = static_cast<ComplexBox*>(box)->v;
      WG_CHECK(z.imag() == 0, "value cannot be converted to type double without overflow");
      return z.real();
    }
    default: fail(Kind::Type, "expected a number");
  }
}

int64_t Value::to_int() const {
  switch (tag) {
    case Tag::Bool: return flag;
    case Tag::Int: return integer;
    case Tag::Float: return int64_t(real);
    case Tag::Complex: return int64_t(to_double());
    default: fail(Kind::Type, "expected an integer");
  }
}

complex128 Value::to_complex() const {
  return tag == Tag::Complex ? static_cast<ComplexBox*>(box)->v : complex128(to_double());
}

DType Value::weak_dtype() const {
  switch (tag) {
    case Tag::Bool: return DType::Bool;
    case Tag::Int: return DType::Int64;
    case Tag::Float: return default_dtype();
    case Tag::Complex: return complex_of(default_dtype());
    default: fail(Kind::Type, "expected a number");
  }
}

Held hold_ints(Dims d) { return Held(Value::of_box(Tag::Ints, new IntsBox(std::move(d)))); }
Held hold_complex(complex128 z) { return Held(Value::of_box(Tag::Complex, new ComplexBox(z))); }
Held hold_text(std::string s) { return Held(Value::of_box(Tag::Text, new TextBox(std::move(s)))); }
Held hold_tensors(std::vector<TensorRef> v) {
  auto* b = new TensorsBox;
  b->v = std::move(v);
  return Held(Value::of_box(Tag::Tensors, b));
}

Tensor& Call::tensor(int i) const {
  WG_CHECK_TYPE(i < nargs && args[i].is_tensor(), op->name, "(): argument '",
                i < int(op->arg_names.size()) ? op->arg_names[i] : str(i + 1), "' (position ", i + 1,
                ") must be Tensor");
  return *args[i].tensor;
}

void Call::wrong_kind(int i, Tag wanted) const {
  const char* kind = wanted == Tag::Ints      ? "tuple of ints"
                     : wanted == Tag::Tensors ? "tuple of Tensors"
                     : wanted == Tag::DType   ? "torch.dtype"
                                              : "str";
  fail(Kind::Type, op->name, "(): argument '", i < int(op->arg_names.size()) ? op->arg_names[i] : str(i + 1),
       "' (position ", i + 1, ") must be ", kind);
}

Tensor& Call::contiguous(int i) {
  Tensor& t = tensor(i);
  if (!t.contiguous) set_tensor(i, wg::contiguous(t));
  return *args[i].tensor;
}

}  // namespace wg
