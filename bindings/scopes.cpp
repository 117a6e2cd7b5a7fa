// Context managers as native ones, which an interrupt cannot catch half-way; the decorators are in
// autograd/grad_mode.py.
#include "python.h"

#include <structmember.h>

#include <cstring>

namespace wgpy {

using namespace wg;

namespace {

PyTypeObject *NoGrad = nullptr, *EnableGrad = nullptr, *GradSwitch = nullptr, *Block = nullptr;

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

// ---- set_grad_enabled: sets the mode when it is made

struct Switch {
  PyObject_HEAD char mode, prev;
};

int switch_init(PyObject* self, PyObject* args, PyObject* kwargs) {
  static const char* names[] = {"mode", nullptr};
  PyObject* mode;
  if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O:set_grad_enabled", const_cast<char**>(names), &mode)) return -1;
  if (!PyBool_Check(mode)) {
    PyErr_Format(PyExc_TypeError, "set_grad_enabled(): argument 'enabled' (position 1) must be bool, not %s",
                 Py_TYPE(mode)->tp_name);
    return -1;
  }
  auto* s = reinterpret_cast<Switch*>(self);
  s->prev = modes().grad;
  modes().grad = s->mode = mode == Py_True;
  return 0;
}
PyObject* switch_enter(PyObject* self, PyObject*) {
  modes().grad = reinterpret_cast<Switch*>(self)->mode;
  Py_RETURN_NONE;
}
PyObject* switch_leave(PyObject* self, PyObject* const*, Py_ssize_t) {
  modes().grad = reinterpret_cast<Switch*>(self)->prev;
  Py_RETURN_NONE;
}

PyMemberDef switch_members[] = {{"mode", T_BOOL, offsetof(Switch, mode), READONLY, nullptr},
                                {"prev", T_BOOL, offsetof(Switch, prev), READONLY, nullptr},
                                {nullptr, 0, 0, 0, nullptr}};
PyMethodDef switch_methods[] = {
    {"__enter__", switch_enter, METH_NOARGS, nullptr},
    {"__exit__", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(switch_leave)), METH_FASTCALL, nullptr},
    {nullptr, nullptr, 0, nullptr}};
PyType_Slot switch_slots[] = {{Py_tp_init, reinterpret_cast<void*>(switch_init)},
                              {Py_tp_members, switch_members},
                              {Py_tp_methods, switch_methods},
                              {0, nullptr}};

// ---- Block: what changes is said in Python by `_begin`, and done here in one piece

// Makes a change, and gives the one that undoes it. A change is (native setter that gives the value before, value; a
// tuple is several arguments), (dict, key, value), or (dict, key) to have it absent.
Py make(PyObject* change) {
  const Py_ssize_t n = PyTuple_GET_SIZE(tuple_of_length(change, -1));
  WG_CHECK_VALUE(n == 2 || n == 3, "expected a tuple of 2 or 3 items, but got ", n);
  PyObject *what = PyTuple_GET_ITEM(change, 0), *second = PyTuple_GET_ITEM(change, 1);
  if (!PyDict_Check(what)) {
    Py before(check(PyTuple_Check(second) ? PyObject_Call(what, second, nullptr) : PyObject_CallOneArg(what, second)));
    return Py(check(PyTuple_Pack(2, what, before.get())));
  }
  PyObject* found = PyDict_GetItemWithError(what, second);
  if (!found && PyErr_Occurred()) throw PythonError{};
  Py undo(check(found ? PyTuple_Pack(3, what, second, found) : PyTuple_Pack(2, what, second)));
  if (n == 3)
    check(PyDict_SetItem(what, second, PyTuple_GET_ITEM(change, 2)));
  else if (found)
    check(PyDict_DelItem(what, second));
  return undo;
}

// Makes changes, the last first; all of them, whatever becomes of one.
void undo(PyObject* changes) {
  for (Py_ssize_t i = PyList_GET_SIZE(changes); i-- > 0;) try {
      make(PyList_GET_ITEM(changes, i));
    } catch (...) {
      raise_current();
      PyErr_WriteUnraisable(changes);
    }
}

PyObject* undo_name =
    nullptr;  // "_undo": the attribute with (changes that undo, what follows, the same of the block around)

PyObject* block_enter(PyObject* self, PyObject*) {
  return guard<PyObject*>(nullptr, [&]() -> PyObject* {
    Py said(check(PyObject_CallMethod(self, "_begin", nullptr)));  // (what `as` names, changes[, what follows])
    PyObject *given, *changes, *follows = Py_None, *around = PyObject_GenericGetAttr(self, undo_name);
    if (!around) PyErr_Clear();
    Py outer(around ? around : Py_NewRef(Py_None)), undoes(check(PyList_New(0)));
    if (!PyArg_ParseTuple(tuple_of_length(said.get(), -1), "OO!|O", &given, &PyTuple_Type, &changes, &follows))
      throw PythonError{};
    try {
      for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(changes); ++i)
        check(PyList_Append(undoes.get(), make(PyTuple_GET_ITEM(changes, i)).get()));
      if (follows != Py_None) Py(check(PyObject_CallNoArgs(follows)));
      Py record(check(PyTuple_Pack(3, undoes.get(), follows, outer.get())));
      check(PyObject_GenericSetAttr(self, undo_name, record.get()));
    } catch (...) {
      raise_current();
      PyObject *type, *value, *trace;
      PyErr_Fetch(&type, &value, &trace);
      undo(undoes.get());
      PyErr_Restore(type, value, trace);
      throw PythonError{};
    }
    return Py_NewRef(given);
  });
}

