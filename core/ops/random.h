// Filling tensors in place, for the bodies of ops that begin with random numbers.
#pragma once
#include "../op.h"
#include "../random.h"

namespace wg {

// The generator that is argument i of a call; the default one when there is none.
inline Generator& generator_of(const Call& c, int i) {
  return c.has(i) ? *static_cast<Generator*>(c.args[i].foreign()) : default_generator();
}

// Each checks its arguments with torch's messages. No versions are bumped: the tensors are fresh or the caller does.
void uniform_fill(Tensor& t, double from, double to, Generator& g);
void normal_fill(Tensor& t, double mean, double std, Generator& g);
void exponential_fill(Tensor& t, double lambda, Generator& g);
void bernoulli_fill(Tensor& t, double p, Generator& g);
void bernoulli_fill(Tensor& t, const Tensor& p, Generator& g);
void integer_fill(Tensor& t, int64_t from, int64_t to, Generator& g);  // [from, to)

}  // namespace wg
