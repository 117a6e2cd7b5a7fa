"""The special functions: the gamma and error functions' families, Bessel functions, orthogonal polynomials."""

from ._declare import composite, elementwise, fused, unit
from .arithmetic import sign
from .compare import NUMBER_FIRST, logical_and, where
from .math import exp, log, log1p

SPECIAL = {"promote": "float", "inplace": False, "namespace": "special"}  # those that torch has in torch.special alone
TWO_BY_ROOT_PI = 1.1283791670955126
ROOT_HALF_PI = 1.2533141373155003
ROOT_TWO = 1.4142135623730951
ROOT_TWO_PI = 2.5066282746310002


@elementwise(promote="float", domain=(-2, 2), reference="scipy.special.erf", aliases=("special.erf",))
def erf(self):
    """The error function."""
    return TWO_BY_ROOT_PI * exp(-self * self)


@elementwise(promote="float", domain=(-2, 2), reference="scipy.special.erfc", aliases=("special.erfc",))
def erfc(self):
    """1 - erf(self), without cancellation."""
    return -TWO_BY_ROOT_PI * exp(-self * self)


@elementwise(promote="float", domain=(-0.9, 0.9), reference="scipy.special.erfinv", aliases=("special.erfinv",))
def erfinv(y):
    """The inverse of erf, of numbers in (-1, 1)."""
    return exp(y * y) * (1 / TWO_BY_ROOT_PI)


@elementwise(**SPECIAL, domain=(-2, 2), reference="scipy.special.erfcx", grad_name="SpecialErfcxBackward0")
def erfcx(self, y):
    """exp(self²) * erfc(self)."""
    return 2 * self * y - TWO_BY_ROOT_PI


@fused(
    "ndtr(Tensor self)",
    **SPECIAL,
    domain=(-2, 2),
    reference="scipy.special.ndtr",
    grad_name="MulBackward1",
    rounds="steps",
)
def ndtr(self):
    """The cumulative distribution of the standard normal."""
    return (erf(self / ROOT_TWO) + 1) * 0.5


@elementwise(**SPECIAL, domain=(0.1, 0.9), reference="scipy.special.ndtri", grad_name="SpecialNdtriBackward0")
def ndtri(y):
    """The quantile of the standard normal, of numbers in (0, 1)."""
    return exp(0.5 * y * y) * ROOT_TWO_PI


@elementwise(**SPECIAL, domain=(-3, 3), reference="scipy.special.log_ndtr", grad_name="SpecialLogNdtrBackward0")
def log_ndtr(self):
    """log(ndtr(self)), exact far into the tail."""
    return 1 / (erfcx(self * -0.7071067811865476) * ROOT_HALF_PI)


@elementwise(**SPECIAL, domain=(0.1, 3), reference="scipy.special.entr", grad_name="SpecialEntrBackward0")
def entr(self):
    """-self * log(self); 0 at 0, -inf for negative numbers."""
    return -log(self) - 1


@elementwise(promote="float", domain=(0.2, 3), reference="scipy.special.xlogy", aliases=("special.xlogy",))
def xlogy(self, other):
    """self * log(other), and 0 where self is 0."""
    return where(logical_and(self == 0, other <= 0), 0, log(other)), unit * self / other


@elementwise(
    "xlogy.Scalar_Self(Scalar self, Tensor other)",
    promote="float",
    fn="xlogy",
    domain=(0.2, 3),
    inplace=False,
    grad_name="XlogyBackward1",
    numbers=False,
)
def _xlogy_of_number(self, other):
    """xlogy with a number first."""
    return unit * self / other


@elementwise(
    **SPECIAL,
    domain=(0.2, 3),
    reference="scipy.special.xlog1py",
    grad_name="SpecialXlog1PyBackward0",
    also=NUMBER_FIRST,
)
def xlog1py(self, other):
    """self * log1p(other), and 0 where self is 0."""
    return where(logical_and(self == 0, other <= -1), 0, log1p(other)), unit * self / (other + 1)


@elementwise(promote="float", domain=(0.3, 4), reference="scipy.special.gammaln", aliases=("special.gammaln",))
def lgamma(self):
    """The logarithm of the absolute value of the gamma function."""
    return digamma(self)


@elementwise(
    promote="float",
    domain=(0.3, 4),
    reference="scipy.special.digamma",
    aliases=("special.digamma", "special.psi"),
)
def digamma(self):
    """The derivative of lgamma."""
    return polygamma(1, self)


