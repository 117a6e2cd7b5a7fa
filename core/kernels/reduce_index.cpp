// Where the extreme value of each row or column comes first.
#include <algorithm>

#include "../parallel.h"
#include "reduce.h"
#include "reduce_types.h"

namespace wg {
namespace {

constexpr int64_t kGrain = 32768;
constexpr int64_t kTile = 256;

// The kept dims of a reduction over one dim, row-major in the output.
struct Kept {
  int n = 0;
  int64_t size[kMaxDims], step[kMaxDims], total = 1;
  Kept(const Dims& sizes, const Dims& strides, int dim) {
    for (int i = 0; i < sizes.size(); ++i) {
      if (i == dim) continue;
      total *= sizes[i];
      if (sizes[i] == 1) continue;
      if (n && step[n - 1] == strides[i] * sizes[i]) {
        size[n - 1] *= sizes[i];
        step[n - 1] = strides[i];
      } else {
        size[n] = sizes[i];
        step[n++] = strides[i];
      }
    }
  }
  int64_t at(int64_t index) const {
    int64_t offset = 0;
    for (int i = n; i-- > 0; index /= size[i]) offset += index % size[i] * step[i];
    return offset;
  }
};

template <class T>
using Wide = std::conditional_t<is_reduced_v<T>, float, T>;

template <bool kMax, class T>
bool better(T x, T best) {  // strictly, so that the first of equals stays; nan beats all but an earlier nan
  if constexpr (std::is_floating_point_v<T>)
    return (kMax ? x > best : x < best) | ((x != x) & (best == best));
  else
    return kMax ? x > best : x < best;
}

// The first i with hit(x[i]), which exists: whole blocks are tested at once.
template <class T, class F>
int64_t first_where(const T* x, int64_t n, F hit) {
  constexpr int64_t kBlock = 64;
  int64_t i = 0;
  for (; i + kBlock <= n; i += kBlock) {
    int any = 0;
    for (int64_t v = 0; v < kBlock; ++v) any |= hit(x[i + v]);
    if (any) break;
  }
  while (!hit(x[i])) ++i;
  return i;
}

template <bool kMax, class T>
int64_t first_best(const T* x, int64_t n, int64_t step) {
  if constexpr (std::is_floating_point_v<T>) {
    if (step == 1 && n >= 64) {
      T best;
      folder(kMax ? Fold::Max : Fold::Min, DTypeOf<T>::value).rows(&best, x, 1, 0, n, 1, 0);
      return best != best ? first_where(x, n, [](T v) { return v != v; })
                          : first_where(x, n, [best](T v) { return v == best; });
    }
  }
  Wide<T> best = Wide<T>(x[0]);
  int64_t at = 0;
  for (int64_t i = 1; i < n; ++i) {
    Wide<T> v = Wide<T>(x[i * step]);
    if (better<kMax>(v, best)) best = v, at = i;
  }
  return at;
}

template <bool kMax, class T>
void columns(const T* x, int64_t n, int64_t step, int64_t cols, T* values, int64_t* indices) {
  Wide<T> best[kTile];
  int32_t at[kTile];
  for (int64_t c = 0; c < cols; ++c) best[c] = Wide<T>(x[c]), at[c] = 0;
  for (int64_t i = 1; i < n; ++i) {
    const T* row = x + i * step;
    for (int64_t c = 0; c < cols; ++c) {
      Wide<T> v = Wide<T>(row[c]);
      bool take = better<kMax>(v, best[c]);
      best[c] = take ? v : best[c];
      at[c] = take ? int32_t(i) : at[c];
    }
  }
  for (int64_t c = 0; c < cols; ++c) {
    indices[c] = at[c];
    if (values) values[c] = T(best[c]);
  }
}

template <bool kMax, class T>
void index_of(const T* x, const Dims& sizes, const Dims& strides, int dim, T* values, int64_t* indices) {
  Kept kept(sizes, strides, dim);
  if (!kept.total) return;
  int64_t n = sizes[dim], step = strides[dim];
  bool side = kept.n && kept.step[kept.n - 1] == 1 && step != 1 && n < INT32_MAX;
  int64_t width = side ? kept.size[kept.n - 1] : 1, tiles = (width + kTile - 1) / kTile;
  int64_t units = kept.total / width * tiles, work = n * std::min(width, kTile);
  parallel_for(units, std::max<int64_t>(1, kGrain / work), [&](int64_t begin, int64_t end) {
    for (int64_t u = begin; u < end; ++u) {
      int64_t out = u / tiles * width + u % tiles * kTile;
      const T* from = x + kept.at(out);
      if (side) {
        columns<kMax>(from, n, step, std::min(kTile, width - u % tiles * kTile), values ? values + out : nullptr,
                      indices + out);
      } else {
        indices[out] = first_best<kMax>(from, n, step);
        if (values) values[out] = from[indices[out] * step];
      }
    }
  });
}

}  // namespace

void fold_index(bool max, DType dtype, const char* data, const Dims& sizes, const Dims& strides, int dim, char* values,
                int64_t* indices) {
  visit(dtype, [&]<class T>() {
    if constexpr (!is_complex_v<T>) {
      auto* x = reinterpret_cast<const T*>(data);
      auto* v = reinterpret_cast<T*>(values);
      if (max)
        index_of<true>(x, sizes, strides, dim, v, indices);
      else
        index_of<false>(x, sizes, strides, dim, v, indices);
    }
  });
}

}  // namespace wg
