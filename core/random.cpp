// The generator's state as bytes, in the layout of torch's CPUGeneratorImpl.
#include "random.h"

#include <cstring>
#include <random>

#include "error.h"

namespace wg {
namespace {

// The order, types and padding that torch.get_rng_state() has; words of the twister take eight bytes each.
struct State {
  uint64_t seed;
  int32_t left, seeded;
  uint64_t next;
  uint64_t words[RandomEngine::kWords];
  double normal_x, normal_y, normal_rho;  // torch keeps the waiting double sample in normal_y
  int32_t has_double, padding;
  float next_float;
  uint8_t has_float, rest[3];
};
static_assert(sizeof(State) == Generator::kStateBytes);

}  // namespace

uint64_t Generator::seed() {
  std::random_device device;
  const uint64_t high = device();
  manual_seed(high << 32 | device());
  return initial_seed();
}

void Generator::get_state(uint8_t* out) const {
  State s{};
  s.seed = engine.seed;
  s.left = int32_t(engine.left);
  s.seeded = 1;
  s.next = engine.next;
  for (int i = 0; i < RandomEngine::kWords; ++i) s.words[i] = engine.state[i];
  if (engine.has_double) {
    s.normal_y = engine.next_double;
    s.has_double = 1;
  }
  if (engine.has_float) {
    s.next_float = engine.next_float;
    s.has_float = 1;
  }
  std::memcpy(out, &s, sizeof s);
}

void Generator::set_state(const uint8_t* bytes, size_t n) {
  WG_CHECK(n == kStateBytes, "Expected a CPUGeneratorImplState of size ", kStateBytes,
           " but found the input RNG state size to be ", n);
  State s;
  std::memcpy(&s, bytes, sizeof s);
  WG_CHECK(s.seeded == 1 && s.left > 0 && s.left <= RandomEngine::kWords && s.next <= RandomEngine::kWords,
           "Invalid mt19937 state");
  engine.seed = s.seed;
  engine.left = uint32_t(s.left);
  engine.next = uint32_t(s.next);
  for (int i = 0; i < RandomEngine::kWords; ++i) engine.state[i] = uint32_t(s.words[i]);
  engine.has_double = s.has_double != 0;
  engine.next_double = s.normal_y;
  engine.has_float = s.has_float != 0;
  engine.next_float = s.next_float;
}

Generator* Generator::clone() const {
  auto* g = new Generator;
  g->engine = engine;
  return g;
}

void Generator::set_offset(uint64_t) { fail(Kind::Runtime, "CPU Generator does not use offset"); }
uint64_t Generator::get_offset() const { fail(Kind::Runtime, "CPU Generator does not use offset"); }

Generator& default_generator() {
  static auto* g = [] {
    auto* fresh = new Generator;
    fresh->seed();  // as torch's: a program that gives no seed draws other numbers each time
    return fresh;
  }();
  return *g;
}

}  // namespace wg
