// Programs: the same list run in tiles and run recorded, arithmetic of numbers, and what a program says of itself.
#include <cmath>

#include "table.h"

using namespace wg;

// g * y * (1 - y), and -g.
static Program slope() {
  Program p;
  p.leaves = {{Leaf::Grad, 0}, {Leaf::Out, 0}};
  p.constants.push_back(Value::of_float(1));
  const OpDef *mul = find_op("mul"), *sub = find_op("sub"), *neg = find_op("neg");
  p.code = {{sub, NumberOp::None, {constant(0), leaf(1)}, 0},
            {mul, NumberOp::None, {leaf(1), temp(0)}, 1},
            {mul, NumberOp::None, {leaf(0), temp(1)}, 2},
            {neg, NumberOp::None, {leaf(0)}, 3}};
  p.temps = 4;
  p.outputs = {temp(2), temp(3)};
  prepare(p);
  return p;
}

static TensorRef ramp(const Dims& sizes, double step) {
  TensorRef t = empty(sizes, DType::Float64);
  for (int64_t i = 0; i < t->numel; ++i) t->as<double>()[i] = step * double(i % 97) - 1;
  return t;
}

static void tiles_or_recorded(const Dims& g_sizes, const Dims& y_sizes, bool turned) {
  Program p = slope();
  EXPECT(p.segments.size() == 1 && p.segments[0].fused && p.segments[0].wanted.size() == 2);
  TensorRef g = ramp(g_sizes, 0.25), y = ramp(y_sizes, 0.125);
  if (turned) y = alias(*y, {y->size(1), y->size(0)}, {1, y->size(1)}, 0);
  Value leaves[2] = {Value(g), Value(y)};
  TensorRef fused[2], one_by_one[2];
  run_program(p, leaves, fused, false);
  run_program(p, leaves, one_by_one, true);
  for (int k = 0; k < 2; ++k) {
    EXPECT(fused[k]->sizes == one_by_one[k]->sizes && fused[k]->dtype == DType::Float64);
    TensorRef a = contiguous(*fused[k]), b = contiguous(*one_by_one[k]);
    bool same = true;
    for (int64_t i = 0; i < a->numel; ++i) same &= at(a, i) == at(b, i);
    EXPECT(same);
  }
  EXPECT(fused[1]->sizes == g_sizes);
}

static void recorded_has_history() {
  Program p = slope();
  TensorRef g = variable({3}, 2), y = variable({3}, 0.25);
  Value leaves[2] = {Value(g), Value(y)};
  TensorRef out[2];
  run_program(p, leaves, out, false);
  EXPECT(!out[0]->grad_fn);
  run_program(p, leaves, out, true);
  EXPECT(out[0]->grad_fn && at(out[0]) == 2 * 0.25 * 0.75);
  sweep(out[0]);
  EXPECT(grad_at(g) == 0.25 * 0.75 && grad_at(y) == 2 * (1 - 2 * 0.25));
}

static void numbers() {
  Program p;
  p.leaves = {{Leaf::Arg, 0}, {Leaf::ArgSizes, 0}};
  p.constants = {Value::of_int(-1), hold_ints({0, 1}), Value::of_float(0.5)};
  p.code = {{nullptr, NumberOp::Count, {leaf(1)}, 0},
            {nullptr, NumberOp::Item, {leaf(1), constant(0)}, 1},
            {nullptr, NumberOp::Product, {leaf(1), constant(1)}, 2},
            {nullptr, NumberOp::Sub, {temp(0), temp(1)}, 3},
            {nullptr, NumberOp::Div, {temp(3), temp(2)}, 4},
            {nullptr, NumberOp::Mul, {temp(4), constant(2)}, 5},
            {find_op("mul"), NumberOp::None, {leaf(0), temp(5)}, 6}};
  p.temps = 7;
  p.outputs = {temp(6)};
  prepare(p);
  TensorRef x = full({2, 3, 4}, 1, DType::Float64);
  Held sizes = hold_ints(x->sizes);
  Value leaves[2] = {Value(x), sizes.get()};
  TensorRef out;
  run_program(p, leaves, &out, false);
  EXPECT(std::abs(at(out) - 0.5 * (24 - 4) / 6) < 1e-15);
  EXPECT(to_string(p).rfind("t0 = number.count(sizes_arg0)\nt1 = number.item(sizes_arg0, -1)\n", 0) == 0);
}

int main() {
  declare_table();
  tiles_or_recorded({5}, {5}, false);
  tiles_or_recorded({100, 70}, {100, 70}, false);  // more than a tile
  tiles_or_recorded({100, 70}, {70, 100}, true);
  tiles_or_recorded({40, 30}, {30}, false);  // broadcast: an output of the full shape …
  tiles_or_recorded({30}, {40, 30}, false);  // … and one that is smaller
  tiles_or_recorded({0, 3}, {0, 3}, false);
  recorded_has_history();
  numbers();
  return finish();
}
