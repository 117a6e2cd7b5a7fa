"""Exponentials, logarithms, powers, trigonometry and rounding, with the local derivatives of each function."""

from math import nan

from .. import _core
from ._declare import backward, composite, elementwise, fused, unit
from ._trace import Symbol
from .arithmetic import imag, real, rsqrt
from .compare import clamp, logical_or, where
from .create import zeros_like


@elementwise(promote="float", domain=(-3, 3), reference="numpy.exp")
def exp(y):
    """e to the power self."""
    return y


@elementwise(promote="float", domain=(-3, 3), reference="numpy.exp2", aliases=("special.exp2",))
def exp2(y):
    """2 to the power self."""
    return unit * y * 0.6931471805599453


@elementwise(promote="float", domain=(-2, 2), reference="numpy.expm1", aliases=("special.expm1",))
def expm1(y):
    """exp(self) - 1, exact for small numbers."""
    return y + 1


@elementwise(promote="float", domain=(0.2, 4), reference="numpy.log")
def log(self):
    """The natural logarithm; nan for negative numbers."""
    return unit / self


@elementwise(promote="float", domain=(0.2, 4), reference="numpy.log2")
def log2(self):
    """The logarithm to base 2."""
    return unit / (self * 0.6931471805599453)


@elementwise(promote="float", domain=(0.2, 4), reference="numpy.log10")
def log10(self):
    """The logarithm to base 10."""
    return unit / (self * 2.302585092994046)


@elementwise(
    promote="float",
    domain=(-0.7, 3),
    reference="numpy.log1p",
    aliases=("special.log1p",),
    grad_name="Log1PBackward0",
)
def log1p(self):
    """log(1 + self), exact for small numbers."""
    return unit / (self + 1)


@elementwise(
    "pow.Tensor_Tensor(Tensor self, Tensor exponent)",
    fn="pow",
    domain=(0.3, 2),
    reference="numpy.power",
    grad_name="PowBackward1",
    numbers=False,
)
def _pow_tensors(self, exponent, y):
    """self raised to exponent, elementwise."""
    zero = exponent == 0
    return (
        where(zero, 0, exponent * pow(self, exponent - 1)),
        _by_exponent(self, exponent, y),
    )


def _by_exponent(self, exponent, y):
    """The derivative of a power by its exponent: y log self, and 0 where a power of 0 stays 0."""
    if not (exponent.trace.complex if isinstance(exponent, Symbol) else exponent.is_complex()):
        return where((self == 0) & (exponent >= 0), 0, y * log(self))
    stays = (self == 0) & (imag(exponent) == 0) & (real(exponent) >= 0)
    return where(stays, 0, y * log(self + (exponent - exponent)))  # a complex logarithm of real numbers below 0 too


@elementwise(
    "pow.Scalar(Scalar self, Tensor exponent)",
    fn="pow",
    inplace=False,
    domain=(0.3, 2),
    grad_name="PowBackward2",
    numbers=False,
)
def _pow_of_number(self, exponent, y):
    """A number raised to a tensor."""
    return _by_exponent(self, exponent, y)


@elementwise("pow.Tensor_Scalar(Tensor self, Scalar exponent)", fn="pow", domain=(0.3, 2), grad_name="PowBackward0")
def pow(self, exponent):
    """self raised to exponent, broadcast. Integers to negative integer numbers are refused."""
    return _power_rule(self, exponent)


@elementwise(
    "_power_rule(Tensor self, Scalar exponent)",
    fn="power_rule",
    promote="float",
    domain=(0.3, 2),
    inplace=False,
    function=False,
    method=False,
)
def _power_rule(self, exponent):
    """The derivative of a power: exponent * self ** (exponent - 1), and 0 where the exponent is 0."""
    return where(zeros_like(self) == exponent, 0, exponent * _power_rule(self, exponent - 1))


@elementwise(promote="float", domain=(-3, 3), reference="numpy.sin")
def sin(self):
    """The sine of an angle in radians."""
    return cos(self)


