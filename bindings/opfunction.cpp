// Ops as Python callables: a vectorcall straight from the interpreter to the core.
#include <algorithm>
#include <memory>

#include "../core/ops/format.h"
#include "overrides.h"
#include "signature.h"

namespace wgpy {

using namespace wg;

PyTypeObject* OpFunctionType = nullptr;
PyObject* make_result_type = nullptr;  // (op name, field names) -> a named tuple class

namespace {

struct OpFunction {
  PyObject_HEAD vectorcallfunc vectorcall;
  PyObject* name;
  PyObject* doc;
  PyObject* dict;
  PyObject* stand_in;  // what answers calls while redirect() is in force
  std::vector<std::unique_ptr<Overload>>* overloads;
};

constexpr int kMaxArgs = 24;
constexpr const char* kNotATensor = "expected Tensor as element ";

// One attempt to read the arguments of a call by one signature.
struct Attempt {
  const Overload& o;
  Few<Value, kMaxArgs> values;
  Few<Held, kMaxArgs> kept;
  bool placed = false, meta = false;  // a device was given; it is the meta device
  std::string why;                    // what did not fit

  explicit Attempt(const Overload& o) : o(o) { values.resize(uint32_t(o.params.size())), kept.resize(values.size()); }

  bool bad(const Param& p, int position, PyObject* got) {
    static const char* names[] = {
        "Tensor",        "tuple of Tensors",   "Number",      "int", "float",           "bool",
        "tuple of ints", "tuple of floats",    "torch.dtype", "str", "torch.Generator", "object",
        "torch.device",  "torch.memory_format"};
    const std::string where =
        position >= 0 ? str(" (position ", position + !o.inplace, ")") : "";  // of x.f_(…): x is none
    const std::string start = str("argument '", p.name == "self" ? "input" : p.name, "'", where, " must be ");
    why = str(start, names[int(p.type)], ", not ", Py_TYPE(got)->tp_name);
    if (p.type != Type::Ints || (!PyTuple_Check(got) && !PyList_Check(got))) return false;
    Items items(got, "");
    Py_ssize_t at = 0;  // the first that is none
    while (at < items.size() && PyLong_Check(Py(items[at]).get())) ++at;
    if (at < items.size())
      why = str(start, "tuple of ints, but found element of type ", Py_TYPE(Py(items[at]).get())->tp_name, " at pos ",
                at);
    return false;
  }

  bool ints(const Param& p, int i, PyObject* o, int position) {
    if (p.one && PyLong_Check(o) && !PyBool_Check(o)) {
      Dims d(p.repeat ? p.repeat : 1, PyLong_AsLongLong(o));
      if (PyErr_Occurred()) throw PythonError{};
      kept[i] = hold_ints(d);
    } else if (p.one && is_tensor(o) && as_tensor(o)->numel == 1 && as_tensor(o)->ndim() == 0 &&
               category(as_tensor(o)->dtype) == 1) {
      Held h;
      kept[i] = hold_ints(Dims(p.repeat ? p.repeat : 1, to_number(o, &h).to_int()));
    } else if (PyTuple_Check(o) || PyList_Check(o)) {
      bool tuple = PyTuple_Check(o);
      Py_ssize_t n = tuple ? PyTuple_GET_SIZE(o) : PyList_GET_SIZE(o);
      if (n > 1 << 16) return bad(p, position, o);
      for (Py_ssize_t k = 0; k < n; ++k) {
        PyObject* e = tuple ? PyTuple_GET_ITEM(o, k) : PyList_GET_ITEM(o, k);
        if (!PyLong_Check(e) && !(Py_TYPE(e)->tp_as_number && Py_TYPE(e)->tp_as_number->nb_index && !is_symbol(e) &&
                                  !(is_tensor(e) && (as_tensor(e)->numel != 1 || category(as_tensor(e)->dtype) != 1))))
          return bad(p, position, o);
      }
      Dims d = to_dims(o);
      if (p.repeat > 1 && d.size() == 1) d = Dims(p.repeat, d[0]);
      kept[i] = hold_ints(d);
    } else if (p.one && !PyFloat_Check(o) && !is_tensor(o) && !is_symbol(o) && PyIndex_Check(o) && !PyBool_Check(o)) {
      Held h;
      kept[i] = hold_ints(Dims(p.repeat ? p.repeat : 1, to_number(o, &h).to_int()));
    } else {
      return bad(p, position, o);
    }
    values[i] = kept[i].get();
    return true;
  }

