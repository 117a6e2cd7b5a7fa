// The tape seen from Python: backward, modes, nodes, hooks; and the derivative rules that live in Python.
#include "../core/kernels/tiles.h"
#include "python.h"

#include <cstring>

#include "signature.h"

namespace wgpy {

using namespace wg;

extern PyObject* make_result_type;

namespace {

PyObject* table_trace = nullptr;      // (op name, mask, complex) -> program
PyObject* table_formula = nullptr;    // (op name) -> program of a fused op
PyObject* table_rule = nullptr;       // (op name, mask, values) -> gradients
PyObject* table_forward = nullptr;    // (op name, arguments) -> result
PyObject* table_interpret = nullptr;  // (op name, arguments, inplace) -> result
PyObject* on_failure = nullptr;       // (node) -> None, while an exception is leaving it

// ---- programs

Operand operand_of(PyObject* o) {
  int kind, index;
  if (!PyArg_ParseTuple(o, "ii", &kind, &index)) throw PythonError{};
  return {Operand::Kind(kind), uint16_t(index)};
}

std::vector<Operand> operands_of(PyObject* list) {
  std::vector<Operand> v;
  Py fast(check(PySequence_Fast(list, "operands")));
  for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(fast.get()); ++i) v.push_back(operand_of(PySequence_Fast_GET_ITEM(fast.get(), i)));
  return v;
}

// (leaves, constants, code, outputs, temps), each in plain tuples, becomes a program. It lives as long as the process.
Program* program_of(PyObject* spec) {
  PyObject *leaves, *constants, *code, *outputs;
  auto p = std::make_unique<Program>();
  if (!PyArg_ParseTuple(spec, "OOOOi", &leaves, &constants, &code, &outputs, &p->temps)) throw PythonError{};
  for (const Operand& o : operands_of(leaves)) p->leaves.push_back({Leaf::Kind(o.kind), o.index});
  Py list(check(PySequence_Fast(constants, "constants")));
  for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(list.get()); ++i)
    p->constants.push_back(to_held(PySequence_Fast_GET_ITEM(list.get(), i)));
  Py instrs(check(PySequence_Fast(code, "code")));
  for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(instrs.get()); ++i) {
    PyObject *what, *in;
    int out;
    if (!PyArg_ParseTuple(PySequence_Fast_GET_ITEM(instrs.get(), i), "OOi", &what, &in, &out)) throw PythonError{};
    Instr instr;
    if (PyLong_Check(what)) {
      instr.number = NumberOp(PyLong_AsLong(what));
    } else {
      const char* name = check(PyUnicode_AsUTF8(what));
      instr.op = find_op(name);
      WG_CHECK(instr.op, "a derivative uses '", name, "', which is not an op of the machine");
    }
    instr.in = operands_of(in);
    instr.out = uint16_t(out);
    p->code.push_back(std::move(instr));
  }
  p->outputs = operands_of(outputs);
  prepare(*p);
  return p.release();
}

Program* trace_op(const OpDef& op, uint64_t mask, bool complex) {
  if (!table_trace) fail(Kind::Internal, "the table of ops is not loaded");
  GradMode on(true);
  Py spec(check(PyObject_CallFunction(table_trace, "sKi", op.name.c_str(), static_cast<unsigned long long>(mask), int(complex))));
  return program_of(spec.get());
}

Program* trace_formula(const OpDef& op) {
  Py spec(check(PyObject_CallFunction(table_formula, "s", op.name.c_str())));
  return program_of(spec.get());
}

// ---- rules and bodies in Python

PyObject* tuple_of(const Gradients& list) {
  PyObject* t = check(PyTuple_New(Py_ssize_t(list.size())));
  for (size_t i = 0; i < list.size(); ++i) PyTuple_SET_ITEM(t, Py_ssize_t(i), wrap(list[i]));
  return t;
}

void read_gradient(PyObject* o, TensorRef& to, const std::string& who) {
  if (o == Py_None) return;
  WG_CHECK_TYPE(is_tensor(o), "expected Variable or None (got ", Py_TYPE(o)->tp_name, ") from ", who);
  to = TensorRef(as_tensor(o));
}

