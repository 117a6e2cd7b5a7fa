// Kernels compiled once per level of x86-64: their files are built three times, as namespaces generic, v3 and v4.
#pragma once
#include <cstring>

namespace wg {

const char* cpu_level();  // tiles.h

// The table of kernels that suits this machine. On other architectures there is one level only.
template <class Table>
const Table& pick_level(const Table& generic, [[maybe_unused]] const Table* v3, [[maybe_unused]] const Table* v4) {
#if defined(__x86_64__)
  const char* level = cpu_level();
  if (std::strcmp(level, "x86-64-v4") == 0) return *v4;
  if (std::strcmp(level, "x86-64-v3") == 0) return *v3;
#endif
  return generic;
}

}  // namespace wg

// WG_LEVEL_TABLE(GemmKernels, gemm_kernels, pick): declares the tables of all levels and the function that picks one.
#if defined(__x86_64__)
#define WG_LEVEL_TABLE(Type, name, pick)                                                 \
  namespace generic { extern const Type name; }                                          \
  namespace v3 { extern const Type name; }                                               \
  namespace v4 { extern const Type name; }                                               \
  inline const Type& pick() {                                                            \
    static const Type& chosen = pick_level(generic::name, &v3::name, &v4::name);         \
    return chosen;                                                                       \
  }
#else
#define WG_LEVEL_TABLE(Type, name, pick)                                                 \
  namespace generic { extern const Type name; }                                          \
  inline const Type& pick() { return generic::name; }
#endif
