// Scaled dot-product attention: a kernel for the common cases, a composite for the others.
#include "../kernels/attention.h"

#include <array>
#include <cmath>
#include <limits>

#include "../apply.h"
#include "calls.h"
#include "expect.h"
#include "nn.h"

namespace wg {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// A 4-d tensor with contiguous rows, copied if it must be.
TensorRef with_rows(const Tensor& t, DType d) {
  if (t.dtype == d && (t.strides[3] == 1 || t.size(3) == 1) && t.strides[2] >= t.size(3))
    return TensorRef(const_cast<Tensor*>(&t));
  return ready(t, d);
}
Heads heads(const Tensor& t) { return {t.data(), t.strides[0], t.strides[1], t.strides[2]}; }

// (batch, heads, rows, width) laid out as (batch, rows, heads, width), so that joining the heads needs no copy.
TensorRef room(const Dims& s, int64_t width, DType d) {
  const TensorRef base = empty({s[0], s[2], s[1], width}, d);
  return alias(*base, {s[0], s[1], s[2], width}, {s[2] * s[1] * width, width, s[1] * width, 1}, 0);
}

// Room for the gradients of q, k and v: side by side where those are, so that joining them needs no copy.
std::array<TensorRef, 3> rooms(const Tensor& q, const Tensor& k, const Tensor& v, DType d) {
  const Dims& s = q.sizes;
  const int64_t part = s[1] * s[3], row = 3 * part;
  const Dims strides = {s[2] * row, s[3], row, 1};
  const int64_t first = std::min({q.offset, k.offset, v.offset});
  const auto beside = [&](const Tensor& t) {
    return t.storage.get() == q.storage.get() && t.sizes == s && t.strides == strides && (t.offset - first) % part == 0;
  };
  const int64_t total = q.offset + k.offset + v.offset - 3 * first;
  if (!beside(q) || !beside(k) || !beside(v) || total != row || q.offset == k.offset || k.offset == v.offset ||
      q.offset == v.offset)
    return {room(s, s[3], d), room(k.sizes, k.size(3), d), room(v.sizes, v.size(3), d)};
  const TensorRef base = empty({s[0], s[2], row}, d);
  const auto at = [&](const Tensor& t) { return alias(*base, s, strides, t.offset - first); };
  return {at(q), at(k), at(v)};
}

// A result of the query's batch, heads and rows, in the order in which the query's dims lie, as in torch; row by row if
// the query's rows are not contiguous or repeat.
TensorRef room_like(const Tensor& q, int64_t width, DType d) {
  const Dims sizes = {q.size(0), q.size(2), q.size(1), width};
  if (q.strides[3] != 1 || q.strides[1] == 0 || q.strides[2] == 0)
    return empty({q.size(0), q.size(1), q.size(2), width}, d);
  const Dims order = {q.strides[0], q.strides[2], q.strides[1], 1}, s = strides_like(sizes, std::span(&order, 1));
  return empty_strided({q.size(0), q.size(1), q.size(2), width}, {s[0], s[2], s[1], s[3]}, d);
}

struct Arrays {
  TensorRef q, k, v, mask;
  Attention a;
  Arrays(Tensor& query, Tensor& key, Tensor& value, Tensor* bias, bool causal, double scale) {
    const DType work = work_dtype(query.dtype);
    q = with_rows(query, work), k = with_rows(key, work), v = with_rows(value, work);
    a = {work,      q->size(0), q->size(1), q->size(2), k->size(2), q->size(3), v->size(3), heads(*q), heads(*k),
         heads(*v), nullptr,    0,          0,          0,          0,          causal,     scale};
    if (!bias) return;
    mask = expand(*(bias->dtype == work ? TensorRef(bias) : cast(*bias, work)), {a.batch, a.heads, a.queries, a.keys});
    a.mask = mask->data();
    a.mask_batch = mask->strides[0], a.mask_head = mask->strides[1], a.mask_row = mask->strides[2],
    a.mask_col = mask->strides[3];
  }
};

void check_kinds(const Tensor& q, const Tensor& k, const Tensor& v, const Tensor* mask, bool causal) {
  WG_CHECK(q.dtype == k.dtype && q.dtype == v.dtype,
           "Expected query, key, and value to have the same dtype, but got "
           "query.dtype: ",
           name_of(q.dtype), " key.dtype: ", name_of(k.dtype), " and value.dtype: ", name_of(v.dtype), " instead.");
  WG_CHECK(q.ndim() >= 2 && k.ndim() >= 2 && v.ndim() >= 2,
           "Expected query, key, and value to all be  at least 2 dimensional, "
           "but got query.dim: ",
           q.ndim(), " key.dim: ", k.ndim(), " and value.dim: ", v.ndim(), " instead.");
  if (!mask) return;
  WG_CHECK(mask->dtype == DType::Bool || mask->dtype == DType::Float32 || mask->dtype == q.dtype,
           "Expected attn_mask dtype to be bool or float or to match query dtype, but got attn_mask.dtype: ",
           name_of(mask->dtype), " and  query.dtype: ", name_of(q.dtype), " instead.");
  WG_CHECK(!causal, "_scaled_dot_product_attention: Explicit attn_mask should not be set when is_causal=True");
}

// A boolean mask as numbers to add.
TensorRef additive(Tensor& mask, DType d) {
  if (mask.dtype != DType::Bool) return TensorRef(&mask);
  GradMode off(false);
  return call<"masked_fill.Scalar">(zeros(mask.sizes, d), call<"logical_not">(mask), -kInfinity);
}

bool suits_kernel(const Tensor& q, const Tensor& k, const Tensor& v, const Tensor* mask, double dropout) {
  if (dropout > 0 || !is_floating(q.dtype) || q.ndim() != 4 || k.ndim() != 4 || v.ndim() != 4) return false;
  bool ok = q.numel && k.numel && v.numel && q.size(3) == k.size(3) && k.size(2) == v.size(2);
  for (int i = 0; i < 2; ++i) ok &= q.size(i) == k.size(i) && q.size(i) == v.size(i);
  return ok && !(mask && (mask->needs_grad() || mask->wrapped));
}

void check_inner(const Call& c, const Tensor& q, const Tensor& k, const Tensor& v, const Tensor* mask) {
  check_kinds(q, k, v, mask, false);
  expect(c, suits_kernel(q, k, v, nullptr, 0), "query, key and value of 4 dims with the same batch, heads and width");
}

// Softmax in which a row of -inf becomes 0.
TensorRef safe_softmax(const TensorRef& scores, bool masked) {
  const TensorRef y = call<"softmax.int">(scores, -1, Value());
  if (!masked) return y;
  TensorRef blind;
  {
    GradMode off(false);
    blind = call<"all.dim">(call<"eq">(scores, -kInfinity), -1, true);
  }
  return call<"masked_fill.Scalar">(y, blind, 0.0);
}

TensorRef causal_mask(const Tensor& q, const Tensor& k) {
  const int64_t n = q.size(q.ndim() - 2), m = k.size(k.ndim() - 2);
  const TensorRef mask = empty({n, m}, DType::Bool);
  for (int64_t i = 0; i < n; ++i)
    for (int64_t j = 0; j < m; ++j) mask->as<bool>()[i * m + j] = j <= i;
  return additive(*mask, q.dtype);
}

TensorRef by_parts(const TensorRef& q, const TensorRef& k, const TensorRef& v, TensorRef mask, double dropout,
                   bool causal, double scale) {
  if (causal) mask = causal_mask(*q, *k);
  TensorRef scores = call<"matmul">(call<"mul">(q, scale), call<"transpose">(k, -2, -1));
  if (mask) scores = call<"add">(scores, additive(*mask, q->dtype), 1);
  TensorRef p = safe_softmax(scores, bool(mask));
  if (dropout > 0) p = call<"dropout">(p, dropout, true);
  return call<"matmul">(p, v);
}

// Heads of keys repeated so that there are as many as those of the queries.
TensorRef grouped(const TensorRef& t, int64_t heads_wanted) {
  const int64_t have = t->size(t->ndim() - 3);
  WG_CHECK(have > 0 && heads_wanted % have == 0,
           "Number of heads in key and value must divide the number of heads in query");
  if (have == heads_wanted) return t;
  Dims wide = t->sizes, out = t->sizes;
  wide.insert(t->ndim() - 2, heads_wanted / have);
  out[t->ndim() - 3] = heads_wanted;
  return call<"reshape">(call<"expand">(call<"unsqueeze">(t, -3), wide, false), out);
}

}  // namespace

