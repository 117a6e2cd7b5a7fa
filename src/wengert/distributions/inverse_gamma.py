"""The inverse of a gamma."""

from typing import ClassVar

import wengert as wg

from . import constraints
from .gamma import Gamma
from .transformed_distribution import TransformedDistribution
from .transforms import PowerTransform


class InverseGamma(TransformedDistribution):
    """1 / x for x from Gamma(concentration, rate)."""

    arg_constraints: ClassVar = {"concentration": constraints.positive, "rate": constraints.positive}
    support = constraints.positive
    has_rsample = True

    def __init__(self, concentration, rate, validate_args=None):
        base = Gamma(concentration, rate, validate_args=validate_args)
        super().__init__(base, PowerTransform(-base.rate.new_ones(())), validate_args=validate_args)

    concentration = property(lambda self: self.base_dist.concentration)
    rate = property(lambda self: self.base_dist.rate)
    mode = property(lambda self: self.rate / (self.concentration + 1))

    @property
    def mean(self):
        """The mean, infinite for concentrations up to 1."""
        result = self.rate / (self.concentration - 1)
        return wg.where(self.concentration > 1, result, wg.full_like(result, float("inf")))

    @property
    def variance(self):
        """The variance, infinite for concentrations up to 2."""
        result = self.rate.square() / ((self.concentration - 1).square() * (self.concentration - 2))
        return wg.where(self.concentration > 2, result, wg.full_like(result, float("inf")))

    def entropy(self):
        """The entropy."""
        return (
            self.concentration
            + self.rate.log()
            + self.concentration.lgamma()
            - (1 + self.concentration) * self.concentration.digamma()
        )
