// Windows of images as columns, and back.
#include "nn.h"

#include "../kernels/conv.h"
#include "../parallel.h"
#include "calls.h"
#include "expect.h"

namespace wg {
namespace {

std::string pair(const Dims& d) { return str("(", d[0], ", ", d[1], ")"); }

struct Slides {
  Windows w;
  Dims kernel, dilation, padding, stride;
  // kernel, dilation, padding, stride from argument `at` on; the image has these sizes.
  Slides(Call& c, int at, int64_t height, int64_t width)
      : kernel(c.ints(at)), dilation(c.ints(at + 1)), padding(c.ints(at + 2)), stride(c.ints(at + 3)) {
    for (const Dims* d : {&kernel, &dilation, &padding, &stride})
      WG_CHECK(d->size() == 2, "It is expected kernel_size, dilation, padding and stride have 2 elements, but got ",
               d->size());
    check(kernel, "kernel size", "kernel");
    check(stride, "stride", "stride");
    check(dilation, "dilation", "dilation");
    WG_CHECK(padding[0] >= 0 && padding[1] >= 0, "padding should be non-negative, but got pad_height: ", padding[0],
             " pad_width: ", padding[1]);
    const int64_t in[] = {height, width};
    for (int i = 0; i < 2; ++i) {
      w.in[1 + i] = in[i], w.kernel[1 + i] = kernel[i], w.stride[1 + i] = stride[i], w.padding[1 + i] = padding[i];
      w.dilation[1 + i] = dilation[i];
      int64_t reach = 0, border = 0, room = 0;
      WG_CHECK(!__builtin_mul_overflow(dilation[i], kernel[i] - 1, &reach) &&
                   !__builtin_mul_overflow(padding[i], int64_t(2), &border) &&
                   !__builtin_add_overflow(in[i] - reach - 1, border, &room),
               "numel: integer multiplication overflow");
      w.out[1 + i] = (room < 0 ? room - stride[i] + 1 : room) / stride[i] + 1;  // rounded down
    }
    int64_t taps = 0;
    WG_CHECK(!__builtin_mul_overflow(kernel[0], kernel[1], &taps), "Given kernel_width = ", kernel[1],
             " and kernel_height = ", kernel[0], " the product of kernel_width and kernel_height overflowed.");
    for (const Dims* d : {&kernel, &dilation, &padding, &stride})
      for (int64_t v : *d) WG_CHECK(v < int64_t(1) << 31, "integer out of range");
  }
  static void check(const Dims& d, const char* what, const char* name) {
    WG_CHECK(d[0] > 0 && d[1] > 0, what, " should be greater than zero, but got ", name, "_height: ", d[0], " ", name,
             "_width: ", d[1]);
  }
};

template <class F>
void each_image(int64_t images, int64_t work, F body) {
  parallel_for(images, std::max<int64_t>(1, 16384 / std::max<int64_t>(1, work)), [&](int64_t b, int64_t e) {
    for (int64_t i = b; i < e; ++i) body(i);
  });
}

// x: (C, H, W) or (N, C, H, W).
TensorRef columns(Call& c, const Tensor& x, int at) {
  const int nd = x.ndim();
  bool ok = nd == 3 || nd == 4;
  for (int i = nd - 3; ok && i < nd; ++i) ok = x.size(i) != 0;
  WG_CHECK(
      ok,
      "Expected 3D or 4D (batch mode) tensor with possibly 0 batch size and other non-zero dimensions for input, but got: ",
      to_string(x.sizes));
  const int64_t channels = x.size(nd - 3);
  const Slides s(c, at, x.size(nd - 2), x.size(nd - 1));
  WG_CHECK(s.w.out[1] > 0 && s.w.out[2] > 0, "Given input with spatial size ", pair({x.size(nd - 2), x.size(nd - 1)}),
           ", kernel_size=", pair(s.kernel), ", dilation=", pair(s.dilation), ", padding=", pair(s.padding),
           ", calculated shape of the array of sliding blocks as ", pair({s.w.out[1], s.w.out[2]}),
           ", but its components must be at least one.");
  WG_CHECK_KIND(Kind::NotImplemented, !is_integral(x.dtype), "\"im2col_out_cpu\" not implemented for '",
                torch_name(x.dtype), "'");
  const TensorRef from = x.dtype == DType::Bool ? ready(x, DType::Float32) : ready(x);
  const int64_t images = nd == 4 ? x.size(0) : 1, rows = channels * s.w.taps(), n = s.w.out_size(),
                unit = size_of(from->dtype);
  TensorRef y = empty(nd == 4 ? Dims{images, rows, n} : Dims{rows, n}, from->dtype);
  each_image(images, rows * n, [&](int64_t i) {
    unfold(from->dtype, s.w, channels, from->data() + i * channels * s.w.in_size() * unit,
           y->data() + i * rows * n * unit, n, 0, s.w.out_rows());
  });
  return given(std::move(y), x.dtype);
}

// cols: (C * taps, L) or (N, C * taps, L); the image has this height and width.
TensorRef image(Call& c, const Tensor& cols, int64_t height, int64_t width, int at) {
  const int nd = cols.ndim();
  WG_CHECK(
      (nd == 2 && cols.size(0) && cols.size(1)) || (nd == 3 && cols.size(1) && cols.size(2)),
      "Expected 2D or 3D (batch mode) tensor for input with possibly 0 batch size and non-zero dimensions for input, but got: ",
      to_string(cols.sizes));
  const Slides s(c, at, height, width);
  const int64_t rows = cols.size(nd - 2), n = s.w.out_size(), taps = s.w.taps();
  WG_CHECK(rows % taps == 0,
           "Expected size of input's dimension 1 to be divisible by the product of kernel_size, but got input.size(1)=",
           rows, " and kernel_size=", pair(s.kernel), ".");
  WG_CHECK(s.w.out[1] > 0 && s.w.out[2] > 0, "Given output_size=", pair({height, width}),
           ", kernel_size=", pair(s.kernel), ", dilation=", pair(s.dilation), ", padding=", pair(s.padding),
           ", stride=", pair(s.stride), ", calculated shape of the array of sliding blocks as ",
           pair({s.w.out[1], s.w.out[2]}), ", which is too small (non-positive)");
  WG_CHECK(cols.size(nd - 1) == n, "Given output_size=", pair({height, width}), ", kernel_size=", pair(s.kernel),
           ", dilation=", pair(s.dilation), ", padding=", pair(s.padding), ", stride=", pair(s.stride),
           ", expected size of input's dimension 2 to match the calculated number of sliding blocks ", s.w.out[1],
           " * ", s.w.out[2], " = ", n, ", but got input.size(2)=", cols.size(nd - 1), ".");
  WG_CHECK_KIND(Kind::NotImplemented, !is_integral(cols.dtype), "\"col2im_out_cpu\" not implemented for '",
                torch_name(cols.dtype), "'");
  const TensorRef from = ready(cols, cols.dtype == DType::Bool ? DType::Float32 : cols.dtype);
  const int64_t images = nd == 3 ? cols.size(0) : 1, channels = rows / taps, unit = size_of(from->dtype);
  TensorRef y = zeros(nd == 3 ? Dims{images, channels, height, width} : Dims{channels, height, width}, from->dtype);
  each_image(images, rows * n, [&](int64_t i) {
    fold(from->dtype, s.w, channels, from->data() + i * rows * n * unit, n,
         y->data() + i * channels * s.w.in_size() * unit, 0, s.w.out_rows());
  });
  return given(std::move(y), cols.dtype);
}

}  // namespace

WG_OP_AS(glu, "glu", Composite) {
  Tensor& x = c.tensor(0);
  WG_CHECK(x.ndim() > 0, "glu does not support scalars because halving size must be even");
  const int dim = wrap_dim(c.integer_or(1, -1), x.ndim());
  const int64_t half = x.size(dim) / 2;
  WG_CHECK(x.size(dim) % 2 == 0, "Halving dimension must be even, but dimension ", dim, " is size ", x.size(dim));
  check_floating(x.dtype, "glu_cpu");
  c.out(call<"_gated">(call<"narrow">(x, dim, 0, half), call<"narrow">(x, dim, half, half)));
}

// (image, kernel, dilation, padding, stride)
WG_OP(im2col) { c.out(columns(c, c.tensor(0), 1)); }
// (columns, output_size, kernel, dilation, padding, stride)
WG_OP(col2im) {
  const Dims& size = c.ints(1);
  WG_CHECK(size.size() == 2, "It is expected output_size equals to 2, but got size ", size.size());
  c.out(image(c, c.tensor(0), size[0], size[1], 2));
}
// (columns, sizes of the image, kernel, dilation, padding, stride)
WG_OP(_im2col_backward) {
  const Dims& sizes = c.ints(1);
  expect_ndim(c, sizes.size(), 3, 4, "sizes");
  c.out(image(c, c.tensor(0), sizes[sizes.size() - 2], sizes[sizes.size() - 1], 2));
}

}  // namespace wg
