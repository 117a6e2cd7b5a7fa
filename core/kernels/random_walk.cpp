// Sorts the dimensions of strided operands by stride and merges those that are one.
#include "random_walk.h"

#include <utility>

namespace wg {
namespace {

// Should dimension a lie inside of dimension b (positive: yes, they are in the wrong order)? 0: does not matter.
int compare(const int64_t* sizes, const int64_t* const* strides, int operands, int a, int b) {
  for (int k = 0; k < operands; ++k) {
    int64_t s = strides[k][a], t = strides[k][b];
    if (s == 0 || t == 0) continue;
    if (s != t) return s < t ? -1 : 1;
    if (sizes[a] > sizes[b]) return 1;
  }
  return 0;
}

bool mergeable(const Walk& w, int inner, int64_t size, const int64_t* stride) {
  if (w.size[inner] == 1 || size == 1) return true;
  for (int k = 0; k < w.operands; ++k)
    if (w.stride[k][inner] * w.size[inner] != stride[k]) return false;
  return true;
}

}  // namespace

Walk::Walk(const int64_t* sizes, int dims, const int64_t* const* strides, int count) : operands(count), numel(1) {
  int order[kDims];
  for (int i = 0; i < dims; ++i) {
    order[i] = dims - 1 - i;
    numel *= sizes[i];
  }
  for (int i = 1; i < dims; ++i) {  // insertion sort: the comparison is not a total order
    int at = i;
    for (int j = i - 1; j >= 0; --j) {
      int c = compare(sizes, strides, operands, order[j], order[at]);
      if (c < 0) break;
      if (c > 0) {
        std::swap(order[j], order[at]);
        at = j;
      }
    }
  }
  for (int i = 0; i < dims; ++i) {
    int64_t n = sizes[order[i]], s[kOperands] = {};
    for (int k = 0; k < operands; ++k) s[k] = strides[k][order[i]];
    bool merge = ndim > 0 && mergeable(*this, ndim - 1, n, s);
    int d = merge ? ndim - 1 : ndim++;
    for (int k = 0; k < operands; ++k)
      if (!merge || size[d] == 1) stride[k][d] = s[k];
    size[d] = merge ? size[d] * n : n;
  }
  dense = ndim <= 1;
  for (int k = 0; k < operands && ndim == 1; ++k) dense = dense && (stride[k][0] == 1 || size[0] == 1);
}

}  // namespace wg
