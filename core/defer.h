// Gradients that are not computed yet: elementwise derivatives of large tensors wait, so that a whole run of nodes,
// with the sums where paths meet, becomes one pass over memory.
#pragma once
#include "program.h"

namespace wg {

// A gradient as instructions over leaves; the last instruction is its value. All leaves have its shape, or one element.
struct Expression : Shared {
  struct Item {
    const OpDef* op;
    uint8_t arity;
    Operand in[4];
  };
  std::vector<Item> code;
  std::vector<Held> leaves;
  Dims sizes;
  DType dtype;
};
inline void destroy(Expression* e) { delete e; }

// Whether p consists of tile instructions only.
bool only_tiles(const Program& p);
// Whether a derivative of that shape and dtype may wait at all: it is large.
bool worth_deferring(const Dims& sizes, DType dtype);
// Whether the derivative of a node with these leaves can: of that dtype and shape, or single elements.
bool can_defer(const Program& p, const Value* leaves, const Dims& sizes, DType dtype);
// The k-th output of p as an expression. leaves[i] are the values of p's leaves; where `incoming` is given it stands
// for the gradient leaf. Null when the result would be too long.
Own<Expression> defer(const Program& p, size_t k, const Value* leaves, const Expression* incoming, const Dims& sizes,
                      DType dtype);
// a + b. Null when that would be too long.
Own<Expression> add(const Expression& a, const Expression* b, Tensor* b_tensor);
TensorRef evaluate(const Expression& e);

}  // namespace wg
