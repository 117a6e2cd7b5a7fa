"""Student's t distribution."""
# ruff: noqa: N999 (the module has this name in torch)

import math
from typing import ClassVar

import wengert as wg

from . import constraints
from .chi2 import Chi2
from .distribution import Distribution
from .utils import broadcast_all, standard_normal


class StudentT(Distribution):
    """Student's t with `df` degrees of freedom, moved by `loc` and stretched by `scale`."""

    arg_constraints: ClassVar = {"df": constraints.positive, "loc": constraints.real, "scale": constraints.positive}
    support = constraints.real
    has_rsample = True

    def __init__(self, df, loc=0.0, scale=1.0, validate_args=None):
        self.df, self.loc, self.scale = broadcast_all(df, loc, scale)
        self._chi2 = Chi2(self.df)
        super().__init__(self.df.size(), validate_args=validate_args)

    @property
    def mean(self):
        """loc, where there is a mean."""
        return self.loc.masked_fill(self.df <= 1, float("nan"))

    mode = property(lambda self: self.loc)

    @property
    def variance(self):
        """The variance, infinite up to 2 degrees of freedom and undefined up to 1."""
        result = self.scale.pow(2) * self.df / (self.df - 2)
        return result.masked_fill(self.df <= 2, float("inf")).masked_fill(self.df <= 1, float("nan"))

    def rsample(self, sample_shape=()):
        """Draws through which gradients reach the parameters: a normal over the root of a chi-squared."""
        normal = standard_normal(self._extended_shape(sample_shape), self.df)
        return self.loc + self.scale * (normal * wg.rsqrt(self._chi2.rsample(sample_shape) / self.df))

    def log_prob(self, value):
        """Logarithm of the density."""
        if self._validate_args:
            self._validate_sample(value)
        y = (value - self.loc) / self.scale
        normalizer = (
            self.scale.log()
            + 0.5 * self.df.log()
            + 0.5 * math.log(math.pi)
            + wg.lgamma(0.5 * self.df)
            - wg.lgamma(0.5 * (self.df + 1.0))
        )
        return -0.5 * (self.df + 1.0) * wg.log1p(y**2.0 / self.df) - normalizer

    def entropy(self):
        """The entropy."""
        log_beta = wg.lgamma(0.5 * self.df) + math.lgamma(0.5) - wg.lgamma(0.5 * (self.df + 1))
        return (
            self.scale.log()
            + 0.5 * (self.df + 1) * (wg.digamma(0.5 * (self.df + 1)) - wg.digamma(0.5 * self.df))
            + 0.5 * self.df.log()
            + log_beta
        )
