// What the transforms (vmap, grad, forward mode) ask of the machine.
#include "python.h"

#include <string_view>
#include <unordered_set>

namespace wgpy {

using namespace wg;

// How many transforms of torch.func are running in this thread, vmap and those that leave no wrappers alike.
static thread_local long running_transforms = 0;

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

PyObject* mark_random(PyObject*, PyObject* names) {
  if (!PyList_Check(names)) return PyErr_Format(PyExc_TypeError, "expected a list of names of ops");
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(names); ++i) {
    const char* name = PyUnicode_AsUTF8(PyList_GET_ITEM(names, i));
    if (!name) return nullptr;
    if (OpDef* op = find_op(name)) op->random = true;
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
                           {"mark_random", mark_random, METH_O, nullptr},
                           {"pass_has_inputs", py_pass_has_inputs, METH_NOARGS, nullptr},
                           {"depends", depends, METH_VARARGS, nullptr},
                           {nullptr, nullptr, 0, nullptr}};

}  // namespace

int init_transforms(PyObject* module) { return PyModule_AddFunctions(module, functions); }

}  // namespace wgpy
