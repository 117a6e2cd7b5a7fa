// Views: ops that only change sizes, strides and the offset.
#include <algorithm>

#include "../kernels/index.h"
#include "../op.h"
#include "calls.h"
#include "expect.h"

namespace wg {
namespace {

void check_view(bool ok) {
  WG_CHECK(ok,
           "view size is not compatible with input tensor's size and stride (at least one dimension spans across "
           "two contiguous subspaces). Use .reshape(...) instead.");
}

std::string type_name(const Tensor& t) { return str("torch.", torch_name(t.dtype), "Tensor"); }

TensorRef swapped(const Tensor& t, int a, int b) {
  Dims sizes = t.sizes, strides = t.strides;
  if (a != b) {
    std::swap(sizes[a], sizes[b]);
    std::swap(strides[a], strides[b]);
  }
  return alias(t, sizes, strides, t.offset);
}

TensorRef permuted(const Tensor& t, const Dims& dims) {
  Dims sizes(dims.size()), strides(dims.size());
  for (int i = 0; i < dims.size(); ++i) {
    sizes[i] = t.sizes[int(dims[i])];
    strides[i] = t.strides[int(dims[i])];
  }
  return alias(t, sizes, strides, t.offset);
}

Dims wrapped_permutation(const Tensor& t, const Dims& dims) {
  WG_CHECK(dims.size() == t.ndim(),
           "permute(sparse_coo): number of dimensions in the tensor input does not match the length of the desired "
           "ordering of dimensions i.e. input.dim() = ",
           t.ndim(), " is not equal to len(dims) = ", dims.size());
  Dims out(dims.size());
  uint64_t seen = 0;
  for (int i = 0; i < dims.size(); ++i) {
    const int d = wrap_dim(dims[i], t.ndim());
    WG_CHECK(!(seen >> d & 1), "permute(): duplicate dims are not allowed.");
    seen |= uint64_t(1) << d;
    out[i] = d;
  }
  return out;
}

// Without the dims of size 1 that are in the mask.
TensorRef squeezed(const Tensor& t, uint64_t mask) {
  Dims sizes, strides;
  for (int i = 0; i < t.ndim(); ++i) {
    if (t.sizes[i] == 1 && (mask >> i & 1)) continue;
    sizes.push_back(t.sizes[i]);
    strides.push_back(t.strides[i]);
  }
  return alias(t, sizes, strides, t.offset);
}

TensorRef sliced(const Tensor& t, int dim, int64_t start, int64_t length, int64_t step) {
  Dims sizes = t.sizes, strides = t.strides;
  sizes[dim] = length;
  strides[dim] *= step;
  return alias(t, sizes, strides, t.offset + (length ? start * t.strides[dim] : 0));
}

TensorRef selected(const Tensor& t, int dim, int64_t index) {
  Dims sizes = t.sizes, strides = t.strides;
  const int64_t offset = t.offset + index * t.strides[dim];
  sizes.erase(dim);
  strides.erase(dim);
  return alias(t, sizes, strides, offset);
}

struct Slice {
  int dim;
  int64_t start, end, step;
  int64_t length() const { return (end - start + step - 1) / step; }
};

// Clamps as Python does; dim, start, end and step are the arguments first … first + 3 of the call.
Slice canonical_slice(Call& c, int first, const Dims& sizes) {
  WG_CHECK_INDEX(!sizes.empty(), "slice() cannot be applied to a 0-dim tensor.");
  Slice s;
  s.dim = wrap_dim(c.integer(first), sizes.size());
  const int64_t n = sizes[s.dim];
  s.start = c.integer_or(first + 1, 0);
  s.end = c.integer_or(first + 2, n);
  s.step = c.integer_or(first + 3, 1);
  WG_CHECK(s.step > 0, "slice step must be positive");
  if (s.start < 0) s.start += n;
  if (s.end < 0) s.end += n;
  s.start = std::clamp<int64_t>(s.start, 0, n);
  s.end = std::clamp<int64_t>(s.end, s.start, n);
  c.set(first, Value::of_int(s.dim));
  c.set(first + 1, Value::of_int(s.start));
  c.set(first + 2, Value::of_int(s.end));
  return s;
}

struct Diagonal {
  Dims sizes, strides;
  int64_t offset;
};

// offset, dim1 and dim2 are the arguments first … first + 2.
Diagonal diagonal_of(Call& c, int first, const Tensor& t) {
  const int64_t shift = c.integer_or(first, 0);
  const int a = wrap_dim(c.integer_or(first + 1, 0), t.ndim()), b = wrap_dim(c.integer_or(first + 2, 1), t.ndim());
  WG_CHECK(a != b, "diagonal dimensions cannot be identical ", c.integer_or(first + 1, 0), ", ",
           c.integer_or(first + 2, 1));
  const int64_t n = std::max<int64_t>(
      0, shift >= 0 ? std::min(t.sizes[a], t.sizes[b] - shift) : std::min(t.sizes[a] + shift, t.sizes[b]));
  Diagonal d{t.sizes, t.strides, t.offset};
  if (n > 0) d.offset += shift >= 0 ? shift * t.strides[b] : -shift * t.strides[a];
  const int64_t step = t.strides[a] + t.strides[b];
  for (int dim : {std::max(a, b), std::min(a, b)}) {
    d.sizes.erase(dim);
    d.strides.erase(dim);
  }
  d.sizes.push_back(n);
  d.strides.push_back(step);
  c.set(first + 1, Value::of_int(a));
  c.set(first + 2, Value::of_int(b));
  return d;
}

TensorRef unfolded(const Tensor& t, int dim, int64_t size, int64_t step) {
  const int64_t n = t.ndim() == 0 ? 1 : t.sizes[dim];
  WG_CHECK(size >= 0, "size is ", size, " but must be >= 0");
  WG_CHECK(size <= n, "maximum size for tensor at dimension ", dim, " is ", n, " but size is ", size);
  WG_CHECK(step > 0, "step is ", step, " but must be > 0");
  Dims sizes = t.sizes, strides = t.strides;
  if (t.ndim() > 0) {
    sizes[dim] = (n - size) / step + 1;
    strides[dim] *= step;
  }
  sizes.push_back(size);
  strides.push_back(t.ndim() == 0 ? 1 : t.strides[dim]);
  return alias(t, sizes, strides, t.offset);
}

constexpr int64_t kFarthest = int64_t(1) << 61;  // no address is so far

// One more than the largest offset of an element.
int64_t extent_of(const Dims& sizes, const Dims& strides) {
  int64_t last = 0;
  for (int i = 0; i < sizes.size(); ++i) {
    if (sizes[i] == 0) return 0;
    int64_t span = 0;
    WG_CHECK(!__builtin_mul_overflow(sizes[i] - 1, strides[i], &span) && !__builtin_add_overflow(last, span, &last),
             "Storage size calculation overflowed with sizes=", to_string(sizes), " and strides=", to_string(strides));
  }
  return last + 1;
}

// Whether two indices may name one element (sometimes it says so although they do not).
bool may_overlap(const Dims& sizes, const Dims& strides) {
  std::vector<std::pair<int64_t, int64_t>> dims;  // stride, size
  for (int i = 0; i < sizes.size(); ++i)
    if (sizes[i] > 1) dims.push_back({strides[i], sizes[i]});
  std::sort(dims.begin(), dims.end());
  int64_t reach = 0;
  for (const auto& [stride, size] : dims) {
    if (stride <= reach) return true;
    reach += (size - 1) * stride;
  }
  return false;
}

}  // namespace

WG_OP_AS(alias, "alias", View) { c.out(alias(c.tensor(0))); }

WG_OP_AS(view, "view", View) {
  Tensor& t = c.tensor(0);
  const Dims to = infer_size(c.ints(1), t.numel);
  Dims strides;
  check_view(view_strides(t.sizes, t.strides, to, &strides));
  c.out(alias(t, to, strides, t.offset));
}

// A copy seen in another shape: the result is not tracked as a view, since nobody else holds the copy. The output of a
// recurrent layer is one too, under the names of the nodes that torch has there.
#define WG_UNSAFE_VIEW(ident, name)                             \
  WG_OP_AS(ident, name, Primitive) {                            \
    Tensor& t = c.tensor(0);                                    \
    const Dims to = infer_size(c.ints(1), t.numel);             \
    Dims strides;                                               \
    check_view(view_strides(t.sizes, t.strides, to, &strides)); \
    TensorRef out = alias(t, to, strides, t.offset);            \
    out->version = Own<Version>();                              \
    c.out(std::move(out));                                      \
  }
WG_UNSAFE_VIEW(unsafe_view, "_unsafe_view")
WG_UNSAFE_VIEW(stacked_steps, "_stacked_steps")
WG_UNSAFE_VIEW(layer_steps, "_layer_steps")

WG_OP_AS(reshape, "reshape", Composite) {
  Tensor& t = c.tensor(0);
  const Dims to = infer_size(c.ints(1), t.numel);
  Dims strides;
  if (view_strides(t.sizes, t.strides, to, &strides)) return c.out(call<"view">(t, to));
  c.out(call<"_unsafe_view">(call<"contiguous">(t), to));  // a copy: what is contiguous can be viewed
}

WG_OP_AS(expand, "expand", View) {
  Tensor& t = c.tensor(0);
  Dims sizes = c.ints(1);
  const int shift = sizes.size() - t.ndim();
  WG_CHECK(shift >= 0, "expand(", type_name(t), "{", to_string(t.sizes), "}, size=", to_string(sizes),
           "): the number of sizes provided (", sizes.size(),
           ") must be greater or equal to the number of dimensions in the tensor (", t.ndim(), ")");
  Dims strides(sizes.size());
  for (int i = sizes.size() - 1; i >= 0; --i) {
    const int64_t have = i >= shift ? t.sizes[i - shift] : 1;
    if (sizes[i] == -1) {
      WG_CHECK(i >= shift, "The expanded size of the tensor (", sizes[i],
               ") isn't allowed in a leading, non-existing dimension ", i);
      sizes[i] = have;
    }
    WG_CHECK(have == sizes[i] || (have == 1 && sizes[i] >= 0), "The expanded size of the tensor (", sizes[i],
             ") must match the existing size (", have, ") at non-singleton dimension ", i,
             ".  Target sizes: ", to_string(c.ints(1)), ".  Tensor sizes: ", to_string(t.sizes));
    const bool same = i >= shift && have == sizes[i];
    strides[i] = same ? t.strides[i - shift] : 0;
    if (i < shift) strides[i] = sizes[i] == 1 && i + 1 < sizes.size() ? sizes[i + 1] * strides[i + 1] : 0;
  }
  c.out(alias(t, sizes, strides, t.offset));
}

// What all samples of a vmap share, once for each of them, along a dim of its own.
WG_OP_AS(to_samples, "_to_samples", View) {
  Tensor& t = c.tensor(0);
  Dims sizes, strides;
  const int64_t at = c.integer(3);
  for (int i = 0; i <= t.ndim(); ++i) {
    if (i == at) sizes.push_back(c.integer(1)), strides.push_back(0);
    if (i < t.ndim()) sizes.push_back(t.sizes[i]), strides.push_back(t.strides[i]);
  }
  c.out(alias(t, sizes, strides, t.offset));
}

WG_OP_AS(permute, "permute", View) {
  Tensor& t = c.tensor(0);
  const Dims dims = wrapped_permutation(t, c.ints(1));
  c.set_ints(1, dims);
  c.out(permuted(t, dims));
}

WG_OP_AS(permute_inverse, "_permute_inverse", View) {
  Tensor& t = c.tensor(0);
  const Dims dims = wrapped_permutation(t, c.ints(1));
  Dims inverse(dims.size());
  for (int i = 0; i < dims.size(); ++i) inverse[int(dims[i])] = i;
  c.out(permuted(t, inverse));
}

WG_OP_AS(transpose, "transpose", View) {
  Tensor& t = c.tensor(0);
  c.out(swapped(t, wrap_dim(c.integer(1), t.ndim()), wrap_dim(c.integer(2), t.ndim())));
}

WG_OP_AS(t, "t", View) {
  Tensor& t = c.tensor(0);
  WG_CHECK(t.ndim() <= 2, "t() expects a tensor with <= 2 dimensions, but self is ", t.ndim(), "D");
  c.out(t.ndim() == 2 ? swapped(t, 0, 1) : alias(t));
}

WG_OP_AS(squeeze, "squeeze", View) {
  Tensor& t = c.tensor(0);
  c.out(squeezed(t, ~uint64_t(0)));
}

WG_OP_AS(squeeze_dim, "squeeze.dim", View) {
  Tensor& t = c.tensor(0);
  c.out(squeezed(t, uint64_t(1) << wrap_dim(c.integer(1), t.ndim())));
}

WG_OP_AS(squeeze_dims, "squeeze.dims", View) {
  Tensor& t = c.tensor(0);
  c.out(squeezed(t, c.ints(1).empty() ? 0 : dim_mask(c.ints(1), t.ndim())));
}

WG_OP_AS(unsqueeze, "unsqueeze", View) {
  Tensor& t = c.tensor(0);
  const int dim = wrap_dim(c.integer(1), t.ndim() + 1);
  Dims sizes = t.sizes, strides = t.strides;
  strides.insert(dim, dim < t.ndim() ? t.sizes[dim] * t.strides[dim] : 1);
  sizes.insert(dim, 1);
  c.set(1, Value::of_int(dim));
  c.out(alias(t, sizes, strides, t.offset));
}

WG_OP_AS(select, "select", View) {
  Tensor& t = c.tensor(0);
  WG_CHECK_INDEX(t.ndim() > 0, "select() cannot be applied to a 0-dim tensor.");
  const int dim = wrap_dim(c.integer(1), t.ndim());
  const int64_t n = t.sizes[dim], index = c.integer(2);
  WG_CHECK_INDEX(index >= -n && index < n, "select(): index ", index, " out of range for tensor of size ",
                 to_string(t.sizes), " at dimension ", dim);
  c.set(1, Value::of_int(dim));
  c.set(2, Value::of_int(index < 0 ? index + n : index));
  c.out(selected(t, dim, index < 0 ? index + n : index));
}

WG_OP(_select_backward) {
  Tensor& g = c.tensor(0);
  const TensorRef out = zeros(c.ints(1), g.dtype);
  const int dim = wrap_dim(c.integer(2), out->ndim());
  expect(c, out->ndim() > 0 && c.integer(3) >= 0 && c.integer(3) < out->sizes[dim], "an index in the sizes");
  const TensorRef part = selected(*out, dim, c.integer(3));
  expect_sizes(c, g.sizes, part->sizes, "a gradient");
  copy(*part, g);
  c.out(out);
}

WG_OP_AS(slice, "slice", View) {
  Tensor& t = c.tensor(0);
  const Slice s = canonical_slice(c, 1, t.sizes);
  c.out(sliced(t, s.dim, s.start, s.length(), s.step));
}

WG_OP(_slice_backward) {
  Tensor& g = c.tensor(0);
  const Slice s = canonical_slice(c, 2, c.ints(1));
  const TensorRef out = zeros(c.ints(1), g.dtype);
  const TensorRef part = sliced(*out, s.dim, s.start, s.length(), s.step);
  copy(*part, g);
  c.out(out);
}

WG_OP_AS(narrow, "narrow", Composite) {
  Tensor& t = c.tensor(0);
  WG_CHECK(t.ndim() > 0, "narrow() cannot be applied to a 0-dim tensor.");
  const int64_t length = c.integer(3);
  WG_CHECK(length >= 0, "narrow(): length must be non-negative.");
  const int dim = wrap_dim(c.integer(1), t.ndim());
  const int64_t n = t.sizes[dim];
  int64_t start = c.integer(2);
  WG_CHECK_INDEX(start >= -n && start <= n, "start out of range (expected to be in range of [", -n, ", ", n,
                 "], but got ", start, ")");
  if (start < 0) start += n;
  WG_CHECK(start + length <= n, "start (", start, ") + length (", length, ") exceeds dimension size (", n, ").");
  c.out(call<"slice">(t, dim, start, start + length, 1));
}

WG_OP_AS(diagonal, "diagonal", View) {
  Tensor& t = c.tensor(0);
  const Diagonal d = diagonal_of(c, 1, t);
  c.out(alias(t, d.sizes, d.strides, d.offset));
}

WG_OP(_diagonal_backward) {
  Tensor& g = c.tensor(0);
  const TensorRef out = zeros(c.ints(1), g.dtype);
  const Diagonal d = diagonal_of(c, 2, *out);
  const TensorRef part = alias(*out, d.sizes, d.strides, d.offset);
  copy(*part, g);
  c.out(out);
}

WG_OP(diag_embed) {
  Tensor& t = c.tensor(0);
  const int64_t shift = c.integer_or(1, 0);
  const int nd = t.ndim() + 1;
  const int a = wrap_dim(c.integer_or(2, -2), nd), b = wrap_dim(c.integer_or(3, -1), nd);
  WG_CHECK(a != b, "diagonal dimensions cannot be identical ", c.integer_or(2, -2), ", ", c.integer_or(3, -1));
  WG_CHECK_INDEX(t.ndim() > 0, "Dimension out of range (expected to be in range of [-1, 0], but got -2)");
  const int64_t n = t.sizes.back() + (shift < 0 ? -shift : shift);
  Dims sizes = t.sizes;
  sizes.erase(t.ndim() - 1);
  sizes.insert(std::min(a, b), n);
  sizes.insert(std::max(a, b), n);
  const TensorRef out = zeros(sizes, t.dtype);
  c.set(2, Value::of_int(a));
  c.set(3, Value::of_int(b));
  const Diagonal d = diagonal_of(c, 1, *out);
  const TensorRef part = alias(*out, d.sizes, d.strides, d.offset);
  copy(*part, t);
  c.out(out);
}

WG_OP_AS(unfold, "unfold", View) {
  Tensor& t = c.tensor(0);
  const int dim = wrap_dim(c.integer(1), t.ndim());
  c.set(1, Value::of_int(dim));
  c.out(unfolded(t, dim, c.integer(2), c.integer(3)));
}

// Windows overlap, so what was read several times adds up: one pass for each position within the window.
WG_OP(unfold_backward) {
  Tensor& g = c.tensor(0);
  const int64_t size = c.integer(3), step = c.integer(4);
  const TensorRef out = zeros(c.ints(1), g.dtype);
  const int dim = wrap_dim(c.integer(2), out->ndim());
  const TensorRef windows = unfolded(*out, dim, size, step);
  WG_CHECK(g.sizes == windows->sizes, "unfold_backward: expected a gradient of size ", to_string(windows->sizes),
           ", but got ", to_string(g.sizes));
  const int last = g.ndim() - 1;
  if (step >= size) {
    copy(*windows, g);
  } else {
    for (int64_t i = 0; i < size; ++i) {
      const TensorRef to = selected(*windows, last, i), from = selected(g, last, i);
      add_strided(to->data(), to->strides, from->data(), from->strides, from->sizes, g.dtype);
    }
  }
  c.out(out);
}

// The geometry of the base goes along as arguments, so that the derivative knows it without keeping the base alive.
WG_OP_AS(as_strided, "as_strided", Composite) {
  Tensor& t = c.tensor(0);
  const int64_t offset = c.integer_or(3, t.offset);
  const Dims &sizes = c.ints(1), &strides = c.ints(2);
  WG_CHECK(sizes.size() == strides.size(), "mismatch in length of strides and shape");
  for (int64_t s : strides)
    WG_CHECK(s >= 0, "as_strided: Negative strides are not supported at the moment, got strides: ", to_string(strides));
  WG_CHECK(offset >= 0, "Tensor: invalid storage offset ", offset);
  for (int64_t s : sizes)
    WG_CHECK(s >= 0, "Storage size calculation overflowed with sizes=", to_string(sizes),
             " and strides=", to_string(strides));
  c.out(call<"_as_strided">(t, sizes, strides, offset, t.sizes, t.strides, t.offset));
}

WG_OP_AS(as_strided_view, "_as_strided", View) {
  Tensor& t = c.tensor(0);
  c.out(alias(t, c.ints(1), c.ints(2), c.integer(3)));
}

// A gradient travels between two geometries of one storage: it is added up where `from` says, read where `to` says.
// Elements that several indices of the base share count once for each, so they are divided by that number; the base is
// `to` (the derivative of as_strided) or `from` (the derivative of that).
WG_OP(_restride) {
  Tensor& g = c.tensor(0);
  const Dims from_strides = c.ints(1), to_sizes = c.ints(2), to_strides = c.ints(3);
  const bool base_is_to = c.flag(6);
  expect(c, from_strides.size() == g.ndim() && to_strides.size() == to_sizes.size(), "a stride for every dim");
  expect_ndim(c, to_sizes.size(), 0, kMaxDims, "a result");
  const int64_t shared = std::min(c.integer(4), c.integer(5));
  expect(c, shared >= 0 && std::max(c.integer(4), c.integer(5)) < kFarthest, "offsets that are not negative");
  for (const Dims* strides : {&from_strides, &to_strides})
    for (int64_t s : *strides) expect(c, s >= 0 && s < kFarthest, "strides that are not negative");
  numel_of(to_sizes);
  const int64_t from_offset = c.integer(4) - shared, to_offset = c.integer(5) - shared;
  const int64_t n =
      std::max(from_offset + extent_of(g.sizes, from_strides), to_offset + extent_of(to_sizes, to_strides));
  const TensorRef storage = zeros({n}, g.dtype);
  const int64_t unit = size_of(g.dtype);
  add_strided(storage->data() + from_offset * unit, from_strides, g.data(), g.strides, g.sizes, g.dtype, true);
  const Dims &base_sizes = base_is_to ? to_sizes : g.sizes, &base_strides = base_is_to ? to_strides : from_strides;
  if (may_overlap(base_sizes, base_strides)) {
    // Elements outside the base count as one.
    const TensorRef count = full({n}, 1, g.dtype), one = full({}, 1, g.dtype), zero = zeros({}, g.dtype);
    char* const base = count->data() + (base_is_to ? to_offset : from_offset) * unit;
    fill_strided(base, g.dtype, base_strides, base_sizes, zero->data());
    add_strided(base, base_strides, one->data(), Dims(base_sizes.size()), base_sizes, g.dtype, true);
    divide_strided(storage->data(), storage->strides, count->data(), count->strides, {n}, g.dtype);
  }
  c.out(clone(*alias(*storage, to_sizes, to_strides, to_offset)));
}

WG_OP_AS(view_dtype, "view.dtype", View) {
  Tensor& t = c.tensor(0);
  const DType to = c.dtype_or(1, t.dtype);
  const int from_size = size_of(t.dtype), to_size = size_of(to);
  const TensorRef out = alias(t);
  if (from_size != to_size) {
    const std::string what = str("to view ", torch_name(t.dtype), " as ", torch_name(to), " (different element sizes)");
    WG_CHECK(t.ndim() > 0, "self.dim() cannot be 0 ", what);
    const int last = t.ndim() - 1;
    WG_CHECK(t.strides[last] == 1, "self.stride(-1) must be 1 ", what, ", but got ", t.strides[last]);
    const int64_t ratio = from_size > to_size ? from_size / to_size : to_size / from_size;
    if (from_size > to_size) {
      for (int i = 0; i < last; ++i) out->strides[i] *= ratio;
      out->sizes[last] *= ratio;
      out->offset *= ratio;
      out->numel *= ratio;
    } else {
      WG_CHECK(t.sizes[last] % ratio == 0, "self.size(-1) must be divisible by ", ratio, ' ', what, ", but got ",
               t.sizes[last]);
      WG_CHECK(t.offset % ratio == 0, "self.storage_offset() must be divisible by ", ratio, ' ', what, ", but got ",
               t.offset);
      for (int i = 0; i < last; ++i) {
        WG_CHECK(t.strides[i] % ratio == 0, "self.stride(", i, ") must be divisible by ", ratio, ' ', what,
                 ", but got ", t.strides[i]);
        out->strides[i] /= ratio;
      }
      out->sizes[last] /= ratio;
      out->offset /= ratio;
      out->numel /= ratio;
    }
  }
  out->dtype = to;
  out->contiguous = is_contiguous(out->sizes, out->strides);
  c.out(out);
}

WG_OP_AS(view_as_real, "view_as_real", View) {
  Tensor& t = c.tensor(0);
  WG_CHECK(is_complex(t.dtype), "view_as_real is only supported for complex tensors");
  const TensorRef out = alias(t);
  for (int64_t& s : out->strides) s *= 2;
  out->sizes.push_back(2);
  out->strides.push_back(1);
  out->offset *= 2;
  out->numel *= 2;
  out->dtype = real_of(t.dtype);
  out->contiguous = is_contiguous(out->sizes, out->strides);
  c.out(out);
}

WG_OP_AS(view_as_complex, "view_as_complex", View) {
  Tensor& t = c.tensor(0);
  WG_CHECK(t.dtype == DType::Float32 || t.dtype == DType::Float64 || t.dtype == DType::Float16,
           "view_as_complex is only supported for half, float and double tensors, but got a tensor of scalar type: ",
           torch_name(t.dtype));
  WG_CHECK(t.ndim() > 0, "Input tensor must have one or more dimensions");
  const int last = t.ndim() - 1;
  WG_CHECK(t.sizes[last] == 2, "Tensor must have a last dimension of size 2");
  WG_CHECK(t.strides[last] == 1, "Tensor must have a last dimension with stride 1");
  const TensorRef out = alias(t);
  out->sizes.erase(last);
  out->strides.erase(last);
  for (int i = 0; i < last; ++i) {
    WG_CHECK(t.strides[i] % 2 == 0, "Tensor must have a stride divisible by 2 for all but last dimension");
    out->strides[i] /= 2;
  }
  WG_CHECK(t.offset % 2 == 0, "Tensor must have a storage_offset divisible by 2");
  out->offset /= 2;
  out->numel /= 2;
  out->dtype = complex_of(t.dtype);
  out->contiguous = is_contiguous(out->sizes, out->strides);
  c.out(out);
}

}  // namespace wg
