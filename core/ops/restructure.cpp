// In-place changes of a tensor's sizes and strides: squeeze_, transpose_ …, resize_.
#include "../apply.h"
#include "../parallel.h"
#include "calls.h"
#include "format.h"
#include "unwritten.h"

namespace wg {
namespace {

// The tensor takes the place of a view of itself, history included.
void become(Call& c, const TensorRef& view) {
  Tensor& self = c.tensor(0);
  check_captured(self, c.op->name.c_str());
  check_inplace(self, modes().grad && requires_grad(self));
  wait_for_kernels();
  self.sizes = view->sizes;
  self.strides = view->strides;
  self.offset = view->offset;
  self.numel = view->numel;
  self.contiguous = view->contiguous;
  if (view->grad_fn) {
    self.grad_fn = view->grad_fn;
    self.output_nr = view->output_nr;
    host.track(&self);
  }
  bump(self);
  c.out(TensorRef(&self));
}

void resize(Call& c, const Dims& sizes, Format f) {
  Tensor& self = c.tensor(0);
  WG_CHECK(modes().inference || !requires_grad(self), "cannot resize variables that require grad");
  check_captured(self, c.op->name.c_str());
  announce_write(self);
  for (int64_t s : sizes) WG_CHECK(s >= 0, "numel: integer multiplication overflow");
  c.out(TensorRef(&self));
  WG_CHECK(f != Format::Preserve, "Unsupported memory formatPreserve");
  if (self.sizes == sizes && (f == Format::RowMajor || lies_in(f, sizes, self.strides))) return;
  const int64_t n = numel_of(sizes);
  Dims strides = strides_in(f, sizes);
  size_t bytes;
  WG_CHECK(!__builtin_mul_overflow(size_t(self.offset) + size_t(n), size_t(size_of(self.dtype)), &bytes) &&
               bytes < (size_t(1) << 62),
           "Storage size calculation overflowed with sizes=", to_string(sizes));
  wait_for_kernels();
  const int64_t before = int64_t(self.storage->nbytes) / size_of(self.dtype);
  if (bytes > self.storage->nbytes) {
    resize_storage(*self.storage, bytes);
    if (fill_unwritten)
      mark_unwritten(*alias(self, {int64_t(self.storage->nbytes) / size_of(self.dtype) - before}, {1}, before));
  }
  self.sizes = sizes;
  self.contiguous = is_contiguous(sizes, strides);
  self.strides = std::move(strides);
  self.numel = n;
  bump(self);
}

}  // namespace

WG_OP_AS(squeeze_, "squeeze_", Composite) { become(c, call<"squeeze">(c.tensor(0))); }
WG_OP_AS(squeeze_dim_, "squeeze_.dim", Composite) { become(c, call<"squeeze.dim">(c.tensor(0), c.args[1])); }
WG_OP_AS(squeeze_dims_, "squeeze_.dims", Composite) { become(c, call<"squeeze.dims">(c.tensor(0), c.args[1])); }
WG_OP_AS(unsqueeze_, "unsqueeze_", Composite) { become(c, call<"unsqueeze">(c.tensor(0), c.args[1])); }
WG_OP_AS(transpose_, "transpose_", Composite) { become(c, call<"transpose">(c.tensor(0), c.args[1], c.args[2])); }
WG_OP_AS(t_, "t_", Composite) { become(c, call<"t">(c.tensor(0))); }
WG_OP_AS(as_strided_, "as_strided_", Composite) {
  become(c, call<"as_strided">(c.tensor(0), c.args[1], c.args[2], c.args[3]));
}
WG_OP_AS(resize_, "resize_", Composite) { resize(c, c.ints(1), format_at(c, 2, Format::RowMajor)); }
WG_OP_AS(resize_as_, "resize_as_", Composite) {
  const Format f = format_at(c, 2, Format::RowMajor);
  resize(c, c.tensor(1).sizes, f == Format::Preserve ? format_of(c.tensor(1)) : f);
}

}  // namespace wg
