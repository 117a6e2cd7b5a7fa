// Tensors and nodes as Python objects: memory, garbage collection, the host table of the core.

#include <cxxabi.h>

#include <cstring>
#include <string>
#include <unordered_map>
#include <vector>

#include "python.h"

#include <frameobject.h>  // after Python.h, without which it does not compile on 3.10

namespace wgpy {

using namespace wg;

static_assert(sizeof(Object) == sizeof(PyObject) && offsetof(Object, type) == offsetof(PyObject, ob_type));

PyTypeObject* TensorType = nullptr;
PyTypeObject* NodeType = nullptr;

namespace {

constexpr size_t kFreeList = 2048;
std::vector<void*> free_tensors, free_nodes;

template <class T>
T* fresh(std::vector<void*>& list, PyTypeObject* type) {
  PyObject* o;
  if (!list.empty()) {
    o = static_cast<PyObject*>(list.back());
    list.pop_back();
    PyObject_Init(o, type);
  } else {
    o = reinterpret_cast<PyObject*>(PyObject_GC_New(PyObject, type));
    if (!o) throw std::bad_alloc();
  }
  return reinterpret_cast<T*>(o);
}

Tensor* new_tensor() { return fresh<Tensor>(free_tensors, TensorType); }
Node* new_node_object() { return fresh<Node>(free_nodes, NodeType); }
void dealloc_object(Object* o) {
  o->refs = 0;
  _Py_Dealloc(reinterpret_cast<PyObject*>(o));
}
void track(Tensor* t) {
  auto* o = reinterpret_cast<PyObject*>(t);
  if (!PyObject_GC_IsTracked(o)) PyObject_GC_Track(o);
}

// ---- garbage collection

int visit_hooks(const std::vector<Hook>& hooks, visitproc visit, void* arg) {
  for (const Hook& h : hooks) Py_VISIT(static_cast<PyObject*>(h.call));
  return 0;
}

int visit_value(const Value& v, visitproc visit, void* arg) {
  if (v.is_tensor()) Py_VISIT(as_object(v.tensor));
  if (v.tag == Tag::Tensors && v.box->uses == 1)
    for (const TensorRef& t : v.tensors())
      if (t) Py_VISIT(as_object(t.get()));
  if (v.tag == Tag::Foreign && v.box->uses == 1 && static_cast<ForeignBox*>(v.box)->counted)
    Py_VISIT(static_cast<PyObject*>(v.foreign()));
  return 0;
}

int tensor_traverse(PyObject* self, visitproc visit, void* arg) {
  Py_VISIT(Py_TYPE(self));
  Tensor* t = as_tensor(self);
  Py_VISIT(static_cast<PyObject*>(t->dict));
  if (t->grad_fn) Py_VISIT(as_object(t->grad_fn.get()));
  if (Extra* x = t->extra) {
    if (x->grad) Py_VISIT(as_object(x->grad.get()));
    if (x->base) Py_VISIT(as_object(x->base.get()));
    Py_VISIT(static_cast<PyObject*>(x->payload));
    if (int r = visit_hooks(x->hooks, visit, arg)) return r;
    if (int r = visit_hooks(x->post_hooks, visit, arg)) return r;
  }
  return 0;
}

void drop_all(std::vector<Hook>& hooks) {
  auto gone = std::move(hooks);
  hooks.clear();
  for (Hook& h : gone) Py_DECREF(static_cast<PyObject*>(h.call));
}

int tensor_clear(PyObject* self) {
  Tensor* t = as_tensor(self);
  drop_history(*t);
  if (Extra* x = t->extra) {
    x->grad.reset();
    x->base.reset();
    drop_all(x->hooks);
    drop_all(x->post_hooks);
    if (auto* p = static_cast<PyObject*>(std::exchange(x->payload, nullptr))) Py_DECREF(p);
  }
  if (auto* d = static_cast<PyObject*>(std::exchange(t->dict, nullptr))) Py_DECREF(d);
  return 0;
}

void tensor_dealloc(PyObject* self) {
  PyTypeObject* type = Py_TYPE(self);
  PyObject_GC_UnTrack(self);
  Tensor* t = as_tensor(self);
  if (t->weakrefs) PyObject_ClearWeakRefs(self);
  if (auto* d = static_cast<PyObject*>(std::exchange(t->dict, nullptr))) Py_DECREF(d);
  destruct(t);
  if (type == TensorType && free_tensors.size() < kFreeList)
    free_tensors.push_back(self);
  else
    type->tp_free(self);
  Py_DECREF(type);
}

int node_traverse(PyObject* self, visitproc visit, void* arg) {
  Py_VISIT(Py_TYPE(self));
  Node* n = as_node(self);
  Py_VISIT(static_cast<PyObject*>(n->dict));
  for (Edge& e : n->edges)
    if (e.node) Py_VISIT(as_object(e.node.get()));
  for (Saved& s : n->saved) {
    if (int r = visit_value(s.value.get(), visit, arg)) return r;
    Py_VISIT(static_cast<PyObject*>(s.unpack));
  }
  if (NodeExtra* x = n->extra) {
    for (auto& list : x->tensor_hooks)
      if (int r = visit_hooks(list, visit, arg)) return r;
    if (int r = visit_hooks(x->pre_hooks, visit, arg)) return r;
    if (int r = visit_hooks(x->post_hooks, visit, arg)) return r;
    Py_VISIT(static_cast<PyObject*>(x->metadata));
    Py_VISIT(static_cast<PyObject*>(x->parent));
    for (auto& [at, edge] : x->packed) Py_VISIT(as_object(edge.node.get()));
    if (x->slices && x->slices->fn) Py_VISIT(as_object(x->slices->fn.get()));
  }
  return 0;
}

int node_clear(PyObject* self) {
  Node* n = as_node(self);
  if (n->kind != NodeKind::Accumulate) release_saved(*n);
  for (Edge& e : n->edges) e.node.reset();
  if (NodeExtra* x = n->extra) {
    for (auto& list : x->tensor_hooks) drop_all(list);
    drop_all(x->pre_hooks);
    drop_all(x->post_hooks);
    if (auto* m = static_cast<PyObject*>(std::exchange(x->metadata, nullptr))) Py_DECREF(m);
    if (x->slices) x->slices->fn.reset();
  }
  if (auto* d = static_cast<PyObject*>(std::exchange(n->dict, nullptr))) Py_DECREF(d);
  return 0;
}

void node_dealloc(PyObject* self) {
  PyTypeObject* type = Py_TYPE(self);
  PyObject_GC_UnTrack(self);
  Node* n = as_node(self);
  if (n->weakrefs) PyObject_ClearWeakRefs(self);
  if (auto* d = static_cast<PyObject*>(std::exchange(n->dict, nullptr))) Py_DECREF(d);
  destruct(n);
  // Types made for op names have the layout of Node itself: their memory can be used again for any node. That of
  // Python's classes has words in front of it from 3.12 on.
  if (type->tp_dealloc == node_dealloc && free_nodes.size() < kFreeList)
    free_nodes.push_back(self);
  else
    type->tp_free(self);
  Py_DECREF(type);
}

// Shows the collector all nodes behind those tensors and nodes. It is not told of every new node: that would cost each
// op, and few graphs are ever part of a cycle.
void track_graphs(PyObject* objects) {
  std::vector<Node*> todo;
  auto show = [&](const Ref<Node>& n) {
    if (!n || PyObject_GC_IsTracked(as_object(n.get()))) return;
    PyObject_GC_Track(as_object(n.get()));
    todo.push_back(n.get());
  };
  auto follow = [&](Node& n) {
    for (Edge& e : n.edges) show(e.node);
    if (!n.extra) return;
    for (auto& [at, edge] : n.extra->packed) show(edge.node);
    if (n.extra->slices) show(n.extra->slices->fn);
  };
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(objects); ++i) {
    PyObject* o = PyList_GET_ITEM(objects, i);
    if (is_tensor(o))
      show(as_tensor(o)->grad_fn);
    else if (PyObject_TypeCheck(o, NodeType))
      follow(*as_node(o));
    while (!todo.empty()) {
      Node* n = todo.back();
      todo.pop_back();
      follow(*n);
    }
  }
}

// before_collection(get_objects, phase, info): what the collector calls, with gc.get_objects before it. Not in Python:
// an interrupt that comes in a call from the collector is printed and lost.
PyObject* before_collection(PyObject*, PyObject* args) {
  PyObject *get_objects, *info;
  const char* phase;
  if (!PyArg_ParseTuple(args, "OsO!", &get_objects, &phase, &PyDict_Type, &info)) return nullptr;
  PyObject* generation = PyDict_GetItemString(info, "generation");
  bool whole = generation && PyLong_Check(generation) && PyLong_AsLong(generation) == 2;
  if (!whole || std::strcmp(phase, "start") != 0 || !live_nodes()) Py_RETURN_NONE;
  PyObject* objects = PyObject_CallNoArgs(get_objects);
  if (objects && PyList_Check(objects)) track_graphs(objects);
  Py_XDECREF(objects);
  return objects ? Py_NewRef(Py_None) : nullptr;
}

// at_end(function): an object that calls it when it goes, twice if it is interrupted. Where Python would print an error
// and go on, as an interrupt is in a __del__ or in what a weak reference calls, this raises it once ordinary code runs
// again.
int raise_late(void* error) {
  auto* e = static_cast<PyObject*>(error);
  PyErr_SetObject(reinterpret_cast<PyObject*>(Py_TYPE(e)), e);
  Py_DECREF(e);
  return -1;
}
void at_end_came(PyObject* capsule) {
  PyObject *type, *value, *trace, *before[3];
  PyErr_Fetch(&before[0], &before[1], &before[2]);
  Py function(static_cast<PyObject*>(PyCapsule_GetPointer(capsule, nullptr)));
  Py r(PyObject_CallNoArgs(function.get()));
  PyErr_Fetch(&type, &value, &trace);
  if (type) {  // perhaps before it had begun
    Py again(PyObject_CallNoArgs(function.get()));
    if (!again) PyErr_WriteUnraisable(function.get());
  }
  if (type) {
    PyErr_NormalizeException(&type, &value, &trace);
    if (trace) PyException_SetTraceback(value, trace);
    if (Py_AddPendingCall(raise_late, Py_NewRef(value)) < 0) {  // too many wait
      PyErr_SetObject(type, value);
      PyErr_WriteUnraisable(function.get());
      Py_DECREF(value);
    }
  }
  Py_XDECREF(type), Py_XDECREF(value), Py_XDECREF(trace);
  PyErr_Restore(before[0], before[1], before[2]);
}
PyObject* at_end(PyObject*, PyObject* function) {
  if (!PyCallable_Check(function)) return PyErr_Format(PyExc_TypeError, "at_end() expects a function");
  PyObject* capsule = PyCapsule_New(function, nullptr, at_end_came);
  if (capsule) Py_INCREF(function);
  return capsule;
}

PyMethodDef collector_functions[] = {{"before_collection", before_collection, METH_VARARGS, nullptr},
                                     {"at_end", at_end, METH_O, nullptr},
                                     {nullptr, nullptr, 0, nullptr}};

// ---- where the user's code is

bool inside_package(PyObject* filename) {
  static struct {
    PyObject* name = nullptr;
    bool inside = false;
  } seen[16];  // the files of the last calls, which are most often the same again
  auto& last = seen[reinterpret_cast<uintptr_t>(filename) / 16 % 16];
  if (last.name == filename) return last.inside;
  static std::unordered_map<PyObject*, bool> known;  // holds the names
  static std::string package;
  if (package.empty()) {
    Py module(PyImport_ImportModule("wengert"));
    Py file(module ? PyObject_GetAttrString(module.get(), "__file__") : nullptr);
    const char* path = file ? PyUnicode_AsUTF8(file.get()) : nullptr;
    PyErr_Clear();
    package = path ? std::string(path).substr(0, std::string(path).rfind('/') + 1) : "?";
  }
  auto it = known.find(filename);
  if (it == known.end()) {
    const char* s = PyUnicode_AsUTF8(filename);
    bool in = s && std::string(s).compare(0, package.size(), package) == 0;
    it = known.emplace(Py_NewRef(filename), in).first;
  }
  last = {filename, it->second};
  return it->second;
}

Place user_place() {
  PyThreadState* state = PyThreadState_Get();
  PyFrameObject* frame = PyThreadState_GetFrame(state);
  Place place;
  while (frame) {
    PyCodeObject* code = PyFrame_GetCode(frame);
    PyFrameObject* outer = nullptr;
    if (inside_package(code->co_filename)) outer = PyFrame_GetBack(frame);
    if (!outer) {
      place.code = code;
#if PY_VERSION_HEX >= 0x030B0000
      place.instruction = PyFrame_GetLasti(frame);
#else
      place.instruction = frame->f_lasti * 2;
#endif
      Py_DECREF(frame);
      return place;
    }
    Py_DECREF(code);
    Py_DECREF(frame);
    frame = outer;
  }
  return place;
}

// Anomaly mode keeps the whole stack of the line that made a node, as text.
void created_in_anomaly_mode(Node* n) {
  Py module(check(PyImport_ImportModule("wengert.autograd._lines")));
  Py stack(check(PyObject_CallMethod(module.get(), "user_stack", nullptr)));
  NodeExtra& x = extra_of(*n);
  if (!x.metadata) x.metadata = check(PyDict_New());
  check(PyDict_SetItemString(static_cast<PyObject*>(x.metadata), "traceback_", stack.get()));
  if (Node* parent = current_node()) {  // the node whose backward makes this one
    Py induced_by(wrap(Ref<Node>(parent)));
    check(PyDict_SetItemString(static_cast<PyObject*>(x.metadata), "parent_", induced_by.get()));
  }
}

Foreign pack_hook(Foreign hook, Tensor* t) {
  PyObject* r = PyObject_CallOneArg(static_cast<PyObject*>(hook), as_object(t));
  return check(r);
}

Tensor* unpack_hook(Foreign hook, Foreign packed) {
  PyObject* r = check(PyObject_CallOneArg(static_cast<PyObject*>(hook), static_cast<PyObject*>(packed)));
  if (!is_tensor(r)) {
    std::string type = Py_TYPE(r)->tp_name;
    Py_DECREF(r);
    fail(Kind::Type, "Output of saved tensor unpack_hook expected to be a Tensor but got result of type ", type);
  }
  return as_tensor(r);
}

}  // namespace

