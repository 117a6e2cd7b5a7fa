"""Pooling layers to a given size, and with random windows."""

from .. import functional as F
from .module import Module
from .utils import _pair, _triple

__all__ = [
    "AdaptiveAvgPool1d",
    "AdaptiveAvgPool2d",
    "AdaptiveAvgPool3d",
    "AdaptiveMaxPool1d",
    "AdaptiveMaxPool2d",
    "AdaptiveMaxPool3d",
    "FractionalMaxPool2d",
    "FractionalMaxPool3d",
]  # fmt: skip


def _adaptive_max_pool_by(function):
    """The method forward of a class that calls `function`; its self may be an object of another class."""

    def forward(self, input):
        return function(input, self.output_size, self.return_indices)

    return forward


class _AdaptiveMaxPoolNd(Module):
    def __init__(self, output_size, return_indices=False):
        super().__init__()
        self.output_size = output_size
        self.return_indices = return_indices

    def extra_repr(self):
        return f"output_size={self.output_size}"


class AdaptiveMaxPool1d(_AdaptiveMaxPoolNd):
    """Max pooling of (N, C, L) to the length output_size.

    >>> AdaptiveMaxPool1d(2)(wg.ones(1, 1, 5)).shape
    torch.Size([1, 1, 2])
    """

    forward = _adaptive_max_pool_by(F.adaptive_max_pool1d)


class AdaptiveMaxPool2d(_AdaptiveMaxPoolNd):
    """Max pooling of (N, C, H, W) to output_size (None keeps a size).

    >>> AdaptiveMaxPool2d((2, None))(wg.ones(1, 1, 5, 5)).shape
    torch.Size([1, 1, 2, 5])
    """

    forward = _adaptive_max_pool_by(F.adaptive_max_pool2d)


class AdaptiveMaxPool3d(_AdaptiveMaxPoolNd):
    """Max pooling of (N, C, D, H, W) to output_size (None keeps a size).

    >>> AdaptiveMaxPool3d(2)(wg.ones(1, 1, 5, 5, 5)).shape
    torch.Size([1, 1, 2, 2, 2])
    """

    forward = _adaptive_max_pool_by(F.adaptive_max_pool3d)


def _adaptive_avg_pool_by(function):
    """The method forward of a class that calls `function`; its self may be an object of another class."""

    def forward(self, input):
        return function(input, self.output_size)

    return forward


class _AdaptiveAvgPoolNd(Module):
    def __init__(self, output_size):
        super().__init__()
        self.output_size = output_size

    def extra_repr(self):
        return f"output_size={self.output_size}"


class AdaptiveAvgPool1d(_AdaptiveAvgPoolNd):
    """Average pooling of (N, C, L) to the length output_size.

    >>> AdaptiveAvgPool1d(2)(wg.ones(1, 1, 5)).shape
    torch.Size([1, 1, 2])
    """

    forward = _adaptive_avg_pool_by(F.adaptive_avg_pool1d)


class AdaptiveAvgPool2d(_AdaptiveAvgPoolNd):
    """Average pooling of (N, C, H, W) to output_size (None keeps a size).

    >>> AdaptiveAvgPool2d((2, None))(wg.ones(1, 1, 5, 5)).shape
    torch.Size([1, 1, 2, 5])
    """

    forward = _adaptive_avg_pool_by(F.adaptive_avg_pool2d)


class AdaptiveAvgPool3d(_AdaptiveAvgPoolNd):
    """Average pooling of (N, C, D, H, W) to output_size (None keeps a size).

    >>> AdaptiveAvgPool3d(2)(wg.ones(1, 1, 5, 5, 5)).shape
    torch.Size([1, 1, 2, 2, 2])
    """

    forward = _adaptive_avg_pool_by(F.adaptive_avg_pool3d)


class _FractionalMaxPoolNd(Module):
    _function = None
    _tuple = None

    def __init__(self, kernel_size, output_size=None, output_ratio=None, return_indices=False, _random_samples=None):
        super().__init__()
        parse = type(self)._tuple
        name = type(self).__name__
        if parse is _triple and any(k <= 0 for k in parse(kernel_size)):
            raise ValueError(f"kernel_size must be greater than 0, but got {kernel_size}")
        self.kernel_size = parse(kernel_size)
        self.return_indices = return_indices
        self.register_buffer("_random_samples", _random_samples)
        self.output_size = parse(output_size) if output_size is not None else None
        self.output_ratio = parse(output_ratio) if output_ratio is not None else None
        if output_size is None and output_ratio is None:
            raise ValueError(f"{name} requires specifying either an output size, or a pooling ratio")
        if output_size is not None and output_ratio is not None:
            raise ValueError("only one of output_size and output_ratio may be specified")
        if self.output_ratio is not None and not all(0 < ratio < 1 for ratio in self.output_ratio):
            raise ValueError(f"output_ratio must be between 0 and 1 (got {output_ratio})")

    def forward(self, input):
        return type(self)._function(
            input, self.kernel_size, self.output_size, self.output_ratio, self.return_indices,
            _random_samples=self._random_samples,
        )  # fmt: skip


class FractionalMaxPool2d(_FractionalMaxPoolNd):
    """Max pooling of (N, C, H, W) over windows at random starts.

    >>> FractionalMaxPool2d(2, output_size=3)(wg.ones(1, 1, 5, 5)).shape
    torch.Size([1, 1, 3, 3])
    """

    _function = staticmethod(F.fractional_max_pool2d)
    _tuple = staticmethod(_pair)


class FractionalMaxPool3d(_FractionalMaxPoolNd):
    """Max pooling of (N, C, D, H, W) over windows at random starts.

    >>> FractionalMaxPool3d(2, output_size=3)(wg.ones(1, 1, 5, 5, 5)).shape
    torch.Size([1, 1, 3, 3, 3])
    """

    _function = staticmethod(F.fractional_max_pool3d)
    _tuple = staticmethod(_triple)
