"""Gradients of convolutions by themselves."""

import wengert as wg

from . import functional as F


def _gradient(conv, input, weight, wanted, grad_output, settings):
    """The gradient of sum(grad_output * conv(input, weight)) with respect to `wanted`."""
    with wg.enable_grad():
        wanted.requires_grad_(True)
        out = conv(input, weight, None, *settings)
    return wg.autograd.grad(out, wanted, grad_output)[0]


def _make(n):
    conv = getattr(F, f"conv{n}d")

    def of_input(input_size, weight, grad_output, stride=1, padding=0, dilation=1, groups=1):
        input = wg.zeros(tuple(input_size), dtype=grad_output.dtype)
        return _gradient(conv, input, weight.detach(), input, grad_output, (stride, padding, dilation, groups))

    def of_weight(input, weight_size, grad_output, stride=1, padding=0, dilation=1, groups=1):
        weight = wg.zeros(tuple(weight_size), dtype=grad_output.dtype)
        return _gradient(conv, input.detach(), weight, weight, grad_output, (stride, padding, dilation, groups))

    of_input.__name__, of_weight.__name__ = f"conv{n}d_input", f"conv{n}d_weight"
    of_input.__doc__ = f"Gradient of conv{n}d with respect to an input of size input_size."
    of_weight.__doc__ = f"Gradient of conv{n}d with respect to a weight of size weight_size."
    return of_input, of_weight


conv1d_input, conv1d_weight = _make(1)
conv2d_input, conv2d_weight = _make(2)
conv3d_input, conv3d_weight = _make(3)
