// The pool: every piece once, errors reach the caller, nested loops, several callers, loops in the background, a fork.
#include "parallel.h"

#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <mutex>
#include <set>
#include <stdexcept>
#include <thread>
#include <vector>

#include "expect.h"

using namespace wg;

static bool each_once(int64_t n, int64_t grain) {
  std::vector<std::atomic<int>> seen(n);
  parallel_for(n, grain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) ++seen[i];
  });
  for (auto& s : seen)
    if (s != 1) return false;
  return true;
}

// Loops in the background beside one that is waited for, each finished, or dropped, or both.
static bool background_each_once() {
  constexpr int64_t kLength = 3000;
  std::vector<std::atomic<int>> first(kLength), second(kLength), third(kLength);
  const auto count = [](std::vector<std::atomic<int>>& seen) {
    return [&seen](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) ++seen[i];
    };
  };
  {
    Background one(kLength, 7, count(first)), two(kLength, 7, count(second));
    parallel_for(kLength, 7, count(third));
    two.finish();
    if (!two.done()) return false;
    for (auto& s : second)
      if (s != 1) return false;
  }
  for (auto* seen : {&first, &third})
    for (auto& s : *seen)
      if (s != 1) return false;
  return true;
}

static bool background_error_arrives() {
  Background fails(100, 1, [](int64_t begin, int64_t) {
    if (begin > 50) throw std::runtime_error("stop");
  });
  try {
    fails.finish();
  } catch (const std::runtime_error&) {
    return true;
  }
  return false;
}

static std::set<int64_t> pieces(int threads) {
  set_num_threads(threads);
  std::set<int64_t> begins;
  std::mutex lock;
  parallel_for(1000, 7, [&](int64_t begin, int64_t) {
    std::lock_guard<std::mutex> hold(lock);
    begins.insert(begin);
  });
  return begins;
}

int main() {
  set_num_threads(4);
  for (int64_t n : {0, 1, 5, 64, 65, 1000, 100003})
    for (int64_t grain : {1, 3, 1000}) EXPECT(each_once(n, grain));
  EXPECT(pieces(1) == pieces(3));

  set_num_threads(4);
  bool caught = false;
  try {
    parallel_for(100, 1, [](int64_t begin, int64_t) {
      if (begin > 50) throw std::runtime_error("stop");
    });
  } catch (const std::runtime_error&) {
    caught = true;
  }
  EXPECT(caught);

  for (int threads : {1, 2, 4}) {
    set_num_threads(threads);
    for (int k = 0; k < 50; ++k) EXPECT(background_each_once());
    if (threads > 1) EXPECT(background_error_arrives());
    if (threads > 1) Background dropped(100, 1, [](int64_t, int64_t) { throw std::runtime_error("lost"); });
  }

  std::atomic<int> inner{0};
  parallel_for(8, 1,
               [&](int64_t, int64_t) { parallel_for(10, 1, [&](int64_t b, int64_t e) { inner += int(e - b); }); });
  EXPECT(inner == 80);

  std::vector<std::thread> callers;
  std::atomic<int> good{0};
  for (int i = 0; i < 3; ++i)
    callers.emplace_back([&] {
      for (int k = 0; k < 20; ++k) good += each_once(5000, 10);
    });
  for (auto& t : callers) t.join();
  EXPECT(good == 60);

  pid_t child = fork();
  if (child == 0) _exit(each_once(5000, 10) ? 0 : 1);
  int status = 1;
  waitpid(child, &status, 0);
  EXPECT(status == 0);
  return failures != 0;
}
