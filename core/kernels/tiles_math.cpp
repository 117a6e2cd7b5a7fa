// The loops over the math group for one CPU level (WG_LEVEL), real types.
#include "scalar_math.h"

namespace wg::WG_LEVEL {
namespace {

// Whether some |x| is beyond what the vectorised reduction of angles handles (nan and inf are).
template <class T>
bool any_far(const T* x, int64_t n, T limit) {
  using U = typename Ieee<T>::U;
  constexpr U magnitude = ~U(0) >> 1;
  const U bound = bits<U>(limit);
  U far = 0;
  for (int64_t i = 0; i < n; ++i) far |= U((bits<U>(x[i]) & magnitude) > bound);
  return far != 0;
}

// Loops with a library function instead where an angle is huge.
template <class Fn, class Far, class T>
void angle_tile(void* out, const void* const* in, int64_t n) {
  const T* x = static_cast<const T*>(in[0]);
  if (any_far(x, n, T(kTrigLimit)))
    tile<Far, 1, T, T>(out, in, n);
  else
    tile<Fn, 1, T, T>(out, in, n);
}
template <class Fn, class Far>
void put_angle(TileTable& table, int id, Fn, Far) {
  table[id][int(DType::Float32)] = angle_tile<Fn, Far, float>;
  table[id][int(DType::Float64)] = angle_tile<Fn, Far, double>;
}

template <class T>
bool all_equal(const T* e, int64_t n) {
  using U = typename Ieee<T>::U;
  U differ = 0;
  for (int64_t i = 0; i < n; ++i) differ |= bits<U>(e[i]) ^ bits<U>(e[0]);
  return !differ;
}

// One exponent is spread over a tile of its own: of a number that stays, compilers take the conditions out of the loop,
// and what is left then has branches and does not become vectors.
template <bool kNumber, class Fn, class T>
void power_loop(void* out, const void* const* in, int64_t n) {
  if constexpr (kNumber) {
    constexpr int64_t kPart = 256;
    T exponents[kPart];
    const T* x = static_cast<const T*>(in[0]);
    const T e = *static_cast<const T*>(in[1]);
    for (int64_t i = 0; i < kPart; ++i) exponents[i] = e;
    for (int64_t i = 0; i < n; i += kPart) {
      const void* part[] = {x + i, exponents};
      tile<Fn, 2, T, T>(static_cast<T*>(out) + i, part, n - i < kPart ? n - i : kPart);
    }
  } else {
    tile<Fn, 2, T, T>(out, in, n);
  }
}

// Powers with one exponent for the whole tile that are better done by other means.
template <class T, bool kNumber>
void pow_tile(void* out, const void* const* in, int64_t n) {
  const T* e = static_cast<const T*>(in[1]);
  const T first = n ? e[0] : T(0);
  auto run = [&]<class Fn>(Fn) { tile<Fn, 1, T, T>(out, in, n); };
  if (all_equal(e, kNumber ? 1 : n)) {
    if (first == T(1)) return run([](T x) { return x; });
    if (first == T(2)) return run([](T x) { return x * x; });
    if (first == T(3)) return run([](T x) { return x * x * x; });
    if (first == T(0.5)) return run([](T x) { return root(x); });
    if (first == T(-0.5)) return run([](T x) { return T(1) / root(x); });
    if (first == T(-1)) return run([](T x) { return T(1) / x; });
    if (first == T(-2)) return run([](T x) { return T(1) / (x * x); });
  }
  auto power = [](T x, T y) { return fn_pow(x, y); };
  power_loop<kNumber, decltype(power), T>(out, in, n);
}

template <class T, bool kNumber>
void power_rule_tile(void* out, const void* const* in, int64_t n) {
  const T* e = static_cast<const T*>(in[1]);
  const T first = n ? e[0] : T(0);
  auto run = [&]<class Fn>(Fn) { tile<Fn, 1, T, T>(out, in, n); };
  if (all_equal(e, kNumber ? 1 : n)) {
    if (first == T(1)) return run([](T) { return T(1); });
    if (first == T(2)) return run([](T x) { return T(2) * x; });
    if (first == T(3)) return run([](T x) { return T(3) * (x * x); });
    if (first == T(0.5)) return run([](T x) { return T(0.5) * (T(1) / root(x)); });
    if (first == T(-1)) return run([](T x) { return -(T(1) / (x * x)); });
  }
  auto rule = [](T x, T p) { return fn_power_rule(x, p); };
  power_loop<kNumber, decltype(rule), T>(out, in, n);
}

}  // namespace

void add_math(TileTable& table, TileTable& numbers) {
#define WG_FN_Arithmetic(name, arity, types)
#define WG_FN_Math(name, arity, types) WG_PUT(name, arity, (types) & ~C)
#define WG_FN_Special(name, arity, types)
#define WG_FN(group, name, arity, types, result) WG_FN_##group(name, arity, types)
#define WG_ALSO(group, name, arity, types) WG_FN_##group(name, arity, types)
#include "elementwise.def"
  put_angle(table, kFn_sin, [](auto x) { return sin(x); }, [](auto x) { return std::sin(x); });
  put_angle(table, kFn_cos, [](auto x) { return cos(x); }, [](auto x) { return std::cos(x); });
  put_angle(table, kFn_tan, [](auto x) { return fn_tan(x); }, [](auto x) { return std::tan(x); });
  put_angle(
      table, kFn_sinc, [](auto x) { return fn_sinc(x); },
      [](auto x) {
        auto p = x * decltype(x)(3.141592653589793238462643383);
        return x == 0 ? x + 1 : std::sin(p) / p;
      });
  auto put_powers = [](TileTable& t, auto number) {
    t[kFn_pow][int(DType::Float32)] = pow_tile<float, number()>;
    t[kFn_pow][int(DType::Float64)] = pow_tile<double, number()>;
    t[kFn_power_rule][int(DType::Float32)] = power_rule_tile<float, number()>;
    t[kFn_power_rule][int(DType::Float64)] = power_rule_tile<double, number()>;
  };
  put_powers(table, std::false_type());
  put_powers(numbers, std::true_type());
}

}  // namespace wg::WG_LEVEL
