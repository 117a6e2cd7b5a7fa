// Reading and writing at positions that are data: rows, columns along a dim, masks. Indices and masks may be changed by
// another thread at any time: what a loop relies on, it reads once and checks, whatever was checked before.
#pragma once
#include "copy.h"
#include "read_once.h"

namespace wg {

enum class Reduce : uint8_t { Set, Add, Mul, Amin, Amax };

// offsets[i] += (wrapped indices[i]) * stride. Returns the first position whose index is not in [-size, size) (or in
// [0, size) when !negative), or -1: then nothing may be read at the offsets.
int64_t add_offsets(int64_t* offsets, const int64_t* indices, int64_t n, int64_t size, int64_t stride, bool negative);
// The first position whose index is not in [0, size); -1 when all are.
int64_t first_outside(const int64_t* indices, int64_t n, int64_t size);

// A tensor seen as [before…, position, after…] where the positions lie at given byte offsets; and its flat counterpart,
// contiguous, of sizes [before…, n, after…].
struct Rows {
  Dims before_sizes, before_strides;  // of the tensor, in elements
  Dims after_sizes, after_strides;
  const int64_t* offsets;  // in bytes
  int64_t n;
};
void get_rows(char* flat, const char* tensor, const Rows& rows, int itemsize);
// Rows of `width` elements of T: to[places_to[k]] += factors[k] * from[places_from[k]] for k = 0, 1, … m - 1; factors
// may be null.
template <class T>
void sum_rows(T* to, const T* from, const int64_t* places_to, const int64_t* places_from, const T* factors, int64_t m,
              int64_t width);

// In the order of the positions; what is written twice is the same for any number of threads.
void put_rows(char* tensor, const char* flat, const Rows& rows, DType type, Reduce reduce);
// Contiguous: row r of `to` becomes the sum of the rows k of `from` whose position at[k] is r, in order. Positions
// equal to `skip` are left out. Returns a position that is not in [0, rows), with nothing written; -1 if all are.
int64_t sum_by_row(char* to, int64_t rows, int64_t width, const char* from, const int64_t* at, int64_t n, int64_t skip,
                   DType type);

// Three operands over the sizes of an index, which names positions along `dim`.
struct Columns {
  Dims sizes;
  int dim;
  const Dims& indexed;  // strides of the tensor that is indexed
  const Dims& index;
  const Dims& other;  // strides of the result of a gather, the source of a scatter (all 0: one value)
  int64_t size;       // of the dim that is indexed
};
// False when an index was not in [0, size); nothing is read or written there.
[[nodiscard]] bool gather_columns(char* out, const char* tensor, const int64_t* index, const Columns& columns,
                                  int itemsize);
[[nodiscard]] bool scatter_columns(char* tensor, const char* source, const int64_t* index, const Columns& columns,
                                   DType type, Reduce reduce);

// to[i] = value where mask[i]; mask has bytes 0 and 1.
void fill_where(char* to, const Dims& to_strides, const bool* mask, const Dims& mask_strides, const Dims& sizes,
                DType type, const void* value);
int64_t count_true(const bool* mask, int64_t n);
// Contiguous operands of n elements, and `count` packed ones: as many as elements of the mask are true (to unpack, at
// most that many). Packs in[i] where mask[i]; out[i] = the next of `in` where mask[i].
void pack_where(char* out, int64_t count, const char* in, const bool* mask, int64_t n, int itemsize);
void unpack_where(char* out, const char* in, int64_t count, const bool* mask, int64_t n, int itemsize);
// The coordinates of the first `count` true elements, a row each; how many there were.
int64_t coordinates(int64_t* out, int64_t count, const bool* mask, const Dims& sizes);

// to[i] += from[i]; to[i] *= by[i]; to[i] /= by[i] (integers round down). overlapping: elements of `to` may coincide.
void add_strided(char* to, const Dims& to_strides, const char* from, const Dims& from_strides, const Dims& sizes,
                 DType type, bool overlapping = false);
void multiply_strided(char* to, const Dims& to_strides, const char* by, const Dims& by_strides, const Dims& sizes,
                      DType type);
void divide_strided(char* to, const Dims& to_strides, const char* by, const Dims& by_strides, const Dims& sizes,
                    DType type);

}  // namespace wg
