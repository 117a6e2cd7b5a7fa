"""One of n outcomes as a one-hot vector."""

from typing import ClassVar

import wengert as wg
import wengert.nn.functional as F

from . import constraints
from .categorical import Categorical
from .distribution import Distribution
from .utils import clamp_probs


class OneHotCategorical(Distribution):
    """One-hot vectors with probabilities along the last dimension of `probs` or `logits`."""

    arg_constraints: ClassVar = {"probs": constraints.simplex, "logits": constraints.real_vector}
    support = constraints.one_hot
    has_enumerate_support = True

    def __init__(self, probs=None, logits=None, validate_args=None):
        self._categorical = Categorical(probs, logits)
        super().__init__(self._categorical.batch_shape, self._categorical.param_shape[-1:], validate_args)

    probs = property(lambda self: self._categorical.probs)
    logits = property(lambda self: self._categorical.logits)
    mean = property(lambda self: self._categorical.probs)
    variance = property(lambda self: self.probs * (1 - self.probs))
    param_shape = property(lambda self: self._categorical.param_shape)

    @property
    def mode(self):
        """The most probable vector."""
        return F.one_hot(self.probs.argmax(dim=-1), num_classes=self.probs.shape[-1]).to(self.probs)

    def sample(self, sample_shape=()):
        """Draws without gradients."""
        drawn = self._categorical.sample(sample_shape)
        return F.one_hot(drawn, self._categorical._num_events).to(self._categorical._param)

    def log_prob(self, value):
        """Logarithm of the probability."""
        if self._validate_args:
            self._validate_sample(value)
        return self._categorical.log_prob(value.max(-1)[1])

    def entropy(self):
        """The entropy."""
        return self._categorical.entropy()

    def enumerate_support(self, expand=True):
        """All one-hot vectors along a new first dimension."""
        n = self.event_shape[0]
        values = wg.eye(n, dtype=self._categorical._param.dtype).view((n,) + (1,) * len(self.batch_shape) + (n,))
        return values.expand((n,) + tuple(self.batch_shape) + (n,)) if expand else values


class OneHotCategoricalStraightThrough(OneHotCategorical):
    """One-hot vectors that pass gradients on to the probabilities as if they were the probabilities."""

    has_rsample = True

    def rsample(self, sample_shape=()):
        """One-hot vectors with the probabilities' gradients."""
        samples = self.sample(sample_shape)
        probs = clamp_probs(self._categorical.probs)
        return samples + (probs - probs.detach())
