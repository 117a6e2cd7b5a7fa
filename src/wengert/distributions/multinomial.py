"""How often each of n outcomes came up."""

from typing import ClassVar

import wengert as wg

from . import constraints
from .binomial import Binomial
from .categorical import Categorical
from .distribution import Distribution
from .utils import broadcast_all


class Multinomial(Distribution):
    """Counts of the outcomes of `total_count` draws, with probabilities along the last dimension."""

    arg_constraints: ClassVar = {"probs": constraints.simplex, "logits": constraints.real_vector}

    def __init__(self, total_count=1, probs=None, logits=None, validate_args=None):
        if not isinstance(total_count, int):
            raise NotImplementedError("inhomogeneous total_count is not supported")
        self.total_count = total_count
        self._categorical = Categorical(probs=probs, logits=logits)
        super().__init__(self._categorical.batch_shape, self._categorical.param_shape[-1:], validate_args)

    probs = property(lambda self: self._categorical.probs)
    logits = property(lambda self: self._categorical.logits)
    mean = property(lambda self: self.probs * self.total_count)
    variance = property(lambda self: self.total_count * self.probs * (1 - self.probs))
    param_shape = property(lambda self: self._categorical.param_shape)

    @constraints.dependent_property(is_discrete=True, event_dim=1)
    def support(self):
        """Counts that add up to total_count."""
        return constraints.multinomial(self.total_count)

    def sample(self, sample_shape=()):
        """Draws without gradients."""
        draws = self._categorical.sample((self.total_count, *sample_shape)).movedim(0, -1)
        counts = wg.zeros(self._extended_shape(sample_shape), dtype=draws.dtype)
        return counts.scatter_add_(-1, draws, wg.ones_like(draws)).type_as(self.probs)

    def log_prob(self, value):
        """Logarithm of the probability."""
        if self._validate_args:
            self._validate_sample(value)
        logits, value = broadcast_all(self.logits, value)
        logits = wg.where((value == 0) & (logits == -float("inf")), wg.zeros_like(logits), logits)
        return wg.lgamma(value.sum(-1) + 1) - wg.lgamma(value + 1).sum(-1) + (logits * value).sum(-1)

    def entropy(self):
        """The entropy."""
        n = wg.tensor(self.total_count)
        each = Binomial(self.total_count, probs=self.probs)
        counts = each.enumerate_support(expand=False)[1:]
        terms = (each.log_prob(counts).exp() * (counts + 1).lgamma()).sum([0, -1])
        return n * self._categorical.entropy() - (n + 1).lgamma() + terms
