// The losses of CTC, one a sample: checks and room; the recursions are in kernels/ctc.
#include "../kernels/ctc.h"

#include <algorithm>

#include "calls.h"
#include "expect.h"

namespace wg {
namespace {

// Of (…, log_probs, labels, input_lengths, target_lengths, blank), log_probs at `first`, with copies of the integers:
// they may be changed between the check and their use.
struct CtcCall {
  TensorRef log_probs, labels, inputs, targets;
  Ctc s;
  CtcCall(Call& c, int first) : log_probs(contiguous(c.tensor(first))) {
    const auto copied = [&](int i) {
      const TensorRef out = empty(c.tensor(i).sizes, DType::Int64);
      copy(*out, c.tensor(i));
      return out;
    };
    labels = copied(first + 1), inputs = copied(first + 2), targets = copied(first + 3);
    const Tensor& p = *log_probs;
    expect(c, (p.dtype == DType::Float32 || p.dtype == DType::Float64) && p.ndim() == 3, "steps of float or double");
    expect(c,
           labels->ndim() == 2 && labels->size(0) == p.size(1) && inputs->numel == p.size(1) &&
               targets->numel == p.size(1),
           "labels and lengths of every sample");
    s = {p.dtype,
         p.size(0),
         p.size(1),
         p.size(2),
         labels->size(1),
         c.integer(first + 4),
         labels->as<int64_t>(),
         inputs->as<int64_t>(),
         targets->as<int64_t>()};
    expect(c, s.blank >= 0 && s.blank < s.classes, "a blank among the classes");
    for (int64_t n = 0; n < s.samples; ++n) {
      expect(c, s.input_lengths[n] >= 0 && s.input_lengths[n] <= s.steps, "no more steps than there are");
      expect(c, s.target_lengths[n] >= 0 && s.target_lengths[n] <= s.width, "no more labels than there are");
      for (int64_t k = 0; k < s.target_lengths[n]; ++k)
        expect(c, uint64_t(s.labels[n * s.width + k]) < uint64_t(s.classes), "labels among the classes");
    }
  }
  Dims alpha_sizes() const { return {s.samples, s.steps, 2 * s.width + 1}; }
};

}  // namespace

WG_OP(_ctc_losses) {
  const CtcCall call(c, 0);
  const TensorRef loss = empty({call.s.samples}, call.s.dtype), alpha = empty(call.alpha_sizes(), call.s.dtype);
  ctc_forward(call.s, call.log_probs->data(), alpha->data(), loss->data());
  c.out(loss);
  c.out(alpha);
}

// (gradients, log_probs, labels, input_lengths, target_lengths, blank, losses, alpha)
WG_OP(_ctc_losses_backward) {
  const CtcCall call(c, 1);
  const TensorRef g = contiguous(c.tensor(0)), loss = contiguous(c.tensor(6)), alpha = contiguous(c.tensor(7));
  for (const TensorRef& t : {g, loss, alpha}) expect(c, t->dtype == call.s.dtype, "tensors of one dtype");
  expect_sizes(c, g->sizes, {call.s.samples}, "gradients");
  expect_sizes(c, loss->sizes, {call.s.samples}, "losses");
  expect_sizes(c, alpha->sizes, call.alpha_sizes(), "the recursion's numbers");
  const TensorRef out = zeros(call.log_probs->sizes, call.s.dtype);
  ctc_backward(call.s, g->data(), call.log_probs->data(), alpha->data(), loss->data(), out->data());
  c.out(out);
}

}  // namespace wg
