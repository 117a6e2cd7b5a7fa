// Sums over windows of planes whose channels are the lanes of vectors, compiled per level.
#include "lane_kernels.h"

#include "turn.h"
#include "vectors.h"

namespace wg::WG_LEVEL {
namespace {

constexpr int kPositions = 8;  // of a block: as many sums as hide how long one takes
constexpr int kTaps = 10;      // of a block, at most

inline int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

// A square in registers; rows past the last are zeros.
template <class T>
[[gnu::always_inline]] inline void turned(int64_t lanes, const T* from, int64_t step, Wide<T>* rows) {
  constexpr int64_t W = kWide<T>;
#pragma GCC unroll 16
  for (int64_t i = 0; i < W; ++i) rows[i] = i < lanes ? load<Wide<T>>(from + i * step) : Wide<T>{};
  turn_blocks<W / 2, W>(rows);
}

template <class T>
void gather(int64_t lanes, int64_t n, const T* from, int64_t step, const int32_t* at, T* to) {
  constexpr int64_t W = kWide<T>;
  Wide<T> rows[W];
  for (int64_t i = 0; i < n && n >= W; i += W) {
    const int64_t first = least(i, n - W);
    turned(lanes, from + first, step, rows);
#pragma GCC unroll 16
    for (int64_t j = 0; j < W; ++j) store(to + at[first + j] * W, rows[j]);
  }
  if (n >= W) return;
  alignas(64) T part[W * W] = {};
  for (int64_t v = 0; v < lanes; ++v)
    for (int64_t i = 0; i < n; ++i) part[v * W + i] = from[v * step + i];
  turned(W, part, W, rows);
  for (int64_t j = 0; j < n; ++j) store(to + at[j] * W, rows[j]);
}

template <class T>
void spread(int64_t lanes, int64_t n, const T* from, T* to, int64_t step) {
  constexpr int64_t W = kWide<T>;
  Wide<T> rows[W];
  for (int64_t i = 0; i < n; i += W) {
    const int64_t first = i + W <= n || n < W ? i : n - W, left = least(W, n - first);
    turned(left, from + first * W, W, rows);
    if (left < W)
      for (int64_t v = 0; v < lanes; ++v)
        for (int64_t j = 0; j < left; ++j) to[v * step + first + j] = rows[v][j];
    else
#pragma GCC unroll 16
      for (int64_t v = 0; v < W; ++v)
        if (v < lanes) store(to + v * step + first, rows[v]);
  }
}

template <class T, int N>
void block(int64_t taps, const LaneTap* t, const T* x, int64_t x_step, const T* w, const T* start, T* y,
           int64_t y_step) {
  constexpr int64_t W = kWide<T>;
  Wide<T> acc[N];
#pragma GCC unroll 8
  for (int i = 0; i < N; ++i) acc[i] = load<Wide<T>>(start ? start : y + i * y_step);
  for (int64_t k = 0; k < taps; ++k) {
    const T* from = x + t[k].at * W;
    const Wide<T> weight = load<Wide<T>>(w + t[k].weight * W);
#pragma GCC unroll 8
    for (int i = 0; i < N; ++i) acc[i] += weight * load<Wide<T>>(from + i * x_step);
  }
#pragma GCC unroll 8
  for (int i = 0; i < N; ++i) store(y + i * y_step, acc[i]);
}

template <class T>
void sums(int64_t count, const LaneRun* runs, const LaneTap* taps, const T* x, int64_t x_step, const T* w,
          const T* start, T* y, int64_t y_step) {
  using Block = void (*)(int64_t, const LaneTap*, const T*, int64_t, const T*, const T*, T*, int64_t);
  static constexpr Block blocks[kPositions] = {block<T, 1>, block<T, 2>, block<T, 3>, block<T, 4>,
                                               block<T, 5>, block<T, 6>, block<T, 7>, block<T, 8>};
  constexpr int64_t W = kWide<T>;
  x_step *= W, y_step *= W;
  for (const LaneRun* r = runs; r != runs + count; ++r) {
    T* to = y + r->to * W;
    const int64_t many = (r->n + kPositions - 1) / kPositions;
    for (int64_t b = 0, i = 0, end; b < many; ++b, i = end) {  // as even as can be
      end = (b + 1) * r->n / many;
      blocks[end - i - 1](r->taps, taps + r->first, x + i * x_step, x_step, w, start, to + i * y_step, y_step);
    }
  }
}

template <class T, int N>
void dots_of(int64_t rows, int64_t cols, const T* g, const T* x, int64_t x_row, int64_t x_step, const int32_t* at,
             T* sums) {
  constexpr int64_t W = kWide<T>;
  Wide<T> acc[N] = {};
  const T* from[N];
  for (int k = 0; k < N; ++k) from[k] = x + at[k] * W;
  for (int64_t r = 0; r < rows; ++r, g += cols * W)
    for (int64_t i = 0; i < cols; ++i) {
      const Wide<T> grad = load<Wide<T>>(g + i * W);
      const int64_t here = (r * x_row + i * x_step) * W;
#pragma GCC unroll 10
      for (int k = 0; k < N; ++k) acc[k] += grad * load<Wide<T>>(from[k] + here);
    }
  for (int k = 0; k < N; ++k) store(sums + k * W, load<Wide<T>>(sums + k * W) + acc[k]);
}

template <class T>
void dots(int64_t rows, int64_t cols, const T* g, const T* x, int64_t x_row, int64_t x_step, int64_t taps,
          const int32_t* at, T* sums) {
  using Part = void (*)(int64_t, int64_t, const T*, const T*, int64_t, int64_t, const int32_t*, T*);
  static constexpr Part parts[kTaps] = {dots_of<T, 1>, dots_of<T, 2>, dots_of<T, 3>, dots_of<T, 4>, dots_of<T, 5>,
                                        dots_of<T, 6>, dots_of<T, 7>, dots_of<T, 8>, dots_of<T, 9>, dots_of<T, 10>};
  const int64_t blocks = (taps + kTaps - 1) / kTaps;
  for (int64_t b = 0; b < blocks; ++b) {
    const int64_t first = b * taps / blocks, n = (b + 1) * taps / blocks - first;
    parts[n - 1](rows, cols, g, x, x_row, x_step, at + first, sums + first * kWide<T>);
  }
}

}  // namespace

const LaneKernels lane_kernels = {{kWide<float>, gather<float>, spread<float>, sums<float>, dots<float>},
                                  {kWide<double>, gather<double>, spread<double>, sums<double>, dots<double>}};

}  // namespace wg::WG_LEVEL
