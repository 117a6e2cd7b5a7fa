// Loops of gather, scatter and their kin.
#include "index.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <utility>
#include <vector>

#include "random_clones.h"

namespace wg {
namespace {

constexpr int64_t kGrain = 1 << 15;

template <class T>
bool is_nan(T x) {
  if constexpr (is_floating_v<T>)
    return float(x) != float(x);
  else
    return false;
}

template <Reduce R, class T>
void combine(T& to, T from) {
  if constexpr (R == Reduce::Set) {
    to = from;
  } else if constexpr (R == Reduce::Add) {
    if constexpr (std::is_same_v<T, bool>)
      to = to || from;
    else if constexpr (is_reduced_v<T>)
      to = T(float(to) + float(from));
    else
      to = T(to + from);
  } else if constexpr (R == Reduce::Mul) {
    if constexpr (std::is_same_v<T, bool>)
      to = to && from;
    else if constexpr (is_reduced_v<T>)
      to = T(float(to) * float(from));
    else
      to = T(to * from);
  } else if constexpr (is_complex_v<T>) {
    fail(Kind::Internal, "complex numbers have no order");
  } else {
    using Plain = std::conditional_t<is_reduced_v<T>, float, T>;
    if (is_nan(from) || (R == Reduce::Amax ? Plain(to) < Plain(from) : Plain(from) < Plain(to))) to = from;
  }
}

// with_type(type, reduce, []<class T, Reduce R>() …): Set moves elements by size, so it needs fewer instances.
template <class F>
void with_type(DType type, Reduce reduce, F&& f) {
  if (reduce == Reduce::Set)
    return visit_size(size_of(type), [&]<class U>() { f.template operator()<U, Reduce::Set>(); });
  visit(type, [&]<class T>() {
    switch (reduce) {
      case Reduce::Add: return f.template operator()<T, Reduce::Add>();
      case Reduce::Mul: return f.template operator()<T, Reduce::Mul>();
      case Reduce::Amin: return f.template operator()<T, Reduce::Amin>();
      default: return f.template operator()<T, Reduce::Amax>();
    }
  });
}

// Rows with their dims collapsed. Operand 0 of the walks is the flat side, so the order of positions stays.
struct RowLoops {
  Dims before_flat, after_flat;
  Walk<2> before, after;
  int64_t length;  // elements in a row of the flat side

  static Dims scaled(Dims strides, int64_t by) {
    for (int64_t& s : strides) s *= by;
    return strides;
  }
  RowLoops(const Rows& r, int itemsize)
      : before_flat(scaled(contiguous_strides(r.before_sizes), r.n * numel_of(r.after_sizes))),
        after_flat(contiguous_strides(r.after_sizes)),
        before(r.before_sizes, {&before_flat, &r.before_strides}, {itemsize, itemsize}),
        after(r.after_sizes, {&after_flat, &r.after_strides}, {itemsize, itemsize}),
        length(after.total) {}
  bool plain(int itemsize) const { return after.nd == 1 && (length == 1 || after.inner(1) == itemsize); }
};

template <class U>
void get_some(char* flat, const char* base, const RowLoops& w, const int64_t* offsets, int64_t n) {
  constexpr int64_t unit = sizeof(U);
  if (w.length == 1) {
    U* out = reinterpret_cast<U*>(flat);
    for (int64_t k = 0; k < n; ++k) out[k] = *reinterpret_cast<const U*>(base + offsets[k]);
  } else if (w.plain(unit)) {
    for (int64_t k = 0; k < n; ++k) std::memcpy(flat + k * w.length * unit, base + offsets[k], w.length * unit);
  } else {
    for (int64_t k = 0; k < n; ++k)
      w.after.run(0, w.length, {flat + k * w.length * unit, const_cast<char*>(base) + offsets[k]},
                  [&](char* const* p, int64_t m) {
                    for (int64_t i = 0; i < m; ++i)
                      reinterpret_cast<U*>(p[0])[i] = *reinterpret_cast<const U*>(p[1] + i * w.after.inner(1));
                  });
  }
}

// Elements [begin, end) of the rows at all positions, in order.
template <class T, Reduce R>
void put_some(char* base, const char* flat, const RowLoops& w, const Rows& r, int64_t begin, int64_t end) {
  constexpr int64_t unit = sizeof(T);
  if (w.length == 1) {
    for (int64_t k = 0; k < r.n; ++k)
      combine<R>(*reinterpret_cast<T*>(base + r.offsets[k]), reinterpret_cast<const T*>(flat)[k]);
    return;
  }
  if (w.plain(unit)) {
    for (int64_t k = 0; k < r.n; ++k) {
      T* to = reinterpret_cast<T*>(base + r.offsets[k]);
      const T* from = reinterpret_cast<const T*>(flat) + k * w.length;
      for (int64_t i = begin; i < end; ++i) combine<R>(to[i], from[i]);
    }
    return;
  }
  for (int64_t k = 0; k < r.n; ++k)
    w.after.run(begin, end, {const_cast<char*>(flat) + k * w.length * unit, base + r.offsets[k]},
                [&](char* const* p, int64_t m) {
                  const int64_t step = w.after.inner(1);
                  const T* from = reinterpret_cast<const T*>(p[0]);
                  if (step == unit) {
                    T* to = reinterpret_cast<T*>(p[1]);
                    for (int64_t i = 0; i < m; ++i) combine<R>(to[i], from[i]);
                  } else {
                    for (int64_t i = 0; i < m; ++i) combine<R>(*reinterpret_cast<T*>(p[1] + i * step), from[i]);
                  }
                });
}

// f(j * steps) for all j < depth and all i < n of a piece: the smaller stride goes innermost.
template <class F>
void cross(int64_t n, int64_t depth, bool dim_inner, F&& f) {
  if (dim_inner) {
    for (int64_t i = 0; i < n; ++i)
      for (int64_t j = 0; j < depth; ++j) f(i, j);
  } else {
    for (int64_t j = 0; j < depth; ++j)
      for (int64_t i = 0; i < n; ++i) f(i, j);
  }
}

// The walk over all dims but `dim`; operand 0 is the one whose strides decide the order.
struct ColumnLoops {
  Dims sizes, a, b, c;
  Walk<3> walk;
  int64_t depth, step_a, step_b, step_c;  // along dim: a's step is in bytes for one position

