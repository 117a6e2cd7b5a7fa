// Ops: what an argument is, what a call is, and the registry of all bodies.
#pragma once
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "parallel.h"
#include "tensor.h"

namespace wg {

enum class Tag : uint8_t { None, Tensor, Bool, Int, Float, Complex, Ints, Floats, DType, Text, Tensors, Foreign };

// What does not fit into a Value itself.
struct Box : Shared {
  virtual ~Box() = default;
};
inline void destroy(Box* b) { delete b; }
struct IntsBox : Box {
  Dims v;
  explicit IntsBox(Dims d) : v(std::move(d)) {}
};
struct FloatsBox : Box {
  std::vector<double> v;
};
struct ComplexBox : Box {
  complex128 v;
  explicit ComplexBox(complex128 z) : v(z) {}
};
struct TextBox : Box {
  std::string v;
  explicit TextBox(std::string s) : v(std::move(s)) {}
};
struct TensorsBox : Box {
  std::vector<TensorRef> v;  // null entries: an absent tensor (x[:, None] indexing, optional inputs)
};
struct ForeignBox : Box {
  Foreign v;
  bool counted;  // v is an object of the host (else a plain pointer that the caller keeps alive: a Generator)
  explicit ForeignBox(Foreign f, bool counted = true) : v(f), counted(counted) {
    if (counted) host.hold(f);
  }
  ~ForeignBox() override {
    if (counted) host.drop(v);
  }
};

// An argument of an op. Borrowed: whoever calls keeps it alive (a Held owns).
struct Value {
  Tag tag = Tag::None;
  union {
    Tensor* tensor;
    bool flag;
    int64_t integer;
    double real;
    DType dtype;
    Box* box;
  };
  Value() : integer(0) {}
  Value(Tensor* t) : tag(t ? Tag::Tensor : Tag::None), tensor(t) {}
  Value(const TensorRef& t) : Value(t.get()) {}
  static Value of_bool(bool b) {
    Value v;
    v.tag = Tag::Bool;
    v.integer = 0;
    v.flag = b;
    return v;
  }
  static Value of_int(int64_t i) {
    Value v;
    v.tag = Tag::Int;
    v.integer = i;
    return v;
  }
  static Value of_float(double f) {
    Value v;
    v.tag = Tag::Float;
    v.real = f;
    return v;
  }
  static Value of_dtype(DType d) {
    Value v;
    v.tag = Tag::DType;
    v.integer = 0;
    v.dtype = d;
    return v;
  }
  static Value of_box(Tag t, Box* b) {
    Value v;
    v.tag = t;
    v.box = b;
    return v;
  }
  bool none() const { return tag == Tag::None; }
  bool is_tensor() const { return tag == Tag::Tensor; }
  bool is_number() const { return tag >= Tag::Bool && tag <= Tag::Complex; }
  bool boxed() const { return tag == Tag::Complex || tag == Tag::Ints || tag == Tag::Floats || tag >= Tag::Text; }
  const Dims& ints() const { return static_cast<IntsBox*>(box)->v; }
  const std::vector<double>& floats() const { return static_cast<FloatsBox*>(box)->v; }
  const std::vector<TensorRef>& tensors() const { return static_cast<TensorsBox*>(box)->v; }
  const std::string& text() const { return static_cast<TextBox*>(box)->v; }
  Foreign foreign() const { return static_cast<ForeignBox*>(box)->v; }
  double to_double() const;  // of a number (Bool, Int, Float)
  int64_t to_int() const;
  complex128 to_complex() const;
  DType weak_dtype() const;  // of a number: Bool, Int64, default dtype, default complex
};

// An owned Value.
class Held {
  Value v_;

 public:
  Held() = default;
  Held(const Value& v) : v_(v) { hold(); }
  Held(const Held& o) : v_(o.v_) { hold(); }
  Held(Held&& o) noexcept : v_(o.v_) { o.v_ = Value(); }
  Held& operator=(Held o) noexcept {
    std::swap(v_, o.v_);
    return *this;
  }
  ~Held() { drop(); }
  const Value& get() const { return v_; }

