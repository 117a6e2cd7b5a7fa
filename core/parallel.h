// The only place that owns threads: a pool, and loops split over it.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>

namespace wg {

int num_threads();
void set_num_threads(int n);

// Runs body(begin, end) over [0, n) in pieces of at least `grain`; on the calling thread alone when there is one piece,
// and inside another parallel_for. Exceptions reach the caller. The pieces depend on n and grain only, never on the
// number of threads, so a reduction over pieces gives the same bits for any number of threads. Lets other threads of
// the host run meanwhile when there is more than one piece.
void parallel_for(int64_t n, int64_t grain, const std::function<void(int64_t, int64_t)>& body);

// The same loop, whose results nobody needs yet: threads that have nothing else to do run its pieces. What body uses
// must stay until it is finished. Made, finished and destroyed with the host's lock, by one thread.
class Background {
 public:
  Background(int64_t n, int64_t grain, std::function<void(int64_t, int64_t)> body);
  Background(const Background&) = delete;
  ~Background();  // waits; what body threw is lost
  bool done() const;
  void finish();  // runs what is left of it, waits for the rest; what body threw reaches the caller

  struct Loop;

 private:
  std::unique_ptr<Loop> loop_;
};

// Before a tensor's memory or geometry is given up: waits until no loop that let other threads run is under way, since
// such a loop, and the op around it, rely on what they have seen. Called with the host's lock, which it leaves to wait.
void wait_for_kernels();

}  // namespace wg
