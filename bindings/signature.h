// Signatures in torch's schema language, parsed once, when an op is declared.
#pragma once
#include <string>
#include <vector>

#include "python.h"

namespace wgpy {

enum class Type : uint8_t {
  Tensor,
  Tensors,
  Scalar,
  Int,
  Float,
  Bool,
  Ints,
  Floats,
  DType,
  Text,
  Generator,
  Any,
  Device,
  Format
};

struct Param {
  std::string name;
  PyObject* key = nullptr;  // the name, interned
  Type type = Type::Any;
  bool optional = false;  // None is allowed
  bool holes = false;     // a list of tensors in which some may be None
  bool number = false;    // a Tensor argument that may be a number
  bool strict = false;    // … and one that may not, although its op is elementwise
  bool differentiable = false;
  bool keyword_only = false;
  bool one = false;  // int[k]: a single int stands for a list
  int repeat = 0;    // … of k equal ones
  bool has_default = false;
  wg::Held value;  // the default
};

struct Overload {
  std::string schema;
  wg::OpDef* op = nullptr;
  std::vector<Param> params;
  int positional = 0;
  bool inplace = false;
  bool further = false;  // one more way to write a call of an op that another signature describes
  bool returns_list = false;
  int requires_grad = -1;  // position of a factory's requires_grad
  int out_count = 1;
  PyObject* result_type = nullptr;  // builds a named tuple of several results
};

// Moves a result into `out`, which takes its shape; several: the op has other results too. Throws torch's refusals.
[[noreturn]] void refuse_random_out();
void write_out(wg::Tensor& out, const TensorRef& made, const wg::Call& c, bool several);
int param_of(const Overload& o,
             PyObject* key);  // the parameter that a keyword names, in torch's other spellings too; or -1
void parse(Overload& o);      // throws wg::Error on a malformed schema

}  // namespace wgpy
