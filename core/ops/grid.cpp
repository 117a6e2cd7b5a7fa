// Sampling at the points of a grid: checks and room; the loops are in kernels/grid.
#include "../kernels/grid.h"

#include "calls.h"
#include "expect.h"

namespace wg {
namespace {

// Of (…, input, grid, mode, padding, align), input at `first`.
GridSample grid_call(Call& c, int first) {
  Tensor &x = c.tensor(first), &grid = c.tensor(first + 1);
  expect(c, x.dtype == DType::Float32 || x.dtype == DType::Float64, "float or double");
  expect(c, grid.dtype == x.dtype, "an input and a grid of one dtype");
  GridSample s{x.dtype, x.ndim() - 2};
  expect(c,
         (s.dims == 2 || s.dims == 3) && grid.ndim() == x.ndim() && grid.sizes.back() == s.dims &&
             grid.size(0) == x.size(0),
         "images or volumes, and points of as many numbers as they have dims");
  s.images = x.size(0), s.channels = x.size(1), s.points = 1;
  int64_t plane = 1;
  for (int d = 0; d < s.dims; ++d) {
    s.in[d] = x.size(d + 2), s.points *= grid.size(d + 1);
    plane *= s.in[d];
  }
  expect(c, plane > 0 && plane < (INT64_C(1) << 31), "planes of less than 2^31 elements, but of some");
  const int64_t mode = c.integer(first + 2), padding = c.integer(first + 3);
  expect(c, mode >= 0 && mode <= (s.dims == 3 ? 1 : 2) && padding >= 0 && padding <= 2,
         "a mode and a padding there is");
  s.mode = GridMode(mode), s.padding = GridPadding(padding), s.align = c.flag(first + 4);
  return s;
}

Dims output_sizes(const Tensor& x, const Tensor& grid) {
  Dims sizes = x.sizes;
  for (int d = 2; d < x.ndim(); ++d) sizes[d] = grid.size(d - 1);
  return sizes;
}

void sampled(Call& c) {
  const GridSample s = grid_call(c, 0);
  const TensorRef x = contiguous(c.tensor(0)), grid = contiguous(c.tensor(1));
  const TensorRef out = empty(output_sizes(*x, *grid), x->dtype);
  if (out->numel) grid_sample(s, x->data(), grid->data(), out->data());
  c.out(out);
}

}  // namespace

WG_OP(_grid_sample2d) { sampled(c); }
WG_OP(_grid_sample3d) { sampled(c); }

// (gradient, input, grid, mode, padding, align, whether the gradient of input is wanted, and of the grid)
WG_OP(_grid_sample_backward) {
  const GridSample s = grid_call(c, 1);
  const TensorRef g = contiguous(c.tensor(0)), x = contiguous(c.tensor(1)), grid = contiguous(c.tensor(2));
  expect(c, g->dtype == x->dtype, "a gradient of the input's dtype");
  expect_sizes(c, g->sizes, output_sizes(*x, *grid), "a gradient");
  const bool input = c.flag(6), points = c.flag(7);
  const TensorRef gx = zeros(input ? x->sizes : Dims{0}, x->dtype);
  const TensorRef gg = zeros(points ? grid->sizes : Dims{0}, x->dtype);
  if (g->numel)
    grid_sample_backward(s, g->data(), x->data(), grid->data(), input ? gx->data() : nullptr,
                         points ? gg->data() : nullptr);
  c.out(gx);
  c.out(gg);
}

}  // namespace wg
