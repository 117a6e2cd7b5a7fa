// What becomes of a gradient at the leaf of a graph.
#pragma once
#include "program.h"

namespace wg {

// to.copy_(from), recorded where the mode says so.
void copy_into(const TensorRef& to, const TensorRef& from);
// Adds g to the .grad of n's leaf.
void accumulate(Node& n, TensorRef g, bool recording);
// What a caller that asked for the gradient at n gets for g: at a leaf it lies in memory as the leaf does, so that
// grad.view(-1) works for what backward left transposed. What is expanded stays so.
TensorRef handed_over(const Node& n, TensorRef g, bool recording);

}  // namespace wg
