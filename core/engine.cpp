// The backward sweep: iterative, newest node first, buffers freed as it goes.
#include "engine.h"

#include <algorithm>
#include <deque>

#include "leaf.h"
#include "task.h"

namespace wg {

EngineHost engine_host = {};

namespace {

struct Newest {
  bool operator()(const Slot* a, const Slot* b) const { return a->node->sequence < b->node->sequence; }
};

constexpr size_t kMostProducts = 32;            // that wait for each other: they keep their operands alive
constexpr size_t kBatch = 4;                    // so many of them are added up in the background at a time
constexpr int64_t kShared = 1 << 14;            // … where their operands have so many elements
constexpr int64_t kMostInBackground = 1 << 23;  // elements of operands kept alive for products of their own

TensorRef zeros_for(const OutputMeta& m) { return zeros(m.sizes, m.dtype); }

// f(result of n's program, edge): one result for each diff argument that needs a gradient; the edges count all of them.
template <class F>
void each_result(const Node& n, F f) {
  uint32_t k = 0, edge = 0;
  for (int i = 0; i < 64 && n.op->diff_args >> i; ++i) {
    if (!(n.op->diff_args >> i & 1)) continue;
    if (n.mask >> i & 1) f(k++, edge);
    ++edge;
  }
}

// wanted: by edge.
void run_native_rule(Node& n, const Gradients& in, Gradients& out, bool recording, const Wanted* wanted = nullptr) {
  const Program& p = *n.program;
  Few<Held, 8> held;
  Few<Value, 8> leaves;
  Few<TensorRef, 4> results;
  held.resize(uint32_t(p.leaves.size()));
  leaves.resize(uint32_t(p.leaves.size()));
  results.resize(uint32_t(p.outputs.size()));
  for (uint32_t i = 0; i < held.size(); ++i) {
    const Leaf& l = p.leaves[i];
    if (l.kind == Leaf::Grad)
      held[i] = in[l.index] ? Held(Value(in[l.index])) : Held(Value(zeros_for(n.outputs[l.index])));
    else
      held[i] = unpack(n, i, recording);
    leaves[i] = held[i].get();
  }
  Few<Wanted, 4> said;
  if (wanted) {
    said.resize(results.size());
    each_result(n, [&](uint32_t k, uint32_t edge) { said[k] = wanted[edge]; });
  }
  run_program(p, leaves.begin(), results.begin(), recording, wanted ? said.begin() : nullptr);
  held.clear();
  each_result(n, [&](uint32_t k, uint32_t edge) { out[edge] = std::move(results[k]); });
}

bool take_shortcut(Node& n, const Gradients& in, Gradients& out, bool recording) {
  if (recording || std::any_of(in.begin(), in.end(), [](const TensorRef& g) { return g && g->wrapped; })) return false;
  return n.op->shortcut(n, in, out);
}

void call_node(Node& n, const Gradients& in, Gradients& out, bool recording);

// The gradient of the base outside the view passes; inside it is that of the function that wrote there.
void run_copy_slices(Node& n, const Gradients& in, Gradients& out, bool recording) {
  CopySlices& s = *n.extra->slices;
  if (!s.fn) fail_second_time(n);
  static const OpDef *clone_op = find_op("clone"), *room = find_op("new_empty_strided");
  Held sizes = hold_ints(s.base_sizes), strides = hold_ints(s.base_strides);
  const Value no, off = Value::of_bool(false);
  TensorRef result = apply(*room, {Value(in[0]), sizes.get(), strides.get(), no, no, no, no, off});
  copy_into(result, in[0]);
  TensorRef slice = seen_through(result, s.crossings, s.sizes, s.strides, s.offset, s.base_offset);
  Gradients inner(1), got(s.fn->edges.size());
  inner[0] = apply(*clone_op, {Value(slice)});
  call_node(*s.fn, inner, got, recording);
  for (size_t i = 1; i < got.size() && i < out.size(); ++i) out[i] = std::move(got[i]);
  TensorRef back = got.empty() ? TensorRef() : got[0];
  if (back) fit(back, *s.fn, 0, *s.fn, 0, recording);
  copy_into(slice, back ? back : zeros(s.sizes, slice->dtype));
  out[0] = std::move(result);
}

void call_node(Node& n, const Gradients& in, Gradients& out, bool recording) {
  GradMode mode(recording);
  switch (n.kind) {
    case NodeKind::Op:
      if (n.op->shortcut && take_shortcut(n, in, out, recording)) break;
      if (n.op->eager_rule)
        engine_host.run_rule(n, in, out, recording);
      else
        run_native_rule(n, in, out, recording);
      break;
    case NodeKind::Function: engine_host.run_function(n, in, out, recording); break;
    case NodeKind::CopySlices: run_copy_slices(n, in, out, recording); break;
    case NodeKind::Error: fail(Kind::Runtime, n.extra->name);
    default: WG_ASSERT(false);
  }
}

void run_tensor_hooks(const std::vector<Hook>& hooks, TensorRef& g) {
  for (const Hook& h : HeldHooks(hooks)) g = engine_host.tensor_hook(h.call, std::move(g));
}

// Hooks on the tensors that are this node's outputs (also where no gradient arrived), then retained gradients, then,
// when the node is going to run, its own pre-hooks.
void before_node(Node& n, Gradients& in, bool runs) {
  NodeExtra* x = n.extra;
  if (n.kind == NodeKind::Accumulate) {
    Tensor& leaf = *n.saved[0].value.get().tensor;
    if (leaf.extra && !leaf.extra->hooks.empty()) run_tensor_hooks(leaf.extra->hooks, in[0]);
  }
  if (!x) return;
  for (size_t k = 0; k < x->tensor_hooks.size() && k < in.size(); ++k) run_tensor_hooks(x->tensor_hooks[k], in[k]);
  for (size_t k = 0; k < x->retains.size() && k < in.size(); ++k)
    if (Tensor* t = x->retains[k]; t && in[k]) {
      Extra& e = extra_of(*t);
      e.grad = e.grad ? add_gradients(e.grad, in[k], modes().grad) : in[k];
      host.track(t);
    }
  if (runs)
    for (const Hook& h : HeldHooks(x->pre_hooks)) engine_host.pre_hook(h.call, in);
}

// Anomaly mode: a gradient that is nan (or, when asked for, inf) is an error here and now.
void check_finite(Node& n, const Gradients& out) {
  static const OpDef *isnan = find_op("isnan"), *isinf = find_op("isinf"), *any = find_op("any");
  GradMode off(false);
  for (size_t i = 0; i < out.size(); ++i) {
    if (!out[i] || !is_differentiable(out[i]->dtype)) continue;
    auto has = [&](const OpDef* what) { return *apply(*any, {Value(apply(*what, {Value(out[i])}))})->as<bool>(); };
    if (modes().anomaly_nan && has(isnan))
      fail(Kind::Runtime, "Function '", name_of(n), "' returned nan values in its ", i, "th output.");
    if (modes().anomaly_inf && has(isinf))
      fail(Kind::Runtime, "Function '", name_of(n), "' returned inf values in its ", i, "th output.");
  }
}

class Pass {
  friend bool wg::will_execute(const Node&);
  friend int64_t wg::current_pass();
  friend bool wg::pass_has_inputs();
  friend bool wg::pass_keeps_graph();
  friend Node* wg::current_node();
  friend void wg::at_end_of_pass(Foreign);
  friend std::vector<Ref<Node>> wg::running_pass(uint64_t&);
  WG_NEAR inline static thread_local Pass* current_ = nullptr;
  inline static int64_t count_ = 0;
  Pass* outer_ = current_;
  int64_t number_ = count_++;
  WG_NEAR inline static thread_local uint64_t freed_ =
      0;  // where in the sequence of nodes the last pass that freed began
  uint64_t began_ = peek_sequence();
  Sweep& s_;
  Task task_;
  std::vector<Slot*>& ready_ = task_.queue;  // a heap, the newest node on top
  std::vector<TensorRef> captured_;
  Gradients& out_ = task_.out;  // of the node at hand
  Node* at_ = nullptr;
  std::vector<Slot*> waiting_;  // where products do
  std::deque<Slot*> put_by_;    // leaves visited before their gradient is there: it comes from the background
  std::vector<Foreign> callbacks_;

