// Convolution of any type: windows of a tile of the output are unfolded into columns that stay in the cache.
#include "conv.h"

#include <algorithm>
#include <cstring>

#include "../parallel.h"
#include "conv_depthwise.h"
#include "conv_lanes.h"
#include "conv_shift.h"
#include "conv_windows.h"
#include "gemm.h"
#include "reals.h"
#include "scratch.h"

namespace wg {
namespace {

constexpr int64_t kColumns = 192;       // of a tile, about: four panels of a product in single precision
constexpr int64_t kDepth = 256;         // rows of unfolded windows at a time, about
constexpr int64_t kLeastChannels = 64;  // of the output for which it pays to unfold a tile once more
constexpr int64_t kTasks = 16;          // wanted: enough to balance the load of a few threads
constexpr int64_t kMaxParts = 8;        // of the images whose gradients of the weight are summed apart
constexpr int64_t kLine = 64;           // rows of columns begin on cache lines, and are read in whole vectors

// Positions of the output: of some images, some rows of the image, some columns of the row.
struct Tile {
  int64_t image, images, row, rows, col, cols;
  int64_t each() const { return rows * cols; }
  int64_t size() const { return images * each(); }
};

int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

// The tiles of an output: parts of rows when they are long, rows, or whole images when those are small.
struct Tiling {
  const Windows& w;
  int64_t all, images, rows, cols, down, across, per_image;
  Tiling(const Windows& windows, int64_t count) : w(windows), all(count) {
    across = ceil_div(w.out[2], 2 * kColumns);
    cols = ceil_div(w.out[2], across);
    down = across > 1 ? w.out_rows() : ceil_div(w.out_rows() * w.out[2], kColumns);
    rows = ceil_div(w.out_rows(), std::min(down, w.out_rows()));
    down = ceil_div(w.out_rows(), rows);
    per_image = down * across;
    images = per_image == 1 ? std::clamp<int64_t>(kColumns / std::max<int64_t>(1, rows * cols), 1, all) : 1;
    images = ceil_div(all, ceil_div(all, images));
  }
  int64_t groups() const { return ceil_div(all, images); }  // of images that share tiles
  int64_t count() const { return groups() * per_image; }
  Tile operator[](int64_t t) const {
    Tile tile;
    tile.image = t / per_image * images, tile.images = std::min(images, all - tile.image);
    tile.row = t % per_image / across * rows, tile.rows = std::min(rows, w.out_rows() - tile.row);
    tile.col = t % across * cols, tile.cols = std::min(cols, w.out[2] - tile.col);
    return tile;
  }
};

// The columns [low, high) of a tile whose windows have tap k of the last dim inside the image.
void inside(const Windows& w, const Tile& t, int64_t k, int64_t* low, int64_t* high) {
  const int64_t s = w.stride[2], at = k * w.dilation[2] - w.padding[2] + t.col * s;
  *low = at >= 0 ? 0 : s == 1 ? -at : (-at + s - 1) / s;
  *low = std::min(*low, t.cols);
  *high = w.in[2] <= at ? 0 : s == 1 ? w.in[2] - at : (w.in[2] - at + s - 1) / s;
  *high = std::clamp(*high, *low, t.cols);
}

// body(row of cols, offset of column `low`'s element from the first image (or -1: all padding), column, low, high)
template <class F>
void each_row(const Windows& w, const Tile& t, int64_t channels, int64_t image_step, F body) {
  const int64_t first_z = t.row / w.out[1], first_y = t.row % w.out[1];
  int64_t row = 0;
  for (int64_t c = 0; c < channels; ++c)
    for (int64_t a = 0; a < w.kernel[0]; ++a)
      for (int64_t b = 0; b < w.kernel[1]; ++b)
        for (int64_t k = 0; k < w.kernel[2]; ++k, ++row) {
          int64_t low, high, column = 0;
          inside(w, t, k, &low, &high);
          const int64_t x = (low + t.col) * w.stride[2] - w.padding[2] + k * w.dilation[2];
          const int64_t above = b * w.dilation[1] - w.padding[1];
          for (int64_t n = 0; n < t.images; ++n) {
            int64_t z = first_z * w.stride[0] - w.padding[0] + a * w.dilation[0];
            int64_t y = first_y * w.stride[1] + above, left = w.out[1] - first_y;
            for (int64_t r = 0; r < t.rows; ++r, column += t.cols) {
              const bool in = uint64_t(z) < uint64_t(w.in[0]) && uint64_t(y) < uint64_t(w.in[1]) && low < high;
              body(row, in ? n * image_step + ((c * w.in[0] + z) * w.in[1] + y) * w.in[2] + x : int64_t(-1), column,
                   low, high);
              y += w.stride[1];
              if (--left == 0) left = w.out[1], y = above, z += w.stride[0];
            }
          }
        }
}

// Rows are short: vectors of 16 bytes, the last over the end of the one before it, are faster than a call of memcpy.
template <class T>
inline void copy_row(T* to, const T* from, int64_t n) {
  constexpr int64_t kMost = 256, W = std::max<int64_t>(1, 16 / int64_t(sizeof(T)));
  if (n < W || n > kMost) return std::copy_n(from, n, to), void();
  for (int64_t i = 0; i + W <= n; i += W) std::memcpy(static_cast<void*>(to + i), from + i, W * sizeof(T));
  std::memcpy(static_cast<void*>(to + n - W), from + n - W, W * sizeof(T));
}
template <class T>
inline void clear_row(T* to, int64_t n) {  // mostly one element of padding
  if (n > 0) to[0] = T(0);
  if (n > 1) std::fill_n(to + 1, n - 1, T(0));
}

template <class T>
void unfold_of(const Windows& w, const Tile& t, int64_t channels, const T* x, int64_t image_step, T* cols, int64_t ld) {
  const int64_t step = w.stride[2];
  each_row(w, t, channels, image_step, [&](int64_t row, int64_t at, int64_t column, int64_t low, int64_t high) {
    T* __restrict to = cols + row * ld + column;
    if (at < 0) return clear_row(to, t.cols);
    const T* __restrict from = x + at;
    clear_row(to, low);
    if (step == 1)
      copy_row(to + low, from, high - low);
    else
      for (int64_t i = low; i < high; ++i) to[i] = from[(i - low) * step];
    clear_row(to + high, t.cols - high);
  });
}

template <class T>
void fold_of(const Windows& w, const Tile& t, int64_t channels, const T* cols, int64_t ld, T* x, int64_t image_step) {
  const int64_t step = w.stride[2];
  each_row(w, t, channels, image_step, [&](int64_t row, int64_t at, int64_t column, int64_t low, int64_t high) {
    if (at < 0) return;
    const T* __restrict from = cols + row * ld + column + low;
    T* __restrict to = x + at;
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

// Rows of columns in this thread's buffer; what lies past a row's last column may be read.
template <class T, Scratch Use>
struct Columns {
  int64_t ld;
  T* data;
  Columns(int64_t rows, int64_t columns)
      : ld(ceil_div(columns, kLine) * kLine), data(reinterpret_cast<T*>(scratch<Use>(size_t(rows * ld) * sizeof(T)))) {}
};

template <class T>
Matrix matrix(const T* data, int64_t row, int64_t col) {
  return {reinterpret_cast<char*>(const_cast<T*>(data)), row, col};
}

// How many channels' windows are unfolded at a time.
int64_t channels_at_once(const Conv& s) {
  return std::clamp<int64_t>(kDepth / s.w.taps(), 1, std::max<int64_t>(1, s.in_channels));
}
// Into how many pieces `n` channels are cut, none smaller than `least`, where there are `tasks` without that.
int64_t cuts_of(int64_t n, int64_t least, int64_t tasks) {
  return std::clamp<int64_t>(ceil_div(kTasks, std::max<int64_t>(1, tasks)), 1, std::max<int64_t>(1, n / least));
}

// The rows of planes (n, channel) at a tile's positions: a matrix of channels by columns.
Windows planes(const Windows& w) {
  Windows p;
  std::copy_n(w.out, 3, p.in), std::copy_n(w.out, 3, p.out);
  return p;
}

template <class T>
void forward_tile(const Conv& s, const Tile& t, int64_t group, int64_t first, int64_t many, const T* x, const T* weight,
                  const T* bias, T* y) {
  const int64_t taps = s.w.taps(), depth = s.in_channels * taps, out_size = s.w.out_size(), in_size = s.w.in_size();
  const int64_t step = channels_at_once(s), all = s.groups * s.out_channels;
  const Columns<T, Scratch::Windows> cols(step * taps, t.size());
  const Columns<T, Scratch::Sums> apart(t.images > 1 ? many : 0, t.size());
  const int64_t channel = group * s.out_channels + first, from = t.row * s.w.out[2] + t.col;
  T* out = y + (t.image * all + channel) * out_size + from;
  T* sums = t.images > 1 ? apart.data : out;
  const int64_t row = t.images > 1 ? apart.ld : out_size;
  for (int64_t o = 0; o < many; ++o) std::fill_n(sums + o * row, t.size(), bias ? bias[channel + o] : T(0));
  const T* images = x + (t.image * s.groups + group) * s.in_channels * in_size;
  for (int64_t c = 0; c < s.in_channels; c += step) {
    const int64_t now = std::min(step, s.in_channels - c);
    unfold_of(s.w, t, now, images + c * in_size, s.groups * s.in_channels * in_size, cols.data, cols.ld);
    Gemm g{s.dtype,
           many,
           t.size(),
           now * taps,
           matrix(weight + channel * depth + c * taps, depth, 1),
           matrix(cols.data, cols.ld, 1),
           matrix(sums, row, 1)};
    g.beta = 1, g.right = Right::Padded;
    gemm(g);
  }
  if (t.images > 1)
    for (int64_t n = 0; n < t.images; ++n)
      for (int64_t o = 0; o < many; ++o)
        std::copy_n(sums + o * row + n * t.each(), t.each(), out + (n * all + o) * out_size);
}

template <class T>
void forward(const Conv& s, const T* x, const T* weight, const T* bias, T* y) {
  const Tiling tiling(s.w, s.images);
  const int64_t tiles = tiling.count();
  const int64_t cuts = cuts_of(s.out_channels, kLeastChannels, tiles * s.groups);
  const int64_t many = ceil_div(ceil_div(s.out_channels, cuts), 8) * 8;
  parallel_for(tiles * s.groups * cuts, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t first = i % cuts * many, left = std::min(many, s.out_channels - first);
      if (left > 0) forward_tile(s, tiling[i / cuts / s.groups], i / cuts % s.groups, first, left, x, weight, bias, y);
    }
  });
}

// Sums over output channels make columns of windows, which are added to the image.
template <class T>
void scatter_tile(const Conv& s, const Tile& t, int64_t group, int64_t first, int64_t many, const T* g, const T* weight,
                  T* gx) {
  const int64_t taps = s.w.taps(), depth = s.in_channels * taps, out_size = s.w.out_size(), in_size = s.w.in_size();
  const int64_t step = std::min(channels_at_once(s), many);
  const Columns<T, Scratch::Windows> grads(s.out_channels, t.size());
  const Columns<T, Scratch::Sums> cols(step * taps, t.size());
  unfold_of(planes(s.w), t, s.out_channels, g + (t.image * s.groups + group) * s.out_channels * out_size,
            s.groups * s.out_channels * out_size, grads.data, grads.ld);
  for (int64_t c = first; c < first + many; c += step) {
    const int64_t now = std::min(step, first + many - c);
    Gemm product{s.dtype,
                 now * taps,
                 t.size(),
                 s.out_channels,
                 matrix(weight + group * s.out_channels * depth + c * taps, 1, depth),
                 matrix(grads.data, grads.ld, 1),
                 matrix(cols.data, cols.ld, 1)};
    product.right = Right::Padded;
    gemm(product);
    fold_of(s.w, t, now, cols.data, cols.ld, gx + ((t.image * s.groups + group) * s.in_channels + c) * in_size,
            s.groups * s.in_channels * in_size);
  }
}

template <class T>
void input_gradient(const Conv& s, const T* g, const T* weight, T* gx) {
  const Tiling tiling(s.w, s.images);
  const int64_t cuts = cuts_of(s.in_channels, std::max<int64_t>(1, kDepth / s.w.taps()), tiling.groups() * s.groups);
  const int64_t many = ceil_div(s.in_channels, cuts);
  std::memset(static_cast<void*>(gx), 0, size_t(s.images * s.groups * s.in_channels * s.w.in_size()) * sizeof(T));
  parallel_for(tiling.groups() * s.groups * cuts, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t first = i % cuts * many, left = std::min(many, s.in_channels - first);
      const int64_t images = i / cuts / s.groups, group = i / cuts % s.groups;
      for (int64_t t = 0; left > 0 && t < tiling.per_image; ++t)
        scatter_tile(s, tiling[images * tiling.per_image + t], group, first, left, g, weight, gx);
    }
  });
}

// The gradient of an image with its columns and all sums of them in half precision, one tap after the other: what torch
// does where no library has the product.
template <class Short>
void input_gradient_in_steps(const Conv& s, const float* g, const float* weight, float* gx) {
  const int64_t out_size = s.w.out_size(), in_size = s.w.in_size(), depth = s.in_channels * s.w.taps();
  const Tile whole{0, 1, 0, s.w.out_rows(), 0, s.w.out[2]};
  parallel_for(s.images * s.groups, 1, [&](int64_t begin, int64_t end) {
    const Columns<float, Scratch::Sums> cols(depth, out_size);
    for (int64_t i = begin; i < end; ++i) {
      const float* from = weight + i % s.groups * s.out_channels * depth;
      gemm({s.dtype, depth, out_size, s.out_channels, matrix(from, 1, depth),
            matrix(g + i * s.out_channels * out_size, out_size, 1), matrix(cols.data, cols.ld, 1)});
      float* image = gx + i * s.in_channels * in_size;
      std::fill_n(image, s.in_channels * in_size, 0.0f);
      each_row(s.w, whole, s.in_channels, 0, [&](int64_t row, int64_t at, int64_t column, int64_t low, int64_t high) {
        if (at < 0) return;
        const float* part = cols.data + row * cols.ld + column + low;
        for (int64_t k = 0; k < high - low; ++k) {
          float& sum = image[at + k * s.w.stride[2]];
          sum = float(Short(sum + float(Short(part[k]))));
        }
      });
    }
  });
}

// How conv_weight is cut: blocks of input channels, and parts of the tiles.
struct WeightCut {
  int64_t channels, blocks, parts;
  explicit WeightCut(const Conv& s)
      : channels(channels_at_once(s)),
        blocks(ceil_div(s.in_channels, channels)),
        parts(std::clamp<int64_t>(
            std::min(Tiling(s.w, s.images).count(), ceil_div(kTasks, std::max<int64_t>(1, blocks * s.groups))), 1,
            kMaxParts)) {}
};

// to[tap of a channel, output channel] += windows times gradients, at a tile's positions.
template <class T>
void weight_tile(const Conv& s, const Tile& t, int64_t group, int64_t first, int64_t many, const T* g, const T* x,
                 T* to) {
  const int64_t taps = s.w.taps(), out_size = s.w.out_size(), in_size = s.w.in_size();
  const Columns<T, Scratch::Windows> cols(many * taps, t.size());
  const Columns<T, Scratch::Sums> grads(s.out_channels, t.size());
  unfold_of(s.w, t, many, x + ((t.image * s.groups + group) * s.in_channels + first) * in_size,
            s.groups * s.in_channels * in_size, cols.data, cols.ld);
  unfold_of(planes(s.w), t, s.out_channels, g + (t.image * s.groups + group) * s.out_channels * out_size,
            s.groups * s.out_channels * out_size, grads.data, grads.ld);
  Gemm product{s.dtype,
               many * taps,
               s.out_channels,
               t.size(),
               matrix(cols.data, cols.ld, 1),
               matrix(grads.data, 1, grads.ld),
               matrix(to, s.out_channels, 1)};
  product.beta = 1;
  gemm(product);
}

template <class T>
void weight_sums(const Conv& s, const T* g, const T* x, T* sums) {
  const Tiling tiling(s.w, s.images);
  const WeightCut cut(s);
  const int64_t taps = s.w.taps(), depth = s.in_channels * taps, tiles = ceil_div(tiling.count(), cut.parts);
  const int64_t weights = s.groups * s.out_channels * depth;
  parallel_for(cut.parts * s.groups * cut.blocks, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t part = i / (s.groups * cut.blocks), group = i / cut.blocks % s.groups;
      const int64_t first = i % cut.blocks * cut.channels, many = std::min(cut.channels, s.in_channels - first);
      T* to = sums + part * weights + (group * depth + first * taps) * s.out_channels;
      for (int64_t t = part * tiles; t < std::min(tiling.count(), (part + 1) * tiles); ++t)
        weight_tile(s, tiling[t], group, first, many, g, x, to);
    }
  });
}

