"""The Weibull distribution."""

from typing import ClassVar

import wengert as wg

from . import constraints
from .exponential import Exponential
from .transformed_distribution import TransformedDistribution
from .transforms import AffineTransform, PowerTransform
from .utils import broadcast_all, euler_constant


class Weibull(TransformedDistribution):
    """Weibull with `scale` and shape `concentration`."""

    arg_constraints: ClassVar = {"scale": constraints.positive, "concentration": constraints.positive}
    support = constraints.positive

    def __init__(self, scale, concentration, validate_args=None):
        self.scale, self.concentration = broadcast_all(scale, concentration)
        self.concentration_reciprocal = self.concentration.reciprocal()
        base = Exponential(wg.ones_like(self.scale), validate_args=validate_args)
        transforms = [PowerTransform(exponent=self.concentration_reciprocal), AffineTransform(loc=0, scale=self.scale)]
        super().__init__(base, transforms, validate_args=validate_args)

    mean = property(lambda self: self.scale * wg.exp(wg.lgamma(1 + self.concentration_reciprocal)))

    @property
    def mode(self):
        """The most probable value."""
        return self.scale * ((self.concentration - 1) / self.concentration) ** self.concentration.reciprocal()

    @property
    def variance(self):
        """The variance."""
        inverse = self.concentration_reciprocal
        return self.scale.pow(2) * (wg.exp(wg.lgamma(1 + 2 * inverse)) - wg.exp(2 * wg.lgamma(1 + inverse)))

    def entropy(self):
        """The entropy."""
        return (
            euler_constant * (1 - self.concentration_reciprocal)
            + wg.log(self.scale * self.concentration_reciprocal)
            + 1
        )