@elementwise(promote="float", domain=(-3, 3), reference="numpy.cos")
def cos(self):
    """The cosine of an angle in radians."""
    return -sin(self)


@elementwise(promote="float", domain=(-1, 1), reference="numpy.tan")
def tan(y):
    """The tangent of an angle in radians."""
    return 1 + y * y


@elementwise(promote="float", domain=(-0.9, 0.9), reference="numpy.arcsin", aliases=("arcsin",))
def asin(self):
    """The angle in [-pi/2, pi/2] whose sine is self."""
    return rsqrt(-self * self + 1)


@elementwise(promote="float", domain=(-0.9, 0.9), reference="numpy.arccos", aliases=("arccos",))
def acos(self):
    """The angle in [0, pi] whose cosine is self."""
    return -rsqrt(-self * self + 1)


@elementwise(promote="float", domain=(-3, 3), reference="numpy.arctan", aliases=("arctan",))
def atan(self):
    """The angle in (-pi/2, pi/2) whose tangent is self."""
    return unit / (self * self + 1)


@elementwise(promote="float", domain=(-3, 3), reference="numpy.sinh")
def sinh(self):
    """The hyperbolic sine."""
    return cosh(self)


@elementwise(promote="float", domain=(-3, 3), reference="numpy.cosh")
def cosh(self):
    """The hyperbolic cosine."""
    return sinh(self)


@elementwise(promote="float", domain=(-3, 3), reference="numpy.tanh", rounds="once", half="_tanh_backward")
def tanh(y):
    """The hyperbolic tangent."""
    return 1 - y * y


@backward(
    "_tanh_backward(Tensor grad, Tensor y)",
    lambda g, grad, y: (_tanh_backward(g, y), g * (y * -2 * grad)),
)
def _tanh_backward(grad, y):
    """grad times the derivative of tanh, whose result is y."""
    return grad * (1 - y * y)


@elementwise(promote="float", domain=(-3, 3), reference="numpy.arcsinh", aliases=("arcsinh",))
def asinh(self):
    """The inverse of sinh."""
    return rsqrt(self * self + 1)


@elementwise(promote="float", domain=(1.2, 4), reference="numpy.arccosh", aliases=("arccosh",))
def acosh(self):
    """The inverse of cosh, of numbers from 1."""
    if self.trace.complex if isinstance(self, Symbol) else self.is_complex():
        return rsqrt(self - 1) * rsqrt(self + 1)
    return rsqrt(self * self - 1)


@elementwise(promote="float", domain=(-0.9, 0.9), reference="numpy.arctanh", aliases=("arctanh",))
def atanh(self):
    """The inverse of tanh, of numbers in (-1, 1)."""
    return unit / (1 - self * self)


@elementwise(promote="float", domain=(-2, 2), reference="numpy.sinc", aliases=("special.sinc",))
def sinc(self, y):
    """sin(pi self) / (pi self), and 1 at 0."""
    turn, area = self * 3.141592653589793, self * self * 3.141592653589793
    return where(area == 0, 0, (turn * cos(turn) - sin(turn)) / area)


@elementwise(promote="float", domain=(-4, 4), aliases=("special.expit",), rounds="once", half="_sigmoid_backward")
def sigmoid(y):
    """1 / (1 + exp(-self))."""
    return y * (1 - y)


@backward(
    "_sigmoid_backward(Tensor grad, Tensor y)",
    lambda g, grad, y: (_sigmoid_backward(g, y), g * grad * (y * -2 + 1)),
)
def _sigmoid_backward(grad, y):
    """grad times the derivative of sigmoid, whose result is y."""
    return grad * y * (1 - y)


@composite("logit(Tensor self, float? eps=None)", aliases=("special.logit",), out=True)
def logit(self, eps=None):
    """log(self / (1 - self)); with eps, self is first clamped to [eps, 1 - eps]."""
    return _logit(self) if eps is None else _logit(clamp(self, eps, 1 - eps))


@elementwise(promote="float", domain=(0.1, 0.9), fn="logit", grad_name="LogitBackward0")
def _logit(self):
    """log(self / (1 - self))."""
    return unit / where(logical_or(self < 0, self > 1), nan, self * (1 - self))


