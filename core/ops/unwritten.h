// Memory that nothing was written to: left as it is, or filled so that programs that read it always read the same.
#pragma once
#include "../op.h"

namespace wg {

extern bool fill_unwritten;  // torch's: with deterministic algorithms, unless fill_uninitialized_memory says otherwise

// Fills with NaN, with the largest integer, with True.
void mark_unwritten(Tensor& t);
inline TensorRef unwritten(TensorRef t) {
  if (fill_unwritten) mark_unwritten(*t);
  return t;
}

}  // namespace wg
