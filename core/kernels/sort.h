// Sorting, selection and search along one dim of a contiguous tensor. nan is the largest value; equals keep their
// order.
#pragma once
#include <cstdint>

#include "../dtype.h"

namespace wg {

// A contiguous tensor seen as outer x n x inner; rows run over n. Real types only.
struct Rows {
  DType dtype;
  int64_t outer, n, inner;
};
struct Order {
  bool descending = false;
  bool selection = false;  // topk: which of equal elements are taken, and their order, is torch's
  bool sorted = true;      // … and the result is in order
  bool stable = false;     // of the whole row: equal elements keep their order (else theirs is torch's)
};
// The first k of each sorted row: values (or null) and where they were; results are outer x k x inner.
void sort_rows(const Rows& s, Order order, int64_t k, const char* x, char* values, int64_t* where);

// One element a row: values and places are outer x inner.
enum class Pick : uint8_t {
  Kth,        // the k-th smallest, from 0
  Median,     // the lower median; a nan when there is one
  NanMedian,  // of what is not nan
  Mode,       // the most frequent, the smallest of those; its last place
};
void pick_rows(const Rows& s, Pick what, int64_t k, const char* x, char* values, int64_t* where);

// Order of the rows of an n x width matrix, lexicographic; equal rows keep their order.
void sort_matrix_rows(DType dtype, int64_t n, int64_t width, const char* x, int64_t* order);

// Where each of `m` values would go in its sorted row of n: before its equals, or behind them when `right`. There is a
// row for each `per_row` values (one row for all when per_row == m). sorter: order of the rows, or null.
void search_rows(DType dtype, int64_t n, int64_t m, int64_t per_row, const char* sorted, const int64_t* sorter,
                 const char* values, bool right, int64_t* where);

}  // namespace wg
