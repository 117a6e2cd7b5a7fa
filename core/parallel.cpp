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
#include <vector>

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

// A loop over [0, n) cut into pieces; which those are depends on n and grain only.
struct Pieces {
  const int64_t n, piece, count;
  std::atomic<bool> failed{false};
  std::exception_ptr error;  // the first
  std::mutex error_lock;

  Pieces(int64_t total, int64_t grain)
      : n(total), piece((n + wished(n, grain) - 1) / wished(n, grain)), count(piece ? (n + piece - 1) / piece : 0) {}
  // An even number: of two threads each has the same half in loops of any grain, and finds there what it wrote before.
  static int64_t wished(int64_t n, int64_t grain) {
    const int64_t many = std::clamp<int64_t>(n / std::max<int64_t>(grain, 1), 1, kMaxPieces);
    return many > 1 ? many + many % 2 : 1;
  }
  void run(int64_t at, const std::function<void(int64_t, int64_t)>& body) {
    try {
      body(at * piece, std::min(n, (at + 1) * piece));
    } catch (...) {
      std::lock_guard<std::mutex> hold(error_lock);
      if (!failed.exchange(true)) error = std::current_exception();
    }
  }
};

// One loop in progress. Each thread has a share of the pieces, the same one whenever a loop of this length runs, so
// that what it wrote last time is in the caches next to it; a thread that is through helps the others.
struct Job : Pieces {
  const std::function<void(int64_t, int64_t)>& body;
  const int threads;                           // at most one for each piece
  std::atomic<int64_t> next[kMaxPieces] = {};  // of each thread: how many pieces of its share are taken

  Job(const std::function<void(int64_t, int64_t)>& f, int64_t total, int64_t grain)
      : Pieces(total, grain), body(f), threads(int(std::min<int64_t>(num_threads(), count))) {}

  void work(int thread) {
    bool before = std::exchange(inside, true);
    for (int k = 0; k < threads; ++k) work_on((thread + k) % threads);
    inside = before;
  }
  void work_on(int share) {
    const int64_t first = count * share / threads, end = count * (share + 1) / threads;
    while (!failed.load(std::memory_order_relaxed)) {
      const int64_t at = first + next[share].fetch_add(1, std::memory_order_relaxed);
      if (at >= end) return;
      run(at, body);
    }
  }
};

}  // namespace

struct Background::Loop : Pieces {
  const std::function<void(int64_t, int64_t)> body;
  std::atomic<int64_t> next{0};
  std::atomic<int> helpers{0};  // threads at it; changed under the pool's lock

  Loop(int64_t total, int64_t grain, std::function<void(int64_t, int64_t)> f)
      : Pieces(total, grain), body(std::move(f)) {}
  // One piece. False: none is left.
  bool take() {
    const int64_t at = next.fetch_add(1, std::memory_order_relaxed);
    if (at >= count || failed.load(std::memory_order_relaxed)) return false;
    bool before = std::exchange(inside, true);
    run(at, body);
    inside = before;
    return true;
  }
};

namespace {
using Later = Background::Loop;

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
  std::vector<Later*> later;  // loops in the background with pieces that nobody has taken yet
  int helping = 0;            // threads at any of those
  std::atomic<bool> any_later{false};

  void worker(int thread) {
    uint64_t seen = 0;
    const auto may_help = [&] { return any_later.load(std::memory_order_acquire) && thread < num_threads(); };
    for (;;) {
      for (int i = 0; i < kSpins && round.load(std::memory_order_acquire) == seen && !may_help(); ++i) relax();
      std::unique_lock<std::mutex> hold(lock);
      start.wait(hold, [&] { return round.load(std::memory_order_relaxed) != seen || may_help(); });
      if (round.load(std::memory_order_relaxed) == seen) {
        help(hold);
        continue;
      }
      seen = round.load(std::memory_order_relaxed);
      if (!job || thread >= job->threads) continue;
      running.fetch_add(1, std::memory_order_relaxed);
      Job* mine = job;
      hold.unlock();
      mine->work(thread);
      hold.lock();
      if (running.fetch_sub(1, std::memory_order_release) == 1) done.notify_all();
    }
  }

