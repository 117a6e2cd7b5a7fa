// __torch_function__: calls that a Tensor subclass, a foreign class or a mode takes over. Nothing here is met by calls
// with plain tensors: operators ask once an operand is not a plain tensor, functions once such a class exists.
#include "overrides.h"

#include <cstring>

namespace wgpy {

using namespace wg;

bool overriding = false;

namespace {

PyObject* take = nullptr;    // (function or operator's name, args, kwargs) -> result or NotImplemented
PyObject* rescue = nullptr;  // (function, args, kwargs) -> result or NotImplemented: a call no signature fits
PyObject* bind = nullptr;    // (method descriptor, tensor) -> a bound method that asks first
PyObject* disabled_impl = nullptr;
PyObject* attribute = nullptr;  // "__torch_function__"
thread_local int depth_off = 0;
thread_local int modes_on = 0;

bool plain(PyTypeObject* t) {
  return t == TensorType || t == &PyLong_Type || t == &PyFloat_Type || t == &PyBool_Type || t == &PyUnicode_Type ||
         t == Py_TYPE(Py_None) || t == DTypeType;
}

bool any_takes_over(PyObject* o) {
  if (!PyTuple_CheckExact(o) && !PyList_CheckExact(o)) return takes_over(o);
  bool tuple = PyTuple_CheckExact(o);
  for (Py_ssize_t i = 0, n = PySequence_Size(o); i < n; ++i)
    if (takes_over(tuple ? PyTuple_GET_ITEM(o, i) : PyList_GET_ITEM(o, i))) return true;
  return false;
}

PyObject* ask(PyObject* hook, PyObject* function, PyObject* const* args, Py_ssize_t n, PyObject* names) {
  Py list(check(PyTuple_New(n)));
  for (Py_ssize_t i = 0; i < n; ++i) PyTuple_SET_ITEM(list.get(), i, Py_NewRef(args[i]));
  Py kwargs(check(PyDict_New()));
  for (Py_ssize_t i = 0; names && i < PyTuple_GET_SIZE(names); ++i)
    check(PyDict_SetItem(kwargs.get(), PyTuple_GET_ITEM(names, i), args[n + i]));
  return check(PyObject_CallFunctionObjArgs(hook, function, list.get(), kwargs.get(), nullptr));
}

// Attributes of a taking class: what Tensor defines goes through __torch_function__ as descriptor.__get__.
PyObject* taken_getattro(PyObject* o, PyObject* name) {
  PyObject* found = depth_off ? nullptr : _PyType_Lookup(Py_TYPE(o), name);
  bool attribute = found && Py_TYPE(found) == &PyGetSetDescr_Type;
  bool method = found && Py_TYPE(found) == &PyMethodDescr_Type;
  if ((!attribute && !method) || reinterpret_cast<PyDescrObject*>(found)->d_type != TensorType ||
      PyUnicode_READ_CHAR(name, 0) == '_')
    return PyObject_GenericGetAttr(o, name);
  return guard<PyObject*>(nullptr, [&] {
    if (method) return check(PyObject_CallFunctionObjArgs(bind, found, o, nullptr));
    Py get(check(PyObject_GetAttrString(found, "__get__")));
    return ask(take, get.get(), &o, 1, nullptr);
  });
}

// override_class(cls): a subclass of Tensor with __torch_function__ in force was made.
PyObject* override_class(PyObject*, PyObject* cls) {
  auto* type = reinterpret_cast<PyTypeObject*>(cls);
  if (type->tp_getattro == PyObject_GenericGetAttr) {
    type->tp_getattro = taken_getattro;
    PyType_Modified(type);
  }
  if (!overriding) {
    overriding = true;
    watch_functions();
  }
  Py_RETURN_NONE;
}

// Operators that were put back into Tensor's class are also taken for those of sequences (+ and += have two slots
// each), and there NotImplemented would be a result.
void forget_sequence_slots(PyTypeObject* type) {
  if (PySequenceMethods* slots = type->tp_as_sequence) slots->sq_concat = slots->sq_inplace_concat = nullptr;
  Py list(check(PyObject_CallMethod(reinterpret_cast<PyObject*>(&PyType_Type), "__subclasses__", "O", type)));
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(list.get()); ++i)
    forget_sequence_slots(reinterpret_cast<PyTypeObject*>(PyList_GET_ITEM(list.get(), i)));
}

// override_modes(n): how many TorchFunctionModes are on, on this thread; gives how many were.
PyObject* override_modes(PyObject*, PyObject* count) {
  const int before = modes_on, now = int(PyLong_AsLong(count));
  if (PyErr_Occurred()) return nullptr;
  modes_on = now;
  if (now > 0 && !overriding) {
    overriding = true;
    watch_functions();
  }
  return PyLong_FromLong(before);
}

// override_operators_back(): to be called when Tensor's own operators were put back.
PyObject* override_operators_back(PyObject*, PyObject*) {
  return guard<PyObject*>(nullptr, [&] {
    forget_sequence_slots(TensorType);
    return Py_NewRef(Py_None);
  });
}

// override_disable(+1 or -1): inside, subclasses are tensors like any other; gives the step that undoes it.
PyObject* override_disable(PyObject*, PyObject* step) {
  const int taken = int(PyLong_AsLong(step));
  if (PyErr_Occurred()) return nullptr;
  depth_off += taken;
  return PyLong_FromLong(-taken);
}

PyObject* override_takes(PyObject*, PyObject* o) { return PyBool_FromLong(takes_over(o)); }
PyObject* override_enabled(PyObject*, PyObject*) { return PyBool_FromLong(depth_off == 0); }

PyObject* override_hooks(PyObject*, PyObject* args) {
  PyObject *t, *r, *b, *d;
  if (!PyArg_ParseTuple(args, "OOOO", &t, &r, &b, &d)) return nullptr;
  Py_XSETREF(take, Py_NewRef(t));
  Py_XSETREF(rescue, Py_NewRef(r));
  Py_XSETREF(bind, Py_NewRef(b));
  Py_XSETREF(disabled_impl, Py_NewRef(d));
  Py_RETURN_NONE;
}

// as_subclass(tensor, cls): the same values and history as an instance of cls.
PyObject* as_subclass_of(PyObject*, PyObject* args) {
  PyObject *o, *cls;
  if (!PyArg_ParseTuple(args, "O!O", TensorType, &o, &cls)) return nullptr;
  return guard<PyObject*>(nullptr, [&]() -> PyObject* {
    WG_CHECK_TYPE(
        PyType_Check(cls) && PyType_IsSubtype(reinterpret_cast<PyTypeObject*>(cls), TensorType),
        "Creating a Tensor subclass from a class that does not inherit from Tensor is not possible. Make sure "
        "your class inherits from Tensor.");
    static const OpDef* alias_op = find_op("alias");
    Value v[1] = {Value(as_tensor(o))};
    Call c{alias_op, v, 1};
    apply(c);
    auto* type = reinterpret_cast<PyTypeObject*>(cls);
    Py made(wrap(std::move(c.first)));
    if (type->tp_basicsize != TensorType->tp_basicsize)  // it has slots: another shape in memory
      return make_subclass(type, *as_tensor(made.get()), requires_grad(*as_tensor(made.get())));
    Py_INCREF(type);
    PyTypeObject* old = Py_TYPE(made.get());
    Py_SET_TYPE(made.get(), type);
    Py_DECREF(old);
    if (!PyObject_GC_IsTracked(made.get())) PyObject_GC_Track(made.get());
    return made.release();
  });
}

PyMethodDef functions[] = {{"override_class", override_class, METH_O, nullptr},
                           {"override_modes", override_modes, METH_O, nullptr},
                           {"override_operators_back", override_operators_back, METH_NOARGS, nullptr},
                           {"override_disable", override_disable, METH_O, nullptr},
                           {"override_takes", override_takes, METH_O, nullptr},
                           {"override_enabled", override_enabled, METH_NOARGS, nullptr},
                           {"override_hooks", override_hooks, METH_VARARGS, nullptr},
                           {"as_subclass", as_subclass_of, METH_VARARGS, nullptr},
                           {nullptr, nullptr, 0, nullptr}};

}  // namespace

