"""Transforms of vectors and matrices: events of one or two dimensions."""

import math

import wengert as wg
import wengert.nn.functional as F

from . import constraints
from .transforms import Transform, _clipped_sigmoid
from .utils import sum_rightmost


class IndependentTransform(Transform):
    """A transform whose last `reinterpreted_batch_ndims` batch dimensions belong to the event."""

    def __init__(self, base_transform, reinterpreted_batch_ndims, cache_size=0):
        super().__init__(cache_size)
        self.base_transform = base_transform.with_cache(cache_size)
        self.reinterpreted_batch_ndims = reinterpreted_batch_ndims

    domain = property(lambda self: constraints.independent(self.base_transform.domain, self.reinterpreted_batch_ndims))
    codomain = property(
        lambda self: constraints.independent(self.base_transform.codomain, self.reinterpreted_batch_ndims)
    )
    bijective = property(lambda self: self.base_transform.bijective)
    sign = property(lambda self: self.base_transform.sign)

    def _call(self, x):
        if x.dim() < self.domain.event_dim:
            raise ValueError("Too few dimensions on input")
        return self.base_transform(x)

    def _inverse(self, y):
        if y.dim() < self.codomain.event_dim:
            raise ValueError("Too few dimensions on input")
        return self.base_transform.inv(y)

    def log_abs_det_jacobian(self, x, y):
        """The base's, summed over the added dimensions."""
        return sum_rightmost(self.base_transform.log_abs_det_jacobian(x, y), self.reinterpreted_batch_ndims)

    def __repr__(self):
        return f"IndependentTransform({self.base_transform!r}, {self.reinterpreted_batch_ndims})"

    def forward_shape(self, shape):
        """The shape of outputs."""
        return self.base_transform.forward_shape(shape)

    def inverse_shape(self, shape):
        """The shape of inputs."""
        return self.base_transform.inverse_shape(shape)


class ReshapeTransform(Transform):
    """Events of one shape as events of another."""

    bijective = True

    def __init__(self, in_shape, out_shape, cache_size=0):
        super().__init__(cache_size)
        self.in_shape, self.out_shape = wg.Size(in_shape), wg.Size(out_shape)
        if self.in_shape.numel() != self.out_shape.numel():
            raise ValueError("in_shape, out_shape have different numbers of elements")

    domain = property(lambda self: constraints.independent(constraints.real, len(self.in_shape)))
    codomain = property(lambda self: constraints.independent(constraints.real, len(self.out_shape)))

    def _call(self, x):
        return x.reshape(x.shape[: x.dim() - len(self.in_shape)] + self.out_shape)

    def _inverse(self, y):
        return y.reshape(y.shape[: y.dim() - len(self.out_shape)] + self.in_shape)

    def log_abs_det_jacobian(self, x, y):
        """Zero."""
        return wg.zeros(x.shape[: x.dim() - len(self.in_shape)], dtype=x.dtype)

    @staticmethod
    def _replace(shape, old, new):
        cut = len(shape) - len(old)
        if cut < 0:
            raise ValueError("Too few dimensions on input")
        if wg.Size(shape[cut:]) != old:
            raise ValueError(f"Shape mismatch: expected {wg.Size(shape[cut:])} but got {old}")
        return wg.Size(tuple(shape[:cut]) + tuple(new))

    def forward_shape(self, shape):
        """The shape of outputs."""
        return self._replace(shape, self.in_shape, self.out_shape)

    def inverse_shape(self, shape):
        """The shape of inputs."""
        return self._replace(shape, self.out_shape, self.in_shape)


class SoftmaxTransform(Transform):
    """Any vector to a point of the simplex: exp, then divided by the sum. Not invertible, as a constant is lost."""

    domain = constraints.real_vector
    codomain = constraints.simplex

    def _call(self, x):
        probs = (x - x.max(-1, True)[0]).exp()
        return probs / probs.sum(-1, True)

    def _inverse(self, y):
        return y.log()