void run_rule(Node& n, const Gradients& in, Gradients& out, bool recording) {
  const Program& p = *n.program;
  Py values(check(PyTuple_New(Py_ssize_t(p.leaves.size()))));
  for (uint32_t i = 0; i < p.leaves.size(); ++i) {
    const Leaf& l = p.leaves[i];
    PyObject* v;
    if (l.kind == Leaf::Grad && l.index == 0xFFFF) {
      Gradients all = in;
      all.resize(n.outputs.size());
      for (size_t k = 0; k < all.size(); ++k)
        if (!all[k]) all[k] = zeros(n.outputs[uint32_t(k)].sizes, n.outputs[uint32_t(k)].dtype);
      v = tuple_of(all);
    } else if (l.kind == Leaf::Grad) {
      const OutputMeta& m = n.outputs[l.index];
      v = wrap(in[l.index] ? in[l.index] : zeros(m.sizes, m.dtype));
    } else {
      Held h = unpack(n, i, recording);
      v = value_object(h.get());
    }
    PyTuple_SET_ITEM(values.get(), Py_ssize_t(i), check(v));
  }
  Py result(check(PyObject_CallFunction(table_rule, "sKO", n.op->name.c_str(), static_cast<unsigned long long>(n.mask), values.get())));
  // One entry for each diff argument; a list argument has a list.
  Py fast(check(PySequence_Fast(result.get(), "a rule returns a tuple of gradients")));
  size_t edge = 0;
  for (Py_ssize_t k = 0; k < PySequence_Fast_GET_SIZE(fast.get()); ++k) {
    PyObject* g = PySequence_Fast_GET_ITEM(fast.get(), k);
    if (PyTuple_Check(g) || PyList_Check(g)) {
      Py inner(check(PySequence_Fast(g, "")));
      for (Py_ssize_t j = 0; j < PySequence_Fast_GET_SIZE(inner.get()); ++j, ++edge)
        if (edge < out.size()) read_gradient(PySequence_Fast_GET_ITEM(inner.get(), j), out[edge], n.op->name);
    } else {
      if (edge < out.size()) read_gradient(g, out[edge], n.op->name);
      ++edge;
    }
  }
}

void run_function(Node& n, const Gradients& in, Gradients& out, bool) {
  Py grads(tuple_of(in));
  Py result(check(PyObject_CallMethod(as_object(&n), "_backward", "(O)", grads.get())));
  Py fast(check(PySequence_Fast(result.get(), "backward must return a tuple")));
  for (Py_ssize_t k = 0; k < PySequence_Fast_GET_SIZE(fast.get()) && size_t(k) < out.size(); ++k)
    read_gradient(PySequence_Fast_GET_ITEM(fast.get(), k), out[size_t(k)], name_of(n));
}

PyObject* call_values(const Call& c) {
  PyObject* t = check(PyTuple_New(c.nargs));
  for (int i = 0; i < c.nargs; ++i) PyTuple_SET_ITEM(t, i, check(value_object(c.args[i])));
  return t;
}

void take_results(Call& c, PyObject* result) {
  if (is_tensor(result)) {
    c.out(TensorRef(as_tensor(result)));
    return;
  }
  Py fast(check(PySequence_Fast(result, "an op must return a tensor or a tuple of tensors")));
  for (Py_ssize_t k = 0; k < PySequence_Fast_GET_SIZE(fast.get()); ++k) {
    PyObject* t = PySequence_Fast_GET_ITEM(fast.get(), k);
    WG_CHECK_TYPE(is_tensor(t), c.op->name, " must return tensors, not ", Py_TYPE(t)->tp_name);
    c.out(TensorRef(as_tensor(t)));
  }
}

void run_python_body(Call& c) {
  Py args(call_values(c));
  Py result(check(PyObject_CallFunction(table_forward, "sO", c.op->name.c_str(), args.get())));
  take_results(c, result.get());
}

void run_interpreter(Call& c) {
  Py args(call_values(c));
  Py result(check(PyObject_CallFunction(table_interpret, "sOi", c.op->name.c_str(), args.get(), int(c.into != nullptr))));
  take_results(c, result.get());
}

// ---- hooks

std::string callable_name(PyObject* f) {
  Py name(PyObject_GetAttrString(f, "__name__"));
  PyErr_Clear();
  return name ? PyUnicode_AsUTF8(name.get()) : Py_TYPE(f)->tp_name;
}

TensorRef tensor_hook(Foreign hook, TensorRef g) {
  auto* f = static_cast<PyObject*>(hook);
  Py r(check(PyObject_CallOneArg(f, as_object(g.get()))));
  if (r.get() == Py_None) return g;
  WG_CHECK_TYPE(is_tensor(r.get()), "expected Variable, but hook returned '", Py_TYPE(r.get())->tp_name, "'");
  Tensor& t = *as_tensor(r.get());
  WG_CHECK(t.dtype == g->dtype, "hook '", callable_name(f), "' has changed the type of value (was torch.", torch_name(g->dtype), "Tensor got torch.",
           torch_name(t.dtype), "Tensor)");
  WG_CHECK(t.sizes == g->sizes, "hook '", callable_name(f), "' has changed the size of value");
  return TensorRef(&t);
}

