// no_grad and enable_grad as native context managers; their decorator forms are in autograd/grad_mode.py.
#include "python.h"

namespace wgpy {

using namespace wg;

namespace {

PyTypeObject *NoGrad = nullptr, *EnableGrad = nullptr;

struct Scope {
  PyObject_HEAD uint64_t before;  // the modes found on entry, one bit each, the last lowest
};

PyObject* scope_new(PyTypeObject* type, PyObject* args, PyObject*) {
  PyObject* self = type->tp_alloc(type, 0);
  if (!self || PyTuple_GET_SIZE(args) == 0 || PyTuple_GET_ITEM(args, 0) == Py_None) return self;
  PyObject* decorated = PyObject_CallOneArg(self, PyTuple_GET_ITEM(args, 0));  // no_grad(f)
  Py_DECREF(self);
  return decorated;
}
int scope_init(PyObject*, PyObject*, PyObject*) { return 0; }

PyObject* enter(PyObject* self, PyObject*) {
  auto* s = reinterpret_cast<Scope*>(self);
  s->before = s->before << 1 | uint64_t(modes().grad);
  modes().grad = PyObject_TypeCheck(self, EnableGrad) && !modes().inference;  // which nothing switches off inside
  Py_RETURN_NONE;
}
PyObject* leave(PyObject* self, PyObject* const*, Py_ssize_t) {
  auto* s = reinterpret_cast<Scope*>(self);
  modes().grad = s->before & 1;
  s->before >>= 1;
  Py_RETURN_NONE;
}

PyMethodDef methods[] = {
    {"__enter__", enter, METH_NOARGS, nullptr},
    {"__exit__", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(leave)), METH_FASTCALL, nullptr},
    {nullptr, nullptr, 0, nullptr}};
PyType_Slot slots[] = {{Py_tp_new, reinterpret_cast<void*>(scope_new)},
                       {Py_tp_init, reinterpret_cast<void*>(scope_init)},
                       {Py_tp_methods, methods},
                       {0, nullptr}};

}  // namespace

int init_scopes(PyObject* module) {
  PyType_Spec no = {"wengert._core.NoGradScope", sizeof(Scope), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE, slots};
  PyType_Spec yes = {"wengert._core.EnableGradScope", sizeof(Scope), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
                     slots};
  NoGrad = reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&no));
  EnableGrad = reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&yes));
  if (!NoGrad || !EnableGrad) return -1;
  return PyModule_AddObjectRef(module, "NoGradScope", reinterpret_cast<PyObject*>(NoGrad)) |
         PyModule_AddObjectRef(module, "EnableGradScope", reinterpret_cast<PyObject*>(EnableGrad));
}

}  // namespace wgpy
