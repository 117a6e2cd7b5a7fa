// Maxima of rows of windows of float and double, compiled per level: a tap at a time over many windows.
#include "pool_kernels.h"

#include <limits>

#include "vectors.h"

namespace wg::WG_LEVEL {
namespace {

constexpr int64_t kWindows = 64;

// The first maximum wins, and nan beats all. kStride is known for the usual windows (0: not).
template <class T, int kStride>
void max_block(const WindowRow& w, int64_t n, const T* x, T* top, int32_t* best) {
  const int64_t stride = kStride ? kStride : w.stride;
  for (int64_t i = 0; i < n; ++i) top[i] = -std::numeric_limits<T>::infinity(), best[i] = 0;
  for (int64_t r = 0; r < w.rows; ++r)
    for (int64_t c = 0; c < w.cols; ++c) {
      const int64_t at = r * w.row_step + c * w.col_step;
      const T* from = x + at;
      for (int64_t i = 0; i < n; ++i) {
        const T v = from[i * stride];
        const bool take = (v > top[i]) | (v != v);
        top[i] = take ? v : top[i];
        best[i] = take ? int32_t(at) : best[i];
      }
    }
}

// A vector of elements, kStride apart: what lies past the last one is not touched.
template <class T, int kStride>
[[gnu::always_inline]] inline Wide<T> apart(const T* x) {
  constexpr int W = int(kWide<T>);
  if constexpr (kStride == 1)
    return load<Wide<T>>(x);
  else
    return shuffled<T, W>(load<Wide<T>>(x), load<Wide<T>>(x + W - 1),
                          [](int i) constexpr { return 2 * i < W ? 2 * i : 2 * i + 1; });
}
// The maxima alone, of a row with at least a vector of windows; the last vector goes over the end of the one before.
template <class T, int kStride>
void max_values(const WindowRow& w, const T* x, T* y) {
  constexpr int64_t W = kWide<T>;
  for (int64_t at = 0; at < w.n; at += W) {
    const int64_t first = at + W < w.n ? at : w.n - W;
    Wide<T> top = Wide<T>{} - std::numeric_limits<T>::infinity();
    for (int64_t r = 0; r < w.rows; ++r)
      for (int64_t c = 0; c < w.cols; ++c) {
        const Wide<T> v = apart<T, kStride>(x + first * kStride + r * w.row_step + c * w.col_step);
        top = (v > top) | (v != v) ? v : top;
      }
    store(y + first, top);
  }
}

template <class T>
void max_row(const WindowRow& w, const T* x, T* y, int64_t* indices) {
  if (!indices && w.n >= kWide<T> && w.stride <= 2)
    return w.stride == 1 ? max_values<T, 1>(w, x, y) : max_values<T, 2>(w, x, y);
  int32_t best[kWindows];
  T top[kWindows];
  for (int64_t first = 0; first < w.n; first += kWindows) {
    const int64_t n = w.n - first < kWindows ? w.n - first : kWindows;
    const T* from = x + first * w.stride;
    (w.stride == 1 ? max_block<T, 1> : w.stride == 2 ? max_block<T, 2> : max_block<T, 0>)(w, n, from, top, best);
    for (int64_t i = 0; i < n; ++i) y[first + i] = top[i];
    for (int64_t i = 0; indices && i < n; ++i) indices[first + i] = w.index + (first + i) * w.stride + best[i];
  }
}

}  // namespace

const PoolKernels pool_kernels = {max_row<float>, max_row<double>};

}  // namespace wg::WG_LEVEL
