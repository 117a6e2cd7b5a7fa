// The generator against the standard's mt19937, its state's round trip, and the samplers at the ends of their ranges.
#include "random.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <vector>

#include "error.h"
#include "expect.h"
#include "kernels/random_fill.h"
#include "kernels/random_gradients.h"

using namespace wg;

static Walk row(int64_t n, int64_t stride = 1) {
  const int64_t* strides[] = {&stride};
  return Walk(&n, 1, strides, 1);
}

static void same_words_as_the_standard() {
  std::mt19937 standard(5489);
  RandomEngine one(5489), block(5489);
  std::vector<uint32_t> words(10000);
  for (size_t at = 0, step = 1; at < words.size(); at += step, step = step % 700 + 37)
    block.fill(&words[at], int64_t(std::min(step, words.size() - at)));
  for (uint32_t w : words) {
    const uint32_t expected = uint32_t(standard());
    EXPECT(one.random() == expected && w == expected);
  }
  EXPECT(words.back() == 4123659995u);  // the value the standard states
}

static void state_round_trip() {
  Generator g, h;
  g.manual_seed(uint64_t(-2));
  for (int i = 0; i < 700; ++i) g.engine.random();
  g.engine.normal();
  uint8_t bytes[Generator::kStateBytes], again[Generator::kStateBytes];
  g.get_state(bytes);
  h.set_state(bytes, sizeof bytes);
  h.get_state(again);
  for (size_t i = 0; i < sizeof bytes; ++i) EXPECT(bytes[i] == again[i]);
  EXPECT(h.initial_seed() == uint64_t(-2));
  for (int i = 0; i < 1000; ++i) EXPECT(g.engine.normal() == h.engine.normal());
  bool refused = false;
  try {
    h.set_state(bytes, 7);
  } catch (const Error&) {
    refused = true;
  }
  EXPECT(refused);
}

// Dense memory takes fast loops: the same numbers as one at a time.
static void strides_do_not_matter() {
  for (DType d : {DType::Float16, DType::BFloat16, DType::Float32, DType::Float64}) {
    RandomEngine a(3), b(3);
    const int64_t n = 2500, size = size_of(d);
    std::vector<char> dense(size_t(n * size)), sparse(size_t(2 * n * size));
    auto compare = [&] {
      for (int64_t i = 0; i < n; ++i)
        for (int64_t k = 0; k < size; ++k) EXPECT(dense[size_t(i * size + k)] == sparse[size_t(2 * i * size + k)]);
    };
    fill_uniform(a, row(n), d, dense.data(), -1, 2);
    fill_uniform(b, row(n, 2), d, sparse.data(), -1, 2);
    compare();
    fill_bernoulli(a, row(n), d, dense.data(), 0.3);
    fill_bernoulli(b, row(n, 2), d, sparse.data(), 0.3);
    compare();
  }
}

static void normal_samples_are_normal() {
  RandomEngine engine(1);
  std::vector<float> x(100003);
  fill_normal(engine, row(int64_t(x.size())), DType::Float32, x.data(), 2, 3, true);
  double sum = 0, squares = 0, cubes = 0;
  for (float v : x) {
    const double z = (v - 2) / 3;
    EXPECT(std::isfinite(v) && std::fabs(z) < 6);
    sum += z;
    squares += z * z;
    cubes += z * z * z;
  }
  const double n = double(x.size());
  EXPECT(std::fabs(sum / n) < 0.02 && std::fabs(squares / n - 1) < 0.02 && std::fabs(cubes / n) < 0.05);
}

// Gamma(1) is exponential: at probability p the sample -log(1 - p) moves by what the two methods must agree on.
static void gradients_are_continuous() {
  for (double a : {0.2, 1.0, 7.0, 900.0}) {
    const double x[] = {(a + 1) * (1 - 1e-9), (a + 1) * (1 + 1e-9)}, alpha[] = {a, a};  // series, fraction
    double g[2];
    gamma_gradients(DType::Float64, g, alpha, x, 2);
    EXPECT(std::fabs(g[0] - g[1]) < 1e-7 * g[0]);
    const double m[] = {0.3 * (1 - 1e-9), 0.3 * (1 + 1e-9)}, total[] = {a / 0.3, a / 0.3};  // below, above the mean
    beta_gradients(DType::Float64, g, m, alpha, total, 2);
    EXPECT(std::fabs(g[0] - g[1]) < 1e-6 * g[0]);
  }
  const double big[] = {1e6 * (1 - 1e-9), 1e6 * (1 + 1e-9)}, sample[] = {1.0012e6, 1.0012e6};  // series, expansion
  double g[2];
  gamma_gradients(DType::Float64, g, big, sample, 2);
  EXPECT(std::fabs(g[0] - g[1]) < 1e-8);
}

int main() {
  same_words_as_the_standard();
  state_round_trip();
  strides_do_not_matter();
  normal_samples_are_normal();
  gradients_are_continuous();
  if (failures == 0) std::puts("random: ok");
  return failures ? EXIT_FAILURE : EXIT_SUCCESS;
}
