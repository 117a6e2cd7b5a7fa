"""The normal distribution of vectors."""

import math
from typing import ClassVar

import wengert as wg

from . import constraints
from .distribution import Distribution
from .utils import lazy_property, standard_normal


def _precision_to_scale_tril(precision):
    """The Cholesky factor of the inverse of a matrix, from that of the matrix with rows and columns reversed."""
    reversed_factor = wg.linalg.cholesky(wg.flip(precision, (-2, -1)))
    inverse_factor = wg.transpose(wg.flip(reversed_factor, (-2, -1)), -2, -1)
    identity = wg.eye(precision.shape[-1], dtype=precision.dtype)
    return wg.linalg.solve_triangular(inverse_factor, identity, upper=False)


def _batch_mv(matrix, vector):
    return wg.matmul(matrix, vector.unsqueeze(-1)).squeeze(-1)


def _batch_mahalanobis(factor, difference):
    """Squared length of difference after undoing the factor."""
    shape = wg.broadcast_shapes(factor.shape[:-2], difference.shape[:-1])
    factor = factor.expand(tuple(shape) + tuple(factor.shape[-2:]))
    column = difference.expand(tuple(shape) + tuple(difference.shape[-1:])).unsqueeze(-1)
    return wg.linalg.solve_triangular(factor, column, upper=False).squeeze(-1).pow(2).sum(-1)


class MultivariateNormal(Distribution):
    """Normal vectors with mean `loc` and one of covariance_matrix, precision_matrix and scale_tril.

    >>> import wengert
    >>> MultivariateNormal(wengert.zeros(2), wengert.eye(2)).log_prob(wengert.zeros(2))
    tensor(-1.8379)
    """

    arg_constraints: ClassVar = {
        "loc": constraints.real_vector,
        "covariance_matrix": constraints.positive_definite,
        "precision_matrix": constraints.positive_definite,
        "scale_tril": constraints.lower_cholesky,
    }
    support = constraints.real_vector
    has_rsample = True

    def __init__(self, loc, covariance_matrix=None, precision_matrix=None, scale_tril=None, validate_args=None):
        if loc.dim() < 1:
            raise ValueError("loc must be at least one-dimensional.")
        given = {"covariance_matrix": covariance_matrix, "scale_tril": scale_tril, "precision_matrix": precision_matrix}
        given = {name: value for name, value in given.items() if value is not None}
        if len(given) != 1:
            raise ValueError("Exactly one of covariance_matrix or precision_matrix or scale_tril may be specified.")
        ((name, matrix),) = given.items()
        if matrix.dim() < 2:
            raise ValueError(
                f"{name} must be at least two-dimensional, with optional leading batch dimensions"
                if name != "scale_tril"
                else "scale_tril matrix must be at least two-dimensional, with optional leading batch dimensions"
            )
        batch_shape = wg.broadcast_shapes(matrix.shape[:-2], loc.shape[:-1])
        setattr(self, name, matrix.expand(tuple(batch_shape) + tuple(matrix.shape[-2:])))
        self.loc = loc.expand(tuple(batch_shape) + (-1,))
        super().__init__(batch_shape, self.loc.shape[-1:], validate_args)
        if name == "precision_matrix":
            self._unbroadcasted_scale_tril = _precision_to_scale_tril(matrix)
        else:
            self._unbroadcasted_scale_tril = matrix if name == "scale_tril" else wg.linalg.cholesky(matrix)

    def expand(self, batch_shape, _instance=None):
        """The same with a larger batch shape."""
        new = type(self).__new__(type(self)) if _instance is None else _instance
        new.__dict__.update(self.__dict__)
        new.loc = self.loc.expand(tuple(batch_shape) + tuple(self.event_shape))
        for name in ("covariance_matrix", "scale_tril", "precision_matrix"):
            if name in self.__dict__:
                new.__dict__[name] = getattr(self, name).expand(tuple(batch_shape) + tuple(self.event_shape) * 2)
        new._batch_shape = wg.Size(batch_shape)
        return new

    def _expanded(self, matrix):
        return matrix.expand(tuple(self._batch_shape) + tuple(self._event_shape) * 2)

    @lazy_property
    def scale_tril(self):
        """The Cholesky factor of the covariance."""
        return self._expanded(self._unbroadcasted_scale_tril)

    @lazy_property
    def covariance_matrix(self):
        """The covariance."""
        return self._expanded(wg.matmul(self._unbroadcasted_scale_tril, self._unbroadcasted_scale_tril.mT))

    @lazy_property
    def precision_matrix(self):
        """The inverse of the covariance."""
        return self._expanded(wg.cholesky_inverse(self._unbroadcasted_scale_tril))

    mean = mode = property(lambda self: self.loc)

    @property
    def variance(self):
        """The variance of each element."""
        return self._unbroadcasted_scale_tril.pow(2).sum(-1).expand(tuple(self._batch_shape) + tuple(self._event_shape))

    def rsample(self, sample_shape=()):
        """Draws as loc + the factor times standard normals."""
        normal = standard_normal(self._extended_shape(sample_shape), self.loc)
        return self.loc + _batch_mv(self._unbroadcasted_scale_tril, normal)

    def _half_log_det(self):
        return self._unbroadcasted_scale_tril.diagonal(dim1=-2, dim2=-1).log().sum(-1)

    def log_prob(self, value):
        """Logarithm of the density."""
        if self._validate_args:
            self._validate_sample(value)
        distance = _batch_mahalanobis(self._unbroadcasted_scale_tril, value - self.loc)
        return -0.5 * (self._event_shape[0] * math.log(2 * math.pi) + distance) - self._half_log_det()

    def entropy(self):
        """The entropy."""
        result = 0.5 * self._event_shape[0] * (1.0 + math.log(2 * math.pi)) + self._half_log_det()
        return result if len(self._batch_shape) == 0 else result.expand(self._batch_shape)
