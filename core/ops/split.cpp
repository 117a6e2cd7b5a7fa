// Views in several parts (split, unbind …), and the views that are made of other views (flatten, movedim, mT …).
#include <algorithm>

#include "../kernels/copy.h"
#include "../tape.h"
#include "calls.h"
#include "once.h"

namespace wg {
namespace {

// Pieces of t along dim; the last may be given short.
void split_into(Call& c, const Tensor& t, int dim, const Dims& lengths) {
  int64_t start = 0;
  for (int64_t n : lengths) {
    Dims sizes = t.sizes;
    sizes[dim] = n;
    c.out(alias(t, sizes, t.strides, t.offset + (t.numel ? start * t.strides[dim] : 0)));
    start += n;
  }
}

Dims equal_lengths(int64_t n, int64_t size) {
  WG_CHECK(size >= 0, "split expects split_size be non-negative, but got split_size=", size);
  WG_CHECK(size > 0 || n == 0, "split_size can only be 0 if dimension size is 0, but got dimension size of ", n);
  const int64_t count = size == 0 ? 1 : std::max<int64_t>((n + size - 1) / size, 1);
  WG_CHECK(count <= INT32_MAX, "split: too many pieces: ", count);
  Dims lengths(int(count), size);
  lengths[int(count) - 1] = size - (size * count - n);
  return lengths;
}

void split_equally(Call& c) {
  Tensor& t = c.tensor(0);
  WG_CHECK(t.ndim() > 0, "split expects at least a 1-dimensional tensor");
  const int dim = wrap_dim(c.integer_or(2, 0), t.ndim());
  c.set(2, Value::of_int(dim));
  split_into(c, t, dim, equal_lengths(t.sizes[dim], c.integer(1)));
}

void split_by_sizes(Call& c) {
  Tensor& t = c.tensor(0);
  WG_CHECK(t.ndim() > 0, "split expects at least a 1-dimensional tensor");
  const int dim = wrap_dim(c.integer_or(2, 0), t.ndim());
  const Dims& lengths = c.ints(1);
  int64_t total = 0;
  for (int64_t n : lengths) {
    WG_CHECK(n >= 0, "split_with_sizes expects split_sizes have only non-negative entries, but got split_sizes=",
             to_string(lengths));
    total += n;
  }
  WG_CHECK(total == t.sizes[dim], "split_with_sizes expects split_sizes to sum exactly to ", t.sizes[dim],
           " (input tensor's size at dimension ", dim, "), but got split_sizes=", to_string(lengths));
  c.set(2, Value::of_int(dim));
  split_into(c, t, dim, lengths);
}

// Runs another op with many results and hands its results on.
void forward_to(Call& c, const OpDef& target, std::initializer_list<Value> values) {
  std::vector<Value> args(values);
  Call inner{&target, args.data(), int(args.size()), nullptr, {}, {}, {}};
  apply(inner);
  for (int k = 0, n = inner.nouts(); k < n; ++k) c.out(std::move(inner.result(k)));
}

void sections(Call& c, Tensor& t, int dim, int64_t count) {
  WG_CHECK(count > 0, "number of sections must be larger than 0, got ", count);
  WG_CHECK(count <= INT32_MAX, "tensor_split: too many sections: ", count);
  Dims lengths(int(count), t.sizes[dim] / count);
  for (int i = 0; i < t.sizes[dim] % count; ++i) ++lengths[i];
  int64_t start = 0;
  for (int64_t n : lengths) {
    c.out(call<"slice">(t, dim, start, start + n, 1));
    start += n;
  }
}

void sections_at(Call& c, Tensor& t, int dim, const Dims& indices) {
  int64_t start = 0;
  for (int64_t end : indices) {
    c.out(call<"slice">(t, dim, start, end, 1));
    start = end;
  }
  c.out(call<"slice">(t, dim, start, t.sizes[dim], 1));
}

// tensor_split's second argument: a number of sections, the indices at which to cut, or a tensor of either.
void split_sections(Call& c, Tensor& t, int dim, const Value& how) {
  if (how.tag == Tag::Ints) return sections_at(c, t, dim, how.ints());
  if (!how.is_tensor()) return sections(c, t, dim, how.to_int());
  const Tensor& given = *how.tensor;
  WG_CHECK(given.dtype == DType::Int64,
           "tensor_split expected tensor_indices_or_sections to have dtype of long, but got ", torch_name(given.dtype));
  WG_CHECK(given.ndim() <= 1,
           "tensor_split expected tensor_indices_or_sections to be a zero-dimensional or "
           "one-dimensional tensor, but got a tensor with ",
           given.ndim(), " dims");
  const TensorRef values = contiguous(given);
  if (given.ndim() == 0) return sections(c, t, dim, *values->as<int64_t>());
  sections_at(c, t, dim, Dims(values->as<int64_t>(), int(values->numel)));
}

// hsplit, vsplit and dsplit differ in the dim and in the dims they ask for.
void split_along(Call& c, const char* name, int dim, int least) {
  Tensor& t = c.tensor(0);
  WG_CHECK(t.ndim() >= least, "torch.", name, " requires a tensor with at least ", least,
           " dimension, but got a tensor with ", t.ndim(), " dimensions!");
  if (c.args[1].tag != Tag::Ints) {
    const int64_t n = c.integer(1);
    WG_CHECK(n != 0 && t.sizes[dim] % n == 0, "torch.", name, " attempted to split along dimension ", dim,
             ", but the size of the dimension ", t.sizes[dim], " is not divisible by the split_size ", n, "!");
  }
  split_sections(c, t, dim, c.args[1]);
}

Dims moved_order(const Tensor& t, const Dims& from, const Dims& to) {
  WG_CHECK(from.size() == to.size(), "movedim: Invalid source or destination dims: source (", to_string(from),
           " dims) should contain the same number of dims as destination (", to_string(to), " dims)");
  const int n = t.ndim();
  Dims order(std::max(n, 1), -1);
  uint64_t used = 0, filled = 0;
  for (int i = 0; i < from.size(); ++i) {
    const int s = wrap_dim(from[i], n), d = wrap_dim(to[i], n);
    WG_CHECK(!(used >> s & 1), "movedim: repeated dim in `source` (", to_string(from), ")");
    WG_CHECK(!(filled >> d & 1), "movedim: repeated dim in `destination` (", to_string(to), ")");
    used |= uint64_t(1) << s;
    filled |= uint64_t(1) << d;
    order[d] = s;
  }
  for (int d = 0, s = 0; d < n; ++d) {
    if (filled >> d & 1) continue;
    while (used >> s & 1) ++s;
    order[d] = s++;
  }
  return n == 0 ? Dims() : order;
}

void deprecated_on_numbers(const Tensor& t, const char* what, const char* advice) {
  if (t.ndim() == 0) warn_once(str(what, " is deprecated on 0-D tensors. ", advice));
}

TensorRef matrix_transpose(Tensor& t, const char* what) {
  WG_CHECK(t.ndim() != 1, what, " is only supported on matrices or batches of matrices. Got 1-D tensor.");
  return call<"transpose">(t, t.ndim() == 0 ? 0 : -2, -1);
}

// Whether the pieces lie in memory as those of one contiguous tensor of that size do.
bool lie_side_by_side(const std::vector<TensorRef>& pieces, int dim, const Dims& sizes) {
  const Dims strides = contiguous_strides(sizes);
  int64_t offset = pieces[0] ? pieces[0]->offset : 0;
  for (const TensorRef& t : pieces) {
    if (!t || t->storage.get() != pieces[0]->storage.get() || t->strides != strides || t->offset != offset)
      return false;
    offset += t->sizes[dim] * strides[dim];
  }
  return true;
}

// The gradient of the whole: those of the pieces beside each other, zeros where there is none.
bool pieces_joined(Node& n, const std::vector<TensorRef>& in, std::vector<TensorRef>& out) {
  const int at = saved_at(n, false, 2);
  if (at < 0 || in.size() != n.outputs.size()) return false;
  const int dim = int(unpack(n, uint32_t(at), false).get().to_int());
  Dims sizes = n.outputs[0].sizes;
  sizes[dim] = 0;
  for (const OutputMeta& m : n.outputs) sizes[dim] += m.sizes[dim];
  if (lie_side_by_side(in, dim, sizes)) {
    out[0] = alias(*in[0], sizes, in[0]->strides, in[0]->offset);
    return true;
  }
  out[0] = empty(sizes, n.outputs[0].dtype);
  char* to = out[0]->data();
  for (uint32_t k = 0; k < in.size(); ++k) {
    const Dims& piece = n.outputs[k].sizes;
    const TensorRef g = in[k] ? in[k] : zeros(piece, out[0]->dtype);
    copy_strided(to, out[0]->dtype, out[0]->strides, g->data(), g->dtype, g->strides, piece);
    to += piece[dim] * out[0]->strides[dim] * size_of(out[0]->dtype);
  }
  return true;
}

}  // namespace

WG_OP_AS(split, "split", View) { split_equally(c); }
WG_OP_AS(split_with_sizes, "split_with_sizes", View) { split_by_sizes(c); }
[[maybe_unused]] static const Shortcut joined = op_split.shortcut = op_split_with_sizes.shortcut = pieces_joined;
WG_OP_AS(split_sizes, "split.sizes", Composite) {
  forward_to(c, op<"split_with_sizes">(), {c.args[0], c.args[1], Value::of_int(c.integer_or(2, 0))});
}

// The results of the unsafe forms are not tracked as views: each has a version counter of its own.
static void separate_versions(Call& c) {
  for (int k = 0; k < c.nouts(); ++k) c.result(k)->version = Own<Version>();
}
WG_OP(unsafe_split) {
  split_equally(c);
  separate_versions(c);
}
WG_OP(unsafe_split_with_sizes) {
  split_by_sizes(c);
  separate_versions(c);
}

static void chunk_into(Call& c, const OpDef& split, const OpDef& by_size) {
  Tensor& t = c.tensor(0);
  WG_CHECK(t.ndim() > 0, "chunk expects at least a 1-dimensional tensor");
  const int64_t count = c.integer(1);
  WG_CHECK(count > 0, "chunk expects `chunks` to be greater than 0, got: ", count);
  const int dim = wrap_dim(c.integer_or(2, 0), t.ndim());
  const int64_t n = t.sizes[dim], size = n > 0 ? (n - 1) / count + 1 : 0;
  if (size > 0) return forward_to(c, split, {Value(&t), Value::of_int(size), Value::of_int(dim)});
  WG_CHECK(count <= INT32_MAX, "chunk: too many chunks: ", count);
  const Held none = hold_ints(Dims(int(count), 0));
  forward_to(c, by_size, {Value(&t), none.get(), Value::of_int(dim)});
}
WG_OP_AS(chunk, "chunk", Composite) { chunk_into(c, op<"split">(), op<"split_with_sizes">()); }
WG_OP_AS(unsafe_chunk, "unsafe_chunk", Composite) {
  chunk_into(c, op<"unsafe_split">(), op<"unsafe_split_with_sizes">());
}

WG_OP_AS(unbind, "unbind", View) {
  Tensor& t = c.tensor(0);
  WG_CHECK_INDEX(t.ndim() > 0, "Dimension specified as ", c.integer_or(1, 0), " but tensor has no dimensions");
  const int dim = wrap_dim(c.integer_or(1, 0), t.ndim());
  Dims sizes = t.sizes, strides = t.strides;
  sizes.erase(dim);
  strides.erase(dim);
  c.set(1, Value::of_int(dim));
  for (int64_t i = 0; i < t.sizes[dim]; ++i) c.out(alias(t, sizes, strides, t.offset + i * t.strides[dim]));
}

static void tensor_split(Call& c) {
  Tensor& t = c.tensor(0);
  WG_CHECK(t.ndim() > 0, "tensor_split expected at least a 1-dimensional tensor, but got a tensor with ", t.ndim(),
           " dims");
  split_sections(c, t, wrap_dim(c.integer_or(2, 0), t.ndim()), c.args[1]);
}
WG_OP_AS(tensor_split_sections, "tensor_split.sections", Composite) { tensor_split(c); }
WG_OP_AS(tensor_split_indices, "tensor_split.indices", Composite) { tensor_split(c); }
WG_OP_AS(tensor_split_tensor, "tensor_split.tensor_indices_or_sections", Composite) { tensor_split(c); }
WG_OP_AS(hsplit, "hsplit.int", Composite) { split_along(c, "hsplit", c.tensor(0).ndim() == 1 ? 0 : 1, 1); }
WG_OP_AS(hsplit_array, "hsplit.array", Composite) { split_along(c, "hsplit", c.tensor(0).ndim() == 1 ? 0 : 1, 1); }
WG_OP_AS(vsplit, "vsplit.int", Composite) { split_along(c, "vsplit", 0, 2); }
WG_OP_AS(vsplit_array, "vsplit.array", Composite) { split_along(c, "vsplit", 0, 2); }
WG_OP_AS(dsplit, "dsplit.int", Composite) { split_along(c, "dsplit", 2, 3); }
WG_OP_AS(dsplit_array, "dsplit.array", Composite) { split_along(c, "dsplit", 2, 3); }

// The scatters of views: a copy of argument 0 with argument 1 written where the view is.
static void scatter_view(Call& c, const OpDef& view, std::initializer_list<Value> where, bool row_major = false) {
  Tensor &self = c.tensor(0), &source = c.tensor(1);
  const TensorRef out = row_major ? empty(self.sizes, self.dtype) : clone(self);
  if (row_major) copy(*out, self);
  std::vector<Value> args{Value(out)};
  args.insert(args.end(), where);
  Call inner{&view, args.data(), int(args.size()), nullptr, {}, {}, {}};
  apply(inner);
  WG_CHECK(inner.first->sizes == source.sizes,
           "expected src to have a size equal to the slice of self. src size = ", to_string(source.sizes),
           ", slice size = ", to_string(inner.first->sizes));
  copy(*inner.first, source);
  c.out(out);
}
WG_OP(select_scatter) { scatter_view(c, op<"select">(), {c.args[2], c.args[3]}); }
WG_OP(slice_scatter) { scatter_view(c, op<"slice">(), {c.args[2], c.args[3], c.args[4], c.args[5]}); }
WG_OP(diagonal_scatter) { scatter_view(c, op<"diagonal">(), {c.args[2], c.args[3], c.args[4]}); }
WG_OP(as_strided_scatter) { scatter_view(c, op<"as_strided">(), {c.args[2], c.args[3], c.args[4]}, true); }

WG_OP_AS(flatten, "flatten", Composite) {
  Tensor& t = c.tensor(0);
  const int first = wrap_dim(c.integer_or(1, 0), t.ndim()), last = wrap_dim(c.integer_or(2, -1), t.ndim());
  WG_CHECK(first <= last, "flatten() has invalid args: start_dim cannot come after end_dim");
  if (t.ndim() == 0) return c.out(call<"reshape">(t, Dims{1}));
  if (first == last) return c.out(TensorRef(&t));
  Dims sizes;
  for (int i = 0; i < first; ++i) sizes.push_back(t.sizes[i]);
  int64_t n = 1;
  for (int i = first; i <= last; ++i) n *= t.sizes[i];
  sizes.push_back(n);
  for (int i = last + 1; i < t.ndim(); ++i) sizes.push_back(t.sizes[i]);
  c.out(call<"reshape">(t, sizes));
}

WG_OP_AS(unflatten, "unflatten", Composite) {
  Tensor& t = c.tensor(0);
  const int dim = wrap_dim(c.integer(1), t.ndim());
  const Dims& wanted = c.ints(2);
  WG_CHECK(!wanted.empty(), "unflatten: sizes must be non-empty");
  const int64_t n = t.ndim() == 0 ? 1 : t.sizes[dim];
  int64_t known = 1, open = 0;
  for (int64_t s : wanted) {
    if (s == -1)
      ++open;
    else
      known *= s;
  }
  WG_CHECK(open > 1 || known == n || (open == 1 && known > 0 && n % known == 0), "unflatten: Provided sizes ",
           to_string(wanted), " don't multiply up to the size of dim ", dim, " (", n, ") in the input tensor");
  const Dims inner = infer_size(wanted, n);
  Dims sizes = t.sizes;
  if (t.ndim() > 0) sizes.erase(dim);
  for (int i = 0; i < inner.size(); ++i) sizes.insert(dim + i, inner[i]);
  c.out(call<"view">(t, sizes));
}

WG_OP_AS(ravel, "ravel", Composite) { c.out(call<"reshape">(call<"contiguous">(c.tensor(0)), Dims{-1})); }
WG_OP_AS(view_as, "view_as", Composite) { c.out(call<"view">(c.tensor(0), c.tensor(1).sizes)); }
WG_OP_AS(reshape_as, "reshape_as", Composite) { c.out(call<"reshape">(c.tensor(0), c.tensor(1).sizes)); }
WG_OP_AS(expand_as, "expand_as", Composite) { c.out(call<"expand">(c.tensor(0), c.tensor(1).sizes, false)); }
WG_OP_AS(broadcast_to, "broadcast_to", Composite) { c.out(call<"expand">(c.tensor(0), c.ints(1), false)); }

WG_OP_AS(movedim, "movedim", Composite) {
  Tensor& t = c.tensor(0);
  c.out(call<"permute">(t, moved_order(t, c.ints(1), c.ints(2))));
}
WG_OP_AS(swapaxes, "swapaxes", Composite) { c.out(call<"transpose">(c.tensor(0), c.args[1], c.args[2])); }

const char* const kIdentity = "This function is the identity in these cases.";
const char* const kConjugate = "Consider using x.conj().";

WG_OP_AS(numpy_T, "numpy_T", Composite) {
  Tensor& t = c.tensor(0);
  deprecated_on_numbers(t, "Tensor.T", kIdentity);
  if (t.ndim() != 2 && t.ndim() != 0)
    warn_once(
        "The use of `x.T` on tensors of dimension other than 2 to reverse their shape is deprecated and it will throw an "
        "error in a future release. Consider `x.mT` to transpose batches of matrices or "
        "`x.permute(*torch.arange(x.ndim - 1, -1, -1))` to reverse the dimensions of a tensor.");
  Dims dims(t.ndim());
  for (int i = 0; i < t.ndim(); ++i) dims[i] = t.ndim() - 1 - i;
  c.out(call<"permute">(t, dims));
}
WG_OP_AS(matrix_H, "matrix_H", Composite) {
  Tensor& t = c.tensor(0);
  deprecated_on_numbers(t, "Tensor.H", kConjugate);
  WG_CHECK(t.ndim() == 0 || t.ndim() == 2, "tensor.H is only supported on matrices (2-D tensors). Got ", t.ndim(),
           "-D tensor.", t.ndim() > 2 ? " For batches of matrices, consider using tensor.mH" : "");
  const TensorRef turned = call<"transpose">(t, 0, t.ndim() == 0 ? 0 : 1);
  c.out(is_complex(t.dtype) ? call<"conj_physical">(turned) : turned);
}
WG_OP_AS(mT, "mT", Composite) {
  deprecated_on_numbers(c.tensor(0), "Tensor.mT", kIdentity);
  c.out(matrix_transpose(c.tensor(0), "tensor.mT"));
}
static TensorRef conjugate_transpose(Tensor& t, const char* what, const char* property) {
  deprecated_on_numbers(t, property, kConjugate);
  const TensorRef turned = matrix_transpose(t, what);
  return is_complex(t.dtype) ? call<"conj_physical">(turned) : turned;
}
WG_OP_AS(mH, "mH", Composite) { c.out(conjugate_transpose(c.tensor(0), "tensor.mH", "Tensor.mH")); }
WG_OP_AS(adjoint, "adjoint", Composite) { c.out(conjugate_transpose(c.tensor(0), "tensor.adjoint()", "adjoint()")); }

WG_OP_AS(real_view, "real_view", Composite) {
  Tensor& t = c.tensor(0);
  c.out(is_complex(t.dtype) ? call<"select">(call<"view_as_real">(t), -1, 0) : TensorRef(&t));
}
WG_OP_AS(imag_view, "imag_view", Composite) {
  Tensor& t = c.tensor(0);
  WG_CHECK(is_complex(t.dtype), "imag is not implemented for tensors with non-complex dtypes.");
  c.out(call<"select">(call<"view_as_real">(t), -1, 1));
}

WG_OP_AS(diag, "diag", Composite) {
  Tensor& t = c.tensor(0);
  WG_CHECK(t.ndim() == 1 || t.ndim() == 2, "diag(): Supports 1D or 2D tensors. Got ", t.ndim(), "D");
  if (t.ndim() == 1) return c.out(call<"diag_embed">(t, c.args[1], -2, -1));
  c.out(call<"clone">(call<"diagonal">(t, c.args[1], 0, 1)));
}
WG_OP_AS(diagflat, "diagflat", Composite) {
  c.out(call<"diag_embed">(call<"reshape">(c.tensor(0), Dims{-1}), c.args[1], -2, -1));
}

}  // namespace wg
