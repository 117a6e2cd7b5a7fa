// The tape: nodes, edges, saved tensors with their versions, modes, hooks, views.
#pragma once
#include <memory>
#include <vector>

#include "op.h"

namespace wg {

// A short list whose length is fixed when it is made: N inline, more on the heap.
template <class T, int N>
class Few {
  uint32_t n_ = 0;
  alignas(T) char inline_[sizeof(T) * N];
  std::unique_ptr<T[]> heap_;

 public:
  Few() {}
  ~Few() { clear(); }
  Few(const Few&) = delete;
  void resize(uint32_t n) {
    clear();
    n_ = n;
    if (n > N)
      heap_.reset(new T[n]);
    else
      for (uint32_t i = 0; i < n; ++i) new (inline_ + i * sizeof(T)) T();
  }
  void clear() {
    if (heap_)
      heap_.reset();
    else if constexpr (!std::is_trivially_destructible_v<T>)
      for (uint32_t i = 0; i < n_; ++i) (*this)[i].~T();
    n_ = 0;
  }
  uint32_t size() const { return n_; }
  T& operator[](uint32_t i) { return heap_ ? heap_[i] : *std::launder(reinterpret_cast<T*>(inline_ + i * sizeof(T))); }
  const T& operator[](uint32_t i) const { return const_cast<Few&>(*this)[i]; }
  T* begin() { return n_ ? &(*this)[0] : nullptr; }
  T* end() { return begin() + n_; }
};

struct Edge {
  Ref<Node> node;
  uint32_t nr = 0;
};

// What a node keeps of the forward pass.
struct Saved {
  Held value;  // a tensor (an output is kept as an alias without history), or any other value
  uint32_t version = 0;
  int16_t output = -1;       // it is this output of the node
  bool hooked = false;       // value is a foreign object that a pack hook made
  Foreign unpack = nullptr;  // … and the hook that turns it back
};

struct OutputMeta {
  Dims sizes;
  DType dtype = DType::Float32;
};

enum class NodeKind : uint8_t { Op, Accumulate, Function, CopySlices, AsStrided, Error };

// A hook: an object of the host, kept in the order of registration under an id by which it can be removed.
struct Hook {
  Foreign call;
  int64_t id;
};

// The hooks of a list, held while they run: one may remove another, or itself.
class HeldHooks {
  std::vector<Hook> hooks_;

