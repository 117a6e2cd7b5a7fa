// Tensors made of nothing but sizes and numbers.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "../apply.h"
#include "../kernels/shape.h"
#include "calls.h"
#include "element.h"
#include "format.h"
#include "unwritten.h"

namespace wg {

bool fill_unwritten = false;

void mark_unwritten(Tensor& t) {
  Element e;
  visit_all(t.dtype, [&]<class T>() {
    T value;
    if constexpr (is_complex_v<T>)
      value = T(std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::quiet_NaN());
    else if constexpr (is_floating_v<T>)
      value = T(std::numeric_limits<float>::quiet_NaN());
    else
      value = std::numeric_limits<T>::max();
    std::memcpy(e.bytes, &value, sizeof value);
  });
  fill_strided(t.data(), t.dtype, t.strides, t.sizes, e.bytes);
}

namespace {

const Dims& checked(const Dims& sizes) {
  for (int64_t s : sizes)
    WG_CHECK(s >= 0, "Trying to create tensor with negative dimension ", s, ": ", to_string(sizes));
  return sizes;
}

TensorRef filled_with(TensorRef t, const Element& value) {
  fill_strided(t->data(), t->dtype, t->strides, t->sizes, value.bytes);
  return t;
}

DType sum_dtype(std::initializer_list<Value> values) {
  DType d = DType::Int64;
  for (const Value& v : values) {
    const DType w = v.weak_dtype();
    if (category(w) > category(d)) d = w;
  }
  return d;
}

void check_finite(const Value& start, const Value& end) {
  WG_CHECK(std::isfinite(start.to_double()) && std::isfinite(end.to_double()), "unsupported range: ", start.to_double(),
           " -> ", end.to_double());
}

void check_step(const Value& start, const Value& end, const Value& step) {
  const double s = step.to_double();
  WG_CHECK(s > 0 || s < 0, "step must be nonzero");
  check_finite(start, end);
  WG_CHECK(s > 0 ? end.to_double() >= start.to_double() : end.to_double() <= start.to_double(),
           "upper bound and lower bound inconsistent with step sign");
}

TensorRef arithmetic_sequence(const Value& start, const Value& step, int64_t n, DType d, bool vectors) {
  const TensorRef out = empty({n}, d);
  if (is_floating(d)) {
    arithmetic(out->data(), d, n, start.to_double(), step.to_double(), vectors);
  } else {
    const auto whole = [](const Value& v) { return v.tag == Tag::Float ? int64_t(v.real) : v.to_int(); };
    arithmetic(out->data(), d, n, whole(start), whole(step));
  }
  return out;
}

void arange(Call& c, const Value& start, const Value& end, const Value& step, int dtype_at) {
  const DType d = c.dtype_or(dtype_at, sum_dtype({start, end, step}));
  WG_CHECK_KIND(Kind::NotImplemented, !is_complex(d) && d != DType::Bool, "\"arange_cpu\" not implemented for '",
                torch_name(d), "'");
  check_step(start, end, step);
  const auto whole = [](const Value& v) { return v.tag == Tag::Float ? int64_t(v.real) : v.to_int(); };
  int64_t n;
  WG_CHECK(d != DType::Int64 || whole(step) != 0, "step must be nonzero");
  if (d == DType::Int64) {
    const int64_t a = whole(start), b = whole(end), s = whole(step);
    n = (b - a + s - (s > 0 ? 1 : -1)) / s;
  } else {
    n = int64_t(std::ceil((end.to_double() - start.to_double()) / step.to_double()));
  }
  WG_CHECK(n >= 0, "invalid size, possible overflow?");
  c.out(arithmetic_sequence(start, step, n, d, true));
}

TensorRef identity(int64_t n, int64_t m, DType d) {
  WG_CHECK(n >= 0, "n must be greater or equal to 0, got ", n);
  WG_CHECK(m >= 0, "m must be greater or equal to 0, got ", m);
  const TensorRef out = zeros({n, m}, d);
  const Element one = element_of(Value::of_int(1), d);
  fill_strided(out->data(), d, {m + 1}, {std::min(n, m)}, one.bytes);
  return out;
}

// The strides of `sizes` when the dims lie in memory in the given order, outermost first.
Dims strides_in_order(const Dims& sizes, const Dims& order) {
  Dims strides(sizes.size());
  int64_t step = 1;
  for (int i = order.size() - 1; i >= 0; --i) {
    const int d = int(order[i]);
    strides[d] = step;
    step *= std::max<int64_t>(sizes[d], 1);
  }
  return strides;
}

TensorRef like(Call& c, int dtype_at) {
  Tensor& t = c.tensor(0);  // after the dtype: layout, device, pin_memory, requires_grad, memory_format
  return empty_in(format_at(c, dtype_at + 5, Format::Preserve), t, c.dtype_or(dtype_at, t.dtype));
}

}  // namespace

// Factories: sizes first, dtype where the signature has it. What else a factory takes is the caller's business.
WG_OP(empty) {
  const DType d = c.dtype_or(1, default_dtype());
  const Dims& sizes = checked(c.ints(0));
  c.out(unwritten(c.has(6) ? empty_strided(sizes, strides_in(format_at(c, 6, Format::RowMajor), sizes), d)
                           : empty(sizes, d)));
}
WG_OP(zeros) {
  for (int64_t s : c.ints(0)) WG_CHECK(s >= 0, "zeros: Dimension size must be non-negative.");
  c.out(zeros(c.ints(0), c.dtype_or(1, default_dtype())));
}
static void all_ones(Call& c, int sizes_at, DType d) {
  c.out(filled_with(empty(checked(c.ints(sizes_at)), d), element_of(Value::of_int(1), d)));
}
WG_OP(ones) { all_ones(c, 0, c.dtype_or(1, default_dtype())); }
WG_OP(full) {
  const DType d = c.dtype_or(2, c.args[1].weak_dtype());
  const Element value = element_of(c.args[1], d);
  c.out(filled_with(empty(checked(c.ints(0)), d), value));
}
WG_OP(empty_like) { c.out(unwritten(like(c, 1))); }
WG_OP(zeros_like) { c.out(filled_with(like(c, 1), Element{})); }
WG_OP(ones_like) {
  const TensorRef out = like(c, 1);
  c.out(filled_with(out, element_of(Value::of_int(1), out->dtype)));
}
WG_OP(full_like) {
  const TensorRef out = like(c, 2);
  c.out(filled_with(out, element_of(c.args[1], out->dtype)));
}
WG_OP(new_empty) { c.out(unwritten(empty(checked(c.ints(1)), c.dtype_or(2, c.tensor(0).dtype)))); }
WG_OP(new_zeros) { c.out(zeros(checked(c.ints(1)), c.dtype_or(2, c.tensor(0).dtype))); }
WG_OP(new_ones) { all_ones(c, 1, c.dtype_or(2, c.tensor(0).dtype)); }
WG_OP(new_full) {
  const DType d = c.dtype_or(3, c.tensor(0).dtype);
  const Element value = element_of(c.args[2], d);
  c.out(filled_with(empty(checked(c.ints(1)), d), value));
}

static void strided(Call& c, int first, DType d) {
  const Dims &sizes = checked(c.ints(first)), &strides = c.ints(first + 1);
  WG_CHECK(sizes.size() == strides.size(), "dimensionality of sizes (", sizes.size(),
           ") must match dimensionality of strides (", strides.size(), ")");
  for (int64_t s : strides)
    WG_CHECK(s >= 0, "Storage size calculation overflowed with sizes=", to_string(sizes),
             " and strides=", to_string(strides));
  c.out(unwritten(empty_strided(sizes, strides, d)));
}
WG_OP_AS(empty_strided_op, "empty_strided", Primitive) { strided(c, 0, c.dtype_or(2, default_dtype())); }
WG_OP(new_empty_strided) { strided(c, 1, c.dtype_or(3, c.tensor(0).dtype)); }
WG_OP(empty_permuted) {
  const Dims &sizes = checked(c.ints(0)), &order = c.ints(1);
  WG_CHECK(sizes.size() == order.size(),
           "Number of dimensions in size does not match the length of the physical_layout; i.e. len(size) = ",
           sizes.size(), " is not equal to len(physical_layout) = ", order.size());
  uint64_t seen = 0;
  for (int64_t d : order) {
    WG_CHECK(d >= 0 && d < order.size(), "Dimension out of range (expected to be between 0 and ", order.size() - 1,
             ", but got ", d, ").  NB: negative dims not currently supported; file an issue if you want it.");
    WG_CHECK(!(seen >> d & 1), "Duplicate dim not allowed");
    seen |= uint64_t(1) << d;
  }
  c.out(unwritten(empty_strided(sizes, strides_in_order(sizes, order), c.dtype_or(2, default_dtype()))));
}

WG_OP(scalar_tensor) {
  const DType d = c.dtype_or(1, is_complex(c.args[0].weak_dtype()) ? c.args[0].weak_dtype() : default_dtype());
  c.out(filled_with(empty({}, d), element_of(c.args[0], d)));
}
WG_OP(arange) { arange(c, Value::of_int(0), c.args[0], Value::of_int(1), 1); }
WG_OP_AS(arange_start, "arange.start_step", Primitive) { arange(c, c.args[0], c.args[1], c.args[2], 3); }

static void range(Call& c, const Value& step, int dtype_at) {
  const Value &start = c.args[0], &end = c.args[1];
  const DType d = c.dtype_or(dtype_at, default_dtype());
  warn(
      "torch.range is deprecated and will be removed in a future release because its behavior is inconsistent with "
      "Python's range builtin. Instead, use torch.arange, which produces values in [start, end).");
  check_step(start, end, step);
  const int64_t n = int64_t(std::floor((end.to_double() - start.to_double()) / step.to_double())) + 1;
  c.out(arithmetic_sequence(start, step, n, d, false));
}
WG_OP_AS(range_step, "range", Primitive) { range(c, c.args[2], 3); }

static DType spaced_dtype(Call& c, int at) {
  const bool z = c.args[0].tag == Tag::Complex || c.args[1].tag == Tag::Complex;
  if (z && c.has(at)) {
    const DType asked = c.dtype_or(at, default_dtype()), found = complex_of(default_dtype());
    WG_CHECK(is_complex(asked), "torch.", c.op->name, "(): inferred dtype ", compiler_name(found),
             " can't be safely cast to passed dtype ", torch_name(asked));
  }
  return c.dtype_or(at, z ? complex_of(default_dtype()) : default_dtype());
}
WG_OP(linspace) {
  const int64_t n = c.integer(2);
  WG_CHECK(n >= 0, "number of steps must be non-negative");
  const DType d = spaced_dtype(c, 3);
  WG_CHECK_KIND(Kind::NotImplemented, d != DType::Bool, "\"linspace_cpu\" not implemented for 'Bool'");
  for (int i = 0; i < 2 && category(d) == 1; ++i) element_of(c.args[i], d);  // they must fit
  const TensorRef out = empty({n}, d);
  evenly_spaced(out->data(), d, n, c.complex(0), c.complex(1));
  c.out(out);
}
WG_OP(logspace) {
  const int64_t n = c.integer(2);
  WG_CHECK(n >= 0, "number of steps must be non-negative");
  const DType d = spaced_dtype(c, 4);
  WG_CHECK_KIND(Kind::NotImplemented, d != DType::Bool, "\"logspace_cpu\" not implemented for 'Bool'");
  const double base = c.real_or(3, 10);
  const TensorRef wide = empty({n}, is_complex(d) ? DType::Complex128 : DType::Float64);
  const DType exact = is_complex(d) || d == DType::Float64 || d == DType::Float32 ? d : DType::Float64;
  const TensorRef exponents = empty({n}, exact);
  const auto end = [&](int i) {  // integers count in whole exponents from the start
    return category(d) <= 1 ? complex128(std::trunc(c.real(i))) : c.complex(i);
  };
  evenly_spaced(exponents->data(), exact, n, end(0), end(1));
  copy(*wide, *exponents);
  for (int64_t i = 0; i < n; ++i) {
    if (is_complex(d))
      wide->as<complex128>()[i] = std::pow(complex128(base), wide->as<complex128>()[i]);
    else
      wide->as<double>()[i] = std::pow(base, wide->as<double>()[i]);
  }
  c.out(cast(*wide, d));
}

WG_OP(eye) { c.out(identity(c.integer(0), c.integer(0), c.dtype_or(1, default_dtype()))); }
WG_OP_AS(eye_m, "eye.m", Primitive) { c.out(identity(c.integer(0), c.integer(1), c.dtype_or(2, default_dtype()))); }

WG_OP(complex) {
  Tensor &re = c.tensor(0), &im = c.tensor(1);
  const auto ok = [](const Tensor& t) {
    return t.dtype == DType::Float32 || t.dtype == DType::Float64 || t.dtype == DType::Float16;
  };
  WG_CHECK(ok(re) && ok(im), "Expected both inputs to be Half, Float or Double tensors but got ", torch_name(re.dtype),
           " and ", torch_name(im.dtype));
  WG_CHECK(re.dtype == im.dtype, "Expected object of scalar type ", torch_name(re.dtype), " but got scalar type ",
           torch_name(im.dtype), " for second argument");
  const Dims sizes = broadcast(re.sizes, im.sizes);
  const DType part = re.dtype;
  const TensorRef a = expand(re, sizes), b = expand(im, sizes);
  const Dims operands[] = {a->strides, b->strides};
  const TensorRef out = empty_strided(sizes, strides_like(sizes, operands), complex_of(part));
  Dims pairs = out->strides;
  for (int64_t& s : pairs) s *= 2;
  copy_strided(out->data(), part, pairs, a->data(), re.dtype, a->strides, sizes);
  copy_strided(out->data() + size_of(part), part, pairs, b->data(), im.dtype, b->strides, sizes);
  c.out(out);
}

static TensorRef target_of(Call& c) { return c.into ? TensorRef(c.into) : empty_like(c.tensor(0)); }
WG_OP_AS(fill_scalar, "fill.Scalar", Primitive) {
  const Element value = element_of(c.args[1], c.tensor(0).dtype);
  c.out(filled_with(target_of(c), value));
}
WG_OP_AS(fill_tensor, "fill.Tensor", Primitive) {
  Tensor& value = c.tensor(1);
  WG_CHECK(value.ndim() == 0, "fill_ only supports 0-dimension value tensor but got tensor with ", value.ndim(),
           " dimensions.");
  if (c.into) check_written(c.into->sizes, c.into->strides);
  const Element element = element_of(value, c.tensor(0).dtype);
  c.out(filled_with(target_of(c), element));
}
WG_OP(zero_) { c.out(filled_with(target_of(c), Element{})); }

}  // namespace wg
