// Tensor: operators as type slots, attributes as descriptors, small methods.
#include "../core/ops/format.h"
#include "overrides.h"

#include <cstring>

namespace wgpy {

using namespace wg;

namespace {

Tensor& self_of(PyObject* o) { return *as_tensor(o); }

// ---- operators

// An operand: a tensor, or a number. False: something else, or a tensor of a class that takes the call over.
bool operand(PyObject* o, Value* v, Held* keep) {
  if (is_tensor(o)) {
    *v = Value(as_tensor(o));
    return Py_TYPE(o) == TensorType || !takes_over(o);
  }
  if (is_number(o))
    *v = to_number(o, keep);
  else
    return false;
  return true;
}

PyObject* binary(const OpDef* op, PyObject* a, PyObject* b) {
  if (!op) return PyErr_Format(PyExc_NotImplementedError, "the machine has no such operator");
  return guard<PyObject*>(nullptr, [&]() -> PyObject* {
    Value v[3];
    Held keep[2];
    if (!operand(a, &v[0], &keep[0]) || !operand(b, &v[1], &keep[1])) return take_operator(op->name.c_str(), a, b);
    Call c{op, v, 2};
    apply(c);
    return wrap(std::move(c.first));
  });
}

PyObject* inplace(const OpDef* op, PyObject* a, PyObject* b) {
  return guard<PyObject*>(nullptr, [&]() -> PyObject* {
    Value v[3];
    Held keep[2];
    if (!operand(a, &v[0], &keep[0]) || !is_tensor(a) || !operand(b, &v[1], &keep[1]))
      return take_operator((op->name + "_").c_str(), a, b);
    Call c{op, v, 2};
    apply_inplace(c);
    return wrap(std::move(c.first));
  });
}

PyObject* unary(const OpDef* op, PyObject* a) {
  return guard<PyObject*>(nullptr, [&]() -> PyObject* {
    if (Py_TYPE(a) != TensorType && takes_over(a)) return take_operator(op->name.c_str(), a);
    Value v[1] = {Value(as_tensor(a))};
    Call c{op, v, 1};
    apply(c);
    return wrap(std::move(c.first));
  });
}

const OpDef* named(const char* name) {
  OpDef* op = find_op(name);
  if (!op) {
    PyErr_Format(PyExc_NotImplementedError, "the machine has no op '%s'", name);
    throw PythonError{};
  }
  return op;
}

// 2 + t is t + 2 where that commutes, as in torch: the tensor is the node's first input.
#define WG_BINARY(ident, name, commutes)                                    \
  PyObject* slot_##ident(PyObject* a, PyObject* b) {                        \
    static const OpDef* op = find_op(name);                                 \
    if (commutes && !is_tensor(a) && is_number(a)) return binary(op, b, a); \
    return binary(op, a, b);                                                \
  }
#define WG_INPLACE(ident, name)                       \
  PyObject* slot_i##ident(PyObject* a, PyObject* b) { \
    static const OpDef* op = find_op(name);           \
    return inplace(op, a, b);                         \
  }
#define WG_BOTH(ident, name, commutes) WG_BINARY(ident, name, commutes) WG_INPLACE(ident, name)
WG_BOTH(add, "add", true)
WG_INPLACE(sub, "sub")
WG_BOTH(mul, "mul", true)
WG_INPLACE(div, "div")
WG_BOTH(floordiv, "floor_divide", false)
WG_BOTH(mod, "remainder", false)
WG_BOTH(and, "bitwise_and", false)
WG_BOTH(or, "bitwise_or", false)
WG_BOTH(xor, "bitwise_xor", false)
WG_BOTH(lshift, "bitwise_left_shift", false)
WG_BOTH(rshift, "bitwise_right_shift", false)

