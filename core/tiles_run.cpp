// The tile machine: elementwise instructions, evaluated block by block with every intermediate in cache.
#include <algorithm>
#include <memory>

#include "kernels/tiles.h"
#include "parallel.h"
#include "program.h"
#include "tiles_plan.h"

namespace wg {
namespace {

constexpr int64_t kRowMin = 128;            // shorter rows are gathered into whole tiles
constexpr int64_t kParallelWork = 1 << 16;  // element-steps below which one thread does it all

DType exact(DType d) { return is_complex(d) ? DType::Complex128 : is_floating(d) ? DType::Float64 : d; }

DType working(DType compute) { return is_narrow(compute) ? wide_of(compute) : compute; }

// Whether a number that is operand `a` of a function in half precision is rounded to it first. The others are exact.
bool rounds_number(int fn, int a) {
  static const std::vector<uint8_t> exact = [] {  // bit a: not operand a
    std::vector<uint8_t> v(static_cast<size_t>(fn_count()));
    const std::pair<const char*, uint8_t> list[] = {
        {"mul", 3},        {"div", 2},        {"floor_divide", 2}, {"trunc_divide", 2},
        {"mul_add", 7},    {"lerp", 4},       {"addcmul", 14},     {"addcdiv", 14},
        {"softplus", 6},   {"leaky_relu", 2}, {"elu", 14},         {"elu_slope", 14},
        {"softshrink", 2}, {"outside", 2},    {"inside", 6},       {"leaky_relu_backward", 4}};
    for (auto& [name, bits] : list) v[size_t(find_fn(name))] = bits;
    return v;
  }();
  return !(exact[size_t(fn)] >> a & 1);
}

void write_constant(const Constant& c, void* tile, int64_t n) {
  alignas(16) char element[16];
  if (c.value.is_tensor()) {
    convert_fn(c.value.tensor->dtype, c.dtype)(element, c.value.tensor->data(), 1);
  } else {
    visit_all(c.dtype, [&]<class T>() {
      T v;
      if constexpr (is_complex_v<T>)
        v = T(c.value.to_complex());
      else if constexpr (is_reduced_v<T>)
        v = T(float(c.value.to_double()));
      else if constexpr (std::is_floating_point_v<T>)
        v = T(c.value.to_double());
      else if (c.value.tag != Tag::Float)
        v = T(c.value.to_int());
      else if (double x = c.value.real; x > -9.3e18 && x < 9.2e18)
        v = T(int64_t(x));
      else
        fail(Kind::Runtime, "value cannot be converted to type int64_t without overflow");
      std::memcpy(element, &v, sizeof v);
    });
  }
  if (c.first != c.dtype) {
    alignas(16) char rounded[16];
    convert_fn(c.dtype, c.first)(rounded, element, 1);
    convert_fn(c.first, c.dtype)(element, rounded, 1);
  }
  fill_tile(tile, element, size_of(c.dtype), n);
}

// One value for all elements: a number, a tensor of one element, or one expanded (the gradient of a sum).
bool is_single(const Value& v) {
  if (!v.is_tensor()) return v.is_number();
  const Tensor& t = *v.tensor;
  if (t.contiguous) return t.numel == 1;
  for (int i = t.ndim() - 1; i >= 0; --i)
    if (t.strides[i] != 0 && t.sizes[i] != 1) return false;
  return t.numel > 0;
}

// Scratch memory of this thread: tiles, reused from run to run.
char* scratch(size_t bytes) {
  thread_local std::unique_ptr<char[]> memory;
  thread_local size_t have = 0;
  if (have < bytes + 64) {
    have = bytes * 2 + 64;
    memory.reset(new char[have]);
  }
  return reinterpret_cast<char*>((reinterpret_cast<uintptr_t>(memory.get()) + 63) & ~uintptr_t(63));
}

class Runner {
  const Plan& p_;
  const size_t pitch_;  // bytes of a tile
  char* registers_;     // values that a later step reads take turns in them
  char* constants_;
  char* converted_;  // one an operand position
  char* loaded_;     // one a leaf
  char* stored_;
  const char* now_[kMaxLeaves];  // where each leaf's tile lies

 public:
  Runner(const Plan& p, int64_t longest) : p_(p), pitch_((size_t(longest) * p.itemsize + 63) & ~size_t(63)) {
    size_t n = p.places + p.constants.size() + kMaxArity + p.leaves.size() + 2;
    registers_ = scratch(n * pitch_);
    constants_ = registers_ + p.places * pitch_;
    converted_ = constants_ + p.constants.size() * pitch_;
    loaded_ = converted_ + kMaxArity * pitch_;
    stored_ = loaded_ + p.leaves.size() * pitch_;
    for (size_t k = 0; k < p.constants.size(); ++k) write_constant(p.constants[k], constants_ + k * pitch_, longest);
    for (int s = 0; s < p.nsteps; ++s)
      if (p.steps[s].constant) step(s, 0, longest);
  }

