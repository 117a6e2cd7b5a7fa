// Memory formats: their strides, and which one a tensor lies in.
#include "format.h"

namespace wg {

Foreign format_objects[4] = {};

namespace {

// The dims from the innermost to the outermost; empty for the formats of any number of dims.
Dims inner_first(Format f) {
  if (f == Format::ChannelsLast) return {1, 3, 2, 0};
  if (f == Format::ChannelsLast3d) return {1, 4, 3, 2, 0};
  return {};
}

// Whether the strides grow along `order`, so that no dim lies within another. Dims of size 1 must be told from those of
// a row-major tensor: of (n, 1, h, w) and (n, c, 1, 1) the strides alone say which format is meant.
bool grows_along(const Dims& order, const Dims& sizes, const Dims& strides) {
  int64_t least = 0;
  if (strides[1] == 0) return false;
  for (int64_t d : order) {
    if (sizes[d] == 0 || strides[d] < least) return false;
    if (d == 0 && least == strides[1]) return false;
    least = strides[d] * (sizes[d] > 1 ? sizes[d] : 1);
  }
  return true;
}

}  // namespace

Held format_value(Format f) { return Held(Value::of_box(Tag::Foreign, new ForeignBox(format_objects[int(f)]))); }

Format format_at(const Call& c, int i, Format otherwise) {
  if (!c.has(i)) return otherwise;
  const Foreign given = c.of(i, Tag::Foreign).foreign();
  for (int k = 0; k < 4; ++k)
    if (format_objects[k] == given) return Format(k);
  fail(Kind::Type, "expected a torch.memory_format");
}

Dims strides_in(Format f, const Dims& sizes) {
  WG_CHECK(f != Format::Preserve, "unsupported memory format Preserve");
  if (f == Format::RowMajor) return contiguous_strides(sizes);
  const Dims order = inner_first(f);
  WG_CHECK(sizes.size() == order.size(), "required rank ", order.size(), " tensor to use channels_last",
           f == Format::ChannelsLast3d ? "_3d" : "", " format");
  Dims strides(sizes.size());
  int64_t step = 1;
  for (int64_t d : order) {
    strides[d] = step;
    step *= sizes[d];
  }
  return strides;
}

bool lies_in(Format f, const Dims& sizes, const Dims& strides) {
  const Dims order = inner_first(f);
  if (order.size() == 0) return is_contiguous(sizes, strides);
  if (order.size() != sizes.size()) return false;
  int64_t step = 1;
  for (int64_t d : order) {
    if (sizes[d] == 1) continue;
    if (strides[d] != step) return false;
    step *= sizes[d];
  }
  return true;
}

Format format_of(const Tensor& t) {
  for (Format f : {Format::ChannelsLast, Format::ChannelsLast3d}) {
    const Dims order = inner_first(f);
    if (order.size() == t.ndim() && grows_along(order, t.sizes, t.strides)) return f;
  }
  return Format::RowMajor;
}

Format common_format(const std::vector<TensorRef>& tensors) {
  const Format f = tensors.empty() ? Format::RowMajor : format_of(*tensors[0]);
  for (const TensorRef& t : tensors)
    if (f == Format::RowMajor || format_of(*t) != f) return Format::RowMajor;
  return f;
}

TensorRef empty_in(Format f, const Tensor& like, DType dtype) {
  if (f == Format::Preserve) return empty_like(like, dtype);
  return empty_strided(like.sizes, strides_in(f, like.sizes), dtype);
}

TensorRef laid_out(TensorRef t, Format f) {
  if (f == Format::RowMajor) return t;
  if (lies_in(f, t->sizes, t->strides)) return alias(*t, t->sizes, strides_in(f, t->sizes), t->offset);
  TensorRef r = empty_in(f, *t, t->dtype);
  copy(*r, *t);
  return r;
}

}  // namespace wg
