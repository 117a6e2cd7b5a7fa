// The state of one backward pass: a slot for each node that it reaches.
#pragma once
#include <memory>
#include <unordered_map>

#include "defer.h"

namespace wg {

struct Slot {
  Ref<Node> node;
  Gradients buffer;                       // one an output
  std::vector<Own<Expression>> deferred;  // … or, where large elementwise derivatives wait, what it will be
  int32_t waiting = 0;
  bool needed = true;
  std::vector<std::pair<uint32_t, int>> captures;  // output -> position among the inputs
};

// The state of one pass. A node remembers its slot; a node that another pass holds is looked up in a map.
class Task {
  using Pool = std::vector<std::unique_ptr<Slot>>;
  static constexpr size_t kKept = 1024;
  static Pool& pool() {  // slots of passes that are over, kept with their buffers' memory
    thread_local Pool p;
    return p;
  }
  static Pool& spare() {  // the memory of the last pass's list
    thread_local Pool p;
    return p;
  }
  Pool slots_ = std::move(spare());
  std::unordered_map<Node*, uint32_t> elsewhere_;

 public:
  ~Task() {
    for (auto& s : slots_) {
      if (s->node->task == this) s->node->task = nullptr;
      s->node.reset();
      s->buffer.clear();
      s->deferred.clear();
      s->captures.clear();
      s->waiting = 0;
      s->needed = true;
    }
    while (!slots_.empty() && pool().size() < kKept) {
      pool().push_back(std::move(slots_.back()));
      slots_.pop_back();
    }
    slots_.clear();
    spare() = std::move(slots_);
  }
  Slot* find(Node* n) {
    if (n->task == this) return slots_[n->slot].get();
    if (elsewhere_.empty()) return nullptr;
    auto it = elsewhere_.find(n);
    return it == elsewhere_.end() ? nullptr : slots_[it->second].get();
  }
  Slot& add(Node* n) {
    auto k = uint32_t(slots_.size());
    if (pool().empty()) {
      slots_.push_back(std::make_unique<Slot>());
    } else {
      slots_.push_back(std::move(pool().back()));
      pool().pop_back();
    }
    slots_.back()->node = Ref<Node>(n);
    if (!n->task) {
      n->task = this;
      n->slot = k;
    } else {
      elsewhere_[n] = k;
    }
    return *slots_.back();
  }
  std::vector<std::unique_ptr<Slot>>& slots() { return slots_; }
};

}  // namespace wg
