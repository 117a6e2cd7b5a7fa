"""Activation functions."""

import math
import warnings

import wengert as wg

from ...ops._batched import refuse_batches
from ._native import native

_relu, _relu6, _elu, _selu, _celu = native("relu"), native("relu6"), native("elu"), native("selu"), native("celu")
_leaky_relu, _hardtanh, _threshold_op = native("leaky_relu"), native("hardtanh"), native("threshold")
_gelu, _silu, _mish, _hardswish = native("gelu"), native("silu"), native("mish"), native("hardswish")
_hardsigmoid, _softplus, _log_sigmoid = native("hardsigmoid"), native("softplus"), native("log_sigmoid")
_softshrink, _hardshrink, _prelu, _glu = native("softshrink"), native("hardshrink"), native("prelu"), native("glu")
_softmax, _log_softmax = native("softmax"), native("log_softmax")
_noisy_leaky_relu = native("_noisy_leaky_relu")

relu_, selu_ = native("relu_"), native("selu_")
_elu_, _celu_, _leaky_relu_ = native("elu_"), native("celu_"), native("leaky_relu_")
hardtanh_, threshold_ = native("hardtanh_"), native("threshold_")
_relu6_, _silu_, _mish_ = native("relu6_"), native("silu_"), native("mish_")
_hardswish_, _hardsigmoid_ = native("hardswish_"), native("hardsigmoid_")


_LOST = (  # a result with another sign than its input does not tell which slope was taken
    "In-place {} backward calculation is triggered with a negative slope which is not supported. This is caused by "
    "calling in-place forward function with a negative slope, please call out-of-place version instead."
)
_ISSUE = (
    " File an issue at https://github.com/pytorch/pytorch if you do require supporting in-place leakRelu backward "
    "calculation with negative slope"
)


def _forward_only(result, negative, text):
    """The result of an activation in place, whose gradient is refused where its slope was negative."""

    def refuse(_):
        raise RuntimeError(text)

    if negative and result.requires_grad:
        result.register_hook(refuse)
    return result


def elu_(input, alpha=1.0):
    """In-place elu; RuntimeError in backward when alpha is negative."""
    return _forward_only(_elu_(input, alpha), alpha < 0, _LOST.format("elu"))


def celu_(input, alpha=1.0):
    """In-place celu; RuntimeError in backward when alpha is negative."""
    _check_alpha(alpha)
    return _forward_only(_celu_(input, alpha), alpha < 0, _LOST.format("elu"))


def _check_alpha(alpha):
    if alpha == 0:
        raise RuntimeError("ZeroDivisionError: alpha cannot be 0 for CELU")


def leaky_relu_(input, negative_slope=0.01):
    """In-place leaky_relu; RuntimeError in backward when the slope is negative."""
    return _forward_only(_leaky_relu_(input, negative_slope), negative_slope < 0, _LOST.format("leakyReLu") + _ISSUE)


def threshold(input, threshold, value, inplace=False):
    """`input` where it is above `threshold`, else `value`.

    >>> threshold(wg.tensor([0.5, 2.0]), 1, 0)
    tensor([0., 2.])
    """
    if not input.is_floating_point():
        if input.dtype is wg.bool:
            raise NotImplementedError("\"threshold_cpu\" not implemented for 'Bool'")
        threshold, value = int(threshold), int(value)  # as elements of the input
    return (threshold_ if inplace else _threshold_op)(input, threshold, value)


def relu(input, inplace=False):
    """max(x, 0).

    >>> relu(wg.tensor([-1.0, 2.0]))
    tensor([0., 2.])
    """
    return relu_(input) if inplace else _relu(input)


def glu(input, dim=-1):
    """First half of `input` along `dim` times the sigmoid of the second half.

    >>> glu(wg.zeros(4)).shape
    torch.Size([2])
    """
    if input.dim() == 0:
        raise RuntimeError("glu does not support scalars because halving size must be even")
    return _glu(input, dim)


def hardtanh(input, min_val=-1.0, max_val=1.0, inplace=False):
    """x clamped to [min_val, max_val].

    >>> hardtanh(wg.tensor([-3.0, 0.5]))
    tensor([-1.0000,  0.5000])
    """
    if min_val > max_val:
        raise ValueError("min_val cannot be greater than max_val")
    if not input.is_floating_point():
        _refuse_bool(input)
        if min_val < 0 and not input.dtype.is_signed:
            raise RuntimeError("cannot do hardtanh on an unsigned type with negative limits")
        min_val, max_val = int(min_val), int(max_val)  # as elements of the input
    return (hardtanh_ if inplace else _hardtanh)(input, min_val, max_val)


