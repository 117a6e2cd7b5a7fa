// Running sums, products, extremes and log-sums along one dim of a contiguous tensor.
#pragma once
#include <cstdint>

#include "../dtype.h"

namespace wg {

// A contiguous tensor seen as outer x n x inner; the scan runs over n, from the end when `reverse`.
struct Scan {
  DType dtype;
  int64_t outer, n, inner;
  bool reverse = false;
};
void cumulative_sum(const Scan& s, const char* x, char* y);
void cumulative_product(const Scan& s, const char* x, char* y);
void cumulative_logsumexp(const Scan& s, const char* x, char* y);  // floating types
void cumulative_extreme(const Scan& s, bool max, const char* x, char* y,
                        int64_t* where);  // real types; the last of equals
// y[k] = a[k] + x[k] y[k-1]; from the end (s.reverse) its adjoint, y[k] = a[k] + x[k+1] y[k+1].
void recurrence(const Scan& s, const char* a, const char* x, char* y);
// y[k] = x[k-1], from the end x[k+1]; what comes in at the edge is `fill`.
void shift(const Scan& s, double fill, const char* x, char* y);

}  // namespace wg
