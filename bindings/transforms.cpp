// What the transforms (vmap, grad, forward mode) ask of the machine.
#include "python.h"

#include <sys/mman.h>

#include <string_view>
#include <unordered_set>
#include <utility>

namespace wgpy {

using namespace wg;

// How many transforms of torch.func are running in this thread, vmap and those that leave no wrappers alike.
static thread_local long running_transforms = 0;
// ---- __torch_dispatch__

static PyObject* marker = nullptr;     // the payload of tensors whose class has a __torch_dispatch__
static PyObject* meta_mark = nullptr;  // … of tensors without values
static PyObject* handler = nullptr;
thread_local int dispatch_modes = 0;

static bool has_marker(const Tensor& t) {
  return t.wrapped && t.extra && marker && (t.extra->payload == marker || t.extra->payload == meta_mark);
}

// A transform comes before a class, a class before nothing.
static bool is_dispatched(const Call& c) {
  bool marked = false, other = false;
  auto see = [&](const Tensor& t) { (has_marker(t) ? marked : other) |= t.wrapped; };
  for (int i = 0; i < c.nargs; ++i) {
    if (c.args[i].is_tensor()) {
      see(*c.args[i].tensor);
    } else if (c.args[i].tag == Tag::Tensors) {
      for (const TensorRef& t : c.args[i].tensors())
        if (t) see(*t);
    }
  }
  return !other && (marked || dispatch_modes);
}

static thread_local Call* in_dispatch = nullptr;  // the call that a handler has in hand

// A body settles what its arguments mean (dims counted from the end, all dims); the call that is recorded in its place
// takes that over from the one that the handler makes of the same op.
void settle_dispatched(const Call& c) {
  Call* outer = in_dispatch;
  if (!outer || outer->op != c.op) return;
  for (int i = 0; i < std::min(c.nargs, outer->nargs); ++i) {
    const bool differentiable = c.op->diff_args >> i & 1;
    if (!differentiable && !c.args[i].is_tensor() && !outer->args[i].is_tensor()) outer->set(i, Held(c.args[i]));
  }
  in_dispatch = nullptr;
}

static void run_dispatch(Call& c) {
  struct InHand {
    Call* before = in_dispatch;
    explicit InHand(Call& now) { in_dispatch = &now; }
    ~InHand() { in_dispatch = before; }
  } in_hand(c);
  Py args(call_values(c));
  Py result(check(PyObject_CallFunction(handler, "sOi", c.op->name.c_str(), args.get(), int(c.into != nullptr))));
  if (!c.into) take_results(c, result.get());
}

static void mark(Tensor& t, PyObject*& with) {
  if (!with) Py module(check(PyImport_ImportModule("wengert.overrides._dispatch")));  // which calls use_dispatch
  t.wrapped = true;
  Foreign& payload = extra_of(t).payload;
  Py before(static_cast<PyObject*>(std::exchange(payload, Py_NewRef(with))));
}
void mark_dispatching(Tensor& t) { mark(t, marker); }

bool is_meta(const Tensor& t) { return t.wrapped && t.extra && meta_mark && t.extra->payload == meta_mark; }
void mark_meta(Tensor& t, bool meta) {
  if (meta) return mark(t, meta_mark);
  if (!is_meta(t)) return;
  t.wrapped = false;
  Py before(static_cast<PyObject*>(std::exchange(t.extra->payload, nullptr)));
}
PyObject* device_of(const Tensor& t) {
  static PyObject* meta = nullptr;
  if (!is_meta(t)) return Py_NewRef(DeviceCPU);
  if (!meta) meta = PyObject_CallFunction(DeviceClass, "s", "meta");
  return Py_XNewRef(meta);
}
bool wants_meta(PyObject* device) {
  Py d(check(PyObject_CallOneArg(DeviceClass, device))), type(check(PyObject_GetAttrString(d.get(), "type")));
  if (text_of(type.get()) == "meta") return true;
  Py ok(check(PyObject_CallMethod(d.get(), "_check_available", nullptr)));
  return false;
}
void apply_placed(Call& c, bool meta) {
  if (!meta) {  // like one without values, but with values
    if (c.nargs && c.args[0].is_tensor() && is_meta(*c.args[0].tensor)) c.set_tensor(0, alias(*c.args[0].tensor));
    return apply(c);
  }
  Py module(check(PyImport_ImportModule("wengert._tensor.meta"))), args(call_values(c));
  Py made(check(PyObject_CallMethod(module.get(), "make", "sO", c.op->name.c_str(), args.get())));
  take_results(c, made.get());
}

void observe(const Tensor& t, const char* what) {
  const bool wrapped = t.wrapped && t.extra && t.extra->payload;
  auto asks = [&](std::string_view word) { return word == what; };
  // Of a tensor that is not wrapped, only what would change its part in the derivatives is of interest.
  if (!wrapped && !(running_transforms && (asks("backward") || asks("retain_grad") || asks("requires_grad_") ||
                                           asks("requires_grad_(False)"))))
    return;
  static PyObject* hook = nullptr;
  if (!hook) {
    Py module(check(PyImport_ImportModule("wengert.func._observe")));
    hook = check(PyObject_GetAttrString(module.get(), "observe"));
  }
  Py(check(PyObject_CallFunction(hook, "Os", wrapped ? static_cast<PyObject*>(t.extra->payload) : Py_None, what)));
}

bool wants_gradient(const Tensor& t) {
  if (requires_grad(t)) return true;
  if (!t.wrapped || !t.extra || !t.extra->payload || dispatching(t)) return false;
  auto* payload = static_cast<PyObject*>(t.extra->payload);
  Py inner(check(PyObject_GetAttrString(payload, PyObject_HasAttrString(payload, "value") ? "value" : "primal")));
  return wants_gradient(*as_tensor(inner.get()));
}

namespace {

// set_batching(n): how many vmaps are running; while there are any, ops that draw numbers go to the interpreter.
PyObject* set_batching(PyObject*, PyObject* n) {
  int before = modes().batching;
  modes().batching = int(PyLong_AsLong(n));
  return PyErr_Occurred() ? nullptr : PyLong_FromLong(before);
}

PyObject* transforms(PyObject*, PyObject*) { return PyLong_FromLong(running_transforms); }
PyObject* set_transforms(PyObject*, PyObject* n) {
  const long before = running_transforms, now = PyLong_AsLong(n);
  if (PyErr_Occurred()) return nullptr;
  running_transforms = now;
  return PyLong_FromLong(before);
}

// set_transform(number): the innermost transform that is running on this thread, 0: none; gives the one before.
PyObject* set_transform(PyObject*, PyObject* n) {
  const int64_t before = running_transform;
  running_transform = PyLong_AsLongLong(n);
  return PyErr_Occurred() ? nullptr : PyLong_FromLongLong(before);
}

// set_taped(number): the innermost transform that differentiates; gives the one before.
PyObject* set_taped(PyObject*, PyObject* n) {
  const int64_t before = modes().taped;
  modes().taped = PyLong_AsLongLong(n);
  return PyErr_Occurred() ? nullptr : PyLong_FromLongLong(before);
}

// adopt(tensor): what a transform is given as an input counts as made in it.
PyObject* adopt(PyObject*, PyObject* t) {
  return guard<PyObject*>(nullptr, [&] {
    tensor_of(t).storage->born = running_transform;
    return Py_NewRef(Py_None);
  });
}

// born(tensor): the transform in which its memory was made, or to which it was given.
PyObject* born(PyObject*, PyObject* t) {
  return guard<PyObject*>(nullptr, [&] { return PyLong_FromLongLong(tensor_of(t).storage->born); });
}

// let_require_grad(tensor, on): requires_grad_ of the library's own, which may be asked for inside a transform, too.
PyObject* let_require_grad(PyObject*, PyObject* args) {
  PyObject* t;
  int on = 1;
  if (!PyArg_ParseTuple(args, "O|p", &t, &on)) return nullptr;
  return guard<PyObject*>(nullptr, [&] {
    set_requires_grad(tensor_of(t), on);
    return Py_NewRef(t);
  });
}

// make_leaf(tensor): begins a history there, which is a transform's own.
PyObject* make_leaf(PyObject*, PyObject* t) {
  return guard<PyObject*>(nullptr, [&] {
    set_requires_grad(tensor_of(t), true);
    extra_of(tensor_of(t)).made = next_transform();
    return Py_NewRef(t);
  });
}

PyObject* py_next_transform(PyObject*, PyObject*) { return PyLong_FromLongLong(next_transform()); }

// set_dispatch_modes(n): how many TorchDispatchModes are on, on this thread; gives how many were.
PyObject* set_dispatch_modes(PyObject*, PyObject* n) {
  const int before = dispatch_modes;
  dispatch_modes = int(PyLong_AsLong(n));
  return PyErr_Occurred() ? nullptr : PyLong_FromLong(before);
}

// Address space that nothing was written to: it reads as zeros, and costs no memory until it is written to.
void unmap(Storage* s) { munmap(s->data, std::max<size_t>(s->nbytes, 1)); }
Own<Storage> untouched(size_t nbytes) {
  void* p = mmap(nullptr, std::max<size_t>(nbytes, 1), PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  WG_CHECK(p != MAP_FAILED, "no address space for a tensor of ", nbytes, " bytes on the meta device");
  return borrow_storage(p, nbytes, nullptr, unmap);
}

// make_meta(tensor, sizes=None, strides=None): one on the meta device that looks like it, or has these sizes. Of a
// tensor over memory of that kind, another over the same memory.
PyObject* make_meta(PyObject*, PyObject* args) {
  PyObject *o, *sizes = Py_None, *strides = Py_None;
  if (!PyArg_ParseTuple(args, "O!|OO", TensorType, &o, &sizes, &strides)) return nullptr;
  return guard<PyObject*>(nullptr, [&] {
    TensorRef r = alias(*as_tensor(o));
    if (sizes != Py_None) {
      r->sizes = to_dims(sizes);
      r->strides = strides == Py_None ? contiguous_strides(r->sizes) : to_dims(strides);
      r->numel = numel_of(r->sizes);
      r->contiguous = is_contiguous(r->sizes, r->strides);
    }
    if (r->storage->release != unmap) {
      int64_t end = r->numel ? 1 : 0;
      for (int i = 0; end && i < r->ndim(); ++i) end += (r->sizes[i] - 1) * r->strides[i];
      r->offset = 0;
      r->storage = untouched(size_t(end) * size_of(r->dtype));
      r->version = Own<Version>();
    }
    mark_meta(*r, true);
    host.track(r.get());
    return wrap(r);
  });
}

// forget_pages(tensor): what an op has written to a meta tensor gives its memory back.
PyObject* forget_pages(PyObject*, PyObject* o) {
  return guard<PyObject*>(nullptr, [&] {
    const Storage& s = *tensor_of(o).storage;
    if (s.release == unmap && s.nbytes) madvise(s.data, s.nbytes, MADV_DONTNEED);
    return Py_NewRef(o);
  });
}

// use_dispatch(marker, marker of meta tensors, handler)
PyObject* use_dispatch(PyObject*, PyObject* args) {
  PyObject *m, *without, *h;
  if (!PyArg_ParseTuple(args, "OOO", &m, &without, &h)) return nullptr;
  Py_XSETREF(marker, Py_NewRef(m));
  Py_XSETREF(meta_mark, Py_NewRef(without));
  Py_XSETREF(handler, Py_NewRef(h));
  Py_RETURN_NONE;
}

// mark_random(names, on): ops that go to the interpreter while something is batching.
PyObject* mark_random(PyObject*, PyObject* args) {
  PyObject* names;
  int on = 1;
  if (!PyArg_ParseTuple(args, "O!|p", &PyList_Type, &names, &on)) return nullptr;
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(names); ++i) {
    const char* name = PyUnicode_AsUTF8(PyList_GET_ITEM(names, i));
    if (!name) return nullptr;
    if (OpDef* op = find_op(name)) op->random = on;
  }
  Py_RETURN_NONE;
}

// depends(tensors, spans): whether the history of tensors reaches a leaf that was made in none of the spans of time
// (from, to) …
PyObject* depends(PyObject*, PyObject* args) {
  PyObject *tensors, *spans;
  if (!PyArg_ParseTuple(args, "O!O!", &PyTuple_Type, &tensors, &PyTuple_Type, &spans)) return nullptr;
  return guard<PyObject*>(nullptr, [&]() -> PyObject* {
    std::vector<int64_t> moments;
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(spans); ++i)
      moments.push_back(PyLong_AsLongLong(PyTuple_GET_ITEM(spans, i)));
    auto own = [&](const Tensor& leaf) {
      const int64_t made = leaf.extra ? leaf.extra->made : 0;
      for (size_t i = 0; i + 1 < moments.size(); i += 2)
        if (moments[i] < made && made < moments[i + 1]) return true;
      return false;
    };
    std::unordered_set<const Object*> seen;
    std::vector<Node*> stack;
    auto reach = [&](Node* n) {
      if (n && seen.insert(n).second) stack.push_back(n);
    };
    std::vector<Ref<Node>> roots;
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(tensors); ++i) {
      roots.push_back(gradient_edge(tensor_of(PyTuple_GET_ITEM(tensors, i))).node);
      reach(roots.back().get());
    }
    while (!stack.empty()) {
      Node* n = stack.back();
      stack.pop_back();
      if (n->kind == NodeKind::Accumulate && n->saved.size() && !own(*n->saved[0].value.get().tensor)) Py_RETURN_TRUE;
      for (Edge& e : n->edges) reach(e.node.get());
    }
    Py_RETURN_FALSE;
  });
}

