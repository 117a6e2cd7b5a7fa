// The functions that torch computes in half precision itself, each step rounded, or that are of the type's own digits.
// All others are computed in float32 and rounded once.
#define WG_LEVEL base
#include <algorithm>

#include "scalar_math.h"

namespace wg::WG_LEVEL {
namespace {

template <class T>
T fn_xlogy(T x, T y) {
  return y != y ? y : x == 0 ? T(0) : T(x * T(log(float(y))));
}
template <class T>
T fn_xlog1py(T x, T y) {
  return y != y ? y : x == 0 ? T(0) : T(x * T(log1p(float(y))));
}
template <class T>
T fn_entr(T x) {
  if (x != x) return x;
  return x > 0 ? T(-float(x) * T(log(float(x)))) : x == 0 ? T(0) : T(-kInf<float>);
}
template <class T>
T fn_logit(T x) {
  return T(log(float(T(x / T(1 - x)))));
}
template <class T>
T fn_nextafter(T x, T y) {
  if (x != x || y != y) return T(float(x) + float(y));
  if (float(x) == float(y)) return y;
  T next = x;
  if (x == 0)
    next.bits = uint16_t((y.bits & 0x8000) | 1);
  else
    next.bits = uint16_t((x > 0) == (y > x) ? x.bits + 1 : x.bits - 1);
  return next;
}

template <class T, class Fn>
void loop1(TileFn* row, Fn) {
  row[int(DTypeOf<T>::value)] = [](void* out, const void* const* in, int64_t n) {
    const T* a = static_cast<const T*>(in[0]);
    for (int64_t i = 0; i < n; ++i) static_cast<T*>(out)[i] = Fn{}(a[i]);
  };
}
template <class T, class Fn>
void loop2(TileFn* row, Fn) {
  row[int(DTypeOf<T>::value)] = [](void* out, const void* const* in, int64_t n) {
    const T *a = static_cast<const T*>(in[0]), *b = static_cast<const T*>(in[1]);
    for (int64_t i = 0; i < n; ++i) static_cast<T*>(out)[i] = Fn{}(a[i], b[i]);
  };
}

template <class T>
void add(TileTable& table) {
  loop2<T>(table[kFn_xlogy], [](T x, T y) { return fn_xlogy(x, y); });
  loop2<T>(table[kFn_xlog1py], [](T x, T y) { return fn_xlog1py(x, y); });
  loop1<T>(table[kFn_entr], [](T x) { return fn_entr(x); });
  loop1<T>(table[kFn_logit], [](T x) { return fn_logit(x); });
  loop2<T>(table[kFn_nextafter], [](T x, T y) { return fn_nextafter(x, y); });
}

}  // namespace

void add_half(TileTable& table) {
  add<Half>(table);
  add<BFloat16>(table);
  table[kFn_pow][int(DType::BFloat16)] = [](void* out, const void* const* in, int64_t n) {
    const auto *x = static_cast<const BFloat16*>(in[0]), *e = static_cast<const BFloat16*>(in[1]);
    constexpr int64_t kPart = 256;
    const ConvertFn widen = convert_fn(DType::BFloat16, DType::Float32);
    const ConvertFn narrow = convert_fn(DType::Float32, DType::BFloat16);
    const TileFn pow = tile_fn(kFn_pow, DType::Float32);
    float base[kPart], exponent[kPart];
    const void* both[] = {base, exponent};
    for (int64_t i = 0; i < n; i += kPart) {
      const int64_t m = std::min(kPart, n - i);
      BFloat16* to = static_cast<BFloat16*>(out) + i;
      widen(base, x + i, m), widen(exponent, e + i, m);
      uint32_t products = 0;  // small powers are products, each rounded
      for (int64_t k = 0; k < m; ++k) products |= uint32_t((exponent[k] == 3) | (exponent[k] == -2));
      BFloat16 product[kPart];
      for (int64_t k = 0; k < m && products; ++k) {
        const float b = base[k];
        product[k] = exponent[k] == 3 ? BFloat16(BFloat16(b * b) * b) : BFloat16(1 / BFloat16(b * b));
      }
      pow(base, both, m);
      narrow(to, base, m);
      for (int64_t k = 0; k < m && products; ++k)
        if (exponent[k] == 3 || exponent[k] == -2) to[k] = product[k];
    }
  };
}

}  // namespace wg::WG_LEVEL
