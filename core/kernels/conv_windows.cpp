// Tiles of the output: their source is copied once with its padding, and met by panels of the weight.
#include "conv_windows.h"

#include "../parallel.h"
#include "conv_kernels.h"
#include "lane_kernels.h"
#include "scratch.h"
#include "window_tiles.h"

namespace wg {
namespace {

constexpr int64_t kPositions = 1024;    // of a tile, at most
constexpr int64_t kFewPositions = 256;  // less than these come from several images
constexpr int64_t kSource = 128 << 10;  // elements of its source: they and
constexpr int64_t kDeep = 1536;         // rows of a panel of the weight stay in the second-level cache
constexpr int64_t kLine = 16;           // elements: planes lie an odd number of lines apart, not all in one set
constexpr int64_t kSlack = 64;          // elements past a row that are written
constexpr int64_t kWork = 64 << 10;     // multiplications by vectors worth a thread's while
constexpr int64_t kSums = 64 << 10;     // elements of a block of the gradient of the weight, about
constexpr int64_t kDeepSum = 512;       // positions of a part of it, at least: to sum more apart would cost much
constexpr int64_t kMaxParts = 8;
constexpr int64_t kJoined = 16;          // input channels whose parts of sums are added at a time
constexpr int64_t kTasks = 16;           // wanted: enough to balance the load of a few threads
constexpr int64_t kLeastPositions = 96;  // of all images, to make the order of the weight worth its while

int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }
int64_t round_up(int64_t a, int64_t b) { return ceil_div(a, b) * b; }

// Some columns of some rows of one plane, of one image or of some small ones.
struct Tile {
  int64_t image, images, z, row, rows, col, cols;
};

// How the output is cut into tiles, and their source: rows of all taps, in a plane for each tap of depth.
struct Tiling {
  const Windows& w;
  int64_t images, each = 1, rows, cols, down, across;
  explicit Tiling(const Conv& s) : w(s.w), images(s.images) {
    across = ceil_div(w.out[2], kPositions), cols = ceil_div(w.out[2], across);
    rows = std::clamp<int64_t>(kPositions / cols, 1, w.out[1]);
    while (rows > 1 && s.in_channels * channel() > kSource && rows * cols > 128) --rows;
    while (rows > 1 && rows * cols > 64 && images * w.out[0] * across * ceil_div(w.out[1], rows) < kTasks)
      rows = ceil_div(rows, 2);
    down = ceil_div(w.out[1], rows), rows = ceil_div(w.out[1], down);
    if (down * across > 1) return;
    each = std::min(
        {kFewPositions / (rows * cols), kSource / (s.in_channels * channel()), images * w.out[0] * s.groups / kTasks});
    each = ceil_div(images, ceil_div(images, std::max<int64_t>(1, each)));
  }
  int64_t count() const { return ceil_div(images, each) * w.out[0] * down * across; }
  int64_t positions() const { return each * rows * cols; }
  Tile operator[](int64_t i) const {
    Tile t;
    t.col = i % across * cols, t.cols = std::min(cols, w.out[2] - t.col), i /= across;
    t.row = i % down * rows, t.rows = std::min(rows, w.out[1] - t.row), i /= down;
    t.z = i % w.out[0], t.image = i / w.out[0] * each, t.images = std::min(each, images - t.image);
    return t;
  }
  int64_t high() const { return (rows - 1) * w.stride[1] + (w.kernel[1] - 1) * w.dilation[1] + 1; }
  int64_t wide() const { return (cols - 1) * w.stride[2] + (w.kernel[2] - 1) * w.dilation[2] + 1; }
  int64_t plane() const { return (round_up(high() * wide(), kLine) / kLine | 1) * kLine; }
  int64_t channel() const { return w.kernel[0] * plane(); }
};

// Taps [low, high) of dim d that meet the image in the window of output `at`.
struct Met {
  int64_t low, high;
  Met(const Windows& w, int d, int64_t at) {
    const int64_t from = at * w.stride[d] - w.padding[d], step = w.dilation[d];
    low = std::clamp<int64_t>(from < 0 ? ceil_div(-from, step) : 0, 0, w.kernel[d]);
    high = std::clamp<int64_t>(from < w.in[d] ? ceil_div(w.in[d] - from, step) : 0, low, w.kernel[d]);
  }
};

// The weight of all groups: panels of channels, in them blocks of input channels, in them rows [z, y, channel, x].
template <class T>
struct Panels {
  const Conv& s;
  const WindowTilesOf<T>& kernels = window_tiles_of<T>();
  int64_t vectors, count, group;
  explicit Panels(const Conv& conv) : s(conv) {
    vectors = ceil_div(s.out_channels, kernels.vector), count = ceil_div(vectors, kernels.vectors);
    group = vectors * kernels.vector * s.in_channels * s.w.taps();
  }
  int64_t begin(int64_t panel) const { return panel * vectors / count * kernels.vector; }
  int64_t wide(int64_t panel) const { return begin(panel + 1) - begin(panel); }
  int64_t channels(int64_t panel) const { return std::min(begin(panel + 1), s.out_channels) - begin(panel); }
  int64_t at(int64_t g, int64_t panel, int64_t c) const {
    return g * group + (begin(panel) * s.in_channels + wide(panel) * c) * s.w.taps();
  }
  // Where element (channel, tap) of a block of `now` channels goes: the row.
  int64_t row(int64_t now, int64_t channel, int64_t tap) const {
    const int64_t across = s.w.kernel[2];
    return (tap / across * now + channel) * across + tap % across;
  }
  // Input channels [c, c + now) of a panel, whose elements lie one after the other.
  void turn(int64_t g, int64_t panel, int64_t c, int64_t now, const WeightAt<T>& weight, T* to) const {
    const int64_t side = wide(panel), vector = kernels.vector, taps = s.w.taps();
    int32_t* at = room_for<int32_t, Scratch::Panels>(now * taps);
    for (int64_t i = 0; i < now * taps; ++i) at[i] = int32_t(row(now, i / taps, i % taps) * (side / vector));
    for (int64_t v = 0; v < side; v += vector) {
      const int64_t first = begin(panel) + v;
      lanes_of<T>().gather(std::min(vector, s.out_channels - first), now * taps,
                           weight.data + g * weight.group + first * weight.out + c * taps, weight.out, at, to + v);
    }
  }
  // Input channels [c, c + now) of a panel.
  void fill(int64_t g, int64_t panel, int64_t c, int64_t now, const WeightAt<T>& weight, T* to) const {
    bool in_order = weight.in == s.w.taps();
    for (int64_t k = 0; k < s.w.taps(); ++k) in_order &= weight.taps[k] == k;
    if (in_order) return turn(g, panel, c, now, weight, to);
    const int64_t side = wide(panel), across = s.w.kernel[2], vector = kernels.vector;
    for (int64_t v = 0; v < side; v += vector) {
      const int64_t first = begin(panel) + v, lanes = std::min(vector, s.out_channels - first);
      const T* from = weight.data + g * weight.group + first * weight.out + c * weight.in;
      T* row = to + v;
      for (int64_t tap = 0; tap < s.w.taps(); tap += across)
        for (int64_t i = 0; i < now; ++i)
          for (int64_t k = 0; k < across; ++k, row += side) {
            const T* one = from + i * weight.in + weight.taps[tap + k];
            for (int64_t o = 0; o < lanes; ++o) row[o] = one[o * weight.out];
            for (int64_t o = lanes; o < vector; ++o) row[o] = T(0);
          }
    }
  }
};

// Tables of where the positions of a tile and the taps of a block of channels lie: they are the same for all tiles.
template <class T>
struct Tables {
  int64_t blocks, *to, *low, *high;
  int32_t *at, *taps, *last_taps;
  Tables(const Placed& d, const Tiling& tiling, int64_t step) {
    const Windows& w = d.s.w;
    const int64_t side = window_tiles_of<T>().rows, left = (d.s.in_channels - 1) % step + 1;
    blocks = ceil_div(tiling.positions(), side);
    const int64_t all = blocks * side, lines = blocks * tiling.down;
    to = room_for<int64_t, Scratch::Rows>(all + 2 * lines + ceil_div(all + (step + left) * w.taps() + side, 2));
    low = to + all, high = low + lines, at = reinterpret_cast<int32_t*>(high + lines);
    taps = at + all, last_taps = taps + step * w.taps();
    std::fill_n(last_taps + left * w.taps(), side, 0);  // a block of taps may end there
    for (int64_t t = 0; t < tiling.down; ++t) fill(d, tiling, step, t, side);
    fill_taps(tiling, step, taps), fill_taps(tiling, left, last_taps);
  }
  // Positions of the tile of rows t; after the last one that one again.
  void fill(const Placed& d, const Tiling& tiling, int64_t step, int64_t t, int64_t side) {
    const Windows& w = tiling.w;
    const int64_t plane = d.s.groups * d.s.out_channels * d.out_size();
    int64_t image = 0, row = 0, col = 0;
    for (int64_t b = 0; b < blocks; ++b) {
      int64_t &first = low[t * blocks + b], &last = high[t * blocks + b];
      first = w.kernel[1], last = 0;
      for (int64_t i = b * side; i < (b + 1) * side; ++i) {
        if (i == b * side || col == 0) {
          const Met y(w, 1, std::min(t * tiling.rows + row, w.out[1] - 1));
          first = std::min(first, y.low), last = std::max(last, y.high);
        }
        at[i] = int32_t(image * step * tiling.channel() + row * w.stride[1] * tiling.wide() + col * w.stride[2]);
        to[i] = image * plane + row * d.step[1] * d.size[2] + col * d.step[2];
        if (i + 1 >= tiling.positions() || ++col < tiling.cols) continue;
        col = 0;
        if (++row == tiling.rows) row = 0, ++image;
      }
    }
  }
  static void fill_taps(const Tiling& tiling, int64_t channels, int32_t* to) {
    const Windows& w = tiling.w;
    for (int64_t a = 0; a < w.kernel[0]; ++a)
      for (int64_t b = 0; b < w.kernel[1]; ++b)
        for (int64_t i = 0; i < channels; ++i)
          for (int64_t k = 0; k < w.kernel[2]; ++k)
            *to++ =
                int32_t((i * w.kernel[0] + a) * tiling.plane() + b * w.dilation[1] * tiling.wide() + k * w.dilation[2]);
  }
};

// The source of a tile: `channels` of them, from x on, of each image.
template <class T>
void lay(const Tiling& g, const Tile& t, const Met& z, int64_t channels, const T* x, T* to) {
  const Windows& w = g.w;
  const int64_t wide = g.wide(), left = t.col * w.stride[2] - w.padding[2], top = t.row * w.stride[1] - w.padding[1];
  const int64_t low = std::clamp<int64_t>(-left, 0, wide), end = std::clamp<int64_t>(w.in[2] - left, low, wide);
  const int64_t first = low < end ? std::clamp<int64_t>(-top, 0, g.high()) : g.high();
  const int64_t last = std::clamp<int64_t>(w.in[1] - top, first, g.high());
  for (int64_t c = 0; c < channels; ++c)
    for (int64_t a = z.low; a < z.high; ++a) {
      const T* plane = x + (c * w.in[0] + t.z * w.stride[0] - w.padding[0] + a * w.dilation[0]) * w.in[1] * w.in[2];
      T* rows = to + (c * w.kernel[0] + a) * g.plane();
      std::fill_n(rows, first * wide, T(0));
      rows_of<T>().frame(last - first, low, end - low, wide - end, plane + (top + first) * w.in[2] + left + low,
                         w.in[2], rows + first * wide);
      std::fill_n(rows + last * wide, (g.high() - last) * wide, T(0));
    }
}

// How many input channels are met at a time.
int64_t channels_at_once(const Conv& s, const Tiling& tiling) {
  const int64_t most = std::min(2 * kSource / tiling.channel(), kDeep / s.w.taps());
  return ceil_div(s.in_channels, ceil_div(s.in_channels, std::max<int64_t>(1, most)));
}

// A convolution, with its weight in panels behind what the channels' sums start from.
template <class T>
struct Plan {
  const Placed& d;
  const Conv& s;
  const Tiling tiling;
  const Panels<T> panels;
  const int64_t step, wide;  // input channels at a time, channels of a group in whole vectors
  const Tables<T> tables;
  T *start, *weight;
  Plan(const Placed& placed, const WeightAt<T>& at, const T* bias)
      : d(placed),
        s(d.s),
        tiling(s),
        panels(s),
        step(channels_at_once(s, tiling)),
        wide(panels.vectors * panels.kernels.vector),
        tables(d, tiling, step) {
    start = room_for<T, Scratch::Weight>(s.groups * (panels.group + wide)), weight = start + s.groups * wide;
    for (int64_t g = 0; g < s.groups; ++g)
      for (int64_t o = 0; o < wide; ++o)
        start[g * wide + o] = bias && o < s.out_channels ? bias[g * s.out_channels + o] : T(0);
    const int64_t parts = ceil_div(s.in_channels, step), grain = ceil_div(kWork / 4, wide * step * s.w.taps());
    parallel_for(s.groups * panels.count * parts, grain, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const int64_t g = i / parts / panels.count, panel = i / parts % panels.count, c = i % parts * step;
        panels.fill(g, panel, c, std::min(step, s.in_channels - c), at, weight + panels.at(g, panel, c));
      }
    });
  }

  // Panels [first, last) of a group at the positions of a tile.
  void tile(const Tile& t, int64_t group, int64_t first, int64_t last, const T* x, T* y) const {
    const Windows& w = s.w;
    const Met z(w, 0, t.z);
    const int64_t all = tables.blocks * panels.kernels.rows, from = panels.begin(first);
    const int64_t image = step * tiling.channel();
    T* source = room_for<T, Scratch::Windows>(tiling.each * image + kSlack);
    T* sums = step < s.in_channels ? room_for<T, Scratch::Sums>(all * (panels.begin(last) - from)) : nullptr;
    WindowPanel<T> p{};
    p.positions = t.images * t.rows * t.cols, p.x = source, p.at = tables.at, p.to = tables.to;
    p.low = tables.low + t.row / tiling.rows * tables.blocks, p.high = p.low + (tables.high - tables.low);
    p.planes = z.high - z.low, p.lines = w.kernel[1], p.y_step = d.out_size();
    T* place = y + t.image * s.groups * s.out_channels * p.y_step +
               ((t.z * d.step[0] + d.start[0]) * d.size[1] + t.row * d.step[1] + d.start[1]) * d.size[2] +
               t.col * d.step[2] + d.start[2];
    for (int64_t c = 0; c < s.in_channels; c += step) {
      const int64_t now = std::min(step, s.in_channels - c);
      p.row = now * w.kernel[2];
      const bool done = c + now == s.in_channels;
      p.taps = (done ? tables.last_taps : tables.taps) + z.low * p.lines * p.row;
      for (int64_t i = 0; i < t.images; ++i)
        lay(tiling, t, z, now, x + (((t.image + i) * s.groups + group) * s.in_channels + c) * w.in_size(),
            source + i * image);
      for (int64_t panel = first; panel < last; ++panel) {
        const int64_t channel = panels.begin(panel), side = panels.wide(panel);
        p.w = weight + panels.at(group, panel, c) + z.low * p.lines * p.row * side;
        p.vectors = side / panels.kernels.vector, p.channels = panels.channels(panel);
        p.sums = sums ? sums + (channel - from) * all : nullptr;
        p.bias = c == 0 ? start + group * wide + channel : nullptr;
        p.y = done ? place + (group * s.out_channels + channel) * p.y_step : nullptr;
        panels.kernels.multiply(p);
      }
    }
  }
};

