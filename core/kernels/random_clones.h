// WG_CLONES: compile a function for AVX2 with FMA too, and pick at load time. The bits are the same either way. Not
// inlined: a caller would take in the plain form.
#pragma once
#include <cstdint>  // any header of the library: it tells which one it is

#if defined(__x86_64__) && defined(__GLIBC__) && defined(__GNUC__) && !defined(__clang__)
#define WG_CLONES __attribute__((noinline, target_clones("arch=x86-64-v3", "default")))
#else
#define WG_CLONES
#endif
