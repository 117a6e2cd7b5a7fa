// Strided copies: rows by memcpy, transposes in blocks, conversions tile by tile.
#include "copy.h"

#include <algorithm>

#include "tiles.h"
#include "turn.h"

namespace wg {
namespace {

constexpr int64_t kGrain = 1 << 15;  // elements in a piece of work

// memcpy, but for targets that begin less than a cache line behind the source, counted within pages: many processors
// then take every load to be of what was stored last.
void copy_bytes(char* to, const char* from, int64_t n) {
  constexpr int64_t line = 64, page = 4096;
  const int64_t behind = (reinterpret_cast<intptr_t>(to) - reinterpret_cast<intptr_t>(from)) & (page - 1);
  if (n < 4 * line || behind == 0 || behind >= line) {
    std::memcpy(to, from, size_t(n));
    return;
  }
  for (; n >= line; n -= line, to += line, from += line) {
    char held[line];
    std::memcpy(held, from, line);
    std::memcpy(to, held, line);
  }
  std::memcpy(to, from, size_t(n));
}

template <class U>
void copy_row(char* to, int64_t to_step, const char* from, int64_t from_step, int64_t n) {
  constexpr int64_t unit = sizeof(U);
  if (to_step == unit && from_step == unit) {
    copy_bytes(to, from, n * unit);
  } else if (to_step == unit && from_step == 0) {
    std::fill_n(reinterpret_cast<U*>(to), n, *reinterpret_cast<const U*>(from));
  } else if (to_step == unit && from_step == -unit) {
    U* out = reinterpret_cast<U*>(to);
    const U* in = reinterpret_cast<const U*>(from);
    for (int64_t i = 0; i < n; ++i) out[i] = in[-i];
  } else if (to_step == unit) {
    U* out = reinterpret_cast<U*>(to);
    for (int64_t i = 0; i < n; ++i) out[i] = *reinterpret_cast<const U*>(from + i * from_step);
  } else {
    for (int64_t i = 0; i < n; ++i)
      *reinterpret_cast<U*>(to + i * to_step) = *reinterpret_cast<const U*>(from + i * from_step);
  }
}

// n groups of `few` elements each: what the innermost dim is where it is short.
template <class U, int kFew>
void copy_groups(char* to, int64_t to_step, int64_t to_unit, const char* from, int64_t from_step, int64_t from_unit,
                 int64_t few, int64_t n) {
  const int64_t m = kFew ? kFew : few;
  for (int64_t i = 0; i < n; ++i)
    for (int64_t j = 0; j < m; ++j)
      *reinterpret_cast<U*>(to + i * to_step + j * to_unit) =
          *reinterpret_cast<const U*>(from + i * from_step + j * from_unit);
}
template <class U>
void copy_short_rows(const Walk<2>& w, char* to, char* from) {
  const int last = w.nd - 1;
  const int64_t few = w.size[last];
  Walk<2> groups = w;
  groups.nd = last, groups.total /= few;
  const auto copy = few == 2   ? copy_groups<U, 2>
                    : few == 3 ? copy_groups<U, 3>
                    : few == 4 ? copy_groups<U, 4>
                               : copy_groups<U, 0>;
  groups.run({to, from}, kGrain / few, [&](char* const* p, int64_t n) {
    copy(p[0], groups.inner(0), w.inner(0), p[1], groups.inner(1), w.inner(1), few, n);
  });
}

// One block: reads whole cache lines of `from`, turns them in a buffer, writes whole lines of `to`.
template <class U, int B>
void transpose_block(char* to, int64_t to_step, const char* from, int64_t from_step, int64_t rows, int64_t cols) {
  constexpr int64_t unit = sizeof(U);
  if (unit <= 8 && rows == B && cols == B) {
    if constexpr (unit <= 8)
      for (int64_t j = 0; j < B; j += 4)
        for (int64_t i = 0; i < B; i += 4)
          turn(reinterpret_cast<const U*>(from + j * from_step) + i, from_step / unit,
               reinterpret_cast<U*>(to + i * to_step) + j, to_step / unit);
    return;
  }
  U buffer[B][B];
  for (int64_t j = 0; j < cols; ++j) {
    const U* line = reinterpret_cast<const U*>(from + j * from_step);
    for (int64_t i = 0; i < rows; ++i) buffer[i][j] = line[i];
  }
  for (int64_t i = 0; i < rows; ++i) std::memcpy(to + i * to_step, buffer[i], cols * sizeof(U));
}

// The dim along which `from` is contiguous while the innermost dim of `to` is not; -1 when this is no transpose.
int transposed_dim(const Walk<2>& w, int unit) {
  if (w.nd < 2 || w.inner(0) != unit || w.inner(1) == unit || w.inner(1) == 0) return -1;
  for (int d = 0; d < w.nd - 1; ++d)
    if (w.stride[1][d] == unit && w.size[d] >= 4) return w.size[w.nd - 1] >= 4 ? d : -1;
  return -1;
}

template <class U>
void transpose(const Walk<2>& w, int dim, char* to, const char* from) {
  constexpr int B = 16;
  const int last = w.nd - 1;
  const int64_t rows = w.size[dim], cols = w.size[last], bands = (rows + B - 1) / B;
  const int64_t to_step = w.stride[0][dim], from_step = w.inner(1);
  const int64_t outer = w.total / (rows * cols);
  const int64_t grain = std::max<int64_t>(1, kGrain / (B * cols));
  parallel_for(outer * bands, grain, [&](int64_t begin, int64_t end) {
    for (int64_t k = begin; k < end; ++k) {
      int64_t rest = k / bands, i = k % bands * B;
      char* out = to + i * to_step;
      const char* in = from + i * int64_t(sizeof(U));
      for (int d = last - 1; d >= 0; --d) {
        if (d == dim) continue;
        out += rest % w.size[d] * w.stride[0][d];
        in += rest % w.size[d] * w.stride[1][d];
        rest /= w.size[d];
      }
      for (int64_t j = 0; j < cols; j += B)
        transpose_block<U, B>(out + j * int64_t(sizeof(U)), to_step, in + j * from_step, from_step,
                              std::min<int64_t>(B, rows - i), std::min<int64_t>(B, cols - j));
    }
  });
}

void convert_row(char* to, int64_t to_step, DType to_type, const char* from, int64_t from_step, DType from_type,
                 int64_t n) {
  const int to_size = size_of(to_type), from_size = size_of(from_type);
  const ConvertFn convert = convert_fn(from_type, to_type);
  if (to_step == to_size && from_step == from_size) return convert(to, from, n);
  alignas(64) char in[kTile * 16], out[kTile * 16];
  const StrideFn load = gather_fn(from_size), store = scatter_fn(to_size);
  for (int64_t i = 0; i < n; i += kTile) {
    const int64_t m = std::min<int64_t>(kTile, n - i);
    const char* source = from + i * from_step;
    if (from_step != from_size) {
      load(in, source, from_step / from_size, m);
      source = in;
    }
    char* target = to + i * to_step;
    if (to_step == to_size) {
      convert(target, source, m);
    } else {
      convert(out, source, m);
      store(target, out, to_step / to_size, m);
    }
  }
}

}  // namespace

void copy_strided(char* to, DType to_type, const Dims& to_strides, const char* from, DType from_type,
                  const Dims& from_strides, const Dims& sizes) {
  const Walk<2> w(sizes, {&to_strides, &from_strides}, {size_of(to_type), size_of(from_type)});
  if (w.total == 0) return;
  char* source = const_cast<char*>(from);
  if (to_type != from_type) {
    w.run({to, source}, kGrain,
          [&](char* const* p, int64_t n) { convert_row(p[0], w.inner(0), to_type, p[1], w.inner(1), from_type, n); });
    return;
  }
  visit_size(size_of(to_type), [&]<class U>() {
    const int dim = transposed_dim(w, sizeof(U));
    if (dim >= 0) return transpose<U>(w, dim, to, from);
    if (w.nd > 1 && w.size[w.nd - 1] <= 8) return copy_short_rows<U>(w, to, source);
    w.run({to, source}, kGrain, [&](char* const* p, int64_t n) { copy_row<U>(p[0], w.inner(0), p[1], w.inner(1), n); });
  });
}

void fill_strided(char* to, DType type, const Dims& strides, const Dims& sizes, const void* element) {
  const Walk<1> w(sizes, {&strides}, {size_of(type)});
  if (w.total == 0) return;
  visit_size(size_of(type), [&]<class U>() {
    U value;
    std::memcpy(&value, element, sizeof value);
    w.run({to}, kGrain, [&](char* const* p, int64_t n) {
      if (w.inner(0) == sizeof(U)) {
        fill_tile(p[0], element, sizeof(U), n);
      } else {
        for (int64_t i = 0; i < n; ++i) *reinterpret_cast<U*>(p[0] + i * w.inner(0)) = value;
      }
    });
  });
}

}  // namespace wg
