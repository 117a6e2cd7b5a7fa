// Planes of a tile's source are copied once, with their padding; each tap of a window is one shift of them.
#include "conv_shift.h"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <vector>

#include "../parallel.h"
#include "conv_kernels.h"
#include "conv_windows.h"
#include "gemm_kernels.h"
#include "reals.h"
#include "scratch.h"

namespace wg {
namespace {

constexpr int64_t kPositions = 512;    // of a tile of the gradient of the weight
constexpr int64_t kSums = 64 << 10;    // elements of a tile's sums, about: they and
constexpr int64_t kSource = 96 << 10;  // elements of its source, about, stay in the second-level cache
constexpr int64_t kDeep = 144;         // positions of a product: a panel of them stays in the first-level cache
constexpr int64_t kLanes = 16;         // images side by side, about
constexpr int64_t kSlack = 64;         // elements past the source that may be read
constexpr int64_t kTasks = 16;         // wanted: enough to balance the load of a few threads
constexpr int64_t kMaxParts = 8;       // of the images whose gradients of the weight are summed apart

int64_t ceil_div(int64_t a, int64_t b) { return a >= 0 ? (a + b - 1) / b : -(-a / b); }
int64_t round_up(int64_t a, int64_t b) { return ceil_div(a, b) * b; }

// Positions of the output: some columns of some rows of a plane, of images side by side.
struct Tile {
  int64_t image, lanes, z, row, rows, col, cols;
};

// One dim of a tile's source. Steps of a stride take it apart into phases, so that the next position of the output is
// the next element; tap k reads phase k % period, shifted by k * dilation / stride.
struct Axis {
  int64_t in, stride, padding, dilation, kernel, period, phases, first, need;
  Axis(const Windows& w, int d, int64_t from, int64_t count)
      : in(w.in[d]), stride(w.stride[d]), padding(w.padding[d]), dilation(w.dilation[d]), kernel(w.kernel[d]) {
    period = stride / std::gcd(dilation, stride);
    phases = std::min(kernel, period);
    first = from, need = count + shift(kernel - 1);
  }
  int64_t shift(int64_t k) const { return k * dilation / stride; }
  int64_t source(int64_t phase, int64_t j) const { return (first + j) * stride + phase * dilation % stride - padding; }
  // The elements [low, high) of a phase lie inside the image.
  int64_t low(int64_t phase) const { return std::clamp<int64_t>(ceil_div(-source(phase, 0), stride), 0, need); }
  int64_t high(int64_t phase) const {
    return std::clamp<int64_t>(ceil_div(in - source(phase, 0), stride), low(phase), need);
  }
};

// What the windows of a tile see of a channel: a plane for each tap of depth and phase. Rows share their padding: what
// is read past the end of one is the padding before the next.
struct Planes {
  const Windows& w;
  Tile t;
  Axis y, x;
  int64_t row, plane, channel;  // elements, each of t.lanes images
  Planes(const Windows& windows, const Tile& tile)
      : w(windows), t(tile), y(w, 1, t.row, t.rows), x(w, 2, t.col, t.cols) {
    row = t.cols;
    for (int64_t f = 0; f < x.phases; ++f) row = std::max({row, x.high(f), x.need - x.low(f)});
    plane = y.need * row + x.need - row;
    channel = w.kernel[0] * y.phases * x.phases * plane;
  }
  int64_t at(int64_t a, int64_t phase_y, int64_t phase_x) const {
    return ((a * y.phases + phase_y) * x.phases + phase_x) * plane;
  }
  // Of every tap of `channels` channels: where its elements begin.
  void offsets(int64_t channels, int64_t* to) const {
    for (int64_t c = 0; c < channels; ++c)
      for (int64_t a = 0; a < w.kernel[0]; ++a)
        for (int64_t b = 0; b < w.kernel[1]; ++b)
          for (int64_t k = 0; k < w.kernel[2]; ++k)
            *to++ = (c * channel + at(a, b % y.period, k % x.period) + y.shift(b) * row + x.shift(k)) * t.lanes;
  }
};

// The tiles of an output. Images side by side make vectors of any width, but have to be turned on their side.
struct Tiling {
  const Windows& w;
  int64_t all, lanes, cols, across, rows, down;
  Tiling(const Conv& s, int64_t side_by_side, int64_t positions) : w(s.w), all(s.images), lanes(side_by_side) {
    across = ceil_div(w.out[2], std::max<int64_t>(1, 2 * positions / lanes));
    cols = ceil_div(w.out[2], across);
    rows = across > 1 ? 1 : std::clamp<int64_t>(positions / (cols * lanes), 1, w.out[1]);
    const int64_t one = of(1), more = std::max<int64_t>(1, of(2) - one),
                  room = kSource / std::max<int64_t>(1, s.in_channels);
    rows = std::min(rows, std::max(1 + (room - one) / more, one / more));
    rows = ceil_div(w.out[1], ceil_div(w.out[1], rows));
    down = ceil_div(w.out[1], rows);
  }
  int64_t of(int64_t many) const { return Planes(w, {0, lanes, 0, 0, many, 0, cols}).channel * lanes; }
  int64_t count() const { return ceil_div(all, lanes) * w.out[0] * down * across; }
  Tile operator[](int64_t i) const {
    Tile t;
    t.col = i % across * cols, t.cols = std::min(cols, w.out[2] - t.col), i /= across;
    t.row = i % down * rows, t.rows = std::min(rows, w.out[1] - t.row), i /= down;
    t.z = i % w.out[0], t.image = i / w.out[0] * lanes, t.lanes = std::min(lanes, all - t.image);
    return t;
  }
};

template <class T>
void lay(const Planes& p, int64_t channels, const T* x, int64_t image_step, T* to) {
  const int64_t lanes = p.t.lanes;
  auto clear = [&](int64_t count) { std::fill_n(to, count * lanes, T(0)), to += count * lanes; };
  for (int64_t c = 0; c < channels; ++c)
    for (int64_t a = 0; a < p.w.kernel[0]; ++a)
      for (int64_t f = 0; f < p.y.phases; ++f)
        for (int64_t e = 0; e < p.x.phases; ++e) {
          const int64_t z = p.t.z * p.w.stride[0] + a * p.w.dilation[0] - p.w.padding[0];
          const int64_t low = p.x.low(e), high = p.x.high(e);
          const bool inside = uint64_t(z) < uint64_t(p.w.in[0]);
          for (int64_t h = 0; h < p.y.need; ++h) {
            const int64_t y = p.y.source(f, h);
            if (!inside || uint64_t(y) >= uint64_t(p.w.in[1]) || low == high) {
              clear(p.row);
              continue;
            }
            const T* from = x + ((c * p.w.in[0] + z) * p.w.in[1] + y) * p.w.in[2] + p.x.source(e, low);
            rows_of<T>().lay(low, high - low, p.row - high, lanes, from, image_step, p.w.stride[2], to);
            to += p.row * lanes;
          }
          clear(p.x.need - p.row);
        }
}

// The sums of a tile: in lines of whole vectors, one a row, or one for all rows with gaps where those share padding.
struct Lines {
  int64_t lines, wide, step, ld, row;
  Lines(const Planes& p, int64_t vector, bool at_once) {  // at_once: a line is done before the next begins
    const Tile& t = p.t;
    lines = t.lanes == 1 ? 1 : t.rows;
    wide = round_up(t.lanes == 1 ? (t.rows - 1) * p.row + t.cols : t.cols * t.lanes, vector);
    step = at_once ? 0 : wide, ld = at_once ? wide : lines * wide, row = t.lanes == 1 ? p.row : 0;
  }
};

int64_t positions_of(const Conv& s) {
  return std::clamp<int64_t>(kSums / std::max<int64_t>(1, s.out_channels), 256, 1024);
}

// Rows [first, last) of a tile from sums, which begin with row `first`.
template <class T>
void place(const Placed& d, const Tile& t, const Lines& l, int64_t first, int64_t last, int64_t many, const T* sums,
           const T* bias, T* y, int64_t image_step) {
  for (int64_t o = 0; o < many; ++o, y += d.out_size())
    for (int64_t r = first; r < last; ++r)
      rows_of<T>().place(
          t.cols, t.lanes, sums + o * l.ld + (r - first) * l.row, bias ? bias[o] : T(0),
          y + ((t.z * d.step[0] + d.start[0]) * d.size[1] + (t.row + r) * d.step[1] + d.start[1]) * d.size[2] +
              t.col * d.step[2] + d.start[2],
          image_step, d.step[2]);
}

template <class T>
void forward_tile(const Placed& d, const Tile& t, int64_t group, int64_t first, int64_t many, const T* x,
                  const T* weight, const T* bias, T* y) {
  const Conv& s = d.s;
  const Planes p(s.w, t);
  const int64_t taps = s.w.taps(), depth = s.in_channels * taps, image = s.groups * s.in_channels * s.w.in_size();
  const int64_t chunks = ceil_div(s.in_channels * p.channel * t.lanes, 2 * kSource);
  const int64_t step = std::max<int64_t>(1, s.in_channels / chunks);
  const Lines l(p, tiles_of<T>().vector, step >= s.in_channels);
  T* source = room_for<T, Scratch::Windows>(step * p.channel * t.lanes + kSlack);
  T* sums = room_for<T, Scratch::Sums>(many * l.ld);
  int64_t* rows = room_for<int64_t, Scratch::Rows>(step * taps);
  p.offsets(step, rows);
  const int64_t channel = group * s.out_channels + first, all = s.groups * s.out_channels, out = d.out_size();
  for (int64_t c = 0; c < s.in_channels; c += step) {
    const int64_t now = std::min(step, s.in_channels - c);
    lay(p, now, x + t.image * image + (group * s.in_channels + c) * s.w.in_size(), image, source);
    for (int64_t line = 0; line < l.lines; ++line) {
      T* to = sums + line * l.step;
      for (int64_t k = 0; k < now * taps; k += kGemmDepth) {
        GemmPanels<T> g{many,
                        l.wide,
                        std::min(kGemmDepth, now * taps - k),
                        1,
                        weight + channel * depth + c * taps + k,
                        depth,
                        1,
                        source + line * p.row * t.lanes,
                        0,
                        tiles_of<T>().panel,
                        T(c || k),
                        to,
                        l.ld};
        g.b_rows = rows + k;
        tiles_of<T>().multiply(g);
      }
      if (c + now == s.in_channels)
        place(d, t, l, line, l.lines == 1 ? t.rows : line + 1, many, to, bias ? bias + channel : nullptr,
              y + (t.image * all + channel) * out, all * out);
    }
  }
}

// How many images go side by side: where rows of one image would waste much of the vectors. Costs in multiplications.
int64_t lanes_of(const Conv& s) {
  constexpr double kLay = 20, kPlace = 30, kTurn = 16;
  auto cost = [&](int64_t lanes) {
    const Tiling tiling(s, lanes, positions_of(s));
    const Tile t = tiling[0];
    const Planes p(s.w, t);
    const Lines l(p, 16, true);
    const double useful = double(t.rows * t.cols * lanes), sums = double(l.lines * l.wide);
    return double(s.in_channels * s.w.taps() * s.out_channels) * sums / useful +
           kLay * double(s.in_channels * p.channel * lanes) / useful +
           double(s.out_channels) * (kPlace + (lanes > 1 ? kTurn : 0));
  };
  const int64_t wanted = std::max(kLanes, 3 * kLanes / s.w.out[2]);
  const int64_t lanes = ceil_div(s.images, ceil_div(s.images, wanted));
  return cost(1) <= cost(lanes) ? 1 : lanes;
}

template <class T>
void forward(const Placed& d, const T* x, const T* weight, const T* bias, T* y) {
  const Conv& s = d.s;
  const Tiling tiling(s, lanes_of(s), positions_of(s));
  const int64_t tiles = tiling.count() * s.groups;
  const int64_t cuts = std::clamp<int64_t>(ceil_div(kTasks, tiles), 1, std::max<int64_t>(1, s.out_channels / 64));
  const int64_t many = round_up(ceil_div(s.out_channels, cuts), 8);
  parallel_for(tiles * cuts, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t first = i % cuts * many, left = std::min(many, s.out_channels - first);
      if (left > 0) forward_tile(d, tiling[i / cuts / s.groups], i / cuts % s.groups, first, left, x, weight, bias, y);
    }
  });
}

