// Buffers of each thread's own, kept between calls.
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

namespace wg {

// Whose buffer it is: a kernel that calls another must not share one with it.
enum class Scratch { Windows, Sums, Panels, Rows, Weight };

// At least `bytes`, aligned for any vector; what it held before is lost. One per thread and use.
template <Scratch = Scratch::Windows>
char* scratch(size_t bytes) {
  thread_local std::vector<char> buffer;
  if (buffer.size() < bytes + 64) buffer.resize(bytes + 64);
  return buffer.data() + (64 - reinterpret_cast<uintptr_t>(buffer.data()) % 64) % 64;
}
template <class T, Scratch Use>
T* room_for(int64_t n) {
  return reinterpret_cast<T*>(scratch<Use>(size_t(n) * sizeof(T)));
}

}  // namespace wg
