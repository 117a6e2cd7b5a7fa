"""Softmax layers."""

from .. import functional as F
from .module import Module

__all__ = ["LogSoftmax", "Softmax", "Softmax2d", "Softmin"]


class _OverDim(Module):
    """A softmax-like function along `dim`."""

    _function = None

    def __init__(self, dim=None):
        super().__init__()
        self.dim = dim

    def __setstate__(self, state):
        super().__setstate__(state)
        self.__dict__.setdefault("dim", None)

    def forward(self, input):
        return type(self)._function(input, self.dim, _stacklevel=5)

    def extra_repr(self):
        return f"dim={self.dim}"


class Softmin(_OverDim):
    """softmax(-x) along `dim`.

    >>> Softmin(0)(wg.zeros(2))
    tensor([0.5000, 0.5000])
    """

    _function = staticmethod(F.softmin)


class Softmax(_OverDim):
    """exp(x) / sum(exp(x)) along `dim`.

    >>> Softmax(0)(wg.zeros(2))
    tensor([0.5000, 0.5000])
    """

    _function = staticmethod(F.softmax)


class LogSoftmax(_OverDim):
    """log(softmax(x)) along `dim`.

    >>> LogSoftmax(0)(wg.zeros(2))
    tensor([-0.6931, -0.6931])
    """

    _function = staticmethod(F.log_softmax)


class Softmax2d(Module):
    """Softmax over the channels of (N, C, H, W) or (C, H, W).

    >>> Softmax2d()(wg.zeros(2, 1, 1)).flatten()
    tensor([0.5000, 0.5000])
    """

    def forward(self, input):
        if input.dim() not in (3, 4):
            raise ValueError(f"Softmax2d: expected input to be 3D or 4D, got {input.dim()}D instead")
        return F.softmax(input, -3, _stacklevel=5)
