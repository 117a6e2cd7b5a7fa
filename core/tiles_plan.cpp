// What is decided about a run of the tile machine before its first tile: registers, and operands that are numbers.
#include "tiles_plan.h"

namespace wg {

// Gives every step the register that its value is kept in, so that as few as can be are in the cache: one is free again
// once its last reader is done, and may then hold that reader's own value if its elements have the same size. Constants
// are there before the first tile, so theirs must not be one that an earlier step writes.
void place_values(Plan& p) {
  int last_use[kMaxSteps], free[kMaxSteps], frees = 0;
  for (int s = 0; s < p.nsteps; ++s) {
    last_use[s] = p.steps[s].constant ? p.nsteps : s;
    for (int a = 0; a < p.steps[s].arity; ++a)
      if (const Source& in = p.steps[s].in[a]; in.kind == Source::Register && !p.steps[in.index].constant)
        last_use[in.index] = s;
  }
  for (const Output& o : p.outputs) last_use[o.step] = p.nsteps;
  for (int s = 0; s < p.nsteps; ++s) {
    Step& step = p.steps[s];
    auto release = [&](bool same_size) {
      for (int a = 0; a < step.arity; ++a) {
        const Source& in = step.in[a];
        if (in.kind != Source::Register || last_use[in.index] != s) continue;
        if ((size_of(p.steps[in.index].kept) == size_of(step.kept)) != same_size) continue;
        last_use[in.index] = -1;
        free[frees++] = p.steps[in.index].place;
      }
    };
    release(true);
    step.place = uint16_t(frees && !step.constant ? free[--frees] : p.places++);
    release(false);
  }
}

namespace {

// Whether the function takes all operands of this step but the first as numbers. `one`: the leaves that are such.
bool reads_numbers(Step& step, const bool* one) {
  static const int add = find_fn("add"), mul = find_fn("mul");
  auto is_one = [&](int a) { return step.in[a].kind == Source::Memory && one[step.in[a].index]; };
  if ((step.id == add || step.id == mul) && is_one(0) && !is_one(1)) std::swap(step.in[0], step.in[1]);
  if (step.arity < 2 || is_one(0) || !number_tile_fn(step.id, step.work)) return false;
  for (int a = 1; a < step.arity; ++a)
    if (step.in[a].kind != Source::Constant && !is_one(a)) return false;
  return true;
}

}  // namespace

// Operands that are the same along a row are numbers to the functions that take numbers, instead of being spread over
// a tile: those that only such steps read.
void find_numbers(Plan& p) {
  bool one[kMaxLeaves], any = false;
  for (size_t k = 0; k < p.leaves.size(); ++k) any |= one[k] = p.leaves[k].strides[p.space.size() - 1] == 0;
  auto each_read = [&](auto f) {  // f(step, whether it reads numbers, a leaf of `one` that it reads)
    for (int s = 0; s < p.nsteps; ++s) {
      if (p.steps[s].constant) continue;
      const bool good = reads_numbers(p.steps[s], one);
      for (int a = 0; a < p.steps[s].arity; ++a)
        if (const Source& in = p.steps[s].in[a]; in.kind == Source::Memory && one[in.index])
          f(p.steps[s], good, in.index);
    }
  };
  for (bool changed = any; changed;) {
    changed = false;
    each_read([&](Step&, bool good, int leaf) { changed |= !good, one[leaf] &= good; });
  }
  if (!any) return;
  each_read([&](Step& step, bool, int leaf) {
    step.fn = number_tile_fn(step.id, step.work);
    p.leaves[size_t(leaf)].number = true;
  });
}

}  // namespace wg
