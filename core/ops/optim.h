// Optimizers that look at whole tensors: the step of one parameter.
#pragma once
#include <span>

#include "../kernels/optim.h"
#include "../tensor.h"

namespace wg {

// Contiguous tensors of one dtype, float32 or float64; states that there are not are null.
struct WholeStep {
  const double* options;
  double sign;  // -1 to climb
  const Counter* counters;
  Tensor* p;
  Tensor* grad;
  Tensor* state[kRuleStates];
};

struct WholeRule : RuleText {
  bool (*fits)(const WholeStep& s);  // false: the step is not for run()
  void (*run)(const WholeStep& s);
};

std::span<const WholeRule> whole_rules();

}  // namespace wg
