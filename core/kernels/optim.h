// Steps of optimizers over the elements of one parameter: every state updated in one pass over memory.
#pragma once
#include <cstdint>

namespace wg {

// What one step needs, in the dtype of the parameter; `sign` is -1 to climb.
template <class T>
struct SgdStep {
  T sign, decay, momentum, undamped, negative_lr;
  bool nesterov;
};

template <class T>
struct AdamStep {
  T sign, decay, shrink, weight1, beta2, weight2, root, eps, negative_size;
  bool decoupled;
};

// `buffer` and `largest` may be null: no momentum, no AMSGrad.
void sgd_step(float* p, const float* grad, float* buffer, int64_t n, const SgdStep<float>& s);
void sgd_step(double* p, const double* grad, double* buffer, int64_t n, const SgdStep<double>& s);
void adam_step(float* p, const float* grad, float* mean, float* square, float* largest, int64_t n, const AdamStep<float>& s);
void adam_step(double* p, const double* grad, double* mean, double* square, double* largest, int64_t n, const AdamStep<double>& s);

}  // namespace wg
