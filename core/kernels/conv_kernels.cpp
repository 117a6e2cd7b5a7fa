// Taps of convolutions of float and double, compiled per level.
#ifndef WG_LEVEL
#define WG_LEVEL generic
#endif
#include "conv_kernels.h"

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
    for (; i < cols; ++i) rest += y[i] * x[i * step];
  }
  for (int64_t half = kLanes / 2; half >= 1; half /= 2)
    for (int64_t v = 0; v < half; ++v) lane[v] += lane[v + half];
  return rest + lane[0];
}

}  // namespace

const ConvKernels conv_kernels = {{gather<float>, scatter<float>, dot<float>},
                                  {gather<double>, scatter<double>, dot<double>}};

}  // namespace wg::WG_LEVEL