class StickBreakingTransform(Transform):
    """A vector to a point of the simplex with one more element, by breaking pieces off a stick."""

    domain = constraints.real_vector
    codomain = constraints.simplex
    bijective = True

    def _call(self, x):
        offset = x.shape[-1] + 1 - wg.ones(x.shape[-1], dtype=x.dtype).cumsum(-1)
        z = _clipped_sigmoid(x - offset.log())
        rest = (1 - z).cumprod(-1)
        return F.pad(z, [0, 1], value=1) * F.pad(rest, [1, 0], value=1)

    def _inverse(self, y):
        cropped = y[..., :-1]
        offset = y.shape[-1] - wg.ones(cropped.shape[-1], dtype=y.dtype).cumsum(-1)
        rest = wg.clamp(1 - cropped.cumsum(-1), min=wg.finfo(y.dtype).tiny)
        return cropped.log() - rest.log() + offset.log()

    def log_abs_det_jacobian(self, x, y):
        """The sum over the pieces."""
        offset = x.shape[-1] + 1 - wg.ones(x.shape[-1], dtype=x.dtype).cumsum(-1)
        x = x - offset.log()
        return (-x + F.logsigmoid(x) + y[..., :-1].log()).sum(-1)

    def forward_shape(self, shape):
        """One more element."""
        return wg.Size(tuple(shape[:-1]) + (shape[-1] + 1,))

    def inverse_shape(self, shape):
        """One element less."""
        return wg.Size(tuple(shape[:-1]) + (shape[-1] - 1,))


class LowerCholeskyTransform(Transform):
    """A square matrix to a lower triangular one with a positive diagonal."""

    domain = constraints.independent(constraints.real, 2)
    codomain = constraints.lower_cholesky

    def _call(self, x):
        return x.tril(-1) + x.diagonal(dim1=-2, dim2=-1).exp().diag_embed()

    def _inverse(self, y):
        return y.tril(-1) + y.diagonal(dim1=-2, dim2=-1).log().diag_embed()


class PositiveDefiniteTransform(Transform):
    """A square matrix to a positive definite one."""

    domain = constraints.independent(constraints.real, 2)
    codomain = constraints.positive_definite

    def _call(self, x):
        x = LowerCholeskyTransform()(x)
        return x @ x.mT

    def _inverse(self, y):
        return LowerCholeskyTransform().inv(wg.linalg.cholesky(y))


