// The Mersenne Twister mt19937 and the uniform draws torch makes from it: one stream of bits, the same on any machine.
#pragma once
#include <cstdint>

namespace wg {

struct RandomEngine {
  static constexpr int kWords = 624;

  uint64_t seed = 0;
  uint32_t next = 0;  // index of the word to be given out next
  uint32_t left = 1;  // words until the state is renewed, plus one
  uint32_t state[kWords];
  float next_float = 0;  // the second half of a pair of normal samples, kept for the next call
  double next_double = 0;
  bool has_float = false, has_double = false;

  explicit RandomEngine(uint64_t seed) { reseed(seed); }
  void reseed(uint64_t seed);  // only the low 32 bits choose the stream, as in torch
  void renew();                // the next 624 words of state

  static uint32_t temper(uint32_t y) {
    y ^= y >> 11;
    y ^= (y << 7) & 0x9d2c5680u;
    y ^= (y << 15) & 0xefc60000u;
    return y ^ (y >> 18);
  }
  uint32_t random() {
    if (--left == 0) renew();
    return temper(state[next++]);
  }
  uint64_t random64() {
    uint64_t high = random();
    return high << 32 | random();
  }
  void fill(uint32_t* out, int64_t n);  // n draws of random()

  float uniform24() { return float(random() & 0xFFFFFFu) * 0x1p-24f; }                     // [0, 1)
  double uniform53() { return double(random64() & ((uint64_t(1) << 53) - 1)) * 0x1p-53; }  // [0, 1)
  double normal();  // a standard normal sample: Box and Muller, two at a time
};

}  // namespace wg
