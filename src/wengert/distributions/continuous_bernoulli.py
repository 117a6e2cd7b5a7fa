"""The continuous Bernoulli distribution on the unit interval."""

import math

import wengert as wg
import wengert.nn.functional as F

from . import constraints
from .bernoulli import Binary
from .distribution import ExponentialFamily
from .utils import broadcast_all, clamp_probs, lazy_property, logits_to_probs, probs_or_logits


class ContinuousBernoulli(Binary, ExponentialFamily):
    """Density proportional to p^x (1 - p)^(1 - x) on [0, 1], with p given as `probs` or `logits`.

    lims: between them p counts as one half, where the exact formulas lose all digits.

    >>> import wengert
    >>> ContinuousBernoulli(wengert.tensor(0.3)).log_prob(wengert.tensor(0.5))
    tensor(-0.0297)
    """

    support = constraints.unit_interval
    has_rsample = True
    _mean_carrier_measure = 0
    _natural_params = property(lambda self: (self.logits,))

    def __init__(self, probs=None, logits=None, lims=(0.499, 0.501), validate_args=None):
        probs_or_logits(probs, logits)
        if logits is None:
            (probs,) = broadcast_all(probs)
            if validate_args is not None and not self.arg_constraints["probs"].check(probs).all():
                raise ValueError("The parameter probs has invalid values")
            probs = clamp_probs(probs)
        self._lims = lims
        super().__init__(probs, logits, validate_args)

    @lazy_property
    def probs(self):
        """p."""
        return clamp_probs(logits_to_probs(self.logits, is_binary=True))

    def _outside(self):
        """Where p is far enough from one half for the exact formulas."""
        return (self.probs <= self._lims[0]) | (self.probs > self._lims[1])

    def _cut(self):
        """p, moved away from one half so that both branches of a `where` are finite."""
        return wg.where(self._outside(), self.probs, self._lims[0] * wg.ones_like(self.probs))

    def _cont_bern_log_norm(self):
        """The logarithm of the normalising constant: of 2 artanh(1 - 2p) / (1 - 2p)."""
        cut = self._cut()
        below = wg.where(cut <= 0.5, cut, wg.zeros_like(cut))
        above = wg.where(cut >= 0.5, cut, wg.ones_like(cut))
        spread = wg.where(cut <= 0.5, wg.log1p(-2.0 * below), wg.log(2.0 * above - 1.0))
        exact = wg.log(wg.abs(wg.log1p(-cut) - wg.log(cut))) - spread
        x = (self.probs - 0.5) ** 2
        return wg.where(self._outside(), exact, math.log(2.0) + (4.0 / 3.0 + 104.0 / 45.0 * x) * x)

    @property
    def mean(self):
        """The mean."""
        cut, x = self._cut(), self.probs - 0.5
        exact = cut / (2.0 * cut - 1.0) + 1.0 / (wg.log1p(-cut) - wg.log(cut))
        return wg.where(self._outside(), exact, 0.5 + (1.0 / 3.0 + 16.0 / 45.0 * x**2) * x)

    @property
    def variance(self):
        """The variance."""
        cut, x = self._cut(), (self.probs - 0.5) ** 2
        exact = cut * (cut - 1.0) / (1.0 - 2.0 * cut) ** 2 + 1.0 / (wg.log1p(-cut) - wg.log(cut)) ** 2
        return wg.where(self._outside(), exact, 1.0 / 12.0 - (1.0 / 15.0 - 128.0 / 945.0 * x) * x)

    def rsample(self, sample_shape=()):
        """Draws, by the inverse of the cumulative distribution."""
        return self.icdf(wg.rand(self._extended_shape(sample_shape), dtype=self.probs.dtype))

    def log_prob(self, value):
        """Logarithm of the density."""
        if self._validate_args:
            self._validate_sample(value)
        logits, value = broadcast_all(self.logits, value)
        return -F.binary_cross_entropy_with_logits(logits, value, reduction="none") + self._cont_bern_log_norm()

    def cdf(self, value):
        """The chance of at most value."""
        if self._validate_args:
            self._validate_sample(value)
        cut = self._cut()
        exact = (cut**value * (1.0 - cut) ** (1.0 - value) + cut - 1.0) / (2.0 * cut - 1.0)
        inside = wg.where(self._outside(), exact, value)
        inside = wg.where(value >= 1.0, wg.ones_like(value), inside)
        return wg.where(value <= 0.0, wg.zeros_like(value), inside)

    def icdf(self, value):
        """The value below which a given share lies."""
        cut = self._cut()
        exact = (wg.log1p(-cut + value * (2.0 * cut - 1.0)) - wg.log1p(-cut)) / (wg.log(cut) - wg.log1p(-cut))
        return wg.where(self._outside(), exact, value)

    def entropy(self):
        """The entropy."""
        zero, one = wg.log1p(-self.probs), wg.log(self.probs)
        return self.mean * (zero - one) - self._cont_bern_log_norm() - zero

    def _log_normalizer(self, x):
        low, high = (limit - 0.5 for limit in self._lims)
        outside = (x <= low) | (x > high)
        cut = wg.where(outside, x, low * wg.ones_like(x))
        exact = cut.expm1().abs().log() - cut.abs().log()
        return wg.where(outside, exact, 0.5 * x + x**2 / 24.0 - x**4 / 2880.0)
