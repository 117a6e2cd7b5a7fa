// The list of element types, and everything that follows from it.
#pragma once
#include <complex>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "error.h"

namespace wg {

// Half-precision types: storage only; arithmetic is done in float and rounded to nearest, ties to even.
struct Half {
  uint16_t bits;
  Half() = default;
  Half(float f);
  operator float() const;
};
struct BFloat16 {
  uint16_t bits;
  BFloat16() = default;
  BFloat16(float f);
  operator float() const;
};
using complex64 = std::complex<float>;
using complex128 = std::complex<double>;

// X(enum, C++ type, Python name, torch's name in messages). The order is the order of promotion within a category.
#define WG_DTYPES(X)                                   \
  X(Bool, bool, "bool", "Bool")                        \
  X(UInt8, uint8_t, "uint8", "Byte")                   \
  X(Int8, int8_t, "int8", "Char")                      \
  X(Int16, int16_t, "int16", "Short")                  \
  X(Int32, int32_t, "int32", "Int")                    \
  X(Int64, int64_t, "int64", "Long")                   \
  X(Float16, Half, "float16", "Half")                  \
  X(BFloat16, BFloat16, "bfloat16", "BFloat16")        \
  X(Float32, float, "float32", "Float")                \
  X(Float64, double, "float64", "Double")              \
  X(Complex64, complex64, "complex64", "ComplexFloat") \
  X(Complex128, complex128, "complex128", "ComplexDouble")

enum class DType : uint8_t {
#define X(e, t, n, m) e,
  WG_DTYPES(X)
#undef X
};
inline constexpr int kDTypes = 12;

namespace detail {
inline constexpr uint8_t kSize[] = {
#define X(e, t, n, m) sizeof(t),
    WG_DTYPES(X)
#undef X
};
inline constexpr const char* kName[] = {
#define X(e, t, n, m) n,
    WG_DTYPES(X)
#undef X
};
inline constexpr const char* kTorchName[] = {
#define X(e, t, n, m) m,
    WG_DTYPES(X)
#undef X
};
}  // namespace detail

inline int size_of(DType d) { return detail::kSize[int(d)]; }
inline const char* name_of(DType d) { return detail::kName[int(d)]; }          // "float32"
inline const char* torch_name(DType d) { return detail::kTorchName[int(d)]; }  // "Float"
inline bool is_complex(DType d) { return d >= DType::Complex64; }
inline bool is_floating(DType d) { return d >= DType::Float16 && d <= DType::Float64; }
inline bool is_integral(DType d) { return d >= DType::UInt8 && d <= DType::Int64; }  // bool is not
inline bool is_differentiable(DType d) { return d >= DType::Float16; }
inline bool is_reduced(DType d) { return d == DType::Float16 || d == DType::BFloat16; }
// 0 bool, 1 integral, 2 floating, 3 complex
inline int category(DType d) { return d == DType::Bool ? 0 : d <= DType::Int64 ? 1 : d <= DType::Float64 ? 2 : 3; }
DType promote(DType a, DType b);       // torch.promote_types
DType real_of(DType complex_or_real);  // complex64 -> float32
DType complex_of(DType d);             // float32 -> complex64
bool can_cast(DType from, DType to);   // torch.can_cast
DType default_dtype();                 // per process: set_default_dtype
void set_default_dtype(DType);

template <DType D>
struct CType;
template <class T>
struct DTypeOf;
#define X(e, t, n, m)                        \
  template <>                                \
  struct CType<DType::e> {                   \
    using type = t;                          \
  };                                         \
  template <>                                \
  struct DTypeOf<t> {                        \
    static constexpr DType value = DType::e; \
  };
WG_DTYPES(X)
#undef X

template <class T>
inline constexpr bool is_complex_v = std::is_same_v<T, complex64> || std::is_same_v<T, complex128>;
template <class T>
inline constexpr bool is_reduced_v = std::is_same_v<T, Half> || std::is_same_v<T, BFloat16>;
template <class T>
inline constexpr bool is_floating_v = std::is_floating_point_v<T> || is_reduced_v<T>;

// visit(dtype, []<class T>() { … }): calls the template with the C++ type of the dtype.
template <class F>
decltype(auto) visit(DType d, F&& f) {
  switch (d) {
#define X(e, t, n, m) \
  case DType::e: return f.template operator()<t>();
    WG_DTYPES(X)
#undef X
  }
  __builtin_unreachable();
}
// The same over a subset; other dtypes are torch's error `"op" not implemented for 'Bool'`.
template <class F>
decltype(auto) visit_floating(DType d, const char* op, F&& f) {  // float32, float64, float16, bfloat16
  switch (d) {
    case DType::Float32: return f.template operator()<float>();
    case DType::Float64: return f.template operator()<double>();
    case DType::Float16: return f.template operator()<Half>();
    case DType::BFloat16: return f.template operator()<BFloat16>();
    default: fail(Kind::NotImplemented, '"', op, "\" not implemented for '", torch_name(d), "'");
  }
}

inline float bits_to_float(uint32_t u) {
  float f;
  std::memcpy(&f, &u, 4);
  return f;
}
inline uint32_t float_to_bits(float f) {
  uint32_t u;
  std::memcpy(&u, &f, 4);
  return u;
}
inline BFloat16::operator float() const { return bits_to_float(uint32_t(bits) << 16); }
inline BFloat16::BFloat16(float f) {
  uint32_t u = float_to_bits(f);
  bits = f != f ? uint16_t(0x7FC0) : uint16_t((u + 0x7FFF + ((u >> 16) & 1)) >> 16);
}
// Branch-light conversions after F. Giesen's public-domain half/float routines' idea: scale through a float multiply.
inline Half::operator float() const {
  uint32_t sign = uint32_t(bits & 0x8000) << 16, rest = uint32_t(bits & 0x7FFF) << 13;
  float f = bits_to_float(rest) * bits_to_float(0x77800000u);  // * 2^112
  uint32_t u = float_to_bits(f);
  if ((bits & 0x7C00) == 0x7C00) u = rest | 0x7F800000u;
  return bits_to_float(u | sign);
}
inline Half::Half(float f) {
  uint32_t u = float_to_bits(f), sign = (u >> 16) & 0x8000;
  u &= 0x7FFFFFFF;
  if (u > 0x7F800000) {
    bits = uint16_t(sign | 0x7E00);
  } else if (u >= 0x477FF000) {  // 65520 and above round to inf
    bits = uint16_t(sign | 0x7C00);
  } else if (u < 0x38800000) {  // subnormal: let the FPU align and round the mantissa
    float t = bits_to_float(u) + 0.5f;
    bits = uint16_t(sign | (float_to_bits(t) - 0x3F000000u));
  } else {
    u += 0xFFF + ((u >> 13) & 1) - (112u << 23);
    bits = uint16_t(sign | (u >> 13));
  }
}

}  // namespace wg
