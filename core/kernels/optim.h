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

template <class T>
struct RmspropStep {
  T sign, decay, alpha, weight, eps, momentum, negative_lr;
};

template <class T>
struct AdagradStep {
  T sign, decay, eps, negative_size;
};

// `buffer`, `largest` and `centre` may be null: no momentum, no AMSGrad, not centered.
void sgd_step(float* p, const float* grad, float* buffer, int64_t n, const SgdStep<float>& s);
void sgd_step(double* p, const double* grad, double* buffer, int64_t n, const SgdStep<double>& s);
void adam_step(float* p, const float* grad, float* mean, float* square, float* largest, int64_t n,
               const AdamStep<float>& s);
void adam_step(double* p, const double* grad, double* mean, double* square, double* largest, int64_t n,
               const AdamStep<double>& s);

void rmsprop_step(float* p, const float* grad, float* square, float* centre, float* buffer, int64_t n,
                  const RmspropStep<float>& s);
void rmsprop_step(double* p, const double* grad, double* square, double* centre, double* buffer, int64_t n,
                  const RmspropStep<double>& s);
void adagrad_step(float* p, const float* grad, float* sum, int64_t n, const AdagradStep<float>& s);
void adagrad_step(double* p, const double* grad, double* sum, int64_t n, const AdagradStep<double>& s);

}  // namespace wg
