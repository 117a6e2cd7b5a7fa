// Convolution whose windows are read where they lie, in padded planes; output channels fill the vectors.
#pragma once
#include <algorithm>

#include "conv.h"

namespace wg {

// A convolution whose result stands at steps of a larger one.
struct Placed {
  Conv s;
  int64_t start[3] = {0, 0, 0}, step[3] = {1, 1, 1}, size[3];
  explicit Placed(const Conv& conv) : s(conv) { std::copy_n(s.w.out, 3, size); }
  int64_t out_size() const { return size[0] * size[1] * size[2]; }
};

// Element (group, out, in, tap) of a weight is data[g * group + o * out + i * in + taps[tap]].
template <class T>
struct WeightAt {
  const T* data;
  int64_t group, out, in;
  const int64_t* taps;
};

// Float32 and Float64 only, with output channels that fill vectors, and not for a few positions.
bool fills_vectors(const Conv& s);
template <class T>
void windows_forward(const Placed& d, const WeightAt<T>& weight, const T* x, const T* bias, T* y);

// sums: as many zeros as windows_weight_room says.
template <class T>
int64_t windows_weight_room(const Conv& s);
template <class T>
void windows_weight(const Conv& s, const T* g, const T* x, T* sums, T* gw);

}  // namespace wg