 public:
  explicit Pass(Sweep& s) : s_(s), captured_(s.inputs.size()) { current_ = this; }
  ~Pass() {
    current_ = outer_;
    for (Foreign f : callbacks_) host.drop(f);
  }

  std::vector<TensorRef> run() {
    reach(task_, s_.roots);
    if (!s_.inputs.empty()) select(task_, s_);
    for (size_t i = 0; i < s_.roots.size(); ++i) {
      fit(s_.gradients[i], *s_.roots[i].node, s_.roots[i].nr, *s_.roots[i].node, i, s_.create_graph);
      add(*task_.find(s_.roots[i].node.get()), s_.roots[i].nr, s_.gradients[i]);
    }
    s_.gradients.clear();
    for (const auto& slot : task_.slots())
      if (slot->waiting == 0) make_ready(slot.get());
    try {
      while (!ready_.empty()) {
        std::pop_heap(ready_.begin(), ready_.end(), Newest());
        Slot* slot = ready_.back();
        ready_.pop_back();
        visit(*slot);
      }
    } catch (...) {  // what was visited before the error counts
      fetch_all();
      throw;
    }
    fetch_all();
    at_ = nullptr;
    for (size_t i = 0; i < callbacks_.size(); ++i) engine_host.call(callbacks_[i]);  // a callback may add callbacks
    if (!s_.keep_graph) freed_ = began_;
    return std::move(captured_);
  }