// (query, key, value, additive mask, causal, scale)
WG_OP(_attention) {
  Tensor& q = c.tensor(0);
  check_inner(c, q, c.tensor(1), c.tensor(2), c.tensor_or_null(3));
  const Arrays in(q, c.tensor(1), c.tensor(2), c.tensor_or_null(3), c.flag(4), c.real(5));
  TensorRef out = room_like(q, in.a.value_width, in.a.dtype);
  const TensorRef sums = empty({q.size(0), q.size(1), q.size(2)}, in.a.dtype);
  attend(in.a, heads(*out), sums->data());
  c.out(q.dtype == in.a.dtype ? out : cast(*out, q.dtype));
  c.out(sums);
}

// (gradient, query, key, value, output, log of sums, additive mask, causal, scale)
WG_OP(_attention_backward) {
  Tensor &q = c.tensor(1), &k = c.tensor(2), &v = c.tensor(3);
  check_inner(c, q, k, v, c.tensor_or_null(6));
  const Dims result = {q.size(0), q.size(1), q.size(2), v.size(3)};
  expect_sizes(c, c.tensor(0).sizes, result, "a gradient");
  expect_sizes(c, c.tensor(4).sizes, result, "an output");
  expect_sizes(c, c.tensor(5).sizes, {q.size(0), q.size(1), q.size(2)}, "sums");
  const Arrays in(q, k, v, c.tensor_or_null(6), c.flag(7), c.real(8));
  const DType work = in.a.dtype;
  const TensorRef g = with_rows(c.tensor(0), work), out = with_rows(c.tensor(4), work), sums = ready(c.tensor(5), work);
  const auto [gq, gk, gv] = rooms(q, k, v, work);
  attend_backward(in.a, heads(*g), heads(*out), sums->data(), heads(*gq), heads(*gk), heads(*gv));
  for (const TensorRef& t : {gq, gk, gv}) c.out(given(t, q.dtype));
}

