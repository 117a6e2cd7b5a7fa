// Scalar functions on complex numbers: the textbook formulas where the standard library's are needlessly slow.
#pragma once
#include <cmath>
#include <complex>

#include "tiles_table.h"

namespace wg::WG_LEVEL {

template <class R>
using Z = std::complex<R>;

#define WG_COMPLEX(name) \
  template <class R>     \
  WG_INLINE Z<R> fn_##name(Z<R> z)
#define WG_COMPLEX2(name) \
  template <class R>      \
  WG_INLINE Z<R> fn_##name(Z<R> a, Z<R> b)

WG_COMPLEX(identity) { return z; }
WG_COMPLEX(positive) { return z; }
WG_COMPLEX(neg) { return Z<R>(-z.real(), -z.imag()); }
WG_COMPLEX(conj) { return Z<R>(z.real(), -z.imag()); }
WG_COMPLEX2(add) { return Z<R>(a.real() + b.real(), a.imag() + b.imag()); }
WG_COMPLEX2(sub) { return Z<R>(a.real() - b.real(), a.imag() - b.imag()); }
WG_COMPLEX2(mul) { return Z<R>(a.real() * b.real() - a.imag() * b.imag(), a.real() * b.imag() + a.imag() * b.real()); }
WG_COMPLEX2(div) {  // scaled by the larger part of b, so that its square does not overflow
  R s = std::fmax(std::fabs(b.real()), std::fabs(b.imag()));
  if (!(s > 0) || !std::isfinite(s)) return a / b;
  R c = b.real() / s, d = b.imag() / s, n = (c * c + d * d) * s;
  return Z<R>((a.real() * c + a.imag() * d) / n, (a.imag() * c - a.real() * d) / n);
}
WG_COMPLEX(square) { return fn_mul(z, z); }
WG_COMPLEX(reciprocal) { return fn_div(Z<R>(1), z); }
template <class R>
WG_INLINE R fn_abs(Z<R> z) {
  return std::hypot(z.real(), z.imag());
}
template <class R>
WG_INLINE R fn_real(Z<R> z) {
  return z.real();
}
template <class R>
WG_INLINE R fn_imag(Z<R> z) {
  return z.imag();
}
template <class R>
WG_INLINE R fn_angle(Z<R> z) {
  return std::atan2(z.imag(), z.real());
}
WG_COMPLEX(sgn) {
  R a = fn_abs(z);
  return a == 0 ? Z<R>(0) : Z<R>(z.real() / a, z.imag() / a);
}
WG_COMPLEX(sqrt) { return std::sqrt(z); }
WG_COMPLEX(rsqrt) { return fn_div(Z<R>(1), std::sqrt(z)); }
template <class R>
WG_INLINE Z<R> fn_mul_add(Z<R> a, Z<R> b, Z<R> c) {
  return fn_add(fn_mul(a, b), c);
}
WG_COMPLEX2(rsub) { return fn_sub(b, a); }
template <class R>
WG_INLINE Z<R> fn_add_scaled(Z<R> x, Z<R> y, Z<R> alpha) {
  return fn_add(x, fn_mul(y, alpha));
}
template <class R>
WG_INLINE Z<R> fn_sub_scaled(Z<R> x, Z<R> y, Z<R> alpha) {
  return fn_sub(x, fn_mul(y, alpha));
}
template <class R>
WG_INLINE Z<R> fn_rsub_scaled(Z<R> x, Z<R> y, Z<R> alpha) {
  return fn_sub(y, fn_mul(x, alpha));
}
template <class R>
WG_INLINE Z<R> fn_lerp(Z<R> start, Z<R> end, Z<R> weight) {
  Z<R> d = fn_sub(end, start);
  return std::norm(weight) < R(0.25) ? fn_add(start, fn_mul(weight, d))
                                     : fn_sub(end, fn_mul(d, fn_sub(Z<R>(1), weight)));
}
template <class R>
WG_INLINE Z<R> fn_addcmul(Z<R> x, Z<R> a, Z<R> b, Z<R> value) {
  return fn_add(x, fn_mul(fn_mul(value, a), b));
}
template <class R>
WG_INLINE Z<R> fn_addcdiv(Z<R> x, Z<R> a, Z<R> b, Z<R> value) {
  return fn_add(x, fn_div(fn_mul(value, a), b));
}
template <class R>
WG_INLINE Z<R> fn_where(bool condition, Z<R> a, Z<R> b) {
  return condition ? a : b;
}
template <class R>
WG_INLINE R clean(R x, R nan, R high, R low) {
  return x != x ? nan : std::isinf(x) ? (x > 0 ? high : low) : x;
}
template <class R>
WG_INLINE Z<R> fn_nan_to_num(Z<R> z, Z<R> nan, Z<R> high, Z<R> low) {
  return Z<R>(clean(z.real(), nan.real(), high.real(), low.real()),
              clean(z.imag(), nan.real(), high.real(), low.real()));
}
template <class R>
WG_INLINE bool fn_eq(Z<R> a, Z<R> b) {
  return a == b;
}
template <class R>
WG_INLINE bool fn_ne(Z<R> a, Z<R> b) {
  return !(a == b);
}
template <class R>
WG_INLINE bool truth(Z<R> z) {
  return z.real() != 0 || z.imag() != 0;
}
template <class R>
WG_INLINE bool fn_logical_and(Z<R> a, Z<R> b) {
  return truth(a) && truth(b);
}
template <class R>
WG_INLINE bool fn_logical_or(Z<R> a, Z<R> b) {
  return truth(a) || truth(b);
}
template <class R>
WG_INLINE bool fn_logical_xor(Z<R> a, Z<R> b) {
  return truth(a) != truth(b);
}
template <class R>
WG_INLINE bool fn_logical_not(Z<R> z) {
  return !truth(z);
}
template <class R>
WG_INLINE bool fn_isnan(Z<R> z) {
  return std::isnan(z.real()) || std::isnan(z.imag());
}
template <class R>
WG_INLINE bool fn_isinf(Z<R> z) {
  return std::isinf(z.real()) || std::isinf(z.imag());
}
template <class R>
WG_INLINE bool fn_isfinite(Z<R> z) {
  return std::isfinite(z.real()) && std::isfinite(z.imag());
}

WG_COMPLEX(exp) { return std::exp(z); }
WG_COMPLEX(exp2) { return std::exp(z * R(0.6931471805599453094)); }
WG_COMPLEX(expm1) {  // e^x cos y - 1 without cancellation near 0
  R x = z.real(), y = z.imag(), s = std::sin(y / 2), a = std::expm1(x), e = a + 1;
  return Z<R>(a - 2 * e * s * s, e * std::sin(y));
}
WG_COMPLEX(log) { return std::log(z); }
WG_COMPLEX(log2) { return std::log(z) * R(1.442695040888963407); }
WG_COMPLEX(log10) { return std::log(z) * R(0.4342944819032518277); }
WG_COMPLEX(log1p) {
  R x = z.real(), y = z.imag(), r = std::hypot(x + 1, y);
  R real = r < 4 && r > R(0.25) ? R(0.5) * std::log1p(x * (2 + x) + y * y) : std::log(r);
  return Z<R>(real, std::atan2(y, x + 1));
}
WG_COMPLEX(sin) { return std::sin(z); }
WG_COMPLEX(cos) { return std::cos(z); }
WG_COMPLEX(tan) { return std::tan(z); }
WG_COMPLEX(sinh) { return std::sinh(z); }
WG_COMPLEX(cosh) { return std::cosh(z); }
WG_COMPLEX(tanh) { return std::tanh(z); }
WG_COMPLEX(asin) { return std::asin(z); }
WG_COMPLEX(acos) { return std::acos(z); }
WG_COMPLEX(atan) { return std::atan(z); }
WG_COMPLEX(asinh) { return std::asinh(z); }
WG_COMPLEX(acosh) { return std::acosh(z); }
WG_COMPLEX(atanh) { return std::atanh(z); }
WG_COMPLEX(sigmoid) { return fn_div(Z<R>(1), fn_add(Z<R>(1), std::exp(-z))); }
WG_COMPLEX(silu) { return fn_mul(z, fn_sigmoid(z)); }
WG_COMPLEX(silu_slope) {
  Z<R> s = fn_sigmoid(z), one(1);
  return fn_mul(s, fn_add(one, fn_mul(z, fn_sub(one, s))));
}
WG_COMPLEX(sinc) {
  Z<R> p = z * R(3.141592653589793238);
  return truth(z) ? fn_div(std::sin(p), p) : Z<R>(1);
}
WG_COMPLEX2(logaddexp) {
  if (fn_eq(a, b) && std::isinf(a.real())) return a;
  Z<R> m = a.real() > b.real() ? a : b, other = a.real() > b.real() ? b : a;
  return fn_add(m, fn_log1p(std::exp(fn_sub(other, m))));
}
WG_COMPLEX2(pow) {
  if (!truth(b)) return Z<R>(1);
  if (!truth(a)) return b.real() > 0 ? Z<R>(0) : Z<R>(b.real() < 0 && b.imag() == 0 ? kInf<R> : kNan<R>, kNan<R>);
  if (b == Z<R>(2)) return fn_mul(a, a);
  if (b == Z<R>(R(0.5))) return std::sqrt(a);
  return std::pow(a, b);
}
WG_COMPLEX2(power_rule) { return truth(b) ? fn_mul(b, fn_pow(a, fn_sub(b, Z<R>(1)))) : Z<R>(0); }

#undef WG_COMPLEX
#undef WG_COMPLEX2

}  // namespace wg::WG_LEVEL
