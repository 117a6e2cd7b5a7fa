// Steps of optimizers over all parameters of a group at once, with nothing but look-ups between Python and the loops.
#include <cmath>
#include <vector>

#include "../core/kernels/optim.h"
#include "../core/parallel.h"
#include "python.h"

namespace wgpy {

int init_optim(PyObject* module);

namespace {

using namespace wg;

// Pieces of a large parameter that threads may share.
constexpr int64_t kGrain = 1 << 15;

struct Names {
  PyObject *params, *lr, *momentum, *dampening, *weight_decay, *nesterov, *maximize, *differentiable, *capturable,
      *betas, *eps, *amsgrad, *decoupled, *momentum_buffer, *exp_avg, *exp_avg_sq, *max_exp_avg_sq, *step, *alpha,
      *centered, *square_avg, *grad_avg, *lr_decay, *sum;
} names;

// The options of a group. `ok` turns false when one is missing or not a plain number: Python then takes the step.
struct Options {
  PyObject* group;
  bool ok = true;

  PyObject* get(PyObject* name) {
    PyObject* o = PyDict_GetItemWithError(group, name);
    if (!o) {
      PyErr_Clear();
      ok = false;
    }
    return o;
  }
  static bool plain(PyObject* o) { return PyFloat_CheckExact(o) || PyLong_Check(o); }
  double number(PyObject* o) {
    if (!o || !plain(o)) {
      ok = false;
      return 0;
    }
    double v = PyFloat_CheckExact(o) ? PyFloat_AS_DOUBLE(o) : PyLong_AsDouble(o);
    if (v == -1.0 && PyErr_Occurred()) {
      PyErr_Clear();
      ok = false;
    }
    return v;
  }
  double real(PyObject* name) { return number(get(name)); }
  bool flag(PyObject* name) {
    PyObject* o = get(name);
    if (o && !PyBool_Check(o)) ok = false;
    return o == Py_True;
  }
};

// One parameter with what its step needs; held, because other Python threads run during a long loop.
struct Item {
  TensorRef p, grad, first, second, third, step;
};

bool usable(const Tensor& t, const Tensor& p) {
  return t.dtype == p.dtype && t.contiguous && t.numel == p.numel && t.sizes == p.sizes && !t.inference && !t.wrapped &&
         !t.needs_grad();
}

// The entry of a state dict as a tensor, or null.
Tensor* entry(PyObject* entries, PyObject* name) {
  PyObject* o = PyDict_GetItemWithError(entries, name);
  return o && is_tensor(o) ? as_tensor(o) : nullptr;
}

// Takes the counter of steps from the state of one parameter.
bool take_counter(PyObject* entries, TensorRef* to) {
  Tensor* t = entry(entries, names.step);
  if (!t || t->numel != 1 || (t->dtype != DType::Float32 && t->dtype != DType::Float64)) return false;
  if (t->inference || t->wrapped || t->needs_grad()) return false;
  *to = TensorRef(t);
  return true;
}

// Collects the parameters that have a gradient; false when one of them is not for the loops here.
template <class Fill>
bool collect(Options& options, PyObject* state, std::vector<Item>* items, Fill fill) {
  PyObject* params = options.get(names.params);
  if (!params || !PyList_CheckExact(params) || !PyDict_Check(state)) return false;
  Py_ssize_t n = PyList_GET_SIZE(params);
  items->reserve(size_t(n));
  for (Py_ssize_t i = 0; i < n; ++i) {
    PyObject* o = PyList_GET_ITEM(params, i);
    if (!is_tensor(o)) return false;
    Tensor& p = *as_tensor(o);
    if (!p.extra || !p.extra->grad) continue;
    Tensor& grad = *p.extra->grad;
    if (p.dtype != DType::Float32 && p.dtype != DType::Float64) return false;
    if (!p.contiguous || p.inference || p.wrapped || p.grad_fn || !usable(grad, p)) return false;
    Item item{TensorRef(&p), TensorRef(&grad), {}, {}, {}, {}};
    if (!fill(o, state, &item)) return false;
    items->push_back(std::move(item));
  }
  return true;
}

// The dict of state of one parameter, or null.
PyObject* entries_of(PyObject* p, PyObject* state) {
  PyObject* entries = PyDict_GetItemWithError(state, p);
  return entries && PyDict_Check(entries) ? entries : nullptr;
}

bool take(PyObject* entries, PyObject* name, const Tensor& p, TensorRef* to) {
  Tensor* t = entry(entries, name);
  if (!t || !usable(*t, p)) return false;
  *to = TensorRef(t);
  return true;
}

template <class Body>
void each_piece(const Item& item, Body body) {
  int64_t n = item.p->numel;
  if (n <= kGrain)
    body(0, n);
  else
    parallel_for(n, kGrain, body);
}

void bump_all(const Item& item) {
  for (const TensorRef* t : {&item.p, &item.first, &item.second, &item.third, &item.step})
    if (*t) bump(**t);
}

template <class T>
T* at(const TensorRef& t, int64_t i) {
  return t ? t->as<T>() + i : nullptr;
}

struct SgdOptions {
  double lr, momentum, dampening, decay;
  bool nesterov, maximize;
};

template <class T>
void sgd(const Item& item, const SgdOptions& o) {
  SgdStep<T> s{T(o.maximize ? -1 : 1), T(o.decay), T(o.momentum), T(1 - o.dampening), T(-o.lr), o.nesterov};
  each_piece(item, [&](int64_t begin, int64_t end) {
    sgd_step(at<T>(item.p, begin), at<T>(item.grad, begin), at<T>(item.first, begin), end - begin, s);
  });
}

bool run_sgd(PyObject* group, PyObject* state) {
  Options options{group};
  SgdOptions o{options.real(names.lr),           options.real(names.momentum), options.real(names.dampening),
               options.real(names.weight_decay), options.flag(names.nesterov), options.flag(names.maximize)};
  if (options.flag(names.differentiable) || !options.ok) return false;
  std::vector<Item> items;
  bool fine = collect(options, state, &items, [&](PyObject* p, PyObject* states, Item* item) {
    if (o.momentum == 0) return true;
    PyObject* entries = entries_of(p, states);
    return entries && take(entries, names.momentum_buffer, *item->p, &item->first);
  });
  if (!fine) return false;
  for (const Item& item : items) {
    if (item.p->dtype == DType::Float32)
      sgd<float>(item, o);
    else
      sgd<double>(item, o);
    bump_all(item);
  }
  return true;
}

struct AdamOptions {
  double lr, beta1, beta2, eps, decay;
  bool amsgrad, maximize, decoupled;
};

template <class T>
void adam(const Item& item, const AdamOptions& o, double step) {
  double size = o.lr / (1 - std::pow(o.beta1, step)), root = std::pow(1 - std::pow(o.beta2, step), 0.5);
  AdamStep<T> s{T(o.maximize ? -1 : 1),
                T(o.decay),
                T(1 - o.lr * o.decay),
                T(1 - o.beta1),
                T(o.beta2),
                T(1 - o.beta2),
                T(root),
                T(o.eps),
                T(-size),
                o.decoupled};
  each_piece(item, [&](int64_t begin, int64_t end) {
    adam_step(at<T>(item.p, begin), at<T>(item.grad, begin), at<T>(item.first, begin), at<T>(item.second, begin),
              at<T>(item.third, begin), end - begin, s);
  });
}

double count(Tensor& step) {
  return step.dtype == DType::Float32 ? double(*step.as<float>() += 1) : (*step.as<double>() += 1);
}

bool run_adam(PyObject* group, PyObject* state) {
  Options options{group};
  PyObject* betas = options.get(names.betas);
  if (!betas || !PyTuple_CheckExact(betas) || PyTuple_GET_SIZE(betas) != 2) return false;
  AdamOptions o{options.real(names.lr),
                options.number(PyTuple_GET_ITEM(betas, 0)),
                options.number(PyTuple_GET_ITEM(betas, 1)),
                options.real(names.eps),
                options.real(names.weight_decay),
                options.flag(names.amsgrad),
                options.flag(names.maximize),
                options.flag(names.decoupled)};
  if (options.flag(names.differentiable) || options.flag(names.capturable) || !options.ok) return false;
  std::vector<Item> items;
  bool fine = collect(options, state, &items, [&](PyObject* p, PyObject* states, Item* item) {
    PyObject* entries = entries_of(p, states);
    return entries && take_counter(entries, &item->step) && take(entries, names.exp_avg, *item->p, &item->first) &&
           take(entries, names.exp_avg_sq, *item->p, &item->second) &&
           (!o.amsgrad || take(entries, names.max_exp_avg_sq, *item->p, &item->third));
  });
  if (!fine) return false;
  for (const Item& item : items) {
    double step = count(*item.step);
    if (item.p->dtype == DType::Float32)
      adam<float>(item, o, step);
    else
      adam<double>(item, o, step);
    bump_all(item);
  }
  return true;
}

struct RmspropOptions {
  double lr, alpha, eps, decay, momentum;
  bool centered, maximize;
};

template <class T>
void rmsprop(const Item& item, const RmspropOptions& o) {
  RmspropStep<T> s{T(o.maximize ? -1 : 1), T(o.decay), T(o.alpha), T(1 - o.alpha), T(o.eps), T(o.momentum), T(-o.lr)};
  each_piece(item, [&](int64_t begin, int64_t end) {
    rmsprop_step(at<T>(item.p, begin), at<T>(item.grad, begin), at<T>(item.first, begin), at<T>(item.second, begin),
                 at<T>(item.third, begin), end - begin, s);
  });
}

bool run_rmsprop(PyObject* group, PyObject* state) {
  Options options{group};
  RmspropOptions o{options.real(names.lr),           options.real(names.alpha),    options.real(names.eps),
                   options.real(names.weight_decay), options.real(names.momentum), options.flag(names.centered),
                   options.flag(names.maximize)};
  if (options.flag(names.differentiable) || options.flag(names.capturable) || !options.ok) return false;
  std::vector<Item> items;
  bool fine = collect(options, state, &items, [&](PyObject* p, PyObject* states, Item* item) {
    PyObject* entries = entries_of(p, states);
    return entries && take_counter(entries, &item->step) && take(entries, names.square_avg, *item->p, &item->first) &&
           (!o.centered || take(entries, names.grad_avg, *item->p, &item->second)) &&
           (o.momentum <= 0 || take(entries, names.momentum_buffer, *item->p, &item->third));
  });
  if (!fine) return false;
  for (const Item& item : items) {
    count(*item.step);
    if (item.p->dtype == DType::Float32)
      rmsprop<float>(item, o);
    else
      rmsprop<double>(item, o);
    bump_all(item);
  }
  return true;
}

template <class T>
void adagrad(const Item& item, bool maximize, double decay, double eps, double size) {
  AdagradStep<T> s{T(maximize ? -1 : 1), T(decay), T(eps), T(-size)};
  each_piece(item, [&](int64_t begin, int64_t end) {
    adagrad_step(at<T>(item.p, begin), at<T>(item.grad, begin), at<T>(item.first, begin), end - begin, s);
  });
}

bool run_adagrad(PyObject* group, PyObject* state) {
  Options options{group};
  double lr = options.real(names.lr), lr_decay = options.real(names.lr_decay);
  double decay = options.real(names.weight_decay), eps = options.real(names.eps);
  bool maximize = options.flag(names.maximize);
  if (options.flag(names.differentiable) || !options.ok) return false;
  std::vector<Item> items;
  bool fine = collect(options, state, &items, [&](PyObject* p, PyObject* states, Item* item) {
    PyObject* entries = entries_of(p, states);
    return entries && take_counter(entries, &item->step) && take(entries, names.sum, *item->p, &item->first);
  });
  if (!fine) return false;
  for (const Item& item : items) {
    double size = lr / (1 + (count(*item.step) - 1) * lr_decay);
    if (item.p->dtype == DType::Float32)
      adagrad<float>(item, maximize, decay, eps, size);
    else
      adagrad<double>(item, maximize, decay, eps, size);
    bump_all(item);
  }
  return true;
}

template <bool (*run)(PyObject*, PyObject*)>
PyObject* step(PyObject*, PyObject* const* args, Py_ssize_t n) {
  if (n != 2 || !PyDict_Check(args[0])) {
    PyErr_SetString(PyExc_TypeError, "expected a parameter group and the state of its optimizer");
    return nullptr;
  }
  return guard<PyObject*>(nullptr, [&]() -> PyObject* {
    bool done = run(args[0], args[1]);
    if (PyErr_Occurred()) return nullptr;
    return PyBool_FromLong(done);
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
    {"_sgd_step", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(step<run_sgd>)), METH_FASTCALL, nullptr},
    {"_adam_step", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(step<run_adam>)), METH_FASTCALL, nullptr},
    {"_rmsprop_step", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(step<run_rmsprop>)), METH_FASTCALL,
     nullptr},
    {"_adagrad_step", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(step<run_adagrad>)), METH_FASTCALL,
     nullptr},
    {"_clear_grads", clear_grads, METH_O, nullptr},
    {nullptr, nullptr, 0, nullptr}};

}  // namespace