// ---- Python types of nodes, by name

PyObject* node_call(PyObject* o, PyObject* args, PyObject* kwargs);

static PyObject* refuse_new(PyTypeObject*, PyObject*, PyObject*) {
  PyErr_SetString(PyExc_RuntimeError, "Cannot construct");
  return nullptr;
}

PyTypeObject* node_type(const std::string& name) {
  static std::unordered_map<std::string, PyTypeObject*> types;
  auto [it, fresh] = types.try_emplace(name, nullptr);
  if (!fresh) return it->second;
  static PyType_Slot slots[] = {
      {Py_tp_new, reinterpret_cast<void*>(refuse_new)},   {Py_tp_traverse, reinterpret_cast<void*>(node_traverse)},
      {Py_tp_clear, reinterpret_cast<void*>(node_clear)}, {Py_tp_dealloc, reinterpret_cast<void*>(node_dealloc)},
      {Py_tp_call, reinterpret_cast<void*>(node_call)},   {0, nullptr}};
  auto* kept = new std::string("builtins." + name);  // printed without a module, as torch does
  PyType_Spec spec = {kept->c_str(), int(sizeof(Node)), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC, slots};
  Py bases(PyTuple_Pack(1, NodeType));
  it->second = reinterpret_cast<PyTypeObject*>(check(PyType_FromSpecWithBases(&spec, bases.get())));
  it->second->tp_name = kept->c_str() + std::strlen("builtins.");
  return it->second;
}

