// A buffer of each thread's own, kept between calls.
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

namespace wg {

// At least `bytes`, aligned for any vector; what it held before is lost. One per thread: a nested use overwrites it.
inline char* scratch(size_t bytes) {
  thread_local std::vector<char> buffer;
  if (buffer.size() < bytes + 64) buffer.resize(bytes + 64);
  return buffer.data() + (64 - reinterpret_cast<uintptr_t>(buffer.data()) % 64) % 64;
}

}  // namespace wg
