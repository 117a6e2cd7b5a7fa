"""The gamma distribution."""

from typing import ClassVar

import wengert as wg

from . import constraints
from .distribution import ExponentialFamily
from .utils import broadcast_all


class Gamma(ExponentialFamily):
    """Gamma with shape `concentration` and `rate`, the inverse of its scale."""

    arg_constraints: ClassVar = {"concentration": constraints.positive, "rate": constraints.positive}
    support = constraints.nonnegative
    has_rsample = True

    def __init__(self, concentration, rate, validate_args=None):
        self.concentration, self.rate = broadcast_all(concentration, rate)
        super().__init__(self.concentration.size(), validate_args=validate_args)

    _mean_carrier_measure = 0
    _natural_params = property(lambda self: (self.concentration - 1, -self.rate))
    mean = property(lambda self: self.concentration / self.rate)
    mode = property(lambda self: ((self.concentration - 1) / self.rate).clamp(min=0))
    variance = property(lambda self: self.concentration / self.rate.pow(2))

    def rsample(self, sample_shape=()):
        """Draws through which gradients reach both parameters."""
        shape = self._extended_shape(sample_shape)
        value = wg._standard_gamma(self.concentration.expand(shape)) / self.rate.expand(shape)
        value.detach().clamp_(min=wg.finfo(value.dtype).tiny)  # no zeros: their logarithm would be -inf
        return value

    def log_prob(self, value):
        """Logarithm of the density."""
        value = wg.as_tensor(value, dtype=self.rate.dtype, device=self.rate.device)
        if self._validate_args:
            self._validate_sample(value)
        return (
            wg.xlogy(self.concentration, self.rate)
            + wg.xlogy(self.concentration - 1, value)
            - self.rate * value
            - wg.lgamma(self.concentration)
        )

    def entropy(self):
        """The entropy."""
        return (
            self.concentration
            - wg.log(self.rate)
            + wg.lgamma(self.concentration)
            + (1.0 - self.concentration) * wg.digamma(self.concentration)
        )

    def cdf(self, value):
        """Probability of at most a value."""
        if self._validate_args:
            self._validate_sample(value)
        return wg.special.gammainc(self.concentration, self.rate * value)

    def _log_normalizer(self, x, y):
        return (x + 1).lgamma() + (x + 1) * (-y.reciprocal()).log()
