// Distinct elements: sorted, or counted in a table where integers lie close together.
#include <algorithm>
#include <cstring>
#include <vector>

#include "../kernels/sort.h"
#include "calls.h"

namespace wg {
namespace {

// Where the group of every element is told, and how large every group is; each may be null.
struct Told {
  int64_t *inverse, *counts;
};

// Of elements in order, or as they come: the first of every group of neighbours that are equal, moved to the front.
// places: where each element was, or null. Returns the number of groups.
template <class T>
int64_t compact(T* x, int64_t n, const int64_t* places, const Told& told) {
  using A = std::conditional_t<is_reduced_v<T>, float, T>;
  if (n == 0) return 0;
  int64_t group = 0;
  T first = x[0];  // of the group
  auto walk = [&](auto tell) {
    for (int64_t i = 0; i < n; ++i) {  // without branches: where a group ends is hard to foresee
      const T now = x[i];
      const bool begins = i > 0 && A(now) != A(first);  // a nan is a group by itself
      group += begins;
      first = begins ? now : first;
      x[group] = first;
      tell(i);
    }
  };
  if (!told.counts && !told.inverse) {
    walk([](int64_t) {});
    return group + 1;
  }
  walk([&](int64_t i) {
    if (told.counts) told.counts[group] = i + 1;  // where the group ends, so far
    if (told.inverse) told.inverse[places ? places[i] : i] = group;
  });
  if (told.counts)
    for (int64_t k = group; k > 0; --k) told.counts[k] -= told.counts[k - 1];
  return group + 1;
}

// The same of integers by a table of all numbers from the least to the largest. Returns -1 where that is too long.
template <class T>
int64_t counted(T* x, int64_t n, const Told& told) {
  const auto [low, high] = std::minmax_element(x, x + n);
  const int64_t least = int64_t(*low);
  const uint64_t range = uint64_t(int64_t(*high)) - uint64_t(least);
  if (range > uint64_t(2 * n + 64)) return -1;
  std::vector<int64_t> table(size_t(range) + 1);
  for (int64_t i = 0; i < n; ++i) ++table[size_t(int64_t(x[i]) - least)];
  int64_t groups = 0;
  std::vector<int64_t> counts(table);
  for (int64_t& k : table) k = k ? groups++ : -1;
  if (told.inverse)
    for (int64_t i = 0; i < n; ++i) told.inverse[i] = table[size_t(int64_t(x[i]) - least)];
  for (size_t k = 0; k < table.size(); ++k)
    if (table[k] >= 0) {
      x[table[k]] = T(int64_t(k) + least);
      if (told.counts) told.counts[table[k]] = counts[k];
    }
  return groups;
}

template <class T>
int64_t distinct(T* x, const Tensor& from, bool runs, const Told& told) {
  const int64_t n = from.numel;
  if (runs) return compact(x, n, static_cast<int64_t*>(nullptr), told);
  if constexpr (std::is_integral_v<T>)
    if (const int64_t groups = counted(x, n, told); groups >= 0) return groups;
  const TensorRef unsorted = empty({n}, from.dtype), places = empty({n}, DType::Int64);
  std::memcpy(unsorted->data(), x, size_t(n) * sizeof(T));
  sort_rows({from.dtype, 1, n, 1}, {.stable = true}, n, unsorted->data(), reinterpret_cast<char*>(x),
            places->as<int64_t>());
  return compact(x, n, places->as<int64_t>(), told);
}

}  // namespace

// (self, runs, inverse, counts): the distinct elements of all, or (runs) of neighbours; where each element's is, and
// how often it occurs, both empty unless asked for.
WG_OP(_distinct_elements) {
  Tensor& self = c.tensor(0);
  const int64_t n = self.numel;
  // A copy: elements that change while they are looked at have no order and no place in a table.
  const TensorRef x = empty(self.sizes, self.dtype);
  copy(*x, self);
  const TensorRef inverse = empty(c.flag(2) ? self.sizes : Dims{0}, DType::Int64);
  const TensorRef sizes = empty({c.flag(3) ? n : 0}, DType::Int64);
  const Told told{c.flag(2) ? inverse->as<int64_t>() : nullptr, c.flag(3) ? sizes->as<int64_t>() : nullptr};
  int64_t groups = 0;
  visit(self.dtype, [&]<class T>() {
    if constexpr (is_complex_v<T>)
      fail(Kind::NotImplemented, "_distinct_elements: complex numbers have no order");
    else if (n)
      groups = distinct(x->as<T>(), *x, c.flag(1), told);
  });
  const auto front = [groups](const TensorRef& t) {
    const TensorRef out = empty({groups}, t->dtype);
    if (groups) std::memcpy(out->data(), t->data(), size_t(groups) * size_of(t->dtype));
    return out;
  };
  c.out(front(x));
  c.out(inverse);
  c.out(c.flag(3) ? front(sizes) : sizes);
}

}  // namespace wg
