// A number as one element of a dtype, and the tensor that an op of indices writes to.
#pragma once
#include <cmath>
#include <limits>

#include "../names.h"
#include "../op.h"

namespace wg {

struct Element {
  alignas(16) char bytes[16];
};

// torch's rule: truncation is fine, a magnitude that does not fit is not; uint8 takes negative numbers modulo 256.
template <class T>
bool fits(complex128 z, bool integral, int64_t integer) {
  if constexpr (is_complex_v<T> || std::is_same_v<T, bool>) return true;
  if (z.imag() != 0) return false;
  if constexpr (std::is_integral_v<T>) {
    const double top = double(std::numeric_limits<T>::max());
    const double low = std::is_signed_v<T> ? double(std::numeric_limits<T>::lowest()) : -top;
    if (integral) return sizeof(T) == 8 || (double(integer) >= low && double(integer) <= top);
    return z.real() >= low && z.real() <= top;  // nan does not
  } else {
    if (!std::isfinite(z.real()) || is_eight_v<T>) return true;
    const double top = std::is_same_v<T, Half>       ? 65504.0
                       : std::is_same_v<T, BFloat16> ? 3.38953138925153547590470800371487866880e+38
                       : std::is_same_v<T, float>    ? double(std::numeric_limits<float>::max())
                                                     : std::numeric_limits<double>::max();
    return std::abs(z.real()) <= top;
  }
}

inline Element element_of(const Value& v, DType d) {
  Element e;
  const bool integral = v.tag == Tag::Int || v.tag == Tag::Bool;
  const int64_t integer = integral ? v.to_int() : 0;
  const complex128 z = v.to_complex();
  visit_all(d, [&]<class T>() {
    WG_CHECK((fits<T>(z, integral, integer)), "value cannot be converted to type ", cpp_name(d), " without overflow");
    T x;
    if constexpr (std::is_same_v<T, bool>)
      x = integral ? integer != 0 : z != complex128(0);
    else if constexpr (std::is_integral_v<T>)
      x = integral ? T(integer) : T(int64_t(z.real()));
    else if constexpr (is_complex_v<T>)
      x = T(z);
    else if constexpr (is_reduced_v<T>)
      x = T(float(z.real()));
    else
      x = T(z.real());
    std::memcpy(e.bytes, &x, sizeof x);
  });
  return e;
}

// The same of a 0-dim tensor.
inline Element element_of(const Tensor& t, DType d) {
  Element e;
  const TensorRef same = cast(t, d);
  std::memcpy(e.bytes, same->data(), size_of(d));
  return e;
}

}  // namespace wg
