// Implicit reparameterisation: the derivative of a sample by the parameter of its distribution, at fixed probability.
#pragma once
#include <cstdint>

#include "../dtype.h"

namespace wg {

// Contiguous; float32 or float64 out. Gamma(alpha): d sample / d alpha.
void gamma_gradients(DType, void* out, const double* alpha, const double* sample, int64_t n);
// Beta(alpha, total - alpha): d sample / d alpha over (1 - sample), what the gradient of a dirichlet sample is made of.
void beta_gradients(DType, void* out, const double* sample, const double* alpha, const double* total, int64_t n);

}  // namespace wg
