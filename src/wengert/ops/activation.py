"""Activation functions: formulas that run as one pass, with torch's derivatives at their kinks."""

from ._declare import composite, elementwise, fused
from .arithmetic import abs
from .compare import clamp, logical_and, logical_or, where
from .math import exp, expm1, sigmoid, tanh
from .special import erf

ROOT_HALF = 0.7071067811865476
ROOT_TWO_BY_PI = 0.7978845608028654
ONE_BY_ROOT_TWO_PI = 0.3989422804014327
SELU_ALPHA = 1.6732632423543772
SELU_SCALE = 1.0507009873554805


@elementwise(vjp=True)
def relu(g, y):
    """max(self, 0); its derivative at 0 is 0."""
    return where(y <= 0, 0, g)


@fused(
    "leaky_relu(Tensor self, Scalar negative_slope=0.01)",
    derivative=lambda self, negative_slope: where(self > 0, 1.0, negative_slope),
    function=False,
    method=False,
    kernel="leaky_relu_cpu",
)
def leaky_relu(self, negative_slope):
    """self where positive, negative_slope * self elsewhere; the slope at 0 is negative_slope."""
    return where(self > 0, self, self * negative_slope)


@fused(
    "threshold(Tensor self, Scalar threshold, Scalar value)",
    derivative=lambda self, threshold, value: where(self <= threshold, 0.0, 1.0),
    rounds="numbers",
    method=False,
)
def threshold(self, threshold, value):
    """self where it is above threshold, value elsewhere."""
    return where(self <= threshold, value, self)


@fused(
    "hardtanh(Tensor self, Scalar min_val=-1, Scalar max_val=1)",
    derivative=lambda self, min_val, max_val: where(logical_or(self <= min_val, self >= max_val), 0.0, 1.0),
    rounds="numbers",
    function=False,
    method=False,
)
def hardtanh(self, min_val, max_val):
    """self, but no less than min_val and no more than max_val; flat at both."""
    return clamp(self, min_val, max_val)


@fused(
    "relu6(Tensor self)",
    derivative=lambda self: where(logical_or(self <= 0, self >= 6), 0.0, 1.0),
    grad_name="HardtanhBackward0",
    function=False,
    method=False,
)
def relu6(self):
    """self, but no less than 0 and no more than 6."""
    return clamp(self, 0, 6)


@fused(
    "hardsigmoid(Tensor self)",
    derivative=lambda self: where(logical_and(self > -3, self < 3), 1 / 6, 0.0),
    function=False,
    method=False,
    kernel="hardsigmoid_cpu",
)
def hardsigmoid(self):
    """self / 6 + 1/2, but no less than 0 and no more than 1."""
    return clamp(self + 3, 0, 6) / 6


@fused(
    "hardswish(Tensor self)",
    derivative=lambda self: where(self <= -3, 0.0, where(self >= 3, 1.0, self / 3 + 0.5)),
    function=False,
    method=False,
    kernel="hardswish_cpu",
)
def hardswish(self):
    """self * hardsigmoid(self)."""
    return self * clamp(self + 3, 0, 6) / 6


@fused(
    "elu(Tensor self, Scalar alpha=1, Scalar scale=1, Scalar input_scale=1)",
    derivative=lambda self, alpha, scale, input_scale: where(
        self <= 0, exp(self * input_scale) * (alpha * scale * input_scale), scale
    ),
    function=False,
    method=False,
    kernel="elu_cpu",
)
def elu(self, alpha, scale, input_scale):
    """scale * self where positive, scale * alpha * (exp(self * input_scale) - 1) elsewhere."""
    return where(self > 0, self * scale, expm1(self * input_scale) * (alpha * scale))


@fused(
    "selu(Tensor self)",
    derivative=lambda self: where(self <= 0, exp(self) * (SELU_ALPHA * SELU_SCALE), SELU_SCALE),
    grad_name="EluBackward0",
    method=False,
    kernel="elu_cpu",
)
def selu(self):
    """elu with the alpha and the scale that keep mean 0 and variance 1."""
    return where(self > 0, self * SELU_SCALE, expm1(self) * (SELU_ALPHA * SELU_SCALE))


@fused(
    "celu(Tensor self, Scalar alpha=1.0)",
    derivative=lambda self, alpha: where(self <= 0, exp(self / alpha), 1.0),
    method=False,
    kernel="elu_cpu",
)
def celu(self, alpha):
    """self where positive, alpha * (exp(self / alpha) - 1) elsewhere."""
    return where(self > 0, self, expm1(self / alpha) * alpha)


def _silu_slope(self):
    s = sigmoid(self)
    return s * (1 + self * (1 - s))


