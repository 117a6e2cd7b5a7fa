// Convolution of few channels a group: as many groups, of one image or some, as a vector has lanes go side by side.
#pragma once
#include "conv.h"

namespace wg {

bool fills_lanes(const Conv& s);  // planes of Float32 or Float64, whose groups fill vectors
void lanes_forward(const Conv& s, const char* x, const char* weight, const char* bias, char* y);
void lanes_input(const Conv& s, const char* g, const char* weight, char* gx);
// sums: as many zeros as lanes_weight_room says.
int64_t lanes_weight_room(const Conv& s);
void lanes_weight(const Conv& s, const char* g, const char* x, char* sums, char* gw);

}  // namespace wg
