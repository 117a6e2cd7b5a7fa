"""Random correlation matrices, as their Cholesky factors."""

import math
from typing import ClassVar

import wengert as wg

from . import constraints
from .beta import Beta
from .distribution import Distribution
from .utils import broadcast_all


class LKJCholesky(Distribution):
    """Cholesky factors of `dim` by `dim` correlation matrices with density det ** (concentration - 1).

    >>> import wengert
    >>> LKJCholesky(3).sample().shape
    torch.Size([3, 3])
    """

    arg_constraints: ClassVar = {"concentration": constraints.positive}
    support = constraints.corr_cholesky

    def __init__(self, dim, concentration=1.0, validate_args=None):
        if dim < 2:
            raise ValueError(f"Expected dim to be an integer greater than or equal to 2. Found dim={dim}.")
        self.dim = dim
        (self.concentration,) = broadcast_all(concentration)
        # Row k of the factor has a length below the diagonal whose square is a beta draw (the onion method).
        offset = wg.arange(dim - 1, dtype=self.concentration.dtype)
        offset = wg.cat([offset.new_zeros((1,)), offset])
        marginal = self.concentration + 0.5 * (dim - 2)
        self._beta = Beta(offset + 0.5, marginal.unsqueeze(-1) - 0.5 * offset)
        super().__init__(self.concentration.size(), (dim, dim), validate_args)

    def expand(self, batch_shape, _instance=None):
        """The same with a larger batch shape."""
        new = type(self).__new__(type(self)) if _instance is None else _instance
        new.__dict__.update(self.__dict__)
        new.concentration = self.concentration.expand(batch_shape)
        new._beta, new._batch_shape = self._beta.expand((*batch_shape, self.dim)), wg.Size(batch_shape)
        return new

    def sample(self, sample_shape=()):
        """Draws without gradients."""
        with wg.no_grad():
            squared = self._beta.sample(sample_shape).unsqueeze(-1)
            shape = self._extended_shape(sample_shape)
            direction = wg.randn(shape, dtype=squared.dtype).tril(-1)
            direction = direction / direction.norm(dim=-1, keepdim=True)
            direction[..., 0, :].fill_(0.0)
            below = squared.sqrt() * direction
            diagonal = wg.clamp(1 - wg.sum(below**2, dim=-1), min=wg.finfo(below.dtype).tiny).sqrt()
            return below + wg.diag_embed(diagonal)

    def log_prob(self, value):
        """Logarithm of the density."""
        if self._validate_args:
            self._validate_sample(value)
        diagonal = value.diagonal(dim1=-1, dim2=-2)[..., 1:]
        order = wg.arange(2, self.dim + 1, dtype=diagonal.dtype)
        order = 2 * (self.concentration - 1).unsqueeze(-1) + self.dim - order
        rest = self.dim - 1
        alpha = self.concentration + 0.5 * rest
        normalizer = 0.5 * rest * math.log(math.pi) + wg.mvlgamma(alpha - 0.5, rest) - wg.lgamma(alpha) * rest
        return (order * diagonal.log()).sum(-1) - normalizer
