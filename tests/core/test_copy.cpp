// Strided copies and the kernels of indexing against loops over single elements, on random shapes and layouts.
#include <cstdio>
#include <cstdlib>
#include <numeric>
#include <random>
#include <vector>

#include "expect.h"
#include "kernels/index.h"

using namespace wg;

static std::mt19937 engine(1);

static int64_t random_int(int64_t low, int64_t high) {
  return std::uniform_int_distribution<int64_t>(low, high)(engine);
}

static Dims random_sizes(int max_dims, int64_t max_size) {
  Dims d(int(random_int(0, max_dims)));
  for (int64_t& s : d) s = random_int(0, 9) == 0 ? random_int(0, 1) : random_int(1, max_size);
  return d;
}

// A layout without overlap: dims in random order, sometimes with gaps.
static Dims random_strides(const Dims& sizes, int64_t* extent) {
  std::vector<int> order(size_t(sizes.size()));
  std::iota(order.begin(), order.end(), 0);
  if (random_int(0, 1)) std::shuffle(order.begin(), order.end(), engine);
  Dims strides(sizes.size());
  int64_t step = random_int(0, 3) == 0 ? 2 : 1;
  for (size_t k = order.size(); k-- > 0;) {
    strides[order[k]] = step;
    step *= std::max<int64_t>(sizes[order[k]], 1) + random_int(0, 5) / 5;
  }
  *extent = step + 1;
  return strides;
}

// The offsets of all elements, in row-major order of the indices.
static std::vector<int64_t> offsets_of(const Dims& sizes, const Dims& strides) {
  std::vector<int64_t> out{0};
  for (int d = 0; d < sizes.size(); ++d) {
    std::vector<int64_t> next;
    for (int64_t o : out)
      for (int64_t i = 0; i < sizes[d]; ++i) next.push_back(o + i * strides[d]);
    out = std::move(next);
  }
  return out;
}

template <class T>
static std::vector<T> numbers(int64_t n) {
  std::vector<T> v(static_cast<size_t>(n));
  for (T& x : v) x = T(random_int(0, 100));
  return v;
}

template <class T, class S>
static void test_copy(int64_t max_size, int rounds) {
  for (int round = 0; round < rounds; ++round) {
    const Dims sizes = random_sizes(4, max_size);
    int64_t to_extent, from_extent;
    const Dims to_strides = random_strides(sizes, &to_extent);
    Dims from_strides = random_strides(sizes, &from_extent);
    for (int64_t& s : from_strides)
      if (random_int(0, 7) == 0) s = 0;
    std::vector<T> to = numbers<T>(to_extent), expected = to;
    const std::vector<S> from = numbers<S>(from_extent);
    const auto a = offsets_of(sizes, to_strides), b = offsets_of(sizes, from_strides);
    for (size_t k = 0; k < a.size(); ++k) expected[size_t(a[k])] = T(from[size_t(b[k])]);
    copy_strided(reinterpret_cast<char*>(to.data()), DTypeOf<T>::value, to_strides,
                 reinterpret_cast<const char*>(from.data()), DTypeOf<S>::value, from_strides, sizes);
    EXPECT(to == expected);
  }
}

static void test_reversed() {
  std::vector<int32_t> from(60), to(60), expected(60);
  std::iota(from.begin(), from.end(), 0);
  for (int i = 0; i < 60; ++i) expected[size_t(i)] = 59 - i;
  copy_strided(reinterpret_cast<char*>(to.data()), DType::Int32, {20, 5, 1},
               reinterpret_cast<const char*>(from.data() + 59), DType::Int32, {-20, -5, -1}, {3, 4, 5});
  EXPECT(to == expected);
}

// A tensor [before…, position, after…] of float64, positions and the flat side.
static void test_rows() {
  for (int round = 0; round < 300; ++round) {
    const Dims before = random_sizes(2, 5), after = random_sizes(2, 6);
    const int64_t size = random_int(1, 7), n = random_int(0, 9);
    Dims sizes = before;
    sizes.push_back(size);
    for (int64_t s : after) sizes.push_back(s);
    int64_t extent;
    const Dims strides = random_strides(sizes, &extent);
    std::vector<double> tensor = numbers<double>(extent);
    std::vector<int64_t> positions(static_cast<size_t>(n)), offsets(static_cast<size_t>(n));
    for (int64_t& p : positions) p = random_int(-size, size - 1);
    EXPECT(add_offsets(offsets.data(), positions.data(), n, size, strides[before.size()] * 8, true) == -1);
    Dims before_strides(before.size()), after_strides(after.size());
    for (int d = 0; d < before.size(); ++d) before_strides[d] = strides[d];
    for (int d = 0; d < after.size(); ++d) after_strides[d] = strides[before.size() + 1 + d];
    const Rows rows{before, before_strides, after, after_strides, offsets.data(), n};

    const auto outer = offsets_of(before, before_strides), inner = offsets_of(after, after_strides);
    std::vector<int64_t> at;  // of every element of the flat side
    for (int64_t o : outer)
      for (int64_t k = 0; k < n; ++k)
        for (int64_t i : inner) at.push_back(o + offsets[size_t(k)] / 8 + i);
    std::vector<double> flat(at.size(), -1), expected(at.size());
    for (size_t k = 0; k < at.size(); ++k) expected[k] = tensor[size_t(at[k])];
    get_rows(reinterpret_cast<char*>(flat.data()), reinterpret_cast<const char*>(tensor.data()), rows, 8);
    EXPECT(flat == expected);

    for (Reduce reduce : {Reduce::Set, Reduce::Add, Reduce::Amax}) {
      std::vector<double> written = tensor, wanted = tensor, values = numbers<double>(int64_t(at.size()));
      for (size_t k = 0; k < at.size(); ++k) {
        double& x = wanted[size_t(at[k])];
        x = reduce == Reduce::Set ? values[k] : reduce == Reduce::Add ? x + values[k] : std::max(x, values[k]);
      }
      put_rows(reinterpret_cast<char*>(written.data()), reinterpret_cast<const char*>(values.data()), rows,
               DType::Float64, reduce);
      EXPECT(written == wanted);
    }
  }
}

