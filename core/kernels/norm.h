// Normalisation over rows (layer and RMS norm) and over planes of channels (batch and group norm).
#pragma once
#include <cstdint>

#include "../dtype.h"

namespace wg {

inline constexpr int kNormParts = 16;

// rows x n, contiguous; Float32 or Float64.
struct RowNorm {
  DType dtype;
  int64_t rows, n;
  bool centred;  // false: RMS norm
};
void row_norm(const RowNorm& s, double eps, const char* x, const char* w, const char* b, char* y, char* mean,
              char* rstd);
// gx, and gw and gb (may be null) of n each. scratch: zeros, 2 * kNormParts * n elements.
void row_norm_backward(const RowNorm& s, const char* g, const char* x, const char* mean, const char* rstd,
                       const char* w, char* scratch, char* gx, char* gw, char* gb);
// The gradients of weight and bias in half precision, rounded after every row; gw and gb are zeros.
void row_weights_backward(const RowNorm& s, const char* g, const char* x, const float* mean, const float* rstd,
                          char* gw, char* gb);

// images x channels x n, contiguous; n of 1 without groups is rows of features. Group norm takes statistics over
// `channels / groups` channels of one image; batch norm (groups == 0) over one channel of all images.
struct PlaneNorm {
  DType dtype;
  int64_t images, channels, n, groups;
  int64_t sets() const { return groups ? images * groups : channels; }
  int64_t count() const { return groups ? channels / groups * n : images * n; }
  bool features() const { return n == 1 && !groups; }
};
// mean and variance (sum of squares over count()) of every set, in double.
void plane_stats(const PlaneNorm& s, const char* x, double* mean, double* variance);
// y = (x - mean) * rstd * w + b.
void plane_apply(const PlaneNorm& s, const char* x, const double* mean, const double* rstd, const char* w,
                 const char* b, char* y);
// gx (may be null), gw, gb (null or `channels` each). fixed: mean and rstd do not depend on x.
// scratch: 2 * images * channels doubles, of features 2 * channels.
void plane_backward(const PlaneNorm& s, const char* g, const char* x, const double* mean, const double* rstd,
                    const char* w, bool fixed, double* scratch, char* gx, char* gw, char* gb);

}  // namespace wg
