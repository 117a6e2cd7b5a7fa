// What becomes of a gradient at the leaf of a graph.
#pragma once
#include "program.h"

namespace wg {

// to.copy_(from), recorded where the mode says so.
void copy_into(const TensorRef& to, const TensorRef& from);
// Adds g to the .grad of n's leaf.
void accumulate(Node& n, TensorRef g, bool recording);
// What a caller that asked for the gradient at n gets for g: itself, but at images with channels last, whose order the
// derivatives of pools and paddings forget.
TensorRef handed_over(const Node& n, TensorRef g, bool recording);

}  // namespace wg