void replace_all(PyObject* result, Gradients& to, PyObject* f) {
  if (result == Py_None) return;
  Py fast(PyTuple_Check(result) || PyList_Check(result) ? PySequence_Fast(result, "") : PyTuple_Pack(1, result));
  check(fast.get());
  WG_CHECK(size_t(PySequence_Fast_GET_SIZE(fast.get())) == to.size(), "hook '", callable_name(f), "' has returned an incorrect number of values (got ",
           PySequence_Fast_GET_SIZE(fast.get()), ", but expected ", to.size(), ")");
  for (size_t i = 0; i < to.size(); ++i) {
    PyObject* o = PySequence_Fast_GET_ITEM(fast.get(), Py_ssize_t(i));
    TensorRef t;
    read_gradient(o, t, "a hook");
    to[i] = t;
  }
}

void pre_hook(Foreign hook, Gradients& grads) {
  auto* f = static_cast<PyObject*>(hook);
  Py args(tuple_of(grads));
  Py r(check(PyObject_CallOneArg(f, args.get())));
  replace_all(r.get(), grads, f);
}

void post_hook(Foreign hook, Gradients& out, const Gradients& in) {
  auto* f = static_cast<PyObject*>(hook);
  Py o(tuple_of(out)), i(tuple_of(in));
  Py r(check(PyObject_CallFunctionObjArgs(f, o.get(), i.get(), nullptr)));
  replace_all(r.get(), out, f);
}

void post_accumulate(Foreign hook, Tensor& leaf) {
  auto* f = static_cast<PyObject*>(hook);
  Py r(check(PyObject_CallOneArg(f, as_object(&leaf))));
  WG_CHECK(r.get() == Py_None, "hooks should return None.");
}

void failed(Node& n) {
  if (!on_failure) return;
  // The exception in flight becomes Python's, is annotated there, and goes on.
  raise_current();
  PyObject *type, *value, *trace;
  PyErr_Fetch(&type, &value, &trace);
  PyErr_NormalizeException(&type, &value, &trace);
  Py node(wrap(Ref<Node>(&n)));
  Py r(PyObject_CallFunctionObjArgs(on_failure, node.get(), value, nullptr));
  if (!r) PyErr_Clear();
  PyErr_Restore(type, value, trace);
  throw PythonError{};
}

int64_t next_hook_id = 0;

// add_hook(tensor or node, callable, kind) -> id; kinds: "tensor", "post_accumulate", "pre", "post"
PyObject* add_hook(PyObject*, PyObject* args) {
  PyObject *o, *f;
  const char* kind;
  if (!PyArg_ParseTuple(args, "OOs", &o, &f, &kind)) return nullptr;
  return guard<PyObject*>(nullptr, [&]() -> PyObject* {
    Hook h{Py_NewRef(f), next_hook_id++};
    std::vector<Hook>* list;
    if (is_tensor(o)) {
      Tensor& t = *as_tensor(o);
      if (std::strcmp(kind, "post_accumulate") == 0) {
        list = &extra_of(t).post_hooks;
      } else if (Ref<Node> fn = grad_fn_of(t)) {
        auto& lists = extra_of(*fn).tensor_hooks;
        if (lists.size() <= t.output_nr) lists.resize(t.output_nr + 1);
        list = &lists[t.output_nr];
      } else {
        list = &extra_of(t).hooks;
      }
      host.track(&t);
    } else {
      WG_CHECK_TYPE(PyObject_TypeCheck(o, NodeType), "expected a Tensor or a Node");
      Node& n = *as_node(o);
      list = std::strcmp(kind, "pre") == 0 ? &extra_of(n).pre_hooks : &extra_of(n).post_hooks;
    }
    list->push_back(h);
    return PyLong_FromLongLong(h.id);
  });
}

bool erase_hook(std::vector<Hook>& list, int64_t id) {
  for (size_t i = 0; i < list.size(); ++i)
    if (list[i].id == id) {
      auto* f = static_cast<PyObject*>(list[i].call);
      list.erase(list.begin() + Py_ssize_t(i));
      Py_DECREF(f);
      return true;
    }
  return false;
}