// gw[output channel, tap of a channel] = the sum of all parts
template <class T>
void add_parts(const Conv& s, int64_t parts, const T* sums, T* gw) {
  constexpr int64_t kBlock = 16;  // rows and columns: each cache line of the sums is used whole
  const int64_t depth = s.in_channels * s.w.taps(), weights = s.groups * s.out_channels * depth;
  parallel_for(s.groups * ceil_div(depth, kBlock), std::max<int64_t>(1, 4096 / s.out_channels),
               [&](int64_t begin, int64_t end) {
                 for (int64_t i = begin; i < end; ++i) {
                   const int64_t group = i / ceil_div(depth, kBlock), d = i % ceil_div(depth, kBlock) * kBlock;
                   const T* from = sums + group * depth * s.out_channels;
                   for (int64_t o = 0; o < s.out_channels; ++o)
                     for (int64_t j = d; j < std::min(depth, d + kBlock); ++j) {
                       T total = from[j * s.out_channels + o];
                       for (int64_t p = 1; p < parts; ++p)
                         total = T(total + from[p * weights + j * s.out_channels + o]);
                       gw[(group * s.out_channels + o) * depth + j] = total;
                     }
                 }
               });
}

int64_t weight_parts(const Conv& s) { return shifts_weight(s) ? shift_weight_parts(s) : WeightCut(s).parts; }

