// Samples whose parameters are tensors: bernoulli, normal, multinomial, poisson, binomial, gamma, dirichlet.
#include <algorithm>
#include <cmath>
#include <vector>

#include "../apply.h"
#include "../kernels/random_gradients.h"
#include "../kernels/random_samplers.h"
#include "calls.h"
#include "random.h"

namespace wg {
namespace {

void require(const Tensor& t, bool fine, const char* name) {
  WG_CHECK_KIND(Kind::NotImplemented, fine, '"', name, "\" not implemented for '", torch_name(t.dtype), "'");
}
bool is_float_or_double(const Tensor& t) { return t.dtype == DType::Float32 || t.dtype == DType::Float64; }

template <OpName name>
void in_place(Tensor& t, Value other) {
  GradMode off(false);
  Value args[] = {Value(&t), other, Value::of_int(1)};  // the 1 is add's alpha
  Call c{&op<name>(), args, name.text[0] == 'a' ? 3 : 2};
  apply_inplace(c);
}

Walk walk_over(const Tensor& out, std::initializer_list<const Tensor*> others) {
  const int64_t* strides[Walk::kOperands] = {out.strides.data()};
  int n = 1;
  for (const Tensor* t : others) strides[n++] = t->strides.data();
  return Walk(out.sizes.data(), out.ndim(), strides, n);
}

// The normal samples of a tensor of deviations: standard ones, multiplied, then moved.
TensorRef scaled_normal(const Dims& sizes, DType dtype, Tensor& std, Value mean, Generator& g) {
  WG_CHECK(!is_complex(std.dtype), "normal expects standard deviation to be non-complex");
  if (std.numel > 0) {
    const TensorRef real = contiguous(*cast(std, DType::Float64));
    const double* s = real->as<double>();
    WG_CHECK(std::all_of(s, s + real->numel, [](double v) { return v >= 0; }),
             "normal expects all elements of std >= 0.0");
  }
  TensorRef out = empty(sizes, dtype);
  normal_fill(*out, 0, 1, g);
  in_place<"mul">(*out, Value(&std));
  in_place<"add">(*out, mean);
  return out;
}

}  // namespace

WG_OP(bernoulli) {
  Tensor& p = c.tensor(0);
  TensorRef out = empty(p.sizes, p.dtype);
  bernoulli_fill(*out, p, generator_of(c, 1));
  c.out(out);
}
WG_OP_AS(bernoulli_p, "bernoulli.p", Primitive) {
  Tensor& like = c.tensor(0);
  TensorRef out = empty(like.sizes, like.dtype);
  bernoulli_fill(*out, c.real(1), generator_of(c, 2));
  c.out(out);
}

WG_OP_AS(normal_tensor_tensor, "normal.Tensor_Tensor", Primitive) {
  Tensor &mean = c.tensor(0), &std = c.tensor(1);
  c.out(scaled_normal(broadcast(mean.sizes, std.sizes), mean.dtype, std, Value(&mean), generator_of(c, 2)));
}
WG_OP_AS(normal_float_tensor, "normal.float_Tensor", Primitive) {
  Tensor& std = c.tensor(1);
  c.out(scaled_normal(std.sizes, std.dtype, std, Value::of_float(c.real(0)), generator_of(c, 2)));
}
WG_OP_AS(normal_tensor_float, "normal.Tensor_float", Primitive) {
  Tensor& mean = c.tensor(0);
  TensorRef out = empty(mean.sizes, mean.dtype);
  normal_fill(*out, 0, c.real(1), generator_of(c, 2));
  in_place<"add">(*out, Value(&mean));
  c.out(out);
}

// ---- multinomial

namespace {

template <class T>
using Number = std::conditional_t<std::is_same_v<T, double>, double, float>;

void check_weights(const Tensor& w) {
  const TensorRef real = contiguous(*cast(w, w.dtype == DType::Float64 ? DType::Float64 : DType::Float32));
  const int64_t columns = w.sizes.back(), rows = columns ? w.numel / columns : 0;
  visit_floating(real->dtype, "multinomial", [&]<class T>() {
    const T* p = real->as<T>();
    for (int64_t i = 0; i < w.numel; ++i)
      WG_CHECK(Number<T>(p[i]) >= 0 && std::isfinite(Number<T>(p[i])),
               "probability tensor contains either `inf`, `nan` or element < 0");
    for (int64_t r = 0; r < rows; ++r, p += columns)
      WG_CHECK(std::any_of(p, p + columns, [](T v) { return Number<T>(v) > 0; }),
               "invalid multinomial distribution (sum of probabilities <= 0)");
  });
}

// Without replacement: the largest of weight / (an exponential sample). Equal ones come in the order of torch's topk.
void race(Tensor& weights, Tensor& out, int64_t count, Generator& g) {
  check_weights(weights);
  TensorRef speed = empty_like(weights);
  exponential_fill(*speed, 1, g);
  const TensorRef w = contiguous(weights), q = contiguous(*speed);
  const int64_t columns = weights.sizes.back();
  visit_floating(w->dtype, "multinomial", [&]<class T>() {
    using Runner = std::pair<Number<T>, int64_t>;
    auto ahead = [](const Runner& a, const Runner& b) {
      return (std::isnan(a.first) && !std::isnan(b.first)) || a.first > b.first;
    };
    std::vector<Runner> runners(columns);
    const T *p = w->as<T>(), *e = q->as<T>();
    int64_t* o = out.as<int64_t>();
    for (int64_t r = 0; r < w->numel / columns; ++r, p += columns, e += columns, o += count) {
      for (int64_t j = 0; j < columns; ++j) {
        const T ratio = T(Number<T>(p[j]) / Number<T>(e[j]));
        runners[j] = {Number<T>(ratio), j};
      }
      auto first = runners.begin();
      if (count == 1) {
        o[0] = std::min_element(first, runners.end(), ahead)->second;
        continue;
      }
      if (count * 64 <= columns) {
        std::partial_sort(first, first + count, runners.end(), ahead);
      } else {
        std::nth_element(first, first + count - 1, runners.end(), ahead);
        std::sort(first, first + count - 1, ahead);
      }
      for (int64_t k = 0; k < count; ++k) o[k] = runners[k].second;
    }
  });
}

}  // namespace

WG_OP(multinomial) {
  Tensor& weights = c.tensor(0);
  const int64_t count = c.integer(1);
  const bool replacement = c.flag(2);
  Generator& g = generator_of(c, 3);
  WG_CHECK(weights.ndim() == 1 || weights.ndim() == 2, "prob_dist must be 1 or 2 dim");
  WG_CHECK(is_floating(weights.dtype),
           "multinomial only supports floating-point dtypes for input, got: ", torch_name(weights.dtype));
  WG_CHECK(count > 0, "cannot sample n_sample <= 0 samples");
  const int64_t columns = weights.sizes.back(), rows = weights.ndim() == 2 ? weights.sizes[0] : 1;
  WG_CHECK(replacement || count <= columns, "cannot sample n_sample > prob_dist.size(-1) samples without replacement");
  WG_CHECK(columns <= int64_t(1) << 24, "number of categories cannot exceed 2^24");
  TensorRef out = empty(weights.ndim() == 2 ? Dims{rows, count} : Dims{count}, DType::Int64);
  c.out(out);
  if (out->numel == 0 || columns == 0) return;
  if (!replacement || count == 1) return race(weights, *out, count, g);
  const TensorRef w = contiguous(weights);
  std::vector<double> sums(static_cast<size_t>(columns));
  const char* const wrong[] = {"", "encountering probability entry < 0",
                               "encountering probability entry = infinity or NaN", "sum of probabilities <= 0"};
  const Weights verdict =
      sample_rows(g.engine, w->dtype, out->as<int64_t>(), count, w->data(), rows, columns, sums.data());
  WG_CHECK(verdict == Weights::Fine, "invalid multinomial distribution (", wrong[int(verdict)], ")");
}

// ---- distributions of counts and of proportions

WG_OP(poisson) {
  Tensor& rate = c.tensor(0);
  require(rate, is_floating(rate.dtype), "poisson_cpu");
  const TensorRef real = contiguous(*cast(rate, DType::Float64));
  const double* r = real->as<double>();
  WG_CHECK(std::all_of(r, r + real->numel, [](double v) { return v >= 0; }),
           "invalid Poisson rate, expected rate to be non-negative");
  TensorRef out = empty(rate.sizes, rate.dtype);
  sample_poisson(generator_of(c, 1).engine, walk_over(*out, {&rate}), rate.dtype, out->data(), rate.data());
  c.out(out);
}

WG_OP(binomial) {
  Tensor &count = c.tensor(0), &prob = c.tensor(1);
  WG_CHECK_VALUE(is_floating(count.dtype),
                 "binomial only supports floating-point dtypes for count, got: ", torch_name(count.dtype));
  WG_CHECK_VALUE(is_floating(prob.dtype),
                 "binomial only supports floating-point dtypes for prob, got: ", torch_name(prob.dtype));
  WG_CHECK(count.dtype == prob.dtype, "Found dtype ", torch_name(prob.dtype), " but expected ",
           torch_name(count.dtype));
  require(count, is_float_or_double(count), "binomial_cpu");
  TensorRef out = empty(broadcast(count.sizes, prob.sizes), count.dtype);
  const TensorRef n = expand(count, out->sizes), p = expand(prob, out->sizes);
  sample_binomial(generator_of(c, 2).engine, walk_over(*out, {n.get(), p.get()}), out->dtype, out->data(), n->data(),
                  p->data());
  c.out(out);
}

WG_OP_AS(standard_gamma, "_standard_gamma", Primitive) {
  Tensor& alpha = c.tensor(0);
  require(alpha, is_float_or_double(alpha), "gamma_cpu");
  TensorRef out = empty(alpha.sizes, alpha.dtype);
  sample_gamma(generator_of(c, 1).engine, walk_over(*out, {&alpha}), alpha.dtype, out->data(), alpha.data());
  c.out(out);
}

WG_OP_AS(sample_dirichlet, "_sample_dirichlet", Primitive) {
  Tensor& alpha = c.tensor(0);
  require(alpha, is_float_or_double(alpha), "dirichlet");
  const TensorRef a = contiguous(*cast(alpha, DType::Float64));
  TensorRef gammas = empty(alpha.sizes, DType::Float64), out = empty(alpha.sizes, alpha.dtype);
  sample_gamma(generator_of(c, 1).engine, walk_over(*gammas, {a.get()}), DType::Float64, gammas->data(), a->data());
  const int64_t columns = alpha.ndim() ? alpha.sizes.back() : 1;
  normalise_gammas(out->dtype, out->data(), gammas->as<double>(), columns ? out->numel / columns : 0, columns);
  c.out(out);
}

// ---- how the samples move with their parameters

WG_OP_AS(standard_gamma_grad, "_standard_gamma_grad", Primitive) {
  Tensor &alpha = c.tensor(0), &sample = c.tensor(1);
  require(alpha, is_float_or_double(alpha), "_standard_gamma_grad_cpu");
  TensorRef out = empty(broadcast(alpha.sizes, sample.sizes), alpha.dtype);
  const TensorRef a = contiguous(*expand(*cast(alpha, DType::Float64), out->sizes));
  const TensorRef x = contiguous(*expand(*cast(sample, DType::Float64), out->sizes));
  gamma_gradients(out->dtype, out->data(), a->as<double>(), x->as<double>(), out->numel);
  c.out(out);
}

WG_OP_AS(dirichlet_grad, "_dirichlet_grad", Primitive) {
  Tensor &sample = c.tensor(0), &alpha = c.tensor(1), &total = c.tensor(2);
  require(sample, is_float_or_double(sample), "_dirichlet_grad_cpu");
  TensorRef out = empty(broadcast(broadcast(sample.sizes, alpha.sizes), total.sizes), sample.dtype);
  TensorRef in[3];
  int n = 0;
  for (Tensor* t : {&sample, &alpha, &total}) in[n++] = contiguous(*expand(*cast(*t, DType::Float64), out->sizes));
  beta_gradients(out->dtype, out->data(), in[0]->as<double>(), in[1]->as<double>(), in[2]->as<double>(), out->numel);
  c.out(out);
}

}  // namespace wg