  static Dims without(Dims d, int dim) {
    d.erase(dim);
    return d;
  }
  ColumnLoops(const Columns& k, const Dims& first, const Dims& third, int itemsize)
      : sizes(without(k.sizes, k.dim)),
        a(without(first, k.dim)),
        b(without(k.index, k.dim)),
        c(without(third, k.dim)),
        walk(sizes, {&a, &b, &c}, {itemsize, 8, itemsize}),
        depth(k.sizes[k.dim]),
        step_a(first[k.dim] * itemsize),
        step_b(k.index[k.dim] * 8),
        step_c(third[k.dim] * itemsize) {}
  int64_t grain() const { return std::max<int64_t>(1, kGrain / std::max<int64_t>(depth, 1)); }
};

// Of a mask whose bytes may be any: memory that was not made by an operation can hold more than 0 and 1.
bool is_set(const bool* mask, int64_t i) { return reinterpret_cast<const uint8_t*>(mask)[i] != 0; }

int64_t floor_divide(int64_t a, int64_t b) { return a / b - (a % b != 0 && (a < 0) != (b < 0)); }

}  // namespace

int64_t add_offsets(int64_t* offsets, const int64_t* indices, int64_t n, int64_t size, int64_t stride, bool negative) {
  const int64_t low = negative ? -size : 0;
  for (int64_t i = 0; i < n; ++i) {
    const int64_t k = read_once(indices + i);
    if (k < low || k >= size) return i;
    offsets[i] += (k < 0 ? k + size : k) * stride;
  }
  return -1;
}

int64_t first_outside(const int64_t* indices, int64_t n, int64_t size) {
  for (int64_t i = 0; i < n; ++i)
    if (uint64_t(indices[i]) >= uint64_t(size)) return i;
  return -1;
}

void get_rows(char* flat, const char* tensor, const Rows& r, int itemsize) {
  const RowLoops w(r, itemsize);
  const int64_t total = w.before.total * r.n;
  if (total == 0 || w.length == 0) return;
  visit_size(itemsize, [&]<class U>() {
    const auto piece = [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end;) {
        const int64_t k = i % r.n, m = std::min(r.n - k, end - i);
        const char* base = tensor;
        int64_t rest = i / r.n;
        for (int d = w.before.nd - 1; d >= 0; --d) {
          base += rest % w.before.size[d] * w.before.stride[1][d];
          rest /= w.before.size[d];
        }
        get_some<U>(flat + i * w.length * int64_t(sizeof(U)), base, w, r.offsets + k, m);
        i += m;
      }
    };
    const int64_t grain = std::max<int64_t>(1, kGrain / w.length);
    if (total <= grain)
      piece(0, total);
    else
      parallel_for(total, grain, piece);
  });
}

