// Grid sampling: corners and weights of a few points at a time, then all channels with them.
#include "grid.h"

#include <algorithm>
#include <cmath>

#include "../parallel.h"
#include "random_clones.h"
#include "reals.h"

namespace wg {
namespace {

constexpr int kPoints = 64, kMostCorners = 16, kMostDims = 3;
constexpr int64_t kGrain = 1 << 14;  // corners times channels

#define WG_INLINE [[gnu::always_inline]] inline

// A coordinate along a dim, and its derivative by the grid's number. All of it without branches: loops over it are
// vectors.
template <class T>
struct Place {
  T at, slope;
};

template <class T>
WG_INLINE Place<T> reflected(Place<T> p, T low, T high) {  // low and high are twice the bounds
  const T least = low / 2, span = (high - low) / 2, x = p.at - least;
  const T far = std::fabs(x), turns = std::floor(far / span), rest = far - turns * span;
  const bool odd = std::floor(turns / 2) != turns / 2;
  const T slope = (x < 0) != odd ? -p.slope : p.slope;
  const T at = odd ? span - rest + least : rest + least;
  return {span == 0 ? T(0) : at, span == 0 ? T(0) : slope};
}

template <GridPadding padding, class T>
WG_INLINE Place<T> bounded(Place<T> p, T size, bool align) {
  if constexpr (padding == GridPadding::Zeros) return p;
  const T last = size - 1;
  if constexpr (padding == GridPadding::Reflection)
    p = align ? reflected(p, T(0), 2 * last) : reflected(p, T(-1), 2 * size - 1);
  const bool above = p.at > 0, beyond = p.at >= last;  // nan is not above
  const T at = beyond ? last : p.at;
  return {above ? at : T(0), above & !beyond ? p.slope : T(0)};
}

// The neighbours of points along one dim: positions (-1: outside), weights, and their derivatives by the grid's number.
template <class T>
struct Along {
  int count;
  int32_t at[4][kPoints];
  T weight[4][kPoints], slope[4][kPoints];
};

template <class T>
WG_INLINE int32_t inside(T at, T size) {
  return int32_t((at >= 0) & (at < size) ? at : T(-1));  // nan is not inside
}

template <GridMode mode, GridPadding padding, class T>
WG_INLINE void find_neighbours(Along<T>& to, const T* grid, int step, int n, T size, bool align) {
  to.count = mode == GridMode::Cubic ? 4 : mode == GridMode::Linear ? 2 : 1;
  const T unit = align ? (size - 1) / 2 : size / 2;
  for (int i = 0; i < n; ++i) {
    const T x = grid[i * step];
    Place<T> p{align ? (x + 1) / 2 * (size - 1) : ((x + 1) * size - 1) / 2, unit};
    if constexpr (mode == GridMode::Cubic) {
      const T a = T(-0.75), low = std::floor(p.at), t = p.at - low;
      const auto near = [a](T u) { return ((a + 2) * u - (a + 3)) * u * u + 1; };
      const auto far = [a](T u) { return ((a * u - 5 * a) * u + 8 * a) * u - 4 * a; };
      const auto near_slope = [a](T u) { return (3 * (a + 2) * u - 2 * (a + 3)) * u; };
      const auto far_slope = [a](T u) { return (3 * a * u - 10 * a) * u + 8 * a; };
      const T weights[] = {far(t + 1), near(t), near(1 - t), far(2 - t)};
      const T slopes[] = {far_slope(t + 1), near_slope(t), -near_slope(1 - t), -far_slope(2 - t)};
      for (int k = 0; k < 4; ++k) {
        const T at = bounded<padding>(Place<T>{low + T(k - 1), T(0)}, size, align).at;
        to.at[k][i] = inside(std::nearbyint(at), size);
        to.weight[k][i] = weights[k];
        to.slope[k][i] = slopes[k] * unit;
      }
    } else {
      p = bounded<padding>(p, size, align);
      const T low = mode == GridMode::Nearest ? std::nearbyint(p.at) : std::floor(p.at), t = p.at - low;
      to.at[0][i] = inside(low, size);
      to.weight[0][i] = mode == GridMode::Nearest ? T(1) : 1 - t;
      to.slope[0][i] = mode == GridMode::Nearest ? T(0) : -p.slope;
      if constexpr (mode == GridMode::Linear) {
        to.at[1][i] = inside(low + 1, size);
        to.weight[1][i] = t;
        to.slope[1][i] = p.slope;
      }
    }
  }
}
template <GridMode mode, class T>
WG_INLINE void find_neighbours(Along<T>& to, const T* grid, int step, int n, T size, bool align, GridPadding padding) {
  switch (padding) {
    case GridPadding::Zeros: return find_neighbours<mode, GridPadding::Zeros>(to, grid, step, n, size, align);
    case GridPadding::Border: return find_neighbours<mode, GridPadding::Border>(to, grid, step, n, size, align);
    default: return find_neighbours<mode, GridPadding::Reflection>(to, grid, step, n, size, align);
  }
}

// The corners of up to kPoints points: places in a plane (outside: 0, and not counted), weights, and the derivatives of
// the weights by the grid's numbers.
template <class T>
struct Corners {
  int count = 0;
  Along<T> along[kMostDims];
  int32_t place[kMostCorners][kPoints];
  int32_t counts[kMostCorners][kPoints];  // not 0 where the corner is inside
  T weight[kMostCorners][kPoints];
  T slope[kMostDims][kMostCorners][kPoints];
};

template <class T>
WG_INLINE void join_corners(const GridSample& s, Corners<T>& c, int n, bool slopes) {
  for (int k = 0; k < c.count; ++k) {
    int which[kMostDims];
    for (int d = s.dims, rest = k; d-- > 0; rest /= c.along[d].count) which[d] = rest % c.along[d].count;
    int32_t* __restrict place = c.place[k];
    int32_t* __restrict counts = c.counts[k];
    for (int i = 0; i < n; ++i) place[i] = 0, counts[i] = 1, c.weight[k][i] = T(1);
    for (int d = 0; d < s.dims; ++d) {
      const int32_t* __restrict at = c.along[d].at[which[d]], size = int32_t(s.in[d]);
      const T* __restrict weight = c.along[d].weight[which[d]];
      for (int i = 0; i < n; ++i) {
        place[i] = place[i] * size + at[i];
        counts[i] &= at[i] >= 0;
        c.weight[k][i] *= weight[i];
      }
    }
    for (int i = 0; i < n; ++i) place[i] = counts[i] ? place[i] : 0;
    for (int by = 0; slopes && by < s.dims; ++by) {
      T* __restrict slope = c.slope[by][k];
      for (int i = 0; i < n; ++i) slope[i] = T(1);
      for (int d = 0; d < s.dims; ++d) {
        const T* __restrict part = (d == by ? c.along[d].slope : c.along[d].weight)[which[d]];
        for (int i = 0; i < n; ++i) slope[i] *= part[i];
      }
    }
  }
}

template <class T>
WG_INLINE void find_all(const GridSample& s, const T* grid, int n, bool slopes, Corners<T>& c) {
  c.count = 1;
  for (int d = 0; d < s.dims; ++d) {
    const T* x = grid + s.dims - 1 - d;
    const T size = T(s.in[d]);
    if (s.mode == GridMode::Linear)
      find_neighbours<GridMode::Linear>(c.along[d], x, s.dims, n, size, s.align, s.padding);
    else if (s.mode == GridMode::Nearest)
      find_neighbours<GridMode::Nearest>(c.along[d], x, s.dims, n, size, s.align, s.padding);
    else
      find_neighbours<GridMode::Cubic>(c.along[d], x, s.dims, n, size, s.align, s.padding);
    c.count *= c.along[d].count;
  }
  join_corners(s, c, n, slopes);
}

// find_corners; add_corner: to[i] += weight[i] * plane[place[i]], where the corner counts, and the first corner begins
// the sum; scale_corner: to[i] = plane[place[i]] * g[i] where it counts, 0 elsewhere; add_product: to[i] += a[i] *
// b[i].
#define WG_CORNERS(T)                                                                                               \
  WG_CLONES void find_corners(const GridSample& s, const T* grid, int n, bool slopes, Corners<T>& c) {              \
    find_all(s, grid, n, slopes, c);                                                                                \
  }                                                                                                                 \
  WG_CLONES void add_corner(T* __restrict to, const T* __restrict plane, const int32_t* __restrict place,           \
                            const int32_t* __restrict counts, const T* __restrict weight, bool first, int n) {      \
    if (first)                                                                                                      \
      for (int i = 0; i < n; ++i) to[i] = 0;                                                                        \
    for (int i = 0; i < n; ++i) {                                                                                   \
      const T v = plane[place[i]];                                                                                  \
      to[i] += (counts[i] ? v : T(0)) * weight[i];                                                                  \
    }                                                                                                               \
  }                                                                                                                 \
  WG_CLONES void scale_corner(T* __restrict to, const T* __restrict plane, const int32_t* __restrict place,         \
                              const int32_t* __restrict counts, const T* __restrict g, int n) {                     \
    for (int i = 0; i < n; ++i) {                                                                                   \
      const T v = plane[place[i]];                                                                                  \
      to[i] = (counts[i] ? v : T(0)) * g[i];                                                                        \
    }                                                                                                               \
  }                                                                                                                 \
  WG_CLONES void add_product(T* __restrict to, const T* __restrict a, const T* __restrict b, int n) {               \
    for (int i = 0; i < n; ++i) to[i] += a[i] * b[i];                                                               \
  }                                                                                                                 \
  WG_CLONES void put_corner(T* __restrict plane, const int32_t* __restrict place, const int32_t* __restrict counts, \
                            const T* __restrict weight, const T* __restrict g, int n) {                             \
    T part[kPoints];                                                                                                \
    for (int i = 0; i < n; ++i) part[i] = counts[i] ? weight[i] * g[i] : T(0);                                      \
    for (int i = 0; i < n; ++i) plane[place[i]] += part[i];                                                         \
  }
WG_CORNERS(float)
WG_CORNERS(double)
#undef WG_CORNERS

int64_t plane_of(const GridSample& s) {
  int64_t plane = 1;
  for (int d = 0; d < s.dims; ++d) plane *= s.in[d];
  return plane;
}

// f(corners, image, first point, number of points) for pieces of an image's points.
template <class T, class F>
void each_piece(const GridSample& s, const T* grid, bool slopes, F f) {
  const int64_t pieces = (s.points + kPoints - 1) / kPoints;
  parallel_for(s.images * pieces, std::max<int64_t>(1, kGrain / (s.channels * kPoints)), [&](int64_t b, int64_t e) {
    Corners<T> c;
    for (int64_t k = b; k < e; ++k) {
      const int64_t image = k / pieces, first = k % pieces * kPoints;
      const int n = int(std::min<int64_t>(kPoints, s.points - first));
      find_corners(s, grid + (image * s.points + first) * s.dims, n, slopes, c);
      f(c, image, first, n);
    }
  });
}

template <class T>
void sample(const GridSample& s, const T* input, const T* grid, T* output) {
  const int64_t plane = plane_of(s);
  each_piece<T>(s, grid, false, [&](const Corners<T>& c, int64_t image, int64_t first, int n) {
    for (int64_t ch = image * s.channels; ch < (image + 1) * s.channels; ++ch)
      for (int q = 0; q < c.count; ++q)
        add_corner(output + ch * s.points + first, input + ch * plane, c.place[q], c.counts[q], c.weight[q], q == 0, n);
  });
}

// A thread has whole planes, so that no two add to the same place.
template <class T>
void input_gradient(const GridSample& s, const T* g, const T* grid, T* g_input) {
  const int64_t plane = plane_of(s);
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
            put_corner(g_input + ch * plane, c.place[q], c.counts[q], c.weight[q], g + ch * s.points + first, n);
      }
    }
  });
}

