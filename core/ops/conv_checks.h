// Shapes of convolutions and what is wrong with them.
#pragma once
#include "../op.h"

namespace wg {

// One number for each of nd dims; torch's error when the list has another length.
Dims spread(const Dims& d, int nd, const char* name);
Dims conv_sizes(const Dims& in, const Dims& weight, const Dims& stride, const Dims& padding, const Dims& dilation);
Dims transposed_sizes(const Dims& in, const Dims& weight, const Dims& stride, const Dims& padding, const Dims& dilation,
                      const Dims& output_padding, int64_t groups);
void check_convolution(const Tensor& x, const Tensor& w, const Tensor* bias, const Dims& stride, const Dims& padding,
                       const Dims& dilation, bool transposed, int64_t groups);
// y[n, c, …] += bias[c].
// What the three products of convolutions trust: sizes of input, output and weight that belong together.
void check_product(const Call& c, const Dims& in, const Dims& out, const Dims& weight, const Dims& stride,
                   const Dims& padding, const Dims& dilation, int64_t groups);
void add_bias(Tensor& y, const Tensor& bias);

}  // namespace wg