// The one window of an image is all of it: images are the rows of a product.
bool is_whole(const Conv& s) {
  bool all = s.w.out_size() == 1;
  for (int i = 0; i < 3; ++i) all &= s.w.padding[i] == 0 && s.w.kernel[i] == s.w.in[i];
  return all;
}
Gemm whole_product(const Conv& s, int64_t m, int64_t n, int64_t k) {
  Gemm g{s.dtype, m, n, k, {}, {}, {}};
  g.batch = s.groups;
  return g;
}
Matrix at(const char* data, int64_t row, int64_t col) { return {const_cast<char*>(data), row, col}; }

void whole_forward(const Conv& s, const char* x, const char* weight, const char* bias, char* y) {
  const int64_t depth = s.in_channels * s.w.taps(), out = s.groups * s.out_channels, row = out * size_of(s.dtype);
  for (int64_t n = 0; bias && n < s.images; ++n) std::memcpy(y + n * row, bias, size_t(row));
  Gemm g = whole_product(s, s.images, s.out_channels, depth);
  g.a = at(x, s.groups * depth, 1), g.b = at(weight, 1, depth), g.c = at(y, out, 1), g.beta = bias ? 1 : 0;
  g.a_step = depth, g.b_step = s.out_channels * depth, g.c_step = s.out_channels;
  gemm(g);
}
void whole_input(const Conv& s, const char* gy, const char* weight, char* gx) {
  const int64_t depth = s.in_channels * s.w.taps();
  Gemm g = whole_product(s, s.images, depth, s.out_channels);
  g.a = at(gy, s.groups * s.out_channels, 1), g.b = at(weight, depth, 1), g.c = at(gx, s.groups * depth, 1);
  g.a_step = s.out_channels, g.b_step = s.out_channels * depth, g.c_step = depth;
  gemm(g);
}
void whole_weight(const Conv& s, const char* gy, const char* x, char* gw) {
  const int64_t depth = s.in_channels * s.w.taps();
  Gemm g = whole_product(s, s.out_channels, depth, s.images);
  g.a = at(gy, 1, s.groups * s.out_channels), g.b = at(x, s.groups * depth, 1), g.c = at(gw, depth, 1);
  g.a_step = s.out_channels, g.b_step = depth, g.c_step = s.out_channels * depth;
  gemm(g);
}

