// The tape seen from Python: backward, Function nodes, modes.
#include <algorithm>
#include <thread>
#include <unordered_set>

#include "python.h"

namespace wgpy {

using namespace wg;

namespace {

// ---- backward

// A tensor, or (node, output) as graph.GradientEdge is.
Edge edge_of(PyObject* o) {
  if (is_tensor(o)) return gradient_edge(*as_tensor(o));
  if (!PyTuple_Check(o) || PyTuple_GET_SIZE(o) < 2)
    fail(Kind::Runtime, "all inputs have to be Tensors or GradientEdges, but got ", Py_TYPE(o)->tp_name);
  Node& node = node_of(PyTuple_GET_ITEM(o, 0));
  const long nr = PyLong_AsLong(PyTuple_GET_ITEM(o, 1));
  if (nr == -1 && PyErr_Occurred()) throw PythonError{};
  WG_CHECK_INDEX(nr >= 0 && nr < long(std::max<uint32_t>(node.outputs.size(), 1)), "output ", nr, " of ", name_of(node),
                 ", which has ", node.outputs.size());
  return {Ref<Node>(&node), uint32_t(nr)};
}

[[noreturn]] void fail_no_graph(Py_ssize_t i, PyObject* o) {
  fail(Kind::Runtime, "element ", i, " of tensors does not require grad and does not have a grad_fn",
       explain("where_cut", o));
}

TensorRef ones_like(Tensor& t) {
  static const OpDef* op = find_op("ones_like");
  if (!t.wrapped) return full(t.sizes, 1.0, t.dtype);
  GradMode off(false);
  return apply(*op, {Value(&t)});
}

// The hooks on what is saved, the innermost last.
using SavedHooks = std::vector<std::pair<Py, Py>>;
thread_local SavedHooks& saved_hooks = *new SavedHooks;  // never destroyed: that would need the interpreter's lock

void use_saved_hooks() {
  const bool any = !saved_hooks.empty();
  modes().pack = any ? saved_hooks.back().first.get() : nullptr;
  modes().unpack = any ? saved_hooks.back().second.get() : nullptr;
}

// A pass leaves the hooks as they were, whatever its hooks have entered or left.
struct SameSavedHooks {
  SavedHooks before = saved_hooks;
  ~SameSavedHooks() {
    saved_hooks.swap(before);
    use_saved_hooks();
  }
};

// A pass inside a pass inside … goes on on a thread of its own when the stack of this one may not hold it.
template <class F>
PyObject* one_deeper(F pass) {
  constexpr int kDeepest = 40;
  thread_local int depth = 0;
  struct Count {
    int& n;
    explicit Count(int& to) : n(to) { ++n; }
    ~Count() { --n; }
  } count(depth);
  const SameSavedHooks same;
  if (depth < kDeepest) return guard<PyObject*>(nullptr, pass);
  const Modes before = modes();
  const SavedHooks hooks = saved_hooks;
  PyObject *result = nullptr, *error[3];
  PyThreadState* state = PyEval_SaveThread();
  std::thread([&] {
    const PyGILState_STATE lock = PyGILState_Ensure();
    modes() = before;
    saved_hooks = hooks;
    result = guard<PyObject*>(nullptr, pass);
    if (!result) PyErr_Fetch(&error[0], &error[1], &error[2]);
    PyGILState_Release(lock);
  }).join();
  PyEval_RestoreThread(state);
  if (!result) PyErr_Restore(error[0], error[1], error[2]);
  return result;
}

// run_backward(roots, gradients, keep_graph, create_graph, inputs or None, accumulate) -> tuple of gradients of the
// inputs
PyObject* backward(PyObject*, PyObject* args) {
  PyObject *roots, *grads, *inputs;
  int keep, create, accumulate;
  if (!PyArg_ParseTuple(args, "OOppOp", &roots, &grads, &keep, &create, &inputs, &accumulate)) return nullptr;
  return one_deeper([&]() -> PyObject* {
    Sweep s;
    s.keep_graph = keep;
    s.create_graph = create;
    s.accumulate = accumulate;
    tuple_of_length(grads, PyTuple_GET_SIZE(tuple_of_length(roots, -1)));
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(roots); ++i) {
      PyObject* o = PyTuple_GET_ITEM(roots, i);
      Edge e = edge_of(o);
      if (!e.node) fail_no_graph(i, o);
      PyObject* g = PyTuple_GET_ITEM(grads, i);
      s.roots.push_back(e);
      s.gradients.push_back(g == Py_None ? TensorRef() : TensorRef(&tensor_of(g)));
    }
    if (inputs != Py_None)
      for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(tuple_of_length(inputs, -1)); ++i) {
        PyObject* o = PyTuple_GET_ITEM(inputs, i);
        Edge e = edge_of(o);
        WG_CHECK(e.node, "One of the differentiated Tensors does not require grad", explain("where_cut", o));
        s.inputs.push_back(e);
      }
    Gradients result = run_backward(s);
    if (!create && !accumulate) {
      Own<Cut> cut = new_cut(cuts::kSweep, nullptr);
      for (const TensorRef& g : result)
        if (g && !g->needs_grad()) g->cut = cut;
    }
    return tuple_of(result);
  });
}