PyObject* slot_sub(PyObject* a, PyObject* b) {
  static const OpDef *sub = find_op("sub"), *rsub = find_op("rsub");
  if (!is_tensor(a) && rsub) return binary(rsub, b, a);
  return binary(sub, a, b);
}
PyObject* slot_div(PyObject* a, PyObject* b) {
  static const OpDef *div = find_op("div"), *mul = find_op("mul"), *reciprocal = find_op("reciprocal");
  if (is_tensor(a)) return binary(div, a, b);
  // number / tensor is reciprocal times number, as torch computes it
  if (!is_number(a)) Py_RETURN_NOTIMPLEMENTED;
  Py r(unary(reciprocal, b));
  return r ? binary(mul, r.get(), a) : nullptr;
}

// pow is three ops: by which operand is a number.
const OpDef* pow_of(PyObject* a, PyObject* b) {
  static const OpDef *tensor = find_op("pow.Tensor_Tensor"), *exponent = find_op("pow.Tensor_Scalar"),
                     *base = find_op("pow.Scalar");
  return !is_tensor(a) ? base : is_tensor(b) ? tensor : exponent;
}
PyObject* slot_pow(PyObject* a, PyObject* b, PyObject*) { return binary(pow_of(a, b), a, b); }
PyObject* slot_ipow(PyObject* a, PyObject* b, PyObject*) { return inplace(pow_of(a, b), a, b); }

PyObject* slot_matmul(PyObject* a, PyObject* b) {
  static const OpDef* op = find_op("matmul");
  if ((!is_tensor(a) && is_number(a)) || (!is_tensor(b) && is_number(b))) Py_RETURN_NOTIMPLEMENTED;
  return binary(op, a, b);
}
#define WG_UNARY(ident, name)               \
  PyObject* slot_##ident(PyObject* a) {     \
    static const OpDef* op = find_op(name); \
    return unary(op, a);                    \
  }
WG_UNARY(neg, "neg")
WG_UNARY(abs, "abs")
WG_UNARY(bitwise_not, "bitwise_not")
PyObject* slot_invert(PyObject* a) {
  if (!is_differentiable(as_tensor(a)->dtype)) return slot_bitwise_not(a);
  return PyErr_Format(PyExc_TypeError, "~ (operator.invert) is only implemented on integer and Boolean-type tensors");
}
PyObject* slot_pos(PyObject* a) {
  if (as_tensor(a)->dtype != DType::Bool) return Py_NewRef(a);
  return PyErr_Format(PyExc_RuntimeError, "The `+` operator, on a bool tensor is not supported.");
}

PyObject* richcompare(PyObject* a, PyObject* b, int which) {
  static const OpDef* ops[] = {find_op("lt"), find_op("le"), find_op("eq"),
                               find_op("ne"), find_op("gt"), find_op("ge")};
  return binary(ops[which], a, b);
}

Py_hash_t tensor_hash(PyObject* o) { return Py_hash_t(reinterpret_cast<uintptr_t>(o) >> 4); }

Value scalar_of(PyObject* o, Held* keep) {
  Tensor& t = self_of(o);
  WG_CHECK_VALUE(t.numel == 1, "only one element tensors can be converted to Python scalars");
  return to_number(o, keep);
}