// The taps of one dim that reach positions of the input which have the residue r, last one first.
struct Taps {
  int64_t first, step, count;
};

// The gradient of the input at the positions of residues r: a convolution of g with those taps. False if it has none.
bool residue(const Conv& s, const int64_t* r, Placed* d, Taps* taps) {
  std::swap(d->s.in_channels, d->s.out_channels);
  bool some = true;
  for (int i = 0; i < 3; ++i) {
    const int64_t stride = s.w.stride[i], dilation = s.w.dilation[i], common = std::gcd(stride, dilation);
    int64_t first = 0;
    while (first < stride / common && first * dilation % stride != r[i]) ++first;
    const int64_t step = stride / common;
    const int64_t count = first < step && first < s.w.kernel[i] ? (s.w.kernel[i] - first + step - 1) / step : 0;
    const int64_t begin = ceil_div(s.w.padding[i] - r[i], stride);
    taps[i] = {first + (count - 1) * step, -step, count};
    Windows& w = d->s.w;
    w.in[i] = s.w.out[i], w.kernel[i] = count, w.stride[i] = 1, w.dilation[i] = dilation / common;
    w.out[i] = ceil_div(s.w.in[i] + s.w.padding[i] - r[i], stride) - begin;
    w.padding[i] = (taps[i].first * dilation - r[i]) / stride - begin;
    d->start[i] = begin * stride + r[i] - s.w.padding[i], d->step[i] = stride, d->size[i] = s.w.in[i];
    some &= count > 0 && w.out[i] > 0;
  }
  return some;
}

