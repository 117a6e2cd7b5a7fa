// Update rules of optimizers: what each reads of a parameter group, which states it keeps, its loop over the elements.
#pragma once
#include <cstdint>
#include <span>

#include "../dtype.h"
#include "levels.h"

namespace wg {

inline constexpr int kRuleOptions = 8, kRuleCounters = 3, kRuleStates = 3, kRuleNumbers = 12;

// A state of one element, such as the number of steps taken; float32 unless `wide`.
struct Counter {
  void* at;
  bool wide;
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

struct UpdateRule {
  const char* name;
  const char* options;   // read as numbers, in this order; "betas.0" is the first of a pair
  const char* flags;     // "weight_decay", "decoupled" and "capturable", as far as the optimizer has them
  const char* counters;  // states of one element
  const char* states;    // states of the parameter's shape; "buffer?momentum": where that option is not zero
  bool complex;          // complex parameters are stepped as pairs of real ones
  // Moves the counters on and returns the numbers that the loop needs; once a parameter.
  void (*plan)(const double* options, const Counter* counters, double* numbers);
  void (*run)(const double* numbers, const Start& start, const Piece& piece);
};

struct OptimKernels {
  std::span<const UpdateRule> rules;
};
WG_LEVEL_TABLE(OptimKernels, optim_kernels, optim_table)

}  // namespace wg
