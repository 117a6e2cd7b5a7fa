// Distances of all rows of one matrix to all rows of another: checks and room; the loops are in kernels/pairs.
#include "../kernels/pairs.h"

#include <cmath>

#include "calls.h"
#include "expect.h"

namespace wg {
namespace {

Pairs pairs_of(Call& c, const Tensor& a, const Tensor& b, double p) {
  expect(c, (a.dtype == DType::Float32 || a.dtype == DType::Float64) && b.dtype == a.dtype, "float or double");
  expect(c, a.ndim() >= 2 && a.ndim() == b.ndim() && a.sizes.back() == b.sizes.back(), "rows of one length");
  Pairs s{a.dtype, PairNorm::One, 1, a.size(a.ndim() - 2), b.size(b.ndim() - 2), a.sizes.back()};
  for (int i = 0; i + 2 < a.ndim(); ++i) {
    expect(c, a.size(i) == b.size(i), "as many matrices of both");
    s.batch *= a.size(i);
  }
  expect(c, p == 1 || p == 2 || std::isinf(p), "p of 1, 2 or infinity");
  s.norm = p == 1 ? PairNorm::One : p == 2 ? PairNorm::Two : PairNorm::Largest;
  return s;
}

Dims distance_sizes(const Tensor& a, int64_t m) {
  Dims sizes = a.sizes;
  sizes[a.ndim() - 1] = m;
  return sizes;
}

}  // namespace

WG_OP(_pair_norms) {
  const TensorRef a = contiguous(c.tensor(0)), b = contiguous(c.tensor(1));
  const Pairs s = pairs_of(c, *a, *b, c.real(2));
  const TensorRef out = empty(distance_sizes(*a, s.m), s.dtype);
  if (out->numel) pair_norms(s, a->data(), b->data(), out->data());
  c.out(out);
}

// (gradient, x1, x2, p, distances): the gradient of x1
WG_OP(_pair_norms_backward) {
  const TensorRef g = contiguous(c.tensor(0)), a = contiguous(c.tensor(1)), b = contiguous(c.tensor(2));
  const TensorRef distance = contiguous(c.tensor(4));
  const Pairs s = pairs_of(c, *a, *b, c.real(3));
  for (const TensorRef& t : {g, distance}) {
    expect(c, t->dtype == s.dtype, "tensors of one dtype");
    expect_sizes(c, t->sizes, distance_sizes(*a, s.m), "a number for every pair");
  }
  const TensorRef out = empty(a->sizes, s.dtype);
  if (out->numel) pair_norms_backward(s, g->data(), a->data(), b->data(), distance->data(), out->data());
  c.out(out);
}

}  // namespace wg