namespace {

PyObject* tensor_new(PyTypeObject* type, PyObject* args, PyObject* kwargs);

PyMemberDef tensor_members[] = {{"__weaklistoffset__", T_PYSSIZET, offsetof(Tensor, weakrefs), READONLY, nullptr},
                                {"__dictoffset__", T_PYSSIZET, offsetof(Tensor, dict), READONLY, nullptr},
                                {nullptr, 0, 0, 0, nullptr}};
PyMemberDef node_members[] = {{"__dictoffset__", T_PYSSIZET, offsetof(Node, dict), READONLY, nullptr},
                              {nullptr, 0, 0, 0, nullptr}};

PyObject* tensor_new(PyTypeObject* type, PyObject* args, PyObject* kwargs) {
  return guard<PyObject*>(nullptr, [&]() -> PyObject* {
    // torch.Tensor(…), torch.Tensor(2, 3), Parameter-like subclasses: the package decides (tensor.py).
    static PyObject* make = nullptr;
    if (!make) {
      Py module(check(PyImport_ImportModule("wengert._tensor")));
      make = check(PyObject_GetAttrString(module.get(), "_construct"));
    }
    Py call_args(check(PyTuple_New(PyTuple_GET_SIZE(args) + 1)));
    PyTuple_SET_ITEM(call_args.get(), 0, Py_NewRef(reinterpret_cast<PyObject*>(type)));
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(args); ++i)
      PyTuple_SET_ITEM(call_args.get(), i + 1, Py_NewRef(PyTuple_GET_ITEM(args, i)));
    return check(PyObject_Call(make, call_args.get(), kwargs));
  });
}

