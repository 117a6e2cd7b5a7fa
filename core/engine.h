// The backward sweep.
#pragma once
#include "tape.h"

namespace wg {

struct Sweep {
  std::vector<Edge> roots;
  std::vector<TensorRef> gradients;  // one a root
  std::vector<Edge> inputs;          // when not empty: only what leads there is run, and their gradients are returned
  bool keep_graph = false;
  bool create_graph = false;
  bool accumulate = false;  // the inputs run, which puts leaves' gradients into .grad (backward(inputs=…))
};
// Runs the sweep; the gradients of the inputs (null where there is none).
std::vector<TensorRef> run_backward(Sweep& s);

// What n makes of the gradients of its outputs, recorded where the mode says so; no hook is called, nothing is freed.
void run_node(Node& n, const std::vector<TensorRef>& in, std::vector<TensorRef>& out);

// Callbacks into the host, for what is written there. Gradients in may be null; the list out has one entry an edge.
using Gradients = std::vector<TensorRef>;
struct EngineHost {
  void (*run_rule)(Node&, const Gradients& in, Gradients& out, bool recording);      // an eager rule of the table
  void (*run_function)(Node&, const Gradients& in, Gradients& out, bool recording);  // autograd.Function
  TensorRef (*tensor_hook)(Foreign hook, TensorRef gradient);                        // the gradient to go on with
  void (*pre_hook)(Foreign hook, Gradients& gradients);
  void (*post_hook)(Foreign hook, Gradients& out, const Gradients& in);
  void (*post_accumulate)(Foreign hook, Tensor& leaf);
  void (*failed)(Node&);  // an exception is leaving the node
  void (*call)(Foreign);  // a callback at the end of a pass
};
extern EngineHost engine_host;

// The nodes the running pass began with; border: where in the sequence of nodes the last pass that freed its graph
// began.
std::vector<Ref<Node>> running_pass(uint64_t& border);
int64_t current_pass();                 // a number for the pass that is running on this thread; -1: none
bool pass_has_inputs();                 // the running pass was asked for the gradients of some tensors only
bool pass_keeps_graph();                // … or may be run again (also when none is running)
Node* current_node();                   // the node that the running pass is at
void at_end_of_pass(Foreign callback);  // takes the callback over; RuntimeError when no pass is running
bool will_execute(const Node& n);       // whether that pass runs n (its gradient is asked for)
TensorRef add_gradients(TensorRef a, TensorRef b, bool recording);

}  // namespace wg
