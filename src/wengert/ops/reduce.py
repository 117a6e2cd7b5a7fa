"""Sums, products, means and extremes over dims, with their derivatives."""

from ._declare import composite, constant, primitive
from .arithmetic import div, mul, sub
from .compare import eq, isnan, logical_not, where
from .math import exp
from .matmul import _conj
from .sort import _extreme_backward, _scatter_picked


@primitive("_expand_reduced(Tensor self, int[] size, int[]? dim, bool keepdim)", function=False, method=False)
def _expand_reduced(g, dim, keepdim):
    """A reduction's result with the reduced dims put back and repeated: the adjoint of sum."""
    return sum_dim(g, dim, keepdim)


@primitive("sum(Tensor self, *, ScalarType? dtype=None)")
def sum_all(g, self):
    """The sum of all elements; integers give int64.

    >>> wengert.ones(2, 3).sum()
    tensor(6.)
    """
    return _expand_reduced(g, self.shape, None, False)


@primitive(
    "sum.dim_IntList(Tensor self, int[1]? dim, bool keepdim=False, *, ScalarType? dtype=None)", grad_name="SumBackward1"
)
def sum_dim(g, self, dim, keepdim):
    """The sum over dims."""
    return _expand_reduced(g, self.shape, dim, keepdim)


@primitive("nansum(Tensor self, int[1]? dim=None, bool keepdim=False, *, ScalarType? dtype=None)")
def nansum(g, self, dim, keepdim):
    """The sum over dims with nan counted as 0."""
    return mul(_expand_reduced(g, self.shape, dim, keepdim), logical_not(isnan(self)))


@primitive("mean(Tensor self, *, ScalarType? dtype=None)")
def mean_all(g, self):
    """The mean of all elements of a floating-point or complex tensor.

    >>> wengert.tensor([1.0, 2.0, 6.0]).mean()
    tensor(3.)
    """
    return _spread_mean(g, self.shape, None, False)


@primitive(
    "mean.dim(Tensor self, int[1]? dim, bool keepdim=False, *, ScalarType? dtype=None)", grad_name="MeanBackward1"
)
def mean_dim(g, self, dim, keepdim):
    """The mean over dims."""
    return _spread_mean(g, self.shape, dim, keepdim)


@primitive("_spread_mean(Tensor self, int[] size, int[]? dim, bool keepdim)", function=False, method=False)
def _spread_mean():
    """_expand_reduced divided by the number of elements behind each result: the adjoint of mean."""


@composite("nanmean(Tensor self, int[1]? dim=None, bool keepdim=False, *, ScalarType? dtype=None)", out=True)
def nanmean(self, dim=None, keepdim=False, *, dtype=None):
    """The mean over dims of what is not nan."""
    if not (self.is_floating_point() or self.is_complex()):
        kind = _type_names()[str(self.dtype).rpartition(".")[2]]
        raise RuntimeError(f"nanmean(): expected input to have floating point or complex dtype but got {kind}")
    count = sum_dim(logical_not(isnan(self)), dim, keepdim)
    return div(nansum(self, dim, keepdim, dtype=dtype), count)


def _type_names():
    return {"int64": "Long", "int32": "Int", "int16": "Short", "int8": "Char", "uint8": "Byte", "bool": "Bool"}


@primitive("prod(Tensor self, *, ScalarType? dtype=None)")
def prod_all(g, self):
    """The product of all elements; integers give int64."""
    return _prod_backward(g, self, None, False)


@primitive(
    "prod.dim_int(Tensor self, int dim, bool keepdim=False, *, ScalarType? dtype=None)", grad_name="ProdBackward1"
)
def prod_dim(g, self, dim, keepdim):
    """The product over a dim."""
    return _prod_backward(g, self, dim, keepdim)


@primitive("_prod_backward(Tensor g, Tensor self, int? dim, bool keepdim)", function=False, method=False)
def _prod_backward():
    """g times the product of the other elements; exact where some are 0."""


@primitive("amax(Tensor self, int[1] dim=[], bool keepdim=False)")
def amax(g, self, dim, keepdim, y):
    """The largest element over dims; the gradient is shared evenly among equals."""
    return _extreme_backward(g, self, y, dim, keepdim)


