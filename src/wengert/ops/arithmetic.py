"""Arithmetic on tensors and numbers, with the local derivatives of each operation."""

from .. import _core
from ._declare import composite, elementwise, unit
from .compare import NUMBER_FIRST, where

NUMBERS = (*NUMBER_FIRST, "(Scalar self, Scalar other)")  # of functions that take numbers for tensors
SCALED = (
    "(Tensor self, Scalar other, Scalar alpha=1)",
    "(Scalar self, TensorStrict other, *, Scalar alpha=1)",
    "(Scalar self, Scalar other, *, Scalar alpha=1)",
)


@elementwise("add(Tensor self, Tensor other, *, Scalar alpha=1)", reference="numpy.add", also=SCALED)
def add(self, other):
    """self + alpha * other, broadcast."""
    return 1, 1


@elementwise(
    "sub(Tensor self, Tensor other, *, Scalar alpha=1)",
    reference="numpy.subtract",
    aliases=("subtract",),
    also=SCALED,
)
def sub(self, other):
    """self - alpha * other, broadcast."""
    return 1, -1


@elementwise(inplace=False, grad_name="RsubBackward1")
def rsub(self, other):
    """other - self, broadcast."""
    return -1, 1


@elementwise(
    "rsub.alpha(Tensor self, Tensor other, *, Scalar alpha)",
    fn="rsub_scaled",
    inplace=False,
    also=("(Tensor self, Scalar other, Scalar alpha)",),
)
def _rsub_scaled(self, other, alpha):
    """other - alpha * self, broadcast."""
    return -alpha, 1


@elementwise(
    "_add_scaled(Tensor self, Tensor other, Scalar alpha)",
    fn="add_scaled",
    grad_name="AddBackward0",
    function=False,
    method=False,
)
def _add_scaled(self, other, alpha):
    """self + alpha * other, rounded once where the CPU can."""
    return 1, alpha


@elementwise(
    "_sub_scaled(Tensor self, Tensor other, Scalar alpha)",
    fn="sub_scaled",
    grad_name="SubBackward0",
    function=False,
    method=False,
)
def _sub_scaled(self, other, alpha):
    """self - alpha * other, rounded once where the CPU can."""
    return 1, -alpha


@elementwise(reference="numpy.multiply", aliases=("multiply",), also=NUMBERS)
def mul(self, other):
    """self * other, broadcast."""
    return other, self


@elementwise(
    "div(Tensor self, Tensor other, *, str? rounding_mode=None)",
    promote="float",
    domain=(1, 3),
    reference="numpy.divide",
    aliases=("divide", "true_divide"),
    also=(
        "(Scalar self, TensorStrict other, *, str? rounding_mode=None)",
        "(Scalar self, Scalar other, *, str? rounding_mode=None)",
    ),
)
def div(self, other):
    """self / other, broadcast; integers give floating-point numbers. rounding_mode: None, "trunc" or "floor"."""
    return unit / other, -(self / other) / other


@elementwise(
    "floor_divide(Tensor self, Tensor other)",
    vjp=True,
    eager=True,
    domain=(1, 3),
    reference="numpy.floor_divide",
    also=NUMBERS,
    grad_name="NotImplemented",
)
def floor_divide(g):
    """The quotient rounded towards minus infinity; integer division by 0 is an error. Its derivative is refused: it is 0
    with div(self, other, rounding_mode="floor")."""
    raise RuntimeError("derivative for aten::floor_divide is not implemented")


@elementwise(domain=(1, 3), inplace=False, function=False, method=False, fn="floor_divide", grad_name="DivBackward2")
def _div_floor(self, other):
    """The quotient rounded towards minus infinity: div with rounding_mode="floor"."""
    return 0, 0


@elementwise(domain=(1, 3), inplace=False, function=False, method=False, grad_name="DivBackward2")
def trunc_divide(self, other):
    """The quotient rounded towards zero: div with rounding_mode="trunc"."""
    return 0, 0


@elementwise(domain=(1, 3), reference="numpy.remainder", also=NUMBER_FIRST)
def remainder(self, other):
    """self - other * floor(self / other): the sign is that of other."""
    return 1, -_div_floor(self, other)


@elementwise(domain=(1, 3), reference="numpy.fmod")
def fmod(self, other):
    """self - other * trunc(self / other): the sign is that of self."""
    return 1, -trunc_divide(self, other)


@elementwise("mul_add(Tensor a, Tensor b, Tensor c)", function=False, method=False, inplace=False)
def mul_add(a, b, c):
    """a * b + c, rounded once where the CPU can."""
    return b, a, 1


@elementwise("addcmul(Tensor self, Tensor tensor1, Tensor tensor2, *, Scalar value=1)")
def addcmul(self, tensor1, tensor2, value):
    """self + value * tensor1 * tensor2, broadcast."""
    return 1, tensor2 * value, tensor1 * value


