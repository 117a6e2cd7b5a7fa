// Tensors without autograd: making them, looking at them another way, copying.
#include "tensor.h"

#include <algorithm>
#include <new>

#include "kernels/copy.h"
#include "parallel.h"
#include "tape.h"

namespace wg {
namespace {
int64_t live = 0;
}

void construct(Tensor* t) {
  void* type = t->type;
  auto refs = t->refs;
  new (t) Tensor;
  t->type = type;
  t->refs = refs;
  ++live;
}

void destruct(Tensor* t) {
  if (t->extra) drop_extra(*t);
  if (t->grad_fn) drop_history(*t);
  t->~Tensor();
  --live;
}

int64_t live_tensors() { return live; }

static TensorRef fresh(const Dims& sizes, DType dtype) {
  Tensor* t = host.new_tensor();
  construct(t);
  TensorRef r = TensorRef::take(t);
  t->sizes = sizes;
  t->dtype = dtype;
  t->inference = modes().inference;
  return r;
}

TensorRef empty(const Dims& sizes, DType dtype) {
  int64_t n = numel_of(sizes);
  size_t bytes;
  WG_CHECK(!__builtin_mul_overflow(size_t(n), size_t(size_of(dtype)), &bytes) && bytes < (size_t(1) << 62),
           "Storage size calculation overflowed with sizes=", to_string(sizes));
  TensorRef r = fresh(sizes, dtype);
  r->numel = n;
  r->strides = contiguous_strides(sizes);
  r->storage = new_storage(bytes);
  return r;
}

static int64_t extent(const Dims& sizes, const Dims& strides) {  // elements from the first to behind the last
  int64_t last = 0;
  for (int i = 0; i < sizes.size(); ++i) {
    if (sizes[i] == 0) return 0;
    int64_t step;
    WG_CHECK(!__builtin_mul_overflow(sizes[i] - 1, strides[i], &step) && !__builtin_add_overflow(last, step, &last),
             "Storage size calculation overflowed with sizes=", to_string(sizes), " and strides=", to_string(strides));
  }
  return last + 1;
}

TensorRef empty_strided(const Dims& sizes, const Dims& strides, DType dtype) {
  WG_CHECK(sizes.size() == strides.size(), "dimensionality of sizes (", sizes.size(),
           ") must match dimensionality of strides (", strides.size(), ")");
  int64_t n = numel_of(sizes);
  for (int64_t s : strides)
    WG_CHECK(s >= 0, "empty_strided: negative strides are not supported, got ", to_string(strides));
  size_t bytes;
  WG_CHECK(!__builtin_mul_overflow(size_t(extent(sizes, strides)), size_t(size_of(dtype)), &bytes) &&
               bytes < (size_t(1) << 62),
           "Storage size calculation overflowed with sizes=", to_string(sizes), " and strides=", to_string(strides));
  TensorRef r = fresh(sizes, dtype);
  r->numel = n;
  r->strides = strides;
  r->contiguous = is_contiguous(sizes, strides);
  r->storage = new_storage(bytes);
  return r;
}

TensorRef empty_like(const Tensor& t) { return empty_like(t, t.dtype); }

TensorRef empty_like(const Tensor& t, DType dtype) {
  if (t.contiguous) {
    TensorRef r = empty(t.sizes, dtype);
    r->strides = t.strides;  // those of dims of size 1 tell orders of memory apart
    return r;
  }
  const bool dense = is_dense(t.sizes, t.strides);
  return empty_strided(t.sizes, dense ? t.strides : strides_like(t.sizes, {&t.strides, 1}), dtype);
}

TensorRef zeros(const Dims& sizes, DType dtype) {
  TensorRef r = empty(sizes, dtype);
  if (r->numel) std::memset(r->data(), 0, r->nbytes());
  return r;
}

TensorRef full(const Dims& sizes, double value, DType dtype) {
  TensorRef r = empty(sizes, dtype);
  visit_all(dtype, [&]<class T>() {
    T v;
    if constexpr (is_complex_v<T>)
      v = T(value);
    else if constexpr (is_reduced_v<T>)
      v = T(float(value));
    else
      v = static_cast<T>(value);
    std::fill_n(r->as<T>(), r->numel, v);
  });
  return r;
}

TensorRef alias(const Tensor& t, const Dims& sizes, const Dims& strides, int64_t offset) {
  WG_CHECK(offset >= 0, "Tensor: invalid storage offset ", offset);
  WG_CHECK(sizes.size() == strides.size(), "mismatch in length of strides and shape");
  int64_t n = numel_of(sizes);
  for (int i = 0; i < strides.size(); ++i)
    WG_CHECK(strides[i] >= 0,
             "as_strided: Negative strides are not supported at the moment, got strides: ", to_string(strides));
  int64_t end = extent(sizes, strides), bytes;
  bool overflow =
      __builtin_add_overflow(end, offset, &bytes) || __builtin_mul_overflow(bytes, int64_t(size_of(t.dtype)), &bytes);
  WG_CHECK(end == 0 || (!overflow && bytes <= int64_t(t.storage->nbytes)), "setStorage: sizes ", to_string(sizes),
           ", strides ", to_string(strides), ", storage offset ", offset, ", and itemsize ", size_of(t.dtype),
           " requiring a storage size of ", bytes, " are out of bounds for storage of size ", t.storage->nbytes);
  TensorRef r = fresh(sizes, t.dtype);
  r->numel = n;
  r->strides = strides;
  r->contiguous = is_contiguous(sizes, strides);
  r->offset = offset;
  r->storage = t.storage;
  r->inference = t.inference;
  if (!t.inference) {
    version_of(const_cast<Tensor&>(t));
    r->version = t.version;
  }
  return r;
}

TensorRef alias(const Tensor& t) { return alias(t, t.sizes, t.strides, t.offset); }

void take_memory(Tensor& t, const Tensor& from) {
  wait_for_kernels();
  t.storage = from.storage;
  t.sizes = from.sizes;
  t.strides = from.strides;
  t.offset = from.offset;
  t.numel = from.numel;
  t.dtype = from.dtype;
  t.contiguous = from.contiguous;
}

Version& version_of(Tensor& t) {
  if (!t.version) t.version = Own<Version>(new Version);
  return *t.version;
}

TensorRef contiguous(const Tensor& t) {
  if (t.contiguous) return TensorRef(const_cast<Tensor*>(&t));
  TensorRef r = empty(t.sizes, t.dtype);
  copy(*r, t);
  return r;
}

TensorRef cast(const Tensor& t, DType dtype) {
  if (t.dtype == dtype) return TensorRef(const_cast<Tensor*>(&t));
  TensorRef r = empty_like(t, dtype);
  copy(*r, t);
  return r;
}

TensorRef clone(const Tensor& t) {
  TensorRef r = empty_like(t);
  copy(*r, t);
  return r;
}

// Whether the bytes of a and b may meet without being the very same elements.
static bool may_overlap(const Tensor& a, const Tensor& b) {
  if (a.storage.get() != b.storage.get() || !a.numel || !b.numel) return false;
  if (a.offset == b.offset && a.sizes == b.sizes && a.strides == b.strides && a.dtype == b.dtype) return false;
  int64_t sa = size_of(a.dtype), sb = size_of(b.dtype);
  int64_t a0 = a.offset * sa, b0 = b.offset * sb;
  return a0 < b0 + extent(b.sizes, b.strides) * sb && b0 < a0 + extent(a.sizes, a.strides) * sa;
}

void copy(Tensor& to, const Tensor& from) {
  if (!to.numel) {
    expand(from, to.sizes);
    return;
  }
  if (may_overlap(to, from)) {
    TensorRef apart = empty(from.sizes, from.dtype);
    copy(*apart, from);
    copy(to, *apart);
    return;
  }
  if (from.sizes == to.sizes) {
    copy_strided(to.data(), to.dtype, to.strides, from.data(), from.dtype, from.strides, to.sizes);
    return;
  }
  TensorRef wide = expand(from, to.sizes);
  copy_strided(to.data(), to.dtype, to.strides, wide->data(), wide->dtype, wide->strides, to.sizes);
}

TensorRef expand(const Tensor& t, const Dims& sizes) {
  int extra = sizes.size() - t.ndim();
  WG_CHECK(extra >= 0, "expand(", torch_name(t.dtype), "Tensor{", to_string(t.sizes), "}, size=", to_string(sizes),
           "): the number of sizes provided (", sizes.size(),
           ") must be greater or equal to the number of dimensions in the tensor (", t.ndim(), ")");
  Dims to = sizes, strides(sizes.size());
  for (int i = sizes.size() - 1; i >= 0; --i) {
    int k = i - extra;
    if (k < 0) {
      WG_CHECK(sizes[i] >= 0, "The expanded size of the tensor (", sizes[i],
               ") isn't allowed in a leading, non-existing dimension ", i);
      continue;
    }
    if (to[i] == -1) to[i] = t.sizes[k];
    if (to[i] == t.sizes[k]) {
      strides[i] = t.strides[k];
    } else {
      WG_CHECK(t.sizes[k] == 1, "The expanded size of the tensor (", to[i], ") must match the existing size (",
               t.sizes[k], ") at non-singleton dimension ", i, ".  Target sizes: ", to_string(to),
               ".  Tensor sizes: ", to_string(t.sizes));
    }
  }
  return alias(t, to, strides, t.offset);
}

}  // namespace wg
