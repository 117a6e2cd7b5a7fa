// Convolutions: three products that are each other's derivatives (of input and weight, gradient and weight, gradient
// and input), and the checks and defaults of the public functions.
#include "../kernels/conv.h"

#include "calls.h"
#include "conv_checks.h"
#include "expect.h"
#include "format.h"
#include "nn.h"
#include "once.h"

namespace wg {
namespace {

struct Steps {
  const Dims &stride, &padding, &dilation;
};

// The shapes of one convolution; `in` and `out` are the spatial sizes.
Conv conv_of(DType dtype, const Dims& in, const Dims& out, const Dims& weight, Steps k, int64_t images,
             int64_t groups) {
  Conv s;
  s.dtype = dtype, s.images = images, s.groups = groups;
  s.out_channels = weight[0] / groups, s.in_channels = weight[1];
  const int first = 3 - k.stride.size();
  for (int i = 0; i < k.stride.size(); ++i) {
    s.w.in[first + i] = in[2 + i], s.w.out[first + i] = out[2 + i], s.w.kernel[first + i] = weight[2 + i];
    s.w.stride[first + i] = k.stride[i], s.w.padding[first + i] = k.padding[i], s.w.dilation[first + i] = k.dilation[i];
  }
  return s;
}

DType checked_work(const Tensor& a, const Tensor& b) {
  WG_CHECK(a.dtype == b.dtype, "expected scalar type ", torch_name(a.dtype), " but found ", torch_name(b.dtype));
  WG_CHECK_KIND(Kind::NotImplemented, a.dtype != DType::Bool, "\"slow_conv2d_cpu\" not implemented for 'Bool'");
  return work_dtype(a.dtype);
}

}  // namespace

// Either operand's format is the result's; torch has no volumes of float64 in another order than row by row.
static Format format_of(const Tensor& x, const Tensor& w) {
  if (!x.numel) return Format::RowMajor;
  const Format f = format_of(x) == Format::RowMajor ? format_of(w) : format_of(x);
  return f == Format::ChannelsLast3d && x.dtype == DType::Float64 ? Format::RowMajor : f;
}

// (input, weight, bias, stride, padding, dilation, groups, sizes of the result)
WG_OP(_conv) {
  Tensor &x = c.tensor(0), &w = c.tensor(1);
  const Steps k{c.ints(3), c.ints(4), c.ints(5)};
  const DType work = checked_work(x, w);
  const bool ranked = x.ndim() == w.ndim() && w.ndim() > 2 && k.stride.size() == w.ndim() - 2;
  expect(c, ranked && k.padding.size() == k.stride.size() && k.dilation.size() == k.stride.size(),
         "input, weight and steps of as many dims");
  const Dims out = c.has(7) ? c.ints(7) : conv_sizes(x.sizes, w.sizes, k.stride, k.padding, k.dilation);
  check_product(c, x.sizes, out, w.sizes, k.stride, k.padding, k.dilation, c.integer(6));
  expect(c, !c.has(2) || c.tensor(2).numel == w.size(0), "a bias for every output channel");
  const TensorRef from = ready(x, work), weight = ready(w, work),
                  bias = c.has(2) ? ready(c.tensor(2), work) : TensorRef();
  TensorRef y = empty(out, work);
  conv_forward(conv_of(work, x.sizes, out, w.sizes, k, x.size(0), c.integer(6)), from->data(), weight->data(),
               bias ? bias->data() : nullptr, y->data());
  c.out(laid_out(given(std::move(y), x.dtype), format_of(x, w)));
}

// Half precision in steps: what torch's library does not take, float16 and an output padding of a stride or more.
static bool in_steps(DType d, const Dims& in, const Dims& out, const Dims& weight, Steps k) {
  if (d != DType::BFloat16) return d == DType::Float16;
  for (int i = 0; i < k.stride.size(); ++i) {
    const int64_t reach = k.dilation[i] * (weight[2 + i] - 1) + 1;
    if (in[2 + i] - ((out[2 + i] - 1) * k.stride[i] - 2 * k.padding[i] + reach) >= k.stride[i]) return true;
  }
  return false;
}

// (gradient, weight, bias, sizes of the input, stride, padding, dilation, groups): also the transposed convolution.
WG_OP(_conv_input) {
  Tensor &g = c.tensor(0), &w = c.tensor(1);
  const Steps k{c.ints(4), c.ints(5), c.ints(6)};
  const DType work = checked_work(g, w);
  check_product(c, c.ints(3), g.sizes, w.sizes, k.stride, k.padding, k.dilation, c.integer(7));
  expect(c, !c.has(2) || c.tensor(2).numel == c.ints(3)[1], "a bias for every channel");
  const TensorRef grad = ready(g, work), weight = ready(w, work);
  TensorRef gx = g.numel && w.numel ? empty(c.ints(3), work) : zeros(c.ints(3), work);
  if (g.numel && w.numel) {
    Conv s = conv_of(work, c.ints(3), g.sizes, w.sizes, k, g.size(0), c.integer(7));
    if (in_steps(g.dtype, c.ints(3), g.sizes, w.sizes, k)) s.rounded = g.dtype;
    const TensorRef room = empty({conv_input_reverses(s) ? w.numel : 0}, work);
    conv_input(s, grad->data(), weight->data(), room->data(), gx->data());
  }
  if (c.has(2)) add_bias(*gx, *ready(c.tensor(2), work));
  c.out(laid_out(given(std::move(gx), g.dtype), format_of(g, w)));
}

// (gradient, input, sizes of the weight, stride, padding, dilation, groups)
WG_OP(_conv_weight) {
  Tensor &g = c.tensor(0), &x = c.tensor(1);
  const Dims& sizes = c.ints(2);
  const Steps k{c.ints(3), c.ints(4), c.ints(5)};
  const DType work = checked_work(g, x);
  check_product(c, x.sizes, g.sizes, sizes, k.stride, k.padding, k.dilation, c.integer(6));
  const TensorRef grad = ready(g, work), from = ready(x, work);
  const Conv s = conv_of(work, x.sizes, g.sizes, sizes, k, g.size(0), c.integer(6));
  TensorRef gw = zeros(sizes, work);
  if (g.numel && x.numel && gw->numel) {
    const TensorRef scratch = zeros({conv_weight_room(s)}, work);
    conv_weight(s, grad->data(), from->data(), scratch->data(), gw->data());
  }
  c.out(given(std::move(gw), g.dtype));
}

// The sum over all dims but that of the channels, and back.
WG_OP_AS(conv_bias, "_conv_bias", Composite) {
  Tensor& g = c.tensor(0);
  Dims dims;
  for (int i = 0; i < g.ndim(); ++i)
    if (i != 1) dims.push_back(i);
  c.out(call<"sum.dim_IntList">(g, dims, false, Value()));
}

// (input, weight, bias, stride, padding, dilation, transposed, output_padding, groups): a batch.
WG_OP_AS(convolution, "convolution", Composite) {
  Tensor &x = c.tensor(0), &w = c.tensor(1);
  Tensor* bias = c.tensor_or_null(2);
  const int nd = w.ndim() - 2;
  const int64_t groups = c.integer(8);
  const Held stride = hold_ints(spread(c.ints(3), nd, "stride")), padding = hold_ints(spread(c.ints(4), nd, "padding")),
             dilation = hold_ints(spread(c.ints(5), nd, "dilation"));
  check_convolution(x, w, bias, stride.get().ints(), padding.get().ints(), dilation.get().ints(), c.flag(6), groups);
  if (!c.flag(6)) return c.out(call<"_conv">(x, w, Value(bias), stride, padding, dilation, groups));
  const Dims out = transposed_sizes(x.sizes, w.sizes, stride.get().ints(), padding.get().ints(), dilation.get().ints(),
                                    spread(c.ints(7), nd, "output_padding"), groups);
  c.out(call<"_conv_input">(x, w, Value(bias), out, stride, padding, dilation, groups));
}

namespace {

// The input as a batch; `single` says that it was one image.
TensorRef batch_of(Tensor& x, int nd, const char* name, bool* single) {
  WG_CHECK(x.ndim() == nd + 1 || x.ndim() == nd + 2, "Expected ", nd + 1, "D (unbatched) or ", nd + 2,
           "D (batched) input to ", name, ", but got input of size: ", to_string(x.sizes));
  *single = x.ndim() == nd + 1;
  return *single ? call<"unsqueeze">(x, 0) : TensorRef(&x);
}

// padding="same": what is uneven is added on the far side first.
void conv_same(Call& c, int nd, TensorRef x, bool single) {
  Tensor& w = c.tensor(1);
  const Dims stride = spread(c.ints(3), nd, "stride"), dilation = spread(c.ints(5), nd, "dilation");
  for (int64_t s : stride) WG_CHECK(s == 1, "padding='same' is not supported for strided convolutions");
  Dims even(nd, 0), more(2 * nd, 0);
  bool uneven = false;
  for (int i = 0; i < nd; ++i) {
    const int64_t total = dilation[i] * (w.size(2 + i) - 1);
    even[i] = total / 2;
    more[2 * (nd - 1 - i) + 1] = total % 2;
    uneven |= total % 2;
  }
  if (uneven)
    warn_once(
        "Using padding='same' with even kernel lengths and odd dilation may require a zero-padded copy of the input be "
        "created");
  if (uneven) x = call<"constant_pad_nd">(x, more, 0);
  TensorRef y =
      call<"convolution">(x, w, Value(c.tensor_or_null(2)), stride, even, dilation, false, Dims(nd, 0), c.integer(6));
  c.out(single ? call<"squeeze.dim">(y, 0) : y);
}

void conv_nd(Call& c, int nd, const char* name) {
  bool single;
  const TensorRef x = batch_of(c.tensor(0), nd, name, &single);
  Held padding;
  if (c.args[4].tag == Tag::Text) {
    const std::string& text = c.text(4);
    if (text == "same") return conv_same(c, nd, x, single);
    WG_CHECK(text == "valid", "Invalid padding string: '", text, "'");
    padding = hold_ints(Dims(nd, 0));
  } else {
    padding = Held(c.args[4]);
  }
  const Held none = hold_ints(Dims(nd, 0));
  TensorRef y = call<"convolution">(x, c.tensor(1), Value(c.tensor_or_null(2)), c.args[3], padding, c.args[5], false,
                                    none, c.integer(6));
  c.out(single ? call<"squeeze.dim">(y, 0) : y);
}

// (input, weight, bias, stride, padding, output_padding, groups, dilation)
void conv_transpose_nd(Call& c, int nd, const char* name) {
  bool single;
  const TensorRef x = batch_of(c.tensor(0), nd, name, &single);
  WG_CHECK_KIND(Kind::NotImplemented, is_differentiable(x->dtype) || x->dtype == DType::Int64, "\"slow_conv_transpose",
                std::max(nd, 2), "d_out_cpu\" not implemented for '", torch_name(x->dtype), "'");
  TensorRef y = call<"convolution">(x, c.tensor(1), Value(c.tensor_or_null(2)), c.args[3], c.args[4], c.args[7], true,
                                    c.args[5], c.integer(6));
  c.out(single ? call<"squeeze.dim">(y, 0) : y);
}

}  // namespace

WG_OP_AS(conv1d, "conv1d", Composite) { conv_nd(c, 1, "conv1d"); }
WG_OP_AS(conv2d, "conv2d", Composite) { conv_nd(c, 2, "conv2d"); }
WG_OP_AS(conv3d, "conv3d", Composite) { conv_nd(c, 3, "conv3d"); }
WG_OP_AS(conv1d_padding, "conv1d.padding", Composite) { conv_nd(c, 1, "conv1d"); }
WG_OP_AS(conv2d_padding, "conv2d.padding", Composite) { conv_nd(c, 2, "conv2d"); }
WG_OP_AS(conv3d_padding, "conv3d.padding", Composite) { conv_nd(c, 3, "conv3d"); }
WG_OP_AS(conv_transpose1d, "conv_transpose1d", Composite) { conv_transpose_nd(c, 1, "conv_transpose1d"); }
WG_OP_AS(conv_transpose2d, "conv_transpose2d.input", Composite) { conv_transpose_nd(c, 2, "conv_transpose2d"); }
WG_OP_AS(conv_transpose3d, "conv_transpose3d.input", Composite) { conv_transpose_nd(c, 3, "conv_transpose3d"); }

}  // namespace wg
