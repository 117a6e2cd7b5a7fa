// Matrix products: our own loops, packed for large ones; OpenBLAS for large complex ones.
#pragma once
#include <cstdint>
#include <vector>

#include "../dtype.h"
#include "../parallel.h"

namespace wg {

// Where OpenBLAS is (a shared library whose symbols begin with "scipy_" or have no prefix). Loaded when first needed;
// without one, every product runs on our own loops.
void set_blas_library(const char* path);
bool blas_loaded();                   // loads it if that has not been tried
void* blas_symbol(const char* name);  // "cblas_sgemm", "dgesdd_": null when there is none

// A matrix in memory: element (i, j) is data[i * row + j * col].
struct Matrix {
  char* data;
  int64_t row, col;
};

// How b lies. Padded: in contiguous rows, in the cache, and it may be read some way past the last column of a row.
// Packed: as pack() left it (then its strides say nothing); for Float32 and Float64 only.
enum class Right : uint8_t { Plain, Padded, Packed };

// c = alpha * a @ b + beta * c for `batch` pairs; a: m x k, b: k x n, c: m x n in contiguous rows. When beta is 0, c is
// not read. Steps are the distances between matrices of a batch, in elements. Any strides, 0 included.
struct Gemm {
  DType dtype;
  int64_t m, n, k;
  Matrix a, b, c;
  complex128 alpha = 1, beta = 0;
  int64_t batch = 1, a_step = 0, b_step = 0, c_step = 0;
  Right right = Right::Plain;
  const char* bias = nullptr;  // in place of beta * c: a row of n that is added to every row
};
void gemm(const Gemm& g);
// One after the other; all of them with the same c and of the same sizes but for k, each a single pair. In the
// background where `work` is given.
void gemm_sum(std::vector<Gemm> parts, std::unique_ptr<Background>* work = nullptr);

// Prepares a k x n matrix that many products share; `to` has room for packed_numel elements.
int64_t packed_numel(DType dtype, int64_t k, int64_t n);
void pack(DType dtype, int64_t k, int64_t n, const Matrix& b, char* to);

// True when gemm() can use the matrix as it lies; others are better copied first.
bool gemm_ready(const Matrix& x, int64_t rows, int64_t cols);

// out = sum of conj?(x[i]) * y[i].
void dot(DType dtype, int64_t n, const char* x, int64_t x_step, const char* y, int64_t y_step, bool conj, char* out);

}  // namespace wg
