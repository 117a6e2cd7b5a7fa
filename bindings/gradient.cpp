// The setters of .grad and .grad_dtype.
#include "../core/ops/element.h"
#include "python.h"

namespace wgpy {

using namespace wg;

// The dtype that .grad must have.
PyObject* get_grad_dtype(PyObject* o, void*) {
  return guard<PyObject*>(nullptr, [&] {
    Tensor& t = *as_tensor(o);
    WG_CHECK(!grad_fn_of(t), "grad_dtype can only be accessed on leaf tensors.");
    if (!t.extra || t.extra->grad_dtype == -1) return Py_NewRef(dtype_object(t.dtype));
    return Py_NewRef(t.extra->grad_dtype == kAnyDType ? Py_None : dtype_object(DType(t.extra->grad_dtype)));
  });
}
int put_grad_dtype(PyObject* o, PyObject* v, void*) {
  return guard<int>(-1, [&] {
    Tensor& t = *as_tensor(o);
    WG_CHECK(!grad_fn_of(t), "grad_dtype can only be set on leaf tensors.");
    bool any = v == Py_None;
    WG_CHECK(v && (any || Py_TYPE(v) == DTypeType), "grad_dtype must be a torch.dtype or None, but got ",
             v ? Py_TYPE(v)->tp_name : "nothing");
    DType d = t.dtype;
    if (!any) to_dtype(v, &d);
    Extra& x = extra_of(t);
    WG_CHECK(
        any || !x.grad || x.grad->dtype == d, "Cannot set grad_dtype to '", torch_name(d),
        "' because there is already a gradient with dtype '", x.grad ? compiler_name(x.grad->dtype) : "",
        "'. Please clear the gradient (.grad = None) before changing grad_dtype, or ensure the new grad_dtype matches "
        "the existing gradient's dtype.");
    x.grad_dtype = any ? kAnyDType : int8_t(d);
    if (x.accumulate) x.accumulate->outputs[0].dtype = d;
    return 0;
  });
}
int put_grad(PyObject* o, PyObject* v, void*) {
  return guard<int>(-1, [&] {
    Tensor& t = *as_tensor(o);
    if (!v || v == Py_None) {
      if (t.extra) t.extra->grad.reset();
      return 0;
    }
    WG_CHECK_TYPE(is_tensor(v), "assigned grad expected to be a Tensor or None but got grad of type ",
                  Py_TYPE(v)->tp_name);
    WG_CHECK(v != o, "can't assign Variable as its own grad");
    Tensor& g = *as_tensor(v);
    int8_t chosen = t.extra ? t.extra->grad_dtype : -1;
    DType wanted = chosen >= 0 ? DType(chosen) : t.dtype;
    WG_CHECK(
        chosen == kAnyDType || g.dtype == wanted, "attempting to assign a gradient with dtype '",
        compiler_name(g.dtype), "' to a tensor with grad_dtype '", torch_name(wanted),
        "'. The gradient must match the tensor's grad_dtype (defaults to the tensor's dtype). You can set the "
        "tensor's grad_dtype attribute with a specific dtype, or None to allow any dtype. Set grad_dtype with caution. Diverging the "
        "dtypes of a tensor and its gradient may break downstream systems that assume they match.");
    WG_CHECK(g.sizes == t.sizes, "attempting to assign a gradient of size '", to_string(g.sizes),
             "' to a tensor of size '", to_string(t.sizes),
             "'. Please ensure that the gradient and the tensor are the same size");
    extra_of(t).grad = TensorRef(&g);
    host.track(&t);
    return 0;
  });
}

// Two tensors exchange all that they are, but for their Python side: class, attributes, weak references.
PyObject* method_swap(PyObject* o, PyObject* other) {
  return guard<PyObject*>(nullptr, [&] {
    WG_CHECK_TYPE(is_tensor(other), "expected a Tensor");
    Tensor &a = *as_tensor(o), &b = *as_tensor(other);
    for (Tensor* t : {&a, &b}) {
      WG_CHECK(!t->wrapped && !(t->extra && t->extra->retained_by), "Cannot swap a tensor that ",
               t->wrapped ? "a transform has wrapped" : "retains the gradient of a result");
      if (t->extra) t->extra->accumulate = nullptr;
    }
    std::swap(a.storage, b.storage);
    std::swap(a.sizes, b.sizes);
    std::swap(a.strides, b.strides);
    std::swap(a.offset, b.offset);
    std::swap(a.numel, b.numel);
    std::swap(a.dtype, b.dtype);
    std::swap(a.contiguous, b.contiguous);
    std::swap(a.requires_grad, b.requires_grad);
    std::swap(a.inference, b.inference);
    std::swap(a.output_nr, b.output_nr);
    std::swap(a.grad_fn, b.grad_fn);
    std::swap(a.version, b.version);
    std::swap(a.cut, b.cut);
    std::swap(a.extra, b.extra);
    host.track(&a);
    host.track(&b);
    Py_RETURN_NONE;
  });
}

}  // namespace wgpy
