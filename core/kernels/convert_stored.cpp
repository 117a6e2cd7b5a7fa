// Conversions from and to the types that are stored but hardly computed with: by way of a type that kernels know.
#include <algorithm>
#include <type_traits>

#include "tiles.h"

namespace wg {
namespace {

template <class From, class To>
To number(From in) {
  if constexpr (is_complex_v<From>) {
    return number<typename From::value_type, To>(in.real());
  } else if constexpr (std::is_same_v<To, bool>) {
    return in != 0;
  } else if constexpr (is_reduced_v<From> || is_reduced_v<To>) {
    const float x = float(in);
    if constexpr (is_reduced_v<To>)
      return To(x);
    else
      return number<float, To>(x);
  } else if constexpr (is_complex_v<To>) {
    return To(typename To::value_type(in));
  } else if constexpr (std::is_floating_point_v<From> && sizeof(To) < 8) {
    return To(int64_t(in));  // out of range: modulo, as the machine does it
  } else {
    return To(in);
  }
}

// One of the two is a wide unsigned integer.
template <class From, class To>
void direct(void* out, const void* in, int64_t n) {
  const From* a = static_cast<const From*>(in);
  To* o = static_cast<To*>(out);
  for (int64_t i = 0; i < n; ++i) {
    if constexpr (std::is_same_v<From, To>)
      o[i] = a[i];
    else
      o[i] = number<From, To>(a[i]);
  }
}

template <class From, class To>
void each(void* out, const void* in, int64_t n) {
  for (int64_t i = 0; i < n; ++i) static_cast<To*>(out)[i] = To(static_cast<const From*>(in)[i]);
}

// A narrow type in its wide one, and back.
ConvertFn widening(DType d) {
  switch (d) {
#define X(e, t, n, m) \
  case DType::e: return each<t, float>;
    WG_EIGHTS(X)
#undef X
    default:
      return [](void* out, const void* in, int64_t n) {
        auto* z = static_cast<const ComplexHalf*>(in);
        for (int64_t i = 0; i < n; ++i) static_cast<complex64*>(out)[i] = {z[i].real(), z[i].imag()};
      };
  }
}
ConvertFn narrowing(DType d) {
  switch (d) {
#define X(e, t, n, m) \
  case DType::e: return each<float, t>;
    WG_EIGHTS(X)
#undef X
    default: return each<complex64, ComplexHalf>;
  }
}

bool has_wide(DType d) { return is_stored(d) && is_narrow(d); }

// from -> its wide type -> the wide type of to -> to, tile by tile; what there is no need for is left out.
void in_steps(DType from, DType to, void* out, const void* in, int64_t n) {
  alignas(64) char first[kTile * 16], second[kTile * 16];
  const DType wide_from = has_wide(from) ? wide_of(from) : from, wide_to = has_wide(to) ? wide_of(to) : to;
  for (int64_t i = 0; i < n; i += kTile) {
    const int64_t m = std::min<int64_t>(kTile, n - i);
    const void* now = static_cast<const char*>(in) + i * size_of(from);
    void* end = static_cast<char*>(out) + i * size_of(to);
    if (wide_from != from) {
      widening(from)(first, now, m);
      now = first;
    }
    if (wide_from != wide_to || wide_to == to) {
      void* next = wide_to == to ? end : second;
      convert_fn(wide_from, wide_to)(next, now, m);
      now = next;
    }
    if (wide_to != to) narrowing(to)(end, now, m);
  }
}

template <DType from, DType to>
void narrow(void* out, const void* in, int64_t n) {
  in_steps(from, to, out, in, n);
}

template <DType from>
void add_narrow(ConvertFn (&table)[kDTypes][kDTypes]) {
#define X(e, t, n, m)                                       \
  table[int(from)][int(DType::e)] = narrow<from, DType::e>; \
  table[int(DType::e)][int(from)] = narrow<DType::e, from>;
  WG_ALL_DTYPES(X)
#undef X
}

template <class From>
void add_direct(ConvertFn (&table)[kDTypes][kDTypes]) {
  constexpr int from = int(DTypeOf<From>::value);
#define X(e, t, n, m)                           \
  table[from][int(DType::e)] = direct<From, t>; \
  table[int(DType::e)][from] = direct<t, From>;
  WG_DTYPES(X)
  WG_UNSIGNED(X)
#undef X
}

}  // namespace

void add_stored_conversions(ConvertFn (&table)[kDTypes][kDTypes]) {
  add_direct<uint16_t>(table);
  add_direct<uint32_t>(table);
  add_direct<uint64_t>(table);
#define X(e, t, n, m) add_narrow<DType::e>(table);
  WG_EIGHTS(X)
  WG_COMPLEX_HALF(X)
#undef X
}

}  // namespace wg
