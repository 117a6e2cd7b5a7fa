// Memory formats: the orders of dims in memory that a program asks for with memory_format=.
#pragma once
#include "../op.h"

namespace wg {

enum class Format : uint8_t { RowMajor, Preserve, ChannelsLast, ChannelsLast3d };

extern Foreign format_objects[4];  // what the host calls them, in this order

Held format_value(Format f);                               // as an argument of an op
Format format_at(const Call& c, int i, Format otherwise);  // argument i
// The strides of `sizes` in a format. Throws for another number of dims than the format has, and for Preserve.
Dims strides_in(Format f, const Dims& sizes);
bool lies_in(Format f, const Dims& sizes, const Dims& strides);  // torch's is_contiguous(memory_format=)
// The format that ops of images give their results in: the one of their input.
Format format_of(const Tensor& t);
TensorRef empty_in(Format f, const Tensor& like, DType dtype);  // Preserve: as empty_like
// t, or a copy with the strides of f: for the results of ops of images, whose kernels write row by row.
TensorRef laid_out(TensorRef t, Format f);
inline TensorRef laid_out_like(TensorRef t, const Tensor& x) { return laid_out(std::move(t), format_of(x)); }
// The format that all of these have, else row-major.
Format common_format(const std::vector<TensorRef>& tensors);

}  // namespace wg