PyObject* remove_hook(PyObject*, PyObject* args) {
  PyObject* o;
  long long id;
  if (!PyArg_ParseTuple(args, "OL", &o, &id)) return nullptr;
  auto from_node = [&](Node& n) {
    if (!n.extra) return false;
    for (auto& list : n.extra->tensor_hooks)
      if (erase_hook(list, id)) return true;
    return erase_hook(n.extra->pre_hooks, id) || erase_hook(n.extra->post_hooks, id);
  };
  if (is_tensor(o)) {
    Tensor& t = *as_tensor(o);
    bool done = t.extra && (erase_hook(t.extra->hooks, id) || erase_hook(t.extra->post_hooks, id));
    if (!done && t.grad_fn) from_node(*t.grad_fn);
  } else if (PyObject_TypeCheck(o, NodeType)) {
    from_node(*as_node(o));
  }
  Py_RETURN_NONE;
}

PyObject* retain_grad(PyObject*, PyObject* o) {
  return guard<PyObject*>(nullptr, [&]() -> PyObject* {
    WG_CHECK_TYPE(is_tensor(o), "expected a Tensor");
    Tensor& t = *as_tensor(o);
    WG_CHECK(requires_grad(t), "can't retain_grad on Tensor that has requires_grad=False");
    Ref<Node> fn = grad_fn_of(t);
    if (!fn) Py_RETURN_NONE;
    extra_of(t).retains_grad = true;
    auto& list = extra_of(*fn).retains;
    if (list.size() <= t.output_nr) list.resize(t.output_nr + 1, nullptr);
    list[t.output_nr] = &t;
    Py_RETURN_NONE;
  });
}

// ---- backward

// A tensor, or (node, output) as graph.GradientEdge is.
Edge edge_of(PyObject* o) {
  if (is_tensor(o)) return gradient_edge(*as_tensor(o));
  PyObject* node;
  int nr;
  if (!PyTuple_Check(o) || PyTuple_GET_SIZE(o) < 2) fail(Kind::Type, "expected Tensor or GradientEdge, got ", Py_TYPE(o)->tp_name);
  node = PyTuple_GET_ITEM(o, 0);
  nr = int(PyLong_AsLong(PyTuple_GET_ITEM(o, 1)));
  WG_CHECK_TYPE(PyObject_TypeCheck(node, NodeType), "expected Tensor or GradientEdge");
  return {Ref<Node>(as_node(node)), uint32_t(nr)};
}

constexpr const char* kNoGraph = "element ";

TensorRef ones_like(const Tensor& t) { return full(t.sizes, 1.0, t.dtype); }

// run_backward(roots, gradients, keep_graph, create_graph, inputs or None, accumulate) -> tuple of gradients of the inputs
PyObject* backward(PyObject*, PyObject* args) {
  PyObject *roots, *grads, *inputs;
  int keep, create, accumulate;
  if (!PyArg_ParseTuple(args, "OOppOp", &roots, &grads, &keep, &create, &inputs, &accumulate)) return nullptr;
  return guard<PyObject*>(nullptr, [&]() -> PyObject* {
    Sweep s;
    s.keep_graph = keep;
    s.create_graph = create;
    s.accumulate = accumulate;
    for (Py_ssize_t i = 0; i < PyTuple_Size(roots); ++i) {
      PyObject* o = PyTuple_GET_ITEM(roots, i);
      Edge e = edge_of(o);
      WG_CHECK(e.node, kNoGraph, i, " of tensors does not require grad and does not have a grad_fn");
      PyObject* g = PyTuple_GET_ITEM(grads, i);
      s.roots.push_back(e);
      s.gradients.push_back(g == Py_None ? TensorRef() : TensorRef(as_tensor(g)));
    }
    if (inputs != Py_None)
      for (Py_ssize_t i = 0; i < PyTuple_Size(inputs); ++i) {
        PyObject* o = PyTuple_GET_ITEM(inputs, i);
        WG_CHECK(!is_tensor(o) || requires_grad(*as_tensor(o)), "One of the differentiated Tensors does not require grad");
        Edge e = edge_of(o);
        WG_CHECK(e.node, "One of the differentiated Tensors does not require grad");
        s.inputs.push_back(e);
      }
    Gradients result = run_backward(s);
    return tuple_of(result);
  });
}

// loss.backward() without arguments, on a scalar: the common case, native.
PyObject* backward_scalar(PyObject*, PyObject* o) {
  return guard<PyObject*>(nullptr, [&]() -> PyObject* {
    Tensor& t = *as_tensor(o);
    observe(t, "backward");
    Edge e = gradient_edge(t);
    WG_CHECK(e.node, "element 0 of tensors does not require grad and does not have a grad_fn");
    WG_CHECK(t.numel == 1, "grad can be implicitly created only for scalar outputs");
    Sweep s;
    s.roots.push_back(std::move(e));
    s.gradients.push_back(ones_like(t));
    run_backward(s);
    Py_RETURN_NONE;
  });
}

