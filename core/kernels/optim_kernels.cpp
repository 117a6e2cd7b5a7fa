// The update rules, written as torch's sequences of ops and rounded where those round, so that the bits agree.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "optim.h"
#include "optim_numbers.h"
#include "tiles.h"

namespace wg::WG_LEVEL {
namespace {

// Each rule: the numbers of a step, how they follow from options and counters, and what happens to one element.
// `Has` tells by its bits which states there are, and how near the weight `pull` is.
constexpr int kFromStart = 1 << kRuleStates;

template <class T>
struct Sgd {
  T momentum, undamped, rate, nesterov;
  static Sgd plan(const double* o, const Counter*) { return {o[1], 1 - o[2], -o[0], o[3]}; }

  template <int Has, class E>
  WG_INLINE void step(E& x, E g, E& buffer, E&, E&) const {
    if constexpr (Has != 0) {
      buffer = axpy(buffer * momentum, undamped, g);
      g = nesterov != T(0) ? axpy(g, momentum, buffer) : buffer;
    }
    x = axpy(x, rate, g);
  }
};

template <class T>
struct Adam {
  T pull, beta2, weight2, root, eps, size;
  static Adam plan(const double* o, const Counter* c) {
    double step = c->next(), beta1 = o[1], beta2 = o[2];
    return {1 - beta1, beta2,
            1 - beta2, std::pow(1 - std::pow(beta2, step), 0.5),
            o[3],      -(o[0] / (1 - std::pow(beta1, step)))};
  }

  template <int Has, class E>
  WG_INLINE void step(E& x, E g, E& mean, E& square, E& largest) const {
    mean = lerp<(Has & kFromStart) != 0>(mean, g, pull);
    square = addcmul(square * beta2, weight2, g, g);
    E v = square;
    if constexpr ((Has & 4) != 0) v = largest = maximum(largest, square);
    x = addcdiv(x, size, mean, root_of(v) / root + eps);
  }
};

template <class T>
struct Nadam {
  T pull, beta2, weight2, bias2, eps, gradient_size, mean_size;
  static Nadam plan(const double* o, const Counter* c) {
    double step = c->next(), lr = o[0], beta1 = o[1], beta2 = o[2], decay = o[4];
    double mu = beta1 * (1.0 - 0.5 * std::pow(0.96, step * decay));
    double next = beta1 * (1.0 - 0.5 * std::pow(0.96, (step + 1) * decay));
    c[1].set(c[1].get() * (c[1].wide ? mu : double(float(mu))));
    double product = c[1].get();
    return {1 - beta1,
            beta2,
            1 - beta2,
            1 - std::pow(beta2, step),
            o[3],
            -lr * (1.0 - mu) / (1.0 - product),
            -lr * next / (1.0 - product * next)};
  }

  template <int Has, class E>
  WG_INLINE void step(E& x, E g, E& mean, E& square, E&) const {
    mean = lerp<(Has & kFromStart) != 0>(mean, g, pull);
    square = addcmul(square * beta2, weight2, g, g);
    E spread = root_of(square / bias2) + eps;
    x = addcdiv(addcdiv(x, gradient_size, g, spread), mean_size, mean, spread);
  }
};

template <class T>
struct Radam {
  T pull, beta2, weight2, bias1, lr, eps, root, rectified, adaptive;
  static Radam plan(const double* o, const Counter* c) {
    double step = c->next(), beta1 = o[1], beta2 = o[2];
    double bias2 = 1 - std::pow(beta2, step), end = 2 / (1 - beta2) - 1;
    double rho = end - 2 * step * std::pow(beta2, step) / bias2, rectified = 1;
    if (rho > 5) rectified = std::pow((rho - 4) * (rho - 2) * end / ((end - 4) * (end - 2) * rho), 0.5);
    return {
        1 - beta1,          beta2, 1 - beta2, 1 - std::pow(beta1, step), o[0], o[3], std::pow(bias2, 0.5), rectified,
        rho > 5 ? 1.0 : 0.0};
  }