int warn_scalar(Tensor& t) {
  if (!requires_grad(t)) return 0;
  return PyErr_WarnEx(PyExc_UserWarning,
                      "Converting a tensor with requires_grad=True to a scalar may lead to unexpected behavior.\n"
                      "Consider using tensor.detach() first.",
                      1);
}
int slot_bool(PyObject* o) {
  return guard<int>(-1, [&] {
    Tensor& t = self_of(o);
    observe(t, "bool");
    WG_CHECK(t.numel != 0, "Boolean value of Tensor with no values is ambiguous");
    WG_CHECK(t.numel == 1, "Boolean value of Tensor with more than one value is ambiguous");
    Held keep;
    Value v = to_number(o, &keep);
    return int(v.tag == Tag::Float     ? v.real != 0
               : v.tag == Tag::Complex ? v.to_complex() != complex128()
                                       : v.to_int() != 0);
  });
}
// For float() and int(), which refuse in other words than item().
Value only_number(PyObject* o, Held* keep) {
  WG_CHECK_VALUE(self_of(o).numel == 1, "only one element tensors can be converted to Python scalars");
  return to_number(o, keep);
}
PyObject* slot_float(PyObject* o) {
  return guard<PyObject*>(nullptr, [&]() -> PyObject* {
    Held keep;
    double d = only_number(o, &keep).to_double();
    if (warn_scalar(self_of(o)) < 0) return nullptr;
    return PyFloat_FromDouble(d);
  });
}
PyObject* slot_int(PyObject* o) {
  return guard<PyObject*>(nullptr, [&]() -> PyObject* {
    Held keep;
    Value v = only_number(o, &keep);
    if (v.tag == Tag::Float) return PyLong_FromDouble(v.real);
    return PyLong_FromLongLong(v.to_int());
  });
}
PyObject* slot_index(PyObject* o) {
  return guard<PyObject*>(nullptr, [&] {
    Tensor& t = self_of(o);
    WG_CHECK_TYPE(t.numel == 1 && category(t.dtype) <= 1,
                  "only integer tensors of a single element can be converted to an index");
    Held keep;
    return PyLong_FromLongLong(to_number(o, &keep).to_int());
  });
}
Py_ssize_t slot_len(PyObject* o) {
  Tensor& t = self_of(o);
  if (t.ndim() == 0) {
    PyErr_SetString(PyExc_TypeError, "len() of a 0-d tensor");
    return -1;
  }
  return Py_ssize_t(t.sizes[0]);
}

// ---- attributes

PyObject* get_shape(PyObject* o, void*) {
  return guard<PyObject*>(nullptr, [&] { return size_object(self_of(o).sizes); });
}
PyObject* get_dtype(PyObject* o, void*) { return Py_NewRef(dtype_object(self_of(o).dtype)); }
PyObject* get_device(PyObject* o, void*) { return device_of(self_of(o)); }
PyObject* get_is_meta(PyObject* o, void*) { return PyBool_FromLong(is_meta(self_of(o))); }
PyObject* get_layout(PyObject*, void*) { return Py_NewRef(LayoutStrided); }
PyObject* get_ndim(PyObject* o, void*) { return PyLong_FromLong(self_of(o).ndim()); }
PyObject* get_itemsize(PyObject* o, void*) { return PyLong_FromLong(size_of(self_of(o).dtype)); }
PyObject* get_nbytes(PyObject* o, void*) { return PyLong_FromSize_t(self_of(o).nbytes()); }
PyObject* get_true(PyObject*, void* yes) { return PyBool_FromLong(yes != nullptr); }
PyObject* get_requires_grad(PyObject* o, void*) { return PyBool_FromLong(wants_gradient(self_of(o))); }
int put_requires_grad(PyObject* o, PyObject* v, void*) {
  return guard<int>(-1, [&] {
    WG_CHECK(v && PyBool_Check(v), "requires_grad must be a bool");
    WG_CHECK(v == Py_False || !grad_fn_of(self_of(o)), "you can only change requires_grad flags of leaf variables.");
    set_requires_grad(self_of(o), v == Py_True,
                      "only Tensors of floating point and complex dtype can require gradients");
    return 0;
  });
}
// What an unpack hook gave in the place of a leaf passes its gradient on to that leaf: it shows as one itself.
bool has_grad_fn(const Ref<Node>& node) { return node && node->kind != NodeKind::Accumulate; }