 private:
  static TensorRef settle(Slot& slot, uint32_t nr) {
    Own<Expression> e = std::move(slot.deferred[nr]);
    return evaluate(*e);
  }
  // Afterwards the slot's first gradient is complete, or, where that is allowed, will be when its work is finished.
  static void add_products(Slot& slot, bool in_background = false) {
    if (slot.work) {
      slot.work->finish();
      slot.work.reset();
      slot.in_work.clear();
    }
    if (slot.products.empty()) return;
    if (!slot.needed && slot.captures.empty()) return slot.products.clear();
    static const AddUp add_up = find_op("mm")->adds;
    if (slot.buffer.empty()) slot.buffer.resize(1);
    TensorRef& have = slot.buffer[0];
    const bool ours = have && exclusive(have) && !have->wrapped;
    std::swap(slot.in_work, slot.products);
    TensorRef sum = add_up(ours ? std::move(have) : TensorRef(), slot.in_work,
                           in_background && (ours || !have) ? &slot.work : nullptr);
    if (!slot.work) slot.in_work.clear();
    have = have ? add_gradients(std::move(have), std::move(sum), false) : std::move(sum);
  }

  void add(Slot& slot, uint32_t nr, TensorRef g) {
    if (g) add_products(slot);
    if (nr < slot.deferred.size() && slot.deferred[nr] && g) {
      Expression& have = *slot.deferred[nr];
      Own<Expression> sum =
          g->sizes == have.sizes && g->dtype == have.dtype ? wg::add(have, nullptr, g.get()) : Own<Expression>();
      if (sum) {
        slot.deferred[nr] = std::move(sum);
        return;
      }
      slot.buffer[nr] = settle(slot, nr);
    }
    if (slot.buffer.size() <= nr) slot.buffer.resize(std::max<size_t>(nr + 1, slot.node->outputs.size()));
    if (!g) return;
    TensorRef& have = slot.buffer[nr];
    have = have ? add_gradients(std::move(have), std::move(g), s_.create_graph) : std::move(g);
  }