// Where they lie in a window, of all dims.
std::vector<int64_t> taps_of(const Windows& w, const Taps* t) {
  std::vector<int64_t> at;
  for (int64_t i = 0; i < t[0].count; ++i)
    for (int64_t j = 0; j < t[1].count; ++j)
      for (int64_t k = 0; k < t[2].count; ++k)
        at.push_back(((t[0].first + i * t[0].step) * w.kernel[1] + t[1].first + j * t[1].step) * w.kernel[2] +
                     t[2].first + k * t[2].step);
  return at;
}

// to[group, input channel, output channel, tap]
template <class T>
void turn_weight(const Conv& s, const Taps* t, const T* weight, T* to) {
  const std::vector<int64_t> at = taps_of(s.w, t);
  for (int64_t g = 0; g < s.groups; ++g)
    for (int64_t c = 0; c < s.in_channels; ++c)
      for (int64_t o = 0; o < s.out_channels; ++o) {
        const T* from = weight + ((g * s.out_channels + o) * s.in_channels + c) * s.w.taps();
        for (const int64_t k : at) *to++ = from[k];
      }
}

int64_t residues(const Conv& s) { return s.w.stride[0] * s.w.stride[1] * s.w.stride[2]; }

template <class T>
void input(const Conv& s, const T* g, const T* weight, T* room, T* gx) {
  int64_t reached = 0;
  auto each = [&](auto body) {
    int64_t r[3];
    for (r[0] = 0; r[0] < s.w.stride[0]; ++r[0])
      for (r[1] = 0; r[1] < s.w.stride[1]; ++r[1])
        for (r[2] = 0; r[2] < s.w.stride[2]; ++r[2]) {
          Placed d(s);
          Taps taps[3];
          if (residue(s, r, &d, taps)) body(d, taps);
        }
  };
  each([&](const Placed& d, const Taps*) { reached += d.s.w.out_size(); });
  const int64_t size = s.images * s.groups * s.in_channels * s.w.in_size();
  if (reached < s.w.in_size()) std::memset(static_cast<void*>(gx), 0, size_t(size) * sizeof(T));
  each([&](const Placed& d, const Taps* taps) {
    if (fills_vectors(d.s)) {
      const int64_t all = s.w.taps(), depth = s.in_channels * all;
      const std::vector<int64_t> at = taps_of(s.w, taps);
      return windows_forward(d, {weight, s.out_channels * depth, all, depth, at.data()}, g, (const T*)nullptr, gx);
    }
    turn_weight(s, taps, weight, room);
    forward<T>(d, g, room, nullptr, gx);
  });
}

