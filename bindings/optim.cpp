// One step of an optimizer over all parameters of a group, with nothing but look-ups between Python and the loops.
#include <algorithm>
#include <limits>
#include <string_view>
#include <utility>
#include <vector>

#include "../core/ops/optim.h"
#include "../core/parallel.h"
#include "python.h"

namespace wgpy {

int init_optim(PyObject* module);

namespace {

using namespace wg;

// Pieces of a large parameter that threads may share.
constexpr int64_t kGrain = 1 << 15;

// A name in the texts of a rule. `index`: of an element of `size`, or -1; `wanted`: the option that asks for the state;
// `equals`: the text whose presence is asked for; `optional`: None is nan.
struct Name {
  PyObject* text;
  int index = -1, size = 0;
  PyObject *wanted = nullptr, *equals = nullptr;
  bool optional = false;
};

struct Rule {
  const RuleText* core;
  const UpdateRule* each;  // or
  const WholeRule* whole;
  PyObject* name;
  std::vector<Name> options, counters, states;
  bool has(const char* flag) const { return std::string_view(core->flags).find(flag) != std::string_view::npos; }
  bool decays = has("weight_decay"), decouples = has("decoupled"), captures = has("capturable");
};
std::vector<Rule> rules;

struct Names {
  PyObject *params, *weight_decay, *maximize, *decoupled, *differentiable, *capturable;
} names;

PyObject* intern(std::string_view text) {
  PyObject* o = check(PyUnicode_FromStringAndSize(text.data(), Py_ssize_t(text.size())));
  PyUnicode_InternInPlace(&o);
  return o;
}

std::vector<Name> names_in(std::string_view texts) {
  std::vector<Name> found;
  while (!texts.empty()) {
    std::string_view text = texts.substr(0, texts.find(' '));
    texts.remove_prefix(std::min(texts.size(), text.size() + 1));
    size_t end = text.find_first_of(".?=");
    Name name{intern(text.substr(0, end))};
    const char mark = end == text.npos ? ' ' : text[end];
    if (mark == '.') name.index = text[end + 1] - '0', name.optional = text.back() == '?';
    if (mark == '?') name.wanted = intern(text.substr(end + 1));
    if (mark == '=') name.equals = intern(text.substr(end + 1));
    found.push_back(name);
  }
  for (Name& name : found)
    name.size = int(std::count_if(found.begin(), found.end(), [&](const Name& n) { return n.text == name.text; }));
  return found;
}

// The options of a group. `ok` turns false when one is not a plain number: Python then takes the step.
struct Options {
  PyObject* group;
  bool ok = true;

  PyObject* get(PyObject* name) {
    PyObject* o = PyDict_GetItemWithError(group, name);
    if (!o) PyErr_Clear();
    return o;
  }
  double number(PyObject* o) {
    if (o && PyFloat_CheckExact(o)) return PyFloat_AS_DOUBLE(o);
    if (o == Py_False || o == Py_True) return o == Py_True;
    if (o && PyLong_Check(o)) {
      double v = PyLong_AsDouble(o);
      if (v != -1.0 || !PyErr_Occurred()) return v;
      PyErr_Clear();
    }
    ok = false;
    return 0;
  }
  double number(const Name& name) {
    PyObject* o = get(name.text);
    if (name.index >= 0) {
      // A list is what options become in files of settings.
      if (!o || !(PyTuple_CheckExact(o) || PyList_CheckExact(o)) || PySequence_Fast_GET_SIZE(o) != name.size)
        return number(nullptr);
      o = PySequence_Fast_GET_ITEM(o, name.index);
      if (name.optional && o == Py_None) return std::numeric_limits<double>::quiet_NaN();
    }
    if (name.equals) return o && PyUnicode_Check(o) && PyUnicode_Compare(o, name.equals) == 0;
    return number(o);
  }
  // False where the optimizer has no such option.
  bool flag(PyObject* name) {
    PyObject* o = get(name);
    return o && number(o) != 0;
  }
  double number(PyObject* name, bool there) { return there ? number(get(name)) : 0; }
};

// One parameter with what its step needs; held, because other Python threads run during a long loop.
struct Item {
  TensorRef p, grad, states[kRuleStates], counters[kRuleCounters];
};

bool plain(const Tensor& t) { return !t.inference && !t.wrapped; }

// Whether the elements of t lie in memory as those of p do.
bool usable(const Tensor& t, const Tensor& p) {
  return t.dtype == p.dtype && t.sizes == p.sizes && (t.contiguous ? p.contiguous : t.strides == p.strides) &&
         plain(t) && !t.needs_grad();
}

// The line of user code that takes the step. It is asked for once: the way to it leads through the optimizer's frames.
struct Line {
  Place place = host.place();
  Line() = default;
  Line(const Line&) = delete;
  ~Line() { host.drop(place.code); }

