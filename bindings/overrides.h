// Calls taken over by a class's __torch_function__, for the files that read operands and arguments.
#pragma once
#include "python.h"

namespace wgpy {

extern bool overriding;        // a subclass of Tensor or a mode that takes calls over has been made
bool takes_over(PyObject* o);  // the object's class has a __torch_function__ in force
// An operator with a taking operand: the result, or NotImplemented.
PyObject* take_operator(const char* name, PyObject* a, PyObject* b = nullptr, PyObject* c = nullptr);
bool is_taken(PyObject* const* args, Py_ssize_t n);
PyObject* take_call(PyObject* function, PyObject* const* args, Py_ssize_t n, PyObject* names);
// A call that no signature fits: the result of an older form or of a foreign class, or NotImplemented.
PyObject* rescue_call(PyObject* function, PyObject* const* args, Py_ssize_t n, PyObject* names);
// While there is one, subclasses are tensors like any other, on this thread.
struct OverridesOff {
  OverridesOff();
  ~OverridesOff();
  OverridesOff(const OverridesOff&) = delete;
};
void watch_functions();  // opfunction.cpp: from now on functions ask is_taken first
PyObject* make_subclass(PyTypeObject* type, wg::Tensor& t, bool requires_grad);

}  // namespace wgpy
