// Running Wengert lists.
#include "program.h"

#include <numeric>

#include "kernels/tiles.h"

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
  Few<Held, 12> temps;
  bool recording;
  const Wanted* wanted;

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
  Few<Value, 4> list;
  const int n = int(i.in.size());
  list.resize(uint32_t(n));
  Value* args = list.begin();
  for (int a = 0; a < n; ++a) args[a] = s.read(i.in[size_t(a)]);
  if (!i.op) {
    s.temps[i.out] = number_result(i.number, args);
    return;
  }
  Call c{i.op, args, n};
  if (s.wanted && i.output >= 0) c.wanted = &s.wanted[i.output];
  apply(c);
  for (int k = 0; k < c.nouts(); ++k) s.temps[i.out + k] = Held(Value(c.result(k)));
}

// A run of elementwise instructions, as one pass over memory. False: shapes forbid it.
bool run_fused(State& s, const Segment& g) {
  constexpr size_t kMost = 64;
  if (g.leaves.size() > kMost || g.wanted.size() > kMost) return false;
  Few<Value, 8> leaves;
  leaves.resize(uint32_t(g.leaves.size()));
  bool any = false;
  for (uint32_t i = 0; i < leaves.size(); ++i) {
    const Value v = s.read(g.leaves[i]);
    if (!v.is_tensor() && !v.is_number()) return false;
    if (v.is_tensor() && v.tensor->wrapped) return false;
    any |= v.is_tensor();
    leaves[i] = v;
  }
  if (!any) return false;
  Few<TensorRef, 4> results;
  results.resize(uint32_t(g.wanted.size()));
  if (!run_tiles(g.code, {leaves.begin(), leaves.size()}, g.wanted, results.begin(), nullptr)) return false;
  for (uint32_t k = 0; k < results.size(); ++k) s.temps[g.results[k]] = Held(Value(results[k]));
  return true;
}

// Lays out a fused segment: its leaves once each, its instructions over them.
void lay_out(const Program& p, Segment& g) {
  auto leaf = [&](const Operand& o) {
    for (size_t k = 0; k < g.leaves.size(); ++k)
      if (g.leaves[k].kind == o.kind && g.leaves[k].index == o.index) return uint16_t(k);
    g.leaves.push_back(o);
    return uint16_t(g.leaves.size() - 1);
  };
  std::vector<size_t> starts;
  for (int i = g.first; i < g.last; ++i) {
    starts.push_back(g.operands.size());
    for (const Operand& o : p.code[i].in) {
      int made = -1;
      for (int k = g.first; k < i; ++k)
        if (o.kind == Operand::Temp && p.code[k].out == o.index) made = k - g.first;
      g.operands.push_back(made >= 0 ? Operand{Operand::Temp, uint16_t(made)} : Operand{Operand::Leaf, leaf(o)});
    }
  }
  starts.push_back(g.operands.size());
  for (int i = g.first; i < g.last; ++i) {
    size_t k = size_t(i - g.first);
    g.code.push_back(
        {p.code[i].op, std::span<const Operand>(g.operands.data() + starts[k], starts[k + 1] - starts[k])});
  }
  for (uint16_t t : g.results)
    for (int k = g.first; k < g.last; ++k)
      if (p.code[k].out == t) g.wanted.push_back(uint16_t(k - g.first));
}

// The output that instruction i makes and nothing else reads; -1 when there is none.
int output_of(const Program& p, const Instr& i) {
  int found = -1;
  for (size_t k = 0; k < p.outputs.size(); ++k)
    if (p.outputs[k].kind == Operand::Temp && p.outputs[k].index == i.out) {
      if (found >= 0) return -1;
      found = int(k);
    }
  for (const Instr& other : p.code)
    for (const Operand& o : other.in)
      if (o.kind == Operand::Temp && o.index == i.out) return -1;
  return found;
}

}  // namespace

