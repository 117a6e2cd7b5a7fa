"""The Wishart distribution of positive definite matrices."""

import math
import warnings
from numbers import Number

import wengert as wg

from . import constraints
from .chi2 import Chi2
from .distribution import ExponentialFamily
from .multivariate_normal import _precision_to_scale_tril
from .utils import lazy_property


class Wishart(ExponentialFamily):
    """Sums of outer products of `df` normal vectors with one of covariance_matrix, precision_matrix and scale_tril.

    >>> import wengert
    >>> Wishart(wengert.tensor(3.0), wengert.eye(2)).mean
    tensor([[3., 0.],
            [0., 3.]])
    """

    support = constraints.positive_definite
    has_rsample = True
    _mean_carrier_measure = 0

    @property
    def arg_constraints(self):
        """The constraints; that of df depends on the size of the matrices."""
        return {
            "covariance_matrix": constraints.positive_definite,
            "precision_matrix": constraints.positive_definite,
            "scale_tril": constraints.lower_cholesky,
            "df": constraints.greater_than(self.event_shape[-1] - 1),
        }

    def __init__(self, df, covariance_matrix=None, precision_matrix=None, scale_tril=None, validate_args=None):
        given = {"covariance_matrix": covariance_matrix, "precision_matrix": precision_matrix, "scale_tril": scale_tril}
        given = {name: value for name, value in given.items() if value is not None}
        if len(given) != 1:
            raise AssertionError("Exactly one of covariance_matrix or precision_matrix or scale_tril may be specified.")
        ((name, matrix),) = given.items()
        if matrix.dim() < 2:
            raise ValueError("scale_tril must be at least two-dimensional, with optional leading batch dimensions")
        if isinstance(df, Number):
            batch_shape = matrix.shape[:-2]
            self.df = wg.tensor(df, dtype=matrix.dtype)
        else:
            batch_shape = wg.broadcast_shapes(matrix.shape[:-2], df.shape)
            self.df = df.expand(batch_shape)
        size = matrix.shape[-1]
        if self.df.le(size - 1).any():
            raise ValueError(f"Value of df={df} expected to be greater than ndim - 1 = {size - 1}.")
        setattr(self, name, matrix.expand((*batch_shape, -1, -1)))
        if self.df.lt(size).any():
            warnings.warn(
                "Low df values detected. Singular samples are highly likely to occur for ndim - 1 < df < ndim.",
                stacklevel=2,
            )
        super().__init__(batch_shape, matrix.shape[-2:], validate_args=validate_args)
        if name == "precision_matrix":
            self._unbroadcasted_scale_tril = _precision_to_scale_tril(matrix)
        else:
            self._unbroadcasted_scale_tril = matrix if name == "scale_tril" else wg.linalg.cholesky(matrix)
        self._set_chi2()

    def _set_chi2(self):
        """The squared diagonal of Bartlett's decomposition: chi-squared with df, df - 1, ... degrees of freedom."""
        steps = wg.arange(self._event_shape[-1], dtype=self._unbroadcasted_scale_tril.dtype)
        self._dist_chi2 = Chi2(df=self.df.unsqueeze(-1) - steps.expand((*self._batch_shape, -1)))

    def expand(self, batch_shape, _instance=None):
        """The same with a larger batch shape."""
        new = self._get_checked_instance(Wishart, _instance)
        matrices = (*batch_shape, *self.event_shape)
        new._unbroadcasted_scale_tril = self._unbroadcasted_scale_tril.expand(matrices)
        new.df = self.df.expand(batch_shape)
        for name in ("covariance_matrix", "scale_tril", "precision_matrix"):
            if name in self.__dict__:
                new.__dict__[name] = getattr(self, name).expand(matrices)
        ExponentialFamily.__init__(new, batch_shape, self.event_shape, validate_args=False)
        new._validate_args = self._validate_args
        new._set_chi2()
        return new

    @lazy_property
    def scale_tril(self):
        """The Cholesky factor of the covariance matrix."""
        return self._unbroadcasted_scale_tril.expand(self._batch_shape + self._event_shape)

    @lazy_property
    def covariance_matrix(self):
        """The covariance matrix of the normal vectors."""
        factor = self._unbroadcasted_scale_tril
        return (factor @ factor.mT).expand(self._batch_shape + self._event_shape)

    @lazy_property
    def precision_matrix(self):
        """The inverse of the covariance matrix."""
        identity = wg.eye(self._event_shape[-1], dtype=self._unbroadcasted_scale_tril.dtype)
        inverse = wg.cholesky_solve(identity, self._unbroadcasted_scale_tril)
        return inverse.expand(self._batch_shape + self._event_shape)

    def _times_covariance(self, factor):
        return factor.view((*self._batch_shape, 1, 1)) * self.covariance_matrix

    @property
    def mean(self):
        """The mean, df times the covariance matrix."""
        return self._times_covariance(self.df)

    @property
    def mode(self):
        """The most probable matrix, nan where there is none."""
        factor = self.df - self._event_shape[-1] - 1
        factor[factor <= 0] = math.nan
        return self._times_covariance(factor)

    @property
    def variance(self):
        """The variance of each element."""
        diagonal = self.covariance_matrix.diagonal(dim1=-2, dim2=-1)
        products = wg.einsum("...i,...j->...ij", diagonal, diagonal)
        return self.df.view((*self._batch_shape, 1, 1)) * (self.covariance_matrix.pow(2) + products)

    def _bartlett_sampling(self, sample_shape):
        size = self._event_shape[-1]
        chi = self._dist_chi2.rsample(sample_shape).sqrt()
        noise = chi.clamp(min=wg.finfo(chi.dtype).eps).diag_embed(dim1=-2, dim2=-1)
        row, column = wg.tril_indices(size, size, offset=-1)
        below = (*sample_shape, *self._batch_shape, size * (size - 1) // 2)
        noise[..., row, column] = wg.randn(below, dtype=noise.dtype)
        factor = self._unbroadcasted_scale_tril @ noise
        return factor @ factor.mT

    def rsample(self, sample_shape=(), max_try_correction=10):
        """Draws through which gradients reach the parameters.

        torch 2.13 takes the good samples of the first draw for singular ones: it warns, and draws them again. The
        numbers that follow from a seed are torch's only if the same is done here.
        """
        sample_shape = wg.Size(sample_shape)
        sample = self._bartlett_sampling(sample_shape)
        again = self._over_batch(self.support.check(sample))
        if again.any():
            warnings.warn("Singular sample detected.", stacklevel=2)
            for _ in range(10 if max_try_correction is None else max_try_correction):
                redrawn = self._bartlett_sampling(again[again].shape)
                sample[again] = redrawn
                again[again.clone()] = self._over_batch(~self.support.check(redrawn))
                if not again.any():
                    break
        return sample

    def _over_batch(self, mask):
        dims = [-(k + 1) for k in range(len(self._batch_shape))]
        return mask.amax(dims) if dims else mask

    def _log_det_factor(self):
        return self._unbroadcasted_scale_tril.diagonal(dim1=-2, dim2=-1).log().sum(-1)

    def log_prob(self, value):
        """Logarithm of the density."""
        if self._validate_args:
            self._validate_sample(value)
        df, size = self.df, self._event_shape[-1]
        trace = wg.cholesky_solve(value, self._unbroadcasted_scale_tril).diagonal(dim1=-2, dim2=-1).sum(dim=-1)
        return (
            -df * (size * math.log(2) / 2 + self._log_det_factor())
            - wg.mvlgamma(df / 2, p=size)
            + (df - size - 1) / 2 * wg.linalg.slogdet(value).logabsdet
            - trace / 2
        )

    def entropy(self):
        """The entropy."""
        df, size = self.df, self._event_shape[-1]
        digammas = wg.digamma(
            (df.unsqueeze(-1) - wg.arange(size, dtype=df.dtype).expand((*self._batch_shape, -1))) / 2
        ).sum(-1)
        return (
            (size + 1) * (size * math.log(2) / 2 + self._log_det_factor())
            + wg.mvlgamma(df / 2, p=size)
            - (df - size - 1) / 2 * digammas
            + df * size / 2
        )

    @property
    def _natural_params(self):
        return -self.precision_matrix / 2, (self.df - self._event_shape[-1] - 1) / 2

    def _log_normalizer(self, x, y):
        size = self._event_shape[-1]
        half = y + (size + 1) / 2
        return half * (size * math.log(2) - wg.linalg.slogdet(-2 * x).logabsdet) + wg.mvlgamma(half, p=size)