int tensor_init(PyObject*, PyObject*, PyObject*) { return 0; }

// Attributes of its own can make a tensor part of a cycle: from then on the collector has to see it.
int tensor_setattro(PyObject* o, PyObject* name, PyObject* value) {
  int r = PyObject_GenericSetAttr(o, name, value);
  if (as_tensor(o)->dict) track(as_tensor(o));
  return r;
}

PyObject* node_new(PyTypeObject* type, PyObject*, PyObject*) {
  if (type == NodeType) {
    PyErr_SetString(PyExc_TypeError, "Node can't be made directly: it is written by the forward pass");
    return nullptr;
  }
  PyObject* o = type->tp_alloc(type, 0);
  if (!o) return nullptr;
  Node* n = as_node(o);
  construct(n);
  n->kind = NodeKind::Function;
  n->sequence = next_sequence();
  n->place = user_place();
  const char* dot = std::strrchr(type->tp_name, '.');
  extra_of(*n).name = dot ? dot + 1 : type->tp_name;
  if (!modes().anomaly) return o;
  Py made(o);
  return guard<PyObject*>(nullptr, [&] {
    created_in_anomaly_mode(n);
    return made.release();
  });
}
int node_init(PyObject*, PyObject*, PyObject*) { return 0; }

PyObject* node_repr(PyObject* self) {
  const char* dot = std::strrchr(Py_TYPE(self)->tp_name, '.');
  return PyUnicode_FromFormat("<%s object at %p>", dot ? dot + 1 : Py_TYPE(self)->tp_name, self);
}

}  // namespace

