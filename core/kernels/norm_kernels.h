// The inner loops of normalisation, one table per level of x86-64.
#pragma once
#include <cstdint>

#include "levels.h"

namespace wg {

// Rows of n, contiguous: y = (x - mean) * rstd * w + b. mean (RMS norm: taken to be 0), w and b (n each) may be null.
template <class T>
struct RowsForward {
  const T *x, *w, *b;
  T *y, *mean, *rstd;
  double eps;
};
// Rows of n, contiguous: gx, gw += sum of g * xhat, gb += sum of g. mean (RMS norm: taken to be 0), w and gb may be
// null.
template <class T>
struct RowsBackward {
  const T *g, *x, *mean, *rstd, *w;
  T *gx, *gw, *gb;
};

template <class T>
struct NormOf {
  void (*rows_forward)(const RowsForward<T>& p, int64_t rows, int64_t n);
  void (*rows_backward)(const RowsBackward<T>& p, int64_t rows, int64_t n);
  // Contiguous runs.
  double (*sum)(const T* x, int64_t n);
  double (*spread)(const T* x, T mean, int64_t n);                          // sum of (x - mean)²
  void (*product)(const T* g, const T* x, T mean, int64_t n, double* out);  // sum of g, sum of g * (x - mean)
  void (*affine)(T* y, const T* x, T a, T b, int64_t n);                    // y = x * a + b
  void (*blend)(T* y, const T* g, const T* x, T a, T b, T c, int64_t n);    // y = g * a + x * b + c
  // Columns [first, last) of rows of n, one number a column: sums of x, of (x - mean)², of g and of g * (x - mean).
  void (*column_sums)(const T* x, int64_t rows, int64_t n, int64_t first, int64_t last, double* out);
  void (*column_spreads)(const T* x, const T* mean, int64_t rows, int64_t n, int64_t first, int64_t last, double* out);
  void (*column_products)(const T* g, const T* x, const T* mean, int64_t rows, int64_t n, int64_t first, int64_t last,
                          double* all, double* along);
  // Rows of n: y = x * a + b and y = g * a + x * b + c, one number a column.
  void (*affine_rows)(T* y, const T* x, const T* a, const T* b, int64_t rows, int64_t n);
  void (*blend_rows)(T* y, const T* g, const T* x, const T* a, const T* b, const T* c, int64_t rows, int64_t n);
};
struct NormKernels {
  NormOf<float> of_float;
  NormOf<double> of_double;
};
WG_LEVEL_TABLE(NormKernels, norm_kernels, norm_table)

}  // namespace wg