@elementwise(domain=(-3, 3), reference="numpy.logaddexp", inplace=False, numbers=False)
def logaddexp(self, other):
    """log(exp(self) + exp(other)), without overflow on the way."""
    return unit / (1 + exp(other - self)), unit / (1 + exp(self - other))


@elementwise(domain=(-3, 3), reference="numpy.logaddexp2", inplace=False, numbers=False)
def logaddexp2(self, other):
    """log2(2**self + 2**other), without overflow on the way."""
    return unit / (1 + exp2(other - self)), unit / (1 + exp2(self - other))


@elementwise(promote="float", domain=(-3, 3), reference="numpy.deg2rad", grad_name="Deg2RadBackward0")
def deg2rad():
    """Degrees as radians."""
    return 0.017453292519943295


@elementwise(promote="float", domain=(-3, 3), reference="numpy.rad2deg", grad_name="Rad2DegBackward0")
def rad2deg():
    """Radians as degrees."""
    return 57.29577951308232


@elementwise(domain=(-3, 3), reference="numpy.floor")
def floor():
    """The greatest integer that is not above self."""
    return 0


@elementwise(domain=(-3, 3), reference="numpy.ceil")
def ceil():
    """The least integer that is not below self."""
    return 0


@elementwise(domain=(-3, 3), reference="numpy.trunc", aliases=("fix",))
def trunc():
    """self without its fraction."""
    return 0


@composite("round(Tensor self, *, int decimals=0)", aliases=("special.round",), out=True)
def round(self, *, decimals=0):
    """The nearest integer, halves to even; or the nearest number with so many decimals."""
    return _round(self) if decimals == 0 else _round_decimals(self, decimals)


@elementwise(domain=(-3, 3), reference="numpy.round", fn="round", grad_name="RoundBackward0")
def _round():
    """The nearest integer, halves to even."""
    return 0


@elementwise(domain=(-3, 3), fn="round_decimals", grad_name="RoundBackward1")
def _round_decimals(self, decimals):
    """The nearest number with so many decimals."""
    return 0, 0


@elementwise(domain=(0.1, 0.9))
def frac():
    """The fraction of self, with its sign."""
    return 1


@composite("float_power(Tensor self, Tensor exponent)", out=True)
def float_power(self, exponent):
    """pow, computed in float64 (complex128 when either is complex)."""
    if not isinstance(self, _core.Tensor) and not isinstance(exponent, _core.Tensor):
        raise TypeError(
            "float_power(): argument 'exponent' (position 2) must be Tensor, not " + type(exponent).__name__
        )
    return pow(_double(self), _double(exponent))


@fused(
    "_ldexp(Tensor self, Tensor other)",
    derivative=lambda other, y: (exp2(other), unit * y * 0.6931471805599453),
    rounds="steps",
    numbers=False,
    inplace=False,
    function=False,
    method=False,
    grad_name="LdexpBackward0",
)
def _ldexp(self, other):
    """self * 2**other."""
    return self * exp2(other)


@composite("ldexp(Tensor self, Tensor other)", inplace=True, out=True)
def ldexp(self, other):
    """self * 2**other. Whole exponents leave floating-point numbers their dtype, rounded once however large they are."""
    if not self.is_floating_point() or other.is_floating_point() or other.is_complex():
        return _ldexp(self, other)
    if other.dtype is _core.bool:
        raise NotImplementedError("\"ldexp_cpu_exp\" not implemented for 'Bool'")
    wide = self.to(_core.float64)
    if wide is not self:  # 2**1000 is a double, and takes any smaller number out of its range
        other = clamp(other, -1000, 1000)
    return _ldexp(wide, other.to(_core.float64)).to(self.dtype)


def _double(x):
    """x in the widest dtype of its kind."""
    import wengert as wg

    if not isinstance(x, wg.Tensor):
        return complex(x) if isinstance(x, complex) else float(x)
    return x.to(wg.complex128 if x.is_complex() else wg.float64)
