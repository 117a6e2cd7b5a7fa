// Walks a strided tensor in the order of its memory, splits a reduction over threads, joins the parts in a fixed tree.
#include "reduce.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <utility>

#include "../parallel.h"
#include "reduce_types.h"

namespace wg {
namespace {

constexpr int64_t kGrain = 32768;  // elements worth a thread's while
constexpr int kMaxParts = 32;      // parts of one long reduction
constexpr int kLevels = 48;        // of the tree over outer reduced dims

struct Loop {
  int64_t size, in, out;  // steps in elements
};

// The loops of a reduction, outermost first.
struct Plan {
  Loop kept[kMaxDims], folded[kMaxDims];
  int nkept = 0, nfolded = 0;
  int64_t outputs = 1, count = 1;  // number of results; of elements behind each
  bool columns = false;            // the innermost loop of memory is kept
  Loop lane{1, 0, 0};              // the kept dim done side by side, `wide` at once
  Loop run{1, 0, 0};               // the reduced dim inside a kernel
  int64_t wide = 1;

  Plan(const Dims& sizes, const Dims& strides, uint64_t mask);
  int64_t units() const { return lane.size ? outputs / lane.size * ((lane.size + wide - 1) / wide) : 0; }
  int64_t outer() const { return count / std::max<int64_t>(run.size, 1); }

 private:
  void add(Loop* loops, int& n, Loop l, bool merge_out);
  static Loop take(Loop* loops, int& n, int i);
};

void Plan::add(Loop* loops, int& n, Loop l, bool merge_out) {
  if (l.size == 1) return;
  if (n && loops[n - 1].in == l.in * l.size && (!merge_out || loops[n - 1].out == l.out * l.size)) {
    loops[n - 1] = {loops[n - 1].size * l.size, l.in, l.out};
    return;
  }
  loops[n++] = l;
}

Loop Plan::take(Loop* loops, int& n, int i) {
  Loop l = loops[i];
  std::copy(loops + i + 1, loops + n, loops + i);
  --n;
  return l;
}

Plan::Plan(const Dims& sizes, const Dims& strides, uint64_t mask) {
  Loop reduced[kMaxDims];
  int n = 0;
  int64_t out = 1;
  for (int i = sizes.size(); i-- > 0;)
    if (!(mask >> i & 1)) out *= sizes[i];
  outputs = out;
  for (int i = 0; i < sizes.size(); ++i) {
    if (mask >> i & 1) {
      count *= sizes[i];
      if (sizes[i] != 1) reduced[n++] = {sizes[i], strides[i], 0};
    } else {
      out = sizes[i] ? out / sizes[i] : 0;
      add(kept, nkept, {sizes[i], strides[i], out}, true);
    }
  }
  for (int i = 1; i < n; ++i)  // outermost first; there are few, and std::stable_sort would take memory
    for (int k = i; k > 0 && reduced[k - 1].in < reduced[k].in; --k) std::swap(reduced[k - 1], reduced[k]);
  for (int i = 0; i < n; ++i) add(folded, nfolded, reduced[i], false);
  if (!outputs || !count) return;
  int near = -1;
  for (int i = 0; i < nkept; ++i)
    if (kept[i].in && (near < 0 || kept[i].in < kept[near].in)) near = i;
  columns = near >= 0 && (!nfolded || kept[near].in < folded[nfolded - 1].in);
  if (nkept) lane = take(kept, nkept, columns ? near : nkept - 1);
  if (nfolded) run = take(folded, nfolded, nfolded - 1);
  wide = columns ? kFoldTile : std::clamp<int64_t>(kGrain / count, 1, kFoldTile);
  wide = std::min(wide, lane.size);
}

// Moves an index over some loops; tells the steps it stands at.
void locate(const Loop* loops, int n, int64_t index, int64_t* in, int64_t* out) {
  for (int i = n; i-- > 0;) {
    int64_t k = index % loops[i].size;
    index /= loops[i].size;
    *in += k * loops[i].in;
    if (out) *out += k * loops[i].out;
  }
}

struct Folding {
  const Plan& plan;
  const Folder& f;
  const char* data;
  int64_t item, acc_size;
  double p;

  // Folds `wide` lanes over outer steps [m0, m1) and elements [r0, r1) of the inner run, into acc.
  void tile(char* acc, int64_t in, int64_t lanes, int64_t m0, int64_t m1, int64_t r0, int64_t r1) const {
    auto leaf = [&](char* to, int64_t m) {
      int64_t at = in + r0 * plan.run.in;
      locate(plan.folded, plan.nfolded, m, &at, nullptr);
      const char* x = data + at * item;
      if (plan.columns)
        f.columns(to, x, r1 - r0, plan.run.in, lanes, plan.lane.in, p);
      else
        f.rows(to, x, lanes, plan.lane.in, r1 - r0, plan.run.in, p);
    };
    if (m1 - m0 == 1) return leaf(acc, m0);
    // A binary counter: level k holds the fold of 2^k leaves, so every leaf passes log2 joins.
    int64_t bytes = lanes * acc_size;
    auto stack = std::make_unique_for_overwrite<char[]>(bytes * kLevels);
    uint64_t filled = 0;
    for (int64_t m = m0; m < m1; ++m) {
      int level = 0;
      leaf(acc, m);
      for (; filled >> level & 1; ++level) {
        f.merge(stack.get() + level * bytes, acc, lanes);
        std::memcpy(acc, stack.get() + level * bytes, bytes);
      }
      filled = (filled >> level | 1) << level;
      std::memcpy(stack.get() + level * bytes, acc, bytes);
    }
    bool first = true;
    for (int level = 0; level < kLevels; ++level) {
      if (!(filled >> level & 1)) continue;
      char* part = stack.get() + level * bytes;
      if (!first) f.merge(part, acc, lanes);
      std::memcpy(acc, part, bytes);
      first = false;
    }
  }

