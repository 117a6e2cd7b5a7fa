"""Activation layers."""

import warnings

import wengert as wg

from .. import functional as F
from .. import init as _init
from .._lazy_names import lazy_names
from ..functional._native import native
from ..parameter import Parameter
from .module import Module

__all__ = [
    "CELU",
    "ELU",
    "GELU",
    "GLU",
    "SELU",
    "Hardsigmoid",
    "Hardswish",
    "Hardtanh",
    "LeakyReLU",
    "Mish",
    "PReLU",
    "RReLU",
    "ReLU",
    "ReLU6",
    "SiLU",
    "Sigmoid",
    "Softplus",
    "Tanh",
    "Threshold",
]

# torch has these here too.
_ELSEWHERE = {
    "attention": ("MultiheadAttention",),
    "soft_activation": ("Hardshrink", "LogSigmoid", "Softshrink", "Softsign", "Tanhshrink"),
    "softmax": ("LogSoftmax", "Softmax", "Softmax2d", "Softmin"),
}  # fmt: skip
__getattr__ = lazy_names(__package__, _ELSEWHERE)[0]

_relu = native("relu")


class _MaybeInplace(Module):
    """A layer that is one function of its input, with an in-place form."""

    _function = None

    def __init__(self, inplace=False):
        super().__init__()
        self.inplace = inplace

    def forward(self, input):
        return type(self)._function(input, inplace=self.inplace)

    def extra_repr(self):
        return "inplace=True" if self.inplace else ""


class Threshold(Module):
    """x where it is above `threshold`, else `value`.

    >>> Threshold(1, 0)(wg.tensor([0.5, 2.0]))
    tensor([0., 2.])
    """

    def __init__(self, threshold, value, inplace=False):
        super().__init__()
        self.threshold = threshold
        self.value = value
        self.inplace = inplace

    def forward(self, input):
        return F.threshold(input, self.threshold, self.value, self.inplace)

    def extra_repr(self):
        inplace = ", inplace=True" if self.inplace else ""
        return f"threshold={self.threshold}, value={self.value}{inplace}"


class ReLU(_MaybeInplace):
    """max(x, 0).

    >>> ReLU()(wg.tensor([-1.0, 2.0]))
    tensor([0., 2.])
    """

    def forward(self, input):
        return F.relu_(input) if self.inplace else _relu(input)


class RReLU(Module):
    """Leaky ReLU with random slopes from [lower, upper] in training.

    >>> RReLU()(wg.tensor([1.0]))
    tensor([1.])
    """

    def __init__(self, lower=1.0 / 8, upper=1.0 / 3, inplace=False):
        super().__init__()
        self.lower = lower
        self.upper = upper
        self.inplace = inplace

    def forward(self, input):
        return F.rrelu(input, self.lower, self.upper, self.training, self.inplace)

    def extra_repr(self):
        inplace = ", inplace=True" if self.inplace else ""
        return f"lower={self.lower}, upper={self.upper}{inplace}"


class Hardtanh(Module):
    """x clamped to [min_val, max_val].

    >>> Hardtanh()(wg.tensor([-3.0, 1.0]))
    tensor([-1.,  1.])
    """

    def __init__(self, min_val=-1.0, max_val=1.0, inplace=False, min_value=None, max_value=None):
        super().__init__()
        for old, new, value in (("min_value", "min_val", min_value), ("max_value", "max_val", max_value)):
            if value is not None:
                warnings.warn(
                    f"keyword argument `{old}` is deprecated and renamed to `{new}`", FutureWarning, stacklevel=2
                )
        self.min_val = min_val if min_value is None else min_value
        self.max_val = max_val if max_value is None else max_value
        self.inplace = inplace
        if self.max_val <= self.min_val:
            raise AssertionError(f"max_val ({self.max_val}) must be greater than min_val ({self.min_val})")

    def forward(self, input):
        return F.hardtanh(input, self.min_val, self.max_val, self.inplace)

    def extra_repr(self):
        inplace = ", inplace=True" if self.inplace else ""
        return f"min_val={self.min_val}, max_val={self.max_val}{inplace}"


class ReLU6(Hardtanh):
    """min(max(x, 0), 6).

    >>> ReLU6()(wg.tensor([9.0]))
    tensor([6.])
    """

    def __init__(self, inplace=False):
        super().__init__(0.0, 6.0, inplace)

    def extra_repr(self):
        return "inplace=True" if self.inplace else ""


class Sigmoid(Module):
    """1 / (1 + exp(-x)).

    >>> Sigmoid()(wg.zeros(1))
    tensor([0.5000])
    """

    def forward(self, input):
        return input.sigmoid()


