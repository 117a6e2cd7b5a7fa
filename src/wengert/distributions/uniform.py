"""The uniform distribution."""

import wengert as wg

from . import constraints
from .distribution import Distribution
from .utils import broadcast_all


class Uniform(Distribution):
    """Numbers from `low` up to `high`."""

    has_rsample = True

    def __init__(self, low, high, validate_args=None):
        self.low, self.high = broadcast_all(low, high)
        super().__init__(self.low.size(), validate_args=validate_args)

    @property
    def arg_constraints(self):
        """low is below high."""
        return {"low": constraints.less_than(self.high), "high": constraints.greater_than(self.low)}

    mode = property(lambda self: float("nan") * self.high)
    mean = property(lambda self: (self.high + self.low) / 2)
    stddev = property(lambda self: (self.high - self.low) / 12**0.5)
    variance = property(lambda self: (self.high - self.low).pow(2) / 12)

    @constraints.dependent_property(is_discrete=False, event_dim=0)
    def support(self):
        """low … high."""
        return constraints.interval(self.low, self.high)

    def rsample(self, sample_shape=()):
        """Draws through which gradients reach the bounds."""
        return self.low + wg.rand(self._extended_shape(sample_shape), dtype=self.low.dtype) * (self.high - self.low)

    def log_prob(self, value):
        """Logarithm of the density."""
        if self._validate_args:
            self._validate_sample(value)
        inside = self.low.le(value).type_as(self.low).mul(self.high.gt(value).type_as(self.low))
        return wg.log(inside) - wg.log(self.high - self.low)

    def cdf(self, value):
        """Probability of at most a value."""
        if self._validate_args:
            self._validate_sample(value)
        return ((value - self.low) / (self.high - self.low)).clamp(min=0, max=1)

    def icdf(self, value):
        """The inverse of cdf."""
        return value * (self.high - self.low) + self.low

    def entropy(self):
        """The entropy."""
        return wg.log(self.high - self.low)
