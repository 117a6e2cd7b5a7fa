// Scalar transcendental functions on float and double that vectorise: thin layers over simd/math.h.
#pragma once
#include <cmath>

#include "../simd/inverse.h"
#include "tiles_table.h"

namespace wg::WG_LEVEL {

#define WG_PLAIN(name)         \
  template <class T>           \
  WG_INLINE T fn_##name(T x) { \
    return name(x);            \
  }
WG_PLAIN(exp)
WG_PLAIN(exp2)
WG_PLAIN(expm1)
WG_PLAIN(log)
WG_PLAIN(log2)
WG_PLAIN(log10)
WG_PLAIN(log1p)
WG_PLAIN(sin)
WG_PLAIN(cos)
WG_PLAIN(asin)
WG_PLAIN(acos)
WG_PLAIN(atan)
WG_PLAIN(asinh)
WG_PLAIN(acosh)
WG_PLAIN(atanh)
WG_PLAIN(sinh)
WG_PLAIN(cosh)
WG_PLAIN(tanh)
WG_PLAIN(sigmoid)
WG_PLAIN(erf)
WG_PLAIN(erfc)
WG_PLAIN(erfinv)
#undef WG_PLAIN

template <class T>
WG_INLINE T fn_tan(T x) {
  auto a = reduce(x);
  T y = sin_or_cos(a, false) / sin_or_cos(a, true);
  return x == T(0) ? x : y;
}
template <class T>
WG_INLINE T fn_atan2(T y, T x) {
  return atan2(y, x);
}
template <class T>
WG_INLINE T fn_sinc(T x) {
  T p = x * T(3.141592653589793238462643383);
  return x == T(0) ? T(1) : sin(p) / p;
}

template <class T>
WG_INLINE T fn_log_sigmoid(T x) {
  return (x > T(0) ? T(0) : x) - log1p(exp(-absolute(x)));
}
template <class T>
WG_INLINE T fn_softplus(T x, T beta, T threshold) {
  T z = x * beta, y = log1p(exp(z)) / beta;
  return z > threshold ? x : y;
}
// Activations and their slopes, in one pass.
inline constexpr double kRootTwoByPi = 0.7978845608028653558798921199, kByRootTwoPi = 0.3989422804014326779399460599;
template <class T>
WG_INLINE T fn_gelu(T x) {  // -inf times 0 is nan, as torch's
  return x * normal(x).below;
}
template <class T>
WG_INLINE T fn_gelu_slope(T x) {
  auto n = normal(x);
  return mul_add(x * T(kByRootTwoPi), n.density, n.below);
}
// (1 + tanh(u)) / 2 = 1 / (1 + e), e = exp(-2 u)
template <class T>
WG_INLINE T gelu_exponential(T x, T square) {
  return exp(T(-2 * kRootTwoByPi) * mul_add(T(0.044715) * square, x, x));
}
template <class T>
WG_INLINE T fn_gelu_tanh(T x) {
  return x / (T(1) + gelu_exponential(x, x * x));
}
template <class T>
WG_INLINE T fn_gelu_tanh_slope(T x) {
  T square = x * x, e = gelu_exponential(x, square), s = T(1) / (T(1) + e);
  T inner = T(2 * kRootTwoByPi) * mul_add(square, T(0.134145), T(1));
  T rest = e < kInf<T> ? e * s : T(1);  // 1 - s
  return mul_add(x * s, rest * inner, s);
}
template <class T>
WG_INLINE T fn_silu(T x) {
  return x / (T(1) + exp(-x));
}
template <class T>
WG_INLINE T fn_silu_slope(T x) {
  T s = sigmoid(x);
  return s * (T(1) + x * (T(1) - s));
}
// tanh(log(1 + e)) = n / (n + 2) for n = e (e + 2), e = exp(x)
template <class T>
WG_INLINE T fn_mish(T x) {
  T e = exp(x), n = e * (e + T(2)), y = x * (n / (n + T(2)));
  return x > T(20) ? x : y;
}
template <class T>
WG_INLINE T fn_mish_slope(T x) {
  T e = exp(x), n = e * (e + T(2)), r = T(1) / (n + T(2));
  T y = mul_add(T(4) * x * r, e * (e + T(1)), n) * r;
  return x > T(20) ? T(1) : y;
}
template <class T>
WG_INLINE T fn_elu(T x, T alpha, T scale, T input_scale) {
  T below = expm1(x * input_scale) * (alpha * scale);
  return x > T(0) ? x * scale : below;
}
template <class T>
WG_INLINE T fn_elu_slope(T x, T alpha, T scale, T input_scale) {
  T below = exp(x * input_scale) * (alpha * scale * input_scale);
  return x <= T(0) ? below : scale;
}
template <class T>
WG_INLINE T fn_logaddexp(T a, T b) {
  T m = a > b ? a : b, y = m + log1p(exp(-absolute(a - b)));
  return (a == b) & (absolute(a) == kInf<T>) ? a : y;
}
template <class T>
WG_INLINE T fn_logaddexp2(T a, T b) {
  T m = a > b ? a : b, y = m + log1p(exp2(-absolute(a - b))) * T(1.442695040888963407359924681);
  return (a == b) & (absolute(a) == kInf<T>) ? a : y;
}
template <class T>
WG_INLINE T fn_xlogy(T x, T y) {
  T r = x * log(y);
  return y != y ? y : x == T(0) ? x * T(0) : r;
}
template <class T>
WG_INLINE T fn_xlog1py(T x, T y) {
  T r = x * log1p(y);
  return y != y ? y : x == T(0) ? x * T(0) : r;
}
template <class T>
WG_INLINE T fn_entr(T x) {
  T y = -x * log(x);
  y = x == T(0) ? T(0) : y;
  return x < T(0) ? -kInf<T> : y;
}
template <class T>
WG_INLINE T fn_logit(T x) {
  return log(x / (T(1) - x));
}
template <class T>
WG_INLINE T fn_erfcx(T x) {
  T a = absolute(x), y = erfcx_positive(a), negative = T(2) / exp_minus_square(a > T(30) ? T(30) : a) - y;
  y = a < kInf<T> ? y : T(1) / a;
  return x < T(0) ? negative : y;
}
template <class T>
WG_INLINE T fn_ndtr(T x) {
  return T(0.5) * erfc(x * T(-0.7071067811865475244008443621));
}
template <class T>
WG_INLINE T fn_log_ndtr(T x) {
  T t = x * T(0.7071067811865475244008443621);
  T tail = log(fn_erfcx(-t) * T(0.5)) - t * t, body = log1p(erfc(t) * T(-0.5));
  return x < T(-1) ? tail : body;
}
WG_INLINE float fn_pow(float x, float y) { return pow(x, y); }
WG_INLINE double fn_pow(double x, double y) { return std::pow(x, y); }
template <class T>
WG_INLINE T fn_power_rule(T x, T p) {
  return p == T(0) ? T(0) : p * fn_pow(x, p - T(1));
}

}  // namespace wg::WG_LEVEL