int init_optim(PyObject* module) {
  const std::pair<PyObject**, const char*> all[] = {{&names.params, "params"},
                                                    {&names.lr, "lr"},
                                                    {&names.momentum, "momentum"},
                                                    {&names.dampening, "dampening"},
                                                    {&names.weight_decay, "weight_decay"},
                                                    {&names.nesterov, "nesterov"},
                                                    {&names.maximize, "maximize"},
                                                    {&names.differentiable, "differentiable"},
                                                    {&names.capturable, "capturable"},
                                                    {&names.betas, "betas"},
                                                    {&names.eps, "eps"},
                                                    {&names.amsgrad, "amsgrad"},
                                                    {&names.decoupled, "decoupled_weight_decay"},
                                                    {&names.momentum_buffer, "momentum_buffer"},
                                                    {&names.exp_avg, "exp_avg"},
                                                    {&names.exp_avg_sq, "exp_avg_sq"},
                                                    {&names.max_exp_avg_sq, "max_exp_avg_sq"},
                                                    {&names.step, "step"},
                                                    {&names.alpha, "alpha"},
                                                    {&names.centered, "centered"},
                                                    {&names.square_avg, "square_avg"},
                                                    {&names.grad_avg, "grad_avg"},
                                                    {&names.lr_decay, "lr_decay"},
                                                    {&names.sum, "sum"}};
  for (auto [to, text] : all) *to = check(PyUnicode_InternFromString(text));
  return PyModule_AddFunctions(module, functions);
}

}  // namespace wgpy
