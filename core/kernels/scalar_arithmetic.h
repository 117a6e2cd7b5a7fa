// Scalar arithmetic, comparison, rounding and bit functions: cheap loops, compiled for every CPU level.
#pragma once
#include <cmath>
#include <type_traits>

#include "../simd/math.h"
#include "tiles_table.h"

namespace wg::WG_LEVEL {

template <class T>
inline constexpr bool real_v = std::is_floating_point_v<T>;

template <class T>
WG_INLINE T fn_identity(T x) {
  return x;
}
template <class T>
WG_INLINE T fn_positive(T x) {
  return x;
}
template <class T>
WG_INLINE T fn_add(T a, T b) {  // on bool: or
  if constexpr (std::is_same_v<T, bool>)
    return a | b;
  else
    return T(a + b);
}
template <class T>
WG_INLINE T fn_sub(T a, T b) {
  return T(a - b);
}
template <class T>
WG_INLINE T fn_mul(T a, T b) {
  if constexpr (std::is_same_v<T, bool>)
    return a & b;
  else
    return T(a * b);
}
template <class T>
WG_INLINE T fn_div(T a, T b) {
  return a / b;
}
template <class T>
WG_INLINE T fn_mul_add(T a, T b, T c) {
  if constexpr (real_v<T>)
    return mul_add(a, b, c);
  else
    return fn_add(fn_mul(a, b), c);
}
template <class T>
WG_INLINE T fn_rsub(T a, T b) {
  return T(b - a);
}
// x + alpha y and its kin
template <class T>
WG_INLINE T fn_add_scaled(T x, T y, T alpha) {
  return fn_mul_add(y, alpha, x);
}
template <class T>
WG_INLINE T fn_sub_scaled(T x, T y, T alpha) {
  return fn_mul_add(y, T(-alpha), x);
}
template <class T>
WG_INLINE T fn_rsub_scaled(T x, T y, T alpha) {
  return fn_mul_add(x, T(-alpha), y);
}
template <class T>
WG_INLINE T fn_addcmul(T x, T a, T b, T value) {
  if constexpr (real_v<T>)
    return mul_add(T(value * a), b, x);
  else
    return T(x + T(T(value * a) * b));
}
template <class T>
WG_INLINE T fn_addcdiv(T x, T a, T b, T value) {
  return x + (value * a) / b;
}
template <class T>
WG_INLINE T fn_lerp(T start, T end, T weight) {  // from the nearer end
  T d = end - start, near = mul_add(weight, d, start), far = mul_add(weight - T(1), d, end);
  return absolute(weight) < T(0.5) ? near : far;
}

// Integer division: the least number divided by -1 wraps.
template <class T>
WG_INLINE T quotient(T a, T b) {
  if (b == 0) zero_division();
  if constexpr (std::is_signed_v<T>)
    if (b == T(-1)) return T(-a);
  return T(a / b);
}
template <class T>
WG_INLINE T rest(T a, T b) {
  if (b == 0) zero_division();
  if constexpr (std::is_signed_v<T>)
    if (b == T(-1)) return T(0);
  return T(a % b);
}
template <class T>
WG_INLINE T fn_trunc_divide(T a, T b) {
  if constexpr (real_v<T>)
    return std::trunc(a / b);
  else
    return quotient(a, b);
}
template <class T>
WG_INLINE T fn_fmod(T a, T b) {
  if constexpr (real_v<T>)
    return std::fmod(a, b);
  else
    return rest(a, b);
}
// Of r = fmod(a, b): what has b's sign, and the quotient by Python's algorithm (floor(a / b) would round up just below
// an integer).
template <class T>
WG_INLINE T modulo(T b, T r) {
  T other = r + b;
  return (r != 0) & ((r < 0) != (b < 0)) ? other : r;
}
template <class T>
WG_INLINE T floor_quotient(T a, T b, T r) {
  T d = (a - r) / b;
  d = (r != 0) & ((b < 0) != (r < 0)) ? d - T(1) : d;
  T whole = floor_of(d), up = whole + T(1);
  whole = d - whole > T(0.5) ? up : whole;
  whole = d == 0 ? with_sign(T(0), a / b) : whole;
  return b == 0 ? a / b : whole;
}
template <class T>
WG_INLINE T fn_remainder(T a, T b) {
  T r = fn_fmod(a, b);
  if constexpr (std::is_unsigned_v<T>)
    return r;
  else if constexpr (real_v<T>)
    return modulo(b, r);
  else
    return r != 0 && (r < 0) != (b < 0) ? T(r + b) : r;
}
template <class T>
WG_INLINE T fn_floor_divide(T a, T b) {
  if constexpr (real_v<T>) {
    return floor_quotient(a, b, std::fmod(a, b));
  } else {
    T q = quotient(a, b);
    if constexpr (std::is_signed_v<T>) q = T(q - ((a < 0) != (b < 0) && T(q * b) != a));
    return q;
  }
}

template <class T>
WG_INLINE T fn_neg(T x) {
  return T(-x);
}
template <class T>
WG_INLINE T fn_abs(T x) {
  if constexpr (real_v<T>)
    return absolute(x);
  else if constexpr (std::is_unsigned_v<T>)
    return x;
  else
    return T(x < 0 ? -x : x);
}
template <class T>
WG_INLINE T fn_sign(T x) {
  if constexpr (std::is_same_v<T, bool>)
    return x;
  else
    return T(T(T(0) < x) - T(x < T(0)));
}
template <class T>
WG_INLINE T fn_sgn(T x) {
  return fn_sign(x);
}
template <class T>
WG_INLINE T fn_square(T x) {
  return T(x * x);
}
template <class T>
WG_INLINE T fn_reciprocal(T x) {
  return T(1) / x;
}
template <class T>
WG_INLINE T fn_sqrt(T x) {
  return root(x);
}
template <class T>
WG_INLINE T fn_rsqrt(T x) {
  return T(1) / root(x);
}

// maximum and minimum hand nan on; fmax and fmin prefer the number.
template <class T>
WG_INLINE T fn_maximum(T a, T b) {
  if constexpr (real_v<T>) {
    T m = a > b ? a : b;  // b when either is nan
    return a != a ? a : m;
  } else {
    return a > b ? a : b;
  }
}
template <class T>
WG_INLINE T fn_minimum(T a, T b) {
  if constexpr (real_v<T>) {
    T m = a < b ? a : b;
    return a != a ? a : m;
  } else {
    return a < b ? a : b;
  }
}
template <class T>
WG_INLINE T fn_fmax(T a, T b) {
  T m = a > b ? a : b;
  return b != b ? a : m;
}
template <class T>
WG_INLINE T fn_fmin(T a, T b) {
  T m = a < b ? a : b;
  return b != b ? a : m;
}
template <class T>
WG_INLINE T fn_clamp_min(T x, T low) {
  return fn_maximum(x, low);
}
template <class T>
WG_INLINE T fn_clamp_max(T x, T high) {
  return fn_minimum(x, high);
}
template <class T>
WG_INLINE T fn_clamp(T x, T low, T high) {
  return fn_minimum(fn_maximum(x, low), high);
}
template <class T>
WG_INLINE T fn_relu(T x) {
  return x < T(0) ? T(0) : x;  // hands -0 on
}
// Activations made of straight pieces, and what their derivatives let through.
template <class T>
WG_INLINE T fn_relu_backward(T g, T y) {
  return y <= T(0) ? T(0) : g;
}
template <class T>
WG_INLINE T fn_leaky_relu_backward(T g, T x, T slope) {
  T below = g * slope;
  return x > T(0) ? g : below;
}
template <class T>
WG_INLINE T fn_leaky_relu(T x, T slope) {
  T below = x * slope;
  return x > T(0) ? x : below;
}
template <class T>
WG_INLINE T between_0_and_6(T x) {  // of x + 3; hands nan on
  x = x + T(3);
  x = x < T(0) ? T(0) : x;
  return x > T(6) ? T(6) : x;
}
template <class T>
WG_INLINE T fn_hardsigmoid(T x) {
  return between_0_and_6(x) / T(6);
}
template <class T>
WG_INLINE T fn_hardswish(T x) {
  return x * between_0_and_6(x) / T(6);
}
template <class T>
WG_INLINE T fn_hardswish_slope(T x) {
  const T y = x / T(3) + T(0.5);
  return x <= T(-3) ? T(0) : x < T(3) ? y : T(1);  // 1 at nan
}
template <class T>
WG_INLINE T fn_threshold(T x, T bound, T value) {
  return x <= bound ? value : x;
}
template <class T>
WG_INLINE T fn_hardshrink(T x, T lambd) {
  return (x >= -lambd) & (x <= lambd) ? T(0) : x;
}
template <class T>
WG_INLINE T fn_softshrink(T x, T lambd) {
  T y = x < -lambd ? x + lambd : x * T(0);
  return x > lambd ? x - lambd : y;
}
template <class T>
WG_INLINE T fn_hardsigmoid_slope(T x) {
  return (x > T(-3)) & (x < T(3)) ? T(1.0 / 6.0) : T(0);
}
// 0 at the bounds and outside, 1 between (and of nan)
template <class T>
WG_INLINE T fn_inside(T x, T low, T high) {
  return (x <= low) | (x >= high) ? T(0) : T(1);
}
// 1 beyond the distance from 0 (and of nan), 0 within
template <class T>
WG_INLINE T fn_outside(T x, T lambd) {
  return absolute(x) <= lambd ? T(0) : T(1);
}
template <class T>
WG_INLINE T fn_where(bool condition, T a, T b) {
  return condition ? a : b;
}

template <class T>
WG_INLINE T fn_floor(T x) {
  if constexpr (real_v<T>)
    return floor_of(x);
  else
    return x;
}
template <class T>
WG_INLINE T fn_ceil(T x) {
  if constexpr (real_v<T>)
    return std::ceil(x);
  else
    return x;
}
template <class T>
WG_INLINE T fn_round(T x) {  // half to even
  if constexpr (real_v<T>)
    return std::nearbyint(x);
  else
    return x;
}
template <class T>
WG_INLINE T fn_trunc(T x) {
  if constexpr (real_v<T>)
    return std::trunc(x);
  else
    return x;
}
template <class T>
WG_INLINE T fn_frac(T x) {
  return x - std::trunc(x);
}
template <class T>
WG_INLINE T fn_deg2rad(T x) {
  return x * T(0.017453292519943295769236907684886);
}
template <class T>
WG_INLINE T fn_rad2deg(T x) {
  return x * T(57.295779513082320876798154814105);
}
template <class T>
WG_INLINE T fn_copysign(T a, T b) {
  return with_sign(a, b);
}
template <class T>
WG_INLINE T fn_heaviside(T x, T at_zero) {
  return x == 0 ? at_zero : T(x > 0);
}
template <class T>
WG_INLINE T fn_nan_to_num(T x, [[maybe_unused]] T nan, [[maybe_unused]] T high, [[maybe_unused]] T low) {
  if constexpr (real_v<T>) {
    T y = x == kInf<T> ? high : x == -kInf<T> ? low : x;
    return x != x ? nan : y;
  } else {
    return x;
  }
}

#define WG_COMPARISON(name, op)        \
  template <class T>                   \
  WG_INLINE bool fn_##name(T a, T b) { \
    return a op b;                     \
  }