PyObject* get_is_leaf(PyObject* o, void*) {
  return guard<PyObject*>(nullptr, [&] { return PyBool_FromLong(!has_grad_fn(grad_fn_of(self_of(o)))); });
}
PyObject* get_grad_fn(PyObject* o, void*) {
  return guard<PyObject*>(nullptr, [&]() -> PyObject* {
    Ref<Node> node = grad_fn_of(self_of(o));
    if (!has_grad_fn(node)) Py_RETURN_NONE;
    return wrap(std::move(node));
  });
}
PyObject* get_output_nr(PyObject* o, void*) { return PyLong_FromUnsignedLong(self_of(o).output_nr); }
PyObject* get_version(PyObject* o, void*) {
  Tensor& t = self_of(o);
  if (t.inference) {
    PyErr_SetString(PyExc_RuntimeError, "Inference tensors do not track version counter.");
    return nullptr;
  }
  return PyLong_FromUnsignedLong(version_number(t));
}
PyObject* get_base(PyObject* o, void*) {
  Tensor& t = self_of(o);
  return is_view(t) ? wrap(t.extra->base) : Py_NewRef(Py_None);
}
PyObject* get_wrapped(PyObject* o, void*) {  // by a transform
  return PyBool_FromLong(self_of(o).wrapped && !dispatching(self_of(o)));
}
PyObject* get_retains(PyObject* o, void*) {
  Tensor& t = self_of(o);
  return PyBool_FromLong(t.grad_fn && t.extra && t.extra->retains_grad);
}
PyObject* get_grad(PyObject* o, void*) {
  Tensor& t = self_of(o);
  if (t.extra && t.extra->grad) return wrap(t.extra->grad);
  if (t.grad_fn && !(t.extra && t.extra->retains_grad) &&
      PyErr_WarnEx(
          PyExc_UserWarning,
          "The .grad attribute of a Tensor that is not a leaf Tensor is being accessed. Its .grad attribute won't be "
          "populated during autograd.backward(). If you indeed want the .grad field to be populated for a non-leaf Tensor, "
          "use .retain_grad() on the non-leaf Tensor. If you access the non-leaf Tensor by mistake, make sure you access "
          "the leaf Tensor instead. See github.com/pytorch/pytorch/pull/30531 for more information.",
          1) < 0)
    return nullptr;
  Py_RETURN_NONE;
}
// .data: the same storage, no history, a version counter of its own.
PyObject* get_data(PyObject* o, void*) {
  return guard<PyObject*>(nullptr, [&] {
    if (self_of(o).wrapped) {
      observe(self_of(o), ".data");
      static const OpDef* op = named("detach");
      return unary(op, o);
    }
    TensorRef d = alias(self_of(o));
    d->version = Own<Version>();
    cut_off(*d, self_of(o), cuts::kData);
    return wrap(d);
  });
}
constexpr const char* kOtherType =
    "Attempted to call `variable.set_data(tensor)`, but `variable` and `tensor` have incompatible tensor type.";
int put_data(PyObject* o, PyObject* v, void*) {
  return guard<int>(-1, [&] {
    WG_CHECK(v, "Deleting tensor data is not allowed. Delete tensor instead!");
    WG_CHECK_TYPE(is_tensor(v), "Variable data has to be a tensor, but got ", Py_TYPE(v)->tp_name);
    Tensor &t = self_of(o), &d = *as_tensor(v);
    for (Tensor* one : {&t, &d}) observe(*one, ".data =");
    WG_CHECK(!requires_grad(t) || is_differentiable(d.dtype),
             "data set to a tensor that requires gradients must be floating point or complex dtype");
    Py sparse(Py_TYPE(v) == TensorType ? nullptr : PyObject_GetAttrString(v, "is_sparse"));
    WG_CHECK(sparse.get() != Py_True, kOtherType);
    take_memory(t, d);
    mark_meta(t, is_meta(d));
    if (t.extra && t.extra->accumulate) t.extra->accumulate->outputs[0] = {t.sizes, t.dtype};
    return 0;
  });
}

#define WG_VIEW_PROPERTY(ident, name)         \
  PyObject* get_##ident(PyObject* o, void*) { \
    return guard<PyObject*>(nullptr, [&] {    \
      static const OpDef* op = named(name);   \
      return unary(op, o);                    \
    });                                       \
  }
