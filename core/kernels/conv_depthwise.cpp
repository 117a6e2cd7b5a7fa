// Convolution where a group has one input channel: tap by tap over whole planes, nothing unfolded.
#include "conv_depthwise.h"

#include <algorithm>

#include "../parallel.h"
#include "conv_kernels.h"

namespace wg {
namespace {

constexpr int64_t kGrain = 16384;  // multiplications worth a thread's while

template <class F>
void with_kernels(DType d, F f) {
  if (d == DType::Float32)
    f(conv_table().of_float, float());
  else
    f(conv_table().of_double, double());
}

// body(tap, offset in y, offset in x, rows, columns) for every rectangle of outputs whose windows have the tap inside
// the image.
template <class F>
void each_tap(const Windows& w, F body) {
  int64_t tap = 0, at[3], low[3], high[3];
  auto range = [&](int d, int64_t k) {
    at[d] = k * w.dilation[d] - w.padding[d];
    low[d] = at[d] >= 0 ? 0 : (-at[d] + w.stride[d] - 1) / w.stride[d];
    high[d] = w.in[d] > at[d] ? std::min(w.out[d], (w.in[d] - at[d] + w.stride[d] - 1) / w.stride[d]) : 0;
    return low[d] < high[d];
  };
  for (int64_t a = 0; a < w.kernel[0]; ++a)
    for (int64_t b = 0; b < w.kernel[1]; ++b)
      for (int64_t c = 0; c < w.kernel[2]; ++c, ++tap) {
        const bool some = range(0, a) & range(1, b) & range(2, c);
        if (!some) continue;
        const int64_t x = low[2] * w.stride[2] + at[2], y = low[1] * w.stride[1] + at[1];
        for (int64_t z = low[0]; z < high[0]; ++z)
          body(tap, (z * w.out[1] + low[1]) * w.out[2] + low[2],
               ((z * w.stride[0] + at[0]) * w.in[1] + y) * w.in[2] + x, high[1] - low[1], high[2] - low[2]);
      }
}

int64_t grain(const Conv& s) {
  return std::max<int64_t>(1, kGrain / std::max<int64_t>(1, s.out_channels * s.w.taps() * s.w.out_size()));
}

}  // namespace

bool is_depthwise(const Conv& s) {
  return s.in_channels == 1 && s.out_channels <= 4 && s.groups > 1 &&
         (s.dtype == DType::Float32 || s.dtype == DType::Float64);
}

void depthwise_forward(const Conv& s, const char* x, const char* weight, const char* bias, char* y) {
  with_kernels(s.dtype, [&](const auto& k, auto zero) {
    using T = decltype(zero);
    const int64_t taps = s.w.taps(), out = s.w.out_size(), in_row = s.w.stride[1] * s.w.in[2];
    parallel_for(s.images * s.groups, grain(s), [&](int64_t begin, int64_t end) {
      for (int64_t p = begin; p < end; ++p)
        for (int64_t o = 0; o < s.out_channels; ++o) {
          const int64_t channel = p % s.groups * s.out_channels + o;
          const T* from = reinterpret_cast<const T*>(x) + p * s.w.in_size();
          const T* w = reinterpret_cast<const T*>(weight) + channel * taps;
          T* to = reinterpret_cast<T*>(y) + (p * s.out_channels + o) * out;
          std::fill_n(to, out, bias ? reinterpret_cast<const T*>(bias)[channel] : T(0));
          each_tap(s.w, [&](int64_t tap, int64_t at_y, int64_t at_x, int64_t rows, int64_t cols) {
            k.gather(to + at_y, s.w.out[2], from + at_x, in_row, s.w.stride[2], w[tap], rows, cols);
          });
        }
    });
  });
}

void depthwise_input(const Conv& s, const char* g, const char* weight, char* gx) {
  with_kernels(s.dtype, [&](const auto& k, auto zero) {
    using T = decltype(zero);
    const int64_t taps = s.w.taps(), in_row = s.w.stride[1] * s.w.in[2];
    parallel_for(s.images * s.groups, grain(s), [&](int64_t begin, int64_t end) {
      for (int64_t p = begin; p < end; ++p) {
        T* to = reinterpret_cast<T*>(gx) + p * s.w.in_size();
        std::fill_n(to, s.w.in_size(), T(0));
        for (int64_t o = 0; o < s.out_channels; ++o) {
          const T* w = reinterpret_cast<const T*>(weight) + (p % s.groups * s.out_channels + o) * taps;
          const T* from = reinterpret_cast<const T*>(g) + (p * s.out_channels + o) * s.w.out_size();
          each_tap(s.w, [&](int64_t tap, int64_t at_y, int64_t at_x, int64_t rows, int64_t cols) {
            k.scatter(from + at_y, s.w.out[2], to + at_x, in_row, s.w.stride[2], w[tap], rows, cols);
          });
        }
      }
    });
  });
}

void depthwise_weight(const Conv& s, const char* g, const char* x, char* gw) {
  with_kernels(s.dtype, [&](const auto& k, auto zero) {
    using T = decltype(zero);
    const int64_t taps = s.w.taps(), in_row = s.w.stride[1] * s.w.in[2];
    parallel_for(
        s.groups, std::max<int64_t>(1, grain(s) / std::max<int64_t>(1, s.images)), [&](int64_t begin, int64_t end) {
          for (int64_t group = begin; group < end; ++group) {
            T* to = reinterpret_cast<T*>(gw) + group * s.out_channels * taps;
            std::fill_n(to, s.out_channels * taps, T(0));
            for (int64_t n = 0; n < s.images; ++n) {
              const int64_t p = n * s.groups + group;
              const T* from = reinterpret_cast<const T*>(x) + p * s.w.in_size();
              for (int64_t o = 0; o < s.out_channels; ++o) {
                const T* grad = reinterpret_cast<const T*>(g) + (p * s.out_channels + o) * s.w.out_size();
                each_tap(s.w, [&](int64_t tap, int64_t at_y, int64_t at_x, int64_t rows, int64_t cols) {
                  to[o * taps + tap] += k.dot(grad + at_y, s.w.out[2], from + at_x, in_row, s.w.stride[2], rows, cols);
                });
              }
            }
          }
        });
  });
}

}  // namespace wg
