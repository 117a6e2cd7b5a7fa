// The table seen from the machine: programs, rules and bodies that live in Python, declarations.
#include <cstring>
#include <deque>

#include "overrides.h"
#include "../core/kernels/tiles.h"
#include "../core/ops/format.h"
#include "signature.h"

namespace wgpy {

using namespace wg;

extern PyObject* make_result_type;
extern PyObject* on_failure;

PyObject* tuple_of(const Gradients& list) {
  PyObject* t = check(PyTuple_New(Py_ssize_t(list.size())));
  for (size_t i = 0; i < list.size(); ++i) PyTuple_SET_ITEM(t, Py_ssize_t(i), wrap(list[i]));
  return t;
}

void read_gradient(PyObject* o, TensorRef& to) {
  if (o == Py_None) return;
  WG_CHECK(is_tensor(o), "expected Variable or None (got ", Py_TYPE(o)->tp_name, ")");
  to = TensorRef(as_tensor(o));
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

namespace {

PyObject* table_trace = nullptr;      // (op name, mask, complex) -> program
PyObject* table_formula = nullptr;    // (op name) -> program of a fused op
PyObject* table_rule = nullptr;       // (op name) -> a function of (mask, values) that gives the gradients
PyObject* table_forward = nullptr;    // (op name, arguments) -> result
PyObject* table_interpret = nullptr;  // (op name, arguments, inplace) -> result

// ---- programs

Operand operand_of(PyObject* o) {
  int kind, index;
  if (!PyArg_ParseTuple(o, "ii", &kind, &index)) throw PythonError{};
  return {Operand::Kind(kind), uint16_t(index)};
}

std::vector<Operand> operands_of(PyObject* list) {
  std::vector<Operand> v;
  Py fast(check(PySequence_Fast(list, "operands")));
  for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(fast.get()); ++i)
    v.push_back(operand_of(PySequence_Fast_GET_ITEM(fast.get(), i)));
  return v;
}

// What a program does, over leaves that are there.
void fill_program(Program& p, PyObject* constants, PyObject* code, PyObject* outputs) {
  Py list(check(PySequence_Fast(constants, "constants")));
  for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(list.get()); ++i)
    p.constants.push_back(to_held(PySequence_Fast_GET_ITEM(list.get(), i)));
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
    p.code.push_back(std::move(instr));
  }
  p.outputs = operands_of(outputs);
  prepare(p);
}

// (leaves, constants, code, outputs, temps, rounds, half), each in plain tuples, becomes a program. It lives as long
// as the process. rounds: 1 once, 2 once, after its numbers. half: (constants, code, outputs, temps), or None.
Program* program_of(PyObject* spec) {
  PyObject *leaves, *constants, *code, *outputs, *half;
  auto p = std::make_unique<Program>();
  int rounds;
  if (!PyArg_ParseTuple(spec, "OOOOiiO", &leaves, &constants, &code, &outputs, &p->temps, &rounds, &half))
    throw PythonError{};
  p->once = rounds > 0, p->rounds_numbers = rounds > 1;
  for (const Operand& o : operands_of(leaves)) p->leaves.push_back({Leaf::Kind(o.kind), o.index});
  fill_program(*p, constants, code, outputs);
  if (half != Py_None) {
    p->half = std::make_unique<Program>();
    p->half->leaves = p->leaves;
    if (!PyArg_ParseTuple(half, "OOOi", &constants, &code, &outputs, &p->half->temps)) throw PythonError{};
    fill_program(*p->half, constants, code, outputs);
  }
  return p.release();
}

Program* trace_op(const OpDef& op, uint64_t mask, bool complex) {
  if (!table_trace) fail(Kind::Internal, "the table of ops is not loaded");
  GradMode on(true);
  Py spec(check(
      PyObject_CallFunction(table_trace, "sKi", op.name.c_str(), static_cast<unsigned long long>(mask), int(complex))));
  return program_of(spec.get());
}

Program* trace_formula(const OpDef& op) {
  Py spec(check(PyObject_CallFunction(table_formula, "s", op.name.c_str())));
  return program_of(spec.get());
}
// ---- rules and bodies in Python

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
  auto& op = const_cast<OpDef&>(*n.op);
  if (!op.rule) op.rule = check(PyObject_CallFunction(table_rule, "s", op.name.c_str()));
  Py mask(check(PyLong_FromUnsignedLongLong(n.mask)));
  PyObject* args[] = {mask.get(), values.get()};
  Py result(check(PyObject_Vectorcall(static_cast<PyObject*>(op.rule), args, 2, nullptr)));
  // One entry for each diff argument; a list argument has a list.
  Py fast(check(PySequence_Fast(result.get(), "a rule returns a tuple of gradients")));
  size_t edge = 0;
  for (Py_ssize_t k = 0; k < PySequence_Fast_GET_SIZE(fast.get()); ++k) {
    PyObject* g = PySequence_Fast_GET_ITEM(fast.get(), k);
    if (PyTuple_Check(g) || PyList_Check(g)) {
      Py inner(check(PySequence_Fast(g, "")));
      for (Py_ssize_t j = 0; j < PySequence_Fast_GET_SIZE(inner.get()); ++j, ++edge)
        if (edge < out.size()) read_gradient(PySequence_Fast_GET_ITEM(inner.get(), j), out[edge]);
    } else {
      if (edge < out.size()) read_gradient(g, out[edge]);
      ++edge;
    }
  }
}