extern PyGetSetDef node_getset[];
extern PyMethodDef node_methods[];
PyObject* node_getattro(PyObject* o, PyObject* name);

PyObject* wrap(Ref<Node> n) {
  if (!n) return Py_NewRef(Py_None);
  PyObject* o = as_object(n.get());
  if (Py_TYPE(o) == NodeType) {
    std::string name = name_of(*n);
    size_t colon = name.rfind(':');
    PyTypeObject* type = node_type(colon == std::string::npos ? name : name.substr(colon + 1));
    Py_INCREF(type);
    Py_SET_TYPE(o, type);
    Py_DECREF(NodeType);
  }
  n.release();
  if (!PyObject_GC_IsTracked(o)) PyObject_GC_Track(o);
  return o;
}

// A tensor of a Python subclass that shares everything with t but history.
PyObject* make_subclass(PyTypeObject* type, Tensor& t, bool requires_grad) {
  PyObject* o = check(type->tp_alloc(type, 0));
  Tensor* r = as_tensor(o);
  construct(r);
  take_memory(*r, t);
  if (is_meta(t)) mark_meta(*r, true);
  r->inference = modes().inference || t.inference;
  cut_off(*r, t, cuts::kParameter);
  static PyObject* name = PyUnicode_InternFromString("__torch_dispatch__");
  if (_PyType_Lookup(type, name)) mark_dispatching(*r);
  if (requires_grad) {
    Py hold(o);
    set_requires_grad(*r, true, kNotIntegers);
    return hold.release();
  }
  return o;
}

// Tensor._make_subclass(cls, data, require_grad=False)
static PyObject* as_subclass(PyObject*, PyObject* const* args, Py_ssize_t n, PyObject* names) {
  return guard<PyObject*>(nullptr, [&] {
    WG_CHECK_TYPE(
        n >= 2 && PyType_Check(args[0]) && PyType_IsSubtype(reinterpret_cast<PyTypeObject*>(args[0]), TensorType),
        "Creating a Tensor subclass from a class that does not inherit from Tensor is not possible. Make sure your class "
        "inherits from Tensor.");
    WG_CHECK_TYPE(is_tensor(args[1]), "_make_subclass(): argument 'data' (position 2) must be Tensor, not ",
                  Py_TYPE(args[1])->tp_name);
    bool grad = (n > 2 || names) && check(PyObject_IsTrue(args[2]));
    return make_subclass(reinterpret_cast<PyTypeObject*>(args[0]), *as_tensor(args[1]), grad);
  });
}

PyMethodDef make_subclass_def = {"_make_subclass",
                                 reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(as_subclass)),
                                 METH_STATIC | METH_FASTCALL | METH_KEYWORDS, nullptr};

