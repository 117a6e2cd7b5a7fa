// Which nodes a backward pass reaches, and which of them it needs.
#include "task.h"

namespace wg {

void reach(Task& task, const std::vector<Edge>& roots) {
  std::vector<Slot*>& stack = task.queue;  // nothing is ready yet
  auto slot_of = [&](const Edge& e) {
    Slot* slot = task.find(e.node.get());
    if (!slot) {
      slot = &task.add(e.node.get());
      stack.push_back(slot);
    }
    return slot;
  };
  for (const Edge& e : roots) slot_of(e);
  while (!stack.empty()) {
    Node* n = stack.back()->node.get();
    stack.pop_back();
    for (const Edge& e : n->edges)
      if (e.node) ++slot_of(e)->waiting;
  }
}

void select(Task& task, const Sweep& sweep) {
  for (const auto& slot : task.slots()) slot->needed = false;
  for (size_t i = 0; i < sweep.inputs.size(); ++i) {
    Slot* slot = task.find(sweep.inputs[i].node.get());
    if (!slot) continue;
    if (sweep.accumulate)
      slot->needed = true;  // a tensor that is no leaf retains its gradient
    else
      slot->captures.push_back({sweep.inputs[i].nr, int(i)});
  }
  // Depth first without recursion: a node is needed when one behind it is.
  std::unordered_map<Node*, bool> wanted;
  std::vector<std::pair<Node*, uint32_t>> stack;
  auto begin = [&](Node* n) {
    auto [it, fresh] = wanted.try_emplace(n, false);
    if (fresh) {
      Slot* slot = task.find(n);
      it->second = slot->needed || !slot->captures.empty();
      stack.push_back({n, 0});
    }
    return fresh;
  };
  for (const Edge& root : sweep.roots) {
    begin(root.node.get());
    while (!stack.empty()) {
      auto& [n, next] = stack.back();
      Node* node = n;
      if (next < node->edges.size()) {
        Node* child = node->edges[next++].node.get();
        if (child) begin(child);
        continue;
      }
      stack.pop_back();
      for (const Edge& e : node->edges)
        if (e.node && wanted[e.node.get()]) task.find(node)->needed = true;
      if (task.find(node)->needed) wanted[node] = true;
    }
  }
}

}  // namespace wg
