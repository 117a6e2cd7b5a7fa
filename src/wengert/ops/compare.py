"""Comparisons, choices between values, and operations on bits and truth values."""

from ._declare import composite, elementwise

NUMBER_FIRST = ("(Scalar self, TensorStrict other)",)


@elementwise("where(Index condition, Tensor self, Tensor other)", vjp=True, inplace=False, reference="numpy.where")
def where(g, condition):
    """self where condition is true, other elsewhere; all broadcast."""
    return where(condition, g, 0), where(condition, 0, g)


@elementwise(promote="compare", reference="numpy.equal")
def eq(self, other):
    """Whether self == other, element by element."""


@elementwise(promote="compare", reference="numpy.not_equal", aliases=("not_equal",))
def ne(self, other):
    """Whether self != other, element by element."""


@elementwise(promote="compare", reference="numpy.less", aliases=("less",))
def lt(self, other):
    """Whether self < other, element by element."""


@elementwise(promote="compare", reference="numpy.less_equal", aliases=("less_equal",))
def le(self, other):
    """Whether self <= other, element by element."""


@elementwise(promote="compare", reference="numpy.greater", aliases=("greater",))
def gt(self, other):
    """Whether self > other, element by element."""


@elementwise(promote="compare", reference="numpy.greater_equal", aliases=("greater_equal",))
def ge(self, other):
    """Whether self >= other, element by element."""


@elementwise(promote="compare", reference="numpy.logical_and")
def logical_and(self, other):
    """Whether both are not 0."""


@elementwise(promote="compare", reference="numpy.logical_or", numbers=False)
def logical_or(self, other):
    """Whether either is not 0."""


@elementwise(promote="compare", reference="numpy.logical_xor", numbers=False)
def logical_xor(self, other):
    """Whether exactly one is not 0."""


@elementwise(promote="compare", reference="numpy.logical_not")
def logical_not(self):
    """Whether self is 0."""


@elementwise(promote="compare", inplace=False, reference="numpy.isnan")
def isnan(self):
    """Whether self is not a number."""


@elementwise(promote="compare", inplace=False, reference="numpy.isinf")
def isinf(self):
    """Whether self is inf or -inf (or has such a part)."""


@elementwise(promote="compare", inplace=False, reference="numpy.isfinite")
def isfinite(self):
    """Whether self is neither inf, -inf nor nan."""


@elementwise(promote="compare", inplace=False, reference="numpy.isposinf")
def isposinf(self):
    """Whether self is inf; complex is refused."""


@elementwise(promote="compare", inplace=False, reference="numpy.isneginf")
def isneginf(self):
    """Whether self is -inf; complex is refused."""


@elementwise(promote="compare", inplace=False, reference="numpy.signbit")
def signbit(self):
    """Whether the sign is minus (true for -0.0, too)."""


@elementwise(reference="numpy.bitwise_and", domain=(0, 9), also=NUMBER_FIRST)
def bitwise_and(self, other):
    """self & other, of integers or bool."""


@elementwise(reference="numpy.bitwise_or", domain=(0, 9), also=NUMBER_FIRST)
def bitwise_or(self, other):
    """self | other, of integers or bool."""


@elementwise(reference="numpy.bitwise_xor", domain=(0, 9), also=NUMBER_FIRST)
def bitwise_xor(self, other):
    """self ^ other, of integers or bool."""


@elementwise(reference="numpy.invert", domain=(0, 9))
def bitwise_not(self):
    """~self, of integers or bool."""


@elementwise(reference="numpy.left_shift", domain=(0, 9), also=NUMBER_FIRST)
def bitwise_left_shift(self, other):
    """self << other, of integers."""


@elementwise(reference="numpy.right_shift", domain=(0, 9), also=NUMBER_FIRST)
def bitwise_right_shift(self, other):
    """self >> other, of integers; the sign is kept."""


# Ties share the gradient; nan belongs to both.
@elementwise(inplace=False, reference="numpy.maximum", numbers=False)
def maximum(self, other):
    """The greater of self and other; nan when either is nan."""
    tie = self == other
    return where(tie, 0.5, where(self < other, 0.0, 1.0)), where(tie, 0.5, where(self > other, 0.0, 1.0))


@elementwise(inplace=False, reference="numpy.minimum", numbers=False)
def minimum(self, other):
    """The smaller of self and other; nan when either is nan."""
    tie = self == other
    return where(tie, 0.5, where(self > other, 0.0, 1.0)), where(tie, 0.5, where(self < other, 0.0, 1.0))