class Tanh(Module):
    """Hyperbolic tangent.

    >>> Tanh()(wg.zeros(1))
    tensor([0.])
    """

    def forward(self, input):
        return input.tanh()


class Hardsigmoid(_MaybeInplace):
    """clamp(x / 6 + 1 / 2, 0, 1).

    >>> Hardsigmoid()(wg.zeros(1))
    tensor([0.5000])
    """

    _function = staticmethod(F.hardsigmoid)

    def extra_repr(self):
        return ""


class SiLU(_MaybeInplace):
    """x * sigmoid(x).

    >>> SiLU()(wg.zeros(1))
    tensor([0.])
    """

    _function = staticmethod(F.silu)


class Mish(_MaybeInplace):
    """x * tanh(softplus(x)).

    >>> Mish()(wg.zeros(1))
    tensor([0.])
    """

    _function = staticmethod(F.mish)


class Hardswish(_MaybeInplace):
    """x * hardsigmoid(x).

    >>> Hardswish()(wg.zeros(1))
    tensor([0.])
    """

    _function = staticmethod(F.hardswish)

    def extra_repr(self):
        return ""


class SELU(_MaybeInplace):
    """The self-normalising scaled ELU.

    >>> SELU()(wg.zeros(1))
    tensor([0.])
    """

    _function = staticmethod(F.selu)


class ELU(Module):
    """x for x > 0, else alpha * (exp(x) - 1).

    >>> ELU()(wg.ones(1))
    tensor([1.])
    """

    _function = staticmethod(F.elu)

    def __init__(self, alpha=1.0, inplace=False):
        super().__init__()
        self.alpha = alpha
        self.inplace = inplace

    def forward(self, input):
        return type(self)._function(input, self.alpha, self.inplace)

    def extra_repr(self):
        return f"alpha={self.alpha}" + (", inplace=True" if self.inplace else "")


class CELU(ELU):
    """max(0, x) + min(0, alpha * (exp(x / alpha) - 1)).

    >>> CELU()(wg.ones(1))
    tensor([1.])
    """

    _function = staticmethod(F.celu)


class GLU(Module):
    """First half of the input along `dim` times the sigmoid of the second half.

    >>> GLU()(wg.zeros(1, 4)).shape
    torch.Size([1, 2])
    """

    def __init__(self, dim=-1):
        super().__init__()
        self.dim = dim

    def forward(self, input):
        return F.glu(input, self.dim)

    def extra_repr(self):
        return f"dim={self.dim}"


class GELU(Module):
    """x * Phi(x); approximate="tanh" uses the tanh form.

    >>> GELU()(wg.zeros(1))
    tensor([0.])
    """

    def __init__(self, approximate="none"):
        super().__init__()
        self.approximate = approximate

    def forward(self, input):
        return F.gelu(input, approximate=self.approximate)

    def extra_repr(self):
        return f"approximate={self.approximate!r}"


class LeakyReLU(Module):
    """x for x > 0, else negative_slope * x.

    >>> LeakyReLU(0.5)(wg.tensor([-1.0]))
    tensor([-0.5000])
    """

    def __init__(self, negative_slope=1e-2, inplace=False):
        super().__init__()
        self.negative_slope = negative_slope
        self.inplace = inplace

    def forward(self, input):
        return F.leaky_relu(input, self.negative_slope, self.inplace)

    def extra_repr(self):
        return f"negative_slope={self.negative_slope}" + (", inplace=True" if self.inplace else "")


class Softplus(Module):
    """log(1 + exp(beta * x)) / beta, linear above `threshold`.

    >>> Softplus()(wg.zeros(1))
    tensor([0.6931])
    """

    def __init__(self, beta=1.0, threshold=20.0):
        super().__init__()
        self.beta = beta
        self.threshold = threshold

    def forward(self, input):
        return F.softplus(input, self.beta, self.threshold)

    def extra_repr(self):
        return f"beta={self.beta}, threshold={self.threshold}"


class PReLU(Module):
    """Leaky ReLU with learned slopes, one or one per channel.

    >>> PReLU()(wg.tensor([-1.0])).item()
    -0.25
    """

    def __init__(self, num_parameters=1, init=0.25, device=None, dtype=None):
        super().__init__()
        self.num_parameters = num_parameters
        self.init = init
        self.weight = Parameter(wg.empty(num_parameters, device=device, dtype=dtype))
        self.reset_parameters()

    def reset_parameters(self):
        """Set all slopes to `init`."""
        _init.constant_(self.weight, self.init)

    def forward(self, input):
        return F.prelu(input, self.weight)

    def extra_repr(self):
        return f"num_parameters={self.num_parameters}"