  void add(Slot& slot, uint32_t nr, Own<Expression> e) {
    add_products(slot);
    size_t n = std::max<size_t>(nr + 1, slot.node->outputs.size());
    if (slot.buffer.size() < n) slot.buffer.resize(n);
    if (slot.deferred.size() < n) slot.deferred.resize(n);
    Own<Expression> sum;
    if (slot.deferred[nr]) {
      sum = wg::add(*slot.deferred[nr], e.get(), nullptr);
    } else if (TensorRef& have = slot.buffer[nr]; !have) {
      sum = e;
    } else if (have->sizes == e->sizes && have->dtype == e->dtype) {
      sum = wg::add(*e, nullptr, have.get());
      if (sum) have.reset();
    }
    if (sum) {
      slot.deferred[nr] = std::move(sum);
      return;
    }
    if (slot.deferred[nr]) slot.buffer[nr] = settle(slot, nr);
    slot.buffer[nr] = add_gradients(std::move(slot.buffer[nr]), evaluate(*e), false);
  }

  static bool has_unpack_hooks(Node& n) {
    return std::any_of(n.saved.begin(), n.saved.end(), [](const Saved& s) { return s.hooked; });
  }

  // Puts the derivatives of a large elementwise node off: they become part of its consumers' expressions. False: it
  // must run now. A gradient that would be needed twice is computed first, so that no work is repeated.
  bool put_off(Slot& slot) {
    Node& n = *slot.node;
    if (n.kind != NodeKind::Op || n.outputs.size() != 1) return false;
    const OutputMeta& m = n.outputs[0];
    if (!worth_deferring(m.sizes, m.dtype)) return false;
    if (s_.create_graph || modes().anomaly || n.extra || n.op->eager_rule || has_unpack_hooks(n)) return false;
    if (!slot.needed || !slot.captures.empty() || !n.program || !only_tiles(*n.program)) return false;
    const Program& p = *n.program;
    for (const Edge& e : n.edges)
      if (e.node && (e.nr >= e.node->outputs.size() || !(e.node->outputs[e.nr].sizes == m.sizes) ||
                     e.node->outputs[e.nr].dtype != m.dtype))
        return false;
    bool waits = !slot.deferred.empty() && slot.deferred[0];
    if (waits && p.outputs.size() > 1) {
      slot.buffer[0] = settle(slot, 0);
      waits = false;
    }
    if (!waits && (slot.buffer.empty() || !slot.buffer[0])) return false;
    Few<Held, 8> held;
    Few<Value, 8> leaves;
    held.resize(uint32_t(p.leaves.size()));
    leaves.resize(uint32_t(p.leaves.size()));
    for (uint32_t i = 0; i < held.size(); ++i) {
      if (p.leaves[i].kind != Leaf::Grad)
        held[i] = unpack(n, i, false);
      else if (!waits)
        held[i] = Held(Value(slot.buffer[0]));
      leaves[i] = held[i].get();
    }
    if (!can_defer(p, leaves.begin(), m.sizes, m.dtype)) return false;
    std::vector<Own<Expression>> made(p.outputs.size());
    for (size_t k = 0; k < p.outputs.size(); ++k) {
      if (p.outputs[k].kind != Operand::Temp) continue;
      made[k] = defer(p, k, leaves.begin(), waits ? slot.deferred[0].get() : nullptr, m.sizes, m.dtype);
      if (!made[k]) return false;
    }
    each_result(n, [&](uint32_t k, uint32_t edge) {
      const Edge& e = n.edges[edge];
      if (!e.node) return;
      const Operand& o = p.outputs[k];
      Slot& to = *task_.find(e.node.get());
      if (made[k])
        add(to, e.nr, made[k]);
      else if (o.kind == Operand::Leaf && waits)
        add(to, e.nr, slot.deferred[0]);
      else if (o.kind == Operand::Leaf)
        add(to, e.nr, TensorRef(leaves[o.index].tensor));
    });
    slot.deferred.clear();
    slot.buffer.clear();
    if (!s_.keep_graph) release_saved(n);
    for (const Edge& e : n.edges)
      if (e.node) arrive(e);
    return true;
  }

