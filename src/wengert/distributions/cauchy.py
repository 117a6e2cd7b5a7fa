"""The Cauchy distribution."""

import math
from typing import ClassVar

import wengert as wg

from . import constraints
from .distribution import Distribution
from .utils import broadcast_all


class Cauchy(Distribution):
    """Cauchy with median `loc` and half width `scale`."""

    arg_constraints: ClassVar = {"loc": constraints.real, "scale": constraints.positive}
    support = constraints.real
    has_rsample = True

    def __init__(self, loc, scale, validate_args=None):
        self.loc, self.scale = broadcast_all(loc, scale)
        super().__init__(self.loc.size(), validate_args=validate_args)

    mode = property(lambda self: self.loc)
    mean = property(lambda self: wg.full(self._extended_shape(), float("nan"), dtype=self.loc.dtype))
    variance = property(lambda self: wg.full(self._extended_shape(), float("inf"), dtype=self.loc.dtype))

    def rsample(self, sample_shape=()):
        """Draws through which gradients reach both parameters."""
        return self.loc + wg.empty(self._extended_shape(sample_shape), dtype=self.loc.dtype).cauchy_() * self.scale

    def log_prob(self, value):
        """Logarithm of the density."""
        if self._validate_args:
            self._validate_sample(value)
        return -math.log(math.pi) - self.scale.log() - (((value - self.loc) / self.scale) ** 2).log1p()

    def cdf(self, value):
        """Probability of at most a value."""
        if self._validate_args:
            self._validate_sample(value)
        return wg.atan((value - self.loc) / self.scale) / math.pi + 0.5

    def icdf(self, value):
        """The inverse of cdf."""
        return wg.tan(math.pi * (value - 0.5)) * self.scale + self.loc

    def entropy(self):
        """The entropy."""
        return math.log(4 * math.pi) + self.scale.log()
