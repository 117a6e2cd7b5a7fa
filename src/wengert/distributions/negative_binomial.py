"""Successes before a number of failures."""

from typing import ClassVar

import wengert as wg
import wengert.nn.functional as F

from . import constraints
from .bernoulli import Binary
from .gamma import Gamma
from .utils import broadcast_all, lazy_property, probs_or_logits


class NegativeBinomial(Binary):
    """Number of successes, each with probability `probs`, before `total_count` failures."""

    arg_constraints: ClassVar = {
        "total_count": constraints.greater_than_eq(0),
        "probs": constraints.half_open_interval(0.0, 1.0),
        "logits": constraints.real,
    }
    support = constraints.nonnegative_integer

    def __init__(self, total_count, probs=None, logits=None, validate_args=None):
        probs_or_logits(probs, logits)
        self.total_count, param = broadcast_all(total_count, probs if logits is None else logits)
        self.total_count = self.total_count.type_as(param)
        super().__init__(*((param, None) if logits is None else (None, param)), validate_args)

    mean = property(lambda self: self.total_count * wg.exp(self.logits))
    mode = property(lambda self: ((self.total_count - 1) * self.logits.exp()).floor().clamp(min=0.0))
    variance = property(lambda self: self.mean / wg.sigmoid(-self.logits))

    @lazy_property
    def _gamma(self):
        return Gamma(concentration=self.total_count, rate=wg.exp(-self.logits), validate_args=False)

    def sample(self, sample_shape=()):
        """Draws without gradients: Poisson with a Gamma rate."""
        with wg.no_grad():
            return wg.poisson(self._gamma.sample(sample_shape))

    def log_prob(self, value):
        """Logarithm of the probability."""
        if self._validate_args:
            self._validate_sample(value)
        unnormalized = self.total_count * F.logsigmoid(-self.logits) + value * F.logsigmoid(self.logits)
        both = self.total_count + value
        normalizer = -wg.lgamma(both) + wg.lgamma(1.0 + value) + wg.lgamma(self.total_count)
        return unnormalized - normalizer.masked_fill(both == 0.0, 0.0)
