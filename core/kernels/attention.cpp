// Attention in blocks of queries: scores of a block fit into the cache, all keys at once.
#include "attention.h"

#include <algorithm>
#include <cstring>

#include "../parallel.h"
#include "attention_kernels.h"
#include "gemm.h"
#include "scratch.h"

namespace wg {
namespace {

constexpr int64_t kBlock = 64;            // queries at once, at most
constexpr int64_t kGrain = 64 * 64 * 64;  // multiplications worth a thread's while

template <class F>
void with_kernels(DType d, F f) {
  if (d == DType::Float32)
    f(attention_table().of_float, float());
  else
    f(attention_table().of_double, double());
}

Matrix rows_of(const Heads& h, int64_t at, int64_t row, int64_t unit) {
  return {h.data + (at + row * h.row) * unit, h.row, 1};
}
Matrix turned(const Matrix& m) { return {m.data, m.col, m.row}; }

// One head: the offsets of its parts.
struct Head {
  int64_t b, h;
  int64_t of(const Heads& t) const { return b * t.batch + h * t.head; }
};

// How many keys the queries up to `last` may see.
int64_t seen(const Attention& a, int64_t last) { return a.causal ? std::min(a.keys, last) : a.keys; }

// Queries at once. Where each sees the keys before it, few of them see few keys; but b is packed for each block.
int64_t block_of(const Attention& a) { return a.causal && a.keys <= 2 * kBlock ? kBlock / 2 : kBlock; }

template <class T>
const T* mask_row(const Attention& a, const Head& head, int64_t i) {
  if (!a.mask) return nullptr;
  return reinterpret_cast<const T*>(a.mask) + head.b * a.mask_batch + head.h * a.mask_head + i * a.mask_row;
}

}  // namespace

void attend(const Attention& a, const Heads& out, char* log_sums) {
  const int64_t block = block_of(a), blocks = (a.queries + block - 1) / block, unit = size_of(a.dtype);
  const double work = double(block) * double(a.keys) * double(a.width + a.value_width);
  const int64_t grain = std::max<int64_t>(1, int64_t(double(kGrain) / std::max(work, 1.0)));
  with_kernels(a.dtype, [&](const auto& k, auto zero) {
    using T = decltype(zero);
    parallel_for(a.batch * a.heads * blocks, grain, [&](int64_t begin, int64_t end) {
      T* s = reinterpret_cast<T*>(scratch(size_t(kBlock * padded(a.keys) * unit)));
      for (int64_t t = begin; t < end; ++t) {
        const int64_t which = t / blocks, first = t % blocks * block, last = std::min(a.queries, first + block);
        const Head head{which / a.heads, which % a.heads};
        const int64_t n = seen(a, last), rows = last - first, step = padded(n);
        gemm({a.dtype,
              rows,
              n,
              a.width,
              rows_of(a.q, head.of(a.q), first, unit),
              turned(rows_of(a.k, head.of(a.k), 0, unit)),
              {reinterpret_cast<char*>(s), step, 1}});
        T top[kBlock], *sums = reinterpret_cast<T*>(log_sums) + which * a.queries + first;
        for (int64_t i = 0; i < rows; ++i) {
          T* row = s + i * step;
          const int64_t m = seen(a, first + i + 1);
          sums[i] = k.softmax(row, m, T(a.scale), mask_row<T>(a, head, first + i), a.mask_col, &top[i]);
          std::fill(row + m, row + n, T(0));
        }
        k.log_sums(sums, top, rows);
        gemm({a.dtype,
              rows,
              a.value_width,
              n,
              {reinterpret_cast<char*>(s), step, 1},
              rows_of(a.v, head.of(a.v), 0, unit),
              rows_of(out, head.of(out), first, unit)});
      }
    });
  });
}

void attend_backward(const Attention& a, const Heads& g, const Heads& out, const char* log_sums, const Heads& gq,
                     const Heads& gk, const Heads& gv) {
  const int64_t unit = size_of(a.dtype), block = block_of(a);
  with_kernels(a.dtype, [&](const auto& k, auto zero) {
    using T = decltype(zero);
    parallel_for(a.batch * a.heads, 1, [&](int64_t begin, int64_t end) {
      T* p = reinterpret_cast<T*>(scratch(size_t(2 * kBlock * padded(a.keys) * unit)));
      T* d = p + kBlock * padded(a.keys);
      for (int64_t which = begin; which < end; ++which) {
        const Head head{which / a.heads, which % a.heads};
        const Matrix keys = rows_of(a.k, head.of(a.k), 0, unit), values = rows_of(a.v, head.of(a.v), 0, unit);
        const bool all_seen = seen(a, std::min(a.queries, block)) == a.keys;  // by the first block, which then writes
        for (int64_t j = 0; j < a.keys && !all_seen; ++j) {
          std::memset(rows_of(gk, head.of(gk), j, unit).data, 0, size_t(a.width * unit));
          std::memset(rows_of(gv, head.of(gv), j, unit).data, 0, size_t(a.value_width * unit));
        }
        for (int64_t first = 0; first < a.queries; first += block) {
          const int64_t last = std::min(a.queries, first + block), n = seen(a, last), rows = last - first,
                        step = padded(n);
          const Matrix queries = rows_of(a.q, head.of(a.q), first, unit), grads = rows_of(g, head.of(g), first, unit);
          const Matrix weights{reinterpret_cast<char*>(p), step, 1}, slopes{reinterpret_cast<char*>(d), step, 1};
          gemm({a.dtype, rows, n, a.width, queries, turned(keys), weights});
          gemm({a.dtype, rows, n, a.value_width, grads, turned(values), slopes});
          for (int64_t i = first; i < last; ++i) {
            T *wp = p + (i - first) * step, *dp = d + (i - first) * step;
            const int64_t m = seen(a, i + 1);
            const T* y = reinterpret_cast<const T*>(rows_of(out, head.of(out), i, unit).data);
            const T* gy = reinterpret_cast<const T*>(rows_of(g, head.of(g), i, unit).data);
            k.weights(wp, m, T(a.scale), mask_row<T>(a, head, i), a.mask_col,
                      reinterpret_cast<const T*>(log_sums)[which * a.queries + i]);
            k.gradient(dp, wp, m, k.dot(y, gy, a.value_width), T(a.scale));
            std::fill(wp + m, wp + n, T(0));
            std::fill(dp + m, dp + n, T(0));
          }
          gemm({a.dtype, rows, a.width, n, slopes, keys, rows_of(gq, head.of(gq), first, unit)});
          Gemm by_k{a.dtype, n, a.width, rows, turned(slopes), queries, rows_of(gk, head.of(gk), 0, unit)};
          Gemm by_v{a.dtype, n, a.value_width, rows, turned(weights), grads, rows_of(gv, head.of(gv), 0, unit)};
          by_k.beta = by_v.beta = all_seen && first == 0 ? 0 : 1;
          gemm(by_k);
          gemm(by_v);
        }
      }
    });
  });
}

}  // namespace wg
