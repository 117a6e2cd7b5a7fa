// Storages: small ones carry their bytes behind the header and live in free lists; large blocks are kept for re-use.
#include "storage.h"

#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <map>
#include <new>
#include <vector>

#include "error.h"

namespace wg {

constinit thread_local int64_t running_transform = 0;
int64_t next_transform() {
  static std::atomic<int64_t> last = 0;
  return ++last;
}

namespace {

constexpr size_t kHeader = 128;   // a Storage, rounded up so that the bytes behind it are aligned
constexpr size_t kSmall = 32768;  // largest inline block
constexpr size_t kCacheLimit = size_t(1) << 30;
constexpr size_t kFreePerClass = 4096, kFreeBytesPerClass = size_t(4) << 20;  // kept of one size: whichever is fewer
constexpr size_t kHugePage = size_t(2) << 20;
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

void* fresh_block(size_t n) {
  if (n > (size_t(1) << 47)) return nullptr;
  if (n < kHugePage) return std::aligned_alloc(kAlignment, n);
  void* p = nullptr;
  if (posix_memalign(&p, kHugePage, n) != 0) return nullptr;
#ifdef MADV_HUGEPAGE
  madvise(p, n, MADV_HUGEPAGE);  // a hint: fewer faults and address translations; its failure changes nothing
#endif
  return p;
}

void* new_block(size_t n) {
  auto& cache = free_large();
  // The block that was freed last: what of it is still in the processor's caches need not be fetched again.
  if (auto it = cache.upper_bound(n); it != cache.begin() && (--it)->first == n) {
    void* p = it->second;
    cache.erase(it);
    cached_bytes -= n;
    return p;
  }
  void* p = fresh_block(n);
  if (!p) {
    empty_cache();
    p = fresh_block(n);
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

char* block_for(size_t nbytes) {
  char* data = static_cast<char*>(new_block(block_size(nbytes)));
  if (!data) out_of_memory(nbytes);
  return data;
}

Storage* new_header(size_t extra = 0) {
  void* p = std::aligned_alloc(kAlignment, kHeader + extra);
  if (!p) out_of_memory(kHeader + extra);
  return new (p) Storage;
}

}  // namespace

Own<Storage> new_storage(size_t nbytes) {
  Storage* s;
  if (nbytes <= kSmall) {
    size_t room = round_up(nbytes ? nbytes : 1, kAlignment);
    auto& list = free_small(room);
    if (!list.empty()) {
      s = new (list.back()) Storage;
      list.pop_back();
    } else {
      s = new_header(room);
    }
    s->data = reinterpret_cast<char*>(s) + kHeader;
    s->room = room;
  } else {
    char* data = block_for(nbytes);
    s = new_header();
    s->data = data;
    s->room = block_size(nbytes);
  }
  s->nbytes = nbytes;
  live_bytes += nbytes;
  return Own<Storage>(s);
}

Own<Storage> borrow_storage(void* data, size_t nbytes, void* owner, void (*release)(Storage*)) {
  Storage* s = new_header();
  s->data = static_cast<char*>(data);
  s->nbytes = s->room = nbytes;
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
  if (list.size() < std::min(kFreePerClass, kFreeBytesPerClass / s->room))
    list.push_back(s);
  else
    std::free(s);
}

void resize_storage(Storage& s, size_t nbytes) {
  WG_CHECK(s.may_move(), "Trying to resize storage that is not resizable");
  if (nbytes > s.room) {
    char* data = block_for(nbytes);
    std::memcpy(data, s.data, s.nbytes);
    // Inline bytes are freed with their header, which heads a plain block from here on.
    if (!is_inline(&s)) free_block(s.data, s.room);
    s.data = data;
    s.room = block_size(nbytes);
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
