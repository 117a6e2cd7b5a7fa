// Storages: small ones carry their bytes behind the header and live in free lists; large blocks are kept for re-use.
#include "storage.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <map>
#include <new>
#include <vector>

#include "error.h"

namespace wg {
namespace {

constexpr size_t kHeader = 128;  // a Storage, rounded up so that the bytes behind it are aligned
constexpr size_t kSmall = 2048;  // largest inline block
constexpr size_t kCacheLimit = size_t(1) << 30;
constexpr int kFreePerClass = 4096;
static_assert(sizeof(Storage) <= kHeader);

size_t live_bytes = 0, cached_bytes = 0;
std::vector<void*>& free_small(size_t n) {
  static auto* lists = new std::vector<void*>[kSmall / kAlignment + 1];
  return lists[n / kAlignment];
}
std::multimap<size_t, void*>& free_large() {
  static auto* m = new std::multimap<size_t, void*>;
  return *m;
}

size_t round_up(size_t n, size_t to) { return (n + to - 1) / to * to; }
// Large blocks come in steps of about an eighth of their size, so that a freed one fits the next request.
size_t block_size(size_t n) {
  size_t step = 4096;
  while (step * 8 < n) step *= 2;
  return round_up(n, step);
}

[[noreturn]] void out_of_memory(size_t n) {
  fail(Kind::Runtime, "DefaultCPUAllocator: can't allocate memory: you tried to allocate ", n,
       " bytes. Error code 12 (Cannot allocate memory)");
}

void* new_block(size_t n) {
  auto& cache = free_large();
  if (auto it = cache.find(n); it != cache.end()) {
    void* p = it->second;
    cache.erase(it);
    cached_bytes -= n;
    return p;
  }
  void* p = n > (size_t(1) << 47) ? nullptr : std::aligned_alloc(kAlignment, n);
  if (!p) {
    empty_cache();
    p = n > (size_t(1) << 47) ? nullptr : std::aligned_alloc(kAlignment, n);
  }
  return p;
}

void free_block(void* p, size_t n) {
  if (cached_bytes + n > kCacheLimit) {
    std::free(p);
    return;
  }
  cached_bytes += n;
  free_large().emplace(n, p);
}

bool is_inline(const Storage* s) { return s->data == reinterpret_cast<const char*>(s) + kHeader; }
size_t inline_class(size_t n) { return round_up(n ? n : 1, kAlignment); }

}  // namespace

Own<Storage> new_storage(size_t nbytes) {
  Storage* s;
  if (nbytes <= kSmall) {
    size_t size = inline_class(nbytes);
    auto& list = free_small(size);
    void* p;
    if (!list.empty()) {
      p = list.back();
      list.pop_back();
    } else if (!(p = std::aligned_alloc(kAlignment, kHeader + size))) {
      out_of_memory(nbytes);
    }
    s = new (p) Storage;
    s->data = static_cast<char*>(p) + kHeader;
    s->room = size;
  } else {
    const size_t room = block_size(nbytes);
    void* data = new_block(room);
    if (!data) out_of_memory(nbytes);
    s = new (std::aligned_alloc(kAlignment, kHeader)) Storage;
    s->data = static_cast<char*>(data);
    s->room = room;
  }
  s->nbytes = nbytes;
  live_bytes += nbytes;
  return Own<Storage>(s);
}

Own<Storage> borrow_storage(void* data, size_t nbytes, void* owner, void (*release)(Storage*)) {
  auto* s = new (std::aligned_alloc(kAlignment, kHeader)) Storage;
  s->data = static_cast<char*>(data);
  s->nbytes = nbytes;
  s->owner = owner;
  s->release = release;
  s->resizable = false;
  return Own<Storage>(s);
}

void destroy(Storage* s) {
  if (s->release) {
    s->release(s);
    std::free(s);
    return;
  }
  live_bytes -= s->nbytes;
  if (!is_inline(s)) {
    free_block(s->data, s->room);
    std::free(s);
    return;
  }
  auto& list = free_small(s->room);
  if (list.size() < kFreePerClass)
    list.push_back(s);
  else
    std::free(s);
}

void resize_storage(Storage& s, size_t nbytes) {
  WG_CHECK(s.may_move(), "Trying to resize storage that is not resizable");
  if (nbytes > s.room) {
    const size_t room = block_size(std::max(nbytes, kSmall + 1));
    void* data = new_block(room);
    if (!data) out_of_memory(nbytes);
    std::memcpy(data, s.data, s.nbytes);
    // An inline block can't move: its header outlives its bytes, and is freed as that of a plain block (see destroy).
    if (!is_inline(&s)) free_block(s.data, s.room);
    s.data = static_cast<char*>(data);
    s.room = room;
  }
  live_bytes += nbytes - s.nbytes;
  s.nbytes = nbytes;
}

size_t allocated_bytes() { return live_bytes; }

void empty_cache() {
  for (auto& [n, p] : free_large()) std::free(p);
  free_large().clear();
  cached_bytes = 0;
}

}  // namespace wg
