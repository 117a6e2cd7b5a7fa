"""Constraints: what values a parameter or a sample may have."""

import wengert as wg

__all__ = [
    "Constraint",
    "MixtureSameFamilyConstraint",
    "boolean",
    "cat",
    "corr_cholesky",
    "dependent",
    "dependent_property",
    "greater_than",
    "greater_than_eq",
    "half_open_interval",
    "independent",
    "integer_interval",
    "interval",
    "is_dependent",
    "less_than",
    "lower_cholesky",
    "lower_triangular",
    "multinomial",
    "nonnegative",
    "nonnegative_integer",
    "one_hot",
    "positive",
    "positive_definite",
    "positive_integer",
    "positive_semidefinite",
    "real",
    "real_vector",
    "simplex",
    "square",
    "stack",
    "symmetric",
    "unit_interval",
]


class Constraint:
    """A set of values: `check(value)` says for each element, or event of `event_dim` dimensions, if it is in it.

    >>> import wengert
    >>> positive.check(wengert.tensor([1.0, -1.0]))
    tensor([ True, False])
    """

    is_discrete = False
    event_dim = 0

    def check(self, value):
        """Whether each event is valid."""
        raise NotImplementedError

    def __repr__(self):
        return type(self).__name__[1:] + "()"


class _Dependent(Constraint):
    """Depends on other parameters; cannot be checked by itself."""

    def __init__(self, *, is_discrete=NotImplemented, event_dim=NotImplemented):
        self._is_discrete, self._event_dim = is_discrete, event_dim

    @property
    def is_discrete(self):
        """Whether the values are discrete."""
        if self._is_discrete is NotImplemented:
            raise NotImplementedError(".is_discrete cannot be determined statically")
        return self._is_discrete

    @property
    def event_dim(self):
        """Dimensions of an event."""
        if self._event_dim is NotImplemented:
            raise NotImplementedError(".event_dim cannot be determined statically")
        return self._event_dim

    def __call__(self, *, is_discrete=NotImplemented, event_dim=NotImplemented):
        """The same with what is known."""
        return _Dependent(
            is_discrete=self._is_discrete if is_discrete is NotImplemented else is_discrete,
            event_dim=self._event_dim if event_dim is NotImplemented else event_dim,
        )

    def check(self, x):
        """Refuse."""
        raise ValueError("Cannot determine validity of dependent constraint")


def is_dependent(constraint):
    """Whether a constraint depends on other parameters."""
    return isinstance(constraint, _Dependent)


class _DependentProperty(property, _Dependent):
    """A property that gives the constraint of an instance; on the class it is a dependent constraint."""

    def __init__(self, fn=None, *, is_discrete=NotImplemented, event_dim=NotImplemented):
        super().__init__(fn)
        self._is_discrete, self._event_dim = is_discrete, event_dim

    def __call__(self, fn):
        """Decorate a function, with what is known."""
        return _DependentProperty(fn, is_discrete=self._is_discrete, event_dim=self._event_dim)


class _IndependentConstraint(Constraint):
    """A constraint on whole events: the last dimensions are checked together."""

    def __init__(self, base_constraint, reinterpreted_batch_ndims):
        self.base_constraint, self.reinterpreted_batch_ndims = base_constraint, reinterpreted_batch_ndims

    @property
    def is_discrete(self):
        """Whether the values are discrete."""
        return self.base_constraint.is_discrete

    @property
    def event_dim(self):
        """Dimensions of an event."""
        return self.base_constraint.event_dim + self.reinterpreted_batch_ndims

    def check(self, value):
        """Whether each event is valid in all of its elements."""
        result = self.base_constraint.check(value)
        if result.dim() < self.reinterpreted_batch_ndims:
            expected = self.base_constraint.event_dim + self.reinterpreted_batch_ndims
            raise ValueError(f"Expected value.dim() >= {expected} but got {value.dim()}")
        return result.reshape(result.shape[: result.dim() - self.reinterpreted_batch_ndims] + (-1,)).all(-1)

    def __repr__(self):
        return f"{type(self).__name__[1:]}({self.base_constraint!r}, {self.reinterpreted_batch_ndims})"


