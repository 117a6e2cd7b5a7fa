// Values between Python and the core: dtypes, sizes, numbers; exceptions.

#include <cxxabi.h>
#include <unistd.h>

#include "../core/ops/once.h"
#include "../core/names.h"
#include "python.h"

namespace wgpy {

using namespace wg;

PyTypeObject* DTypeType = nullptr;
PyObject *SizeClass = nullptr, *DeviceClass = nullptr, *DeviceCPU = nullptr, *LayoutStrided = nullptr,
         *SymbolClass = nullptr, *TraceCall = nullptr, *GeneratorClass = nullptr;

namespace {

struct DTypeObject {
  PyObject_HEAD DType d;
};
PyObject* dtype_objects[kDTypes];

DType dtype_of(PyObject* o) { return reinterpret_cast<DTypeObject*>(o)->d; }
PyObject* dtype_repr(PyObject* o) { return PyUnicode_FromFormat("torch.%s", name_of(dtype_of(o))); }
PyObject* dtype_reduce(PyObject* o, PyObject*) { return PyUnicode_FromString(name_of(dtype_of(o))); }
PyObject* dtype_floating(PyObject* o, void*) { return PyBool_FromLong(is_floating(dtype_of(o))); }
PyObject* dtype_complex(PyObject* o, void*) { return PyBool_FromLong(is_complex(dtype_of(o))); }
PyObject* dtype_signed(PyObject* o, void*) { return PyBool_FromLong(is_signed(dtype_of(o))); }
PyObject* dtype_itemsize(PyObject* o, void*) { return PyLong_FromLong(size_of(dtype_of(o))); }
PyObject* dtype_name(PyObject* o, void*) { return PyUnicode_FromString(name_of(dtype_of(o))); }
PyObject* dtype_torch_name(PyObject* o, void*) { return PyUnicode_FromString(torch_name(dtype_of(o))); }
PyObject* dtype_compiler_name(PyObject* o, void*) { return PyUnicode_FromString(compiler_name(dtype_of(o))); }
PyObject* dtype_real(PyObject* o, PyObject*) {
  return guard<PyObject*>(nullptr, [&] { return Py_NewRef(dtype_object(real_of(dtype_of(o)))); });
}
PyObject* dtype_to_complex(PyObject* o, PyObject*) {
  return guard<PyObject*>(nullptr, [&] { return Py_NewRef(dtype_object(complex_of(dtype_of(o)))); });
}

PyGetSetDef dtype_getset[] = {{"is_floating_point", dtype_floating, nullptr, nullptr, nullptr},
                              {"is_complex", dtype_complex, nullptr, nullptr, nullptr},
                              {"is_signed", dtype_signed, nullptr, nullptr, nullptr},
                              {"itemsize", dtype_itemsize, nullptr, nullptr, nullptr},
                              {"name", dtype_name, nullptr, nullptr, nullptr},
                              {"_torch_name", dtype_torch_name, nullptr, nullptr, nullptr},
                              {"_compiler_name", dtype_compiler_name, nullptr, nullptr, nullptr},
                              {nullptr, nullptr, nullptr, nullptr, nullptr}};
PyMethodDef dtype_methods[] = {{"__reduce__", dtype_reduce, METH_NOARGS, nullptr},
                               {"to_real", dtype_real, METH_NOARGS, nullptr},
                               {"to_complex", dtype_to_complex, METH_NOARGS, nullptr},
                               {nullptr, nullptr, 0, nullptr}};

PyObject* exception_type(Kind k) {
  switch (k) {
    case Kind::Index: return PyExc_IndexError;
    case Kind::Value: return PyExc_ValueError;
    case Kind::Type: return PyExc_TypeError;
    case Kind::NotImplemented: return PyExc_NotImplementedError;
    case Kind::Memory: return PyExc_MemoryError;
    case Kind::Overflow: return PyExc_OverflowError;
    default: return PyExc_RuntimeError;
  }
}

}  // namespace

// Where the interpreter ends while threads still run, it ends them as soon as they ask for its lock, by unwinding their
// stacks. Through destructors and `catch (...)` that is not allowed, and they own what others use: such a thread stays
// where it is until the process is gone.
void stay() {
  for (;;) pause();
}

void raise_current() {
  try {
    throw;
  } catch (const PythonError&) {
    if (!PyErr_Occurred()) PyErr_SetString(PyExc_SystemError, "a Python error was lost");
  } catch (const Error& e) {
    if (e.kind == Kind::Internal)
      PyErr_Format(PyExc_RuntimeError, "InternalError: %s", e.what());
    else
      PyErr_SetString(exception_type(e.kind), e.what());
  } catch (const std::bad_alloc&) {
    PyErr_NoMemory();
  } catch (const std::exception& e) {
    PyErr_SetString(PyExc_RuntimeError, e.what());
  } catch (const abi::__forced_unwind&) {
    stay();
  } catch (...) {
    PyErr_SetString(PyExc_SystemError, "unknown C++ exception");
  }
}

void Items::throw_shrunk() { fail(Kind::Runtime, "a list changed its size while it was read"); }

std::string text_of(PyObject* o) {
  const char* s = PyUnicode_Check(o) ? PyUnicode_AsUTF8(o) : nullptr;
  if (!s) PyErr_Clear();
  return s ? s : "?";
}

PyObject* dtype_object(DType d) { return dtype_objects[int(d)]; }

bool to_dtype(PyObject* o, DType* d) {
  if (Py_TYPE(o) == DTypeType) {
    *d = dtype_of(o);
    if (*d == DType::ComplexHalf)
      warn_once("ComplexHalf support is experimental and many operators don't support it yet.");
  } else if (o == reinterpret_cast<PyObject*>(&PyFloat_Type))
    *d = DType::Float64;
  else if (o == reinterpret_cast<PyObject*>(&PyLong_Type))
    *d = DType::Int64;
  else if (o == reinterpret_cast<PyObject*>(&PyBool_Type))
    *d = DType::Bool;
  else if (o == reinterpret_cast<PyObject*>(&PyComplex_Type))
    *d = DType::Complex128;
  else
    return false;
  return true;
}

PyObject* size_object(const Dims& d) {
  auto* type = SizeClass ? reinterpret_cast<PyTypeObject*>(SizeClass) : &PyTuple_Type;
  PyObject* t = check(type->tp_alloc(type, d.size()));
  for (int i = 0; i < d.size(); ++i) PyTuple_SET_ITEM(t, i, PyLong_FromLongLong(d[i]));
  return t;
}

PyObject* number_object(const Value& v) {
  switch (v.tag) {
    case Tag::Bool: return PyBool_FromLong(v.flag);
    case Tag::Int: return PyLong_FromLongLong(v.integer);
    case Tag::Float: return PyFloat_FromDouble(v.real);
    case Tag::Complex: {
      complex128 z = v.to_complex();
      return PyComplex_FromDoubles(z.real(), z.imag());
    }
    default: return Py_NewRef(Py_None);
  }
}

PyObject* value_object(const Value& v) {
  switch (v.tag) {
    case Tag::Tensor: return Py_NewRef(as_object(v.tensor));
    case Tag::Ints: return size_object(v.ints());
    case Tag::Floats: {
      auto& f = v.floats();
      PyObject* t = check(PyTuple_New(Py_ssize_t(f.size())));
      for (size_t i = 0; i < f.size(); ++i) PyTuple_SET_ITEM(t, i, PyFloat_FromDouble(f[i]));
      return t;
    }
    case Tag::DType: return Py_NewRef(dtype_object(v.dtype));
    case Tag::Text: return PyUnicode_FromStringAndSize(v.text().data(), Py_ssize_t(v.text().size()));
    case Tag::Tensors: {
      auto& list = v.tensors();
      PyObject* t = check(PyTuple_New(Py_ssize_t(list.size())));
      for (size_t i = 0; i < list.size(); ++i) PyTuple_SET_ITEM(t, i, wrap(list[i]));
      return t;
    }
    case Tag::Foreign:
      if (static_cast<ForeignBox*>(v.box)->counted) return Py_NewRef(static_cast<PyObject*>(v.foreign()));
      return wrap_generator(static_cast<Generator*>(v.foreign()));
    default: return number_object(v);
  }
}

bool is_number(PyObject* o) {
  if (PyFloat_Check(o) || PyLong_Check(o) || PyComplex_Check(o)) return true;
  if (is_tensor(o)) return false;
  PyNumberMethods* m = Py_TYPE(o)->tp_as_number;
  if (!m || Py_TYPE(o)->tp_as_sequence == nullptr) return m && (m->nb_index || m->nb_float) && !PyType_Check(o);
  return (m->nb_index || m->nb_float) && !PyType_Check(o) &&
         (!SymbolClass || !PyObject_TypeCheck(o, reinterpret_cast<PyTypeObject*>(SymbolClass))) &&
         !PyObject_HasAttrString(o, "__len__");
}

Value to_number(PyObject* o, Held* keep) {
  if (PyBool_Check(o)) return Value::of_bool(o == Py_True);
  if (PyFloat_Check(o)) return Value::of_float(PyFloat_AS_DOUBLE(o));
  if (PyLong_Check(o)) {
    int overflow = 0;
    long long i = PyLong_AsLongLongAndOverflow(o, &overflow);
    if (overflow) fail(Kind::Value, "Overflow when unpacking long long");
    return Value::of_int(i);
  }
  if (PyComplex_Check(o)) {
    *keep = hold_complex({PyComplex_RealAsDouble(o), PyComplex_ImagAsDouble(o)});
    return keep->get();
  }
  if (is_tensor(o)) {
    Tensor& t = *as_tensor(o);
    observe(t, "item");
    WG_CHECK(t.numel == 1, "a Tensor with ", t.numel, " elements cannot be converted to Scalar");
    if (t.wrapped && dispatching(t)) {
      static PyObject* read = nullptr;
      if (!read) {
        Py module(check(PyImport_ImportModule("wengert.overrides._dispatch")));
        read = check(PyObject_GetAttrString(module.get(), "number_of"));
      }
      Py number(check(PyObject_CallOneArg(read, o)));
      return to_number(number.get(), keep);
    }
    if (t.dtype == DType::Bool) return Value::of_bool(*t.data() != 0);  // memory nobody wrote to holds other bytes, too
    return visit_all(t.dtype, [&]<class T>() {
      T v = *t.as<T>();
      if constexpr (is_complex_v<T>) {
        *keep = hold_complex(complex128(v));
        return keep->get();
      } else if constexpr (is_floating_v<T>) {
        if constexpr (std::is_same_v<T, double>)
          return Value::of_float(v);
        else
          return Value::of_float(double(float(v)));
      } else {
        WG_CHECK((!std::is_same_v<T, uint64_t> || int64_t(v) >= 0),
                 "value cannot be converted to type int64_t without overflow");
        return Value::of_int(int64_t(v));
      }
    });
  }
  if (Py_TYPE(o)->tp_as_number && Py_TYPE(o)->tp_as_number->nb_index) {
    Py i(check(PyNumber_Index(o)));
    return to_number(i.get(), keep);
  }
  Py name(PyObject_GetAttrString(reinterpret_cast<PyObject*>(Py_TYPE(o)), "__name__"));
  if (name && PyUnicode_Check(name.get()) && text_of(name.get()).find("bool") == 0)
    return Value::of_bool(check(PyObject_IsTrue(o)));
  PyErr_Clear();
  Py f(check(PyNumber_Float(o)));
  return Value::of_float(PyFloat_AS_DOUBLE(f.get()));
}

static int64_t to_int64(PyObject* o) {
  if (is_tensor(o)) {
    Held keep;
    Tensor& t = *as_tensor(o);
    WG_CHECK_TYPE(is_integral(t.dtype) || t.dtype == DType::Bool,
                  "only integer tensors of a single element can be converted to an index");
    return to_number(o, &keep).to_int();
  }
  Py i(check(PyNumber_Index(o)));
  int overflow = 0;
  long long v = PyLong_AsLongLongAndOverflow(i.get(), &overflow);
  if (overflow) fail(Kind::Runtime, "Overflow when unpacking long long");
  return v;
}

Dims to_dims(PyObject* o) {
  Items items(o, "expected a sequence of ints");
  WG_CHECK_VALUE(items.size() <= 1 << 20, "too many integers");
  Dims d(int(items.size()), 0);
  for (Py_ssize_t i = 0; i < items.size() && i < d.size(); ++i) d[int(i)] = to_int64(items[i].get());
  return d;
}

Held to_held(PyObject* o) {
  if (o == Py_None) return Value();
  if (is_tensor(o)) return Value(as_tensor(o));
  DType d;
  if (Py_TYPE(o) == DTypeType && to_dtype(o, &d)) return Value::of_dtype(d);
  if (is_number(o)) {
    Held keep;
    Value v = to_number(o, &keep);
    return v.boxed() ? keep : Held(v);
  }
  if (PyUnicode_Check(o)) return hold_text(check(PyUnicode_AsUTF8(o)));
  if (PyTuple_Check(o) || PyList_Check(o)) {
    Py fast(check(PySequence_Fast(o, "")));
    Py_ssize_t n = PySequence_Fast_GET_SIZE(fast.get());
    bool tensors = n > 0;
    for (Py_ssize_t i = 0; i < n; ++i) {
      PyObject* e = PySequence_Fast_GET_ITEM(fast.get(), i);
      tensors &= e == Py_None || is_tensor(e);
    }
    if (tensors) {
      std::vector<TensorRef> v;
      for (Py_ssize_t i = 0; i < n; ++i) {
        PyObject* e = PySequence_Fast_GET_ITEM(fast.get(), i);
        v.push_back(e == Py_None ? TensorRef() : TensorRef(as_tensor(e)));
      }
      return hold_tensors(std::move(v));
    }
    return hold_ints(to_dims(o));
  }
  if (Generator* g = generator_pointer(o)) return Held(Value::of_box(Tag::Foreign, new ForeignBox(g, false)));
  return Held(Value::of_box(Tag::Foreign, new ForeignBox(o)));
}

int init_dtypes(PyObject* module) {
  static PyType_Slot slots[] = {{Py_tp_repr, reinterpret_cast<void*>(dtype_repr)},
                                {Py_tp_getset, dtype_getset},
                                {Py_tp_methods, dtype_methods},
                                {0, nullptr}};
  PyType_Spec spec = {"wengert.dtype", sizeof(DTypeObject), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION,
                      slots};
  DTypeType = reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&spec));
  if (!DTypeType || PyModule_AddObjectRef(module, "dtype", reinterpret_cast<PyObject*>(DTypeType)) < 0) return -1;
  for (int i = 0; i < kDTypes; ++i) {
    PyObject* o = dtype_objects[i] = DTypeType->tp_alloc(DTypeType, 0);
    if (!o) return -1;
    reinterpret_cast<DTypeObject*>(o)->d = DType(i);
    if (PyModule_AddObjectRef(module, name_of(DType(i)), o) < 0) return -1;
  }
  return 0;
}

}  // namespace wgpy