PyObject* block_leave(PyObject* self, PyObject* const*, Py_ssize_t) {
  return guard<PyObject*>(nullptr, [&] {
    Py record(check(PyObject_GenericGetAttr(self, undo_name)));
    PyObject *undoes, *follows, *outer;
    if (!PyArg_ParseTuple(tuple_of_length(record.get(), 3), "O!OO", &PyList_Type, &undoes, &follows, &outer))
      throw PythonError{};
    undo(undoes);
    check(PyObject_GenericSetAttr(self, undo_name, outer == Py_None ? nullptr : outer));
    if (follows != Py_None) Py(check(PyObject_CallNoArgs(follows)));
    return Py_NewRef(Py_None);
  });
}

PyMethodDef block_methods[] = {
    {"__enter__", block_enter, METH_NOARGS, nullptr},
    {"__exit__", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(block_leave)), METH_FASTCALL, nullptr},
    {nullptr, nullptr, 0, nullptr}};
PyType_Slot block_slots[] = {{Py_tp_methods, block_methods}, {0, nullptr}};

PyTypeObject* make_type(PyObject* module, const char* name, int size, PyType_Slot* slots) {
  PyType_Spec spec = {name, size, 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE, slots};
  PyObject* type = PyType_FromSpec(&spec);
  if (type && PyModule_AddObjectRef(module, std::strrchr(name, '.') + 1, type) < 0) Py_CLEAR(type);
  return reinterpret_cast<PyTypeObject*>(type);
}

}  // namespace

int init_scopes(PyObject* module) {
  undo_name = PyUnicode_InternFromString("_undo");
  NoGrad = make_type(module, "wengert._core.NoGradScope", sizeof(Scope), slots);
  EnableGrad = make_type(module, "wengert._core.EnableGradScope", sizeof(Scope), slots);
  GradSwitch = make_type(module, "wengert._core.GradSwitch", sizeof(Switch), switch_slots);
  Block = make_type(module, "wengert._core.Block", sizeof(PyObject), block_slots);
  return undo_name && NoGrad && EnableGrad && GradSwitch && Block ? 0 : -1;
}

}  // namespace wgpy
