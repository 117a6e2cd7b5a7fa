// t[…] and t[…] = v as compositions of select, slice, unsqueeze, index and their writes.
#include <algorithm>

#include "../apply.h"
#include "calls.h"
#include "element.h"
#include "index.h"

namespace wg {
namespace {

bool is_mask(const Tensor& t) { return t.dtype == DType::Bool || t.dtype == DType::UInt8; }

// Dims of the subscripted tensor that an item uses up.
int used_dims(const IndexItem& item) {
  switch (item.kind) {
    case IndexItem::Int:
    case IndexItem::Slice: return 1;
    case IndexItem::Tensor: return is_mask(*item.tensor) ? item.tensor->ndim() : 1;
    default: return 0;
  }
}

int64_t integer_of(const Tensor& t) {
  const TensorRef wide = cast(t, DType::Int64);
  return *wide->as<int64_t>();
}

// Walks over the items: slices `t` by those that give views, collects the index tensors.
struct Subscript {
  TensorRef t;
  std::vector<TensorRef> indices;  // an entry for each dim; a mask stands for all its dims
  int covered = 0;                 // dims that `indices` accounts for
  int dim = 0, original = 0;       // in t as it is now; in the subscripted tensor
  bool keep_full_slices;

  Subscript(wg::Tensor& self, const std::vector<IndexItem>& items, bool writing) : t(&self) {
    WG_CHECK_INDEX(self.ndim() > 0 || items.size() != 1 || items[0].kind != IndexItem::Int,
                   "invalid index of a 0-dim tensor. Use `tensor.item()` in Python or `tensor.item<T>()` in C++ to "
                   "convert a 0-dim tensor to a number");
    int used = 0;
    for (const IndexItem& item : items) used += used_dims(item);
    WG_CHECK_INDEX(used <= self.ndim() || (self.ndim() == 0 && items.size() == 1 && items[0].kind == IndexItem::Slice),
                   "too many indices for tensor of dimension ", self.ndim());
    keep_full_slices = !writing && items.size() == 1;
    bool open = true;  // the first ellipsis stands for all dims that are left; others for none
    for (const IndexItem& item : items) {
      if (item.kind == IndexItem::Ellipsis) {
        const int skipped = open ? self.ndim() - used : 0;
        dim += skipped;
        original += skipped;
        open = false;
      } else {
        take(item);
        original += used_dims(item);
      }
    }
  }

 private:
  void take(const IndexItem& item) {
    switch (item.kind) {
      case IndexItem::Int: return select(item.integer);
      case IndexItem::Slice: return slice(item);
      case IndexItem::None: t = call<"unsqueeze">(t, dim++); return;
      case IndexItem::Bool: return flag(item.integer != 0);
      default: tensor(item.tensor);
    }
  }

  void select(int64_t index) {
    const int64_t n = t->sizes[dim];
    WG_CHECK_INDEX(index >= -n && index < n, "index ", index, " is out of bounds for dimension ", original,
                   " with size ", n);
    t = call<"select">(t, dim, index);
  }

  void slice(const IndexItem& item) {
    WG_CHECK_INDEX(t->ndim() > 0, "slice() cannot be applied to a 0-dim tensor.");
    WG_CHECK_VALUE(item.step > 0, item.step ? "step must be greater than zero" : "slice step cannot be zero");
    const int64_t n = t->sizes[dim];
    int64_t start = item.has_start ? item.start : 0, stop = item.has_stop ? item.stop : n;
    if (start < 0) start += n;
    if (stop < 0) stop += n;
    start = std::clamp<int64_t>(start, 0, n);
    stop = std::clamp<int64_t>(stop, start, n);
    if (keep_full_slices || start != 0 || stop != n || item.step != 1)
      t = call<"slice">(t, dim, start, stop, item.step);
    ++dim;
  }

  void flag(bool on) {
    t = call<"unsqueeze">(t, dim);
    record(zeros({on ? 1 : 0}, DType::Int64), 1);
  }

  void tensor(const TensorRef& index) {
    if (index->ndim() > 0) return record(index, is_mask(*index) ? index->ndim() : 1);
    WG_CHECK_INDEX(category(index->dtype) <= 1, "tensors used as indices must be long, int, byte or bool tensors");
    if (index->wrapped) return record(index, is_mask(*index) ? 0 : 1);  // of each sample another one
    if (is_mask(*index))
      flag(integer_of(*index) != 0);
    else
      select(integer_of(*index));
  }

  void record(const TensorRef& index, int dims) {
    for (; covered < dim; ++covered) indices.emplace_back();
    indices.push_back(index);
    covered += dims;
    dim += dims;
  }
};

void run_inplace(const OpDef& op, std::initializer_list<Value> values) {
  std::vector<Value> args(values);
  Call c{&op, args.data(), int(args.size()), nullptr, {}, {}, {}};
  apply_inplace(c);
}

// As torch does, leading dims of size 1 that the target does not have are dropped from a value.
TensorRef without_leading_ones(wg::Tensor& value) {
  int first = 0;
  while (first < value.ndim() && value.sizes[first] == 1) ++first;
  if (first == 0) return TensorRef(&value);
  Dims sizes;
  for (int i = first; i < value.ndim(); ++i) sizes.push_back(value.sizes[i]);
  return call<"view">(value, sizes);
}

}  // namespace

TensorRef index_get(wg::Tensor& self, const std::vector<IndexItem>& items) {
  Subscript s(self, items, false);
  if (s.indices.empty()) return s.t.get() == &self ? call<"alias">(self) : s.t;
  const Held indices = hold_tensors(std::move(s.indices));
  return call<"index">(s.t, indices);
}

void index_set(wg::Tensor& self, const std::vector<IndexItem>& items, const Value& value) {
  if (items.size() == 1 && items[0].kind == IndexItem::Bool && items[0].integer == 0) return;
  Subscript s(self, items, true);
  const bool whole = value.is_tensor() ? value.tensor->ndim() > 0 || s.t->ndim() == 0 : s.t->ndim() == 0;
  check_captured(*s.t, !s.indices.empty() ? "index_put_" : whole ? "copy_" : "fill_.Tensor");
  if (s.indices.empty()) {
    if (!value.is_tensor()) {
      if (!s.t->wrapped) check_written(s.t->sizes, s.t->strides);
      return run_inplace(op<"fill.Scalar">(), {Value(s.t), value});
    }
    const TensorRef source = value.tensor->sizes == s.t->sizes
                                 ? TensorRef(value.tensor)
                                 : call<"expand">(without_leading_ones(*value.tensor), s.t->sizes, false);
    return run_inplace(op<"copy_">(), {Value(s.t), Value(source)});
  }
  TensorRef source;
  if (value.is_tensor()) {
    source = without_leading_ones(*value.tensor);
  } else {
    source = empty({}, s.t->dtype);
    std::memcpy(source->data(), element_of(value, s.t->dtype).bytes, size_of(s.t->dtype));
  }
  const Held indices = hold_tensors(std::move(s.indices));
  run_inplace(op<"index_put">(), {Value(s.t), indices.get(), Value(source), Value::of_bool(false)});
}

}  // namespace wg
