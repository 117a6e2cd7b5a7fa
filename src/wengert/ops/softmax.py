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
    along = mul(g, sum_dim(mul(output, grad), dim, True))
    by_output = sub(sub(mul(grad, g), along), mul(grad, sum_dim(mul(output, g), dim, True)))
    return _softmax_backward(g, output, dim), by_output


@primitive("_log_softmax_backward(Tensor grad, Tensor output, int dim)", function=False, method=False)
def _log_softmax_backward(g, grad, output, dim):
    """grad - exp(output) * sum(grad)."""
    z = exp(output)
    return sub(g, sum_dim(mul(g, z), dim, True)), mul(mul(neg(sum_dim(grad, dim, True)), z), g)


@composite("softmin(Tensor self, int dim, ScalarType? dtype=None)", method=False, function=False)
def softmin(self, dim, dtype=None):
    """softmax(-self, dim)."""
    return softmax(neg(self), dim, dtype=dtype)


@composite(method=False)
def _masked_softmax(input, mask, dim=None, mask_type=None):
    """softmax over dim (default: the last) of what mask, boolean, does not hide; nan where it hides everything.

    mask has input's shape, or, where input is (N, heads, L, L), is (L, L) with mask_type 0 and (N, L) with mask_type 1.
    """
    if str(mask.dtype) != "torch.bool":
        raise RuntimeError("Mask should be a boolean tensor")
    if mask.dim() == 2 and input.dim() == 4 and mask_type in (0, 1):
        mask = mask[:, None, None, :] if mask_type == 1 else mask
        mask = mask.expand(input.shape)
    if mask.shape != input.shape:
        raise RuntimeError("For mask_type == 2 mask shape should match input shape")
    return softmax(input.masked_fill(mask, -float("inf")), input.dim() - 1 if dim is None else dim)