WG_VIEW_PROPERTY(T, "numpy_T")
WG_VIEW_PROPERTY(mT, "mT")
WG_VIEW_PROPERTY(H, "matrix_H")
WG_VIEW_PROPERTY(mH, "mH")
WG_VIEW_PROPERTY(real_part, "real_view")
WG_VIEW_PROPERTY(imag, "imag_view")
PyObject* get_real(PyObject* o, void*) {  // of a real tensor: itself
  return is_complex(self_of(o).dtype) ? get_real_part(o, nullptr) : Py_NewRef(o);
}
// z.real = value: written into the view, as z.real.copy_(value).
int put_part(PyObject* part, PyObject* v) {
  Py view(part);
  if (!part) return -1;
  return guard<int>(-1, [&] {
    const bool number = v && PyNumber_Check(v) && !is_tensor(v);
    WG_CHECK_TYPE(v && (number || is_tensor(v)), "can't assign a ", v ? Py_TYPE(v)->tp_name : "NULL", " to a torch.",
                  torch_name(as_tensor(part)->dtype), "Tensor");
    Py done(check(PyObject_CallMethod(part, number ? "fill_" : "copy_", "O", v)));
    return 0;
  });
}
int put_real(PyObject* o, PyObject* v, void*) { return put_part(get_real(o, nullptr), v); }
int put_imag(PyObject* o, PyObject* v, void*) { return put_part(get_imag(o, nullptr), v); }

// ---- methods

