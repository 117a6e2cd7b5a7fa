// Padding: with a constant, by reflection, by the nearest element, around a circle.
#include <algorithm>

#include "../kernels/index.h"
#include "calls.h"
#include "element.h"
#include "expect.h"
#include "format.h"

namespace wg {
namespace {

enum class Edge : uint8_t { Reflect, Replicate, Circular };

Edge edge_of(const std::string& mode) {
  WG_CHECK(mode == "reflect" || mode == "replicate" || mode == "circular", "Unrecognised padding mode ", mode);
  return mode == "reflect" ? Edge::Reflect : mode == "replicate" ? Edge::Replicate : Edge::Circular;
}

// pad lists (before, after) pairs from the last dim on.
int64_t before(const Dims& pad, int dim, int ndim) {
  const int k = 2 * (ndim - 1 - dim);
  return k < pad.size() ? pad[k] : 0;
}
int64_t after(const Dims& pad, int dim, int ndim) {
  const int k = 2 * (ndim - 1 - dim) + 1;
  return k < pad.size() ? pad[k] : 0;
}

void check_pairs(const Dims& pad, int ndim) {
  WG_CHECK(pad.size() % 2 == 0, "Length of pad must be even but instead it equals ", pad.size());
  WG_CHECK(ndim * 2 >= pad.size(),
           "Length of pad should be no more than twice the number of dimensions of the input. Pad "
           "length is ",
           pad.size(), "while the input has ", ndim, "dimensions.");
}

// n + a + b: a sum that wraps would pass for a small one.
int64_t padded_size(int64_t n, int64_t a, int64_t b) {
  int64_t size;
  WG_CHECK(!__builtin_add_overflow(n, a, &size) && !__builtin_add_overflow(size, b, &size), "padding (", a, ", ", b,
           ") is too large for a dimension of size ", n);
  return size;
}

// The part of a tensor that padding keeps, and the part of the padded one that it becomes.
struct Overlap {
  Dims padded, kept;
  int64_t from = 0, to = 0;  // offsets in elements
};

Overlap overlap_of(const Dims& sizes, const Dims& strides, const Dims& pad) {
  Overlap o;
  const int nd = sizes.size();
  o.padded = o.kept = sizes;
  for (int d = 0; d < nd; ++d) {
    const int64_t a = before(pad, d, nd), b = after(pad, d, nd);
    o.padded[d] = padded_size(sizes[d], a, b);
    WG_CHECK(o.padded[d] >= 0, "The input size ", sizes[d], ", plus negative padding ", a, " and ", b,
             " resulted in a negative output size, which is invalid. Check dimension ", d, " of your input.");
    o.kept[d] = std::max<int64_t>(0, sizes[d] + std::min<int64_t>(a, 0) + std::min<int64_t>(b, 0));
  }
  const Dims out = contiguous_strides(o.padded);
  for (int d = 0; d < nd; ++d) {
    const int64_t a = before(pad, d, nd);
    (a < 0 ? o.from : o.to) += a < 0 ? -a * strides[d] : a * out[d];
  }
  return o;
}

// Where element i of a padded dim comes from.
int64_t source_of(Edge edge, int64_t i, int64_t n) {
  switch (edge) {
    case Edge::Replicate: return std::clamp<int64_t>(i, 0, n - 1);
    case Edge::Circular: return (i % n + n) % n;
    default: return i < 0 ? -i : i >= n ? 2 * (n - 1) - i : i;
  }
}

// Rows of `t` (or of a tensor like it) along dim, at the sources of a padded dim.
struct Sources {
  Rows rows;
  TensorRef offsets;
  Sources(const Tensor& t, int dim, int64_t a, int64_t b, Edge edge) {
    for (int d = 0; d < t.ndim(); ++d) {
      if (d == dim) continue;
      (d < dim ? rows.before_sizes : rows.after_sizes).push_back(t.sizes[d]);
      (d < dim ? rows.before_strides : rows.after_strides).push_back(t.strides[d]);
    }
    rows.n = t.sizes[dim] + a + b;
    offsets = empty({rows.n}, DType::Int64);
    rows.offsets = offsets->as<int64_t>();
    for (int64_t i = 0; i < rows.n; ++i)
      offsets->as<int64_t>()[i] = source_of(edge, i - a, t.sizes[dim]) * t.strides[dim] * size_of(t.dtype);
  }
};

void check_edges(const Dims& sizes, const Dims& pad, Edge edge) {
  const int nd = sizes.size();
  for (int d = nd - 1; d >= 0; --d) {  // in the order of the pads
    const int64_t a = before(pad, d, nd), b = after(pad, d, nd), n = sizes[d];
    if (a == 0 && b == 0) continue;
    if (edge == Edge::Reflect)
      WG_CHECK(a < n && b < n, "Argument #", 4 + 2 * (nd - 1 - d),
               ": Padding size should be less than the corresponding input dimension, but got: padding (", a, ", ", b,
               ") at dimension ", d, " of input ", to_string(sizes));
    else if (edge == Edge::Circular)
      WG_CHECK(a <= n && b <= n, "Padding value causes wrapping around more than once.");
    WG_CHECK(n > 0, "Expected input to have non-zero size for the padded dimensions, but input has sizes ",
             to_string(sizes), " with dimension ", d, " being empty");
    const int64_t size = padded_size(n, a, b);
    WG_CHECK(size >= (edge == Edge::Circular ? 0 : 1), "input (", n, ") is too small. Calculated output size: ", size);
  }
}

// The inner part is one copy; then, from the last dim on, every slice of an edge is a copy of one further in, over all
// of the dims behind it and what is known of those before.
TensorRef padded_by_slices(const Tensor& t, const Dims& pad, Edge edge) {
  const int nd = t.ndim(), unit = size_of(t.dtype);
  const Overlap o = overlap_of(t.sizes, t.strides, pad);
  const TensorRef out = empty(o.padded, t.dtype);
  if (!out->numel) return out;
  copy_strided(out->data() + o.to * unit, t.dtype, out->strides, t.data(), t.dtype, t.strides, t.sizes);
  Dims slice = t.sizes;
  int64_t start = o.to;  // of the part of `out` that is written
  for (int d = nd - 1; d >= 0; --d) {
    const int64_t a = before(pad, d, nd), n = t.sizes[d], step = out->strides[d];
    start -= a * step;
    slice[d] = 1;
    for (int64_t i = 0; i < o.padded[d]; ++i)
      if (i < a || i >= a + n)
        copy_strided(out->data() + (start + i * step) * unit, t.dtype, out->strides,
                     out->data() + (start + (a + source_of(edge, i - a, n)) * step) * unit, t.dtype, out->strides,
                     slice);
    slice[d] = o.padded[d];
  }
  return out;
}

TensorRef edge_padded(const Tensor& t, const Dims& pad, Edge edge) {
  check_pairs(pad, t.ndim());
  check_edges(t.sizes, pad, edge);
  if (std::all_of(pad.begin(), pad.end(), [](int64_t p) { return p >= 0; }) &&
      std::any_of(pad.begin(), pad.end(), [](int64_t p) { return p > 0; }))
    return padded_by_slices(t, pad, edge);
  TensorRef now = contiguous(t);
  for (int d = t.ndim() - 1; d >= 0; --d) {
    const int64_t a = before(pad, d, t.ndim()), b = after(pad, d, t.ndim());
    if (a == 0 && b == 0) continue;
    const Sources at(*now, d, a, b, edge);
    Dims sizes = now->sizes;
    sizes[d] += a + b;
    const TensorRef out = empty(sizes, t.dtype);
    get_rows(out->data(), now->data(), at.rows, size_of(t.dtype));
    now = out;
  }
  return now.get() == &t ? clone(t) : now;
}

// Adds each padded element back to its source.
TensorRef edge_unpadded(const Tensor& g, const Dims& sizes, const Dims& pad, Edge edge) {
  TensorRef now = contiguous(g);
  for (int d = 0; d < g.ndim(); ++d) {
    const int64_t a = before(pad, d, g.ndim()), b = after(pad, d, g.ndim());
    if (a == 0 && b == 0) continue;
    Dims inner = now->sizes;
    inner[d] = sizes[d];
    const TensorRef out = zeros(inner, g.dtype);
    const Sources at(*out, d, a, b, edge);
    put_rows(out->data(), now->data(), at.rows, g.dtype, Reduce::Add);
    now = out;
  }
  return now.get() == &g ? clone(g) : now;
}

void edge_pad(Call& c, int dims, Edge edge) {
  Tensor& t = c.tensor(0);
  const Dims& pad = c.ints(1);
  WG_CHECK(pad.size() == 2 * dims, "padding size is expected to be ", 2 * dims, ", but got: ", pad.size());
  bool ok = t.ndim() == dims + 1 || t.ndim() == dims + 2;
  for (int d = t.ndim() == dims + 2 ? 1 : 0; d < t.ndim(); ++d) ok &= t.sizes[d] != 0;
  WG_CHECK(ok, "Expected ", dims + 1, "D or ", dims + 2,
           "D (batch mode) tensor with possibly 0 batch size and other non-zero dimensions for input, but got: ",
           to_string(t.sizes));
  c.out(laid_out_like(edge_padded(t, pad, edge), t));
}

}  // namespace

WG_OP(constant_pad_nd) {
  Tensor& t = c.tensor(0);
  const Dims& pad = c.ints(1);
  check_pairs(pad, t.ndim());
  const Overlap o = overlap_of(t.sizes, t.strides, pad);
  const TensorRef out = empty(o.padded, t.dtype);
  const Element value = element_of(c.has(2) ? c.args[2] : Value::of_int(0), t.dtype);
  fill_strided(out->data(), t.dtype, out->strides, out->sizes, value.bytes);
  const int unit = size_of(t.dtype);
  if (numel_of(o.kept))
    copy_strided(out->data() + o.to * unit, t.dtype, out->strides, t.data() + o.from * unit, t.dtype, t.strides,
                 o.kept);
  c.out(laid_out_like(out, t));
}

// (gradient, sizes of the input, pad)
WG_OP(_constant_pad_backward) {
  Tensor& g = c.tensor(0);
  check_pairs(c.ints(2), c.ints(1).size());
  const TensorRef out = zeros(c.ints(1), g.dtype), from = contiguous(g);
  const Overlap o = overlap_of(out->sizes, out->strides, c.ints(2));
  expect_sizes(c, g.sizes, o.padded, "a gradient");
  const int unit = size_of(g.dtype);
  if (numel_of(o.kept))
    copy_strided(out->data() + o.from * unit, g.dtype, out->strides, from->data() + o.to * unit, g.dtype, from->strides,
                 o.kept);
  c.out(out);
}

WG_OP(reflection_pad1d) { edge_pad(c, 1, Edge::Reflect); }
WG_OP(reflection_pad2d) { edge_pad(c, 2, Edge::Reflect); }
WG_OP(reflection_pad3d) { edge_pad(c, 3, Edge::Reflect); }
WG_OP(replication_pad1d) { edge_pad(c, 1, Edge::Replicate); }
WG_OP(replication_pad2d) { edge_pad(c, 2, Edge::Replicate); }
WG_OP(replication_pad3d) { edge_pad(c, 3, Edge::Replicate); }
// Any number of dims: (input, pad, mode), and its adjoint: (gradient, sizes of the input, pad, mode).
WG_OP(_edge_pad) { c.out(edge_padded(c.tensor(0), c.ints(1), edge_of(c.text(2)))); }
WG_OP(_edge_pad_backward) {
  const Dims &sizes = c.ints(1), &pad = c.ints(2);
  const Edge edge = edge_of(c.text(3));
  check_pairs(pad, sizes.size());
  check_edges(sizes, pad, edge);
  expect_sizes(c, c.tensor(0).sizes, overlap_of(sizes, contiguous_strides(sizes), pad).padded, "a gradient");
  c.out(edge_unpadded(c.tensor(0), sizes, pad, edge));
}

}  // namespace wg