@primitive("amin(Tensor self, int[1] dim=[], bool keepdim=False)")
def amin(g, self, dim, keepdim, y):
    """The smallest element over dims; the gradient is shared evenly among equals."""
    return _extreme_backward(g, self, y, dim, keepdim)


@primitive("aminmax(Tensor self, *, int? dim=None, bool keepdim=False) -> (Tensor min, Tensor max)")
def aminmax():
    """The smallest and the largest element, of all or over a dim."""


@primitive("max(Tensor self)", grad_name="MaxBackward1")
def max_all(g, self, y):
    """The largest element; its gradient is shared evenly among equals.

    >>> wengert.tensor([1.0, 5.0, 2.0]).max()
    tensor(5.)
    """
    return _extreme_backward(g, self, y, None, False)


@primitive("max.other(Tensor self, Tensor other)")
def max_other():
    """The larger of two elements: maximum."""


@primitive(
    "max.dim(Tensor self, int dim, bool keepdim=False) -> (Tensor values, Tensor indices)", grad_name="MaxBackward0"
)
def max_dim(g, self, dim, keepdim, indices):
    """The largest elements over a dim, and where they come first."""
    return _scatter_picked(g, dim, indices, self.shape, keepdim)


@primitive("min(Tensor self)", grad_name="MinBackward1")
def min_all(g, self, y):
    """The smallest element; its gradient is shared evenly among equals."""
    return _extreme_backward(g, self, y, None, False)


@primitive("min.other(Tensor self, Tensor other)")
def min_other():
    """The smaller of two elements: minimum."""


@primitive(
    "min.dim(Tensor self, int dim, bool keepdim=False) -> (Tensor values, Tensor indices)", grad_name="MinBackward0"
)
def min_dim(g, self, dim, keepdim, indices):
    """The smallest elements over a dim, and where they come first."""
    return _scatter_picked(g, dim, indices, self.shape, keepdim)


@constant("argmax(Tensor self, int? dim=None, bool keepdim=False)")
def argmax():
    """Where the largest element comes first: in the flattened tensor, or along a dim."""


@constant("argmin(Tensor self, int? dim=None, bool keepdim=False)")
def argmin():
    """Where the smallest element comes first: in the flattened tensor, or along a dim."""


@constant("any(Tensor self)")
def any_all():
    """Whether some element is not 0."""


@constant("any.dim(Tensor self, int dim, bool keepdim=False)")
def any_dim():
    """Whether some element along a dim is not 0."""


@constant("any.dims(Tensor self, int[]? dim=None, bool keepdim=False)")
def any_dims():
    """Whether some element over dims is not 0."""


@constant("all(Tensor self)")
def all_all():
    """Whether no element is 0."""


@constant("all.dim(Tensor self, int dim, bool keepdim=False)")
def all_dim():
    """Whether no element along a dim is 0."""


@constant("all.dims(Tensor self, int[]? dim=None, bool keepdim=False)")
def all_dims():
    """Whether no element over dims is 0."""


@constant("count_nonzero(Tensor self, int? dim=None)")
def count_nonzero():
    """How many elements are not 0."""


@constant("count_nonzero.dim_IntList(Tensor self, int[] dim)")
def count_nonzero_dims():
    """How many elements over dims are not 0."""


@primitive("trace(Tensor self)")
def trace(g, self):
    """The sum of a matrix's diagonal."""
    return _trace_backward(g, self.shape)


@primitive("_trace_backward(Tensor g, int[] size)", function=False, method=False)
def _trace_backward():
    """A matrix of this size with g on its diagonal."""


@primitive("logsumexp(Tensor self, int[1] dim, bool keepdim=False)", aliases=("special.logsumexp",))
def logsumexp(g, self, dim, keepdim, y):
    """log(sum(exp(self))) over dims, without overflow.

    >>> wengert.zeros(4).logsumexp(0)
    tensor(1.3863)
    """
    weight = exp(sub(self, _expand_reduced(y, self.shape, dim, keepdim)))
    return mul(_expand_reduced(g, self.shape, dim, keepdim), _conj(weight))


@primitive("var.dim(Tensor self, int[1]? dim, bool unbiased=True, bool keepdim=False)")
def var_dim():
    """The variance over dims; unbiased: divided by n - 1."""