PyObject* method_size(PyObject* o, PyObject* const* args, Py_ssize_t n, PyObject* names) {
  return guard<PyObject*>(nullptr, [&]() -> PyObject* {
    Tensor& t = self_of(o);
    Py_ssize_t all = n + (names ? PyTuple_GET_SIZE(names) : 0);
    if (all == 0 || args[0] == Py_None) return size_object(t.sizes);
    Held keep;
    WG_CHECK_TYPE(PyIndex_Check(args[0]), "size(): argument 'dim' must be int, not ", Py_TYPE(args[0])->tp_name);
    int64_t d = to_number(args[0], &keep).to_int();
    WG_CHECK_INDEX(t.ndim() > 0, "Dimension specified as ", d, " but tensor has no dimensions");
    return PyLong_FromLongLong(t.sizes[wrap_dim(d, t.ndim())]);
  });
}
PyObject* method_stride(PyObject* o, PyObject* const* args, Py_ssize_t n, PyObject* names) {
  return guard<PyObject*>(nullptr, [&]() -> PyObject* {
    Tensor& t = self_of(o);
    if (n + (names ? PyTuple_GET_SIZE(names) : 0) == 0) {
      Py s(size_object(t.strides));
      return PySequence_Tuple(s.get());
    }
    Held keep;
    int64_t d = to_number(args[0], &keep).to_int();
    WG_CHECK_INDEX(t.ndim() > 0, "Dimension specified as ", d, " but tensor has no dimensions");
    return PyLong_FromLongLong(t.strides[wrap_dim(d, t.ndim())]);
  });
}
PyObject* method_dim(PyObject* o, PyObject*) { return PyLong_FromLong(self_of(o).ndim()); }
PyObject* method_numel(PyObject* o, PyObject*) { return PyLong_FromLongLong(self_of(o).numel); }
PyObject* method_offset(PyObject* o, PyObject*) { return PyLong_FromLongLong(self_of(o).offset); }
PyObject* method_data_ptr(PyObject* o, PyObject*) {
  return guard<PyObject*>(nullptr, [&] {
    Tensor& t = self_of(o);
    if (is_meta(t)) return PyLong_FromLong(0);
    observe(t, "data");
    return PyLong_FromVoidPtr(t.numel ? t.data() : nullptr);
  });
}
PyObject* method_itemsize(PyObject* o, PyObject*) { return PyLong_FromLong(size_of(self_of(o).dtype)); }
// is_contiguous(memory_format=torch.contiguous_format)
PyObject* method_is_contiguous(PyObject* o, PyObject* const* args, Py_ssize_t n, PyObject* names) {
  const Py_ssize_t given = n + (names ? PyTuple_GET_SIZE(names) : 0);
  if (given == 0) return PyBool_FromLong(self_of(o).contiguous);
  return guard<PyObject*>(nullptr, [&]() -> PyObject* {
    const Tensor& t = self_of(o);
    WG_CHECK_TYPE(n == 0, "is_contiguous() takes 0 positional arguments but ", n, n == 1 ? " was" : " were", " given");
    if (t.wrapped) {
      Py format(check(PyObject_Str(args[0])));
      observe(self_of(o), PyUnicode_AsUTF8(format.get()));
    }
    for (int k = 0; k < 4 && given == 1; ++k)
      if (format_objects[k] == args[0]) return PyBool_FromLong(lies_in(Format(k), t.sizes, t.strides));
    fail(Kind::Type, "is_contiguous(): argument 'memory_format' must be torch.memory_format, not ",
         Py_TYPE(args[0])->tp_name);
  });
}
PyObject* method_is_floating(PyObject* o, PyObject*) { return PyBool_FromLong(is_floating(self_of(o).dtype)); }
PyObject* method_is_complex(PyObject* o, PyObject*) { return PyBool_FromLong(is_complex(self_of(o).dtype)); }
PyObject* method_is_inference(PyObject* o, PyObject*) { return PyBool_FromLong(self_of(o).inference); }
PyObject* method_is_view(PyObject* o, PyObject*) { return PyBool_FromLong(is_view(self_of(o))); }
PyObject* method_detach(PyObject* o, PyObject*) {
  return guard<PyObject*>(nullptr, [&] {
    if (self_of(o).wrapped || modes().batching) {
      static const OpDef* op = named("detach");
      return unary(op, o);
    }
    TensorRef d = detach(self_of(o));
    cut_off(*d, self_of(o), cuts::kDetach);
    return wrap(d);
  });
}
PyObject* method_detach_(PyObject* o, PyObject*) {
  return guard<PyObject*>(nullptr, [&] {
    Tensor& t = self_of(o);
    if (t.wrapped) {
      Py module(check(PyImport_ImportModule("wengert.func._dual")));
      return check(PyObject_CallMethod(module.get(), "detach_", "O", o));
    }
    WG_CHECK(
        !is_view(t),
        "Can't detach views in-place. Use detach() instead. If you are using DistributedDataParallel (DDP) for training, "
        "and gradient_as_bucket_view is set as True, gradients are views of DDP buckets, and hence detach_() cannot be called on these "
        "gradients. To fix this error, please refer to the Optimizer.zero_grad() function in torch/optim/optimizer.py as the solution.");
    cut_off(t, t, cuts::kDetachInPlace);
    drop_history(t);
    t.requires_grad = false;
    t.output_nr = 0;
    return Py_NewRef(o);
  });
}
PyObject* method_requires_grad_(PyObject* o, PyObject* const* args, Py_ssize_t n, PyObject* names) {
  return guard<PyObject*>(nullptr, [&] {
    bool given = n + (names ? PyTuple_GET_SIZE(names) : 0) > 0;
    WG_CHECK_TYPE(!given || PyBool_Check(args[0]),
                  "requires_grad_(): argument 'requires_grad' (position 1) must be bool, not ",
                  is_tensor(args[0]) ? "Tensor" : Py_TYPE(args[0])->tp_name);
    bool on = !given || args[0] == Py_True;
    observe(self_of(o), on ? "requires_grad_" : "requires_grad_(False)");
    set_requires_grad(self_of(o), on);
    return Py_NewRef(o);
  });
}
// set_data-like: gives o the storage and geometry of another tensor (resize_, set_, t_ in place …); bumps the version.
PyObject* method_become(PyObject* o, PyObject* other) {
  return guard<PyObject*>(nullptr, [&] {
    WG_CHECK_TYPE(is_tensor(other), "expected a Tensor");
    Tensor &t = self_of(o), &d = *as_tensor(other);
    take_memory(t, d);
    if (t.extra) t.extra->accumulate = nullptr;  // what was made of the tensor before leads elsewhere
    bump(t);
    return Py_NewRef(o);
  });
}
// Takes over other's place in the graph (in-place forms of views: t.squeeze_()).
PyObject* method_take_history(PyObject* o, PyObject* other) {
  return guard<PyObject*>(nullptr, [&] {
    WG_CHECK_TYPE(is_tensor(other), "expected a Tensor");
    Tensor &t = self_of(o), &d = *as_tensor(other);
    if (d.grad_fn) {
      t.grad_fn = d.grad_fn;
      t.output_nr = d.output_nr;
      host.track(&t);
    }
    return Py_NewRef(o);
  });
}
PyObject* method_same_storage(PyObject* o, PyObject* other) {
  return PyBool_FromLong(is_tensor(other) && self_of(o).storage.get() == as_tensor(other)->storage.get());
}
// The whole storage as a row of bytes that shares it, without history: what UntypedStorage is made on.
PyObject* method_storage_bytes(PyObject* o, PyObject*) {
  return guard<PyObject*>(nullptr, [&] {
    observe(self_of(o), "storage");
    TensorRef r = empty(Dims{0}, DType::UInt8);
    r->storage = self_of(o).storage;
    r->sizes[0] = r->numel = int64_t(r->storage->nbytes);
    return wrap(r);
  });
}
PyObject* method_bump(PyObject* o, PyObject*) {
  bump(self_of(o));
  Py_RETURN_NONE;
}

}  // namespace