void put_rows(char* tensor, const char* flat, const Rows& r, DType type, Reduce reduce) {
  const RowLoops w(r, size_of(type));
  if (w.before.total == 0 || r.n == 0 || w.length == 0) return;
  with_type(type, reduce, [&]<class T, Reduce R>() {
    // Work is split over what the positions do not touch: elements before and after them.
    if (w.before.total == 1) {
      const auto columns = [&](int64_t begin, int64_t end) { put_some<T, R>(tensor, flat, w, r, begin, end); };
      const int64_t grain = std::max<int64_t>(64, kGrain / r.n);  // columns: whole cache lines of each row
      if (w.length <= grain)
        columns(0, w.length);
      else
        parallel_for(w.length, grain, columns);
      return;
    }
    const int64_t grain = std::max<int64_t>(1, kGrain / (r.n * w.length));
    const auto rows = [&](int64_t begin, int64_t end) {
      w.before.run(begin, end, {const_cast<char*>(flat), tensor}, [&](char* const* p, int64_t m) {
        for (int64_t i = 0; i < m; ++i)
          put_some<T, R>(p[1] + i * w.before.inner(1), p[0] + i * w.before.inner(0), w, r, 0, w.length);
      });
    };
    if (w.before.total <= grain)
      rows(0, w.before.total);
    else
      parallel_for(w.before.total, grain, rows);
  });
}

int64_t sum_by_row(char* to, int64_t rows, int64_t width, const char* from, const int64_t* at, int64_t n, int64_t skip,
                   DType type) {
  // A list for each row, from its first position on. So every row is written once, by one thread.
  std::vector<int64_t> first(size_t(rows), -1), next(size_t(n), -1);
  for (int64_t k = n - 1; k >= 0; --k) {
    const int64_t r = read_once(at + k);
    if (uint64_t(r) >= uint64_t(rows)) return k;
    if (r == skip) continue;
    next[size_t(k)] = std::exchange(first[size_t(r)], k);
  }
  with_type(type, Reduce::Add, [&]<class T, Reduce R>() {
    parallel_for(rows, std::max<int64_t>(1, kGrain / std::max<int64_t>(width, 1)), [&](int64_t begin, int64_t end) {
      for (int64_t r = begin; r < end; ++r) {
        T* sum = reinterpret_cast<T*>(to) + r * width;
        std::fill_n(sum, width, T(0));
        for (int64_t k = first[size_t(r)]; k >= 0; k = next[size_t(k)])
          for (int64_t i = 0; i < width; ++i) combine<R>(sum[i], reinterpret_cast<const T*>(from)[k * width + i]);
      }
    });
  });
  return -1;
}

bool gather_columns(char* out, const char* tensor, const int64_t* index, const Columns& k, int itemsize) {
  const ColumnLoops w(k, k.other, k.indexed, itemsize);
  if (w.walk.total == 0 || w.depth == 0) return true;
  char* at = reinterpret_cast<char*>(const_cast<int64_t*>(index));
  const bool dim_inner = w.step_a <= w.walk.inner(0) || w.walk.total == 1;
  std::atomic<bool> inside = true;
  visit_size(itemsize, [&]<class U>() {
    w.walk.run({out, at, const_cast<char*>(tensor)}, w.grain(), [&](char* const* p, int64_t n) {
      const int64_t a = w.walk.inner(0), b = w.walk.inner(1), c = w.walk.inner(2);
      const int64_t step_a = w.step_a, step_b = w.step_b, step_c = w.step_c, size = k.size;
      bool all = true;
      cross(n, w.depth, dim_inner, [&](int64_t i, int64_t j) {
        const int64_t position = read_once(reinterpret_cast<const int64_t*>(p[1] + i * b + j * step_b));
        if (uint64_t(position) >= uint64_t(size)) [[unlikely]]
          all = false;
        else
          *reinterpret_cast<U*>(p[0] + i * a + j * step_a) =
              *reinterpret_cast<const U*>(p[2] + i * c + position * step_c);
      });
      if (!all) inside.store(false, std::memory_order_relaxed);
    });
  });
  return inside;
}

