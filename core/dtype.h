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
// Two halves; arithmetic is done in complex64.
struct ComplexHalf {
  using value_type = Half;
  Half re, im;
  ComplexHalf() = default;
  ComplexHalf(complex64 z) : re(z.real()), im(z.imag()) {}
  explicit ComplexHalf(complex128 z) : re(float(z.real())), im(float(z.imag())) {}
  explicit ComplexHalf(double x, double y = 0) : re(float(x)), im(float(y)) {}
  float real() const { return re; }
  float imag() const { return im; }
  explicit operator complex128() const { return {real(), imag()}; }
};
// Eight bits; torch's five kinds of them (float8.cpp).
enum class Eight { e4m3fn, e4m3fnuz, e5m2, e5m2fnuz, e8m0fnu };
float eight_to_float(Eight kind, uint8_t bits);
uint8_t float_to_eight(Eight kind, float f);
template <Eight kind>
struct Float8 {
  uint8_t bits;
  Float8() = default;
  Float8(float f) : bits(float_to_eight(kind, f)) {}
  operator float() const { return eight_to_float(kind, bits); }
};

// X(enum, C++ type, Python name, torch's name in messages). The order is the order of promotion within a category.
#define WG_INTEGERS(X)                \
  X(Bool, bool, "bool", "Bool")       \
  X(UInt8, uint8_t, "uint8", "Byte")  \
  X(Int8, int8_t, "int8", "Char")     \
  X(Int16, int16_t, "int16", "Short") \
  X(Int32, int32_t, "int32", "Int")   \
  X(Int64, int64_t, "int64", "Long")
#define WG_UNSIGNED(X)                    \
  X(UInt16, uint16_t, "uint16", "UInt16") \
  X(UInt32, uint32_t, "uint32", "UInt32") \
  X(UInt64, uint64_t, "uint64", "UInt64")
#define WG_FLOATS(X)                            \
  X(Float16, Half, "float16", "Half")           \
  X(BFloat16, BFloat16, "bfloat16", "BFloat16") \
  X(Float32, float, "float32", "Float")         \
  X(Float64, double, "float64", "Double")
#define WG_EIGHTS(X)                                                                \
  X(Float8_e4m3fn, Float8<Eight::e4m3fn>, "float8_e4m3fn", "Float8_e4m3fn")         \
  X(Float8_e4m3fnuz, Float8<Eight::e4m3fnuz>, "float8_e4m3fnuz", "Float8_e4m3fnuz") \
  X(Float8_e5m2, Float8<Eight::e5m2>, "float8_e5m2", "Float8_e5m2")                 \
  X(Float8_e5m2fnuz, Float8<Eight::e5m2fnuz>, "float8_e5m2fnuz", "Float8_e5m2fnuz") \
  X(Float8_e8m0fnu, Float8<Eight::e8m0fnu>, "float8_e8m0fnu", "Float8_e8m0fnu")
#define WG_COMPLEX_HALF(X) X(ComplexHalf, ComplexHalf, "complex32", "ComplexHalf")
#define WG_COMPLEX_TYPES(X)                            \
  X(Complex64, complex64, "complex64", "ComplexFloat") \
  X(Complex128, complex128, "complex128", "ComplexDouble")
// The types that kernels are written for; those that are stored, moved and converted, and hardly computed with; all.
#define WG_DTYPES(X) WG_INTEGERS(X) WG_FLOATS(X) WG_COMPLEX_TYPES(X)
#define WG_STORED_DTYPES(X) WG_UNSIGNED(X) WG_EIGHTS(X) WG_COMPLEX_HALF(X)
#define WG_ALL_DTYPES(X) WG_INTEGERS(X) WG_UNSIGNED(X) WG_FLOATS(X) WG_EIGHTS(X) WG_COMPLEX_HALF(X) WG_COMPLEX_TYPES(X)

enum class DType : uint8_t {
#define X(e, t, n, m) e,
  WG_ALL_DTYPES(X)
#undef X
};
inline constexpr int kDTypes = int(DType::Complex128) + 1;

