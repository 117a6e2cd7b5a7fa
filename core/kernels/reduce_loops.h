// The loops behind the tables of reduce_folds.h, as templates over a fold: F::Acc, start(), map(x, p), join(a, b);
// and the folds. absolute(), square() and power() come from the file that includes this one, before it.
#pragma once
#include <limits>

#include "reduce_folds.h"

namespace wg::WG_LEVEL {
namespace {

constexpr int64_t kLanes = 64;

template <class F, class A>
inline A join8(const A* v) {
  return F::join(F::join(F::join(v[0], v[4]), F::join(v[2], v[6])), F::join(F::join(v[1], v[5]), F::join(v[3], v[7])));
}

// Up to kFoldBlock contiguous elements: 64 accumulators, then 8, then one.
template <class F, class T>
inline typename F::Acc fold_block(const T* x, int64_t n, double p) {
  using A = typename F::Acc;
  A few[8];
  int64_t i = 0;
  if (n >= kLanes) {
    A lane[kLanes];
    for (int64_t v = 0; v < kLanes; ++v) lane[v] = F::map(x[v], p);
    for (i = kLanes; i + kLanes <= n; i += kLanes)
      for (int64_t v = 0; v < kLanes; ++v) lane[v] = F::join(lane[v], F::map(x[i + v], p));
    for (int64_t half = kLanes / 2; half >= 8; half /= 2)
      for (int64_t v = 0; v < half; ++v) lane[v] = F::join(lane[v], lane[v + half]);
    for (int v = 0; v < 8; ++v) few[v] = lane[v];
  } else if (n >= 8) {
    for (int v = 0; v < 8; ++v) few[v] = F::map(x[v], p);
    i = 8;
  } else {
    A acc = F::start();
    for (; i < n; ++i) acc = F::join(acc, F::map(x[i], p));
    return acc;
  }
  for (; i + 8 <= n; i += 8)
    for (int v = 0; v < 8; ++v) few[v] = F::join(few[v], F::map(x[i + v], p));
  A acc = join8<F>(few);
  for (; i < n; ++i) acc = F::join(acc, F::map(x[i], p));
  return acc;
}

template <class F, class T>
inline typename F::Acc fold_strided(const T* x, int64_t n, int64_t step, double p) {
  using A = typename F::Acc;
  A lane[4] = {F::start(), F::start(), F::start(), F::start()};
  int64_t i = 0;
  for (; i + 4 <= n; i += 4)
    for (int v = 0; v < 4; ++v) lane[v] = F::join(lane[v], F::map(x[(i + v) * step], p));
  for (; i < n; ++i) lane[0] = F::join(lane[0], F::map(x[i * step], p));
  return F::join(F::join(lane[0], lane[2]), F::join(lane[1], lane[3]));
}

template <class F, class T>
typename F::Acc fold_row(const T* x, int64_t n, int64_t step, double p) {
  if (n > kFoldBlock) {
    int64_t half = (n / 2 + kFoldBlock - 1) / kFoldBlock * kFoldBlock;
    return F::join(fold_row<F, T>(x, half, step, p), fold_row<F, T>(x + half * step, n - half, step, p));
  }
  return step == 1 ? fold_block<F, T>(x, n, p) : fold_strided<F, T>(x, n, step, p);
}

template <class F, class T>
void rows_of(void* out, const void* in, int64_t rows, int64_t row_step, int64_t n, int64_t step, double p) {
  auto* acc = static_cast<typename F::Acc*>(out);
  auto* x = static_cast<const T*>(in);
  for (int64_t r = 0; r < rows; ++r) acc[r] = fold_row<F, T>(x + r * row_step, n, step, p);
}

// Few rows of columns side by side: four rows are joined before they meet the accumulators.
template <class F, class T>
inline void columns_block(typename F::Acc* __restrict acc, const T* x, int64_t rows, int64_t row_step, int64_t cols,
                          int64_t col_step, double p) {
  for (int64_t c = 0; c < cols; ++c) acc[c] = F::start();
  int64_t r = 0;
  if (col_step == 1) {
    for (; r + 4 <= rows; r += 4) {
      const T *a = x + r * row_step, *b = a + row_step, *d = b + row_step, *e = d + row_step;
      for (int64_t c = 0; c < cols; ++c)
        acc[c] = F::join(acc[c],
                         F::join(F::join(F::map(a[c], p), F::map(b[c], p)), F::join(F::map(d[c], p), F::map(e[c], p))));
    }
    for (; r < rows; ++r)
      for (int64_t c = 0; c < cols; ++c) acc[c] = F::join(acc[c], F::map(x[r * row_step + c], p));
    return;
  }
  for (; r < rows; ++r)
    for (int64_t c = 0; c < cols; ++c) acc[c] = F::join(acc[c], F::map(x[r * row_step + c * col_step], p));
}

template <class F>
void merge_of(void* to, const void* from, int64_t n) {
  auto* acc = static_cast<typename F::Acc*>(to);
  auto* other = static_cast<const typename F::Acc*>(from);
  for (int64_t i = 0; i < n; ++i) acc[i] = F::join(acc[i], other[i]);
}

template <class F, class T>
void columns_of(void* out, const void* in, int64_t rows, int64_t row_step, int64_t cols, int64_t col_step, double p) {
  using A = typename F::Acc;
  auto* acc = static_cast<A*>(out);
  auto* x = static_cast<const T*>(in);
  if (rows <= 128) return columns_block<F, T>(acc, x, rows, row_step, cols, col_step, p);
  int64_t half = (rows / 2 + 127) / 128 * 128;
  A other[kFoldTile];
  columns_of<F, T>(acc, x, half, row_step, cols, col_step, p);
  columns_of<F, T>(other, x + half * row_step, rows - half, row_step, cols, col_step, p);
  merge_of<F>(acc, other, cols);
}

// The folds of values of type T with accumulators of type A.
template <class A>
constexpr A lowest() {
  return std::numeric_limits<A>::has_infinity ? -std::numeric_limits<A>::infinity() : std::numeric_limits<A>::lowest();
}
template <class A>
constexpr A highest() {
  return std::numeric_limits<A>::has_infinity ? std::numeric_limits<A>::infinity() : std::numeric_limits<A>::max();
}
template <class A>
struct Add {
  using Acc = A;
  static A start() { return 0; }
  static A join(A a, A b) { return a + b; }
};
template <class A>
struct Larger {
  using Acc = A;
  static A start() { return lowest<A>(); }
  static A join(A a, A b) {
    A m = a > b ? a : b;
    return a != a ? a : m;
  }
};
template <class A>
struct Smaller {
  using Acc = A;
  static A start() { return highest<A>(); }
  static A join(A a, A b) {
    A m = a < b ? a : b;
    return a != a ? a : m;
  }
};
template <class T, class A>
struct SumOf : Add<A> {
  static A map(T x, double) { return A(x); }
};
template <class T, class A>
struct ProdOf {
  using Acc = A;
  static A start() { return 1; }
  static A map(T x, double) { return A(x); }
  static A join(A a, A b) { return a * b; }
};
template <class T, class A>
struct MaxOf : Larger<A> {
  static A map(T x, double) { return A(x); }
};
template <class T, class A>
struct MinOf : Smaller<A> {
  static A map(T x, double) { return A(x); }
};
template <class T, class A>
struct NanSumOf : Add<A> {
  static A map(T x, double) { return A(x) == A(x) ? A(x) : A(0); }
};
template <class T, class A>
struct AbsSumOf : Add<A> {
  static A map(T x, double) { return absolute(x); }
};
template <class T, class A>
struct SquareSumOf : Add<A> {
  static A map(T x, double) { return square(x); }
};
template <class T, class A>
struct AbsMaxOf : Larger<A> {
  static A start() { return 0; }
  static A map(T x, double) { return absolute(x); }
};
template <class T, class A>
struct AbsMinOf : Smaller<A> {
  static A map(T x, double) { return absolute(x); }
};
template <class T, class A>
struct PowSumOf : Add<A> {
  static A map(T x, double p) { return power(absolute(x), p); }
};
template <class T>
struct NonZeroOf {
  using Acc = int64_t;
  static Acc start() { return 0; }
  static Acc map(T x, double) { return x != T(0); }
  static Acc join(Acc a, Acc b) { return a + b; }
};
template <class T>
struct AnyOf {
  using Acc = uint8_t;
  static Acc start() { return 0; }
  static Acc map(T x, double) { return x != T(0); }
  static Acc join(Acc a, Acc b) { return a | b; }
};
template <class T>
struct AllOf {
  using Acc = uint8_t;
  static Acc start() { return 1; }
  static Acc map(T x, double) { return x != T(0); }
  static Acc join(Acc a, Acc b) { return a & b; }
};

template <class F, class T>
constexpr Folder folder_of() {
  return {rows_of<F, T>, columns_of<F, T>, merge_of<F>};
}

}  // namespace
}  // namespace wg::WG_LEVEL
