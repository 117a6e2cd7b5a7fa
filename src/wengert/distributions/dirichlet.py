"""The Dirichlet and beta distributions."""

from typing import ClassVar

import wengert as wg

from . import constraints
from .distribution import ExponentialFamily


def _Dirichlet_backward(x, concentration, grad_output):
    total = concentration.sum(-1, True).expand_as(concentration)
    slope = wg._dirichlet_grad(x, concentration, total)
    return slope * (grad_output - (x * grad_output).sum(-1, True))


class _Dirichlet(wg.autograd.Function):
    """Draws whose gradient comes from the implicit derivative of the sample by the concentration."""

    @staticmethod
    def forward(ctx, concentration):
        x = wg._sample_dirichlet(concentration)
        ctx.save_for_backward(x, concentration)
        return x

    @staticmethod
    @wg.autograd.function.once_differentiable
    def backward(ctx, grad):
        return _Dirichlet_backward(*ctx.saved_tensors, grad)


class Dirichlet(ExponentialFamily):
    """Points of the simplex, with a positive `concentration` for each corner.

    >>> import wengert
    >>> Dirichlet(wengert.ones(3)).mean
    tensor([0.3333, 0.3333, 0.3333])
    """

    arg_constraints: ClassVar = {"concentration": constraints.independent(constraints.positive, 1)}
    support = constraints.simplex
    has_rsample = True

    def __init__(self, concentration, validate_args=None):
        if concentration.dim() < 1:
            raise ValueError("`concentration` parameter must be at least one-dimensional.")
        self.concentration = concentration
        super().__init__(concentration.shape[:-1], concentration.shape[-1:], validate_args)

    def rsample(self, sample_shape=()):
        """Draws through which gradients reach the concentration."""
        return _Dirichlet.apply(self.concentration.expand(self._extended_shape(sample_shape)))

    def log_prob(self, value):
        """Logarithm of the density."""
        if self._validate_args:
            self._validate_sample(value)
        return (
            wg.xlogy(self.concentration - 1.0, value).sum(-1)
            + wg.lgamma(self.concentration.sum(-1))
            - wg.lgamma(self.concentration).sum(-1)
        )

    _natural_params = property(lambda self: (self.concentration,))
    mean = property(lambda self: self.concentration / self.concentration.sum(-1, True))

    @property
    def mode(self):
        """The most probable point, for concentrations above 1; else a corner."""
        above = (self.concentration - 1).clamp(min=0.0)
        mode = above / above.sum(-1, True)
        flat = (self.concentration < 1).all(dim=-1)
        corner = wg.nn.functional.one_hot(mode[flat].argmax(dim=-1), self.concentration.shape[-1])
        mode[flat] = corner.to(mode)
        return mode

    @property
    def variance(self):
        """The variance of each element."""
        total = self.concentration.sum(-1, True)
        return self.concentration * (total - self.concentration) / (total.pow(2) * (total + 1))

    def entropy(self):
        """The entropy."""
        k, total = self.concentration.size(-1), self.concentration.sum(-1)
        return (
            wg.lgamma(self.concentration).sum(-1)
            - wg.lgamma(total)
            - (k - total) * wg.digamma(total)
            - ((self.concentration - 1.0) * wg.digamma(self.concentration)).sum(-1)
        )

    def _log_normalizer(self, x):
        return x.lgamma().sum(-1) - x.sum(-1).lgamma()