void run_function(Node& n, const Gradients& in, Gradients& out, bool) {
  Py grads(tuple_of(in));
  Py result(check(PyObject_CallMethod(as_object(&n), "_backward", "(O)", grads.get())));
  Py fast(check(PySequence_Fast(result.get(), "backward must return a tuple")));
  for (Py_ssize_t k = 0; k < PySequence_Fast_GET_SIZE(fast.get()) && size_t(k) < out.size(); ++k) {
    TensorRef& g = out[size_t(k)];
    read_gradient(PySequence_Fast_GET_ITEM(fast.get(), k), g);
    const Edge& e = n.edges[uint32_t(k)];
    const bool known = g && e.node && e.nr < e.node->outputs.size();
    WG_CHECK(
        !known || is_complex(e.node->outputs[e.nr].dtype) || !is_complex(g->dtype),
        "Expected isFloatingType(grad.scalar_type()) || (input_is_complex == grad_is_complex) to be true, but got "
        "false.  (Could this error message be improved?  If so, please report an enhancement request to PyTorch.)");
  }
}

void run_python_body(Call& c) {
  Py args(call_values(c));
  Py result(check(PyObject_CallFunction(table_forward, "sO", c.op->name.c_str(), args.get())));
  take_results(c, result.get());
}

void run_interpreter(Call& c) {
  const OverridesOff off;
  Py args(call_values(c));
  Py result(
      check(PyObject_CallFunction(table_interpret, "sOi", c.op->name.c_str(), args.get(), int(c.into != nullptr))));
  take_results(c, result.get());
}

// ---- the table's side

PyObject* set_hooks(PyObject*, PyObject* args) {
  PyObject* dict;
  if (!PyArg_ParseTuple(args, "O!", &PyDict_Type, &dict)) return nullptr;
  const std::pair<const char*, PyObject**> slots[] = {{"trace", &table_trace},
                                                      {"formula", &table_formula},
                                                      {"rule", &table_rule},
                                                      {"forward", &table_forward},
                                                      {"interpret", &table_interpret},
                                                      {"on_failure", &on_failure},
                                                      {"result_type", &make_result_type},
                                                      {"Size", &SizeClass},
                                                      {"device", &DeviceClass},
                                                      {"cpu", &DeviceCPU},
                                                      {"strided", &LayoutStrided},
                                                      {"Symbol", &SymbolClass},
                                                      {"trace_call", &TraceCall},
                                                      {"Generator", &GeneratorClass}};
  if (PyObject* formats = PyDict_GetItemString(dict, "memory_formats"))
    for (Py_ssize_t k = 0; k < PyTuple_GET_SIZE(formats) && k < 4; ++k)
      format_objects[k] = Py_NewRef(PyTuple_GET_ITEM(formats, k));
  for (auto& [name, slot] : slots)
    if (PyObject* v = PyDict_GetItemString(dict, name)) Py_XSETREF(*slot, Py_NewRef(v));
  if (table_interpret) interpret = run_interpreter;
  Py_RETURN_NONE;
}

