"""Pooling: maxima and means over windows, fixed and adaptive."""

from .. import _core
from ._declare import composite, constant, primitive

HIDDEN = {"function": False, "method": False}
FUNCTION = {"method": False}


@primitive("_plane_scatter(Tensor self, Index indices, int[] sizes, int dims)", **HIDDEN)
def _plane_scatter(g, indices, dims):
    """Planes (the last dims) of zeros, with the elements of self added at indices that count within a plane."""
    return _plane_gather(g, indices, dims)


@primitive("_plane_gather(Tensor self, Index indices, int dims)", **HIDDEN)
def _plane_gather(g, self, indices, dims):
    """The elements of planes (the last dims) at indices that count within a plane."""
    return _plane_scatter(g, indices, self.shape, dims)


_MAX = (
    "(Tensor self, int[{n}] kernel_size, int[{n}]? stride=[], int[{n}] padding=0, int[{n}] dilation=1, "
    "bool ceil_mode=False)"
)
_PAIR = " -> (Tensor result0, Index result1)"


@primitive("max_pool1d_with_indices" + _MAX.format(n=1) + _PAIR, grad_name="SqueezeBackward1", **FUNCTION)
def max_pool1d_with_indices(g, self, result1):
    """max_pool1d, and where each maximum was found."""
    return _plane_scatter(g, result1, self.shape, 1)


@primitive("max_pool2d_with_indices" + _MAX.format(n=2) + _PAIR, grad_name="MaxPool2DWithIndicesBackward0", **HIDDEN)
def max_pool2d_with_indices(g, self, result1):
    """max_pool2d, and where in its plane each maximum was found."""
    return _plane_scatter(g, result1, self.shape, 2)


@primitive("max_pool3d_with_indices" + _MAX.format(n=3) + _PAIR, grad_name="MaxPool3DWithIndicesBackward0", **HIDDEN)
def max_pool3d_with_indices(g, self, result1):
    """max_pool3d, and where in its volume each maximum was found."""
    return _plane_scatter(g, result1, self.shape, 3)


@constant("_max_pool1d_values" + _MAX.format(n=1), **HIDDEN)
def _max_pool1d_values():
    """max_pool1d where no gradient is wanted."""


@composite(method=False)
def max_pool1d(input, kernel_size, stride=(), padding=0, dilation=1, ceil_mode=False):
    """Maxima over windows of (N, C, L) or (C, L); stride is kernel_size when empty.

    >>> wengert.max_pool1d(wengert.tensor([[1.0, 3.0, 2.0, 0.0]]), 2)
    tensor([[3., 2.]])
    """
    arguments = (input, kernel_size, stride, padding, dilation, ceil_mode)
    if input._wrapped or (input.requires_grad and _core.is_grad_enabled()):
        return max_pool1d_with_indices(*arguments)[0]
    return _max_pool1d_values(*arguments)  # as in torch, nothing is looked for that only a gradient needs


@composite(method=False)
def max_pool2d(input, kernel_size, stride=(), padding=0, dilation=1, ceil_mode=False):
    """Maxima over windows of (N, C, H, W) or (C, H, W); stride is kernel_size when empty.

    >>> wengert.max_pool2d(wengert.ones(1, 1, 4, 4), 2).shape
    torch.Size([1, 1, 2, 2])
    """
    return max_pool2d_with_indices(input, kernel_size, stride, padding, dilation, ceil_mode)[0]


@composite(method=False)
def max_pool3d(input, kernel_size, stride=(), padding=0, dilation=1, ceil_mode=False):
    """Maxima over windows of (N, C, D, H, W) or (C, D, H, W); stride is kernel_size when empty.

    >>> wengert.max_pool3d(wengert.ones(1, 1, 2, 2, 2), 2).item()
    1.0
    """
    return max_pool3d_with_indices(input, kernel_size, stride, padding, dilation, ceil_mode)[0]


@composite(**HIDDEN)
def max_pool2d_with_indices_backward(grad_output, self, kernel_size, stride, padding, dilation, ceil_mode, indices):
    """The gradient of max_pool2d's input."""
    return _plane_scatter(grad_output, indices, self.shape, 2)


_AVG = (
    "(Tensor self, int[{n}] kernel_size, int[{n}]? stride=[], int[{n}] padding=0, bool ceil_mode=False, "
    "bool count_include_pad=True"
)
_DIVISOR = ", int? divisor_override=None)"


@primitive("avg_pool1d" + _AVG.format(n=1) + ")", grad_name="SqueezeBackward1", **FUNCTION)
def avg_pool1d(g, self, kernel_size, stride, padding, ceil_mode, count_include_pad):
    """Means over windows of (N, C, L) or (C, L); stride is kernel_size when empty.

    >>> wengert.avg_pool1d(wengert.tensor([[1.0, 3.0]]), 2)
    tensor([[2.]])
    """
    return _avg_pool_backward(g, self.shape, kernel_size, stride, padding, ceil_mode, count_include_pad, None, 1)


