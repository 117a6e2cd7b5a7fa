// The pool of threads behind parallel_for: started when first needed, restarted after a fork.
#include "parallel.h"

#include <pthread.h>
#include <sched.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <condition_variable>
#include <cstdlib>
#include <exception>
#include <mutex>
#include <new>
#include <thread>
#include <utility>

#include "error.h"
#include "object.h"

namespace wg {
namespace {

constexpr int kMaxPieces = 64;  // enough to balance the load of many threads, few enough to cost nothing
constexpr int kMaxThreads = 1024;
constexpr int kSpins = 20000;  // about 200 microseconds: the time between two kernels of one training step

thread_local bool inside = false;  // this thread is running a piece: nested loops run serially

void relax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

// One loop in progress. Each thread has a share of the pieces, the same one whenever a loop of this length runs, so
// that what it wrote last time is in the caches next to it; a thread that is through helps the others.
struct Job {
  const std::function<void(int64_t, int64_t)>& body;
  const int64_t n, piece, pieces;
  const int threads;                           // at most one for each piece
  std::atomic<int64_t> next[kMaxPieces] = {};  // of each thread: how many pieces of its share are taken
  std::atomic<bool> failed{false};
  std::exception_ptr error;
  std::mutex error_lock;

  Job(const std::function<void(int64_t, int64_t)>& f, int64_t total, int64_t step, int64_t count, int many)
      : body(f), n(total), piece(step), pieces(count), threads(many) {}

  void work(int thread) {
    bool before = std::exchange(inside, true);
    for (int k = 0; k < threads; ++k) work_on((thread + k) % threads);
    inside = before;
  }
  void work_on(int share) {
    const int64_t first = pieces * share / threads, end = pieces * (share + 1) / threads;
    while (!failed.load(std::memory_order_relaxed)) {
      const int64_t at = first + next[share].fetch_add(1, std::memory_order_relaxed);
      if (at >= end) return;
      try {
        body(at * piece, std::min(n, (at + 1) * piece));
      } catch (...) {
        std::lock_guard<std::mutex> hold(error_lock);
        if (!failed.exchange(true)) error = std::current_exception();
      }
    }
  }
};

// While it lives, threads are made that never take a signal: the host's handlers count on its own threads to run them,
// and its loop might not look for a signal that another thread took.
struct NoSignals {
  sigset_t before;
  NoSignals() {
    sigset_t all;
    sigfillset(&all);
    for (int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT}) sigdelset(&all, fault);  // of the thread itself
    pthread_sigmask(SIG_SETMASK, &all, &before);
  }
  ~NoSignals() { pthread_sigmask(SIG_SETMASK, &before, nullptr); }
};

struct Pool {
  std::mutex owner;  // held by the thread whose loop runs on the pool
  std::mutex lock;   // guards what follows
  std::condition_variable start, done;
  Job* job = nullptr;
  int threads = 0;
  std::atomic<uint64_t> round{0};
  std::atomic<int> running{0};

  void worker(int thread) {
    uint64_t seen = 0;
    for (;;) {
      for (int i = 0; i < kSpins && round.load(std::memory_order_acquire) == seen; ++i) relax();
      std::unique_lock<std::mutex> hold(lock);
      start.wait(hold, [&] { return round.load(std::memory_order_relaxed) != seen; });
      seen = round.load(std::memory_order_relaxed);
      if (!job || thread >= job->threads) continue;
      running.fetch_add(1, std::memory_order_relaxed);
      Job* mine = job;
      hold.unlock();
      mine->work(thread);
      hold.lock();
      if (running.fetch_sub(1, std::memory_order_release) == 1) done.notify_one();
    }
  }

  void grow(int wanted) {
    if (threads >= wanted) return;
    const NoSignals none;
    for (; threads < wanted; ++threads) {
      try {
        std::thread([this, thread = threads + 1] { worker(thread); }).detach();
      } catch (const std::system_error&) {
        return;  // no more threads to be had: the loop runs on those there are
      }
    }
  }

