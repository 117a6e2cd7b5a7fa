// What the files of the Python face share: types, wrapping, errors.
#pragma once
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <structmember.h>

#include <string>

#include "../core/engine.h"
#include "../core/program.h"
#include "../core/random.h"

namespace wgpy {

using wg::Tensor;
using wg::TensorRef;
using wg::Value;

extern PyTypeObject* TensorType;
extern PyTypeObject* NodeType;
PyTypeObject* node_type(const std::string& name);  // of the nodes of that name; made when first needed
extern PyTypeObject* DTypeType;
extern PyTypeObject* OpFunctionType;
extern PyObject* SizeClass;      // wengert.Size, set by the package
extern PyObject* DeviceClass;    // wengert.device
extern PyObject* DeviceCPU;      // device("cpu")
extern PyObject* LayoutStrided;  // wengert.strided
extern PyObject* SymbolClass;    // wengert.ops._trace.Symbol
extern PyObject* TraceCall;      // what an op does when it meets a symbol
extern PyObject* GeneratorClass;

// A Python exception is already set.
struct PythonError {};
void raise_current();      // inside catch(...): turns any C++ exception into a Python one
[[noreturn]] void stay();  // of a thread that the end of the interpreter unwinds
template <class T>
T* check(T* p) {
  if (!p) throw PythonError{};
  return p;
}
inline int check(int r) {
  if (r < 0) throw PythonError{};
  return r;
}

// An owned PyObject.
class Py {
  PyObject* p_ = nullptr;

 public:
  Py() = default;
  explicit Py(PyObject* owned) : p_(owned) {}
  static Py borrow(PyObject* p) { return Py(Py_XNewRef(p)); }
  Py(const Py& o) : p_(Py_XNewRef(o.p_)) {}
  Py(Py&& o) noexcept : p_(std::exchange(o.p_, nullptr)) {}
  Py& operator=(Py o) noexcept {
    std::swap(p_, o.p_);
    return *this;
  }
  ~Py() { Py_XDECREF(p_); }
  PyObject* get() const { return p_; }
  PyObject* release() { return std::exchange(p_, nullptr); }
  explicit operator bool() const { return p_ != nullptr; }
};

// What a sequence holds, item by item: each is owned while it is used, and the length is asked for again, since reading
// an item may run code that changes a list.
class Items {
  Py fast_;