  // Unit u: some lanes of one combination of the other kept dims; the result is scattered to out.
  void unit(int64_t u, char* out, int64_t m0, int64_t m1, int64_t r0, int64_t r1) const {
    int64_t tiles = (plan.lane.size + plan.wide - 1) / plan.wide;
    int64_t start = u % tiles * plan.wide, lanes = std::min(plan.wide, plan.lane.size - start);
    int64_t in = start * plan.lane.in, to = start * plan.lane.out;
    locate(plan.kept, plan.nkept, u / tiles, &in, &to);
    if (plan.lane.out == 1 || lanes == 1) return tile(out + to * acc_size, in, lanes, m0, m1, r0, r1);
    alignas(64) char acc[kFoldTile * 16];
    tile(acc, in, lanes, m0, m1, r0, r1);
    for (int64_t i = 0; i < lanes; ++i)
      std::memcpy(out + (to + i * plan.lane.out) * acc_size, acc + i * acc_size, acc_size);
  }

  void all_units(char* out) const {
    int64_t units = plan.units(), m = plan.outer();
    int64_t work = plan.count * plan.wide;
    if (units == 1) return unit(0, out, 0, m, 0, plan.run.size);
    parallel_for(units, std::max<int64_t>(1, kGrain / work), [&](int64_t begin, int64_t end) {
      for (int64_t u = begin; u < end; ++u) unit(u, out, 0, m, 0, plan.run.size);
    });
  }

  // Few results from many elements: parts of the reduced dims are folded apart, and joined in order.
  void in_parts(char* out, int64_t parts) const {
    int64_t units = plan.units(), m = plan.outer(), bytes = plan.outputs * acc_size;
    bool by_outer = m >= parts;
    int64_t length = by_outer ? m : plan.run.size, step = (length + parts - 1) / parts;
    if (!by_outer) step = (step + kFoldBlock - 1) / kFoldBlock * kFoldBlock;
    parts = (length + step - 1) / step;
    auto partial = std::make_unique_for_overwrite<char[]>(parts * bytes);
    parallel_for(parts * units, 1, [&](int64_t begin, int64_t end) {
      for (int64_t t = begin; t < end; ++t) {
        int64_t from = t / units * step, to = std::min(length, from + step);
        char* place = partial.get() + t / units * bytes;
        if (by_outer)
          unit(t % units, place, from, to, 0, plan.run.size);
        else
          unit(t % units, place, 0, m, from, to);
      }
    });
    for (int64_t gap = 1; gap < parts; gap *= 2)
      for (int64_t i = 0; i + gap < parts; i += 2 * gap)
        f.merge(partial.get() + i * bytes, partial.get() + (i + gap) * bytes, plan.outputs);
    std::memcpy(out, partial.get(), bytes);
  }
};

}  // namespace

bool fold_exists(Fold f, DType dtype) { return folder(f, dtype).rows != nullptr; }

DType fold_dtype(Fold f, DType d) {
  DType wide = is_reduced(d) ? DType::Float32 : d;
  switch (f) {
    case Fold::Sum:
    case Fold::Prod:
    case Fold::NanSum: return is_differentiable(d) ? wide : DType::Int64;
    case Fold::Max:
    case Fold::Min: return wide;
    case Fold::NonZero: return DType::Int64;
    case Fold::Any:
    case Fold::All: return DType::Bool;
    default: return real_of(wide);
  }
}

void fold(Fold f, DType dtype, const char* data, const Dims& sizes, const Dims& strides, uint64_t mask, double p,
          char* out) {
  Plan plan(sizes, strides, mask);
  const Folder& kernels = folder(f, dtype);
  WG_ASSERT(kernels.rows != nullptr);
  if (!plan.outputs) return;
  int64_t item = size_of(dtype), acc = size_of(fold_dtype(f, dtype));
  if (!plan.count) return kernels.rows(out, data, plan.outputs, 0, 0, 0, p);
  Folding folding{plan, kernels, data, item, acc, p};
  int64_t parts = std::min<int64_t>(kMaxParts, plan.count / kGrain);
  if (plan.units() < 8 && parts > 1)
    folding.in_parts(out, parts);
  else
    folding.all_units(out);
}

}  // namespace wg