PyObject* gradient_node(PyObject*, PyObject* o) {
  return guard<PyObject*>(nullptr, [&] {
    WG_CHECK_TYPE(is_tensor(o), "expected a Tensor");
    return wrap(gradient_edge(*as_tensor(o)).node);
  });
}
// last_writer(node, saved name): where the in-place op that wrote a saved tensor was recorded, or None
PyObject* last_writer(PyObject*, PyObject* args) {
  PyObject* o;
  const char* name;
  if (!PyArg_ParseTuple(args, "Os", &o, &name)) return nullptr;
  Node& n = *as_node(o);
  for (Saved& s : n.saved) {
    const Value& v = s.value.get();
    if (v.is_tensor() && v.tensor->version && v.tensor->version->value != s.version && v.tensor->version->writer.code)
      return describe(v.tensor->version->writer);
  }
  Py_RETURN_NONE;
}
// cut_place(tensor): (reason, place) when it is known why a tensor does not require grad
PyObject* cut_place(PyObject*, PyObject* o) {
  if (is_tensor(o))
    if (Extra* x = as_tensor(o)->extra; x && x->cut) return Py_BuildValue("(sN)", x->cut, describe(x->place));
  Py_RETURN_NONE;
}
PyObject* py_current_pass(PyObject*, PyObject*) { return PyLong_FromLongLong(current_pass()); }
PyObject* py_will_execute(PyObject*, PyObject* node) { return PyBool_FromLong(node != Py_None && will_execute(*as_node(node))); }

// ---- Function nodes

// record_function(node, inputs, outputs): edges to the inputs (tensors or None), history for the outputs
// (tensor, differentiable, dirty, view) …
PyObject* record_function(PyObject*, PyObject* args) {
  PyObject *node, *inputs, *outputs;
  if (!PyArg_ParseTuple(args, "OOO", &node, &inputs, &outputs)) return nullptr;
  return guard<PyObject*>(nullptr, [&]() -> PyObject* {
    Ref<Node> n(as_node(node));
    n->edges.resize(uint32_t(PyTuple_Size(inputs)));
    for (Py_ssize_t i = 0; i < PyTuple_Size(inputs); ++i) {
      PyObject* o = PyTuple_GET_ITEM(inputs, i);
      if (is_tensor(o) && requires_grad(*as_tensor(o))) n->edges[uint32_t(i)] = gradient_edge(*as_tensor(o));
    }
    n->outputs.resize(uint32_t(PyTuple_Size(outputs)));
    for (Py_ssize_t k = 0; k < PyTuple_Size(outputs); ++k) {
      PyObject *o;
      int differentiable, dirty, view;
      if (!PyArg_ParseTuple(PyTuple_GET_ITEM(outputs, k), "Oppp", &o, &differentiable, &dirty, &view)) throw PythonError{};
      if (!is_tensor(o)) continue;
      Tensor& t = *as_tensor(o);
      n->outputs[uint32_t(k)] = {t.sizes, t.dtype};
      if (!differentiable) continue;
      if (dirty) {
        rebase_history(t, n, uint32_t(k));
      } else {
        t.grad_fn = n;
        t.output_nr = uint32_t(k);
        t.requires_grad = false;
        host.track(&t);
      }
      if (view && is_view(t)) {
        t.extra->creation = Creation::CustomFunction;
        t.extra->maker = name_of(*n);
      }
    }
    Py_RETURN_NONE;
  });
}

// save_tensor(node, tensors): keeps tensors (or None) on a Function node with their versions; outputs: positions among outputs or -1
PyObject* save_on_node(PyObject*, PyObject* args) {
  PyObject *node, *tensors, *outputs;
  if (!PyArg_ParseTuple(args, "OOO", &node, &tensors, &outputs)) return nullptr;
  return guard<PyObject*>(nullptr, [&]() -> PyObject* {
    Node& n = *as_node(node);
    n.saved.resize(uint32_t(PyTuple_Size(tensors)));
    n.freed = false;
    for (Py_ssize_t i = 0; i < PyTuple_Size(tensors); ++i) {
      PyObject* o = PyTuple_GET_ITEM(tensors, i);
      save(n, uint32_t(i), is_tensor(o) ? Value(as_tensor(o)) : Value(), int(PyLong_AsLong(PyTuple_GET_ITEM(outputs, i))));
    }
    Py_RETURN_NONE;
  });
}

