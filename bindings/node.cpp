// Node: the attributes of a tape entry.
#include "python.h"

#include <algorithm>
#include <cstring>

namespace wgpy {

using namespace wg;

namespace {

PyObject* node_name(PyObject* o, PyObject*) { return PyUnicode_FromString(name_of(*as_node(o)).c_str()); }

PyObject* next_functions(PyObject* o, void*) {
  return guard<PyObject*>(nullptr, [&] {
    Node& n = *as_node(o);
    Py t(check(PyTuple_New(n.edges.size())));
    for (uint32_t i = 0; i < n.edges.size(); ++i)
      PyTuple_SET_ITEM(t.get(), i, check(Py_BuildValue("(NI)", wrap(n.edges[i].node), n.edges[i].nr)));
    return t.release();
  });
}

PyObject* get_variable(PyObject* o, void*) {
  Node& n = *as_node(o);
  if (n.kind != NodeKind::Accumulate) {
    PyErr_Format(PyExc_AttributeError, "'%s' object has no attribute 'variable'", name_of(n).c_str());
    return nullptr;
  }
  return value_object(n.saved[0].value.get());
}

PyObject* get_metadata(PyObject* o, void*) {
  NodeExtra& x = extra_of(*as_node(o));
  if (!x.metadata) x.metadata = PyDict_New();
  return Py_XNewRef(static_cast<PyObject*>(x.metadata));
}

PyObject* get_sequence(PyObject* o, PyObject*) { return PyLong_FromUnsignedLongLong(as_node(o)->sequence); }
PyObject* set_sequence(PyObject* o, PyObject* number) {
  const unsigned long long n = PyLong_AsUnsignedLongLong(number);
  if (PyErr_Occurred()) return nullptr;
  as_node(o)->sequence = n;
  Py_RETURN_NONE;
}

PyObject* get_requires_grad(PyObject*, void*) { Py_RETURN_TRUE; }

PyObject* get_input_metadata(PyObject* o, void*) {
  return guard<PyObject*>(nullptr, [&] {
    Node& n = *as_node(o);
    Py t(check(PyTuple_New(n.outputs.size())));
    Py module(check(PyImport_ImportModule("wengert.autograd._input_metadata")));
    for (uint32_t i = 0; i < n.outputs.size(); ++i)
      PyTuple_SET_ITEM(t.get(), i,
                       check(PyObject_CallMethod(module.get(), "InputMetadata", "NO", size_object(n.outputs[i].sizes),
                                                 dtype_object(n.outputs[i].dtype))));
    return t.release();
  });
}

PyObject* get_place(PyObject* o, void*) { return describe(as_node(o)->place); }
PyObject* get_edges_needed(PyObject* o, void*) {
  Node& n = *as_node(o);
  PyObject* t = PyTuple_New(n.edges.size());
  for (uint32_t i = 0; t && i < n.edges.size(); ++i) PyTuple_SET_ITEM(t, i, PyBool_FromLong(bool(n.edges[i].node)));
  return t;
}

// The name under which torch shows what a leaf of the derivative's program was.
std::string saved_name(const OpDef& op, const Leaf& l) {
  if (l.kind == Leaf::Arg && l.index < op.arg_names.size()) return op.arg_names[l.index];
  if (l.kind == Leaf::Out) {
    std::string name = l.index < op.out_names.size() ? op.out_names[l.index] : "result";
    return name == "y" || name.empty() ? "result" : name;
  }
  if (l.kind == Leaf::ArgSizes && l.index < op.arg_names.size()) return op.arg_names[l.index] + "_sym_sizes";
  return "";
}

// The slot that keeps what torch shows under a name; -1: none.
int saved_slot(const Node& n, const char* name) {
  if (n.kind != NodeKind::Op || !n.program) return -1;
  for (uint32_t i = 0; i < n.program->leaves.size(); ++i)
    if (saved_name(*n.op, n.program->leaves[i]) == name) return int(i);
  return -1;
}

// Everything that the derivative of an op keeps when all of its inputs require a gradient.
std::vector<std::string> all_saved_names(const Node& n) {
  std::vector<std::string> names;
  if (n.kind != NodeKind::Op || !n.program) return names;
  const bool complex = !n.outputs.size() || is_complex(n.outputs[0].dtype);
  const Program* programs[] = {n.program, backward_program(*n.op, n.op->diff_args, complex)};
  for (const Program* p : programs)
    for (size_t i = 0; p && i < p->leaves.size(); ++i) {
      std::string name = saved_name(*n.op, p->leaves[i]);
      if (!name.empty() && std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    }
  return names;
}

PyObject* saved_attribute(Node& n, const char* name) {
  int i = saved_slot(n, name);
  return guard<PyObject*>(nullptr, [&]() -> PyObject* {
    if (i < 0) {  // what it would keep if all of its inputs required a gradient
      const auto names = all_saved_names(n);
      if (std::find(names.begin(), names.end(), name) == names.end()) return nullptr;
      Py_RETURN_NONE;
    }
    Py value(value_object(unpack(n, uint32_t(i), true).get()));
    return PyTuple_Check(value.get()) ? PySequence_Tuple(value.get()) : value.release();  // sizes show as a tuple
  });
}

// _raw_saved_self: a handle on what a slot keeps; _raw_saved_tensors of a Function node: all of them.
PyObject* raw_saved(PyObject* o, const char* name) {
  Node& n = *as_node(o);
  bool all = n.kind == NodeKind::Function && std::strcmp(name, "tensors") == 0;
  int slot = saved_slot(n, name);
  if (!all && slot < 0) return nullptr;
  return guard<PyObject*>(nullptr, [&]() -> PyObject* {
    if (all && n.freed) fail_second_time(n);
    Py module(check(PyImport_ImportModule("wengert.autograd._saved_tensor")));
    auto handle = [&](uint32_t i) { return check(PyObject_CallMethod(module.get(), "handle", "OI", o, i)); };
    if (!all) return handle(uint32_t(slot));
    Py t(check(PyTuple_New(n.saved.size())));
    for (uint32_t i = 0; i < n.saved.size(); ++i) PyTuple_SET_ITEM(t.get(), i, handle(i));
    return t.release();
  });
}

PyObject* saved_names(PyObject* o, void*) {
  return guard<PyObject*>(nullptr, [&] {
    Py list(check(PyList_New(0)));
    for (const std::string& name : all_saved_names(*as_node(o))) {
      Py s(check(PyUnicode_FromString(name.c_str())));
      check(PyList_Append(list.get(), s.get()));
    }
    return list.release();
  });
}

}  // namespace

// node(*gradients): what the node makes of them.
PyObject* node_call(PyObject* o, PyObject* args, PyObject*) {
  return guard<PyObject*>(nullptr, [&]() -> PyObject* {
    Node& n = *as_node(o);
    const auto expected = Py_ssize_t(n.outputs.size()), given = PyTuple_GET_SIZE(args);
    WG_CHECK_TYPE(given == expected, "expected ", expected, " arguments, got ", given, " instead");
    Gradients in(static_cast<size_t>(given)), out(n.edges.size());
    for (Py_ssize_t i = 0; i < given; ++i) {
      PyObject* g = PyTuple_GET_ITEM(args, i);
      WG_CHECK_TYPE(g == Py_None || is_tensor(g), "argument ", i, " is not a Variable");
      if (g != Py_None) in[size_t(i)] = TensorRef(as_tensor(g));
    }
    if (n.kind == NodeKind::Function || std::any_of(in.begin(), in.end(), [](auto& g) { return bool(g); }))
      run_node(n, in, out);
    return out.size() == 1 ? wrap(out[0]) : tuple_of(out);
  });
}

// Ordinary lookup, and where it fails what a node has saved: _saved_self, _saved_result, …
PyObject* node_getattro(PyObject* o, PyObject* name) {
  PyObject* found = PyObject_GenericGetAttr(o, name);
  if (found || !PyErr_ExceptionMatches(PyExc_AttributeError)) return found;
  constexpr const char *prefix = "_saved_", *raw_prefix = "_raw_saved_";
  const char* s = PyUnicode_AsUTF8(name);
  bool raw = s && std::strncmp(s, raw_prefix, std::strlen(raw_prefix)) == 0;
  if (!s || (!raw && std::strncmp(s, prefix, std::strlen(prefix)) != 0)) return nullptr;
  PyObject *type, *value, *traceback;
  PyErr_Fetch(&type, &value, &traceback);
  found = raw ? raw_saved(o, s + std::strlen(raw_prefix)) : saved_attribute(*as_node(o), s + std::strlen(prefix));
  if (found || PyErr_Occurred()) {
    Py_XDECREF(type);
    Py_XDECREF(value);
    Py_XDECREF(traceback);
    return found;
  }
  PyErr_Restore(type, value, traceback);
  return nullptr;
}

PyGetSetDef node_getset[] = {{"next_functions", next_functions, nullptr, nullptr, nullptr},
                             {"variable", get_variable, nullptr, nullptr, nullptr},
                             {"metadata", get_metadata, nullptr, nullptr, nullptr},
                             {"_input_metadata", get_input_metadata, nullptr, nullptr, nullptr},
                             {"_place", get_place, nullptr, nullptr, nullptr},
                             {"_edges_needed", get_edges_needed, nullptr, nullptr, nullptr},
                             {"_names_of_saved", saved_names, nullptr, nullptr, nullptr},
                             {"requires_grad", get_requires_grad, nullptr, nullptr, nullptr},
                             {nullptr, nullptr, nullptr, nullptr, nullptr}};
PyMethodDef node_methods[] = {{"name", node_name, METH_NOARGS, nullptr},
                              {"_sequence_nr", get_sequence, METH_NOARGS, nullptr},
                              {"_set_sequence_nr", set_sequence, METH_O, nullptr},
                              {nullptr, nullptr, 0, nullptr}};

}  // namespace wgpy
