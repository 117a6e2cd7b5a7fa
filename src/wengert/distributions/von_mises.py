"""The von Mises distribution of angles."""

import math
from typing import ClassVar

import wengert as wg

from . import constraints
from .distribution import Distribution
from .utils import broadcast_all, lazy_property


class VonMises(Distribution):
    """Angles in -pi … pi around `loc`, the closer the larger the `concentration`.

    >>> import wengert
    >>> VonMises(wengert.tensor(0.0), wengert.tensor(1.0)).log_prob(wengert.tensor(0.0))
    tensor(-1.0738)
    """

    arg_constraints: ClassVar = {"loc": constraints.real, "concentration": constraints.positive}
    support = constraints.real
    has_rsample = False

    def __init__(self, loc, concentration, validate_args=None):
        self.loc, self.concentration = broadcast_all(loc, concentration)
        super().__init__(self.loc.size(), validate_args=validate_args)

    mean = mode = property(lambda self: self.loc)

    def _log_bessel(self):
        """log of the modified Bessel function of order 0."""
        return wg.special.i0e(self.concentration).log() + self.concentration

    @lazy_property
    def variance(self):
        """1 less the mean resultant length."""
        return 1 - wg.special.i1e(self.concentration) / wg.special.i0e(self.concentration)

    def log_prob(self, value):
        """Logarithm of the density."""
        if self._validate_args:
            self._validate_sample(value)
        return self.concentration * wg.cos(value - self.loc) - math.log(2 * math.pi) - self._log_bessel()

    @lazy_property
    def _proposal(self):
        """The wrapped Cauchy of Best and Fisher's rejection sampler, in float64."""
        kappa = self.concentration.double()
        tau = 1 + (1 + 4 * kappa**2).sqrt()
        rho = (tau - (2 * tau).sqrt()) / (2 * kappa)
        exact = (1 + rho**2) / (2 * rho)
        return wg.where(kappa < 1e-5, 1 / kappa + kappa, exact)

    def sample(self, sample_shape=()):
        """Draws without gradients, by rejection."""
        shape = self._extended_shape(sample_shape)
        with wg.no_grad():
            loc, kappa, r = self.loc.double(), self.concentration.double(), self._proposal
            angle = wg.zeros(shape, dtype=wg.float64)
            done = wg.zeros(shape, dtype=wg.bool)
            while not bool(done.all()):
                first, second, third = wg.rand((3, *shape), dtype=wg.float64).unbind()
                z = wg.cos(math.pi * first)
                near = (1 + r * z) / (r + z)
                c = kappa * (r - near)
                accepted = ((c * (2 - c) - second) > 0) | ((c / second).log() + 1 - c >= 0)
                angle = wg.where(accepted, (third - 0.5).sign() * near.acos(), angle)
                done = done | accepted
            return ((angle + math.pi + loc) % (2 * math.pi) - math.pi).to(self.loc.dtype)