// (query, key, value, mask, dropout, causal, scale): of ops that have derivatives of every order.
WG_OP_AS(attention_math, "_attention_math", Composite) {
  for (int i = 0; i < 3; ++i)
    WG_CHECK(c.tensor(i).ndim() >= 2, "_attention_math: argument ", i + 1, " has to be of two dims at least");
  c.out(by_parts(TensorRef(&c.tensor(0)), TensorRef(&c.tensor(1)), TensorRef(&c.tensor(2)),
                 c.has(3) ? TensorRef(&c.tensor(3)) : TensorRef(), c.real(4), c.flag(5), c.real(6)));
}

// (query, key, value, mask, dropout, causal, scale, enable_gqa)
WG_OP_AS(scaled_dot_product_attention, "scaled_dot_product_attention", Composite) {
  TensorRef q(&c.tensor(0)), k(&c.tensor(1)), v(&c.tensor(2));
  Tensor* mask = c.tensor_or_null(3);
  const double dropout = c.real_or(4, 0);
  const bool causal = c.nargs > 5 && c.flag(5);
  check_kinds(*q, *k, *v, mask, causal);
  WG_CHECK(dropout >= 0 && dropout <= 1, "dropout probability has to be between 0 and 1, but got ", dropout);
  if (c.nargs > 7 && c.flag(7) && q->ndim() >= 3) {
    k = grouped(k, q->size(q->ndim() - 3));
    v = grouped(v, q->size(q->ndim() - 3));
  }
  const double scale = c.real_or(6, 1 / std::sqrt(double(q->sizes.back())));
  if (!suits_kernel(*q, *k, *v, mask, dropout))
    return c.out(by_parts(q, k, v, mask ? TensorRef(mask) : TensorRef(), dropout, causal, scale));
  Value bias;
  TensorRef numbers;
  if (mask) {
    numbers = additive(*mask, q->dtype);
    bias = Value(numbers);
  }
  c.out(call<"_attention">(q, k, v, bias, causal, scale));
}

}  // namespace wg
