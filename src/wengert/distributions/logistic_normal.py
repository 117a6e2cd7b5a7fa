"""Points of the simplex by breaking sticks at normal places."""

from typing import ClassVar

from . import constraints
from .independent import Independent
from .normal import Normal
from .transformed_distribution import TransformedDistribution
from .vector_transforms import StickBreakingTransform


class LogisticNormal(TransformedDistribution):
    """Points of the simplex with one more element than the normal's vector."""

    arg_constraints: ClassVar = {"loc": constraints.real, "scale": constraints.positive}
    support = constraints.simplex
    has_rsample = True

    def __init__(self, loc, scale, validate_args=None):
        base = Normal(loc, scale, validate_args=validate_args)
        if not base.batch_shape:
            base = base.expand((1,))
        super().__init__(base, StickBreakingTransform(), validate_args=validate_args)

    def _normal(self):
        base = self.base_dist
        return base.base_dist if isinstance(base, Independent) else base

    loc = property(lambda self: self._normal().loc)
    scale = property(lambda self: self._normal().scale)