PyObject* saved_on_node(PyObject*, PyObject* node) {
  return guard<PyObject*>(nullptr, [&]() -> PyObject* {
    Node& n = *as_node(node);
    Py t(check(PyTuple_New(n.saved.size())));
    for (uint32_t i = 0; i < n.saved.size(); ++i) {
      if (n.freed && n.saved[i].value.get().none() && n.saved[i].version != 0) fail_second_time(n);
      PyTuple_SET_ITEM(t.get(), i, check(value_object(unpack(n, i, true).get())));
    }
    return t.release();
  });
}

PyObject* saved_count(PyObject*, PyObject* node) { return PyLong_FromUnsignedLong(as_node(node)->saved.size()); }

// ---- tensors that a transform has wrapped

// make_wrapped(view, payload): a tensor that looks like `view`; ops on it go to the interpreter, which finds `payload` on it.
PyObject* make_wrapped(PyObject*, PyObject* args) {
  PyObject *view, *payload;
  if (!PyArg_ParseTuple(args, "OO", &view, &payload)) return nullptr;
  return guard<PyObject*>(nullptr, [&] {
    WG_CHECK_TYPE(is_tensor(view), "expected a Tensor");
    Tensor& t = *as_tensor(view);
    TensorRef r = alias(t);
    r->wrapped = true;
    r->grad_fn = grad_fn_of(t);
    r->output_nr = t.output_nr;
    extra_of(*r).payload = Py_NewRef(payload);
    host.track(r.get());
    return wrap(r);
  });
}
// payload(tensor): what make_wrapped was given; None for ordinary tensors.
PyObject* get_payload(PyObject*, PyObject* o) {
  if (!is_tensor(o) || !as_tensor(o)->wrapped || !as_tensor(o)->extra) Py_RETURN_NONE;
  return Py_XNewRef(static_cast<PyObject*>(as_tensor(o)->extra->payload));
}
// become_wrapped(tensor, other): an in-place op on a wrapped tensor gave it another value
PyObject* become_wrapped(PyObject*, PyObject* args) {
  PyObject *o, *other;
  if (!PyArg_ParseTuple(args, "OO", &o, &other)) return nullptr;
  return guard<PyObject*>(nullptr, [&] {
    Tensor &t = *as_tensor(o), &w = *as_tensor(other);
    t.storage = w.storage;
    t.sizes = w.sizes;
    t.strides = w.strides;
    t.offset = w.offset;
    t.numel = w.numel;
    t.dtype = w.dtype;
    t.contiguous = w.contiguous;
    t.wrapped = w.wrapped;
    drop_history(t);
    t.grad_fn = w.grad_fn;
    t.output_nr = w.output_nr;
    auto* old = static_cast<PyObject*>(extra_of(t).payload);
    t.extra->payload = w.extra ? Py_XNewRef(static_cast<PyObject*>(w.extra->payload)) : nullptr;
    Py_XDECREF(old);
    host.track(&t);
    return Py_NewRef(o);
  });
}

// ---- modes

PyObject* is_grad_enabled(PyObject*, PyObject*) { return PyBool_FromLong(modes().grad); }
PyObject* set_grad_enabled(PyObject*, PyObject* o) {
  bool before = modes().grad;
  modes().grad = PyObject_IsTrue(o);
  return PyBool_FromLong(before);
}
PyObject* is_inference(PyObject*, PyObject*) { return PyBool_FromLong(modes().inference); }
PyObject* set_inference(PyObject*, PyObject* o) {
  bool before = modes().inference;
  modes().inference = PyObject_IsTrue(o);
  return PyBool_FromLong(before);
}
PyObject* anomaly(PyObject*, PyObject*) {
  const Modes& m = modes();
  return Py_BuildValue("(iiii)", int(m.anomaly), int(m.anomaly_nan), int(m.anomaly_inf), int(m.anomaly_forward));
}
PyObject* set_anomaly(PyObject*, PyObject* args) {
  int on, nan, inf, forward;
  if (!PyArg_ParseTuple(args, "pppp", &on, &nan, &inf, &forward)) return nullptr;
  Modes& m = modes();
  m.anomaly = on;
  m.anomaly_nan = nan;
  m.anomaly_inf = inf;
  m.anomaly_forward = forward;
  Py_RETURN_NONE;
}
// set_saved_hooks(pack, unpack) -> the hooks before
PyObject* set_saved_hooks(PyObject*, PyObject* args) {
  PyObject *pack, *unpack;
  if (!PyArg_ParseTuple(args, "OO", &pack, &unpack)) return nullptr;
  Modes& m = modes();
  auto* old_pack = m.pack ? static_cast<PyObject*>(m.pack) : Py_NewRef(Py_None);
  auto* old_unpack = m.unpack ? static_cast<PyObject*>(m.unpack) : Py_NewRef(Py_None);
  m.pack = pack == Py_None ? nullptr : Py_NewRef(pack);
  m.unpack = unpack == Py_None ? nullptr : Py_NewRef(unpack);
  return Py_BuildValue("(NN)", old_pack, old_unpack);
}

