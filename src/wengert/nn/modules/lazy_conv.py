"""Convolution layers that take in_channels from their first input."""

import wengert as wg

from ..parameter import UninitializedParameter
from .conv import Conv1d, Conv2d, Conv3d, ConvTranspose1d, ConvTranspose2d, ConvTranspose3d
from .lazy import LazyModuleMixin

__all__ = [
    "LazyConv1d", "LazyConv2d", "LazyConv3d", "LazyConvTranspose1d", "LazyConvTranspose2d", "LazyConvTranspose3d",
]  # fmt: skip


class _LazyConvXdMixin(LazyModuleMixin):
    """The laziness all six share; the arguments are the layer's without in_channels."""

    def __init__(self, out_channels, kernel_size, *args, bias=True, device=None, dtype=None, **kwargs):
        args, kwargs, bias = self._pull_bias(args, kwargs, bias)
        # No channels and no bias at first: neither may draw random numbers yet.
        super().__init__(0, 0, kernel_size, *args, bias=False, **kwargs)
        self.weight = UninitializedParameter(device=device, dtype=dtype)
        self.out_channels = out_channels
        if bias:
            self.bias = UninitializedParameter(device=device, dtype=dtype)

    def _pull_bias(self, args, kwargs, bias):
        """Take a positional bias (and what follows) out of args, as keywords."""
        names = ["stride", "padding", "dilation", "groups", "bias", "padding_mode"]
        if self.cls_to_become in (ConvTranspose1d, ConvTranspose2d, ConvTranspose3d):
            names = ["stride", "padding", "output_padding", "groups", "bias", "dilation", "padding_mode"]
        given = dict(zip(names, args))
        bias = given.pop("bias", bias)
        return (), {**given, **kwargs}, bias

    def reset_parameters(self):
        if not self.has_uninitialized_params() and self.in_channels != 0:
            super().reset_parameters()

    def initialize_parameters(self, input, *args, **kwargs):
        if not self.has_uninitialized_params():
            return
        self.in_channels = self._get_in_channels(input)
        if self.in_channels % self.groups != 0:
            raise ValueError("in_channels must be divisible by groups")
        if self.transposed:
            shape = (self.in_channels, self.out_channels // self.groups, *self.kernel_size)
        else:
            shape = (self.out_channels, self.in_channels // self.groups, *self.kernel_size)
        with wg.no_grad():
            self.weight.materialize(shape)
            if self.bias is not None:
                self.bias.materialize((self.out_channels,))
            self.reset_parameters()

    def _get_in_channels(self, input):
        n = len(self.kernel_size)
        if input.dim() not in (n + 1, n + 2):
            raise RuntimeError(
                f"Expected {n + 1}D (unbatched) or {n + 2}D (batched) input to {self.__class__.__name__}, but "
                f"got input of size: {input.shape}"
            )
        return input.shape[1] if input.dim() == n + 2 else input.shape[0]


class LazyConv1d(_LazyConvXdMixin, Conv1d):
    """Conv1d without in_channels.

    >>> LazyConv1d(3, 3)(wg.zeros(1, 2, 5)).shape
    torch.Size([1, 3, 3])
    """

    cls_to_become = Conv1d


class LazyConv2d(_LazyConvXdMixin, Conv2d):
    """Conv2d without in_channels.

    >>> LazyConv2d(3, 3)(wg.zeros(1, 2, 5, 5)).shape
    torch.Size([1, 3, 3, 3])
    """

    cls_to_become = Conv2d


class LazyConv3d(_LazyConvXdMixin, Conv3d):
    """Conv3d without in_channels.

    >>> LazyConv3d(3, 3)(wg.zeros(1, 2, 5, 5, 5)).shape
    torch.Size([1, 3, 3, 3, 3])
    """

    cls_to_become = Conv3d


class LazyConvTranspose1d(_LazyConvXdMixin, ConvTranspose1d):
    """ConvTranspose1d without in_channels.

    >>> LazyConvTranspose1d(3, 3)(wg.zeros(1, 2, 5)).shape
    torch.Size([1, 3, 7])
    """

    cls_to_become = ConvTranspose1d


class LazyConvTranspose2d(_LazyConvXdMixin, ConvTranspose2d):
    """ConvTranspose2d without in_channels.

    >>> LazyConvTranspose2d(3, 3)(wg.zeros(1, 2, 5, 5)).shape
    torch.Size([1, 3, 7, 7])
    """

    cls_to_become = ConvTranspose2d


class LazyConvTranspose3d(_LazyConvXdMixin, ConvTranspose3d):
    """ConvTranspose3d without in_channels.

    >>> LazyConvTranspose3d(3, 3)(wg.zeros(1, 2, 5, 5, 5)).shape
    torch.Size([1, 3, 7, 7, 7])
    """

    cls_to_become = ConvTranspose3d
