// The steps of Adafactor and Muon.
#include "optim.h"

#include <cmath>
#include <limits>

#include "../apply.h"
#include "../kernels/gemm.h"
#include "calls.h"
#include "reduced.h"

namespace wg {
namespace {

constexpr int64_t kGrain = 1 << 15;

template <class T>
const WholeLoops<T>& loops() {
  if constexpr (std::is_same_v<T, float>)
    return whole_table().of_float;
  else
    return whole_table().of_double;
}

// f(begin, end) of the elements of a tensor, on several threads if it is large.
template <class F>
void in_pieces(int64_t n, F f) {
  if (n <= kGrain)
    f(int64_t(0), n);
  else
    parallel_for(n, kGrain, f);
}

template <class T>
T norm(const Tensor& x) {
  return std::sqrt(*folded(x, Fold::SquareSum, all_dims(x), false)->as<T>());
}

// Adafactor. The gradient over its root mean square, as long as the parameter is large, and never too long; the mean
// squares of a matrix are kept as those of its rows and columns.
template <class T>
struct Adafactor {
  const WholeStep& s;
  double lr = s.options[0], decay = s.options[5];
  double eps1 = std::isnan(s.options[2]) ? double(std::numeric_limits<T>::epsilon()) : s.options[2];
  T least = T(eps1 * eps1), sign = T(s.sign);
  int64_t n = s.p->numel;

  void matrices(T weight, T* update) {
    const int d = s.grad->ndim();
    const int64_t rows = s.grad->size(d - 2), cols = s.grad->size(d - 1);
    Tensor &row_var = *s.state[0], &col_var = *s.state[1];
    const TensorRef by_row = folded(*s.grad, Fold::SquareSum, uint64_t(1) << (d - 1), true);
    const TensorRef by_col = folded(*s.grad, Fold::SquareSum, uint64_t(1) << (d - 2), true);
    loops<T>().means(by_row->numel, row_var.as<T>(), by_row->as<T>(), T(cols), weight);
    loops<T>().means(by_col->numel, col_var.as<T>(), by_col->as<T>(), T(rows), weight);
    const TensorRef mean = call<"mean.dim">(row_var, Dims{-2}, true);
    const T *row = row_var.as<T>(), *col = col_var.as<T>(), *means = mean->as<T>(), *grad = s.grad->as<T>();
    parallel_for(n / cols, std::max<int64_t>(1, kGrain / cols), [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const int64_t matrix = i / rows;
        const T size = means[matrix] < T(eps1) ? T(eps1) : means[matrix];
        loops<T>().outer(cols, row[i], col + matrix * cols, size, least, grad + i * cols, sign, update + i * cols);
      }
    });
  }

