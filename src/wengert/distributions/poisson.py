"""Number of events in a span of time."""

from typing import ClassVar

import wengert as wg

from . import constraints
from .distribution import ExponentialFamily
from .utils import broadcast_all


class Poisson(ExponentialFamily):
    """Number of events when `rate` are expected."""

    arg_constraints: ClassVar = {"rate": constraints.nonnegative}
    support = constraints.nonnegative_integer

    def __init__(self, rate, validate_args=None):
        (self.rate,) = broadcast_all(rate)
        super().__init__(self.rate.size(), validate_args=validate_args)

    _natural_params = property(lambda self: (self.rate.log(),))
    mean = variance = property(lambda self: self.rate)
    mode = property(lambda self: self.rate.floor())

    def sample(self, sample_shape=()):
        """Draws without gradients."""
        with wg.no_grad():
            return wg.poisson(self.rate.expand(self._extended_shape(sample_shape)))

    def log_prob(self, value):
        """Logarithm of the probability."""
        if self._validate_args:
            self._validate_sample(value)
        rate, value = broadcast_all(self.rate, value)
        return value.xlogy(rate) - rate - (value + 1).lgamma()

    def _log_normalizer(self, log_rate):
        return log_rate.exp()