 public:
  explicit HeldHooks(const std::vector<Hook>& hooks) : hooks_(hooks) {
    for (const Hook& h : hooks_) host.hold(h.call);
  }
  ~HeldHooks() {
    for (const Hook& h : hooks_) host.drop(h.call);
  }
  HeldHooks(const HeldHooks&) = delete;
  auto begin() const { return hooks_.begin(); }
  auto end() const { return hooks_.end(); }
};

struct CopySlices;

// On the way from a base to its view, a tensor seen through another dtype: complex numbers as pairs, or pairs as
// complex numbers. The geometry is that of the tensor before.
struct Crossing {
  const OpDef* op;
  Dims sizes, strides;
  int64_t offset;
};
using Crossings = std::shared_ptr<const std::vector<Crossing>>;  // null: the view has its base's dtype

// The rarely needed parts of a node.
struct NodeExtra {
  std::vector<std::vector<Hook>> tensor_hooks;  // by output (or, of AccumulateGrad, one list)
  std::vector<Hook> pre_hooks, post_hooks;
  std::vector<Tensor*> retains;  // by output: the tensor that keeps its gradient (weak), or null
  Foreign metadata = nullptr;    // the host's dict
  Foreign parent = nullptr;      // anomaly mode: the node whose backward made this one
  std::unique_ptr<CopySlices> slices;
  std::string name;  // of Function nodes and errors
  std::vector<std::pair<uint32_t, Edge>>
      packed;  // saved inputs that a pack hook has taken: where their history goes on
};

struct Node : Object {
  NodeKind kind = NodeKind::Op;
  bool freed = false;  // saved values were released by a backward pass
  bool uses_saved = false;
  uint64_t sequence = 0;
  const OpDef* op = nullptr;
  Program* program = nullptr;  // of an Op node whose rule is native
  uint64_t mask = 0;           // the diff args that need a gradient
  Few<Edge, 2> edges;
  Few<Saved, 2> saved;
  Few<OutputMeta, 1> outputs;
  Place place;
  NodeExtra* extra = nullptr;
  void* dict = nullptr;  // the host's attribute dictionary (Function contexts)
  void* weakrefs = nullptr;
  Own<Cut> cut;          // of a tensor that went in without a history
  void* task = nullptr;  // the backward pass that is using `slot`
  uint32_t slot = 0;
};

// A write through a view: the gradient of the base is that of `fn` in the view's place, itself elsewhere.
struct CopySlices {
  Dims base_sizes, base_strides, sizes, strides;
  int64_t base_offset = 0, offset = 0;
  Crossings crossings;
  Ref<Node> fn;
};

enum class Creation : uint8_t { Default, NoGrad, Inference, MultiOutput, CustomFunction };

inline constexpr int8_t kAnyDType = -2;

// The rarely needed parts of a tensor.
struct Extra {
  TensorRef grad;
  Node* accumulate = nullptr;    // weak: the node clears it
  std::vector<Hook> hooks;       // of a leaf
  std::vector<Hook> post_hooks;  // after accumulation
  bool retains_grad = false;
  Node* retained_by = nullptr;  // weak: the node that writes it, whose list names this tensor
  int64_t made = 0;             // of a leaf that a transform has made, or that was made inside of one: when
  int8_t grad_dtype = -1;       // of .grad: a DType; -1: the tensor's own; kAnyDType
  // Views:
  TensorRef base;
  Crossings crossings;
  Creation creation = Creation::Default;
  uint32_t attr_version = 0;  // the version at which grad_fn was right
  Place place;                // where a view was made under no_grad
  Foreign payload = nullptr;  // of a tensor that a transform has wrapped: its data (vmap: level, dim, value)
};
Extra& extra_of(Tensor& t);

Ref<Node> new_node(NodeKind kind, const OpDef* op);
void construct(Node* n);
void destruct(Node* n);
NodeExtra& extra_of(Node& n);
std::string name_of(const Node& n);  // "MulBackward0", "torch::autograd::CopySlices"
int64_t live_nodes();
void drop_history(Tensor& t);  // lets go of grad_fn without recursion
void drop_extra(Tensor& t);    // … and of all else
// Output `nr` of node is t: the gradient that arrives there becomes t.grad.
void retain_gradient(Tensor& t, Node& node, uint32_t nr);
uint64_t next_sequence();
uint64_t peek_sequence();

// Modes, per thread.
struct Modes {
  bool grad = true;
  bool own = false;  // grad is off for an op's or a sweep's own sake, not the user's
  bool inference = false;
  bool anomaly = false;
  int64_t taped = 0;  // the innermost transform that differentiates: what is older than it must not be written
  int batching = 0;   // how many vmaps are running: ops that draw numbers then go to the interpreter
  bool anomaly_nan = true, anomaly_inf = false, anomaly_forward = false;
  Foreign pack = nullptr, unpack = nullptr;  // the innermost saved-tensor hooks
  Foreign before_write = nullptr;            // called with every tensor that is about to be written in place
};
WG_NEAR extern constinit thread_local Modes the_modes;  // every op asks for them several times
inline Modes& modes() { return the_modes; }
struct GradMode {  // sets the grad mode for a scope
  Modes& m = modes();
  bool before = m.grad, own_before = m.own;
  explicit GradMode(bool on) {
    m.grad = on;
    m.own |= !on;
  }
  ~GradMode() {
    m.grad = before;
    m.own = own_before;
  }
};

// The edge on which t's gradient travels: its grad_fn's, or its accumulator's (made when needed).
Edge gradient_edge(Tensor& t);
Ref<Node> accumulator(Tensor& leaf);
// The grad_fn of t, made anew when t is a view whose base was written since.
Ref<Node> grad_fn_of(Tensor& t);
inline bool requires_grad(const Tensor& t) {
  return t.needs_grad() || (t.extra && t.extra->base && t.extra->base->needs_grad());
}
inline constexpr const char* kRealOnly = "only Tensors of floating point dtype can require gradients";
inline constexpr const char* kNotIntegers = "Only Tensors of floating point and complex dtype can require gradients";
void set_requires_grad(Tensor& t, bool on, const char* refusal = kRealOnly);
inline bool is_view(const Tensor& t) { return t.extra && t.extra->base; }
// Makes `view` a tracked view of t (of t's base when t is a view).
void mark_view(Tensor& view, Tensor& t, Creation creation, const OpDef* op);
// Where a view lies in its base: `base`, seen so (recorded where the mode says so). `shift`: by how many elements of
// the base the offsets are to be lowered.
TensorRef seen_through(TensorRef base, const Crossings& crossings, const Dims& sizes, const Dims& strides,
                       int64_t offset, int64_t shift = 0);
// Calls modes().before_write.
void announce_write(Tensor& t);
// Refuses a write to a tensor that the function inside a transform has not made and was not given.
[[noreturn]] void refuse_captured(const std::string& op);
inline void check_captured(const Tensor& t, const char* op) {
  if (t.storage->born < modes().taped) refuse_captured(op);
}
// Refuses an in-place write to t that autograd can't follow (torch's rules and messages).
void check_inplace(Tensor& t, bool recording);
// After a write into t recorded as output `nr` of `node`.
void rebase_history(Tensor& t, Ref<Node> node, uint32_t nr);
TensorRef detach(Tensor& t);

// What can cut a graph.
namespace cuts {
inline constexpr const char *kNoDerivative = "made by {op} (no derivative)",
                            *kInteger = "made by {op} (integer result)", *kNoGrad = "made under no_grad",
                            *kInference = "made under inference_mode", *kDetach = "`.detach()`",
                            *kDetachInPlace = "`.detach_()`", *kData = "`.data`", *kRebuilt = "rebuilt by tensor(...)",
                            *kNumber = "a number taken out by `.item()`",
                            *kSweep = "a gradient made without create_graph=True", *kParameter = "made a new leaf",
                            *kFunction = "an autograd.Function's output without a derivative";
}
// Notes on `t` that it was cut off from `from`, here; when `from` was itself cut off before, that is where.
void cut_off(Tensor& t, const Tensor& from, const char* how);
Own<Cut> new_cut(const char* how, const char* op);  // at the line that is running

void save(Node& n, uint32_t i, const Value& v, int output);  // -1: an input
// Where a node saved argument (Leaf::Arg) or output (Leaf::Out) `index`; -1: it did not.
int saved_at(const Node& n, bool output, int index);
// What was saved there (of a list: the tensor among it) and was written since; or null.
Tensor* overwritten(const Saved& s);
// The saved value: checks the version; raises torch's errors. With history when `recording`.
Held unpack(Node& n, uint32_t i, bool recording);
// Gives what input or output i keeps to a hook now; `unpack` brings it back (both are held).
void hook_saved(Node& n, uint32_t i, Foreign pack, Foreign unpack);
void release_saved(Node& n);
[[noreturn]] void fail_second_time(const Node& n);

}  // namespace wg
