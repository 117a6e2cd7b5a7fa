// Tensors put together, repeated, turned and padded.
#include <algorithm>

#include "../apply.h"
#include "../kernels/read_once.h"
#include "../kernels/shape.h"
#include "calls.h"
#include "expect.h"
#include "element.h"
#include "format.h"

namespace wg {
namespace {

DType common_dtype(const std::vector<TensorRef>& tensors) {
  std::vector<TypeInfo> infos;
  for (const TensorRef& t : tensors) infos.push_back(type_info(Value(t)));
  return result_type(infos.data(), int(infos.size()));
}

// A region of `out`: [start, start + length) along dim.
TensorRef region(const Tensor& out, int dim, int64_t start, int64_t length) {
  Dims sizes = out.sizes;
  sizes[dim] = length;
  return alias(out, sizes, out.strides, length ? out.offset + start * out.strides[dim] : out.offset);
}

// Tensors of shape [0] take part in no concatenation, whatever the others' shape: an old habit of torch.
bool skipped(const Tensor& t) { return t.ndim() == 1 && t.sizes[0] == 0; }

void check_cat(const Tensor& first, const Tensor& t, int dim, size_t number) {
  WG_CHECK(t.ndim() == first.ndim(), "Tensors must have same number of dimensions: got ", first.ndim(), " and ",
           t.ndim());
  for (int d = 0; d < t.ndim(); ++d)
    WG_CHECK(d == dim || t.sizes[d] == first.sizes[d], "Sizes of tensors must match except in dimension ", dim,
             ". Expected size ", first.sizes[d], " but got size ", t.sizes[d], " for tensor number ", number,
             " in the list.");
}

// The sizes of `t` repeated: repeats may have more dims than t.
Dims repeated_sizes(const Tensor& t, const Dims& repeats, Dims* inner) {
  WG_CHECK(repeats.size() >= t.ndim(),
           "Number of dimensions of repeat dims can not be smaller than number of dimensions of tensor");
  *inner = Dims(repeats.size(), 1);
  Dims sizes(repeats.size());
  for (int i = 0; i < sizes.size(); ++i) {
    const int from = i - (repeats.size() - t.ndim());
    if (from >= 0) (*inner)[i] = t.sizes[from];
    sizes[i] = (*inner)[i] * repeats[i];
  }
  for (int64_t s : sizes)
    WG_CHECK(s >= 0, "Trying to create tensor with negative dimension ", s, ": ", to_string(sizes));
  return sizes;
}

// sizes [a, b…] as [repeat, inner] pairs: the view in which repeating is expanding.
Dims interleaved(const Dims& repeats, const Dims& inner) {
  Dims sizes;
  for (int i = 0; i < inner.size(); ++i) {
    sizes.push_back(repeats[i]);
    sizes.push_back(inner[i]);
  }
  return sizes;
}

TensorRef rolled(const Tensor& t, const Dims& shifts, const Dims& dims, int sign) {
  if (dims.empty() && shifts.size() == 1) {
    const TensorRef dense = contiguous(t), flat = alias(*dense, {t.numel}, {1}, dense->offset);
    const TensorRef out = rolled(*flat, shifts, {0}, sign);
    return alias(*out, t.sizes, contiguous_strides(t.sizes), 0);
  }
  WG_CHECK(!shifts.empty(), "`shifts` required");
  WG_CHECK(shifts.size() == dims.size(), "shifts and dimensions must align. shifts: ", shifts.size(),
           ", dims:", dims.size());
  TensorRef now(const_cast<Tensor*>(&t));
  for (int k = 0; k < dims.size(); ++k) {
    WG_CHECK_INDEX(t.ndim() > 0, "Dimension specified as ", dims[k], " but tensor has no dimensions");
    const int d = wrap_dim(dims[k], t.ndim());
    const int64_t n = t.sizes[d];
    const TensorRef out = empty_in(format_of(t), t, t.dtype);
    if (t.numel == 0) {
      copy(*out, *now);
    } else {
      const int64_t shift = ((sign * shifts[k]) % n + n) % n;
      copy(*region(*out, d, shift, n - shift), *region(*now, d, 0, n - shift));
      if (shift) copy(*region(*out, d, 0, shift), *region(*now, d, n - shift, shift));
    }
    now = out;
  }
  return now;
}

void triangular(Call& c, const char* name, bool lower) {
  Tensor& t = c.tensor(0);
  WG_CHECK(t.ndim() >= 2, name, ": input tensor must have at least 2 dimensions");
  const TensorRef from = contiguous(t), out = empty(t.sizes, t.dtype);
  const int64_t rows = t.sizes[t.ndim() - 2], cols = t.sizes[t.ndim() - 1];
  triangle(out->data(), from->data(), t.numel ? t.numel / (rows * cols) : 0, rows, cols, c.integer_or(1, 0), lower,
           size_of(t.dtype));
  c.out(out);
}

// The coordinates (2, n) of a triangle of a matrix.
void triangle_coordinates(Call& c, bool lower) {
  const int64_t rows = c.integer(0), cols = c.integer(1);
  WG_CHECK(rows >= 0, "row must be non-negative, got", rows);
  WG_CHECK(cols >= 0, "col must be non-negative, got", cols);
  constexpr int64_t kFar = int64_t(1) << 61;
  const int64_t k = std::clamp(c.integer_or(2, 0), -kFar, kFar);
  const DType wanted = c.dtype_or(3, DType::Int64);
  WG_CHECK_KIND(Kind::NotImplemented, wanted == DType::Int64 || wanted == DType::Int32, lower ? "\"tril" : "\"triu",
                "_indices\" not implemented for '", torch_name(wanted), "'");
  // The rows that have an element at all; then, before anything is written, whether so many can be held.
  const int64_t first = lower ? std::max<int64_t>(0, -k) : 0;
  const int64_t last = cols == 0 ? first
                       : lower   ? rows
                                 : std::min(rows, std::max<int64_t>(0, std::min(cols, kFar) - k));
  const double most = double(std::max<int64_t>(0, last - first)) * double(cols);
  WG_CHECK(most < 2e9 * 16, "DefaultCPUAllocator: can't allocate memory: a triangle of ", rows, " by ", cols,
           " has too many elements");
  const auto columns = [=](int64_t i) {  // of row i: from, to
    const int64_t cut = std::clamp<int64_t>(i + k + (lower ? 1 : 0), 0, cols);
    return lower ? std::pair{int64_t(0), cut} : std::pair{cut, cols};
  };
  int64_t n = 0;
  for (int64_t i = first; i < last; ++i) n += columns(i).second - columns(i).first;
  const TensorRef out = empty({2, n}, DType::Int64);
  int64_t* at = out->as<int64_t>();
  for (int64_t i = first; i < last; ++i) {
    const auto [from, to] = columns(i);
    for (int64_t j = from; j < to; ++j, ++at) at[0] = i, at[n] = j;
  }
  c.out(cast(*out, c.dtype_or(3, DType::Int64)));
}

}  // namespace

// Checks the list and notes every length along dim (-1: left out), which is all that the derivative needs.
WG_OP_AS(cat, "cat", Composite) {
  const std::vector<TensorRef>& tensors = c.tensors(0);
  WG_CHECK_VALUE(!tensors.empty(), "torch.cat(): expected a non-empty list of Tensors");
  const Tensor* first = nullptr;
  for (size_t k = 0; k < tensors.size(); ++k) {
    WG_CHECK(tensors[k]->ndim() > 0, "zero-dimensional tensor (at position ", k, ") cannot be concatenated");
    if (!first && !skipped(*tensors[k])) first = tensors[k].get();
  }
  const int dim = first ? wrap_dim(c.integer_or(1, 0), first->ndim()) : 0;
  Dims lengths(int(tensors.size()), -1);
  for (size_t k = 0; k < tensors.size(); ++k) {
    if (skipped(*tensors[k])) continue;
    check_cat(*first, *tensors[k], dim, k);
    lengths[int(k)] = tensors[k]->sizes[dim];
  }
  c.out(call<"_cat">(c.args[0], dim, lengths));
}

WG_OP(_cat) {
  const std::vector<TensorRef>& tensors = c.tensors(0);
  const int dim = int(c.integer(1));
  const Dims& lengths = c.ints(2);
  expect(c, size_t(lengths.size()) == tensors.size() && !tensors.empty(), "a length for every tensor");
  const DType dtype = common_dtype(tensors);
  const Tensor* first = nullptr;
  Dims sizes{0};
  int64_t total = 0;
  for (int k = 0; k < lengths.size(); ++k) {
    if (lengths[k] < 0) continue;
    const Tensor& t = *tensors[size_t(k)];
    expect(c, dim >= 0 && dim < t.ndim() && lengths[k] == t.sizes[dim], "the length of every tensor along dim");
    if (first)
      check_cat(*first, t, dim, size_t(k));
    else
      first = &t;
    sizes = tensors[size_t(k)]->sizes;
    total += lengths[k];
  }
  expect(c, dim >= 0 && dim < sizes.size(), "a dim of the tensors");
  sizes[dim] = total;
  const TensorRef out = empty_strided(sizes, strides_in(common_format(tensors), sizes), dtype);
  int64_t start = 0;
  for (int k = 0; k < lengths.size(); ++k) {
    if (lengths[k] < 0) continue;
    const Tensor& t = *tensors[size_t(k)];
    char* to = out->data() + start * out->strides[dim] * size_of(dtype);
    copy_strided(to, dtype, out->strides, t.data(), t.dtype, t.strides, t.sizes);
    start += lengths[k];
  }
  c.out(out);
}

// The gradients of the parts: the places where they were put.
static bool parts_cut(Node& n, const std::vector<TensorRef>& in, std::vector<TensorRef>& out) {
  const int at = saved_at(n, false, 1), list = saved_at(n, false, 2);
  if (at < 0 || list < 0 || !in[0]) return false;
  const int dim = int(unpack(n, uint32_t(at), false).get().to_int());
  const Held held = unpack(n, uint32_t(list), false);
  const Dims& lengths = held.get().ints();
  if (size_t(lengths.size()) != out.size()) return false;
  int64_t start = 0;
  for (uint32_t k = 0; k < n.edges.size(); ++k) {
    const int64_t length = std::max<int64_t>(lengths[int(k)], 0);
    if (n.edges[k].node) out[k] = lengths[int(k)] < 0 ? zeros({0}, in[0]->dtype) : region(*in[0], dim, start, length);
    start += length;
  }
  return true;
}
[[maybe_unused]] static const Shortcut cut = op__cat.shortcut = parts_cut;

// Of matrices side by side: from the first that needs a gradient to the last.
static void parts_needed(Node& n, Wanted& w) {
  const int at = saved_at(n, false, 1), list = saved_at(n, false, 2);
  if (at < 0 || list < 0 || n.outputs[0].sizes.size() != 2) return;
  if (unpack(n, uint32_t(at), false).get().to_int() != 1) return;
  const Held held = unpack(n, uint32_t(list), false);
  const Dims& lengths = held.get().ints();
  int64_t start = 0, first = -1, last = 0;
  for (int k = 0; k < lengths.size() && size_t(k) < n.edges.size(); ++k) {
    if (n.edges[size_t(k)].node && first < 0) first = start;
    start += std::max<int64_t>(lengths[k], 0);
    if (n.edges[size_t(k)].node) last = start;
  }
  if (first >= 0) w.column = first, w.columns = last - first;
}
[[maybe_unused]] static const LooksAt parts_seen = op__cat.looks_at = parts_needed;

WG_OP(stack) {
  const std::vector<TensorRef>& tensors = c.tensors(0);
  WG_CHECK(!tensors.empty(), "stack expects a non-empty TensorList");
  const Tensor& first = *tensors[0];
  for (size_t k = 1; k < tensors.size(); ++k)
    WG_CHECK(tensors[k]->sizes == first.sizes, "stack expects each tensor to be equal size, but got ",
             to_string(first.sizes), " at entry 0 and ", to_string(tensors[k]->sizes), " at entry ", k);
  const int dim = wrap_dim(c.integer_or(1, 0), first.ndim() + 1);
  c.set(1, Value::of_int(dim));
  const DType dtype = common_dtype(tensors);
  Dims sizes = first.sizes, strides;
  const Format f = dim < first.ndim() ? common_format(tensors) : Format::RowMajor;
  int64_t step = 1;
  if (f == Format::RowMajor) {
    sizes.insert(dim, int64_t(tensors.size()));
    strides = contiguous_strides(sizes);
    step = strides[dim];
    strides.erase(dim);
  } else {  // as cat along dim would lay it out
    sizes[dim] *= int64_t(tensors.size());
    strides = strides_in(f, sizes);
    step = strides[dim] * first.sizes[dim];
    sizes = first.sizes;
    sizes.insert(dim, int64_t(tensors.size()));
  }
  Dims all = strides;
  all.insert(dim, step);
  const TensorRef out = empty_strided(sizes, all, dtype);
  for (size_t k = 0; k < tensors.size(); ++k)
    copy_strided(out->data() + int64_t(k) * step * size_of(dtype), dtype, strides, tensors[k]->data(),
                 tensors[k]->dtype, tensors[k]->strides, tensors[k]->sizes);
  c.out(out);
}

WG_OP(repeat) {
  Tensor& t = c.tensor(0);
  const Dims& repeats = c.ints(1);
  Dims inner;
  const TensorRef out = empty(repeated_sizes(t, repeats, &inner), t.dtype);
  const int lead = repeats.size() - t.ndim();
  Dims to, from;
  for (int i = 0; i < repeats.size(); ++i) {
    to.push_back(out->strides[i] * inner[i]);
    to.push_back(out->strides[i]);
    from.push_back(0);
    from.push_back(i < lead ? 0 : t.strides[i - lead]);
  }
  copy_strided(out->data(), t.dtype, to, t.data(), t.dtype, from, interleaved(repeats, inner));
  c.out(out);
}

// (gradient, sizes of the input, repeats)
WG_OP(_repeat_backward) {
  Tensor& g = c.tensor(0);
  const Dims &sizes = c.ints(1), &repeats = c.ints(2);
  const int lead = repeats.size() - sizes.size();
  expect(c, lead >= 0, "a repetition for every dim");
  Dims wide = repeats;
  for (int i = lead; i < wide.size(); ++i)
    expect(c, !__builtin_mul_overflow(wide[i], sizes[i - lead], &wide[i]), "sizes that can be multiplied");
  expect_sizes(c, g.sizes, wide, "a gradient");
  if (g.numel == 0) return c.out(zeros(sizes, g.dtype));
  Dims inner(repeats.size(), 1), kept(repeats.size() * 2, 1);
  for (int i = lead; i < repeats.size(); ++i) inner[i] = kept[2 * i + 1] = sizes[i - lead];
  const TensorRef dense = contiguous(g);
  const Dims pairs = interleaved(repeats, inner);
  const TensorRef sum = contiguous(*sum_to(*alias(*dense, pairs, contiguous_strides(pairs), dense->offset), kept));
  c.out(alias(*sum, sizes, contiguous_strides(sizes), sum->offset));
}

WG_OP(flip) {
  Tensor& t = c.tensor(0);
  const uint64_t mask = c.ints(1).empty() ? 0 : dim_mask(c.ints(1), t.ndim());
  const TensorRef out = empty_like(t);
  Dims from = t.strides;
  int64_t start = 0;
  for (int d = 0; d < t.ndim(); ++d) {
    if (!(mask >> d & 1)) continue;
    start += (t.sizes[d] - 1) * t.strides[d];
    from[d] = -from[d];
  }
  if (t.numel)
    copy_strided(out->data(), t.dtype, out->strides, t.data() + start * size_of(t.dtype), t.dtype, from, t.sizes);
  c.out(out);
}

WG_OP(roll) { c.out(rolled(c.tensor(0), c.ints(1), c.ints(2), 1)); }
WG_OP(_roll_inverse) { c.out(rolled(c.tensor(0), c.ints(1), c.ints(2), -1)); }

WG_OP(tril) { triangular(c, "tril", true); }
WG_OP(triu) { triangular(c, "triu", false); }
WG_OP(tril_indices) { triangle_coordinates(c, true); }
WG_OP(triu_indices) { triangle_coordinates(c, false); }

// The position at which each repetition is found: 0, 0, 1, 2, 2, 2 … for repeats 2, 1, 3 …
WG_OP(_repeat_indices) {
  Tensor& repeats = c.tensor(0);
  WG_CHECK(repeats.ndim() == 1, "repeat_interleave only accept 1D vector as repeat");
  WG_CHECK_KIND(Kind::NotImplemented, repeats.dtype == DType::Int64 || repeats.dtype == DType::Int32,
                "\"repeat_interleave_cpu\" not implemented for '", torch_name(repeats.dtype), "'");
  const TensorRef wide = contiguous(*cast(repeats, DType::Int64));
  const int64_t* n = wide->as<int64_t>();
  int64_t total = 0;
  for (int64_t i = 0; i < repeats.numel; ++i) {
    const int64_t k = read_once(n + i);
    WG_CHECK(k >= 0, "repeats can not be negative");
    WG_CHECK(!__builtin_add_overflow(total, k, &total), "repeats add up to more than there can be elements");
  }
  constexpr const char* kOther = "allocated size does not match required size";
  WG_CHECK(!c.has(1) || c.integer(1) == total, kOther);
  const TensorRef out = empty({total}, DType::Int64);
  int64_t *at = out->as<int64_t>(), *const end = at + total;
  for (int64_t i = 0; i < repeats.numel; ++i) {
    const int64_t k = read_once(n + i);
    WG_CHECK(k >= 0 && k <= end - at, kOther);
    at = std::fill_n(at, k, i);
  }
  WG_CHECK(at == end, kOther);
  c.out(cast(*out, repeats.dtype));
}

}  // namespace wg
