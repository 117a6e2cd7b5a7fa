"""0 or 1."""

from typing import ClassVar

import wengert as wg
import wengert.nn.functional as F

from . import constraints
from .distribution import Distribution, ExponentialFamily
from .utils import broadcast_all, lazy_property, logits_to_probs, probs_or_logits, probs_to_logits


class Binary(Distribution):
    """What distributions with the probability of one outcome share: `probs` or `logits`."""

    arg_constraints: ClassVar = {"probs": constraints.unit_interval, "logits": constraints.real}

    def __init__(self, probs, logits, validate_args):
        scalar = probs_or_logits(probs, logits)
        if logits is None:
            (self.probs,) = broadcast_all(probs)
        else:
            (self.logits,) = broadcast_all(logits)
        super().__init__(() if scalar else self._param.size(), validate_args=validate_args)

    @property
    def _param(self):
        return self.probs if "probs" in self.__dict__ else self.logits

    param_shape = property(lambda self: self._param.size())

    @lazy_property
    def logits(self):
        """log(p / (1 - p))."""
        return probs_to_logits(self.probs, is_binary=True)

    @lazy_property
    def probs(self):
        """The probability of 1."""
        return logits_to_probs(self.logits, is_binary=True)


class Bernoulli(Binary, ExponentialFamily):
    """1 with probability `probs`, given so or as `logits`.

    >>> import wengert
    >>> Bernoulli(0.5).log_prob(wengert.tensor(1.0))
    tensor(-0.6931)
    """

    support = constraints.boolean
    has_enumerate_support = True

    def __init__(self, probs=None, logits=None, validate_args=None):
        super().__init__(probs, logits, validate_args)

    _mean_carrier_measure = 0
    _natural_params = property(lambda self: (wg.logit(self.probs),))
    mean = property(lambda self: self.probs)
    variance = property(lambda self: self.probs * (1 - self.probs))

    @property
    def mode(self):
        """The likelier value, nan for even chances."""
        mode = (self.probs >= 0.5).to(self.probs)
        mode[self.probs == 0.5] = float("nan")
        return mode

    def sample(self, sample_shape=()):
        """Draws without gradients."""
        with wg.no_grad():
            return wg.bernoulli(self.probs.expand(self._extended_shape(sample_shape)))

    def log_prob(self, value):
        """Logarithm of the probability."""
        if self._validate_args:
            self._validate_sample(value)
        logits, value = broadcast_all(self.logits, value)
        return -F.binary_cross_entropy_with_logits(logits, value, reduction="none")

    def entropy(self):
        """The entropy."""
        return F.binary_cross_entropy_with_logits(self.logits, self.probs, reduction="none")

    def _log_normalizer(self, logits):
        return logits.exp().log1p()

    def enumerate_support(self, expand=True):
        """0 and 1 along a new first dimension."""
        values = wg.arange(2, dtype=self._param.dtype).view((-1,) + (1,) * len(self._batch_shape))
        return values.expand((-1,) + tuple(self._batch_shape)) if expand else values
