// Reference counting shared with the host language: a Tensor or a Node *is* a host object (its header comes first).
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

namespace wg {

// The layout of a host (Python) object's header; bindings/ asserts that it is. The core never looks at `type`.
struct Object {
#if defined(WG_REFCOUNT_32)  // CPython >= 3.14 keeps flags in the upper half of the word
  uint32_t refs;
  uint32_t flags;
#else
  intptr_t refs;
#endif
  void* type;
};

struct Tensor;
struct Node;
struct OpDef;
struct Program;
struct Call;

// A host object the core only holds (a hook, a code object, attributes of any type).
using Foreign = void*;

// Where a node was made: a code object of the host and the index of the instruction.
struct Place {
  Foreign code = nullptr;
  int instruction = -1;
};

// What the core asks of its host. The defaults (object.cpp) suit a C++ program without one.
struct Host {
  Tensor* (*new_tensor)();  // memory with a header, refs == 1; fields not yet constructed
  Node* (*new_node)();
  void (*dealloc)(Object*);  // called when refs has become 0
  void (*hold)(Foreign);     // count a reference to a foreign object up, down
  void (*drop)(Foreign);
  Place (*place)();                        // the line of user code that is running (code is owned by the caller)
  std::string (*line)(const Place&);       // " at file:line" for an error, or nothing
  void (*created)(Node*);                  // anomaly mode: a node was made
  void (*track)(Tensor*);                  // the tensor now holds objects that could form a cycle
  Foreign (*pack)(Foreign hook, Tensor*);  // saved-tensor hooks: what to keep instead of the tensor …
  Tensor* (*unpack)(Foreign hook, Foreign packed);  // … and the tensor again (owned by the caller)
  void* (*leave)();                                 // let other threads of the host run during a long kernel …
  void (*enter)(void*);                             // … and come back
};
extern Host host;

inline void incref(Object* o) { ++o->refs; }
inline void decref(Object* o) {
  if (--o->refs == 0) host.dealloc(o);
}

// Owning pointer to a Tensor or a Node.
template <class T>
class Ref {
  T* p_ = nullptr;

 public:
  Ref() = default;
  Ref(std::nullptr_t) {}
  explicit Ref(T* borrowed) : p_(borrowed) {
    if (p_) incref(p_);
  }
  static Ref take(T* owned) {
    Ref r;
    r.p_ = owned;
    return r;
  }
  Ref(const Ref& o) : p_(o.p_) {
    if (p_) incref(p_);
  }
  Ref(Ref&& o) noexcept : p_(std::exchange(o.p_, nullptr)) {}
  Ref& operator=(Ref o) noexcept {
    std::swap(p_, o.p_);
    return *this;
  }
  ~Ref() { reset(); }
  void reset() {
    if (T* p = std::exchange(p_, nullptr)) decref(p);
  }
  T* release() { return std::exchange(p_, nullptr); }
  T* get() const { return p_; }
  T* operator->() const { return p_; }
  T& operator*() const { return *p_; }
  explicit operator bool() const { return p_ != nullptr; }
  bool operator==(const Ref& o) const { return p_ == o.p_; }
};

// Base of what only the core counts (storages, version counters, boxed values). Guarded by the host's lock.
struct Shared {
  intptr_t uses = 0;
};

template <class T>
class Own {
  T* p_ = nullptr;

 public:
  Own() = default;
  Own(std::nullptr_t) {}
  explicit Own(T* p) : p_(p) {
    if (p_) ++p_->uses;
  }
  Own(const Own& o) : Own(o.p_) {}
  Own(Own&& o) noexcept : p_(std::exchange(o.p_, nullptr)) {}
  Own& operator=(Own o) noexcept {
    std::swap(p_, o.p_);
    return *this;
  }
  ~Own() {
    if (p_ && --p_->uses == 0) destroy(p_);
  }
  T* get() const { return p_; }
  T* operator->() const { return p_; }
  T& operator*() const { return *p_; }
  explicit operator bool() const { return p_ != nullptr; }
};

}  // namespace wg
