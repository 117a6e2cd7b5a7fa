// Pooling: shapes, checks, and the windows of each output position.
#include "../kernels/pool.h"

#include <algorithm>
#include <vector>

#include "../kernels/index.h"
#include "../kernels/reduce.h"
#include "calls.h"
#include "expect.h"
#include "format.h"
#include "nn.h"

namespace wg {
namespace {

// Windows along nd dims (the last ones of the input), as the kernels take them.
struct Plan {
  Pool p{};
  std::vector<Span> spans[3];
  Dims out;  // sizes of the result

  Plan(const Dims& sizes, int nd, const Dims& outs) {
    out = sizes;
    p.planes = 1;
    for (int i = 0; i < 3; ++i) {
      p.in[i] = p.out[i] = p.step[i] = 1;
      spans[i] = {{0, 1, 1}};
    }
    for (int i = 0; i < sizes.size() - nd; ++i) p.planes *= sizes[i];
    for (int i = 0; i < nd; ++i) {
      const int at = sizes.size() - nd + i;
      p.in[3 - nd + i] = sizes[at];
      p.out[3 - nd + i] = out[at] = outs[i];
    }
  }
  void ready() {
    for (int i = 0; i < 3; ++i) p.spans[i] = spans[i].data();
  }
};

int64_t floor_div(int64_t a, int64_t b) { return a / b - (a % b != 0 && (a < 0) != (b < 0)); }

int64_t pooled_size(int64_t n, int64_t k, int64_t pad, int64_t stride, int64_t dilation, bool ceil) {
  int64_t out = floor_div(n + 2 * pad - dilation * (k - 1) - 1 + (ceil ? stride - 1 : 0), stride) + 1;
  if (ceil && (out - 1) * stride >= n + pad) --out;
  return out;
}

struct Window {
  Dims kernel, stride, padding, dilation;
  bool ceil;
};

const char* word(int nd) { return nd == 1 ? "one" : nd == 2 ? "two" : "three"; }

Dims numbers(const Dims& d, int nd, const std::string& name, const char* what, const char* empty) {
  if (d.size() == 1) return Dims(nd, d[0]);
  WG_CHECK(d.size() == nd, name, ": ", what, " must ", empty, "a single int, or a tuple of ", word(nd), " ints");
  return d;
}

Window window_of(Call& c, int nd, const std::string& name, bool dilated) {
  Window w;
  w.kernel = numbers(c.ints(1), nd, name, "kernel_size", "either be ");
  const bool stride = c.has(2) && !c.ints(2).empty();
  w.stride = stride ? numbers(c.ints(2), nd, name, "stride", "either be omitted, ") : w.kernel;
  w.padding = numbers(c.ints(3), nd, name, "padding", "either be ");
  w.dilation = dilated ? numbers(c.ints(4), nd, name, "dilation", "be either ") : Dims(nd, 1);
  w.ceil = c.nargs > 4 + dilated && c.flag(4 + dilated);
  for (int i = 0; i < nd; ++i) {
    if (nd == 1) {
      WG_CHECK(w.kernel[i] > 0, name, "() kernel_size must be greater than zero, but got ", w.kernel[i]);
      WG_CHECK(w.stride[i] > 0, name, "() stride must be greater than zero, but got ", w.stride[i]);
      WG_CHECK(w.padding[i] >= 0, name, "() padding must be non-negative, but got ", w.padding[i]);
    }
    WG_CHECK(w.stride[i] != 0, "stride should not be zero");
    WG_CHECK(w.stride[i] > 0, "stride should be greater than zero, but got ", to_string(w.stride));
    WG_CHECK(w.kernel[i] > 0, "kernel size should be greater than zero, but got ", to_string(w.kernel));
    WG_CHECK(w.dilation[i] > 0, "dilation should be greater than zero, but got ",
             nd == 2 ? str("dilationH: ", w.dilation[0], " dilationW: ", w.dilation[1]) : to_string(w.dilation));
    WG_CHECK(w.padding[i] >= 0, "pad must be non-negative, but got pad: ", w.padding[i]);
    for (int64_t v : {w.kernel[i], w.stride[i], w.padding[i], w.dilation[i]})
      WG_CHECK(v < int64_t(1) << 31, "integer out of range");
    const int64_t reach = (w.kernel[i] - 1) * w.dilation[i] + 1;
    if (nd == 1 && dilated)
      WG_CHECK(w.padding[i] <= w.kernel[i] / 2, name,
               "() padding should be at most half of kernel size, but got padding=", w.padding[i],
               " and kernel_size=", w.kernel[i]);
    WG_CHECK(w.padding[i] <= reach / 2,
             "pad should be at most half of effective kernel size, but got pad=", w.padding[i],
             ", kernel_size=", w.kernel[i], " and dilation=", w.dilation[i]);
  }
  return w;
}

std::string sizes_by(const Dims& sizes, int from, const char* joint) {
  std::string s;
  for (int i = from; i < sizes.size(); ++i) s += (i > from ? joint : "") + std::to_string(sizes[i]);
  return s;
}

void check_input(const Tensor& x, int nd, const std::string& name) {
  if (nd == 1) {
    if (name == "max_pool1d")
      WG_CHECK((x.ndim() == 2 || x.ndim() == 3) && (x.numel || (x.size(x.ndim() - 1) && x.size(x.ndim() - 2))), name,
               ": Expected 2D or 3D (batch mode) tensor with optional 0 dim batch size for input, but got:",
               to_string(x.sizes));
    WG_CHECK(x.ndim() == 2 || x.ndim() == 3, "Expected 2 to 3 dimensions, but got ", x.ndim(),
             "-dimensional tensor for argument #1 'self' (while checking arguments for ", name, ")");
    return;
  }
  WG_CHECK(x.ndim() == nd + 1 || x.ndim() == nd + 2, "non-empty ", nd + 1, "D or ", nd + 2,
           "D (batch mode) tensor expected for input");
  bool hollow = false;
  for (int i = x.ndim() - nd - 1; i < x.ndim(); ++i) hollow |= x.size(i) == 0;
  WG_CHECK(!hollow, "Expected ", nd + 1, "D or ", nd + 2,
           "D (batch mode) tensor with optional 0 dim batch size for input, but got:", to_string(x.sizes));
}

// counted: the padding counts in the divisor.
Plan planned(const Dims& sizes, const Window& w, const std::string& name, bool counted) {
  const int nd = w.kernel.size(), lead = sizes.size() - nd;
  Dims outs;
  bool small = false;
  for (int i = 0; i < nd; ++i) {
    outs.push_back(pooled_size(sizes[lead + i], w.kernel[i], w.padding[i], w.stride[i], w.dilation[i], w.ceil));
    small |= outs[i] < 1;
  }
  if (small && name == "max_pool1d") fail(Kind::Runtime, "max_pool1d() Invalid computed output size: ", outs[0]);
  if (small) {
    Dims from_sizes = sizes, out = sizes;
    for (int i = 0; i < nd; ++i) out[lead + i] = outs[i];
    const int from = lead - 1;
    if (nd == 1)  // of images one row high
      from_sizes.insert(lead, 1), out.insert(lead, 1);
    fail(Kind::Runtime, "Given input size: (", sizes_by(from_sizes, from, "x"), "). Calculated output size: (",
         sizes_by(out, from, "x"), "). Output size is too small");
  }
  Plan plan(sizes, nd, outs);
  for (int i = 0; i < nd; ++i) {
    const int64_t n = sizes[lead + i];
    auto& spans = plan.spans[3 - nd + i];
    plan.p.step[3 - nd + i] = w.dilation[i];
    spans.resize(size_t(outs[i]));
    for (int64_t o = 0; o < outs[i]; ++o) {
      int64_t begin = o * w.stride[i] - w.padding[i],
              end = std::min(begin + (w.kernel[i] - 1) * w.dilation[i] + 1, n + w.padding[i]);
      const int64_t whole = end - begin;
      end = std::min(end, n);
      while (begin < 0) begin += w.dilation[i];
      spans[size_t(o)] = {begin, end, counted ? whole : std::max<int64_t>(end - begin, 0)};
    }
  }
  plan.ready();
  return plan;
}

Plan adaptive(const Dims& sizes, const Dims& outs) {
  const int nd = outs.size(), lead = sizes.size() - nd;
  Plan plan(sizes, nd, outs);
  for (int i = 0; i < nd; ++i) {
    const int64_t n = sizes[lead + i], m = outs[i];
    auto& spans = plan.spans[3 - nd + i];
    spans.resize(size_t(m));
    for (int64_t o = 0; o < m; ++o) {
      const int64_t begin = o * n / m, end = ((o + 1) * n + m - 1) / m;
      spans[size_t(o)] = {begin, end, end - begin};
    }
  }
  plan.ready();
  return plan;
}

void check_number(const Tensor& x, const char* kernel, bool whole) {
  WG_CHECK_KIND(Kind::NotImplemented, is_floating(x.dtype) || (whole && is_integral(x.dtype)), '"', kernel,
                "\" not implemented for '", torch_name(x.dtype), "'");
}

// One volume (C, D, H, W) in the order of a batch with channels last; torch's max_pool3d keeps that order, too.
bool channels_last_volume(const Tensor& x) {
  Dims sizes = x.sizes, strides = x.strides;
  sizes.insert(0, 1), strides.insert(0, 0);
  return x.ndim() == 4 && !x.contiguous && lies_in(Format::ChannelsLast3d, sizes, strides);
}
TensorRef with_channels_last(const Tensor& t) {
  const int64_t c = t.size(0), w = c * t.size(3);
  TensorRef r = empty_strided(t.sizes, {1, w * t.size(2), w, c}, t.dtype);
  copy(*r, t);
  return r;
}

void take_max(Call& c, Plan& plan, const Tensor& x, bool find = true) {
  const TensorRef from = ready(x), indices = find ? empty(plan.out, DType::Int64) : TensorRef();
  TensorRef y = empty(plan.out, from->dtype);
  plan.p.dtype = from->dtype;
  max_pool(plan.p, from->data(), y->data(), find ? indices->as<int64_t>() : nullptr);
  const Format f = c.op->name == "adaptive_max_pool3d" ? Format::RowMajor : format_of(x);
  y = given(std::move(y), x.dtype);
  const bool volume = c.op->name == "max_pool3d_with_indices" && channels_last_volume(x);
  c.out(volume ? with_channels_last(*y) : laid_out(y, f));
  if (find) c.out(volume ? with_channels_last(*indices) : laid_out(indices, f));
}

void max_pool_nd(Call& c, int nd, bool find = true) {
  const std::string name = str("max_pool", nd, "d");
  Tensor& x = c.tensor(0);
  const Window w = window_of(c, nd, name, true);
  check_input(x, nd, name);
  check_number(x, nd == 1 ? "max_pool1d_impl" : name.c_str(), nd > 1);
  Plan plan = planned(x.sizes, w, name, false);
  take_max(c, plan, x, find);
}

void mean_of_planes(const Tensor& x, int64_t planes, Tensor& y) {
  const int64_t n = x.numel / planes;
  fold(Fold::Sum, x.dtype, x.data(), {planes, n}, {n, 1}, 2, 0, y.data());
  visit(x.dtype, [&]<class T>() {
    if constexpr (std::is_floating_point_v<T>)
      for (int64_t i = 0; i < planes; ++i) y.as<T>()[i] /= T(n);
  });
}

void take_mean(Call& c, Plan& plan, const Tensor& x, bool to_point = false) {
  const TensorRef from = plan.p.in_turn ? ready(x, x.dtype) : ready(x);
  TensorRef y = empty(plan.out, from->dtype);
  plan.p.dtype = from->dtype;
  const bool one = numel_of(plan.out) == x.size(0) * x.size(1);  // torch's pooling to a point is a mean
  if (to_point && from->numel)
    mean_of_planes(*from, plan.p.planes, *y);
  else
    avg_pool(plan.p, from->data(), y->data());
  c.out(laid_out(given(std::move(y), x.dtype), x.ndim() == 4 || one ? format_of(x) : Format::RowMajor));
}

// The divisor given by the caller, at `at`.
int64_t divisor(Call& c, int at) {
  if (!c.has(at)) return 0;
  WG_CHECK(c.integer(at) != 0, "divisor must be not zero");
  return c.integer(at);
}

// (self, kernel, stride, padding, ceil, include padding, divisor)
void avg_pool_nd(Call& c, int nd) {
  const std::string name = str("avg_pool", nd, "d");
  Tensor& x = c.tensor(0);
  const Window w = window_of(c, nd, name, false);
  check_input(x, nd, name);
  const Dims& s = x.sizes;
  const int k = s.size();
  WG_CHECK(nd < 3 || (s[k - 3] >= w.kernel[0] && s[k - 2] >= w.kernel[1] && s[k - 1] >= w.kernel[2]),
           "input image (T: ", s[k - 3], " H: ", s[k - 2], " W: ", s[k - 1],
           ") smaller than kernel size (kT: ", w.kernel[0], " kH: ", w.kernel[1], " kW: ", w.kernel[2], ")");
  check_number(x, nd == 3 ? "avg_pool3d_out_frame" : "avg_pool2d", x.dtype == DType::Int64);
  WG_CHECK_KIND(Kind::NotImplemented, nd < 3 || !is_reduced(x.dtype), "\"avg_pool3d_out_frame\" not implemented for '",
                torch_name(x.dtype), "'");
  Plan plan = planned(x.sizes, w, name, c.nargs <= 5 || c.flag(5));
  plan.p.divisor = divisor(c, 6);
  take_mean(c, plan, x);
}

void give_back(Call& c, Plan& plan, const Dims& sizes) {
  Tensor& g = c.tensor(0);
  check_number(g, "avg_pool_backward", g.dtype == DType::Int64);
  const TensorRef from = ready(g, g.dtype), gx = empty(sizes, g.dtype);
  plan.p.dtype = g.dtype;
  avg_pool_backward(plan.p, from->data(), gx->data());
  c.out(gx);
}

Dims adaptive_sizes(Call& c, int nd, const char* name) {
  Tensor& x = c.tensor(0);
  Dims outs = c.ints(1);
  WG_CHECK(outs.size() == nd, name, ": internal error: output_size.size() must be ", nd);
  if (nd == 1)
    WG_CHECK(x.ndim() == 2 || x.ndim() == 3, "Expected 2 to 3 dimensions, but got ", x.ndim(),
             "-dimensional tensor for argument #1 'self' (while checking arguments for ", name, ")");
  const bool max = std::string(name).find("max") != std::string::npos;
  WG_CHECK(x.ndim() == nd + 1 || x.ndim() == nd + 2, name, "(): Expected ", nd + 1, "D or ", nd + 2,
           "D tensor, but got", max ? ": " : " ", to_string(x.sizes));
  for (int i = max ? 1 : x.ndim() - nd; i < x.ndim(); ++i)
    WG_CHECK(x.size(i) > 0, name,
             "(): Expected input to have non-zero size for non-batch dimensions, but input has sizes ",
             to_string(x.sizes), " with dimension ", i, " being empty");
  bool negative = false;
  for (int64_t o : outs) negative |= o < 0;
  WG_CHECK(!negative, name, ": elements of output_size must be greater than or equal to 0 but received {",
           sizes_by(outs, 0, ", "), "}");
  for (int64_t o : outs)  // windows are laid out before the result is allocated
    WG_CHECK(o < int64_t(1) << 32, "DefaultCPUAllocator: can't allocate memory: ", o, " windows along a dim");
  return outs;
}

void adaptive_avg_nd(Call& c, int nd, const char* name) {
  const Dims outs = adaptive_sizes(c, nd, name);
  check_number(c.tensor(0), nd == 1 ? "adaptive_avg_pool2d" : name, false);
  Plan plan = adaptive(c.tensor(0).sizes, outs);
  bool to_point = true;
  for (int64_t o : outs) to_point &= o == 1;
  plan.p.in_turn = nd == 3 && !to_point;
  take_mean(c, plan, c.tensor(0), to_point);
}

void adaptive_max_nd(Call& c, int nd, const char* name) {
  const Dims outs = adaptive_sizes(c, nd, name);
  check_number(c.tensor(0), nd == 3 ? "adaptive_max_pool3d_cpu" : "adaptive_max_pool2d", false);
  Plan plan = adaptive(c.tensor(0).sizes, outs);
  take_max(c, plan, c.tensor(0));
}

// `nd`: over how many dims; torch pools rows as images one row high.
void check_gradient(const Tensor& g, int nd, const char* kind) {
  Dims sizes = g.sizes;
  if (nd == 1) sizes.insert(sizes.size() - 1, 1);
  for (int i = 1; i < sizes.size(); ++i)
    WG_CHECK(sizes[i] > 0, "adaptive_", kind, "_pool", std::max(nd, 2), "d_backward(): Expected grad_output to have ",
             "non-zero size for non-batch dimensions, but grad_output has sizes ", to_string(sizes), " with dimension ",
             i, " being empty");
}

// The sizes of planes and the indices into them.
struct Planes {
  int64_t planes = 1, n = 1, m = 1;
  TensorRef indices;
  Planes(const Dims& wide, const Tensor& index, int nd) {
    WG_CHECK(index.ndim() == wide.size() && wide.size() >= nd, "indices and planes must have the same number of dims");
    for (int i = 0; i < wide.size(); ++i) {
      if (i < wide.size() - nd) {
        WG_CHECK(index.size(i) == wide[i], "indices and planes must have the same leading sizes");
        planes *= wide[i];
      } else {
        n *= wide[i], m *= index.size(i);
      }
    }
    indices = ready(index, DType::Int64);
  }
  // After a loop over the indices, which it was told was inside the planes or not.
  void expect_inside(bool inside) const {
    if (inside) return;
    const int64_t bad = first_outside(indices->as<int64_t>(), indices->numel, n);
    WG_CHECK(bad < 0, "Found an invalid max index: ", indices->as<int64_t>()[bad], " (output volumes are of size ", n,
             ")");
    fail(Kind::Runtime, "a max index was changed while it was read");
  }
};

}  // namespace

WG_OP(_max_pool1d_values) { max_pool_nd(c, 1, false); }
WG_OP(max_pool1d_with_indices) { max_pool_nd(c, 1); }
WG_OP(max_pool2d_with_indices) { max_pool_nd(c, 2); }
WG_OP(max_pool3d_with_indices) { max_pool_nd(c, 3); }
WG_OP(avg_pool1d) { avg_pool_nd(c, 1); }
WG_OP(avg_pool2d) { avg_pool_nd(c, 2); }
WG_OP(avg_pool3d) { avg_pool_nd(c, 3); }
WG_OP(_avg_pool) {
  expect(c, c.integer(7) >= 1 && c.integer(7) <= 3, "one, two or three dims to pool over");
  avg_pool_nd(c, int(c.integer(7)));
}
// (gradient, sizes of the input, kernel, stride, padding, ceil, include padding, divisor)
WG_OP(_avg_pool_backward) {
  const Dims& sizes = c.ints(1);
  Value args[] = {c.args[0], c.args[2], c.args[3], c.args[4], c.args[5], c.args[6], c.args[7]};
  Call inner{c.op, args, 7};
  expect(c, c.integer(8) >= 1 && c.integer(8) <= 3, "one, two or three dims to pool over");
  const int nd = int(c.integer(8));
  expect_ndim(c, sizes.size(), nd + 1, nd + 2, "sizes");
  numel_of(sizes);
  Plan plan = planned(sizes, window_of(inner, nd, str("avg_pool", nd, "d"), false), "avg_pool", c.flag(6));
  plan.p.divisor = divisor(c, 7);
  expect_sizes(c, c.tensor(0).sizes, plan.out, "a gradient");
  give_back(c, plan, sizes);
}

WG_OP(adaptive_avg_pool1d) { adaptive_avg_nd(c, 1, "adaptive_avg_pool1d"); }
WG_OP(adaptive_avg_pool2d) { adaptive_avg_nd(c, 2, "adaptive_avg_pool2d"); }
WG_OP(adaptive_avg_pool3d) { adaptive_avg_nd(c, 3, "adaptive_avg_pool3d"); }
WG_OP(_adaptive_avg_pool) {
  static const char* names[] = {"adaptive_avg_pool1d", "adaptive_avg_pool2d", "adaptive_avg_pool3d"};
  const int nd = c.ints(1).size();
  expect(c, nd >= 1 && nd <= 3, "one, two or three dims to pool over");
  adaptive_avg_nd(c, nd, names[nd - 1]);
}
// (gradient, sizes of the input, output_size)
WG_OP(_adaptive_avg_pool_backward) {
  const Dims &sizes = c.ints(1), &outs = c.ints(2);
  const int nd = outs.size();
  expect(c, nd >= 1 && nd <= 3, "one, two or three dims to pool over");
  expect_ndim(c, sizes.size(), nd + 1, nd + 2, "sizes");
  Dims wanted = sizes;
  for (int i = 0; i < nd; ++i) wanted[sizes.size() - nd + i] = outs[i];
  expect_sizes(c, c.tensor(0).sizes, wanted, "a gradient");
  check_gradient(c.tensor(0), nd, "avg");
  numel_of(sizes);
  Plan plan = adaptive(sizes, outs);
  for (int64_t o : outs) plan.p.in_turn |= o != 1;  // of pooling to a point, a mean: at once
  give_back(c, plan, sizes);
}
WG_OP(adaptive_max_pool1d) { adaptive_max_nd(c, 1, "adaptive_max_pool1d"); }
WG_OP(adaptive_max_pool2d) { adaptive_max_nd(c, 2, "adaptive_max_pool2d"); }
WG_OP(adaptive_max_pool3d) { adaptive_max_nd(c, 3, "adaptive_max_pool3d"); }

// (elements, indices, sizes of the result, dims of a plane)
WG_OP(_plane_scatter) {
  Tensor& x = c.tensor(0);
  const Planes p(c.ints(2), c.tensor(1), int(c.integer(3)));
  WG_CHECK(x.sizes == c.tensor(1).sizes, "Expected shape of indices to be same as that of the input tensor (",
           to_string(x.sizes), ") but got indices tensor with shape: ", to_string(c.tensor(1).sizes));
  check_gradient(x, int(c.integer(3)), "max");  // of other pooling no result is empty
  const TensorRef from = ready(x, x.dtype), y = empty(c.ints(2), x.dtype);
  p.expect_inside(scatter_planes(from->dtype, p.planes, p.n, p.m, from->data(), p.indices->as<int64_t>(), y->data()));
  c.out(y);
}
// (planes, indices, dims of a plane)
WG_OP(_plane_gather) {
  Tensor& x = c.tensor(0);
  const Planes p(x.sizes, c.tensor(1), int(c.integer(2)));
  const TensorRef from = ready(x);
  TensorRef y = empty(c.tensor(1).sizes, from->dtype);
  p.expect_inside(gather_planes(from->dtype, p.planes, p.n, p.m, from->data(), p.indices->as<int64_t>(), y->data()));
  c.out(given(std::move(y), x.dtype));
}

}  // namespace wg
