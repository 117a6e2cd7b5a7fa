// One elementwise op: small tensors go straight to the tile function, the rest through the tile machine.
#include <algorithm>

#include "kernels/tiles.h"
#include "program.h"

namespace wg {
namespace {

constexpr int64_t kSmallWork = 16 * kTile;  // elements: planning a run costs more than it saves
constexpr int64_t kShortRow = 16;

// How small operands lie: as one piece, or as rows of `cols` elements (which may be apart, or one for all).
struct Small {
  const Tensor* model = nullptr;  // an operand of the full shape
  bool flat = true;
  int64_t cols = 1;

  bool take(const Tensor& t) {
    if (t.sizes == model->sizes) {
      if (t.contiguous) return true;
      flat = false;
      return t.ndim() == 2 && t.strides[1] == 1;
    }
    if (is_one(t)) return true;
    flat = false;
    return t.ndim() == 1 && model->ndim() == 2 && t.contiguous && t.sizes[0] == cols;
  }
  // One number for all elements of the shape.
  bool is_one(const Tensor& t) const { return t.numel == 1 && t.ndim() <= model->ndim() && !(t.sizes == model->sizes); }
  int64_t row_step(const Tensor& t) const { return t.ndim() == 2 ? t.strides[0] : 0; }
};

void fill_number(void* tile, DType dtype, double v, int64_t n) {
  if (dtype == DType::Float32)
    std::fill_n(static_cast<float*>(tile), n, float(v));
  else
    std::fill_n(static_cast<double*>(tile), n, v);
}

// The usual small case by itself: contiguous operands of one floating dtype and shape.
bool run_flat(Call& c, int arity, const FnInfo& f) {
  if (c.into || !c.args[0].is_tensor()) return false;
  const Tensor& x = *c.args[0].tensor;
  if (!x.contiguous || x.number || x.numel > kTile || (x.dtype != DType::Float32 && x.dtype != DType::Float64))
    return false;
  const void* in[2] = {x.data(), nullptr};
  if (arity == 2) {
    if (!c.args[1].is_tensor()) return false;
    const Tensor& y = *c.args[1].tensor;
    if (!y.contiguous || y.number || y.dtype != x.dtype || !(y.sizes == x.sizes)) return false;
    in[1] = y.data();
  }
  TileFn fn = tile_fn(c.op->fn, x.dtype);
  if (!fn) return false;
  TensorRef out = empty(x.sizes, f.result == Result::Bool ? DType::Bool : x.dtype);
  fn(out->data(), in, x.numel);
  c.out(std::move(out));
  return true;
}

// Operands of one floating dtype, of one shape but for rows and numbers that are broadcast: no plan needed.
bool run_small(Call& c, int arity) {
  const FnInfo& f = fn_info(c.op->fn);
  if (f.bool_first || arity > 2 || f.result == Result::Real) return false;
  if (run_flat(c, arity, f)) return true;
  Small s;
  for (int i = 0; i < arity; ++i) {
    if (!c.args[i].is_tensor()) {
      if (!c.args[i].is_number() || c.args[i].tag == Tag::Complex) return false;
      continue;
    }
    const Tensor& t = *c.args[i].tensor;
    if (t.number || (s.model && t.dtype != s.model->dtype)) return false;
    if (!s.model || t.numel > s.model->numel || t.ndim() > s.model->ndim()) s.model = &t;
  }
  if (!s.model || s.model->numel == 0 || s.model->numel > kSmallWork) return false;
  const Tensor& model = *s.model;
  const DType dtype = model.dtype;
  if (dtype != DType::Float32 && dtype != DType::Float64) return false;
  s.cols = model.ndim() ? model.sizes.back() : 1;
  for (int i = 0; i < arity; ++i)
    if (c.args[i].is_tensor() && !s.take(*c.args[i].tensor)) return false;
  if (!s.flat && (s.cols < kShortRow || s.cols > kTile)) return false;
  TileFn fn = tile_fn(c.op->fn, dtype);
  if (!fn) return false;
  if (c.into &&
      (c.into->dtype != dtype || !c.into->contiguous || !(c.into->sizes == model.sizes) || f.result == Result::Bool))
    return false;
  const int64_t width = s.flat ? std::min<int64_t>(model.numel, kTile) : s.cols, item = size_of(dtype);
  const char* from[2];
  int64_t step[2];
  alignas(64) char number[kTile * 8];
  for (int i = 0; i < arity; ++i) {
    const Tensor* t = c.args[i].is_tensor() ? c.args[i].tensor : nullptr;
    if (t && c.into && t != c.into && t->storage.get() == c.into->storage.get()) return false;
    const bool one = !t || s.is_one(*t);
    if (one) {
      const double v = !t ? c.args[i].to_double() : dtype == DType::Float32 ? *t->as<float>() : *t->as<double>();
      fill_number(number, dtype, v, width);
    }
    from[i] = one ? number : t->data();
    step[i] = one ? 0 : (s.flat ? width : s.row_step(*t)) * item;
  }
  TensorRef out = c.into ? TensorRef(c.into) : empty(model.sizes, f.result == Result::Bool ? DType::Bool : dtype);
  char* to = out->data();
  for (int64_t done = 0; done < model.numel; done += width, to += width * size_of(out->dtype)) {
    const void* in[2] = {from[0], arity > 1 ? from[1] : nullptr};
    fn(to, in, std::min(width, model.numel - done));
    for (int i = 0; i < arity; ++i) from[i] += step[i];
  }
  c.out(std::move(out));
  return true;
}

// A fused op: its formula's program, written into c.into when there is one.
TensorRef run_formula(Call& c) {
  if (!c.op->kernel.empty()) visit_floating(c.tensor(0).dtype, c.op->kernel.c_str(), []<class T>() {});
  if (!c.op->forward) const_cast<OpDef*>(c.op)->forward = trace_fused(*c.op);
  std::vector<Value> leaves;
  for (const Leaf& l : c.op->forward->leaves) leaves.push_back(c.args[l.index]);
  TensorRef result;
  run_program(*c.op->forward, leaves.data(), &result, false);
  if (c.into) {
    write_into(*c.into, *result);
    return TensorRef(c.into);
  }
  return result;
}

}  // namespace

void run_elementwise(Call& c) {
  int arity = c.op->fn >= 0 ? fn_info(c.op->fn).arity : int(c.op->arg_names.size());
  for (int i = 0; i < arity; ++i)
    WG_CHECK_TYPE(i < c.nargs && (c.args[i].is_tensor() || c.args[i].is_number()), c.op->name, "(): argument ", i + 1,
                  " must be Tensor or Number");
  if (c.op->fn >= 0 && run_small(c, arity)) return;
  TensorRef result;
  if (c.op->fn >= 0) {
    Operand in[kMaxArity];
    for (int i = 0; i < arity; ++i) in[i] = {Operand::Leaf, uint16_t(i)};
    TileInstr one{c.op, std::span<const Operand>(in, arity)};
    uint16_t wanted[] = {0};
    run_tiles({&one, 1}, {c.args, size_t(arity)}, wanted, &result, c.into);
  } else {
    result = run_formula(c);
  }
  c.out(std::move(result));
}

}  // namespace wg
