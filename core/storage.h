// Bytes: aligned, counted, cached; and the version counter that views share.
#pragma once
#include <cstddef>
#include <cstdint>

#include "object.h"

namespace wg {

inline constexpr size_t kAlignment = 64;

struct Storage : Shared {
  char* data = nullptr;
  size_t nbytes = 0;
  size_t room = 0;                      // bytes there are, of memory that is ours
  void (*release)(Storage*) = nullptr;  // how borrowed memory is given back; null: data is ours
  void* owner = nullptr;
  bool resizable = true;
  int32_t lent = 0;  // views of its bytes that others hold (NumPy arrays, memoryviews): it stays where it is
  bool may_move() const { return resizable && lent == 0; }
};
void destroy(Storage*);

// Uninitialised memory, 64-byte aligned. MemoryError (torch: RuntimeError "... can't allocate memory") when there is
// none.
Own<Storage> new_storage(size_t nbytes);
Own<Storage> borrow_storage(void* data, size_t nbytes, void* owner, void (*release)(Storage*));
// Keeps the bytes that fit. Making it smaller frees nothing: tensors that see the bytes behind the new end still may.
void resize_storage(Storage&, size_t nbytes);
size_t allocated_bytes();  // of live storages: for leak tests and reports
void empty_cache();

// Bumped by every in-place write; shared by a base, its views and detach().
struct Version : Shared {
  uint32_t value = 0;
  Place writer;  // the line of the last write
  void written() {
    ++value;
    if (writer.code) host.drop(writer.code);
    writer = host.place();
  }
  ~Version() {
    if (writer.code) host.drop(writer.code);
  }
};
inline void destroy(Version* v) { delete v; }

}  // namespace wg