// loss.backward() without arguments, on a scalar: the common case, native.
PyObject* backward_scalar(PyObject*, PyObject* o) {
  return one_deeper([&]() -> PyObject* {
    Tensor& t = tensor_of(o);
    observe(t, "backward");
    Edge e = gradient_edge(t);
    if (!e.node) fail_no_graph(0, o);
    WG_CHECK(t.numel == 1, "grad can be implicitly created only for scalar outputs", explain("not_scalar", o));
    WG_CHECK(is_floating(t.dtype), "grad can be implicitly created only for real scalar outputs but got torch.",
             name_of(t.dtype));
    Sweep s;
    s.roots.push_back(std::move(e));
    s.gradients.push_back(ones_like(t));
    run_backward(s);
    Py_RETURN_NONE;
  });
}

PyObject* gradient_node(PyObject*, PyObject* o) {
  return guard<PyObject*>(nullptr, [&] { return wrap(gradient_edge(tensor_of(o)).node); });
}
// last_writer(node): where the op that wrote a tensor this node had saved was called, or None
PyObject* last_writer(PyObject*, PyObject* o) {
  return guard<PyObject*>(nullptr, [&]() -> PyObject* {
    for (Saved& s : node_of(o).saved)
      if (Tensor* t = overwritten(s); t && t->version && t->version->writer.code) return describe(t->version->writer);
    Py_RETURN_NONE;
  });
}
// saved_tensors(node): the inputs that a node keeps, as they are (no version is checked, no hook called)
PyObject* saved_tensors(PyObject*, PyObject* o) {
  return guard<PyObject*>(nullptr, [&] {
    Py list(check(PyList_New(0)));
    for (Saved& s : node_of(o).saved)
      if (const Value& v = s.value.get(); v.is_tensor() && s.output < 0)
        check(PyList_Append(list.get(), as_object(v.tensor)));
    return list.release();
  });
}
// running_pass(): (the nodes a running pass began with, the sequence number at which the pass that last freed a graph
// began)
PyObject* py_running_pass(PyObject*, PyObject*) {
  return guard<PyObject*>(nullptr, [&] {
    Py list(check(PyList_New(0)));
    uint64_t border = 0;
    for (const Ref<Node>& n : running_pass(border)) {
      Py node(wrap(n));
      check(PyList_Append(list.get(), node.get()));
    }
    return check(Py_BuildValue("(OK)", list.get(), static_cast<unsigned long long>(border)));
  });
}
// cut_of(tensor or node): (what cut it, or what went into it, off from a history, op or None, place) when that is known
PyObject* cut_of(PyObject*, PyObject* o) {
  return guard<PyObject*>(nullptr, [&]() -> PyObject* {
    const Cut* c = is_tensor(o) ? as_tensor(o)->cut.get() : node_of(o).cut.get();
    if (!c) Py_RETURN_NONE;
    return Py_BuildValue("(szN)", c->how, c->op, describe(c->place));
  });
}
PyObject* py_current_pass(PyObject*, PyObject*) { return PyLong_FromLongLong(current_pass()); }
PyObject* py_will_execute(PyObject*, PyObject* node) {
  return guard<PyObject*>(nullptr, [&] { return PyBool_FromLong(node != Py_None && will_execute(node_of(node))); });
}
PyObject* py_pass_keeps_graph(PyObject*, PyObject*) { return PyBool_FromLong(pass_keeps_graph()); }
PyObject* py_current_node(PyObject*, PyObject*) { return wrap(Ref<Node>(current_node())); }
PyObject* py_at_end_of_pass(PyObject*, PyObject* callback) {
  return guard<PyObject*>(nullptr, [&]() -> PyObject* {
    at_end_of_pass(callback);
    Py_INCREF(callback);
    Py_RETURN_NONE;
  });
}
// node_type(name): the Python type of the nodes of that name; None when there are no such nodes
PyObject* py_node_type(PyObject*, PyObject* name) {
  return guard<PyObject*>(nullptr, [&]() -> PyObject* {
    const char* wanted = check(PyUnicode_AsUTF8(name));
    static std::unordered_set<std::string> names;
    if (names.empty()) {
      names = {"AccumulateGrad", "CopySlices", "AsStridedBackward0"};
      for (OpDef* op : all_ops())
        if (!op->grad_name.empty()) names.insert(op->grad_name);
    }
    if (!names.count(wanted)) Py_RETURN_NONE;
    return Py_NewRef(reinterpret_cast<PyObject*>(node_type(wanted)));
  });
}
// set_version(tensor, version): what its version counter says from here on
PyObject* set_version(PyObject*, PyObject* args) {
  PyObject* o;
  int version;
  if (!PyArg_ParseTuple(args, "Oi", &o, &version)) return nullptr;
  return guard<PyObject*>(nullptr, [&]() -> PyObject* {
    WG_CHECK_TYPE(is_tensor(o), "expected a Tensor");
    WG_CHECK(version >= 0, "Cannot set a version_counter to a value below 0: ", version);
    Tensor& t = *as_tensor(o);
    if (uint32_t(version) == version_number(t)) Py_RETURN_NONE;
    version_of(t).value = uint32_t(version);
    Py_RETURN_NONE;
  });
}

