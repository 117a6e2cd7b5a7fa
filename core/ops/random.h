// Filling tensors in place, for the bodies of ops that begin with random numbers.
#pragma once
#include "../random.h"
#include "../tensor.h"

namespace wg {

// Each checks its arguments with torch's messages. No versions are bumped: the tensors are fresh or the caller does.
void uniform_fill(Tensor& t, double from, double to, Generator& g);
void normal_fill(Tensor& t, double mean, double std, Generator& g);
void exponential_fill(Tensor& t, double lambda, Generator& g);
void bernoulli_fill(Tensor& t, double p, Generator& g);
void bernoulli_fill(Tensor& t, const Tensor& p, Generator& g);
void integer_fill(Tensor& t, int64_t from, int64_t to, Generator& g);  // [from, to)

}  // namespace wg
