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

constexpr int64_t kGrain = 4096;          // gate values worth a thread's while
constexpr int64_t kPart = 16;             // sequences, about
constexpr int64_t kResident = 768 << 10;  // bytes of a weight that stays in a core's own cache

// body(first, last) for parts of the sequences: they need nothing of each other, so that a thread takes a part through
// all its steps. Of a large weight threads better share the products of each step than all of them read all of it.
template <class F>
void over_parts(int64_t batch, const Tensor& w, F body) {
  const bool large = w.numel * size_of(w.dtype) > kResident;
  const int64_t parts = large || batch < kPart / 2 ? 1 : std::max<int64_t>(2, batch / kPart);
  const int64_t rows = std::max<int64_t>(4, ((batch + parts - 1) / parts + 3) / 4 * 4);
  if (parts == 1) return body(int64_t(0), batch);
  parallel_for((batch + rows - 1) / rows, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) body(i * rows, std::min(batch, (i + 1) * rows));
  });
}

template <class F>
void over_rows(int64_t n, int64_t width, F f) {
  parallel_for(n, std::max<int64_t>(1, kGrain / std::max<int64_t>(1, width)), f);
}

}  // namespace

// (gates, h0, c0, w_hh, b_hh, mode, sizes, reverse, keep); gates: the input's part, one row a sequence and step. keep:
// what the backward pass needs; otherwise all steps share the rows of one.
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
  if (bias) expect(c, bias->dtype == d, "a bias of the same type");
  const bool keep = c.flag(8);
  const int64_t kept = keep ? rows : batch;
  const TensorRef before = empty({keep ? rows : 0, width}, d), out = empty({rows, width}, d);
  const TensorRef hn = copied(c.tensor(1), c.tensor(1).sizes, d);
  const TensorRef cn = kind == Cell::Lstm ? copied(c.tensor(2), c.tensor(2).sizes, d) : empty({0}, d);
  const bool apart = kind == Cell::Gru;  // the hidden state's part of the sums is kept apart
  const TensorRef in = contiguous(c.tensor(0)), gates = empty({kept, many}, d),
                  extra = empty({kept, extra_of(kind) * width}, d);
  if (bias) expand(*bias, {rows, many});  // torch's error for another size
  const TensorRef add = bias ? contiguous(*expand(*bias, {many})) : TensorRef();
  with_kernels(d, [&](const auto& k, auto zero) {
    using T = decltype(zero);
    auto at = [](const TensorRef& t, int64_t row) {
      return t->numel ? t->template as<T>() + row * t->size(1) : nullptr;
    };
    const std::vector<Step> order = steps(sizes, c.flag(7));
    over_parts(batch, *w, [&](int64_t first, int64_t last) {
      for (const Step& s : order) {
        const int64_t n = std::min(last, s.rows) - first;
        if (n <= 0 || !width) continue;
        const int64_t row = keep ? s.at + first : first;
        T *hidden = at(hn, first), *sums = at(apart ? extra : gates, row);
        const T* rest = add ? add->template as<T>() : nullptr;
        if (keep) std::memcpy(at(before, row), hidden, size_t(n * width) * sizeof(T));
        over_rows(n, many, [&](int64_t b, int64_t e) {
          k.begin(e - b, many, at(in, s.at + first + b), apart ? nullptr : rest, at(gates, row + b));
          if (apart) k.begin(e - b, many, nullptr, rest, at(extra, row + b));
        });
        add_product(d, n, many, width, reinterpret_cast<char*>(sums), reinterpret_cast<const char*>(hidden), *w);
        const CellStep<T> step{n, width, at(gates, row), at(extra, row), hidden, at(cn, first)};
        over_rows(n, many, [&](int64_t b, int64_t e) { k.step(kind, step, b, e); });
        std::memcpy(at(out, s.at + first), hidden, size_t(n * width) * sizeof(T));
      }
    });
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
    over_parts(batch, *w, [&](int64_t first, int64_t last) {
      for (auto s = order.rbegin(); s != order.rend(); ++s) {
        const int64_t n = std::min(last, s->rows) - first, row = s->at + first;
        if (n <= 0) continue;
        T *hidden = at(*dh, first), *left = at(*hidden_sums, row);
        const CellBack<T> step{n,
                               width,
                               at(*acts, row),
                               at(*extra, row),
                               at(*before, row),
                               at(*out, row),
                               grad ? at(*grad, row) : nullptr,
                               hidden,
                               at(*dc, first),
                               at(*sums, row),
                               left};
        over_rows(n, many, [&](int64_t b, int64_t e) { k.back(kind, step, b, e); });
        add_product(d, n, width, many, reinterpret_cast<char*>(hidden), reinterpret_cast<const char*>(left), *w);
      }
    });
  });
  c.out(sums), c.out(dh), c.out(dc);
  c.out(call<"matmul">(call<"t">(hidden_sums), before));
  c.out(call<"sum.dim_IntList">(hidden_sums, Dims{0}, false));
}

}  // namespace wg
