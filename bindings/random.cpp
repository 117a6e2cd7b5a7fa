// torch.Generator: the generator as a Python object.
#include "../core/random.h"

#include "python.h"

namespace wgpy {

using namespace wg;

namespace {

struct GeneratorObject {
  PyObject_HEAD Generator* g;  // counted
};
PyTypeObject* GeneratorType = nullptr;

Generator& of(PyObject* o) { return *reinterpret_cast<GeneratorObject*>(o)->g; }

PyObject* generator_new(PyTypeObject* type, PyObject* args, PyObject* kwargs) {
  PyObject* device = nullptr;
  static const char* names[] = {"device", nullptr};
  if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|O", const_cast<char**>(names), &device)) return nullptr;
  if (device && device != Py_None && device != DeviceCPU) {
    Py d(PyObject_CallOneArg(DeviceClass, device));
    Py ok(d ? PyObject_CallMethod(d.get(), "_check_available", nullptr) : nullptr);
    if (!ok) return nullptr;
  }
  PyObject* o = type->tp_alloc(type, 0);
  if (!o) return nullptr;
  auto* g = new Generator;
  ++g->uses;
  reinterpret_cast<GeneratorObject*>(o)->g = g;
  return o;
}

void generator_dealloc(PyObject* o) {
  Generator* g = reinterpret_cast<GeneratorObject*>(o)->g;
  if (g && --g->uses == 0) destroy(g);
  PyTypeObject* type = Py_TYPE(o);
  type->tp_free(o);
  Py_DECREF(type);
}

// Seeds are 64 bits; negative ones count from the top, as in torch.
bool to_seed(PyObject* o, uint64_t* seed) {
  Py i(PyNumber_Index(o));
  if (!i) {
    PyErr_Clear();
    if (!PyFloat_Check(o)) {
      PyErr_Format(PyExc_RuntimeError, "manual_seed expected a long, but got %s", Py_TYPE(o)->tp_name);
      return false;
    }
    i = Py(PyNumber_Long(o));
  }
  int overflow = 0;
  long long s = PyLong_AsLongLongAndOverflow(i.get(), &overflow);
  if (!overflow) {
    *seed = uint64_t(s);
    return true;
  }
  unsigned long long u = overflow > 0 ? PyLong_AsUnsignedLongLong(i.get()) : 0;
  if (overflow < 0 || PyErr_Occurred()) {
    PyErr_Clear();
    PyErr_SetString(PyExc_ValueError, "Overflow when unpacking long long");
    return false;
  }
  *seed = u;
  return true;
}

PyObject* manual_seed(PyObject* o, PyObject* s) {
  uint64_t seed;
  if (!to_seed(s, &seed)) return nullptr;
  of(o).manual_seed(seed);
  return Py_NewRef(o);
}
PyObject* seed(PyObject* o, PyObject*) { return PyLong_FromUnsignedLongLong(of(o).seed()); }
PyObject* initial_seed(PyObject* o, PyObject*) { return PyLong_FromUnsignedLongLong(of(o).initial_seed()); }
PyObject* get_state(PyObject* o, PyObject*) {
  return guard<PyObject*>(nullptr, [&] {
    TensorRef t = empty(Dims{int64_t(Generator::kStateBytes)}, DType::UInt8);
    of(o).get_state(t->as<uint8_t>());
    return wrap(t);
  });
}
PyObject* set_state(PyObject* o, PyObject* state) {
  return guard<PyObject*>(nullptr, [&] {
    WG_CHECK_TYPE(is_tensor(state), "expected a torch.ByteTensor, but got ", Py_TYPE(state)->tp_name);
    Tensor& t = *as_tensor(state);
    WG_CHECK_TYPE(t.dtype == DType::UInt8, "RNG state must be a torch.ByteTensor");
    TensorRef bytes = contiguous(t);
    of(o).set_state(bytes->as<uint8_t>(), size_t(bytes->numel));
    return Py_NewRef(o);
  });
}
PyObject* clone_state(PyObject* o, PyObject*) {
  Generator* g = of(o).clone();
  PyObject* r = wrap_generator(g);
  return r;
}
PyObject* set_offset(PyObject* o, PyObject*) {
  return guard<PyObject*>(nullptr, [&]() -> PyObject* { of(o).set_offset(0); });
}
PyObject* get_offset(PyObject* o, PyObject*) {
  return guard<PyObject*>(nullptr, [&]() -> PyObject* { return PyLong_FromUnsignedLongLong(of(o).get_offset()); });
}
PyObject* get_device(PyObject*, void*) { return Py_NewRef(DeviceCPU); }
PyObject* generator_reduce(PyObject* o, PyObject*) {
  Py state(get_state(o, nullptr));
  if (!state) return nullptr;
  return Py_BuildValue("(O()O)", Py_TYPE(o), state.get());
}
PyObject* generator_setstate(PyObject* o, PyObject* state) {
  Py r(set_state(o, state));
  if (!r) return nullptr;
  Py_RETURN_NONE;
}

PyMethodDef methods[] = {{"manual_seed", manual_seed, METH_O, nullptr},
                         {"seed", seed, METH_NOARGS, nullptr},
                         {"initial_seed", initial_seed, METH_NOARGS, nullptr},
                         {"get_state", get_state, METH_NOARGS, nullptr},
                         {"set_state", set_state, METH_O, nullptr},
                         {"clone_state", clone_state, METH_NOARGS, nullptr},
                         {"graphsafe_get_state", clone_state, METH_NOARGS, nullptr},
                         {"set_offset", set_offset, METH_O, nullptr},
                         {"get_offset", get_offset, METH_NOARGS, nullptr},
                         {"__reduce__", generator_reduce, METH_NOARGS, nullptr},
                         {"__setstate__", generator_setstate, METH_O, nullptr},
                         {nullptr, nullptr, 0, nullptr}};
PyGetSetDef getset[] = {{"device", get_device, nullptr, nullptr, nullptr},
                        {nullptr, nullptr, nullptr, nullptr, nullptr}};

}  // namespace

PyObject* wrap_generator(Generator* g) {
  PyObject* o = GeneratorType->tp_alloc(GeneratorType, 0);
  if (!o) return nullptr;
  ++g->uses;
  reinterpret_cast<GeneratorObject*>(o)->g = g;
  return o;
}

Generator* generator_pointer(PyObject* o) { return PyObject_TypeCheck(o, GeneratorType) ? &of(o) : nullptr; }

int init_random(PyObject* module) {
  static PyType_Slot slots[] = {{Py_tp_new, reinterpret_cast<void*>(generator_new)},
                                {Py_tp_dealloc, reinterpret_cast<void*>(generator_dealloc)},
                                {Py_tp_methods, methods},
                                {Py_tp_getset, getset},
                                {0, nullptr}};
  PyType_Spec spec = {"wengert.Generator", sizeof(GeneratorObject), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE, slots};
  GeneratorType = reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&spec));
  if (!GeneratorType || PyModule_AddObjectRef(module, "Generator", reinterpret_cast<PyObject*>(GeneratorType)) < 0)
    return -1;
  Generator& g = default_generator();
  ++g.uses;  // never freed
  Py o(wrap_generator(&g));
  return o ? PyModule_AddObjectRef(module, "default_generator", o.get()) : -1;
}

}  // namespace wgpy