// ---- Function nodes

// record_function(node, inputs, outputs): edges to the inputs (tensors or None), history for the outputs
// (tensor, differentiable, dirty, view) …
PyObject* record_function(PyObject*, PyObject* args) {
  PyObject *node, *inputs, *outputs;
  if (!PyArg_ParseTuple(args, "OOO", &node, &inputs, &outputs)) return nullptr;
  return guard<PyObject*>(nullptr, [&]() -> PyObject* {
    Ref<Node> n(&node_of(node));
    WG_CHECK_TYPE(n->kind == NodeKind::Function, "expected the node of a Function, but got ", name_of(*n));
    WG_CHECK(!n->task && !n->edges.size(), "the node of a Function is recorded once");
    n->edges.resize(uint32_t(PyTuple_GET_SIZE(tuple_of_length(inputs, -1))));
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(inputs); ++i) {
      PyObject* o = PyTuple_GET_ITEM(inputs, i);
      if (is_tensor(o) && requires_grad(*as_tensor(o))) n->edges[uint32_t(i)] = gradient_edge(*as_tensor(o));
    }
    n->outputs.resize(uint32_t(PyTuple_GET_SIZE(tuple_of_length(outputs, -1))));
    for (Py_ssize_t k = 0; k < PyTuple_GET_SIZE(outputs); ++k) {
      PyObject* o;
      int differentiable, dirty, view;
      if (!PyArg_ParseTuple(tuple_of_length(PyTuple_GET_ITEM(outputs, k), 4), "Oppp", &o, &differentiable, &dirty,
                            &view))
        throw PythonError{};
      if (!is_tensor(o)) continue;
      Tensor& t = *as_tensor(o);
      n->outputs[uint32_t(k)] = {t.sizes, t.dtype};
      if (!differentiable) {
        t.cut = new_cut(cuts::kFunction, nullptr);
        continue;
      }
      if (dirty) {
        rebase_history(t, n, uint32_t(k));
      } else {
        t.grad_fn = n;
        t.output_nr = uint32_t(k);
        t.requires_grad = false;
        if (is_view(t)) t.extra->attr_version = version_number(t);  // forward may have written it
        host.track(&t);
      }
    }
    Py_RETURN_NONE;
  });
}