WG_COMPARISON(eq, ==)
WG_COMPARISON(ne, !=)
WG_COMPARISON(lt, <)
WG_COMPARISON(le, <=)
WG_COMPARISON(gt, >)
WG_COMPARISON(ge, >=)
#undef WG_COMPARISON

template <class T>
WG_INLINE bool fn_logical_and(T a, T b) {
  return (a != T(0)) & (b != T(0));
}
template <class T>
WG_INLINE bool fn_logical_or(T a, T b) {
  return (a != T(0)) | (b != T(0));
}
template <class T>
WG_INLINE bool fn_logical_xor(T a, T b) {
  return (a != T(0)) != (b != T(0));
}
template <class T>
WG_INLINE bool fn_logical_not(T a) {
  return a == T(0);
}
template <class T>
WG_INLINE bool fn_isnan(T x) {
  return x != x;
}
template <class T>
WG_INLINE bool fn_isposinf(T x) {
  if constexpr (real_v<T>)
    return x == kInf<T>;
  else
    return false;
}
template <class T>
WG_INLINE bool fn_isneginf(T x) {
  if constexpr (real_v<T>)
    return x == -kInf<T>;
  else
    return false;
}
template <class T>
WG_INLINE bool fn_isinf(T x) {
  if constexpr (real_v<T>)
    return absolute(x) == kInf<T>;
  else
    return false;
}
template <class T>
WG_INLINE bool fn_isfinite(T x) {
  if constexpr (real_v<T>)
    return absolute(x) < kInf<T>;
  else
    return true;
}
template <class T>
WG_INLINE bool fn_signbit(T x) {
  if constexpr (real_v<T>)
    return bits<typename Ieee<T>::U>(x) >> (8 * sizeof(T) - 1);
  else if constexpr (std::is_signed_v<T>)
    return x < 0;
  else
    return false;
}

template <class T>
WG_INLINE T fn_bitwise_and(T a, T b) {
  return T(a & b);
}
template <class T>
WG_INLINE T fn_bitwise_or(T a, T b) {
  return T(a | b);
}
template <class T>
WG_INLINE T fn_bitwise_xor(T a, T b) {
  return T(a ^ b);
}
template <class T>
WG_INLINE T fn_bitwise_not(T x) {
  if constexpr (std::is_same_v<T, bool>)
    return !x;
  else
    return T(~x);
}
// A shift by a negative number or by all bits leaves nothing but the sign.
template <class T>
WG_INLINE T fn_bitwise_left_shift(T x, T by) {
  using U = std::make_unsigned_t<T>;
  constexpr U width = 8 * sizeof(T);
  return U(by) < width ? T(U(x) << U(by)) : T(0);
}
template <class T>
WG_INLINE T fn_bitwise_right_shift(T x, T by) {
  using U = std::make_unsigned_t<T>;
  constexpr U most = 8 * sizeof(T) - std::is_signed_v<T>;
  if constexpr (std::is_signed_v<T>)
    return T(x >> (U(by) < most ? by : T(most)));
  else
    return U(by) < most ? T(x >> by) : T(0);
}

}  // namespace wg::WG_LEVEL
