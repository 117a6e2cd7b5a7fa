// Loops of ops that rearrange or make whole tensors.
#include "random_clones.h"
#include "shape.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace wg {
namespace {
constexpr int64_t kGrain = 1 << 15;
}

void triangle(char* out, const char* in, int64_t batch, int64_t rows, int64_t cols, int64_t k, bool lower,
              int itemsize) {
  if (batch * rows * cols == 0) return;
  const auto piece = [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      char* to = out + r * cols * itemsize;
      const char* from = in + r * cols * itemsize;
      // The kept columns: [0, cut) below, [cut, cols) above.
      const int64_t cut = std::clamp<int64_t>(r % rows + k + (lower ? 1 : 0), 0, cols) * itemsize;
      const int64_t all = cols * itemsize;
      std::memcpy(lower ? to : to + cut, lower ? from : from + cut, lower ? cut : all - cut);
      std::memset(lower ? to + cut : to, 0, lower ? all - cut : cut);
    }
  };
  const int64_t grain = std::max<int64_t>(1, kGrain / cols);
  if (batch * rows <= grain)
    piece(0, batch * rows);
  else
    parallel_for(batch * rows, grain, piece);
}

namespace {

template <class F>
void for_each_piece(int64_t n, F&& f) {
  if (n <= kGrain)
    f(int64_t(0), n);
  else
    parallel_for(n, kGrain, f);
}

template <class T>
T from_double(double x) {
  if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool>)
    return T(int64_t(x));
  else if constexpr (std::is_same_v<T, bool>)
    return x != 0;
  else if constexpr (is_reduced_v<T>)
    return T(float(x));
  else
    return T(x);
}

}  // namespace

namespace {

// The same for the usual types, with loops that are vectors on machines that multiply and add in one step: elements
// [begin, end) of a sequence, where begin is a multiple of kLanes.
template <class T>
inline constexpr int kLanes = sizeof(T) == 8 ? 4 : 8;
template <class T>
[[gnu::always_inline]] inline void write_steps(T* to, int64_t begin, int64_t end, double first, double step) {
  for (int64_t i = begin; i < end; i += kLanes<T>) {
    const double base = double(T(__builtin_fma(step, double(i), first)));
    T lanes[kLanes<T>];
    for (int lane = 0; lane < kLanes<T>; ++lane) lanes[lane] = T(__builtin_fma(step, double(lane), base));
    if (end - i >= kLanes<T>)
      std::memcpy(to + i, lanes, sizeof lanes);
    else
      std::copy_n(lanes, end - i, to + i);
  }
}
WG_CLONES void steps(float* to, int64_t begin, int64_t end, double first, double step) {
  write_steps(to, begin, end, first, step);
}
WG_CLONES void steps(double* to, int64_t begin, int64_t end, double first, double step) {
  write_steps(to, begin, end, first, step);
}
// to[i] = from + step * (place of i counted from `origin`), for i in [begin, end). Long places are not turned into
// doubles one by one, for which few machines have vectors.
template <class T>
[[gnu::always_inline]] inline void write_way(T* to, int64_t begin, int64_t end, int64_t origin, double step,
                                             double from) {
  constexpr int kRun = 1 << 10;
  for (int64_t i = begin; i < end; i += kRun) {
    const double start = double(i - origin);
    const int many = int(std::min<int64_t>(kRun, end - i));
    for (int j = 0; j < many; ++j) to[i + j] = T(__builtin_fma(step, start + double(j), from));
  }
}
WG_CLONES void way(float* to, int64_t begin, int64_t end, int64_t origin, double step, double from) {
  write_way(to, begin, end, origin, step, from);
}
WG_CLONES void way(double* to, int64_t begin, int64_t end, int64_t origin, double step, double from) {
  write_way(to, begin, end, origin, step, from);
}

}  // namespace