// How the gradient of the weight is cut: blocks of input channels, and parts of the tiles.
struct WeightCut {
  int64_t channels, blocks, parts;
  explicit WeightCut(const Conv& s) {
    channels = std::clamp<int64_t>(512 / s.w.taps(), 1, std::max<int64_t>(1, s.in_channels));
    blocks = ceil_div(s.in_channels, channels);
    channels = ceil_div(s.in_channels, blocks);
    const int64_t tiles = Tiling(s, 1, kPositions).count();
    const int64_t deep = ceil_div(s.images * s.w.out_size(), kPositions);  // to sum more apart would cost much of it
    parts = std::clamp<int64_t>(std::min({tiles, deep, ceil_div(kTasks, blocks * s.groups)}), 1, kMaxParts);
  }
};

// to[tap of a channel, output channel] += windows times gradients, at a tile's positions.
template <class T>
void weight_tile(const Conv& s, const Tile& t, int64_t group, int64_t first, int64_t many, const T* g, const T* x,
                 T* to) {
  const GemmTilesOf<T>& kernels = tiles_of<T>();
  const Planes p(s.w, t);
  const int64_t taps = s.w.taps(), out_size = s.w.out_size(), positions = t.rows * t.cols;
  T* source = room_for<T, Scratch::Windows>(many * p.channel + kSlack);
  T* grads = room_for<T, Scratch::Panels>(positions * round_up(s.out_channels, kernels.panel));
  int64_t* rows = room_for<int64_t, Scratch::Rows>(many * taps);
  p.offsets(many, rows);
  lay(p, many, x + ((t.image * s.groups + group) * s.in_channels + first) * s.w.in_size(), 0, source);
  const int64_t at = (t.z * s.w.out[1] + t.row) * s.w.out[2] + t.col;
  kernels.pack(positions, s.out_channels, g + (t.image * s.groups + group) * s.out_channels * out_size + at, 1,
               out_size, grads);
  const int64_t most = kDeep * kernels.panel / std::min(kernels.panel, round_up(s.out_channels, kernels.vector));
  const int64_t down = std::max<int64_t>(1, most / t.cols), across = std::min(most, t.cols);
  for (int64_t r = 0; r < t.rows; r += down)
    for (int64_t c = 0; c < t.cols; c += across) {
      const int64_t run = std::min(across, t.cols - c), deep = std::min(down, t.rows - r) * run;
      GemmPanels<T> product{many * taps,
                            s.out_channels,
                            deep,
                            1,
                            source + r * p.row + c,
                            0,
                            1,
                            grads + (r * t.cols + c) * kernels.panel,
                            kernels.panel,
                            positions * kernels.panel,
                            1,
                            to,
                            s.out_channels};
      product.a_rows = rows, product.run = run, product.skip = p.row - run;
      kernels.multiply(product);
    }
}

