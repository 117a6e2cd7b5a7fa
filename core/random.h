// torch's CPU generator: a seed, a Mersenne Twister, the kept halves of normal pairs, and their state as bytes.
#pragma once
#include <cstddef>
#include <cstdint>

#include "kernels/random_engine.h"
#include "object.h"

namespace wg {

struct Generator : Shared {
  static constexpr uint64_t kDefaultSeed = 67280421310721;
  static constexpr size_t kStateBytes = 5056;

  RandomEngine engine{kDefaultSeed};

  void manual_seed(uint64_t seed) { engine.reseed(seed); }
  uint64_t seed();  // from the system's entropy; returns the new seed
  uint64_t initial_seed() const { return engine.seed; }
  void get_state(uint8_t out[kStateBytes]) const;  // the bytes of torch.Generator.get_state()
  void set_state(const uint8_t* bytes, size_t n);  // torch's errors when they are not a state
  Generator* clone() const;                        // owned by the caller
  [[noreturn]] void set_offset(uint64_t);          // counters belong to other kinds of generators: torch's error
  [[noreturn]] uint64_t get_offset() const;
};
inline void destroy(Generator* g) { delete g; }

Generator& default_generator();  // of the process: lives for ever

}  // namespace wg
