"""Softmax and its logarithm, with native derivatives."""

from ._declare import composite, primitive
from .arithmetic import mul, neg, sub
from .math import exp
from .reduce import sum_dim


@primitive(
    "softmax.int(Tensor self, int dim, ScalarType? dtype=None)",
    grad_name="SoftmaxBackward0",
    aliases=("special.softmax",),
)
def softmax(g, dim, y):
    """exp(self) / sum(exp(self)) along a dim.

    >>> wengert.zeros(2).softmax(0)
    tensor([0.5000, 0.5000])
    """
    return _softmax_backward(g, y, dim)


@primitive(
    "log_softmax.int(Tensor self, int dim, ScalarType? dtype=None)",
    grad_name="LogSoftmaxBackward0",
    aliases=("special.log_softmax",),
)
def log_softmax(g, dim, y):
    """log(softmax(self, dim)), without overflow.

    >>> wengert.zeros(2).log_softmax(0)
    tensor([-0.6931, -0.6931])
    """
    return _log_softmax_backward(g, y, dim)


@primitive("_softmax_backward(Tensor grad, Tensor output, int dim)", function=False, method=False)
def _softmax_backward(g, grad, output, dim):
    """output * (grad - sum(grad * output))."""
    along = sum_dim(mul(grad, output), dim, True)
    back = sum_dim(mul(g, output), dim, True)
    return mul(output, sub(g, back)), sub(mul(g, sub(grad, along)), mul(grad, back))


@primitive("_log_softmax_backward(Tensor grad, Tensor output, int dim)", function=False, method=False)
def _log_softmax_backward(g, grad, output, dim):
    """grad - exp(output) * sum(grad)."""
    share = mul(g, exp(output))
    total = sum_dim(share, dim, True)
    return sub(g, total), mul(neg(share), sum_dim(grad, dim, True))


@composite("softmin(Tensor self, int dim, ScalarType? dtype=None)", method=False, function=False)
def softmin(self, dim, dtype=None):
    """softmax(-self, dim)."""
    return softmax(neg(self), dim, dtype=dtype)