@elementwise("addcdiv(Tensor self, Tensor tensor1, Tensor tensor2, *, Scalar value=1)", domain=(1, 3))
def addcdiv(self, tensor1, tensor2, value):
    """self + value * tensor1 / tensor2, broadcast; of floating-point numbers."""
    return 1, value / tensor2, -(value * tensor1 / (tensor2 * tensor2))


@elementwise("lerp(Tensor self, Tensor end, Tensor weight)")
def lerp(self, end, weight):
    """self + weight * (end - self), broadcast."""
    return 1 - weight, weight, end - self


@elementwise(reference="numpy.negative", aliases=("negative",))
def neg(self):
    """-self; bool is refused."""
    return -1


@composite
def positive(self):
    """self, as it is; bool is refused."""
    if self.dtype == _core.bool:
        raise RuntimeError("The `+` operator, on a bool tensor is not supported.")
    return self


@elementwise(vjp=True, promote="real", reference="numpy.abs", aliases=("absolute",))
def abs(g, self):
    """The absolute value (of complex numbers: the modulus); its derivative at 0 is 0."""
    return g * sgn(self)


@elementwise(reference="numpy.sign")
def sign(self):
    """-1, 0 or 1; complex is refused (see sgn)."""
    return 0


@elementwise(vjp=True)
def sgn(g, self, y):
    """self / |self|, and 0 at 0: sign, for complex numbers too."""
    modulus = abs(self)
    return where(modulus > 0, (g - real(conj_physical(g) * y) * y) / modulus, 0)


@elementwise(reference="numpy.square", grad_name="PowBackward0")
def square(self):
    """self * self."""
    return 2 * self


@elementwise(promote="float", domain=(0.5, 3), reference="numpy.reciprocal")
def reciprocal(y):
    """1 / self."""
    return -(y * y)


@elementwise(promote="float", domain=(0.2, 4), reference="numpy.sqrt")
def sqrt(y):
    """The square root; nan for negative numbers. Its derivative at 0 is inf."""
    return unit / (2 * y)


@elementwise(promote="float", domain=(0.2, 4))
def rsqrt(y):
    """1 / sqrt(self)."""
    return unit * -0.5 * (y * y * y)


@elementwise(reference="numpy.hypot", numbers=False)
def hypot(self, other, y):
    """sqrt(self² + other²), without overflow on the way."""
    return unit * self / y, unit * other / y


@elementwise(promote="float", reference="numpy.arctan2", aliases=("arctan2",), numbers=False)
def atan2(self, other):
    """The angle of the point (other, self) from the positive axis, in (-pi, pi]."""
    square_sum = self * self + other * other
    scale = where(square_sum == 0, 0, 1 / square_sum)
    return unit * other * scale, unit * -self * scale


@elementwise(promote="float", reference="numpy.copysign")
def copysign(self, other, y):
    """The magnitude of self with the sign of other."""
    return where(self == 0, 0, y / self), 0


@elementwise(reference="numpy.nextafter", numbers=False)
def nextafter(self, other):
    """The next floating-point number after self in the direction of other. Its derivative by other is 0, by self 1 where
    they differ."""
    return where(self == other, 0, 1), 0


@elementwise(
    "heaviside(Tensor self, Tensor values)",
    vjp=True,
    eager=True,
    reference="numpy.heaviside",
    numbers=False,
    grad_name="NotImplemented",
)
def heaviside(g):
    """0 for negative numbers, 1 for positive ones, values at 0."""
    raise RuntimeError("derivative for aten::heaviside is not implemented")


@elementwise(domain=(1, 30), reference="numpy.gcd", numbers=False)
def gcd(self, other):
    """The greatest common divisor of integers."""


@elementwise(domain=(1, 30), reference="numpy.lcm", numbers=False)
def lcm(self, other):
    """The least common multiple of integers."""


@elementwise(vjp=True, reference="numpy.conj", fn="conj")
def conj_physical(g):
    """The complex conjugate, as a new tensor."""
    return conj_physical(g)


@composite
def conj(self):
    """The complex conjugate; a real tensor is handed back as it is."""
    return conj_physical(self) if self.is_complex() else self


@elementwise(vjp=True, promote="real", inplace=False, function=False, method=False, reference="numpy.real")
def real(g):
    """The real part."""
    return g


@elementwise("_imag(Tensor self)", fn="imag", vjp=True, promote="real", inplace=False, reference="numpy.imag")
def imag(g):
    """The imaginary part; 0 of real numbers."""
    return g * 1j


@elementwise(vjp=True, eager=True, promote="float", inplace=False, reference="numpy.angle")
def angle(g, self):
    """The argument in (-pi, pi]; of real numbers 0 or pi."""
    if not self.is_complex():
        return g.new_zeros(self.shape)
    square_sum = real(self * conj_physical(self))
    return where(square_sum == 0, 0, g * (self * 1j) / square_sum)
