// The two real types that most loops are compiled for.
#pragma once
#include "../dtype.h"

namespace wg {

// f(float()) for Float32, f(double()) for Float64.
template <class F>
void with_real(DType d, F f) {
  d == DType::Float32 ? f(float()) : f(double());
}

}  // namespace wg
