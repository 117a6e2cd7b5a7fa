// What bodies that call LAPACK share: stacks of matrices, column by column, and the loop over them.
#pragma once
#include <climits>

#include "../kernels/lapack.h"
#include "expect.h"

namespace wg {

// Calls f with the C++ type of a dtype that LAPACK takes.
template <class F>
void visit_lapack(DType d, F&& f) {
  switch (d) {
    case DType::Float32: return f.template operator()<float>();
    case DType::Float64: return f.template operator()<double>();
    case DType::Complex64: return f.template operator()<complex64>();
    case DType::Complex128: return f.template operator()<complex128>();
    default: no_kernel(d);
  }
}

// A look at matrices from their other side, that nobody else will see.
inline TensorRef turned(const Tensor& x) {
  const int n = x.ndim();
  WG_CHECK(n >= 2, "expected matrices, but got a tensor with ", n, " dims");
  Dims sizes = x.sizes, strides = x.strides;
  std::swap(sizes[n - 2], sizes[n - 1]), std::swap(strides[n - 2], strides[n - 1]);
  return alias(x, sizes, strides, x.offset);
}

// A fresh stack of matrices in the order of Fortran: the next element is the one below.
inline TensorRef by_columns(Dims sizes, DType dtype) {
  if (const int n = sizes.size(); n >= 2) {
    std::swap(sizes[n - 2], sizes[n - 1]);
    return turned(*empty(sizes, dtype));
  }
  return empty(sizes, dtype);
}
inline TensorRef copied_by_columns(const Tensor& x) {
  TensorRef t = by_columns(x.sizes, x.dtype);
  copy(*t, x);
  return t;
}

// The shape of a stack: `count` matrices of m rows and n columns.
struct Stack {
  int m, n;
  int64_t count = 1;
  Dims batch;
  Stack(const Call& c, const Tensor& x) {
    const int d = x.ndim();
    expect(c, lapack_ready() && d >= 2 && x.size(d - 1) <= INT_MAX / 8 && x.size(d - 2) <= INT_MAX / 8, "matrices");
    batch = Dims(x.sizes.data(), d - 2);
    m = int(x.size(d - 2)), n = int(x.size(d - 1));
    for (int64_t size : batch) count *= size;
  }
  int least() const { return std::min(m, n); }
  int most() const { return std::max(m, n); }
  Dims with(std::initializer_list<int64_t> more) const {
    Dims sizes = batch;
    for (int64_t size : more) sizes.push_back(size);
    return sizes;
  }
};

// Runs body(first, last) over the matrices of a stack; each is the same on any thread.
template <class F>
void over_matrices(const Stack& s, F&& body) {
  const double work = double(s.m) * s.n * s.least() + 1000;
  parallel_for(s.count, std::max<int64_t>(1, int64_t(1e5 / work)), body);
}

}  // namespace wg
