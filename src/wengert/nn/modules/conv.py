"""Convolution layers and their transposes."""

import math

import wengert as wg

from .. import functional as F
from .. import init
from .._lazy_names import lazy_names
from ..functional._native import native
from ..parameter import Parameter
from .module import Module
from .utils import _pair, _reverse_repeat_tuple, _single, _triple

__all__ = ["Conv1d", "Conv2d", "Conv3d", "ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d"]

# torch has these here too.
_ELSEWHERE = {
    "lazy_conv": (
        "LazyConv1d", "LazyConv2d", "LazyConv3d", "LazyConvTranspose1d", "LazyConvTranspose2d",
        "LazyConvTranspose3d", "_LazyConvXdMixin",
    ),
}  # fmt: skip
__getattr__ = lazy_names(__package__, _ELSEWHERE)[0]

_PADDING_MODES = {"zeros", "reflect", "replicate", "circular"}
_PADDING_STRINGS = {"same", "valid"}


def _check(in_channels, out_channels, groups, padding, stride, padding_mode):
    if groups <= 0:
        raise ValueError("groups must be a positive integer")
    if in_channels % groups != 0:
        raise ValueError("in_channels must be divisible by groups")
    if out_channels % groups != 0:
        raise ValueError("out_channels must be divisible by groups")
    if isinstance(padding, str):
        if padding not in _PADDING_STRINGS:
            raise ValueError(f"Invalid padding string {padding!r}, should be one of {_PADDING_STRINGS}")
        if padding == "same" and any(s != 1 for s in stride):
            raise ValueError("padding='same' is not supported for strided convolutions")
    if padding_mode not in _PADDING_MODES:
        raise ValueError(f"padding_mode must be one of {_PADDING_MODES}, but got padding_mode='{padding_mode}'")


