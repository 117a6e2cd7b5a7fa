"""Transforms one after the other."""

import weakref

import wengert as wg

from . import constraints
from .transforms import Transform
from .utils import sum_rightmost


class ComposeTransform(Transform):
    """Several transforms, one after the other; an empty list is the identity."""

    def __init__(self, parts, cache_size=0):
        super().__init__(cache_size)
        self.parts = [part.with_cache(cache_size) for part in parts] if cache_size else list(parts)

    def __eq__(self, other):
        return isinstance(other, ComposeTransform) and self.parts == other.parts

    __hash__ = object.__hash__

    @property
    def domain(self):
        """The first part's, over events as large as any part needs."""
        return self._bound(self.parts[::-1], "codomain", "domain")

    @property
    def codomain(self):
        """The last part's, over events as large as any part needs."""
        return self._bound(self.parts, "domain", "codomain")

    def _bound(self, parts, near, far):
        if not parts:
            return constraints.real
        bound = getattr(parts[-1], far)
        dim = getattr(parts[0], near).event_dim
        for part in parts:
            dim = max(dim + getattr(part, far).event_dim - getattr(part, near).event_dim, getattr(part, far).event_dim)
        return constraints.independent(bound, dim - bound.event_dim) if dim > bound.event_dim else bound

    @property
    def bijective(self):
        """Whether all parts are."""
        return all(part.bijective for part in self.parts)

    @property
    def sign(self):
        """The product of the parts' signs."""
        sign = 1
        for part in self.parts:
            sign = sign * part.sign
        return sign

    @property
    def inv(self):
        """The inverses in reverse order."""
        inverse = None if self._inv is None else self._inv()
        if inverse is None:
            inverse = ComposeTransform([part.inv for part in reversed(self.parts)])
            self._inv, inverse._inv = weakref.ref(inverse), weakref.ref(self)
        return inverse

    def with_cache(self, cache_size=1):
        """The same with a cache of another size."""
        return self if self._cache_size == cache_size else ComposeTransform(self.parts, cache_size)

    def __call__(self, x):
        for part in self.parts:
            x = part(x)
        return x

    def log_abs_det_jacobian(self, x, y):
        """The sum of the parts'."""
        if not self.parts:
            return wg.zeros_like(x)
        points = [x]
        for part in self.parts[:-1]:
            points.append(part(points[-1]))
        points.append(y)
        terms, dim = [], self.domain.event_dim
        for part, before, after in zip(self.parts, points[:-1], points[1:], strict=True):
            terms.append(sum_rightmost(part.log_abs_det_jacobian(before, after), dim - part.domain.event_dim))
            dim += part.codomain.event_dim - part.domain.event_dim
        total = terms[0]
        for term in terms[1:]:
            total = total + term
        return total

    def forward_shape(self, shape):
        """The shape of outputs."""
        for part in self.parts:
            shape = part.forward_shape(shape)
        return shape

    def inverse_shape(self, shape):
        """The shape of inputs."""
        for part in reversed(self.parts):
            shape = part.inverse_shape(shape)
        return shape

    def __repr__(self):
        return "ComposeTransform(\n    " + ",\n    ".join(map(repr, self.parts)) + "\n)"


identity_transform = ComposeTransform([])