Tile rows_of(const Windows& w, int64_t first, int64_t last) { return {0, 1, first, last - first, 0, w.out[2]}; }

}  // namespace

void unfold(DType dtype, const Windows& w, int64_t channels, const char* x, char* cols, int64_t ld, int64_t first,
            int64_t last) {
  with_type(dtype, [&]<class T>() { unfold_of(w, rows_of(w, first, last), channels, as<T>(x), 0, as<T>(cols), ld); });
}

void fold(DType dtype, const Windows& w, int64_t channels, const char* cols, int64_t ld, char* x, int64_t first,
          int64_t last) {
  auto run = [&]<class T>() { fold_of(w, rows_of(w, first, last), channels, as<T>(cols), ld, as<T>(x), 0); };
  if (dtype == DType::Float16) return run.operator()<Half>();  // every sum is rounded
  if (dtype == DType::BFloat16) return run.operator()<BFloat16>();
  with_type(dtype, run);
}

void conv_forward(const Conv& s, const char* x, const char* weight, const char* bias, char* y) {
  if (s.images == 0 || s.w.out_size() == 0) return;
  if (fills_lanes(s)) return lanes_forward(s, x, weight, bias, y);
  if (is_depthwise(s)) return depthwise_forward(s, x, weight, bias, y);
  if (is_whole(s)) return whole_forward(s, x, weight, bias, y);
  if (shifts(s)) return shift_forward(s, x, weight, bias, y);
  with_type(s.dtype, [&]<class T>() { forward(s, as<T>(x), as<T>(weight), as<T>(bias), as<T>(y)); });
}

