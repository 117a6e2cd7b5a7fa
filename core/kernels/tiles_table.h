// How each translation unit of scalar functions writes its loops into the table of tile functions.
// Included once per translation unit; WG_LEVEL is the namespace of the CPU level it is compiled for.
#pragma once
#include "tiles.h"

#define WG_INLINE [[gnu::always_inline]] inline

namespace wg {

enum FnId : int {
#define WG_FN(group, name, arity, types, result) kFn_##name,
#define WG_ALSO(group, name, arity, types)
#include "elementwise.def"
#undef WG_FN
#undef WG_ALSO
  kFns
};
using TileTable = TileFn[kFns][32];  // by dtype; a power of two, so that a row is found by a shift
static_assert(kDTypes <= 32);

[[noreturn]] void zero_division();  // the error of an integer division by zero

namespace WG_LEVEL {

// The element types of elementwise.def.
enum Types : unsigned { B = 1, I = 2, F = 4, C = 8, U = 16, E = 32, H = 64 };

template <class Fn, int arity, class First, class T>
void tile(void* out, const void* const* in, int64_t n) {
  Fn f{};
  const First* a = static_cast<const First*>(in[0]);
  using R = decltype([](auto g, auto x, auto y) {
    if constexpr (arity == 1)
      return g(x);
    else if constexpr (arity == 2)
      return g(x, y);
    else if constexpr (arity == 3)
      return g(x, y, y);
    else
      return g(x, y, y, y);
  }(f, First(), T()));
  R* o = static_cast<R*>(out);
  if constexpr (arity == 1) {
#pragma GCC ivdep
    for (int64_t i = 0; i < n; ++i) o[i] = f(a[i]);
  } else {
    const T* b = static_cast<const T*>(in[1]);
    if constexpr (arity == 2) {
#pragma GCC ivdep
      for (int64_t i = 0; i < n; ++i) o[i] = f(a[i], b[i]);
    } else {
      const T* c = static_cast<const T*>(in[2]);
      if constexpr (arity == 3) {
#pragma GCC ivdep
        for (int64_t i = 0; i < n; ++i) o[i] = f(a[i], b[i], c[i]);
      } else {
        const T* d = static_cast<const T*>(in[3]);
#pragma GCC ivdep
        for (int64_t i = 0; i < n; ++i) o[i] = f(a[i], b[i], c[i], d[i]);
      }
    }
  }
}

template <class Fn, int arity, bool bool_first, class T>
void put(TileFn* row) {
  using First = std::conditional_t<bool_first, uint8_t, T>;  // a bool as a byte: vectorises
  row[int(DTypeOf<T>::value)] = tile<Fn, arity, First, T>;
}

// The same with one number for each operand but the first: only the first element of their tiles is read.
template <class Fn, int arity, class T>
void tile_numbers(void* out, const void* const* in, int64_t n) {
  Fn f{};
  const T* a = static_cast<const T*>(in[0]);
  auto run = [&](auto... numbers) {
    auto* o = static_cast<decltype(f(T(), numbers...))*>(out);
#pragma GCC ivdep
    for (int64_t i = 0; i < n; ++i) o[i] = f(a[i], numbers...);
  };
  auto number = [in](int k) { return *static_cast<const T*>(in[k]); };
  if constexpr (arity == 2)
    run(number(1));
  else if constexpr (arity == 3)
    run(number(1), number(2));
  else
    run(number(1), number(2), number(3));
}
template <unsigned types, int arity, bool bool_first, class Fn>
void put_numbers(TileTable& table, int id, Fn) {
  if constexpr ((types & F) != 0 && arity > 1 && !bool_first) {
    table[id][int(DType::Float32)] = tile_numbers<Fn, arity, float>;
    table[id][int(DType::Float64)] = tile_numbers<Fn, arity, double>;
  }
}

template <unsigned types, int arity, bool bool_first, class Fn>
void put_all(TileTable& table, int id, Fn) {
  TileFn* row = table[id];
  if constexpr (types & B) put<Fn, arity, bool_first, bool>(row);
  if constexpr (types & I) {
    put<Fn, arity, bool_first, uint8_t>(row);
    put<Fn, arity, bool_first, int8_t>(row);
    put<Fn, arity, bool_first, int16_t>(row);
    put<Fn, arity, bool_first, int32_t>(row);
    put<Fn, arity, bool_first, int64_t>(row);
  }
  if constexpr (types & U) {
    put<Fn, arity, bool_first, uint16_t>(row);
    put<Fn, arity, bool_first, uint32_t>(row);
    put<Fn, arity, bool_first, uint64_t>(row);
  }
  if constexpr (types & F) {
    put<Fn, arity, bool_first, float>(row);
    put<Fn, arity, bool_first, double>(row);
  }
  if constexpr (types & C) {
    put<Fn, arity, bool_first, complex64>(row);
    put<Fn, arity, bool_first, complex128>(row);
  }
}

}  // namespace WG_LEVEL
}  // namespace wg

// Puts the loops over fn_<name> for these types into `table`; for use as WG_FN_<group> around elementwise.def.
#define WG_PUT(name, arity, types)                    \
  if constexpr ((types) != 0)                         \
    put_all<(types), arity, kFn_##name == kFn_where>( \
        table, kFn_##name, [](auto... x) __attribute__((always_inline)) { return fn_##name(x...); });
#define WG_PUT_NUMBERS(name, arity, types)              \
  put_numbers<(types), arity, kFn_##name == kFn_where>( \
      numbers, kFn_##name, [](auto... x) __attribute__((always_inline)) { return fn_##name(x...); });