  template <int Has, class E>
  WG_INLINE void step(E& x, E g, E& mean, E& square, E&) const {
    mean = lerp<(Has & kFromStart) != 0>(mean, g, pull);
    square = addcmul(square * beta2, weight2, g, g);
    // Not yet reliable: both factors are 1.
    E scale = T(1) / (root_of(square) + eps) * root;
    scale = adaptive != T(0) ? scale : exactly<E>(1);
    x = x - mean / bias1 * lr * scale * rectified;
  }
};

template <class T>
struct Adamax {
  T pull, beta2, eps, size;
  static Adamax plan(const double* o, const Counter* c) {
    double step = c->next();
    return {1 - o[1], o[2], o[3], -(o[0] / (1 - std::pow(o[1], step)))};
  }

  template <int Has, class E>
  WG_INLINE void step(E& x, E g, E& mean, E& largest, E&) const {
    mean = lerp<(Has & kFromStart) != 0>(mean, g, pull);
    largest = maximum(largest * beta2, magnitude(g) + eps);
    x = addcdiv(x, size, mean, largest);
  }
};

template <class T>
struct Rmsprop {
  T alpha, pull, eps, momentum, rate;
  static Rmsprop plan(const double* o, const Counter* c) {
    c->next();
    return {o[1], 1 - o[1], o[2], o[3], -o[0]};
  }

  template <int Has, class E>
  WG_INLINE void step(E& x, E g, E& square, E& centre, E& buffer) const {
    square = addcmul(square * alpha, pull, g, g);
    E v = square;
    if constexpr ((Has & 2) != 0) {
      centre = lerp<(Has & kFromStart) != 0>(centre, g, pull);
      v = addcmul(v, T(-1), centre, centre);
    }
    E spread = root_of(v) + eps;
    if constexpr ((Has & 4) != 0) {
      buffer = addcdiv(buffer * momentum, T(1), g, spread);
      x = axpy(x, rate, buffer);
    } else {
      x = addcdiv(x, rate, g, spread);
    }
  }
};

template <class T>
struct Adagrad {
  T eps, size;
  static Adagrad plan(const double* o, const Counter* c) {
    double step = c->next();
    return {o[2], -(o[0] / (1 + (step - 1) * o[1]))};
  }

  template <int Has, class E>
  WG_INLINE void step(E& x, E g, E& sum, E&, E&) const {
    sum = addcmul(sum, T(1), g, g);
    x = addcdiv(x, size, g, root_of(sum) + eps);
  }
};

template <class T>
struct Adadelta {
  T rho, weight, eps, rate;
  static Adadelta plan(const double* o, const Counter* c) {
    c->next();
    return {o[1], 1 - o[1], o[2], -o[0]};
  }

  template <int Has, class E>
  WG_INLINE void step(E& x, E g, E& square, E& total, E&) const {
    square = addcmul(square * rho, weight, g, g);
    E delta = root_of(total + eps) / root_of(square + eps) * g;
    total = addcmul(total * rho, weight, delta, delta);
    x = axpy(x, rate, delta);
  }
};

template <class T>
struct Rprop {
  T shrink, grow, smallest, largest;
  static Rprop plan(const double* o, const Counter* c) {
    c->next();
    return {o[0], o[1], o[2], o[3]};
  }

  template <int Has, class E>
  WG_INLINE void step(E& x, E g, E& previous, E& size, E&) const {
    const T agreement = wide(g * previous);
    // Factors and bounds are elements of tensors, in torch.
    E moved = size * E(agreement > T(0) ? grow : agreement < T(0) ? shrink : T(1));
    moved = at_least(moved, E(smallest));
    size = wide(moved) > wide(E(largest)) ? E(largest) : moved;
    previous = agreement < T(0) ? exactly<E>(0) : g;
    const E sign = exactly<E>(T(wide(previous) > T(0)) - T(wide(previous) < T(0)));
    x = addcmul(x, T(-1), sign, size);
  }
};

template <class T>
struct Asgd {
  T shrink, rate, mu;
  static Asgd plan(const double* o, const Counter* c) {
    double step = c->next(), lr = o[0], lambd = o[1], eta = c[1].get(), mu = c[2].get();
    c[1].set(lr / std::pow(1 + lambd * lr * step, o[2]));
    c[2].set(1 / (step - o[3] > 1 ? step - o[3] : 1.0));
    return {1 - lambd * eta, -eta, mu};
  }

