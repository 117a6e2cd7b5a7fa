// The tape: what a node records, saved versions, what writes in place do, and that all of it is freed.
#include "table.h"

using namespace wg;

static void nodes() {
  TensorRef x = variable({3}, 2), c = full({3}, 5, DType::Float64);
  TensorRef y = run("mul", x, c), z = run("add", y, x);
  Node &mul = *y->grad_fn, &add = *z->grad_fn;
  EXPECT(name_of(mul) == "MulBackward0" && mul.kind == NodeKind::Op && mul.mask == 1);
  EXPECT(mul.sequence < add.sequence);
  EXPECT(mul.edges.size() == 2 && mul.edges[0].node && !mul.edges[1].node);
  EXPECT(add.edges[0].node.get() == &mul && add.edges[1].node.get() == mul.edges[0].node.get());
  EXPECT(mul.edges[0].node->kind == NodeKind::Accumulate && accumulator(*x) == mul.edges[0].node);
  EXPECT(mul.outputs.size() == 1 && mul.outputs[0].sizes == Dims({3}) && mul.outputs[0].dtype == DType::Float64);
  EXPECT(!run("mul", c, c)->grad_fn && !requires_grad(*c));
  {
    GradMode off(false);
    EXPECT(!run("mul", x, c)->grad_fn);
  }
  TensorRef whole = full({3}, 1, DType::Int64);
  expect_error("only Tensors of floating point dtype", [&] { set_requires_grad(*whole, true); });
  expect_error("leaf variables", [&] { set_requires_grad(*y, false); });
}

static void saved() {
  TensorRef x = variable({2}, 3), c = full({2}, 4, DType::Float64);
  TensorRef y = run("mul", x, c), s = run("sigmoid", x);
  Node &mul = *y->grad_fn, &sigmoid = *s->grad_fn;
  EXPECT(unpack(mul, 1, false).get().tensor == c.get() && unpack(mul, 2, false).get().tensor == x.get());
  Held output = unpack(sigmoid, 1, true);  // an output is saved without its history, and given back with it
  EXPECT(output.get().tensor != s.get() && output.get().tensor->storage.get() == s->storage.get());
  EXPECT(output.get().tensor->grad_fn.get() == &sigmoid);
  bump(*c);
  expect_error("modified by an inplace operation: [torch.DoubleTensor [2]] is at version 1; expected version 0 instead",
               [&] { unpack(mul, 1, false); });
  EXPECT(unpack(mul, 2, false).get().tensor == x.get());
  release_saved(sigmoid);
  expect_error("second time", [&] { unpack(sigmoid, 1, false); });
}

static void written() {
  TensorRef x = variable({4}, 1), two = full({}, 2, DType::Float64);
  Value args[2] = {Value(x), Value(two)};
  Call leaf{find_op("mul"), args, 2};
  expect_error("a leaf Variable that requires grad", [&] { apply_inplace(leaf); });
  TensorRef y = run("add", x, two);
  Ref<Node> before = y->grad_fn;
  Value again[2] = {Value(y), Value(two)};
  Call c{find_op("mul"), again, 2};
  apply_inplace(c);
  EXPECT(at(y, 3) == 6 && version_number(*y) == 1);
  EXPECT(y->grad_fn != before && y->grad_fn->edges[0].node == before);
  sweep(y);
  EXPECT(grad_at(x) == 2);
}

static void retained() {
  TensorRef x = variable({2}, 1), c = full({2}, 3, DType::Float64);
  TensorRef y = run("mul", x, c), z = run("add", y, c);
  extra_of(*y).retains_grad = true;
  retain_gradient(*y, *y->grad_fn, 0);
  sweep(z, true);
  EXPECT(grad_at(y) == 1 && grad_at(x) == 3);
  Ref<Node> node = y->grad_fn;
  drop_history(*y);
  y.reset();  // the node lives on and must not know it any more
  EXPECT(node->extra->retains[0] == nullptr);
  sweep(z);
  EXPECT(grad_at(x) == 6);
}

static void chains_of_gradients() {
  TensorRef first = variable({}, 0), last = first;
  for (int i = 0; i < 300000; ++i) {
    TensorRef next = full({}, i, DType::Float64);
    extra_of(*last).grad = next;
    last = next;
  }
}  // freed here, without recursion

int main() {
  declare_table();
  nodes();
  saved();
  written();
  retained();
  chains_of_gradients();
  return finish();
}