// The gradient of the weight: sums over tiles, in parts of them; laid out as the weight is for a convolution.
template <class T>
struct WeightPlan {
  const Conv& s;
  const Tiling tiling;
  const Panels<T> panels;
  int64_t step, blocks, parts;  // input channels at a time
  explicit WeightPlan(const Conv& conv) : s(conv), tiling(s), panels(s) {
    const int64_t wide = panels.vectors * panels.kernels.vector;
    const int64_t most = std::min(2 * kSource / tiling.channel(), 2 * kSums / (s.w.taps() * wide));
    blocks = ceil_div(s.in_channels, std::max<int64_t>(1, most));
    step = ceil_div(s.in_channels, blocks), blocks = ceil_div(s.in_channels, step);
    const int64_t deep = ceil_div(s.images * s.w.out_size(), kDeepSum);
    parts = std::clamp<int64_t>(std::min({tiling.count(), deep, ceil_div(kTasks, blocks * s.groups)}), 1, kMaxParts);
  }
  int64_t size() const { return s.groups * panels.group; }  // of a part

  // Rows of the output, of those of a tile, in whose windows lines of taps [first, last) of a plane's meet the image.
  void meet(const Tile& t, int64_t first, int64_t last, int64_t* low, int64_t* high) const {
    *low = t.rows, *high = 0;
    for (int64_t i = first; i < last; ++i) {
      const int64_t stride = s.w.stride[1], at = s.w.padding[1] - i % s.w.kernel[1] * s.w.dilation[1] - t.row * stride;
      *low = std::min(*low, at > 0 ? ceil_div(at, stride) : 0);
      *high = std::max(*high, at + s.w.in[1] > 0 ? ceil_div(at + s.w.in[1], stride) : 0);
    }
    *high = std::min(*high, t.rows), *low = std::min(*low, *high);
  }

