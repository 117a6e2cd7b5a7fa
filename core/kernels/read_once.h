// Reading a number that another thread may be writing, where it is checked and then used.
#pragma once
#include <cstdint>

namespace wg {

// The value at p, read exactly once: a compiler may otherwise read what it has checked a second time.
inline int64_t read_once(const int64_t* p) { return __atomic_load_n(p, __ATOMIC_RELAXED); }

}  // namespace wg
