// The default host: a plain C++ program. bindings/ replaces it by Python.
#include <cstdlib>

#include "tape.h"

namespace wg {
namespace {

Tensor* plain_tensor() {
  auto* t = static_cast<Tensor*>(std::malloc(sizeof(Tensor)));
  t->refs = 1;
  t->type = nullptr;
  return t;
}
Node* plain_node() {
  auto* n = static_cast<Node*>(std::malloc(sizeof(Node)));
  n->refs = 1;
  n->type = &host;  // tells the two apart
  return n;
}
void plain_dealloc(Object* o) {
  if (o->type)
    destruct(static_cast<Node*>(o));
  else
    destruct(static_cast<Tensor*>(o));
  std::free(o);
}

}  // namespace

Host host = {
    plain_tensor,
    plain_node,
    plain_dealloc,
    [](Foreign) {},
    [](Foreign) {},
    [] { return Place{}; },
    [](const Place&) { return std::string(); },
    [](Node*) {},
    [](Tensor*) {},
    nullptr,
    nullptr,
    []() -> void* { return nullptr; },
    [](void*) {},
};

}  // namespace wg
