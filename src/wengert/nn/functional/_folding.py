"""Sliding blocks as columns and back, written with strided slices."""

from itertools import product

import wengert as wg

from ._native import tuple_of
from .padding import pad


def _counts(sizes, kernel, dilation, padding, stride):
    """The number of blocks in each dimension."""
    return [
        (size + 2 * p - d * (k - 1) - 1) // s + 1
        for size, k, d, p, s in zip(sizes, kernel, dilation, padding, stride)
    ]


def _slices(kernel, dilation, stride, counts):
    """For every place in the kernel: the index that picks the elements of all blocks at that place."""
    for place in product(*(range(k) for k in kernel)):
        starts = [p * d for p, d in zip(place, dilation)]
        yield (..., *(slice(a, a + (n - 1) * s + 1, s) for a, n, s in zip(starts, counts, stride)))


def _checked(kernel_size, dilation, padding, stride):
    pairs = [tuple_of(v, 2) for v in (kernel_size, dilation, padding, stride)]
    names = (("kernel size", "kernel"), ("dilation", "dilation"), ("padding", "pad"), ("stride", "stride"))
    for (name, short), values in zip(names, pairs):
        low, kind = (0, "non-negative") if short == "pad" else (1, "greater than zero")
        if any(v < low for v in values):
            raise RuntimeError(
                f"{name} should be {kind}, but got {short}_height: {values[0]} {short}_width: {values[1]}"
            )
    return pairs


def im2col(self, kernel_size, dilation, padding, stride):
    """(N, C, H, W) as (N, C * kernel, blocks)."""
    kernel, dilation, padding, stride = _checked(kernel_size, dilation, padding, stride)
    if self.dim() not in (3, 4) or 0 in self.shape[-3:]:
        raise RuntimeError(
            "Expected 3D or 4D (batch mode) tensor with possibly 0 batch size and other non-zero dimensions for"
            f" input, but got: {list(self.shape)}"
        )
    counts = _counts(self.shape[-2:], kernel, dilation, padding, stride)
    if min(counts) < 1:
        raise RuntimeError(
            f"Given input with spatial size ({self.size(-2)}, {self.size(-1)}), kernel_size={kernel},"
            f" dilation={dilation}, padding={padding}, calculated shape of the array of sliding blocks as"
            f" ({counts[0]}, {counts[1]}), but its components must be at least one."
        )
    x = pad(self, (padding[1], padding[1], padding[0], padding[0])) if any(padding) else self
    slabs = wg.stack([x[index] for index in _slices(kernel, dilation, stride, counts)], -3)
    return slabs.flatten(-2).flatten(-3, -2)


def col2im(self, output_size, kernel_size, dilation, padding, stride):
    """The adjoint of im2col: (N, C * kernel, blocks) summed into (N, C, *output_size)."""
    kernel, dilation, padding, stride = _checked(kernel_size, dilation, padding, stride)
    sizes = tuple_of(output_size, 2)
    counts = _counts(sizes, kernel, dilation, padding, stride)
    places = kernel[0] * kernel[1]
    if self.dim() not in (2, 3) or 0 in self.shape[-2:]:
        raise RuntimeError(
            "Expected 2D or 3D (batch mode) tensor for input with possibly 0 batch size and non-zero dimensions for"
            f" input, but got: {list(self.shape)}"
        )
    if self.size(-2) % places:
        raise RuntimeError(
            "Expected size of input's dimension 1 to be divisible by the product of kernel_size, but got"
            f" input.size(1)={self.size(-2)} and kernel_size=({kernel[0]}, {kernel[1]})."
        )
    if self.size(-1) != counts[0] * counts[1]:
        raise RuntimeError(
            f"Given output_size=({sizes[0]}, {sizes[1]}), kernel_size=({kernel[0]}, {kernel[1]}),"
            f" dilation=({dilation[0]}, {dilation[1]}), padding=({padding[0]}, {padding[1]}),"
            f" stride=({stride[0]}, {stride[1]}), expected size of input's dimension 2 to match the calculated number"
            f" of sliding blocks {counts[0]} * {counts[1]} = {counts[0] * counts[1]}, but got"
            f" input.size(2)={self.size(-1)}."
        )
    slabs = self.unflatten(-2, (self.size(-2) // places, places)).unflatten(-1, counts)
    whole = self.new_zeros((*slabs.shape[:-3], sizes[0] + 2 * padding[0], sizes[1] + 2 * padding[1]))
    for slab, index in zip(slabs.unbind(-3), _slices(kernel, dilation, stride, counts)):
        whole[index] += slab
    return whole[..., padding[0] : padding[0] + sizes[0], padding[1] : padding[1] + sizes[1]].contiguous()
