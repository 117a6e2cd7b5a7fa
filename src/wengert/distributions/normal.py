"""The normal distribution."""

import math
from typing import ClassVar

import wengert as wg

from . import constraints
from .distribution import ExponentialFamily
from .utils import broadcast_all, standard_normal


class Normal(ExponentialFamily):
    """Normal with mean `loc` and standard deviation `scale`.

    >>> import wengert
    >>> Normal(0.0, 1.0).log_prob(wengert.tensor(0.0))
    tensor(-0.9189)
    """

    arg_constraints: ClassVar = {"loc": constraints.real, "scale": constraints.positive}
    support = constraints.real
    has_rsample = True

    def __init__(self, loc, scale, validate_args=None):
        self.loc, self.scale = broadcast_all(loc, scale)
        super().__init__(self.loc.size(), validate_args=validate_args)

    _mean_carrier_measure = 0
    _natural_params = property(lambda self: (self.loc / self.scale.pow(2), -0.5 * self.scale.pow(2).reciprocal()))
    mean = mode = property(lambda self: self.loc)
    stddev = property(lambda self: self.scale)
    variance = property(lambda self: self.stddev.pow(2))

    def sample(self, sample_shape=()):
        """Draws without gradients."""
        shape = self._extended_shape(sample_shape)
        with wg.no_grad():
            return wg.normal(self.loc.expand(shape), self.scale.expand(shape))

    def rsample(self, sample_shape=()):
        """Draws as loc + scale * a standard normal."""
        return self.loc + standard_normal(self._extended_shape(sample_shape), self.loc) * self.scale

    def log_prob(self, value):
        """Logarithm of the density."""
        if self._validate_args:
            self._validate_sample(value)
        variance = self.scale**2
        return -((value - self.loc) ** 2) / (2 * variance) - self.scale.log() - math.log(math.sqrt(2 * math.pi))

    def cdf(self, value):
        """Probability of at most a value."""
        if self._validate_args:
            self._validate_sample(value)
        return 0.5 * (1 + wg.erf((value - self.loc) * self.scale.reciprocal() / math.sqrt(2)))

    def icdf(self, value):
        """The inverse of cdf."""
        return self.loc + self.scale * wg.erfinv(2 * value - 1) * math.sqrt(2)

    def entropy(self):
        """The entropy."""
        return 0.5 + 0.5 * math.log(2 * math.pi) + wg.log(self.scale)

    def _log_normalizer(self, x, y):
        return -0.25 * x.pow(2) / y + 0.5 * (-math.pi / y).log()
