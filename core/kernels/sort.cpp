// Sorts keys: every value is mapped to an unsigned integer of the same order, its place rides along in the same word.
#include "sort.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <numeric>

#include "../parallel.h"

namespace wg {
namespace {

constexpr int64_t kGrain = 4096;
constexpr int64_t kRadix = 1024;  // rows this long are sorted digit by digit

template <class T>
uint64_t key_of(T x) {
  if constexpr (is_reduced_v<T>) {
    return key_of(float(x));
  } else if constexpr (std::is_same_v<T, float>) {
    if (x != x) return 0xFFFFFFFFu;
    uint32_t u = float_to_bits(x == 0 ? 0.0f : x);
    return u >> 31 ? ~u : u | 0x80000000u;
  } else if constexpr (std::is_same_v<T, double>) {
    if (x != x) return ~uint64_t(0);
    double y = x == 0 ? 0.0 : x;
    uint64_t u;
    std::memcpy(&u, &y, 8);
    return u >> 63 ? ~u : u | uint64_t(1) << 63;
  } else if constexpr (std::is_unsigned_v<T>) {
    return x;
  } else if constexpr (sizeof(T) == 8) {
    return uint64_t(x) ^ uint64_t(1) << 63;
  } else {
    return uint32_t(int32_t(x)) ^ 0x80000000u;
  }
}

// Key and place in one word (places below 2^32) or in two.
struct Short {
  uint64_t word;
  Short() = default;
  Short(uint64_t key, int64_t place, bool down) : word((down ? ~key & 0xFFFFFFFFu : key) << 32 | uint64_t(place)) {}
  static constexpr int kBits = 32;
  uint64_t digits() const { return word >> 32; }
  int64_t place() const { return int64_t(word & 0xFFFFFFFFu); }
  bool before(const Short& o) const { return word >> 32 < o.word >> 32; }  // by key alone
  bool operator<(const Short& o) const { return word < o.word; }
};
struct Long {
  uint64_t key;
  int64_t at;
  Long() = default;
  Long(uint64_t k, int64_t place, bool down) : key(down ? ~k : k), at(place) {}
  static constexpr int kBits = 64;
  uint64_t digits() const { return key; }
  int64_t place() const { return at; }
  bool before(const Long& o) const { return key < o.key; }
  bool operator<(const Long& o) const { return key != o.key ? key < o.key : at < o.at; }
};

template <class E>
void sort_stable(E* e, E* spare, int64_t n) {
  if (n < kRadix) return std::sort(e, e + n);
  uint64_t differ = 0;
  for (int64_t i = 1; i < n; ++i) differ |= e[i].digits() ^ e[0].digits();
  // Places are in order already: a stable pass over every digit of the key that is not the same in all does it.
  E *from = e, *to = spare;
  for (int shift = 0; shift < E::kBits; shift += 11) {
    if (!(differ >> shift & 2047)) continue;
    int64_t count[2049] = {};
    for (int64_t i = 0; i < n; ++i) ++count[(from[i].digits() >> shift & 2047) + 1];
    for (int d = 0; d < 2048; ++d) count[d + 1] += count[d];
    for (int64_t i = 0; i < n; ++i) to[count[from[i].digits() >> shift & 2047]++] = from[i];
    std::swap(from, to);
  }
  if (from != e) std::memcpy(static_cast<void*>(e), from, n * sizeof(E));
}

constexpr auto kBefore = [](const auto& a, const auto& b) { return a.before(b); };

// Of equal keys the order is torch's, which follows from this very call of the library's sort. Without equal keys
// there is one order alone, and `again` fills the entries in anew where there are.
template <class E, class F>
void sort_as_torch(E* e, E* spare, int64_t n, F again) {
  if (n < kRadix) return std::sort(e, e + n, kBefore);
  sort_stable(e, spare, n);
  for (int64_t i = 1; i < n; ++i)
    if (!e[i - 1].before(e[i])) {
      again();
      return std::sort(e, e + n, kBefore);
    }
}

// f(row's elements, their step, output of the row, its step, entries, spare entries) for each row.
template <class E, class T, class F>
void each_row(const Rows& s, const T* x, int64_t outputs, F f) {
  int64_t rows = s.outer * s.inner;
  if (!rows) return;
  parallel_for(rows, std::max<int64_t>(1, kGrain / std::max<int64_t>(s.n, 1)), [&](int64_t b, int64_t e) {
    auto entries = std::make_unique_for_overwrite<E[]>(2 * std::max<int64_t>(s.n, 1));
    for (int64_t r = b; r < e; ++r) {
      int64_t block = r / s.inner, lane = r % s.inner;
      f(x + block * s.n * s.inner + lane, block * outputs * s.inner + lane, entries.get(), entries.get() + s.n);
    }
  });
}

template <class E, class T>
void fill(E* e, const T* x, int64_t n, int64_t step, bool down) {
  for (int64_t i = 0; i < n; ++i) e[i] = E(key_of(x[i * step]), i, down);
}

// The first k in order. Which of equal keys are taken, and their order, is torch's: it follows from these very calls.
template <class E>
void select_first(E* e, int64_t n, int64_t k, bool in_order) {
  if (k == 0) return;
  if (k * 64 <= n) return std::partial_sort(e, e + k, e + n, kBefore);
  std::nth_element(e, e + k - 1, e + n, kBefore);
  if (in_order) std::sort(e, e + k - 1, kBefore);
}

// The k-th smallest, by quickselect with the median of three as pivot; among equal keys it is the one torch finds.
template <class E>
const E& select_kth(E* e, int64_t n, int64_t k) {
  auto order = [&](int64_t i, int64_t j) {
    if (e[j].before(e[i])) std::swap(e[i], e[j]);
  };
  for (int64_t low = 0, high = n - 1; low < high;) {
    if (high == low + 1) {
      order(low, high);
      break;
    }
    std::swap(e[(low + high) >> 1], e[low + 1]);
    order(low + 1, high);
    order(low, high);
    order(low + 1, low);
    int64_t i = low + 1, j = high;
    const E pivot = e[low];
    while (true) {
      do ++i;
      while (e[i].before(pivot));
      do --j;
      while (pivot.before(e[j]));
      if (j < i) break;
      std::swap(e[i], e[j]);
    }
    std::swap(e[low], e[j]);
    if (j <= k) low = i;
    if (j >= k) high = j - 1;
  }
  return e[k];
}

template <class E, class T>
void sort_typed(const Rows& s, Order order, int64_t k, const T* x, T* values, int64_t* where) {
  each_row<E>(s, x, k, [&](const T* row, int64_t out, E* e, E* spare) {
    const auto refill = [&] { fill(e, row, s.n, s.inner, order.descending); };
    refill();
    if (order.selection)
      select_first(e, s.n, k, order.sorted);
    else if (order.stable)
      sort_stable(e, spare, s.n);
    else
      sort_as_torch(e, spare, s.n, refill);
    for (int64_t i = 0; i < k; ++i) {
      int64_t place = e[i].place();
      if (values) values[out + i * s.inner] = row[place * s.inner];
      where[out + i * s.inner] = place;
    }
  });
}

template <class T>
bool is_nan(T x) {
  if constexpr (is_floating_v<T>) return float(x) != float(x);
  return false;
}

// The end of the longest run of equal elements. A nan is in no order and equals nothing, as in torch.
template <class T>
int64_t mode_of(const T* row, int64_t n, int64_t step) {
  using A = std::conditional_t<is_reduced_v<T>, float, T>;
  auto e = std::make_unique_for_overwrite<std::pair<A, int64_t>[]>(n);
  for (int64_t i = 0; i < n; ++i) e[i] = {A(row[i * step]), i};
  std::sort(&e[0], &e[0] + n, [](const auto& a, const auto& b) { return a.first < b.first; });
  int64_t best = 0, most = 0;
  for (int64_t i = 0, from = 0; i < n; ++i) {
    if (i + 1 < n && e[i].first == e[i + 1].first) continue;
    if (i + 1 - from > most) most = i + 1 - from, best = e[i].second;
    from = i + 1;
  }
  return best;
}

template <class E, class T>
int64_t pick(Pick what, int64_t k, const T* row, int64_t n, int64_t step, E* e) {
  if (what == Pick::Mode) return mode_of(row, n, step);
  int64_t nans = 0;
  if (what == Pick::Median || what == Pick::NanMedian)
    for (int64_t i = 0; i < n; ++i)
      if (is_nan(row[i * step])) {
        if (what == Pick::Median) return i;
        ++nans;
      }
  if (what == Pick::Median) k = (n - 1) / 2;
  if (what == Pick::NanMedian) k = nans == n ? 0 : (n - nans - 1) / 2;
  fill(e, row, n, step, false);
  if (what == Pick::Kth) return select_kth(e, n, k).place();
  std::nth_element(e, e + k, e + n);  // of equals, in the order of their places
  return e[k].place();
}

// Calls f with the entry type that fits rows of n elements of type T.
template <class T, class F>
void with_entry(int64_t n, F f) {
  if (sizeof(T) <= 4 && n <= INT64_C(0xFFFFFFFF))
    f(Short());
  else
    f(Long());
}

template <class T>
int64_t search(const T* row, int64_t n, const int64_t* sorter, T value, bool right) {
  using A = std::conditional_t<is_reduced_v<T>, float, T>;
  A v = A(value);
  int64_t low = 0, high = n;
  while (low < high) {
    int64_t mid = low + (high - low) / 2;
    A at = A(row[sorter ? sorter[mid] : mid]);
    bool before = right ? !(at > v) : !(at >= v);
    low = before ? mid + 1 : low;  // two moves and no branch, which nobody could foresee
    high = before ? high : mid;
  }
  return low;
}

}  // namespace

void sort_rows(const Rows& s, Order order, int64_t k, const char* x, char* values, int64_t* where) {
  auto with = [&]<class T>() {
    if constexpr (!is_complex_v<T>)
      with_entry<T>(s.n, [&](auto entry) {
        sort_typed<decltype(entry)>(s, order, k, reinterpret_cast<const T*>(x), reinterpret_cast<T*>(values), where);
      });
  };
  switch (s.dtype) {
    case DType::UInt16: return with.template operator()<uint16_t>();
    case DType::UInt32: return with.template operator()<uint32_t>();
    case DType::UInt64: return with.template operator()<uint64_t>();
    default: return visit(s.dtype, with);
  }
}

void pick_rows(const Rows& s, Pick what, int64_t k, const char* x, char* values, int64_t* where) {
  visit(s.dtype, [&]<class T>() {
    if constexpr (!is_complex_v<T>)
      with_entry<T>(s.n, [&](auto entry) {
        using E = decltype(entry);
        each_row<E>(s, reinterpret_cast<const T*>(x), 1, [&](const T* row, int64_t out, E* e, E*) {
          int64_t place = pick<E>(what, k, row, s.n, s.inner, e);
          reinterpret_cast<T*>(values)[out] = row[place * s.inner];
          where[out] = place;
        });
      });
  });
}

void sort_matrix_rows(DType dtype, int64_t n, int64_t width, const char* x, int64_t* order) {
  std::iota(order, order + n, int64_t(0));
  visit(dtype, [&]<class T>() {
    if constexpr (!is_complex_v<T>) {
      auto* m = reinterpret_cast<const T*>(x);
      using A = std::conditional_t<is_reduced_v<T>, float, T>;
      std::sort(order, order + n, [&](int64_t a, int64_t b) {  // a nan is neither less nor more than anything, as torch
        const T *p = m + a * width, *q = m + b * width;
        for (int64_t i = 0; i < width; ++i)
          if (A u = A(p[i]), v = A(q[i]); u < v || u > v) return u < v;
        return false;
      });
    }
  });
}

void search_rows(DType dtype, int64_t n, int64_t m, int64_t per_row, const char* sorted, const int64_t* sorter,
                 const char* values, bool right, int64_t* where) {
  visit(dtype, [&]<class T>() {
    if constexpr (!is_complex_v<T>) {
      auto* rows = reinterpret_cast<const T*>(sorted);
      auto* v = reinterpret_cast<const T*>(values);
      parallel_for(m, kGrain / 4, [&](int64_t b, int64_t e) {
        for (int64_t i = b; i < e; ++i) {
          int64_t at = i / per_row * n;
          where[i] = search(rows + at, n, sorter ? sorter + at : nullptr, v[i], right);
        }
      });
    }
  });
}

}  // namespace wg