@elementwise(
    "polygamma(int n, Tensor self)",
    promote="float",
    domain=(0.3, 4),
    inplace=False,
    aliases=("special.polygamma",),
)
def polygamma(n, self):
    """The n-th derivative of digamma, n >= 0."""
    return polygamma(n + 1, self)


@elementwise("polygamma.of(Tensor self, int n)", promote="float", fn="polygamma_of", grad_name="PolygammaBackward0")
def _polygamma_of(self, n):
    """x.polygamma(n)."""
    return polygamma(n + 1, self)


@elementwise(
    "igamma(Tensor self, Tensor other)",
    vjp=True,
    eager=True,
    domain=(0.5, 3),
    reference="scipy.special.gammainc",
    aliases=("special.gammainc",),
    numbers=False,
)
def igamma(g, self, other, needs):
    """The regularised lower incomplete gamma function of self > 0 and other >= 0."""
    if needs[0]:
        raise NotImplementedError("the derivative for 'igamma: input' is not implemented.")
    return None, g * exp((self - 1) * log(other) - other - lgamma(self))


@elementwise(
    "igammac(Tensor self, Tensor other)",
    vjp=True,
    eager=True,
    domain=(0.5, 3),
    reference="scipy.special.gammaincc",
    aliases=("special.gammaincc",),
    numbers=False,
)
def igammac(g, self, other, needs):
    """1 - igamma(self, other), without cancellation."""
    if needs[0]:
        raise NotImplementedError("the derivative for 'igammac: input' is not implemented.")
    return None, -g * exp((self - 1) * log(other) - other - lgamma(self))


@elementwise(
    "zeta(Tensor self, Tensor other)",
    **SPECIAL,
    also=NUMBER_FIRST,
    vjp=True,
    eager=True,
    domain=(1.5, 4),
    reference="scipy.special.zeta",
    grad_name="SpecialZetaBackward0",
)
def zeta(g, self, other, needs):
    """The sum of (k + other)**-self over k from 0: Hurwitz's zeta function."""
    if needs[0]:
        raise NotImplementedError("the derivative for 'zeta' is not implemented.")
    return None, g * -self * zeta(self + 1, other)


@elementwise(promote="float", domain=(-3, 3), reference="numpy.i0", aliases=("special.i0",))
def i0(self):
    """The modified Bessel function of the first kind, order 0."""
    return i1(self)


@elementwise(**SPECIAL, domain=(-3, 3), reference="scipy.special.i0e", grad_name="SpecialI0EBackward0")
def i0e(self, y):
    """exp(-|self|) * i0(self)."""
    return i1e(self) - sign(self) * y


@elementwise(**SPECIAL, domain=(-3, 3), reference="scipy.special.i1", grad_name="SpecialI1Backward0")
def i1(self, y):
    """The modified Bessel function of the first kind, order 1."""
    return where(self == 0, 0.5, i0(self) - y / where(self == 0, 1, self))


@elementwise(**SPECIAL, domain=(-3, 3), reference="scipy.special.i1e", grad_name="SpecialI1EBackward0")
def i1e(self, y):
    """exp(-|self|) * i1(self)."""
    return where(self == 0, 0.5, i0e(self) - y * (sign(self) + 1 / where(self == 0, 1, self)))


@elementwise(**SPECIAL, domain=(-3, 3), reference="scipy.special.j0", differentiable=False)
def bessel_j0(self):
    """The Bessel function of the first kind, order 0."""


@elementwise(**SPECIAL, domain=(-3, 3), reference="scipy.special.j1", differentiable=False)
def bessel_j1(self):
    """The Bessel function of the first kind, order 1."""


@elementwise(**SPECIAL, domain=(0.3, 4), reference="scipy.special.y0", differentiable=False)
def bessel_y0(self):
    """The Bessel function of the second kind, order 0."""


@elementwise(**SPECIAL, domain=(0.3, 4), reference="scipy.special.y1", differentiable=False)
def bessel_y1(self):
    """The Bessel function of the second kind, order 1."""


@elementwise(**SPECIAL, domain=(0.3, 4), reference="scipy.special.k0", differentiable=False)
def modified_bessel_k0(self):
    """The modified Bessel function of the second kind, order 0."""


@elementwise(**SPECIAL, domain=(0.3, 4), reference="scipy.special.k1", differentiable=False)
def modified_bessel_k1(self):
    """The modified Bessel function of the second kind, order 1."""


@elementwise(**SPECIAL, domain=(0.3, 4), reference="scipy.special.k0e", differentiable=False)
def scaled_modified_bessel_k0(self):
    """exp(self) * modified_bessel_k0(self)."""