  template <int Has, class E>
  WG_INLINE void step(E& x, E g, E& average, E&, E&) const {
    x = axpy(x * shrink, rate, g);
    average = mu == T(1) ? x : average + (x - average) * mu;
  }
};

// The numbers of a rule as an array and back: its fields are all of one type.
template <template <class> class Rule>
void plan(const double* options, const Counter* counters, double* numbers) {
  static_assert(sizeof(Rule<double>) <= kRuleNumbers * sizeof(double));
  Rule<double> rule = Rule<double>::plan(options, counters);
  std::memcpy(numbers, &rule, sizeof rule);
}

template <template <class> class Rule, class T>
Rule<T> rule_of(const double* numbers) {
  constexpr size_t n = sizeof(Rule<T>) / sizeof(T);
  T narrow[n];
  for (size_t i = 0; i < n; ++i) narrow[i] = T(numbers[i]);
  Rule<T> rule;
  std::memcpy(&rule, narrow, sizeof rule);
  return rule;
}

// `Plain`: there is no weight decay.
template <int Has, bool Plain, class E, class Rule>
WG_INLINE void sweep(const Rule rule, const Start& start, const Piece& piece) {
  using T = Wide<E>;
  T* __restrict p = static_cast<T*>(piece.p);
  const T* __restrict grad = static_cast<const T*>(piece.grad);
  T* __restrict a = static_cast<T*>(piece.state[0]);
  T* __restrict b = static_cast<T*>(piece.state[1]);
  T* __restrict c = static_cast<T*>(piece.state[2]);
  const T sign = T(start.sign), decay = T(start.decay), shrink = T(start.shrink);
  const bool decays = decay != T(0);
  for (int64_t i = 0, n = piece.n; i < n; ++i) {
    E x = exactly<E>(p[i]), g = exactly<E>(sign * grad[i]), first{}, second{}, third{};
    if constexpr (!Plain) {
      x = x * shrink;
      g = decays ? axpy(g, decay, x) : g;
    }
    if constexpr ((Has & 1) != 0) first = exactly<E>(a[i]);
    if constexpr ((Has & 2) != 0) second = exactly<E>(b[i]);
    if constexpr ((Has & 4) != 0) third = exactly<E>(c[i]);
    rule.template step<Has>(x, g, first, second, third);
    p[i] = wide(x);
    if constexpr ((Has & 1) != 0) a[i] = wide(first);
    if constexpr ((Has & 2) != 0) b[i] = wide(second);
    if constexpr ((Has & 4) != 0) c[i] = wide(third);
  }
}

template <int Has, class E, class Rule>
void sweep(const Rule& rule, const Start& start, const Piece& piece) {
  if (start.decay == 0 && start.shrink == 1)
    sweep<Has, true, E>(rule, start, piece);
  else
    sweep<Has, false, E>(rule, start, piece);
}

template <int Has, class E, class Rule>
bool sweep_if(int has, const Rule& rule, const Start& start, const Piece& piece) {
  if (has != Has) return false;
  if constexpr (requires { rule.pull; })
    if (from_start(rule.pull)) return sweep<Has | kFromStart, E>(rule, start, piece), true;
  return sweep<Has, E>(rule, start, piece), true;
}

// f of parts of a piece of half precision, as floats that are rounded to it.
template <class F>
void in_floats(const Piece& piece, F f) {
  constexpr int64_t kPart = 256;
  constexpr int kArrays = 2 + kRuleStates;
  const ConvertFn widen = convert_fn(piece.dtype, DType::Float32), narrow = convert_fn(DType::Float32, piece.dtype);
  const void* arrays[kArrays] = {piece.p, piece.grad, piece.state[0], piece.state[1], piece.state[2]};
  alignas(64) float parts[kArrays][kPart];
  for (int64_t begin = 0; begin < piece.n; begin += kPart) {
    const int64_t n = std::min(kPart, piece.n - begin);
    auto at = [&](int i) { return const_cast<uint16_t*>(static_cast<const uint16_t*>(arrays[i])) + begin; };
    auto part = [&](int i) { return arrays[i] ? parts[i] : nullptr; };
    for (int i = 0; i < kArrays; ++i)
      if (arrays[i]) widen(parts[i], at(i), n);
    f(Piece{piece.dtype, n, part(0), part(1), {part(2), part(3), part(4)}});
    for (int i = 0; i < kArrays; ++i)
      if (arrays[i] && i != 1) narrow(at(i), parts[i], n);
  }
}

// `Masks`: the sets of states that a rule knows.
template <template <class> class Rule, int... Masks>
void run(const double* numbers, const Start& start, const Piece& piece) {
  int has = 0;
  for (int i = 0; i < kRuleStates; ++i) has |= piece.state[i] ? 1 << i : 0;
  with_number(piece.dtype, [&]<class E>(E) {
    const Rule<Wide<E>> rule = rule_of<Rule, Wide<E>>(numbers);
    auto whole = [&](const Piece& some) { (void)(sweep_if<Masks, E>(has, rule, start, some) || ...); };
    if constexpr (std::is_same_v<E, Wide<E>>)
      whole(piece);
    else
      in_floats(piece, whole);
  });
}

const char kEvery[] = "weight_decay capturable", kDecoupled[] = "weight_decay decoupled capturable";

const UpdateRule all[] = {
    {{"sgd", "lr momentum dampening nesterov", "weight_decay", "", "momentum_buffer?momentum"},
     false,
     plan<Sgd>,
     run<Sgd, 0, 1>},
    {{"adam", "lr betas.0 betas.1 eps", kDecoupled, "step", "exp_avg exp_avg_sq max_exp_avg_sq?amsgrad"},
     true,
     plan<Adam>,
     run<Adam, 3, 7>},
    {{"nadam", "lr betas.0 betas.1 eps momentum_decay", kDecoupled, "step mu_product", "exp_avg exp_avg_sq"},
     true,
     plan<Nadam>,
     run<Nadam, 3>},
    {{"radam", "lr betas.0 betas.1 eps", kDecoupled, "step", "exp_avg exp_avg_sq"}, true, plan<Radam>, run<Radam, 3>},
    {{"adamax", "lr betas.0 betas.1 eps", kEvery, "step", "exp_avg exp_inf"}, true, plan<Adamax>, run<Adamax, 3>},
    {{"rmsprop", "lr alpha eps momentum", kEvery, "step", "square_avg grad_avg?centered momentum_buffer?momentum"},
     true,
     plan<Rmsprop>,
     run<Rmsprop, 1, 3, 5, 7>},
    {{"adagrad", "lr lr_decay eps", "weight_decay", "step", "sum"}, true, plan<Adagrad>, run<Adagrad, 1>},
    {{"adadelta", "lr rho eps", kEvery, "step", "square_avg acc_delta"}, true, plan<Adadelta>, run<Adadelta, 3>},
    {{"rprop", "etas.0 etas.1 step_sizes.0 step_sizes.1", "capturable", "step", "prev step_size"},
     true,
     plan<Rprop>,
     run<Rprop, 3>},
    {{"asgd", "lr lambd alpha t0", kEvery, "step eta mu", "ax"}, true, plan<Asgd>, run<Asgd, 1>},
};

}  // namespace

extern const OptimKernels optim_kernels;
const OptimKernels optim_kernels = {all};

}  // namespace wg::WG_LEVEL
