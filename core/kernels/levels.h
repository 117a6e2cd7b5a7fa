// Kernels compiled once per level of x86-64: their files are built three times, as namespaces v2, v3 and v4;
// elsewhere (and under sanitizers: WG_ONE_LEVEL) once, as generic.
#pragma once
#include <cstring>

namespace wg {

const char* cpu_level();  // tiles.h

// The table of kernels that suits this machine.
template <class Table>
const Table& pick_level(const Table& v2, const Table& v3, const Table& v4) {
  const char* level = cpu_level();
  if (std::strcmp(level, "x86-64-v4") == 0) return v4;
  if (std::strcmp(level, "x86-64-v3") == 0) return v3;
  return v2;
}

}  // namespace wg

// WG_LEVEL_TABLE(GemmKernels, gemm_kernels, pick): declares the tables of all levels and the function that picks one.
#if !defined(WG_ONE_LEVEL)
#define WG_LEVEL_TABLE(Type, name, pick)                                  \
  namespace v2 {                                                          \
  extern const Type name;                                                 \
  }                                                                       \
  namespace v3 {                                                          \
  extern const Type name;                                                 \
  }                                                                       \
  namespace v4 {                                                          \
  extern const Type name;                                                 \
  }                                                                       \
  inline const Type& pick() {                                             \
    static const Type& chosen = pick_level(v2::name, v3::name, v4::name); \
    return chosen;                                                        \
  }
#else
#define WG_LEVEL_TABLE(Type, name, pick) \
  namespace generic {                    \
  extern const Type name;                \
  }                                      \
  inline const Type& pick() { return generic::name; }
#endif
