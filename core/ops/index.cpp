// Indexing by tensors and masks.
#include "index.h"

#include <algorithm>

#include "../apply.h"
#include "../kernels/index.h"
#include "calls.h"
#include "changed.h"
#include "element.h"

namespace wg {
namespace {

constexpr const char* kIndexTypes = "tensors used as indices must be long, int, byte or bool tensors";

bool is_mask(const Tensor& t) { return t.dtype == DType::Bool || t.dtype == DType::UInt8; }

int64_t trues(const Tensor& mask) { return count_true(mask.as<bool>(), mask.numel); }

TensorRef nonzero_rows(const Tensor& t) {
  const TensorRef mask = contiguous(*cast(t, DType::Bool));
  const TensorRef out = empty({trues(*mask), t.ndim()}, DType::Int64);
  const int64_t found = coordinates(out->as<int64_t>(), out->sizes[0], mask->as<bool>(), t.sizes);
  WG_CHECK(found == out->sizes[0], "a mask was changed while its true elements were counted");
  return out;
}

// One index tensor (or null) for each dim: masks become the coordinates of their true elements.
std::vector<TensorRef> expanded(const Tensor& self, const std::vector<TensorRef>& given) {
  std::vector<TensorRef> out;
  for (size_t k = 0; k < given.size(); ++k) {
    const TensorRef& t = given[k];
    if (!t) {
      out.emplace_back();
      continue;
    }
    WG_CHECK_INDEX(t->dtype == DType::Int64 || t->dtype == DType::Int32 || is_mask(*t), kIndexTypes);
    if (!is_mask(*t)) {
      out.push_back(cast(*t, DType::Int64));
      continue;
    }
    const int first = int(out.size());
    for (int d = 0; d < t->ndim(); ++d)
      WG_CHECK_INDEX(first + d < self.ndim() && t->sizes[d] == self.sizes[first + d], "The shape of the mask ",
                     to_string(t->sizes), " at index ", d, " does not match the shape of the indexed tensor ",
                     to_string(self.sizes), " at index ", first + d);
    const TensorRef rows = nonzero_rows(*t);
    const int64_t n = rows->sizes[0];
    for (int d = 0; d < t->ndim(); ++d) out.push_back(alias(*rows, {n}, {t->ndim()}, d));
  }
  WG_CHECK_INDEX(int(out.size()) <= self.ndim(), "too many indices for tensor of dimension ", self.ndim());
  return out;
}

Dims common_shape(const std::vector<TensorRef>& indices) {
  Dims shape;
  bool ok = true;
  for (const TensorRef& t : indices) {
    if (!t || !ok) continue;
    const int n = std::min(shape.size(), t->ndim());
    for (int i = 1; i <= n; ++i) {
      const int64_t a = shape[shape.size() - i], b = t->sizes[t->ndim() - i];
      ok &= a == b || a == 1 || b == 1;
    }
    if (ok) shape = broadcast(shape, t->sizes);
  }
  if (ok) return shape;
  std::string shapes;
  for (const TensorRef& t : indices)
    if (t) shapes += (shapes.empty() ? "" : ", ") + to_string(t->sizes);
  fail(Kind::Index, "shape mismatch: indexing tensors could not be broadcast together with shapes ", shapes);
}

// Where the positions of an advanced index lie, and the shape of what is there.
struct Positions {
  Dims result;  // before…, the indices' shape, after…
  Rows rows;
  TensorRef offsets;  // keeps rows.offsets alive

  // `base` is the tensor whose elements are addressed: its sizes and strides count, not its values.
  Positions(const Tensor& base, const std::vector<TensorRef>& indices) {
    const Dims shape = common_shape(indices);
    int first = -1, last = -1, count = 0;
    for (int d = 0; d < int(indices.size()); ++d) {
      if (!indices[d]) continue;
      if (first < 0) first = d;
      last = d;
      ++count;
    }
    const bool adjacent = count > 0 && last - first + 1 == count;
    for (int d = 0; d < base.ndim(); ++d) {
      if (d < int(indices.size()) && indices[d]) continue;
      const bool before = adjacent && d < first;
      (before ? rows.before_sizes : rows.after_sizes).push_back(base.sizes[d]);
      (before ? rows.before_strides : rows.after_strides).push_back(base.strides[d]);
    }
    rows.n = numel_of(shape);
    offsets = zeros({rows.n}, DType::Int64);
    rows.offsets = offsets->as<int64_t>();
    for (int d = 0; d < int(indices.size()); ++d)
      if (indices[d]) add(base, d, *indices[d], shape);
    result = rows.before_sizes;
    for (int64_t s : shape) result.push_back(s);
    for (int64_t s : rows.after_sizes) result.push_back(s);
  }

