// Gates and states of recurrent cells for float and double, compiled per level.
#ifndef WG_LEVEL
#define WG_LEVEL generic
#endif
#include "recurrence_kernels.h"

#include "../simd/math.h"

namespace wg::WG_LEVEL {
namespace {

#define WG_ROW [[gnu::noinline]] void

template <class T>
void begin(int64_t n, int64_t width, const T* from, const T* row, T* __restrict to) {
  for (int64_t r = 0; r < n; ++r, to += width) {
    const T* own = from ? from + r * width : nullptr;
    if (own && row)
      for (int64_t k = 0; k < width; ++k) to[k] = own[k] + row[k];
    else if (own || row)
      __builtin_memcpy(static_cast<void*>(to), own ? own : row, size_t(width) * sizeof(T));
    else
      for (int64_t k = 0; k < width; ++k) to[k] = 0;
  }
}

template <class T>
WG_ROW lstm_row(int64_t w, T* __restrict s, T* __restrict extra, T* __restrict hidden, T* __restrict cell) {
  T *i = s, *f = s + w, *g = s + 2 * w, *o = s + 3 * w;
  for (int64_t k = 0; k < 2 * w; ++k) s[k] = sigmoid(s[k]);
  for (int64_t k = 0; k < w; ++k) g[k] = tanh(g[k]);
  for (int64_t k = 0; k < w; ++k) o[k] = sigmoid(o[k]);
  for (int64_t k = 0; k < w; ++k) {
    const T c = f[k] * cell[k] + i[k] * g[k], t = tanh(c);
    extra[k] = cell[k], extra[w + k] = t;
    cell[k] = c, hidden[k] = o[k] * t;
  }
}

template <class T>
WG_ROW gru_row(int64_t w, T* __restrict s, T* __restrict extra, T* __restrict hidden) {
  for (int64_t k = 0; k < 2 * w; ++k) s[k] = sigmoid(extra[k] + s[k]);
  for (int64_t k = 0; k < w; ++k) {
    const T n = tanh(s[2 * w + k] + s[k] * extra[2 * w + k]);
    s[2 * w + k] = n;
    hidden[k] = (hidden[k] - n) * s[w + k] + n;
  }
}

template <class T>
WG_ROW tanh_row(int64_t w, T* __restrict s, T* __restrict hidden) {
  for (int64_t k = 0; k < w; ++k) hidden[k] = tanh(s[k]);
}
template <class T>
WG_ROW relu_row(int64_t w, T* __restrict s, T* __restrict hidden) {
  for (int64_t k = 0; k < w; ++k) hidden[k] = s[k] < T(0) ? T(0) : s[k];
}

template <class T>
void step(Cell kind, const CellStep<T>& a, int64_t begin, int64_t end) {
  const int64_t w = a.width;
  for (int64_t r = begin; r < end; ++r) {
    T* hidden = a.hidden + r * w;
    switch (kind) {
      case Cell::Lstm: lstm_row(w, a.gates + r * 4 * w, a.extra + r * 2 * w, hidden, a.cell + r * w); break;
      case Cell::Gru: gru_row(w, a.gates + r * 3 * w, a.extra + r * 3 * w, hidden); break;
      case Cell::Tanh: tanh_row(w, a.gates + r * w, hidden); break;
      case Cell::Relu: relu_row(w, a.gates + r * w, hidden); break;
    }
  }
}

template <class T>
WG_ROW lstm_back(int64_t w, const T* __restrict s, const T* __restrict extra, T* __restrict dh, T* __restrict dc,
                 T* __restrict ds) {
  const T *i = s, *f = s + w, *g = s + 2 * w, *o = s + 3 * w, *before = extra, *t = extra + w;
  for (int64_t k = 0; k < w; ++k) {
    const T c = dc[k] + dh[k] * o[k] * (T(1) - t[k] * t[k]);
    ds[k] = c * g[k] * i[k] * (T(1) - i[k]);
    ds[w + k] = c * before[k] * f[k] * (T(1) - f[k]);
    ds[2 * w + k] = c * i[k] * (T(1) - g[k] * g[k]);
    ds[3 * w + k] = dh[k] * t[k] * o[k] * (T(1) - o[k]);
    dc[k] = c * f[k], dh[k] = 0;
  }
}

template <class T>
WG_ROW gru_back(int64_t w, const T* __restrict s, const T* __restrict extra, const T* __restrict before,
                T* __restrict dh, T* __restrict ds, T* __restrict dhs) {
  const T *r = s, *z = s + w, *n = s + 2 * w;
  for (int64_t k = 0; k < w; ++k) {
    const T dn = dh[k] * (T(1) - z[k]) * (T(1) - n[k] * n[k]);
    const T dr = dn * extra[2 * w + k] * r[k] * (T(1) - r[k]);
    const T dz = dh[k] * (before[k] - n[k]) * z[k] * (T(1) - z[k]);
    ds[k] = dr, ds[w + k] = dz, ds[2 * w + k] = dn;
    dhs[k] = dr, dhs[w + k] = dz, dhs[2 * w + k] = dn * r[k];
    dh[k] *= z[k];
  }
}

template <class T>
WG_ROW simple_back(bool relu, int64_t w, const T* __restrict out, T* __restrict dh, T* __restrict ds) {
  for (int64_t k = 0; k < w; ++k) {
    ds[k] = relu ? (out[k] > T(0) ? dh[k] : T(0)) : dh[k] * (T(1) - out[k] * out[k]);
    dh[k] = 0;
  }
}

template <class T>
void back(Cell kind, const CellBack<T>& a, int64_t begin, int64_t end) {
  const int64_t w = a.width;
  for (int64_t r = begin; r < end; ++r) {
    T* dh = a.hidden + r * w;
    if (a.grad)
      for (int64_t k = 0; k < w; ++k) dh[k] += a.grad[r * w + k];
    if (kind == Cell::Lstm)
      lstm_back(w, a.gates + r * 4 * w, a.extra + r * 2 * w, dh, a.cell + r * w, a.sums + r * 4 * w);
    else if (kind == Cell::Gru)
      gru_back(w, a.gates + r * 3 * w, a.extra + r * 3 * w, a.before + r * w, dh, a.sums + r * 3 * w,
               a.hidden_sums + r * 3 * w);
    else
      simple_back(kind == Cell::Relu, w, a.out + r * w, dh, a.sums + r * w);
  }
}

}  // namespace

const RecurrenceKernels recurrence_kernels = {{begin<float>, step<float>, back<float>},
                                              {begin<double>, step<double>, back<double>}};

}  // namespace wg::WG_LEVEL
