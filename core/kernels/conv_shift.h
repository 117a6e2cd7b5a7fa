// Convolution without unfolding: the rows of a product are shifted views of padded planes.
#pragma once
#include "conv.h"

namespace wg {

// For Float32 and Float64.
bool shifts(const Conv& s);
void shift_forward(const Conv& s, const char* x, const char* weight, const char* bias, char* y);

// The gradient of the input is a convolution for each residue of a position by the stride, with the taps that reach it,
// in reverse order. room: as many elements as the weight has.
bool shifts_input(const Conv& s);
void shift_input(const Conv& s, const char* g, const char* weight, char* room, char* gx);

// sums[part, group, tap of a channel, output channel]; they are zeros before. Not for a few positions an image.
bool shifts_weight(const Conv& s);
int64_t shift_weight_parts(const Conv& s);
void shift_weight(const Conv& s, const char* g, const char* x, char* sums);

}  // namespace wg