def _refuse_bool(input):
    if input.dtype is wg.bool:
        raise RuntimeError("Bool inputs not supported for hardtanh")


def relu6(input, inplace=False):
    """min(max(x, 0), 6).

    >>> relu6(wg.tensor([9.0]))
    tensor([6.])
    """
    _refuse_bool(input)
    return (_relu6_ if inplace else _relu6)(input)


def elu(input, alpha=1.0, inplace=False):
    """x for x > 0, else alpha * (exp(x) - 1).

    >>> elu(wg.tensor([0.0, 1.0]))
    tensor([0., 1.])
    """
    return (elu_ if inplace else _elu)(input, alpha)


def selu(input, inplace=False):
    """The self-normalising scaled ELU.

    >>> selu(wg.tensor([0.0]))
    tensor([0.])
    """
    return (selu_ if inplace else _selu)(input)


def celu(input, alpha=1.0, inplace=False):
    """max(0, x) + min(0, alpha * (exp(x / alpha) - 1)).

    >>> celu(wg.tensor([0.0, 1.0]))
    tensor([0., 1.])
    """
    _check_alpha(alpha)
    return (celu_ if inplace else _celu)(input, alpha)


def leaky_relu(input, negative_slope=0.01, inplace=False):
    """x for x > 0, else negative_slope * x.

    >>> leaky_relu(wg.tensor([-1.0, 2.0]), 0.5)
    tensor([-0.5000,  2.0000])
    """
    return (leaky_relu_ if inplace else _leaky_relu)(input, negative_slope)


def prelu(input, weight):
    """Leaky ReLU with learned slopes: `weight` has one element, or one per channel (dimension 1).

    >>> prelu(wg.tensor([-1.0]), wg.tensor([0.5]))
    tensor([-0.5000])
    """
    return _prelu(input, weight)


def rrelu(input, lower=1.0 / 8, upper=1.0 / 3, training=False, inplace=False):
    """Leaky ReLU with random slopes from [lower, upper] in training, their mean otherwise.

    >>> rrelu(wg.tensor([1.0]))
    tensor([1.])
    """
    for name, bound in (("lower", lower), ("upper", upper)):
        if not math.isfinite(bound):
            raise RuntimeError(f"rrelu: {name} bound must be finite, got {bound}")
    if lower > upper:
        raise RuntimeError("Lower bound should be less than or equal to the upper bound")
    if not training:
        return leaky_relu(input, (lower + upper) / 2, inplace)
    refuse_batches("vmap: we do not yet support aten::rrelu. Please file an issue", input)
    leaky = _noisy_leaky_relu(input, lower, upper)[0]
    return input.copy_(leaky) if inplace else leaky


def rrelu_(input, lower=1.0 / 8, upper=1.0 / 3, training=False):
    """In-place rrelu."""
    return rrelu(input, lower, upper, training, inplace=True)


def gelu(input, approximate="none", *, out=None):
    """x * Phi(x); approximate="tanh" uses the tanh form.

    >>> gelu(wg.tensor([0.0]))
    tensor([0.])
    """
    return _gelu(input, approximate=approximate) if out is None else _gelu(input, approximate=approximate, out=out)


def logsigmoid(input, *, out=None):
    """log(sigmoid(x)).

    >>> logsigmoid(wg.tensor([0.0]))
    tensor([-0.6931])
    """
    return _log_sigmoid(input) if out is None else _log_sigmoid(input, out=out)


def hardshrink(input, lambd=0.5, *, out=None):
    """x where |x| > lambd, else 0.

    >>> hardshrink(wg.tensor([0.25, 2.0]))
    tensor([0., 2.])
    """
    return _hardshrink(input, lambd) if out is None else _hardshrink(input, lambd, out=out)


def softshrink(input, lambd=0.5, *, out=None):
    """x moved towards 0 by lambd.

    >>> softshrink(wg.tensor([0.25, 2.0]))
    tensor([0.0000, 1.5000])
    """
    if not 0 <= lambd < 65504 and input.is_floating_point():  # what half precision holds: all can tell a larger one
        limit = wg.finfo(input.dtype).max
        if not 0 <= lambd <= limit:
            kind = input.type().rpartition(".")[2].removesuffix("Tensor")
            raise RuntimeError(f"lambda must be in range [0, {limit:g}] for input dtype {kind}, but found {lambd:g}")
    return _softshrink(input, lambd) if out is None else _softshrink(input, lambd, out=out)