@elementwise(vjp=True, inplace=False, reference="numpy.fmax", numbers=False)
def fmax(g, self, other):
    """The greater of self and other; the number when one is nan."""
    first = logical_or(self >= other, isnan(other))
    return where(first, g, 0), where(first, 0, g)


@elementwise(vjp=True, inplace=False, reference="numpy.fmin", numbers=False)
def fmin(g, self, other):
    """The smaller of self and other; the number when one is nan."""
    first = logical_or(self <= other, isnan(other))
    return where(first, g, 0), where(first, 0, g)


# At a bound the gradient passes. Each of clamp's forms is an op: two numbers, two tensors, one bound left out.
@elementwise(
    "clamp(Tensor self, Scalar min, Scalar max)",
    vjp=True,
    reference="numpy.clip",
    grad_name="ClampBackward1",
    aliases=("clip",),
)
def clamp(g, self, min, max):
    """self, but no less than min and no more than max (either may be None)."""
    return where(logical_and(self >= min, self <= max), g, 0)


@composite("clamp.numbers(Tensor self, Scalar? min=None, Scalar? max=None)")
def _clamp_numbers():
    """clamp where a bound is None."""


@elementwise("clamp.Tensor(Tensor self, Tensor min, Tensor max)", fn="clamp", vjp=True)
def _clamp_tensors(g, self, min, max):
    """clamp where a bound is a tensor, broadcast."""
    inside = logical_and(self >= min, self <= max)
    below = logical_and(min < max, self < min)
    above = logical_or(self > max, max < min)
    return where(inside, g, 0), where(below, g, 0), where(above, g, 0)


@composite("clamp.tensors(Tensor self, Tensor? min=None, Tensor? max=None)")
def _clamp_some_tensors():
    """clamp where one bound is a tensor and the other is None."""


@composite("clamp_.numbers(Tensor self, Scalar? min=None, Scalar? max=None)")
def _clamp_numbers_():
    """In-place form."""


@composite("clamp_.tensors(Tensor self, Tensor? min=None, Tensor? max=None)")
def _clamp_some_tensors_():
    """In-place form."""


@elementwise(
    "_clamp_low(Tensor self, Scalar min)",
    fn="clamp_min",
    vjp=True,
    grad_name="ClampBackward1",
    function=False,
    method=False,
)
def _clamp_low(g, self, min):
    """clamp(min=number)."""
    return where(self >= min, g, 0)


@elementwise(
    "_clamp_high(Tensor self, Scalar max)",
    fn="clamp_max",
    vjp=True,
    grad_name="ClampBackward1",
    function=False,
    method=False,
)
def _clamp_high(g, self, max):
    """clamp(max=number)."""
    return where(self <= max, g, 0)


@elementwise("clamp_min(Tensor self, Scalar min)", vjp=True)
def clamp_min(g, self, min):
    """self, but no less than min."""
    return where(self >= min, g, 0)


@elementwise("clamp_min.Tensor(Tensor self, Tensor min)", fn="clamp_min", vjp=True, grad_name="ClampMinBackward1")
def _clamp_min_tensor(g, self, min):
    """clamp_min by a tensor, broadcast."""
    return where(self >= min, g, 0), where(self < min, g, 0)


@elementwise("clamp_max(Tensor self, Scalar max)", vjp=True)
def clamp_max(g, self, max):
    """self, but no more than max."""
    return where(self <= max, g, 0)


@elementwise("clamp_max.Tensor(Tensor self, Tensor max)", fn="clamp_max", vjp=True, grad_name="ClampMaxBackward1")
def _clamp_max_tensor(g, self, max):
    """clamp_max by a tensor, broadcast."""
    return where(self <= max, g, 0), where(self > max, g, 0)


@elementwise(
    "_nan_to_num(Tensor self, Scalar nan, Scalar posinf, Scalar neginf)",
    vjp=True,
    fn="nan_to_num",
    grad_name="NanToNumBackward0",
    inplace=False,
)
def _nan_to_num(g, self):
    """self with nan, inf and -inf replaced."""
    return where(isfinite(self), g, 0)


@composite(out=True)
def nan_to_num(self, nan=None, posinf=None, neginf=None):
    """self with nan, inf and -inf replaced: by 0 and the greatest and the least number of the dtype."""
    from .. import _types

    if not (self.is_floating_point() or self.is_complex()):
        return self.clone()
    limits = _types.finfo(self.dtype)
    return _nan_to_num(
        self,
        0.0 if nan is None else nan,
        limits.max if posinf is None else posinf,
        limits.min if neginf is None else neginf,
    )


@composite
def nan_to_num_(self, nan=None, posinf=None, neginf=None):
    """In-place form of nan_to_num."""
    return self.copy_(nan_to_num(self.clone(), nan, posinf, neginf))
