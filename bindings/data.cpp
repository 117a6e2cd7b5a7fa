// Data in and out: tensor(), tolist(), the buffer protocol.
#include "../core/parallel.h"
#include "python.h"

#include <cstring>

namespace wgpy {

using namespace wg;

namespace {

// The dtype of a PEP 3118 format, and its size.
bool dtype_of_format(const char* f, Py_ssize_t itemsize, DType* d) {
  if (!f) f = "B";
  if (*f == '@' || *f == '=' || *f == '<')
    ++f;
  else if (*f == '>' || *f == '!')
    return false;
  if (*f == 'Z') {
    *d = f[1] == 'f' ? DType::Complex64 : DType::Complex128;
    return f[1] == 'f' || f[1] == 'd';
  }
  if (*f == 0 || f[1] != 0) return false;
  switch (*f) {
    case '?': *d = DType::Bool; return true;
    case 'e': *d = DType::Float16; return true;
    case 'f': *d = DType::Float32; return true;
    case 'd': *d = DType::Float64; return true;
    case 'B': *d = DType::UInt8; return true;
    case 'H':
    case 'I':
    case 'L':
    case 'Q':
    case 'N': *d = itemsize == 2 ? DType::UInt16 : itemsize == 4 ? DType::UInt32 : DType::UInt64; return true;
    case 'b':
    case 'h':
    case 'i':
    case 'l':
    case 'q':
    case 'n':
      *d = itemsize == 1 ? DType::Int8 : itemsize == 2 ? DType::Int16 : itemsize == 4 ? DType::Int32 : DType::Int64;
      return true;
    default: return false;
  }
}

const char* format_of(DType d) {
  switch (d) {
    case DType::Bool: return "?";
    case DType::UInt8: return "B";
    case DType::Int8: return "b";
    case DType::Int16: return "h";
    case DType::Int32: return "i";
    case DType::Int64: return sizeof(long) == 8 ? "l" : "q";  // what NumPy calls int64
    case DType::Float16: return "e";
    case DType::BFloat16: return "H";
    case DType::Float32: return "f";
    case DType::Float64: return "d";
    case DType::Complex64: return "Zf";
    case DType::Complex128: return "Zd";
    case DType::UInt16: return "H";
    case DType::UInt32: return "I";
    case DType::UInt64: return sizeof(long) == 8 ? "L" : "Q";
    case DType::ComplexHalf: return "I";  // no format has a name for these: their bits
    default: return "B";
  }
}

// What a buffer of a tensor's bytes keeps: the storage itself, since the tensor may take another one meanwhile.
struct Lent {
  Own<Storage> storage;
  std::vector<Py_ssize_t> geometry;
  explicit Lent(const Tensor& t) : storage(t.storage) {
    for (int64_t n : t.sizes) geometry.push_back(n);
    for (int64_t n : t.strides) geometry.push_back(n * size_of(t.dtype));
    ++storage->lent;
  }
  ~Lent() { --storage->lent; }
};

bool column_major(const Tensor& t) {
  int64_t step = 1;
  for (int i = 0; i < t.ndim(); step *= t.sizes[i++])
    if (t.sizes[i] != 1 && t.strides[i] != step) return false;
  return true;
}

int get_buffer(PyObject* o, Py_buffer* view, int flags) {
  view->obj = nullptr;
  return guard<int>(-1, [&] {
    Tensor& t = *as_tensor(o);
    observe(t, "data");
    auto asked = [&](int flag) { return (flags & flag) == flag; };
    bool fits = t.contiguous || !t.numel || column_major(t);
    if (!asked(PyBUF_STRIDES) || asked(PyBUF_C_CONTIGUOUS))
      fits = t.contiguous;
    else if (asked(PyBUF_F_CONTIGUOUS))
      fits = column_major(t);
    else if (!asked(PyBUF_ANY_CONTIGUOUS))
      fits = true;
    // NumPy asks for the buffer before it asks __array__, which refuses in torch's words.
    if (!fits || t.needs_grad()) {
      PyErr_SetString(PyExc_BufferError, fits ? "the tensor requires grad: use .detach()"
                                              : "the tensor is not contiguous in memory: use .contiguous()");
      throw PythonError{};
    }
    auto lent = std::make_unique<Lent>(t);
    Py_ssize_t* geometry = lent->geometry.data();
    view->buf = t.numel ? t.data() : t.storage->data;
    view->obj = Py_NewRef(o);
    view->len = Py_ssize_t(t.nbytes());
    view->readonly = 0;
    view->itemsize = size_of(t.dtype);
    view->format = asked(PyBUF_FORMAT) ? const_cast<char*>(format_of(t.dtype)) : nullptr;
    view->ndim = t.ndim();
    view->shape = asked(PyBUF_ND) ? geometry : nullptr;
    view->strides = asked(PyBUF_STRIDES) ? geometry + t.ndim() : nullptr;
    view->suboffsets = nullptr;
    view->internal = lent.release();
    return 0;
  });
}
void release_buffer(PyObject*, Py_buffer* view) { delete static_cast<Lent*>(view->internal); }

struct Borrowed {
  Py_buffer view;
};
void give_back(Storage* s) {
  auto* b = static_cast<Borrowed*>(s->owner);
  PyBuffer_Release(&b->view);
  delete b;
}

// What NumPy calls an array's element type; the format of another buffer.
std::string element_name(PyObject* array, const std::string& format) {
  Py dtype(PyObject_GetAttrString(array, "dtype"));
  Py type(dtype ? PyObject_GetAttrString(dtype.get(), "type") : nullptr);
  Py module(type ? PyObject_GetAttrString(type.get(), "__module__") : nullptr);
  Py name(type ? PyObject_GetAttrString(type.get(), "__name__") : nullptr);
  PyErr_Clear();
  return module && name ? text_of(module.get()) + "." + text_of(name.get()) : format;
}

// A tensor over the memory of any object with the buffer protocol.
TensorRef from_buffer(PyObject* o) {
  auto b = std::make_unique<Borrowed>();
  if (PyObject_GetBuffer(o, &b->view, PyBUF_STRIDES | PyBUF_FORMAT | PyBUF_WRITABLE) < 0) {
    PyErr_Clear();
    if (PyObject_GetBuffer(o, &b->view, PyBUF_STRIDES | PyBUF_FORMAT) < 0) throw PythonError{};
  }
  Py_buffer& v = b->view;
  DType d = DType::UInt8;
  // An exporter may say anything: the size of an element must be that of its format.
  bool known = dtype_of_format(v.format, v.itemsize, &d) && v.itemsize == size_of(d) && v.ndim <= kMaxDims;
  if (!known) v.ndim = 0;
  Dims sizes(v.ndim), strides(v.ndim);
  bool negative = false, odd = false;
  int64_t end = 1;
  for (int i = 0; i < v.ndim; ++i) {
    sizes[i] = v.shape[i];
    odd |= v.strides[i] % v.itemsize != 0;
    strides[i] = v.strides[i] / v.itemsize;
    negative |= v.strides[i] < 0 && v.shape[i] > 1;
    if (strides[i] < 0) strides[i] = 0;
    end += (sizes[i] - 1) * strides[i];
    if (sizes[i] == 0) end = -(int64_t(1) << 40);
  }
  std::string format = v.format ? v.format : "B";
  if (!known || negative || odd) {
    PyBuffer_Release(&v);
    WG_CHECK_VALUE(
        !negative,
        "At least one stride in the given numpy array is negative, and tensors with negative strides are not currently "
        "supported. (You can probably work around this by making a copy of your array  with array.copy().) ");
    WG_CHECK_VALUE(
        !odd,
        "given numpy array strides not a multiple of the element byte size. Copy the numpy array to reallocate the memory.");
    WG_CHECK_VALUE(
        format[0] != '>',
        "given numpy array has byte order different from the native byte order. Conversion between byte orders "
        "is currently not supported.");
    fail(Kind::Type, "can't convert np.ndarray of type ", element_name(o, format),
         ". The only supported types are: float64, float32, float16, complex64, "
         "complex128, int64, int32, int16, int8, uint64, uint32, uint16, uint8, and bool.");
  }
  TensorRef t = empty(Dims{0}, d);
  int64_t bytes = end > 0 ? end * v.itemsize : 0;
  t->storage = borrow_storage(v.buf, size_t(bytes), b.release(), give_back);
  t->sizes = sizes;
  t->strides = strides;
  t->numel = numel_of(sizes);
  t->contiguous = is_contiguous(sizes, strides);
  return t;
}

// ---- tensor(nested sequences)

bool is_sequence(PyObject* o) {
  return PyList_Check(o) || PyTuple_Check(o) || PyByteArray_Check(o) || PyMemoryView_Check(o) ||
         (PySequence_Check(o) && !PyUnicode_Check(o) && !PyBytes_Check(o) && !is_tensor(o) &&
          !PyObject_CheckBuffer(o) && !PyDict_Check(o));
}

struct Shape {
  Dims sizes;
  DType dtype = DType::Bool;
  bool any = false;
  void see(DType d) {
    dtype = any ? promote(dtype, d) : d;
    any = true;
  }
};

DType dtype_of_leaf(PyObject* o) {
  if (PyBool_Check(o)) return DType::Bool;
  if (PyFloat_Check(o)) {
    if (Py_TYPE(o) != &PyFloat_Type && PyObject_CheckBuffer(o)) return DType::Float64;  // a NumPy float64
    return default_dtype();
  }
  if (PyLong_Check(o)) return DType::Int64;
  if (PyComplex_Check(o)) {
    WG_CHECK(default_dtype() != DType::BFloat16, "invalid default scalar type for complex");
    return complex_of(default_dtype());
  }
  if (is_tensor(o)) return as_tensor(o)->dtype;
  if (PyObject_CheckBuffer(o)) {
    Py_buffer v;
    check(PyObject_GetBuffer(o, &v, PyBUF_FORMAT | PyBUF_STRIDES));
    DType d = DType::Float64;
    bool ok = dtype_of_format(v.format, v.itemsize, &d);
    PyBuffer_Release(&v);
    if (ok) return d;
  }
  if (PyIndex_Check(o)) return DType::Int64;
  if (is_number(o)) return default_dtype();
  fail(Kind::Type, "not a sequence");
}

// As warnings.warn, but once in a process unless set_warn_always asks for more.
void say_once(const char* text) {
  Py settings(check(PyImport_ImportModule("wengert._facade.settings")));
  Py(check(PyObject_CallMethod(settings.get(), "warn_once", "s", text)));
}

bool is_array(PyObject* o) { return !std::strcmp(Py_TYPE(o)->tp_name, "numpy.ndarray"); }

// A sequence of a class of the program's own has to give its first item.
void check_sequence(PyObject* o) {
  if (PyList_Check(o) || PyTuple_Check(o) || PySequence_Size(o) <= 0) return PyErr_Clear();
  Py first(PySequence_GetItem(o, 0));
  if (first) return;
  PyErr_Clear();
  fail(Kind::Value, "could not determine the shape of object type '", Py_TYPE(o)->tp_name, "'");
}

void measure(PyObject* o, int depth, Shape& s) {
  WG_CHECK_VALUE(depth <= 128, "too many dimensions '", Py_TYPE(o)->tp_name, "'");
  if (is_tensor(o)) {  // in a sequence it stands for its one element
    Tensor& t = *as_tensor(o);
    WG_CHECK_VALUE(depth == 0 || t.numel == 1, "only one element tensors can be converted to Python scalars");
    if (depth == 0) s.sizes = t.sizes;
    s.see(t.dtype);
    return;
  }
  if (PyObject_CheckBuffer(o) && !PyBytes_Check(o) && !is_number(o) && !is_sequence(o)) {
    if (depth && is_array(o))
      say_once(
          "Creating a tensor from a list of numpy.ndarrays is extremely slow. Please consider converting the list to a "
          "single numpy.ndarray with numpy.array() before converting to a tensor.");
    TensorRef t = from_buffer(o);
    for (int i = 0; i < t->ndim(); ++i)
      if (depth + i >= s.sizes.size()) s.sizes.push_back(t->sizes[i]);
    s.see(t->dtype);
    return;
  }
  if (is_sequence(o)) {
    check_sequence(o);
    Items items(o, "not a sequence");
    Py_ssize_t n = items.size();
    if (depth >= s.sizes.size()) s.sizes.push_back(n);
    WG_CHECK_VALUE(s.sizes[depth] == n, "expected sequence of length ", s.sizes[depth], " at dim ", depth, " (got ", n,
                   ")");
    for (Py_ssize_t i = 0; i < n; ++i) {
      // As torch, which looks along first items for the number of dims before it looks at the others.
      WG_CHECK_TYPE(!i || items[i].get() != o, "new(): self-referential lists are incompatible");
      measure(items[i].get(), depth + 1, s);
    }
    return;
  }
  if (PyUnicode_Check(o) || PyBytes_Check(o)) {
    if (depth == 0 || s.any) fail(Kind::Type, "new(): invalid data type '", Py_TYPE(o)->tp_name, "'");
    fail(Kind::Value, "too many dimensions '", Py_TYPE(o)->tp_name, "'");
  }
  if (!is_number(o)) {
    if (depth == 0) fail(Kind::Runtime, "Could not infer dtype of ", Py_TYPE(o)->tp_name);
    fail(Kind::Runtime, "Could not infer dtype of ", Py_TYPE(o)->tp_name);
  }
  s.see(dtype_of_leaf(o));
}

template <class T>
void store(char* at, const Value& v) {
  T x;
  if constexpr (is_complex_v<T>) {
    x = T(v.to_complex());
  } else if constexpr (is_eight_v<T>) {
    x = T(float(v.to_double()));
  } else if constexpr (std::is_same_v<T, double> || std::is_same_v<T, float>) {
    x = T(v.to_double());
  } else if constexpr (is_reduced_v<T>) {
    x = T(float(v.to_double()));
  } else if constexpr (std::is_same_v<T, bool>) {
    x = v.tag == Tag::Complex ? v.to_complex() != complex128() : v.to_double() != 0;
  } else {
    constexpr auto most = std::numeric_limits<T>::max();
    constexpr bool all = sizeof(T) == 8;  // every int64 is one of them
    constexpr int64_t least = std::is_signed_v<T> ? int64_t(std::numeric_limits<T>::min()) : -int64_t(most);
    bool whole = v.tag == Tag::Int || v.tag == Tag::Bool;
    if (whole ? !all && (v.to_int() < least || v.to_int() > int64_t(most))
              : !(v.to_double() >= double(least) && v.to_double() <= double(most)))
      fail(Kind::Runtime, "value cannot be converted to type ", name_of(DTypeOf<T>::value), " without overflow");
    x = v.tag == Tag::Float ? T(int64_t(v.real)) : T(v.to_int());
  }
  std::memcpy(at, &x, sizeof x);
}

// The number that item() last took out of a graph, and the cut that it is.
PyObject* taken = nullptr;
Own<Cut>& taken_cut() {
  static auto* cut = new Own<Cut>;  // not freed at exit: the interpreter may be gone by then
  return *cut;
}

void fill(PyObject* o, int depth, Tensor& t, int64_t& at) {
  int size = size_of(t.dtype);
  if (o == taken)
    t.cut = taken_cut();
  else if (is_tensor(o) && !t.cut)
    cut_off(t, *as_tensor(o), cuts::kRebuilt);
  if (depth < t.ndim()) {
    if (is_tensor(o) || (PyObject_CheckBuffer(o) && !is_sequence(o))) {
      TensorRef part = is_tensor(o) ? TensorRef(as_tensor(o)) : from_buffer(o);
      Dims rest(t.sizes.data() + depth, t.ndim() - depth);
      WG_CHECK_VALUE(part->sizes == rest, "expected sequence of length ", rest[0], " at dim ", depth, " (got ",
                     part->ndim() ? part->sizes[0] : 0, ")");
      TensorRef view = empty(rest, t.dtype);
      copy(*view, *part);
      std::memcpy(t.data() + at * size, view->data(), view->nbytes());
      at += view->numel;
      return;
    }
    WG_CHECK_TYPE(is_sequence(o), "not a sequence");
    Items items(o, "not a sequence");
    WG_CHECK_VALUE(items.size() == t.sizes[depth], "expected sequence of length ", t.sizes[depth], " at dim ", depth,
                   " (got ", items.size(), ")");
    for (Py_ssize_t i = 0; i < t.sizes[depth]; ++i) fill(items[i].get(), depth + 1, t, at);
    return;
  }
  char* to = t.data() + at++ * size;
  if (t.dtype == DType::Bool && PyLong_Check(o)) {  // of any size
    *to = char(check(PyObject_IsTrue(o)));
    return;
  }
  if (t.dtype == DType::Float32 && PyFloat_CheckExact(o)) {
    float f = float(PyFloat_AS_DOUBLE(o));
    std::memcpy(to, &f, 4);
    return;
  }
  if (is_sequence(o)) fail(Kind::Type, "expected a number, got a ", Py_TYPE(o)->tp_name);
  Held keep;
  Value v;
  if (PyLong_CheckExact(o) && t.dtype == DType::UInt64) {  // half of them are larger than any int64
    const unsigned long long u = PyLong_AsUnsignedLongLong(o);
    if (!PyErr_Occurred()) {
      std::memcpy(to, &u, sizeof u);
      return;
    }
    PyErr_Clear();
  }
  if (PyLong_CheckExact(o) && is_floating(t.dtype)) {  // it may be larger than any int64
    v = Value::of_float(PyLong_AsDouble(o));
    if (PyErr_Occurred()) throw PythonError{};
  } else if (is_tensor(o) || !PyObject_CheckBuffer(o) || is_number(o)) {
    v = to_number(o, &keep);
  }
  if (v.none()) {
    TensorRef part = from_buffer(o);
    WG_CHECK_VALUE(part->numel == 1, "only one element tensors can be converted to Python scalars");
    v = to_number(as_object(part.get()), &keep);
  }
  WG_CHECK_TYPE(v.tag != Tag::Complex || !is_floating(t.dtype), "must be real number, not complex");
  visit_all(t.dtype, [&]<class T>() { store<T>(to, v); });
}

PyObject* nested(const Tensor& t, int dim, int64_t at) {
  if (dim == t.ndim()) {
    const char* p = t.storage->data + at * size_of(t.dtype);
    return visit_all(t.dtype, [&]<class T>() -> PyObject* {
      T v;
      std::memcpy(&v, p, sizeof v);
      if constexpr (is_complex_v<T>)
        return PyComplex_FromDoubles(v.real(), v.imag());
      else if constexpr (std::is_same_v<T, bool>)
        return PyBool_FromLong(*p != 0);  // memory may hold any byte
      else if constexpr (std::is_same_v<T, double>)
        return PyFloat_FromDouble(v);
      else if constexpr (is_floating_v<T>)
        return PyFloat_FromDouble(float(v));
      else if constexpr (std::is_same_v<T, uint64_t>)
        return PyLong_FromUnsignedLongLong(v);
      else
        return PyLong_FromLongLong(v);
    });
  }
  Py list(check(PyList_New(t.sizes[dim])));
  for (int64_t i = 0; i < t.sizes[dim]; ++i)
    PyList_SET_ITEM(list.get(), i, check(nested(t, dim + 1, at + i * t.strides[dim])));
  return list.release();
}

PyObject* tolist(PyObject* o, PyObject*) {
  return guard<PyObject*>(nullptr, [&] {
    observe(*as_tensor(o), "data");
    return nested(*as_tensor(o), 0, as_tensor(o)->offset);
  });
}

PyObject* item(PyObject* o, PyObject*) {
  return guard<PyObject*>(nullptr, [&] {
    Held keep;
    Tensor& t = *as_tensor(o);
    WG_CHECK(t.numel == 1, "a Tensor with ", t.numel, " elements cannot be converted to Scalar");
    if (t.dtype == DType::UInt64 && !t.wrapped) return PyLong_FromUnsignedLongLong(*t.as<uint64_t>());
    PyObject* number = check(number_object(to_number(o, &keep)));
    if (t.needs_grad()) note_taken(number);
    return number;
  });
}

// Of a row of bytes over a whole storage: makes the storage larger or smaller, and the row with it.
PyObject* resize_bytes(PyObject* o, PyObject* size) {
  return guard<PyObject*>(nullptr, [&] {
    Tensor& t = *as_tensor(o);
    const Py_ssize_t n = PyLong_AsSsize_t(size);
    if (n == -1 && PyErr_Occurred()) throw PythonError{};
    WG_CHECK(n >= 0, "invalid size of a storage: ", n);
    WG_CHECK(t.ndim() == 1 && t.dtype == DType::UInt8 && t.offset == 0, "expected the bytes of a storage");
    wait_for_kernels();
    resize_storage(*t.storage, size_t(n));
    t.sizes[0] = t.numel = n;
    return Py_NewRef(o);
  });
}

// tensor(data, dtype or None): a fresh tensor with a copy of the data.
PyObject* make_tensor(PyObject*, PyObject* const* args, Py_ssize_t n) {
  return guard<PyObject*>(nullptr, [&]() -> PyObject* {
    WG_CHECK_TYPE(n >= 1, "tensor() missing 1 required positional arguments: \"data\"");
    return wrap(tensor_from(args[0], n > 1 ? args[1] : Py_None, true));
  });
}

// from_buffer(array): a tensor over its memory.
PyObject* wrap_buffer(PyObject*, PyObject* o) {
  return guard<PyObject*>(nullptr, [&] { return wrap(from_buffer(o)); });
}

}  // namespace

PyBufferProcs tensor_buffer = {get_buffer, release_buffer};

TensorRef tensor_from(PyObject* data, PyObject* dtype, bool copy_tensor) {
  DType d;
  bool given = dtype != Py_None;
  if (given)
    WG_CHECK_TYPE(to_dtype(dtype, &d), "tensor(): argument 'dtype' must be torch.dtype, not ", Py_TYPE(dtype)->tp_name);
  bool array = !is_tensor(data) && PyObject_CheckBuffer(data) && !PyBytes_Check(data) && !is_sequence(data);
  if (is_tensor(data) || array) {
    TensorRef t = array ? from_buffer(data) : TensorRef(as_tensor(data));
    if (!given) d = t->dtype;
    if (!copy_tensor && d == t->dtype) return t;
    TensorRef r = empty(t->sizes, d);
    copy(*r, *t);
    cut_off(*r, *t, cuts::kRebuilt);
    return r;
  }
  Shape s;
  measure(data, 0, s);
  if (!given) d = s.any ? s.dtype : default_dtype();
  TensorRef t = empty(s.sizes, d);
  int64_t at = 0;
  if (t->numel) fill(data, 0, *t, at);
  return t;
}

void note_taken(PyObject* number) {
  Py before(std::exchange(taken, Py_NewRef(number)));
  taken_cut() = new_cut(cuts::kNumber, nullptr);
}

PyMethodDef tensor_data_methods[] = {{"tolist", tolist, METH_NOARGS, nullptr},
                                     {"item", item, METH_NOARGS, nullptr},
                                     {"_resize_bytes", resize_bytes, METH_O, nullptr},
                                     {nullptr, nullptr, 0, nullptr}};

static PyMethodDef data_functions[] = {
    {"tensor", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(make_tensor)), METH_FASTCALL, nullptr},
    {"from_buffer", wrap_buffer, METH_O, nullptr},
    {nullptr, nullptr, 0, nullptr}};
int init_data(PyObject* module) { return PyModule_AddFunctions(module, data_functions); }

}  // namespace wgpy
