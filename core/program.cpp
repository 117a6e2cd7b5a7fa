// Running Wengert lists.
#include "program.h"

#include <numeric>

namespace wg {
namespace {

bool is_tile_op(const Instr& i) { return i.op && i.op->style == Style::Elementwise && i.op->fn >= 0; }

Held number_result(NumberOp op, const Value* in) {
  const Value &a = in[0], &b = in[1];
  switch (op) {
    case NumberOp::Count: {  // elements of a shape
      int64_t n = 1;
      for (int64_t s : a.ints()) n *= s;
      return Value::of_int(n);
    }
    case NumberOp::Item: {  // one size of a shape; of a number: itself (dims that were canonicalised to a list)
      const Dims& d = a.ints();
      int64_t k = b.to_int();
      if (d.empty()) return Value::of_int(1);
      return Value::of_int(d[wrap_dim(k, d.size())]);
    }
    case NumberOp::Product: {  // the elements of a shape along some dims
      const Dims& d = a.ints();
      uint64_t mask = dim_mask(b.ints(), d.size());
      int64_t n = 1;
      for (int i = 0; i < d.size(); ++i)
        if (mask >> i & 1) n *= d[i];
      return Value::of_int(n);
    }
    default: break;
  }
  auto complex = [](const Value& v) { return v.tag == Tag::Complex; };
  if (complex(a) || (op != NumberOp::Neg && complex(b))) {
    complex128 x = a.to_complex(), y = op == NumberOp::Neg ? complex128() : b.to_complex();
    return hold_complex(op == NumberOp::Add   ? x + y
                        : op == NumberOp::Sub ? x - y
                        : op == NumberOp::Mul ? x * y
                        : op == NumberOp::Div ? x / y
                                              : -x);
  }
  auto real = [](const Value& v) { return v.tag == Tag::Float; };
  if (real(a) || op == NumberOp::Div || (op != NumberOp::Neg && real(b))) {
    double x = a.to_double(), y = op == NumberOp::Neg ? 0 : b.to_double();
    return Value::of_float(op == NumberOp::Add   ? x + y
                           : op == NumberOp::Sub ? x - y
                           : op == NumberOp::Mul ? x * y
                           : op == NumberOp::Div ? x / y
                                                 : -x);
  }
  int64_t x = a.to_int(), y = op == NumberOp::Neg ? 0 : b.to_int();
  return Value::of_int(op == NumberOp::Add ? x + y : op == NumberOp::Sub ? x - y : op == NumberOp::Mul ? x * y : -x);
}

struct State {
  const Program& p;
  const Value* leaves;
  std::vector<Held> temps;
  bool recording;

