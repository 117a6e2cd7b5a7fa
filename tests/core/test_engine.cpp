// The sweep: its order, sums where paths meet, selected inputs, second derivatives, errors on the way, a million nodes.
#include <stdexcept>

#include "table.h"

using namespace wg;

static std::vector<std::string> visited;

static void* named(const char* name) { return const_cast<char*>(name); }
static void watch(const TensorRef& t, const char* name) { extra_of(*t->grad_fn).pre_hooks.push_back({named(name), 0}); }

static void order() {
  TensorRef x = variable({2}, 3), y = variable({2}, 5);
  TensorRef a = run("mul", x, y), b = run("neg", x), c = run("add", b, a), d = run("sub", c, a);
  watch(a, "a"), watch(b, "b"), watch(c, "c"), watch(d, "d");
  visited.clear();
  sweep(d, true);
  EXPECT(visited == std::vector<std::string>({"d", "c", "b", "a"}));  // newest first
  EXPECT(grad_at(x) == -1 && grad_at(y) == 0);                        // a goes in and comes out again
  sweep(d);
  EXPECT(grad_at(x) == -2);
  expect_error("second time", [&] { sweep(a); });
}

static void selected() {
  TensorRef x = variable({}, 3), y = variable({}, 5);
  TensorRef a = run("mul", x, x), b = run("neg", y), c = run("mul", a, b);
  watch(a, "a"), watch(b, "b");
  visited.clear();
  Sweep s;
  s.roots = {gradient_edge(*c)};
  s.gradients = {full({}, 1, DType::Float64)};
  s.inputs = {gradient_edge(*x), gradient_edge(*a)};
  std::vector<TensorRef> got = run_backward(s);
  EXPECT(visited == std::vector<std::string>({"a"}));  // nothing on the way to y
  EXPECT(at(got[0]) == 2 * 3 * -5.0 && at(got[1]) == -5.0);
  EXPECT(!x->extra->grad && !(y->extra && y->extra->grad));
}

static void twice() {
  TensorRef x = variable({}, 3), cube = run("mul", run("mul", x, x), x);
  Sweep first;
  first.roots = {gradient_edge(*cube)};
  first.gradients = {full({}, 1, DType::Float64)};
  first.inputs = {gradient_edge(*x)};
  first.keep_graph = first.create_graph = true;
  TensorRef slope = run_backward(first)[0];
  EXPECT(at(slope) == 27 && slope->grad_fn);
  sweep(slope);
  EXPECT(grad_at(x) == 18);
}

static void broadcast_and_cast() {
  TensorRef x = variable({3, 1}, 2), y = full({3, 4}, 5, DType::Float32);
  sweep(run("mul", x, y));
  EXPECT(x->extra->grad->sizes == Dims({3, 1}) && x->extra->grad->dtype == DType::Float64 && grad_at(x, 2) == 20);
}

static void errors_on_the_way() {
  TensorRef x = variable({2}, 3), a = run("mul", x, x), b = run("neg", a);
  watch(a, "fails");
  try {
    sweep(b, true);
    EXPECT(!"an error");
  } catch (const std::runtime_error& e) {
    EXPECT(std::string(e.what()) == "a hook");
  }
  EXPECT(!(x->extra && x->extra->grad) && current_pass() == -1 && modes().grad);
  a->grad_fn->extra->pre_hooks.clear();
  sweep(b);  // the graph is as it was
  EXPECT(grad_at(x) == -6);
}

static void deferred() {  // large enough that elementwise derivatives wait for each other
  TensorRef x = variable({1 << 17}, 0.5), y = run("sigmoid", x);
  for (int i = 0; i < 5; ++i) y = run("mul", run("add", y, y), x);
  TensorRef kept = y;
  sweep(y, true);
  const double once = grad_at(x, 77);
  sweep(y);
  EXPECT(once != 0 && grad_at(x, 77) == 2 * once && grad_at(x, (1 << 17) - 1) == 2 * once);
}

static void a_million() {
  TensorRef x = variable({}, 1), one = full({}, 1, DType::Float64), y = x;
  for (int i = 0; i < 1000000; ++i) y = run("mul", y, one);
  EXPECT(live_nodes() == 1000001);
  sweep(y, true);
  EXPECT(grad_at(x) == 1);
}  // freed here, without recursion

int main() {
  declare_table();
  engine_host.pre_hook = [](Foreign hook, Gradients&) {
    visited.push_back(static_cast<const char*>(hook));
    if (visited.back() == "fails") throw std::runtime_error("a hook");
  };
  order();
  selected();
  twice();
  broadcast_and_cast();
  errors_on_the_way();
  deferred();
  a_million();
  return finish();
}
