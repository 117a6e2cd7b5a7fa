// The inner loop of convolutions, compiled per level: an element of each position's window by vectors of channels.
#include "window_tiles.h"

#include "turn.h"
#include "vectors.h"

namespace wg::WG_LEVEL {
namespace {

// As many sums as there are registers for, beside a vector of each column and one element.
constexpr int kRows = kVectorBytes == 64 ? 8 : 4;
constexpr int kVectors = 3;

constexpr int64_t kPlaced = 4 * kRows;  // positions whose results go to y together: whole cache lines of its planes

// Results of `n` positions, channels in rows of `Side`, to planes of y, where positions are `step` apart.
template <class T, int64_t Side>
inline void place(int64_t channels, int64_t n, const T* part, T* y, int64_t y_step, int64_t step) {
  int64_t c = 0;
  if (step == 1)
    for (; c + 4 <= channels; c += 4) {
      int64_t i = 0;
      for (; i + 4 <= n; i += 4) turn(part + i * Side + c, Side, y + c * y_step + i, y_step);
      for (; i < n; ++i)
        for (int64_t v = c; v < c + 4; ++v) y[v * y_step + i] = part[i * Side + v];
    }
  for (; c < channels; ++c)
    for (int64_t i = 0; i < n; ++i) y[c * y_step + i * step] = part[i * Side + c];
}

template <class T, int C>
[[gnu::noinline]] void block(const WindowPanel<T>& p, int64_t first, T* to) {
  constexpr int64_t W = kWide<T>, Side = C * W;
  typedef Wide<T> V;
  V acc[kRows][C];
  const T *row[kRows], *w = p.w;
#pragma GCC unroll 8
  for (int i = 0; i < kRows; ++i) {
    row[i] = p.x + p.at[first + i];
    for (int j = 0; j < C; ++j) acc[i][j] = load<V>((p.bias ? p.bias : to + i * Side) + j * W);
  }
  const int32_t* taps = p.taps;
  const int64_t plane = p.lines * p.row, low = p.low[first / kRows] * p.row, high = p.high[first / kRows] * p.row;
  for (int64_t a = 0; a < p.planes; ++a, taps += plane, w += plane * Side)
    for (int64_t k = low; k < high; ++k) {
      const int64_t at = taps[k];
      V right[C];
      for (int j = 0; j < C; ++j) right[j] = load<V>(w + k * Side + j * W);
#pragma GCC unroll 8
      for (int i = 0; i < kRows; ++i) {
        const T one = row[i][at];
#pragma GCC unroll 3
        for (int j = 0; j < C; ++j) acc[i][j] += one * right[j];
      }
    }
#pragma GCC unroll 8
  for (int i = 0; i < kRows; ++i)
    for (int j = 0; j < C; ++j) store(to + i * Side + j * W, acc[i][j]);
}

// Lines that will be written are on their way to the cache meanwhile.
template <class T>
inline void await(const WindowPanel<T>& p, int64_t first, int64_t n) {
  constexpr int64_t kLine = 64 / sizeof(T);
  for (int64_t c = 0; c < p.channels; ++c)
    for (int64_t i = 0; i < n; i += kLine) __builtin_prefetch(p.y + c * p.y_step + p.to[first + i], 1);
}

template <class T, int C>
void panel(const WindowPanel<T>& p) {
  constexpr int64_t Side = C * kWide<T>;
  alignas(64) T room[kPlaced * Side];
  for (int64_t first = 0; first < p.positions; first += kPlaced) {
    const int64_t n = p.positions - first < kPlaced ? p.positions - first : kPlaced;
    if (p.y) await(p, first, n);
    T* part = p.sums ? p.sums + first * Side : room;
    for (int64_t i = 0; i + kRows <= n; i += kRows) block<T, C>(p, first + i, part + i * Side);
    if (const int64_t rest = n % kRows) {  // there is no room for a whole block
      T* from = part + (n - rest) * Side;
      alignas(64) T last[kRows * Side];
      for (int64_t i = 0; i < rest * Side; ++i) last[i] = p.bias ? T(0) : from[i];
      block<T, C>(p, first + n - rest, last);
      for (int64_t i = 0; i < rest * Side; ++i) from[i] = last[i];
    }
    if (!p.y) continue;
    const int64_t* to = p.to + first;
    for (int64_t i = 0, run; i < n; i += run) {
      const int64_t step = i + 1 < n ? to[i + 1] - to[i] : 1;
      for (run = 1; i + run < n && to[i + run] - to[i + run - 1] == step;) ++run;
      place<T, Side>(p.channels, run, part + i * Side, p.y + to[i], p.y_step, step);
    }
  }
}

template <class T>
void multiply(const WindowPanel<T>& p) {
  p.vectors == 1 ? panel<T, 1>(p) : p.vectors == 2 ? panel<T, 2>(p) : panel<T, kVectors>(p);
}

template <class T>
void turned(int64_t channels, int64_t positions, const T* from, int64_t step, T* to, int64_t side) {
  turn_all<4>(channels, positions, from, step, to, side);
  for (int64_t c = channels; c < side; ++c)
    for (int64_t i = 0; i < positions; ++i) to[i * side + c] = T(0);
}

}  // namespace

const WindowTiles window_tiles = {{kRows, kWide<float>, kVectors, multiply<float>, turned<float>},
                                  {kRows, kWide<double>, kVectors, multiply<double>, turned<double>}};

}  // namespace wg::WG_LEVEL
