"""The absolute value of a Cauchy."""

import math
from typing import ClassVar

import wengert as wg

from . import constraints
from .cauchy import Cauchy
from .transformed_distribution import TransformedDistribution
from .transforms import AbsTransform


class HalfCauchy(TransformedDistribution):
    """|x| for x Cauchy around 0 with half width `scale`."""

    arg_constraints: ClassVar = {"scale": constraints.positive}
    support = constraints.nonnegative
    has_rsample = True

    def __init__(self, scale, validate_args=None):
        super().__init__(Cauchy(0, scale, validate_args=False), AbsTransform(), validate_args=validate_args)

    scale = property(lambda self: self.base_dist.scale)
    mean = property(lambda self: wg.full(self._extended_shape(), float("inf"), dtype=self.scale.dtype))
    mode = property(lambda self: wg.zeros_like(self.scale))
    variance = property(lambda self: self.base_dist.variance)

    def log_prob(self, value):
        """Logarithm of the density."""
        if self._validate_args:
            self._validate_sample(value)
        value = wg.as_tensor(value, dtype=self.scale.dtype)
        log_prob = self.base_dist.log_prob(value) + math.log(2)
        return wg.where(value >= 0, log_prob, wg.full_like(log_prob, -float("inf")))

    def cdf(self, value):
        """Probability of at most a value."""
        if self._validate_args:
            self._validate_sample(value)
        return 2 * self.base_dist.cdf(value) - 1

    def icdf(self, prob):
        """The inverse of cdf."""
        return self.base_dist.icdf((prob + 1) / 2)

    def entropy(self):
        """The entropy."""
        return self.base_dist.entropy() - math.log(2)