static void fill_host() {
  host.new_tensor = new_tensor;
  host.new_node = new_node_object;
  host.dealloc = dealloc_object;
  host.hold = [](Foreign f) { Py_XINCREF(static_cast<PyObject*>(f)); };
  host.drop = [](Foreign f) { Py_XDECREF(static_cast<PyObject*>(f)); };
  host.place = user_place;
  host.line = [](const Place& p) {
    Py where(check(describe(p)));
    return explain("at", where.get());
  };
  host.created = created_in_anomaly_mode;
  host.track = track;
  host.pack = pack_hook;
  host.unpack = unpack_hook;
  host.leave = []() -> void* { return PyEval_SaveThread(); };
  host.enter = [](void* state) {
    try {
      PyEval_RestoreThread(static_cast<PyThreadState*>(state));
    } catch (const abi::__forced_unwind&) {  // from a destructor it would end the process
      stay();
    }
  };
}

int init_objects(PyObject* module) {
  fill_host();
  std::vector<PyType_Slot> slots = {
      {Py_tp_traverse, reinterpret_cast<void*>(tensor_traverse)},
      {Py_tp_clear, reinterpret_cast<void*>(tensor_clear)},
      {Py_tp_dealloc, reinterpret_cast<void*>(tensor_dealloc)},
      {Py_tp_new, reinterpret_cast<void*>(tensor_new)},
      {Py_tp_init, reinterpret_cast<void*>(tensor_init)},
      {Py_tp_members, tensor_members},
      {Py_tp_getset, tensor_getset},
      {Py_tp_setattro, reinterpret_cast<void*>(tensor_setattro)},
      {Py_tp_iter, reinterpret_cast<void*>(tensor_iter)},
      {Py_mp_subscript, reinterpret_cast<void*>(index_get)},
      {Py_mp_ass_subscript, reinterpret_cast<void*>(index_set)},
      {Py_bf_getbuffer, reinterpret_cast<void*>(tensor_buffer.bf_getbuffer)},
      {Py_bf_releasebuffer, reinterpret_cast<void*>(tensor_buffer.bf_releasebuffer)},
  };
  static std::vector<PyMethodDef> methods;
  for (PyMethodDef* list : {tensor_methods, tensor_data_methods})
    for (PyMethodDef* m = list; m->ml_name; ++m) methods.push_back(*m);
  methods.push_back(make_subclass_def);
  methods.push_back({nullptr, nullptr, 0, nullptr});
  slots.push_back({Py_tp_methods, methods.data()});
  for (PyType_Slot* s = number_slots; s->slot; ++s) slots.push_back(*s);
  slots.push_back({0, nullptr});
  PyType_Spec spec = {"wengert.Tensor", int(sizeof(Tensor)), 0,
                      Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC, slots.data()};
  TensorType = reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&spec));
  if (TensorType) TensorType->tp_name = "Tensor";  // as errors show it
  if (!TensorType || PyModule_AddObjectRef(module, "Tensor", reinterpret_cast<PyObject*>(TensorType)) < 0) return -1;

  PyType_Slot node_slots[] = {{Py_tp_traverse, reinterpret_cast<void*>(node_traverse)},
                              {Py_tp_clear, reinterpret_cast<void*>(node_clear)},
                              {Py_tp_dealloc, reinterpret_cast<void*>(node_dealloc)},
                              {Py_tp_new, reinterpret_cast<void*>(node_new)},
                              {Py_tp_init, reinterpret_cast<void*>(node_init)},
                              {Py_tp_members, node_members},
                              {Py_tp_getset, node_getset},
                              {Py_tp_methods, node_methods},
                              {Py_tp_repr, reinterpret_cast<void*>(node_repr)},
                              {Py_tp_getattro, reinterpret_cast<void*>(node_getattro)},
                              {0, nullptr}};
  PyType_Spec node_spec = {"wengert.autograd.graph.Node", int(sizeof(Node)), 0,
                           Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC, node_slots};
  NodeType = reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&node_spec));
  if (!NodeType || PyModule_AddFunctions(module, collector_functions) < 0) return -1;
  return PyModule_AddObjectRef(module, "Node", reinterpret_cast<PyObject*>(NodeType));
}

PyObject* describe(const Place& p) {
  if (!p.code) return Py_NewRef(Py_None);
  auto* code = static_cast<PyCodeObject*>(p.code);
  return Py_BuildValue("(OiO)", code->co_filename, PyCode_Addr2Line(code, p.instruction), code->co_name);
}

}  // namespace wgpy
