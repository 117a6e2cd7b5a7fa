// Resampling along one dim: every output element is a weighted sum of a few input elements.
#pragma once
#include <cstdint>

#include "../dtype.h"

namespace wg {

// Output o of m: sum over k < taps of weight[o * taps + k] * in[index[o * taps + k]].
struct Taps {
  int64_t n, m, taps;
  const int64_t* index;
  const double* weight;
};
// x: outer x n x inner to y: outer x m x inner; Float32 or Float64. adjoint: from outer x m x inner back.
void resample(DType dtype, const Taps& t, int64_t outer, int64_t inner, const char* x, char* y);
void resample_adjoint(DType dtype, const Taps& t, int64_t outer, int64_t inner, const char* g, char* gx);

}  // namespace wg
