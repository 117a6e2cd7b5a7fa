// What is said when a function is asked of a dtype that it is not defined for: torch's sentences.
#include <cstring>

#include "tiles.h"

namespace wg {
namespace {

struct Refusal {
  const char* fn;
  int category;  // 0 bool, 1 integral, 2 floating, 3 complex
  Kind kind;
  const char* message;
};
constexpr const char* kWholeAddcdiv =
    "Integer division with addcdiv is no longer supported, and in a future  release addcdiv will perform a true "
    "division of tensor1 and tensor2. The historic addcdiv behavior can be implemented as (input + value * "
    "torch.trunc(tensor1 / tensor2)).to(input.dtype) for integer inputs and as (input + value * tensor1 / tensor2) for "
    "float inputs. The future addcdiv behavior is just the latter implementation: (input + value * tensor1 / tensor2), "
    "for all dtypes.";
constexpr Refusal kRefusals[] = {
    {"neg", 0, Kind::Runtime,
     "Negation, the `-` operator, on a bool tensor is not supported. If you are trying to invert a mask, use the `~` "
     "or `logical_not()` operator instead."},
    {"sub", 0, Kind::Runtime,
     "Subtraction, the `-` operator, with two bool tensors is not supported. Use the `^` or `logical_xor()` operator "
     "instead."},
    {"rsub", 0, Kind::Runtime,
     "Subtraction, the `-` operator, with a bool tensor is not supported. If you are trying to invert a mask, use the "
     "`~` or `logical_not()` operator instead."},
    {"relu", 0, Kind::Runtime, "Boolean inputs not supported for relu"},
    {"relu", 3, Kind::NotImplemented, "clamp is not supported for complex types"},
    {"clamp", 3, Kind::NotImplemented, "clamp is not supported for complex types"},
    {"addcdiv", 0, Kind::Runtime, kWholeAddcdiv},
    {"addcdiv", 1, Kind::Runtime, kWholeAddcdiv},
    {"sign", 3, Kind::NotImplemented,
     "Unlike NumPy, torch.sign is not intended to support complex numbers. Please use torch.sgn instead."},
    {"floor", 3, Kind::NotImplemented, "floor is not supported for complex inputs"},
    {"ceil", 3, Kind::NotImplemented, "ceil is not supported for complex inputs"},
    {"trunc", 3, Kind::NotImplemented, "trunc is not supported for complex inputs"},
    {"deg2rad", 3, Kind::Runtime, "deg2rad is not supported for complex tensors."},
    {"rad2deg", 3, Kind::Runtime, "rad2deg is not supported for complex tensors."},
    {"isposinf", 3, Kind::Runtime, "isposinf does not support complex inputs."},
    {"isneginf", 3, Kind::Runtime, "isneginf does not support complex inputs."},
    {"signbit", 3, Kind::NotImplemented, "signbit is not implemented for complex tensors."},
    {"maximum", 3, Kind::Runtime, "maximum not implemented for complex tensors."},
    {"minimum", 3, Kind::Runtime, "minimum not implemented for complex tensors."},
    {"fmax", 3, Kind::Runtime, "fmax not implemented for complex tensors."},
    {"fmin", 3, Kind::Runtime, "fmin not implemented for complex tensors."},
    {"heaviside", 3, Kind::Runtime, "heaviside is not yet implemented for complex tensors."},
};

// The names of torch's kernels where they are not the function's name and "_cpu".
constexpr const char* kKernels[][2] = {
    {"erf", "erf_vml_cpu"},
    {"erfc", "erfc_vml_cpu"},
    {"erfinv", "erfinv_vml_cpu"},
    {"floor", "floor_vml_cpu"},
    {"ceil", "ceil_vml_cpu"},
    {"round", "round_vml_cpu"},
    {"trunc", "trunc_vml_cpu"},
    {"i0", "i0_vml_cpu"},
    {"lgamma", "lgamma_vml_cpu"},
    {"digamma", "digamma"},
    {"floor_divide", "div_floor_cpu"},
    {"trunc_divide", "div_trunc_cpu"},
    {"bitwise_left_shift", "lshift_cpu"},
    {"bitwise_right_shift", "rshift_cpu"},
    {"pow", "pow"},
    {"polygamma", "polygamma"},
    {"lerp", "lerp_kernel_tensor"},
    {"addcmul", "addcmul_cpu_out"},
    {"gelu", "GeluKernelImpl"},
    {"gelu_tanh", "GeluKernelImpl"},
    {"softshrink", "softshrink_check"},
    {"add", "add_stub"},
    {"sub", "add_stub"},
    {"rsub", "add_stub"},
    {"add_scaled", "add_stub"},
    {"sub_scaled", "add_stub"},
    {"rsub_scaled", "add_stub"},
    {"clamp_min", "maximum_cpu"},
    {"clamp_max", "minimum_cpu"},
};

}  // namespace

void refuse(int fn, DType dtype) {
  const char* name = fn_info(fn).name;
  for (const Refusal& r : kRefusals)
    if (!std::strcmp(r.fn, name) && r.category == category(dtype)) fail(r.kind, r.message);
  std::string kernel = std::string(name) + "_cpu";
  for (auto& k : kKernels)
    if (!std::strcmp(k[0], name)) kernel = k[1];
  fail(Kind::NotImplemented, '"', kernel, "\" not implemented for '", torch_name(dtype), "'");
}

}  // namespace wg
