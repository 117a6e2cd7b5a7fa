// Maxima and means over windows of planes of up to three dims, and moves of elements within planes.
#pragma once
#include <cstdint>

#include "../dtype.h"

namespace wg {

// The window of one output position along one dim: begin, begin + step, … below end. count: its share of the divisor.
struct Span {
  int64_t begin, end, count;
};

struct Pool {
  DType dtype;
  int64_t planes;
  int64_t in[3], out[3], step[3];
  const Span* spans[3];  // out[i] each
  int64_t divisor = 0;   // 0: the product of the counts
  bool in_turn = false;  // in half precision: divided by one count after the other
  int64_t in_size() const { return in[0] * in[1] * in[2]; }
  int64_t out_size() const { return out[0] * out[1] * out[2]; }
};

// Any dtype but bool and complex; the first maximum, nan wins; indices count within a plane. Null: not wanted.
void max_pool(const Pool& p, const char* x, char* y, int64_t* indices);
void avg_pool(const Pool& p, const char* x, char* y);
// gx += the share of g; gx is zeroed first.
void avg_pool_backward(const Pool& p, const char* g, char* gx);

// Element indices within planes of n_in (m_out indices a plane): to[index[i]] += from[i], or to[i] = from[index[i]].
// False when an index was not in [0, n); nothing is read or written there.
[[nodiscard]] bool scatter_planes(DType dtype, int64_t planes, int64_t n, int64_t m, const char* from,
                                  const int64_t* indices, char* to);
[[nodiscard]] bool gather_planes(DType dtype, int64_t planes, int64_t n, int64_t m, const char* from,
                                 const int64_t* indices, char* to);

}  // namespace wg
