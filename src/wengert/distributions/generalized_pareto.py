"""The generalised Pareto distribution, of excesses over a threshold."""

import math
from numbers import Number
from typing import ClassVar

import wengert as wg

from . import constraints
from .distribution import Distribution
from .utils import broadcast_all


class GeneralizedPareto(Distribution):
    """Survival (1 + c z)^(-1/c) with z = (x - loc) / scale; c = 0 is the exponential distribution.

    >>> import wengert
    >>> GeneralizedPareto(wengert.tensor(0.0), wengert.tensor(2.0), wengert.tensor(0.5)).mean
    tensor(4.)
    """

    arg_constraints: ClassVar = {
        "loc": constraints.real,
        "scale": constraints.positive,
        "concentration": constraints.real,
    }
    has_rsample = True

    def __init__(self, loc, scale, concentration, validate_args=None):
        scalar = all(isinstance(value, Number) for value in (loc, scale, concentration))
        self.loc, self.scale, self.concentration = broadcast_all(loc, scale, concentration)
        super().__init__(() if scalar else self.loc.size(), validate_args=validate_args)

    mode = property(lambda self: self.loc)

    def _exponential(self):
        """Where the concentration is zero, and the concentration with ones there."""
        zero = wg.isclose(self.concentration, wg.zeros_like(self.concentration))
        return zero, wg.where(zero, wg.ones_like(self.concentration), self.concentration)

    def rsample(self, sample_shape=()):
        """Draws, by the inverse of the cumulative distribution."""
        return self.icdf(wg.rand(self._extended_shape(sample_shape), dtype=self.loc.dtype))

    def log_prob(self, value):
        """Logarithm of the density."""
        if self._validate_args:
            self._validate_sample(value)
        z = (value - self.loc) / self.scale
        zero, c = self._exponential()
        power = 1 / c + wg.ones_like(z)
        curved = wg.where(power == 0, power, power * wg.log1p(c * z))
        return -self.scale.log() - wg.where(zero, z, curved)

    def log_survival_function(self, value):
        """Logarithm of the chance of more than value."""
        if self._validate_args:
            self._validate_sample(value)
        z = (value - self.loc) / self.scale
        zero, c = self._exponential()
        return wg.where(zero, -z, -wg.log1p(c * z) / c)

    def log_cdf(self, value):
        """Logarithm of the chance of at most value."""
        return wg.log1p(-wg.exp(self.log_survival_function(value)))

    def cdf(self, value):
        """The chance of at most value."""
        return wg.exp(self.log_cdf(value))

    def icdf(self, value):
        """The value below which a given share lies."""
        zero, c = self._exponential()
        rest = wg.log1p(-value)
        return wg.where(zero, self.loc - self.scale * rest, self.loc + self.scale / c * wg.expm1(-c * rest))

    @property
    def mean(self):
        """The mean, nan for concentrations from 1 on."""
        valid = self.concentration < 1
        c = wg.where(valid, self.concentration, 0.5)
        return wg.where(valid, self.loc + self.scale / (1 - c), math.nan)

    @property
    def variance(self):
        """The variance, nan for concentrations from one half on."""
        valid = self.concentration < 0.5
        c = wg.where(valid, self.concentration, 0.25)
        return wg.where(valid, self.scale**2 / ((1 - c) ** 2 * (1 - 2 * c)), math.nan)

    def entropy(self):
        """The entropy."""
        return wg.broadcast_to(wg.log(self.scale) + self.concentration + 1, self._batch_shape)

    @constraints.dependent_property(is_discrete=False, event_dim=0)
    def support(self):
        """From loc on, up to a bound for negative concentrations."""
        upper = wg.where(self.concentration < 0, self.loc - self.scale / self.concentration, math.inf)
        return constraints.interval(self.loc, upper)