  void bump(Tensor& t) const {
    Version& v = version_of(t);
    ++v.value;
    host.hold(place.code);
    host.drop(std::exchange(v.writer, place).code);
  }
};

// The step of one group under way.
struct Step {
  const Rule& rule;
  Options options;
  PyObject* state;
  double numbers[kRuleOptions];
  Start start;
  bool wants[kRuleStates] = {};
  std::vector<Item> items;

  bool read_options() {
    for (size_t i = 0; i < rule.options.size(); ++i) numbers[i] = options.number(rule.options[i]);
    for (size_t i = 0; i < rule.states.size(); ++i)
      wants[i] = !rule.states[i].wanted || options.number(options.get(rule.states[i].wanted)) != 0;
    double decay = options.number(names.weight_decay, rule.decays);
    bool decoupled = options.number(names.decoupled, rule.decouples) != 0;
    bool plain = !options.flag(names.differentiable) && options.number(names.capturable, rule.captures) == 0;
    start = {options.flag(names.maximize) ? -1.0 : 1.0, decoupled ? 0 : decay, decoupled ? 1 - numbers[0] * decay : 1};
    return plain && options.ok;
  }

  // False when the tensors of this parameter are not for the loops here.
  bool take(PyObject* o, Item* item) { return rule.whole ? take_whole(o, item) : take_each(o, item); }

  bool take_each(PyObject* o, Item* item) {
    Tensor& p = *as_tensor(o);
    bool real = is_reduced(p.dtype) || p.dtype == DType::Float32 || p.dtype == DType::Float64;
    bool complex = p.dtype == DType::Complex64 || p.dtype == DType::Complex128;
    if (!(real || (complex && rule.each->complex)) || !plain(p) || p.grad_fn) return false;
    if (!p.contiguous && !is_dense(p.sizes, p.strides)) return false;
    if (!usable(*p.extra->grad, p)) return false;
    item->p = TensorRef(&p);
    item->grad = p.extra->grad;
    PyObject* entries = PyDict_GetItemWithError(state, o);
    for (size_t i = 0; i < rule.states.size(); ++i) {
      if (!wants[i]) continue;
      Tensor* t = entry(entries, rule.states[i]);
      if (!t || !usable(*t, p)) return false;
      item->states[i] = TensorRef(t);
    }
    return take_counters(entries, item);
  }

  bool take_whole(PyObject* o, Item* item) {
    Tensor& p = *as_tensor(o);
    if (p.dtype != DType::Float32 && p.dtype != DType::Float64) return false;
    auto fine = [&](const Tensor& t) { return t.dtype == p.dtype && t.contiguous && plain(t) && !t.needs_grad(); };
    item->p = TensorRef(&p);
    item->grad = p.extra->grad;
    if (!p.contiguous || !plain(p) || p.grad_fn || !fine(*item->grad) || item->grad->sizes != p.sizes) return false;
    PyObject* entries = PyDict_GetItemWithError(state, o);
    for (size_t i = 0; i < rule.states.size(); ++i) {
      Tensor* t = entry(entries, rule.states[i]);
      if (t && !fine(*t)) return false;
      item->states[i] = TensorRef(t);
    }
    if (!take_counters(entries, item)) return false;
    return rule.whole->fits(whole_step(*item, nullptr));
  }

  WholeStep whole_step(const Item& item, const Counter* counters) const {
    return {numbers,      start.sign,      counters,
            item.p.get(), item.grad.get(), {item.states[0].get(), item.states[1].get(), item.states[2].get()}};
  }

  bool take_counters(PyObject* entries, Item* item) {
    for (size_t i = 0; i < rule.counters.size(); ++i) {
      Tensor* t = entry(entries, rule.counters[i]);
      if (!t || t->numel != 1 || !plain(*t) || t->needs_grad()) return false;
      if (t->dtype != DType::Float32 && t->dtype != DType::Float64) return false;
      item->counters[i] = TensorRef(t);
    }
    return true;
  }

  static Tensor* entry(PyObject* entries, const Name& name) {
    PyObject* o = entries && PyDict_Check(entries) ? PyDict_GetItemWithError(entries, name.text) : nullptr;
    return o && is_tensor(o) ? as_tensor(o) : nullptr;
  }

