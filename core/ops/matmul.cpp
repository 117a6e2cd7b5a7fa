// Products of matrices and vectors: argument checks and the choice of what to copy; the loops are in kernels/gemm.
#include <algorithm>

#include "../apply.h"
#include "../kernels/gemm.h"
#include "../tape.h"
#include "calls.h"
#include "element.h"

namespace wg {
namespace {

void refuse_bool(const Tensor& t, const char* kernel) {
  WG_CHECK_KIND(Kind::NotImplemented, t.dtype != DType::Bool, '"', kernel, "\" not implemented for 'Bool'");
}

// The matrix in the last two dims, as gemm can use it: copied if it must be (t is then the copy).
Matrix matrix_of(TensorRef& t) {
  int n = t->ndim();
  auto view = [&] { return Matrix{t->data(), t->strides[n - 2], t->strides[n - 1]}; };
  if (!gemm_ready(view(), t->size(n - 2), t->size(n - 1))) t = contiguous(*t);
  return view();
}

struct Scales {
  complex128 beta = 1, alpha = 1;
};
Scales scales(Call& c, int beta_at) {
  Scales s;
  const DType d = c.tensor(0).dtype;
  for (int i = beta_at; i < beta_at + 2 && d != DType::Bool && !is_complex(d); ++i)
    WG_CHECK(c.args[i].tag != Tag::Complex, "value cannot be converted to type ", compiler_name(d),
             " without overflow");
  if (c.has(beta_at)) s.beta = c.complex(beta_at);
  if (c.has(beta_at + 1)) s.alpha = c.complex(beta_at + 1);
  return s;
}
// Integer products take integer scales, as torch casts them.
complex128 for_dtype(complex128 z, DType d) { return is_differentiable(d) ? z : complex128(std::trunc(z.real())); }

// Half precision beyond a few rows: a product in float of converted operands, rounded once, as the plain loops for it
// do.
bool wants_float(const Tensor& out, int64_t k) {
  return is_reduced(out.dtype) && k > 0 && double(out.numel) * double(k) > double(16 * 16 * 16);
}
template <class F>
void in_float(Tensor& out, const Tensor& a, const Tensor& b, Scales s, F multiply) {
  const TensorRef wide = empty(out.sizes, DType::Float32);
  if (s.beta != complex128(0)) copy(*wide, out);
  multiply(*wide, *cast(a, DType::Float32), *cast(b, DType::Float32), s);
  copy(out, *wide);
}

// Products of little depth, which write more than they read, are better added up together.
bool may_wait(const Tensor& a, const Tensor& b) {
  return (a.dtype == DType::Float32 || a.dtype == DType::Float64) && a.size(1) <= 64 && a.size(1) > 0 &&
         a.size(0) * b.size(1) >= 1024;
}
// Products that are worth to be left to another thread, and that gemm_sum() computes as gemm() would.
bool may_wait_alone(const Tensor& a, const Tensor& b) {
  constexpr int64_t kLeastSide = 32, kLeastWork = 1 << 20;
  const int64_t m = a.size(0), k = a.size(1), n = b.size(1);
  const auto dense = [](const Tensor& x) { return is_dense(x.sizes, x.strides); };
  return (a.dtype == DType::Float32 || a.dtype == DType::Float64) && std::min({m, k, n}) >= kLeastSide &&
         m * n * k >= kLeastWork && dense(a) && dense(b);
}

// A matrix's columns that are wanted.
TensorRef columns_of(const Tensor& x, const Wanted& w) {
  return alias(x, {x.size(0), w.columns}, x.strides, x.offset + w.column * x.strides[1]);
}

// out = alpha * a @ b + beta * out (or the row bias) for 2-d tensors with rows of contiguous elements. Equal rows of a
// (or columns of b), as an expanded gradient has them, make equal rows of the result: one is computed.
void product(Tensor& out, const Tensor& a, const Tensor& b, Scales s, const char* bias = nullptr) {
  const int64_t m = a.size(0), k = a.size(1), n = b.size(1);
  const bool fresh = s.beta == complex128(0) && k > 0 && n > 0;
  if (fresh && m > 1 && a.strides[0] == 0) {
    TensorRef row = alias(a, {1, k}, {k, a.strides[1]}, a.offset), one = empty({1, n}, out.dtype);
    product(*one, *contiguous(*row), b, s);
    return copy(out, *one);
  }
  if (fresh && n > 1 && b.strides[1] == 0) {
    TensorRef column = alias(b, {k, 1}, {b.strides[0], 1}, b.offset), one = empty({m, 1}, out.dtype);
    product(*one, a, *contiguous(*column), s);
    return copy(out, *one);
  }
  if (wants_float(out, k))
    return in_float(out, a, b, s, [](Tensor& o, const Tensor& x, const Tensor& y, Scales z) { product(o, x, y, z); });
  TensorRef left(const_cast<Tensor*>(&a)), right(const_cast<Tensor*>(&b));
  Gemm g{
      out.dtype, a.size(0), b.size(1), a.size(1), matrix_of(left), matrix_of(right), {out.data(), out.strides[0], 1}};
  g.alpha = for_dtype(s.alpha, out.dtype), g.beta = for_dtype(s.beta, out.dtype);
  g.bias = bias;
  gemm(g);
}
// The same for batches of matrices; a stride of 0 over the batch repeats one matrix.
void batch_product(Tensor& out, const Tensor& a, const Tensor& b, Scales s) {
  if (wants_float(out, a.size(2))) return in_float(out, a, b, s, batch_product);
  TensorRef left(const_cast<Tensor*>(&a)), right(const_cast<Tensor*>(&b));
  Gemm g{out.dtype, a.size(1), b.size(2), a.size(2), matrix_of(left), matrix_of(right), {out.data(), b.size(2), 1}};
  g.batch = a.size(0);
  g.a_step = left->strides[0], g.b_step = right->strides[0], g.c_step = a.size(1) * b.size(2);
  g.alpha = for_dtype(s.alpha, out.dtype), g.beta = for_dtype(s.beta, out.dtype);
  gemm(g);
}

// A fresh tensor that holds `self` broadcast to `sizes`, or nothing in particular when beta is 0.
TensorRef started(const Tensor& self, const Dims& sizes, DType dtype, complex128 beta) {
  TensorRef wide = expand(self, sizes);
  TensorRef out = empty(sizes, dtype);
  if (beta != complex128(0)) copy(*out, *wide);
  return out;
}

// Whether self is a row that a product can add by itself.
bool is_bias(const Tensor& self, const Tensor& a, const Tensor& b) {
  return self.ndim() == 1 && self.numel == b.size(1) && self.contiguous && self.dtype == a.dtype &&
         !is_reduced(a.dtype) && a.strides[0] != 0 && b.strides[1] != 0;
}

void check_mm(const Tensor& a, const Tensor& b, const char* left, const char* right) {
  WG_CHECK(a.ndim() == 2, left, " must be a matrix");
  WG_CHECK(b.ndim() == 2, right, " must be a matrix");
  WG_CHECK(a.size(1) == b.size(0), "mat1 and mat2 shapes cannot be multiplied (", a.size(0), "x", a.size(1), " and ",
           b.size(0), "x", b.size(1), ")");
  WG_CHECK(a.dtype == b.dtype, "expected m1 and m2 to have the same dtype, but got: ", compiler_name(a.dtype),
           " != ", compiler_name(b.dtype));
  refuse_bool(a, "addmm_impl_cpu_");
}

void check_batches(const Tensor& a, const Tensor& b) {
  WG_CHECK(a.ndim() == 3, "batch1 must be a 3D tensor");
  WG_CHECK(b.ndim() == 3, "batch2 must be a 3D tensor");
  WG_CHECK(a.size(0) == b.size(0) && a.size(2) == b.size(1),
           "Expected size for first two dimensions of batch2 tensor to be: [", a.size(0), ", ", a.size(2),
           "] but got: [", b.size(0), ", ", b.size(1), "].");
}

void check_mv(const Tensor* self, const Tensor& mat, const Tensor& vec) {
  int self_dims = self ? self->ndim() : 1;
  WG_CHECK(mat.ndim() == 2 && vec.ndim() == 1 && self_dims <= 1, "vector + matrix @ vector expected, got ", self_dims,
           ", ", mat.ndim(), ", ", vec.ndim());
  int64_t length = self ? (self_dims ? self->size(0) : 1) : mat.size(0);
  bool fits = length == mat.size(0) || (self && length == 1);
  WG_CHECK(mat.size(1) == vec.size(0) && fits, "size mismatch, got input (", length, "), mat (", mat.size(0), "x",
           mat.size(1), "), vec (", vec.size(0), ")");
  DType first = self ? self->dtype : vec.dtype;
  WG_CHECK(mat.dtype == vec.dtype && first == vec.dtype, "addmv input tensors must have the same dtype, but got ",
           torch_name(first), ", ", torch_name(mat.dtype), ", and ", torch_name(vec.dtype));
  refuse_bool(mat, "addmv_impl_cpu");
}

void matrix_vector(Tensor& out, const Tensor& mat, const Tensor& vec, Scales s) {
  if (wants_float(out, vec.numel)) return in_float(out, mat, vec, s, matrix_vector);
  TensorRef left(const_cast<Tensor*>(&mat));
  Matrix x{vec.data(), vec.strides[0], 1};
  Gemm g{out.dtype, mat.size(0), 1, mat.size(1), matrix_of(left), x, {out.data(), 1, 1}};
  g.alpha = for_dtype(s.alpha, out.dtype), g.beta = for_dtype(s.beta, out.dtype);
  gemm(g);
}

void check_dot(const Tensor& a, const Tensor& b, const char* name) {
  WG_CHECK(a.ndim() == 1 && b.ndim() == 1, "1D tensors expected, but got ", a.ndim(), "D and ", b.ndim(), "D tensors");
  WG_CHECK(a.dtype == b.dtype, "dot : expected both vectors to have same dtype, but found ", torch_name(a.dtype),
           " and ", torch_name(b.dtype));
  WG_CHECK(a.numel == b.numel, "inconsistent tensor size, expected tensor [", a.numel, "] and src [", b.numel,
           "] to have the same number of elements, but got ", a.numel, " and ", b.numel, " elements respectively");
  refuse_bool(a, name);
}

TensorRef dot_of(const Tensor& a, const Tensor& b, bool conj) {
  TensorRef out = empty({}, a.dtype);
  dot(a.dtype, a.numel, a.data(), a.strides[0], b.data(), b.strides[0], conj, out->data());
  return out;
}

TensorRef reshaped(const TensorRef& t, const Dims& sizes) {
  if (t->sizes == sizes) return t;
  return call<"reshape">(t, sizes);
}
// The same of a fresh result, of which nobody will see the tensor before: it need not be a view.
TensorRef recast(const TensorRef& t, const Dims& sizes) {
  if (t->sizes == sizes) return t;
  return call<"_unsafe_view">(t, sizes);
}
TensorRef expanded(const TensorRef& t, const Dims& sizes) {
  if (t->sizes == sizes) return t;
  return call<"expand">(t, sizes, false);
}

// (…, n, k) @ (k, m) or (k): the leading dims are rows of one product.
TensorRef folded_product(const TensorRef& a, const TensorRef& b) {
  Dims sizes = a->sizes;
  int64_t k = sizes.back(), rows = 1;
  sizes.erase(sizes.size() - 1);
  for (int64_t n : sizes) rows *= n;
  TensorRef flat = reshaped(a, {rows, k});
  TensorRef out = b->ndim() == 1 ? call<"mv">(flat, b) : call<"mm">(flat, b);
  if (b->ndim() == 2) sizes.push_back(b->size(1));
  return recast(out, sizes);
}

// Both have batch dims (or one is a matrix, repeated): broadcast them and multiply matrix by matrix.
TensorRef batched_product(TensorRef a, TensorRef b) {
  bool row = a->ndim() == 1, column = b->ndim() == 1;
  if (row) a = call<"unsqueeze">(a, 0);
  if (column) b = call<"unsqueeze">(b, 1);
  int64_t n = a->size(a->ndim() - 2), k = a->sizes.back(), k2 = b->size(b->ndim() - 2), m = b->sizes.back();
  Dims batch = broadcast(Dims(a->sizes.data(), a->ndim() - 2), Dims(b->sizes.data(), b->ndim() - 2));
  int64_t count = numel_of(batch);
  auto spread = [&](const TensorRef& t, int64_t rows, int64_t cols) {
    Dims sizes = batch;
    sizes.push_back(rows), sizes.push_back(cols);
    return reshaped(expanded(t, sizes), {count, rows, cols});
  };
  TensorRef out = call<"bmm">(Value(spread(a, n, k)), Value(spread(b, k2, m)));
  if (!row) batch.push_back(n);
  if (!column) batch.push_back(m);
  return recast(out, batch);
}

TensorRef matmul_of(const TensorRef& a, const TensorRef& b) {
  int p = a->ndim(), q = b->ndim();
  WG_CHECK(p && q, "both arguments to matmul need to be at least 1D, but they are ", p, "D and ", q, "D");
  if (p == 2 && q == 2) return call<"mm">(a, b);
  if (p == 1 && q == 1) return call<"dot">(a, b);
  if (p == 2 && q == 1) return call<"mv">(a, b);
  if (p == 1 && q == 2) {
    TensorRef row = call<"unsqueeze">(a, 0);
    return call<"squeeze.dim">(Value(call<"mm">(row, b)), 0);
  }
  return q <= 2 ? folded_product(a, b) : batched_product(a, b);
}

// The same number as g when alpha is 1: most products have no scale.
complex128 conj_scale(Call& c, int i) { return c.has(i) ? std::conj(c.complex(i)) : complex128(1); }

}  // namespace

WG_OP_AS(matmul, "matmul", Composite) { c.out(matmul_of(TensorRef(&c.tensor(0)), TensorRef(&c.tensor(1)))); }

WG_OP_AS(linear, "linear", Composite) {
  TensorRef x(&c.tensor(0)), weight(&c.tensor(1));
  Tensor* bias = c.tensor_or_null(2);
  WG_CHECK(weight->ndim() <= 2, "t() expects a tensor with <= 2 dimensions, but self is ", weight->ndim(), "D");
  TensorRef right = call<"t">(weight);
  if (!bias) return c.out(matmul_of(x, right));
  if (!x->ndim() || (x->ndim() != 2 && right->ndim() != 2)) {
    TensorRef product = matmul_of(x, right);
    return c.out(call<"add">(product, *bias, 1));
  }
  Dims sizes = x->sizes;
  int64_t rows = 1;
  for (int i = 0; i + 1 < sizes.size(); ++i) rows *= sizes[i];
  sizes[sizes.size() - 1] = right->sizes.back();
  TensorRef flat = reshaped(x, {rows, x->sizes.back()});
  TensorRef out = call<"addmm">(*bias, flat, right, 1, 1);
  c.out(reshaped(out, sizes));
}

// Conjugate transpose of the last two dims, and product by the conjugate of a number: the parts of products' gradients.
WG_OP_AS(adjoint_of, "_adjoint", Composite) {
  Tensor& x = c.tensor(0);
  if (!modes().grad && !x.wrapped && !is_complex(x.dtype) && x.ndim() >= 2) {  // a look at x that nobody else will see
    Dims sizes = x.sizes, strides = x.strides;
    std::swap(sizes[x.ndim() - 2], sizes[x.ndim() - 1]);
    std::swap(strides[x.ndim() - 2], strides[x.ndim() - 1]);
    return c.out(alias(x, sizes, strides, x.offset));
  }
  TensorRef t = call<"transpose">(x, -2, -1);
  c.out(is_complex(t->dtype) ? call<"conj_physical">(t) : t);
}
WG_OP_AS(conj_of, "_conj", Composite) {
  Tensor& x = c.tensor(0);
  c.out(is_complex(x.dtype) ? call<"conj_physical">(x) : TensorRef(&x));
}
WG_OP_AS(scaled_by, "_scaled", Composite) {
  complex128 z = conj_scale(c, 1);
  Tensor& g = c.tensor(0);
  if (z == complex128(1)) return c.out(TensorRef(&g));
  if (z.imag() == 0) return c.out(call<"mul">(g, z.real()));
  Held factor = hold_complex(z);
  c.out(call<"mul">(g, factor.get()));
}

WG_OP(mm) {
  Tensor &a = c.tensor(0), &b = c.tensor(1);
  check_mm(a, b, "self", "mat2");
  const Dims sizes{a.size(0), b.size(1)};
  const Wanted w = c.wanted ? *c.wanted : Wanted();
  if (w.later && !w.turned && (!w.later->empty() || may_wait(a, b) || (w.any_depth && may_wait_alone(a, b))))
    return w.later->push_back({TensorRef(&a), TensorRef(&b)});
  if (Tensor* to = w.add_to;
      to && to->contiguous && to->dtype == a.dtype && !is_reduced(a.dtype) && to->sizes == sizes) {
    product(*to, a, b, {1, 1});
    return c.out(TensorRef(to));
  }
  TensorRef out = empty(sizes, a.dtype);
  if (w.columns >= 0 && w.columns < sizes[1])
    product(*columns_of(*out, w), a, *columns_of(b, w), {0, 1});
  else
    product(*out, a, b, {0, 1});
  c.out(std::move(out));
}

static TensorRef add_up(TensorRef have, std::vector<Product>& products, std::unique_ptr<Background>* work) {
  const Product& one = products[0];
  const Dims sizes{one.a->size(0), one.b->size(1)};
  const bool there = have && have->contiguous && have->dtype == one.a->dtype && have->sizes == sizes;
  TensorRef sum = there ? have : empty(sizes, one.a->dtype);
  std::vector<Gemm> parts;
  for (Product& p : products) {
    parts.push_back(
        {sum->dtype, sizes[0], sizes[1], p.a->size(1), matrix_of(p.a), matrix_of(p.b), {sum->data(), sizes[1], 1}});
    parts.back().beta = parts.size() > 1 || there ? 1 : 0;
  }
  if (have && !there) work = nullptr;
  gemm_sum(std::move(parts), work);
  return have && !there ? call<"add">(have, sum) : sum;
}

// A look at a matrix from its other side, that nobody else will see.
static TensorRef turned(Tensor& x) { return alias(x, {x.size(1), x.size(0)}, {x.strides[1], x.strides[0]}, x.offset); }

WG_OP_AS(mm_by, "_mm_by", Composite) {
  Tensor &a = c.tensor(0), &b = c.tensor(1);
  const bool plain = !modes().grad && !modes().batching && !a.wrapped && !b.wrapped;
  if (conj_scale(c, 3) != complex128(1)) {
    Value unscaled[3] = {c.args[0], c.args[1], c.args[2]};
    return c.out(call<"_scaled">(call<"_mm_by">(unscaled[0], unscaled[1], unscaled[2]), c.args[3]));
  }
  if (!c.flag(2)) {
    if (plain) return op_mm.body(c);
    return c.out(call<"mm">(a, b));
  }
  if (!plain) return c.out(call<"t">(call<"mm">(call<"t">(b), call<"t">(a))));
  Wanted w = c.wanted ? *c.wanted : Wanted();
  Tensor* have = w.add_to;
  const TensorRef left = turned(b), right = turned(a), to = have ? turned(*have) : TensorRef();
  w.add_to = to.get();
  if (!w.turned) w.later = nullptr;
  w.turned = false, w.columns = -1;
  Value args[2] = {Value(left), Value(right)};
  Call product{&op_mm, args, 2};
  product.wanted = &w;
  op_mm.body(product);
  if (product.first) c.out(product.first == to ? TensorRef(have) : turned(*product.first));
}

[[maybe_unused]] static const AddUp mm_adds = op_mm.adds = op_mm_by.adds = add_up;

WG_OP(bmm) {
  Tensor &a = c.tensor(0), &b = c.tensor(1);
  check_batches(a, b);
  WG_CHECK(a.dtype == b.dtype, "expected scalar type ", torch_name(a.dtype), " but found ", torch_name(b.dtype));
  refuse_bool(a, "bmm");
  TensorRef out = empty({a.size(0), a.size(1), b.size(2)}, a.dtype);
  batch_product(*out, a, b, {0, 1});
  c.out(std::move(out));
}

WG_OP(mv) {
  Tensor &mat = c.tensor(0), &vec = c.tensor(1);
  check_mv(nullptr, mat, vec);
  TensorRef out = empty({mat.size(0)}, mat.dtype);
  matrix_vector(*out, mat, vec, {0, 1});
  c.out(std::move(out));
}

WG_OP(dot) {
  check_dot(c.tensor(0), c.tensor(1), "dot");
  c.out(dot_of(c.tensor(0), c.tensor(1), false));
}

WG_OP(vdot) {
  check_dot(c.tensor(0), c.tensor(1), "vdot");
  c.out(dot_of(c.tensor(0), c.tensor(1), true));
}

WG_OP(addmm) {
  Tensor &self = c.tensor(0), &a = c.tensor(1), &b = c.tensor(2);
  Scales s = scales(c, 3);
  WG_CHECK(a.ndim() == 2, "mat1 must be a matrix, got ", a.ndim(), "-D tensor");
  WG_CHECK(b.ndim() == 2, "mat2 must be a matrix, got ", b.ndim(), "-D tensor");
  WG_CHECK(self.dtype == b.dtype, "self and mat2 must have the same dtype, but got ", torch_name(self.dtype), " and ",
           torch_name(b.dtype));
  WG_CHECK(a.dtype == b.dtype, "mat1 and mat2 must have the same dtype, but got ", torch_name(a.dtype), " and ",
           torch_name(b.dtype));
  check_mm(a, b, "mat1", "mat2");
  if (is_bias(self, a, b) && s.beta == complex128(1)) {
    TensorRef out = empty({a.size(0), b.size(1)}, a.dtype);
    product(*out, a, b, s, self.data());
    return c.out(std::move(out));
  }
  TensorRef out = started(self, {a.size(0), b.size(1)}, a.dtype, s.beta);
  product(*out, a, b, s);
  c.out(std::move(out));
}

WG_OP(addmv) {
  Tensor &self = c.tensor(0), &mat = c.tensor(1), &vec = c.tensor(2);
  Scales s = scales(c, 3);
  check_mv(&self, mat, vec);
  TensorRef out = started(self, {mat.size(0)}, mat.dtype, s.beta);
  matrix_vector(*out, mat, vec, s);
  c.out(std::move(out));
}

WG_OP(baddbmm) {
  Tensor &self = c.tensor(0), &a = c.tensor(1), &b = c.tensor(2);
  Scales s = scales(c, 3);
  WG_CHECK(self.dtype == a.dtype && a.dtype == b.dtype, "Input dtypes must be the same, got: input ",
           compiler_name(self.dtype), ", batch1: ", compiler_name(a.dtype), ", batch2: ", compiler_name(b.dtype));
  check_batches(a, b);
  refuse_bool(a, "baddbmm");
  TensorRef out = started(self, {a.size(0), a.size(1), b.size(2)}, a.dtype, s.beta);
  batch_product(*out, a, b, s);
  c.out(std::move(out));
}

// addr in half precision: factors are rounded too, and so is every step.
static TensorRef addr_by_steps(Tensor& self, Tensor& x, Tensor& y, const Scales& s, DType dtype) {
  GradMode off(false);
  const auto round = [&](complex128 v) {
    const float f = float(v.real());
    return dtype == DType::Float16 ? double(float(Half(f))) : double(float(BFloat16(f)));
  };
  TensorRef out = call<"mul">(call<"mul">(call<"unsqueeze">(cast(x, dtype), 1), round(s.alpha)), cast(y, dtype));
  if (s.beta == 0.0) return out;
  return call<"add">(call<"mul">(cast(self, dtype), round(s.beta)), out);
}

WG_OP(addr) {
  Tensor &self = c.tensor(0), &x = c.tensor(1), &y = c.tensor(2);
  Scales s = scales(c, 3);
  WG_CHECK(x.ndim() == 1, "addr: Expected 1-D argument vec1, but got ", x.ndim(), "-D");
  WG_CHECK(y.ndim() == 1, "addr: Expected 1-D argument vec2, but got ", y.ndim(), "-D");
  DType dtype = promote(self.dtype, promote(x.dtype, y.dtype));
  for (int i = 3; i < 5; ++i)
    WG_CHECK(c.args[i].tag != Tag::Bool || dtype == DType::Bool, "Boolean ", i == 3 ? "beta" : "alpha",
             " only supported for Boolean results.");
  for (int i = 3; i < 5 && !is_differentiable(dtype); ++i)
    WG_CHECK(c.args[i].tag != Tag::Float, "For integral input tensors, argument ", i == 3 ? "beta" : "alpha",
             " must not be a floating point number.");
  if (is_reduced(dtype)) return c.out(addr_by_steps(*expand(self, {x.numel, y.numel}), x, y, s, dtype));
  DType inner = dtype == DType::Bool ? DType::UInt8 : dtype;  // and, or: a product of 0s and 1s, cast back
  TensorRef left = cast(x, inner), right = cast(y, inner);
  TensorRef out = started(self, {x.numel, y.numel}, inner, s.beta);
  Gemm g{inner,
         x.numel,
         y.numel,
         1,
         {left->data(), left->strides[0], 1},
         {right->data(), 1, right->strides[0]},
         {out->data(), y.numel, 1}};
  g.alpha = for_dtype(s.alpha, inner), g.beta = for_dtype(s.beta, inner);
  gemm(g);
  c.out(cast(*out, dtype));
}

}  // namespace wg