bool conv_input_reverses(const Conv& s) { return shifts_input(s) && !is_depthwise(s) && s.rounded == DType::Float32; }

void conv_input(const Conv& s, const char* g, const char* weight, char* room, char* gx) {
  if (s.rounded == DType::Float16)
    return input_gradient_in_steps<Half>(s, as<float>(g), as<float>(weight), as<float>(gx));
  if (s.rounded == DType::BFloat16)
    return input_gradient_in_steps<BFloat16>(s, as<float>(g), as<float>(weight), as<float>(gx));
  if (fills_lanes(s)) return lanes_input(s, g, weight, gx);
  if (is_depthwise(s)) return depthwise_input(s, g, weight, gx);
  if (is_whole(s)) return whole_input(s, g, weight, gx);
  if (shifts_input(s)) return shift_input(s, g, weight, room, gx);
  with_type(s.dtype, [&]<class T>() { input_gradient(s, as<T>(g), as<T>(weight), as<T>(gx)); });
}

int64_t conv_weight_room(const Conv& s) {
  if (fills_lanes(s)) return lanes_weight_room(s);
  if (is_depthwise(s) || is_whole(s)) return 0;
  if (fills_vectors(s))
    return s.dtype == DType::Float32 ? windows_weight_room<float>(s) : windows_weight_room<double>(s);
  return weight_parts(s) * s.groups * s.out_channels * s.in_channels * s.w.taps();
}

void conv_weight(const Conv& s, const char* g, const char* x, char* scratch, char* gw) {
  if (fills_lanes(s)) return lanes_weight(s, g, x, scratch, gw);
  if (is_depthwise(s)) return depthwise_weight(s, g, x, gw);
  if (is_whole(s)) return whole_weight(s, g, x, gw);
  if (fills_vectors(s))
    return with_real(s.dtype, [&]<class T>(T) { windows_weight(s, as<T>(g), as<T>(x), as<T>(scratch), as<T>(gw)); });
  with_type(s.dtype, [&]<class T>() {
    shifts_weight(s) ? shift_weight(s, g, x, scratch) : weight_sums(s, as<T>(g), as<T>(x), as<T>(scratch));
    add_parts(s, weight_parts(s), as<T>(scratch), as<T>(gw));
  });
}

}  // namespace wg
