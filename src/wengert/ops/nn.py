"""Layers that are no family: gated linear units, windows as columns."""

from ._declare import backward, composite, fused, primitive
from .math import sigmoid

HIDDEN = {"function": False, "method": False}
SLIDES = "int[2] kernel_size, int[2] dilation, int[2] padding, int[2] stride"


def _gated_in_half(g, self, gate):
    s = sigmoid(gate)
    return g * s, _gate_backward(g, self, s)


@fused(
    "_gated(Tensor self, Tensor gate)",
    grad_name="GluBackward0",
    inplace=False,
    rounds="formula",
    half=_gated_in_half,
    **HIDDEN,
)
def _gated(self, gate):
    """self * sigmoid(gate)."""
    return self * sigmoid(gate)


@backward(
    "_gate_backward(Tensor grad, Tensor self, Tensor y)",
    lambda g, grad, self, y: (_gate_backward(g, self, y), _gate_backward(g, grad, y), g * grad * self * (1 - y * 2)),
)
def _gate_backward(grad, self, y):
    """The gradient of a gate, y = sigmoid(gate)."""
    return (1 - y) * y * self * grad


@composite("glu(Tensor self, int dim=-1)", **HIDDEN)
def glu():
    """The first half of self along dim times the sigmoid of the second."""


@primitive(f"im2col(Tensor self, {SLIDES})", grad_name="Im2ColBackward0", **HIDDEN)
def im2col(g, self, kernel_size, dilation, padding, stride):
    """The windows of images (N, C, H, W) as columns (N, C * kH * kW, windows)."""
    return _im2col_backward(g, self.shape, kernel_size, dilation, padding, stride)


@primitive(f"_im2col_backward(Tensor grad, int[] sizes, {SLIDES})", **HIDDEN)
def _im2col_backward(g, kernel_size, dilation, padding, stride):
    """The adjoint of im2col."""
    return im2col(g, kernel_size, dilation, padding, stride)


@primitive(f"col2im(Tensor self, int[2] output_size, {SLIDES})", grad_name="Col2ImBackward0", **HIDDEN)
def col2im(g, kernel_size, dilation, padding, stride):
    """Images whose elements are the sums of those of the windows (N, C * kH * kW, windows) that cover them."""
    return im2col(g, kernel_size, dilation, padding, stride)