  void run() {
    const double step = s.counters[0].next(), weight = std::pow(step, s.options[1]), slow = 1 / std::pow(step, 0.5);
    const double root = std::pow(double(n), 0.5), large = double(norm<T>(*s.p)) / root;
    const double size = (large > s.options[3] ? large : s.options[3]) * (slow < lr ? slow : lr);
    T* p = s.p->as<T>();
    if (decay != 0) in_pieces(n, [&](int64_t i, int64_t end) { loops<T>().scale(end - i, p + i, T(1 - lr * decay)); });
    const TensorRef made = empty(s.p->sizes, s.p->dtype);
    T* update = made->as<T>();
    if (s.grad->ndim() > 1)
      matrices(T(weight), update);
    else
      in_pieces(n, [&](int64_t i, int64_t end) {
        loops<T>().squares(end - i, s.state[2]->as<T>() + i, s.grad->as<T>() + i, T(weight), least, sign, update + i);
      });
    const double length = double(norm<T>(*made)) / (root * s.options[4]), excess = length > 1 ? length : 1;
    in_pieces(n, [&](int64_t i, int64_t end) { loops<T>().add(end - i, p + i, T(-size / excess), update + i); });
  }
};

bool adafactor_fits(const WholeStep& s) {
  if (s.p->numel == 0) return false;
  const int d = s.grad->ndim();
  if (d <= 1) return s.state[2] && s.state[2]->sizes == s.p->sizes;
  Dims rows = s.p->sizes, cols = s.p->sizes;
  rows[d - 1] = cols[d - 2] = 1;
  return s.state[0] && s.state[1] && s.state[0]->sizes == rows && s.state[1]->sizes == cols;
}
void adafactor(const WholeStep& s) {
  s.p->dtype == DType::Float32 ? Adafactor<float>{s}.run() : Adafactor<double>{s}.run();
}

// A matrix of numbers of bfloat16, as floats.
struct Brief {
  TensorRef held;
  float* at;
  int64_t rows, cols;
  Brief(int64_t rows, int64_t cols)
      : held(empty({rows, cols}, DType::Float32)), at(held->as<float>()), rows(rows), cols(cols) {}
  Matrix from(int64_t row, int64_t col) const { return {reinterpret_cast<char*>(at + row * cols + col), cols, 1}; }
};
Matrix turned(Matrix m) { return {m.data, m.col, m.row}; }

// to = alpha * a @ a^T + beta * to, a: to.rows x depth; each half of it is computed once, but for blocks on the
// diagonal.
void by_itself(const Brief& to, Matrix a, int64_t depth, double alpha, double beta) {
  constexpr int64_t kLeast = 64, kBlock = 16;
  const int64_t n = to.rows, band = std::max(kLeast, (n / 4 + kBlock - 1) / kBlock * kBlock);
  for (int64_t top = 0; top < n; top += band) {
    const int64_t m = std::min(band, n - top);
    const Matrix part = {a.data + top * a.row * int64_t(sizeof(float)), a.row, a.col};
    Gemm g{DType::Float32, m, n - top, depth, part, turned(part), to.from(top, top)};
    g.alpha = alpha, g.beta = beta;
    gemm(g);
    for (int64_t i = top; i < top + m; ++i) whole_table().divide(n - top, to.at + i * n + top, 1);
    for (int64_t left = top + m; left < n; left += kBlock)
      for (int64_t i = top; i < top + m; ++i)
        for (int64_t j = left; j < std::min(left + kBlock, n); ++j) to.at[j * n + i] = to.at[i * n + j];
  }
}

// Newton-Schulz iteration towards the nearest matrix with singular values of one, in bfloat16. The Gram matrix is the
// smaller one; being symmetric, it can be applied from either side.
Brief orthogonal(Brief x, const double* options) {
  const double a = options[3], b = options[4], c = options[5];
  const int64_t small = std::min(x.rows, x.cols), large = std::max(x.rows, x.cols);
  const bool tall = x.rows > x.cols;
  const float size = float(BFloat16(norm<float>(*x.held))), least = float(BFloat16(float(options[7])));
  whole_table().divide(x.rows * x.cols, x.at, size < least ? least : size);
  const Brief gram(small, small), polynomial(small, small);
  Brief next(x.rows, x.cols);
  for (int64_t step = 0; step < int64_t(options[6]); ++step) {
    by_itself(gram, tall ? turned(x.from(0, 0)) : x.from(0, 0), large, 1, 0);
    std::copy_n(gram.at, small * small, polynomial.at);
    by_itself(polynomial, gram.from(0, 0), small, c, b);
    std::copy_n(x.at, x.rows * x.cols, next.at);
    const Matrix left = tall ? x.from(0, 0) : polynomial.from(0, 0);
    Gemm g{DType::Float32, x.rows, x.cols, small, left, (tall ? polynomial : x).from(0, 0), next.from(0, 0)};
    g.beta = a;
    gemm(g);
    whole_table().divide(x.rows * x.cols, next.at, 1);
    std::swap(x, next);
  }
  return x;
}

template <class T>
void muon_step(const WholeStep& s) {
  const double *o = s.options, lr = o[0], rows = double(s.p->size(0)), cols = double(s.p->size(1));
  const int64_t n = s.p->numel;
  Brief x(s.p->size(0), s.p->size(1));
  T *p = s.p->as<T>(), *buffer = s.state[0]->as<T>(), *grad = s.grad->as<T>();
  in_pieces(n, [&](int64_t i, int64_t end) {
    loops<T>().momentum(end - i, buffer + i, grad + i, T(1 - o[1]), T(o[1]), o[2] != 0, x.at + i);
  });
  x = orthogonal(std::move(x), o);
  const double factor =
      o[8] != 0 ? 0.2 * std::pow(std::max(rows, cols), 0.5) : std::pow(std::max(1.0, rows / cols), 0.5);
  in_pieces(n, [&](int64_t i, int64_t end) {
    loops<T>().along(end - i, p + i, T(1 - lr * o[9]), T(-(lr * factor)), x.at + i);
  });
}

bool muon_fits(const WholeStep& s) {
  const double steps = s.options[6];
  return s.p->ndim() == 2 && s.p->numel && s.state[0] && s.state[0]->sizes == s.p->sizes && steps < 100 &&
         steps == std::floor(steps);
}
void muon(const WholeStep& s) { s.p->dtype == DType::Float32 ? muon_step<float>(s) : muon_step<double>(s); }

const WholeRule all[] = {
    {{"adafactor", "lr beta2_decay eps.0? eps.1 d weight_decay", "", "step", "row_var col_var variance"},
     adafactor_fits,
     adafactor},
    {{"muon",
      "lr momentum nesterov ns_coefficients.0 ns_coefficients.1 ns_coefficients.2 ns_steps eps "
      "adjust_lr_fn=match_rms_adamw weight_decay",
      "", "", "momentum_buffer"},
     muon_fits,
     muon},
};

}  // namespace

std::span<const WholeRule> whole_rules() { return all; }

}  // namespace wg
