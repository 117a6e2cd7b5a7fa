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
WG_ALWAYS void sgd_loop(T* __restrict p, const T* __restrict grad, T* __restrict buffer, int64_t n,
                        const SgdStep<T> s) {
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
    if (buffer)
      sgd_loop<true, true>(p, grad, buffer, n, s);
    else
      sgd_loop<true, false>(p, grad, buffer, n, s);
  } else {
    if (buffer)
      sgd_loop<false, true>(p, grad, buffer, n, s);
    else
      sgd_loop<false, false>(p, grad, buffer, n, s);
  }
}

enum class Decay { None, Gradient, Parameter };

// One step from a towards b; from the nearer end, as lerp goes.
template <class T>
struct Mean {
  bool near;
  T weight;
  explicit WG_ALWAYS Mean(T w) : near(std::fabs(w) < T(0.5)), weight(near ? w : w - T(1)) {}
  WG_ALWAYS T operator()(T a, T b) const { return fused(weight, b - a, near ? a : b); }
};

template <Decay D, bool Largest, class T>
WG_ALWAYS void adam_loop(T* __restrict p, const T* __restrict grad, T* __restrict mean, T* __restrict square,
                         T* __restrict largest, int64_t n, const AdamStep<T> s) {
  const Mean<T> lerp(s.weight1);
  for (int64_t i = 0; i < n; ++i) {
    T x = p[i], g = s.sign * grad[i];
    if constexpr (D == Decay::Parameter) x *= s.shrink;
    if constexpr (D == Decay::Gradient) g = fused(x, s.decay, g);
    T m = lerp(mean[i], g);
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
    if (largest)
      adam_loop<Decay::None, true>(p, grad, mean, square, largest, n, s);
    else
      adam_loop<Decay::None, false>(p, grad, mean, square, largest, n, s);
  } else if (s.decoupled) {
    if (largest)
      adam_loop<Decay::Parameter, true>(p, grad, mean, square, largest, n, s);
    else
      adam_loop<Decay::Parameter, false>(p, grad, mean, square, largest, n, s);
  } else {
    if (largest)
      adam_loop<Decay::Gradient, true>(p, grad, mean, square, largest, n, s);
    else
      adam_loop<Decay::Gradient, false>(p, grad, mean, square, largest, n, s);
  }
}

template <bool Centered, bool Momentum, class T>
WG_ALWAYS void rmsprop_loop(T* __restrict p, const T* __restrict grad, T* __restrict square, T* __restrict centre,
                            T* __restrict buffer, int64_t n, const RmspropStep<T> s) {
  const Mean<T> lerp(s.weight);
  const bool decays = s.decay != T(0);
  for (int64_t i = 0; i < n; ++i) {
    T x = p[i], g = s.sign * grad[i];
    g = decays ? fused(x, s.decay, g) : g;
    T v = fused(s.weight * g, g, square[i] * s.alpha);
    square[i] = v;
    if constexpr (Centered) {
      T c = lerp(centre[i], g);
      centre[i] = c;
      v = fused(-c, c, v);
    }
    T spread = std::sqrt(v) + s.eps;
    if constexpr (Momentum) {
      T b = buffer[i] * s.momentum + g / spread;
      buffer[i] = b;
      p[i] = fused(b, s.negative_lr, x);
    } else {
      p[i] = x + (s.negative_lr * g) / spread;
    }
  }
}

template <class T>
WG_ALWAYS void rmsprop_any(T* p, const T* grad, T* square, T* centre, T* buffer, int64_t n, const RmspropStep<T>& s) {
  if (centre) {
    if (buffer)
      rmsprop_loop<true, true>(p, grad, square, centre, buffer, n, s);
    else
      rmsprop_loop<true, false>(p, grad, square, centre, buffer, n, s);
  } else {
    if (buffer)
      rmsprop_loop<false, true>(p, grad, square, centre, buffer, n, s);
    else
      rmsprop_loop<false, false>(p, grad, square, centre, buffer, n, s);
  }
}

template <class T>
WG_ALWAYS void adagrad_loop(T* __restrict p, const T* __restrict grad, T* __restrict sum, int64_t n,
                            const AdagradStep<T> s) {
  const bool decays = s.decay != T(0);
  for (int64_t i = 0; i < n; ++i) {
    T x = p[i], g = s.sign * grad[i];
    g = decays ? fused(x, s.decay, g) : g;
    T v = fused(g, g, sum[i]);
    sum[i] = v;
    p[i] = x + (s.negative_size * g) / (std::sqrt(v) + s.eps);
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

WG_CLONES void rmsprop_step(float* p, const float* grad, float* square, float* centre, float* buffer, int64_t n,
                            const RmspropStep<float>& s) {
  rmsprop_any(p, grad, square, centre, buffer, n, s);
}
WG_CLONES void rmsprop_step(double* p, const double* grad, double* square, double* centre, double* buffer, int64_t n,
                            const RmspropStep<double>& s) {
  rmsprop_any(p, grad, square, centre, buffer, n, s);
}
WG_CLONES void adagrad_step(float* p, const float* grad, float* sum, int64_t n, const AdagradStep<float>& s) {
  adagrad_loop(p, grad, sum, n, s);
}
WG_CLONES void adagrad_step(double* p, const double* grad, double* sum, int64_t n, const AdagradStep<double>& s) {
  adagrad_loop(p, grad, sum, n, s);
}

}  // namespace wg