// mark_function_view(tensor, several): a view that a Function made, alone or among several outputs
PyObject* mark_function_view(PyObject*, PyObject* args) {
  PyObject* o;
  int several;
  if (!PyArg_ParseTuple(args, "Op", &o, &several)) return nullptr;
  return guard<PyObject*>(nullptr, [&]() -> PyObject* {
    if (Tensor& t = tensor_of(o); is_view(t))
      t.extra->creation = several ? Creation::MultiOutput : Creation::CustomFunction;
    Py_RETURN_NONE;
  });
}

// save_tensor(node, tensors): keeps tensors (or None) on a Function node with their versions; outputs: positions among
// outputs or -1
PyObject* save_on_node(PyObject*, PyObject* args) {
  PyObject *node, *tensors, *outputs;
  if (!PyArg_ParseTuple(args, "OOO", &node, &tensors, &outputs)) return nullptr;
  return guard<PyObject*>(nullptr, [&]() -> PyObject* {
    Node& n = node_of(node);
    WG_CHECK_TYPE(n.kind == NodeKind::Function, "expected the node of a Function, but got ", name_of(n));
    tuple_of_length(outputs, PyTuple_GET_SIZE(tuple_of_length(tensors, -1)));
    n.saved.resize(uint32_t(PyTuple_GET_SIZE(tensors)));
    n.freed = false;
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(tensors); ++i) {
      PyObject* o = PyTuple_GET_ITEM(tensors, i);
      save(n, uint32_t(i), is_tensor(o) ? Value(as_tensor(o)) : Value(),
           int(PyLong_AsLong(PyTuple_GET_ITEM(outputs, i))));
    }
    Py_RETURN_NONE;
  });
}

PyObject* saved_on_node(PyObject*, PyObject* node) {
  return guard<PyObject*>(nullptr, [&]() -> PyObject* {
    Node& n = node_of(node);
    Py t(check(PyTuple_New(n.saved.size())));
    for (uint32_t i = 0; i < n.saved.size(); ++i) {
      if (n.freed && n.saved[i].value.get().none() && n.saved[i].version != 0) fail_second_time(n);
      PyTuple_SET_ITEM(t.get(), i, check(value_object(unpack(n, i, true).get())));
    }
    return t.release();
  });
}

// hook_saved(node, slot, pack, unpack)
PyObject* py_hook_saved(PyObject*, PyObject* args) {
  PyObject *node, *pack, *unpack;
  unsigned slot;
  if (!PyArg_ParseTuple(args, "OIOO", &node, &slot, &pack, &unpack)) return nullptr;
  return guard<PyObject*>(nullptr, [&] {
    hook_saved(*as_node(node), slot, pack, unpack);
    return Py_NewRef(Py_None);
  });
}

PyObject* saved_count(PyObject*, PyObject* node) {
  return guard<PyObject*>(nullptr, [&] { return PyLong_FromUnsignedLong(node_of(node).saved.size()); });
}

