"""Normal vectors whose covariance is of low rank plus a diagonal."""

import math
from typing import ClassVar

import wengert as wg

from . import constraints
from .distribution import Distribution
from .multivariate_normal import _batch_mahalanobis, _batch_mv
from .utils import lazy_property, standard_normal


class LowRankMultivariateNormal(Distribution):
    """Normal vectors with mean `loc` and covariance `cov_factor @ cov_factor.T + diag(cov_diag)`.

    >>> import wengert
    >>> LowRankMultivariateNormal(wengert.zeros(2), wengert.ones(2, 1), wengert.ones(2)).variance
    tensor([2., 2.])
    """

    arg_constraints: ClassVar = {
        "loc": constraints.real_vector,
        "cov_factor": constraints.independent(constraints.real, 2),
        "cov_diag": constraints.independent(constraints.positive, 1),
    }
    support = constraints.real_vector
    has_rsample = True

    def __init__(self, loc, cov_factor, cov_diag, validate_args=None):
        if loc.dim() < 1:
            raise ValueError("loc must be at least one-dimensional.")
        size = loc.shape[-1:]
        if cov_factor.dim() < 2:
            raise ValueError("cov_factor must be at least two-dimensional, with optional leading batch dimensions")
        if cov_factor.shape[-2:-1] != size:
            raise ValueError(f"cov_factor must be a batch of matrices with shape {size[0]} x m")
        if cov_diag.shape[-1:] != size:
            raise ValueError(f"cov_diag must be a batch of vectors with shape {size}")
        try:
            batch = wg.broadcast_shapes(loc.shape[:-1], cov_factor.shape[:-2], cov_diag.shape[:-1])
        except RuntimeError as error:
            raise ValueError(
                f"Incompatible batch shapes: loc {loc.shape}, cov_factor {cov_factor.shape}, cov_diag {cov_diag.shape}"
            ) from error
        self.loc, self.cov_diag = loc.expand(tuple(batch) + (-1,)), cov_diag.expand(tuple(batch) + (-1,))
        self.cov_factor = cov_factor.expand(tuple(batch) + tuple(cov_factor.shape[-2:]))
        super().__init__(batch, size, validate_args)

    mean = mode = property(lambda self: self.loc)

    @lazy_property
    def variance(self):
        """The variance of each element."""
        return self.cov_factor.pow(2).sum(-1) + self.cov_diag

    @lazy_property
    def _capacitance_tril(self):
        """The Cholesky factor of I + F.T diag^-1 F, for F the factor: all that needs inverting."""
        scaled = self.cov_factor.mT / self.cov_diag.unsqueeze(-2)
        return wg.linalg.cholesky(scaled @ self.cov_factor + wg.eye(self.cov_factor.shape[-1], dtype=self.loc.dtype))

    @lazy_property
    def covariance_matrix(self):
        """The covariance."""
        return self.cov_factor @ self.cov_factor.mT + wg.diag_embed(self.cov_diag)

    @lazy_property
    def scale_tril(self):
        """The Cholesky factor of the covariance."""
        return wg.linalg.cholesky(self.covariance_matrix)

    @lazy_property
    def precision_matrix(self):
        """The inverse of the covariance."""
        scaled = self.cov_factor.mT / self.cov_diag.unsqueeze(-2)
        half = wg.linalg.solve_triangular(self._capacitance_tril, scaled, upper=False)
        return wg.diag_embed(self.cov_diag.reciprocal()) - half.mT @ half

    def rsample(self, sample_shape=()):
        """Draws through which gradients reach the parameters."""
        shape = self._extended_shape(sample_shape)
        common = standard_normal(tuple(shape[:-1]) + tuple(self.cov_factor.shape[-1:]), self.loc)
        own = standard_normal(shape, self.loc)
        return self.loc + _batch_mv(self.cov_factor, common) + self.cov_diag.sqrt() * own

    def _log_det(self):
        return 2 * self._capacitance_tril.diagonal(dim1=-2, dim2=-1).log().sum(-1) + self.cov_diag.log().sum(-1)

    def log_prob(self, value):
        """Logarithm of the density, by Woodbury's identity."""
        if self._validate_args:
            self._validate_sample(value)
        difference = value - self.loc
        projected = _batch_mv(self.cov_factor.mT / self.cov_diag.unsqueeze(-2), difference)
        distance = (difference.pow(2) / self.cov_diag).sum(-1) - _batch_mahalanobis(self._capacitance_tril, projected)
        return -0.5 * (self._event_shape[0] * math.log(2 * math.pi) + self._log_det() + distance)

    def entropy(self):
        """The entropy."""
        result = 0.5 * (self._event_shape[0] * (1.0 + math.log(2 * math.pi)) + self._log_det())
        return result if len(self._batch_shape) == 0 else result.expand(self._batch_shape)
