"""Dropout layers: random only in training mode."""

from .. import functional as F
from .module import Module

__all__ = ["AlphaDropout", "Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "FeatureAlphaDropout"]


def _dropout_by(function):
    """The method forward of a class that calls `function`; its self may be an object of another class."""

    def forward(self, input):
        return function(input, self.p, self.training, self.inplace)

    return forward


class _DropoutNd(Module):
    def __init__(self, p=0.5, inplace=False):
        super().__init__()
        if p < 0 or p > 1:
            raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
        self.p = p
        self.inplace = inplace

    def extra_repr(self):
        return f"p={self.p}, inplace={self.inplace}"


class Dropout(_DropoutNd):
    """Zeroes elements with probability p and scales the rest by 1 / (1 - p).

    >>> Dropout().eval()(wg.ones(2))
    tensor([1., 1.])
    """

    forward = _dropout_by(F.dropout)


class Dropout1d(_DropoutNd):
    """Zeroes whole channels of (N, C, L).

    >>> Dropout1d().eval()(wg.ones(1, 2, 3)).shape
    torch.Size([1, 2, 3])
    """

    forward = _dropout_by(F.dropout1d)


class Dropout2d(_DropoutNd):
    """Zeroes whole channels of (N, C, H, W).

    >>> Dropout2d().eval()(wg.ones(1, 2, 3, 3)).shape
    torch.Size([1, 2, 3, 3])
    """

    forward = _dropout_by(F.dropout2d)


class Dropout3d(_DropoutNd):
    """Zeroes whole channels of (N, C, D, H, W).

    >>> Dropout3d().eval()(wg.ones(1, 2, 3, 3, 3)).shape
    torch.Size([1, 2, 3, 3, 3])
    """

    forward = _dropout_by(F.dropout3d)


class AlphaDropout(_DropoutNd):
    """Dropout that keeps the mean and variance of SELU activations.

    >>> AlphaDropout().eval()(wg.ones(2))
    tensor([1., 1.])
    """

    def forward(self, input):
        return F.alpha_dropout(input, self.p, self.training)


class FeatureAlphaDropout(_DropoutNd):
    """AlphaDropout of whole channels.

    >>> FeatureAlphaDropout().eval()(wg.ones(1, 2)).shape
    torch.Size([1, 2])
    """

    def forward(self, input):
        return F.feature_alpha_dropout(input, self.p, self.training)