template <class T>
void weight_sums(const Conv& s, const T* g, const T* x, T* sums) {
  const Tiling tiling(s, 1, kPositions);
  const WeightCut cut(s);
  const int64_t taps = s.w.taps(), depth = s.in_channels * taps, tiles = ceil_div(tiling.count(), cut.parts);
  parallel_for(cut.parts * s.groups * cut.blocks, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t part = i / (s.groups * cut.blocks), group = i / cut.blocks % s.groups;
      const int64_t first = i % cut.blocks * cut.channels, many = std::min(cut.channels, s.in_channels - first);
      T* to = sums + ((part * s.groups + group) * depth + first * taps) * s.out_channels;
      for (int64_t t = part * tiles; many > 0 && t < std::min(tiling.count(), (part + 1) * tiles); ++t)
        weight_tile(s, tiling[t], group, first, many, g, x, to);
    }
  });
}

}  // namespace

bool shifts(const Conv& s) {
  return (s.dtype == DType::Float32 || s.dtype == DType::Float64) && s.in_channels > 0 && s.out_channels > 0;
}
void shift_forward(const Conv& s, const char* x, const char* weight, const char* bias, char* y) {
  with_real(s.dtype, [&]<class T>(T) {
    const T* add = bias ? as<T>(bias) : nullptr;
    if (!fills_vectors(s)) return forward(Placed(s), as<T>(x), as<T>(weight), add, as<T>(y));
    const int64_t taps = s.w.taps(), depth = s.in_channels * taps;
    std::vector<int64_t> at(size_t(taps), 0);
    std::iota(at.begin(), at.end(), 0);
    windows_forward(Placed(s), {as<T>(weight), s.out_channels * depth, depth, taps, at.data()}, as<T>(x), add,
                    as<T>(y));
  });
}

bool shifts_input(const Conv& s) {
  const bool apart =
      residues(s) > 1 && residues(s) == s.w.taps();  // windows side by side: each tap is an element of the input
  return shifts(s) && s.in_channels >= 4 && residues(s) <= 8 && !apart &&
         2 * s.w.in_size() <= 3 * s.w.out_size() * residues(s);
}
void shift_input(const Conv& s, const char* g, const char* weight, char* room, char* gx) {
  with_real(s.dtype, [&]<class T>(T) { input(s, as<T>(g), as<T>(weight), as<T>(room), as<T>(gx)); });
}

bool shifts_weight(const Conv& s) { return shifts(s) && s.w.out_size() >= 32; }
int64_t shift_weight_parts(const Conv& s) { return WeightCut(s).parts; }
void shift_weight(const Conv& s, const char* g, const char* x, char* sums) {
  with_real(s.dtype, [&]<class T>(T) { weight_sums(s, as<T>(g), as<T>(x), as<T>(sums)); });
}

}  // namespace wg
