"""Activations with one kink at 0, and what their derivatives let through: relu, leaky_relu, prelu."""

from ._declare import composite, elementwise, fused
from .compare import where
from .create import zeros_like

_FLAT = {"vjp": True, "inplace": False, "function": False, "method": False}  # backward ops with no derivative by self


@elementwise(
    "_relu_backward(Tensor grad, Tensor self)",
    fn="relu_backward",
    grad_name="ThresholdBackwardBackward0",
    **_FLAT,
)
def _relu_backward(g, self):
    """grad where self is positive or nan, 0 elsewhere."""
    return _relu_backward(g, self), zeros_like(self)


@elementwise(vjp=True)
def relu(g, y):
    """max(self, 0); its derivative at 0 is 0."""
    return _relu_backward(g, y)


@elementwise(
    "_leaky_relu_backward(Tensor grad, Tensor self, Scalar negative_slope)",
    fn="leaky_relu_backward",
    grad_name="LeakyReluBackwardBackward0",
    rounds="once",
    **_FLAT,
)
def _leaky_relu_backward(g, self, negative_slope):
    """grad where self is positive, negative_slope * grad elsewhere."""
    return _leaky_relu_backward(g, self, negative_slope), zeros_like(self)


@elementwise(
    "leaky_relu(Tensor self, Scalar negative_slope=0.01)",
    promote="first",
    vjp=True,
    function=False,
    method=False,
    rounds="once",
)
def leaky_relu(g, self, negative_slope):
    """self where positive, negative_slope * self elsewhere; the slope at 0 is negative_slope."""
    return _leaky_relu_backward(g, self, negative_slope)


_PART = {"inplace": False, "function": False, "method": False}


@elementwise("_leak(Tensor self, Tensor slope)", fn="leaky_relu", vjp=True, rounds="once", **_PART)
def _leak(g, self, slope):
    """leaky_relu with a tensor of slopes, which have derivatives too."""
    return where(self > 0, g, slope * g), where(self > 0, 0, self * g)


@fused("_prelu_kernel(Tensor self, Tensor weight)", kernel="prelu_cpu", **_PART)
def _prelu_kernel(self, weight):
    """self where positive, weight * self elsewhere; weight is broadcast."""
    return _leak(self, weight)


@composite("prelu(Tensor self, Tensor weight)")
def prelu(self, weight):
    """self where positive, weight * self elsewhere: one weight for all, or one for each index of dim 1."""
    if weight.dtype is not self.dtype:
        kinds = f"{self.dtype._torch_name} and {weight.dtype._torch_name}"
        raise RuntimeError(f"prelu: Type promoting not supported. Got {kinds}")
    if weight.numel() != 1:
        if self.dim() == 0:
            raise RuntimeError("Not allow zero-dim input tensor.")
        channels = self.size(1) if self.dim() > 1 else 1
        if weight.numel() != channels:
            raise RuntimeError(
                f"Mismatch of parameter numbers and input channel size. Found parameter numbers = {weight.numel()}"
                f" and channel size = {channels}."
            )
    if self.dim() > 1:
        weight = weight.reshape([-1 if i == 1 else 1 for i in range(self.dim())])
    return _prelu_kernel(self, weight)
