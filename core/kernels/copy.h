// Strided copies, and the walk over collapsed dimensions that index kernels share.
#pragma once
#include <algorithm>
#include <cstdint>
#include <cstring>

#include "../dtype.h"
#include "../parallel.h"
#include "../shape.h"

namespace wg {

struct Bits128 {
  uint64_t low, high;
};

// visit_size(itemsize, []<class U>() { … }): an unsigned type of that many bytes, for kernels that only move elements.
template <class F>
decltype(auto) visit_size(int itemsize, F&& f) {
  switch (itemsize) {
    case 1: return f.template operator()<uint8_t>();
    case 2: return f.template operator()<uint16_t>();
    case 4: return f.template operator()<uint32_t>();
    case 8: return f.template operator()<uint64_t>();
    case 16: return f.template operator()<Bits128>();
  }
  __builtin_unreachable();
}

// The dims of N operands that share sizes, as few as possible: dims of size 1 dropped, dims ordered by the stride of
// operand 0 (the last is the innermost), neighbours that lie in one row in all operands merged. Strides are in bytes.
template <int N>
struct Walk {
  int nd = 0;
  int64_t total = 1;
  int64_t size[kMaxDims];
  int64_t stride[N][kMaxDims];

  Walk(const Dims& sizes, const Dims* const (&strides)[N], const int (&itemsize)[N]) {
    for (int64_t s : sizes) total *= s;
    for (int i = 0; i < sizes.size() && total > 0; ++i) {  // an empty tensor may have any number of dims
      if (sizes[i] == 1) continue;
      int at = nd;
      const int64_t key = step((*strides[0])[i]);
      for (; at > 0 && step(stride[0][at - 1]) < key * itemsize[0]; --at) move(at - 1, at);
      size[at] = sizes[i];
      for (int k = 0; k < N; ++k) stride[k][at] = (*strides[k])[i] * itemsize[k];
      ++nd;
    }
    merge();
    if (nd == 0) {
      size[0] = 1;
      for (int k = 0; k < N; ++k) stride[k][0] = 0;
      nd = 1;
    }
  }

  int64_t inner(int k) const { return stride[k][nd - 1]; }

  // body(char* const* pointers, int64_t n) for every piece of an innermost row within [begin, end).
  template <class F>
  void run(int64_t begin, int64_t end, char* const (&base)[N], F&& body) const {
    if (begin >= end) return;
    char* p[N];
    for (int k = 0; k < N; ++k) p[k] = base[k];
    if (nd == 2 && begin == 0 && end == total) {  // all rows of a matrix: nothing to keep track of
      for (int64_t i = 0; i < size[0]; ++i) {
        body(static_cast<char* const*>(p), size[1]);
        for (int k = 0; k < N; ++k) p[k] += stride[k][0];
      }
      return;
    }
    int64_t at[kMaxDims];
    int64_t rest = begin;
    for (int d = nd - 1; d >= 0; --d) {
      at[d] = rest % size[d];
      rest /= size[d];
      for (int k = 0; k < N; ++k) p[k] += at[d] * stride[k][d];
    }
    const int last = nd - 1;
    while (true) {
      const int64_t n = std::min(size[last] - at[last], end - begin);
      body(static_cast<char* const*>(p), n);
      begin += n;
      if (begin >= end) return;
      for (int k = 0; k < N; ++k) p[k] -= at[last] * stride[k][last];
      at[last] = 0;
      for (int d = last - 1; d >= 0; --d) {
        for (int k = 0; k < N; ++k) p[k] += stride[k][d];
        if (++at[d] < size[d]) break;
        for (int k = 0; k < N; ++k) p[k] -= size[d] * stride[k][d];
        at[d] = 0;
      }
    }
  }

  template <class F>
  void run(char* const (&base)[N], int64_t grain, F&& body) const {
    if (total <= grain) return run(0, total, base, body);
    parallel_for(total, grain, [&](int64_t b, int64_t e) { run(b, e, base, body); });
  }

 private:
  static int64_t step(int64_t s) { return s < 0 ? -s : s; }
  void move(int from, int to) {
    size[to] = size[from];
    for (int k = 0; k < N; ++k) stride[k][to] = stride[k][from];
  }
  void merge() {
    int n = 0;
    for (int i = 0; i < nd; ++i) {
      bool joins = n > 0;
      for (int k = 0; k < N && joins; ++k) joins = stride[k][n - 1] == stride[k][i] * size[i];
      if (joins) {
        const int64_t outer = size[n - 1];
        move(i, n - 1);
        size[n - 1] *= outer;
      } else {
        if (n != i) move(i, n);
        ++n;
      }
    }
    nd = n;
  }
};

// to[i] = from[i] for all i in sizes, converting; the memory must not overlap. Strides are in elements and may be 0 or
// negative in `from`.
void copy_strided(char* to, DType to_type, const Dims& to_strides, const char* from, DType from_type,
                  const Dims& from_strides, const Dims& sizes);
// Writes one element (of to's dtype) everywhere.
void fill_strided(char* to, DType type, const Dims& strides, const Dims& sizes, const void* element);

}  // namespace wg
