// The loops over the arithmetic group for one CPU level (WG_LEVEL), real types.
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
template <class T, bool kLow, bool kHigh, class Else>
void clamp_tile(void* out, const void* const* in, int64_t n) {
  const T* x = static_cast<const T*>(in[0]);
  const T *low = static_cast<const T*>(in[1]), *high = static_cast<const T*>(in[kLow ? 2 : 1]);
  T* o = static_cast<T*>(out);
  if ((kLow && !one_number(low, n)) || (kHigh && !one_number(high, n)))
    return tile < Else, kLow && kHigh ? 3 : 2, T, T > (out, in, n);
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
void put_clamp(TileTable& table, int id, Else) {
  table[id][int(DType::Float32)] = clamp_tile<float, kLow, kHigh, Else>;
  table[id][int(DType::Float64)] = clamp_tile<double, kLow, kHigh, Else>;
}

}  // namespace

void add_arithmetic(TileTable& table) {
#define WG_FN_Arithmetic(name, arity, types) WG_PUT(name, arity, (types) & (B | I | F))
#define WG_FN_Math(name, arity, types)
#define WG_FN_Special(name, arity, types)
#define WG_FN(group, name, arity, types, result) WG_FN_##group(name, arity, types)
#define WG_ALSO(group, name, arity, types) WG_FN_##group(name, arity, types)
#include "elementwise.def"
  put_clamp<true, true>(table, kFn_clamp, [](auto... x) { return fn_clamp(x...); });
  put_clamp<true, false>(table, kFn_clamp_min, [](auto... x) { return fn_clamp_min(x...); });
  put_clamp<false, true>(table, kFn_clamp_max, [](auto... x) { return fn_clamp_max(x...); });
}

}  // namespace wg::WG_LEVEL