@fused("silu(Tensor self)", derivative=_silu_slope, function=False, method=False)
def silu(self):
    """self * sigmoid(self)."""
    return self * sigmoid(self)


@composite('gelu(Tensor self, *, str approximate="none")', function=False, method=False, out=True)
def gelu(self, *, approximate="none"):
    """self times the cumulative distribution of the standard normal; approximate: "none" or "tanh"."""
    if approximate == "none":
        return _gelu(self)
    if approximate == "tanh":
        return _gelu_tanh(self)
    raise RuntimeError("approximate argument must be either none or tanh.")


def _gelu_slope(self):
    return 0.5 * (1 + erf(self * ROOT_HALF)) + self * exp(self * self * -0.5) * ONE_BY_ROOT_TWO_PI


@fused(
    "_gelu(Tensor self)",
    derivative=_gelu_slope,
    grad_name="GeluBackward0",
    function=False,
    method=False,
    inplace=False,
    kernel="GeluKernelImpl",
)
def _gelu(self):
    """gelu with the error function."""
    return self * 0.5 * (1 + erf(self * ROOT_HALF))


def _gelu_tanh_slope(self):
    square = self * self
    t = tanh(ROOT_TWO_BY_PI * (self + 0.044715 * square * self))
    return 0.5 * (1 + t) + 0.5 * self * (1 - t * t) * (ROOT_TWO_BY_PI * (1 + 0.134145 * square))


@fused(
    "_gelu_tanh(Tensor self)",
    derivative=_gelu_tanh_slope,
    grad_name="GeluBackward0",
    function=False,
    method=False,
    inplace=False,
    kernel="GeluKernelImpl",
)
def _gelu_tanh(self):
    """gelu with a hyperbolic tangent in place of the error function."""
    return 0.5 * self * (1 + tanh(ROOT_TWO_BY_PI * (self + 0.044715 * self * self * self)))


@elementwise(
    "softplus(Tensor self, Scalar beta=1, Scalar threshold=20)",
    promote="first",
    inplace=False,
    function=False,
    method=False,
    rounds="once",
)
def softplus(self, beta, threshold):
    """log(1 + exp(beta * self)) / beta; self itself where beta * self exceeds threshold."""
    return where(self * beta > threshold, 1.0, sigmoid(self * beta))


def _mish_slope(self):
    t = tanh(softplus(self, 1, 20))
    return t + self * (1 - t * t) * sigmoid(self)


@fused("mish(Tensor self)", derivative=_mish_slope, function=False, method=False, kernel="mish_cpu")
def mish(self):
    """self * tanh(softplus(self))."""
    return self * tanh(softplus(self, 1, 20))


@elementwise(inplace=False, function=False, method=False, rounds="once")
def log_sigmoid(self):
    """log(sigmoid(self)), without overflow on the way."""
    return sigmoid(-self)


@fused("softsign(Tensor self)", inplace=False, rounds="steps", grad_name="DivBackward0", function=False, method=False)
def softsign(self):
    """self / (1 + |self|)."""
    return self / (1 + abs(self))


@fused("tanhshrink(Tensor self)", inplace=False, rounds="steps", grad_name="SubBackward0", function=False, method=False)
def tanhshrink(self):
    """self - tanh(self)."""
    return self - tanh(self)


def _outside(self, lambd):
    return where(logical_and(self >= -lambd, self <= lambd), 0.0, 1.0)


@fused(
    "softshrink(Tensor self, Scalar lambd=0.5)",
    kernel="softshrink_check",
    derivative=_outside,
    inplace=False,
    function=False,
    method=False,
)
def softshrink(self, lambd):
    """self moved towards 0 by lambd; 0 within lambd of 0."""
    return where(self > lambd, self - lambd, where(self < -lambd, self + lambd, self * 0))


@fused(
    "hardshrink(Tensor self, Scalar lambd=0.5)",
    derivative=_outside,
    inplace=False,
    rounds="numbers",
    kernel="hardshrink_cpu",
)
def hardshrink(self, lambd):
    """self; 0 within lambd of 0."""
    return where(logical_and(self >= -lambd, self <= lambd), 0, self)


@fused("_prelu_kernel(Tensor self, Tensor weight)", inplace=False, function=False, method=False, kernel="prelu_cpu")
def _prelu_kernel(self, weight):
    """self where positive, weight * self elsewhere; weight is broadcast."""
    return where(self > 0, self, weight * self)


@composite("prelu(Tensor self, Tensor weight)")
def prelu(self, weight):
    """self where positive, weight * self elsewhere: one weight for all, or one for each index of dim 1."""
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