PyObject* py_pass_has_inputs(PyObject*, PyObject*) { return PyBool_FromLong(pass_has_inputs()); }

PyMethodDef functions[] = {{"set_batching", set_batching, METH_O, nullptr},
                           {"transforms", transforms, METH_NOARGS, nullptr},
                           {"set_transforms", set_transforms, METH_O, nullptr},
                           {"set_transform", set_transform, METH_O, nullptr},
                           {"set_taped", set_taped, METH_O, nullptr},
                           {"adopt", adopt, METH_O, nullptr},
                           {"born", born, METH_O, nullptr},
                           {"let_require_grad", let_require_grad, METH_VARARGS, nullptr},
                           {"make_leaf", make_leaf, METH_O, nullptr},
                           {"next_transform", py_next_transform, METH_NOARGS, nullptr},
                           {"mark_random", mark_random, METH_VARARGS, nullptr},
                           {"set_dispatch_modes", set_dispatch_modes, METH_O, nullptr},
                           {"use_dispatch", use_dispatch, METH_VARARGS, nullptr},
                           {"make_meta", make_meta, METH_VARARGS, nullptr},
                           {"forget_pages", forget_pages, METH_O, nullptr},
                           {"pass_has_inputs", py_pass_has_inputs, METH_NOARGS, nullptr},
                           {"depends", depends, METH_VARARGS, nullptr},
                           {nullptr, nullptr, 0, nullptr}};

}  // namespace

int init_transforms(PyObject* module) {
  dispatched = is_dispatched;
  dispatching = has_marker;
  dispatch = run_dispatch;
  return PyModule_AddFunctions(module, functions);
}

}  // namespace wgpy
