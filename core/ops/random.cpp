// Filling tensors with random numbers, and the factories of random tensors.
#include "random.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "../apply.h"
#include "../kernels/random_fill.h"
#include "element.h"
#include "format.h"

namespace wg {
namespace {

// Bits of precision of a floating dtype: all integers up to 2 to this power are among its values.
int digits(DType d) { return d == DType::Float64 ? 53 : d == DType::Float32 ? 24 : d == DType::Float16 ? 11 : 8; }

// Past these bounds a floating dtype has not all integers.
void warn_of_gaps(int64_t bound, const char* name, DType d) {
  const int64_t most = int64_t(1) << digits(d);
  if (bound < -most || bound > most)
    warn(str(name, " is out of bounds [-(2^", digits(d), "), 2^", digits(d), "]. Due to precision limitations ",
             compiler_name(d),
             " can support discrete uniform distribution only within this range. This warning will become an error in "
             "version 1.7 release, please fix the code in advance"));
}

double largest(DType d) {
  switch (d) {
    case DType::Float64: return std::numeric_limits<double>::max();
    case DType::Float16: return 65504;
    case DType::BFloat16: return 0x1.fep127;
    default: return std::numeric_limits<float>::max();
  }
}

int64_t smallest_integer(DType d) {
  return visit_all(d, []<class T>() {
    if constexpr (std::is_integral_v<T>)
      return int64_t(std::numeric_limits<T>::min());
    else
      return int64_t(0);
  });
}
int64_t largest_integer(DType d) {  // that an int64 can hold
  return visit_all(d, []<class T>() {
    if constexpr (std::is_same_v<T, uint64_t>)
      return std::numeric_limits<int64_t>::max();
    else if constexpr (std::is_integral_v<T>)
      return int64_t(std::numeric_limits<T>::max());
    else
      return int64_t(0);
  });
}

// A tensor that is about to be filled: a complex one as pairs of reals.
struct Target {
  Dims sizes, strides;
  DType dtype;
  Tensor& t;