  // Elements [start, start + n) of the iteration space, counted row-major.
  void tile(int64_t start, int64_t n) {
    for (size_t k = 0; k < p_.leaves.size(); ++k) now_[k] = load(p_.leaves[k], start, n, loaded_ + k * pitch_);
    for (int s = 0; s < p_.nsteps; ++s)
      if (!p_.steps[s].constant) step(s, start, n);
    for (const Output& o : p_.outputs) store(o, start, n);
  }

 private:
  const char* where_[kMaxSteps];

  void step(int s, int64_t start, int64_t n) {
    const Step& step = p_.steps[s];
    const void* in[kMaxArity];
    for (int a = 0; a < step.arity; ++a) in[a] = operand(step.in[a], a, n);
    char* out = registers_ + step.place * pitch_;
    if (step.convert) {
      step.fn(stored_, in, n);
      step.convert(out, stored_, n);
    } else {
      char* direct = step.constant ? nullptr : direct_output(s, start, n);
      if (direct) out = direct;
      step.fn(out, in, n);
    }
    where_[s] = out;
  }

  const char* operand(const Source& s, int position, int64_t n) {
    const char* from = s.kind == Source::Memory     ? now_[s.index]
                       : s.kind == Source::Register ? where_[s.index]
                                                    : constants_ + s.index * pitch_;
    if (!s.convert) return from;
    char* to = converted_ + position * pitch_;
    s.convert(to, from, s.kind == Source::Memory && p_.leaves[s.index].number ? 1 : n);
    return to;
  }

  bool linear(const Dims& strides) const {
    int64_t expect = 1;
    for (int i = strides.size() - 1; i >= 0; --i) {
      if (strides[i] != expect) return false;
      expect *= p_.space[i];
    }
    return true;
  }

  // Whether [start, start+n) is one run of stride 1: the memory can be used as it lies.
  bool run_of(const Dims& strides, int64_t start, int64_t n, int64_t* offset) const {
    int d = p_.space.size();
    if (d == 0) {
      *offset = 0;
      return true;
    }
    int64_t inner = p_.space[d - 1], column = start % inner;
    if (strides[d - 1] != 1 || (column + n > inner && !linear(strides))) return false;
    *offset = locate(strides, start);
    return true;
  }

  int64_t locate(const Dims& strides, int64_t start) const {
    int64_t at = 0;
    for (int i = p_.space.size() - 1; i >= 0; --i) {
      at += start % p_.space[i] * strides[i];
      start /= p_.space[i];
    }
    return at;
  }

  // Calls f(offset, stride, count, done) for each run of the inner dimension in [start, start + n).
  template <class F>
  void runs(const Dims& strides, int64_t start, int64_t n, F f) const {
    const int last = p_.space.size() - 1;
    if (last < 0) return f(0, 0, 1, 0);
    int64_t index[kMaxDims], at = 0;
    for (int i = last; i >= 0; --i) {
      index[i] = start % p_.space[i];
      start /= p_.space[i];
      at += index[i] * strides[i];
    }
    for (int64_t done = 0;;) {
      const int64_t count = std::min(n - done, p_.space[last] - index[last]);
      f(at, strides[last], count, done);
      if ((done += count) == n) return;
      at -= index[last] * strides[last];  // the next row begins
      index[last] = 0;
      for (int i = last - 1;; --i) {
        at += strides[i];
        if (++index[i] < p_.space[i]) break;
        at -= p_.space[i] * strides[i];
        index[i] = 0;
      }
    }
  }

  const char* load(const MemoryLeaf& leaf, int64_t start, int64_t n, char* tile) const {
    if (leaf.number) return leaf.data + locate(leaf.strides, start) * leaf.itemsize;
    int64_t offset;
    if (run_of(leaf.strides, start, n, &offset)) return leaf.data + offset * leaf.itemsize;
    StrideFn gather = gather_fn(leaf.itemsize);
    runs(leaf.strides, start, n, [&](int64_t at, int64_t stride, int64_t count, int64_t done) {
      const char* from = leaf.data + at * leaf.itemsize;
      if (stride == 1)
        std::memcpy(tile + done * leaf.itemsize, from, size_t(count) * leaf.itemsize);
      else if (stride == 0)
        fill_tile(tile + done * leaf.itemsize, from, leaf.itemsize, count);
      else
        gather(tile + done * leaf.itemsize, from, stride, count);
    });
    return tile;
  }

