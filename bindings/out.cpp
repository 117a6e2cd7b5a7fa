// out=: results that go into tensors the caller gave.
#include <algorithm>

#include "../core/ops/element.h"
#include "../core/parallel.h"
#include "signature.h"

namespace wgpy {

using namespace wg;

namespace {

// Ops that move elements: torch lets none of them write to what it reads, not even to the same tensor.
bool reads_as_it_writes(const std::string& op) {
  static const std::string_view names[] = {"index_select", "masked_select", "take",       "gather",         "cat",
                                           "stack",        "index_add",     "index_copy", "take_along_dim", "nonzero"};
  std::string_view base = std::string_view(op).substr(0, op.find('.'));
  return std::find(std::begin(names), std::end(names), base) != std::end(names) || base.substr(0, 7) == "scatter";
}

bool counts_along(const std::string& op) {
  std::string_view base = std::string_view(op).substr(0, op.find('.'));
  return base == "arange" || base == "range" || base == "linspace" || base == "logspace";
}

bool one_of(std::string_view name, std::initializer_list<std::string_view> names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// all and any give bool, or bytes to those who ask for them.
bool truth_as_bytes(const std::string& op, const Tensor& out) {
  return out.dtype == DType::UInt8 && one_of(std::string_view(op).substr(0, op.find('.')), {"all", "any"});
}

bool joins(std::string_view op) { return one_of(op, {"cat", "stack"}); }

// Ops of one tensor that write their results as they are; moduli of complex numbers may be cast.
bool casts_nothing(const Call& c, std::string_view op) {
  return !(op == "abs" && is_complex(c.tensor(0).dtype)) &&
         one_of(op, {"abs", "bitwise_not", "ceil", "conj_physical", "floor", "frac", "neg", "sgn", "sign", "trunc"});
}

// Refuses a dtype of an output in the words of the op.
void check_out_dtype(DType out, DType made, std::string_view op, bool several) {
  if (out == made || op == "bernoulli") return;
  const char *was = torch_name(out), *is = torch_name(made);
  WG_CHECK(!one_of(op, {"all", "any"}) || out == DType::UInt8, op, " only supports bool tensor for result, got: ", was);
  WG_CHECK(!one_of(op, {"logcumsumexp", "cummax", "cummin"}), "expected scalar_type ", is, " but found ", was);
  WG_CHECK(
      !one_of(op, {"searchsorted", "bucketize"}),
      "torch.searchsorted(): output tensor's dtype is wrong, it can only be Int(int32) or Long(int64) depending on "
      "whether out_int32 flag is True, but we got output tensor's dtype ",
      was, " and out_int32 flag is ", made == DType::Int32 ? "True" : "False");
  const bool index = made == DType::Int64;
  WG_CHECK(op != "mode", "expected scalar type '", is, "' but got '", was, "' for ", index ? "indices" : "values",
           " output");
  WG_CHECK(op != "kthvalue" || index, "output values must be of same type as input");
  WG_CHECK(op != "complex", "Expected object of scalar type ", is, " but got scalar type ", was, " for argument 'out'");
  if (joins(op)) {
    WG_CHECK_TYPE(can_cast(made, out), "torch.cat(): input types can't be cast to the desired output type ", was);
    return;
  }
  WG_CHECK(op != "amax" && op != "amin", "Expected the dtype for input and out to match, but got ", is,
           " for input's dtype and ", was, " for out's dtype.");
  WG_CHECK(op != "dot" && op != "vdot", "result dtype ", was, " does not match input dtype ", is);
  const bool exact = one_of(op, {"argmax", "argmin", "mm", "bmm", "mv", "matmul", "addmm", "addmv", "baddbmm",
                                 "linalg_vector_norm", "take_along_dim"});
  WG_CHECK(!(several || exact) || one_of(op, {"median", "nanmedian", "kthvalue"}), "Expected out tensor to have dtype ",
           compiler_name(made), ", but got ", compiler_name(out), " instead");
  WG_CHECK(can_cast(made, out), "result type ", is, " can't be cast to the desired output type ", was);
}

// Whether a result may be written to `out`: its dtype, and that it does not lie over what is read.
void check_out(const Tensor& out, const Tensor& made, const Call& c, bool several) {
  const std::string& op = c.op->name;
  const bool flat = c.op->constant || c.op->promote == Promote::Compare;  // results without a gradient
  WG_CHECK(
      !modes().grad || flat || !requires_grad(const_cast<Tensor&>(out)), op,
      "(): functions with out=... arguments don't support automatic differentiation, but one of the arguments requires grad.");
  bool elementwise = c.op->style == Style::Elementwise || op == "max.other" || op == "min.other";
  WG_CHECK(out.dtype == made.dtype || !casts_nothing(c, op), "Found dtype ", torch_name(out.dtype), " but expected ",
           torch_name(made.dtype));
  check_out_dtype(out.dtype, made.dtype, std::string_view(op).substr(0, op.find('.')), several && !elementwise);
  WG_CHECK(out.dtype == DType::Bool || !one_of(op, {"isposinf", "isneginf", "signbit"}), op,
           " does not support non-boolean outputs.");
  bool changes_kind = category(made.dtype) != category(out.dtype) || is_complex(made.dtype);
  bool asked = false;  // for a dtype: then it must be that of out
  for (int i = 0; i < c.nargs; ++i) asked |= c.args[i].tag == Tag::DType;
  WG_CHECK(!asked || c.op->tensor_args || made.dtype == out.dtype, "dtype ", torch_name(made.dtype),
           " does not match dtype of out parameter (", torch_name(out.dtype), ")");
  WG_CHECK(elementwise || made.dtype == out.dtype || truth_as_bytes(op, out) || op == "bernoulli" || joins(op) ||
               (!several && !changes_kind && !asked),
           "Expected out tensor to have dtype ", compiler_name(made.dtype), ", but got ", compiler_name(out.dtype),
           " instead");
  const bool written_as_it_lies = out.sizes == made.sizes || op == "index_select";  // which asks before it resizes
  if (written_as_it_lies) check_written(out.sizes, out.strides);
  const bool moves = reads_as_it_writes(op);
  for (int i = 0; i < c.nargs && (elementwise || moves); ++i) {
    if (c.args[i].is_tensor())
      check_apart(out, *c.args[i].tensor, moves);
    else if (c.args[i].tag == Tag::Tensors)
      for (const TensorRef& t : c.args[i].tensors())
        if (t) check_apart(out, *t, moves);
  }
}

}  // namespace

void refuse_random_out() {
  fail(
      Kind::Runtime,
      "vmap: We do not support calling out variants of random operations inside of vmap. Please use non-out variants as a workaround");
}

// out=: the result is moved into a tensor the caller gave, which takes its shape.
void write_out(Tensor& out, const TensorRef& made, const Call& c, bool several) {
  if (out.wrapped || made->wrapped) {  // by a transform, which refuses
    const std::string what = "out=" + c.op->name;
    observe(*made, what.c_str());
    observe(out, what.c_str());
  }
  check_out(out, *made, c, several);
  announce_write(out);
  if (counts_along(c.op->name) && out.numel == made->numel && out.numel) {  // these fill whatever shape has the room
    copy(out, *alias(*made, out.sizes, contiguous_strides(out.sizes), made->offset));
    return bump(out);
  }
  if (!(out.sizes == made->sizes)) {
    const bool fills = one_of(c.op->name, {"zeros", "ones", "full", "empty", "eye", "eye.m", "randperm"}) ||
                       counts_along(c.op->name);  // these just resize
    if (out.numel && std::string_view(c.op->name).substr(0, 6) == "arange" &&
        PyErr_WarnFormat(
            PyExc_UserWarning, 1,
            "The number of elements in the out tensor of shape %s is %lld which does not match the computed "
            "number of elements %lld. Note that this may occur as a result of rounding error. The out tensor "
            "will be resized to a tensor of shape (%lld,).",
            to_string(out.sizes).c_str(), (long long)out.numel, (long long)made->numel, (long long)made->numel) < 0)
      throw PythonError{};
    if (out.numel && !fills &&
        PyErr_WarnFormat(PyExc_UserWarning, 1,
                         "An output with one or more elements was resized since it had shape %s, which "
                         "does not match the required output shape %s. This behavior is deprecated, and "
                         "in a future PyTorch release outputs will not be resized unless they have zero "
                         "elements. You can explicitly reuse an out tensor t by resizing it, inplace, to "
                         "zero elements with t.resize_(0).",
                         to_string(out.sizes).c_str(), to_string(made->sizes).c_str()) < 0)
      throw PythonError{};
    wait_for_kernels();
    size_t needed = size_t(out.offset + made->numel) * size_of(out.dtype);
    if (out.storage->nbytes < needed) resize_storage(*out.storage, needed);
    out.sizes = made->sizes;
    out.strides = is_dense(made->sizes, made->strides) ? made->strides : contiguous_strides(made->sizes);
    out.numel = made->numel;
    out.contiguous = is_contiguous(out.sizes, out.strides);
  }
  copy(out, *made);
  bump(out);
}

}  // namespace wgpy
