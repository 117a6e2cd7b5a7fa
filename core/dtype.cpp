// Promotion of element types, and the default one.
#include "dtype.h"

#include <utility>

namespace wg {

namespace {
DType g_default = DType::Float32;
}

NoKernel::NoKernel(DType d) : Error(Kind::NotImplemented, str("not implemented for '", torch_name(d), "'")), dtype(d) {}
void no_kernel(DType d) { throw NoKernel(d); }

static void check_promotion(DType a, DType b) {
  auto eight = [](DType d) { return d >= DType::Float8_e4m3fn && d <= DType::Float8_e8m0fnu; };
  auto wide = [](DType d) { return d >= DType::UInt16 && d <= DType::UInt64; };
  WG_CHECK(!eight(a) && !eight(b), "Promotion for Float8 Types is not supported, attempted to promote ", torch_name(a),
           " and ", torch_name(b));
  WG_CHECK(!(wide(a) || wide(b)) || is_floating(a) || is_floating(b),
           "Promotion for uint16, uint32, uint64 types is not supported, attempted to promote ", torch_name(a), " and ",
           torch_name(b));
}

DType promote(DType a, DType b) {
  if (a == b) return a;
  if (is_stored(a) || is_stored(b)) check_promotion(a, b);
  if (a > b) std::swap(a, b);
  if (is_complex(b)) {
    bool wide = b == DType::Complex128 || a == DType::Float64;
    if (b == DType::ComplexHalf && (!is_differentiable(a) || a == DType::Float16)) return b;
    return wide ? DType::Complex128 : DType::Complex64;
  }
  if (is_floating(b)) {
    if (!is_floating(a)) return b;
    return a == DType::Float16 && b == DType::BFloat16 ? DType::Float32 : b;
  }
  if (a == DType::UInt8 && b == DType::Int8) return DType::Int16;
  return b;
}

DType real_of(DType d) {
  switch (d) {
    case DType::ComplexHalf: return DType::Float16;
    case DType::Complex64: return DType::Float32;
    case DType::Complex128: return DType::Float64;
    default: return d;
  }
}

DType complex_of(DType d) {
  if (is_complex(d)) return d;
  switch (d) {
    case DType::Float16: return DType::ComplexHalf;
    case DType::Float64: return DType::Complex128;
    default: break;
  }
  WG_CHECK(!is_stored(d), "Unknown Complex ScalarType for ", torch_name(d));
  return DType::Complex64;
}

bool can_cast(DType from, DType to) { return category(from) <= category(to); }

DType default_dtype() { return g_default; }

void set_default_dtype(DType d) {
  WG_CHECK_TYPE(is_floating(d), "only floating-point types are supported as the default type");
  g_default = d;
}

}  // namespace wg
