// Hooks: Python callables that the sweep meets, in torch's order and with torch's errors.
#include <cstring>

#include "python.h"

namespace wgpy {

using namespace wg;

PyObject* on_failure = nullptr;  // (node, exception): called while an exception is leaving a node

namespace {

// ---- hooks

std::string callable_name(PyObject* f) {
  Py name(PyObject_GetAttrString(f, "__name__"));
  PyErr_Clear();
  return name && PyUnicode_Check(name.get()) ? text_of(name.get()) : "<unknown>";
}

// What a hook returned in the place of g.
TensorRef replacement(PyObject* value, const TensorRef& g, PyObject* f) {
  WG_CHECK(g, "can't replace a None gradient with a non-None value");
  WG_CHECK_TYPE(is_tensor(value), "expected Variable, but hook returned '", Py_TYPE(value)->tp_name, "'");
  Tensor& t = *as_tensor(value);
  Py sparse(Py_TYPE(value) == TensorType ? nullptr : check(PyObject_GetAttrString(value, "is_sparse")));
  const bool is_sparse = sparse.get() == Py_True;
  WG_CHECK(t.dtype == g->dtype && !is_sparse, "hook '", callable_name(f), "' has changed the type of value (was torch.",
           torch_name(g->dtype), "Tensor got torch.", is_sparse ? "sparse." : "", torch_name(t.dtype), "Tensor)");
  WG_CHECK(t.sizes == g->sizes, "hook '", callable_name(f), "' has changed the size of value");
  return TensorRef(&t);
}

TensorRef tensor_hook(Foreign hook, TensorRef g) {
  auto* f = static_cast<PyObject*>(hook);
  Py r(check(PyObject_CallOneArg(f, g ? as_object(g.get()) : Py_None)));
  return r.get() == Py_None ? g : replacement(r.get(), g, f);
}

void replace_all(PyObject* result, Gradients& to, PyObject* f) {
  if (result == Py_None) return;
  WG_CHECK_TYPE(PyTuple_Check(result), "expected tuple, but hook returned '", Py_TYPE(result)->tp_name, "'");
  WG_CHECK(size_t(PyTuple_GET_SIZE(result)) == to.size(), "hook '", callable_name(f),
           "' has returned an incorrect number of values (got ", PyTuple_GET_SIZE(result), ", but expected ", to.size(),
           ")");
  for (size_t i = 0; i < to.size(); ++i) {
    PyObject* value = PyTuple_GET_ITEM(result, Py_ssize_t(i));
    to[i] = value == Py_None ? TensorRef() : replacement(value, to[i], f);
  }
}

void pre_hook(Foreign hook, Gradients& grads) {
  auto* f = static_cast<PyObject*>(hook);
  Py args(tuple_of(grads));
  Py r(check(PyObject_CallOneArg(f, args.get())));
  replace_all(r.get(), grads, f);
}

void post_hook(Foreign hook, Gradients& out, const Gradients& in) {
  auto* f = static_cast<PyObject*>(hook);
  Py o(tuple_of(out)), i(tuple_of(in));
  Py r(check(PyObject_CallFunctionObjArgs(f, o.get(), i.get(), nullptr)));
  replace_all(r.get(), out, f);
}

void post_accumulate(Foreign hook, Tensor& leaf) {
  auto* f = static_cast<PyObject*>(hook);
  Py r(check(PyObject_CallOneArg(f, as_object(&leaf))));
  if (r.get() == Py_None || r.get() == as_object(&leaf)) return;
  WG_CHECK_TYPE(is_tensor(r.get()), "expected Variable, but hook returned '", Py_TYPE(r.get())->tp_name, "'");
  WG_CHECK(false, "Tensor post accumulate grad hooks should return None.");
}

void call(Foreign callback) {
  auto* f = static_cast<PyObject*>(callback);
  Py r(check(PyObject_CallNoArgs(f)));
}

void failed(Node& n) {
  if (!on_failure) return;
  // The exception in flight becomes Python's, is annotated there, and goes on.
  raise_current();
  PyObject *type, *value, *trace;
  PyErr_Fetch(&type, &value, &trace);
  PyErr_NormalizeException(&type, &value, &trace);
  Py node(wrap(Ref<Node>(&n)));
  Py r(PyObject_CallFunctionObjArgs(on_failure, node.get(), value, nullptr));
  if (!r) PyErr_Clear();
  PyErr_Restore(type, value, trace);
  throw PythonError{};
}

int64_t next_hook_id = 0;

// add_hook(tensor or node, callable, kind) -> id; kinds: "tensor", "post_accumulate", "pre", "post"
PyObject* add_hook(PyObject*, PyObject* args) {
  PyObject *o, *f;
  const char* kind;
  if (!PyArg_ParseTuple(args, "OOs", &o, &f, &kind)) return nullptr;
  return guard<PyObject*>(nullptr, [&]() -> PyObject* {
    Hook h{Py_NewRef(f), next_hook_id++};
    std::vector<Hook>* list;
    auto collectable = [](Node& n) {  // a hook may close over what the node belongs to
      if (!PyObject_GC_IsTracked(as_object(&n))) PyObject_GC_Track(as_object(&n));
    };
    if (is_tensor(o)) {
      Tensor& t = *as_tensor(o);
      if (std::strcmp(kind, "post_accumulate") == 0) {
        list = &extra_of(t).post_hooks;
      } else if (Ref<Node> fn = grad_fn_of(t)) {
        auto& lists = extra_of(*fn).tensor_hooks;
        collectable(*fn);
        if (lists.size() <= t.output_nr) lists.resize(t.output_nr + 1);
        list = &lists[t.output_nr];
      } else {
        list = &extra_of(t).hooks;
      }
      host.track(&t);
    } else {
      WG_CHECK_TYPE(PyObject_TypeCheck(o, NodeType), "expected a Tensor or a Node");
      Node& n = *as_node(o);
      collectable(n);
      list = std::strcmp(kind, "pre") == 0 ? &extra_of(n).pre_hooks : &extra_of(n).post_hooks;
    }
    list->push_back(h);
    return PyLong_FromLongLong(h.id);
  });
}

bool erase_hook(std::vector<Hook>& list, int64_t id) {
  for (size_t i = 0; i < list.size(); ++i)
    if (list[i].id == id) {
      auto* f = static_cast<PyObject*>(list[i].call);
      list.erase(list.begin() + Py_ssize_t(i));
      Py_DECREF(f);
      return true;
    }
  return false;
}

PyObject* remove_hook(PyObject*, PyObject* args) {
  PyObject* o;
  long long id;
  if (!PyArg_ParseTuple(args, "OL", &o, &id)) return nullptr;
  auto from_node = [&](Node& n) {
    if (!n.extra) return false;
    for (auto& list : n.extra->tensor_hooks)
      if (erase_hook(list, id)) return true;
    return erase_hook(n.extra->pre_hooks, id) || erase_hook(n.extra->post_hooks, id);
  };
  if (is_tensor(o)) {
    Tensor& t = *as_tensor(o);
    bool done = t.extra && (erase_hook(t.extra->hooks, id) || erase_hook(t.extra->post_hooks, id));
    if (!done && t.grad_fn) from_node(*t.grad_fn);
  } else if (PyObject_TypeCheck(o, NodeType)) {
    from_node(*as_node(o));
  }
  Py_RETURN_NONE;
}

// hooks_of(tensor, after accumulation): its hooks by number; None when it never had one
PyObject* hooks_of(PyObject*, PyObject* args) {
  PyObject* o;
  int after;
  if (!PyArg_ParseTuple(args, "O!p", TensorType, &o, &after)) return nullptr;
  return guard<PyObject*>(nullptr, [&]() -> PyObject* {
    Tensor& t = *as_tensor(o);
    const std::vector<Hook>* list = nullptr;
    if (t.extra && (after || !t.grad_fn)) list = after ? &t.extra->post_hooks : &t.extra->hooks;
    if (!after && t.grad_fn && t.grad_fn->extra && t.output_nr < t.grad_fn->extra->tensor_hooks.size())
      list = &t.grad_fn->extra->tensor_hooks[t.output_nr];
    if (!list || list->empty()) Py_RETURN_NONE;
    Py made(check(PyDict_New()));
    for (const Hook& h : *list) {
      Py id(check(PyLong_FromLongLong(h.id)));
      if (PyDict_SetItem(made.get(), id.get(), static_cast<PyObject*>(h.call)) < 0) throw PythonError{};
    }
    return made.release();
  });
}

PyObject* retain_grad(PyObject*, PyObject* o) {
  return guard<PyObject*>(nullptr, [&]() -> PyObject* {
    WG_CHECK_TYPE(is_tensor(o), "expected a Tensor");
    Tensor& t = *as_tensor(o);
    WG_CHECK(requires_grad(t), "can't retain_grad on Tensor that has requires_grad=False", explain("where_cut", o));
    observe(t, "retain_grad");
    Ref<Node> fn = grad_fn_of(t);
    if (!fn) Py_RETURN_NONE;
    extra_of(t).retains_grad = true;
    retain_gradient(t, *fn, t.output_nr);
    Py_RETURN_NONE;
  });
}

PyMethodDef functions[] = {{"add_hook", add_hook, METH_VARARGS, nullptr},
                           {"remove_hook", remove_hook, METH_VARARGS, nullptr},
                           {"hooks_of", hooks_of, METH_VARARGS, nullptr},
                           {"retain_grad", retain_grad, METH_O, nullptr},
                           {nullptr, nullptr, 0, nullptr}};

}  // namespace

int init_hooks(PyObject* module) {
  engine_host.tensor_hook = tensor_hook;
  engine_host.pre_hook = pre_hook;
  engine_host.post_hook = post_hook;
  engine_host.post_accumulate = post_accumulate;
  engine_host.failed = failed;
  engine_host.call = call;
  return PyModule_AddFunctions(module, functions);
}

}  // namespace wgpy
