// The two real types that most loops are compiled for, and bytes seen as elements of a type.
#pragma once
#include "../dtype.h"

namespace wg {

// f(float()) for Float32, f(double()) for Float64.
template <class F>
void with_real(DType d, F f) {
  d == DType::Float32 ? f(float()) : f(double());
}

template <class T>
const T* as(const char* p) {
  return reinterpret_cast<const T*>(p);
}
template <class T>
T* as(char* p) {
  return reinterpret_cast<T*>(p);
}

}  // namespace wg
