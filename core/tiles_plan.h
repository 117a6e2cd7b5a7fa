// What the tile machine knows about one run: steps with their dtypes and operands, the memory that they read and write.
#pragma once
#include <algorithm>
#include <vector>

#include "kernels/tiles.h"
#include "program.h"

namespace wg {

inline constexpr int kMaxLeaves = 64, kMaxSteps = 128;

// An operand of a step, once dtypes are known.
struct Source {
  enum Kind : uint8_t { Memory, Register, Constant } kind;
  uint16_t index;     // leaf, register, or constant tile
  ConvertFn convert;  // to the step's working dtype; null: none
};

struct Step {
  TileFn fn;
  int id;  // of the function
  uint8_t arity;
  Source in[kMaxArity];
  DType work, made, kept;  // computes in, gives, is kept as
  ConvertFn convert;       // made -> kept; null: none
  bool constant;           // of constants alone: done once
  uint16_t place;          // the register that its value is kept in
};

struct MemoryLeaf {
  const char* data;
  int itemsize;
  Dims strides;         // over the collapsed iteration space, in elements
  bool number = false;  // one number for each tile: read where it lies
};

struct Output {
  uint16_t step;
  char* data;
  int itemsize;
  Dims strides;
  ConvertFn convert;  // kept -> the tensor's dtype
};

struct Constant {
  Value value;  // number, or a tensor of one element
  DType dtype;  // wanted
  DType first;  // … after it was rounded to this: what it is compared with has no more digits
  bool operator==(const Constant& o) const {
    return value.tag == o.value.tag && value.integer == o.value.integer && dtype == o.dtype && first == o.first;
  }
};

// All of one run. There is one for each thread, used again and again, so that planning allocates nothing.
struct Plan {
  int nsteps = 0, places = 0;
  int itemsize = 1;  // of the widest element anywhere
  Step steps[kMaxSteps];
  std::vector<MemoryLeaf> leaves;
  std::vector<Constant> constants;
  std::vector<Output> outputs;
  std::vector<Dims*> strides;  // of every operand, for collapse()
  Dims space;                  // collapsed sizes, outermost first
  Plan& cleared() {
    nsteps = places = 0, itemsize = 1;
    leaves.clear(), constants.clear(), outputs.clear(), strides.clear();
    return *this;
  }
  uint16_t constant(const Constant& c) {
    auto at = std::find(constants.begin(), constants.end(), c);
    if (at == constants.end()) at = constants.insert(at, c);
    return uint16_t(at - constants.begin());
  }
  void widen(DType d) { itemsize = std::max(itemsize, size_of(d)); }
};

void place_values(Plan& p);
void find_numbers(Plan& p);

}  // namespace wg