  // Takes the pieces of the first loop in the background.
  void help(std::unique_lock<std::mutex>& hold) {
    if (later.empty()) return;
    Later& loop = *later.front();
    ++loop.helpers, ++helping;
    hold.unlock();
    while (loop.take()) {}
    hold.lock();
    forget(loop);
    --helping;
    if (--loop.helpers == 0) done.notify_all();
  }
  void forget(Later& loop) {  // under the lock
    std::erase(later, &loop);
    any_later.store(!later.empty(), std::memory_order_release);
  }

  void add(Later& loop) {
    if (owner.try_lock()) {  // else another thread's loop has all threads already
      std::lock_guard<std::mutex> hold(owner, std::adopt_lock);
      grow(num_threads() - 1);
    }
    {
      std::lock_guard<std::mutex> hold(lock);
      later.push_back(&loop);
      any_later.store(true, std::memory_order_release);
    }
    start.notify_all();
  }
  void finish(Later& loop) {
    while (loop.take()) {}
    for (int i = 0; i < kSpins && loop.helpers.load(std::memory_order_acquire); ++i) relax();
    std::unique_lock<std::mutex> hold(lock);
    forget(loop);
    done.wait(hold, [&] { return loop.helpers.load(std::memory_order_acquire) == 0; });
  }

  // Before a fork: the child would wait for ever for what threads have begun that it has not.
  void finish_all() {
    std::unique_lock<std::mutex> hold(lock);
    while (!later.empty()) help(hold);
    done.wait(hold, [&] { return helping == 0; });
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
thread_local int own_away = 0;  // of those away: loops of this thread in the background

// Never freed: its threads sleep in it until the process ends. A child process has the memory but not the threads, so
// it starts a pool of its own.
std::atomic<Pool*> the_pool{nullptr};

// From the start, not from the first pool on: a loop on one thread counts as away without there ever being a pool.
[[maybe_unused]] const int forks_are_watched = pthread_atfork(
    [] {
      if (Pool* p = the_pool.load()) p->finish_all();
    },
    nullptr,
    [] {
      the_pool.store(nullptr);
      away = own_away, waiting = 0;  // the other threads that counted there are not here
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
  if (away == own_away) return;
  ++waiting;
  while (away > own_away) {
    void* state = host.leave();
    std::this_thread::sleep_for(std::chrono::microseconds(100));
    host.enter(state);
  }
  --waiting;
}

void parallel_for(int64_t n, int64_t grain, const std::function<void(int64_t, int64_t)>& body) {
  if (n <= 0) return;
  const int64_t pieces = Pieces::wished(n, grain);
  if (pieces == 1) return body(0, n);
  if (inside) {
    const int64_t piece = (n + pieces - 1) / pieces;
    for (int64_t begin = 0; begin < n; begin += piece) body(begin, std::min(n, begin + piece));
    return;
  }
  Leave leave;
  Job job(body, n, grain);
  Pool* p = job.threads > 1 ? &pool() : nullptr;
  if (p && p->owner.try_lock()) {
    std::lock_guard<std::mutex> hold(p->owner, std::adopt_lock);
    p->run(job);
  } else {
    job.work(0);  // one thread, or the pool is busy with another thread's loop
  }
  if (job.error) std::rethrow_exception(job.error);
}

Background::Background(int64_t n, int64_t grain, std::function<void(int64_t, int64_t)> body) {
  if (num_threads() == 1) {
    parallel_for(n, grain, body);
    return;
  }
  loop_ = std::make_unique<Loop>(n, grain, std::move(body));
  pool().add(*loop_);
  ++away, ++own_away;
}

bool Background::done() const {
  return !loop_ || (loop_->next.load(std::memory_order_relaxed) >= loop_->count &&
                    loop_->helpers.load(std::memory_order_acquire) == 0);
}

void Background::finish() {
  if (!loop_) return;
  {
    Leave leave;
    pool().finish(*loop_);
  }
  --away, --own_away;
  const std::unique_ptr<Loop> loop = std::move(loop_);
  if (loop->error) std::rethrow_exception(loop->error);
}

Background::~Background() {
  try {
    finish();
  } catch (...) {  // its results are not wanted any more
  }
}

}  // namespace wg