  void run(Job& j) {
    grow(j.threads - 1);
    {
      std::lock_guard<std::mutex> hold(lock);
      job = &j;
      round.fetch_add(1, std::memory_order_release);
    }
    start.notify_all();
    j.work(0);
    std::unique_lock<std::mutex> hold(lock);
    job = nullptr;
    hold.unlock();
    for (int i = 0; i < kSpins && running.load(std::memory_order_acquire); ++i) relax();
    hold.lock();
    done.wait(hold, [&] { return running.load(std::memory_order_acquire) == 0; });
  }
};

int usable_cores() {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) return std::max(1, CPU_COUNT(&set));
  return std::max(1u, std::thread::hardware_concurrency());
}

int default_threads() {
  if (const char* text = std::getenv("WENGERT_NUM_THREADS"))
    if (int n = std::atoi(text); n > 0) return std::min(n, kMaxThreads);
  return usable_cores();
}

std::atomic<int> wanted_threads{0};  // 0: not asked yet

// Guarded by the host's lock: loops that run without it, and threads in wait_for_kernels().
int away = 0, waiting = 0;

// Never freed: its threads sleep in it until the process ends. A child process has the memory but not the threads, so
// it starts a pool of its own.
std::atomic<Pool*> the_pool{nullptr};

// From the start, not from the first pool on: a loop on one thread counts as away without there ever being a pool.
[[maybe_unused]] const int forks_are_watched = pthread_atfork(nullptr, nullptr, [] {
  the_pool.store(nullptr);
  away = waiting = 0;  // the threads that counted there are not here
});

Pool& pool() {
  if (Pool* p = the_pool.load(std::memory_order_acquire)) return *p;
  Pool* fresh = new Pool;
  Pool* nobody = nullptr;
  if (the_pool.compare_exchange_strong(nobody, fresh)) return *fresh;
  delete fresh;  // another thread was faster
  return *nobody;
}

// Lets the host's other threads run for as long as it lives; not while one waits for the loops to end.
struct Leave {
  bool left = host.leave && waiting == 0;
  void* state = nullptr;
  Leave() {
    if (!left) return;
    ++away;
    state = host.leave();
  }
  ~Leave() {
    if (!left) return;
    host.enter(state);
    --away;
  }
};

}  // namespace

int num_threads() {
  int n = wanted_threads.load(std::memory_order_relaxed);
  if (n == 0) wanted_threads.store(n = default_threads(), std::memory_order_relaxed);
  return n;
}

void set_num_threads(int n) {
  WG_CHECK(n > 0, "set_num_threads expects a positive integer");
  wanted_threads.store(std::min(n, kMaxThreads), std::memory_order_relaxed);
}

void wait_for_kernels() {
  if (away == 0) return;
  ++waiting;
  while (away > 0) {
    void* state = host.leave();
    std::this_thread::sleep_for(std::chrono::microseconds(100));
    host.enter(state);
  }
  --waiting;
}

void parallel_for(int64_t n, int64_t grain, const std::function<void(int64_t, int64_t)>& body) {
  if (n <= 0) return;
  int64_t pieces = std::clamp<int64_t>(n / std::max<int64_t>(grain, 1), 1, kMaxPieces);
  if (pieces == 1) return body(0, n);
  int64_t piece = (n + pieces - 1) / pieces;
  if (inside) {
    for (int64_t begin = 0; begin < n; begin += piece) body(begin, std::min(n, begin + piece));
    return;
  }
  Leave leave;
  pieces = (n + piece - 1) / piece;
  Job job(body, n, piece, pieces, int(std::min<int64_t>(num_threads(), pieces)));
  Pool* p = job.threads > 1 ? &pool() : nullptr;
  if (p && p->owner.try_lock()) {
    std::lock_guard<std::mutex> hold(p->owner, std::adopt_lock);
    p->run(job);
  } else {
    job.work(0);  // one thread, or the pool is busy with another thread's loop
  }
  if (job.error) std::rethrow_exception(job.error);
}

}  // namespace wg
