// What the transforms (vmap, grad, forward mode) ask of the machine.
#include "python.h"

#include <string_view>
#include <unordered_set>

namespace wgpy {

using namespace wg;

// How many transforms of torch.func are running in this thread, vmap and those that leave no wrappers alike.
static thread_local long running_transforms = 0;
// ---- __torch_dispatch__

static PyObject* marker = nullptr;  // the payload of tensors whose class has a __torch_dispatch__
static PyObject* handler = nullptr;
thread_local int dispatch_modes = 0;

static bool has_marker(const Tensor& t) { return t.wrapped && t.extra && t.extra->payload == marker && marker; }

// A transform comes before a class, a class before nothing.
static bool is_dispatched(const Call& c) {
  bool marked = false, other = false;
  auto see = [&](const Tensor& t) { (has_marker(t) ? marked : other) |= t.wrapped; };
  for (int i = 0; i < c.nargs; ++i) {
    if (c.args[i].is_tensor()) {
      see(*c.args[i].tensor);
    } else if (c.args[i].tag == Tag::Tensors) {
      for (const TensorRef& t : c.args[i].tensors())
        if (t) see(*t);
    }
  }
  return !other && (marked || dispatch_modes);
}

static thread_local Call* in_dispatch = nullptr;  // the call that a handler has in hand

// A body settles what its arguments mean (dims counted from the end, all dims); the call that is recorded in its place
// takes that over from the one that the handler makes of the same op.
void settle_dispatched(const Call& c) {
  Call* outer = in_dispatch;
  if (!outer || outer->op != c.op) return;
  for (int i = 0; i < std::min(c.nargs, outer->nargs); ++i) {
    const bool differentiable = c.op->diff_args >> i & 1;
    if (!differentiable && !c.args[i].is_tensor() && !outer->args[i].is_tensor()) outer->set(i, Held(c.args[i]));
  }
  in_dispatch = nullptr;
}

static void run_dispatch(Call& c) {
  struct InHand {
    Call* before = in_dispatch;
    explicit InHand(Call& now) { in_dispatch = &now; }
    ~InHand() { in_dispatch = before; }
  } in_hand(c);
  Py args(call_values(c));
  Py result(check(PyObject_CallFunction(handler, "sOi", c.op->name.c_str(), args.get(), int(c.into != nullptr))));
  if (!c.into) take_results(c, result.get());
}

void mark_dispatching(Tensor& t) {
  if (!marker) Py module(check(PyImport_ImportModule("wengert._dispatch")));  // which calls use_dispatch
  t.wrapped = true;
  extra_of(t).payload = Py_NewRef(marker);
}

void observe(const Tensor& t, const char* what) {
  const bool wrapped = t.wrapped && t.extra && t.extra->payload;
  auto asks = [&](std::string_view word) { return word == what; };
  // Of a tensor that is not wrapped, only what would change its part in the derivatives is of interest.
  if (!wrapped && !(running_transforms && (asks("backward") || asks("retain_grad") ||
                                           (asks("requires_grad_") && requires_grad(const_cast<Tensor&>(t))))))
    return;
  static PyObject* hook = nullptr;
  if (!hook) {
    Py module(check(PyImport_ImportModule("wengert.func._observe")));
    hook = check(PyObject_GetAttrString(module.get(), "observe"));
  }
  Py(check(PyObject_CallFunction(hook, "Os", wrapped ? static_cast<PyObject*>(t.extra->payload) : Py_None, what)));
}

namespace {

// set_batching(n): how many vmaps are running; while there are any, ops that draw numbers go to the interpreter.
PyObject* set_batching(PyObject*, PyObject* n) {
  int before = modes().batching;
  modes().batching = int(PyLong_AsLong(n));
  return PyErr_Occurred() ? nullptr : PyLong_FromLong(before);
}

PyObject* transforms(PyObject*, PyObject*) { return PyLong_FromLong(running_transforms); }
PyObject* set_transforms(PyObject*, PyObject* n) {
  const long before = running_transforms, now = PyLong_AsLong(n);
  if (PyErr_Occurred()) return nullptr;
  running_transforms = now;
  return PyLong_FromLong(before);
}

// set_dispatch_modes(n): how many TorchDispatchModes are on, on this thread.
PyObject* set_dispatch_modes(PyObject*, PyObject* n) {
  dispatch_modes = int(PyLong_AsLong(n));
  if (PyErr_Occurred()) return nullptr;
  Py_RETURN_NONE;
}

// use_dispatch(marker, handler)
PyObject* use_dispatch(PyObject*, PyObject* args) {
  PyObject *m, *h;
  if (!PyArg_ParseTuple(args, "OO", &m, &h)) return nullptr;
  Py_XSETREF(marker, Py_NewRef(m));
  Py_XSETREF(handler, Py_NewRef(h));
  Py_RETURN_NONE;
}

// mark_random(names, on): ops that go to the interpreter while something is batching.
PyObject* mark_random(PyObject*, PyObject* args) {
  PyObject* names;
  int on = 1;
  if (!PyArg_ParseTuple(args, "O!|p", &PyList_Type, &names, &on)) return nullptr;
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(names); ++i) {
    const char* name = PyUnicode_AsUTF8(PyList_GET_ITEM(names, i));
    if (!name) return nullptr;
    if (OpDef* op = find_op(name)) op->random = on;
  }
  Py_RETURN_NONE;
}

// depends(tensors, leaves): whether the history of tensors reaches a leaf that is not one of leaves
PyObject* depends(PyObject*, PyObject* args) {
  PyObject *tensors, *leaves;
  if (!PyArg_ParseTuple(args, "O!O!", &PyTuple_Type, &tensors, &PyTuple_Type, &leaves)) return nullptr;
  return guard<PyObject*>(nullptr, [&]() -> PyObject* {
    std::unordered_set<const Object*> seen, own;
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(leaves); ++i) own.insert(&tensor_of(PyTuple_GET_ITEM(leaves, i)));
    std::vector<Node*> stack;
    auto reach = [&](Node* n) {
      if (n && seen.insert(n).second) stack.push_back(n);
    };
    std::vector<Ref<Node>> roots;
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(tensors); ++i) {
      roots.push_back(gradient_edge(tensor_of(PyTuple_GET_ITEM(tensors, i))).node);
      reach(roots.back().get());
    }
    while (!stack.empty()) {
      Node* n = stack.back();
      stack.pop_back();
      if (n->kind == NodeKind::Accumulate && n->saved.size() && !own.count(n->saved[0].value.get().tensor))
        Py_RETURN_TRUE;
      for (Edge& e : n->edges) reach(e.node.get());
    }
    Py_RETURN_FALSE;
  });
}

PyObject* py_pass_has_inputs(PyObject*, PyObject*) { return PyBool_FromLong(pass_has_inputs()); }

PyMethodDef functions[] = {{"set_batching", set_batching, METH_O, nullptr},
                           {"transforms", transforms, METH_NOARGS, nullptr},
                           {"set_transforms", set_transforms, METH_O, nullptr},
                           {"mark_random", mark_random, METH_VARARGS, nullptr},
                           {"set_dispatch_modes", set_dispatch_modes, METH_O, nullptr},
                           {"use_dispatch", use_dispatch, METH_VARARGS, nullptr},
                           {"pass_has_inputs", py_pass_has_inputs, METH_NOARGS, nullptr},
                           {"depends", depends, METH_VARARGS, nullptr},
                           {nullptr, nullptr, 0, nullptr}};

}  // namespace

int init_transforms(PyObject* module) {
  dispatched = is_dispatched;
  dispatching = has_marker;
  dispatch = run_dispatch;
  return PyModule_AddFunctions(module, functions);
}

}  // namespace wgpy
