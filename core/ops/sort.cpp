// Sorting, selection, search and counting: argument checks and copies; the loops are in kernels/sort.
#include "../kernels/sort.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "../kernels/copy.h"
#include "../kernels/read_once.h"
#include "calls.h"
#include "expect.h"
#include "reduced.h"

namespace wg {
namespace {

constexpr const char* kInside = "indices inside the dim";

Rows rows_of(const Tensor& x, int dim) {
  Rows s{x.dtype, 1, 1, 1};
  for (int i = 0; i < x.ndim(); ++i) (i < dim ? s.outer : i == dim ? s.n : s.inner) *= x.size(i);
  return s;
}

void sorted_into(Call& c, int dim, Order order, int64_t k) {
  TensorRef from = contiguous(c.tensor(0));
  Dims sizes = from->sizes;
  if (sizes.size()) sizes[dim] = k;
  TensorRef values = empty(sizes, from->dtype), where = empty(sizes, DType::Int64);
  sort_rows(rows_of(*from, dim), order, k, from->data(), values->data(), where->as<int64_t>());
  c.out(std::move(values));
  c.out(std::move(where));
}

void sort_along(Call& c, int dim_at, int descending_at, bool stable) {
  Tensor& x = c.tensor(0);
  int dim = reduced_dim(c, dim_at, x.ndim());
  WG_CHECK(!is_complex(x.dtype), " Sort does not support complex dtypes on CPU");
  const bool down = c.flag(descending_at);
  // A long vector of integers is sorted digit by digit by torch too, which keeps the order of equals.
  stable |= x.ndim() == 1 && x.numel >= 32768 && !down && is_integral(x.dtype) && x.dtype != DType::Bool;
  sorted_into(c, dim, {.descending = down, .stable = stable}, x.ndim() ? x.size(dim) : 1);
  for (int k = 0; k < 2 && !x.contiguous; ++k) {  // the results lie in memory as the input does
    const TensorRef out = empty_like(x, c.result(k)->dtype);
    copy(*out, *c.result(k));
    c.result(k) = out;
  }
}

void picked(Call& c, Pick what, int64_t k, int dim_at, const char* name, const char* kernel, bool bool_too) {
  Tensor& x = c.tensor(0);
  int dim = reduced_dim(c, dim_at, x.ndim());
  WG_CHECK_INDEX(!x.ndim() || x.size(dim), name, ": Expected reduction dim ", dim, " to have non-zero size.");
  WG_CHECK_KIND(Kind::NotImplemented, !is_complex(x.dtype) && (bool_too || x.dtype != DType::Bool), '"', kernel,
                "\" not implemented for '", torch_name(x.dtype), "'");
  TensorRef from = contiguous(x);
  Rows rows = rows_of(*from, dim);
  if (what == Pick::Kth)
    WG_CHECK(k >= 1 && k <= rows.n, "kthvalue(): selected number k out of range for dimension ", dim);
  Dims sizes = reduced_sizes(x.sizes, x.ndim() ? uint64_t(1) << dim : 0, c.flag(dim_at + 1));
  TensorRef values = empty(sizes, x.dtype), where = empty(sizes, DType::Int64);
  pick_rows(rows, what, k - 1, from->data(), values->data(), where->as<int64_t>());
  c.out(std::move(values));
  c.out(std::move(where));
}

void median_of_all(Call& c, Pick what) {
  Tensor& x = c.tensor(0);
  WG_CHECK_KIND(Kind::NotImplemented, !is_complex(x.dtype) && x.dtype != DType::Bool,
                "\"median_cpu\" not implemented for '", torch_name(x.dtype), "'");
  if (!x.numel)
    return c.out(full({}, is_floating(x.dtype) ? std::nan("") : double(std::numeric_limits<int64_t>::min()), x.dtype));
  TensorRef from = contiguous(x), value = empty({}, x.dtype);
  int64_t where;
  pick_rows({x.dtype, 1, x.numel, 1}, what, 0, from->data(), value->data(), &where);
  c.out(std::move(value));
}

// The adjoint pair of every op that picks elements along a dim: indices may lack the dim (`kept` false).
struct Walker {  // walks the elements of an index tensor, telling where its column begins in the whole
  Dims sizes, whole_strides;
  int dim;
  int64_t base(int64_t i) const {
    int64_t at = 0;
    for (int d = sizes.size(); d-- > 0; i /= sizes[d])
      if (d != dim) at += i % sizes[d] * whole_strides[d];
    return at;
  }
};
Walker walker(const Dims& whole, Dims index, int dim, bool kept) {
  if (!kept && whole.size()) index.insert(dim, 1);
  return {index, contiguous_strides(whole), dim};
}

// Moves elements between a whole tensor and the picked ones. False when an index was outside the dim of `length`.
template <bool kScatter>
bool move(const Walker& w, int64_t length, int64_t step, int itemsize, const Tensor& index, char* whole, char* part) {
  const int64_t *at = index.as<int64_t>(), n = index.numel;
  bool inside = true;
  visit_size(itemsize, [&]<class U>() {
    auto* big = reinterpret_cast<U*>(whole);
    auto* small = reinterpret_cast<U*>(part);
    for (int64_t i = 0; i < n; ++i) {
      const int64_t k = read_once(at + i);
      if (uint64_t(k) >= uint64_t(length)) [[unlikely]] {
        inside = false;
        continue;
      }
      U& place = big[w.base(i) + k * step];
      if constexpr (kScatter)
        place = small[i];
      else
        small[i] = place;
    }
  });
  return inside;
}

// The shape of indices into dim of a whole of these sizes: as many dims (one fewer unless `kept`), no longer than the
// others. `move` sees to the values.
void check_picked(const Call& c, const Dims& sizes, int dim, const Tensor& index, bool kept) {
  expect(c, index.dtype == DType::Int64, "indices of dtype int64");
  Dims at = index.sizes;
  if (!kept && sizes.size()) at.insert(std::min(dim, at.size()), 1);
  expect(c, at.size() == sizes.size(), "an index for every element but those along dim");
  for (int d = 0; d < at.size(); ++d) expect(c, d == dim || at[d] <= sizes[d], "indices no larger than the whole");
}

TensorRef matched(const Tensor& t, DType dtype) {
  return contiguous(*as_dtype(TensorRef(const_cast<Tensor*>(&t)), dtype));
}

// order: where the elements of the sequence are found, contiguous and checked; or null.
void search(Call& c, const Tensor& sequence, const Tensor& values, bool right, bool small, const TensorRef& order) {
  DType dtype = promote(sequence.dtype, values.dtype);
  if (values.number) dtype = category(values.dtype) > category(sequence.dtype) ? values.dtype : sequence.dtype;
  WG_CHECK_KIND(Kind::NotImplemented, !is_complex(dtype) && dtype != DType::Bool,
                "\"searchsorted_out_cpu\" not implemented for '", torch_name(dtype), "'");
  TensorRef rows = matched(sequence, dtype), wanted = matched(values, dtype);
  TensorRef where = empty(values.sizes, DType::Int64);
  int64_t n = sequence.sizes.back();
  int64_t per_row =
      sequence.ndim() == 1 ? std::max<int64_t>(wanted->numel, 1) : std::max<int64_t>(values.sizes.back(), 1);
  search_rows(dtype, n, wanted->numel, per_row, rows->data(), order ? order->as<int64_t>() : nullptr, wanted->data(),
              right, where->as<int64_t>());
  c.out(small ? cast(*where, DType::Int32) : where);
}

// The sorter, checked: a copy that nobody else writes to.
TensorRef checked_search(const Tensor& sequence, const Tensor& values, const Tensor* sorter) {
  constexpr const char* me = "torch.searchsorted(): ";
  WG_CHECK(sequence.ndim() > 0, me, "boundaries tensor should have positive dimension, but got 0 dimension");
  WG_CHECK(values.ndim() > 0 || sequence.ndim() == 1, me,
           "input value can be a scalar only when boundaries tensor dimension is 1, but we got boundaries tensor dim(",
           sequence.ndim(), ") and input value's dim(", values.ndim(), ") numel(", values.numel, ")");
  bool fits = sequence.ndim() == 1 || sequence.ndim() == values.ndim();
  for (int i = 0; fits && sequence.ndim() > 1 && i + 1 < sequence.ndim(); ++i)
    fits = sequence.size(i) == values.size(i);
  WG_CHECK(fits, me,
           "boundaries tensor should be 1 dimension or the first N-1 dimensions of boundaries tensor and input value "
           "tensor must match, but we got boundaries tensor ",
           to_string(sequence.sizes), " and input value tensor ", to_string(values.sizes));
  if (!sorter) return {};
  WG_CHECK(sorter->sizes == sequence.sizes, me, "boundary and sorter must have the same size, but got boundary tensor ",
           to_string(sequence.sizes), "and got sorter tensor ", to_string(sorter->sizes));
  WG_CHECK(sorter->dtype == DType::Int64, me, "sorter must be a tensor of long dtype but got dtype ",
           torch_name(sorter->dtype));
  TensorRef order = empty(sorter->sizes, DType::Int64);
  copy(*order, *sorter);
  for (int64_t i = 0; i < order->numel; ++i)
    WG_CHECK(order->as<int64_t>()[i] >= 0 && order->as<int64_t>()[i] < sequence.sizes.back(), me,
             "sorter index out of range");
  return order;
}

// A number as a 0-dim tensor that is weak in promotion.
TensorRef number(const Value& v) {
  TensorRef t =
      v.tag == Tag::Float ? full({}, v.to_double(), DType::Float64) : full({}, double(v.to_int()), DType::Int64);
  t->number = true;
  return t;
}

void search_sorted(Call& c) {
  Tensor& sequence = c.tensor(0);
  TensorRef values = c.args[1].is_tensor() ? TensorRef(&c.tensor(1)) : number(c.args[1]);
  bool right = c.flag(3);
  if (c.has(4)) {
    const std::string& side = c.text(4);
    WG_CHECK(side == "left" || side == "right", "torch.searchsorted(): side can only be 'left' or 'right' but got ",
             side);
    WG_CHECK(!(right && side == "left"),
             "torch.searchsorted(): side and right can't be set to opposites, got side of left while right was True");
    right = side == "right";
  }
  search(c, sequence, *values, right, c.flag(2), checked_search(sequence, *values, c.tensor_or_null(5)));
}

void bucketize(Call& c) {
  Tensor& boundaries = c.tensor(1);
  TensorRef values = c.args[0].is_tensor() ? TensorRef(&c.tensor(0)) : number(c.args[0]);
  WG_CHECK(boundaries.ndim() == 1, "boundaries tensor must be 1 dimension, but got dim(", boundaries.ndim(), ")");
  search(c, boundaries, *values, c.flag(3), c.flag(2), TensorRef());
}

}  // namespace

WG_OP_AS(sort, "sort", Primitive) { sort_along(c, 1, 2, false); }
WG_OP_AS(sort_stable, "sort.stable", Primitive) { sort_along(c, 2, 3, c.has(1) && c.flag(1)); }

WG_OP(topk) {
  Tensor& x = c.tensor(0);
  int dim = reduced_dim(c, 2, x.ndim());
  int64_t k = c.integer(1);
  WG_CHECK(!is_complex(x.dtype), " topk does not support complex dtypes on CPU");
  WG_CHECK(x.dtype != DType::Bool, "topk does not support bool dtypes on CPU");
  WG_CHECK(k >= 0 && k <= (x.ndim() ? x.size(dim) : 1), "selected index k out of range");
  sorted_into(c, dim, {c.flag(3), true, c.flag(4)}, k);
}

WG_OP(kthvalue) { picked(c, Pick::Kth, c.integer(1), 2, "kthvalue()", "kthvalue_cpu", false); }
WG_OP(mode) { picked(c, Pick::Mode, 1, 1, "mode()", "mode_cpu", true); }
WG_OP_AS(median, "median", Primitive) { median_of_all(c, Pick::Median); }
WG_OP_AS(nanmedian, "nanmedian", Primitive) { median_of_all(c, Pick::NanMedian); }
WG_OP_AS(median_dim, "median.dim", Primitive) { picked(c, Pick::Median, 1, 1, "median()", "median_out", false); }
WG_OP_AS(nanmedian_dim, "nanmedian.dim", Primitive) {
  picked(c, Pick::NanMedian, 1, 1, "median()", "median_out", false);
}

// _scatter_picked(g, dim, indices, sizes, kept): zeros but for g at the indices. _gather_picked is its adjoint.
WG_OP(_scatter_picked) {
  const Dims& sizes = c.ints(3);
  const int dim = wrap_dim(c.integer(1), sizes.size());
  expect_sizes(c, c.tensor(0).sizes, c.tensor(2).sizes, "a gradient");
  check_picked(c, sizes, dim, c.tensor(2), c.flag(4));
  TensorRef g = contiguous(c.tensor(0)), index = contiguous(c.tensor(2));
  TensorRef out = zeros(sizes, g->dtype);
  Walker w = walker(sizes, index->sizes, dim, c.flag(4));
  int64_t step = sizes.size() ? w.whole_strides[dim] : 0;
  expect(c, move<true>(w, sizes.size() ? sizes[dim] : 1, step, size_of(g->dtype), *index, out->data(), g->data()),
         kInside);
  c.out(std::move(out));
}
WG_OP(_gather_picked) {
  TensorRef x = contiguous(c.tensor(0)), index = contiguous(c.tensor(2));
  const int dim = wrap_dim(c.integer(1), x->ndim());
  check_picked(c, x->sizes, dim, *index, c.flag(3));
  TensorRef out = empty(index->sizes, x->dtype);
  Walker w = walker(x->sizes, index->sizes, dim, c.flag(3));
  int64_t step = x->ndim() ? w.whole_strides[dim] : 0;
  expect(c, move<false>(w, x->ndim() ? x->sizes[dim] : 1, step, size_of(x->dtype), *index, x->data(), out->data()),
         kInside);
  c.out(std::move(out));
}

// The order of the rows of a matrix, lexicographic.
WG_OP(_sort_matrix_rows) {
  WG_CHECK(c.tensor(0).ndim() == 2, "_sort_matrix_rows: expected a matrix");
  // A copy: elements that change while they are compared have no order, and a sort without one leaves its range.
  TensorRef x = empty(c.tensor(0).sizes, c.tensor(0).dtype), order = empty({c.tensor(0).size(0)}, DType::Int64);
  copy(*x, c.tensor(0));
  sort_matrix_rows(x->dtype, x->size(0), x->size(1), x->data(), order->as<int64_t>());
  c.out(std::move(order));
}

WG_OP_AS(searchsorted, "searchsorted.Tensor", Primitive) { search_sorted(c); }
WG_OP_AS(searchsorted_number, "searchsorted.Scalar", Primitive) { search_sorted(c); }
WG_OP_AS(bucketize_tensor, "bucketize.Tensor", Primitive) { bucketize(c); }
WG_OP_AS(bucketize_number, "bucketize.Scalar", Primitive) { bucketize(c); }

WG_OP(bincount) {
  Tensor& x = c.tensor(0);
  Tensor* weights = c.tensor_or_null(1);
  int64_t least = c.integer_or(2, 0);
  WG_CHECK(least >= 0, "minlength should be >= 0");
  WG_CHECK_KIND(Kind::NotImplemented, is_integral(x.dtype), "\"bincount_cpu\" not implemented for '",
                torch_name(x.dtype), "'");
  TensorRef index = contiguous(*as_dtype(TensorRef(&x), DType::Int64));
  const int64_t *first = index->as<int64_t>(), *last = first + index->numel;
  WG_CHECK(x.ndim() == 1 || (!x.numel && x.ndim() <= 1), "bincount only supports 1-d non-negative integral inputs.");
  int64_t low = 0, high = -1;
  for (const int64_t* i = first; i < last; ++i) low = std::min(low, *i), high = std::max(high, *i);
  WG_CHECK(low >= 0, "bincount only supports 1-d non-negative integral inputs.");
  WG_CHECK(!weights || (weights->ndim() == 1 && weights->numel == x.numel),
           "weights should be 1-d and have the same length as input");
  const int64_t bins = std::max(least, high + 1);
  const auto bin = [bins](const int64_t* at) {
    const int64_t k = read_once(at);
    WG_CHECK(uint64_t(k) < uint64_t(bins), "bincount: the input was changed while it was counted");
    return k;
  };
  if (!weights) {
    TensorRef out = zeros({bins}, DType::Int64);
    int64_t* count = out->as<int64_t>();
    // Neighbours are counted in tables of their own: a count would wait for the one before where it is the same.
    if (constexpr int64_t kWays = 4; x.numel >= kWays * bins && bins <= 4096) {
      std::vector<int64_t> ways(size_t(kWays * bins));
      for (; last - first >= kWays; first += kWays)
        for (int64_t w = 0; w < kWays; ++w) ++ways[size_t(w * bins + bin(first + w))];
      for (int64_t k = 0; k < kWays * bins; ++k) count[k % bins] += ways[size_t(k)];
    }
    for (; first < last; ++first) ++count[bin(first)];
    return c.out(std::move(out));
  }
  DType dtype = weights->dtype == DType::Float32 ? DType::Float32 : DType::Float64;
  TensorRef w = contiguous(*as_dtype(TensorRef(weights), dtype)), out = zeros({bins}, dtype);
  auto add = [&]<class T>(T*) {
    for (int64_t i = 0; i < x.numel; ++i) out->as<T>()[bin(first + i)] += w->as<T>()[i];
  };
  if (dtype == DType::Float32)
    add((float*)nullptr);
  else
    add((double*)nullptr);
  c.out(std::move(out));
}

}  // namespace wg
