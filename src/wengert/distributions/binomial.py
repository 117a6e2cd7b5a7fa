"""Successes in a number of trials."""

from typing import ClassVar

import wengert as wg

from . import constraints
from .bernoulli import Binary
from .utils import broadcast_all, probs_or_logits


def _clamp_by_zero(x):
    """max(x, 0), with a gradient of 1/2 at 0."""
    return (x.clamp(min=0) + x - x.clamp(max=0)) / 2


class Binomial(Binary):
    """Number of successes in `total_count` trials, each with probability `probs`."""

    arg_constraints: ClassVar = {
        "total_count": constraints.nonnegative_integer,
        "probs": constraints.unit_interval,
        "logits": constraints.real,
    }
    has_enumerate_support = True

    def __init__(self, total_count=1, probs=None, logits=None, validate_args=None):
        probs_or_logits(probs, logits)
        self.total_count, param = broadcast_all(total_count, probs if logits is None else logits)
        self.total_count = self.total_count.type_as(param)
        super().__init__(*((param, None) if logits is None else (None, param)), validate_args)

    @constraints.dependent_property(is_discrete=True, event_dim=0)
    def support(self):
        """0 … total_count."""
        return constraints.integer_interval(0, self.total_count)

    mean = property(lambda self: self.total_count * self.probs)
    mode = property(lambda self: ((self.total_count + 1) * self.probs).floor().clamp(max=self.total_count))
    variance = property(lambda self: self.total_count * self.probs * (1 - self.probs))

    def sample(self, sample_shape=()):
        """Draws without gradients."""
        shape = self._extended_shape(sample_shape)
        with wg.no_grad():
            return wg.binomial(self.total_count.expand(shape), self.probs.expand(shape))

    def log_prob(self, value):
        """Logarithm of the probability."""
        if self._validate_args:
            self._validate_sample(value)
        n = self.total_count
        least = n * _clamp_by_zero(self.logits) + n * wg.log1p(wg.exp(-wg.abs(self.logits)))
        normalizer = least - wg.lgamma(n + 1)
        return value * self.logits - wg.lgamma(value + 1) - wg.lgamma(n - value + 1) - normalizer

    def entropy(self):
        """The entropy, by summing over all values."""
        if not bool((self.total_count == self.total_count.max()).all()):
            raise NotImplementedError("Inhomogeneous total count not supported by `entropy`.")
        log_prob = self.log_prob(self.enumerate_support(False))
        return -(wg.exp(log_prob) * log_prob).sum(0)

    def enumerate_support(self, expand=True):
        """0 … total_count along a new first dimension."""
        total = int(self.total_count.max())
        if not bool((self.total_count == total).all()):
            raise NotImplementedError("Inhomogeneous total count not supported by `enumerate_support`.")
        values = wg.arange(1 + total, dtype=self._param.dtype).view((-1,) + (1,) * len(self._batch_shape))
        return values.expand((-1,) + tuple(self._batch_shape)) if expand else values
