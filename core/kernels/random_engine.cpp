// The state transition of mt19937, in loops that the compiler vectorises.
#include "random_engine.h"

#include <algorithm>
#include <cmath>

#include "random_clones.h"

namespace wg {
namespace {

constexpr int kShift = 397;
constexpr uint32_t kMatrix = 0x9908b0dfu;
constexpr double kTwoPi = 6.283185307179586476925286766559;

inline uint32_t twist(uint32_t u, uint32_t v) {
  return (((u & 0x80000000u) | (v & 0x7fffffffu)) >> 1) ^ ((v & 1) ? kMatrix : 0u);
}

}  // namespace

void RandomEngine::reseed(uint64_t value) {
  seed = value;
  state[0] = uint32_t(value);
  for (uint32_t j = 1; j < kWords; ++j) state[j] = 1812433253u * (state[j - 1] ^ (state[j - 1] >> 30)) + j;
  left = 1;
  next = 0;
  has_float = has_double = false;
}

static WG_CLONES void renew_words(uint32_t* state) {
  constexpr int n = RandomEngine::kWords, m = kShift;
  for (int j = 0; j < n - m; ++j) state[j] = state[j + m] ^ twist(state[j], state[j + 1]);
  for (int j = n - m; j < n - 1; ++j) state[j] = state[j + m - n] ^ twist(state[j], state[j + 1]);
  state[n - 1] = state[m - 1] ^ twist(state[n - 1], state[0]);
}

void RandomEngine::renew() {
  renew_words(state);
  left = kWords;
  next = 0;
}

static WG_CLONES void temper_words(uint32_t* out, const uint32_t* from, int64_t n) {
  for (int64_t j = 0; j < n; ++j) out[j] = RandomEngine::temper(from[j]);
}

void RandomEngine::fill(uint32_t* out, int64_t n) {
  while (n > 0) {
    if (left == 1) {
      renew();
      left = kWords + 1;
    }
    int64_t k = std::min<int64_t>(n, left - 1);
    temper_words(out, state + next, k);
    next += uint32_t(k);
    left -= uint32_t(k);
    out += k;
    n -= k;
  }
}

double RandomEngine::normal() {
  if (has_double) {
    has_double = false;
    return next_double;
  }
  double turn = uniform53(), tail = uniform53();
  double radius = std::sqrt(-2.0 * std::log1p(-tail)), angle = kTwoPi * turn;
  next_double = radius * std::sin(angle);
  has_double = true;
  return radius * std::cos(angle);
}

}  // namespace wg
