// Convolution as matrix products over unfolded windows.
#pragma once
#include <cstdint>

#include "../dtype.h"

namespace wg {

// Windows over one image of up to three dims; fewer dims have leading ones.
struct Windows {
  int64_t in[3] = {1, 1, 1}, out[3] = {1, 1, 1}, kernel[3] = {1, 1, 1}, stride[3] = {1, 1, 1}, padding[3] = {0, 0, 0},
          dilation[3] = {1, 1, 1};
  int64_t in_size() const { return in[0] * in[1] * in[2]; }
  int64_t out_rows() const { return out[0] * out[1]; }
  int64_t out_size() const { return out_rows() * out[2]; }
  int64_t taps() const { return kernel[0] * kernel[1] * kernel[2]; }
  bool plain() const {  // a window is one element: nothing to unfold
    bool one = true;
    for (int i = 0; i < 3; ++i) one &= kernel[i] == 1 && stride[i] == 1 && padding[i] == 0;
    return one;
  }
};

// cols[(c * taps + tap) * ld + column] for `channels` channels of x and the columns of output rows [first, last);
// what lies in the padding is 0. fold adds the columns back to x.
void unfold(DType dtype, const Windows& w, int64_t channels, const char* x, char* cols, int64_t ld, int64_t first,
            int64_t last);
void fold(DType dtype, const Windows& w, int64_t channels, const char* cols, int64_t ld, char* x, int64_t first,
          int64_t last);

// y[n, o] = sum over c of w[o, c] * x[n, c], where w is a window; groups split the channels.
struct Conv {
  DType dtype;
  DType rounded = DType::Float32;  // of conv_input: half precision, to which every product and every sum is rounded
  Windows w;
  int64_t images, groups, in_channels, out_channels;  // channels of one group
};
void conv_forward(const Conv& s, const char* x, const char* weight, const char* bias, char* y);
// room: as many elements as the weight has, if conv_input_reverses.
bool conv_input_reverses(const Conv& s);
void conv_input(const Conv& s, const char* g, const char* weight, char* room, char* gx);
// scratch: as many zeros as conv_weight_room says.
int64_t conv_weight_room(const Conv& s);
void conv_weight(const Conv& s, const char* g, const char* x, char* scratch, char* gw);

}  // namespace wg