  bool collect() {
    PyObject* params = options.get(names.params);
    if (!params || !PyList_CheckExact(params) || !PyDict_Check(state)) return false;
    items.reserve(size_t(PyList_GET_SIZE(params)));
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(params); ++i) {
      PyObject* o = PyList_GET_ITEM(params, i);
      if (!is_tensor(o)) return false;
      if (!as_tensor(o)->extra || !as_tensor(o)->extra->grad) continue;
      items.emplace_back();
      if (!take(o, &items.back())) return false;
    }
    return true;
  }

  void run(const Item& item, const Line& line) {
    Counter counters[kRuleCounters];
    for (size_t i = 0; i < rule.counters.size(); ++i)
      counters[i] = {item.counters[i]->data(), item.counters[i]->dtype == DType::Float64};
    rule.whole ? rule.whole->run(whole_step(item, counters)) : run_each(item, counters);
    line.bump(*item.p);
    for (const TensorRef& t : item.states)
      if (t) line.bump(*t);
    for (const TensorRef& t : item.counters)
      if (t) line.bump(*t);
  }

  void run_each(const Item& item, const Counter* counters) {
    double planned[kRuleNumbers];
    rule.each->plan(numbers, counters, planned);
    const DType dtype = real_of(item.p->dtype);
    const int64_t size = size_of(dtype), n = item.p->numel * (is_complex(item.p->dtype) ? 2 : 1);
    auto piece = [&](int64_t begin, int64_t end) {
      auto at = [&](const TensorRef& t) { return t ? t->data() + begin * size : nullptr; };
      rule.each->run(planned, start,
                     {dtype,
                      end - begin,
                      at(item.p),
                      at(item.grad),
                      {at(item.states[0]), at(item.states[1]), at(item.states[2])}});
    };
    if (n <= kGrain)
      piece(0, n);
    else
      parallel_for(n, kGrain, piece);
  }
};

const Rule* find_rule(PyObject* name) {
  for (const Rule& rule : rules)
    if (rule.name == name) return &rule;
  return nullptr;
}

// _optim_step(rule, group, state) -> bool: false, with nothing touched, when the step is for Python.
PyObject* optim_step(PyObject*, PyObject* const* args, Py_ssize_t n) {
  const Rule* rule = n == 3 ? find_rule(args[0]) : nullptr;
  if (!rule || !PyDict_Check(args[1])) {
    PyErr_SetString(PyExc_TypeError, "expected the name of a rule, a parameter group and the state of its optimizer");
    return nullptr;
  }
  return guard<PyObject*>(nullptr, [&]() -> PyObject* {
    Step step{*rule, {args[1]}, args[2], {}, {}, {}, {}};
    bool mine = step.read_options() && step.collect();
    if (PyErr_Occurred()) return nullptr;
    if (mine && !step.items.empty()) {
      GradMode off(false);
      const Line line;
      for (const Item& item : step.items) step.run(item, line);
    }
    return PyBool_FromLong(mine);
  });
}

PyObject* clear_grads(PyObject*, PyObject* params) {
  return guard<PyObject*>(nullptr, [&]() -> PyObject* {
    Py items(check(PySequence_Fast(params, "expected a sequence of tensors")));
    for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(items.get()); ++i) {
      PyObject* o = PySequence_Fast_GET_ITEM(items.get(), i);
      // Taken out first: letting go of a gradient may run any code.
      if (is_tensor(o) && as_tensor(o)->extra) TensorRef grad = std::move(as_tensor(o)->extra->grad);
    }
    Py_RETURN_NONE;
  });
}

PyMethodDef functions[] = {
    {"_optim_step", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(optim_step)), METH_FASTCALL, nullptr},
    {"_clear_grads", clear_grads, METH_O, nullptr},
    {nullptr, nullptr, 0, nullptr}};

}  // namespace

int init_optim(PyObject* module) {
  names = {intern("params"),         intern("weight_decay"), intern("maximize"), intern("decoupled_weight_decay"),
           intern("differentiable"), intern("capturable")};
  auto add = [](const RuleText& rule, const UpdateRule* each, const WholeRule* whole) {
    rules.push_back({&rule, each, whole, intern(rule.name), names_in(rule.options), names_in(rule.counters),
                     names_in(rule.states)});
  };
  for (const UpdateRule& rule : optim_table().rules) add(rule, &rule, nullptr);
  for (const WholeRule& rule : whole_rules()) add(rule, nullptr, &rule);
  return PyModule_AddFunctions(module, functions);
}

}  // namespace wgpy