  // sums += what the tile's positions give for input channels [c, c + now) of a group.
  void tile(const Tables<T>& tables, const Tile& t, int64_t group, int64_t c, const T* g, const T* x, T* sums) const {
    const Windows& w = s.w;
    const Met z(w, 0, t.z);
    const int64_t now = std::min(step, s.in_channels - c), each = t.rows * t.cols, image = step * tiling.channel();
    const int64_t row = now * w.kernel[2], begin = z.low * w.kernel[1] * row, side = panels.kernels.rows;
    T* source = room_for<T, Scratch::Windows>(tiling.each * image + kSlack);
    for (int64_t i = 0; i < t.images; ++i)
      lay(tiling, t, z, now, x + (((t.image + i) * s.groups + group) * s.in_channels + c) * w.in_size(),
          source + i * image);
    WindowPanel<T> p{};
    p.positions = (z.high - z.low) * w.kernel[1] * row, p.x = source, p.taps = tables.at;
    p.at = (c + now == s.in_channels ? tables.last_taps : tables.taps) + begin;
    p.planes = t.images, p.lines = t.rows, p.row = t.cols;
    const int64_t count = ceil_div(p.positions, side);
    int64_t* low = room_for<int64_t, Scratch::Sums>(2 * count);
    for (int64_t i = 0; i < count; ++i)
      meet(t, i * side / row, ceil_div(std::min((i + 1) * side, p.positions), row), low + i, low + count + i);
    p.low = low, p.high = low + count;
    for (int64_t panel = 0; panel < panels.count; ++panel) {
      const int64_t wide = panels.wide(panel), channel = group * s.out_channels + panels.begin(panel);
      T* grads = room_for<T, Scratch::Panels>(t.images * each * wide);
      for (int64_t i = 0; i < t.images; ++i)
        panels.kernels.turn(panels.channels(panel), each,
                            g + ((t.image + i) * s.groups * s.out_channels + channel) * w.out_size() +
                                (t.z * w.out[1] + t.row) * w.out[2] + t.col,
                            w.out_size(), grads + i * each * wide, wide);
      p.w = grads, p.vectors = wide / panels.kernels.vector;
      p.sums = sums + panels.at(group, panel, c) + begin * wide;
      panels.kernels.multiply(p);
    }
  }

