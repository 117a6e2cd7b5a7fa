// Shapes of convolutions and what is wrong with them.
#include "conv_checks.h"

#include <algorithm>

#include "expect.h"

namespace wg {
namespace {

std::string by(const Dims& d, int from) {  // "8 x 8"
  std::string s;
  for (int i = from; i < d.size(); ++i) s += (i > from ? " x " : "") + std::to_string(d[i]);
  return s;
}

// "stride_height: 1 stride_width: 1" of the last dims of d, from `from` on.
std::string named(const std::string& what, const Dims& d, int from) {
  static const char* sides[] = {"_depth: ", "_height: ", "_width: "};
  std::string s;
  const int nd = d.size() - from;
  for (int i = 0; i < nd; ++i) s += (i ? " " : "") + what + sides[3 - nd + i] + std::to_string(d[from + i]);
  return s;
}

const char* type_name(DType d) {
  switch (d) {
    case DType::Float32: return "float";
    case DType::Float64: return "double";
    case DType::Float16: return "c10::Half";
    case DType::BFloat16: return "c10::BFloat16";
    default: return torch_name(d);
  }
}

void check_weight(const Tensor& w, int64_t groups) {
  WG_CHECK(w.size(0) >= groups, "Given groups=", groups, ", expected weight to be at least ", groups,
           " at dimension 0, but got weight of size ", to_string(w.sizes), " instead");
  WG_CHECK(w.size(0) % groups == 0, "Given groups=", groups, ", expected weight to be divisible by ", groups,
           " at dimension 0, but got weight of size [", to_string(w.sizes), "] instead");
  for (int i = 2; i < w.ndim(); ++i)
    WG_CHECK(w.size(i) > 0, "kernel size should be greater than zero, but got ", named("kernel", w.sizes, 2));
}

void check_window(const Tensor& x, const Tensor& w, const Dims& padding, const Dims& dilation) {
  Dims padded, kernel;
  bool small = false;
  for (int i = 2; i < x.ndim(); ++i) {
    padded.push_back(x.size(i) + 2 * padding[i - 2]);
    kernel.push_back(dilation[i - 2] * (w.size(i) - 1) + 1);
    small |= padded[i - 2] < kernel[i - 2];
  }
  WG_CHECK(!small, "Calculated padded input size per channel: (", by(padded, 0), "). Kernel size: (", by(kernel, 0),
           "). Kernel size can't be greater than actual input size");
}

}  // namespace

Dims spread(const Dims& d, int nd, const char* name) {
  if (d.size() == 1) return Dims(std::max(nd, 0), d[0]);
  WG_CHECK(d.size() == nd, "expected ", name, " to be a single integer value or a list of ", nd,
           " values to match the convolution dimensions, but got ", name, "=", to_string(d));
  return d;
}

Dims conv_sizes(const Dims& in, const Dims& weight, const Dims& stride, const Dims& padding, const Dims& dilation) {
  Dims out = {in[0], weight[0]};
  for (int i = 0; i < stride.size(); ++i) WG_CHECK(stride[i] > 0, "non-positive stride is not supported");
  for (int i = 0; i < stride.size(); ++i)
    out.push_back((in[2 + i] + 2 * padding[i] - dilation[i] * (weight[2 + i] - 1) - 1) / stride[i] + 1);
  return out;
}

Dims transposed_sizes(const Dims& in, const Dims& weight, const Dims& stride, const Dims& padding, const Dims& dilation,
                      const Dims& more, int64_t groups) {
  Dims out = {in[0], weight[1] * groups};
  bool small = false;
  for (int i = 0; i < stride.size(); ++i) {
    WG_CHECK(more[i] < int64_t(1) << 31, "integer out of range");
    WG_CHECK(more[i] >= 0, "negative output_padding is not supported");
    WG_CHECK(more[i] < std::max(stride[i], dilation[i]),
             "output padding must be smaller than either stride or dilation, but "
             "got ",
             named("output_padding", more, 0), " ", named("stride", stride, 0), " ", named("dilation", dilation, 0));
    out.push_back((in[2 + i] - 1) * stride[i] - 2 * padding[i] + dilation[i] * (weight[2 + i] - 1) + more[i] + 1);
    small |= out[2 + i] <= 0;
  }
  WG_CHECK(!small, "Given input size per channel: (", by(in, 2), "). Calculated output size per channel: (", by(out, 2),
           "). Output size is too small");
  return out;
}

void check_convolution(const Tensor& x, const Tensor& w, const Tensor* bias, const Dims& stride, const Dims& padding,
                       const Dims& dilation, bool transposed, int64_t groups) {
  WG_CHECK(w.ndim() > 2 && w.ndim() < 6, "weight should have at least three dimensions");
  WG_CHECK(groups > 0, "non-positive groups is not supported");
  WG_CHECK(std::all_of(padding.begin(), padding.end(), [](int64_t p) { return p >= 0; }),
           "negative padding is not supported");
  WG_CHECK(std::all_of(stride.begin(), stride.end(), [](int64_t s) { return s > 0; }),
           "non-positive stride is not supported");
  WG_CHECK(std::all_of(dilation.begin(), dilation.end(), [](int64_t d) { return d > 0; }),
           "dilation should be greater than zero, but got ", to_string(dilation));
  for (const Dims* d : {&stride, &padding, &dilation})
    for (int64_t v : *d) WG_CHECK(v < int64_t(1) << 31, "integer out of range");
  WG_CHECK(x.ndim() == w.ndim(), "Expected ", w.ndim(), "-dimensional input for ", w.ndim(), "-dimensional weight ",
           to_string(w.sizes), ", but got ", x.ndim(), "-dimensional input of size ", to_string(x.sizes), " instead");
  check_weight(w, groups);
  const int64_t channels = transposed ? w.size(0) : w.size(1) * groups,
                outputs = transposed ? w.size(1) * groups : w.size(0);
  WG_CHECK(x.size(1) == channels, transposed ? str("Given transposed=1") : str("Given groups=", groups),
           ", weight of size ", to_string(w.sizes), ", expected input", to_string(x.sizes), " to have ", channels,
           " channels, but got ", x.size(1), " channels instead");
  WG_CHECK(!bias || (bias->ndim() == 1 && bias->size(0) == outputs), "Given ", transposed ? "transposed=1, " : "",
           "weight of size ", to_string(w.sizes), ", expected bias to be 1-dimensional with ", outputs,
           " elements, but got bias of size ", to_string(bias->sizes), " instead");
  WG_CHECK(!bias || bias->dtype == x.dtype, "Input type (", type_name(x.dtype), ") and bias type (",
           type_name(bias->dtype), ") should be the same");
  if (!transposed) check_window(x, w, padding, dilation);
  bool hollow = false;
  for (int i = 2; i < x.ndim(); ++i) hollow |= x.size(i) == 0;
  WG_CHECK(!hollow, "Only zero batch or zero channel inputs are supported, but got input shape: ", to_string(x.sizes));
}

void check_product(const Call& c, const Dims& in, const Dims& out, const Dims& weight, const Dims& stride,
                   const Dims& padding, const Dims& dilation, int64_t groups) {
  const int nd = weight.size() - 2;
  expect_ndim(c, weight.size(), 3, 5, "a weight");
  expect(c, in.size() == nd + 2 && out.size() == nd + 2, "input and output with the dims of the weight");
  expect(c, stride.size() == nd && padding.size() == nd && dilation.size() == nd, "a step for every spatial dim");
  for (const Dims* d : {&in, &out, &weight}) numel_of(*d);
  expect(c, groups > 0 && weight[0] % groups == 0, "output channels in groups");
  int64_t channels;
  expect(c, !__builtin_mul_overflow(weight[1], groups, &channels) && in[1] == channels && out[1] == weight[0],
         "the channels of the weight");
  expect(c, in[0] == out[0], "as many inputs as outputs");
  for (int i = 0; i < nd; ++i) {
    expect(c, stride[i] > 0 && dilation[i] > 0 && padding[i] >= 0, "positive steps");
    WG_CHECK(std::max({stride[i], dilation[i], padding[i], in[2 + i], out[2 + i], weight[2 + i]}) < int64_t(1) << 31,
             "integer out of range");
  }
}

void add_bias(Tensor& y, const Tensor& bias) {
  const int64_t channels = y.size(1), plane = channels && y.size(0) ? y.numel / y.size(0) / channels : 0;
  visit(y.dtype, [&]<class T>() {
    if constexpr (!std::is_same_v<T, bool> && !is_reduced_v<T>) {
      T* to = y.as<T>();
      for (int64_t p = 0; p < y.size(0) * channels; ++p, to += plane) {
        const T b = bias.as<T>()[p % channels];
        for (int64_t i = 0; i < plane; ++i) to[i] = T(to[i] + b);
      }
    }
  });
}

}  // namespace wg