  // Takes the shorter way through a node and the one behind it, when nobody looks at what is between them.
  bool run_through(Slot& slot) {
    Node& n = *slot.node;
    if (!n.op || !n.op->through || s_.create_graph || modes().anomaly || n.extra || n.edges.size() != 1) return false;
    Node* source = n.edges[0].node.get();
    if (!source || !source->op || source->op->name != n.op->through->source) return false;
    if (!task_.find(source)->private_way() || !slot.captures.empty() || slot.buffer.empty() || !slot.buffer[0])
      return false;
    Gradients out(1);
    out[0] = n.op->through->run(n, *source, slot.buffer[0]);
    if (!out[0]) return false;
    slot.buffer.clear();
    if (!s_.keep_graph) release_saved(n), release_saved(*source);
    pass_on(*source, out);
    return true;
  }

  static bool arrived(const Gradients& in) {
    return std::any_of(in.begin(), in.end(), [](const TensorRef& g) { return bool(g); });
  }

  // An error that leaves f is told where the node was made.
  template <class F>
  static auto on_behalf_of(Node& n, F f) {
    try {
      return f();
    } catch (...) {
      if (engine_host.failed) engine_host.failed(n);
      throw;
    }
  }

  // What a user wrote may change what products still wait with, and so may adding to a .grad.
  static bool may_change_operands(Node& n) {
    if (n.extra || n.kind == NodeKind::Function || n.kind == NodeKind::CopySlices || has_unpack_hooks(n)) return true;
    if (n.kind != NodeKind::Accumulate) return false;
    const Extra* x = n.saved[0].value.get().tensor->extra;
    return x && (x->grad || !x->hooks.empty() || !x->post_hooks.empty());
  }

  // Leaves the products for a leaf to the threads that have nothing to do; it is visited later.
  bool put_by(Slot& slot) {
    if (slot.node->kind != NodeKind::Accumulate || (slot.products.empty() && !slot.work)) return false;
    if (num_threads() == 1 || may_change_operands(*slot.node) || !slot.captures.empty()) return false;
    if (!slot.products.empty()) add_products(slot, true);
    if (!slot.work) return false;
    put_by_.push_back(&slot);
    int64_t kept = 0;
    for (const Slot* s : put_by_) kept += elements(s->in_work);
    while (!put_by_.empty() && (put_by_.front()->work->done() || kept > kMostInBackground)) {
      kept -= elements(put_by_.front()->in_work);
      fetch_first();
    }
    return true;
  }
  static int64_t elements(const std::vector<Product>& products) {
    int64_t n = 0;
    for (const Product& p : products) n += p.a->numel + p.b->numel;
    return n;
  }
  void fetch_first() {
    Slot& slot = *put_by_.front();
    put_by_.pop_front();
    visit_now(slot);
  }
  void fetch_all() {
    for (Slot* s : waiting_) on_behalf_of(*s->node, [&] { add_products(*s); });
    waiting_.clear();
    while (!put_by_.empty()) fetch_first();
  }

  void visit(Slot& slot) {
    if ((!waiting_.empty() || !put_by_.empty()) && may_change_operands(*slot.node)) fetch_all();
    if (!on_behalf_of(*slot.node, [&] { return put_by(slot); })) visit_now(slot);
  }

