// Scans: one accumulator a column (double for float, as torch), columns side by side in the order of memory.
#include "scan.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "../parallel.h"

namespace wg {
namespace {

constexpr int64_t kGrain = 16384;
constexpr int64_t kTile = 128;

// f(first element of a tile of columns, columns); elements of a column are s.inner apart.
template <class F>
void split(const Scan& s, F f) {
  if (!s.outer || !s.n || !s.inner) return;
  int64_t tiles = (s.inner + kTile - 1) / kTile, work = s.n * std::min(s.inner, kTile);
  parallel_for(s.outer * tiles, std::max<int64_t>(1, kGrain / work), [&](int64_t b, int64_t e) {
    for (int64_t u = b; u < e; ++u) {
      int64_t c = u % tiles * kTile;
      f(u / tiles * s.n * s.inner + c, std::min(kTile, s.inner - c));
    }
  });
}

template <class T>
struct Running {
  using type = T;
};
template <>
struct Running<float> {
  using type = double;
};
template <>
struct Running<Half> {
  using type = float;
};
template <>
struct Running<BFloat16> {
  using type = float;
};
template <>
struct Running<complex64> {
  using type = complex128;
};

// Contiguous rows from the element at `from` on: several at once, since each waits for its own last sum.
template <int kRows, class T, class A, class Join>
void side_by_side(const T* __restrict from, T* __restrict to, int64_t n, int64_t step, int64_t row, A start,
                  Join join) {
  A acc[kRows];
  for (A& a : acc) a = start;
  for (int64_t k = 0; k < n; ++k, from += step, to += step) {
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r) {
      acc[r] = join(acc[r], A(from[r * row]));
      to[r * row] = T(acc[r]);
    }
  }
}

template <class T, class A, class Join>
void running_rows(const Scan& s, const T* x, T* y, A start, Join join) {
  constexpr int64_t kRows = 4;
  parallel_for(s.outer, std::max<int64_t>(kRows, kGrain / s.n), [&](int64_t b, int64_t e) {
    const int64_t step = s.reverse ? -1 : 1;
    while (b < e) {
      const int64_t first = b * s.n + (s.reverse ? s.n - 1 : 0);
      if (b + kRows <= e)
        side_by_side<kRows>(x + first, y + first, s.n, step, s.n, start, join);
      else
        side_by_side<1>(x + first, y + first, s.n, step, s.n, start, join);
      b += b + kRows <= e ? kRows : 1;
    }
  });
}

template <class T, class Join>
void running(const Scan& s, const char* in, char* out, typename Running<T>::type start, Join join) {
  using A = typename Running<T>::type;
  auto* x = reinterpret_cast<const T*>(in);
  auto* y = reinterpret_cast<T*>(out);
  if (s.inner == 1 && s.n) return running_rows<T, A>(s, x, y, start, join);
  split(s, [&](int64_t at, int64_t cols) {
    A acc[kTile];
    std::fill_n(acc, cols, start);
    for (int64_t i = 0; i < s.n; ++i) {
      int64_t row = at + (s.reverse ? s.n - 1 - i : i) * s.inner;
      for (int64_t c = 0; c < cols; ++c) {
        acc[c] = join(acc[c], A(x[row + c]));
        y[row + c] = T(acc[c]);
      }
    }
  });
}

// log(exp(a) + exp(b)) of complex numbers: a nan anywhere is one everywhere.
template <class Z>
Z log_add(Z a, Z b) {
  auto isnan = [](Z z) { return std::isnan(z.real()) || std::isnan(z.imag()); };
  if (isnan(a) || isnan(b)) return {std::nan(""), std::nan("")};
  const Z low = a.real() < b.real() ? a : b, high = a.real() < b.real() ? b : a;
  if (!std::isfinite(low.real()) && low.real() == high.real())
    return low.real() < 0 ? low : std::log(std::exp(low) + std::exp(high));
  const double size = std::exp(low.real() - high.real()), turn = low.imag() - high.imag();
  const double x = size * std::cos(turn), y = size * std::sin(turn);
  return high + Z(0.5 * std::log1p(2 * x + x * x + y * y), std::atan2(y, 1 + x));
}

template <bool kMax, class T>
void extreme(const Scan& s, const T* x, T* y, int64_t* where) {
  using A = std::conditional_t<is_reduced_v<T>, float, T>;
  split(s, [&](int64_t at, int64_t cols) {
    for (int64_t c = 0; c < cols; ++c) {
      A best = A(x[at + c]);
      int64_t found = 0;
      for (int64_t i = 0; i < s.n; ++i) {
        int64_t k = at + c + i * s.inner;
        A v = A(x[k]);
        bool take = kMax ? v >= best : v <= best;
        if constexpr (std::is_floating_point_v<A>) take = v != v || (best == best && take);
        if (take) best = v, found = i;
        y[k] = T(best);
        where[k] = found;
      }
    }
  });
}

}  // namespace

