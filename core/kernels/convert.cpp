// Conversions between all pairs of dtypes, for one CPU level (WG_LEVEL).
#include "../simd/halves.h"
#include "tiles_table.h"

#if defined(__F16C__)
#include <immintrin.h>
#endif

namespace wg::WG_LEVEL {
namespace {

// The number whose conversion is asked for: float for half precision, the real part of complex.
template <class From>
WG_INLINE auto plain(From x) {
  if constexpr (is_reduced_v<From>)
    return widen(x);
  else
    return x;
}

template <class From, class To>
WG_INLINE void cast(From in, To* out) {
  auto x = plain(in);
  using X = decltype(x);
  if constexpr (std::is_same_v<From, To>) {
    *out = in;
  } else if constexpr (std::is_same_v<To, bool>) {
    if constexpr (is_complex_v<X>)
      *out = (x.real() != 0) | (x.imag() != 0);
    else
      *out = x != 0;
  } else if constexpr (is_complex_v<To>) {
    using R = typename To::value_type;
    if constexpr (is_complex_v<X>)
      *out = To(R(x.real()), R(x.imag()));
    else
      *out = To(R(x), R(0));
  } else if constexpr (is_complex_v<X>) {
    cast(x.real(), out);
  } else if constexpr (is_reduced_v<To>) {
    narrow(float(x), out);
  } else if constexpr (std::is_floating_point_v<X> && std::is_integral_v<To> && sizeof(To) < 4) {
    *out = To(int32_t(x));
  } else {
    *out = To(x);
  }
}

#if defined(__F16C__)
// Eight at a time, by the machine's own instruction; f(to, from) of a last few goes through a full eight.
template <class From, class To, class F>
WG_INLINE void by_eights(To* o, const From* a, int64_t n, F f) {
  for (; n >= 8; n -= 8, a += 8, o += 8) f(o, a);
  if (n == 0) return;
  From some[8] = {};
  To made[8];
  for (int64_t i = 0; i < n; ++i) some[i] = a[i];
  f(made, some);
  for (int64_t i = 0; i < n; ++i) o[i] = made[i];
}
WG_INLINE void convert_halves(Half* o, const float* a, int64_t n) {
  by_eights(o, a, n, [](Half* to, const float* from) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to),
                     _mm256_cvtps_ph(_mm256_loadu_ps(from), _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
  });
}
WG_INLINE void convert_halves(float* o, const Half* a, int64_t n) {
  by_eights(o, a, n, [](float* to, const Half* from) {
    _mm256_storeu_ps(to, _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from))));
  });
}
template <class From, class To>
inline constexpr bool kHalves = (std::is_same_v<From, Half> && std::is_same_v<To, float>) ||
                                (std::is_same_v<From, float> && std::is_same_v<To, Half>);
#else
template <class From, class To>
inline constexpr bool kHalves = false;
#endif

template <class From, class To>
void convert(void* out, const void* in, int64_t n) {
  To* o = static_cast<To*>(out);
  const From* a = static_cast<const From*>(in);
  if constexpr (kHalves<From, To>) return convert_halves(o, a, n);
  for (int64_t i = 0; i < n; ++i) cast(a[i], o + i);
}

template <class From>
void add_from(ConvertFn (&row)[kDTypes]) {
#define X(e, t, n, m) row[int(DType::e)] = convert<From, t>;
  WG_DTYPES(X)
#undef X
}

}  // namespace

void add_conversions(ConvertFn (&table)[kDTypes][kDTypes]) {
#define X(e, t, n, m) add_from<t>(table[int(DType::e)]);
  WG_DTYPES(X)
#undef X
}

}  // namespace wg::WG_LEVEL