#define WG_FAST(f) \
  reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(f)), METH_FASTCALL | METH_KEYWORDS, nullptr
#define WG_NOARGS(f) f, METH_NOARGS, nullptr

PyMethodDef tensor_methods[] = {{"size", WG_FAST(method_size)},
                                {"stride", WG_FAST(method_stride)},
                                {"dim", WG_NOARGS(method_dim)},
                                {"ndimension", WG_NOARGS(method_dim)},
                                {"numel", WG_NOARGS(method_numel)},
                                {"nelement", WG_NOARGS(method_numel)},
                                {"storage_offset", WG_NOARGS(method_offset)},
                                {"data_ptr", WG_NOARGS(method_data_ptr)},
                                {"element_size", WG_NOARGS(method_itemsize)},
                                {"is_contiguous", WG_FAST(method_is_contiguous)},
                                {"is_floating_point", WG_NOARGS(method_is_floating)},
                                {"is_complex", WG_NOARGS(method_is_complex)},
                                {"is_inference", WG_NOARGS(method_is_inference)},
                                {"_is_view", WG_NOARGS(method_is_view)},
                                {"detach", WG_NOARGS(method_detach)},
                                {"detach_", WG_NOARGS(method_detach_)},
                                {"requires_grad_", WG_FAST(method_requires_grad_)},
                                {"_become", method_become, METH_O, nullptr},
                                {"_take_history", method_take_history, METH_O, nullptr},
                                {"_swap", method_swap, METH_O, nullptr},
                                {"_same_storage", method_same_storage, METH_O, nullptr},
                                {"_storage_bytes", WG_NOARGS(method_storage_bytes)},
                                {"_bump_version", WG_NOARGS(method_bump)},
                                {nullptr, nullptr, 0, nullptr}};