void cumulative_sum(const Scan& s, const char* x, char* y) {
  visit(s.dtype, [&]<class T>() {
    if constexpr (!std::is_same_v<T, bool>) running<T>(s, x, y, 0, [](auto a, auto v) { return a + v; });
  });
}

void cumulative_product(const Scan& s, const char* x, char* y) {
  visit(s.dtype, [&]<class T>() {
    if constexpr (!std::is_same_v<T, bool>) running<T>(s, x, y, 1, [](auto a, auto v) { return a * v; });
  });
}

void cumulative_logsumexp(const Scan& s, const char* x, char* y) {
  visit(s.dtype, [&]<class T>() {
    if constexpr (is_complex_v<T>) {
      running<T>(s, x, y, -std::numeric_limits<double>::infinity(), log_add<complex128>);
    } else if constexpr (is_floating_v<T>) {
      using A = typename Running<T>::type;
      running<T>(s, x, y, -std::numeric_limits<A>::infinity(), [](A a, A v) -> A {
        A low = std::isnan(v) || v < a ? v : a, high = std::isnan(v) || v > a ? v : a;
        if (low == high && std::isinf(low)) return low;
        return high + std::log1p(std::exp(low - high));
      });
    }
  });
}

void cumulative_extreme(const Scan& s, bool max, const char* x, char* y, int64_t* where) {
  visit(s.dtype, [&]<class T>() {
    if constexpr (!is_complex_v<T>) {
      auto* from = reinterpret_cast<const T*>(x);
      auto* to = reinterpret_cast<T*>(y);
      if (max)
        extreme<true>(s, from, to, where);
      else
        extreme<false>(s, from, to, where);
    }
  });
}

void recurrence(const Scan& s, const char* a, const char* x, char* y) {
  visit(s.dtype, [&]<class T>() {
    if constexpr (is_complex_v<T> || is_floating_v<T>) {
      using A = typename Running<T>::type;
      auto *add = reinterpret_cast<const T*>(a), *factor = reinterpret_cast<const T*>(x);
      auto* to = reinterpret_cast<T*>(y);
      split(s, [&](int64_t at, int64_t cols) {
        A acc[kTile];
        std::fill_n(acc, cols, A(0));
        for (int64_t i = 0; i < s.n; ++i) {
          int64_t row = at + (s.reverse ? s.n - 1 - i : i) * s.inner, by = s.reverse ? row + s.inner : row;
          for (int64_t c = 0; c < cols; ++c) {
            acc[c] = i ? A(add[row + c]) + A(factor[by + c]) * acc[c] : A(add[row + c]);
            to[row + c] = T(acc[c]);
          }
        }
      });
    }
  });
}

void shift(const Scan& s, double fill, const char* x, char* y) {
  visit(s.dtype, [&]<class T>() {
    if constexpr (!std::is_same_v<T, bool>) {
      auto* from = reinterpret_cast<const T*>(x);
      auto* to = reinterpret_cast<T*>(y);
      split(s, [&](int64_t at, int64_t cols) {
        for (int64_t i = 0; i < s.n; ++i) {
          int64_t source = s.reverse ? i + 1 : i - 1;
          bool inside = source >= 0 && source < s.n;
          for (int64_t c = 0; c < cols; ++c)
            to[at + i * s.inner + c] = inside ? from[at + source * s.inner + c] : T(float(fill));
        }
      });
    }
  });
}

}  // namespace wg
