// The extension module wengert._core.
#include "../core/parallel.h"

#include "../core/kernels/gemm.h"
#include "../core/kernels/tiles.h"
#include "../core/ops/unwritten.h"
#include "python.h"

namespace wgpy {

using namespace wg;

int init_dtypes(PyObject* module);
int init_mapped(PyObject* module);
int init_optim(PyObject* module);
int init_scopes(PyObject* module);

namespace {

PyObject* get_default_dtype(PyObject*, PyObject*) { return Py_NewRef(dtype_object(default_dtype())); }
PyObject* put_default_dtype(PyObject*, PyObject* o) {
  return guard<PyObject*>(nullptr, [&]() -> PyObject* {
    DType d;
    WG_CHECK_TYPE(to_dtype(o, &d), "invalid dtype object");
    WG_CHECK_TYPE(is_floating(d), "only floating-point types are supported as the default type");
    set_default_dtype(d);
    Py_RETURN_NONE;
  });
}
PyObject* promote_types(PyObject*, PyObject* args) {
  PyObject *a, *b;
  DType x, y;
  if (!PyArg_ParseTuple(args, "OO", &a, &b)) return nullptr;
  return guard<PyObject*>(nullptr, [&]() -> PyObject* {
    WG_CHECK_TYPE(to_dtype(a, &x) && to_dtype(b, &y), "promote_types(): arguments must be torch.dtype");
    return Py_NewRef(dtype_object(promote(x, y)));
  });
}
PyObject* py_can_cast(PyObject*, PyObject* args) {
  PyObject *a, *b;
  DType x, y;
  if (!PyArg_ParseTuple(args, "OO", &a, &b)) return nullptr;
  return guard<PyObject*>(nullptr, [&]() -> PyObject* {
    WG_CHECK_TYPE(to_dtype(a, &x) && to_dtype(b, &y), "can_cast(): arguments must be torch.dtype");
    return PyBool_FromLong(can_cast(x, y));
  });
}
PyObject* py_result_type(PyObject*, PyObject* args) {
  return guard<PyObject*>(nullptr, [&]() -> PyObject* {
    std::vector<Held> keep(size_t(PyTuple_GET_SIZE(args)));
    std::vector<TypeInfo> infos;
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(args); ++i) {
      PyObject* o = PyTuple_GET_ITEM(args, i);
      infos.push_back(type_info(is_tensor(o) ? Value(as_tensor(o)) : to_number(o, &keep[size_t(i)])));
    }
    return Py_NewRef(dtype_object(result_type(infos.data(), int(infos.size()))));
  });
}
PyObject* get_threads(PyObject*, PyObject*) { return PyLong_FromLong(num_threads()); }
PyObject* put_threads(PyObject*, PyObject* o) {
  return guard<PyObject*>(nullptr, [&]() -> PyObject* {
    WG_CHECK_TYPE(PyLong_Check(o), "set_num_threads expects an int, but got ", Py_TYPE(o)->tp_name);
    long n = PyLong_AsLong(o);
    WG_CHECK(n > 0, "set_num_threads expects a positive integer");
    set_num_threads(int(n));
    Py_RETURN_NONE;
  });
}
PyObject* level(PyObject*, PyObject*) { return PyUnicode_FromString(cpu_level()); }
PyObject* counts(PyObject*, PyObject*) {
  return Py_BuildValue("{sLsLsn}", "tensors", static_cast<long long>(live_tensors()), "nodes",
                       static_cast<long long>(live_nodes()), "bytes", static_cast<Py_ssize_t>(allocated_bytes()));
}
PyObject* drop_cache(PyObject*, PyObject*) {
  empty_cache();
  Py_RETURN_NONE;
}

PyObject* blas_library(PyObject*, PyObject* path) {
  const char* s = PyUnicode_AsUTF8(path);
  if (!s) return nullptr;
  set_blas_library((new std::string(s))->c_str());
  Py_RETURN_NONE;
}

// blas_symbol(name) -> int: where a routine of the library is, 0 when there is none.
PyObject* find_routine(PyObject*, PyObject* name) {
  const char* s = PyUnicode_AsUTF8(name);
  return s ? PyLong_FromVoidPtr(blas_symbol(s)) : nullptr;
}

// fill_unwritten(bool): whether memory that nothing was written to is filled.
PyObject* put_fill(PyObject*, PyObject* on) {
  wg::fill_unwritten = on == Py_True;
  Py_RETURN_NONE;
}

PyMethodDef functions[] = {{"fill_unwritten", put_fill, METH_O, nullptr},
                           {"set_blas_library", blas_library, METH_O, nullptr},
                           {"blas_symbol", find_routine, METH_O, nullptr},
                           {"get_default_dtype", get_default_dtype, METH_NOARGS, nullptr},
                           {"set_default_dtype", put_default_dtype, METH_O, nullptr},
                           {"promote_types", promote_types, METH_VARARGS, nullptr},
                           {"can_cast", py_can_cast, METH_VARARGS, nullptr},
                           {"result_type", py_result_type, METH_VARARGS, nullptr},
                           {"get_num_threads", get_threads, METH_NOARGS, nullptr},
                           {"set_num_threads", put_threads, METH_O, nullptr},
                           {"cpu_level", level, METH_NOARGS, nullptr},
                           {"live", counts, METH_NOARGS, nullptr},
                           {"empty_cache", drop_cache, METH_NOARGS, nullptr},
                           {nullptr, nullptr, 0, nullptr}};

PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "wengert._core", nullptr, -1, functions, nullptr, nullptr, nullptr, nullptr};

}  // namespace
}  // namespace wgpy

PyMODINIT_FUNC PyInit__core() {
  using namespace wgpy;
  PyObject* m = PyModule_Create(&definition);
  if (!m) return nullptr;
  bool ok = guard<bool>(false, [&] {
    int (*parts[])(PyObject*) = {init_dtypes, init_ops,        init_objects,  init_data,  init_autograd,
                                 init_hooks,  init_table,      init_random,   init_optim, init_scopes,
                                 init_mapped, init_transforms, init_overrides};
    for (auto part : parts)
      if (part(m) != 0) return false;
    return true;
  });
  if (!ok) {
    Py_DECREF(m);
    return nullptr;
  }
  return m;
}
