// t[index] and t[index] = value: Python's index objects become the core's.
#include "../core/ops/index.h"

#include "overrides.h"

namespace wgpy {

using namespace wg;

namespace {

int64_t slice_part(PyObject* o, bool* has) {
  *has = o != Py_None;
  if (!*has) return 0;
  if (is_tensor(o)) {
    Held keep;
    return to_number(o, &keep).to_int();
  }
  Py i(PyNumber_Index(o));
  if (!i) {
    PyErr_Clear();
    fail(Kind::Type, "slice indices must be integers or None or have an __index__ method");
  }
  Py_ssize_t v = PyNumber_AsSsize_t(i.get(), nullptr);
  return v;
}

struct Taken {};  // an index, or what is assigned, is of a class that takes calls over

// Of tensors: plain ones cost a look at a flag.
bool is_taken_tensor(PyObject* o) { return overriding && Py_TYPE(o) != TensorType && takes_over(o); }

void add_item(std::vector<IndexItem>& items, PyObject* o) {
  IndexItem item;
  if (PyBool_Check(o)) {
    item.kind = IndexItem::Bool;
    item.integer = o == Py_True;
  } else if (PyLong_Check(o)) {
    item.kind = IndexItem::Int;
    int overflow;
    item.integer = PyLong_AsLongLongAndOverflow(o, &overflow);
    WG_CHECK_INDEX(!overflow, "index is out of range");
  } else if (PySlice_Check(o)) {
    auto* s = reinterpret_cast<PySliceObject*>(o);
    item.kind = IndexItem::Slice;
    item.start = slice_part(s->start, &item.has_start);
    item.stop = slice_part(s->stop, &item.has_stop);
    bool has_step;
    item.step = slice_part(s->step, &has_step);
    if (!has_step) item.step = 1;
    WG_CHECK_VALUE(item.step > 0, item.step ? "step must be greater than zero" : "slice step cannot be zero");
  } else if (o == Py_None) {
    item.kind = IndexItem::None;
  } else if (o == Py_Ellipsis) {
    item.kind = IndexItem::Ellipsis;
  } else if (is_tensor(o)) {
    if (is_taken_tensor(o)) throw Taken{};
    item.kind = IndexItem::Tensor;
    item.tensor = TensorRef(as_tensor(o));
    if (item.tensor->dtype == DType::UInt8 &&
        PyErr_WarnEx(PyExc_UserWarning,
                     "indexing with dtype torch.uint8 is now deprecated, please use a dtype torch.bool instead.",
                     1) < 0)
      throw PythonError{};
  } else if (PyIndex_Check(o) && !PySequence_Check(o)) {
    Held keep;
    item.kind = IndexItem::Int;
    item.integer = to_number(o, &keep).to_int();
  } else if (!PyUnicode_Check(o) && (PySequence_Check(o) || PyObject_CheckBuffer(o))) {
    item.kind = IndexItem::Tensor;
    item.tensor = tensor_from(o, Py_None, true);
    if (item.tensor->numel == 0 && is_floating(item.tensor->dtype)) item.tensor = cast(*item.tensor, DType::Int64);
  } else {
    if (takes_over(o)) throw Taken{};
    std::string type = Py_TYPE(o)->tp_name;
    fail(PyFloat_Check(o) || PyUnicode_Check(o) || true ? Kind::Index : Kind::Type,
         "only integers, slices (`:`), ellipsis (`...`), None and long or byte Variables are valid indices (got ", type,
         ")");
  }
  items.push_back(std::move(item));
}

// Whether a list is meant as a tuple of indices: NumPy's old rule, which torch still keeps, with a warning.
bool stands_for_tuple(PyObject* list) {
  const Py_ssize_t n = PyList_GET_SIZE(list);
  for (Py_ssize_t i = 0; n < 32 && i < n; ++i) {
    PyObject* o = PyList_GET_ITEM(list, i);
    if (!is_tensor(o) && !PySequence_Check(o) && !PySlice_Check(o) && o != Py_None && o != Py_Ellipsis) continue;
    if (PyErr_WarnEx(
            PyExc_UserWarning,
            "Using a non-tuple sequence for multidimensional indexing is deprecated and will be changed in "
            "pytorch 2.9; use x[tuple(seq)] instead of x[seq]. In pytorch 2.9 this will be interpreted as tensor "
            "index, x[torch.tensor(seq)], which will result either in an error or a different result",
            1) < 0)
      throw PythonError{};
    return true;
  }
  return false;
}

std::vector<IndexItem> items_of(PyObject* index) {
  std::vector<IndexItem> items;
  if (PyTuple_Check(index)) {
    Py_ssize_t n = PyTuple_GET_SIZE(index);
    for (Py_ssize_t i = 0; i < n; ++i) add_item(items, PyTuple_GET_ITEM(index, i));
  } else if (PyList_Check(index) && stands_for_tuple(index)) {
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(index); ++i) add_item(items, PyList_GET_ITEM(index, i));
  } else {
    add_item(items, index);
  }
  return items;
}

// The call is another's: of the tensor's class, of the index's, of that of what is assigned.
PyObject* taken(const char* name, PyObject* self, PyObject* index, PyObject* value = nullptr) {
  Py function(check(PyObject_GetAttrString(reinterpret_cast<PyObject*>(TensorType), name)));
  PyObject* args[] = {self, index, value};
  return take_call(function.get(), args, value ? 3 : 2, nullptr);
}

int set_by_taker(PyObject* self, PyObject* index, PyObject* value) {
  Py done(taken("__setitem__", self, index, value));
  return done.get() ? 0 : -1;
}

}  // namespace

