// Fills strided memory with samples, drawing from the engine in torch's order and with torch's roundings.
#pragma once
#include <cstdint>

#include "../dtype.h"
#include "random_engine.h"
#include "random_walk.h"

namespace wg {

// float32, float64, float16, bfloat16 only: the caller sees to it. Complex tensors come as pairs of reals.
void fill_uniform(RandomEngine&, const Walk&, DType, void* out, double from, double to);
void fill_normal(RandomEngine&, const Walk&, DType, void* out, double mean, double std, bool contiguous);
void fill_exponential(RandomEngine&, const Walk&, DType, void* out, double lambda);
void fill_log_normal(RandomEngine&, const Walk&, DType, void* out, double mean, double std);
void fill_cauchy(RandomEngine&, const Walk&, DType, void* out, double median, double sigma);
// Every real dtype (fill_geometric: but bool).
void fill_geometric(RandomEngine&, const Walk&, DType, void* out, double p);
void fill_bernoulli(RandomEngine&, const Walk&, DType, void* out, double p);
// Operand 1 of the walk holds the probabilities; false when one is outside of [0, 1].
bool fill_bernoulli_from(RandomEngine&, const Walk&, DType, void* out, DType p_dtype, const void* p);

// Integers, cast to the dtype: base + draw % range, all 64 bits, or what the dtype holds exactly.
void fill_integers(RandomEngine&, const Walk&, DType, void* out, uint64_t range, int64_t base);
void fill_all_bits(RandomEngine&, const Walk&, DType, void* out);
void fill_integers_of(RandomEngine&, const Walk&, DType, void* out);
void fill_permutation(RandomEngine&, DType, void* out, int64_t n);  // contiguous; out need not be initialised

}  // namespace wg
