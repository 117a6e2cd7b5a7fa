// Convolution of few channels a group: groups of images are turned into lanes of vectors, between frames of zeros.
#include "conv_lanes.h"

#include <algorithm>
#include <numeric>
#include <vector>

#include "../parallel.h"
#include "lane_kernels.h"
#include "reals.h"
#include "scratch.h"

namespace wg {
namespace {

constexpr int64_t kPositions = 2048;  // of a tile's source, about: it and its result stay in the second-level cache
constexpr int64_t kLeast = 512;       // though not less than this of each channel
constexpr int64_t kChannels = 12;     // of a group, at most: more fill vectors of their own
constexpr int64_t kWork = 16 << 10;   // multiplications of vectors worth a thread's while
constexpr int64_t kTasks = 16;        // wanted: enough to balance the load of a few threads
constexpr int64_t kMaxParts = 8;      // of the images whose gradients of the weight are summed apart

int64_t ceil_div(int64_t a, int64_t b) { return a >= 0 ? (a + b - 1) / b : -(-a / b); }
int64_t floor_div(int64_t a, int64_t b) { return -ceil_div(-a, b); }

// One dim, from positions of the result to those of the source: steps of the stride, or backward, from the gradient of
// the output to that of the input, parts of them.
struct Axis {
  int64_t result, source, kernel, stride, padding, dilation;
  bool back;
  Axis(const Windows& w, int d, bool backward)
      : result(backward ? w.in[d] : w.out[d]),
        source(backward ? w.out[d] : w.in[d]),
        kernel(w.kernel[d]),
        stride(w.stride[d]),
        padding(w.padding[d]),
        dilation(w.dilation[d]),
        back(backward) {}
  int64_t reach() const { return (kernel - 1) * dilation; }
  int64_t low(int64_t i) const { return back ? ceil_div(i + padding - reach(), stride) : i * stride - padding; }
  int64_t high(int64_t i) const {  // past the last one that position i may meet
    return (back ? floor_div(i + padding, stride) : i * stride - padding + reach()) + 1;
  }
  // What position i meets with tap k, wherever that is; false if it falls between two.
  bool meets(int64_t i, int64_t k, int64_t* at) const {
    const int64_t t = i + padding - k * dilation;
    *at = back ? floor_div(t, stride) : i * stride - padding + k * dilation;
    return !back || *at * stride == t;
  }
  int64_t residues() const { return back ? stride : 1; }  // positions that meet different taps
  int64_t step() const { return back ? 1 : stride; }      // of the source, from a position to the next of its residue
};

// Some rows of the result. What they meet is between zeros, as wide as needed.
struct Tile {
  int64_t row, rows, low, high;  // rows of the result, and of the source, also of those outside
  int64_t first, last;           // the latter's part inside
  std::vector<int32_t> at;       // where its elements go
  std::vector<LaneRun> runs;     // of the result
  std::vector<LaneTap> taps;
  int64_t source() const { return high - low; }
};

struct Tiling {
  Axis y, x;
  int64_t channels, left, wide, rows;  // channels of the source
  Tiling(const Conv& s, bool back) : y(s.w, 1, back), x(s.w, 2, back), channels(back ? s.out_channels : s.in_channels) {
    left = std::min<int64_t>(0, x.low(0));
    wide = std::max(x.source, x.high(x.result - 1)) - left;
    rows = y.result;
    const int64_t most = std::max(kLeast, kPositions / channels), tasks = ceil_div(s.images * s.groups, 16);
    while (rows > 1 && y.high(rows - 1) * wide > most) rows = ceil_div(rows, 2);
    while (rows > 8 && tasks * ceil_div(y.result, rows) < kTasks) rows = ceil_div(rows, 2);
  }
  int64_t count() const { return ceil_div(y.result, rows); }
  Tile operator[](int64_t i) const {
    Tile t;
    t.row = i * rows, t.rows = std::min(rows, y.result - t.row);
    t.low = y.low(t.row), t.high = std::max(t.low, y.high(t.row + t.rows - 1));
    t.first = std::clamp<int64_t>(t.low, 0, y.source), t.last = std::clamp(t.high, t.first, y.source);
    for (int64_t r = t.first; r < t.last; ++r)
      for (int64_t c = 0; c < x.source; ++c) t.at.push_back(int32_t((r - t.low) * wide + c - left));
    for (int64_t r = t.row; r < t.row + t.rows; ++r)
      for (int64_t e = 0; e < std::min(x.residues(), x.result); ++e) run(r, e, &t);
    return t;
  }
  // The positions of a row from column e on that meet the same taps.
  void run(int64_t r, int64_t e, Tile* t) const {
    const int64_t first = int64_t(t->taps.size());
    int64_t above, beside;
    for (int64_t c = 0; c < channels; ++c)
      for (int64_t a = 0; a < y.kernel; ++a) {
        if (!y.meets(r, a, &above) || above < 0 || above >= y.source) continue;
        for (int64_t b = 0; b < x.kernel; ++b)
          if (x.meets(e, b, &beside))
            t->taps.push_back({int32_t(((c * t->source() + above - t->low)) * wide + beside - left),
                               int32_t((c * y.kernel + a) * x.kernel + b)});
      }
    t->runs.push_back(
        {ceil_div(x.result - e, x.residues()), (r - t->row) * x.result + e, first, int64_t(t->taps.size()) - first});
  }
};

// Groups of images, one after the other, in blocks of as many as a vector has lanes; after some the same groups' turn
// comes again.
template <class T>
struct Blocks {
  const Conv& s;
  const LanesOf<T>& k = lanes_of<T>();
  const int64_t all, count, kinds;
  explicit Blocks(const Conv& conv)
      : s(conv),
        all(s.images * s.groups),
        count(ceil_div(all, k.vector)),
        kinds(std::min(count, s.groups / std::gcd(s.groups, k.vector))) {}
  int64_t lanes(int64_t b) const { return std::min(k.vector, all - b * k.vector); }
  int64_t group(int64_t kind, int64_t lane) const { return (kind * k.vector + lane) % s.groups; }
  int64_t weights() const { return s.out_channels * s.in_channels * s.w.taps(); }  // of a group
  int64_t size() const { return weights() * k.vector; }                            // of a kind's
};

// The source of a tile: a buffer of zeros as long as the tile is the same.
template <class T>
struct Source {
  T* data;
  const Tile* of = nullptr;
  // x: a block's first plane
  void take(const LanesOf<T>& k, const Tiling& g, const Tile& t, int64_t lanes, const T* x) {
    const int64_t each = t.source() * g.wide * k.vector, plane = g.y.source * g.x.source;
    if (of != &t) {
      data = room_for<T, Scratch::Windows>(g.channels * each);
      std::fill_n(data, g.channels * each, T(0)), of = &t;
    }
    for (int64_t c = 0; c < g.channels; ++c)
      k.gather(lanes, (t.last - t.first) * g.x.source, x + c * plane + t.first * g.x.source, g.channels * plane,
               t.at.data(), data + c * each);
  }
};

std::vector<Tile> tiles_of(const Tiling& g) {
  std::vector<Tile> tiles;
  for (int64_t i = 0; i < g.count(); ++i) tiles.push_back(g[i]);
  return tiles;
}

// Both the result and the gradient of the input: windows of x times weights.
template <class T>
void products(const Conv& s, bool back, const T* x, const T* weight, const T* bias, T* y) {
  const Tiling g(s, back);
  const Blocks<T> b(s);
  const std::vector<Tile> tiles = tiles_of(g);
  const int64_t taps = s.w.taps(), W = b.k.vector, in = g.y.source * g.x.source, out = g.y.result * g.x.result;
  const int64_t from = g.channels, to = back ? s.in_channels : s.out_channels, depth = from * taps;
  T* const start = room_for<T, Scratch::Weight>(b.kinds * (b.size() + to * W));
  T* const own = start + b.kinds * to * W;  // [kind, channel of the result, of the source, tap, lane]
  for (int64_t kind = 0; kind < b.kinds; ++kind)
    for (int64_t lane = 0; lane < W; ++lane) {
      const int64_t group = b.group(kind, lane);
      const T* w = weight + group * b.weights();
      for (int64_t o = 0; o < to; ++o) {
        start[(kind * to + o) * W + lane] = bias ? bias[group * to + o] : T(0);
        for (int64_t c = 0; c < from; ++c)
          for (int64_t k = 0; k < taps; ++k)
            own[kind * b.size() + (o * depth + c * taps + k) * W + lane] =
                w[(back ? c * to + o : o * from + c) * taps + k];
      }
    }
  const int64_t work = g.rows * g.x.result * to * depth;
  parallel_for(g.count() * b.count, ceil_div(kWork, std::max<int64_t>(1, work)), [&](int64_t begin, int64_t end) {
    Source<T> source;
    T* sums = room_for<T, Scratch::Sums>(g.rows * g.x.result * W);
    for (int64_t i = begin; i < end; ++i) {
      const Tile& t = tiles[size_t(i / b.count)];
      const int64_t block = i % b.count, kind = block % b.kinds, lanes = b.lanes(block);
      source.take(b.k, g, t, lanes, x + block * W * from * in);
      for (int64_t o = 0; o < to; ++o) {
        b.k.sums(int64_t(t.runs.size()), t.runs.data(), t.taps.data(), source.data, g.x.step(),
                 own + kind * b.size() + o * depth * W, start + (kind * to + o) * W, sums, g.x.residues());
        b.k.spread(lanes, t.rows * g.x.result, sums, y + (block * W * to + o) * out + t.row * g.x.result, to * out);
      }
    }
  });
}

// Into how many parts the blocks of a kind are cut, whose gradients of the weight are summed apart.
template <class T>
int64_t parts_of(const Blocks<T>& b) {
  return std::clamp<int64_t>(std::min(b.count / b.kinds, ceil_div(kTasks, b.kinds)), 1, kMaxParts);
}

// sums[part, kind, out, in, tap, lane]
template <class T>
void weight_sums(const Conv& s, const T* g, const T* x, T* sums) {
  const Tiling tiling(s, false);
  const Blocks<T> b(s);
  const std::vector<Tile> tiles = tiles_of(tiling);
  const int64_t taps = s.w.taps(), W = b.k.vector, in = s.w.in_size(), out = s.w.out_size(), parts = parts_of(b);
  std::vector<int32_t> at, in_order(size_t(tiling.rows * s.w.out[2]));
  for (int64_t k = 0; k < taps; ++k)
    at.push_back(int32_t(k / s.w.kernel[2] * s.w.dilation[1] * tiling.wide + k % s.w.kernel[2] * s.w.dilation[2] -
                         s.w.padding[2] - tiling.left));
  std::iota(in_order.begin(), in_order.end(), 0);
  const int64_t rounds = ceil_div(b.count, b.kinds);
  parallel_for(parts * b.kinds, 1, [&](int64_t begin, int64_t end) {
    Source<T> source;
    T* grads = room_for<T, Scratch::Panels>(tiling.rows * s.w.out[2] * W);
    for (int64_t i = begin; i < end; ++i) {
      const int64_t part = i / b.kinds, kind = i % b.kinds;
      for (const Tile& t : tiles)
        for (int64_t n = part * rounds / parts; n < (part + 1) * rounds / parts; ++n) {
          const int64_t block = n * b.kinds + kind;
          if (block >= b.count) continue;
          source.take(b.k, tiling, t, b.lanes(block), x + block * W * s.in_channels * in);
          T* to = sums + i * b.size();
          for (int64_t o = 0; o < s.out_channels; ++o) {
            b.k.gather(b.lanes(block), t.rows * s.w.out[2],
                       g + (block * W * s.out_channels + o) * out + t.row * s.w.out[2], s.out_channels * out,
                       in_order.data(), grads);
            for (int64_t c = 0; c < s.in_channels; ++c, to += taps * W)
              b.k.dots(t.rows, s.w.out[2], grads, source.data + c * t.source() * tiling.wide * W,
                       s.w.stride[1] * tiling.wide, s.w.stride[2], taps, at.data(), to);
          }
        }
    }
  });
}

}  // namespace

bool fills_lanes(const Conv& s) {
  if (s.dtype != DType::Float32 && s.dtype != DType::Float64) return false;
  const Windows& w = s.w;
  const int64_t vector = s.dtype == DType::Float32 ? lanes_of<float>().vector : lanes_of<double>().vector;
  const int64_t planes = s.images * s.groups, most = std::max(s.in_channels, s.out_channels);
  const bool flat = w.kernel[0] == 1 && w.in[0] == 1 && w.out[0] == 1 && w.padding[0] == 0;
  return flat && s.groups > 1 && s.in_channels > 0 && most <= kChannels && w.in_size() > 0 && w.out_size() > 0 &&
         3 * planes >= 2 * ceil_div(planes, vector) * vector &&
         (w.in[2] + 2 * w.padding[2] + w.stride[2]) * (w.dilation[1] * (w.kernel[1] - 1) + w.stride[1]) * most <=
             2 * kPositions;
}

void lanes_forward(const Conv& s, const char* x, const char* weight, const char* bias, char* y) {
  with_real(s.dtype, [&]<class T>(T) { products(s, false, as<T>(x), as<T>(weight), as<T>(bias), as<T>(y)); });
}

void lanes_input(const Conv& s, const char* g, const char* weight, char* gx) {
  with_real(s.dtype, [&]<class T>(T) { products<T>(s, true, as<T>(g), as<T>(weight), nullptr, as<T>(gx)); });
}

int64_t lanes_weight_room(const Conv& s) {
  int64_t n = 0;
  with_real(s.dtype, [&]<class T>(T) {
    const Blocks<T> b(s);
    n = parts_of(b) * b.kinds * b.size();
  });
  return n;
}

void lanes_weight(const Conv& s, const char* g, const char* x, char* sums, char* gw) {
  with_real(s.dtype, [&]<class T>(T) {
    weight_sums(s, as<T>(g), as<T>(x), as<T>(sums));
    const Blocks<T> b(s);
    const int64_t parts = parts_of(b), each = b.weights(), W = b.k.vector;
    // gw begins as zeros; a group may have several lanes
    for (int64_t kind = 0; kind < b.kinds; ++kind)
      for (int64_t i = 0; i < each; ++i)
        for (int64_t lane = 0; lane < W; ++lane) {
          T total = 0;
          for (int64_t p = 0; p < parts; ++p) total += as<T>(sums)[(p * b.kinds + kind) * b.size() + i * W + lane];
          as<T>(gw)[b.group(kind, lane) * each + i] += total;
        }
  });
}

}  // namespace wg
