// Singular values, eigenvalues and their vectors, and least squares, by LAPACK.
#include "lapack.h"

namespace wg {
namespace {

// What a routine works in: asked of it once, used for every matrix of a piece.
template <class T>
struct Room {
  std::vector<T> work;
  std::vector<modulus_of<T>> reals;
  std::vector<int> integers;
  int size = -1;  // of work: -1 asks
  T asked{};
  T* data() { return size < 0 ? &asked : work.data(); }
  void grant() { work.resize(size = room_asked(asked)); }
};

// Calls routine(room) until the room is there.
template <class T, class F>
void with_room(Room<T>& room, F&& routine) {
  if (room.size < 0) {
    routine();
    room.grant();
  }
  routine();
}

template <class T>
int singular(const char* job, int m, int n, T* a, modulus_of<T>* values, T* u, T* vh, int rows, Room<T>& room) {
  const int k = std::min(m, n), ldu = m, ldv = std::max(1, rows);
  int info = 0;
  room.integers.resize(8 * k);
  with_room(room, [&] {
    if constexpr (is_complex_v<T>) {
      room.reals.resize(size_t(k) * std::max(5 * k + 7, 2 * std::max(m, n) + 2 * k + 1));
      lapack<T, "gesdd_">(job, &m, &n, a, &m, values, u, &ldu, vh, &ldv, room.data(), &room.size, room.reals.data(),
                          room.integers.data(), &info, size_t(1));
    } else {
      lapack<T, "gesdd_">(job, &m, &n, a, &m, values, u, &ldu, vh, &ldv, room.data(), &room.size, room.integers.data(),
                          &info, size_t(1));
    }
  });
  return info;
}

template <class T>
int symmetric(const char* job, bool upper, int n, T* a, modulus_of<T>* values, Room<T>& room) {
  const char* side = upper ? "U" : "L";
  int info = 0, integers = 5 * n + 3;
  room.integers.resize(integers);
  with_room(room, [&] {
    if constexpr (is_complex_v<T>) {
      int reals = 2 * n * n + 5 * n + 1;
      room.reals.resize(reals);
      lapack<T, "heevd_">(job, side, &n, a, &n, values, room.data(), &room.size, room.reals.data(), &reals,
                          room.integers.data(), &integers, &info, size_t(1), size_t(1));
    } else {
      lapack<T, "syevd_">(job, side, &n, a, &n, values, room.data(), &room.size, room.integers.data(), &integers, &info,
                          size_t(1), size_t(1));
    }
  });
  return info;
}

// Eigenvectors of a real matrix, pairs of conjugates as real and imaginary parts beside each other, as complex ones.
template <class R>
void conjugate_pairs(int n, const R* imaginary, const R* packed, std::complex<R>* vectors) {
  for (int64_t j = 0; j < n; ++j) {
    const bool pair = imaginary[j] != R(0) && j + 1 < n;
    for (int64_t i = 0; i < n; ++i) {
      const R re = packed[j * n + i], im = pair ? packed[(j + 1) * n + i] : R(0);
      vectors[j * n + i] = {re, im};
      if (pair) vectors[(j + 1) * n + i] = {re, -im};
    }
    j += pair;
  }
}

template <class T>
int general(const char* job, int n, T* a, std::complex<modulus_of<T>>* values, std::complex<modulus_of<T>>* vectors,
            Room<T>& room) {
  using R = modulus_of<T>;
  const int one = 1;
  int info = 0;
  T unused{};
  if constexpr (is_complex_v<T>) {
    room.reals.resize(2 * n);
    with_room(room, [&] {
      lapack<T, "geev_">("N", job, &n, a, &n, values, &unused, &one, vectors, &n, room.data(), &room.size,
                         room.reals.data(), &info, size_t(1), size_t(1));
    });
  } else {
    room.reals.resize(size_t(n) * (n + 2));
    R *re = room.reals.data(), *im = re + n, *packed = im + n;
    with_room(room, [&] {
      lapack<T, "geev_">("N", job, &n, a, &n, re, im, &unused, &one, packed, &n, room.data(), &room.size, &info,
                         size_t(1), size_t(1));
    });
    for (int i = 0; i < n; ++i) values[i] = {re[i], im[i]};
    if (*job == 'V') conjugate_pairs(n, im, packed, vectors);
  }
  return info;
}

// x, of max(m, n) rows, begins with the right sides and ends as the solutions; returns the rank.
template <class T>
int least_squares(int m, int n, int k, T* a, T* x, modulus_of<T> rcond, Room<T>& room) {
  const int rows = std::max(m, n);
  int info = 0, rank = 0;
  room.integers.assign(n, 0);
  with_room(room, [&] {
    if constexpr (is_complex_v<T>) {
      room.reals.resize(2 * n);
      lapack<T, "gelsy_">(&m, &n, &k, a, &m, x, &rows, room.integers.data(), &rcond, &rank, room.data(), &room.size,
                          room.reals.data(), &info);
    } else {
      lapack<T, "gelsy_">(&m, &n, &k, a, &m, x, &rows, room.integers.data(), &rcond, &rank, room.data(), &room.size,
                          &info);
    }
  });
  return rank;
}

}  // namespace

// (A, full_matrices, compute_uv): U, S, Vh and infos.
WG_OP_AS(lapack_gesdd, "_lapack_gesdd", Primitive) {
  const Tensor& A = c.tensor(0);
  const Stack s(c, A);
  const bool full = c.flag(1), vectors = c.flag(2);
  const int k = s.least(), columns = full ? s.m : k, rows = full ? s.n : k;
  const TensorRef a = copied_by_columns(A), info = empty(s.batch, DType::Int32),
                  values = empty(s.with({k}), real_of(A.dtype)),
                  u = vectors ? by_columns(s.with({s.m, columns}), A.dtype) : empty({0}, A.dtype),
                  vh = vectors ? by_columns(s.with({rows, s.n}), A.dtype) : empty({0}, A.dtype);
  visit_lapack(A.dtype, [&]<class T>() {
    over_matrices(s, [&](int64_t first, int64_t last) {
      Room<T> room;
      for (int64_t i = first; i < last && k; ++i)
        info->as<int>()[i] = singular(!vectors ? "N"
                                      : full   ? "A"
                                               : "S",
                                      s.m, s.n, a->as<T>() + i * s.m * s.n, values->as<modulus_of<T>>() + i * k,
                                      vectors ? u->as<T>() + i * s.m * columns : nullptr,
                                      vectors ? vh->as<T>() + i * rows * s.n : nullptr, rows, room);
    });
  });
  c.out(u), c.out(values), c.out(vh), c.out(info);
}

// (A, upper, compute_v): eigenvalues, vectors (or nothing in particular) and infos.
WG_OP_AS(lapack_syevd, "_lapack_syevd", Primitive) {
  const Stack s(c, c.tensor(0));
  expect(c, s.m == s.n, "square matrices");
  const TensorRef a = copied_by_columns(c.tensor(0)), info = empty(s.batch, DType::Int32),
                  values = empty(s.with({s.n}), real_of(a->dtype));
  visit_lapack(a->dtype, [&]<class T>() {
    over_matrices(s, [&](int64_t first, int64_t last) {
      Room<T> room;
      for (int64_t i = first; i < last && s.n; ++i)
        info->as<int>()[i] = symmetric(c.flag(2) ? "V" : "N", c.flag(1), s.n, a->as<T>() + i * s.n * s.n,
                                       values->as<modulus_of<T>>() + i * s.n, room);
    });
  });
  c.out(values), c.out(a), c.out(info);
}

// (A, compute_v): complex eigenvalues, vectors (or none) and infos.
WG_OP_AS(lapack_geev, "_lapack_geev", Primitive) {
  const Stack s(c, c.tensor(0));
  expect(c, s.m == s.n, "square matrices");
  const bool with_vectors = c.flag(1);
  const TensorRef a = copied_by_columns(c.tensor(0)), info = empty(s.batch, DType::Int32);
  const DType kind = real_of(a->dtype) == DType::Float32 ? DType::Complex64 : DType::Complex128;
  const TensorRef values = empty(s.with({s.n}), kind),
                  vectors = with_vectors ? by_columns(a->sizes, kind) : empty({0}, kind);
  visit_lapack(a->dtype, [&]<class T>() {
    using Z = std::complex<modulus_of<T>>;
    over_matrices(s, [&](int64_t first, int64_t last) {
      Room<T> room;
      for (int64_t i = first; i < last && s.n; ++i)
        info->as<int>()[i] =
            general(with_vectors ? "V" : "N", s.n, a->as<T>() + i * s.n * s.n, values->as<Z>() + i * s.n,
                    with_vectors ? vectors->as<Z>() + i * s.n * s.n : nullptr, room);
    });
  });
  c.out(values), c.out(vectors), c.out(info);
}

// (A, B, rcond): least-squares solutions and ranks, by QR with exchanged columns.
WG_OP_AS(lapack_gelsy, "_lapack_gelsy", Primitive) {
  const Tensor &A = c.tensor(0), &B = c.tensor(1);
  const Stack s(c, A), right(c, B);
  expect(c, right.batch == s.batch && right.m == s.m && A.dtype == B.dtype, "right sides of the same kind");
  const int k = right.n, rows = s.most();
  const TensorRef a = copied_by_columns(A), x = by_columns(s.with({rows, k}), A.dtype),
                  rank = empty(s.batch, DType::Int64);
  const auto head = [&](int64_t n) {
    Dims sizes = s.with({n, k});
    return alias(*x, sizes, x->strides, x->offset);
  };
  copy(*head(s.m), B);
  visit_lapack(A.dtype, [&]<class T>() {
    over_matrices(s, [&](int64_t first, int64_t last) {
      Room<T> room;
      for (int64_t i = first; i < last; ++i)
        rank->as<int64_t>()[i] = s.least() && k
                                     ? least_squares(s.m, s.n, k, a->as<T>() + i * s.m * s.n, x->as<T>() + i * rows * k,
                                                     modulus_of<T>(c.real(2)), room)
                                     : 0;
    });
  });
  c.out(head(s.n)), c.out(rank);
}

}  // namespace wg
