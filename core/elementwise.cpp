// One elementwise op: in the usual small case straight to the tile function, else through the tile machine.
#include <algorithm>

#include "kernels/tiles.h"
#include "program.h"

namespace wg {
namespace {

// The usual small case by itself: contiguous operands of one floating dtype and shape.
bool run_flat(Call& c, int arity) {
  const FnInfo& f = fn_info(c.op->fn);
  if (c.into || arity > 2 || f.bool_first || f.result == Result::Real || !c.args[0].is_tensor()) return false;
  const Tensor& x = *c.args[0].tensor;
  if (!x.contiguous || x.number || x.numel > kTile || (x.dtype != DType::Float32 && x.dtype != DType::Float64))
    return false;
  const void* in[2] = {x.data(), nullptr};
  if (arity == 2) {
    if (!c.args[1].is_tensor()) return false;
    const Tensor& y = *c.args[1].tensor;
    if (!y.contiguous || y.number || y.dtype != x.dtype || !(y.sizes == x.sizes)) return false;
    in[1] = y.data();
  }
  TileFn fn = tile_fn(c.op->fn, x.dtype);
  TensorRef out = empty(x.sizes, f.result == Result::Bool ? DType::Bool : x.dtype);
  fn(out->data(), in, x.numel);
  c.out(std::move(out));
  return true;
}

// A fused op: its formula's program, written into c.into when there is one.
TensorRef run_formula(Call& c) {
  if (!c.op->kernel.empty()) visit_floating(c.tensor(0).dtype, c.op->kernel.c_str(), []<class T>() {});
  if (!c.op->forward) const_cast<OpDef*>(c.op)->forward = trace_fused(*c.op);
  std::vector<Value> leaves;
  for (const Leaf& l : c.op->forward->leaves) leaves.push_back(c.args[l.index]);
  TensorRef result;
  run_program(*c.op->forward, leaves.data(), &result, false);
  if (c.into) {
    write_into(*c.into, *result);
    return TensorRef(c.into);
  }
  return result;
}

}  // namespace

void run_elementwise(Call& c) {
  int arity = c.op->fn >= 0 ? fn_info(c.op->fn).arity : int(c.op->arg_names.size());
  for (int i = 0; i < arity; ++i)
    WG_CHECK_TYPE(i < c.nargs && (c.args[i].is_tensor() || c.args[i].is_number()), c.op->name, "(): argument ", i + 1,
                  " must be Tensor or Number");
  if (c.op->fn >= 0 && run_flat(c, arity)) return;
  TensorRef result;
  if (c.op->fn >= 0) {
    Operand in[kMaxArity];
    for (int i = 0; i < arity; ++i) in[i] = {Operand::Leaf, uint16_t(i)};
    TileInstr one{c.op, std::span<const Operand>(in, arity)};
    uint16_t wanted[] = {0};
    run_tiles({&one, 1}, {c.args, size_t(arity)}, wanted, &result, c.into);
  } else {
    result = run_formula(c);
  }
  c.out(std::move(result));
}

}  // namespace wg