namespace detail {
inline constexpr uint8_t kSize[] = {
#define X(e, t, n, m) sizeof(t),
    WG_ALL_DTYPES(X)
#undef X
};
inline constexpr const char* kName[] = {
#define X(e, t, n, m) n,
    WG_ALL_DTYPES(X)
#undef X
};
inline constexpr const char* kTorchName[] = {
#define X(e, t, n, m) m,
    WG_ALL_DTYPES(X)
#undef X
};
inline constexpr uint32_t kStored = 0
#define X(e, t, n, m) | 1u << int(DType::e)
    WG_STORED_DTYPES(X)
#undef X
    ;
inline constexpr uint32_t kNarrow = 1u << int(DType::Float16) | 1u << int(DType::BFloat16)
#define X(e, t, n, m) | 1u << int(DType::e)
                                                                        WG_EIGHTS(X) WG_COMPLEX_HALF(X)
#undef X
    ;
}  // namespace detail

inline int size_of(DType d) { return detail::kSize[int(d)]; }
inline const char* name_of(DType d) { return detail::kName[int(d)]; }          // "float32"
inline const char* torch_name(DType d) { return detail::kTorchName[int(d)]; }  // "Float"
inline bool is_complex(DType d) { return d >= DType::ComplexHalf; }
inline bool is_floating(DType d) { return d >= DType::Float16 && d <= DType::Float8_e8m0fnu; }
inline bool is_integral(DType d) { return d >= DType::UInt8 && d <= DType::UInt64; }  // bool is not
inline bool is_differentiable(DType d) { return d >= DType::Float16; }
inline bool is_signed(DType d) {
  return d != DType::Bool && d != DType::UInt8 && !(d >= DType::UInt16 && d <= DType::UInt64) &&
         d != DType::Float8_e8m0fnu;
}
inline bool is_reduced(DType d) { return d == DType::Float16 || d == DType::BFloat16; }
inline bool is_stored(DType d) { return detail::kStored >> int(d) & 1; }  // of WG_STORED_DTYPES
inline bool is_narrow(DType d) { return detail::kNarrow >> int(d) & 1; }  // computed in wide_of(d)
inline DType wide_of(DType d) { return is_complex(d) ? DType::Complex64 : DType::Float32; }
// 0 bool, 1 integral, 2 floating, 3 complex
inline int category(DType d) { return d == DType::Bool ? 0 : d < DType::Float16 ? 1 : d < DType::ComplexHalf ? 2 : 3; }
DType promote(DType a, DType b);       // torch.promote_types
DType real_of(DType complex_or_real);  // complex64 -> float32
DType complex_of(DType d);             // float32 -> complex64; RuntimeError when there is none
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
WG_ALL_DTYPES(X)
#undef X

template <class T>
inline constexpr bool is_complex_v =
    std::is_same_v<T, complex64> || std::is_same_v<T, complex128> || std::is_same_v<T, ComplexHalf>;
template <class T>
inline constexpr bool is_eight_v = false;
template <Eight kind>
inline constexpr bool is_eight_v<Float8<kind>> = true;
template <class T>
inline constexpr bool is_reduced_v = std::is_same_v<T, Half> || std::is_same_v<T, BFloat16> || is_eight_v<T>;
template <class T>
inline constexpr bool is_floating_v = std::is_floating_point_v<T> || is_reduced_v<T>;

// What a kernel says of a type that it is not written for; the op that was running puts its name to it (apply.cpp).
struct NoKernel : Error {
  DType dtype;
  explicit NoKernel(DType d);
};
[[noreturn]] void no_kernel(DType d);

// visit(dtype, []<class T>() { … }): calls the template with the C++ type of the dtype. NoKernel for the stored ones.
template <class F>
decltype(auto) visit(DType d, F&& f) {
  switch (d) {
#define X(e, t, n, m) \
  case DType::e: return f.template operator()<t>();
    WG_DTYPES(X)
#undef X
    default: no_kernel(d);
  }
}
// The same for all types: for code that converts or compares single numbers.
template <class F>
decltype(auto) visit_all(DType d, F&& f) {
  switch (d) {
#define X(e, t, n, m) \
  case DType::e: return f.template operator()<t>();
    WG_ALL_DTYPES(X)
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