static void test_columns() {
  for (int round = 0; round < 300; ++round) {
    Dims sizes = random_sizes(3, 6);
    sizes.push_back(random_int(1, 6));
    const int dim = int(random_int(0, sizes.size() - 1));
    Dims indexed_sizes = sizes;
    indexed_sizes[dim] = random_int(1, 6);
    int64_t indexed_extent, index_extent, other_extent;
    const Dims indexed = random_strides(indexed_sizes, &indexed_extent), index = random_strides(sizes, &index_extent);
    const Dims other = random_strides(sizes, &other_extent);
    std::vector<int64_t> positions(static_cast<size_t>(index_extent));
    for (int64_t& p : positions) p = random_int(0, indexed_sizes[dim] - 1);
    const std::vector<float> tensor = numbers<float>(indexed_extent), source = numbers<float>(other_extent);
    Dims still = indexed;
    still[dim] = 0;
    const auto at = offsets_of(sizes, index), base = offsets_of(sizes, still), to = offsets_of(sizes, other);

    std::vector<float> out(source), expected(source), written(tensor), wanted(tensor);
    for (size_t k = 0; k < at.size(); ++k) {
      const size_t place = size_t(base[k] + positions[size_t(at[k])] * indexed[dim]);
      expected[size_t(to[k])] = tensor[place];
      wanted[place] += source[size_t(to[k])];
    }
    const Columns columns{sizes, dim, indexed, index, other, indexed_sizes[dim]};
    char* to_out = reinterpret_cast<char*>(out.data());
    const char* from_tensor = reinterpret_cast<const char*>(tensor.data());
    EXPECT(gather_columns(to_out, from_tensor, positions.data(), columns, 4));
    EXPECT(out == expected);
    char* to_written = reinterpret_cast<char*>(written.data());
    const char* from_source = reinterpret_cast<const char*>(source.data());
    EXPECT(scatter_columns(to_written, from_source, positions.data(), columns, DType::Float32, Reduce::Add));
    EXPECT(written == wanted);
    if (at.empty()) continue;
    positions[size_t(at[0])] = indexed_sizes[dim];  // one too many: refused, and nothing there is touched
    EXPECT(!gather_columns(to_out, from_tensor, positions.data(), columns, 4));
    EXPECT(!scatter_columns(to_written, from_source, positions.data(), columns, DType::Float32, Reduce::Add));
  }
}

static void test_masks() {
  for (int round = 0; round < 200; ++round) {
    const int64_t n = random_int(0, 50);
    std::vector<char> mask(size_t(n) + 1);
    std::vector<int16_t> in = numbers<int16_t>(n), kept;
    for (int64_t i = 0; i < n; ++i) {
      mask[size_t(i)] = char(random_int(0, 1));
      if (mask[size_t(i)]) kept.push_back(in[size_t(i)]);
    }
    const bool* where = reinterpret_cast<const bool*>(mask.data());
    EXPECT(count_true(where, n) == int64_t(kept.size()));
    std::vector<int16_t> packed(kept.size()), unpacked(static_cast<size_t>(n), 7);
    const char* from = reinterpret_cast<const char*>(in.data());
    pack_where(reinterpret_cast<char*>(packed.data()), int64_t(kept.size()), from, where, n, 2);
    EXPECT(packed == kept);
    unpack_where(reinterpret_cast<char*>(unpacked.data()), reinterpret_cast<const char*>(kept.data()),
                 int64_t(kept.size()), where, n, 2);
    for (int64_t i = 0; i < n; ++i) EXPECT(unpacked[size_t(i)] == (where[i] ? in[size_t(i)] : 7));
  }
}

static void test_bounds() {
  const std::vector<int64_t> indices{0, 4, -5, 2, 5};
  std::vector<int64_t> offsets(5);
  EXPECT(add_offsets(offsets.data(), indices.data(), 5, 5, 8, true) == 4);
  EXPECT(add_offsets(offsets.data(), indices.data(), 5, 5, 8, false) == 2);
  EXPECT(first_outside(indices.data(), 5, 5) == 2 && first_outside(indices.data(), 2, 5) == -1);
}

int main() {
  test_copy<float, float>(9, 500);
  test_copy<float, float>(70, 20);  // blocks of transposes, several pieces of work
  test_copy<int8_t, int8_t>(20, 100);
  test_copy<complex128, complex128>(9, 100);
  test_copy<double, float>(9, 200);
  test_copy<float, int64_t>(40, 50);
  test_copy<int32_t, uint8_t>(9, 200);
  test_reversed();
  test_rows();
  test_columns();
  test_masks();
  test_bounds();
  if (failures == 0) std::puts("copy: ok");
  return failures ? EXIT_FAILURE : EXIT_SUCCESS;
}
