// A tensor: a strided view of a storage, and what autograd hangs on it.
#pragma once
#include <memory>

#include "dtype.h"
#include "object.h"
#include "shape.h"
#include "storage.h"

namespace wg {

struct Extra;  // rarely needed parts: .grad, hooks, view information (tape.h)

// Why a tensor has no history although something it was made of had one, and where it was lost. Shared by all that was
// made of it since: only the first op behind the cut looks for its line.
struct Cut : Shared {
  const char* how;  // a sentence of tape.h
  const char* op;   // for its {op}; may be null
  Place place;
};
void destroy(Cut*);

struct Tensor : Object {
  Own<Storage> storage;
  Dims sizes, strides;
  int64_t offset = 0;  // in elements
  int64_t numel = 0;
  DType dtype = DType::Float32;
  bool contiguous = true;      // row-major
  bool requires_grad = false;  // of a leaf; a result requires grad when it has a grad_fn
  bool inference = false;      // made in inference mode: no versions
  bool number = false;         // a Python number wrapped as a 0-dim tensor: weak in promotion
  bool wrapped = false;        // seen by a transform (vmap, forward mode): apply() asks the interpreter
  uint32_t output_nr = 0;
  Ref<Node> grad_fn;
  Own<Version> version;  // made when first needed
  Own<Cut> cut;          // of a tensor without history
  Extra* extra = nullptr;
  void* dict = nullptr;  // the host's attribute dictionary and weak references
  void* weakrefs = nullptr;

  int ndim() const { return sizes.size(); }
  int64_t size(int i) const { return sizes[i]; }
  char* data() const { return storage->data + offset * size_of(dtype); }
  template <class T>
  T* as() const {
    return reinterpret_cast<T*>(data());
  }
  bool needs_grad() const { return requires_grad || grad_fn; }
  size_t nbytes() const { return size_t(numel) * size_of(dtype); }
};

using TensorRef = Ref<Tensor>;

// Fresh tensors: uninitialised, contiguous unless strides are given.
TensorRef empty(const Dims& sizes, DType dtype);
TensorRef empty_strided(const Dims& sizes, const Dims& strides, DType dtype);
TensorRef empty_like(const Tensor& t);  // same sizes, dtype; strides too when t is dense
TensorRef empty_like(const Tensor& t, DType dtype);
TensorRef zeros(const Dims& sizes, DType dtype);
TensorRef full(const Dims& sizes, double value, DType dtype);
// A new view of t's storage (no autograd); shares the version counter. Bounds are checked.
TensorRef alias(const Tensor& t, const Dims& sizes, const Dims& strides, int64_t offset);
TensorRef alias(const Tensor& t);
// t becomes another look at from's storage, with from's sizes and dtype; its history is the caller's business.
void take_memory(Tensor& t, const Tensor& from);
// Plain copies without autograd.
TensorRef contiguous(const Tensor& t);                 // t itself when it is
TensorRef cast(const Tensor& t, DType dtype);          // t itself when it has the dtype; else a copy with dense strides
TensorRef clone(const Tensor& t);                      // keeps dense strides
void copy(Tensor& to, const Tensor& from);             // broadcasts and casts; overlap-safe
TensorRef expand(const Tensor& t, const Dims& sizes);  // a view; torch's error when it can't be
TensorRef sum_to(const Tensor& t, const Dims& sizes);  // the adjoint of expand

Version& version_of(Tensor& t);  // makes it when there is none yet
inline uint32_t version_number(const Tensor& t) { return t.version ? t.version->value : 0; }
inline void bump(Tensor& t) {
  if (!t.inference) version_of(t).written();
}

void construct(Tensor* t);  // in memory from the host
void destruct(Tensor* t);
int64_t live_tensors();

}  // namespace wg
