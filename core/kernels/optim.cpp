// Steps of optimizers. Each operation is rounded as torch's own sequence of ops rounds it, so the bits agree.
#include "optim.h"

#include <cmath>

#include "random_clones.h"

#define WG_ALWAYS inline __attribute__((always_inline))

namespace wg {
namespace {

WG_ALWAYS float fused(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
WG_ALWAYS double fused(double a, double b, double c) { return __builtin_fma(a, b, c); }

template <bool Decay, bool Momentum, class T>
WG_ALWAYS void sgd_loop(T* __restrict p, const T* __restrict grad, T* __restrict buffer, int64_t n, const SgdStep<T> s) {
  for (int64_t i = 0; i < n; ++i) {
    T g = s.sign * grad[i];
    if constexpr (Decay) g = fused(p[i], s.decay, g);
    if constexpr (Momentum) {
      T b = fused(g, s.undamped, buffer[i] * s.momentum);
      buffer[i] = b;
      g = s.nesterov ? fused(b, s.momentum, g) : b;
    }
    p[i] = fused(g, s.negative_lr, p[i]);
  }
}

template <class T>
WG_ALWAYS void sgd_any(T* p, const T* grad, T* buffer, int64_t n, const SgdStep<T>& s) {
  if (s.decay != T(0)) {
    if (buffer) sgd_loop<true, true>(p, grad, buffer, n, s);
    else sgd_loop<true, false>(p, grad, buffer, n, s);
  } else {
    if (buffer) sgd_loop<false, true>(p, grad, buffer, n, s);
    else sgd_loop<false, false>(p, grad, buffer, n, s);
  }
}

enum class Decay { None, Gradient, Parameter };

template <Decay D, bool Largest, class T>
WG_ALWAYS void adam_loop(T* __restrict p, const T* __restrict grad, T* __restrict mean, T* __restrict square,
                         T* __restrict largest, int64_t n, const AdamStep<T> s) {
  // lerp goes from the nearer end.
  const bool near = std::fabs(s.weight1) < T(0.5);
  const T weight = near ? s.weight1 : s.weight1 - T(1);
  for (int64_t i = 0; i < n; ++i) {
    T x = p[i], g = s.sign * grad[i];
    if constexpr (D == Decay::Parameter) x *= s.shrink;
    if constexpr (D == Decay::Gradient) g = fused(x, s.decay, g);
    T m = mean[i];
    m = fused(weight, g - m, near ? m : g);
    mean[i] = m;
    T v = fused(s.weight2 * g, g, square[i] * s.beta2);
    square[i] = v;
    if constexpr (Largest) {
      // maximum hands nan on.
      T l = largest[i];
      v = l != l ? l : (v > l || v != v ? v : l);
      largest[i] = v;
    }
    p[i] = x + (s.negative_size * m) / (std::sqrt(v) / s.root + s.eps);
  }
}

template <class T>
WG_ALWAYS void adam_any(T* p, const T* grad, T* mean, T* square, T* largest, int64_t n, const AdamStep<T>& s) {
  if (s.decay == T(0)) {
    if (largest) adam_loop<Decay::None, true>(p, grad, mean, square, largest, n, s);
    else adam_loop<Decay::None, false>(p, grad, mean, square, largest, n, s);
  } else if (s.decoupled) {
    if (largest) adam_loop<Decay::Parameter, true>(p, grad, mean, square, largest, n, s);
    else adam_loop<Decay::Parameter, false>(p, grad, mean, square, largest, n, s);
  } else {
    if (largest) adam_loop<Decay::Gradient, true>(p, grad, mean, square, largest, n, s);
    else adam_loop<Decay::Gradient, false>(p, grad, mean, square, largest, n, s);
  }
}

}  // namespace

WG_CLONES void sgd_step(float* p, const float* grad, float* buffer, int64_t n, const SgdStep<float>& s) {
  sgd_any(p, grad, buffer, n, s);
}
WG_CLONES void sgd_step(double* p, const double* grad, double* buffer, int64_t n, const SgdStep<double>& s) {
  sgd_any(p, grad, buffer, n, s);
}
WG_CLONES void adam_step(float* p, const float* grad, float* mean, float* square, float* largest, int64_t n,
                         const AdamStep<float>& s) {
  adam_any(p, grad, mean, square, largest, n, s);
}
WG_CLONES void adam_step(double* p, const double* grad, double* mean, double* square, double* largest, int64_t n,
                         const AdamStep<double>& s) {
  adam_any(p, grad, mean, square, largest, n, s);
}

}  // namespace wg