@primitive("avg_pool2d" + _AVG.format(n=2) + _DIVISOR, grad_name="AvgPool2DBackward0", **HIDDEN)
def avg_pool2d(g, self, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override):
    """Means over windows of (N, C, H, W) or (C, H, W); divisor_override replaces the size of the window."""
    return _avg_pool_backward(
        g, self.shape, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override, 2
    )


@primitive("avg_pool3d" + _AVG.format(n=3) + _DIVISOR, grad_name="AvgPool3DBackward0", **HIDDEN)
def avg_pool3d(g, self, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override):
    """Means over windows of (N, C, D, H, W) or (C, D, H, W)."""
    return _avg_pool_backward(
        g, self.shape, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override, 3
    )


@primitive(
    "_avg_pool(Tensor self, int[] kernel_size, int[] stride, int[] padding, bool ceil_mode, bool count_include_pad, "
    "int? divisor_override, int dims)",
    **HIDDEN,
)
def _avg_pool(g, self, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override, dims):
    """Means over windows of the last dims."""
    return _avg_pool_backward(
        g, self.shape, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override, dims
    )


@primitive(
    "_avg_pool_backward(Tensor grad, int[] sizes, int[] kernel_size, int[] stride, int[] padding, bool ceil_mode, "
    "bool count_include_pad, int? divisor_override, int dims)",
    **HIDDEN,
)
def _avg_pool_backward(g, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override, dims):
    """The adjoint of _avg_pool: every window gets its share of grad."""
    return _avg_pool(g, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override, dims)


@primitive("adaptive_avg_pool1d(Tensor self, int[1] output_size)", grad_name="SqueezeBackward1", **FUNCTION)
def adaptive_avg_pool1d(g, self, output_size):
    """Means over output_size windows that cover the last dim evenly.

    >>> wengert.adaptive_avg_pool1d(wengert.tensor([[1.0, 3.0, 5.0, 7.0]]), 2)
    tensor([[2., 6.]])
    """
    return _adaptive_avg_pool_backward(g, self.shape, output_size)


@primitive("adaptive_avg_pool2d(Tensor self, int[2] output_size)", grad_name="AdaptiveAvgPool2DBackward0", **HIDDEN)
def adaptive_avg_pool2d(g, self, output_size):
    """Means over windows that cover the last two dims evenly."""
    return _adaptive_avg_pool_backward(g, self.shape, output_size)


@primitive("adaptive_avg_pool3d(Tensor self, int[3] output_size)", grad_name="AdaptiveAvgPool3DBackward0", **HIDDEN)
def adaptive_avg_pool3d(g, self, output_size):
    """Means over windows that cover the last three dims evenly."""
    return _adaptive_avg_pool_backward(g, self.shape, output_size)


@primitive("_adaptive_avg_pool(Tensor self, int[] output_size)", **HIDDEN)
def _adaptive_avg_pool(g, self, output_size):
    """Means over windows that cover the last dims evenly."""
    return _adaptive_avg_pool_backward(g, self.shape, output_size)


@primitive("_adaptive_avg_pool_backward(Tensor grad, int[] sizes, int[] output_size)", **HIDDEN)
def _adaptive_avg_pool_backward(g, output_size):
    """The adjoint of _adaptive_avg_pool."""
    return _adaptive_avg_pool(g, output_size)


@primitive("adaptive_max_pool1d(Tensor self, int[1] output_size)" + _PAIR, grad_name="SqueezeBackward1", **FUNCTION)
def adaptive_max_pool1d(g, self, result1):
    """Maxima over output_size windows that cover the last dim evenly, and where they were found."""
    return _plane_scatter(g, result1, self.shape, 1)


@primitive(
    "adaptive_max_pool2d(Tensor self, int[2] output_size)" + _PAIR, grad_name="AdaptiveMaxPool2DBackward0", **HIDDEN
)
def adaptive_max_pool2d(g, self, result1):
    """Maxima over windows that cover the last two dims evenly, and where in their plane they were found."""
    return _plane_scatter(g, result1, self.shape, 2)


@primitive(
    "adaptive_max_pool3d(Tensor self, int[3] output_size)" + _PAIR, grad_name="AdaptiveMaxPool3DBackward0", **HIDDEN
)
def adaptive_max_pool3d(g, self, result1):
    """Maxima over windows that cover the last three dims evenly, and where in their volume they were found."""
    return _plane_scatter(g, result1, self.shape, 3)
