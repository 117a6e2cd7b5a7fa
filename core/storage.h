// Bytes: aligned, counted, cached; and the version counter that views share.
#pragma once
#include <cstddef>
#include <cstdint>

#include "object.h"

namespace wg {

inline constexpr size_t kAlignment = 64;

// Where the loader can place thread storage of a library beside the program's own, it is reached without a call.
#if defined(__GLIBC__)
#define WG_NEAR [[gnu::tls_model("initial-exec")]]
#else
#define WG_NEAR
#endif
// The innermost function transform that is running in this thread; 0: none. Their numbers only grow.
WG_NEAR extern constinit thread_local int64_t running_transform;
int64_t next_transform();  // a number for the next one, or for a moment in time

struct Storage : Shared {
  char* data = nullptr;
  size_t nbytes = 0;
  size_t room = 0;                      // bytes there are, of memory that is ours
  void (*release)(Storage*) = nullptr;  // how borrowed memory is given back; null: data is ours
  void* owner = nullptr;
  int64_t born = running_transform;  // in which transform it was made, or given to as an input
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
