// The loops that become vectors over functions of the special group and of complex numbers, for one CPU level
// (WG_LEVEL). They take the places of those that were compiled for every CPU.
#include "../simd/bessel.h"
#include "../simd/gamma.h"
#include "scalar_complex.h"

namespace wg::WG_LEVEL {
namespace {

template <class Fn, class T>
void loop(void* out, const void* const* in, int64_t n) {
  tile<Fn, 1, T, T>(out, in, n);
}
template <class Fn>
void put_both(TileTable& table, int id, Fn) {
  table[id][int(DType::Float32)] = loop<Fn, float>;
  table[id][int(DType::Float64)] = loop<Fn, double>;
}

TileFn any_polygamma[2][2];  // for other orders: [order last][double]

// Of order 1 everywhere: the gradient of digamma.
template <class T, bool kLast>
void polygamma_tile(void* out, const void* const* in, int64_t n) {
  const T *x = static_cast<const T*>(in[!kLast]), *order = static_cast<const T*>(in[kLast]);
  bool other = false;
  for (int64_t i = 0; i < n; ++i) other |= order[i] != T(1);
  if (other) return any_polygamma[kLast][sizeof(T) == 8](out, in, n);
  const void* from[] = {x};
  tile<decltype([](T v) { return trigamma(v); }), 1, T, T>(out, from, n);
}

}  // namespace

#define WG_WIDE(name, arity) \
  put_all<C, arity, false>(table, kFn_##name, [](auto... x) __attribute__((always_inline)) { return fn_##name(x...); })
void add_complex_arithmetic(TileTable& table) {
  WG_WIDE(add, 2), WG_WIDE(sub, 2), WG_WIDE(rsub, 2), WG_WIDE(mul, 2), WG_WIDE(neg, 1), WG_WIDE(square, 1);
  WG_WIDE(conj, 1), WG_WIDE(add_scaled, 3), WG_WIDE(sub_scaled, 3), WG_WIDE(mul_add, 3);
}

void add_wide(TileTable& table) {
  add_complex_arithmetic(table);
  constexpr int f = int(DType::Float32), d = int(DType::Float64);
  for (int last = 0; last < 2; ++last)
    for (int wide = 0; wide < 2; ++wide)
      any_polygamma[last][wide] = table[last ? kFn_polygamma_of : kFn_polygamma][wide ? d : f];
  table[kFn_lgamma][f] =
      tile<decltype([](float x) { return lgamma(x); }), 1, float, float>;  // double: the library's ulp
  put_both(table, kFn_digamma, [](auto x) { return digamma(x); });
  table[kFn_polygamma][f] = polygamma_tile<float, false>, table[kFn_polygamma][d] = polygamma_tile<double, false>;
  table[kFn_polygamma_of][f] = polygamma_tile<float, true>, table[kFn_polygamma_of][d] = polygamma_tile<double, true>;
  put_both(table, kFn_i0, [](auto x) { return i0(x); });
  put_both(table, kFn_i0e, [](auto x) { return i0e(x); });
  put_both(table, kFn_i1, [](auto x) { return i1(x); });
  put_both(table, kFn_i1e, [](auto x) { return i1e(x); });
  table[kFn_hypot][f] = tile<decltype([](float x, float y) {
                               const float h = float(root(double(x) * double(x) + double(y) * double(y)));
                               return (absolute(x) == kInf<float>) | (absolute(y) == kInf<float>) ? kInf<float> : h;
                             }),
                             2, float, float>;
}

}  // namespace wg::WG_LEVEL
