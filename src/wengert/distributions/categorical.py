"""One of n outcomes, by number or as a one-hot vector."""

from typing import ClassVar

import wengert as wg

from . import constraints
from .distribution import Distribution
from .utils import lazy_property, logits_to_probs, probs_or_logits, probs_to_logits


class Categorical(Distribution):
    """Numbers 0 … n-1 with probabilities along the last dimension of `probs` (scaled to add up to 1) or `logits`.

    >>> import wengert
    >>> Categorical(wengert.tensor([1.0, 3.0])).probs
    tensor([0.2500, 0.7500])
    """

    arg_constraints: ClassVar = {"probs": constraints.simplex, "logits": constraints.real_vector}
    has_enumerate_support = True

    def __init__(self, probs=None, logits=None, validate_args=None):
        probs_or_logits(probs, logits)
        name, given = ("probs", probs) if logits is None else ("logits", logits)
        if given.dim() < 1:
            raise ValueError(f"`{name}` parameter must be at least one-dimensional.")
        if logits is None:
            self.probs = probs / probs.sum(-1, keepdim=True)
        else:
            self.logits = logits - logits.logsumexp(dim=-1, keepdim=True)
        self._num_events = given.size()[-1]
        super().__init__(given.size()[:-1], validate_args=validate_args)

    @lazy_property
    def logits(self):
        """Logarithms of the probabilities."""
        return probs_to_logits(self.probs)

    @lazy_property
    def probs(self):
        """The probabilities."""
        return logits_to_probs(self.logits)

    @property
    def _param(self):
        return self.probs if "probs" in self.__dict__ else self.logits

    @property
    def param_shape(self):
        """The shape of the parameter."""
        return self._param.size()

    @constraints.dependent_property(is_discrete=True, event_dim=0)
    def support(self):
        """0 … n-1."""
        return constraints.integer_interval(0, self._num_events - 1)

    @property
    def mean(self):
        """nan: outcomes are names, not numbers."""
        return wg.full(self._extended_shape(), float("nan"), dtype=self.probs.dtype)

    variance = mean
    mode = property(lambda self: self.probs.argmax(dim=-1))

    def sample(self, sample_shape=()):
        """Draws without gradients."""
        sample_shape = wg.Size(sample_shape)
        with wg.no_grad():
            drawn = wg.multinomial(self.probs.reshape(-1, self._num_events), sample_shape.numel(), True).T
        return drawn.reshape(self._extended_shape(sample_shape))

    def log_prob(self, value):
        """Logarithm of the probability."""
        if self._validate_args:
            self._validate_sample(value)
        value, log_pmf = wg.broadcast_tensors(value.long().unsqueeze(-1), self.logits)
        return log_pmf.gather(-1, value[..., :1]).squeeze(-1)

    def entropy(self):
        """The entropy."""
        logits = wg.clamp(self.logits, min=wg.finfo(self.logits.dtype).min)
        return -(logits * self.probs).sum(-1)

    def enumerate_support(self, expand=True):
        """0 … n-1 along a new first dimension."""
        values = wg.arange(self._num_events, dtype=wg.long).view((-1,) + (1,) * len(self._batch_shape))
        return values.expand((-1,) + tuple(self._batch_shape)) if expand else values