  // The parts' sums of input channels [c, c + now) of a block and the output channels of a panel.
  void join(int64_t group, int64_t panel, int64_t c, int64_t now, const T* sums, T* gw) const {
    const int64_t first = c / step * step, taps = s.w.taps(), vector = panels.kernels.vector;
    const int64_t block = std::min(step, s.in_channels - first), wide = panels.wide(panel), n = now * taps;
    T* const total = room_for<T, Scratch::Panels>(n * vector);
    for (int64_t v = 0; v < panels.channels(panel); v += vector) {
      for (int64_t i = 0; i < n; ++i) {
        const T* from =
            sums + panels.at(group, panel, first) + panels.row(block, c - first + i / taps, i % taps) * wide + v;
        T* to = total + i * vector;
        std::copy_n(from, vector, to);
        for (int64_t p = 1; p < parts; ++p)
          for (int64_t o = 0; o < vector; ++o) to[o] += from[p * size() + o];
      }
      const int64_t channel = group * s.out_channels + panels.begin(panel) + v, depth = s.in_channels * taps;
      lanes_of<T>().spread(std::min(vector, panels.channels(panel) - v), n, total, gw + channel * depth + c * taps,
                           depth);
    }
  }
};

}  // namespace

bool fills_vectors(const Conv& s) {
  if (s.dtype != DType::Float32 && s.dtype != DType::Float64) return false;
  const int64_t vector = s.dtype == DType::Float32 ? window_tiles_of<float>().vector : window_tiles_of<double>().vector;
  return s.in_channels > 0 && s.out_channels > 0 && 5 * s.out_channels >= 4 * round_up(s.out_channels, vector) &&
         s.images * s.w.out_size() >= kLeastPositions;
}

