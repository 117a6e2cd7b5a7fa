// Building and evaluating deferred gradients.
#include "defer.h"

namespace wg {
namespace {

constexpr size_t kMostItems = 48, kMostLeaves = 24;
constexpr int64_t kLarge = 1 << 14;  // elements from which a pass over memory costs more than planning one

// Copies e's code and leaves to the end of `to`; the operand that is its value.
Operand append(Expression& to, const Expression& e) {
  auto items = uint16_t(to.code.size()), leaves = uint16_t(to.leaves.size());
  for (const Held& h : e.leaves) to.leaves.push_back(h);
  for (Expression::Item item : e.code) {
    for (int a = 0; a < item.arity; ++a) item.in[a].index += item.in[a].kind == Operand::Temp ? items : leaves;
    to.code.push_back(item);
  }
  return {Operand::Temp, uint16_t(to.code.size() - 1)};
}

Operand leaf(Expression& to, const Value& v) {
  for (size_t k = 0; k < to.leaves.size(); ++k) {
    const Value& have = to.leaves[k].get();
    if (v.is_tensor() && have.is_tensor() && have.tensor == v.tensor) return {Operand::Leaf, uint16_t(k)};
  }
  to.leaves.push_back(Held(v));
  return {Operand::Leaf, uint16_t(to.leaves.size() - 1)};
}

bool fits(const Expression& e) { return e.code.size() <= kMostItems && e.leaves.size() <= kMostLeaves; }

}  // namespace

bool only_tiles(const Program& p) {
  for (const Instr& i : p.code)
    if (!i.op || i.op->style != Style::Elementwise || i.op->fn < 0 || i.in.size() > 4) return false;
  for (const Operand& o : p.outputs)
    if (o.kind == Operand::Const) return false;
  return !p.code.empty();
}

bool worth_deferring(const Dims& sizes, DType dtype) {
  int64_t n = 1;
  for (int64_t s : sizes) n *= s;
  return n >= kLarge && (dtype == DType::Float32 || dtype == DType::Float64);
}

bool can_defer(const Program& p, const Value* leaves, const Dims& sizes, DType dtype) {
  for (size_t i = 0; i < p.leaves.size(); ++i) {
    const Value& v = leaves[i];
    if (v.none() && p.leaves[i].kind == Leaf::Grad) continue;  // itself deferred
    if (v.is_number()) continue;
    if (!v.is_tensor() || v.tensor->wrapped) return false;
    if (v.tensor->dtype != dtype || !(v.tensor->sizes == sizes || v.tensor->numel == 1)) return false;
  }
  return true;
}

Own<Expression> defer(const Program& p, size_t k, const Value* leaves, const Expression* incoming, const Dims& sizes,
                      DType dtype) {
  auto e = Own<Expression>(new Expression);
  e->sizes = sizes;
  e->dtype = dtype;
  Operand gradient;
  if (incoming) gradient = append(*e, *incoming);
  // The instructions that output k needs, in order.
  std::vector<char> needed(p.code.size());
  auto want = [&](const Operand& o) {
    for (size_t i = 0; o.kind == Operand::Temp && i < p.code.size(); ++i)
      if (p.code[i].out == o.index) needed[i] = 1;
  };
  want(p.outputs[k]);
  for (size_t i = p.code.size(); i-- > 0;)
    if (needed[i])
      for (const Operand& o : p.code[i].in) want(o);
  std::vector<uint16_t> at(size_t(p.temps), 0);
  auto place = [&](const Operand& o) -> Operand {
    if (o.kind == Operand::Temp) return {Operand::Temp, at[o.index]};
    if (o.kind == Operand::Const) return leaf(*e, p.constants[o.index].get());
    if (incoming && p.leaves[o.index].kind == Leaf::Grad) return gradient;
    return leaf(*e, leaves[o.index]);
  };
  for (size_t i = 0; i < p.code.size(); ++i) {
    if (!needed[i]) continue;
    Expression::Item item{p.code[i].op, uint8_t(p.code[i].in.size()), {}};
    for (int a = 0; a < item.arity; ++a) item.in[a] = place(p.code[i].in[size_t(a)]);
    at[p.code[i].out] = uint16_t(e->code.size());
    e->code.push_back(item);
  }
  return fits(*e) ? e : nullptr;
}

Own<Expression> add(const Expression& a, const Expression* b, Tensor* b_tensor) {
  static const OpDef* op = find_op("add");
  auto e = Own<Expression>(new Expression);
  e->sizes = a.sizes;
  e->dtype = a.dtype;
  Operand x = append(*e, a), y = b ? append(*e, *b) : leaf(*e, Value(b_tensor));
  e->code.push_back({op, 2, {x, y}});
  return fits(*e) ? e : nullptr;
}

TensorRef evaluate(const Expression& e) {
  std::vector<TileInstr> code;
  for (const Expression::Item& item : e.code) code.push_back({item.op, std::span<const Operand>(item.in, item.arity)});
  std::vector<Value> leaves;
  for (const Held& h : e.leaves) leaves.push_back(h.get());
  uint16_t wanted[] = {uint16_t(code.size() - 1)};
  TensorRef result;
  WG_ASSERT(run_tiles(code, leaves, wanted, &result, nullptr));
  return result;
}

}  // namespace wg