@elementwise(**SPECIAL, domain=(0.3, 4), reference="scipy.special.k1e", differentiable=False)
def scaled_modified_bessel_k1(self):
    """exp(self) * modified_bessel_k1(self)."""


@elementwise(**SPECIAL, domain=(-3, 3), reference="scipy.special.i0", differentiable=False, fn="i0")
def modified_bessel_i0(self):
    """The modified Bessel function of the first kind, order 0; without a derivative (see i0)."""


@elementwise(**SPECIAL, domain=(-3, 3), reference="scipy.special.i1", differentiable=False, fn="i1")
def modified_bessel_i1(self):
    """The modified Bessel function of the first kind, order 1; without a derivative (see i1)."""


@elementwise(**SPECIAL, domain=(-3, 3), differentiable=False)
def spherical_bessel_j0(self):
    """sin(self) / self, and 1 at 0."""


@elementwise(**SPECIAL, domain=(-3, 3), differentiable=False)
def airy_ai(self):
    """Airy's function Ai."""


@elementwise(**SPECIAL, domain=(0, 0.9), differentiable=False, also=("(Scalar self, TensorStrict n)",))
def chebyshev_polynomial_t(self, n):
    """Chebyshev's polynomial of the first kind, degree n."""


@elementwise(**SPECIAL, domain=(0, 0.9), differentiable=False, also=("(Scalar self, TensorStrict n)",))
def chebyshev_polynomial_u(self, n):
    """Chebyshev's polynomial of the second kind, degree n."""


@elementwise(**SPECIAL, domain=(0, 0.9), differentiable=False, also=("(Scalar self, TensorStrict n)",))
def chebyshev_polynomial_v(self, n):
    """Chebyshev's polynomial of the third kind, degree n."""


@elementwise(**SPECIAL, domain=(0, 0.9), differentiable=False, also=("(Scalar self, TensorStrict n)",))
def chebyshev_polynomial_w(self, n):
    """Chebyshev's polynomial of the fourth kind, degree n."""


@elementwise(**SPECIAL, domain=(0, 0.9), differentiable=False, also=("(Scalar self, TensorStrict n)",))
def shifted_chebyshev_polynomial_t(self, n):
    """chebyshev_polynomial_t(2 * self - 1, n)."""


@elementwise(**SPECIAL, domain=(0, 0.9), differentiable=False, also=("(Scalar self, TensorStrict n)",))
def shifted_chebyshev_polynomial_u(self, n):
    """chebyshev_polynomial_u(2 * self - 1, n)."""


@elementwise(**SPECIAL, domain=(0, 0.9), differentiable=False, also=("(Scalar self, TensorStrict n)",))
def shifted_chebyshev_polynomial_v(self, n):
    """chebyshev_polynomial_v(2 * self - 1, n)."""


@elementwise(**SPECIAL, domain=(0, 0.9), differentiable=False, also=("(Scalar self, TensorStrict n)",))
def shifted_chebyshev_polynomial_w(self, n):
    """chebyshev_polynomial_w(2 * self - 1, n)."""


@elementwise(**SPECIAL, domain=(0, 0.9), differentiable=False, also=("(Scalar self, TensorStrict n)",))
def hermite_polynomial_h(self, n):
    """The physicists' Hermite polynomial of degree n."""


@elementwise(**SPECIAL, domain=(0, 0.9), differentiable=False, also=("(Scalar self, TensorStrict n)",))
def hermite_polynomial_he(self, n):
    """The probabilists' Hermite polynomial of degree n."""


@elementwise(**SPECIAL, domain=(0, 0.9), differentiable=False, also=("(Scalar self, TensorStrict n)",))
def laguerre_polynomial_l(self, n):
    """Laguerre's polynomial of degree n."""


@elementwise(**SPECIAL, domain=(0, 0.9), differentiable=False, also=("(Scalar self, TensorStrict n)",))
def legendre_polynomial_p(self, n):
    """Legendre's polynomial of degree n."""


@composite("mvlgamma(Tensor self, int p)", inplace=True, aliases=("special.multigammaln",), out=True)
def mvlgamma(self, p):
    """The logarithm of the gamma function of p dimensions; self must exceed (p - 1) / 2."""
    if p < 1:
        raise RuntimeError("p has to be greater than or equal to 1")
    from .. import arange
    from .. import bool as bool_

    if self.dtype is bool_:
        raise RuntimeError("The input tensor may not be a boolean tensor.")

    steps = arange(p, dtype=self.dtype if self.is_floating_point() else None) * -0.5
    return lgamma(self.unsqueeze(-1) + steps).sum(-1) + p * (p - 1) / 4 * 1.1447298858494002  # log(pi)
