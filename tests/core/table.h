// A table of a few ops for the tests of the tape: what the declarations in Python say, said in C++.
#pragma once
#include <cstdio>
#include <string>

#include "engine.h"
#include "expect.h"
#include "kernels/tiles.h"
#include "program.h"

namespace wg {

inline constexpr Operand leaf(uint16_t i) { return {Operand::Leaf, i}; }
inline constexpr Operand temp(uint16_t i) { return {Operand::Temp, i}; }
inline constexpr Operand constant(uint16_t i) { return {Operand::Const, i}; }

inline OpDef& declare(const char* name, std::vector<std::string> args) {
  OpDef& op = define_op(name, nullptr, Style::Elementwise);
  op.fn = find_fn(name);
  op.declared = true;
  op.grad_name = std::string(1, char(std::toupper(name[0]))) + (name + 1) + "Backward0";
  op.tensor_args = op.diff_args = (uint64_t(1) << args.size()) - 1;
  op.arg_names = std::move(args);
  op.out_names = {"y"};
  return op;
}

// The rules: mul: g * other, g * self; add: g, g; sub: g, -g; neg: -g; sigmoid: g * y * (1 - y).
inline Program* derive(const OpDef& op, uint64_t mask, bool) {
  auto* p = new Program;
  auto step = [&](const char* name, std::vector<Operand> in) {
    p->code.push_back({find_op(name), NumberOp::None, std::move(in), uint16_t(p->temps)});
    return temp(uint16_t(p->temps++));
  };
  p->leaves = {{Leaf::Grad, 0}};
  std::vector<Operand> all;
  if (op.name == "mul") {
    p->leaves.push_back({Leaf::Arg, 1});
    p->leaves.push_back({Leaf::Arg, 0});
    if (mask & 1) all.push_back(step("mul", {leaf(0), leaf(1)}));
    if (mask & 2) all.push_back(step("mul", {leaf(0), leaf(2)}));
  } else if (op.name == "add" || op.name == "sub") {
    if (mask & 1) all.push_back(leaf(0));
    if (mask & 2) all.push_back(op.name == "add" ? leaf(0) : step("neg", {leaf(0)}));
  } else if (op.name == "neg") {
    all.push_back(step("neg", {leaf(0)}));
  } else {
    p->leaves.push_back({Leaf::Out, 0});
    p->constants.push_back(Value::of_float(1));
    Operand slope = step("mul", {leaf(1), step("sub", {constant(0), leaf(1)})});
    all.push_back(step("mul", {leaf(0), slope}));
  }
  p->outputs = all;
  prepare(*p);
  return p;
}

inline void declare_table() {
  for (const char* name : {"mul", "add", "sub"}) declare(name, {"self", "other"});
  for (const char* name : {"neg", "sigmoid"}) declare(name, {"self"});
  trace = derive;
}

template <class... Args>
TensorRef run(const char* name, const Args&... args) {
  return apply(*find_op(name), {Value(args)...});
}

inline TensorRef variable(const Dims& sizes, double value) {
  TensorRef t = full(sizes, value, DType::Float64);
  set_requires_grad(*t, true);
  return t;
}

inline double at(const TensorRef& t, int64_t i = 0) { return t->as<double>()[i]; }
inline double grad_at(const TensorRef& t, int64_t i = 0) {
  return t->extra && t->extra->grad ? at(t->extra->grad, i) : -1e9;
}

inline void sweep(const TensorRef& root, bool keep = false) {
  Sweep s;
  s.roots = {gradient_edge(*root)};
  s.gradients = {full(root->sizes, 1, root->dtype)};
  s.keep_graph = keep;
  run_backward(s);
}

// Everything that was made is gone, and all expectations were met.
inline int finish() {
  EXPECT(live_nodes() == 0);
  EXPECT(live_tensors() == 0);
  return failures != 0;
}

}  // namespace wg
