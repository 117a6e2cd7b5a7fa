// Loops of Adafactor and Muon, written as torch's sequences of ops and rounded where those round.
#include "optim.h"
#include "optim_numbers.h"

namespace wg::WG_LEVEL {
namespace {

template <class T>
WG_INLINE T over_root(T grad, T square, T least) {
  return T(1) / std::sqrt(at_least(square, least)) * grad;
}
WG_INLINE float brief(double x) { return round_to(float(x), BFloat16()); }

template <class T>
void scale(int64_t n, T* __restrict p, T factor) {
  for (int64_t i = 0; i < n; ++i) p[i] *= factor;
}
template <class T>
void add(int64_t n, T* __restrict p, T rate, const T* __restrict update) {
  for (int64_t i = 0; i < n; ++i) p[i] = axpy(p[i], rate, update[i]);
}

template <bool FromStart, class T>
WG_INLINE void means_of(int64_t n, T* __restrict var, const T* __restrict sums, T count, T weight) {
  for (int64_t i = 0; i < n; ++i) {
    const T norm = std::sqrt(sums[i]);
    var[i] = lerp<FromStart>(var[i], norm * norm / count, weight);
  }
}
template <class T>
void means(int64_t n, T* var, const T* sums, T count, T weight) {
  from_start(weight) ? means_of<true>(n, var, sums, count, weight) : means_of<false>(n, var, sums, count, weight);
}

template <bool FromStart, class T>
WG_INLINE void squares_of(int64_t n, T* __restrict var, const T* __restrict grad, T weight, T least, T sign,
                          T* __restrict update) {
  for (int64_t i = 0; i < n; ++i) {
    var[i] = lerp<FromStart>(var[i], grad[i] * grad[i], weight);
    update[i] = over_root(sign * grad[i], var[i], least);
  }
}
template <class T>
void squares(int64_t n, T* var, const T* grad, T weight, T least, T sign, T* update) {
  from_start(weight) ? squares_of<true>(n, var, grad, weight, least, sign, update)
                     : squares_of<false>(n, var, grad, weight, least, sign, update);
}

template <class T>
void outer(int64_t n, T row, const T* __restrict col, T mean, T least, const T* __restrict grad, T sign,
           T* __restrict update) {
  for (int64_t i = 0; i < n; ++i) update[i] = over_root(sign * grad[i], row * col[i] / mean, least);
}

template <bool BufferFromStart, bool FromStart, class T>
WG_INLINE void momentum_of(int64_t n, T* __restrict buffer, const T* __restrict grad, T pull, T look, bool nesterov,
                           float* __restrict x) {
  for (int64_t i = 0; i < n; ++i) buffer[i] = lerp<BufferFromStart>(buffer[i], grad[i], pull);
  if (nesterov)
    for (int64_t i = 0; i < n; ++i) x[i] = brief(lerp<FromStart>(grad[i], buffer[i], look));
  else
    for (int64_t i = 0; i < n; ++i) x[i] = brief(buffer[i]);
}
template <class T>
void momentum(int64_t n, T* buffer, const T* grad, T pull, T look, bool nesterov, float* x) {
  const bool start = from_start(look);
  if (from_start(pull))
    start ? momentum_of<true, true>(n, buffer, grad, pull, look, nesterov, x)
          : momentum_of<true, false>(n, buffer, grad, pull, look, nesterov, x);
  else
    start ? momentum_of<false, true>(n, buffer, grad, pull, look, nesterov, x)
          : momentum_of<false, false>(n, buffer, grad, pull, look, nesterov, x);
}

template <class T>
void along(int64_t n, T* __restrict p, T shrink, T rate, const float* __restrict x) {
  for (int64_t i = 0; i < n; ++i) p[i] = axpy(p[i] * shrink, rate, T(x[i]));
}

void divide(int64_t n, float* __restrict x, float by) {
  for (int64_t i = 0; i < n; ++i) x[i] = brief(x[i] / by);
}

template <class T>
constexpr WholeLoops<T> kLoops = {scale<T>, add<T>, means<T>, squares<T>, outer<T>, momentum<T>, along<T>};

}  // namespace

extern const WholeKernels whole_kernels;
const WholeKernels whole_kernels = {kLoops<float>, kLoops<double>, divide};

}  // namespace wg::WG_LEVEL
