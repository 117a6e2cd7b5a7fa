// Taps of convolutions of float and double, compiled per level.
#include "conv_kernels.h"
#include "turn.h"
#include "vectors.h"

namespace wg::WG_LEVEL {
namespace {

constexpr int64_t kLanes = 16;

template <class T>
void gather(T* y, int64_t y_row, const T* x, int64_t x_row, int64_t step, T w, int64_t rows, int64_t cols) {
  for (int64_t r = 0; r < rows; ++r, y += y_row, x += x_row) {
    if (step == 1)
      for (int64_t i = 0; i < cols; ++i) y[i] += w * x[i];
    else
      for (int64_t i = 0; i < cols; ++i) y[i] += w * x[i * step];
  }
}

template <class T>
void scatter(const T* y, int64_t y_row, T* x, int64_t x_row, int64_t step, T w, int64_t rows, int64_t cols) {
  for (int64_t r = 0; r < rows; ++r, y += y_row, x += x_row) {
    if (step == 1)
      for (int64_t i = 0; i < cols; ++i) x[i] += w * y[i];
    else
      for (int64_t i = 0; i < cols; ++i) x[i * step] += w * y[i];
  }
}

template <class T>
T dot(const T* y, int64_t y_row, const T* x, int64_t x_row, int64_t step, int64_t rows, int64_t cols) {
  T lane[kLanes] = {}, rest = 0;
  for (int64_t r = 0; r < rows; ++r, y += y_row, x += x_row) {
    int64_t i = 0;
    if (step == 1)
      for (; i + kLanes <= cols; i += kLanes)
        for (int64_t v = 0; v < kLanes; ++v) lane[v] += y[i + v] * x[i + v];
    else if (step == 2)
      for (; i + kLanes < cols; i += kLanes)  // not the last: the element after it may not be there
        for (int64_t v = 0; v < kLanes; ++v) lane[v] += y[i + v] * x[2 * (i + v)];
    if (step == 2)
      for (; i + 4 < cols; i += 4)
        for (int64_t v = 0; v < 4; ++v) lane[v] += y[i + v] * x[2 * (i + v)];
    for (; i < cols; ++i) rest += y[i] * x[i * step];
  }
  for (int64_t half = kLanes / 2; half >= 1; half /= 2)
    for (int64_t v = 0; v < half; ++v) lane[v] += lane[v + half];
  return rest + lane[0];
}

// to[i] = from[i] + add in vectors of W, the last over the end of the one before it; false if there are fewer.
template <class T, int W>
[[gnu::always_inline]] inline bool add_vectors(int64_t n, const T* from, T add, T* to) {
  typedef typename Vec<T, W>::type V;
  if (n < W) return false;
  for (int64_t i = 0; i + W < n; i += W) *reinterpret_cast<V*>(to + i) = *reinterpret_cast<const V*>(from + i) + add;
  *reinterpret_cast<V*>(to + n - W) = *reinterpret_cast<const V*>(from + n - W) + add;
  return true;
}
template <class T>
inline void add_row(int64_t n, const T* from, T add, T* to) {
  if (add_vectors<T, 8>(n, from, add, to) || add_vectors<T, 4>(n, from, add, to)) return;
  for (int64_t i = 0; i < n; ++i) to[i] = from[i] + add;
}

template <class T>
void lay(int64_t before, int64_t n, int64_t after, int64_t lanes, const T* from, int64_t image_step, int64_t step,
         T* to) {
  for (int64_t i = 0; i < before * lanes; ++i) *to++ = 0;
  int64_t done = 0;
  if (lanes == 1 && step == 1) {
    add_row(n, from, T(-0.0), to), done = 1;
  } else if (lanes == 1 && step == 2) {
    for (int64_t j = 0; j < n; ++j) to[j] = from[2 * j];
    done = 1;
  } else if (step == 2) {
    for (; done + 4 <= lanes; done += 4) {
      const T* images = from + done * image_step;
      int64_t j = 0;
      for (; j + 2 < n; j += 2) {
        T part[16];
        turn(images + 2 * j, image_step, part, 4);
        for (int64_t i = 0; i < 4; ++i)
          to[j * lanes + done + i] = part[i], to[(j + 1) * lanes + done + i] = part[8 + i];
      }
      for (; j < n; ++j)
        for (int64_t i = 0; i < 4; ++i) to[j * lanes + done + i] = images[i * image_step + 2 * j];
    }
  } else if (step == 1) {
    turn_all<4>(lanes, n, from, image_step, to, lanes), done = lanes;
  }
  for (; done < lanes; ++done)
    for (int64_t j = 0; j < n; ++j) to[j * lanes + done] = from[done * image_step + j * step];
  to += n * lanes;
  for (int64_t i = 0; i < after * lanes; ++i) to[i] = 0;
}

// Zeros in whole vectors: what they cover too much is written next.
template <class T>
inline void clear(int64_t n, T* to) {
  for (int64_t i = 0; i < n; i += kWide<T>) store(to + i, Wide<T>{});
}
template <class T>
void frame(int64_t rows, int64_t before, int64_t n, int64_t after, const T* from, int64_t row, T* to) {
  for (int64_t r = 0; r < rows; ++r, from += row) {
    clear(before, to);
    add_row(n, from, T(-0.0), to + before);
    clear(after, to + before + n);
    to += before + n + after;
  }
}

template <class T>
void place(int64_t n, int64_t lanes, const T* from, T add, T* to, int64_t image_step, int64_t step) {
  if (lanes == 1 && step == 1) return add_row(n, from, add, to);
  int64_t done = 0;
  if (step == 1)
    for (; done + 4 <= lanes; done += 4) {
      T part[16];
      int64_t j = 0;
      for (; j + 4 <= n; j += 4) {
        turn(from + j * lanes + done, lanes, part, 4);
        for (int i = 0; i < 4; ++i) add_row(4, part + 4 * i, add, to + (done + i) * image_step + j);
      }
      for (; j < n; ++j)
        for (int64_t i = done; i < done + 4; ++i) to[i * image_step + j] = from[j * lanes + i] + add;
    }
  for (; done < lanes; ++done)
    for (int64_t j = 0; j < n; ++j) to[done * image_step + j * step] = from[j * lanes + done] + add;
}

template <class T>
struct BitsOf {
  typedef long long type __attribute__((vector_size(kVectorBytes), aligned(sizeof(T)), may_alias));
};

template <class T>
inline Wide<T> kept(Wide<T> x, const T* mask) {
  typedef typename BitsOf<T>::type Bits;
  return Wide<T>(Bits(x) & Bits(load<Wide<T>>(mask)));
}
template <class T>
inline Wide<T> masked(const T* x, const T* mask) {
  return kept(load<Wide<T>>(x), mask);
}

template <class T, int N>
inline void flat_block(int64_t left, int64_t taps, const FlatTap<T>* t, int64_t at, const T* x, const T* w, T start,
                       T* y) {
  constexpr int64_t W = kWide<T>;
  Wide<T> acc[N];
  for (int v = 0; v < N; ++v) acc[v] = Wide<T>{} + start;
  auto add = [&](Wide<T>* sums, int64_t k) __attribute__((always_inline)) {
    for (int v = 0; v < N; ++v) sums[v] += w[k] * load<Wide<T>>(x + at + t[k].offset + v * W);
  };
  for (int64_t k = 0; k < taps;) {
    const T* mask = t[k].mask;
    if (t[k].everywhere) {
      add(acc, k++);
      continue;
    }
    Wide<T> part[N] = {};
    for (; k < taps && t[k].mask == mask; ++k) add(part, k);
    for (int v = 0; v < N; ++v) acc[v] += kept(part[v], mask + at + v * W);
  }
  T edge[N * W];
  for (int v = 0; v < N; ++v) *reinterpret_cast<Wide<T>*>(left >= N * W ? y + at + v * W : edge + v * W) = acc[v];
  if (left < N * W)
    for (int64_t i = 0; i < left; ++i) y[at + i] = edge[i];
}

template <class T>
void flat_sums(int64_t n, int64_t taps, const FlatTap<T>* t, const T* x, const T* w, T start, T* y) {
  constexpr int64_t W = kWide<T>;
  int64_t i = 0;
  for (; i + 4 * W <= n; i += 4 * W) flat_block<T, 4>(4 * W, taps, t, i, x, w, start, y);
  for (; i + 2 * W <= n; i += 2 * W) flat_block<T, 2>(2 * W, taps, t, i, x, w, start, y);
  for (; i < n; i += W) flat_block<T, 1>(n - i, taps, t, i, x, w, start, y);
}

template <class T, int N>
inline void flat_dots_of(int64_t n, const FlatTap<T>* t, const T* x, const T* g, T* lanes) {
  constexpr int64_t W = kWide<T>;
  Wide<T> acc[N];
  const T *from[N], *mask[N];
  for (int k = 0; k < N; ++k) acc[k] = load<Wide<T>>(lanes + k * W), from[k] = x + t[k].offset, mask[k] = t[k].mask;
  int64_t i = 0;
  for (; i + W <= n; i += W)
    for (int k = 0; k < N; ++k) acc[k] += load<Wide<T>>(g + i) * masked(from[k] + i, mask[k] + i);
  if (i < n) {  // what lies past the end may be anything
    T grad[W] = {};
    for (int64_t v = 0; v < n - i; ++v) grad[v] = g[i + v];
    for (int k = 0; k < N; ++k) {
      T x_edge[W] = {};
      const Wide<T> whole = masked(from[k] + i, mask[k] + i);
      for (int64_t v = 0; v < n - i; ++v) x_edge[v] = whole[v];
      acc[k] += load<Wide<T>>(grad) * load<Wide<T>>(x_edge);
    }
  }
  for (int k = 0; k < N; ++k) *reinterpret_cast<Wide<T>*>(lanes + k * W) = acc[k];
}

template <class T>
void flat_dots(int64_t n, int64_t taps, const FlatTap<T>* t, const T* x, const T* g, T* lanes) {
  constexpr int64_t W = kWide<T>;
  int64_t k = 0;
  for (; k + 5 <= taps; k += 5) flat_dots_of<T, 5>(n, t + k, x, g, lanes + k * W);
  for (; k + 2 <= taps; k += 2) flat_dots_of<T, 2>(n, t + k, x, g, lanes + k * W);
  for (; k < taps; ++k) flat_dots_of<T, 1>(n, t + k, x, g, lanes + k * W);
}

}  // namespace

const ConvKernels conv_kernels = {
    {gather<float>, scatter<float>, dot<float>},        {gather<double>, scatter<double>, dot<double>},
    {lay<float>, place<float>, frame<float>},           {lay<double>, place<double>, frame<double>},
    {kWide<float>, flat_sums<float>, flat_dots<float>}, {kWide<double>, flat_sums<double>, flat_dots<double>}};

}  // namespace wg::WG_LEVEL
