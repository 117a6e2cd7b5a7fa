// Factors of matrices by LAPACK, and equations solved by them: Cholesky, LU, QR, triangles.
#include "lapack.h"

namespace wg {
namespace {

template <class T>
void clear_above(T* a, int m, int n) {
  for (int64_t j = 1; j < n; ++j) std::fill_n(a + j * m, std::min<int64_t>(j, m), T(0));
}
template <class T>
void clear_below(T* a, int m, int n) {
  for (int64_t j = 0; j < n; ++j)
    if (j + 1 < m) std::fill_n(a + j * m + j + 1, m - j - 1, T(0));
}

template <class T>
int cholesky(int n, T* a, bool upper) {
  int info = 0;
  lapack<T, "potrf_">(upper ? "U" : "L", &n, a, &n, &info, size_t(1));
  upper ? clear_below(a, n, n) : clear_above(a, n, n);
  return info;
}

template <class T>
int lu(int m, int n, T* a, int* pivots) {
  int info = 0;
  lapack<T, "getrf_">(&m, &n, a, &m, pivots, &info);
  return info;
}

template <class T>
void solved_by_lu(int n, int k, const T* lu, const int* pivots, T* b) {
  int info = 0;
  lapack<T, "getrs_">("N", &n, &k, lu, &n, pivots, b, &n, &info, size_t(1));
}

// b becomes a^-1 b. BLAS multiplies by what it has for 1 / 0: by zeros on the diagonal we divide ourselves.
template <class T>
void triangle(int n, int k, const T* a, bool upper, bool unit, T* b) {
  bool zero = false;
  for (int64_t i = 0; i < n && !unit; ++i) zero = zero || a[i * n + i] == T(0);
  if (!zero) {
    const T one(1);
    lapack<T, "trsm_">("L", upper ? "U" : "L", "N", unit ? "U" : "N", &n, &k, &one, a, &n, b, &n, size_t(1), size_t(1),
                       size_t(1), size_t(1));
    return;
  }
  for (T* x = b; x < b + int64_t(k) * n; x += n)
    for (int64_t step = 0; step < n; ++step) {
      const int64_t j = upper ? n - 1 - step : step;
      x[j] /= a[j * n + j];
      for (int64_t i = upper ? 0 : j + 1; i < (upper ? j : n); ++i) x[i] -= a[j * n + i] * x[j];
    }
}

template <class T>
void householder(int m, int n, T* a, T* tau, std::vector<T>& work) {
  int info = 0, size = -1;
  T asked{};
  if (work.empty()) {
    lapack<T, "geqrf_">(&m, &n, a, &m, tau, &asked, &size, &info);
    work.resize(room_asked(asked));
  }
  size = int(work.size());
  lapack<T, "geqrf_">(&m, &n, a, &m, tau, work.data(), &size, &info);
}

template <class T, class... Args>
void unfold_reflections(Args... args) {
  if constexpr (is_complex_v<T>)
    lapack<T, "ungqr_">(args...);
  else
    lapack<T, "orgqr_">(args...);
}
// q, of which the first k columns hold reflections, becomes the first n columns of their product.
template <class T>
void orthogonal(int m, int n, int k, T* q, const T* tau, std::vector<T>& work) {
  int info = 0, size = -1;
  T asked{};
  if (work.empty()) {
    unfold_reflections<T>(&m, &n, &k, q, &m, tau, &asked, &size, &info);
    work.resize(room_asked(asked));
  }
  size = int(work.size());
  unfold_reflections<T>(&m, &n, &k, q, &m, tau, work.data(), &size, &info);
}

void expect_square(const Call& c, const Stack& s) { expect(c, s.m == s.n, "square matrices"); }

// The copy of B that becomes the solution, for the same stack of matrices.
TensorRef right_side(const Call& c, const Stack& s, const Tensor& a, const Tensor& b) {
  const Stack right(c, b);
  expect(c, right.batch == s.batch && right.m == s.m && a.dtype == b.dtype, "right sides of the same kind");
  return copied_by_columns(b);
}

// Vectors as matrices of one column.
TensorRef as_columns(const Tensor& b) {
  Dims sizes = b.sizes, strides = b.strides;
  sizes.push_back(1), strides.push_back(1);
  return alias(b, sizes, strides, b.offset);
}

}  // namespace

WG_OP_AS(lapack_potrf, "_lapack_potrf", Primitive) {
  const Stack s(c, c.tensor(0));
  expect_square(c, s);
  const TensorRef a = copied_by_columns(c.tensor(0)), info = empty(s.batch, DType::Int32);
  visit_lapack(a->dtype, [&]<class T>() {
    over_matrices(s, [&](int64_t first, int64_t last) {
      for (int64_t i = first; i < last; ++i) info->as<int>()[i] = cholesky(s.n, a->as<T>() + i * s.n * s.n, c.flag(1));
    });
  });
  c.out(a), c.out(info);
}

WG_OP_AS(lapack_getrf, "_lapack_getrf", Primitive) {
  const Stack s(c, c.tensor(0));
  const TensorRef a = copied_by_columns(c.tensor(0)), pivots = empty(s.with({s.least()}), DType::Int32),
                  info = empty(s.batch, DType::Int32);
  visit_lapack(a->dtype, [&]<class T>() {
    over_matrices(s, [&](int64_t first, int64_t last) {
      for (int64_t i = first; i < last; ++i)
        info->as<int>()[i] = lu(s.m, s.n, a->as<T>() + i * s.m * s.n, pivots->as<int>() + i * s.least());
    });
  });
  c.out(a), c.out(pivots), c.out(info);
}

// (A, B?, left, vector): A^-1 B, of B = 1 where there is none; B A^-1 unless left; of a vector each if vector.
WG_OP_AS(lapack_gesv, "_lapack_gesv", Primitive) {
  const bool inverse = !c.has(1), left = c.flag(2), vector = c.flag(3);
  const TensorRef A = left ? TensorRef(&c.tensor(0)) : turned(c.tensor(0));
  const Stack s(c, *A);
  expect_square(c, s);
  TensorRef x = inverse  ? by_columns(A->sizes, A->dtype)
                : vector ? right_side(c, s, *A, *as_columns(c.tensor(1)))
                         : right_side(c, s, *A, left ? c.tensor(1) : *turned(c.tensor(1)));
  const TensorRef a = copied_by_columns(*A), info = empty(s.batch, DType::Int32);
  const int n = s.n, k = int(x->sizes.back());
  visit_lapack(a->dtype, [&]<class T>() {
    over_matrices(s, [&](int64_t first, int64_t last) {
      std::vector<int> pivots(n);
      for (int64_t i = first; i < last; ++i) {
        T *lu_i = a->as<T>() + i * n * n, *x_i = x->as<T>() + i * n * k;
        if (inverse) {
          std::fill_n(x_i, int64_t(n) * n, T(0));
          for (int64_t j = 0; j < n; ++j) x_i[j * n + j] = T(1);
        }
        info->as<int>()[i] = lu(n, n, lu_i, pivots.data());
        if (n && k) solved_by_lu(n, k, lu_i, pivots.data(), x_i);
      }
    });
  });
  if (vector) x = copied_by_columns(*alias(*x, s.with({n}), contiguous_strides(s.with({n})), x->offset));
  c.out(left ? x : turned(*x)), c.out(info);
}

// (A, B, upper, unitriangular, left)
WG_OP_AS(lapack_trsm, "_lapack_trsm", Primitive) {
  const bool left = c.flag(4), upper = c.flag(2) == left;
  const TensorRef A = left ? TensorRef(&c.tensor(0)) : turned(c.tensor(0));
  const Stack s(c, *A);
  expect_square(c, s);
  const TensorRef x = right_side(c, s, *A, left ? c.tensor(1) : *turned(c.tensor(1))), a = copied_by_columns(*A);
  const int n = s.n, k = int(x->sizes.back());
  visit_lapack(a->dtype, [&]<class T>() {
    over_matrices(s, [&](int64_t first, int64_t last) {
      for (int64_t i = first; i < last && n && k; ++i)
        triangle(n, k, a->as<T>() + i * n * n, upper, c.flag(3), x->as<T>() + i * n * k);
    });
  });
  c.out(left ? x : copied_by_columns(*turned(*x)));
}

WG_OP_AS(lapack_geqrf, "_lapack_geqrf", Primitive) {
  const Stack s(c, c.tensor(0));
  const TensorRef a = copied_by_columns(c.tensor(0)), tau = empty(s.with({s.least()}), a->dtype);
  visit_lapack(a->dtype, [&]<class T>() {
    over_matrices(s, [&](int64_t first, int64_t last) {
      std::vector<T> work;
      for (int64_t i = first; i < last && s.least(); ++i)
        householder(s.m, s.n, a->as<T>() + i * s.m * s.n, tau->as<T>() + i * s.least(), work);
    });
  });
  c.out(a), c.out(tau);
}

// (A, columns): Q of that many columns (0: none) and R of that many rows (or all that it has).
WG_OP_AS(lapack_qr, "_lapack_qr", Primitive) {
  const Tensor& A = c.tensor(0);
  const Stack s(c, A);
  const int m = s.m, n = s.n, wide = int(c.integer(1)), rows = wide ? wide : s.least();
  expect(c, wide == 0 || wide == s.least() || wide == m, "a number of columns");
  const TensorRef q = wide ? by_columns(s.with({m, wide}), A.dtype) : empty({0}, A.dtype),
                  r = by_columns(s.with({rows, n}), A.dtype), a = copied_by_columns(A);
  visit_lapack(A.dtype, [&]<class T>() {
    over_matrices(s, [&](int64_t first, int64_t last) {
      std::vector<T> work, work_q, tau(std::max(1, s.least())), full(int64_t(m) * wide);
      for (int64_t i = first; i < last; ++i) {
        T *a_i = a->as<T>() + i * m * n, *r_i = r->as<T>() + i * rows * n;
        if (s.least()) householder(m, n, a_i, tau.data(), work);
        for (int64_t j = 0; j < n; ++j) std::copy_n(a_i + j * m, rows, r_i + j * rows);
        clear_below(r_i, rows, n);
        if (!wide || !m) continue;
        std::copy_n(a_i, int64_t(m) * std::min(n, wide), full.data());
        orthogonal(m, wide, s.least(), full.data(), tau.data(), work_q);
        std::copy_n(full.data(), int64_t(m) * wide, q->as<T>() + i * m * wide);
      }
    });
  });
  c.out(q), c.out(r);
}

// (pivots, m): the rows that LAPACK's exchanges put where.
WG_OP_AS(lu_permutation, "_lu_permutation", Primitive) {
  const TensorRef swaps = contiguous(c.tensor(0));
  const int64_t m = c.integer(1), k = swaps->ndim() ? swaps->sizes.back() : 0;
  expect(c, swaps->dtype == DType::Int32 && swaps->ndim() && m >= k, "pivots");
  for (int64_t i = 0; i < swaps->numel; ++i)
    expect(c, swaps->as<int>()[i] >= 1 && swaps->as<int>()[i] <= m, "numbers of rows");
  Dims sizes = swaps->sizes;
  sizes[sizes.size() - 1] = m;
  const TensorRef rows = empty(sizes, DType::Int64);
  for (int64_t b = 0; b < (m ? rows->numel / m : 0); ++b) {
    int64_t* row = rows->as<int64_t>() + b * m;
    for (int64_t i = 0; i < m; ++i) row[i] = i;
    for (int64_t i = 0; i < k; ++i) std::swap(row[i], row[swaps->as<int>()[b * k + i] - 1]);
  }
  c.out(rows);
}

}  // namespace wg