template <class T>
void windows_forward(const Placed& d, const WeightAt<T>& weight, const T* x, const T* bias, T* y) {
  const Plan<T> plan(d, weight, bias);
  const int64_t tiles = plan.tiling.count() * d.s.groups, panels = plan.panels.count;
  const int64_t cuts = std::clamp<int64_t>(ceil_div(kTasks, tiles), 1, panels);
  const int64_t work = plan.tiling.positions() * d.s.in_channels * d.s.w.taps() * plan.panels.vectors;
  parallel_for(tiles * cuts, ceil_div(kWork, std::max<int64_t>(1, work / cuts)), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t cut = i % cuts, tile = i / cuts / d.s.groups, group = i / cuts % d.s.groups;
      plan.tile(plan.tiling[tile], group, cut * panels / cuts, (cut + 1) * panels / cuts, x, y);
    }
  });
}

template <class T>
int64_t windows_weight_room(const Conv& s) {
  const WeightPlan<T> plan(s);
  return plan.parts * plan.size();
}

template <class T>
void windows_weight(const Conv& s, const T* g, const T* x, T* sums, T* gw) {
  const WeightPlan<T> plan(s);
  const Placed d(s);
  const Tables<T> tables(d, plan.tiling, plan.step);
  const int64_t tiles = plan.tiling.count(), share = ceil_div(tiles, plan.parts);
  parallel_for(plan.parts * s.groups * plan.blocks, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t part = i / (s.groups * plan.blocks), group = i / plan.blocks % s.groups;
      for (int64_t t = part * share; t < std::min(tiles, (part + 1) * share); ++t)
        plan.tile(tables, plan.tiling[t], group, i % plan.blocks * plan.step, g, x, sums + part * plan.size());
    }
  });
  const int64_t panels = plan.panels.count, few = std::min(kJoined, plan.step), cuts = ceil_div(plan.step, few);
  parallel_for(s.groups * panels * plan.blocks * cuts, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t block = i / cuts % plan.blocks * plan.step, c = block + i % cuts * few;
      const int64_t now = std::min({few, block + plan.step - c, s.in_channels - c}), panel = i / cuts / plan.blocks;
      if (now > 0) plan.join(panel / panels, panel % panels, c, now, sums, gw);
    }
  });
}

template int64_t windows_weight_room<float>(const Conv& s);
template int64_t windows_weight_room<double>(const Conv& s);
template void windows_weight(const Conv& s, const float* g, const float* x, float* sums, float* gw);
template void windows_weight(const Conv& s, const double* g, const double* x, double* sums, double* gw);
template void windows_forward(const Placed& d, const WeightAt<float>& w, const float* x, const float* bias, float* y);
template void windows_forward(const Placed& d, const WeightAt<double>& w, const double* x, const double* bias,
                              double* y);

}  // namespace wg