 public:
  Items(PyObject* o, const char* complaint) : fast_(check(PySequence_Fast(o, complaint))) {}
  Py_ssize_t size() const { return PySequence_Fast_GET_SIZE(fast_.get()); }
  Py operator[](Py_ssize_t i) const {
    if (i >= size()) throw_shrunk();
    return Py::borrow(PySequence_Fast_GET_ITEM(fast_.get(), i));
  }
  [[noreturn]] static void throw_shrunk();
};

// The text of a str; "?" for one that is no UTF-8 (a lone surrogate), or no str at all.
std::string text_of(PyObject* o);

inline bool is_tensor(PyObject* o) { return Py_TYPE(o) == TensorType || PyObject_TypeCheck(o, TensorType); }
inline Tensor* as_tensor(PyObject* o) { return reinterpret_cast<Tensor*>(o); }
inline PyObject* as_object(wg::Object* o) { return reinterpret_cast<PyObject*>(o); }
inline PyObject* wrap(TensorRef t) {
  if (!t) return Py_NewRef(Py_None);
  return as_object(t.release());
}
// The argument of a function of the module as what it must be: TypeError when it is something else.
inline Tensor& tensor_of(PyObject* o) {
  WG_CHECK_TYPE(is_tensor(o), "expected a Tensor, but got ", Py_TYPE(o)->tp_name);
  return *as_tensor(o);
}
inline wg::Node& node_of(PyObject* o) {
  WG_CHECK_TYPE(PyObject_TypeCheck(o, NodeType), "expected a Node, but got ", Py_TYPE(o)->tp_name);
  return *reinterpret_cast<wg::Node*>(o);
}
inline PyObject* tuple_of_length(PyObject* o, Py_ssize_t n) {  // -1: any length
  WG_CHECK_TYPE(PyTuple_Check(o), "expected a tuple, but got ", Py_TYPE(o)->tp_name);
  WG_CHECK_VALUE(n < 0 || PyTuple_GET_SIZE(o) == n, "expected a tuple of ", n, " items, but got ", PyTuple_GET_SIZE(o));
  return o;
}
PyObject* wrap(wg::Ref<wg::Node> n);  // gives the node the Python type of its op
inline wg::Node* as_node(PyObject* o) { return reinterpret_cast<wg::Node*>(o); }

PyObject* dtype_object(wg::DType d);       // borrowed
bool to_dtype(PyObject* o, wg::DType* d);  // also float, int, bool, complex
PyObject* size_object(const wg::Dims& d);  // new torch.Size
PyObject* number_object(const Value& v);   // new int, float, bool or complex
PyObject* value_object(const Value& v);    // new: any value
wg::Dims to_dims(PyObject* sequence);
wg::Held to_held(PyObject* o);  // a Python value as the argument of an op
PyObject* wrap_generator(wg::Generator* g);
wg::Generator* generator_pointer(PyObject* o);  // null if it is no generator
bool is_number(PyObject* o);                    // a Python or NumPy scalar (not a tensor)
Value to_number(PyObject* o, wg::Held* keep);

// Runs f, turning C++ exceptions into Python ones; `failure` is returned then.
template <class R, class F>
R guard(R failure, F f) noexcept {
  try {
    return f();
  } catch (...) {
    raise_current();
    return failure;
  }
}

int init_objects(PyObject* module);  // Tensor, Node and dtype types; the host table
int init_functions(PyObject* module);
int init_ops(PyObject* module);  // OpFunction
int init_autograd(PyObject* module);
int init_hooks(PyObject* module);
int init_table(PyObject* module);
int init_transforms(PyObject* module);
int init_overrides(PyObject* module);
// Called before Python sees the data of a tensor: inside vmap there is no one value to see ("item", "bool", "data", …).
void observe(const Tensor& t, const char* what);
// Whether t has a history; what a transform has wrapped may have got one by a write to another view of it.
bool wants_gradient(const Tensor& t);
int init_data(PyObject* module);  // tensor(), numpy, tolist
int init_random(PyObject* module);
extern PyGetSetDef tensor_getset[];
extern PyMethodDef tensor_methods[];
extern PyMethodDef tensor_data_methods[];
extern PyType_Slot number_slots[];
extern PyBufferProcs tensor_buffer;
PyObject* tuple_of(const wg::Gradients& list);
void read_gradient(PyObject* o, wg::TensorRef& to);
PyObject* call_values(const wg::Call& c);          // the arguments as a tuple
void take_results(wg::Call& c, PyObject* result);  // what the host made, as the results of a call
void settle_dispatched(const wg::Call& c);         // c has run inside a __torch_dispatch__: its arguments are settled
void mark_dispatching(wg::Tensor& t);              // its class has a __torch_dispatch__
bool is_meta(const wg::Tensor& t);                 // it is of the meta device: without values
void mark_meta(wg::Tensor& t, bool meta);
PyObject* device_of(const wg::Tensor& t);
bool wants_meta(PyObject* device);           // an error for a device that is not there
void apply_placed(wg::Call& c, bool meta);   // what a function makes that was told where
PyObject* describe(const wg::Place& place);  // ("file", line, "function") or None
PyObject* index_get(PyObject* self, PyObject* index);
int index_set(PyObject* self, PyObject* index, PyObject* value);
PyObject* tensor_iter(PyObject* self);
TensorRef tensor_from(PyObject* data, PyObject* dtype, bool copy_tensor);
PyObject* get_grad_dtype(PyObject* o, void*);
int put_grad_dtype(PyObject* o, PyObject* v, void*);
int put_grad(PyObject* o, PyObject* v, void*);
PyObject* method_swap(PyObject* o, PyObject* other);
void note_taken(PyObject* number);                       // item() of a tensor with a history gave it
std::string explain(const char* question, PyObject* o);  // what _lines.py has to add to an error about a tensor

}  // namespace wgpy