// declare(name, kind, {grad_name, promote, fn, eager, random, multi_view}): completes a registration
PyObject* declare(PyObject*, PyObject* args) {
  const char *name, *kind, *grad_name, *promote, *fn, *kernel;
  int eager, multi_view, differentiable;
  if (!PyArg_ParseTuple(args, "ssssspppz", &name, &kind, &grad_name, &promote, &fn, &eager, &multi_view,
                        &differentiable, &kernel))
    return nullptr;
  return guard<PyObject*>(nullptr, [&]() -> PyObject* {
    OpDef* op = find_op(name);
    std::string k = kind;
    if (k == "elementwise" || k == "fused") {
      op = &define_op(name, nullptr, Style::Elementwise);
      if (k == "elementwise") {
        op->fn = find_fn(fn);
        WG_CHECK_VALUE(op->fn >= 0, "the table declares '", name, "' on the tile function '", fn,
                       "', which does not exist");
      }
    } else if (k == "host") {
      op = &define_op(name, nullptr, Style::Host);
    }
    WG_CHECK_VALUE(op, "the table declares '", name, "', but the machine has no body for it");
    op->declared = true;
    op->grad_name = grad_name;
    op->kernel = kernel ? kernel : "";
    op->eager_rule = eager;
    op->multi_view = multi_view;
    std::string p = promote;
    op->promote = p == "float"         ? Promote::Float
                  : p == "compare"     ? Promote::Compare
                  : p == "real"        ? Promote::Real
                  : p == "first"       ? Promote::First
                  : p == "float_first" ? Promote::FloatFirst
                                       : Promote::Same;
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
    Py item(Py_BuildValue("(siiis)", op->name.c_str(), int(op->style), int(op->declared), int(op->body != nullptr),
                          op->grad_name.c_str()));
    if (PyList_Append(list, item.get()) < 0) return nullptr;
  }
  return list;
}

// An op by name with values as they are. What is not given is absent; elementwise ops take what they are given.
struct NamedCall {
  OpDef* op = nullptr;
  std::vector<Held> held;
  std::vector<Value> values;

  explicit NamedCall(PyObject* args) {
    const char* name;
    PyObject* given;
    if (!PyArg_ParseTuple(args, "sO!", &name, &PyTuple_Type, &given)) throw PythonError{};
    op = find_op(name);
    WG_CHECK_VALUE(op && op->declared, "no op named '", name, "'");
    const Py_ssize_t n = PyTuple_GET_SIZE(given), wanted = Py_ssize_t(op->arg_names.size());
    WG_CHECK_TYPE(n <= wanted, name, "() takes ", wanted, " arguments but ", n, " were given");
    for (Py_ssize_t i = 0; i < n; ++i) held.push_back(to_held(PyTuple_GET_ITEM(given, i)));
    for (const Held& h : held) values.push_back(h.get());
    if (op->style != Style::Elementwise) values.resize(size_t(wanted));
  }
};

// run(name, args): calls an op by name with values as they are
PyObject* run_op(PyObject*, PyObject* args) {
  return guard<PyObject*>(nullptr, [&]() -> PyObject* {
    NamedCall named(args);
    Call c{named.op, named.values.data(), int(named.values.size())};
    apply(c);
    settle_dispatched(c);
    if (c.nouts() == 1) return wrap(std::move(c.first));
    const int count = c.nouts();  // before the results are moved out
    Py t(check(PyTuple_New(count)));
    for (int k = 0; k < count; ++k) PyTuple_SET_ITEM(t.get(), k, wrap(std::move(c.result(k))));
    return t.release();
  });
}

// run_inplace(name, args): the in-place form
PyObject* run_op_inplace(PyObject*, PyObject* args) {
  return guard<PyObject*>(nullptr, [&]() -> PyObject* {
    NamedCall named(args);
    Call c{named.op, named.values.data(), int(named.values.size())};
    apply_inplace(c);
    settle_dispatched(c);
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

// sequence_type(name, fields): a class of named results as C makes them. It lives as long as the program.
PyObject* sequence_type(PyObject*, PyObject* args) {
  const char* name;
  PyObject* names;
  if (!PyArg_ParseTuple(args, "sO!", &name, &PyTuple_Type, &names)) return nullptr;
  const Py_ssize_t n = PyTuple_GET_SIZE(names);
  static std::deque<std::string> kept;  // the class points to its names
  static std::deque<std::vector<PyStructSequence_Field>> lists;
  auto keep = [](const char* text) { return kept.emplace_back(text).c_str(); };
  std::vector<PyStructSequence_Field>& fields = lists.emplace_back(size_t(n) + 1);
  for (Py_ssize_t i = 0; i < n; ++i) {
    const char* field = PyUnicode_AsUTF8(PyTuple_GET_ITEM(names, i));
    if (!field) return nullptr;
    fields[size_t(i)] = {keep(field), nullptr};
  }
  PyStructSequence_Desc description{keep(name), nullptr, fields.data(), int(n)};
  return reinterpret_cast<PyObject*>(PyStructSequence_NewType(&description));
}

PyMethodDef functions[] = {{"set_hooks", set_hooks, METH_VARARGS, nullptr},
                           {"sequence_type", sequence_type, METH_VARARGS, nullptr},
                           {"declare", declare, METH_VARARGS, nullptr},
                           {"set_differentiable", set_differentiable, METH_VARARGS, nullptr},
                           {"op_names", op_names, METH_NOARGS, nullptr},
                           {"run", run_op, METH_VARARGS, nullptr},
                           {"run_inplace", run_op_inplace, METH_VARARGS, nullptr},
                           {"program_text", program_text, METH_VARARGS, nullptr},
                           {nullptr, nullptr, 0, nullptr}};

}  // namespace

int init_table(PyObject* module) {
  engine_host.run_rule = run_rule;
  engine_host.run_function = run_function;
  trace = trace_op;
  trace_fused = trace_formula;
  run_host_body = run_python_body;
  warn = [](const std::string& text) {
    if (PyErr_WarnEx(PyExc_UserWarning, text.c_str(), 1) < 0) throw PythonError{};
  };
  return PyModule_AddFunctions(module, functions);
}

}  // namespace wgpy
