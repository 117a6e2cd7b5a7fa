"""From constraints to transforms: `biject_to` and `transform_to` map real numbers to a constraint."""

from numbers import Number

from . import constraints, transforms, vector_transforms


class ConstraintRegistry:
    """Knows a transform for each kind of constraint."""

    def __init__(self):
        self._registry = {}

    def register(self, constraint, factory=None):
        """Add a function from a constraint to a transform; without one, a decorator."""
        if factory is None:
            return lambda function: self.register(constraint, function)
        kind = type(constraint) if isinstance(constraint, constraints.Constraint) else constraint
        if not isinstance(kind, type) or not issubclass(kind, constraints.Constraint):
            raise TypeError(f"Expected constraint to be either a Constraint subclass or instance, but got {constraint}")
        self._registry[kind] = factory
        return factory

    def __call__(self, constraint):
        """The transform for a constraint; NotImplementedError when there is none."""
        factory = self._registry.get(type(constraint))
        if factory is None:
            raise NotImplementedError(f"Cannot transform {type(constraint).__name__} constraints")
        return factory(constraint)


biject_to = ConstraintRegistry()
transform_to = ConstraintRegistry()


def _above(constraint):
    return transforms.ComposeTransform(
        [transforms.ExpTransform(), transforms.AffineTransform(constraint.lower_bound, 1)]
    )


def _below(constraint):
    return transforms.ComposeTransform(
        [transforms.ExpTransform(), transforms.AffineTransform(constraint.upper_bound, -1)]
    )


def _between(constraint):
    low, high = constraint.lower_bound, constraint.upper_bound
    if isinstance(low, Number) and isinstance(high, Number) and low == 0 and high == 1:
        return transforms.SigmoidTransform()
    return transforms.ComposeTransform([transforms.SigmoidTransform(), transforms.AffineTransform(low, high - low)])


def _independent(registry):
    return lambda constraint: vector_transforms.IndependentTransform(
        registry(constraint.base_constraint), constraint.reinterpreted_batch_ndims
    )


def _joined(registry):
    def cat(constraint):
        parts = [registry(part) for part in constraint.cseq]
        return vector_transforms.CatTransform(parts, constraint.dim, constraint.lengths)

    def stack(constraint):
        return vector_transforms.StackTransform([registry(part) for part in constraint.cseq], constraint.dim)

    registry.register(constraints.cat, cat)
    registry.register(constraints.stack, stack)


for _registry in (biject_to, transform_to):
    _registry.register(constraints.real, lambda constraint: transforms.identity_transform)
    _registry.register(constraints.independent, _independent(_registry))
    _registry.register(constraints.positive, lambda constraint: transforms.ExpTransform())
    for _kind in (constraints.greater_than, constraints.greater_than_eq):
        _registry.register(_kind, _above)
    _registry.register(constraints.less_than, _below)
    for _kind in (constraints.interval, constraints.half_open_interval):
        _registry.register(_kind, _between)
    _registry.register(constraints.corr_cholesky, lambda constraint: vector_transforms.CorrCholeskyTransform())
    _joined(_registry)
biject_to.register(constraints.simplex, lambda constraint: vector_transforms.StickBreakingTransform())
transform_to.register(constraints.lower_cholesky, lambda constraint: vector_transforms.LowerCholeskyTransform())
transform_to.register(constraints.positive_definite, lambda constraint: vector_transforms.PositiveDefiniteTransform())
transform_to.register(constraints.simplex, lambda constraint: vector_transforms.SoftmaxTransform())
