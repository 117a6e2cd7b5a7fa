// Reading and writing along a dim at indices: gather, scatter, index_select, index_add, take, embedding …
#include <algorithm>

#include "../kernels/index.h"
#include "../op.h"
#include "changed.h"
#include "element.h"
#include "expect.h"

namespace wg {
namespace {

// int64 and contiguous in the order of its sizes; int32 is converted.
TensorRef long_index(const Tensor& index, const char* op) {
  WG_CHECK(index.dtype == DType::Int64 || index.dtype == DType::Int32, op, "(): Expected dtype int32/int64 for index");
  return cast(index, DType::Int64);
}

void check_range(const Tensor& index, int dim, int64_t size) {
  const TensorRef flat = contiguous(index);
  const int64_t* values = flat->as<int64_t>();
  const int64_t bad = first_outside(values, flat->numel, size);
  WG_CHECK(bad < 0, "index ", values[bad], " is out of bounds for dimension ", dim, " with size ", size);
}

// For loops that met an index outside: says which, if it is still there.
[[noreturn]] void refuse(const Tensor& index, int dim, int64_t size) {
  check_range(index, dim, size);
  fail(Kind::Runtime, "an index for dimension ", dim, " with size ", size, " was changed while it was read");
}

// A 0-dim tensor acts as one of a single element.
TensorRef at_least_1d(const Tensor& t) {
  return t.ndim() ? TensorRef(const_cast<Tensor*>(&t)) : alias(t, {1}, {1}, t.offset);
}

// ---- along a dim: gather and scatter ----

void check_gather(const Tensor& self, int dim, const Tensor& index) {
  if (index.numel == 0) return;
  WG_CHECK(std::max(index.ndim(), 1) == std::max(self.ndim(), 1),
           "Index tensor must have the same number of dimensions as input tensor");
  for (int d = 0; d < std::min(self.ndim(), index.ndim()); ++d)
    WG_CHECK(d == dim || index.sizes[d] <= self.sizes[d], "Size does not match at dimension ", d, " expected index ",
             to_string(index.sizes), " to be no larger than self ", to_string(self.sizes), " apart from dimension ",
             dim);
}

void check_scatter(const Tensor& self, int dim, const Tensor& index, const Tensor* source) {
  if (index.numel == 0) return;
  WG_CHECK(std::max(index.ndim(), 1) == std::max(self.ndim(), 1),
           "Index tensor must have the same number of dimensions as self tensor");
  bool fits = true;
  for (int d = 0; d < index.ndim(); ++d) {
    if (self.ndim() && d != dim) fits &= index.sizes[d] <= self.sizes[d];
    if (source) {
      wrap_dim(d, source->ndim());
      fits &= index.sizes[d] <= (source->ndim() ? source->sizes[d] : 1);
    }
  }
  if (source)
    WG_CHECK(std::max(index.ndim(), 1) == std::max(source->ndim(), 1),
             "Index tensor must have the same number of dimensions as src tensor");
  WG_CHECK(fits, "Expected index ", to_string(index.sizes), " to be no larger than self ", to_string(self.sizes),
           " apart from dimension ", dim,
           source ? str(" and to be no larger size than src ", to_string(source->sizes)) : "");
}

// Positions of whole slices of a tensor along a dim.
struct Slices {
  Rows rows;
  TensorRef offsets;

