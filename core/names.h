// Element types by the names that compilers print, which stand in some of torch's messages.
#pragma once
#include "dtype.h"

namespace wg {

// As C++ sources spell them; and as its compilers do, which torch prints in other messages.
inline const char* cpp_name(DType d) {
  static constexpr const char* names[] = {"bool",
                                          "uint8_t",
                                          "int8_t",
                                          "int16_t",
                                          "int",
                                          "int64_t",
                                          "uint16_t",
                                          "uint32_t",
                                          "uint64_t",
                                          "c10::Half",
                                          "c10::BFloat16",
                                          "float",
                                          "double",
                                          "c10::Float8_e4m3fn",
                                          "c10::Float8_e4m3fnuz",
                                          "c10::Float8_e5m2",
                                          "c10::Float8_e5m2fnuz",
                                          "c10::Float8_e8m0fnu",
                                          "c10::complex<c10::Half>",
                                          "c10::complex<float>",
                                          "c10::complex<double>"};
  return names[int(d)];
}
inline const char* compiler_name(DType d) {
  switch (d) {
    case DType::UInt8: return "unsigned char";
    case DType::Int8: return "signed char";
    case DType::Int16: return "short int";
    case DType::Int64: return "long int";
    case DType::UInt16: return "short unsigned int";
    case DType::UInt32: return "unsigned int";
    case DType::UInt64: return "long unsigned int";
    default: return cpp_name(d);
  }
}

}  // namespace wg
