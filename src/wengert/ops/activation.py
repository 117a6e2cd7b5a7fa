"""Activation functions: formulas that run as one pass, with torch's derivatives at their kinks."""

from ._declare import backward, composite, elementwise, fused, host
from .arithmetic import abs
from .compare import clamp, where
from .math import _sigmoid_backward, cosh, exp, log1p, sigmoid, tanh

ROOT_TWO_BY_PI = 0.7978845608028654
ONE_BY_ROOT_TWO_PI = 0.3989422804014327
SELU_ALPHA = 1.6732632423543772
SELU_SCALE = 1.0507009873554805


def _slope(schema):
    """Declares a part or the derivative of an activation, a function of its own for the sake of one pass."""
    fn = schema[1 : schema.index("(")]
    return elementwise(schema, fn=fn, promote="first", inplace=False, function=False, method=False, rounds="once")


@_slope("_inside(Tensor self, Scalar min_val, Scalar max_val)")
def _inside(self, min_val, max_val):
    """0 at min_val and max_val and outside, 1 elsewhere."""
    return 0


@_slope("_outside(Tensor self, Scalar lambd)")
def _outside(self, lambd):
    """0 where self is no farther than lambd from 0, 1 elsewhere."""
    return 0


@_slope("_threshold(Tensor self, Scalar threshold, Scalar value)")
def _threshold(self, threshold, value):
    """self where it is above threshold, value elsewhere."""
    return where(self <= threshold, 0.0, 1.0)


@fused(
    "threshold(Tensor self, Scalar threshold, Scalar value)",
    derivative=lambda self, threshold, value: where(self <= threshold, 0.0, 1.0),
    rounds="once",
    method=False,
)
def threshold(self, threshold, value):
    """self where it is above threshold, value elsewhere."""
    return _threshold(self, threshold, value)


@fused(
    "hardtanh(Tensor self, Scalar min_val=-1, Scalar max_val=1)",
    derivative=lambda self, min_val, max_val: _inside(self, min_val, max_val),
    rounds="once",
    function=False,
    method=False,
)
def hardtanh(self, min_val, max_val):
    """self, but no less than min_val and no more than max_val; flat at both."""
    return clamp(self, min_val, max_val)


@fused(
    "relu6(Tensor self)",
    derivative=lambda self: _inside(self, 0, 6),
    grad_name="HardtanhBackward0",
    function=False,
    method=False,
)
def relu6(self):
    """self, but no less than 0 and no more than 6."""
    return clamp(self, 0, 6)


@elementwise(function=False, method=False, rounds="once")
def hardsigmoid(self):
    """self / 6 + 1/2, but no less than 0 and no more than 1."""
    return _hardsigmoid_slope(self)


@_slope("_hardsigmoid_slope(Tensor self)")
def _hardsigmoid_slope(self):
    """The derivative of hardsigmoid: 1/6 between -3 and 3, 0 elsewhere."""
    return 0


@elementwise(function=False, method=False, rounds="once")
def hardswish(self):
    """self * hardsigmoid(self)."""
    return _hardswish_slope(self)


@_slope("_hardswish_slope(Tensor self)")
def _hardswish_slope(self):
    """The derivative of hardswish: 0 from -3 down, 1 from 3 up."""
    return 2 * _hardsigmoid_slope(self)


@elementwise(
    "elu(Tensor self, Scalar alpha=1, Scalar scale=1, Scalar input_scale=1)",
    promote="first",
    function=False,
    method=False,
    rounds="once",
)
def elu(self, alpha, scale, input_scale):
    """scale * self where positive, scale * alpha * (exp(self * input_scale) - 1) elsewhere."""
    return _elu_slope(self, alpha, scale, input_scale)


@_slope("_elu_slope(Tensor self, Scalar alpha, Scalar scale, Scalar input_scale)")
def _elu_slope(self, alpha, scale, input_scale):
    """The derivative of elu; at 0 that of the exponential."""
    return where(self < 0, _elu_slope(self, alpha, scale, input_scale) * input_scale, 0.0)