// ---- the table's side

PyObject* set_hooks(PyObject*, PyObject* args) {
  PyObject* dict;
  if (!PyArg_ParseTuple(args, "O!", &PyDict_Type, &dict)) return nullptr;
  const std::pair<const char*, PyObject**> slots[] = {
      {"trace", &table_trace},     {"formula", &table_formula},     {"rule", &table_rule},           {"forward", &table_forward},    {"interpret", &table_interpret},
      {"on_failure", &on_failure}, {"result_type", &make_result_type}, {"Size", &SizeClass},        {"device", &DeviceClass},
      {"cpu", &DeviceCPU},         {"strided", &LayoutStrided},     {"Symbol", &SymbolClass},       {"trace_call", &TraceCall},
      {"Generator", &GeneratorClass}};
  for (auto& [name, slot] : slots)
    if (PyObject* v = PyDict_GetItemString(dict, name)) Py_XSETREF(*slot, Py_NewRef(v));
  if (table_interpret) interpret = run_interpreter;
  Py_RETURN_NONE;
}

// declare(name, kind, {grad_name, promote, fn, eager, random, multi_view}): completes a registration
PyObject* declare(PyObject*, PyObject* args) {
  const char *name, *kind, *grad_name, *promote, *fn;
  int eager, multi_view, differentiable;
  if (!PyArg_ParseTuple(args, "sssssppp", &name, &kind, &grad_name, &promote, &fn, &eager, &multi_view, &differentiable)) return nullptr;
  return guard<PyObject*>(nullptr, [&]() -> PyObject* {
    OpDef* op = find_op(name);
    std::string k = kind;
    if (k == "elementwise" || k == "fused") {
      op = &define_op(name, nullptr, Style::Elementwise);
      if (k == "elementwise") {
        op->fn = find_fn(fn);
        WG_CHECK_VALUE(op->fn >= 0, "the table declares '", name, "' on the tile function '", fn, "', which does not exist");
      }
    } else if (k == "host") {
      op = &define_op(name, nullptr, Style::Host);
    }
    WG_CHECK_VALUE(op, "the table declares '", name, "', but the machine has no body for it");
    op->declared = true;
    op->grad_name = grad_name;
    op->eager_rule = eager;
    op->multi_view = multi_view;
    std::string p = promote;
    op->promote = p == "float" ? Promote::Float : p == "compare" ? Promote::Compare : p == "real" ? Promote::Real : p == "first" ? Promote::First
                  : p == "float_first" ? Promote::FloatFirst : Promote::Same;
    op->constant = !differentiable;
    Py_RETURN_NONE;
  });
}

// Marks which arguments of an op are differentiable (bit mask), once its signature is known.
PyObject* set_differentiable(PyObject*, PyObject* args) {
  const char* name;
  unsigned long long inputs, outputs;
  if (!PyArg_ParseTuple(args, "sKK", &name, &inputs, &outputs)) return nullptr;
  OpDef* op = find_op(name);
  if (!op) Py_RETURN_NONE;
  op->diff_args = inputs;
  op->diff_outs = outputs;
  Py_RETURN_NONE;
}

PyObject* op_names(PyObject*, PyObject*) {
  PyObject* list = PyList_New(0);
  for (OpDef* op : all_ops()) {
    Py item(Py_BuildValue("(siiis)", op->name.c_str(), int(op->style), int(op->declared), int(op->body != nullptr), op->grad_name.c_str()));
    if (PyList_Append(list, item.get()) < 0) return nullptr;
  }
  return list;
}

// run(name, args): calls an op by name with values as they are
PyObject* run_op(PyObject*, PyObject* args) {
  const char* name;
  PyObject* values;
  if (!PyArg_ParseTuple(args, "sO!", &name, &PyTuple_Type, &values)) return nullptr;
  return guard<PyObject*>(nullptr, [&]() -> PyObject* {
    OpDef* op = find_op(name);
    WG_CHECK_VALUE(op, "no op named '", name, "'");
    Py_ssize_t n = PyTuple_GET_SIZE(values);
    std::vector<Held> held;
    std::vector<Value> v;
    for (Py_ssize_t i = 0; i < n; ++i) {
      held.push_back(to_held(PyTuple_GET_ITEM(values, i)));
      v.push_back(held.back().get());
    }
    Call c{op, v.data(), int(n)};
    apply(c);
    if (c.nouts() == 1) return wrap(std::move(c.first));
    const int count = c.nouts();  // before the results are moved out
    Py t(check(PyTuple_New(count)));
    for (int k = 0; k < count; ++k) PyTuple_SET_ITEM(t.get(), k, wrap(std::move(c.result(k))));
    return t.release();
  });
}

