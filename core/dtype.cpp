// Promotion of element types, and the default one.
#include "dtype.h"

#include <utility>

namespace wg {

namespace {
DType g_default = DType::Float32;
}

DType promote(DType a, DType b) {
  if (a == b) return a;
  if (a > b) std::swap(a, b);
  if (is_complex(b)) {
    bool wide = b == DType::Complex128 || a == DType::Float64;
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
    case DType::Complex64: return DType::Float32;
    case DType::Complex128: return DType::Float64;
    default: return d;
  }
}

DType complex_of(DType d) {
  return d == DType::Float64 || d == DType::Complex128 ? DType::Complex128 : DType::Complex64;
}

bool can_cast(DType from, DType to) { return category(from) <= category(to); }

DType default_dtype() { return g_default; }

void set_default_dtype(DType d) {
  WG_CHECK_TYPE(is_floating(d), "only floating-point types are supported as the default type");
  g_default = d;
}

}  // namespace wg