// Bit for bit torch's values: pairs of vectors of a few elements start at first + step * position, rounded to the
// dtype, and go on from there; what is left over at the end is computed one by one. Types with less than 32 bits count
// in float. Without `vectors`, all are computed one by one, with a product that is rounded.
void arithmetic(char* out, DType type, int64_t n, double first, double step, bool vectors) {
  visit(type, [&]<class T>() {
    constexpr int64_t lanes = sizeof(T) == 8 ? 4 : sizeof(T) == 4 ? 8 : 16;
    using Count = std::conditional_t<is_reduced_v<T>, float, double>;
    const Count by = Count(step), start = Count(first);
    T* to = reinterpret_cast<T*>(out);
    const int64_t whole = vectors && is_floating_v<T> ? n - n % (2 * lanes) : 0;
    if constexpr (std::is_floating_point_v<T>) {
      for_each_piece(whole / lanes,
                     [&](int64_t begin, int64_t end) { steps(to, begin * lanes, end * lanes, first, step); });
    } else if constexpr (is_reduced_v<T>) {
      for_each_piece(whole, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
          const float lane = float(i % lanes), base = float(T(std::fma(by, float(i) - lane, start)));
          to[i] = T(std::fma(by, lane, base));
        }
      });
    }
    if (vectors && is_floating_v<T>) {
      for (int64_t i = whole; i < n; ++i) to[i] = from_double<T>(std::fma(by, Count(i), start));
    } else {
      for_each_piece(n, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) to[i] = from_double<T>(start + by * Count(i));
      });
    }
  });
}

void arithmetic(char* out, DType type, int64_t n, int64_t first, int64_t step) {
  visit(type, [&]<class T>() {
    for_each_piece(n, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const int64_t x = first + step * i;
        if constexpr (std::is_integral_v<T>)
          reinterpret_cast<T*>(out)[i] = T(x);
        else
          reinterpret_cast<T*>(out)[i] = from_double<T>(double(x));
      }
    });
  });
}

void evenly_spaced(char* out, DType type, int64_t n, complex128 first, complex128 last) {
  visit(type, [&]<class T>() {
    // The step is computed in the dtype of the result (integers: in double), as torch does.
    using S = std::conditional_t<is_complex_v<T> || std::is_same_v<T, float>, T,
                                 std::conditional_t<is_reduced_v<T>, float, double>>;
    S a, b;
    if constexpr (is_complex_v<T>) {
      a = S(first);
      b = S(last);
    } else if constexpr (std::is_integral_v<T>) {
      a = S(T(int64_t(first.real())));
      b = S(T(int64_t(last.real())));
    } else {
      a = S(from_double<T>(first.real()));
      b = S(from_double<T>(last.real()));
    }
    const S step = n > 1 ? (b - a) / S(n - 1) : S(0);
    if constexpr (std::is_floating_point_v<T>) {  // from both ends to the middle
      for_each_piece(n, [&](int64_t begin, int64_t end) {
        const int64_t middle = std::clamp(n / 2, begin, end);
        way(reinterpret_cast<T*>(out), begin, middle, 0, double(step), double(a));
        way(reinterpret_cast<T*>(out), middle, end, n - 1, double(step), double(b));
      });
      if (n == 1) reinterpret_cast<T*>(out)[0] = a;
      return;
    }
    for_each_piece(n, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const bool low = i < n / 2;
        const double k = double(low ? i : n - i - 1);
        if constexpr (is_complex_v<T>) {
          reinterpret_cast<T*>(out)[i] = low ? a + step * S(T(k)) : b - step * S(T(k));
        } else if constexpr (is_reduced_v<T>) {  // rounded at every step
          const float way = T(float(T(float(T(b - a)) / float(n - 1))) * float(T(float(k))));
          reinterpret_cast<T*>(out)[i] = T(low ? a + way : b - way);
        } else {
          reinterpret_cast<T*>(out)[i] = from_double<T>(std::fma(low ? double(step) : -double(step), k, low ? a : b));
        }
      }
    });
    if (n == 1) {
      if constexpr (is_complex_v<T>)
        reinterpret_cast<T*>(out)[0] = a;
      else
        reinterpret_cast<T*>(out)[0] = from_double<T>(double(a));
    }
  });
}

}  // namespace wg
