"""Cumulative sums, products, extremes and log-sums, with their derivatives; differences."""

from .. import _core
from ._declare import composite, primitive
from .arithmetic import abs, add, mul, sub
from .combine import flip
from .compare import gt, logical_xor, lt, where
from .math import exp, log
from .matmul import _conj


@primitive("cumsum(Tensor self, int dim, *, ScalarType? dtype=None)", inplace=True)
def cumsum(g, dim):
    """Running sums along a dim; integers give int64.

    >>> wengert.arange(4).cumsum(0)
    tensor([0, 1, 3, 6])
    """
    return _reverse_cumsum(g, dim)


@primitive("_reverse_cumsum(Tensor self, int dim)", function=False, method=False)
def _reverse_cumsum(g, dim):
    """Running sums from the end: the adjoint of cumsum."""
    return cumsum(g, dim)


@primitive("cumprod(Tensor self, int dim, *, ScalarType? dtype=None)", inplace=True, eager=True)
def cumprod(g, self, dim, y):
    """Running products along a dim; integers give int64. The gradient is exact where elements are 0."""
    from .. import _core

    half = self.dtype in (_core.float16, _core.bfloat16)
    if half and _core.payload(self) is None and _core.payload(g) is None and not bool((self == 0).any()):
        return (y * g).flip(dim).cumsum(dim).flip(dim) / self  # torch's way: with so few digits the roundings show
    before = _shifted(_conj(y), dim, 1, False)
    return mul(before, _recurrence(g, _conj(self), dim, True))


@primitive("_recurrence(Tensor a, Tensor x, int dim, bool reverse)", function=False, method=False, eager=True)
def _recurrence(g, x, dim, reverse, y):
    """y[k] = a[k] + x[k] y[k-1] along a dim, or from the end its adjoint y[k] = a[k] + x[k+1] y[k+1]."""
    back = _recurrence(g, _conj(x), dim, not reverse)
    if reverse:
        return back, mul(_shifted(back, dim, 0, False), _conj(y))
    return back, mul(back, _conj(_shifted(y, dim, 0, False)))


@primitive("_shifted(Tensor self, int dim, float fill, bool reverse)", function=False, method=False, eager=True)
def _shifted(g, dim, reverse):
    """Every element moved on by one place along a dim; `fill` comes in."""
    return _shifted(g, dim, 0, not reverse)


@primitive("cummax(Tensor self, int dim) -> (Tensor values, Tensor indices)")
def cummax(g, dim, indices):
    """Running maxima along a dim, and where the last of equals is."""
    return _cumextreme_backward(g, indices, dim)


@primitive("cummin(Tensor self, int dim) -> (Tensor values, Tensor indices)")
def cummin(g, dim, indices):
    """Running minima along a dim, and where the last of equals is."""
    return _cumextreme_backward(g, indices, dim)


@primitive("_cumextreme_backward(Tensor g, Index indices, int dim)", function=False, method=False)
def _cumextreme_backward():
    """g added up at the indices."""


@primitive("logcumsumexp(Tensor self, int dim)", eager=True)
def logcumsumexp(g, self, dim, y):
    """log of the running sums of exp(self) along a dim."""
    if g.dim() == 0:
        return g
    # g is split into the logarithms of its positive and of its negative part: both sums are of positive numbers.

    def later_sums(log_g):
        return exp(add(flip(logcumsumexp(flip(sub(log_g, y), [dim]), dim), [dim]), self))

    if g.is_complex():
        return _conj(later_sums(log(_conj(g))))
    from .. import finfo

    size, least = log(abs(g)), finfo(g.dtype).min
    return sub(later_sums(where(gt(g, 0), size, least)), later_sums(where(lt(g, 0), size, least)))


def _joined(self, dim, prepend, append):
    from .. import cat

    parts = [t for t in (prepend, self, append) if t is not None]
    return cat(parts, dim) if len(parts) > 1 else self


@composite("diff(Tensor self, int n=1, int dim=-1, Tensor? prepend=None, Tensor? append=None)", out=True)
def diff(self, n=1, dim=-1, prepend=None, append=None):
    """Differences of neighbours along a dim, n times.

    >>> wengert.tensor([1, 4, 9]).diff()
    tensor([3, 5])
    """
    if self.ndim < 1:
        raise RuntimeError("diff expects input to be at least one-dimensional")
    if n < 0:
        raise RuntimeError(f"order must be non-negative but got {n}")
    if not -self.ndim <= dim < self.ndim:
        raise IndexError(
            f"Dimension out of range (expected to be in range of [{-self.ndim}, {self.ndim - 1}], but got {dim})"
        )
    for t in (prepend, append):
        if t is None:
            continue
        if t.ndim != self.ndim:
            raise RuntimeError("diff expects prepend or append to be the same dimension as input")
        for k, (size, other) in enumerate(zip(self.shape, t.shape)):
            if size != other and k != dim % self.ndim:
                raise RuntimeError(
                    "diff expects the shape of tensor to prepend or append to match that of input except along the "
                    f"differencing dimension; input.size({k}) = {size}, but got tensor.size({k}) = {other}"
                )
    x = _joined(self, dim, prepend, append)
    n = min(n, x.shape[dim])
    for _ in range(n):
        size = x.shape[dim]
        later, earlier = x.narrow(dim, min(1, size), max(size - 1, 0)), x.narrow(dim, 0, max(size - 1, 0))
        x = logical_xor(later, earlier) if str(x.dtype).endswith("bool") else sub(later, earlier)
    return x


def _steps(y, x, dx, dim, name):
    """The widths between sample points along a dim: a tensor to multiply by, or a number."""
    if x is None:
        return dx
    if x.ndim == 1:
        if x.shape[0] != y.size(dim):
            raise RuntimeError(f"{name}: There must be one `x` value for each sample point")
        shape = [1] * y.ndim
        shape[dim] = x.shape[0]
        x = x.reshape(shape)
    elif x.ndim < y.ndim:
        x = x.reshape([1] * (y.ndim - x.ndim) + list(x.shape))
    return diff(x, dim=dim)


def _areas(y, x, dx, dim, name):
    for letter, t in (("y", y), ("x", x)):
        if t is not None and t.dtype is _core.bool:
            raise RuntimeError(f"{name}: received a bool input for `{letter}`, but bool is not supported")
    n = y.size(dim)
    widths = _steps(y, x, dx, dim, name)
    return (y.narrow(dim, 1, n - 1) + y.narrow(dim, 0, n - 1)) * widths / 2


@composite("trapezoid(Tensor y, Tensor? x=None, *, Scalar dx=1, int dim=-1)", method=False, aliases=("trapz",))
def trapezoid(y, x=None, *, dx=1, dim=-1):
    """The integral along a dim by the trapezoid rule, over sample points x or steps dx."""
    if y.size(dim) == 0:
        return y.sum(dim)
    if x is None and y.dtype is not _core.bool:
        return (y.sum(dim) - (y.select(dim, 0) + y.select(dim, -1)) * 0.5) * dx
    return _areas(y, x, dx, dim, "trapezoid").sum(dim)


@composite("cumulative_trapezoid(Tensor y, Tensor? x=None, *, Scalar dx=1, int dim=-1)", method=False)
def cumulative_trapezoid(y, x=None, *, dx=1, dim=-1):
    """The running integral along a dim by the trapezoid rule."""
    return cumsum(_areas(y, x, dx, dim, "cumulative_trapezoid"), dim)
