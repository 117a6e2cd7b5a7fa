// The state of one backward pass: a slot for each node that it reaches.
#pragma once
#include <memory>
#include <span>
#include <unordered_map>

#include "defer.h"
#include "engine.h"

namespace wg {

struct Slot {
  Ref<Node> node;
  Gradients buffer;                       // one an output
  std::vector<Own<Expression>> deferred;  // … or, where large elementwise derivatives wait, what it will be
  int32_t waiting = 0;
  bool needed = true;
  std::vector<Product> products;  // to be added to the first gradient
  std::vector<Product> in_work;   // … being added to it in the background: nobody touches it
  std::unique_ptr<Background> work;
  std::vector<std::pair<uint32_t, int>> captures;  // output -> position among the inputs

  // One gradient is still to come, the first, and nobody but the node looks at it.
  bool private_way() const {
    return waiting == 1 && buffer.empty() && deferred.empty() && needed && captures.empty() && !node->extra;
  }
};

// The state of one pass. A node remembers its slot; a node that another pass holds is looked up in a map.
class Task {
  static constexpr size_t kKept = 1024;
  // What passes over and over again use: slots with their buffers, the queue, the list of a node's results.
  struct Memory {
    std::vector<std::unique_ptr<Slot>> slots;
    std::vector<Slot*> queue;
    Gradients out;
  };
  static Memory& spare() {
    thread_local Memory m;
    return m;
  }
  Memory memory_ = std::move(spare());
  size_t used_ = 0;  // of memory_.slots, the first ones
  std::unordered_map<Node*, uint32_t> elsewhere_;

 public:
  std::vector<Slot*>& queue = memory_.queue;
  Gradients& out = memory_.out;

  Task() = default;
  Task(const Task&) = delete;
  ~Task() {
    for (size_t i = 0; i < used_; ++i) {
      Slot& s = *memory_.slots[i];
      if (s.node->task == this) s.node->task = nullptr;
      s.node.reset();
      s.buffer.clear();
      s.deferred.clear();
      s.products.clear();
      s.work.reset();
      s.in_work.clear();
      s.captures.clear();
      s.waiting = 0;
      s.needed = true;
    }
    if (memory_.slots.size() > kKept) memory_.slots.resize(kKept);
    queue.clear();
    out.clear();
    spare() = std::move(memory_);
  }
  Slot* find(Node* n) {
    if (n->task == this) return memory_.slots[n->slot].get();
    if (elsewhere_.empty()) return nullptr;
    auto it = elsewhere_.find(n);
    return it == elsewhere_.end() ? nullptr : memory_.slots[it->second].get();
  }
  Slot& add(Node* n) {
    auto k = uint32_t(used_);
    if (k == memory_.slots.size()) memory_.slots.push_back(std::make_unique<Slot>());
    Slot& s = *memory_.slots[k];
    if (n->task) elsewhere_[n] = k;
    ++used_;  // from here on nothing can fail: the destructor looks at what is counted
    s.node = Ref<Node>(n);
    if (!n->task) {
      n->task = this;
      n->slot = k;
    }
    return s;
  }
  std::span<const std::unique_ptr<Slot>> slots() const { return {memory_.slots.data(), used_}; }
};

// Gives every node that can be reached a slot and counts the edges into each.
void reach(Task& task, const std::vector<Edge>& roots);
// Marks what leads to the sweep's inputs; everything else is not run.
void select(Task& task, const Sweep& sweep);

// Whether nobody else holds a gradient: it may be written.
inline bool exclusive(const TensorRef& t) { return t->refs == 1 && t->storage->uses == 1 && !t->extra; }

// A view of all of something that nobody else holds (the transpose of a product): the same memory as a tensor of its
// own.
inline void own(TensorRef& t) {
  if (t->wrapped || t->refs != 1 || t->storage->uses != 2 || !is_view(*t)) return;
  const TensorRef& base = t->extra->base;
  if (base->refs == 1 && base->numel == t->numel && base->dtype == t->dtype && t->extra->hooks.empty())
    t = alias(*t, t->sizes, t->strides, t->offset);
}

}  // namespace wg
