// Distributions sampled by rejection or search: poisson, binomial, gamma, dirichlet, multinomial.
#pragma once
#include <cstdint>

#include "../dtype.h"
#include "random_engine.h"
#include "random_walk.h"

namespace wg {

// Operand 0 is the result, the others are the parameters, all of one floating dtype.
void sample_poisson(RandomEngine&, const Walk&, DType, void* out, const void* rate);  // rates are not negative
void sample_binomial(RandomEngine&, const Walk&, DType, void* out, const void* count, const void* prob);
void sample_gamma(RandomEngine&, const Walk&, DType, void* out, const void* alpha);
// Contiguous rows of `columns` elements each; float32 or float64.
void normalise_gammas(DType, void* out, const double* gammas, int64_t rows, int64_t columns);

// What a row of weights may be wrong with.
enum class Weights { Fine, Negative, NotFinite, NoSum };

// `count` indices drawn with replacement from each row of weights; `sums` is room for `columns` numbers.
Weights sample_rows(RandomEngine&, DType, int64_t* out, int64_t count, const void* weights, int64_t rows,
                    int64_t columns, double* sums);

}  // namespace wg