  static bool is_symbol(PyObject* o) {
    return SymbolClass && PyObject_TypeCheck(o, reinterpret_cast<PyTypeObject*>(SymbolClass));
  }

  bool tensors(const Param& p, int i, PyObject* o, int position) {
    if (!PyTuple_Check(o) && !PyList_Check(o)) return bad(p, position, o);
    Py fast(check(PySequence_Fast(o, "")));
    std::vector<TensorRef> v;
    for (Py_ssize_t k = 0; k < PySequence_Fast_GET_SIZE(fast.get()); ++k) {
      PyObject* e = PySequence_Fast_GET_ITEM(fast.get(), k);
      if (!is_tensor(e) && (e != Py_None || !p.holes)) {
        why = str(kNotATensor, k, " in argument ", i, ", but got ", Py_TYPE(e)->tp_name);
        return false;
      }
      v.push_back(e == Py_None ? TensorRef() : TensorRef(as_tensor(e)));
    }
    kept[i] = hold_tensors(std::move(v));
    values[i] = kept[i].get();
    return true;
  }

  bool number(const Param& p, int i, PyObject* a, int position) {
    bool tensor = is_tensor(a);
    if (tensor && as_tensor(a)->wrapped && p.type == Type::Scalar)
      return bad(p, position, a);  // it carries more than a number
    Held h;
    if (p.type == Type::Scalar) {
      if (tensor ? as_tensor(a)->ndim() != 0 || requires_grad(*as_tensor(a)) : !is_number(a))
        return bad(p, position, a);
      values[i] = to_number(a, &kept[i]);
    } else if (p.type == Type::Int) {
      bool index = (PyLong_Check(a) && !PyBool_Check(a)) ||
                   (tensor ? as_tensor(a)->ndim() == 0 && category(as_tensor(a)->dtype) == 1
                           : PyIndex_Check(a) && !PyBool_Check(a) && !is_symbol(a));
      if (!index) return bad(p, position, a);
      values[i] = Value::of_int(to_number(a, &h).to_int());
    } else if (p.type == Type::Float) {
      if (tensor ? as_tensor(a)->ndim() != 0 || requires_grad(*as_tensor(a)) : !is_number(a) || PyComplex_Check(a))
        return bad(p, position, a);
      values[i] = Value::of_float(to_number(a, &h).to_double());
    } else {
      if (!PyBool_Check(a)) return bad(p, position, a);
      values[i] = Value::of_bool(a == Py_True);
    }
    return true;
  }

  bool floats(const Param& p, int i, PyObject* a, int position) {
    auto* box = new FloatsBox;
    kept[i] = Held(Value::of_box(Tag::Floats, box));
    values[i] = kept[i].get();
    if (is_number(a)) {
      Held h;
      box->v.assign(size_t(p.repeat ? p.repeat : 1), to_number(a, &h).to_double());
      return true;
    }
    if (!PyTuple_Check(a) && !PyList_Check(a)) return bad(p, position, a);
    Items items(a, "");
    for (Py_ssize_t k = 0; k < items.size(); ++k) {
      Held h;
      box->v.push_back(to_number(items[k].get(), &h).to_double());
    }
    return true;
  }

  void keep(int i, Box* box, Tag tag) {
    kept[i] = Held(Value::of_box(tag, box));
    values[i] = kept[i].get();
  }