@fused(
    "selu(Tensor self)",
    derivative=lambda self: _elu_slope(self, SELU_ALPHA, SELU_SCALE, 1.0),
    grad_name="EluBackward0",
    method=False,
)
def selu(self):
    """elu with the alpha and the scale that keep mean 0 and variance 1."""
    return elu(self, SELU_ALPHA, SELU_SCALE, 1.0)


@fused(
    "celu(Tensor self, Scalar alpha=1.0)",
    derivative=lambda self, alpha: _elu_slope(self, alpha, 1.0, 1 / alpha),
    method=False,
)
def celu(self, alpha):
    """self where positive, alpha * (exp(self / alpha) - 1) elsewhere."""
    return elu(self, alpha, 1.0, 1 / alpha)


@elementwise(function=False, method=False, rounds="once", half=lambda g, self: _silu_steps(g, self))
def silu(self):
    """self * sigmoid(self)."""
    return _silu_slope(self)


@_slope("_silu_slope(Tensor self)")
def _silu_slope(self):
    """The derivative of silu: s (1 + self (1 - s)) of s = sigmoid(self)."""
    s = sigmoid(self)
    return s * (1 - s) * (2 + self * (1 - 2 * s))


def _silu_steps(g, self):
    s = sigmoid(self)
    return g * s * (1 + self * (1 - s))


def _mish_steps(g, self):
    s, t = sigmoid(self), tanh(log1p(exp(self)))
    return g * (t + self * s * (1 - t * t))


@composite('gelu(Tensor self, *, str approximate="none")', function=False, method=False, out=True)
def gelu(self, *, approximate="none"):
    """self times the cumulative distribution of the standard normal; approximate: "none" or "tanh"."""
    if approximate == "none":
        return _gelu(self)
    if approximate == "tanh":
        return _gelu_tanh(self)
    raise RuntimeError("approximate argument must be either none or tanh.")


@elementwise(
    "_gelu(Tensor self)",
    fn="gelu",
    half="_gelu_backward",
    grad_name="GeluBackward0",
    function=False,
    method=False,
    inplace=False,
    rounds="once",
)
def _gelu(self):
    """gelu with the error function."""
    return _gelu_slope(self)


@_slope("_gelu_slope(Tensor self)")
def _gelu_slope(self):
    """The derivative of gelu: the standard normal's distribution function, and self times its density."""
    square = self * self
    return exp(square * -0.5) * ONE_BY_ROOT_TWO_PI * (2 - square)


@backward(
    "_gelu_backward(Tensor grad, Tensor self)",
    lambda g, grad, self: (_gelu_backward(g, self), g * grad * _gelu_bend(self)),
)
def _gelu_backward(grad, self):
    """grad times the derivative of gelu."""
    return grad * _gelu_slope(self)


def _gelu_bend(self):
    density, square = exp(self * self * -0.5) * ONE_BY_ROOT_TWO_PI, self * self
    return density * 2 - square * density


@elementwise(
    "_gelu_tanh(Tensor self)",
    fn="gelu_tanh",
    half="_gelu_tanh_backward",
    grad_name="GeluBackward0",
    function=False,
    method=False,
    inplace=False,
    rounds="once",
)
def _gelu_tanh(self):
    """gelu with a hyperbolic tangent in place of the error function."""
    return _gelu_tanh_slope(self)


@_slope("_gelu_tanh_slope(Tensor self)")
def _gelu_tanh_slope(self):
    """The derivative of gelu with a hyperbolic tangent of u, s = (1 + tanh(u)) / 2: s + 2 self s (1 - s) u'."""
    square = self * self
    u = ROOT_TWO_BY_PI * (self + 0.044715 * square * self)
    s, rest = sigmoid(2 * u), sigmoid(-2 * u)
    first, second = ROOT_TWO_BY_PI * (1 + 0.134145 * square), ROOT_TWO_BY_PI * 0.26829 * self
    return s * rest * (4 * first + self * (2 * second + 4 * (rest - s) * first * first))


@backward(
    "_gelu_tanh_backward(Tensor grad, Tensor self)",
    lambda g, grad, self: (_gelu_tanh_backward(g, self), g * grad * _gelu_tanh_bend(self)),
)
def _gelu_tanh_backward(grad, self):
    """grad times the derivative of gelu with a hyperbolic tangent."""
    return grad * _gelu_tanh_slope(self)


