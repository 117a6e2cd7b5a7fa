// Convolution: windows are unfolded into tiles that stay in the cache, and multiplied.
#include "conv.h"

#include <algorithm>
#include <cstring>

#include "../parallel.h"
#include "conv_depthwise.h"
#include "gemm.h"
#include "scratch.h"

namespace wg {
namespace {

constexpr int64_t kTileBytes = 192 * 1024;    // of unfolded windows
constexpr int64_t kGrainWork = 64 * 64 * 64;  // multiplications worth a thread's while
constexpr int64_t kMaxParts = 8;

// The columns [low, high) of an output row whose windows have tap k of the last dim inside the image.
void inside(const Windows& w, int64_t k, int64_t* low, int64_t* high) {
  const int64_t at = k * w.dilation[2] - w.padding[2], s = w.stride[2];
  *low = at >= 0 ? 0 : (-at + s - 1) / s;
  *high = w.in[2] > at ? (w.in[2] - at + s - 1) / s : 0;
  *low = std::min(*low, w.out[2]);
  *high = std::clamp(*high, *low, w.out[2]);
}

// body(row of cols, channel, offset of column `low`'s element in its plane (or -1: all padding), output row, low, high)
template <class F>
void each_row(const Windows& w, int64_t channels, int64_t first, int64_t last, F body) {
  int64_t row = 0;
  for (int64_t c = 0; c < channels; ++c)
    for (int64_t a = 0; a < w.kernel[0]; ++a)
      for (int64_t b = 0; b < w.kernel[1]; ++b)
        for (int64_t k = 0; k < w.kernel[2]; ++k, ++row) {
          int64_t low, high;
          inside(w, k, &low, &high);
          for (int64_t r = first; r < last; ++r) {
            const int64_t z = r / w.out[1] * w.stride[0] - w.padding[0] + a * w.dilation[0];
            const int64_t y = r % w.out[1] * w.stride[1] - w.padding[1] + b * w.dilation[1];
            const bool in = z >= 0 && z < w.in[0] && y >= 0 && y < w.in[1] && low < high;
            const int64_t x = low * w.stride[2] - w.padding[2] + k * w.dilation[2];
            body(row, c, in ? (z * w.in[1] + y) * w.in[2] + x : int64_t(-1), r - first, low, high);
          }
        }
}

template <class T>
void unfold_of(const Windows& w, int64_t channels, const T* x, T* cols, int64_t ld, int64_t first, int64_t last) {
  const int64_t plane = w.in_size(), wide = w.out[2], step = w.stride[2];
  each_row(w, channels, first, last, [&](int64_t row, int64_t c, int64_t at, int64_t r, int64_t low, int64_t high) {
    T* to = cols + row * ld + r * wide;
    if (at < 0) return std::fill_n(to, wide, T(0)), void();
    const T* from = x + c * plane + at;
    for (int64_t i = 0; i < low; ++i) to[i] = T(0);
    if (step == 1)
      std::memcpy(static_cast<void*>(to + low), from, sizeof(T) * size_t(high - low));
    else
      for (int64_t i = low; i < high; ++i) to[i] = from[(i - low) * step];
    for (int64_t i = high; i < wide; ++i) to[i] = T(0);
  });
}

template <class T>
void fold_of(const Windows& w, int64_t channels, const T* cols, int64_t ld, T* x, int64_t first, int64_t last) {
  const int64_t plane = w.in_size(), wide = w.out[2], step = w.stride[2];
  each_row(w, channels, first, last, [&](int64_t row, int64_t c, int64_t at, int64_t r, int64_t low, int64_t high) {
    if (at < 0) return;
    const T* from = cols + row * ld + r * wide + low;
    T* to = x + c * plane + at;
    if (step == 1)
      for (int64_t i = 0; i < high - low; ++i) to[i] = T(to[i] + from[i]);
    else
      for (int64_t i = 0; i < high - low; ++i) to[i * step] = T(to[i * step] + from[i]);
  });
}

template <class F>
void with_type(DType d, F&& f) {
  visit(d, [&]<class T>() {
    if constexpr (!std::is_same_v<T, bool> && !is_reduced_v<T>) f.template operator()<T>();
  });
}

int64_t tile_rows(const Conv& s, int64_t channels) {
  const int64_t row = channels * s.w.taps() * s.w.out[2] * size_of(s.dtype);
  return std::clamp<int64_t>(kTileBytes / std::max<int64_t>(row, 1), 1, std::max<int64_t>(s.w.out_rows(), 1));
}

int64_t grain_for(double work) { return std::max<int64_t>(1, int64_t(double(kGrainWork) / std::max(work, 1.0))); }

// How many pieces the input channels of a group are cut into, so that few images still make work for many threads.
int64_t channel_cuts(const Conv& s) {
  if (s.images * s.groups >= 8) return 1;
  return std::clamp<int64_t>(s.in_channels / 8, 1, 8 / std::max<int64_t>(1, s.images * s.groups));
}

double multiplications(const Conv& s) {  // of one image and group
  return double(s.out_channels) * double(s.in_channels) * double(s.w.taps()) * double(s.w.out_size());
}

}  // namespace

void unfold(DType dtype, const Windows& w, int64_t channels, const char* x, char* cols, int64_t ld, int64_t first,
            int64_t last) {
  with_type(dtype, [&]<class T>() {
    unfold_of(w, channels, reinterpret_cast<const T*>(x), reinterpret_cast<T*>(cols), ld, first, last);
  });
}

void fold(DType dtype, const Windows& w, int64_t channels, const char* cols, int64_t ld, char* x, int64_t first,
          int64_t last) {
  with_type(dtype, [&]<class T>() {
    fold_of(w, channels, reinterpret_cast<const T*>(cols), ld, reinterpret_cast<T*>(x), first, last);
  });
}

void conv_forward(const Conv& s, const char* x, const char* weight, const char* bias, char* y) {
  if (is_depthwise(s)) return depthwise_forward(s, x, weight, bias, y);
  const int64_t rows = tile_rows(s, s.in_channels), tiles = (s.w.out_rows() + rows - 1) / rows;
  const int64_t depth = s.in_channels * s.w.taps(), wide = s.w.out[2], out_size = s.w.out_size();
  const int64_t unit = size_of(s.dtype);
  const bool plain = s.w.plain();
  parallel_for(s.images * s.groups * tiles, grain_for(multiplications(s) / double(std::max<int64_t>(tiles, 1))),
               [&](int64_t begin, int64_t end) {
                 for (int64_t t = begin; t < end; ++t) {
                   const int64_t unit_of = t / tiles, group = unit_of % s.groups, first = t % tiles * rows;
                   const int64_t last = std::min(first + rows, s.w.out_rows()), columns = (last - first) * wide;
                   const char* from = x + unit_of * s.in_channels * s.w.in_size() * unit;
                   char* to = y + (unit_of * s.out_channels * out_size + first * wide) * unit;
                   Matrix b{const_cast<char*>(from) + first * wide * unit, out_size, 1};
                   if (!plain) {
                     char* cols = wg::scratch(size_t(depth * columns * unit));
                     unfold(s.dtype, s.w, s.in_channels, from, cols, columns, first, last);
                     b = {cols, columns, 1};
                   }
                   if (bias)
                     with_type(s.dtype, [&]<class T>() {
                       for (int64_t o = 0; o < s.out_channels; ++o)
                         std::fill_n(reinterpret_cast<T*>(to) + o * out_size, columns,
                                     reinterpret_cast<const T*>(bias)[group * s.out_channels + o]);
                     });
                   Gemm g{s.dtype,
                          s.out_channels,
                          columns,
                          depth,
                          {const_cast<char*>(weight) + group * s.out_channels * depth * unit, depth, 1},
                          b,
                          {to, out_size, 1}};
                   g.beta = bias ? 1 : 0;
                   gemm(g);
                 }
               });
}

void conv_input(const Conv& s, const char* g, const char* weight, char* gx) {
  if (is_depthwise(s)) return depthwise_input(s, g, weight, gx);
  const int64_t cuts = channel_cuts(s), step = (s.in_channels + cuts - 1) / cuts;
  const int64_t rows = tile_rows(s, step), taps = s.w.taps(), wide = s.w.out[2], out_size = s.w.out_size();
  const int64_t unit = size_of(s.dtype), in_size = s.w.in_size();
  parallel_for(
      s.images * s.groups * cuts, grain_for(multiplications(s) / double(cuts)), [&](int64_t begin, int64_t end) {
        for (int64_t t = begin; t < end; ++t) {
          const int64_t unit_of = t / cuts, group = unit_of % s.groups, c0 = t % cuts * step;
          const int64_t channels = std::min(step, s.in_channels - c0);
          if (channels <= 0) continue;
          char* to = gx + (unit_of * s.in_channels + c0) * in_size * unit;
          const char* w = weight + (group * s.out_channels * s.in_channels + c0) * taps * unit;
          const bool plain = s.w.plain();
          if (!plain) std::memset(to, 0, size_t(channels * in_size * unit));
          for (int64_t first = 0; first < s.w.out_rows(); first += rows) {
            const int64_t last = std::min(first + rows, s.w.out_rows()), columns = (last - first) * wide;
            const char* from = g + (unit_of * s.out_channels * out_size + first * wide) * unit;
            char* cols = plain ? to + first * wide * unit : wg::scratch(size_t(channels * taps * columns * unit));
            gemm({s.dtype,
                  channels * taps,
                  columns,
                  s.out_channels,
                  {const_cast<char*>(w), 1, s.in_channels * taps},
                  {const_cast<char*>(from), out_size, 1},
                  {cols, plain ? out_size : columns, 1}});
            if (!plain) fold(s.dtype, s.w, channels, cols, columns, to, first, last);
          }
        }
      });
}

int64_t conv_weight_parts(const Conv& s) {
  if (is_depthwise(s)) return 1;
  const double work = multiplications(s) * double(s.images);
  return std::clamp<int64_t>(std::min(s.images, int64_t(work / double(kGrainWork))), 1, kMaxParts);
}

void conv_weight(const Conv& s, const char* g, const char* x, char* scratch, char* gw) {
  if (is_depthwise(s)) return depthwise_weight(s, g, x, gw);
  const int64_t parts = conv_weight_parts(s), each = (s.images + parts - 1) / parts;
  const int64_t cuts = channel_cuts(s), step = (s.in_channels + cuts - 1) / cuts;
  const int64_t rows = tile_rows(s, step), taps = s.w.taps(), wide = s.w.out[2], out_size = s.w.out_size();
  const int64_t unit = size_of(s.dtype), in_size = s.w.in_size(), depth = s.in_channels * taps;
  const int64_t weights = s.groups * s.out_channels * depth;
  parallel_for(parts * s.groups * cuts, 1, [&](int64_t begin, int64_t end) {
    for (int64_t t = begin; t < end; ++t) {
      const int64_t part = t / (s.groups * cuts), group = t / cuts % s.groups, c0 = t % cuts * step;
      const int64_t channels = std::min(step, s.in_channels - c0);
      if (channels <= 0) continue;
      char* to = scratch + (part * weights + group * s.out_channels * depth + c0 * taps) * unit;
      for (int64_t n = part * each; n < std::min(s.images, (part + 1) * each); ++n)
        for (int64_t first = 0; first < s.w.out_rows(); first += rows) {
          const int64_t last = std::min(first + rows, s.w.out_rows()), columns = (last - first) * wide;
          const int64_t unit_of = n * s.groups + group;
          const char* from = x + (unit_of * s.in_channels + c0) * in_size * unit;
          const char* grad = g + (unit_of * s.out_channels * out_size + first * wide) * unit;
          Matrix b{const_cast<char*>(from) + first * wide * unit, 1, in_size};
          if (!s.w.plain()) {
            char* cols = wg::scratch(size_t(channels * taps * columns * unit));
            unfold(s.dtype, s.w, channels, from, cols, columns, first, last);
            b = {cols, 1, columns};
          }
          Gemm m{s.dtype, s.out_channels, channels * taps, columns, {const_cast<char*>(grad), out_size, 1},
                 b,       {to, depth, 1}};
          m.beta = 1;
          gemm(m);
        }
    }
  });
  with_type(s.dtype, [&]<class T>() {
    T* out = reinterpret_cast<T*>(gw);
    const T* sums = reinterpret_cast<const T*>(scratch);
    for (int64_t i = 0; i < weights; ++i) {
      T total = sums[i];
      for (int64_t p = 1; p < parts; ++p) total = T(total + sums[p * weights + i]);
      out[i] = total;
    }
  });
}

}  // namespace wg