class MixtureSameFamilyConstraint(Constraint):
    """The support of a mixture: that of its components."""

    def __init__(self, base_constraint):
        if not isinstance(base_constraint, Constraint):
            raise TypeError(f"base_constraint must be a Constraint, got {base_constraint!r}")
        self.base_constraint = base_constraint

    @property
    def is_discrete(self):
        """Whether the values are discrete."""
        return self.base_constraint.is_discrete

    @property
    def event_dim(self):
        """Dimensions of an event."""
        return self.base_constraint.event_dim

    def check(self, value):
        """Whether each event is valid for all components."""
        result = self.base_constraint.check(value.unsqueeze(-1 - self.event_dim))
        kept = value.dim() - self.event_dim
        if kept < 0:
            raise ValueError(f"Expected value.dim() >= {self.event_dim} but got {value.dim()}")
        return result.reshape(result.shape[:kept] + (-1,)).all(-1)

    def __repr__(self):
        return f"{type(self).__name__}({self.base_constraint!r})"


def _bounded(name, check, *bounds, is_discrete=False):
    """A constraint class with bounds: `check(value, *bounds)`."""

    def initialise(self, *values, **named):
        self.__dict__.update(zip(bounds, values, strict=False))
        self.__dict__.update(named)

    def test(self, value):
        return check(value, *(getattr(self, bound) for bound in bounds))

    def show(self):
        return f"{name[1:]}({', '.join(f'{bound}={getattr(self, bound)}' for bound in bounds)})"

    return type(
        name,
        (Constraint,),
        {
            "__init__": initialise,
            "check": test,
            "__repr__": show,
            "is_discrete": is_discrete,
            "__doc__": "Values within bounds.",
            "__module__": __name__,
        },
    )


def _plain(name, check, is_discrete=False, event_dim=0):
    """A constraint without parameters."""
    return type(
        name,
        (Constraint,),
        {
            "check": lambda self, value: check(value),
            "is_discrete": is_discrete,
            "event_dim": event_dim,
            "__doc__": "A fixed set.",
            "__module__": __name__,
        },
    )()


def _is_whole(value):
    return value % 1 == 0


greater_than = _bounded("_GreaterThan", lambda value, low: low < value, "lower_bound")
greater_than_eq = _bounded("_GreaterThanEq", lambda value, low: low <= value, "lower_bound")
less_than = _bounded("_LessThan", lambda value, high: value < high, "upper_bound")
interval = _bounded(
    "_Interval", lambda value, low, high: (low <= value) & (value <= high), "lower_bound", "upper_bound"
)
half_open_interval = _bounded(
    "_HalfOpenInterval", lambda value, low, high: (low <= value) & (value < high), "lower_bound", "upper_bound"
)
integer_interval = _bounded(
    "_IntegerInterval",
    lambda value, low, high: _is_whole(value) & (low <= value) & (value <= high),
    "lower_bound",
    "upper_bound",
    is_discrete=True,
)
_integer_greater_than = _bounded(
    "_IntegerGreaterThan", lambda value, low: _is_whole(value) & (value >= low), "lower_bound", is_discrete=True
)


def _is_simplex(value):
    return (value >= 0).all(-1) & ((value.sum(-1) - 1).abs() < 1e-6)


def _is_one_hot(value):
    boolean_values = (value == 0) | (value == 1)
    return boolean_values.all(-1) & value.sum(-1).eq(1)


def _is_square(value):
    return wg.full(value.shape[:-2], value.shape[-2] == value.shape[-1], dtype=wg.bool)


def _is_symmetric(value):
    if value.shape[-2] != value.shape[-1]:
        return _is_square(value)
    return wg.isclose(value, value.mT, atol=1e-6).all(-2).all(-1)


def _is_positive_definite(value):
    symmetric_values = _is_symmetric(value)
    return wg.linalg.cholesky_ex(value).info.eq(0) if bool(symmetric_values.all()) else symmetric_values


def _is_positive_semidefinite(value):
    symmetric_values = _is_symmetric(value)
    if not bool(symmetric_values.all()):
        return symmetric_values
    return wg.linalg.eigvalsh(value).ge(0).all(-1)


def _is_lower_triangular(value):
    lower = value.tril()
    return (lower == value).reshape(value.shape[:-2] + (-1,)).min(-1)[0]