void prepare(Program& p) {
  for (Instr& i : p.code)
    if (i.op && i.op->adds) {
      i.output = int16_t(output_of(p, i));
      p.adds |= i.output >= 0;
    }
  p.segments.clear();
  int n = int(p.code.size());
  for (int i = 0; i < n;) {
    int j = i + 1;
    bool fused = is_tile_op(p.code[i]);
    if (fused)
      while (j < n && is_tile_op(p.code[j]) && j - i < 100) ++j;
    Segment g{i, j, fused && j - i > 1, {}, {}, {}, {}, {}};
    if (g.fused) {
      for (int k = i; k < j; ++k) {
        bool outside = false;
        for (const Operand& o : p.outputs) outside |= o.kind == Operand::Temp && o.index == p.code[k].out;
        for (int m = j; m < n && !outside; ++m)
          for (const Operand& o : p.code[m].in) outside |= o.kind == Operand::Temp && o.index == p.code[k].out;
        if (outside) g.results.push_back(p.code[k].out);
      }
    }
    if (g.fused) lay_out(p, g);
    p.segments.push_back(std::move(g));
    i = j;
  }
}

namespace {

void run_steps(const Program& p, const Value* leaves, TensorRef* outputs, bool recording, const Wanted* wanted) {
  State s{p, leaves, {}, recording, wanted};
  s.temps.resize(uint32_t(p.temps));
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

// A program in half precision: in float32, if it rounds once, or by what stands in its place. False: its tensors are
// not of half precision.
bool run_half(const Program& p, const Value* leaves, TensorRef* outputs, bool recording) {
  static const OpDef* to = find_op("_to_copy");
  GradMode mode(recording);
  auto convert = [&](const Value& v, DType dtype) {
    return recording ? apply(*to, {v, Value::of_dtype(dtype)}) : cast(*v.tensor, dtype);
  };
  std::vector<TypeInfo> types;
  for (size_t i = 0; i < p.leaves.size(); ++i)
    if (leaves[i].is_tensor() || leaves[i].is_number()) types.push_back(type_info(leaves[i]));
  const DType narrow = result_type(types.data(), int(types.size()));
  if (!is_reduced(narrow)) return false;
  if (p.half && (recording || !p.once)) {
    run_steps(*p.half, leaves, outputs, recording, nullptr);
    return true;
  }
  std::vector<Held> wide;
  for (size_t i = 0; i < p.leaves.size(); ++i) {
    const bool half = leaves[i].is_tensor() && is_reduced(leaves[i].tensor->dtype);
    wide.push_back(half ? Held(Value(convert(leaves[i], DType::Float32))) : Held(leaves[i]));
  }
  std::vector<Value> values;
  for (size_t i = 0; i < wide.size(); ++i) {
    if (p.rounds_numbers && wide[i].get().is_number()) {
      const double x = wide[i].get().to_double();
      wide[i] = Held(Value::of_float(narrow == DType::Float16 ? float(Half(float(x))) : float(BFloat16(float(x)))));
    }
    values.push_back(wide[i].get());
  }
  run_steps(p, values.data(), outputs, recording, nullptr);
  for (size_t k = 0; k < p.outputs.size(); ++k)
    if (outputs[k] && outputs[k]->dtype == DType::Float32) outputs[k] = convert(Value(outputs[k]), narrow);
  return true;
}

}  // namespace

void run_program(const Program& p, const Value* leaves, TensorRef* outputs, bool recording, const Wanted* wanted) {
  if ((p.once || p.half) && run_half(p, leaves, outputs, recording)) return;
  run_steps(p, leaves, outputs, recording, wanted);
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

// Factors (alpha, value) are the last operand and take no part in promotion.
static int factors(const OpDef& op) {
  static const int add = find_fn("add_scaled"), sub = find_fn("sub_scaled"), rsub = find_fn("rsub_scaled");
  return fn_info(op.fn).arity == 4 || op.fn == add || op.fn == sub || op.fn == rsub;
}

// The dtype an instruction computes in and the one its result is kept in.
void choose_dtypes(const OpDef& op, const TypeInfo* in, int n, DType* compute, DType* kept) {
  static const int square = find_fn("square");
  const FnInfo& f = fn_info(op.fn);
  int skip = f.bool_first ? 1 : 0;
  DType r;
  switch (op.promote) {
    case Promote::First: r = in[0].dtype; break;
    case Promote::FloatFirst: r = is_differentiable(in[0].dtype) ? in[0].dtype : default_dtype(); break;
    default: r = result_type(in + skip, n - skip - factors(op));
  }
  if (r == DType::Bool && op.fn == square) r = DType::Int64;  // a power whose exponent is a whole number
  if (is_narrow(r)) check_narrow(op.fn, r);
  if (op.promote == Promote::Float && !is_differentiable(r)) r = default_dtype();
  *compute = r;
  *kept = f.result == Result::Bool ? DType::Bool : f.result == Result::Real ? real_of(r) : r;
}

void check_narrow(int fn, DType dtype) {
  static const std::vector<bool> refused = [] {  // those that torch computes in float32 and float64 alone
    std::vector<bool> v(static_cast<size_t>(fn_count()));
    for (int f = 0; f < fn_count(); ++f)
      for (const char* part :
           {"bessel", "polynomial", "airy", "zeta", "ndtri", "log_ndtr", "erfcx", "bitwise", "gcd", "lcm"})
        if (std::string_view(fn_info(f).name).find(part) != std::string_view::npos) v[size_t(f)] = true;
    return v;
  }();
  const bool have = is_reduced(dtype)   ? !refused[size_t(fn)]
                    : is_complex(dtype) ? fn_info(fn).halves
                                        : fn_info(fn).eights;
  if (!have) refuse(fn, dtype);
}

void check_operands(const TileInstr& code, const TypeInfo* in, std::span<const Value> leaves) {
  static const int clamp_min = find_fn("clamp_min"), clamp_max = find_fn("clamp_max"), pow = find_fn("pow"),
                   heaviside = find_fn("heaviside"), sub = find_fn("sub"), rsub = find_fn("rsub"),
                   sub_scaled = find_fn("sub_scaled"), rsub_scaled = find_fn("rsub_scaled");
  const int fn = code.op->fn;
  if (fn == pow) {
    const Operand& e = code.in[1];
    bool negative = e.kind == Operand::Leaf && leaves[e.index].is_number() && leaves[e.index].tag != Tag::Complex &&
                    leaves[e.index].to_double() < 0;
    WG_CHECK(!negative || category(in[0].dtype) > 1 || leaves[e.index].tag == Tag::Float,
             "Integers to negative integer powers are not allowed.");
  } else if (fn == clamp_min || fn == clamp_max) {
    const Operand& bound = code.in[1];
    WG_CHECK_KIND(Kind::NotImplemented,
                  !is_complex(in[0].dtype) || bound.kind != Operand::Leaf || !leaves[bound.index].is_number(),
                  "clamp is not supported for complex types");
  } else if (fn == heaviside) {
    WG_CHECK(!is_complex(in[0].dtype) && !is_complex(in[1].dtype),
             "heaviside is not yet implemented for complex tensors.");
    WG_CHECK(in[0].dtype == in[1].dtype, "heaviside is not yet implemented for tensors with different dtypes.");
  } else if (fn == sub || fn == rsub || fn == sub_scaled || fn == rsub_scaled) {
    bool first = in[0].dtype == DType::Bool, second = in[1].dtype == DType::Bool;
    WG_CHECK(!first || !second,
             "Subtraction, the `-` operator, with two bool tensors is not supported. Use the `^` or `logical_xor()` "
             "operator instead.");
    WG_CHECK(!first && !second,
             "Subtraction, the `-` operator, with a bool tensor is not supported. If you are trying to invert a mask, "
             "use the `~` or `logical_not()` operator instead.");
  }
}

}  // namespace wg
