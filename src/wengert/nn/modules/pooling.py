"""Pooling layers: max, average, power-average."""

from .. import functional as F
from .._lazy_names import lazy_names
from .module import Module
from .utils import _pair, _single, _triple

__all__ = [
    "AvgPool1d",
    "AvgPool2d",
    "AvgPool3d",
    "LPPool1d",
    "LPPool2d",
    "LPPool3d",
    "MaxPool1d",
    "MaxPool2d",
    "MaxPool3d",
    "MaxUnpool1d",
    "MaxUnpool2d",
    "MaxUnpool3d",
]  # fmt: skip

# torch has these here too.
_ELSEWHERE = {
    "adaptive_pooling": (
        "AdaptiveAvgPool1d", "AdaptiveAvgPool2d", "AdaptiveAvgPool3d", "AdaptiveMaxPool1d",
        "AdaptiveMaxPool2d", "AdaptiveMaxPool3d", "FractionalMaxPool2d", "FractionalMaxPool3d",
    ),
}  # fmt: skip
__getattr__ = lazy_names(__package__, _ELSEWHERE)[0]


def _max_pool_by(function):
    """The method forward of a class that calls `function`; its self may be an object of another class."""

    def forward(self, input):
        return function(
            input, self.kernel_size, self.stride, self.padding, self.dilation, self.ceil_mode, self.return_indices
        )

    return forward


class _MaxPoolNd(Module):
    def __init__(self, kernel_size, stride=None, padding=0, dilation=1, return_indices=False, ceil_mode=False):
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = stride if stride is not None else kernel_size
        self.padding = padding
        self.dilation = dilation
        self.return_indices = return_indices
        self.ceil_mode = ceil_mode

    def extra_repr(self):
        return (
            f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}, dilation={self.dilation}, "
            f"ceil_mode={self.ceil_mode}"
        )


class MaxPool1d(_MaxPoolNd):
    """Maximum over sliding windows of (N, C, L); stride defaults to kernel_size.

    >>> MaxPool1d(2)(wg.ones(1, 2, 4)).shape
    torch.Size([1, 2, 2])
    """

    forward = _max_pool_by(F.max_pool1d)


class MaxPool2d(_MaxPoolNd):
    """Maximum over sliding windows of (N, C, H, W); stride defaults to kernel_size.

    >>> MaxPool2d(2)(wg.ones(1, 2, 4, 4)).shape
    torch.Size([1, 2, 2, 2])
    """

    forward = _max_pool_by(F.max_pool2d)


class MaxPool3d(_MaxPoolNd):
    """Maximum over sliding windows of (N, C, D, H, W); stride defaults to kernel_size.

    >>> MaxPool3d(2)(wg.ones(1, 2, 4, 4, 4)).shape
    torch.Size([1, 2, 2, 2, 2])
    """

    forward = _max_pool_by(F.max_pool3d)


class _MaxUnpoolNd(Module):
    _function = None
    _tuple = None

    def __init__(self, kernel_size, stride=None, padding=0):
        super().__init__()
        parse = type(self)._tuple
        self.kernel_size = parse(kernel_size)
        self.stride = parse(stride if stride is not None else kernel_size)
        self.padding = parse(padding)

    def forward(self, input, indices, output_size=None):
        return type(self)._function(input, indices, self.kernel_size, self.stride, self.padding, output_size)

    def extra_repr(self):
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class MaxUnpool1d(_MaxUnpoolNd):
    """Puts values back where MaxPool1d(return_indices=True) found them, zeros elsewhere.

    >>> MaxUnpool1d(2)(wg.ones(1, 1, 1), wg.tensor([[[1]]]))
    tensor([[[0., 1.]]])
    """

    _function = staticmethod(F.max_unpool1d)
    _tuple = staticmethod(_single)


class MaxUnpool2d(_MaxUnpoolNd):
    """MaxUnpool1d for (N, C, H, W).

    >>> MaxUnpool2d(2)(wg.ones(1, 1, 1, 1), wg.tensor([[[[1]]]])).shape
    torch.Size([1, 1, 2, 2])
    """

    _function = staticmethod(F.max_unpool2d)
    _tuple = staticmethod(_pair)


