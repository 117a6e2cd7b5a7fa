// Gradients that arrive at leaves: added to .grad, or handed to the caller, in the leaf's order of memory.
#include "leaf.h"

#include "engine.h"
#include "task.h"

namespace wg {

void copy_into(const TensorRef& to, const TensorRef& from) {
  static const OpDef* copy_op = find_op("copy_");
  Value args[2] = {Value(to), Value(from)};
  Call c{copy_op, args, 2};
  apply_inplace(c);
}

namespace {

// The values of g in fresh memory, laid out as the leaf's.
TensorRef laid_like(const Tensor& leaf, const TensorRef& g, bool recording) {
  TensorRef copied = is_dense(leaf.sizes, leaf.strides) ? empty_like(leaf, g->dtype) : empty(leaf.sizes, g->dtype);
  recording ? copy_into(copied, g) : copy(*copied, *g);
  return copied;
}

}  // namespace

void accumulate(Node& n, TensorRef g, bool recording) {
  Tensor& leaf = *n.saved[0].value.get().tensor;
  TensorRef hold(&leaf);
  if (!leaf.requires_grad) return;  // not any more
  WG_CHECK(
      !g->wrapped || leaf.wrapped || dispatching(*g),
      "backward() called inside a functorch transform. This is not supported, please use functorch.grad or functorch.vjp instead or "
      "call backward() outside of functorch transforms.");
  Extra& x = extra_of(leaf);
  if (!x.grad) {
    bool layout = is_dense(leaf.sizes, leaf.strides) ? g->strides == leaf.strides || g->numel < 2 : g->contiguous;
    if (!recording && layout) own(g);
    if (!recording && !g->grad_fn && exclusive(g) && layout) {
      x.grad = std::move(g);
    } else if (!g->wrapped) {
      x.grad = laid_like(leaf, g, recording);
    } else {
      static const OpDef* clone = find_op("clone");
      x.grad = apply(*clone, {Value(g)});
    }
  } else if (!recording && !g->wrapped && !x.grad->wrapped) {
    static const OpDef* add = find_op("add");
    TensorRef sum = x.grad;  // held: another thread may take it away meanwhile
    Value args[2] = {Value(sum), Value(g)};
    Call c{add, args, 2};
    c.into = sum.get();
    run_body(c);
    bump(*sum);
  } else {
    static const OpDef* add = find_op("add");
    x.grad = apply(*add, {Value(x.grad), Value(g)});
  }
  host.track(&leaf);
  if (!x.post_hooks.empty())
    for (const Hook& h : HeldHooks(x.post_hooks)) engine_host.post_accumulate(h.call, leaf);
}

TensorRef handed_over(const Node& n, TensorRef g, bool recording) {
  if (n.kind != NodeKind::Accumulate || !g || g->wrapped) return g;
  const Tensor& leaf = *n.saved[0].value.get().tensor;
  bool channels_last = leaf.ndim() >= 4 && leaf.strides[1] == 1 && leaf.sizes[1] > 1;
  if (!channels_last || g->strides == leaf.strides || g->sizes != leaf.sizes || dispatching(*g) || dispatching(leaf))
    return g;
  return is_dense(g->sizes, g->strides) && is_dense(leaf.sizes, leaf.strides) ? laid_like(leaf, g, recording) : g;
}

}  // namespace wg