 private:
  void add(const Tensor& base, int dim, const Tensor& index, const Dims& shape) {
    const TensorRef flat = contiguous(*expand(index, shape));
    WG_CHECK_INDEX(base.sizes[dim] || !flat->numel, "index is out of bounds for dimension with size 0");
    const int64_t* values = flat->as<int64_t>();
    const int64_t bad = add_offsets(offsets->as<int64_t>(), values, rows.n, base.sizes[dim],
                                    base.strides[dim] * size_of(base.dtype), true);
    WG_CHECK_INDEX(bad < 0, "index ", values[bad], " is out of bounds for dimension ", dim, " with size ",
                   base.sizes[dim]);
  }
};

void put(Tensor& to, const Positions& at, const Tensor& values, bool accumulate) {
  WG_CHECK(can_broadcast(values.sizes, at.result), "shape mismatch: value tensor of shape ", to_string(values.sizes),
           " cannot be broadcast to indexing result of shape ", to_string(at.result));
  WG_CHECK(values.dtype == to.dtype, "Index put requires the source and destination dtypes match, got ",
           torch_name(to.dtype), " for the destination and ", torch_name(values.dtype), " for the source.");
  TensorRef flat = contiguous(*expand(values, at.result));
  if (flat->storage.get() == to.storage.get()) flat = clone(*flat);
  put_rows(to.data(), flat->data(), at.rows, to.dtype, accumulate ? Reduce::Add : Reduce::Set);
}

// The canonical indices stay with the call: the derivative need not look at masks again.
const std::vector<TensorRef>& canonical_indices(Call& c, int i, const Tensor& self) {
  c.set(i, hold_tensors(expanded(self, c.tensors(i))));
  return c.tensors(i);
}

void masked_fill(Call& c, const Element& value) {
  Tensor &self = c.tensor(0), &mask = c.tensor(1);
  WG_CHECK(mask.dtype == DType::Bool, "masked_fill_ only supports boolean masks, but got mask with dtype ",
           compiler_name(mask.dtype));
  const Dims sizes = broadcast(self.sizes, mask.sizes);
  if (c.into)
    WG_CHECK(sizes == self.sizes, "output with shape ", to_string(self.sizes), " doesn't match the broadcast shape ",
             to_string(sizes));
  if (c.into) {
    warn_expanded(self, "masked_fill_", "tensor[mask] = scalar");
    check_apart(self, mask);
  }
  const TensorRef out = c.into ? TensorRef(c.into) : clone(*expand(self, sizes));
  const TensorRef where = expand(mask, sizes);
  fill_where(out->data(), out->strides, where->as<bool>(), where->strides, sizes, out->dtype, value.bytes);
  c.out(out);
}

void check_mask(const Tensor& mask) {
  WG_CHECK(mask.dtype == DType::Bool, "masked_scatter_ only supports boolean masks, but got mask with dtype ",
           torch_name(mask.dtype));
}

// The mask, when it is the only index and covers whole dims: then elements are packed without looking for coordinates.
const Tensor* only_mask(const Tensor& self, const std::vector<TensorRef>& indices, bool all_dims) {
  if (indices.size() != 1 || !indices[0] || indices[0]->dtype != DType::Bool) return nullptr;
  const Tensor& mask = *indices[0];
  if (mask.ndim() == 0 || mask.ndim() > self.ndim() || (all_dims && mask.ndim() != self.ndim())) return nullptr;
  for (int d = 0; d < mask.ndim(); ++d)
    if (mask.sizes[d] != self.sizes[d]) return nullptr;
  return &mask;
}

// index_put of one value: a masked fill, the mask repeated over the dims it does not have.
void put_where(Tensor& to, const Tensor& mask, const Tensor& value) {
  Dims strides = mask.strides;
  while (strides.size() < to.ndim()) strides.push_back(0);
  fill_where(to.data(), to.strides, mask.as<bool>(), strides, to.sizes, to.dtype, value.data());
}

}  // namespace

WG_OP(index) {
  Tensor& self = c.tensor(0);
  if (const Tensor* mask = only_mask(self, c.tensors(1), true)) {
    const TensorRef where = contiguous(*mask), from = contiguous(self);
    const TensorRef out = empty({trues(*where)}, self.dtype);
    pack_where(out->data(), out->numel, from->data(), where->as<bool>(), where->numel, size_of(self.dtype));
    return c.out(out);
  }
  const Positions at(self, canonical_indices(c, 1, self));
  const TensorRef out = empty(at.result, self.dtype);
  get_rows(out->data(), self.data(), at.rows, size_of(self.dtype));
  c.out(out);
}

// Zeros of the given sizes, with the gradient added at the positions.
WG_OP(_index_backward) {
  Tensor& g = c.tensor(0);
  const TensorRef out = zeros(c.ints(1), g.dtype);
  if (const Tensor* mask = only_mask(*out, c.tensors(2), true)) {
    const TensorRef where = contiguous(*mask), from = contiguous(g);
    unpack_where(out->data(), from->data(), std::min(g.numel, trues(*where)), where->as<bool>(), where->numel,
                 size_of(g.dtype));
  } else {
    put(*out, Positions(*out, canonical_indices(c, 2, *out)), g, true);
  }
  c.out(out);
}

WG_OP(index_put) {
  const TensorRef out = changed_also_expanded(c, "index_put_", "tensor[indices] = tensor");
  const bool accumulate = c.nargs > 3 && c.flag(3);
  const Tensor &value = c.tensor(2), *mask = accumulate ? nullptr : only_mask(*out, c.tensors(1), false);
  if (mask && value.numel == 1 && value.ndim() == 0 && value.dtype == out->dtype) {
    if (c.into) warn_expanded(*out, "masked_fill_", "tensor[mask] = scalar");
    put_where(*out, *mask, value);
  } else {
    put(*out, Positions(*out, canonical_indices(c, 1, *out)), value, accumulate);
  }
  c.out(out);
}

// The gradient of what index_put left in place: zero where a value was put, all of it when values were added.
WG_OP(_index_put_kept) {
  Tensor& g = c.tensor(0);
  if (c.flag(2)) return c.out(clone(g));
  const TensorRef out = clone(g), zero = zeros({}, g.dtype);
  if (const Tensor* mask = only_mask(*out, c.tensors(1), false))
    put_where(*out, *mask, *zero);
  else
    put(*out, Positions(*out, canonical_indices(c, 1, *out)), *zero, false);
  c.out(out);
}

WG_OP_AS(masked_fill_scalar, "masked_fill.Scalar", Primitive) {
  masked_fill(c, element_of(c.args[2], c.tensor(0).dtype));
}
WG_OP_AS(masked_fill_tensor, "masked_fill.Tensor", Primitive) {
  Tensor& value = c.tensor(2);
  WG_CHECK(value.ndim() == 0, "masked_fill_ only supports a 0-dimensional value tensor, but got tensor with ",
           value.ndim(), " dimension(s).");
  masked_fill(c, element_of(value, c.tensor(0).dtype));
}

WG_OP(masked_select) {
  Tensor &self = c.tensor(0), &mask = c.tensor(1);
  WG_CHECK(mask.dtype == DType::Bool, "masked_select: expected BoolTensor for mask");
  const Dims sizes = broadcast(mask.sizes, self.sizes);
  const TensorRef where = contiguous(*expand(mask, sizes)), from = contiguous(*expand(self, sizes));
  const TensorRef out = empty({trues(*where)}, self.dtype);
  pack_where(out->data(), out->numel, from->data(), where->as<bool>(), where->numel, size_of(self.dtype));
  c.out(out);
}

// (gradient, mask, sizes of the input)
WG_OP(_masked_select_backward) {
  Tensor &g = c.tensor(0), &mask = c.tensor(1);
  check_mask(mask);
  const Dims sizes = broadcast(mask.sizes, c.ints(2));
  const TensorRef where = contiguous(*expand(mask, sizes)), from = contiguous(g);
  const TensorRef out = zeros(sizes, g.dtype);
  unpack_where(out->data(), from->data(), std::min(g.numel, trues(*where)), where->as<bool>(), where->numel,
               size_of(g.dtype));
  c.out(sum_to(*out, c.ints(2)));
}

WG_OP(masked_scatter) {
  Tensor &self = c.tensor(0), &mask = c.tensor(1), &source = c.tensor(2);
  check_mask(mask);
  WG_CHECK(self.dtype == source.dtype, "masked_scatter: expected self and source to have same dtypes but got",
           torch_name(self.dtype), " and ", torch_name(source.dtype));
  const Dims sizes = broadcast(self.sizes, mask.sizes);
  const TensorRef where = contiguous(*expand(mask, sizes)), from = contiguous(source);
  const int64_t count = trues(*where);
  WG_CHECK(count <= source.numel, "Number of elements of source < number of ones in mask");
  const TensorRef out = empty(sizes, self.dtype);
  copy(*out, self);
  unpack_where(out->data(), from->data(), count, where->as<bool>(), where->numel, size_of(self.dtype));
  c.out(out);
}

// (gradient, mask, sizes of the source): what was not used gets zero.
WG_OP(masked_scatter_backward) {
  Tensor &g = c.tensor(0), &mask = c.tensor(1);
  check_mask(mask);
  const TensorRef where = contiguous(*expand(mask, g.sizes)), from = contiguous(g);
  const TensorRef out = zeros(c.ints(2), g.dtype);
  const int64_t count = trues(*where);
  pack_where(out->data(), std::min(count, out->numel), from->data(), where->as<bool>(), where->numel, size_of(g.dtype));
  c.out(out);
}

WG_OP(_nonzero) { c.out(nonzero_rows(c.tensor(0))); }
WG_OP(argwhere) { c.out(nonzero_rows(c.tensor(0))); }

// The coordinates of the elements that are not zero, a tensor for each dim.
static void nonzero_columns(Call& c) {
  Tensor& self = c.tensor(0);
  const TensorRef one_dim = self.ndim() == 0 ? alias(self, {1}, {1}, self.offset) : TensorRef(&self);
  const TensorRef rows = nonzero_rows(*one_dim);
  const int nd = one_dim->ndim();
  for (int d = 0; d < nd; ++d) c.out(alias(*rows, {rows->sizes[0]}, {nd}, d));
}
WG_OP(nonzero_numpy) { nonzero_columns(c); }
WG_OP_AS(where_nonzero, "where.nonzero", Primitive) { nonzero_columns(c); }

}  // namespace wg