 private:
  void hold() {
    if (v_.is_tensor())
      incref(v_.tensor);
    else if (v_.boxed())
      ++v_.box->uses;
  }
  void drop() {
    if (v_.is_tensor())
      decref(v_.tensor);
    else if (v_.boxed() && --v_.box->uses == 0)
      destroy(v_.box);
  }
};
Held hold_ints(Dims d);
Held hold_complex(complex128 z);
Held hold_text(std::string s);
Held hold_tensors(std::vector<TensorRef> v);

// What a backward pass says of a result that it asks for; the body of an op that `adds` may make use of it.
struct Product {
  TensorRef a, b;
};
struct Wanted {
  Tensor* add_to = nullptr;               // may be added to this one, which is then given out
  std::vector<Product>* later = nullptr;  // may be put there as a product that somebody adds up: nothing is given out
  bool any_depth = false;                 // … also if adding it to others gains nothing
  bool turned = false;                    // … as the product of both matrices' transposes
  int64_t column = 0, columns = -1;       // unless -1: nobody looks at other columns than these
};

// One call of an op: arguments in the order of its signature, results in the order of its outputs.
// A body may rewrite its arguments into canonical form (dims wrapped, defaults resolved): what is recorded for the
// backward pass is what the body leaves there. A body never looks at requires_grad and never records.
struct Call {
  const OpDef* op;
  Value* args;
  int nargs;
  Tensor* into = nullptr;  // write the result there (in-place), when the op is elementwise
  const Wanted* wanted = nullptr;
  std::vector<TensorRef> more = {};  // outputs after the first
  TensorRef first = {};
  std::vector<Held> kept = {};  // keeps rewritten arguments alive

  bool has(int i) const { return i < nargs && !args[i].none(); }
  Tensor& tensor(int i) const;  // TypeError when it is not one
  Tensor* tensor_or_null(int i) const { return i < nargs && args[i].is_tensor() ? args[i].tensor : nullptr; }
  const Value& of(int i, Tag tag) const {  // TypeError when it is of another kind
    if (i >= nargs || args[i].tag != tag) wrong_kind(i, tag);
    return args[i];
  }
  [[noreturn]] void wrong_kind(int i, Tag wanted) const;
  int64_t integer(int i) const { return args[i].to_int(); }
  double real(int i) const { return args[i].to_double(); }
  complex128 complex(int i) const { return args[i].to_complex(); }
  bool flag(int i) const { return args[i].tag == Tag::Bool ? args[i].flag : args[i].to_int() != 0; }
  const Dims& ints(int i) const { return of(i, Tag::Ints).ints(); }
  const std::vector<TensorRef>& tensors(int i) const { return of(i, Tag::Tensors).tensors(); }
  const std::string& text(int i) const { return of(i, Tag::Text).text(); }
  DType dtype_or(int i, DType otherwise) const { return has(i) ? of(i, Tag::DType).dtype : otherwise; }
  int64_t integer_or(int i, int64_t otherwise) const { return has(i) ? args[i].to_int() : otherwise; }
  double real_or(int i, double otherwise) const { return has(i) ? args[i].to_double() : otherwise; }

  void set(int i, Value v) { args[i] = v; }
  void set(int i, Held h) {
    args[i] = h.get();
    kept.push_back(std::move(h));
  }
  void set_ints(int i, Dims d) { set(i, hold_ints(std::move(d))); }
  void set_tensor(int i, TensorRef t) { set(i, Held(Value(t))); }
  // Replaces the tensor argument i by a contiguous (and cast) copy for this call only when needed; returns it.
  Tensor& contiguous(int i);