  Slices(const Tensor& t, int dim, const Tensor& index, bool negative, Kind kind, const std::string& error) {
    for (int d = 0; d < t.ndim(); ++d) {
      if (d == dim) continue;
      (d < dim ? rows.before_sizes : rows.after_sizes).push_back(t.sizes[d]);
      (d < dim ? rows.before_strides : rows.after_strides).push_back(t.strides[d]);
    }
    const TensorRef flat = contiguous(index);
    rows.n = flat->numel;
    offsets = zeros({rows.n}, DType::Int64);
    rows.offsets = offsets->as<int64_t>();
    const int64_t size = t.ndim() ? t.sizes[dim] : 1, step = t.ndim() ? t.strides[dim] : 0;
    const int64_t bad =
        add_offsets(offsets->as<int64_t>(), flat->as<int64_t>(), rows.n, size, step * size_of(t.dtype), negative);
    WG_CHECK_KIND(kind, bad < 0,
                  error.empty() ? str("index ", flat->as<int64_t>()[bad], " is out of bounds for dimension ", dim,
                                      " with size ", size)
                                : error);
  }
  Dims sizes() const {  // of the flat side
    Dims s = rows.before_sizes;
    s.push_back(rows.n);
    for (int64_t n : rows.after_sizes) s.push_back(n);
    return s;
  }
};

// source takes the place of (or is added to) the slices of `out`.
void put_slices(Tensor& out, const Slices& at, const Tensor& source, Reduce reduce) {
  const TensorRef flat = contiguous(*expand(*at_least_1d(source), at.sizes()));
  put_rows(out.data(), flat->data(), at.rows, out.dtype, reduce);
}

// An index that is the same for every element of a slice, as expand() makes it of a vector: that vector, or null.
TensorRef slice_index(const Tensor& t, int dim, const Tensor& index) {
  bool repeated = false;
  for (int d = 0; d < t.ndim(); ++d) {
    if (d == dim || index.sizes[d] == 1) continue;
    if (index.strides[d] != 0) return TensorRef();
    repeated = true;
  }
  for (int d = 0; repeated && d < t.ndim(); ++d) repeated = d == dim || index.sizes[d] == t.sizes[d];
  return repeated ? contiguous(*alias(index, {index.sizes[dim]}, {index.strides[dim]}, index.offset)) : TensorRef();
}

// source: a tensor, or one element for all positions.
void scatter_into(Tensor& out, int dim, const Tensor& index, const Tensor& source, bool one_value, Reduce reduce) {
  if (index.numel == 0) return;
  const TensorRef to = at_least_1d(out), at = at_least_1d(index), from = at_least_1d(source);
  if (const TensorRef one = slice_index(*to, dim, *at)) {
    const TensorRef part = one_value ? from : alias(*from, at->sizes, from->strides, from->offset);
    return put_slices(*to, Slices(*to, dim, *one, false, Kind::Runtime, ""), *part, reduce);
  }
  check_range(*at, dim, to->sizes[dim]);
  const Dims still(at->ndim());
  const Columns columns{at->sizes, dim, to->strides, at->strides, one_value ? still : from->strides, to->sizes[dim]};
  if (!scatter_columns(to->data(), from->data(), at->as<int64_t>(), columns, out.dtype, reduce))
    refuse(*at, dim, to->sizes[dim]);
}

void scatter(Call& c, Reduce reduce) {
  Tensor &self = c.tensor(0), &source = c.tensor(3);
  const int dim = wrap_dim(c.integer(1), self.ndim());
  const TensorRef index = long_index(c.tensor(2), "scatter");
  WG_CHECK(self.dtype == source.dtype, "scatter(): Expected self.dtype to be equal to src.dtype");
  check_scatter(self, dim, *index, &source);
  c.set(1, Value::of_int(dim));
  const TensorRef out = changed(c);
  scatter_into(*out, dim, *index, source, false, reduce);
  c.out(out);
}

void scatter_value(Call& c, Reduce reduce) {
  Tensor& self = c.tensor(0);
  const int dim = wrap_dim(c.integer(1), self.ndim());
  const TensorRef index = long_index(c.tensor(2), "scatter"), value = empty({}, self.dtype);
  const Element e = element_of(c.args[3], self.dtype);
  std::memcpy(value->data(), e.bytes, size_of(self.dtype));
  check_scatter(self, dim, *index, nullptr);
  c.set(1, Value::of_int(dim));
  const TensorRef out = changed(c);
  scatter_into(*out, dim, *index, *value, true, reduce);
  c.out(out);
}

Reduce add_or_multiply(const std::string& name) {
  WG_CHECK(name == "add" || name == "multiply", "reduce argument must be either add or multiply.");
  return name == "add" ? Reduce::Add : Reduce::Mul;
}

// The value that does not change a reduction.
TensorRef identity_of(Reduce reduce, DType d) {
  const TensorRef t = full({}, reduce == Reduce::Mul ? 1 : 0, d);
  if (reduce != Reduce::Amin && reduce != Reduce::Amax) return t;
  visit(d, [&]<class T>() {
    if constexpr (is_floating_v<T>) {
      const float infinity = std::numeric_limits<float>::infinity();
      *t->as<T>() = T(reduce == Reduce::Amin ? infinity : -infinity);
    } else if constexpr (std::is_integral_v<T>) {
      *t->as<T>() = reduce == Reduce::Amin ? std::numeric_limits<T>::max() : std::numeric_limits<T>::lowest();
    }
  });
  return t;
}

struct Named {
  Reduce reduce;
  bool mean;
};
bool named_reduce(const std::string& name, bool with_sum, Named* out) {
  if (with_sum && name == "sum")
    *out = {Reduce::Add, false};
  else if (name == "prod")
    *out = {Reduce::Mul, false};
  else if (name == "mean")
    *out = {Reduce::Add, true};
  else if (name == "amax")
    *out = {Reduce::Amax, false};
  else if (name == "amin")
    *out = {Reduce::Amin, false};
  else
    return false;
  return true;
}

// write(tensor, source or one value, reduce) writes at the positions of some op; with the options of scatter_reduce.
template <class Write>
void reduce_at(Tensor& out, const Named& how, bool include_self, const char* op, Write&& write) {
  WG_CHECK_KIND(Kind::NotImplemented, !is_complex(out.dtype) || how.reduce == Reduce::Add || how.reduce == Reduce::Mul,
                '"', op, "\" not implemented for '", torch_name(out.dtype), "'");
  if (!include_self) {
    const TensorRef identity = identity_of(how.reduce, out.dtype);
    write(out, identity.get(), Reduce::Set);
  }
  write(out, nullptr, how.reduce);
  if (!how.mean) return;
  const TensorRef count = full(out.sizes, include_self ? 1 : 0, out.dtype), one = full({}, 1, out.dtype);
  write(*count, one.get(), Reduce::Add);
  const TensorRef where = empty(out.sizes, DType::Bool);
  const TensorRef seen = cast(*count, DType::Bool), no = zeros({}, DType::Bool);
  copy(*where, *full({}, 1, DType::Bool));
  fill_where(where->data(), where->strides, seen->as<bool>(), seen->strides, out.sizes, DType::Bool, no->data());
  fill_where(count->data(), count->strides, where->as<bool>(), where->strides, out.sizes, out.dtype, one->data());
  divide_strided(out.data(), out.strides, count->data(), count->strides, out.sizes, out.dtype);
}

// ---- along a dim: whole slices at a vector of indices ----

void check_slices(const Tensor& self, int dim, const Tensor& index, const Tensor& source, const char* op) {
  WG_CHECK_INDEX(index.ndim() <= 1, op, "(): Index is supposed to be a vector, but got dim: ", index.ndim(),
                 " with type: ", torch_name(index.dtype), " and size: ", to_string(index.sizes));
  WG_CHECK(index.dtype == DType::Int64 || index.dtype == DType::Int32, op,
           "(): Expected dtype int32/int64 for index but got: ", torch_name(index.dtype));
  WG_CHECK(self.dtype == source.dtype, op, "(): self (", torch_name(self.dtype), ") and source (",
           torch_name(source.dtype), ") must have the same scalar type");
  WG_CHECK(dim == 0 || dim < source.ndim(), op, "(): Indexing dim ", dim,
           " is out of bounds of the source tensor with dim ", source.ndim());
  WG_CHECK(index.numel == (source.ndim() == 0 ? 1 : source.sizes[dim]), op, "(): Number of indices (", index.numel,
           ") should be equal to source.size(dim): (", source.ndim() == 0 ? 1 : source.sizes[dim], "), for dim: ", dim);
  Dims a = self.sizes, b = source.sizes;
  if (a.size()) a.erase(dim);
  if (b.size()) b.erase(dim);
  WG_CHECK(a == b && (self.ndim() == 0 || source.ndim() > 0),
           "source tensor shape must match self tensor shape, excluding the specified dimension. Got self.shape = ",
           to_string(self.sizes), " source.shape = ", to_string(source.sizes));
}

TensorRef filled(Call& c, const Element& value) {
  Tensor &self = c.tensor(0), &index = c.tensor(2);
  WG_CHECK_INDEX(index.dtype == DType::Int64, "index_fill_(): Expected dtype int64 for index.");
  WG_CHECK(index.ndim() <= 1, "Index has to be a vector/scalar");
  const int dim = wrap_dim(c.integer(1), self.ndim());
  c.set(1, Value::of_int(dim));
  const TensorRef out = changed_also_expanded(c, "index_fill_", "tensor[mask] = scalar"), to = at_least_1d(*out);
  const TensorRef one = empty({}, self.dtype);
  std::memcpy(one->data(), value.bytes, size_of(self.dtype));
  const Slices at(*to, dim, index, true, Kind::Index, "");
  put_slices(*to, at, *one, Reduce::Set);
  return out;
}

}  // namespace

WG_OP(gather) {
  Tensor& self = c.tensor(0);
  const int dim = wrap_dim(c.integer(1), self.ndim());
  const TensorRef index = long_index(c.tensor(2), "gather");
  check_gather(self, dim, *index);
  c.set(1, Value::of_int(dim));
  const TensorRef out = empty(index->sizes, self.dtype);
  if (index->numel) {
    const TensorRef from = at_least_1d(self), at = at_least_1d(*index), to = at_least_1d(*out);
    if (const TensorRef one = slice_index(*from, dim, *at)) {
      const Slices slices(*from, dim, *one, false, Kind::Runtime, "");
      get_rows(to->data(), from->data(), slices.rows, size_of(self.dtype));
    } else {
      const Columns columns{at->sizes, dim, from->strides, at->strides, to->strides, from->sizes[dim]};
      if (!gather_columns(to->data(), from->data(), at->as<int64_t>(), columns, size_of(self.dtype)))
        refuse(*at, dim, from->sizes[dim]);
    }
  }
  c.out(out);
}

// (gradient, sizes of the input, dim, index)
WG_OP(_gather_backward) {
  Tensor &g = c.tensor(0), &index = c.tensor(3);
  const TensorRef out = zeros(c.ints(1), g.dtype), at = long_index(index, "gather");
  const int dim = wrap_dim(c.integer(2), out->ndim());
  expect_sizes(c, g.sizes, index.sizes, "a gradient");
  check_scatter(*out, dim, *at, &g);
  scatter_into(*out, dim, *at, g, false, Reduce::Add);
  c.out(out);
}

WG_OP_AS(scatter_src, "scatter.src", Primitive) { scatter(c, Reduce::Set); }
WG_OP_AS(scatter_value, "scatter.value", Primitive) { scatter_value(c, Reduce::Set); }
WG_OP_AS(scatter_reduce_src, "scatter.reduce", Primitive) { scatter(c, add_or_multiply(c.text(4))); }
WG_OP_AS(scatter_reduce_value, "scatter.value_reduce", Primitive) { scatter_value(c, add_or_multiply(c.text(4))); }
WG_OP(scatter_add) { scatter(c, Reduce::Add); }

WG_OP_AS(scatter_reduce, "scatter_reduce", Primitive) {
  Tensor &self = c.tensor(0), &source = c.tensor(3);
  Named how;
  WG_CHECK(named_reduce(c.text(4), true, &how), "reduce argument must be either sum, prod, mean, amax or amin, got ",
           c.text(4));
  const int dim = wrap_dim(c.integer(1), self.ndim());
  const TensorRef index = long_index(c.tensor(2), "scatter");
  WG_CHECK(self.dtype == source.dtype, "scatter(): Expected self.dtype to be equal to src.dtype");
  check_scatter(self, dim, *index, &source);
  c.set(1, Value::of_int(dim));
  const TensorRef out = changed(c);
  if (index->numel)
    reduce_at(*out, how, c.nargs < 6 || c.flag(5), "scatter_reduce", [&](Tensor& to, Tensor* value, Reduce reduce) {
      scatter_into(to, dim, *index, value ? *value : source, value != nullptr, reduce);
    });
  c.out(out);
}

WG_OP(index_select) {
  Tensor &self = c.tensor(0), &index = c.tensor(2);
  WG_CHECK_INDEX(index.ndim() <= 1, "index_select(): Index is supposed to be a vector");
  WG_CHECK(index.dtype == DType::Int64 || index.dtype == DType::Int32,
           "index_select(): Expected dtype int32 or int64 for index");
  const int dim = wrap_dim(c.integer(1), self.ndim());
  WG_CHECK(self.ndim() > 0 || index.numel == 1, "index_select(): Index to scalar can have only 1 value, got ",
           index.numel, " value(s)");
  c.set(1, Value::of_int(dim));
  const TensorRef rows = cast(index, DType::Int64);
  if (!self.numel && rows->numel && self.ndim() > 1) {  // torch has words of its own for tensors without elements
    WG_CHECK(self.sizes[dim] > 0, "index_select(): self indexing axis dim should be positive");
    const TensorRef flat = contiguous(*rows);
    const int64_t bad = first_outside(flat->as<int64_t>(), flat->numel, self.sizes[dim]);
    WG_CHECK(bad < 0, "INDICES element is out of DATA bounds, id=", bad < 0 ? 0 : flat->as<int64_t>()[bad],
             " axis_dim=", self.sizes[dim]);
  }
  const Slices at(self, dim, *rows, false, Kind::Index, "index out of range in self");
  const TensorRef out = empty(self.ndim() ? at.sizes() : Dims(), self.dtype);
  get_rows(out->data(), self.data(), at.rows, size_of(self.dtype));
  c.out(out);
}

// (gradient, sizes of the input, dim, index)
WG_OP(index_select_backward) {
  Tensor& g = c.tensor(0);
  const TensorRef out = zeros(c.ints(1), g.dtype);
  const int dim = wrap_dim(c.integer(2), out->ndim());
  put_slices(*out, Slices(*out, dim, *cast(c.tensor(3), DType::Int64), false, Kind::Index, ""), g, Reduce::Add);
  c.out(out);
}

WG_OP(index_add) {
  Tensor &self = c.tensor(0), &index = c.tensor(2), &source = c.tensor(3);
  const int dim = wrap_dim(c.integer(1), self.ndim());
  check_slices(self, dim, index, source, "index_add_");
  c.set(1, Value::of_int(dim));
  const TensorRef out = changed(c);
  const bool flat = self.ndim() <= 1;  // torch has one sentence for a vector and another for rows
  const Slices at(*at_least_1d(*out), dim, *cast(index, DType::Int64), false, flat ? Kind::Index : Kind::Runtime,
                  flat ? "index out of range in self" : "");
  TensorRef added(&source);
  if (c.has(4) && c.complex(4) != complex128(1)) {
    const Element alpha = element_of(c.args[4], self.dtype);
    added = empty(source.sizes, self.dtype);
    copy(*added, source);
    const TensorRef factor = empty({}, self.dtype);
    std::memcpy(factor->data(), alpha.bytes, size_of(self.dtype));
    multiply_strided(added->data(), added->strides, factor->data(), Dims(source.ndim()), source.sizes, self.dtype);
  }
  put_slices(*out, at, *added, Reduce::Add);
  c.out(out);
}

WG_OP(index_copy) {
  Tensor &self = c.tensor(0), &index = c.tensor(2), &source = c.tensor(3);
  const int dim = wrap_dim(c.integer(1), self.ndim());
  WG_CHECK_INDEX(index.ndim() <= 1, "index_copy_(): Index should have dimension 1 or 0 (got ", index.ndim(), ")");
  WG_CHECK_INDEX(source.ndim() > 0 || index.numel == 1,
                 "index_copy_(): When source is scalar, index should have one element (got ", index.numel, ")");
  WG_CHECK_INDEX(source.ndim() == self.ndim() || source.ndim() == 0 || self.ndim() == 0,
                 "index_copy_(): When source and destination are not scalars, their dimensionality must match. Source "
                 "dimensionality (",
                 source.ndim(), "), destination dimensionality (", self.ndim(), ")");
  WG_CHECK(index.dtype == DType::Int64, "index_copy_(): Expected a long tensor for index, but got ",
           torch_name(index.dtype));
  WG_CHECK(self.dtype == source.dtype,
           "index_copy_(): self and source expected to have the same dtype, but got (self) ", torch_name(self.dtype),
           " and (source) ", torch_name(source.dtype));
  Dims a = self.sizes, b = source.sizes;
  if (a.size()) a.erase(dim);
  if (b.size()) b.erase(dim);
  WG_CHECK(a == b, "index_copy_(): Source/destination tensor must have same slice shapes. Destination slice shape: ",
           a.empty() ? "" : std::to_string(a[0]), " at dimension ", dim,
           " and source slice shape: ", b.empty() ? "" : std::to_string(b[0]), " at dimension 0.");
  WG_CHECK_INDEX(source.ndim() == 0 || index.numel == source.sizes[dim], "index_copy_(): Number of indices (",
                 index.numel, ") should be equal to source.size(dim) (", source.ndim() ? source.sizes[dim] : 1, ")");
  c.set(1, Value::of_int(dim));
  const TensorRef out = changed(c), to = at_least_1d(*out);
  std::string outside;
  const TensorRef flat = contiguous(index);
  const int64_t bad = first_outside(flat->as<int64_t>(), flat->numel, to->sizes[dim]);
  if (bad >= 0)
    outside = str("index_copy_(): index ", flat->as<int64_t>()[bad], " is out of bounds for dimension ", dim,
                  " with size ", to->sizes[dim]);
  put_slices(*to, Slices(*to, dim, index, false, Kind::Index, outside), source, Reduce::Set);
  c.out(out);
}

WG_OP_AS(index_fill_scalar, "index_fill.int_Scalar", Primitive) {
  WG_CHECK(c.args[3].tag != Tag::Complex || is_complex(c.tensor(0).dtype),
           "index_fill_(): Converting complex Scalar to non-complex type is not supported");
  c.out(filled(c, element_of(c.args[3], c.tensor(0).dtype)));
}
WG_OP_AS(index_fill_tensor, "index_fill.int_Tensor", Primitive) {
  Tensor& value = c.tensor(3);
  WG_CHECK(value.ndim() == 0, "index_fill_ only supports a 0-dimensional value tensor, but got tensor with ",
           value.ndim(), " dimension(s).");
  c.out(filled(c, element_of(value, c.tensor(0).dtype)));
}

WG_OP(index_reduce) {
  Tensor &self = c.tensor(0), &index = c.tensor(2), &source = c.tensor(3);
  Named how;
  WG_CHECK(named_reduce(c.text(4), false, &how),
           "index_reduce(): Expected reduce to be one of prod, mean, amax or amin but got ", c.text(4), ".");
  const int dim = wrap_dim(c.integer(1), self.ndim());
  check_slices(self, dim, index, source, "index_reduce");
  c.set(1, Value::of_int(dim));
  const TensorRef out = changed(c);
  const TensorRef at = cast(index, DType::Int64);
  reduce_at(*out, how, c.nargs < 6 || c.flag(5), "index_reduce", [&](Tensor& to, Tensor* value, Reduce reduce) {
    const TensorRef wide = at_least_1d(to);
    put_slices(*wide, Slices(*wide, dim, *at, false, Kind::Runtime, ""), value ? *value : source, reduce);
  });
  c.out(out);
}

}  // namespace wg