class CorrCholeskyTransform(Transform):
    """A vector of n (n - 1) / 2 numbers to the Cholesky factor of an n by n correlation matrix."""

    domain = constraints.real_vector
    codomain = constraints.corr_cholesky
    bijective = True

    @staticmethod
    def _side(length):
        side = round((0.25 + 2 * length) ** 0.5 + 0.5)
        if side * (side - 1) // 2 != length:
            raise ValueError("Input is not a flattened lower-diagonal number")
        return side

    def _call(self, x):
        x = wg.tanh(x)
        eps = wg.finfo(x.dtype).eps
        x = x.clamp(min=-1 + eps, max=1 - eps)
        side = self._side(x.shape[-1])
        rows, columns = wg.tril_indices(side, side, -1)
        matrix = wg.zeros((*x.shape[:-1], side, side), dtype=x.dtype)
        matrix[..., rows, columns] = x
        rest = (1 - matrix**2).sqrt().cumprod(-1)
        matrix = matrix + wg.eye(side, dtype=x.dtype)
        return matrix * F.pad(rest[..., :-1], [1, 0], value=1)

    def _inverse(self, y):
        rest = F.pad((1 - wg.cumsum(y * y, dim=-1))[..., :-1], [1, 0], value=1)
        side = y.shape[-1]
        rows, columns = wg.tril_indices(side, side, -1)
        ratio = y[..., rows, columns] / rest[..., rows, columns].sqrt()
        return (ratio.log1p() - (-ratio).log1p()) / 2

    def log_abs_det_jacobian(self, x, y):
        """Of the rows' scaling and of tanh."""
        side = y.shape[-1]
        rows, columns = wg.tril_indices(side, side, -2)
        rest = (1 - (y * y).cumsum(dim=-1))[..., rows, columns]
        scaling = 0.5 * rest.log().sum(-1)
        return scaling - 2 * (x + F.softplus(-2 * x) - math.log(2.0)).sum(dim=-1)

    def forward_shape(self, shape):
        """The shape of the matrix."""
        side = self._side(shape[-1])
        return wg.Size(tuple(shape[:-1]) + (side, side))

    def inverse_shape(self, shape):
        """The shape of the vector."""
        if shape[-2] != shape[-1]:
            raise ValueError("Input is not square")
        return wg.Size(tuple(shape[:-2]) + (shape[-1] * (shape[-1] - 1) // 2,))


class _Joined(Transform):
    """Transforms of parts along a dimension."""

    def __init__(self, tseq, dim, cache_size):
        super().__init__(cache_size)
        self.transforms, self.dim = [part.with_cache(cache_size) for part in tseq], dim

    bijective = property(lambda self: all(part.bijective for part in self.transforms))


class CatTransform(_Joined):
    """Each part of a tensor, of given lengths along `dim`, by a transform of its own."""

    def __init__(self, tseq, dim=0, lengths=None, cache_size=0):
        super().__init__(tseq, dim, cache_size)
        self.lengths = list(lengths) if lengths is not None else [1] * len(self.transforms)

    domain = property(lambda self: constraints.cat([t.domain for t in self.transforms], self.dim, self.lengths))
    codomain = property(lambda self: constraints.cat([t.codomain for t in self.transforms], self.dim, self.lengths))

    @property
    def event_dim(self):
        """The largest of the parts'."""
        return max(part.event_dim for part in self.transforms)

    def _call(self, x):
        pieces = x.split(self.lengths, self.dim)
        return wg.cat([part(piece) for part, piece in zip(self.transforms, pieces, strict=True)], self.dim)

    def _inverse(self, y):
        pieces = y.split(self.lengths, self.dim)
        return wg.cat([part.inv(piece) for part, piece in zip(self.transforms, pieces, strict=True)], self.dim)

    def log_abs_det_jacobian(self, x, y):
        """The parts', joined along `dim` unless that is part of the event."""
        terms = [
            sum_rightmost(part.log_abs_det_jacobian(before, after), self.event_dim - part.event_dim)
            for part, before, after in zip(
                self.transforms, x.split(self.lengths, self.dim), y.split(self.lengths, self.dim), strict=True
            )
        ]
        dim = (self.dim - x.dim() if self.dim >= 0 else self.dim) + self.event_dim
        return wg.cat(terms, dim=dim) if dim < 0 else sum(terms)


class StackTransform(_Joined):
    """Each slice of a tensor along `dim` by a transform of its own."""

    def __init__(self, tseq, dim=0, cache_size=0):
        super().__init__(tseq, dim, cache_size)

    domain = property(lambda self: constraints.stack([t.domain for t in self.transforms], self.dim))
    codomain = property(lambda self: constraints.stack([t.codomain for t in self.transforms], self.dim))

    def _call(self, x):
        return wg.stack(
            [part(piece) for part, piece in zip(self.transforms, x.unbind(self.dim), strict=True)], self.dim
        )

    def _inverse(self, y):
        return wg.stack(
            [part.inv(piece) for part, piece in zip(self.transforms, y.unbind(self.dim), strict=True)], self.dim
        )

    def log_abs_det_jacobian(self, x, y):
        """The parts', stacked."""
        return wg.stack(
            [
                part.log_abs_det_jacobian(before, after)
                for part, before, after in zip(self.transforms, x.unbind(self.dim), y.unbind(self.dim), strict=True)
            ],
            dim=self.dim,
        )