  explicit Target(Tensor& tensor) : sizes(tensor.sizes), strides(tensor.strides), dtype(tensor.dtype), t(tensor) {
    check_written(sizes, strides);
    if (!is_complex(dtype)) return;
    for (int64_t& s : strides) s *= 2;
    sizes.push_back(2);
    strides.push_back(1);
    dtype = real_of(dtype);
  }
  Walk walk() const {
    const int64_t* s[] = {strides.data()};
    return Walk(sizes.data(), sizes.size(), s, 1);
  }
};

void require_floating(const Tensor& t, const char* name) {
  WG_CHECK_KIND(Kind::NotImplemented, is_floating(t.dtype), '"', name, "\" not implemented for '", torch_name(t.dtype),
                "'");
}
void require_real(const Tensor& t, const char* name) {
  WG_CHECK_KIND(Kind::NotImplemented, !is_complex(t.dtype), '"', name, "\" not implemented for '", torch_name(t.dtype),
                "'");
}

void check_in_range(double from, double to_included, DType d) {
  WG_CHECK(!is_complex(d), "check_random_bounds handles only integral, floating-point and boolean types");
  const double low = is_floating(d) ? -largest(d) : double(smallest_integer(d));
  const double high = is_floating(d) ? largest(d) : double(largest_integer(d));
  WG_CHECK(from >= low && from <= high, "from is out of bounds for ", compiler_name(d));
  WG_CHECK(to_included >= low && to_included <= high, "to - 1 is out of bounds for ", compiler_name(d));
}

// v rounded to the dtype.
int64_t rounded(int64_t v, DType d) {
  return visit(d, [&]<class T>() {
    if constexpr (std::is_same_v<T, double>)
      return int64_t(double(v));
    else if constexpr (is_floating_v<T>)
      return int64_t(float(T(float(v))));
    else
      return v;
  });
}

int64_t step_at(int64_t v, DType d) {
  int n = 0;
  for (uint64_t a = uint64_t(v < 0 ? -v : v); a >>= 1;) ++n;
  return int64_t(1) << (n - digits(d) + 1);
}

// Integers near a bound that a floating dtype cannot hold would round over it: the bound moves to the next that it can.
int64_t lower_bound(int64_t from, DType d) {
  const int64_t up = rounded(from + 1, d);
  return up < from ? up + step_at(from + 1, d) : from;
}
int64_t upper_bound(int64_t to, DType d) {
  const int64_t down = rounded(to - 1, d);
  return down >= to ? down - step_at(to - 1, d) : to;
}

}  // namespace

void uniform_fill(Tensor& t, double from, double to, Generator& g) {
  Target target(t);
  WG_CHECK_KIND(Kind::NotImplemented, is_floating(target.dtype), "\"check_uniform_bounds\" not implemented for '",
                torch_name(t.dtype), "'");
  const double top = largest(target.dtype);
  WG_CHECK(from >= -top && from <= top, "from is out of bounds for ", compiler_name(target.dtype));
  WG_CHECK(to >= -top && to <= top, "to is out of bounds for ", compiler_name(target.dtype));
  WG_CHECK(from <= to, "uniform_ expects to return a [from, to) range, but found from=", from, " > to=", to);
  WG_CHECK(to - from <= top, "uniform_ expects to-from <= std::numeric_limits<", torch_name(target.dtype),
           ">::max(), but found to=", to, " and from=", from, " which result in to-from to exceed the limit");
  fill_uniform(g.engine, target.walk(), target.dtype, t.data(), from, to);
}

void normal_fill(Tensor& t, double mean, double std, Generator& g) {
  WG_CHECK(std >= 0, "normal expects std >= 0.0, but found std ", std);
  Target target(t);
  WG_CHECK_KIND(Kind::NotImplemented, is_floating(target.dtype), "\"normal_kernel_cpu\" not implemented for '",
                torch_name(t.dtype), "'");
  if (is_complex(t.dtype)) std /= std::sqrt(2.0);  // the variance is that of the real and the imaginary part together
  fill_normal(g.engine, target.walk(), target.dtype, t.data(), mean, std, t.contiguous);
}

void exponential_fill(Tensor& t, double lambda, Generator& g) {
  WG_CHECK(is_floating(t.dtype),
           "Exponential distribution is a continuous probability distribution. "
           "dtype must be a floating point but you specified ",
           torch_name(t.dtype));
  WG_CHECK(lambda > 0, "exponential_ expects lambda > 0.0, but found lambda=", lambda);
  fill_exponential(g.engine, Target(t).walk(), t.dtype, t.data(), lambda);
}

void bernoulli_fill(Tensor& t, double p, Generator& g) {
  WG_CHECK(p >= 0 && p <= 1, "bernoulli_ expects p to be in [0, 1], but got p=", p);
  require_real(t, "bernoulli_scalar_cpu_");
  fill_bernoulli(g.engine, Target(t).walk(), t.dtype, t.data(), p);
}

void bernoulli_fill(Tensor& t, const Tensor& p, Generator& g) {
  Target target(t);
  require_real(t, "bernoulli_tensor_cpu_self_");
  require_floating(p, "bernoulli_tensor_cpu_p_");
  const TensorRef chances = expand(p, t.sizes);
  const int64_t* strides[] = {t.strides.data(), chances->strides.data()};
  const Walk walk(t.sizes.data(), t.ndim(), strides, 2);
  WG_CHECK(fill_bernoulli_from(g.engine, walk, t.dtype, t.data(), p.dtype, chances->data()),
           "Expected p_in >= 0 && p_in <= 1 to be true, but got false.  "
           "(Could this error message be improved?  If so, please report an enhancement request to PyTorch.)");
}

// From `from` on, `range` of them. Wide unsigned numbers are drawn as the signed ones that they have in common.
static void draw_integers(Tensor& t, uint64_t range, int64_t from, Generator& g) {
  if (!is_stored(t.dtype) || is_differentiable(t.dtype))
    return fill_integers(g.engine, Target(t).walk(), t.dtype, t.data(), range, from);
  const TensorRef drawn = empty(t.sizes, DType::Int64);
  fill_integers(g.engine, Target(*drawn).walk(), DType::Int64, drawn->data(), range, from);
  copy(t, *drawn);
}

void integer_fill(Tensor& t, int64_t from, int64_t to, Generator& g) {
  const DType d = t.dtype;
  WG_CHECK(from < to, "random_ expects 'from' to be less than 'to', but got from=", from, " >= to=", to);
  if (is_floating(d)) {
    from = lower_bound(from, d);
    to = upper_bound(to, d);
    WG_CHECK(from < to,
             "random_ expects 'from' casted to dtype to be less than 'to' casted to dtype, but got from=", from,
             " >= to=", to);
  }
  check_in_range(double(from), double(to - 1), d);
  if (is_floating(d)) {
    warn_of_gaps(from, "from", d);
    warn_of_gaps(to - 1, "to - 1", d);
  }
  draw_integers(t, uint64_t(to) - uint64_t(from), from, g);
}

namespace {

// From `from` to the largest value of the dtype (of a floating one: the largest of its dense integers).
void integer_fill_above(Tensor& t, int64_t from, Generator& g) {
  const DType d = t.dtype;
  if (from == std::numeric_limits<int64_t>::min()) {
    WG_CHECK_KIND(Kind::NotImplemented, d != DType::Bool && d != DType::Float16 && !is_complex(d),
                  "\"random_full_64_bits_range_kernel_cpu\" not implemented for '", torch_name(d), "'");
    WG_CHECK(d == DType::Int64 || is_floating(d),
             "random_full_64_bits_range_kernel_cpu handles only int64, double, float and bfloat16");
    return fill_all_bits(g.engine, Target(t).walk(), d, t.data());
  }
  WG_CHECK(!is_complex(d), "random_from_to_impl handles only integral, floating-point and boolean types");
  int64_t to = largest_integer(d);
  if (is_floating(d)) {
    to = std::max(from, int64_t(1) << digits(d));
    from = lower_bound(from, d);
    WG_CHECK(from < to,
             "random_ expects 'from' casted to dtype to be less than or equal to 'to_inc' casted to dtype, "
             "but got from=",
             from, " > to_inc=", to);
  }
  check_in_range(double(from), double(to), d);
  draw_integers(t, uint64_t(to) - uint64_t(from) + 1, from, g);
}

void finish(Call& c) { c.out(TensorRef(&c.tensor(0))); }

}  // namespace

// ---- in place: the tensor is argument 0, the generator the last

WG_OP(uniform_) {
  uniform_fill(c.tensor(0), c.real(1), c.real(2), generator_of(c, 3));
  finish(c);
}
WG_OP(normal_) {
  normal_fill(c.tensor(0), c.real(1), c.real(2), generator_of(c, 3));
  finish(c);
}
WG_OP(exponential_) {
  exponential_fill(c.tensor(0), c.real(1), generator_of(c, 2));
  finish(c);
}
WG_OP_AS(bernoulli_float, "bernoulli_.float", Primitive) {
  bernoulli_fill(c.tensor(0), c.real(1), generator_of(c, 2));
  finish(c);
}
WG_OP_AS(bernoulli_tensor, "bernoulli_.Tensor", Primitive) {
  bernoulli_fill(c.tensor(0), c.tensor(1), generator_of(c, 2));
  finish(c);
}
WG_OP(random_) {
  Tensor& t = c.tensor(0);
  require_real(t, "random_kernel_cpu");
  fill_integers_of(generator_of(c, 1).engine, Target(t).walk(), t.dtype, t.data());
  finish(c);
}
WG_OP_AS(random_to, "random_.to", Primitive) {
  integer_fill(c.tensor(0), 0, c.integer(1), generator_of(c, 2));
  finish(c);
}
WG_OP_AS(random_from, "random_.from", Primitive) {
  if (c.has(2))
    integer_fill(c.tensor(0), c.integer(1), c.integer(2), generator_of(c, 3));
  else
    integer_fill_above(c.tensor(0), c.integer(1), generator_of(c, 3));
  finish(c);
}
WG_OP(geometric_) {
  Tensor& t = c.tensor(0);
  const double p = c.real(1);
  WG_CHECK(p > 0 && p < 1, "geometric_ expects p to be in (0, 1), but got p=", p);
  require_real(t, "geometric_cpu");
  WG_CHECK_KIND(Kind::NotImplemented, t.dtype != DType::Bool, "\"geometric_cpu\" not implemented for 'Bool'");
  fill_geometric(generator_of(c, 2).engine, Target(t).walk(), t.dtype, t.data(), p);
  finish(c);
}
WG_OP(log_normal_) {
  Tensor& t = c.tensor(0);
  const double std = c.real(2);
  WG_CHECK(std > 0, "log_normal_ expects std > 0.0, but found std=", std);
  require_floating(t, "log_normal_cpu");
  fill_log_normal(generator_of(c, 3).engine, Target(t).walk(), t.dtype, t.data(), c.real(1), std);
  finish(c);
}
WG_OP(cauchy_) {
  Tensor& t = c.tensor(0);
  const double sigma = c.real(2);
  WG_CHECK(sigma > 0, "cauchy_ expects sigma > 0.0, but found sigma=", sigma);
  WG_CHECK(is_floating(t.dtype),
           "Cauchy distribution is a continuous probability distribution. "
           "dtype must be a floating point but you specified ",
           compiler_name(t.dtype));
  fill_cauchy(generator_of(c, 3).engine, Target(t).walk(), t.dtype, t.data(), c.real(1), sigma);
  finish(c);
}

// ---- factories: the arguments before the generator differ, after it come dtype and what a CPU has no use for

namespace {

TensorRef fresh(const Dims& sizes, DType d) {
  for (int64_t n : sizes)
    WG_CHECK(n >= 0, "Trying to create tensor with negative dimension ", n, ": ", to_string(sizes));
  return empty(sizes, d);
}

int64_t checked_length(int64_t n, DType d) {
  fresh({n > 0 ? 0 : n}, d);
  WG_CHECK_KIND(Kind::NotImplemented, d != DType::Bool && !is_complex(d), "\"randperm\" not implemented for '",
                torch_name(d), "'");
  if (is_integral(d)) {
    static const char* const names[] = {"uint8_t", "int8_t",   "int16_t",  "int",
                                        "int64_t", "uint16_t", "uint32_t", "uint64_t"};
    WG_CHECK(n - 1 <= largest_integer(d), "value cannot be converted to type ", names[int(d) - int(DType::UInt8)],
             " without overflow");
  } else if (d != DType::BFloat16) {
    const int bits = digits(d);
    WG_CHECK(n <= (int64_t(1) << bits) + 1, "n cannot be greater than ",
             d == DType::Float16 ? std::string("2049") : str("2^", bits, "+1"), " for ", torch_name(d), " type.");
  }
  return n;
}

}  // namespace

WG_OP(rand) {
  TensorRef t = fresh(c.ints(0), c.dtype_or(2, default_dtype()));
  uniform_fill(*t, 0, 1, generator_of(c, 1));
  c.out(t);
}
WG_OP(randn) {
  TensorRef t = fresh(c.ints(0), c.dtype_or(2, default_dtype()));
  normal_fill(*t, 0, 1, generator_of(c, 1));
  c.out(t);
}
WG_OP(randint) {
  TensorRef t = fresh(c.ints(1), c.dtype_or(3, DType::Int64));
  integer_fill(*t, 0, c.integer(0), generator_of(c, 2));
  c.out(t);
}
WG_OP_AS(randint_low, "randint.low", Primitive) {
  TensorRef t = fresh(c.ints(2), c.dtype_or(4, DType::Int64));
  integer_fill(*t, c.integer(0), c.integer(1), generator_of(c, 3));
  c.out(t);
}
WG_OP(randperm) {
  const DType d = c.dtype_or(2, DType::Int64);
  const int64_t n = checked_length(c.integer(0), d);
  TensorRef t = fresh({n}, d);
  fill_permutation(generator_of(c, 1).engine, d, t->data(), n);
  c.out(t);
}
static TensorRef like(Call& c, int dtype_at) {
  Tensor& t = c.tensor(0);  // after the dtype: layout, device, pin_memory, requires_grad, memory_format
  return empty_in(format_at(c, dtype_at + 5, Format::Preserve), t, c.dtype_or(dtype_at, t.dtype));
}
WG_OP(rand_like) {
  TensorRef t = like(c, 2);
  uniform_fill(*t, 0, 1, generator_of(c, 1));
  c.out(t);
}
WG_OP(randn_like) {
  TensorRef t = like(c, 2);
  normal_fill(*t, 0, 1, generator_of(c, 1));
  c.out(t);
}
WG_OP(randint_like) {
  TensorRef t = like(c, 3);
  integer_fill(*t, 0, c.integer(1), generator_of(c, 2));
  c.out(t);
}
WG_OP_AS(randint_like_low, "randint_like.low_dtype", Primitive) {
  TensorRef t = like(c, 4);
  integer_fill(*t, c.integer(1), c.integer(2), generator_of(c, 3));
  c.out(t);
}
WG_OP_AS(normal_float_float, "normal.float_float", Primitive) {
  TensorRef t = fresh(c.ints(2), c.dtype_or(4, default_dtype()));
  normal_fill(*t, c.real(0), c.real(1), generator_of(c, 3));
  c.out(t);
}

}  // namespace wg
