// Convolution where a group has one input channel: tap by tap over whole planes, nothing unfolded.
#include "conv_depthwise.h"

#include <algorithm>
#include <cstring>

#include "../parallel.h"
#include "conv_kernels.h"
#include "scratch.h"

namespace wg {
namespace {

constexpr int64_t kGrain = 16384;  // multiplications worth a thread's while
constexpr int64_t kBand = 1024;    // positions of a plane at a time: their masks stay in the first-level cache
constexpr int64_t kSlack = 64;     // elements past a plane that are read

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

// Planes of the same width, by steps of one.
bool is_flat(const Conv& s) {
  const Windows& w = s.w;
  return w.kernel[0] == 1 && w.in[0] == 1 && w.out[0] == 1 && w.stride[1] == 1 && w.stride[2] == 1 &&
         w.in[2] == w.out[2] && w.in_size() > 0 && w.padding[0] == 0 && s.out_channels == 1;
}

template <class T>
const FlatOf<T>& flat_of() {
  if constexpr (std::is_same_v<T, float>)
    return conv_table().flat_of_float;
  else
    return conv_table().flat_of_double;
}

// This thread's copy of a plane between zeros, which taps read past the first and last row, and the taps themselves;
// the sides are left to masks.
template <class T>
struct Flat {
  const Windows& w;
  int64_t band, before;
  T* plane;
  FlatTap<T>* taps;
  Flat(const Windows& windows, bool backward) : w(windows) {
    const int64_t n = w.taps(), wide = w.out[2], rows = std::clamp<int64_t>(kBand / wide, 1, w.out[1]);
    band = rows * wide;
    const int64_t line = (band + kSlack - 1) / kSlack * kSlack + kSlack;
    char* room = scratch<Scratch::Rows>(size_t(n) * sizeof(FlatTap<T>) + size_t(w.kernel[2] * line) * sizeof(T));
    T* masks = reinterpret_cast<T*>(room);
    taps = reinterpret_cast<FlatTap<T>*>(masks + w.kernel[2] * line);
    int64_t low = 0, high = 0;
    for (int64_t k = 0; k < n; ++k) {
      const int64_t tap = k % w.kernel[1] * w.kernel[2] + k / w.kernel[1], sign = backward ? -1 : 1;
      const int64_t y = tap / w.kernel[2] * w.dilation[1] - w.padding[1];
      const int64_t x = tap % w.kernel[2] * w.dilation[2] - w.padding[2];
      taps[k] = {sign * (y * wide + x), masks + tap % w.kernel[2] * line, x == 0, tap};
      low = std::min(low, taps[k].offset), high = std::max(high, taps[k].offset);
    }
    for (int64_t k = 0; k < w.kernel[2]; ++k) {
      const int64_t x = (k * w.dilation[2] - w.padding[2]) * (backward ? -1 : 1);
      T* mask = std::fill_n(masks + k * line, line, T(0)) - line;
      const int64_t first = std::clamp<int64_t>(-x, 0, wide), last = std::clamp<int64_t>(wide - x, first, wide);
      for (int64_t row = 0; row < band; row += wide)
        std::memset(static_cast<void*>(mask + row + first), 0xff, size_t(last - first) * sizeof(T));
    }
    const int64_t from = backward ? w.out_size() : w.in_size(), to = backward ? w.in_size() : w.out_size();
    before = -low;
    const int64_t after = std::max<int64_t>(0, to + high - from) + kSlack;
    plane = reinterpret_cast<T*>(scratch<Scratch::Windows>(size_t(before + from + after) * sizeof(T)));
    std::fill_n(plane, before, T(0));
    std::fill_n(plane + before + from, after, T(0));
  }
  void take(const T* x, int64_t n) { std::memcpy(static_cast<void*>(plane + before), x, size_t(n) * sizeof(T)); }
  template <class F>
  void each_band(int64_t size, F body) const {
    for (int64_t at = 0; at < size; at += band) body(plane + before + at, at, std::min(band, size - at));
  }
};

template <class T>
void flat_sums(const Conv& s, bool backward, const T* x, const T* weight, const T* bias, T* y) {
  const int64_t taps = s.w.taps(), from = backward ? s.w.out_size() : s.w.in_size(),
                to = backward ? s.w.in_size() : s.w.out_size();
  parallel_for(s.images * s.groups, grain(s), [&](int64_t begin, int64_t end) {
    Flat<T> f(s.w, backward);
    T* w = reinterpret_cast<T*>(scratch<Scratch::Sums>(size_t(taps) * sizeof(T)));
    for (int64_t p = begin; p < end; ++p) {
      const T* own = weight + p % s.groups * taps;
      for (int64_t k = 0; k < taps; ++k) w[k] = own[f.taps[k].weight];
      f.take(x + p * from, from);
      f.each_band(to, [&](const T* at, int64_t first, int64_t n) {
        flat_of<T>().sums(n, taps, f.taps, at, w, bias ? bias[p % s.groups] : T(0), y + p * to + first);
      });
    }
  });
}

template <class T>
void flat_dots(const Conv& s, const T* g, const T* x, T* gw) {
  const int64_t taps = s.w.taps(), vector = flat_of<T>().vector;
  parallel_for(s.groups, std::max<int64_t>(1, grain(s) / std::max<int64_t>(1, s.images)),
               [&](int64_t begin, int64_t end) {
                 Flat<T> f(s.w, false);
                 T* lanes = reinterpret_cast<T*>(scratch<Scratch::Sums>(size_t(taps * vector) * sizeof(T)));
                 for (int64_t group = begin; group < end; ++group) {
                   std::fill_n(lanes, taps * vector, T(0));
                   for (int64_t p = group; p < s.images * s.groups; p += s.groups) {
                     f.take(x + p * s.w.in_size(), s.w.in_size());
                     f.each_band(s.w.out_size(), [&](const T* at, int64_t first, int64_t n) {
                       flat_of<T>().dots(n, taps, f.taps, at, g + p * s.w.out_size() + first, lanes);
                     });
                   }
                   for (int64_t k = 0; k < taps; ++k) {
                     T* lane = lanes + k * vector;
                     for (int64_t half = vector / 2; half >= 1; half /= 2)
                       for (int64_t v = 0; v < half; ++v) lane[v] += lane[v + half];
                     gw[group * taps + f.taps[k].weight] = lane[0];
                   }
                 }
               });
}

}  // namespace

bool is_depthwise(const Conv& s) {
  return s.in_channels == 1 && s.out_channels <= 4 && s.groups > 1 &&
         (s.dtype == DType::Float32 || s.dtype == DType::Float64);
}

void depthwise_forward(const Conv& s, const char* x, const char* weight, const char* bias, char* y) {
  with_kernels(s.dtype, [&](const auto& k, auto zero) {
    using T = decltype(zero);
    if (is_flat(s))
      return flat_sums<T>(s, false, reinterpret_cast<const T*>(x), reinterpret_cast<const T*>(weight),
                          reinterpret_cast<const T*>(bias), reinterpret_cast<T*>(y));
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
    if (is_flat(s))
      return flat_sums<T>(s, true, reinterpret_cast<const T*>(g), reinterpret_cast<const T*>(weight), nullptr,
                          reinterpret_cast<T*>(gx));
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
    if (is_flat(s))
      return flat_dots<T>(s, reinterpret_cast<const T*>(g), reinterpret_cast<const T*>(x), reinterpret_cast<T*>(gw));
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
