// Distances of all rows of one matrix to all rows of another.
#pragma once
#include <cstdint>

#include "../dtype.h"

namespace wg {

enum class PairNorm : uint8_t { One, Two, Largest };

// batch x n x d and batch x m x d, contiguous; Float32 or Float64. Distances: batch x n x m.
struct Pairs {
  DType dtype;
  PairNorm norm;
  int64_t batch, n, m, d;
};
void pair_norms(const Pairs& s, const char* a, const char* b, char* out);
// The gradient of a, from that of the distances and the distances themselves.
void pair_norms_backward(const Pairs& s, const char* g, const char* a, const char* b, const char* distance, char* out);

}  // namespace wg
