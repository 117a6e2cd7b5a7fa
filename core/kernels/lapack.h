// LAPACK's routines by name, and what those of one matrix, column by column, share: the letter of a type, room to work.
#pragma once
#include <algorithm>
#include <cstddef>
#include <string>
#include <type_traits>
#include <vector>

#include "gemm.h"

namespace wg {

// A routine's name without its first letter, as a template argument.
template <size_t N>
struct Routine {
  char text[N];
  consteval Routine(const char (&s)[N]) { std::copy_n(s, N, text); }
};

template <class T>
inline constexpr char kLetter = is_complex_v<T> ? (sizeof(T) == 8 ? 'c' : 'z') : (sizeof(T) == 4 ? 's' : 'd');
template <class T>
struct ModulusOf {
  using type = T;
};
template <class T>
struct ModulusOf<std::complex<T>> {
  using type = T;
};
template <class T>
using modulus_of = typename ModulusOf<T>::type;

inline bool lapack_ready() {
  static const bool ready = blas_symbol("sgesdd_") && blas_symbol("zgeev_");
  return ready;
}

// Calls a routine as Fortran does: everything by its address, lengths of texts last.
template <class T, Routine name, class... Args>
void lapack(Args... args) {
  static void* const at = blas_symbol((std::string(1, kLetter<T>) + name.text).c_str());
  reinterpret_cast<void (*)(Args...)>(at)(args...);
}

// How much room a routine asks for: it writes the number as an element.
template <class T>
int room_asked(T x) {
  if constexpr (is_complex_v<T>)
    return std::max(1, int(x.real()));
  else
    return std::max(1, int(x));
}

}  // namespace wg
