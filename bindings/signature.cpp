// Parsing of schemas such as "sum.dim(Tensor self, int[1]? dim, bool keepdim=False, *, ScalarType? dtype=None)".
#include "signature.h"

#include <cstdlib>

namespace wgpy {

using namespace wg;

namespace {

std::string trim(std::string s) {
  size_t a = s.find_first_not_of(" \n\t"), b = s.find_last_not_of(" \n\t");
  return a == std::string::npos ? "" : s.substr(a, b - a + 1);
}

// Splits at commas outside brackets.
std::vector<std::string> split(const std::string& s) {
  std::vector<std::string> parts;
  std::string now;
  int depth = 0;
  char quote = 0;
  for (char c : s) {
    if (quote)
      quote = c == quote ? 0 : quote;
    else if (c == '\'' || c == '"')
      quote = c;
    if (c == '[' || c == '(') ++depth;
    if (c == ']' || c == ')') --depth;
    if (c == ',' && depth == 0 && !quote) {
      parts.push_back(trim(now));
      now.clear();
    } else {
      now += c;
    }
  }
  if (!trim(now).empty()) parts.push_back(trim(now));
  return parts;
}

Held parse_default(const std::string& s, const Param& p) {
  if (s == "None") return Value();
  if (s == "True" || s == "False") return Value::of_bool(s == "True");
  if (s == "inf") return Value::of_float(__builtin_inf());
  if (s == "-inf") return Value::of_float(-__builtin_inf());
  if (s[0] == '\'' || s[0] == '"') return hold_text(s.substr(1, s.size() - 2));
  if (s == "Mean") return Value::of_int(1);
  if (s[0] == '[' || s[0] == '(') {
    Dims d;
    for (const std::string& part : split(s.substr(1, s.size() - 2))) d.push_back(std::atoll(part.c_str()));
    return hold_ints(d);
  }
  bool integer = s.find_first_of(".e") == std::string::npos;
  if (integer && p.type == Type::Ints) return hold_ints(Dims(p.repeat ? p.repeat : 1, std::atoll(s.c_str())));
  if (integer && p.type != Type::Float) return Value::of_int(std::atoll(s.c_str()));
  return Value::of_float(std::atof(s.c_str()));
}

void parse_type(std::string t, Param& p) {
  if (!t.empty() && t.back() == '?') {
    p.optional = true;
    t.pop_back();
  }
  if (t.rfind("Tensor(", 0) == 0) t = "Tensor" + t.substr(t.find(')') + 1);
  if (!t.empty() && t.back() == '?') {
    p.optional = true;
    t.pop_back();
  }
  size_t bracket = t.find('[');
  std::string head = bracket == std::string::npos ? t : t.substr(0, bracket);
  bool list = bracket != std::string::npos;
  if (list && bracket + 1 < t.size() && t[bracket + 1] != ']') {
    p.one = true;
    p.repeat = std::atoi(t.c_str() + bracket + 1);
  }
  bool strict = head == "TensorStrict";  // never a number
  if (strict) head = "Tensor";
  p.differentiable = head == "Tensor";
  p.holes = list && head.back() == '?';
  if (head == "TensorOrNumber") p.number = p.differentiable = true;
  if (head == "IndexOrNumber") p.number = true;
  bool tensor =
      head == "Tensor" || head == "Tensor?" || head == "Index" || head == "Index?" || head == "Mask" || p.number;
  if (head == "Tensor?") p.differentiable = true;
  p.strict = strict;
  if (tensor)
    p.type = list ? Type::Tensors : Type::Tensor;
  else if (head == "Scalar")
    p.type = list ? Type::Floats : Type::Scalar;
  else if (head == "int" || head == "SymInt")
    p.type = list ? Type::Ints : Type::Int;
  else if (head == "float")
    p.type = list ? Type::Floats : Type::Float;
  else if (head == "bool")
    p.type = list ? Type::Ints : Type::Bool;
  else if (head == "ScalarType")
    p.type = Type::DType;
  else if (head == "str")
    p.type = Type::Text;
  else if (head == "Generator")
    p.type = Type::Generator;
  else if (head == "Device")
    p.type = Type::Device;
  else if (head == "MemoryFormat")
    p.type = Type::Format;
  else if (head == "any" || head == "Layout")
    p.type = Type::Any;
  else
    fail(Kind::Value, "unknown type '", t, "' in a signature");
}

// What follows "->": "Tensor", "Tensor[]", "(Tensor values, Index indices)"; Index marks outputs without a gradient.
void parse_outputs(Overload& o, const std::string& outs) {
  OpDef& op = *o.op;
  if (outs.empty()) {
    op.out_names = {"y"};
    return;
  }
  o.returns_list = outs.size() > 2 && outs.substr(outs.size() - 2) == "[]";
  if (outs[0] == '(') {
    op.out_names.clear();
    uint64_t diff = 0;
    auto list = split(outs.substr(1, outs.size() - 2));
    for (size_t k = 0; k < list.size(); ++k) {
      size_t space = list[k].rfind(' ');
      std::string type = space == std::string::npos ? list[k] : trim(list[k].substr(0, space));
      op.out_names.push_back(space == std::string::npos ? "" : list[k].substr(space + 1));
      if (type.rfind("Tensor", 0) == 0) diff |= uint64_t(1) << k;
    }
    op.diff_outs = diff;
    o.out_count = int(list.size());
  } else if (!o.returns_list) {
    if (outs.rfind("Index", 0) == 0) op.diff_outs = 0;
    size_t space = outs.rfind(' ');
    op.out_names = {space == std::string::npos ? "y" : outs.substr(space + 1)};
  }
}

}  // namespace

void parse(Overload& o) {
  const std::string& s = o.schema;
  size_t open = s.find('('), arrow = s.rfind("->");
  size_t close = s.rfind(')', arrow == std::string::npos ? std::string::npos : arrow);
  WG_CHECK_VALUE(open != std::string::npos && close != std::string::npos && close > open, "malformed signature: ", s);
  bool keyword_only = false;
  OpDef scratch;
  OpDef& op = o.further ? scratch : *o.op;  // what the op is has been said by its own signature
  scratch.style = o.op->style;
  op.arg_names.clear();
  op.tensor_args = op.diff_args = 0;
  for (const std::string& part : split(s.substr(open + 1, close - open - 1))) {
    if (part == "*") {
      keyword_only = true;
      continue;
    }
    size_t equal = part.find('=');
    std::string left = trim(part.substr(0, equal));
    size_t space = left.rfind(' ');
    WG_CHECK_VALUE(space != std::string::npos, "malformed argument '", part, "' in ", s);
    Param p;
    p.name = left.substr(space + 1);
    p.key = PyUnicode_InternFromString(p.name.c_str());
    parse_type(trim(left.substr(0, space)), p);
    if (p.name == "device" && p.type == Type::Any) p.type = Type::Device;
    p.keyword_only = keyword_only;
    if (equal != std::string::npos) {
      p.has_default = true;
      p.value = parse_default(trim(part.substr(equal + 1)), p);
    }
    size_t i = o.params.size();
    if (p.type == Type::Tensor || p.type == Type::Tensors) op.tensor_args |= uint64_t(1) << i;
    if (p.differentiable) op.diff_args |= uint64_t(1) << i;
    // Operands of elementwise ops after the first may be numbers.
    if (op.style == Style::Elementwise && i > 0 && p.type == Type::Tensor && !p.strict) p.number = true;
    if (p.name == "requires_grad") o.requires_grad = int(i);
    op.arg_names.push_back(p.name);
    o.params.push_back(std::move(p));
    if (!keyword_only) o.positional = int(o.params.size());
  }
  if (!o.further) parse_outputs(o, arrow == std::string::npos ? "" : trim(s.substr(arrow + 2)));
  if (op.constant) op.diff_args = 0;
}

int param_of(const Overload& o, PyObject* key) {
  for (size_t i = 0; i < o.params.size(); ++i)
    if (o.params[i].key == key) return int(i);
  for (size_t i = 0; i < o.params.size(); ++i)
    if (PyUnicode_Compare(o.params[i].key, key) == 0) return int(i);
  // torch's other spellings: input for self, axis for dim, keepdims for keepdim, x for self
  const std::string s = text_of(key);
  static const std::pair<const char*, const char*> other[] = {
      {"input", "self"}, {"axis", "dim"}, {"keepdims", "keepdim"}, {"self", "input"}, {"x", "self"},   {"x2", "other"},
      {"x1", "self"},    {"a", "self"},   {"axis0", "dim0"},       {"axis1", "dim1"}, {"axes", "dims"}};
  for (auto& [alias, name] : other)
    if (s == alias)
      for (size_t i = 0; i < o.params.size(); ++i)
        if (o.params[i].name == name) return int(i);
  return -1;
}

}  // namespace wgpy