// ---- tensors that a transform has wrapped

// make_wrapped(view, payload): a tensor that looks like `view`; ops on it go to the interpreter, which finds `payload`
// on it.
PyObject* make_wrapped(PyObject*, PyObject* args) {
  PyObject *view, *payload;
  if (!PyArg_ParseTuple(args, "OO", &view, &payload)) return nullptr;
  return guard<PyObject*>(nullptr, [&] {
    Tensor& t = tensor_of(view);
    TensorRef r = alias(t);
    r->wrapped = true;
    r->grad_fn = grad_fn_of(t);
    r->output_nr = t.output_nr;
    extra_of(*r).payload = Py_NewRef(payload);
    host.track(r.get());
    return wrap(r);
  });
}
// payload(tensor): what make_wrapped was given; None for tensors that no transform has wrapped.
PyObject* get_payload(PyObject*, PyObject* o) {
  if (!is_tensor(o) || !as_tensor(o)->wrapped || !as_tensor(o)->extra || dispatching(*as_tensor(o))) Py_RETURN_NONE;
  return Py_XNewRef(static_cast<PyObject*>(as_tensor(o)->extra->payload));
}
// bare(tensor): its memory and its history, as a view of nothing and in no transform
PyObject* bare(PyObject*, PyObject* o) {
  return guard<PyObject*>(nullptr, [&] {
    Tensor& t = tensor_of(o);
    TensorRef r = alias(t);
    r->grad_fn = grad_fn_of(t);
    r->output_nr = t.output_nr;
    host.track(r.get());
    return wrap(r);
  });
}
PyObject* watch_views(PyObject*, PyObject* on) {
  bases_became_dual = on == Py_True;
  Py_RETURN_NONE;
}
// become_wrapped(tensor, other): an in-place op on a wrapped tensor gave it another value
PyObject* become_wrapped(PyObject*, PyObject* args) {
  PyObject *o, *other;
  if (!PyArg_ParseTuple(args, "OO", &o, &other)) return nullptr;
  return guard<PyObject*>(nullptr, [&] {
    Tensor &t = tensor_of(o), &w = tensor_of(other);
    take_memory(t, w);
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
  int on = PyObject_IsTrue(o);
  if (on < 0) return nullptr;
  modes().grad = on;
  return PyBool_FromLong(before);
}
PyObject* is_inference(PyObject*, PyObject*) { return PyBool_FromLong(modes().inference); }
PyObject* set_inference(PyObject*, PyObject* o) {
  bool before = modes().inference;
  int on = PyObject_IsTrue(o);
  if (on < 0) return nullptr;
  modes().inference = on;
  return PyBool_FromLong(before);
}
PyObject* anomaly(PyObject*, PyObject*) {
  const Modes& m = modes();
  return Py_BuildValue("(iiii)", int(m.anomaly), int(m.anomaly_nan), int(m.anomaly_inf), int(m.anomaly_forward));
}
// set_anomaly(on, nan, inf, forward): gives what was set before.
PyObject* set_anomaly(PyObject*, PyObject* args) {
  int on, nan, inf, forward;
  if (!PyArg_ParseTuple(args, "pppp", &on, &nan, &inf, &forward)) return nullptr;
  PyObject* before = anomaly(nullptr, nullptr);
  Modes& m = modes();
  m.anomaly = on;
  m.anomaly_nan = nan;
  m.anomaly_inf = inf;
  m.anomaly_forward = forward;
  return before;
}
// hook_saves(pack, unpack): what tensors are saved through from here on, on this thread; gives None. hook_saves(None):
// back to the hooks before, if there are any; gives those that were in force.
PyObject* hook_saves(PyObject*, PyObject* args) {
  PyObject *pack, *unpack = nullptr;
  if (!PyArg_ParseTuple(args, "O|O", &pack, &unpack)) return nullptr;
  if (unpack) {
    saved_hooks.emplace_back(Py(Py_NewRef(pack)), Py(Py_NewRef(unpack)));
    use_saved_hooks();
  } else if (!saved_hooks.empty()) {
    const auto gone = std::move(saved_hooks.back());
    saved_hooks.pop_back();
    use_saved_hooks();
    return PyTuple_Pack(2, gone.first.get(), gone.second.get());
  }
  Py_RETURN_NONE;
}
PyObject* has_saved_hooks(PyObject*, PyObject*) { return PyBool_FromLong(modes().pack != nullptr); }

// set_before_write(callable or None): what is called with every tensor that is about to be written in place;
// gives the one before
PyObject* set_before_write(PyObject*, PyObject* callback) {
  auto* old = static_cast<PyObject*>(modes().before_write);
  modes().before_write = callback == Py_None ? nullptr : Py_NewRef(callback);
  return old ? old : Py_NewRef(Py_None);
}

PyMethodDef functions[] = {{"run_backward", backward, METH_VARARGS, nullptr},
                           {"backward_scalar", backward_scalar, METH_O, nullptr},
                           {"gradient_node", gradient_node, METH_O, nullptr},
                           {"last_writer", last_writer, METH_O, nullptr},
                           {"saved_tensors", saved_tensors, METH_O, nullptr},
                           {"running_pass", py_running_pass, METH_NOARGS, nullptr},
                           {"cut_of", cut_of, METH_O, nullptr},
                           {"current_pass", py_current_pass, METH_NOARGS, nullptr},
                           {"will_execute", py_will_execute, METH_O, nullptr},
                           {"pass_keeps_graph", py_pass_keeps_graph, METH_NOARGS, nullptr},
                           {"current_node", py_current_node, METH_NOARGS, nullptr},
                           {"at_end_of_pass", py_at_end_of_pass, METH_O, nullptr},
                           {"node_type", py_node_type, METH_O, nullptr},
                           {"set_version", set_version, METH_VARARGS, nullptr},
                           {"record_function", record_function, METH_VARARGS, nullptr},
                           {"mark_function_view", mark_function_view, METH_VARARGS, nullptr},
                           {"save_on_node", save_on_node, METH_VARARGS, nullptr},
                           {"saved_on_node", saved_on_node, METH_O, nullptr},
                           {"saved_count", saved_count, METH_O, nullptr},
                           {"make_wrapped", make_wrapped, METH_VARARGS, nullptr},
                           {"hook_saved", py_hook_saved, METH_VARARGS, nullptr},
                           {"payload", get_payload, METH_O, nullptr},
                           {"bare", bare, METH_O, nullptr},
                           {"watch_views", watch_views, METH_O, nullptr},
                           {"become_wrapped", become_wrapped, METH_VARARGS, nullptr},
                           {"is_grad_enabled", is_grad_enabled, METH_NOARGS, nullptr},
                           {"set_grad_enabled", set_grad_enabled, METH_O, nullptr},
                           {"is_inference_mode_enabled", is_inference, METH_NOARGS, nullptr},
                           {"set_inference_mode", set_inference, METH_O, nullptr},
                           {"anomaly", anomaly, METH_NOARGS, nullptr},
                           {"set_anomaly", set_anomaly, METH_VARARGS, nullptr},
                           {"set_before_write", set_before_write, METH_O, nullptr},
                           {"hook_saves", hook_saves, METH_VARARGS, nullptr},
                           {"has_saved_hooks", has_saved_hooks, METH_NOARGS, nullptr},
                           {nullptr, nullptr, 0, nullptr}};

}  // namespace

std::string explain(const char* question, PyObject* o) {
  Py module(check(PyImport_ImportModule("wengert.autograd._lines")));
  Py text(check(PyObject_CallMethod(module.get(), question, "(O)", o)));
  return check(PyUnicode_AsUTF8(text.get()));
}

int init_autograd(PyObject* module) { return PyModule_AddFunctions(module, functions); }

}  // namespace wgpy