@primitive(
    "var.correction(Tensor self, int[1]? dim=None, *, Scalar? correction=None, bool keepdim=False)",
    grad_name="VarBackward0",
)
def var_correction(g, self, dim, correction, keepdim):
    """The mean squared deviation from the mean over dims, of n - correction (1) elements."""
    return _var_backward(g, self, dim, correction, keepdim)


@primitive("var(Tensor self, bool unbiased=True)")
def var_all():
    """The variance of all elements; unbiased: divided by n - 1."""


@primitive("std.dim(Tensor self, int[1]? dim, bool unbiased=True, bool keepdim=False)")
def std_dim():
    """The standard deviation over dims; unbiased: divided by n - 1."""


@primitive(
    "std.correction(Tensor self, int[1]? dim=None, *, Scalar? correction=None, bool keepdim=False)",
    grad_name="StdBackward0",
)
def std_correction(g, self, dim, correction, keepdim, y):
    """The square root of var; its derivative where it is 0 is 0."""
    return _var_backward(where(eq(y, 0), 0, div(g, mul(y, 2))), self, dim, correction, keepdim)


@primitive("std(Tensor self, bool unbiased=True)")
def std_all():
    """The standard deviation of all elements; unbiased: divided by n - 1."""


@primitive(
    "_var_backward(Tensor g, Tensor self, int[] dim, Scalar correction, bool keepdim)", function=False, method=False
)
def _var_backward():
    """2 / (n - correction) * g * (self - mean)."""


@primitive("var_mean.dim(Tensor self, int[1]? dim, bool unbiased=True, bool keepdim=False) -> (Tensor, Tensor)")
def var_mean_dim():
    """The variance and the mean over dims."""


@primitive(
    "var_mean.correction(Tensor self, int[1]? dim=None, *, Scalar? correction=None, bool keepdim=False)"
    " -> (Tensor, Tensor)",
    grad_name="VarMeanBackward0",
)
def var_mean_correction(g, g1, self, dim, correction, keepdim):
    """The variance, of n - correction elements, and the mean over dims."""
    return _var_backward(g, self, dim, correction, keepdim) + _spread_mean(g1, self.shape, dim, keepdim)


@primitive("var_mean(Tensor self, bool unbiased=True) -> (Tensor, Tensor)")
def var_mean_all():
    """The variance and the mean of all elements."""


@primitive("std_mean.dim(Tensor self, int[1]? dim, bool unbiased=True, bool keepdim=False) -> (Tensor, Tensor)")
def std_mean_dim():
    """The standard deviation and the mean over dims."""


@primitive(
    "std_mean.correction(Tensor self, int[1]? dim=None, *, Scalar? correction=None, bool keepdim=False)"
    " -> (Tensor, Tensor)",
    grad_name="StdMeanBackward0",
)
def std_mean_correction(g, g1, self, dim, correction, keepdim, y):
    """The standard deviation, of n - correction elements, and the mean over dims."""
    spread = where(eq(y, 0), 0, div(g, mul(y, 2)))
    return _var_backward(spread, self, dim, correction, keepdim) + _spread_mean(g1, self.shape, dim, keepdim)


@primitive("std_mean(Tensor self, bool unbiased=True) -> (Tensor, Tensor)")
def std_mean_all():
    """The standard deviation and the mean of all elements."""


@primitive(
    "linalg_vector_norm(Tensor self, Scalar ord=2, int[1]? dim=None, bool keepdim=False, *, ScalarType? dtype=None)",
    function=False,
    method=False,
    aliases=("linalg.vector_norm",),
)
def linalg_vector_norm(g, self, ord, dim, keepdim, y):
    """(sum |x|^ord)^(1/ord) over dims; ord inf, -inf: the largest, smallest |x|; ord 0: how many are not 0."""
    return _norm_backward(g, self, y, ord, dim, keepdim)


@primitive(
    "_norm_backward(Tensor g, Tensor self, Tensor y, Scalar ord, int[] dim, bool keepdim)", function=False, method=False
)
def _norm_backward():
    """The gradient of linalg_vector_norm; 0 where the norm is 0."""