// run_inplace(name, args): the in-place form
PyObject* run_op_inplace(PyObject*, PyObject* args) {
  const char* name;
  PyObject* values;
  if (!PyArg_ParseTuple(args, "sO!", &name, &PyTuple_Type, &values)) return nullptr;
  return guard<PyObject*>(nullptr, [&]() -> PyObject* {
    OpDef* op = find_op(name);
    WG_CHECK_VALUE(op, "no op named '", name, "'");
    std::vector<Held> held;
    std::vector<Value> v;
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(values); ++i) {
      held.push_back(to_held(PyTuple_GET_ITEM(values, i)));
      v.push_back(held.back().get());
    }
    Call c{op, v.data(), int(v.size())};
    apply_inplace(c);
    return wrap(std::move(c.first));
  });
}

PyObject* program_text(PyObject*, PyObject* args) {
  const char* name;
  unsigned long long mask;
  int complex = 0;
  if (!PyArg_ParseTuple(args, "sK|p", &name, &mask, &complex)) return nullptr;
  return guard<PyObject*>(nullptr, [&]() -> PyObject* {
    OpDef* op = find_op(name);
    WG_CHECK_VALUE(op, "no op named '", name, "'");
    return PyUnicode_FromString(to_string(*backward_program(*op, mask, complex)).c_str());
  });
}

PyMethodDef functions[] = {
    {"run_backward", backward, METH_VARARGS, nullptr},
    {"backward_scalar", backward_scalar, METH_O, nullptr},
    {"add_hook", add_hook, METH_VARARGS, nullptr},
    {"remove_hook", remove_hook, METH_VARARGS, nullptr},
    {"retain_grad", retain_grad, METH_O, nullptr},
    {"gradient_node", gradient_node, METH_O, nullptr},
    {"last_writer", last_writer, METH_VARARGS, nullptr},
    {"cut_place", cut_place, METH_O, nullptr},
    {"current_pass", py_current_pass, METH_NOARGS, nullptr},
    {"will_execute", py_will_execute, METH_O, nullptr},
    {"record_function", record_function, METH_VARARGS, nullptr},
    {"save_on_node", save_on_node, METH_VARARGS, nullptr},
    {"saved_on_node", saved_on_node, METH_O, nullptr},
    {"saved_count", saved_count, METH_O, nullptr},
    {"make_wrapped", make_wrapped, METH_VARARGS, nullptr},
    {"payload", get_payload, METH_O, nullptr},
    {"become_wrapped", become_wrapped, METH_VARARGS, nullptr},
    {"is_grad_enabled", is_grad_enabled, METH_NOARGS, nullptr},
    {"set_grad_enabled", set_grad_enabled, METH_O, nullptr},
    {"is_inference_mode_enabled", is_inference, METH_NOARGS, nullptr},
    {"set_inference_mode", set_inference, METH_O, nullptr},
    {"anomaly", anomaly, METH_NOARGS, nullptr},
    {"set_anomaly", set_anomaly, METH_VARARGS, nullptr},
    {"set_saved_hooks", set_saved_hooks, METH_VARARGS, nullptr},
    {"set_hooks", set_hooks, METH_VARARGS, nullptr},
    {"declare", declare, METH_VARARGS, nullptr},
    {"set_differentiable", set_differentiable, METH_VARARGS, nullptr},
    {"op_names", op_names, METH_NOARGS, nullptr},
    {"run", run_op, METH_VARARGS, nullptr},
    {"run_inplace", run_op_inplace, METH_VARARGS, nullptr},
    {"program_text", program_text, METH_VARARGS, nullptr},
    {nullptr, nullptr, 0, nullptr}};

}  // namespace

int init_autograd(PyObject* module) {
  engine_host = {run_rule, run_function, tensor_hook, pre_hook, post_hook, post_accumulate, failed};
  trace = trace_op;
  trace_fused = trace_formula;
  run_host_body = run_python_body;
  return PyModule_AddFunctions(module, functions) < 0 ? -1 : init_transforms(module);
}

}  // namespace wgpy