class MaxUnpool3d(_MaxUnpoolNd):
    """MaxUnpool1d for (N, C, D, H, W).

    >>> MaxUnpool3d(2)(wg.ones(1, 1, 1, 1, 1), wg.tensor([[[[[1]]]]])).shape
    torch.Size([1, 1, 2, 2, 2])
    """

    _function = staticmethod(F.max_unpool3d)
    _tuple = staticmethod(_triple)


class AvgPool1d(Module):
    """Mean over sliding windows of (N, C, L).

    >>> AvgPool1d(2)(wg.ones(1, 2, 4)).shape
    torch.Size([1, 2, 2])
    """

    def __init__(self, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True):
        super().__init__()
        self.kernel_size = _single(kernel_size)
        self.stride = _single(stride if stride is not None else kernel_size)
        self.padding = _single(padding)
        self.ceil_mode = ceil_mode
        self.count_include_pad = count_include_pad

    def forward(self, input):
        return F.avg_pool1d(input, self.kernel_size, self.stride, self.padding, self.ceil_mode, self.count_include_pad)

    def extra_repr(self):
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


def _avg_pool_by(function):
    """The method forward of a class that calls `function`; its self may be an object of another class."""

    def forward(self, input):
        return function(
            input, self.kernel_size, self.stride, self.padding, self.ceil_mode, self.count_include_pad,
            self.divisor_override,
        )  # fmt: skip

    return forward


class _AvgPoolNd(Module):
    def __init__(
        self, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True, divisor_override=None
    ):
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = stride if stride is not None else kernel_size
        self.padding = padding
        self.ceil_mode = ceil_mode
        self.count_include_pad = count_include_pad
        self.divisor_override = divisor_override

    def extra_repr(self):
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class AvgPool2d(_AvgPoolNd):
    """Mean over sliding windows of (N, C, H, W).

    >>> AvgPool2d(2)(wg.ones(1, 2, 4, 4)).shape
    torch.Size([1, 2, 2, 2])
    """

    forward = _avg_pool_by(F.avg_pool2d)


class AvgPool3d(_AvgPoolNd):
    """Mean over sliding windows of (N, C, D, H, W).

    >>> AvgPool3d(2)(wg.ones(1, 2, 4, 4, 4)).shape
    torch.Size([1, 2, 2, 2, 2])
    """

    forward = _avg_pool_by(F.avg_pool3d)

    def __setstate__(self, d):
        super().__setstate__(d)
        for name, value in (("padding", 0), ("ceil_mode", False), ("count_include_pad", True)):
            self.__dict__.setdefault(name, value)


class _LPPoolNd(Module):
    _function = None

    def __init__(self, norm_type, kernel_size, stride=None, ceil_mode=False):
        super().__init__()
        self.norm_type = norm_type
        self.kernel_size = kernel_size
        self.stride = stride
        self.ceil_mode = ceil_mode

    def forward(self, input):
        return type(self)._function(input, float(self.norm_type), self.kernel_size, self.stride, self.ceil_mode)

    def extra_repr(self):
        return (
            f"norm_type={self.norm_type}, kernel_size={self.kernel_size}, stride={self.stride}, "
            f"ceil_mode={self.ceil_mode}"
        )


class LPPool1d(_LPPoolNd):
    """(sum of x ** p over windows) ** (1 / p) of (N, C, L).

    >>> LPPool1d(2, 2)(wg.tensor([[3.0, 4.0]]))
    tensor([[5.]])
    """

    _function = staticmethod(F.lp_pool1d)


class LPPool2d(_LPPoolNd):
    """LPPool1d for (N, C, H, W).

    >>> LPPool2d(1, 2)(wg.ones(1, 1, 2, 2)).item()
    4.0
    """

    _function = staticmethod(F.lp_pool2d)


class LPPool3d(_LPPoolNd):
    """LPPool1d for (N, C, D, H, W).

    >>> LPPool3d(1, 2)(wg.ones(1, 1, 2, 2, 2)).item()
    8.0
    """

    _function = staticmethod(F.lp_pool3d)