  void out(TensorRef t) {
    if (!first)
      first = std::move(t);
    else
      more.push_back(std::move(t));
  }
  int nouts() const { return first ? 1 + int(more.size()) : 0; }
  TensorRef& result(int k) { return k == 0 ? first : more[k - 1]; }
};

using Body = void (*)(Call&);

enum class Style : uint8_t {
  Primitive,    // a body and a derivative rule
  View,         // a body whose result shares the storage of argument 0
  Elementwise,  // a tile function or a program of them (apply.cpp runs it)
  Composite,    // a body that calls other ops: nothing of its own is recorded
  Host,         // the body is a function of the host language
};

// How an elementwise op chooses the dtype it computes in, and its result's.
enum class Promote : uint8_t {
  Same,     // the promoted dtype of the inputs
  Float,    // integers and bool become the default float
  Compare,  // compute in the promoted dtype, give bool
  Real,     // like Same, complex in gives real out (abs, real, angle)
  First,    // the dtype of the first input (in bitwise shifts and the like); others are cast to it
  FloatFirst,
};

// The gradient of an op whose first argument is the result of `source`, computed through both at once. Null: do it
// one by one. (The negative log-likelihood of a log_softmax needs no matrix of zeros and ones.)
struct Through {
  std::string_view source;  // the op's name
  TensorRef (*run)(Node& n, Node& source, const TensorRef& gradient);
};

// A derivative that is written in the host language, once more for a sweep that records nothing: in, one gradient an
// output (or null); out, one an edge. False: the rule itself must run. (A split of four gates is four copies.)
using Shortcut = bool (*)(Node& n, const std::vector<TensorRef>& in, std::vector<TensorRef>& out);

// Which columns of the gradient the node looks at.
using LooksAt = void (*)(Node& n, Wanted& w);

// have + the sum of the products; have may be null, or be the result. Where `work` is given the values are there when
// that is finished, for which the products must stay.
using AddUp = TensorRef (*)(TensorRef have, std::vector<Product>& products, std::unique_ptr<Background>* work);

struct OpDef {
  std::string name;  // "sum", "max.dim"
  int id = -1;
  Body body = nullptr;
  Style style = Style::Primitive;
  // Filled in by the declaration (the table):
  bool declared = false;
  bool constant = false;  // has no derivative, by declaration
  std::string grad_name;  // "SumBackward0"
  std::string kernel;     // of a fused op for floating-point numbers alone: what torch calls its kernel
  std::vector<std::string> arg_names;
  std::vector<std::string> out_names;
  uint64_t tensor_args = 0;           // bit i: argument i is a Tensor (or list of Tensors)
  uint64_t diff_args = 0;             // … with a derivative
  uint64_t diff_outs = ~uint64_t(0);  // outputs that can carry a gradient
  bool eager_rule = false;            // the derivative runs in the host language
  Foreign rule = nullptr;             // … as this object of the host, once it has been asked for
  const Through* through = nullptr;   // a shorter way for its gradient, past the op that made its first argument
  Shortcut shortcut = nullptr;        // of an eager rule
  AddUp adds = nullptr;               // where its body knows Call::wanted
  LooksAt looks_at = nullptr;         // where that may be a part of it
  bool random = false;                // draws from a generator: never folded, never replayed
  bool multi_view = false;            // split, unbind: outputs are views that can't be written in place
  // Elementwise:
  int fn = -1;  // tile function
  Promote promote = Promote::Same;
  Program* forward = nullptr;                           // of a fused op
  std::vector<std::pair<uint64_t, Program*>> backward;  // by mask of inputs that need a gradient
};

OpDef& define_op(std::string_view name, Body body, Style style);  // registers, or completes a registration
OpDef* find_op(std::string_view name);                            // null when there is none
const std::vector<OpDef*>& all_ops();

// WG_OP(gather) { Tensor& self = c.tensor(0); …; c.out(result); }  registers a primitive's body under its name.
// WG_OP_AS(max_dim, "max.dim", Primitive) { … } where name or style differ.
#define WG_OP_AS(ident, name, style)                                                                         \
  static void body_##ident(::wg::Call& c);                                                                   \
  [[maybe_unused]] static ::wg::OpDef& op_##ident = ::wg::define_op(name, body_##ident, ::wg::Style::style); \
  static void body_##ident([[maybe_unused]] ::wg::Call& c)
#define WG_OP(ident) WG_OP_AS(ident, #ident, Primitive)

// Calls an op as a user would, recording when gradients are wanted (apply.cpp). For composites and programs.
TensorRef apply(const OpDef& op, std::initializer_list<Value> args);
void apply(Call& c);

}  // namespace wg