  // Reads one argument; position is -1 for keywords.
  bool read(int i, PyObject* a, int position) {
    const Param& p = o.params[i];
    if (a == Py_None && p.type != Type::Any) {
      bool as_default = p.has_default && (p.value.get().none() || p.type == Type::Ints);
      if (!p.optional && !as_default) return bad(p, position, a);
      values[i] = p.optional ? Value() : p.value.get();
      return true;
    }
    switch (p.type) {
      case Type::Tensor:
        if (is_tensor(a))
          values[i] = Value(as_tensor(a));
        else if (p.number && is_number(a))
          values[i] = to_number(a, &kept[i]);
        else
          return bad(p, position, a);
        return true;
      case Type::Tensors: return tensors(p, i, a, position);
      case Type::Scalar:
      case Type::Int:
      case Type::Float:
      case Type::Bool: return number(p, i, a, position);
      case Type::Ints: return ints(p, i, a, position);
      case Type::Floats: return floats(p, i, a, position);
      case Type::DType: {
        DType d;
        if (!to_dtype(a, &d)) return bad(p, position, a);
        values[i] = Value::of_dtype(d);
        return true;
      }
      case Type::Text:
        if (!PyUnicode_Check(a)) return bad(p, position, a);
        keep(i, new TextBox(check(PyUnicode_AsUTF8(a))), Tag::Text);
        return true;
      case Type::Generator:
        if (!generator_pointer(a)) return bad(p, position, a);
        keep(i, new ForeignBox(generator_pointer(a), false), Tag::Foreign);
        return true;
      case Type::Device:
        placed = true;
        meta = a != DeviceCPU && wants_meta(a);
        return true;
      case Type::Format:
        if (Py_TYPE(a) != Py_TYPE(static_cast<PyObject*>(format_objects[0]))) return bad(p, position, a);
        [[fallthrough]];
      case Type::Any:
        if (a != Py_None) keep(i, new ForeignBox(a), Tag::Foreign);
        return true;
    }
    return false;
  }

  // view(2, 3): trailing ints stand for one list when it is the last positional argument they can be. Its position, or
  // -1.
  int loose_list(PyObject* const* args, Py_ssize_t n) const {
    int at = -1;
    for (int i = 0; i < o.positional && i < n && i <= 1; ++i) {
      const Param& p = o.params[i];
      if (p.type != Type::Ints || (p.one && n <= o.positional)) continue;
      if (!PyIndex_Check(args[i]) || PyBool_Check(args[i]) || is_symbol(args[i])) continue;
      if ((is_tensor(args[i]) && as_tensor(args[i])->ndim() != 0) || (i > 0 && !is_tensor(args[0]))) continue;
      at = i;
    }
    return at;
  }

  bool read_loose(int at, PyObject* const* args, Py_ssize_t n) {
    Dims d;
    for (Py_ssize_t k = at; k < n; ++k) {
      if (!PyIndex_Check(args[k]) || PyFloat_Check(args[k])) return bad(o.params[at], at, args[k]);
      Held h;
      d.push_back(to_number(args[k], &h).to_int());
    }
    kept[at] = hold_ints(d);
    values[at] = kept[at].get();
    return true;
  }

  bool read_keywords(PyObject* const* values_of, PyObject* names, uint64_t& given, PyObject** out) {
    for (Py_ssize_t k = 0; k < PyTuple_GET_SIZE(names); ++k) {
      PyObject* key = PyTuple_GET_ITEM(names, k);
      int i = param_of(o, key);
      if (i < 0) {
        if (PyUnicode_CompareWithASCIIString(key, "out") == 0) {
          *out = values_of[k];
          continue;
        }
        why = str("got an unexpected keyword argument '", text_of(key), "'");
        return false;
      }
      if (given >> i & 1) {
        why = str("got multiple values for argument '", text_of(key), "'");
        return false;
      }
      given |= uint64_t(1) << i;
      if (!read(i, values_of[k], -1)) return false;
    }
    return true;
  }

  bool missing(uint64_t given) {
    if (!why.empty()) return false;
    std::string names;
    int count = 0;
    for (size_t k = 0; k < o.params.size(); ++k)
      if (!(given >> k & 1) && !o.params[k].has_default)
        names += str(count++ ? ", " : "", '"', o.params[k].name == "self" ? "input" : o.params[k].name, '"');
    why = str("missing ", count, " required positional arguments: ", names);
    return false;
  }