  Value read(const Operand& o) const {
    switch (o.kind) {
      case Operand::Leaf: return leaves[o.index];
      case Operand::Temp: return temps[o.index].get();
      case Operand::Const: return p.constants[o.index].get();
      default: return Value();
    }
  }
};

void run_one(State& s, const Instr& i) {
  Value args[16];
  int n = int(i.in.size());
  WG_ASSERT(n <= 16);
  for (int a = 0; a < n; ++a) args[a] = s.read(i.in[a]);
  if (!i.op) {
    s.temps[i.out] = number_result(i.number, args);
    return;
  }
  Call c{i.op, args, n};
  apply(c);
  for (int k = 0; k < c.nouts(); ++k) s.temps[i.out + k] = Held(Value(c.result(k)));
}

// A run of elementwise instructions, as one pass over memory. False: shapes forbid it.
bool run_fused(State& s, const Segment& g) {
  std::vector<Value> leaves;
  std::vector<TileInstr> code;
  std::vector<Operand> operands;
  operands.reserve(size_t(g.last - g.first) * 4);
  std::vector<std::pair<Operand, uint16_t>> seen;
  auto leaf = [&](const Operand& o) {
    for (auto& [k, at] : seen)
      if (k.kind == o.kind && k.index == o.index) return at;
    leaves.push_back(s.read(o));
    seen.push_back({o, uint16_t(leaves.size() - 1)});
    return seen.back().second;
  };
  int base = s.p.code[g.first].out;
  for (int i = g.first; i < g.last; ++i) {
    size_t start = operands.size();
    for (const Operand& o : s.p.code[i].in) {
      int made = -1;
      if (o.kind == Operand::Temp && o.index >= base)
        for (int k = g.first; k < i; ++k)
          if (s.p.code[k].out == o.index) made = k - g.first;
      operands.push_back(made >= 0 ? Operand{Operand::Temp, uint16_t(made)} : Operand{Operand::Leaf, leaf(o)});
    }
    code.push_back({s.p.code[i].op, std::span<const Operand>(operands.data() + start, operands.size() - start)});
  }
  bool any = false;
  for (const Value& v : leaves) {
    if (!v.is_tensor() && !v.is_number()) return false;
    any |= v.is_tensor();
    if (v.is_tensor() && v.tensor->wrapped) return false;
  }
  if (!any) return false;
  std::vector<uint16_t> wanted;
  for (uint16_t t : g.results)
    for (int k = g.first; k < g.last; ++k)
      if (s.p.code[k].out == t) wanted.push_back(uint16_t(k - g.first));
  std::vector<TensorRef> results(wanted.size());
  if (!run_tiles(code, leaves, wanted, results.data(), nullptr)) return false;
  for (size_t k = 0; k < wanted.size(); ++k) s.temps[g.results[k]] = Held(Value(results[k]));
  return true;
}

}  // namespace

void prepare(Program& p) {
  p.segments.clear();
  int n = int(p.code.size());
  for (int i = 0; i < n;) {
    int j = i + 1;
    bool fused = is_tile_op(p.code[i]);
    if (fused)
      while (j < n && is_tile_op(p.code[j]) && j - i < 100) ++j;
    Segment g{i, j, fused && j - i > 1, {}};
    if (g.fused) {
      for (int k = i; k < j; ++k) {
        bool outside = false;
        for (const Operand& o : p.outputs) outside |= o.kind == Operand::Temp && o.index == p.code[k].out;
        for (int m = j; m < n && !outside; ++m)
          for (const Operand& o : p.code[m].in) outside |= o.kind == Operand::Temp && o.index == p.code[k].out;
        if (outside) g.results.push_back(p.code[k].out);
      }
    }
    p.segments.push_back(std::move(g));
    i = j;
  }
}

void run_program(const Program& p, const Value* leaves, TensorRef* outputs, bool recording) {
  State s{p, leaves, std::vector<Held>(p.temps), recording};
  GradMode mode(recording);
  for (const Segment& g : p.segments) {
    if (g.fused && !recording && run_fused(s, g)) continue;
    for (int i = g.first; i < g.last; ++i) run_one(s, p.code[i]);
  }
  for (size_t k = 0; k < p.outputs.size(); ++k) {
    Value v = s.read(p.outputs[k]);
    if (v.is_tensor()) outputs[k] = TensorRef(v.tensor);
  }
}

std::string to_string(const Program& p) {
  static const char* kinds[] = {"g", "arg", "out", "sizes_arg", "sizes_out", "dtype_arg", "dtype_out"};
  static const char* numbers[] = {"", "add", "sub", "mul", "div", "neg", "item", "count", "product"};
  auto show = [&](const Operand& o) {
    switch (o.kind) {
      case Operand::Leaf: return str(kinds[p.leaves[o.index].kind], p.leaves[o.index].index);
      case Operand::Temp: return str("t", o.index);
      case Operand::Const: {
        const Value& v = p.constants[o.index].get();
        if (v.tag == Tag::Int || v.tag == Tag::Bool) return str(v.to_int());
        if (v.tag == Tag::Float) return str(v.real);
        if (v.tag == Tag::Ints) return to_string(v.ints());
        return str("const", o.index);
      }
      default: return std::string("None");
    }
  };
  std::string text;
  for (const Instr& i : p.code) {
    text += str("t", i.out, " = ", i.op ? i.op->name : str("number.", numbers[int(i.number)]), "(");
    for (size_t a = 0; a < i.in.size(); ++a) text += (a ? ", " : "") + show(i.in[a]);
    text += ")\n";
  }
  text += "return ";
  for (size_t k = 0; k < p.outputs.size(); ++k) text += (k ? ", " : "") + show(p.outputs[k]);
  return text + "\n";
}

}  // namespace wg
