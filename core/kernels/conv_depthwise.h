// Convolution where a group has one input channel.
#pragma once
#include "conv.h"

namespace wg {

bool is_depthwise(const Conv& s);  // then these are the faster way
void depthwise_forward(const Conv& s, const char* x, const char* weight, const char* bias, char* y);
void depthwise_input(const Conv& s, const char* g, const char* weight, char* gx);
void depthwise_weight(const Conv& s, const char* g, const char* x, char* gw);

}  // namespace wg
