// Recurrent layers: all time steps of one layer in one direction, and their gradients.
#include <algorithm>
#include <cstring>

#include "../kernels/gemm.h"
#include "../kernels/recurrence_kernels.h"
#include "../parallel.h"
#include "../tape.h"
#include "calls.h"
#include "expect.h"
#include "nn.h"

namespace wg {
namespace {

Cell cell_of(const std::string& mode) {
  return mode == "LSTM" ? Cell::Lstm : mode == "GRU" ? Cell::Gru : mode == "RNN_TANH" ? Cell::Tanh : Cell::Relu;
}
int64_t gates_of(Cell k) { return k == Cell::Lstm ? 4 : k == Cell::Gru ? 3 : 1; }
int64_t extra_of(Cell k) { return k == Cell::Lstm ? 2 : k == Cell::Gru ? 3 : 0; }

// The steps in the order in which they are taken: `rows` sequences are alive, their rows begin at `at`.
struct Step {
  int64_t at, rows;
};
std::vector<Step> steps(const Dims& sizes, bool reverse) {
  std::vector<Step> all;
  int64_t at = 0;
  for (int64_t n : sizes) all.push_back({at, n}), at += n;
  if (reverse) std::reverse(all.begin(), all.end());
  return all;
}

// y (n x p) += x (n x q) @ w, where w (q x p) is packed: every step uses it.
void add_product(DType d, int64_t n, int64_t p, int64_t q, char* y, const char* x, const Tensor& w) {
  if (!n || !p || !q) return;
  gemm({.dtype = d,
        .m = n,
        .n = p,
        .k = q,
        .a = {const_cast<char*>(x), q, 1},
        .b = {w.data(), 0, 0},
        .c = {y, p, 1},
        .alpha = 1,
        .beta = 1,
        .right = Right::Packed});
}
TensorRef packed(const Tensor& w, bool transposed) {
  const int64_t k = w.size(transposed ? 1 : 0), n = w.size(transposed ? 0 : 1);
  TensorRef y = empty({packed_numel(w.dtype, k, n)}, w.dtype);
  if (w.numel) pack(w.dtype, k, n, {w.data(), w.strides[transposed ? 1 : 0], w.strides[transposed ? 0 : 1]}, y->data());
  return y;
}

// A copy to write to, with contiguous rows.
TensorRef copied(const Tensor& t, const Dims& sizes, DType d) {
  TensorRef y = empty(sizes, d);
  copy(*y, t);
  return y;
}

// A matrix of dtype d, and as large as that.
void expect_matrix(const Call& c, int i, DType d, int64_t rows, int64_t columns) {
  expect(c, c.tensor(i).dtype == d && (d == DType::Float32 || d == DType::Float64), "one type, float32 or float64");
  expect_sizes(c, c.tensor(i).sizes, Dims{rows, columns}, "a matrix");
}

int64_t total(const Call& c, const Dims& sizes) {
  int64_t sum = 0;
  for (int64_t n : sizes) {
    expect(c, n >= 0 && n <= (int64_t(1) << 40), "numbers of sequences");
    sum += n;
  }
  return sum;
}

template <class F>
void with_kernels(DType d, F f) {
  if (d == DType::Float32)
    f(recurrence_table().of_float, float());
  else
    f(recurrence_table().of_double, double());
}

constexpr int64_t kGrain = 4096;  // gate values worth a thread's while

template <class F>
void over_rows(int64_t n, int64_t width, F f) {
  parallel_for(n, std::max<int64_t>(1, kGrain / std::max<int64_t>(1, width)), f);
}

}  // namespace

// (gates, h0, c0, w_hh, b_hh, mode, sizes, reverse); gates: the input's part, one row a sequence and step.
WG_OP(_all_steps) {
  GradMode off(false);
  const Cell kind = cell_of(c.text(5));
  const DType d = c.tensor(0).dtype;
  const Dims& sizes = c.ints(6);
  expect_ndim(c, c.tensor(1).ndim(), 2, 2, "a state");
  const int64_t rows = total(c, sizes), batch = c.tensor(1).size(0), width = c.tensor(1).size(1),
                many = gates_of(kind) * width;
  for (int64_t n : sizes) expect(c, n <= batch, "no more sequences at a step than states");
  expect_matrix(c, 0, d, rows, many);
  expect_matrix(c, 1, d, batch, width);
  if (kind == Cell::Lstm) expect_matrix(c, 2, d, batch, width);
  expect_matrix(c, 3, d, many, width);
  const TensorRef w = packed(c.tensor(3), true);
  Tensor* bias = c.tensor_or_null(4);
  if (bias) expect(c, bias->dtype == d, "a bias of the same type");  // its size: see expand() below
  const TensorRef before = empty({rows, width}, d), out = empty({rows, width}, d);
  const TensorRef hn = copied(c.tensor(1), c.tensor(1).sizes, d);
  const TensorRef cn = kind == Cell::Lstm ? copied(c.tensor(2), c.tensor(2).sizes, d) : empty({0}, d);
  const bool apart = kind == Cell::Gru;  // the hidden state's part of the sums is kept apart
  const TensorRef gates = bias && !apart ? contiguous(*call<"add">(c.tensor(0), expand(*bias, {rows, many}), 1))
                                         : copied(c.tensor(0), c.tensor(0).sizes, d);
  const TensorRef extra = !apart ? empty({rows, extra_of(kind) * width}, d)
                          : bias ? copied(*bias, {rows, many}, d)
                                 : zeros({rows, many}, d);
  with_kernels(d, [&](const auto& k, auto zero) {
    using T = decltype(zero);
    auto at = [](const TensorRef& t, int64_t row) {
      return t->numel ? t->template as<T>() + row * t->size(1) : nullptr;
    };
    for (const Step& s : steps(sizes, c.flag(7))) {
      const size_t bytes = size_t(s.rows) * width * sizeof(T);
      if (!bytes) continue;
      std::memcpy(at(before, s.at), hn->data(), bytes);
      T* sums = apart ? at(extra, s.at) : at(gates, s.at);
      add_product(d, s.rows, many, width, reinterpret_cast<char*>(sums), hn->data(), *w);
      const CellStep<T> step{s.rows, width, at(gates, s.at), at(extra, s.at), at(hn, 0), at(cn, 0)};
      over_rows(s.rows, many, [&](int64_t b, int64_t e) { k.step(kind, step, b, e); });
      std::memcpy(at(out, s.at), hn->data(), bytes);
    }
  });
  for (TensorRef t : {out, hn, cn, gates, extra, before}) c.out(t);
}

// (grad, hn_grad, cn_grad, out, gates, extra, before, w_hh, mode, sizes, reverse, and what only the rule needs)
// -> gradients of gates, h0, c0, w_hh, b_hh.
WG_OP(_all_steps_backward) {
  GradMode off(false);
  const Cell kind = cell_of(c.text(8));
  const DType d = c.tensor(4).dtype;
  const Dims& sizes = c.ints(9);
  expect_ndim(c, c.tensor(6).ndim(), 2, 2, "the states before each step");
  const int64_t rows = total(c, sizes), width = c.tensor(6).size(1), many = gates_of(kind) * width;
  const int64_t batch = sizes.empty() ? 0 : *std::max_element(sizes.begin(), sizes.end());
  expect_matrix(c, 3, d, rows, width);
  expect_matrix(c, 4, d, rows, many);
  expect_matrix(c, 5, d, rows, extra_of(kind) * width);
  expect_matrix(c, 6, d, rows, width);
  expect_matrix(c, 7, d, many, width);
  if (c.has(0)) expect_sizes(c, c.tensor(0).sizes, Dims{rows, width}, "a gradient");
  const TensorRef out = contiguous(c.tensor(3)), acts = contiguous(c.tensor(4)), extra = contiguous(c.tensor(5)),
                  before = contiguous(c.tensor(6)), w = packed(c.tensor(7), false);
  const TensorRef grad = c.has(0) ? ready(c.tensor(0), d) : TensorRef();
  auto initial = [&](int i, const Dims& shape) { return c.has(i) ? copied(c.tensor(i), shape, d) : zeros(shape, d); };
  const TensorRef dh = initial(1, {batch, width});
  const TensorRef dc = kind == Cell::Lstm ? initial(2, {batch, width}) : empty({0}, d);
  const TensorRef sums = empty({rows, many}, d), hidden_sums = kind == Cell::Gru ? empty({rows, many}, d) : sums;
  std::vector<Step> order = steps(sizes, c.flag(10));
  with_kernels(d, [&](const auto& k, auto zero) {
    using T = decltype(zero);
    auto at = [](const Tensor& t, int64_t row) { return t.numel ? t.template as<T>() + row * t.size(1) : nullptr; };
    for (auto s = order.rbegin(); s != order.rend(); ++s) {
      if (!s->rows) continue;
      const CellBack<T> step{s->rows,
                             width,
                             at(*acts, s->at),
                             at(*extra, s->at),
                             at(*before, s->at),
                             at(*out, s->at),
                             grad ? at(*grad, s->at) : nullptr,
                             at(*dh, 0),
                             at(*dc, 0),
                             at(*sums, s->at),
                             at(*hidden_sums, s->at)};
      over_rows(s->rows, many, [&](int64_t b, int64_t e) { k.back(kind, step, b, e); });
      add_product(d, s->rows, width, many, dh->data(), reinterpret_cast<const char*>(at(*hidden_sums, s->at)), *w);
    }
  });
  c.out(sums), c.out(dh), c.out(dc);
  c.out(call<"matmul">(call<"t">(hidden_sums), before));
  c.out(call<"sum.dim_IntList">(hidden_sums, Dims{0}, false));
}

}  // namespace wg
