"""The Laplace distribution."""

from typing import ClassVar

import wengert as wg

from . import constraints
from .distribution import Distribution
from .utils import broadcast_all


class Laplace(Distribution):
    """Laplace with centre `loc` and mean absolute deviation `scale`."""

    arg_constraints: ClassVar = {"loc": constraints.real, "scale": constraints.positive}
    support = constraints.real
    has_rsample = True

    def __init__(self, loc, scale, validate_args=None):
        self.loc, self.scale = broadcast_all(loc, scale)
        super().__init__(self.loc.size(), validate_args=validate_args)

    mean = mode = property(lambda self: self.loc)
    variance = property(lambda self: 2 * self.scale.pow(2))
    stddev = property(lambda self: (2**0.5) * self.scale)

    def rsample(self, sample_shape=()):
        """Draws through which gradients reach both parameters."""
        u = wg.empty(self._extended_shape(sample_shape), dtype=self.loc.dtype)
        u.uniform_(wg.finfo(self.loc.dtype).eps - 1, 1)
        return self.loc - self.scale * u.sign() * wg.log1p(-u.abs())

    def log_prob(self, value):
        """Logarithm of the density."""
        if self._validate_args:
            self._validate_sample(value)
        return -wg.log(2 * self.scale) - wg.abs(value - self.loc) / self.scale

    def cdf(self, value):
        """Probability of at most a value."""
        if self._validate_args:
            self._validate_sample(value)
        distance = value - self.loc
        return 0.5 - 0.5 * distance.sign() * wg.expm1(-distance.abs() / self.scale)

    def icdf(self, value):
        """The inverse of cdf."""
        term = value - 0.5
        return self.loc - self.scale * term.sign() * wg.log1p(-2 * term.abs())

    def entropy(self):
        """The entropy."""
        return 1 + wg.log(2 * self.scale)
