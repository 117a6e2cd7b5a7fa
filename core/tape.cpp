// Nodes, saved tensors, in-place rules.
#include "tape.h"

#include "program.h"

#include <new>

namespace wg {
namespace {

int64_t live = 0;
uint64_t sequence = 0;

// Dropping the last reference to a long chain of nodes or gradients must not recurse: what is to drop waits in a list.
std::vector<Object*> pending;
bool draining = false;

template <class T>
void drop_later(Ref<T> r) {
  if (!r) return;
  if (r->refs > 1) return;  // it lives on
  pending.push_back(r.release());
  if (draining) return;
  draining = true;
  while (!pending.empty()) {
    Object* next = pending.back();
    pending.pop_back();
    decref(next);
  }
  draining = false;
}

void drop_hooks(std::vector<Hook>& hooks) {
  for (Hook& h : hooks) host.drop(h.call);
  hooks.clear();
}

constexpr const char* kSecondTime =
    "Trying to backward through the graph a second time (or directly access saved tensors after they have already been "
    "freed). Saved intermediate values of the graph are freed when you call .backward() or autograd.grad(). Specify "
    "retain_graph=True if you need to backward through the graph a second time or if you need to access saved tensors "
    "after calling backward.";

constexpr const char* kSavedInference =
    "Inference tensors cannot be saved for backward. Please do not use Tensors created in inference mode in computation "
    "tracked by autograd. To work around this, you can make a clone to get a normal tensor and use it in autograd, or use "
    "`torch.no_grad()` instead of `torch.inference_mode()`.";

constexpr const char* kOutOfPlace =
    "\n  likeliest fix: y = y.mul(…) in place of y.mul_(…), or a write to the tensor itself: x[i] = …";
constexpr const char* kUnderNoGrad =
    "\n  likeliest fix: put the update inside torch.no_grad(); or, if it is to be differentiated, write it out of place";

}  // namespace

constinit thread_local Modes the_modes;

Extra& extra_of(Tensor& t) {
  if (!t.extra) t.extra = new Extra;
  return *t.extra;
}

NodeExtra& extra_of(Node& n) {
  if (!n.extra) n.extra = new NodeExtra;
  return *n.extra;
}

void construct(Node* n) {
  void* type = n->type;
  auto refs = n->refs;
  new (n) Node;
  n->type = type;
  n->refs = refs;
  ++live;
}

void destruct(Node* n) {
  if (n->kind == NodeKind::Accumulate && n->saved.size())
    if (Tensor* leaf = n->saved[0].value.get().is_tensor() ? n->saved[0].value.get().tensor : nullptr)
      if (leaf->extra && leaf->extra->accumulate == n) leaf->extra->accumulate = nullptr;
  for (Edge& e : n->edges) drop_later(std::move(e.node));
  if (!n->freed) release_saved(*n);
  if (NodeExtra* x = n->extra) {
    for (auto& list : x->tensor_hooks) drop_hooks(list);
    drop_hooks(x->pre_hooks);
    drop_hooks(x->post_hooks);
    if (x->metadata) host.drop(x->metadata);
    if (x->parent) host.drop(x->parent);
    for (auto& [at, edge] : x->packed) drop_later(std::move(edge.node));
    if (x->slices) drop_later(std::move(x->slices->fn));
    for (Tensor* t : x->retains)
      if (t) t->extra->retained_by = nullptr;
    delete x;
  }
  if (n->place.code) host.drop(n->place.code);
  n->~Node();
  --live;
}

// A tensor that goes away hands its history to the same list (called by the tensor's destructor).
void drop_history(Tensor& t) { drop_later(std::move(t.grad_fn)); }

static void forget_retained(Tensor& t, Extra& x);

// What a tensor holds besides: the gradient of a gradient of a gradient … is such a chain, too.
void drop_extra(Tensor& t) {
  std::unique_ptr<Extra> x(std::exchange(t.extra, nullptr));
  if (x->accumulate) x->accumulate = nullptr;
  if (x->retained_by) forget_retained(t, *x);
  for (auto* list : {&x->hooks, &x->post_hooks}) drop_hooks(*list);
  if (x->payload) host.drop(x->payload);
  if (x->place.code) host.drop(x->place.code);
  drop_later(std::move(x->grad));
  drop_later(std::move(x->base));
}

int64_t live_nodes() { return live; }
uint64_t next_sequence() { return sequence++; }
uint64_t peek_sequence() { return sequence; }

Ref<Node> new_node(NodeKind kind, const OpDef* op) {
  Node* n = host.new_node();
  construct(n);
  n->kind = kind;
  n->op = op;
  n->sequence = kind == NodeKind::Accumulate ? ~uint64_t(0) : next_sequence();
  n->place = host.place();
  Ref<Node> r = Ref<Node>::take(n);
  if (modes().anomaly && kind == NodeKind::Op) host.created(n);
  return r;
}

std::string name_of(const Node& n) {
  switch (n.kind) {
    case NodeKind::Op:  // these are not derived from torch's table
      if (n.op->grad_name == "CopyBackwards" || n.op->grad_name == "NotImplemented")
        return "torch::autograd::" + n.op->grad_name;
      return n.op->grad_name;
    case NodeKind::Accumulate: return "torch::autograd::AccumulateGrad";
    case NodeKind::CopySlices: return "torch::autograd::CopySlices";
    case NodeKind::AsStrided: return "AsStridedBackward0";
    default: return n.extra ? n.extra->name : "Node";
  }
}

Ref<Node> accumulator(Tensor& leaf) {
  Extra& x = extra_of(leaf);
  if (x.accumulate) return Ref<Node>(x.accumulate);
  Ref<Node> n = new_node(NodeKind::Accumulate, nullptr);
  n->saved.resize(1);
  n->saved[0].value = Held(Value(&leaf));
  n->outputs.resize(1);
  n->outputs[0] = {leaf.sizes, x.grad_dtype >= 0 ? DType(x.grad_dtype) : leaf.dtype};
  x.accumulate = n.get();
  return n;
}

static void forget_retained(Tensor& t, Extra& x) {
  for (Tensor*& kept : x.retained_by->extra->retains)
    if (kept == &t) kept = nullptr;
  x.retained_by = nullptr;
}

void retain_gradient(Tensor& t, Node& node, uint32_t nr) {
  Extra& x = extra_of(t);
  if (x.retained_by) forget_retained(t, x);
  auto& list = extra_of(node).retains;
  if (list.size() <= nr) list.resize(nr + 1, nullptr);
  if (list[nr]) list[nr]->extra->retained_by = nullptr;
  list[nr] = &t;
  x.retained_by = &node;
}

// A tensor that keeps its gradient keeps that of what it has become.
static void move_retained(Tensor& t, Node& to, uint32_t nr) {
  if (t.extra && t.extra->retains_grad) retain_gradient(t, to, nr);
}

TensorRef seen_through(TensorRef base, const Crossings& crossings, const Dims& sizes, const Dims& strides,
                       int64_t offset, int64_t shift) {
  static const OpDef* as_strided = find_op("as_strided");
  const int64_t shifted = shift * int64_t(size_of(base->dtype));  // in bytes
  auto place = [&](const Dims& sizes, const Dims& strides, int64_t offset) {
    offset -= shifted / int64_t(size_of(base->dtype));
    if (crossings && base->sizes == sizes && base->strides == strides && base->offset == offset) return;
    Held a = hold_ints(sizes), b = hold_ints(strides);
    base = apply(*as_strided, {Value(base), a.get(), b.get(), Value::of_int(offset)});
  };
  if (crossings)
    for (const Crossing& c : *crossings) {
      place(c.sizes, c.strides, c.offset);
      base = apply(*c.op, {Value(base)});
    }
  place(sizes, strides, offset);
  return base;
}

static std::string short_name(const Node& n) {
  std::string s = name_of(n);
  if (size_t at = s.rfind("Backward"); at != std::string::npos) s.erase(at, s.ends_with('0') ? std::string::npos : 8);
  return s;
}

// A view with a history that is not its base's can't follow a write: to itself, or (indirect) to its base.
static void refuse_view(const Tensor& t, bool indirect) {
  const Extra& x = *t.extra;
  if (x.creation == Creation::Default) return;
  const bool inference = x.creation == Creation::Inference, moded = inference || x.creation == Creation::NoGrad;
  std::string start = "A view was created in ";
  if (t.grad_fn) {
    std::string maker = name_of(*t.grad_fn);
    maker.resize(std::min(maker.size(), maker.rfind("Backward")));
    start =
        str("Output ", t.output_nr, " of ", maker, moded ? " is a view of a view which was created in " : " is a view");
  }
  if (moded || !t.grad_fn) start += inference ? "inference mode" : "no_grad mode";
  start += indirect ? " and its base or another view of its base has been modified inplace"
                    : " and is being modified inplace";
  start += t.grad_fn && !moded ? "." : inference ? " in normal mode." : " with grad mode enabled.";
  const std::string made = t.grad_fn ? host.line(t.grad_fn->place) : std::string();
  switch (x.creation) {
    case Creation::MultiOutput:
      fail(
          Kind::Runtime, start,
          " This view is the output of a function that returns multiple views. Such functions do not allow the output views "
          "to be modified inplace. You should replace the inplace operation by an out-of-place one.",
          made.empty() ? "" : "\n  the views were made", made, kOutOfPlace);
    case Creation::CustomFunction:
      fail(
          Kind::Runtime, start,
          " This view was created inside a custom Function (or because an input was returned as-is) and the autograd logic "
          "to handle view+inplace would override the custom backward associated with the custom Function, leading to "
          "incorrect gradients. This behavior is forbidden. You can fix this by cloning the output of the custom Function.",
          made.empty() ? "" : "\n  the view was made", made);
    default:
      fail(
          Kind::Runtime, start,
          " Given that this use case is ambiguous and error-prone, it is forbidden. You can clarify your code by moving both "
          "the view and the inplace either both inside the ",
          inference ? "inference_mode" : "no_grad",
          " block (if you don't want the inplace to be tracked) or both outside (if you want the inplace to be tracked).",
          x.place.code ? "\n  the view was made under no_grad" : "", x.place.code ? host.line(x.place) : std::string());
  }
}

Ref<Node> grad_fn_of(Tensor& t) {
  if (!is_view(t)) return t.grad_fn;
  Extra& x = *t.extra;
  uint32_t now = version_number(t);
  if (x.attr_version == now || (!t.grad_fn && !x.base->needs_grad())) return t.grad_fn;
  refuse_view(t, true);
  if (!x.base->needs_grad()) return t.grad_fn;
  // The base was written since: the view's history is now that of the base, seen through its geometry.
  GradMode on(true);
  TensorRef seen = seen_through(x.base, x.crossings, t.sizes, t.strides, t.offset);
  move_retained(t, *seen->grad_fn, 0);
  drop_later(std::move(t.grad_fn));
  t.grad_fn = seen->grad_fn;
  t.output_nr = 0;
  x.attr_version = now;
  host.track(&t);
  return t.grad_fn;
}

Edge gradient_edge(Tensor& t) {
  if (Ref<Node> fn = grad_fn_of(t)) return {fn, t.output_nr};
  if (t.requires_grad) return {accumulator(t), 0};
  return {};
}

void set_requires_grad(Tensor& t, bool on, const char* refusal) {
  if (t.grad_fn) {
    WG_CHECK(on,
             "you can only change requires_grad flags of leaf variables. If you want to use a computed variable in a "
             "subgraph that doesn't require differentiation use var_no_grad = var.detach().",
             "\n  it was made by ", name_of(*t.grad_fn), host.line(t.grad_fn->place));
    return;
  }
  WG_CHECK(!on || is_differentiable(t.dtype), refusal);
  WG_CHECK(!on || !t.inference || modes().inference,
           "Setting requires_grad=True on inference tensor outside InferenceMode is not allowed.");
  t.requires_grad = on;
  if (on && running_transform) extra_of(t).made = next_transform();
  if (on) host.track(&t);  // its gradient may lead back to it
}

TensorRef detach(Tensor& t) { return alias(t); }

void destroy(Cut* c) {
  if (c->place.code) host.drop(c->place.code);
  delete c;
}

Own<Cut> new_cut(const char* how, const char* op) { return Own<Cut>(new Cut{{}, how, op, host.place()}); }

void cut_off(Tensor& t, const Tensor& from, const char* how) {
  if (from.needs_grad())
    t.cut = new_cut(how, nullptr);
  else
    t.cut = from.cut;
}

void mark_view(Tensor& view, Tensor& t, Creation creation, const OpDef* op) {
  static const OpDef *as_real = find_op("view_as_real"), *as_complex = find_op("view_as_complex"),
                     *as_bits = find_op("view.dtype");
  const bool crosses = view.dtype != t.dtype;
  // Bits seen as another type, or by way of it as the same one: gradients don't pass.
  if (op == as_bits || (crosses && op != as_real && op != as_complex)) return;
  Extra& x = extra_of(view);
  if (is_view(t)) {
    x.base = t.extra->base;
    if (t.extra->crossings) x.crossings = t.extra->crossings;
    if (creation == Creation::Default) creation = t.extra->creation;
  } else {
    x.base = TensorRef(&t);
  }
  if (crosses) {
    auto path = x.crossings ? *x.crossings : std::vector<Crossing>();
    path.push_back({op, t.sizes, t.strides, t.offset});
    x.crossings = std::make_shared<const std::vector<Crossing>>(std::move(path));
  }
  x.creation = creation;
  x.attr_version = version_number(view);
  if (creation == Creation::NoGrad && !modes().grad) x.place = host.place();
  host.track(&view);
}

void announce_write(Tensor& t) {
  if (modes().before_write) host.drop(host.pack(modes().before_write, &t));
  WG_CHECK(
      !t.inference || modes().inference,
      "Inplace update to inference tensor outside InferenceMode is not allowed.You can make a clone to get a normal "
      "tensor before doing inplace update.See https://github.com/pytorch/rfcs/pull/17 for more details.");
}

void refuse_captured(const std::string& op) {
  fail(
      Kind::Runtime,
      "During a grad (vjp, jvp, grad, etc) transform, the function provided attempted to call in-place operation (aten::",
      op,
      ") that would mutate a captured Tensor. This is not supported; please rewrite the function being transformed to explicitly accept "
      "the mutated Tensor(s) as inputs.");
}

void check_inplace(Tensor& t, bool recording) {
  announce_write(t);
  if (!recording || !modes().grad) return;
  bool wants = requires_grad(t);
  if (is_view(t)) {
    refuse_view(t, false);
    WG_CHECK(!(wants && !t.extra->base->grad_fn),
             "a view of a leaf Variable that requires grad is being used in an in-place operation.",
             t.grad_fn ? "\n  the view was made" + host.line(t.grad_fn->place) : "", kUnderNoGrad);
  }
  WG_CHECK(!(t.requires_grad && !t.grad_fn),
           "a leaf Variable that requires grad is being used in an in-place operation.", kUnderNoGrad);
}

void rebase_history(Tensor& t, Ref<Node> node, uint32_t nr) {
  host.track(&t);
  if (!is_view(t)) {
    move_retained(t, *node, nr);
    drop_later(std::move(t.grad_fn));
    t.grad_fn = std::move(node);
    t.output_nr = nr;
    return;
  }
  Tensor& base = *t.extra->base;
  Ref<Node> c = new_node(NodeKind::CopySlices, nullptr);
  c->edges.resize(node->edges.size() ? node->edges.size() : 1);
  c->edges[0] = gradient_edge(base);
  for (uint32_t i = 1; i < node->edges.size(); ++i) c->edges[i] = node->edges[i];
  c->outputs.resize(1);
  c->outputs[0] = {base.sizes, base.dtype};
  auto slices = std::make_unique<CopySlices>();
  slices->base_sizes = base.sizes;
  slices->base_strides = base.strides;
  slices->sizes = t.sizes;
  slices->strides = t.strides;
  slices->base_offset = base.offset;
  slices->offset = t.offset;
  slices->crossings = t.extra->crossings;
  slices->fn = std::move(node);
  extra_of(*c).slices = std::move(slices);
  drop_later(std::move(base.grad_fn));
  base.grad_fn = c;
  base.output_nr = 0;
  host.track(&base);
  // The view's own history is made anew from the base's when it is asked for (its version has moved on).
  t.extra->attr_version = version_number(t) - 1;
}

// Keeps what the hook makes of `kept`, the tensor (or an alias of the output) that slot i would keep.
static void pack(Node& n, uint32_t i, const TensorRef& kept, Foreign hook, Foreign unpack) {
  Saved& s = n.saved[i];
  GradMode off(false);
  Foreign packed = host.pack(hook, kept.get());
  Held box(Value::of_box(Tag::Foreign, new ForeignBox(packed)));
  host.drop(packed);
  WG_CHECK(
      version_number(*kept) == s.version,
      "A saved tensor pack hook is modifying its input in place. Tensors provided as input to pack hook cannot be "
      "modified by in-place operations as this can lead to unexpected side-effects. Please open an issue if you need to perform "
      "in-place operations on the input to a pack hook.");
  if (s.output < 0 && requires_grad(*kept)) extra_of(n).packed.push_back({i, gradient_edge(*kept)});
  host.hold(unpack);
  s.unpack = unpack;
  s.hooked = true;
  s.value = std::move(box);
}

void hook_saved(Node& n, uint32_t i, Foreign hook, Foreign unpack) {
  Saved& s = n.saved[i];
  WG_CHECK(
      !(n.freed && s.version == ~uint32_t(0)),
      "Calling register_hooks on a saved tensor after it has been freed. Saved intermediate values of the graph are freed "
      "when you call .backward() or autograd.grad(). Specify retain_graph=True if you need to backward through the graph a "
      "second time or if you need to access saved variables after calling backward.");
  WG_CHECK(
      !s.hooked,
      "Calling register_hooks on a saved tensor whose hooks have already been set. Hint: only one pair of hooks is "
      "allowed at a time.");
  WG_CHECK(s.value.get().is_tensor(), "Calling register_hooks on a saved tensor with value None is forbidden");
  pack(n, i, TensorRef(s.value.get().tensor), hook, unpack);
}

// t without its history; of a wrapped tensor only an op can make that.
static TensorRef unrecorded(Tensor& t) {
  if (!t.wrapped) return alias(t);
  static const OpDef* detach_op = find_op("detach");
  GradMode off(false);
  return apply(*detach_op, {Value(&t)});
}

// The version of a list: the sum of its tensors'.
static uint32_t versions(const std::vector<TensorRef>& list) {
  uint32_t sum = 0;
  for (const TensorRef& t : list)
    if (t) sum += version_number(*t);
  return sum;
}

void save(Node& n, uint32_t i, const Value& v, int output) {
  Saved& s = n.saved[i];
  s.output = int16_t(output);
  if (!v.is_tensor()) {
    s.value = Held(v);
    if (v.tag == Tag::Tensors) {
      n.uses_saved = true;
      s.version = versions(v.tensors());
    }
    return;
  }
  Tensor& t = *v.tensor;
  WG_CHECK(!t.inference || modes().inference, kSavedInference,
           t.cut ? "\n  it was made" + host.line(t.cut->place) : "");
  n.uses_saved = true;
  s.version = version_number(t);
  if (modes().pack) return pack(n, i, output >= 0 ? unrecorded(t) : TensorRef(&t), modes().pack, modes().unpack);
  s.value = output >= 0 ? Held(Value(unrecorded(t))) : Held(v);
}

void fail_second_time(const Node&) { fail(Kind::Runtime, kSecondTime); }

// What an unpack hook gave, in the place of the input that was saved.
static TensorRef with_history(Tensor& t, const Edge& edge) {
  if (edge.node->kind == NodeKind::Accumulate && edge.node->saved[0].value.get().tensor == &t) return TensorRef(&t);
  TensorRef r = alias(t);
  r->grad_fn = edge.node;
  r->output_nr = edge.nr;
  host.track(r.get());
  return r;
}

// Whether input slot i kept a tensor that had a grad_fn then.
static bool was_computed(const Node& n, uint32_t i) {
  if (!n.program || n.program->leaves[i].kind != Leaf::Arg) return false;
  const uint64_t bit = uint64_t(1) << n.program->leaves[i].index;
  if (!(n.op->diff_args & bit)) return false;
  const auto edge = uint32_t(std::popcount(n.op->diff_args & (bit - 1)));
  const Node* from = edge < n.edges.size() ? n.edges[edge].node.get() : nullptr;
  return from && from->kind != NodeKind::Accumulate;
}

// "torch.FloatTensor", "CPUBoolType": what torch calls the type of a tensor that was overwritten.
static std::string type_text(DType d) {
  const bool other = d == DType::Bool || d == DType::BFloat16 || is_complex(d);
  return other ? str("CPU", torch_name(d), "Type") : str("torch.", torch_name(d), "Tensor");
}

[[noreturn]] static void fail_overwritten(Node& n, const Saved& s, Tensor& t, uint32_t expected) {
  std::string whose;
  if (is_differentiable(t.dtype)) {
    if (s.output >= 0)
      whose = str(", which is output ", s.output, " of ", short_name(n), ",");
    else if (Ref<Node> fn = grad_fn_of(t))
      whose = str(", which is output ", t.output_nr, " of ", short_name(*fn), ",");
  }
  fail(Kind::Runtime,
       "one of the variables needed for gradient computation has been modified by an inplace operation: [",
       type_text(t.dtype), " ", to_string(t.sizes), "]", whose, " is at version ", version_number(t),
       "; expected version ", expected, " instead. Hint: ",
       modes().anomaly
           ? "the backtrace further above shows the operation that failed to compute its gradient. The variable in "
             "question was changed in there or anywhere later. Good luck!"
           : "enable anomaly detection to find the operation that failed to compute its gradient, with "
             "torch.autograd.set_detect_anomaly(True, check_nan=False).");
}

Tensor* overwritten(const Saved& s) {
  const Value& v = s.value.get();
  if (s.hooked) return nullptr;
  if (v.is_tensor()) return version_number(*v.tensor) != s.version ? v.tensor : nullptr;
  if (v.tag != Tag::Tensors) return nullptr;
  const uint32_t later = versions(v.tensors()) - s.version;
  for (const TensorRef& t : v.tensors())
    if (later && t && version_number(*t) >= later) return t.get();
  return nullptr;
}

Held unpack(Node& n, uint32_t i, bool recording) {
  Saved& s = n.saved[i];
  const Value& v = s.value.get();
  if (n.freed && v.none() && s.version != 0) fail_second_time(n);
  if (s.hooked) {
    TensorRef t = TensorRef::take(host.unpack(s.unpack, v.foreign()));
    if (recording && s.output >= 0) {
      t = alias(*t);
      t->grad_fn = Ref<Node>(&n);
      t->output_nr = uint32_t(s.output);
    } else if (recording && n.extra) {
      for (auto& [at, edge] : n.extra->packed)
        if (at == i) return Held(Value(with_history(*t, edge)));
    }
    return Held(Value(t));
  }
  if (!v.is_tensor()) {
    if (v.tag == Tag::Tensors)
      if (Tensor* t = overwritten(s))
        fail_overwritten(n, s, *t, version_number(*t) - (versions(v.tensors()) - s.version));
    return s.value;
  }
  Tensor& t = *v.tensor;
  if (version_number(t) != s.version) fail_overwritten(n, s, t, s.version);
  WG_CHECK(!t.cut || t.grad_fn || s.output >= 0 || t.cut->how != cuts::kDetachInPlace || !was_computed(n, i),
           "Trying to use a saved tensor that has been detached in-place, i.e. with .detach_().This is not supported, "
           "please use out-of-place `.detach()` instead");
  if (!recording || s.output < 0) return s.value;
  TensorRef with_history = unrecorded(t);
  with_history->grad_fn = Ref<Node>(&n);
  with_history->output_nr = uint32_t(s.output);
  host.track(with_history.get());
  return Held(Value(with_history));
}

int saved_at(const Node& n, bool output, int index) {
  if (!n.program) return -1;
  for (size_t i = 0; i < n.program->leaves.size(); ++i)
    if (const Leaf& l = n.program->leaves[i]; l.kind == (output ? Leaf::Out : Leaf::Arg) && l.index == index)
      return int(i);
  return -1;
}

void release_saved(Node& n) {
  if (n.kind == NodeKind::CopySlices && n.extra && n.extra->slices)
    // Never runs twice, as in torch. What its function kept stays where a recorded gradient goes on to that function.
    drop_later(std::move(n.extra->slices->fn));
  if (n.kind == NodeKind::Accumulate) return;
  if (n.extra) n.extra->packed.clear();
  for (uint32_t i = 0; i < n.saved.size(); ++i) {
    Saved& s = n.saved[i];
    const Value& v = s.value.get();
    bool number = v.is_number() && n.program && n.op && n.program->leaves[i].kind == Leaf::Arg &&
                  (n.op->diff_args >> n.program->leaves[i].index & 1);  // a number in the place of a tensor
    if (!(v.is_tensor() || v.tag == Tag::Tensors || s.hooked || number)) continue;
    if (s.hooked && s.unpack) host.drop(s.unpack);
    s.hooked = false;
    s.unpack = nullptr;
    s.value = Held();
    s.version = ~uint32_t(0);  // marks the slot: there was something
    n.freed = true;
  }
}

}  // namespace wg
