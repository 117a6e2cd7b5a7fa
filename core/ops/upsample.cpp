// Upsampling and downsampling: nearest, linear and cubic, each dim on its own.
#include <algorithm>
#include <cmath>
#include <vector>

#include "../kernels/resample.h"
#include "calls.h"
#include "expect.h"
#include "format.h"
#include "nn.h"

namespace wg {
namespace {

enum class Mode : int64_t { Nearest, NearestExact, Linear, Cubic, LinearSmooth, CubicSmooth };

struct Weights {
  int64_t taps = 1;
  std::vector<int64_t> index;
  std::vector<double> weight;
  void add(int64_t i, double w) { index.push_back(i), weight.push_back(w); }
};

// Input elements per output element.
template <class T>
T step_of(Mode mode, int64_t in, int64_t out, bool align, double scale) {
  if (align && mode >= Mode::Linear) return out > 1 ? T(in - 1) / T(out - 1) : T(0);
  return scale > 0 ? T(1.0 / scale) : T(in) / T(out);
}

template <class T>
T cubic_near(T x, T a) {
  return ((a + 2) * x - (a + 3)) * x * x + 1;
}
template <class T>
T cubic_far(T x, T a) {
  return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a;
}

// The input element that a position falls on.
template <class T>
int64_t element_at(T at, int64_t in) {
  return at > 0 ? (at < T(in) ? std::min(int64_t(at), in - 1) : in - 1) : 0;  // nan: 0
}

void nearest_weights(Weights& w, int64_t in, int64_t out, double scale, double shift) {
  const float step = step_of<float>(Mode::Nearest, in, out, false, scale);
  for (int64_t o = 0; o < out; ++o) w.add(element_at(std::floor((float(o) + float(shift)) * step), in), 1);
}

template <class T>
void linear_weights(Weights& w, int64_t in, int64_t out, T step, bool align) {
  w.taps = 2;
  for (int64_t o = 0; o < out; ++o) {
    const T at = align ? step * T(o) : std::max(step * (T(o) + T(0.5)) - T(0.5), T(0));
    const int64_t i = element_at(at, in);
    const T rest = std::clamp(at - T(i), T(0), T(1));
    w.add(i, double(T(1) - rest));
    w.add(i + (i < in - 1), double(rest));
  }
}

template <class T>
void cubic_weights(Weights& w, int64_t in, int64_t out, T step, bool align) {
  w.taps = 4;
  const T a = T(-0.75);
  for (int64_t o = 0; o < out; ++o) {
    const T at = align ? step * T(o) : step * (T(o) + T(0.5)) - T(0.5), low = std::floor(at), t = at - low;
    const T parts[] = {cubic_far(t + 1, a), cubic_near(t, a), cubic_near(1 - t, a), cubic_far(2 - t, a)};
    const int64_t first = low > T(-4) ? (low < T(in) ? int64_t(low) : in) - 1 : -4;
    for (int64_t k = 0; k < 4; ++k) w.add(std::clamp<int64_t>(first + k, 0, in - 1), double(parts[k]));
  }
}

// The filter grows with the step, so that nothing is skipped when shrinking.
template <class T>
void smooth_weights(Weights& w, int64_t in, int64_t out, T step, bool cubic) {
  const T half = T(cubic ? 2 : 1), reach = step >= 1 ? half * step : half, narrow = step >= 1 ? T(1) / step : T(1);
  w.taps = std::clamp<int64_t>(int64_t(std::ceil(std::min(reach, T(in)))) * 2 + 1, 1, in);
  for (int64_t o = 0; o < out; ++o) {
    const T centre = step * (T(o) + T(0.5));
    const int64_t first = element_at(centre - reach + T(0.5), in + 1);
    const int64_t many = std::clamp<int64_t>(element_at(centre + reach + T(0.5), in + 1) - first, 0, w.taps);
    std::vector<T> part(size_t(w.taps), T(0));
    T total = 0;
    for (int64_t j = 0; j < many; ++j) {
      const T x = std::abs((T(j + first) - centre + T(0.5)) * narrow), a = T(-0.5);
      part[size_t(j)] = cubic ? (x < 1 ? cubic_near(x, a) : x < 2 ? cubic_far(x, a) : T(0)) : std::max(T(1) - x, T(0));
      total += part[size_t(j)];
    }
    for (int64_t j = 0; j < w.taps; ++j)
      w.add(std::min(first + j, in - 1), total != 0 ? double(part[size_t(j)] / total) : 0.0);
  }
}

template <class T>
Weights weights_of(Mode mode, int64_t in, int64_t out, bool align, double scale) {
  Weights w;
  const T step = step_of<T>(mode, in, out, align, scale);
  switch (mode) {
    case Mode::Nearest: nearest_weights(w, in, out, scale, 0); break;
    case Mode::NearestExact: nearest_weights(w, in, out, scale, 0.5); break;
    case Mode::Linear: linear_weights(w, in, out, step, align); break;
    case Mode::Cubic: cubic_weights(w, in, out, step, align); break;
    default: smooth_weights(w, in, out, step, mode == Mode::CubicSmooth);
  }
  return w;
}

struct Job {
  Mode mode;
  bool align;
  Dims in, out;      // whole sizes
  double scales[3];  // of the resampled dims; 0: not given
  int nd;
  DType weights = DType::Float32;  // half precision, to which they are rounded: as torch's are, but of two dims
  void round_for(DType input) {
    if (is_reduced(input) && (mode == Mode::Cubic || (mode == Mode::Linear && nd != 2))) weights = input;
  }
};

void round_weights(Weights& w, DType dtype) {
  auto round = [&](double v) { return dtype == DType::Float16 ? float(Half(float(v))) : float(BFloat16(float(v))); };
  for (size_t k = w.weight.size(); k-- > 0;)  // of two weights the first is what the second leaves of 1
    w.weight[k] = round(w.taps == 2 && k % 2 == 0 ? 1 - w.weight[k + 1] : w.weight[k]);
}

// One dim after another: forward from the last, backward from the first.
TensorRef run(const Job& job, TensorRef t, bool adjoint) {
  for (int k = 0; k < job.nd; ++k) {
    const int i = adjoint ? k : job.nd - 1 - k, d = job.in.size() - job.nd + i;
    if (job.in[d] == job.out[d] && job.mode != Mode::LinearSmooth && job.mode != Mode::CubicSmooth &&
        job.scales[i] == 0)
      continue;
    Dims sizes = t->sizes;
    sizes[d] = adjoint ? job.in[d] : job.out[d];
    const TensorRef next = empty(sizes, t->dtype);
    Weights w = t->dtype == DType::Float64
                    ? weights_of<double>(job.mode, job.in[d], job.out[d], job.align, job.scales[i])
                    : weights_of<float>(job.mode, job.in[d], job.out[d], job.align, job.scales[i]);
    if (is_reduced(job.weights)) round_weights(w, job.weights);
    const Taps taps{job.in[d], job.out[d], w.taps, w.index.data(), w.weight.data()};
    int64_t outer = 1, inner = 1;
    for (int j = 0; j < d; ++j) outer *= sizes[j];
    for (int j = d + 1; j < sizes.size(); ++j) inner *= sizes[j];
    (adjoint ? resample_adjoint : resample)(t->dtype, taps, outer, inner, t->data(), next->data());
    t = next;
  }
  return t;
}

// Of bytes: weights as whole numbers of 1 / 2^bits, 15 bits and a sign each, and bytes between the dims, as in torch.
TensorRef run_bytes(const Job& job, TensorRef t) {
  for (int d = job.in.size() - 1; d >= 2; --d) {
    if (job.in[d] == job.out[d]) continue;
    const Weights w = weights_of<double>(job.mode, job.in[d], job.out[d], job.align, job.scales[d - 2]);
    std::vector<double> joined = w.weight;  // taps that the border has brought together count as one
    for (int64_t at = 0; at < int64_t(joined.size()); ++at)
      for (int64_t j = at - at % w.taps; j < at; ++j)
        if (w.index[size_t(j)] == w.index[size_t(at)]) {
          joined[size_t(j)] += joined[size_t(at)], joined[size_t(at)] = 0;
          break;
        }
    const double most = *std::max_element(joined.begin(), joined.end());
    int bits = 0;
    while (bits < 22 && int64_t(0.5 + most * double(int64_t(1) << (bits + 1))) < 1 << 15) ++bits;
    std::vector<int32_t> whole;
    for (double v : joined) whole.push_back(int32_t(v * double(1 << bits) + (v < 0 ? -0.5 : 0.5)));
    Dims sizes = t->sizes;
    sizes[d] = job.out[d];
    int64_t outer = 1, inner = 1;
    for (int j = 0; j < d; ++j) outer *= sizes[j];
    for (int j = d + 1; j < sizes.size(); ++j) inner *= sizes[j];
    const TensorRef next = empty(sizes, DType::UInt8);
    const auto* from = t->as<uint8_t>();
    auto* to = next->as<uint8_t>();
    for (int64_t i = 0; i < outer; ++i)
      for (int64_t o = 0; o < job.out[d]; ++o)
        for (int64_t k = 0; k < inner; ++k) {
          int64_t sum = bits ? int64_t(1) << (bits - 1) : 0;
          for (int64_t tap = o * w.taps; tap < (o + 1) * w.taps; ++tap)
            sum += int64_t(whole[size_t(tap)]) * from[(i * job.in[d] + w.index[size_t(tap)]) * inner + k];
          *to++ = uint8_t(std::clamp<int64_t>(sum >> bits, 0, 255));
        }
    t = next;
  }
  return t;
}

std::string named(const Dims& sizes, int nd) {  // "H: 5, W: 5"
  static const char* names[] = {"D", "H", "W"};
  std::string s;
  for (int i = 0; i < nd; ++i) s += str(i ? ", " : "", names[3 - nd + i], ": ", sizes[sizes.size() - nd + i]);
  return s;
}

// scales: first of the optional numbers.
Job job_of(Call& c, Mode mode, int nd, const Dims& sizes, const Dims& wanted, bool align, int scales) {
  WG_CHECK(wanted.size() == nd, "It is expected output_size equals to ", nd, ", but got size ", wanted.size());
  WG_CHECK(sizes.size() == nd + 2, "It is expected input_size equals to ", nd + 2, ", but got size ", sizes.size());
  Job job{mode, align, sizes, sizes, {}, nd};
  bool ok = true;
  for (int i = 0; i < nd; ++i) {
    job.out[2 + i] = wanted[i];
    job.scales[i] = c.real_or(scales + i, 0);
    ok &= wanted[i] > 0 && sizes[2 + i] > 0;
  }
  WG_CHECK(ok, "Input and output sizes should be greater than 0, but got input (", named(sizes, nd),
           nd == 1 ? ") and output (" : ") output (", named(job.out, nd), ")");
  WG_CHECK(sizes[1] > 0, "Non-empty ", nd + 2, "D data tensor expected but got a tensor with sizes ", to_string(sizes));
  return job;
}

// output_size and mode are the arguments at these positions.
void check_inner(const Call& c, int size, int mode) {
  expect_ndim(c, c.ints(size).size(), 1, 3, "an output");
  expect(c, c.integer(mode) >= 0 && c.integer(mode) <= int64_t(Mode::CubicSmooth), "a mode of interpolation");
  check_floating(c.tensor(0).dtype, "upsample");
}

void resize(Call& c, Mode mode, int nd, bool align, int scales) {
  Tensor& x = c.tensor(0);
  Job job = job_of(c, mode, nd, x.sizes, c.ints(1), align, scales);
  job.round_for(x.dtype);
  const bool bytes = x.dtype == DType::UInt8 && mode <= Mode::NearestExact;
  const char* names[] = {"upsample_nearest",
                         "upsample_nearest",
                         nd == 1   ? "upsample_linear"
                         : nd == 2 ? "upsample_bilinear"
                                   : "upsample_trilinear",
                         "upsample_bicubic",
                         "upsample_bilinear",
                         "upsample_bicubic"};
  if (x.dtype == DType::UInt8 && nd == 2 && !bytes) {
    const TensorRef y = run_bytes(job, contiguous(x));
    c.out(laid_out_like(y.get() == &x ? clone(x) : y, x));
    return;
  }
  const bool cubic = mode == Mode::Cubic;
  if (!bytes && (nd == 1 || cubic))
    check_floating(x.dtype, str("compute_indices_weights_", cubic                  ? "cubic"
                                                            : mode == Mode::Linear ? "linear"
                                                                                   : "nearest")
                                .c_str());
  else if (!bytes)
    check_floating(x.dtype, str(names[int(mode)], nd, "d_channels_last").c_str());
  const TensorRef y = run(job, ready(x, bytes ? DType::Float32 : work_dtype(x.dtype)), false);
  c.out(laid_out_like(given(y.get() == &x ? clone(x) : y, x.dtype), x));
}

}  // namespace

WG_OP(upsample_nearest1d) { resize(c, Mode::Nearest, 1, false, 2); }
WG_OP(upsample_nearest2d) { resize(c, Mode::Nearest, 2, false, 2); }
WG_OP(upsample_nearest3d) { resize(c, Mode::Nearest, 3, false, 2); }
WG_OP(_upsample_nearest_exact1d) { resize(c, Mode::NearestExact, 1, false, 2); }
WG_OP(_upsample_nearest_exact2d) { resize(c, Mode::NearestExact, 2, false, 2); }
WG_OP(_upsample_nearest_exact3d) { resize(c, Mode::NearestExact, 3, false, 2); }
WG_OP(upsample_linear1d) { resize(c, Mode::Linear, 1, c.flag(2), 3); }
WG_OP(upsample_bilinear2d) { resize(c, Mode::Linear, 2, c.flag(2), 3); }
WG_OP(upsample_trilinear3d) { resize(c, Mode::Linear, 3, c.flag(2), 3); }
WG_OP(upsample_bicubic2d) { resize(c, Mode::Cubic, 2, c.flag(2), 3); }
WG_OP(_upsample_bilinear2d_aa) { resize(c, Mode::LinearSmooth, 2, c.flag(2), 3); }
WG_OP(_upsample_bicubic2d_aa) { resize(c, Mode::CubicSmooth, 2, c.flag(2), 3); }

// (input, output_size, mode, align, three scales), and its adjoint: (gradient, sizes, output_size, mode, align, three
// scales).
WG_OP(_upsample) {
  Tensor& x = c.tensor(0);
  check_inner(c, 1, 2);
  Job job = job_of(c, Mode(c.integer(2)), c.ints(1).size(), x.sizes, c.ints(1), c.flag(3), 4);
  job.round_for(x.dtype);
  c.out(given(run(job, ready(x), false), x.dtype));
}
WG_OP(_upsample_backward) {
  Tensor& g = c.tensor(0);
  check_inner(c, 2, 3);
  const Job job = job_of(c, Mode(c.integer(3)), c.ints(2).size(), c.ints(1), c.ints(2), c.flag(4), 5);
  expect_sizes(c, g.sizes, job.out, "a gradient");
  c.out(given(run(job, ready(g), true), g.dtype));
}

}  // namespace wg