#define WG_GET(name, get) {name, get, nullptr, nullptr, nullptr}
PyGetSetDef tensor_getset[] = {{"__dict__", PyObject_GenericGetDict, PyObject_GenericSetDict, nullptr, nullptr},
                               WG_GET("shape", get_shape),
                               WG_GET("dtype", get_dtype),
                               WG_GET("device", get_device),
                               WG_GET("layout", get_layout),
                               WG_GET("ndim", get_ndim),
                               WG_GET("itemsize", get_itemsize),
                               WG_GET("nbytes", get_nbytes),
                               WG_GET("is_leaf", get_is_leaf),
                               WG_GET("output_nr", get_output_nr),
                               WG_GET("_version", get_version),
                               WG_GET("_base", get_base),
                               WG_GET("_wrapped", get_wrapped),
                               WG_GET("retains_grad", get_retains),
                               WG_GET("T", get_T),
                               WG_GET("mT", get_mT),
                               WG_GET("H", get_H),
                               WG_GET("mH", get_mH),
                               {"real", get_real, put_real, nullptr, nullptr},
                               {"imag", get_imag, put_imag, nullptr, nullptr},
                               {"is_cpu", get_true, nullptr, nullptr, reinterpret_cast<void*>(1)},
                               {"is_cuda", get_true, nullptr, nullptr, nullptr},
                               {"is_sparse", get_true, nullptr, nullptr, nullptr},
                               {"is_quantized", get_true, nullptr, nullptr, nullptr},
                               {"is_meta", get_is_meta, nullptr, nullptr, nullptr},
                               {"is_mps", get_true, nullptr, nullptr, nullptr},
                               {"is_nested", get_true, nullptr, nullptr, nullptr},
                               {"requires_grad", get_requires_grad, put_requires_grad, nullptr, nullptr},
                               WG_GET("grad_fn", get_grad_fn),
                               {"grad", get_grad, put_grad, nullptr, nullptr},
                               {"_grad", get_grad, put_grad, nullptr, nullptr},
                               {"grad_dtype", get_grad_dtype, put_grad_dtype, nullptr, nullptr},
                               {"data", get_data, put_data, nullptr, nullptr},
                               {nullptr, nullptr, nullptr, nullptr, nullptr}};

#define WG_SLOT(id, f) {id, reinterpret_cast<void*>(f)}
PyType_Slot number_slots[] = {WG_SLOT(Py_nb_add, slot_add),
                              WG_SLOT(Py_nb_subtract, slot_sub),
                              WG_SLOT(Py_nb_multiply, slot_mul),
                              WG_SLOT(Py_nb_true_divide, slot_div),
                              WG_SLOT(Py_nb_floor_divide, slot_floordiv),
                              WG_SLOT(Py_nb_remainder, slot_mod),
                              WG_SLOT(Py_nb_power, slot_pow),
                              WG_SLOT(Py_nb_matrix_multiply, slot_matmul),
                              WG_SLOT(Py_nb_negative, slot_neg),
                              WG_SLOT(Py_nb_positive, slot_pos),
                              WG_SLOT(Py_nb_absolute, slot_abs),
                              WG_SLOT(Py_nb_invert, slot_invert),
                              WG_SLOT(Py_nb_and, slot_and),
                              WG_SLOT(Py_nb_or, slot_or),
                              WG_SLOT(Py_nb_xor, slot_xor),
                              WG_SLOT(Py_nb_lshift, slot_lshift),
                              WG_SLOT(Py_nb_rshift, slot_rshift),
                              WG_SLOT(Py_nb_inplace_add, slot_iadd),
                              WG_SLOT(Py_nb_inplace_subtract, slot_isub),
                              WG_SLOT(Py_nb_inplace_multiply, slot_imul),
                              WG_SLOT(Py_nb_inplace_true_divide, slot_idiv),
                              WG_SLOT(Py_nb_inplace_floor_divide, slot_ifloordiv),
                              WG_SLOT(Py_nb_inplace_remainder, slot_imod),
                              WG_SLOT(Py_nb_inplace_power, slot_ipow),
                              WG_SLOT(Py_nb_inplace_and, slot_iand),
                              WG_SLOT(Py_nb_inplace_or, slot_ior),
                              WG_SLOT(Py_nb_inplace_xor, slot_ixor),
                              WG_SLOT(Py_nb_inplace_lshift, slot_ilshift),
                              WG_SLOT(Py_nb_inplace_rshift, slot_irshift),
                              WG_SLOT(Py_nb_bool, slot_bool),
                              WG_SLOT(Py_nb_float, slot_float),
                              WG_SLOT(Py_nb_int, slot_int),
                              WG_SLOT(Py_nb_index, slot_index),
                              WG_SLOT(Py_mp_length, slot_len),
                              WG_SLOT(Py_tp_richcompare, richcompare),
                              WG_SLOT(Py_tp_hash, tensor_hash),
                              {0, nullptr}};

}  // namespace wgpy