template <class T>
void grid_gradient(const GridSample& s, const T* g, const T* input, const T* grid, T* g_grid) {
  const int64_t plane = plane_of(s);
  each_piece<T>(s, grid, true, [&](const Corners<T>& c, int64_t image, int64_t first, int n) {
    const int64_t at = (image * s.points + first) * s.dims;
    T total[kMostDims][kPoints] = {};
    for (int64_t ch = image * s.channels; ch < (image + 1) * s.channels; ++ch)
      for (int q = 0; q < c.count; ++q) {
        T value[kPoints];
        scale_corner(value, input + ch * plane, c.place[q], c.counts[q], g + ch * s.points + first, n);
        for (int d = 0; d < s.dims; ++d) add_product(total[d], value, c.slope[d][q], n);
      }
    for (int i = 0; i < n; ++i)
      for (int d = 0; d < s.dims; ++d) g_grid[at + i * s.dims + s.dims - 1 - d] = total[d][i];
  });
}

}  // namespace

void grid_sample(const GridSample& s, const char* input, const char* grid, char* output) {
  with_real(s.dtype, [&]<class T>(T) { sample(s, as<T>(input), as<T>(grid), as<T>(output)); });
}

void grid_sample_backward(const GridSample& s, const char* g, const char* input, const char* grid, char* g_input,
                          char* g_grid) {
  with_real(s.dtype, [&]<class T>(T) {
    if (g_input) input_gradient(s, as<T>(g), as<T>(grid), as<T>(g_input));
    if (g_grid) grid_gradient(s, as<T>(g), as<T>(input), as<T>(grid), as<T>(g_grid));
  });
}

}  // namespace wg
