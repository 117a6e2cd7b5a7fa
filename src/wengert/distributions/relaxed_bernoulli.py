"""A differentiable stand-in for Bernoulli."""

from typing import ClassVar

import wengert as wg

from . import constraints
from .bernoulli import Binary
from .transformed_distribution import TransformedDistribution
from .transforms import SigmoidTransform
from .utils import broadcast_all, clamp_probs


class LogitRelaxedBernoulli(Binary):
    """The logit of a RelaxedBernoulli."""

    support = constraints.real
    has_rsample = True

    def __init__(self, temperature, probs=None, logits=None, validate_args=None):
        self.temperature = temperature
        super().__init__(probs, logits, validate_args)

    def expand(self, batch_shape, _instance=None):
        """The same with a larger batch shape; the temperature stays as it is."""
        new = super().expand(batch_shape, _instance) if self.temperature.dim() == 0 else None
        if new is None:
            new = type(self).__new__(type(self))
            new.__dict__.update(self.__dict__)
            for name in ("probs", "logits"):
                if name in self.__dict__:
                    new.__dict__[name] = self.__dict__[name].expand(batch_shape)
            new._batch_shape = wg.Size(batch_shape)
        new.temperature = self.temperature
        return new

    def rsample(self, sample_shape=()):
        """Draws through which gradients reach the parameters."""
        shape = self._extended_shape(sample_shape)
        probs = clamp_probs(self.probs.expand(shape))
        uniforms = clamp_probs(wg.rand(shape, dtype=probs.dtype))
        return (uniforms.log() - (-uniforms).log1p() + probs.log() - (-probs).log1p()) / self.temperature

    def log_prob(self, value):
        """Logarithm of the density."""
        if self._validate_args:
            self._validate_sample(value)
        logits, value = broadcast_all(self.logits, value)
        difference = logits - value.mul(self.temperature)
        return self.temperature.log() + difference - 2 * difference.exp().log1p()


class RelaxedBernoulli(TransformedDistribution):
    """Numbers between 0 and 1 that tend to them as the temperature falls, with gradients."""

    arg_constraints: ClassVar = {"probs": constraints.unit_interval, "logits": constraints.real}
    support = constraints.unit_interval
    has_rsample = True

    def __init__(self, temperature, probs=None, logits=None, validate_args=None):
        super().__init__(
            LogitRelaxedBernoulli(temperature, probs, logits), SigmoidTransform(), validate_args=validate_args
        )

    temperature = property(lambda self: self.base_dist.temperature)
    logits = property(lambda self: self.base_dist.logits)
    probs = property(lambda self: self.base_dist.probs)