PyObject* index_get(PyObject* self, PyObject* index) {
  return guard<PyObject*>(nullptr, [&] {
    if (Py_TYPE(self) != TensorType && takes_over(self)) return taken("__getitem__", self, index);
    try {
      return wrap(wg::index_get(*as_tensor(self), items_of(index)));
    } catch (const Taken&) {
      return taken("__getitem__", self, index);
    }
  });
}

int index_set(PyObject* self, PyObject* index, PyObject* value) {
  return guard<int>(-1, [&] {
    WG_CHECK_TYPE(value, "Tensor does not support deleting items");
    if (Py_TYPE(self) != TensorType && takes_over(self)) return set_by_taker(self, index, value);
    Held keep;
    Value v;
    if (is_tensor(value)) {
      if (is_taken_tensor(value)) return set_by_taker(self, index, value);
      v = Value(as_tensor(value));
    } else if (is_number(value)) {
      v = to_number(value, &keep);
    } else if (takes_over(value)) {
      return set_by_taker(self, index, value);
    } else {
      fail(Kind::Type, "can't assign a ", Py_TYPE(value)->tp_name, " to a torch.", torch_name(as_tensor(self)->dtype),
           "Tensor");
    }
    try {
      wg::index_set(*as_tensor(self), items_of(index), v);
      return 0;
    } catch (const Taken&) {
      return set_by_taker(self, index, value);
    }
  });
}

PyObject* tensor_iter(PyObject* self) {
  return guard<PyObject*>(nullptr, [&]() -> PyObject* {
    Tensor& t = *as_tensor(self);
    WG_CHECK_TYPE(t.ndim() > 0, "iteration over a 0-d tensor");
    if (Py_TYPE(self) != TensorType && takes_over(self)) {
      Py asked(check(PyObject_CallMethod(self, "dim", nullptr)));  // torch hands this over as well
      Py parts(check(PyObject_CallMethod(self, "unbind", "i", 0)));
      return PyObject_GetIter(parts.get());
    }
    static const OpDef* unbind = find_op("unbind");
    Value v[2] = {Value(&t), Value::of_int(0)};
    Call c{unbind, v, 2};
    apply(c);
    const int n = c.nouts();  // counted before the results are moved out
    Py list(check(PyList_New(n)));
    for (int k = 0; k < n; ++k) PyList_SET_ITEM(list.get(), k, wrap(std::move(c.result(k))));
    return PyObject_GetIter(list.get());
  });
}

}  // namespace wgpy