def _gelu_tanh_bend(self):
    inner = (self + self**3 * 0.044715) * ROOT_TWO_BY_PI
    t, sech = tanh(inner), 1 / cosh(inner)
    f, g, h = self * 0.5, 1 - t * t, (self * (3 * 0.044715) * self + 1) * ROOT_TWO_BY_PI
    by_g, by_h = sech * 2 * (-sech * t) * h, self * (6 * 0.044715 * ROOT_TWO_BY_PI)
    return g * 0.5 * h * 2 + by_g * f * h + by_h * f * g


@elementwise(
    "softplus(Tensor self, Scalar beta=1, Scalar threshold=20)",
    promote="first",
    inplace=False,
    function=False,
    method=False,
    rounds="once",
    half="_softplus_backward",
)
def softplus(self, beta, threshold):
    """log(1 + exp(beta * self)) / beta; self itself where beta * self exceeds threshold."""
    return where(self * beta > threshold, 1.0, sigmoid(self * beta))


@backward(
    "_softplus_backward(Tensor grad, Tensor self, Scalar beta, Scalar threshold)",
    lambda g, grad, self, beta, threshold: (
        _softplus_backward(g, self, beta, threshold),
        where(self * beta < threshold, _sigmoid_backward(g * grad, sigmoid(self * beta)), 0) * beta,
    ),
)
def _softplus_backward(grad, self, beta, threshold):
    """grad times the derivative of softplus."""
    return where(self * beta > threshold, grad, grad * sigmoid(self * beta))


@elementwise(function=False, method=False, rounds="once", half=lambda g, self: _mish_steps(g, self))
def mish(self):
    """self * tanh(softplus(self))."""
    return _mish_slope(self)


@_slope("_mish_slope(Tensor self)")
def _mish_slope(self):
    """The derivative of mish: t + self (1 - t²) s of t = tanh(softplus(self)) and s = sigmoid(self)."""
    t, s = tanh(softplus(self, 1, 20)), sigmoid(self)
    return (1 - t * t) * s * (2 + self * (1 - s - 2 * t * s))


@elementwise(inplace=False, function=False, method=False, half=lambda g, self: _log_sigmoid_backward(g, self))
def log_sigmoid(self):
    """log(sigmoid(self)), without overflow on the way."""
    return sigmoid(-self)


def _log_sigmoid_slope(grad, self):
    z = exp(-abs(self)).double()  # in half precision rounded, as torch keeps it
    part = z / (1 + z)
    return (grad.double() * where(self < 0, 1 - part, part)).to(grad.dtype)


@host("_log_sigmoid_backward(Tensor grad, Tensor self)", forward=_log_sigmoid_slope, function=False, method=False)
def _log_sigmoid_backward(g, grad, self):
    """grad times the derivative of log_sigmoid."""
    return _log_sigmoid_backward(g, self), g * grad * (sigmoid(self) - 1) * sigmoid(self)


@fused("softsign(Tensor self)", inplace=False, rounds="steps", grad_name="DivBackward0", function=False, method=False)
def softsign(self):
    """self / (1 + |self|)."""
    return self / (1 + abs(self))


@fused("tanhshrink(Tensor self)", inplace=False, rounds="steps", grad_name="SubBackward0", function=False, method=False)
def tanhshrink(self):
    """self - tanh(self)."""
    return self - tanh(self)


@elementwise(
    "softshrink(Tensor self, Scalar lambd=0.5)",
    promote="first",
    inplace=False,
    function=False,
    method=False,
    rounds="numbers",
)
def softshrink(self, lambd):
    """self moved towards 0 by lambd; 0 within lambd of 0."""
    return _outside(self, lambd)


@_slope("_hardshrink(Tensor self, Scalar lambd)")
def _hardshrink(self, lambd):
    """self; 0 within lambd of 0."""
    return _outside(self, lambd)


@fused(
    "hardshrink(Tensor self, Scalar lambd=0.5)",
    derivative=lambda self, lambd: _outside(self, lambd),
    inplace=False,
    rounds="numbers",
    kernel="hardshrink_cpu",
)
def hardshrink(self, lambd):
    """self; 0 within lambd of 0."""
    return _hardshrink(self, lambd)
