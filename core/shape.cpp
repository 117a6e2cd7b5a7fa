// The arithmetic of sizes and strides: broadcasting, wrapping, views; with torch's error texts.
#include "shape.h"

#include <algorithm>
#include <utility>

namespace wg {

void Dims::push_far(int64_t v) { insert(n_, v); }

int64_t numel_of(const Dims& sizes) {
  WG_CHECK(sizes.size() <= kMaxDims, "only tensors with up to ", kMaxDims, " dims are supported");
  int64_t n = 1;
  bool zero = false, overflow = false;
  for (int64_t s : sizes) {
    WG_CHECK(s >= 0, "Trying to create tensor with negative dimension ", s, ": ", to_string(sizes));
    if (s == 0)
      zero = true;
    else
      overflow |= __builtin_mul_overflow(n, s, &n);
  }
  if (zero) return 0;
  WG_CHECK(!overflow, "numel: integer multiplication overflow");
  return n;
}

Dims contiguous_strides(const Dims& sizes) {
  Dims strides(sizes.size());
  int64_t step = 1;
  for (int i = sizes.size() - 1; i >= 0; --i) {
    strides[i] = step;
    if (i > 0)
      WG_CHECK(!__builtin_mul_overflow(step, std::max<int64_t>(sizes[i], 1), &step), "Stride calculation overflowed");
  }
  return strides;
}

Dims strides_like(const Dims& sizes, std::span<const Dims> operands) {
  auto inside = [&](int a, int b) {  // 1: dim a should lie inside dim b; -1: it should not; 0: nobody minds
    for (const Dims& s : operands) {
      if (s[a] == 0 || s[b] == 0) continue;
      if (s[a] != s[b]) return s[a] < s[b] ? 1 : -1;
      if (sizes[a] < sizes[b]) return 1;
    }
    return 0;
  };
  int n = sizes.size(), order[kMaxDims];  // innermost first
  for (int i = 0; i < n; ++i) order[i] = n - 1 - i;
  for (int i = 1; i < n; ++i)
    for (int at = i, k = i - 1; k >= 0; --k) {
      int says = inside(order[at], order[k]);
      if (says < 0) break;
      if (says == 0) continue;
      std::swap(order[at], order[k]);
      at = k;
    }
  Dims strides(n);
  int64_t step = 1;
  for (int i = 0; i < n; ++i) {
    strides[order[i]] = step;
    step *= std::max<int64_t>(sizes[order[i]], 1);
  }
  return strides;
}

bool is_contiguous(const Dims& sizes, const Dims& strides) {
  int64_t step = 1;
  bool ok = true;
  for (int i = sizes.size() - 1; i >= 0; --i) {
    if (sizes[i] == 0) return true;
    if (sizes[i] != 1) {
      ok &= strides[i] == step;
      step *= sizes[i];
    }
  }
  return ok;
}

bool is_dense(const Dims& sizes, const Dims& strides) {
  if (is_contiguous(sizes, strides)) return true;
  std::pair<int64_t, int64_t> dims[kMaxDims];  // stride, size of the dims longer than 1
  int n = 0;
  for (int i = 0; i < sizes.size(); ++i)
    if (sizes[i] != 1) dims[n++] = {strides[i], sizes[i]};
  std::sort(dims, dims + n);
  int64_t step = 1;
  for (int i = 0; i < n; ++i) {
    if (dims[i].first != step) return false;
    step *= dims[i].second;
  }
  return true;
}

bool overlaps_itself(const Dims& sizes, const Dims& strides) {
  bool repeats = false;
  for (int i = 0; i < sizes.size(); ++i) {
    if (sizes[i] == 0) return false;
    repeats |= strides[i] == 0 && sizes[i] > 1;
  }
  return repeats;
}

void check_written(const Dims& sizes, const Dims& strides) {
  WG_CHECK(!overlaps_itself(sizes, strides),
           "unsupported operation: more than one element of the written-to tensor refers to a single memory location. "
           "Please clone() the tensor before performing the operation.");
}

Dims broadcast(const Dims& a, const Dims& b) {
  const int n = std::max(a.size(), b.size());
  Dims out(n);
  for (int i = n - 1; i >= 0; --i) {
    const int ia = i - (n - a.size()), ib = i - (n - b.size());
    const int64_t sa = ia < 0 ? 1 : a[ia], sb = ib < 0 ? 1 : b[ib];
    WG_CHECK(sa == sb || sa == 1 || sb == 1, "The size of tensor a (", sa, ") must match the size of tensor b (", sb,
             ") at non-singleton dimension ", i);
    out[i] = sa == 1 ? sb : sa;
  }
  return out;
}

bool can_broadcast(const Dims& from, const Dims& to) {
  const int shift = to.size() - from.size();
  if (shift < 0) return false;
  for (int i = 0; i < from.size(); ++i)
    if (from[i] != 1 && from[i] != to[i + shift]) return false;
  return true;
}

int wrap_dim(int64_t dim, int ndim) {
  const int64_t n = std::max(ndim, 1);
  WG_CHECK_INDEX(dim >= -n && dim < n, "Dimension out of range (expected to be in range of [", -n, ", ", n - 1,
                 "], but got ", dim, ")");
  return int(dim < 0 ? dim + n : dim);
}

uint64_t dim_mask(const Dims& dims, int ndim) {
  WG_CHECK(ndim <= kMaxDims, "only tensors with up to ", kMaxDims, " dims are supported");
  if (dims.empty()) return ndim == kMaxDims ? ~uint64_t(0) : (uint64_t(1) << ndim) - 1;
  uint64_t mask = 0;
  for (int64_t dim : dims) {
    const int d = wrap_dim(dim, ndim);
    WG_CHECK(!(mask >> d & 1), "dim ", d, " appears multiple times in the list of dims");
    mask |= uint64_t(1) << d;
  }
  return mask;
}

std::string to_string(const Dims& d) {
  std::string s = "[";
  for (int i = 0; i < d.size(); ++i) {
    if (i) s += ", ";
    s += std::to_string(d[i]);
  }
  return s + "]";
}

// Old dims are taken in groups that lie in memory as one row (from the innermost outwards); each group must be used up
// exactly by a run of new dims.
bool view_strides(const Dims& sizes, const Dims& strides, const Dims& to, Dims* out) {
  const int64_t n = numel_of(sizes);
  if (n != numel_of(to)) return false;
  if (n == 0) {
    *out = sizes == to ? strides : contiguous_strides(to);
    return true;
  }
  Dims result(to.size());
  int t = to.size() - 1;
  for (int i = sizes.size() - 1; i >= 0;) {
    const int64_t inner = strides[i];
    int64_t group = sizes[i];
    // A dim of size 1 continues any group: its stride means nothing.
    while (i > 0 && (sizes[i - 1] == 1 || strides[i - 1] == inner * group)) group *= sizes[--i];
    --i;
    int64_t used = 1;
    while (t >= 0 && (used < group || to[t] == 1)) {
      result[t] = inner * used;
      used *= to[t--];
    }
    if (used != group) return false;
  }
  for (; t >= 0; --t) result[t] = 1;  // a 0-dim tensor seen with sizes of 1
  *out = std::move(result);
  return true;
}

Dims infer_size(const Dims& wanted, int64_t numel) {
  int inferred = -1;
  int64_t known = 1;
  bool overflow = false;
  for (int i = 0; i < wanted.size(); ++i) {
    if (wanted[i] == -1) {
      WG_CHECK(inferred < 0, "only one dimension can be inferred");
      inferred = i;
    } else {
      WG_CHECK(wanted[i] >= 0, "invalid shape dimension ", wanted[i], " at index ", i, " of shape ", to_string(wanted));
      overflow |= __builtin_mul_overflow(known, wanted[i], &known);
    }
  }
  const bool fits = !overflow && (known == numel || (inferred >= 0 && known > 0 && numel % known == 0));
  WG_CHECK(fits, "shape '", to_string(wanted), "' is invalid for input of size ", numel);
  if (inferred < 0) return wanted;
  WG_CHECK(known != 0, "cannot reshape tensor of 0 elements into shape ", to_string(wanted),
           " because the unspecified dimension size -1 can be any value and is ambiguous");
  Dims out = wanted;
  out[inferred] = numel / known;
  return out;
}

}  // namespace wg
