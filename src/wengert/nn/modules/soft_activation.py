"""Activation layers that are one function without an in-place form: the shrinks and the soft signs."""

from .. import functional as F
from .module import Module

__all__ = ["Hardshrink", "LogSigmoid", "Softshrink", "Softsign", "Tanhshrink"]


class _Plain(Module):
    """A layer that is one function of its input."""

    _function = None

    def forward(self, input):
        return type(self)._function(input)


class _Shrink(Module):
    _function = None

    def __init__(self, lambd=0.5):
        super().__init__()
        self.lambd = lambd

    def forward(self, input):
        return type(self)._function(input, self.lambd)

    def extra_repr(self):
        return str(self.lambd)


class Hardshrink(_Shrink):
    """x where |x| > lambd, else 0.

    >>> Hardshrink()(wg.tensor([0.25, 2.0]))
    tensor([0., 2.])
    """

    _function = staticmethod(F.hardshrink)


class Softshrink(_Shrink):
    """x moved towards 0 by lambd.

    >>> Softshrink()(wg.tensor([2.0]))
    tensor([1.5000])
    """

    _function = staticmethod(F.softshrink)


class LogSigmoid(_Plain):
    """log(sigmoid(x)).

    >>> LogSigmoid()(wg.zeros(1))
    tensor([-0.6931])
    """

    _function = staticmethod(F.logsigmoid)


class Softsign(_Plain):
    """x / (1 + |x|).

    >>> Softsign()(wg.ones(1))
    tensor([0.5000])
    """

    _function = staticmethod(F.softsign)


class Tanhshrink(_Plain):
    """x - tanh(x).

    >>> Tanhshrink()(wg.zeros(1))
    tensor([0.])
    """

    _function = staticmethod(F.tanhshrink)