def tanhshrink(input):
    """x - tanh(x).

    >>> tanhshrink(wg.tensor([0.0]))
    tensor([0.])
    """
    return input - input.tanh()


def softsign(input):
    """x / (1 + |x|).

    >>> softsign(wg.tensor([1.0]))
    tensor([0.5000])
    """
    return input / (input.abs() + 1)


def softplus(input, beta=1, threshold=20, *, out=None):
    """log(1 + exp(beta * x)) / beta, linear above `threshold`.

    >>> softplus(wg.tensor([0.0]))
    tensor([0.6931])
    """
    return _softplus(input, beta, threshold) if out is None else _softplus(input, beta, threshold, out=out)


def _get_softmax_dim(name, ndim, stacklevel):
    warnings.warn(
        f"Implicit dimension choice for {name} has been deprecated. Change the call to include dim=X as an argument.",
        stacklevel=stacklevel,
    )
    return 0 if ndim in (0, 1, 3) else 1


def softmin(input, dim=None, _stacklevel=3, dtype=None):
    """softmax(-x) along `dim`.

    >>> softmin(wg.zeros(2), dim=0)
    tensor([0.5000, 0.5000])
    """
    if dim is None:
        dim = _get_softmax_dim("softmin", input.dim(), _stacklevel)
    return _softmax(-input, dim, dtype)


def softmax(input, dim=None, _stacklevel=3, dtype=None):
    """exp(x) / sum(exp(x)) along `dim`; `dtype` converts first.

    >>> softmax(wg.zeros(2), dim=0)
    tensor([0.5000, 0.5000])
    """
    if dim is None:
        dim = _get_softmax_dim("softmax", input.dim(), _stacklevel)
    return _softmax(input, dim, dtype)


def log_softmax(input, dim=None, _stacklevel=3, dtype=None):
    """log(softmax(x)) along `dim`.

    >>> log_softmax(wg.zeros(2), dim=0)
    tensor([-0.6931, -0.6931])
    """
    if dim is None:
        dim = _get_softmax_dim("log_softmax", input.dim(), _stacklevel)
    return _log_softmax(input, dim, dtype)


def gumbel_softmax(logits, tau=1, hard=False, eps=1e-10, dim=-1):
    """A sample from the Gumbel-softmax distribution; `hard` gives one-hot values with the soft gradient.

    >>> gumbel_softmax(wg.zeros(3), hard=True).sum()
    tensor(1.)
    """
    if eps != 1e-10:
        warnings.warn("`eps` parameter is deprecated and has no effect.", stacklevel=2)
    noise = -wg.empty_like(logits, memory_format=wg.contiguous_format).exponential_().log()
    soft = ((logits + noise) / tau).softmax(dim)
    if not hard:
        return soft
    index = soft.max(dim, keepdim=True)[1]
    one_hot = wg.zeros_like(logits, memory_format=wg.contiguous_format).scatter_(dim, index, 1.0)
    return one_hot - soft.detach() + soft


def tanh(input):
    """Hyperbolic tangent.

    >>> tanh(wg.zeros(1))
    tensor([0.])
    """
    return input.tanh()


def sigmoid(input):
    """1 / (1 + exp(-x)).

    >>> sigmoid(wg.zeros(1))
    tensor([0.5000])
    """
    return input.sigmoid()


def hardsigmoid(input, inplace=False):
    """clamp(x / 6 + 1 / 2, 0, 1).

    >>> hardsigmoid(wg.zeros(1))
    tensor([0.5000])
    """
    return (_hardsigmoid_ if inplace else _hardsigmoid)(input)


def silu(input, inplace=False):
    """x * sigmoid(x).

    >>> silu(wg.zeros(1))
    tensor([0.])
    """
    return (_silu_ if inplace else _silu)(input)


def mish(input, inplace=False):
    """x * tanh(softplus(x)).

    >>> mish(wg.zeros(1))
    tensor([0.])
    """
    return (_mish_ if inplace else _mish)(input)


def hardswish(input, inplace=False):
    """x * hardsigmoid(x).

    >>> hardswish(wg.tensor([6.0]))
    tensor([6.])
    """
    return (_hardswish_ if inplace else _hardswish)(input)
