// The loops over the arithmetic group for one CPU level (WG_LEVEL), real types.
#include <cstring>

#include "scalar_arithmetic.h"

namespace wg::WG_LEVEL {
namespace {

template <class T>
bool one_number(const T* x, int64_t n) {  // everywhere, and not nan
  using U = typename Ieee<T>::U;
  U differ = 0;
  for (int64_t i = 0; i < n; ++i) differ |= bits<U>(x[i]) ^ bits<U>(x[0]);
  return n && !differ && x[0] == x[0];
}

// Bounds are nearly always numbers: then only x can be nan, and comparing once does.
template <class T, bool kLow, bool kHigh, bool kNumbers, class Else>
void clamp_tile(void* out, const void* const* in, int64_t n) {
  const T* x = static_cast<const T*>(in[0]);
  const T *low = static_cast<const T*>(in[1]), *high = static_cast<const T*>(in[kLow ? 2 : 1]);
  T* o = static_cast<T*>(out);
  const int64_t known = kNumbers ? 1 : n;
  constexpr int arity = kLow && kHigh ? 3 : 2;
  if ((kLow && !one_number(low, known)) || (kHigh && !one_number(high, known))) {
    if constexpr (kNumbers) return tile_numbers<Else, arity, T>(out, in, n);
    return tile<Else, arity, T, T>(out, in, n);
  }
  const T least = kLow ? low[0] : T(0), most = kHigh ? high[0] : T(0);
#pragma GCC ivdep
  for (int64_t i = 0; i < n; ++i) {
    T v = x[i];
    if constexpr (kLow) v = least > v ? least : v;
    if constexpr (kHigh) v = most < v ? most : v;
    o[i] = v;
  }
}
template <bool kLow, bool kHigh, class Else>
void put_clamp(TileTable& table, TileTable& numbers, int id, Else) {
  table[id][int(DType::Float32)] = clamp_tile<float, kLow, kHigh, false, Else>;
  table[id][int(DType::Float64)] = clamp_tile<double, kLow, kHigh, false, Else>;
  numbers[id][int(DType::Float32)] = clamp_tile<float, kLow, kHigh, true, Else>;
  numbers[id][int(DType::Float64)] = clamp_tile<double, kLow, kHigh, true, Else>;
}

// x - trunc(x / y) * y with the sign of x, exact as fmod is. `far`: or else it would not be: the quotient is too large,
// or one of the two is no finite number. In float the products and differences are exact in double; a quotient of less
// than 27 bits is too far from an integer to be rounded to it.
WG_INLINE float quick_rest(float x, float y, bool& far) {
  double a = x, b = y, q = std::trunc(a / b), r = a - q * b;
  far = !(absolute(q) < 0x1p27) | !(absolute(b) < kInf<double>);
  return float(with_sign(r, a));
}
WG_INLINE double quick_rest(double x, double y, bool& far) {
#if defined(__FMA__)
  double q = std::trunc(x / y), r = __builtin_fma(-q, y, x);
  r = r * with_sign(1.0, x) < 0 ? r + with_sign(y, x) : r;  // the quotient was rounded up to an integer
  far = !(absolute(q) < 0x1p53) | !(absolute(y) < kInf<double>);
  return with_sign(r, x);
#else
  far = true;
  return x + y;
#endif
}

// f(x, y, fmod(x, y)), by the library's fmod where the quick one does not do.
template <class T, class F>
void rest_tile(void* out, const void* const* in, int64_t n) {
  constexpr int64_t kPart = 256;
  const T *x = static_cast<const T*>(in[0]), *y = static_cast<const T*>(in[1]);
  T *o = static_cast<T*>(out), made[kPart];
  F f{};
  for (; n > 0; n -= kPart, x += kPart, y += kPart, o += kPart) {
    const int64_t m = n < kPart ? n : kPart;
    using U = typename Ieee<T>::U;
    U any_far = 0;
    for (int64_t i = 0; i < m; ++i) {
      bool far;
      T r = quick_rest(x[i], y[i], far);
      made[i] = f(x[i], y[i], r);
      any_far |= U(far);
    }
    if (any_far)
      for (int64_t i = 0; i < m; ++i) made[i] = f(x[i], y[i], std::fmod(x[i], y[i]));
    std::memcpy(o, made, size_t(m) * sizeof(T));
  }
}
template <class F>
void put_rest(TileTable& table, TileTable& numbers, int id, F) {
  table[id][int(DType::Float32)] = rest_tile<float, F>;
  table[id][int(DType::Float64)] = rest_tile<double, F>;
  numbers[id][int(DType::Float32)] = numbers[id][int(DType::Float64)] = nullptr;
}

template <class T>
void fill_with(void* out, const void* element, int64_t n) {
  T value, *o = static_cast<T*>(out);
  std::memcpy(&value, element, sizeof(T));
  for (int64_t i = 0; i < n; ++i) o[i] = value;
}
struct Bytes16 {
  uint64_t low, high;
};

}  // namespace

void fill(void* out, const void* element, int itemsize, int64_t n) {
  switch (itemsize) {
    case 1: return fill_with<uint8_t>(out, element, n);
    case 2: return fill_with<uint16_t>(out, element, n);
    case 4: return fill_with<uint32_t>(out, element, n);
    case 8: return fill_with<uint64_t>(out, element, n);
    default: return fill_with<Bytes16>(out, element, n);
  }
}

void add_arithmetic(TileTable& table, TileTable& numbers) {
#define WG_FN_Arithmetic(name, arity, types) \
  WG_PUT(name, arity, (types) & (B | I | F)) \
  WG_PUT_NUMBERS(name, arity, types)
#define WG_FN_Math(name, arity, types)
#define WG_FN_Special(name, arity, types)
#define WG_FN(group, name, arity, types, result) WG_FN_##group(name, arity, types)
#define WG_ALSO(group, name, arity, types) WG_FN_##group(name, arity, types)
#include "elementwise.def"
  auto inverted = [](uint8_t x) { return x == 0; };  // a bool as a byte: vectorises
  table[kFn_bitwise_not][int(DType::Bool)] = tile<decltype(inverted), 1, uint8_t, uint8_t>;
  table[kFn_logical_not][int(DType::Bool)] = table[kFn_bitwise_not][int(DType::Bool)];
  put_clamp<true, true>(table, numbers, kFn_clamp, [](auto... x) { return fn_clamp(x...); });
  put_clamp<true, false>(table, numbers, kFn_clamp_min, [](auto... x) { return fn_clamp_min(x...); });
  put_clamp<false, true>(table, numbers, kFn_clamp_max, [](auto... x) { return fn_clamp_max(x...); });
  put_rest(table, numbers, kFn_fmod, [](auto, auto, auto r) { return r; });
  put_rest(table, numbers, kFn_remainder, [](auto, auto b, auto r) { return modulo(b, r); });
  put_rest(table, numbers, kFn_floor_divide, [](auto a, auto b, auto r) { return floor_quotient(a, b, r); });
}

}  // namespace wg::WG_LEVEL
