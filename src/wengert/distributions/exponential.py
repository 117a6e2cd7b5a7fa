"""Time until the next event."""

from typing import ClassVar

import wengert as wg

from . import constraints
from .distribution import ExponentialFamily
from .utils import broadcast_all


class Exponential(ExponentialFamily):
    """Time until the next event when `rate` are expected in one unit of time."""

    arg_constraints: ClassVar = {"rate": constraints.positive}
    support = constraints.nonnegative
    has_rsample = True

    def __init__(self, rate, validate_args=None):
        (self.rate,) = broadcast_all(rate)
        super().__init__(self.rate.size(), validate_args=validate_args)

    _mean_carrier_measure = 0
    _natural_params = property(lambda self: (-self.rate,))
    mean = stddev = property(lambda self: self.rate.reciprocal())
    mode = property(lambda self: wg.zeros_like(self.rate))
    variance = property(lambda self: self.rate.pow(-2))

    def rsample(self, sample_shape=()):
        """Draws through which gradients reach the rate."""
        return wg.empty(self._extended_shape(sample_shape), dtype=self.rate.dtype).exponential_() / self.rate

    def log_prob(self, value):
        """Logarithm of the density."""
        if self._validate_args:
            self._validate_sample(value)
        return self.rate.log() - self.rate * value

    def cdf(self, value):
        """Probability of at most a value."""
        if self._validate_args:
            self._validate_sample(value)
        return 1 - wg.exp(-self.rate * value)

    def icdf(self, value):
        """The inverse of cdf."""
        return -wg.log1p(-value) / self.rate

    def entropy(self):
        """The entropy."""
        return 1.0 - wg.log(self.rate)

    def _log_normalizer(self, x):
        return -(-x).log()