bool scatter_columns(char* tensor, const char* source, const int64_t* index, const Columns& k, DType type,
                     Reduce reduce) {
  const ColumnLoops w(k, k.indexed, k.other, size_of(type));
  if (w.walk.total == 0 || w.depth == 0) return true;
  char* at = reinterpret_cast<char*>(const_cast<int64_t*>(index));
  const bool dim_inner = w.step_a <= w.walk.inner(0) || w.walk.total == 1;
  std::atomic<bool> inside = true;
  with_type(type, reduce, [&]<class T, Reduce R>() {
    w.walk.run({tensor, at, const_cast<char*>(source)}, w.grain(), [&](char* const* p, int64_t n) {
      const int64_t a = w.walk.inner(0), b = w.walk.inner(1), c = w.walk.inner(2);
      const int64_t step_a = w.step_a, step_b = w.step_b, step_c = w.step_c, size = k.size;
      bool all = true;
      cross(n, w.depth, dim_inner, [&](int64_t i, int64_t j) {
        const int64_t position = read_once(reinterpret_cast<const int64_t*>(p[1] + i * b + j * step_b));
        if (uint64_t(position) >= uint64_t(size)) [[unlikely]]
          all = false;
        else
          combine<R>(*reinterpret_cast<T*>(p[0] + i * a + position * step_a),
                     *reinterpret_cast<const T*>(p[2] + i * c + j * step_c));
      });
      if (!all) inside.store(false, std::memory_order_relaxed);
    });
  });
  return inside;
}

void fill_where(char* to, const Dims& to_strides, const bool* mask, const Dims& mask_strides, const Dims& sizes,
                DType type, const void* value) {
  const Walk<2> w(sizes, {&to_strides, &mask_strides}, {size_of(type), 1});
  char* where = reinterpret_cast<char*>(const_cast<bool*>(mask));
  visit_size(size_of(type), [&]<class U>() {
    U element;
    std::memcpy(&element, value, sizeof element);
    w.run({to, where}, kGrain, [&](char* const* p, int64_t n) {
      const int64_t a = w.inner(0), b = w.inner(1);
      if (a == sizeof(U) && b == 1) {
        U* out = reinterpret_cast<U*>(p[0]);
        for (int64_t i = 0; i < n; ++i) out[i] = p[1][i] ? element : out[i];
      } else {
        for (int64_t i = 0; i < n; ++i)
          if (p[1][i * b]) *reinterpret_cast<U*>(p[0] + i * a) = element;
      }
    });
  });
}

int64_t count_true(const bool* mask, int64_t n) {
  int64_t count = 0;
  for (int64_t i = 0; i < n; ++i) count += is_set(mask, i);
  return count;
}

// Without branches on the mask: every element is moved, the place moves on only where the mask is true. As many
// elements as places are left can be looked at before the end of the places must be looked for.
void pack_where(char* out, int64_t count, const char* in, const bool* mask, int64_t n, int itemsize) {
  visit_size(itemsize, [&]<class U>() {
    U* to = reinterpret_cast<U*>(out);
    U* const end = to + count;
    const U* from = reinterpret_cast<const U*>(in);
    for (int64_t i = 0; i < n && to < end;)
      for (const int64_t stop = i + std::min<int64_t>(n - i, end - to); i < stop; ++i) {
        *to = from[i];
        to += is_set(mask, i);
      }
  });
}

void unpack_where(char* out, const char* in, int64_t count, const bool* mask, int64_t n, int itemsize) {
  visit_size(itemsize, [&]<class U>() {
    U* to = reinterpret_cast<U*>(out);
    const U* from = reinterpret_cast<const U*>(in);
    const U* const end = from + count;
    for (int64_t i = 0; i < n && from < end;)
      for (const int64_t stop = i + std::min<int64_t>(n - i, end - from); i < stop; ++i) {
        const bool here = is_set(mask, i);
        to[i] = here ? *from : to[i];
        from += here;
      }
  });
}

int64_t coordinates(int64_t* out, int64_t count, const bool* mask, const Dims& sizes) {
  const int nd = sizes.size();
  const int64_t n = numel_of(sizes);
  if (nd == 0 || n == 0) return std::min(n, count);
  const int64_t row = sizes[nd - 1];
  int64_t at[kMaxDims] = {}, found = 0;
  for (int64_t i = 0; i < n; i += row) {
    for (int64_t j = 0; j < row; ++j) {
      if (!is_set(mask, i + j)) continue;
      if (found++ == count) return count;
      for (int d = 0; d < nd - 1; ++d) *out++ = at[d];
      *out++ = j;
    }
    for (int d = nd - 2; d >= 0 && ++at[d] == sizes[d]; --d) at[d] = 0;
  }
  return found;
}

void add_strided(char* to, const Dims& to_strides, const char* from, const Dims& from_strides, const Dims& sizes,
                 DType type, bool overlapping) {
  const Walk<2> w(sizes, {&to_strides, &from_strides}, {size_of(type), size_of(type)});
  visit(type, [&]<class T>() {
    const int64_t a = w.inner(0), b = w.inner(1);
    w.run({to, const_cast<char*>(from)}, overlapping ? w.total : kGrain, [&](char* const* p, int64_t n) {
      for (int64_t i = 0; i < n; ++i)
        combine<Reduce::Add>(*reinterpret_cast<T*>(p[0] + i * a), *reinterpret_cast<const T*>(p[1] + i * b));
    });
  });
}

