// Grid sampling: corners and weights of a few points at a time, then all channels with them.
#include "grid.h"

#include <algorithm>
#include <cmath>

#include "../parallel.h"
#include "random_clones.h"

namespace wg {
namespace {

constexpr int kPoints = 64, kMostCorners = 16, kMostDims = 3;
constexpr int64_t kGrain = 1 << 14;  // corners times channels

// A coordinate along a dim, and its derivative by the grid's number.
template <class T>
struct Place {
  T at, slope;
};

template <class T>
Place<T> reflected(Place<T> p, T low, T high) {  // low and high are twice the bounds
  if (low == high) return {T(0), T(0)};
  const T least = low / 2, span = (high - low) / 2;
  T x = p.at - least, slope = p.slope;
  if (x < 0) x = -x, slope = -slope;
  const T turns = std::floor(x / span), rest = x - turns * span;
  if (std::fmod(turns, T(2)) == 0) return {rest + least, slope};
  return {span - rest + least, -slope};
}

template <class T>
Place<T> bounded(Place<T> p, int64_t size, GridPadding padding, bool align) {
  if (padding == GridPadding::Zeros) return p;
  const T last = T(size - 1);
  if (padding == GridPadding::Reflection)
    p = align ? reflected(p, T(0), 2 * last) : reflected(p, T(-1), T(2 * size - 1));
  if (!(p.at > 0)) return {T(0), T(0)};  // nan too
  return p.at >= last ? Place<T>{last, T(0)} : p;
}

// The neighbours of a point along one dim: positions (-1: outside), weights, and their derivatives by the grid's
// number.
template <class T>
struct Neighbours {
  int count;
  int64_t at[4];
  T weight[4], slope[4];
};

template <class T>
int64_t inside(T at, int64_t size) {
  return at >= 0 && at < T(size) ? int64_t(at) : -1;  // not of nan
}

template <class T>
Neighbours<T> neighbours(const GridSample& s, int dim, T x) {
  const int64_t size = s.in[dim];
  Place<T> p;
  if (s.align)
    p = {(x + 1) / 2 * T(size - 1), T(size - 1) / 2};
  else
    p = {((x + 1) * T(size) - 1) / 2, T(size) / 2};
  if (s.mode == GridMode::Cubic) {
    const T a = T(-0.75), low = std::floor(p.at), t = p.at - low;
    const auto near = [a](T u) { return ((a + 2) * u - (a + 3)) * u * u + 1; };
    const auto far = [a](T u) { return ((a * u - 5 * a) * u + 8 * a) * u - 4 * a; };
    const auto near_slope = [a](T u) { return (3 * (a + 2) * u - 2 * (a + 3)) * u; };
    const auto far_slope = [a](T u) { return (3 * a * u - 10 * a) * u + 8 * a; };
    Neighbours<T> n{4, {}, {far(t + 1), near(t), near(1 - t), far(2 - t)}, {}};
    const T slopes[] = {far_slope(t + 1), near_slope(t), -near_slope(1 - t), -far_slope(2 - t)};
    for (int k = 0; k < 4; ++k) {
      const Place<T> q = bounded(Place<T>{low + T(k - 1), T(0)}, size, s.padding, s.align);
      n.at[k] = inside(std::nearbyint(q.at), size);
      n.slope[k] = slopes[k] * p.slope;
    }
    return n;
  }
  p = bounded(p, size, s.padding, s.align);
  if (s.mode == GridMode::Nearest) return {1, {inside(std::nearbyint(p.at), size)}, {T(1)}, {T(0)}};
  const T low = std::floor(p.at), t = p.at - low;
  return {2, {inside(low, size), inside(low + 1, size)}, {1 - t, t}, {-p.slope, p.slope}};
}

// The corners of up to kPoints points: places in a plane (outside: 0, and not counted), weights, and the derivatives of
// the weights by the grid's numbers.
template <class T>
struct Corners {
  int n = 0, count = 0;
  int32_t place[kMostCorners][kPoints];
  int32_t counts[kMostCorners][kPoints];  // all bits where the corner is inside
  T weight[kMostCorners][kPoints];
  T slope[kMostDims][kMostCorners][kPoints];
};

template <class T>
void find_corners(const GridSample& s, const T* grid, int n, bool slopes, Corners<T>& c) {
  c.n = n;
  for (int i = 0; i < n; ++i) {
    Neighbours<T> along[kMostDims];
    c.count = 1;
    for (int d = 0; d < s.dims; ++d) {
      along[d] = neighbours(s, d, grid[i * s.dims + s.dims - 1 - d]);
      c.count *= along[d].count;
    }
    for (int k = 0; k < c.count; ++k) {
      int which[kMostDims];
      for (int d = s.dims, rest = k; d-- > 0; rest /= along[d].count) which[d] = rest % along[d].count;
      int64_t place = 0;
      bool counts = true;
      T weight = along[0].weight[which[0]];
      for (int d = 0; d < s.dims; ++d) {
        const int64_t at = along[d].at[which[d]];
        counts &= at >= 0;
        place = place * s.in[d] + at;
        if (d) weight *= along[d].weight[which[d]];
      }
      c.place[k][i] = counts ? int32_t(place) : 0;
      c.counts[k][i] = counts ? -1 : 0;
      c.weight[k][i] = weight;
      for (int by = 0; slopes && by < s.dims; ++by) {
        T slope = 1;
        for (int d = 0; d < s.dims; ++d) slope *= (d == by ? along[d].slope : along[d].weight)[which[d]];
        c.slope[by][k][i] = slope;
      }
    }
  }
}

// to[i] += weight[i] * plane[place[i]], where the corner counts; the first corner begins the sum.
#define WG_ADD_CORNER(T)                                                                                         \
  WG_CLONES void add_corner(T* to, const T* plane, const int32_t* place, const int32_t* counts, const T* weight, \
                            bool first, int n) {                                                                 \
    for (int i = 0; i < n; ++i) {                                                                                \
      const T v = plane[place[i]], part = (counts[i] ? v : T(0)) * weight[i];                                    \
      to[i] = first ? part : to[i] + part;                                                                       \
    }                                                                                                            \
  }
WG_ADD_CORNER(float)
WG_ADD_CORNER(double)
#undef WG_ADD_CORNER

template <class T>
void sample(const GridSample& s, const T* input, const T* grid, T* output) {
  int64_t plane = 1;
  for (int d = 0; d < s.dims; ++d) plane *= s.in[d];
  const int64_t pieces = (s.points + kPoints - 1) / kPoints;
  parallel_for(s.images * pieces, std::max<int64_t>(1, kGrain / (s.channels * kPoints)), [&](int64_t b, int64_t e) {
    Corners<T> c;
    for (int64_t k = b; k < e; ++k) {
      const int64_t image = k / pieces, first = k % pieces * kPoints;
      const int n = int(std::min<int64_t>(kPoints, s.points - first));
      find_corners(s, grid + (image * s.points + first) * s.dims, n, false, c);
      for (int64_t ch = image * s.channels; ch < (image + 1) * s.channels; ++ch)
        for (int q = 0; q < c.count; ++q)
          add_corner(output + ch * s.points + first, input + ch * plane, c.place[q], c.counts[q], c.weight[q], q == 0,
                     n);
    }
  });
}

// A thread has whole planes, so that no two add to the same place.
template <class T>
void input_gradient(const GridSample& s, const T* g, const T* grid, T* g_input) {
  int64_t plane = 1;
  for (int d = 0; d < s.dims; ++d) plane *= s.in[d];
  constexpr int64_t kChannels = 16;  // share the corners that are found
  const int64_t groups = (s.channels + kChannels - 1) / kChannels;
  parallel_for(s.images * groups, 1, [&](int64_t b, int64_t e) {
    Corners<T> c;
    for (int64_t k = b; k < e; ++k) {
      const int64_t image = k / groups, from = image * s.channels + k % groups * kChannels;
      const int64_t to = std::min((image + 1) * s.channels, from + kChannels);
      for (int64_t first = 0; first < s.points; first += kPoints) {
        const int n = int(std::min<int64_t>(kPoints, s.points - first));
        find_corners(s, grid + (image * s.points + first) * s.dims, n, false, c);
        for (int64_t ch = from; ch < to; ++ch)
          for (int q = 0; q < c.count; ++q)
            for (int i = 0; i < n; ++i)
              if (c.counts[q][i]) g_input[ch * plane + c.place[q][i]] += c.weight[q][i] * g[ch * s.points + first + i];
      }
    }
  });
}

template <class T>
void grid_gradient(const GridSample& s, const T* g, const T* input, const T* grid, T* g_grid) {
  int64_t plane = 1;
  for (int d = 0; d < s.dims; ++d) plane *= s.in[d];
  const int64_t pieces = (s.points + kPoints - 1) / kPoints;
  parallel_for(s.images * pieces, std::max<int64_t>(1, kGrain / (s.channels * kPoints)), [&](int64_t b, int64_t e) {
    Corners<T> c;
    for (int64_t k = b; k < e; ++k) {
      const int64_t image = k / pieces, first = k % pieces * kPoints;
      const int n = int(std::min<int64_t>(kPoints, s.points - first));
      const int64_t at = (image * s.points + first) * s.dims;
      find_corners(s, grid + at, n, true, c);
      T total[kMostDims][kPoints] = {};
      for (int64_t ch = image * s.channels; ch < (image + 1) * s.channels; ++ch)
        for (int d = 0; d < s.dims; ++d) {
          T value[kPoints];
          for (int q = 0; q < c.count; ++q)
            add_corner(value, input + ch * plane, c.place[q], c.counts[q], c.slope[d][q], q == 0, n);
          for (int i = 0; i < n; ++i) total[d][i] += value[i] * g[ch * s.points + first + i];
        }
      for (int i = 0; i < n; ++i)
        for (int d = 0; d < s.dims; ++d) g_grid[at + i * s.dims + s.dims - 1 - d] = total[d][i];
    }
  });
}

template <class T>
const T* typed(const char* p) {
  return reinterpret_cast<const T*>(p);
}
template <class T>
T* typed(char* p) {
  return reinterpret_cast<T*>(p);
}

}  // namespace

void grid_sample(const GridSample& s, const char* input, const char* grid, char* output) {
  if (s.dtype == DType::Float32)
    sample(s, typed<float>(input), typed<float>(grid), typed<float>(output));
  else
    sample(s, typed<double>(input), typed<double>(grid), typed<double>(output));
}

void grid_sample_backward(const GridSample& s, const char* g, const char* input, const char* grid, char* g_input,
                          char* g_grid) {
  const auto run = [&]<class T>(T) {
    if (g_input) input_gradient(s, typed<T>(g), typed<T>(grid), typed<T>(g_input));
    if (g_grid) grid_gradient(s, typed<T>(g), typed<T>(input), typed<T>(grid), typed<T>(g_grid));
  };
  if (s.dtype == DType::Float32)
    run(float());
  else
    run(double());
}

}  // namespace wg