  void visit_now(Slot& slot) {
    Node& n = *slot.node;
    if (on_behalf_of(n, [&] { return put_off(slot) || run_through(slot); })) return;
    on_behalf_of(n, [&] { add_products(slot); });
    for (uint32_t nr = 0; nr < slot.deferred.size(); ++nr)
      if (slot.deferred[nr]) slot.buffer[nr] = settle(slot, nr);
    Gradients& in = slot.buffer;
    in.resize(std::max<size_t>(in.size(), n.outputs.size()));
    bool any = arrived(in);
    Gradients out = std::move(out_);
    out.clear();
    out.resize(n.edges.size());
    if (slot.needed || !slot.captures.empty()) {
      GradMode mode(s_.create_graph);
      at_ = &n;
      auto capture = [&] {
        for (auto [nr, position] : slot.captures)
          if (nr < in.size()) captured_[position] = handed_over(n, in[nr], s_.create_graph);
      };
      if (slot.needed) capture();  // as torch: hooks change what is asked for only where the pass ends
      on_behalf_of(n, [&] { before_node(n, in, slot.needed); });
      if (n.extra && any) any = arrived(in);  // a hook may have taken them away
      if (!slot.needed) capture();
      if (slot.needed) on_behalf_of(n, [&] { run(n, in, out, any); });
    }
    in.clear();
    if (slot.needed)
      on_behalf_of(n, [&] { pass_on(n, out); });
    else
      for (const Edge& e : n.edges)
        if (e.node) arrive(e);
    out_ = std::move(out);
  }

  // any: a gradient has arrived. Without one only what a user wrote is run: it may see zeros.
  void run(Node& n, Gradients& in, Gradients& out, bool any) {
    if (n.kind == NodeKind::Accumulate) {
      if (in[0]) {
        fit(in[0], n, 0, n, 0, s_.create_graph);
        Tensor& leaf = *n.saved[0].value.get().tensor;
        const bool seen = n.extra && !n.extra->post_hooks.empty(), first = !leaf.extra || !leaf.extra->grad;
        accumulate(n, seen && !first ? in[0] : std::move(in[0]), s_.create_graph);
        if (seen && first) in[0] = leaf.extra->grad;  // as torch: the hooks see what has become .grad
      }
    } else {
      if (any && n.program && n.program->adds && !s_.create_graph && !n.extra && !modes().anomaly && !modes().batching)
        run_adding(n, in, out);
      else if (any || n.kind == NodeKind::Function)
        call_node(n, in, out, s_.create_graph);
      if (!s_.keep_graph) release_saved(n);
      if (modes().anomaly) check_finite(n, out);
    }
    if (n.extra && !n.extra->post_hooks.empty())
      for (const Hook& h : HeldHooks(n.extra->post_hooks)) engine_host.post_hook(h.call, out, in);
  }

  // Products are added to the gradients that wait for them, where nobody else holds those; where more of them are to
  // come they wait for each other, and of a row of matrices only those are computed that somebody needs.
  // leaf: that behind the edge, null where there is none.
  Wanted wanted(const Edge& e, Slot*& leaf) {
    Wanted w;
    leaf = nullptr;
    Slot* to = e.node ? task_.find(e.node.get()) : nullptr;
    if (!to) return w;
    if (e.nr < to->buffer.size() && !to->work)
      if (const TensorRef& have = to->buffer[e.nr]; have && exclusive(have) && !have->wrapped) w.add_to = have.get();
    if ((leaf = leaf_behind(*to, w.turned))) {
      const bool others = leaf->waiting > 1 || !leaf->products.empty() || leaf->work;
      w.any_depth = !others && num_threads() > 1 && leaf->private_way() && !may_change_operands(*leaf->node);
      if (others || w.any_depth) w.later = &leaf->products;
    }
    if (to->node->op && to->node->op->looks_at && to->private_way()) to->node->op->looks_at(*to->node, w);
    return w;
  }
  // The leaf whose gradient a slot's is, but for a transpose in between, which nobody else looks at.
  Slot* leaf_behind(Slot& slot, bool& turned) {
    static const OpDef* t = find_op("t");
    turned = slot.node->op == t && slot.private_way();
    const Node* n = turned ? slot.node->edges[0].node.get() : slot.node.get();
    return n && n->kind == NodeKind::Accumulate ? task_.find(const_cast<Node*>(n)) : nullptr;
  }

