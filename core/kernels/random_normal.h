// Blocks of 16 normal samples from 16 uniform ones: what torch does for contiguous tensors of 16 elements and more.
#pragma once
#include <cstdint>

#include "../dtype.h"
#include "random_engine.h"

namespace wg {

// n >= 16. A last, incomplete block is drawn anew over the last 16 elements.
void normal_blocks(RandomEngine&, float* out, int64_t n, float mean, float std);
void normal_blocks(RandomEngine&, double* out, int64_t n, double mean, double std);
void normal_blocks(RandomEngine&, Half* out, int64_t n, float mean, float std);
void normal_blocks(RandomEngine&, BFloat16* out, int64_t n, float mean, float std);

}  // namespace wg