OverridesOff::OverridesOff() { ++depth_off; }
OverridesOff::~OverridesOff() { --depth_off; }

bool takes_over(PyObject* o) {
  PyTypeObject* type = Py_TYPE(o);
  if (plain(type)) return false;
  bool tensor = PyType_IsSubtype(type, TensorType);
  if (tensor && (depth_off || !overriding)) return false;
  PyObject* found = _PyType_Lookup(type, attribute);
  return found && found != disabled_impl;
}

PyObject* take_operator(const char* name, PyObject* a, PyObject* b, PyObject* c) {
  if (!take || !(takes_over(a) || (b && takes_over(b)) || (c && takes_over(c)))) Py_RETURN_NOTIMPLEMENTED;
  PyObject* args[] = {a, b, c};
  Py text(check(PyUnicode_FromString(name)));
  return ask(take, text.get(), args, c ? 3 : b ? 2 : 1, nullptr);
}

bool is_taken(PyObject* const* args, Py_ssize_t n) {
  if (modes_on && !depth_off) return true;
  for (Py_ssize_t i = 0; i < n; ++i)
    if (any_takes_over(args[i])) return true;
  return false;
}

PyObject* take_call(PyObject* function, PyObject* const* args, Py_ssize_t n, PyObject* names) {
  return ask(take, function, args, n, names);
}

PyObject* rescue_call(PyObject* function, PyObject* const* args, Py_ssize_t n, PyObject* names) {
  if (!rescue) Py_RETURN_NOTIMPLEMENTED;
  return ask(rescue, function, args, n, names);
}

int init_overrides(PyObject* module) {
  attribute = PyUnicode_InternFromString("__torch_function__");
  return PyModule_AddFunctions(module, functions);
}

}  // namespace wgpy
