// The inner loops of small products, one table per level of x86-64.
#pragma once
#include <cstdint>

#include "levels.h"

namespace wg {

// c = alpha * a @ b + beta * c on one thread; strides (row, col) of a and b are free, c's rows are contiguous.
template <class T>
using SmallGemm = void (*)(int64_t m, int64_t n, int64_t k, T alpha, const T* a, int64_t a_row, int64_t a_col,
                           const T* b, int64_t b_row, int64_t b_col, T beta, T* c, int64_t c_row);
template <class T>
using DotFn = T (*)(int64_t n, const T* x, const T* y);  // contiguous

struct GemmKernels {
  SmallGemm<float> small_float;
  SmallGemm<double> small_double;
  DotFn<float> dot_float;
  DotFn<double> dot_double;
};
WG_LEVEL_TABLE(GemmKernels, gemm_kernels, gemm_table)

}  // namespace wg