class _ConvNd(Module):
    def __init__(
        self, in_channels, out_channels, kernel_size, stride, padding, dilation, transposed, output_padding, groups,
        bias, padding_mode, device=None, dtype=None,
    ):  # fmt: skip
        super().__init__()
        _check(in_channels, out_channels, groups, padding, stride, padding_mode)
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.kernel_size = kernel_size
        self.stride = stride
        self.padding = padding
        self.dilation = dilation
        self.transposed = transposed
        self.output_padding = output_padding
        self.groups = groups
        self.padding_mode = padding_mode
        self._reversed_padding_repeated_twice = self._explicit_padding()
        if transposed:
            shape = (in_channels, out_channels // groups, *kernel_size)
        else:
            shape = (out_channels, in_channels // groups, *kernel_size)
        self.weight = Parameter(wg.empty(shape, device=device, dtype=dtype))
        if bias:
            self.bias = Parameter(wg.empty(out_channels, device=device, dtype=dtype))
        else:
            self.register_parameter("bias", None)
        self.reset_parameters()

    def _explicit_padding(self):
        """The padding as functional.pad takes it, for modes that a kernel does not pad itself."""
        if not isinstance(self.padding, str):
            return _reverse_repeat_tuple(self.padding, 2)
        out = [0, 0] * len(self.kernel_size)
        if self.padding == "same":
            for d, k, i in zip(self.dilation, self.kernel_size, range(len(self.kernel_size) - 1, -1, -1)):
                total = d * (k - 1)
                out[2 * i] = total // 2
                out[2 * i + 1] = total - total // 2
        return out

    def reset_parameters(self):
        """Draw weight and bias anew, uniformly within 1 / sqrt(fan_in)."""
        init.kaiming_uniform_(self.weight, a=math.sqrt(5))
        if self.bias is not None:
            fan_in, _ = init._calculate_fan_in_and_fan_out(self.weight)
            if fan_in != 0:
                bound = 1 / math.sqrt(fan_in)
                init.uniform_(self.bias, -bound, bound)

    def extra_repr(self):
        n = len(self.kernel_size)
        s = f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, stride={self.stride}"
        if self.padding != (0,) * len(self.padding):
            s += f", padding={self.padding}"
        if self.dilation != (1,) * n:
            s += f", dilation={self.dilation}"
        if self.output_padding != (0,) * n:
            s += f", output_padding={self.output_padding}"
        if self.groups != 1:
            s += f", groups={self.groups}"
        if self.bias is None:
            s += ", bias=False"
        if self.padding_mode != "zeros":
            s += f", padding_mode={self.padding_mode}"
        return s

    def __setstate__(self, state):
        super().__setstate__(state)
        self.__dict__.setdefault("padding_mode", "zeros")


def _convolving(kernel, no_padding):
    """The method that convolves by `kernel`; functional libraries bind it to objects of classes of their own."""

    def _conv_forward(self, input, weight, bias):
        padding = self.padding
        if self.padding_mode != "zeros":
            input = F.pad(input, self._reversed_padding_repeated_twice, mode=self.padding_mode)
            padding = no_padding
        return kernel(input, weight, bias, self.stride, padding, self.dilation, self.groups)

    return _conv_forward


class _PlainConv(_ConvNd):
    """A convolution by `_conv_forward`; `_tuple` makes tuples of its rank."""

    _tuple = None

    def __init__(
        self, in_channels, out_channels, kernel_size, stride=1, padding=0, dilation=1, groups=1, bias=True,
        padding_mode="zeros", device=None, dtype=None,
    ):  # fmt: skip
        parse = type(self)._tuple
        padding = padding if isinstance(padding, str) else parse(padding)
        super().__init__(
            in_channels, out_channels, parse(kernel_size), parse(stride), padding, parse(dilation), False, parse(0),
            groups, bias, padding_mode, device, dtype,
        )  # fmt: skip

    def forward(self, input):
        try:  # quicker than self.weight, which has to fail first in three other places
            params = self._parameters
            weight, bias = params["weight"], params["bias"]
        except (KeyError, AttributeError):  # reparametrised; called with another class's object as self
            weight, bias = self.weight, self.bias
        return self._conv_forward(input, weight, bias)


class Conv1d(_PlainConv):
    """Cross-correlation of (N, C_in, L); padding may be "same" or "valid", padding_mode as in functional.pad.

    >>> Conv1d(2, 3, 3)(wg.zeros(1, 2, 5)).shape
    torch.Size([1, 3, 3])
    """

    _conv_forward = _convolving(native("conv1d"), _single(0))
    _tuple = staticmethod(_single)


class Conv2d(_PlainConv):
    """Cross-correlation of (N, C_in, H, W); padding may be "same" or "valid", padding_mode as in functional.pad.

    >>> Conv2d(2, 3, 3, padding=1)(wg.zeros(1, 2, 5, 5)).shape
    torch.Size([1, 3, 5, 5])
    """

    _conv_forward = _convolving(native("conv2d"), _pair(0))
    _tuple = staticmethod(_pair)


class Conv3d(_PlainConv):
    """Cross-correlation of (N, C_in, D, H, W); padding may be "same" or "valid".

    >>> Conv3d(2, 3, 3)(wg.zeros(1, 2, 5, 5, 5)).shape
    torch.Size([1, 3, 3, 3, 3])
    """

    _conv_forward = _convolving(native("conv3d"), _triple(0))
    _tuple = staticmethod(_triple)


class _ConvTransposeNd(_ConvNd):
    """A transposed convolution; output_size in forward chooses among the sizes a stride allows."""

    _kernel = None
    _tuple = None

    def __init__(
        self, in_channels, out_channels, kernel_size, stride=1, padding=0, output_padding=0, groups=1, bias=True,
        dilation=1, padding_mode="zeros", device=None, dtype=None,
    ):  # fmt: skip
        if padding_mode != "zeros":
            raise ValueError(f'Only "zeros" padding mode is supported for {self.__class__.__name__}')
        parse = type(self)._tuple
        super().__init__(
            in_channels, out_channels, parse(kernel_size), parse(stride), parse(padding), parse(dilation), True,
            parse(output_padding), groups, bias, padding_mode, device, dtype,
        )  # fmt: skip

    def _output_padding(self, input, output_size, stride, padding, kernel_size, num_spatial_dims, dilation=None):
        """The output_padding that gives output_size (None: the layer's own)."""
        n = num_spatial_dims
        if output_size is None:
            return _single(self.output_padding)
        lead = 2 if input.dim() == n + 2 else 1
        if len(output_size) == lead + n:
            output_size = output_size[lead:]
        if len(output_size) != n:
            raise ValueError(
                f"ConvTranspose{n}D: for {input.dim()}D input, output_size must have {n} or {lead + n} elements"
                f" (got {len(output_size)})"
            )
        min_sizes, max_sizes = [], []
        for d in range(n):
            reach = (dilation[d] if dilation is not None else 1) * (kernel_size[d] - 1)
            size = (input.size(d + lead) - 1) * stride[d] - 2 * padding[d] + reach + 1
            min_sizes.append(size)
            max_sizes.append(size + stride[d] - 1)
        for size, low, high in zip(output_size, min_sizes, max_sizes):
            if size < low or size > high:
                raise ValueError(
                    f"requested an output size of {output_size}, but valid sizes range from {min_sizes} to {max_sizes}"
                    f" (for an input of {input.size()[2:]})"
                )
        return [output_size[d] - min_sizes[d] for d in range(n)]

    def forward(self, input, output_size=None):
        if self.padding_mode != "zeros":
            raise ValueError(f"Only `zeros` padding mode is supported for {type(self).__name__}")
        n = len(self.kernel_size)
        output_padding = self._output_padding(
            input, output_size, self.stride, self.padding, self.kernel_size, n, self.dilation
        )
        return type(self)._kernel(
            input, self.weight, self.bias, self.stride, self.padding, output_padding, self.groups, self.dilation
        )


class ConvTranspose1d(_ConvTransposeNd):
    """Transposed convolution of (N, C_in, L).

    >>> ConvTranspose1d(2, 3, 3)(wg.zeros(1, 2, 5)).shape
    torch.Size([1, 3, 7])
    """

    _kernel = staticmethod(native("conv_transpose1d"))
    _tuple = staticmethod(_single)


class ConvTranspose2d(_ConvTransposeNd):
    """Transposed convolution of (N, C_in, H, W).

    >>> ConvTranspose2d(2, 3, 3)(wg.zeros(1, 2, 5, 5)).shape
    torch.Size([1, 3, 7, 7])
    """

    _kernel = staticmethod(native("conv_transpose2d"))
    _tuple = staticmethod(_pair)


class ConvTranspose3d(_ConvTransposeNd):
    """Transposed convolution of (N, C_in, D, H, W).

    >>> ConvTranspose3d(2, 3, 3)(wg.zeros(1, 2, 5, 5, 5)).shape
    torch.Size([1, 3, 7, 7, 7])
    """

    _kernel = staticmethod(native("conv_transpose3d"))
    _tuple = staticmethod(_triple)