def _is_lower_cholesky(value):
    positive_diagonal = (value.diagonal(dim1=-2, dim2=-1) > 0).min(-1)[0]
    return _is_lower_triangular(value) & positive_diagonal


def _is_corr_cholesky(value):
    tolerance = wg.finfo(value.dtype).eps * value.size(-1) * 10
    unit_rows = (wg.linalg.norm(value.detach(), dim=-1) - 1).abs().le(tolerance).all(dim=-1)
    return _is_lower_cholesky(value) & unit_rows


class _Multinomial(Constraint):
    """Counts that add up to at most `upper_bound`."""

    is_discrete = True
    event_dim = 1

    def __init__(self, upper_bound):
        self.upper_bound = upper_bound

    def check(self, value):
        """Whether each event is valid."""
        return (value >= 0).all(dim=-1) & (value.sum(dim=-1) <= self.upper_bound)


class _Joined(Constraint):
    """Constraints of parts along a dimension."""

    def __init__(self, cseq, dim, lengths):
        self.cseq, self.dim, self.lengths = list(cseq), dim, lengths

    @property
    def is_discrete(self):
        """Whether any part is discrete."""
        return any(part.is_discrete for part in self.cseq)

    @property
    def event_dim(self):
        """Dimensions of an event."""
        return max(part.event_dim for part in self.cseq)


class _Cat(_Joined):
    """Parts joined by `torch.cat`."""

    def __init__(self, cseq, dim=0, lengths=None):
        cseq = list(cseq)
        super().__init__(cseq, dim, list(lengths) if lengths is not None else [1] * len(cseq))

    def check(self, value):
        """Whether each part is valid."""
        parts = value.split(self.lengths, self.dim)
        return wg.cat([part.check(piece) for part, piece in zip(self.cseq, parts, strict=True)], self.dim)


class _Stack(_Joined):
    """Parts joined by `torch.stack`."""

    def __init__(self, cseq, dim=0):
        super().__init__(cseq, dim, None)

    @property
    def event_dim(self):
        """Dimensions of an event."""
        dim = max(part.event_dim for part in self.cseq)
        return dim + 1 if self.dim + dim < 0 else dim

    def check(self, value):
        """Whether each part is valid."""
        parts = value.unbind(self.dim)
        return wg.stack([part.check(piece) for part, piece in zip(self.cseq, parts, strict=True)], self.dim)


dependent = _Dependent()
dependent_property = _DependentProperty
independent = _IndependentConstraint
boolean = _plain("_Boolean", lambda value: (value == 0) | (value == 1), is_discrete=True)
one_hot = _plain("_OneHot", _is_one_hot, is_discrete=True, event_dim=1)
nonnegative_integer = _integer_greater_than(0)
positive_integer = _integer_greater_than(1)
real = _plain("_Real", lambda value: value == value)
real_vector = independent(real, 1)
positive = greater_than(0.0)
nonnegative = greater_than_eq(0.0)
unit_interval = interval(0.0, 1.0)
simplex = _plain("_Simplex", _is_simplex, event_dim=1)
lower_triangular = _plain("_LowerTriangular", _is_lower_triangular, event_dim=2)
lower_cholesky = _plain("_LowerCholesky", _is_lower_cholesky, event_dim=2)
corr_cholesky = _plain("_CorrCholesky", _is_corr_cholesky, event_dim=2)
square = _plain("_Square", _is_square, event_dim=2)
symmetric = _plain("_Symmetric", _is_symmetric, event_dim=2)
positive_semidefinite = _plain("_PositiveSemidefinite", _is_positive_semidefinite, event_dim=2)
positive_definite = _plain("_PositiveDefinite", _is_positive_definite, event_dim=2)
multinomial = _Multinomial
cat = _Cat
stack = _Stack


def __getattr__(name):
    """The classes behind the constraints by the names torch gives them, for programs that derive from them."""
    for value in list(globals().values()):
        cls = value if isinstance(value, type) else type(value)
        if name[:1] == "_" and cls.__name__ == name and issubclass(cls, Constraint):
            return cls
    raise AttributeError(f"module 'torch.distributions.constraints' has no attribute '{name}'")
