// Sizes and strides: the arithmetic against brute force over small cases, and the texts of its errors.
#include "shape.h"

#include <cstdio>
#include <cstdlib>
#include <vector>

#include "expect.h"

using namespace wg;

// The memory offsets of all elements in row-major order of the indices.
static std::vector<int64_t> offsets(const Dims& sizes, const Dims& strides) {
  std::vector<int64_t> out{0};
  for (int d = 0; d < sizes.size(); ++d) {
    std::vector<int64_t> next;
    for (int64_t o : out)
      for (int64_t i = 0; i < sizes[d]; ++i) next.push_back(o + i * strides[d]);
    out = next;
  }
  return out;
}

// Whether some strides would do: each new dim's stride is read off the memory itself, then everything is compared.
static bool view_exists(const Dims& sizes, const Dims& strides, const Dims& to) {
  const std::vector<int64_t> memory = offsets(sizes, strides);
  Dims found(to.size());
  int64_t below = 1;
  for (int d = to.size() - 1; d >= 0; --d) {
    found[d] = to[d] > 1 ? memory[below] - memory[0] : 0;
    below *= to[d];
  }
  return offsets(to, found) == memory;
}

static void test_views() {
  const std::vector<Dims> targets = {{24},    {2, 12}, {12, 2},    {2, 3, 4}, {4, 3, 2},    {1, 24},
                                     {24, 1}, {6, 4},  {2, 1, 12}, {3, 8},    {2, 2, 2, 3}, {1, 6, 1, 4, 1}};
  const std::vector<std::pair<Dims, Dims>> sources = {{{24}, {1}},
                                                      {{24}, {3}},
                                                      {{4, 6}, {6, 1}},
                                                      {{4, 6}, {1, 4}},
                                                      {{4, 6}, {8, 1}},
                                                      {{2, 3, 4}, {12, 4, 1}},
                                                      {{2, 3, 4}, {4, 8, 1}},
                                                      {{2, 3, 4}, {24, 8, 2}},
                                                      {{24, 1}, {1, 7}},
                                                      {{2, 1, 12}, {12, 5, 1}},
                                                      {{4, 6}, {0, 1}},
                                                      {{2, 12}, {0, 0}},
                                                      {{1, 4, 6}, {3, 6, 1}}};
  for (const auto& [sizes, strides] : sources)
    for (const Dims& to : targets) {
      Dims found;
      const bool can = view_strides(sizes, strides, to, &found);
      EXPECT(can == view_exists(sizes, strides, to));
      if (can) EXPECT(offsets(to, found) == offsets(sizes, strides));
    }
  Dims found;
  EXPECT(view_strides({}, {}, {1, 1}, &found) && found.size() == 2);
  EXPECT(view_strides({1, 1}, {5, 9}, {}, &found) && found.empty());
  EXPECT(view_strides({0, 3}, {3, 1}, {3, 0, 2}, &found) && found == Dims({2, 2, 1}));
  EXPECT(!view_strides({2, 3}, {3, 1}, {4}, &found));
}

static void test_layouts() {
  EXPECT(contiguous_strides({2, 0, 3}) == Dims({3, 3, 1}));
  EXPECT(is_contiguous({2, 1, 3}, {3, 77, 1}) && !is_contiguous({2, 3}, {1, 2}) && is_contiguous({0, 3}, {1, 9}));
  EXPECT(is_dense({2, 3}, {1, 2}) && is_dense({2, 1, 3}, {3, 0, 1}) && is_dense({}, {}));
  EXPECT(!is_dense({2, 3}, {4, 1}) && !is_dense({2, 3}, {0, 1}));
  EXPECT(overlaps_itself({2, 3}, {0, 1}) && !overlaps_itself({1, 3}, {0, 1}) && !overlaps_itself({2, 3}, {1, 2}) &&
         !overlaps_itself({0, 3}, {1, 0}));
  EXPECT(numel_of({}) == 1 && numel_of({2, 3}) == 6 && numel_of({0, int64_t(1) << 40, int64_t(1) << 40}) == 0);
  expect_error(Kind::Runtime, "numel: integer multiplication overflow",
               [] { numel_of({int64_t(1) << 40, int64_t(1) << 40}); });
  expect_error(Kind::Runtime, "Stride calculation overflowed",
               [] { contiguous_strides({0, int64_t(1) << 40, int64_t(1) << 40}); });
}

static void test_broadcast() {
  EXPECT(broadcast({2, 1}, {3}) == Dims({2, 3}) && broadcast({}, {2}) == Dims({2}) && broadcast({1}, {0}) == Dims({0}));
  EXPECT(can_broadcast({3, 1}, {2, 3, 4}) && !can_broadcast({2, 3, 4}, {3, 4}) && !can_broadcast({2}, {3}));
  expect_error(Kind::Runtime,
               "The size of tensor a (3) must match the size of tensor b (4) at non-singleton dimension 1",
               [] { broadcast({2, 3}, {2, 4}); });
}

static void test_dims() {
  EXPECT(wrap_dim(-1, 3) == 2 && wrap_dim(0, 0) == 0 && wrap_dim(-1, 0) == 0);
  EXPECT(dim_mask({}, 3) == 7 && dim_mask({-1, 0}, 3) == 5 && dim_mask({}, 0) == 0 && dim_mask({}, 64) == ~uint64_t(0));
  EXPECT(to_string({}) == "[]" && to_string({2, -3}) == "[2, -3]");
  expect_error(Kind::Index, "Dimension out of range (expected to be in range of [-2, 1], but got 2)",
               [] { wrap_dim(2, 2); });
  expect_error(Kind::Runtime, "dim 0 appears multiple times in the list of dims", [] { dim_mask({0, -2}, 2); });
}

static void test_infer_size() {
  EXPECT(infer_size({-1, 3}, 6) == Dims({2, 3}) && infer_size({}, 1).empty() && infer_size({-1, 2}, 0) == Dims({0, 2}));
  expect_error(Kind::Runtime, "shape '[4, 2]' is invalid for input of size 6", [] { infer_size({4, 2}, 6); });
  expect_error(Kind::Runtime, "shape '[4, -1]' is invalid for input of size 6", [] { infer_size({4, -1}, 6); });
  expect_error(Kind::Runtime, "only one dimension can be inferred", [] { infer_size({-1, -1}, 6); });
  expect_error(Kind::Runtime, "invalid shape dimension -2 at index 0 of shape [-2, 3]", [] { infer_size({-2, 3}, 6); });
  expect_error(
      Kind::Runtime,
      "cannot reshape tensor of 0 elements into shape [-1, 0] because the unspecified dimension size -1 can be "
      "any value and is ambiguous",
      [] { infer_size({-1, 0}, 0); });
}

int main() {
  test_views();
  test_layouts();
  test_broadcast();
  test_dims();
  test_infer_size();
  if (failures == 0) std::puts("shape: ok");
  return failures ? EXIT_FAILURE : EXIT_SUCCESS;
}