  // Reads a whole call. *out: what was given as out=.
  bool run(PyObject* const* args, Py_ssize_t n, PyObject* names, PyObject** out) {
    uint64_t given = 0;
    Py_ssize_t take = n;
    if (int at = loose_list(args, n); at >= 0) {
      if (!read_loose(at, args, n)) return false;
      given |= uint64_t(1) << at;
      take = at;
    }
    if (take > o.positional) {
      const Py_ssize_t can = o.positional - o.inplace, got = n - o.inplace;
      why = str("takes ", can, " positional argument", can == 1 ? "" : "s", " but ", got, got == 1 ? " was" : " were",
                " given");
      return false;
    }
    for (Py_ssize_t k = 0; k < take; ++k) {
      if (!read(int(k), args[k], int(k))) return false;
      given |= uint64_t(1) << k;
    }
    if (names && !read_keywords(args + n, names, given, out)) return false;
    for (size_t i = 0; i < o.params.size(); ++i) {
      if (given >> i & 1) continue;
      if (!o.params[i].has_default) return missing(given);
      values[i] = o.params[i].value.get();
    }
    return true;
  }
};

PyObject* results(const Overload& o, Call& c) {
  int n = c.nouts();
  if (o.returns_list) {
    PyObject* t = check(PyTuple_New(n));
    for (int k = 0; k < n; ++k) PyTuple_SET_ITEM(t, k, wrap(std::move(c.result(k))));
    return t;
  }
  if (n == 0) {
    if (o.out_count > 1) return PyTuple_New(0);
    Py_RETURN_NONE;
  }
  if (n == 1 && o.out_count == 1) return wrap(std::move(c.first));
  Py t(check(PyTuple_New(n)));
  for (int k = 0; k < n; ++k) PyTuple_SET_ITEM(t.get(), k, wrap(std::move(c.result(k))));
  const std::string first = o.op->out_names.empty() ? "" : o.op->out_names[0];
  if (!make_result_type || first.empty() || first == "result0") return t.release();  // torch: outputs without names
  auto& type = const_cast<Overload&>(o).result_type;
  if (!type) {
    Py names(check(PyTuple_New(Py_ssize_t(o.op->out_names.size()))));
    for (size_t k = 0; k < o.op->out_names.size(); ++k)
      PyTuple_SET_ITEM(names.get(), Py_ssize_t(k), PyUnicode_FromString(o.op->out_names[k].c_str()));
    type = check(PyObject_CallFunction(make_result_type, "sO", o.op->name.c_str(), names.get()));
  }
  return check(PyObject_CallOneArg(type, t.get()));
}

PyObject* store_out(const Overload& o, Call& c, PyObject* out) {
  if (out == Py_None) return results(o, c);
  if (is_tensor(out)) {
    WG_CHECK_TYPE(c.nouts() == 1, o.op->name, "(): argument 'out' must be tuple of Tensors, not Tensor");
    write_out(*as_tensor(out), c.first, c, false);
    return Py_NewRef(out);
  }
  WG_CHECK_TYPE((PyTuple_Check(out) || PyList_Check(out)) && PySequence_Size(out) == c.nouts(), o.op->name,
                "(): argument 'out' must be Tensor, not ", Py_TYPE(out)->tp_name);
  for (int k = 0; k < c.nouts(); ++k) {
    Py e(check(PySequence_GetItem(out, k)));
    WG_CHECK_TYPE(is_tensor(e.get()), o.op->name, "(): argument 'out' must be tuple of Tensors");
    write_out(*as_tensor(e.get()), c.result(k), c, true);
    c.result(k) = TensorRef(as_tensor(e.get()));
  }
  return results(o, c);
}

PyObject* execute(const Overload& o, Attempt& a, PyObject* out) {
  Call c{o.op, a.values.begin(), int(o.params.size())};
  if (o.inplace) {
    apply_inplace(c);
    return wrap(std::move(c.first));
  }
  if (out) {
    if (o.op->random && modes().batching && out != Py_None) refuse_random_out();
    for (size_t i = 0; is_tensor(out) && i < o.params.size(); ++i)  // the dtype asked for is that of out
      if (o.params[i].type == Type::DType && o.params[i].name == "dtype" && a.values[i].none())
        a.values[i] = Value::of_dtype(as_tensor(out)->dtype);
    const bool flat = o.op->constant || o.op->promote == Promote::Compare;  // results without a gradient
    for (size_t i = 0; modes().grad && !flat && i < o.params.size(); ++i)
      WG_CHECK(
          !a.values[i].is_tensor() || !requires_grad(*a.values[i].tensor) || out == Py_None, o.op->name,
          "(): functions with out=... arguments don't support automatic differentiation, but one of the arguments requires grad.");
    apply(c);
    return store_out(o, c, out);
  }
  a.placed ? apply_placed(c, a.meta) : apply(c);
  if (o.further && c.first->number) {  // of numbers alone: a tensor like any other
    DType d = type_info(Value(c.first)).dtype;
    c.first = cast(*c.first, d);
    c.first->number = false;
  }
  if (o.requires_grad >= 0 && a.values[o.requires_grad].tag == Tag::Bool && a.values[o.requires_grad].flag) {
    WG_CHECK(is_differentiable(c.first->dtype),
             "Only Tensors of floating point and complex dtype can require gradients");
    set_requires_grad(*c.first, true);
  }
  return results(o, c);
}

bool has_symbol(PyObject* const* args, Py_ssize_t n) {
  for (Py_ssize_t i = 0; i < n; ++i) {
    if (Attempt::is_symbol(args[i])) return true;
    if (!PyTuple_Check(args[i]) && !PyList_Check(args[i])) continue;
    Items items(args[i], "");
    for (Py_ssize_t k = 0; k < items.size(); ++k)
      if (Attempt::is_symbol(items[k].get())) return true;
  }
  return false;
}

PyObject* trace_call(PyObject* self, PyObject* const* args, Py_ssize_t n, PyObject* names) {
  Py list(check(PyTuple_New(n)));
  for (Py_ssize_t i = 0; i < n; ++i) PyTuple_SET_ITEM(list.get(), i, Py_NewRef(args[i]));
  Py kwargs(check(PyDict_New()));
  for (Py_ssize_t i = 0; names && i < PyTuple_GET_SIZE(names); ++i)
    check(PyDict_SetItem(kwargs.get(), PyTuple_GET_ITEM(names, i), args[n + i]));
  return check(PyObject_CallFunctionObjArgs(TraceCall, self, list.get(), kwargs.get(), nullptr));
}

[[noreturn]] void no_match(OpFunction* f, PyObject* const* args, Py_ssize_t n, PyObject* names,
                           const std::string& only) {
  if (only.rfind(kNotATensor, 0) == 0) fail(Kind::Type, only);
  std::string name = text_of(f->name);
  auto main = [](auto& o) { return !o->further; };
  const Py_ssize_t count = n + (names ? PyTuple_GET_SIZE(names) : 0);
  const Overload* fits = nullptr;  // the only signature, or the only one with room for so many arguments
  int fitting = 0;
  for (auto& o : *f->overloads) {
    auto needed = std::count_if(o->params.begin(), o->params.end(), [](auto& p) { return !p.has_default; });
    if (main(o) && count >= needed && count <= Py_ssize_t(o->params.size())) fits = o.get(), ++fitting;
  }
  const bool alone = std::count_if(f->overloads->begin(), f->overloads->end(), main) == 1;
  if (alone || fitting == 1) {
    std::string reason = only;
    PyObject* out = nullptr;
    if (Attempt a(alone ? *f->overloads->front() : *fits); !alone && !a.run(args, n, names, &out)) reason = a.why;
    fail(Kind::Type, name, "()", reason.rfind("argument", 0) == 0 ? ": " : " ", reason);
  }
  std::string got, expected;
  for (Py_ssize_t i = f->overloads->front()->inplace; i < n + (names ? PyTuple_GET_SIZE(names) : 0); ++i)
    got += str(got.empty() ? "" : ", ", i < n ? "" : text_of(PyTuple_GET_ITEM(names, i - n)) + "=",
               Py_TYPE(args[i])->tp_name);
  for (auto& o : *f->overloads)
    if (main(o)) expected += str("\n * ", o->schema.substr(o->schema.find('(')));
  fail(Kind::Type, name, "() received an invalid combination of arguments - got (", got,
       "), but expected one of:", expected, "\n      didn't match because: ", only);
}

PyObject* call(PyObject* self, PyObject* const* args, size_t nargsf, PyObject* names) {
  return guard<PyObject*>(nullptr, [&]() -> PyObject* {
    auto* f = reinterpret_cast<OpFunction*>(self);
    Py_ssize_t n = PyVectorcall_NARGS(nargsf);
    std::string why;
    for (auto& o : *f->overloads) {
      WG_ASSERT(o->params.size() <= kMaxArgs);
      Attempt a(*o);
      PyObject* out = nullptr;
      if (a.run(args, n, names, &out)) return execute(*o, a, out);
      if (why.empty() || (a.why.rfind("argument", 0) == 0 && !o->further)) why = a.why;
    }
    if (has_symbol(args, n + (names ? PyTuple_GET_SIZE(names) : 0))) return trace_call(self, args, n, names);
    Py other(rescue_call(self, args, n, names));
    if (other.get() != Py_NotImplemented) return other.release();
    no_match(f, args, n, names, why);
  });
}

// Once a class exists that takes calls over, every function looks for one among its arguments.
std::vector<OpFunction*> all_functions;
PyObject* watched(PyObject* self, PyObject* const* args, size_t nargsf, PyObject* names) {
  Py_ssize_t n = PyVectorcall_NARGS(nargsf);
  if (!is_taken(args, n + (names ? PyTuple_GET_SIZE(names) : 0))) return call(self, args, nargsf, names);
  return guard<PyObject*>(nullptr, [&] { return take_call(self, args, n, names); });
}
vectorcallfunc plain_call() { return overriding ? watched : call; }

// While an op is redirected its calls go to a Python callable; the plain path has nothing to check.
PyObject* redirected(PyObject* self, PyObject* const* args, size_t nargsf, PyObject* names) {
  Py stand_in(Py_NewRef(reinterpret_cast<OpFunction*>(self)->stand_in));
  return PyObject_Vectorcall(stand_in.get(), args, nargsf & ~PY_VECTORCALL_ARGUMENTS_OFFSET, names);
}

// redirect(callable or None): calls go there, or to the op again.
PyObject* function_redirect(PyObject* self, PyObject* to) {
  auto* f = reinterpret_cast<OpFunction*>(self);
  f->vectorcall = to == Py_None ? plain_call() : redirected;
  Py_XSETREF(f->stand_in, to == Py_None ? nullptr : Py_NewRef(to));
  Py_RETURN_NONE;
}

// ---- the type

PyObject* descr_get(PyObject* self, PyObject* instance, PyObject*) {
  if (!instance || instance == Py_None) return Py_NewRef(self);
  return PyMethod_New(self, instance);
}
PyObject* function_repr(PyObject* self) {
  return PyUnicode_FromFormat("<built-in method %U of type object>", reinterpret_cast<OpFunction*>(self)->name);
}
void function_dealloc(PyObject* self) {
  auto* f = reinterpret_cast<OpFunction*>(self);
  std::erase(all_functions, f);
  Py_XDECREF(f->name);
  Py_XDECREF(f->doc);
  Py_XDECREF(f->dict);
  Py_XDECREF(f->stand_in);
  delete f->overloads;
  PyTypeObject* type = Py_TYPE(self);
  type->tp_free(self);
  Py_DECREF(type);
}
PyObject* function_new(PyTypeObject* type, PyObject* args, PyObject*) {
  const char* name;
  if (!PyArg_ParseTuple(args, "s", &name)) return nullptr;
  PyObject* o = type->tp_alloc(type, 0);
  if (!o) return nullptr;
  auto* f = reinterpret_cast<OpFunction*>(o);
  f->vectorcall = plain_call();
  all_functions.push_back(f);
  f->name = PyUnicode_InternFromString(name);
  f->overloads = new std::vector<std::unique_ptr<Overload>>;
  return o;
}

// add(schema, inplace=False, further=False): one more signature; the op of that name must have a body by the time it is
// called. further: only another way to write its calls (numbers first, options by position).
PyObject* function_add(PyObject* self, PyObject* args) {
  const char* schema;
  int inplace = 0, further = 0;
  if (!PyArg_ParseTuple(args, "s|pp", &schema, &inplace, &further)) return nullptr;
  return guard<PyObject*>(nullptr, [&]() -> PyObject* {
    auto* f = reinterpret_cast<OpFunction*>(self);
    auto o = std::make_unique<Overload>();
    o->schema = schema;
    std::string name = o->schema.substr(0, o->schema.find('('));
    o->op = find_op(name);
    WG_CHECK_VALUE(o->op, "the table declares '", name, "', but the machine has no such op");
    o->inplace = inplace;
    o->further = further;
    parse(*o);
    f->overloads->push_back(std::move(o));
    Py_RETURN_NONE;
  });
}

// overloads: [(op name, [(name, type, has_default, default, keyword_only)], inplace, out names, returns a list)]
PyObject* function_overloads(PyObject* self, void*) {
  return guard<PyObject*>(nullptr, [&]() -> PyObject* {
    auto* f = reinterpret_cast<OpFunction*>(self);
    Py list(check(PyList_New(0)));
    for (auto& o : *f->overloads) {
      Py params(check(PyList_New(0)));
      for (auto& p : o->params) {
        Py value(value_object(p.value.get()));
        Py item(check(Py_BuildValue("(siNii)", p.name.c_str(), int(p.type), value.release(), int(p.has_default),
                                    int(p.keyword_only))));
        check(PyList_Append(params.get(), item.get()));
      }
      Py outs(check(PyList_New(0)));
      for (auto& name : o->op->out_names) {
        Py s(PyUnicode_FromString(name.c_str()));
        check(PyList_Append(outs.get(), s.get()));
      }
      Py item(check(Py_BuildValue("(sOiOi)", o->op->name.c_str(), params.get(), int(o->inplace), outs.get(),
                                  int(o->returns_list))));
      check(PyList_Append(list.get(), item.get()));
    }
    return list.release();
  });
}

// Pickled by name, and copied as what it is, as functions are.
PyObject* function_reduce(PyObject* self, PyObject*) { return Py_NewRef(reinterpret_cast<OpFunction*>(self)->name); }

PyMethodDef function_methods[] = {{"add", function_add, METH_VARARGS, nullptr},
                                  {"__reduce__", function_reduce, METH_NOARGS, nullptr},
                                  {"redirect", function_redirect, METH_O, nullptr},
                                  {nullptr, nullptr, 0, nullptr}};
PyGetSetDef function_getset[] = {{"overloads", function_overloads, nullptr, nullptr, nullptr},
                                 {"__dict__", PyObject_GenericGetDict, PyObject_GenericSetDict, nullptr, nullptr},
                                 {nullptr, nullptr, nullptr, nullptr, nullptr}};
PyMemberDef function_members[] = {
    {"__name__", T_OBJECT, offsetof(OpFunction, name), READONLY, nullptr},
    {"__qualname__", T_OBJECT, offsetof(OpFunction, name), READONLY, nullptr},
    {"__doc__", T_OBJECT, offsetof(OpFunction, doc), 0, nullptr},
    {"__vectorcalloffset__", T_PYSSIZET, offsetof(OpFunction, vectorcall), READONLY, nullptr},
    {"__dictoffset__", T_PYSSIZET, offsetof(OpFunction, dict), READONLY, nullptr},
    {nullptr, 0, 0, 0, nullptr}};

}  // namespace

void watch_functions() {
  for (OpFunction* f : all_functions)
    if (f->vectorcall == call) f->vectorcall = watched;
}

int init_ops(PyObject* module) {
  static PyType_Slot slots[] = {{Py_tp_new, reinterpret_cast<void*>(function_new)},
                                {Py_tp_dealloc, reinterpret_cast<void*>(function_dealloc)},
                                {Py_tp_repr, reinterpret_cast<void*>(function_repr)},
                                {Py_tp_call, reinterpret_cast<void*>(PyVectorcall_Call)},
                                {Py_tp_descr_get, reinterpret_cast<void*>(descr_get)},
                                {Py_tp_methods, function_methods},
                                {Py_tp_getset, function_getset},
                                {Py_tp_members, function_members},
                                {0, nullptr}};
  PyType_Spec spec = {"wengert.OpFunction", sizeof(OpFunction), 0,
                      Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_VECTORCALL | Py_TPFLAGS_METHOD_DESCRIPTOR, slots};
  OpFunctionType = reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&spec));
  return OpFunctionType && PyModule_AddObjectRef(module, "OpFunction", reinterpret_cast<PyObject*>(OpFunctionType)) == 0
             ? 0
             : -1;
}

}  // namespace wgpy
