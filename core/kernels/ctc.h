// Connectionist temporal classification: the recursions over the states blank, label, blank, label, …, blank.
#pragma once
#include <cstdint>

#include "../dtype.h"

namespace wg {

// log_probs: steps x samples x classes; labels: samples x width, checked; both contiguous. Float32 or Float64.
// alpha: samples x steps x (2 width + 1).
struct Ctc {
  DType dtype;
  int64_t steps, samples, classes, width, blank;
  const int64_t *labels, *input_lengths, *target_lengths;
};
void ctc_forward(const Ctc& s, const char* log_probs, char* alpha, char* loss);
// From the gradients of the losses: that by what the log_softmax was taken of (zeros beyond a sample's steps).
void ctc_backward(const Ctc& s, const char* g, const char* log_probs, const char* alpha, const char* loss, char* out);

}  // namespace wg
