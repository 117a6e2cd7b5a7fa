// Look-ups in flat tensors and tables: take, put, embedding, one_hot.
#include "../apply.h"
#include "../kernels/index.h"
#include "../kernels/reals.h"
#include "../op.h"
#include "calls.h"
#include "element.h"
#include "expect.h"

namespace wg {
namespace {

// Byte offsets of linear indices into a contiguous tensor of n elements.
TensorRef linear_offsets(const Tensor& index, int64_t n, int itemsize) {
  const TensorRef flat = contiguous(*cast(index, DType::Int64)), offsets = zeros({index.numel}, DType::Int64);
  const int64_t bad = add_offsets(offsets->as<int64_t>(), flat->as<int64_t>(), flat->numel, n, itemsize, true);
  WG_CHECK_INDEX(bad < 0, "out of range: tried to access index ", flat->as<int64_t>()[bad], " on a tensor of ", n,
                 " elements.");
  return offsets;
}

Rows single_elements(const Tensor& offsets) {
  Rows rows;
  rows.offsets = offsets.as<int64_t>();
  rows.n = offsets.numel;
  return rows;
}

void check_indices(const Tensor& indices) {
  WG_CHECK(
      indices.dtype == DType::Int64 || indices.dtype == DType::Int32,
      "Expected tensor for argument #1 'indices' to have one of the following scalar types: Long, Int; but got torch.",
      torch_name(indices.dtype), "Tensor instead (while checking arguments for embedding)");
}

// How often each row is looked up, as the divisor of its gradient.
std::vector<int64_t> counts_of(const int64_t* indices, int64_t n, int64_t rows) {
  std::vector<int64_t> counts(size_t(rows), 0);
  for (int64_t i = 0; i < n; ++i) ++counts[size_t(indices[i])];
  return counts;
}

// Contiguous, with negative indices counted from the end.
TensorRef wrapped_indices(Tensor& indices, int64_t size) {
  if (indices.wrapped)  // by a transform: only ops may look at it
    return call<"where">(call<"lt">(indices, 0), call<"add">(indices, size, 1), indices);
  const TensorRef out = empty(indices.sizes, DType::Int64);
  copy(*out, indices);
  int64_t* at = out->as<int64_t>();
  for (int64_t i = 0; i < out->numel; ++i) at[i] += at[i] < 0 ? size : 0;
  return out;
}

}  // namespace

WG_OP(take) {
  Tensor &self = c.tensor(0), &index = c.tensor(1);
  WG_CHECK(index.dtype == DType::Int64, "take(): Expected a long tensor for index, but got ", torch_name(index.dtype));
  WG_CHECK_INDEX(self.numel > 0 || index.numel == 0, "take(): tried to take from an empty tensor");
  const TensorRef offsets = linear_offsets(index, self.numel, size_of(self.dtype)), from = contiguous(self);
  const TensorRef out = empty(index.sizes, self.dtype);
  get_rows(out->data(), from->data(), single_elements(*offsets), size_of(self.dtype));
  c.out(out);
}

// (gradient, sizes of the input, index)
WG_OP(_take_backward) {
  Tensor& g = c.tensor(0);
  expect_sizes(c, g.sizes, c.tensor(2).sizes, "a gradient");
  const TensorRef out = zeros(c.ints(1), g.dtype);
  const TensorRef offsets = linear_offsets(c.tensor(2), out->numel, size_of(g.dtype)), from = contiguous(g);
  put_rows(out->data(), from->data(), single_elements(*offsets), g.dtype, Reduce::Add);
  c.out(out);
}

WG_OP(put) {
  Tensor &self = c.tensor(0), &index = c.tensor(1), &source = c.tensor(2);
  WG_CHECK(index.dtype == DType::Int64, "put_(): Expected a long tensor for index, but got ", torch_name(index.dtype));
  WG_CHECK(self.dtype == source.dtype,
           "put_(): self and source expected to have the same dtype, but got self.dtype = ", torch_name(self.dtype),
           " and source.dtype = ", torch_name(source.dtype));
  WG_CHECK_INDEX(index.numel == source.numel,
                 "put_(): Expected source and index to have the same number of elements, but got source.numel() = ",
                 source.numel, ", index.numel() = ", index.numel);
  WG_CHECK_INDEX(self.numel > 0 || index.numel == 0, "put_(): Expected self to be non-empty, or index to be empty");
  if (c.into) {
    check_written(c.into->sizes, c.into->strides);
    check_apart(*c.into, index, true);
    check_apart(*c.into, source, true);
  }
  const TensorRef out = empty(self.sizes, self.dtype), from = contiguous(source);
  copy(*out, self);
  const TensorRef offsets = linear_offsets(index, self.numel, size_of(self.dtype));
  put_rows(out->data(), from->data(), single_elements(*offsets), self.dtype,
           c.nargs > 3 && c.flag(3) ? Reduce::Add : Reduce::Set);
  c.out(out);
}

// (gradient, index, accumulate): zero where put overwrites.
WG_OP(_put_kept) {
  Tensor& g = c.tensor(0);
  const TensorRef out = empty(g.sizes, g.dtype);
  copy(*out, g);
  if (!c.flag(2)) {
    const TensorRef offsets = linear_offsets(c.tensor(1), g.numel, size_of(g.dtype));
    put_rows(out->data(), zeros({offsets->numel}, g.dtype)->data(), single_elements(*offsets), g.dtype, Reduce::Set);
  }
  c.out(out);
}

WG_OP(embedding) {
  Tensor &weight = c.tensor(0), &indices = c.tensor(1);
  WG_CHECK(weight.ndim() == 2, "'weight' must be 2-D");
  check_indices(indices);
  const TensorRef flat = contiguous(*cast(indices, DType::Int64)), offsets = zeros({indices.numel}, DType::Int64);
  const int64_t step = weight.strides[0] * size_of(weight.dtype);
  const int64_t bad =
      add_offsets(offsets->as<int64_t>(), flat->as<int64_t>(), flat->numel, weight.sizes[0], step, false);
  WG_CHECK_INDEX(bad < 0, "index out of range in self");
  Dims sizes = indices.sizes;
  sizes.push_back(weight.sizes[1]);
  const TensorRef out = empty(sizes, weight.dtype);
  Rows rows = single_elements(*offsets);
  rows.after_sizes = {weight.sizes[1]};
  rows.after_strides = {weight.strides[1]};
  get_rows(out->data(), weight.data(), rows, size_of(weight.dtype));
  c.out(out);
}

// (gradient, indices, number of rows, padding_idx, scale_grad_by_freq)
WG_OP(embedding_dense_backward) {
  Tensor& g = c.tensor(0);
  check_indices(c.tensor(1));
  // A copy of its own: the rows are counted by what was checked.
  const TensorRef indices = empty(c.tensor(1).sizes, DType::Int64), from = contiguous(g);
  copy(*indices, c.tensor(1));
  const int64_t rows = c.integer(2), padding = c.integer(3), width = g.ndim() ? g.sizes.back() : 1;
  const int64_t* at = indices->as<int64_t>();
  Dims looked_up = indices->sizes;
  looked_up.push_back(width);
  WG_CHECK(g.sizes == looked_up && rows >= 0, "embedding_dense_backward: expected a gradient of size ",
           to_string(looked_up), " for ", rows, " rows, but got ", to_string(g.sizes));
  const TensorRef out = empty({rows, width}, g.dtype);
  const int64_t outside = sum_by_row(out->data(), rows, width, from->data(), at, indices->numel, padding, g.dtype);
  WG_CHECK_INDEX(outside < 0, "index out of range in self");
  if (c.flag(4)) {
    const std::vector<int64_t> counts = counts_of(at, indices->numel, rows);
    const TensorRef divisor = empty({rows, 1}, DType::Float64);
    for (int64_t i = 0; i < rows; ++i) divisor->as<double>()[i] = double(std::max<int64_t>(counts[size_t(i)], 1));
    const TensorRef by = cast(*divisor, g.dtype);
    divide_strided(out->data(), out->strides, by->data(), {1, 0}, {rows, width}, g.dtype);
  }
  c.out(out);
}

// (source, places, to, factors, count): `count` rows, the sums of factors[k] * source[places[k]] over all k with the
// same to[k]. The places are copied: they may be changed between the check and their use.
WG_OP(_sum_rows) {
  Tensor &source = c.tensor(0), &places = c.tensor(1), &to = c.tensor(2);
  Tensor* factors = c.tensor_or_null(3);
  const int64_t count = c.integer(4), m = places.numel;
  expect(c, source.ndim() == 2 && (source.dtype == DType::Float32 || source.dtype == DType::Float64),
         "rows of float or double");
  expect(c, to.numel == m && (!factors || (factors->numel == m && factors->dtype == source.dtype)) && count >= 0,
         "one number for every place");
  const auto copied = [](const Tensor& t) {
    const TensorRef at = empty(t.sizes, DType::Int64);
    copy(*at, t);
    return at;
  };
  const TensorRef from = contiguous(source), at = copied(places), into = copied(to);
  const TensorRef by = factors ? contiguous(*factors) : TensorRef();
  WG_CHECK_INDEX(first_outside(at->as<int64_t>(), m, source.size(0)) < 0, "index out of range in self");
  WG_CHECK_INDEX(first_outside(into->as<int64_t>(), m, count) < 0, "index out of range in self");
  const TensorRef out = zeros({count, source.size(1)}, source.dtype);
  with_real(source.dtype, [&]<class T>(T) {
    sum_rows(out->as<T>(), from->as<T>(), into->as<int64_t>(), at->as<int64_t>(), by ? by->as<T>() : nullptr, m,
             source.size(1));
  });
  c.out(out);
}

WG_OP_AS(one_hot, "one_hot", Primitive) {
  Tensor& self = c.tensor(0);
  WG_CHECK(self.dtype == DType::Int64, "one_hot is only applicable to index tensor of type LongTensor.");
  int64_t classes = c.integer_or(1, -1);
  const TensorRef flat = contiguous(self);
  const int64_t *at = flat->as<int64_t>(), n = flat->numel;
  WG_CHECK(n > 0 || classes > 0, "Can not infer total number of classes from empty tensor.");
  const int64_t least = n ? *std::min_element(at, at + n) : 0, most = n ? *std::max_element(at, at + n) : 0;
  WG_CHECK(least >= 0, "Class values must be non-negative.");
  if (classes == -1)
    classes = most + 1;
  else
    WG_CHECK(most < classes || n == 0, "Class values must be smaller than num_classes.");
  Dims sizes = self.sizes;
  sizes.push_back(classes);
  const TensorRef out = zeros(sizes, DType::Int64);
  for (int64_t i = 0; i < n; ++i) {
    const int64_t k = read_once(at + i);
    WG_CHECK(uint64_t(k) < uint64_t(classes), "Class values must be smaller than num_classes.");
    out->as<int64_t>()[i * classes + k] = 1;
  }
  c.out(out);
}

WG_OP_AS(take_along_dim, "take_along_dim", Composite) {
  Tensor &self = c.tensor(0), &indices = c.tensor(1);
  if (!c.has(2)) {
    WG_CHECK(indices.dtype == DType::Int64 || indices.dtype == DType::Int32,
             "gather(): Expected dtype int32/int64 for index");
    const TensorRef wrapped = wrapped_indices(indices, self.numel), flat = call<"reshape">(wrapped, Dims{-1});
    return c.out(call<"gather">(call<"reshape">(self, Dims{-1}), 0, flat, false));
  }
  WG_CHECK(indices.dtype == DType::Int64, "torch.take_along_dim(): dtype of indices should be Long but got ",
           torch_name(indices.dtype));
  WG_CHECK(self.ndim() == indices.ndim(),
           "torch.take_along_dim(): input and indices should have the same number of dimensions, but got ", self.ndim(),
           " dimensions for input, and ", indices.ndim(), " dimensions for indices");
  const int dim = wrap_dim(c.integer(2), self.ndim());
  Dims a = self.sizes, b = indices.sizes;
  if (self.ndim()) a[dim] = b[dim] = 1;
  Dims from = broadcast(a, b), at = from;
  if (self.ndim()) {
    from[dim] = self.sizes[dim];
    at[dim] = indices.sizes[dim];
  }
  const TensorRef wrapped = wrapped_indices(indices, self.ndim() ? self.sizes[dim] : 1);
  c.out(call<"gather">(call<"expand">(self, from, false), dim, call<"expand">(wrapped, at, false), false));
}

// (rows, the bag of each, number of bags): for every bag and column the first of the rows with the largest value, nan
// above all; the number of rows where there is none.
WG_OP(_first_maxima) {
  const TensorRef rows = contiguous(c.tensor(0)), bag = contiguous(*cast(c.tensor(1), DType::Int64));
  WG_CHECK(rows->ndim() == 2 && bag->ndim() == 1 && bag->numel == rows->size(0), "_first_maxima: a bag for each row");
  const int64_t n = rows->size(0), width = rows->size(1), count = c.integer(2);
  const TensorRef first = empty({count, width}, DType::Int64), top = zeros({count, width}, rows->dtype);
  int64_t* at = first->as<int64_t>();
  std::fill_n(at, first->numel, n);
  visit_floating(rows->dtype, "_first_maxima", [&]<class T>() {
    for (int64_t k = 0; k < n; ++k) {
      const int64_t b = bag->as<int64_t>()[k];
      WG_CHECK_INDEX(uint64_t(b) < uint64_t(count), "index out of range in self");
      const T* row = rows->as<T>() + k * width;
      T* most = top->as<T>() + b * width;
      int64_t* where = at + b * width;
      for (int64_t i = 0; i < width; ++i) {
        const bool none = where[i] == n, number = most[i] == most[i];
        const bool take = none | (number & !(row[i] <= most[i]));
        most[i] = take ? row[i] : most[i];
        where[i] = take ? k : where[i];
      }
    }
  });
  c.out(first);
}

}  // namespace wg