  void run_adding(Node& n, Gradients& in, Gradients& out) {
    Few<Wanted, 4> said;
    Few<Slot*, 4> leaves;
    said.resize(n.edges.size());
    leaves.resize(n.edges.size());
    for (uint32_t i = 0; i < n.edges.size(); ++i) said[i] = wanted(n.edges[i], leaves[i]);
    run_native_rule(n, in, out, false, said.begin());
    for (uint32_t i = 0; i < n.edges.size(); ++i) {
      if (said[i].add_to && out[i].get() == said[i].add_to) out[i].reset();  // it is where it belongs
      if (!said[i].later || said[i].later->empty()) continue;
      Slot& to = *leaves[i];
      if (to.products.size() <= n.edges.size()) waiting_.push_back(&to);  // the first; twice does no harm
      const bool shared = num_threads() > 1 && elements(to.products) > kShared;
      if (to.products.size() >= (shared ? kBatch : kMostProducts)) add_products(to, shared);
    }
  }

  void pass_on(Node& n, Gradients& out) {
    for (uint32_t i = 0; i < n.edges.size(); ++i) {
      const Edge& e = n.edges[i];
      if (!e.node) continue;
      if (i < out.size() && out[i]) {
        {
          GradMode mode(s_.create_graph);
          fit(out[i], *e.node, e.nr, n, i, s_.create_graph);
        }
        add(*task_.find(e.node.get()), e.nr, std::move(out[i]));
      }
      arrive(e);
    }
  }

  void arrive(const Edge& e) {
    Slot* to = task_.find(e.node.get());
    if (--to->waiting == 0) make_ready(to);
  }

  void make_ready(Slot* slot) {
    ready_.push_back(slot);
    std::push_heap(ready_.begin(), ready_.end(), Newest());
  }
};

}  // namespace

TensorRef add_gradients(TensorRef a, TensorRef b, bool recording) {
  static const OpDef* add = find_op("add");
  GradMode mode(recording);
  if (!recording && exclusive(a) && !b->wrapped && a->dtype == b->dtype && a->sizes == b->sizes &&
      is_dense(a->sizes, a->strides)) {
    Value args[2] = {Value(a), Value(b)};
    Call c{add, args, 2};
    c.into = a.get();
    run_body(c);
    return a;
  }
  return apply(*add, {Value(a), Value(b)});
}

std::vector<TensorRef> run_backward(Sweep& s) { return Pass(s).run(); }

void run_node(Node& n, const Gradients& in, Gradients& out) {
  const bool recording = modes().grad;
  if (n.kind != NodeKind::Accumulate)
    call_node(n, in, out, recording);
  else if (in[0])
    accumulate(n, in[0], recording);
}

std::vector<Ref<Node>> running_pass(uint64_t& border) {
  std::vector<Ref<Node>> roots;
  border = Pass::freed_;
  if (Pass::current_)
    for (const Edge& e : Pass::current_->s_.roots) roots.push_back(e.node);
  return roots;
}

int64_t current_pass() { return Pass::current_ ? Pass::current_->number_ : -1; }

bool pass_has_inputs() { return Pass::current_ && !Pass::current_->s_.inputs.empty(); }

bool pass_keeps_graph() { return !Pass::current_ || Pass::current_->s_.keep_graph; }

Node* current_node() { return Pass::current_ ? Pass::current_->at_ : nullptr; }

void at_end_of_pass(Foreign callback) {
  WG_CHECK(Pass::current_, "Final callbacks can only be installed during backward pass.");
  Pass::current_->callbacks_.push_back(callback);
}

bool will_execute(const Node& n) {
  if (!Pass::current_) return false;
  Slot* slot = Pass::current_->task_.find(const_cast<Node*>(&n));
  WG_CHECK(
      !slot || n.kind != NodeKind::Accumulate || slot->needed || slot->captures.empty(),
      "A leaf node was passed to _will_engine_execute_node but we are currently running autograd.grad(). This is currently not supported.");
  return slot && (slot->needed || !slot->captures.empty());
}

}  // namespace wg
