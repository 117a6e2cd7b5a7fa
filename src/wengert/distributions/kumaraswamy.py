"""The Kumaraswamy distribution."""

from typing import ClassVar

import wengert as wg

from . import constraints
from .transformed_distribution import TransformedDistribution
from .transforms import AffineTransform, PowerTransform
from .uniform import Uniform
from .utils import broadcast_all, euler_constant


def _moment(a, b, n):
    """The n-th moment."""
    first = 1 + n / a
    return b * wg.exp(wg.lgamma(first) + wg.lgamma(b) - wg.lgamma(first + b))


class Kumaraswamy(TransformedDistribution):
    """Numbers in 0 … 1, much like Beta, with two positive concentrations."""

    arg_constraints: ClassVar = {"concentration1": constraints.positive, "concentration0": constraints.positive}
    support = constraints.unit_interval
    has_rsample = True

    def __init__(self, concentration1, concentration0, validate_args=None):
        self.concentration1, self.concentration0 = broadcast_all(concentration1, concentration0)
        base = Uniform(
            wg.full_like(self.concentration0, 0), wg.full_like(self.concentration0, 1), validate_args=validate_args
        )
        transforms = [
            PowerTransform(exponent=self.concentration0.reciprocal()),
            AffineTransform(loc=1.0, scale=-1.0),
            PowerTransform(exponent=self.concentration1.reciprocal()),
        ]
        super().__init__(base, transforms, validate_args=validate_args)

    mean = property(lambda self: _moment(self.concentration1, self.concentration0, 1))
    variance = property(lambda self: _moment(self.concentration1, self.concentration0, 2) - self.mean.pow(2))

    @property
    def mode(self):
        """The most probable value, for concentrations above 1."""
        a, b = self.concentration1, self.concentration0
        log_mode = a.reciprocal() * (-b).log1p() - (-a * b).log1p()
        return log_mode.masked_fill((b < 1) | (a < 1), float("nan")).exp()

    def entropy(self):
        """The entropy."""
        first, second = 1 - self.concentration1.reciprocal(), 1 - self.concentration0.reciprocal()
        harmonic = wg.digamma(self.concentration0 + 1) + euler_constant
        return second + first * harmonic - wg.log(self.concentration1) - wg.log(self.concentration0)