  char* direct_output(int s, int64_t start, int64_t n) const {
    int64_t offset;
    for (const Output& o : p_.outputs)
      if (o.step == s && !o.convert && run_of(o.strides, start, n, &offset)) return o.data + offset * o.itemsize;
    return nullptr;
  }

  void store(const Output& o, int64_t start, int64_t n) {
    const char* from = where_[o.step];
    int64_t offset;
    bool run = run_of(o.strides, start, n, &offset);
    if (run) {
      char* to = o.data + offset * o.itemsize;
      if (o.convert)
        o.convert(to, from, n);
      else if (to != from)
        std::memcpy(to, from, size_t(n) * o.itemsize);
      return;
    }
    if (o.convert) {
      o.convert(stored_ + pitch_, from, n);
      from = stored_ + pitch_;
    }
    StrideFn scatter = scatter_fn(o.itemsize);
    runs(o.strides, start, n, [&](int64_t at, int64_t stride, int64_t count, int64_t done) {
      scatter(o.data + at * o.itemsize, from + done * o.itemsize, stride, count);
    });
  }
};

// Drops dims of size 1 and merges neighbours that every operand walks alike; the order follows `lead`'s strides.
void collapse(Dims& space, const std::vector<Dims*>& strides, const Dims& lead) {
  int order[kMaxDims], d = 0;
  for (int i = 0; i < space.size(); ++i) {
    if (space[i] == 1) continue;
    int at = d++;
    for (; at > 0 && lead[order[at - 1]] < lead[i]; --at) order[at] = order[at - 1];
    order[at] = i;
  }
  // In place: merged dim m is written where it no longer hides a dim that is still to be read.
  Dims size(d);
  int last = -1;
  for (Dims* s : strides) {
    Dims sorted(d);
    for (int k = 0; k < d; ++k) sorted[k] = (*s)[order[k]];
    *s = sorted;
  }
  for (int k = 0; k < d; ++k) {
    int64_t n = space[order[k]];
    bool joins = last >= 0;
    for (size_t o = 0; joins && o < strides.size(); ++o) joins = (*strides[o])[last] == (*strides[o])[k] * n;
    if (!joins) size[++last] = 1;
    size[last] *= n;
    for (Dims* s : strides) (*s)[last] = (*s)[k];
  }
  space = Dims(size.data(), last + 1);
  for (Dims* s : strides) *s = Dims(s->data(), last + 1);
}

Dims broadcast_strides(const Tensor& t, const Dims& shape) {
  Dims s(shape.size());
  int extra = shape.size() - t.ndim();
  for (int i = 0; i < t.ndim(); ++i) s[i + extra] = t.sizes[i] == 1 && shape[i + extra] != 1 ? 0 : t.strides[i];
  return s;
}

void execute(Plan& p) {
  int64_t total = 1;
  for (int64_t n : p.space) total *= n;
  if (total == 0) return;
  // Long rows are cut into tiles of their own, so that rows of every operand are used where they lie.
  int d = p.space.size();
  int64_t inner = d ? p.space[d - 1] : 1;
  bool by_row = d > 1 && inner >= kRowMin;
  if (by_row) find_numbers(p);
  int64_t length = by_row ? inner : total, per_row = (length + kTile - 1) / kTile, tiles = total / length * per_row;
  auto body = [&](int64_t begin, int64_t end) {
    Runner r(p, std::min<int64_t>(length, kTile));
    for (int64_t k = begin; k < end; ++k) {
      int64_t start = k % per_row * kTile;
      r.tile(k / per_row * length + start, std::min<int64_t>(kTile, length - start));
    }
  };
  int64_t work = std::min<int64_t>(length, kTile) * p.nsteps;
  if (total * p.nsteps <= kParallelWork)
    body(0, tiles);
  else
    parallel_for(tiles, std::max<int64_t>(1, kParallelWork / 2 / work), body);
}

// Row-major, unless an operand lies otherwise: then dims are in the order of the first operand that tells them apart.
TensorRef make_result(const Dims& shape, DType dtype, std::span<const Value> leaves) {
  bool plain = true;
  for (const Value& v : leaves) plain &= !v.is_tensor() || v.tensor->contiguous;
  if (plain) return empty(shape, dtype);
  std::vector<Dims> strides;
  for (const Value& v : leaves)
    if (v.is_tensor()) strides.push_back(broadcast_strides(*v.tensor, shape));
  return empty_strided(shape, strides_like(shape, strides), dtype);
}

bool broadcast_together(const Dims& a, const Dims& b) {
  for (int i = 1; i <= std::min(a.size(), b.size()); ++i) {
    int64_t m = a[a.size() - i], n = b[b.size() - i];
    if (m != n && m != 1 && n != 1) return false;
  }
  return true;
}

// False, when `several` instructions read shapes that do not go together: each may be right by itself.
bool common_shape(std::span<const Value> leaves, bool several, Dims& shape) {
  bool first = true;
  for (const Value& v : leaves) {
    if (!v.is_tensor()) continue;
    const Dims& sizes = v.tensor->sizes;
    if (first) {
      shape = sizes;
    } else if (!(shape == sizes)) {
      if (several && !broadcast_together(shape, sizes)) return false;
      shape = broadcast(shape, sizes);
    }
    first = false;
  }
  return true;
}

// Resolves dtypes and operands of all instructions. infos: the type of each instruction's result.
void resolve(std::span<const TileInstr> code, std::span<const Value> leaves, Plan& p, int* memory_of, TypeInfo* infos) {
  p.nsteps = int(code.size());
  for (size_t s = 0; s < code.size(); ++s) {
    const OpDef& op = *code[s].op;
    Step& step = p.steps[s];
    TypeInfo in[kMaxArity];
    int n = int(code[s].in.size());
    uint8_t rank = 0;
    for (int a = 0; a < n; ++a) {
      const Operand& o = code[s].in[a];
      in[a] = o.kind == Operand::Temp ? infos[o.index] : type_info(leaves[o.index]);
      rank = std::max(rank, in[a].rank);
    }
    DType compute, kept;
    choose_dtypes(op, in, n, &compute, &kept);
    if (!is_differentiable(compute) || (n > 1 && in[0].dtype != in[1].dtype)) check_operands(code[s], in, leaves);
    infos[s] = {kept, rank};
    if (rank == 0) compute = exact(compute);  // numbers alone: no precision is lost before they meet a tensor
    step.work = is_narrow(compute) && has_tile(op.fn, compute) ? compute : working(compute);
    step.fn = tile_fn(op.fn, step.work), step.id = op.fn;
    const FnInfo& f = fn_info(op.fn);
    WG_ASSERT(f.arity == n);
    step.arity = uint8_t(n);
    step.constant = true;
    bool beside_numbers = n > 1;  // all operands but the first are numbers
    step.made = f.result == Result::Bool ? DType::Bool : f.result == Result::Real ? real_of(step.work) : step.work;
    if (rank == 0) kept = step.made;
    step.kept = kept;
    step.convert = step.made == kept ? nullptr : convert_fn(step.made, kept);
    for (DType d : {step.work, step.made, kept}) p.widen(d);
    for (int a = 0; a < n; ++a) {
      const Operand& o = code[s].in[a];
      DType want = a == 0 && f.bool_first ? DType::Bool : step.work;
      step.constant &= o.kind == Operand::Temp ? p.steps[o.index].constant : is_single(leaves[o.index]);
      if (o.kind == Operand::Temp) {
        DType have = p.steps[o.index].kept;
        step.in[a] = {Source::Register, o.index, have == want ? nullptr : convert_fn(have, want)};
      } else if (is_single(leaves[o.index])) {
        const bool round = op.promote == Promote::Compare || (is_narrow(compute) && rounds_number(op.fn, a));
        step.in[a] = {Source::Constant,
                      p.constant({leaves[o.index], want, round && want != DType::Bool ? compute : want}), nullptr};
      } else {
        const Tensor& t = *leaves[o.index].tensor;
        if (memory_of[o.index] < 0) {
          memory_of[o.index] = int(p.leaves.size());
          p.leaves.push_back({t.data(), size_of(t.dtype), Dims()});
          p.widen(t.dtype);
        }
        step.in[a] = {Source::Memory, uint16_t(memory_of[o.index]),
                      t.dtype == want ? nullptr : convert_fn(t.dtype, want)};
      }
      beside_numbers &= (a == 0) == (step.in[a].kind != Source::Constant);
    }
    if (TileFn fn = beside_numbers ? number_tile_fn(op.fn, step.work) : nullptr) step.fn = fn;
  }
}

// Whether each wanted instruction, by its own leaves alone, has the full shape.
bool all_full(std::span<const TileInstr> code, std::span<const Value> leaves, std::span<const uint16_t> wanted,
              const Dims& shape) {
  // full[k]: some leaf of the full shape is among the leaves of instruction k (enough in all but odd cases)
  bool full[kMaxSteps];
  for (size_t k = 0; k < code.size(); ++k) {
    full[k] = false;
    for (const Operand& o : code[k].in)
      full[k] |= o.kind == Operand::Temp ? full[o.index]
                                         : leaves[o.index].is_tensor() && leaves[o.index].tensor->sizes == shape;
  }
  for (uint16_t w : wanted)
    if (!full[w]) return false;
  return true;
}

// Refuses to write into memory that several elements share, or that an operand reads in other places.
void check_overlap(const Tensor& into, std::span<const Value> leaves) {
  check_written(into.sizes, into.strides);
  for (const Value& v : leaves)
    if (v.is_tensor()) check_apart(into, *v.tensor);
}

// Whether what a step gives may be kept in a tensor that is written in place.
void check_kept(const Step& last, const Tensor& into) {
  static const int modulus = find_fn("abs");
  WG_CHECK(last.id != modulus || !is_complex(into.dtype) || is_complex(last.kept),
           "In-place abs is not supported for complex tensors.");
  WG_CHECK(can_cast(last.kept, into.dtype), "result type ", torch_name(last.kept),
           " can't be cast to the desired output type ", torch_name(into.dtype));
}

}  // namespace

bool run_tiles(std::span<const TileInstr> code, std::span<const Value> leaves, std::span<const uint16_t> wanted,
               TensorRef* results, Tensor* into) {
  if (run_small(code, leaves, wanted, results, into)) return true;
  Dims shape;
  if (!common_shape(leaves, code.size() > 1, shape)) return false;
  WG_CHECK(code.size() <= kMaxSteps && leaves.size() <= kMaxLeaves, "a fused op has too many instructions");
  if (code.size() > 1 && !all_full(code, leaves, wanted, shape)) return false;
  // The thread's plan is taken for one run: making a result may collect garbage, and a finalizer may run ops.
  thread_local std::unique_ptr<Plan> spare;  // on the heap: thread storage is small
  std::unique_ptr<Plan> plan = spare ? std::move(spare) : std::make_unique<Plan>();
  Plan& p = plan->cleared();
  TypeInfo infos[kMaxSteps];
  int memory_of[kMaxLeaves];
  std::fill_n(memory_of, kMaxLeaves, -1);
  resolve(code, leaves, p, memory_of, infos);
  if (into) {
    WG_CHECK(into->sizes == shape || can_broadcast(shape, into->sizes), "output with shape ", to_string(into->sizes),
             " doesn't match the broadcast shape ", to_string(shape));
    WG_CHECK(into->sizes == broadcast(shape, into->sizes), "output with shape ", to_string(into->sizes),
             " doesn't match the broadcast shape ", to_string(shape));
    check_kept(p.steps[wanted[0]], *into);
    check_overlap(*into, leaves);
    shape = into->sizes;
  }
  p.space = shape;
  bool plain = true;  // every operand lies row-major in the full shape: one long row
  for (size_t k = 0; k < wanted.size(); ++k) {
    if (into)
      results[k] = TensorRef(into);
    else
      results[k] = make_result(shape, p.steps[wanted[k]].kept, leaves);
    Tensor& t = *results[k];
    if (infos[wanted[k]].rank == 0) t.number = true;
    DType kept = p.steps[wanted[k]].kept;
    plain &= t.contiguous;
    p.outputs.push_back(
        {wanted[k], t.data(), size_of(t.dtype), t.strides, kept == t.dtype ? nullptr : convert_fn(kept, t.dtype)});
    p.widen(t.dtype);
  }
  place_values(p);
  for (size_t i = 0; i < leaves.size(); ++i)
    if (memory_of[i] >= 0) plain &= leaves[i].tensor->contiguous && leaves[i].tensor->sizes == shape;
  if (plain) {
    p.space = Dims{results[0]->numel};
    for (auto& o : p.outputs) o.strides = Dims{1};
    for (auto& l : p.leaves) l.strides = Dims{1};
  } else {
    for (size_t i = 0; i < leaves.size(); ++i)
      if (memory_of[i] >= 0) p.leaves[memory_of[i]].strides = broadcast_strides(*leaves[i].tensor, shape);
    Dims lead = p.outputs[0].strides;
    for (auto& o : p.outputs) p.strides.push_back(&o.strides);
    for (auto& l : p.leaves) p.strides.push_back(&l.strides);
    collapse(p.space, p.strides, lead);
  }
  execute(p);
  spare = std::move(plan);
  return true;
}

}  // namespace wg
