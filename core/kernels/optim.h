// Update rules of optimizers: what each reads of a parameter group, which states it keeps, its loop over the elements.
#pragma once
#include <cstdint>
#include <span>

#include "../dtype.h"
#include "levels.h"

namespace wg {

inline constexpr int kRuleOptions = 10, kRuleCounters = 3, kRuleStates = 3, kRuleNumbers = 12;

// A state of one element, such as the number of steps taken; float32 unless `wide`.
struct Counter {
  void* at;
  bool wide;
  double get() const { return wide ? *static_cast<double*>(at) : double(*static_cast<float*>(at)); }
  void set(double value) const {
    if (wide)
      *static_cast<double*>(at) = value;
    else
      *static_cast<float*>(at) = float(value);
  }
  double next() const {
    set(get() + 1);
    return get();
  }
};

// Consecutive elements of one parameter; states that the rule does not ask for are null.
struct Piece {
  DType dtype;
  int64_t n;
  void* p;
  const void* grad;
  void* state[kRuleStates];
};

// What every rule does first: turn the gradient to climb, add the weight decay to it, or shrink the parameter.
struct Start {
  double sign, decay, shrink;
};

struct RuleText {
  const char* name;
  // Read as numbers, in this order; "betas.0" is the first of a pair, "eps.0?" is nan for None, "mode=fast" is 1 for
  // that text.
  const char* options;
  const char* flags;     // "weight_decay", "decoupled" and "capturable", as far as the optimizer has them
  const char* counters;  // states of one element
  const char* states;    // states that are tensors; "buffer?momentum": where that option is not zero
};

// A rule for each element; states are of the parameter's shape.
struct UpdateRule : RuleText {
  bool complex;  // complex parameters are stepped as pairs of real ones
  // Moves the counters on and returns the numbers that the loop needs; once a parameter.
  void (*plan)(const double* options, const Counter* counters, double* numbers);
  void (*run)(const double* numbers, const Start& start, const Piece& piece);
};

struct OptimKernels {
  std::span<const UpdateRule> rules;
};
WG_LEVEL_TABLE(OptimKernels, optim_kernels, optim_table)

// Loops of the rules that look at whole tensors; `sign` turns a gradient.
template <class T>
struct WholeLoops {
  void (*scale)(int64_t n, T* p, T factor);
  void (*add)(int64_t n, T* p, T rate, const T* update);
  // Adafactor: running means of squares from sums of squares of `count` elements, or from elements themselves; the
  // gradient over the root of the estimate `row * col / mean`.
  void (*means)(int64_t n, T* var, const T* sums, T count, T weight);
  void (*squares)(int64_t n, T* var, const T* grad, T weight, T least, T sign, T* update);
  void (*outer)(int64_t n, T row, const T* col, T mean, T least, const T* grad, T sign, T* update);
  // Muon: the direction in bfloat16, as floats, and the step along one.
  void (*momentum)(int64_t n, T* buffer, const T* grad, T pull, T look, bool nesterov, float* x);
  void (*along)(int64_t n, T* p, T shrink, T rate, const float* x);
};
struct WholeKernels {
  WholeLoops<float> of_float;
  WholeLoops<double> of_double;
  void (*divide)(int64_t n, float* x, float by);  // to bfloat16
};
WG_LEVEL_TABLE(WholeKernels, whole_kernels, whole_table)

}  // namespace wg
