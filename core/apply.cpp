// The one path of every op.
#include "apply.h"

#include <algorithm>

#include "kernels/reduce.h"
#include "names.h"
#include "program.h"

namespace wg {

void (*interpret)(Call& c) = nullptr;
Program* (*trace)(const OpDef& op, uint64_t mask, bool complex) = nullptr;
Program* (*trace_fused)(const OpDef& op) = nullptr;
void (*run_host_body)(Call& c) = nullptr;
void (*warn)(const std::string& text) = nullptr;
bool (*dispatched)(const Call& c) = nullptr;
bool (*dispatching)(const Tensor& t) = nullptr;
void (*dispatch)(Call& c) = nullptr;

TypeInfo type_info(const Value& v) {
  if (v.is_tensor()) {
    const Tensor& t = *v.tensor;
    if (!t.number) return {t.dtype, uint8_t(t.ndim() == 0 ? 1 : 2)};
    return {is_complex(t.dtype) ? complex_of(default_dtype()) : is_floating(t.dtype) ? default_dtype() : t.dtype, 0};
  }
  return {v.weak_dtype(), 0};
}

// What a dtype becomes beside one of a lower rank, which counts only where its category is higher; even then a floating
// dtype keeps its precision.
static DType beside(DType higher, DType lower) {
  if (category(lower) <= category(higher)) return higher;
  return is_floating(higher) ? complex_of(higher) : promote(higher, lower);
}

DType result_type(const TypeInfo* infos, int n) {
  // Per rank (numbers, 0-dim, dims) the promoted dtype.
  DType by_rank[3];
  bool has[3] = {};
  for (int i = 0; i < n; ++i) {
    int r = infos[i].rank;
    by_rank[r] = has[r] ? promote(by_rank[r], infos[i].dtype) : infos[i].dtype;
    has[r] = true;
  }
  bool any = false;
  DType result = DType::Bool;
  for (int r = 0; r <= 2; ++r) {
    if (!has[r]) continue;
    result = any ? beside(by_rank[r], result) : by_rank[r];
    any = true;
  }
  return result;
}

[[gnu::noinline]] static void run_registered(Call& c) {
  try {
    c.op->body(c);
  } catch (const NoKernel& e) {
    fail(e.kind, '"', std::string_view(c.op->name).substr(0, c.op->name.find('.')), "_cpu\" ", e.what());
  }
}

void run_body(Call& c) {
  switch (c.op->style) {
    case Style::Elementwise: run_elementwise(c); break;
    case Style::Host: {
      GradMode off(false);
      run_host_body(c);
      break;
    }
    default: run_registered(c);
  }
}

Program* backward_program(const OpDef& op, uint64_t mask, bool complex) {
  uint64_t key = mask | uint64_t(complex) << 63;
  for (auto& [k, p] : op.backward)
    if (k == key) return p;
  if (!trace) return nullptr;
  Program* p = trace(op, mask, complex);
  const_cast<OpDef&>(op).backward.push_back({key, p});
  return p;
}

uint64_t grad_mask(const Call& c) {
  uint64_t mask = 0, args = c.op->diff_args;
  for (int i = 0; i < c.nargs && args >> i; ++i) {
    if (!(args >> i & 1)) continue;
    if (c.args[i].is_tensor()) {
      if (requires_grad(*c.args[i].tensor)) mask |= uint64_t(1) << i;
    } else if (c.args[i].tag == Tag::Tensors) {
      for (const TensorRef& t : c.args[i].tensors())
        if (t && requires_grad(*t)) mask |= uint64_t(1) << i;
    }
  }
  return mask;
}

template <class F>
static void each_tensor(const Call& c, F f) {
  for (int i = 0; i < c.nargs; ++i) {
    if (c.args[i].is_tensor()) {
      f(*c.args[i].tensor);
    } else if (c.args[i].tag == Tag::Tensors) {
      for (const TensorRef& t : c.args[i].tensors())
        if (t) f(*t);
    }
  }
}

// What has to be known of all tensors among the arguments, seen in one pass.
struct Seen {
  bool wrapped = false;  // by a transform
  uintptr_t past = 0;    // not 0: one has a history, or was cut off from one
};

static Seen look(const Call& c) {
  Seen s;
  each_tensor(c, [&](const Tensor& t) {
    s.wrapped |= t.wrapped;
    s.past |= reinterpret_cast<uintptr_t>(t.grad_fn.get()) | reinterpret_cast<uintptr_t>(t.cut.get()) | t.requires_grad;
  });
  if (bases_became_dual) [[unlikely]]
    each_tensor(c, [&](const Tensor& t) { s.wrapped |= is_view(t) && t.extra->base->wrapped; });
  return s;
}

// Results without a history, of arguments that had one or were cut off from one: they remember where it was lost.
[[gnu::noinline]] static void note_cut(Call& c, const char* how) {
  if (c.first && c.more.empty() && c.nargs && c.args[0].is_tensor()) {  // a chain behind a cut
    Tensor &from = *c.args[0].tensor, &to = *c.first;
    if (from.cut && !from.needs_grad() && !to.needs_grad()) {
      to.cut = from.cut;
      return;
    }
  }
  const Modes& m = modes();
  if (m.own) return;
  Cut* known = nullptr;
  bool lost = false;
  each_tensor(c, [&](const Tensor& t) {
    if (t.needs_grad())
      lost = true;
    else if (!known)
      known = t.cut.get();
  });
  Own<Cut> cut(known);
  for (int k = 0; k < c.nouts(); ++k) {
    Tensor& r = *c.result(k);
    if (r.needs_grad() || r.cut) continue;
    if (!cut && lost) cut = new_cut(m.inference ? cuts::kInference : m.grad ? how : cuts::kNoGrad, c.op->name.c_str());
    r.cut = cut;
  }
}

static Value leaf_value(const Leaf& l, Call& c, std::vector<Held>& keep) {
  switch (l.kind) {
    case Leaf::Arg: return l.index < c.nargs ? c.args[l.index] : Value();
    case Leaf::Out: return Value(c.result(l.index));
    case Leaf::ArgSizes:
    case Leaf::OutSizes: {
      const Value v = l.kind == Leaf::ArgSizes ? c.args[l.index] : Value(c.result(l.index));
      keep.push_back(hold_ints(v.is_tensor() ? v.tensor->sizes : Dims()));
      return keep.back().get();
    }
    case Leaf::ArgDType:
    case Leaf::OutDType: {
      const Value v = l.kind == Leaf::ArgDType ? c.args[l.index] : Value(c.result(l.index));
      return Value::of_dtype(v.is_tensor() ? v.tensor->dtype : v.weak_dtype());
    }
    case Leaf::ArgColumns: {
      const Tensor& t = *c.args[l.index].tensor;
      return Value::of_bool(t.ndim() == 2 && t.strides[0] == 1 && t.strides[1] == t.sizes[0]);
    }
    default: return Value();
  }
}

static void add_edges(Node& n, Call& c, uint64_t mask) {
  uint32_t count = 0;
  for (int i = 0; i < c.nargs; ++i) {
    if (!(c.op->diff_args >> i & 1)) continue;
    count += c.args[i].tag == Tag::Tensors ? uint32_t(c.args[i].tensors().size()) : 1;
  }
  n.edges.resize(count);
  uint32_t k = 0;
  for (int i = 0; i < c.nargs; ++i) {
    if (!(c.op->diff_args >> i & 1)) continue;
    if (c.args[i].tag == Tag::Tensors) {
      for (const TensorRef& t : c.args[i].tensors()) {
        if (t && requires_grad(*t))
          n.edges[k] = gradient_edge(*t);
        else if (t && t->cut)
          n.cut = t->cut;
        ++k;
      }
    } else {
      if (mask >> i & 1)
        n.edges[k] = gradient_edge(*c.args[i].tensor);
      else if (c.args[i].is_tensor() && c.args[i].tensor->cut)
        n.cut = c.args[i].tensor->cut;
      ++k;
    }
  }
}

// Anomaly mode, where it is to look at the forward pass too: a result that is nan (or inf) is an error at its op.
[[gnu::noinline]] static void check_results(Call& c, const Node& n) {
  static const OpDef *isnan = find_op("isnan"), *isinf = find_op("isinf"), *any = find_op("any");
  GradMode off(false);
  auto has = [](const OpDef* what, Tensor& t) {
    return is_differentiable(t.dtype) && !t.wrapped &&
           *apply(*any, {Value(apply(*what, {Value(&t)}))})->template as<bool>();
  };
  for (int k = 0; k < c.nouts(); ++k)
    for (bool inf : {false, true}) {
      const OpDef* what = inf ? isinf : isnan;
      if (!(inf ? modes().anomaly_inf : modes().anomaly_nan) || !has(what, *c.result(k))) continue;
      bool before = false;
      for (int i = 0; i < c.nargs; ++i) before |= c.args[i].is_tensor() && has(what, *c.args[i].tensor);
      const char* name = inf ? "inf" : "nan";
      fail(Kind::Runtime, "Function '", c.op->name, "' returned ", name, " values in its ", k,
           "th output, in the forward pass.\n  called", host.line(n.place), "\n  likeliest fix: ",
           before ? str("an input had ", name, " before: look where it came from (data, or a step without this check)")
                  : "keep the input away from the point where the op is not finite (clamp it, or add an eps)");
    }
}

void record(Call& c, uint64_t mask, bool inplace) {
  const int nouts = c.nouts();
  if (!nouts) return;  // unbind of a dim of size 0
  // The outputs of a list are alike: one bit stands for all from the 64th on.
  auto carries = [&](int k) {
    return (c.op->diff_outs >> std::min(k, 63) & 1) && is_differentiable(c.result(k)->dtype);
  };
  bool complex = false, differentiable = false;
  for (int k = 0; k < nouts; ++k) {
    complex |= is_complex(c.result(k)->dtype);
    differentiable |= carries(k);
  }
  for (int i = 0; i < c.nargs; ++i) complex |= c.args[i].is_tensor() && is_complex(c.args[i].tensor->dtype);
  if (!differentiable) return note_cut(c, c.result(0)->dtype == DType::Bool ? cuts::kNoDerivative : cuts::kInteger);
  Ref<Node> n = new_node(NodeKind::Op, c.op);
  n->mask = mask;
  add_edges(*n, c, mask);
  n->outputs.resize(uint32_t(nouts));
  for (int k = 0; k < nouts; ++k) {
    OutputMeta& m = n->outputs[uint32_t(k)];
    m.sizes = c.result(k)->sizes;
    m.dtype = c.result(k)->dtype;
  }
  const Program* p = backward_program(*c.op, mask, complex);
  n->program = const_cast<Program*>(p);
  const auto nleaves = uint32_t(p->leaves.size());
  n->saved.resize(nleaves);
  std::vector<Held> keep;
  for (uint32_t i = 0; i < nleaves; ++i) {
    const Leaf& l = p->leaves[i];
    if (l.kind == Leaf::Grad) continue;
    const Value v = leaf_value(l, c, keep);
    const bool written = inplace && v.is_tensor() && v.tensor == c.result(0).get() &&
                         !is_view(*v.tensor);  // it must not hold its own node
    save(*n, i, v, l.kind == Leaf::Out ? l.index : written ? 0 : -1);
    // What an op wrote into was an operand, too (y.mul_(y)): the rule needs it as it was before.
    if (inplace && l.kind == Leaf::Arg && v.is_tensor() && v.tensor->version &&
        v.tensor->version.get() == c.result(0)->version.get())
      --n->saved[i].version;
  }
  for (int k = 0; k < nouts; ++k) {
    if (!carries(k)) {
      note_cut(c, c.result(k)->dtype == DType::Bool ? cuts::kNoDerivative : cuts::kInteger);
      continue;
    }
    if (inplace) {
      rebase_history(*c.result(k), n, uint32_t(k));
    } else {
      c.result(k)->grad_fn = n;
      c.result(k)->output_nr = uint32_t(k);
      host.track(c.result(k).get());
    }
  }
  if (modes().anomaly && modes().anomaly_forward) [[unlikely]]
    check_results(c, *n);
}

static void mark_views(Call& c) {
  Tensor& base = *c.args[0].tensor;
  Creation how = modes().inference  ? Creation::Inference
                 : !modes().grad    ? Creation::NoGrad
                 : c.op->multi_view ? Creation::MultiOutput
                                    : Creation::Default;
  for (int k = 0; k < c.nouts(); ++k)
    if (c.result(k).get() != &base && c.result(k)->storage.get() == base.storage.get())
      mark_view(*c.result(k), base, how, c.op);
}

// A number that becomes an integer of a dtype must fit; without a sign, one below zero counts by its size.
static void check_fits(const Value& v, DType d) {
  if (v.tag != Tag::Int || category(d) != 1 || size_of(d) == 8) return;
  const bool bare = d == DType::UInt8 || d == DType::UInt16 || d == DType::UInt32;
  const int64_t top = (int64_t(1) << (8 * size_of(d) - !bare)) - 1, x = v.to_int();
  WG_CHECK(x <= top && x >= -top - !bare, "value cannot be converted to type ", cpp_name(d), " without overflow");
}

// What torch says of alpha's dtype in x + alpha * y and x - alpha * y.
static void check_alpha(const Call& c) {
  TypeInfo in[2] = {type_info(c.args[0]), type_info(c.args[1])};
  const Value& alpha = c.args[2];
  DType result = result_type(in, 2);
  check_fits(alpha, result);
  WG_CHECK(alpha.tag != Tag::Bool || result == DType::Bool, "Boolean alpha only supported for Boolean results.");
  WG_CHECK(alpha.tag == Tag::Bool || alpha.tag == Tag::Int || category(result) >= 2,
           "For integral input tensors, argument alpha must not be a floating point number.");
  WG_CHECK(alpha.tag != Tag::Complex || is_complex(result),
           "For non-complex input tensors, argument alpha must not be a complex number.");
}

// lerp promotes nothing: its operands are of one dtype, but for a weight without dims.
static void check_lerp(const Call& c) {
  const DType d = c.args[0].tensor->dtype;
  const Value &end = c.args[1], &weight = c.args[2];
  if (end.is_tensor())
    WG_CHECK(end.tensor->dtype == d, "expected dtype ", compiler_name(d), " for `end` but got dtype ",
             compiler_name(end.tensor->dtype));
  if (weight.is_tensor() && weight.tensor->ndim())
    WG_CHECK(weight.tensor->dtype == d, "expected dtype ", compiler_name(d), " for `weight` but got dtype ",
             compiler_name(weight.tensor->dtype));
  const bool counts = is_differentiable(d) || (weight.is_tensor() && is_differentiable(weight.tensor->dtype));
  WG_CHECK_KIND(Kind::NotImplemented, counts, "\"lerp_kernel_", weight.is_tensor() ? "tensor" : "scalar",
                "\" not implemented for '", torch_name(d), "'");
}

// Options of elementwise ops: add(x, y, alpha=2) is an op of three operands, div(x, y, rounding_mode="floor") another.
static void settle_options(Call& c) {
  static const OpDef *add = find_op("add"), *sub = find_op("sub"), *div = find_op("div"),
                     *add_scaled = find_op("_add_scaled"), *sub_scaled = find_op("_sub_scaled"),
                     *floor = find_op("_div_floor"), *trunc = find_op("trunc_divide"), *where = find_op("where"),
                     *lerp = find_op("lerp"), *clamp = find_op("clamp"), *threshold = find_op("threshold");
  if (c.op == add || c.op == sub) {
    Value alpha = c.args[2];
    if (alpha.tag != Tag::Int || alpha.to_int() != 1) check_alpha(c);
    if (alpha.is_number() && !(alpha.tag != Tag::Complex && alpha.to_double() == 1)) {
      c.op = c.op == add ? add_scaled : sub_scaled;
      return;
    }
    c.nargs = 2;
  } else if (c.op == div) {
    if (c.args[2].tag == Tag::Text) {
      const std::string& mode = c.args[2].text();
      WG_CHECK(mode == "floor" || mode == "trunc",
               "div expected rounding_mode to be one of None, 'trunc', or 'floor' but found '", mode, "'");
      c.op = mode == "floor" ? floor : trunc;
    }
    c.nargs = 2;
  } else if (c.op == where && c.args[0].is_tensor()) {
    DType d = c.args[0].tensor->dtype;
    WG_CHECK(d == DType::Bool || d == DType::UInt8,
             "where expected condition to be a boolean tensor, but got a tensor with dtype ", torch_name(d));
    if (d == DType::UInt8)
      warn(
          "where received a uint8 condition tensor. This behavior is deprecated and will be removed in a future version "
          "of PyTorch. Use a boolean condition instead.");
    for (int i = 1; i < 3; ++i)
      if (c.args[i].tag == Tag::Int && c.args[3 - i].is_tensor()) check_fits(c.args[i], c.args[3 - i].tensor->dtype);
  } else if ((c.op == clamp || c.op == threshold) && c.args[0].is_tensor()) {
    for (int i = 1; i < 3; ++i) check_fits(c.args[i], c.args[0].tensor->dtype);
  } else if (c.op == lerp && c.args[0].is_tensor()) {
    check_lerp(c);
  }
}

// A call that a transform, a class or a mode takes over.
[[gnu::noinline]] static void apply_elsewhere(Call& c) {
  if (!dispatched(c)) return interpret(c);
  const uint64_t mask = modes().grad && c.op->diff_args ? grad_mask(c) : 0;
  {
    GradMode off(false);
    dispatch(c);
  }
  for (int i = 0; i < c.nargs; ++i)
    if (c.args[i].is_tensor() && c.first.get() == c.args[i].tensor) return;
  if (c.op->style == Style::View) mark_views(c);
  if (mask) record(c, mask, false);
}

[[gnu::noinline]] static void apply_inplace_elsewhere(Call& c) {
  Tensor& self = c.tensor(0);
  const TensorRef hold_self(&self);
  c.into = &self;
  if (!dispatched(c)) return interpret(c);
  static const OpDef* clone_op = find_op("clone");
  const uint64_t mask = modes().grad && c.op->diff_args ? grad_mask(c) : 0;
  check_inplace(self, mask != 0);
  TensorRef before;  // the rule may need the value that is about to be overwritten
  if (mask) {
    GradMode off(false);
    before = apply(*clone_op, {Value(&self)});
    if (requires_grad(self)) {
      Edge e = gradient_edge(self);
      before->grad_fn = e.node;
      before->output_nr = e.nr;
    }
  }
  {
    GradMode off(false);
    dispatch(c);
  }
  if (before) c.set_tensor(0, before);
  c.more.clear();
  c.first = hold_self;
  bump(self);
  if (mask) record(c, mask, true);
}

void apply(Call& c) {
  if (c.op->style == Style::Elementwise && c.nargs == 3) settle_options(c);
  const OpDef& op = *c.op;
  // Composites are seen by their parts; but one that changes what a tensor is (t_(), squeeze_()) has none.
  if (op.style == Style::Composite && !(op.constant && look(c).wrapped)) return op.body(c);
  Seen seen = look(c);
  if ((seen.wrapped || (op.random && modes().batching)) && interpret) return c.wanted = nullptr, apply_elsewhere(c);
  uint64_t mask = modes().grad && op.diff_args ? grad_mask(c) : 0;
  run_body(c);
  // A body may hand back an argument untouched (contiguous of a contiguous tensor): then there is nothing to record.
  if (op.style == Style::View) {
    if (c.args[0].tensor->inference) return;  // what is seen there has no history to follow
    mark_views(c);
  }
  if (mask) {
    for (int i = 0; i < c.nargs; ++i)
      if (c.args[i].is_tensor() && c.first.get() == c.args[i].tensor) return;
    record(c, mask, false);
  } else if (seen.past && c.first) {
    note_cut(c, cuts::kNoDerivative);
  }
}

TensorRef apply(const OpDef& op, std::initializer_list<Value> args) {
  Value v[12];
  int n = 0;
  WG_ASSERT(args.size() <= 12);
  for (const Value& a : args) v[n++] = a;
  Call c{&op, v, n};
  apply(c);
  return std::move(c.first);
}

// Whether two tensors of the same memory visit it in the same order: dims of one element have no say in that.
static bool same_steps(const Tensor& a, const Tensor& b) {
  size_t i = 0, j = 0;
  for (;; ++i, ++j) {
    while (i < a.sizes.size() && a.sizes[i] == 1) ++i;
    while (j < b.sizes.size() && b.sizes[j] == 1) ++j;
    if (i >= a.sizes.size() || j >= b.sizes.size()) return i >= a.sizes.size() && j >= b.sizes.size();
    if (a.sizes[i] != b.sizes[j] || a.strides[i] != b.strides[j]) return false;
  }
}

Overlap overlap(const Tensor& a, const Tensor& b) {
  if (&a == &b) return Overlap::Whole;
  if (a.storage.get() != b.storage.get() || !a.numel || !b.numel) return Overlap::None;
  if (!is_dense(a.sizes, a.strides) || !is_dense(b.sizes, b.strides)) return Overlap::Unknown;
  int64_t first = a.offset * size_of(a.dtype), last = first + a.nbytes();
  int64_t other = b.offset * size_of(b.dtype), end = other + b.nbytes();
  if (first == other && last == end) return same_steps(a, b) ? Overlap::Whole : Overlap::Part;
  return first < end && other < last ? Overlap::Part : Overlap::None;
}

void check_apart(const Tensor& written, const Tensor& read, bool moves) {
  if (written.storage.get() != read.storage.get()) return;
  const Overlap how = overlap(written, read);
  WG_CHECK(
      how != Overlap::Part && !(moves && how == Overlap::Whole),
      "unsupported operation: some elements of the input tensor and the written-to tensor refer to a single memory "
      "location. Please clone() the tensor before performing the operation.");
}

void write_into(Tensor& into, const Tensor& made) {
  WG_CHECK(made.sizes == into.sizes, "output with shape ", to_string(into.sizes), " doesn't match the broadcast shape ",
           to_string(made.sizes));
  WG_CHECK(can_cast(made.dtype, into.dtype), "result type ", torch_name(made.dtype),
           " can't be cast to the desired output type ", torch_name(into.dtype));
  check_written(into.sizes, into.strides);
  copy(into, made);
}

// What torch calls the in-place form of a call.
static std::string written_as(const Call& c) {
  const std::string& full = c.op->name;
  const size_t dot = full.find('.');
  std::string name = full.substr(0, dot), overload = dot == std::string::npos ? "" : full.substr(dot);
  auto is = [&](std::initializer_list<const char*> names) {
    return std::any_of(names.begin(), names.end(), [&](const char* n) { return name == n; });
  };
  if (is({"_add_scaled", "_sub_scaled"})) name = name.substr(1, 3);
  if (overload.empty() && is({"add", "sub", "mul", "div", "floor_divide"})) overload = ".Tensor";
  if (is({"pow", "float_power"})) overload = c.args[1].is_tensor() ? ".Tensor" : ".Scalar";
  if (overload.empty() && is({"remainder", "fmod", "copysign", "bitwise_and", "bitwise_or", "bitwise_xor", "eq", "ne",
                              "lt", "le", "gt", "ge", "lerp"}))
    overload = c.args[c.nargs - 1].is_tensor() ? ".Tensor" : ".Scalar";
  return name + (name.back() == '_' ? "" : "_") + overload;
}

void apply_inplace(Call& c) {
  if (c.op->style == Style::Elementwise && c.nargs == 3) settle_options(c);
  Tensor& self = c.tensor(0);
  if (self.storage->born < modes().taped) [[unlikely]]
    refuse_captured(written_as(c));
  if (c.op->style == Style::Composite && !(c.op->constant && look(c).wrapped)) return c.op->body(c);
  Seen seen = look(c);
  if ((seen.wrapped || (c.op->random && modes().batching)) && interpret) return apply_inplace_elsewhere(c);
  uint64_t mask = modes().grad && c.op->diff_args ? grad_mask(c) : 0;
  check_inplace(self, mask != 0);
  if (mask) {
    // The rule may need the value that is about to be overwritten.
    bool complex = is_complex(self.dtype);
    const Program* p = backward_program(*c.op, mask, complex);
    for (const Leaf& l : p->leaves)
      if (l.kind == Leaf::Arg && c.args[l.index].is_tensor() && c.args[l.index].tensor == &self && l.index == 0) {
        TensorRef before = clone(self);
        if (requires_grad(self)) {  // keeps its place in the history for higher derivatives
          Edge e = gradient_edge(self);
          before->grad_fn = e.node;
          before->output_nr = e.nr;
        }
        c.set_tensor(0, before);
        break;
      }
  }
  TensorRef hold_self(&self);
  c.into = &self;  // a body that can't write there hands back something else
  run_body(c);
  if (c.op->style != Style::Elementwise) {
    TensorRef made = std::move(c.first);
    if (made.get() != &self) write_into(self, *made);
    c.first = TensorRef(&self);
  }
  bump(self);
  if (mask)
    record(c, mask, true);
  else if (seen.past)
    note_cut(c, cuts::kNoDerivative);
  if (self.cut && is_view(self)) self.extra->base->cut = self.cut;
}

TensorRef sum_to(const Tensor& t, const Dims& sizes) {
  if (t.sizes == sizes) return TensorRef(const_cast<Tensor*>(&t));
  static const OpDef* sum = find_op("sum.dim_IntList");
  WG_ASSERT(sum);
  int extra = t.ndim() - sizes.size();
  if (!modes().grad && !t.wrapped && !t.cut && (t.dtype == DType::Float32 || t.dtype == DType::Float64)) {
    uint64_t mask = 0;  // nothing to record: straight to the kernel
    for (int i = 0; i < t.ndim(); ++i)
      if (i < extra || (sizes[i - extra] == 1 && t.sizes[i] != 1)) mask |= uint64_t(1) << i;
    TensorRef r = empty(sizes, t.dtype);
    fold(Fold::Sum, t.dtype, t.data(), t.sizes, t.strides, mask, 0, r->data());
    return r;
  }
  Dims dims;
  for (int i = 0; i < t.ndim(); ++i)
    if (i < extra || (sizes[i - extra] == 1 && t.sizes[i] != 1)) dims.push_back(i);
  TensorRef r(const_cast<Tensor*>(&t));
  if (!dims.empty()) {
    Held d = hold_ints(dims);
    r = apply(*sum, {Value(r), d.get(), Value::of_bool(true), Value()});
  }
  if (!(r->sizes == sizes)) {
    static const OpDef* reshape = find_op("reshape");
    Held to = hold_ints(sizes);
    r = apply(*reshape, {Value(r), to.get()});
  }
  return r;
}

static TensorRef cast_gradient(const TensorRef& g, DType dtype, bool recording) {
  TensorRef r = g;
  if (is_complex(g->dtype) && !is_complex(dtype)) {
    static const OpDef* real = find_op("real");
    r = apply(*real, {Value(r)});
  }
  if (r->dtype == dtype) return r;
  if (!recording && !r->wrapped) return cast(*r, dtype);
  static const OpDef* to = find_op("_to_copy");
  return apply(*to, {Value(r), Value::of_dtype(dtype)});
}

void fit(TensorRef& g, Node& to, uint32_t nr, Node& from, size_t index, bool recording) {
  if (nr >= to.outputs.size()) return;
  const OutputMeta& m = to.outputs[nr];
  if (!(g->sizes == m.sizes)) {
    WG_CHECK(can_broadcast(m.sizes, g->sizes), "Function ", name_of(from), " returned an invalid gradient at index ",
             index, " - got ", to_string(g->sizes), " but expected shape compatible with ", to_string(m.sizes));
    static const OpDef* sum = find_op("sum_to_size");
    g = g->wrapped ? apply(*sum, {Value(g), hold_ints(m.sizes).get()}) : sum_to(*g, m.sizes);
  }
  if (g->dtype != m.dtype && is_differentiable(m.dtype)) g = cast_gradient(g, m.dtype, recording);
}

}  // namespace wg