void multiply_strided(char* to, const Dims& to_strides, const char* by, const Dims& by_strides, const Dims& sizes,
                      DType type) {
  const Walk<2> w(sizes, {&to_strides, &by_strides}, {size_of(type), size_of(type)});
  visit(type, [&]<class T>() {
    w.run({to, const_cast<char*>(by)}, kGrain, [&](char* const* p, int64_t n) {
      for (int64_t i = 0; i < n; ++i)
        combine<Reduce::Mul>(*reinterpret_cast<T*>(p[0] + i * w.inner(0)),
                             *reinterpret_cast<const T*>(p[1] + i * w.inner(1)));
    });
  });
}

void divide_strided(char* to, const Dims& to_strides, const char* by, const Dims& by_strides, const Dims& sizes,
                    DType type) {
  const Walk<2> w(sizes, {&to_strides, &by_strides}, {size_of(type), size_of(type)});
  visit(type, [&]<class T>() {
    w.run({to, const_cast<char*>(by)}, kGrain, [&](char* const* p, int64_t n) {
      for (int64_t i = 0; i < n; ++i) {
        T& a = *reinterpret_cast<T*>(p[0] + i * w.inner(0));
        const T b = *reinterpret_cast<const T*>(p[1] + i * w.inner(1));
        if constexpr (std::is_integral_v<T>)
          a = T(floor_divide(int64_t(a), int64_t(b)));
        else if constexpr (is_reduced_v<T>)
          a = T(float(a) / float(b));
        else
          a = a / b;
      }
    });
  });
}

namespace {
// The rows at `places` (times their factors, if there are any) added to one row, in their order: columns in runs that
// stay in registers.
template <class T>
[[gnu::always_inline]] inline void add_rows(T* __restrict to, const T* __restrict from, const int64_t* places,
                                            const T* factors, int64_t rows, int64_t width, int64_t n) {
  typedef T V __attribute__((vector_size(32)));  // loops over elements end up as others than these
  constexpr int kWide = 32 / sizeof(T), kVectors = 4;
  int64_t i = 0;
  for (; i + kVectors * kWide <= n; i += kVectors * kWide) {
    V sum[kVectors], x;
    std::memcpy(sum, to + i, sizeof sum);
    for (int64_t k = 0; k < rows; ++k) {
      const T *row = from + places[k] * width + i, by = factors ? factors[k] : T(1);
      for (int v = 0; v < kVectors; ++v) {
        std::memcpy(&x, row + v * kWide, sizeof x);
        sum[v] += x * by;
      }
    }
    std::memcpy(to + i, sum, sizeof sum);
  }
  for (int64_t k = 0; k < rows; ++k) {
    const T *row = from + places[k] * width, by = factors ? factors[k] : T(1);
    for (int64_t j = i; j < n; ++j) to[j] += by * row[j];
  }
}
WG_CLONES void add_rows_to(float* to, const float* from, const int64_t* places, const float* factors, int64_t rows,
                           int64_t width, int64_t n) {
  add_rows(to, from, places, factors, rows, width, n);
}
WG_CLONES void add_rows_to(double* to, const double* from, const int64_t* places, const double* factors, int64_t rows,
                           int64_t width, int64_t n) {
  add_rows(to, from, places, factors, rows, width, n);
}
}  // namespace

template <class T>
void sum_rows(T* to, const T* from, const int64_t* places_to, const int64_t* places_from, const T* factors, int64_t m,
              int64_t width) {
  // Threads take columns of their own, so that the sums are the same for any number of them: long pieces, since every
  // one of them goes through all the rows.
  parallel_for(width, std::max<int64_t>(512, kGrain / std::max<int64_t>(m, 1)), [&](int64_t begin, int64_t end) {
    for (int64_t k = 0, last; k < m; k = last) {
      for (last = k + 1; last < m && places_to[last] == places_to[k]; ++last) {}
      add_rows_to(to + places_to[k] * width + begin, from + begin, places_from + k, factors ? factors + k : nullptr,
                  last - k, width, end - begin);
    }
  });
}
template void sum_rows(float*, const float*, const int64_t*, const int64_t*, const float*, int64_t, int64_t);
template void sum_rows(double*, const double*, const int64_t*, const int64_t*, const double*, int64_t, int64_t);

}  // namespace wg
