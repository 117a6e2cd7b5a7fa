"""Transforms: invertible maps with the logarithm of their Jacobian's determinant."""

import math
import weakref
from numbers import Number

import wengert as wg
import wengert.nn.functional as F

from . import constraints


class Transform:
    """A map y = f(x): call it, call `.inv` for its inverse; `log_abs_det_jacobian(x, y)` is log |dy/dx|.

    With `cache_size=1` the last pair is remembered, so that `t.inv(t(x))` is x itself.

    >>> import wengert
    >>> ExpTransform().inv(wengert.tensor(1.0))
    tensor(0.)
    """

    bijective = False
    domain = codomain = constraints.real

    def __init__(self, cache_size=0):
        if cache_size not in (0, 1):
            raise ValueError("cache_size must be 0 or 1")
        self._cache_size, self._inv, self._cached_x_y = cache_size, None, (None, None)

    def __getstate__(self):
        return {**self.__dict__, "_inv": None}

    @property
    def event_dim(self):
        """Dimensions of an event, when they are the same on both sides."""
        if self.domain.event_dim == self.codomain.event_dim:
            return self.domain.event_dim
        raise ValueError("Please use either .domain.event_dim or .codomain.event_dim")

    @property
    def inv(self):
        """The inverse transform."""
        inverse = None if self._inv is None else self._inv()
        if inverse is None:
            inverse = _InverseTransform(self)
            self._inv = weakref.ref(inverse)
        return inverse

    @property
    def sign(self):
        """Sign of the derivative, for monotonic transforms of numbers."""
        raise NotImplementedError

    def with_cache(self, cache_size=1):
        """The same transform with a cache of another size."""
        if self._cache_size == cache_size:
            return self
        new = type(self).__new__(type(self))
        new.__dict__.update(self.__dict__, _cache_size=cache_size, _inv=None, _cached_x_y=(None, None))
        return new

    def __eq__(self, other):
        return self is other or (type(self) is type(other) and not self._parts() and not other._parts())

    __hash__ = object.__hash__

    def _parts(self):
        return {
            name: value for name, value in self.__dict__.items() if name not in ("_cache_size", "_inv", "_cached_x_y")
        }

    def __call__(self, x):
        if self._cache_size == 0:
            return self._call(x)
        if x is self._cached_x_y[0]:
            return self._cached_x_y[1]
        y = self._call(x)
        self._cached_x_y = x, y
        return y

    def _inv_call(self, y):
        if self._cache_size == 0:
            return self._inverse(y)
        if y is self._cached_x_y[1]:
            return self._cached_x_y[0]
        x = self._inverse(y)
        self._cached_x_y = x, y
        return x

    def _call(self, x):
        raise NotImplementedError

    def _inverse(self, y):
        raise NotImplementedError

    def log_abs_det_jacobian(self, x, y):
        """log |dy/dx| for each event."""
        raise NotImplementedError

    def forward_shape(self, shape):
        """The shape of outputs for inputs of a shape."""
        return shape

    def inverse_shape(self, shape):
        """The shape of inputs for outputs of a shape."""
        return shape

    def __repr__(self):
        return type(self).__name__ + "()"


class _InverseTransform(Transform):
    """The inverse of a transform."""

    def __init__(self, transform):
        super().__init__(cache_size=transform._cache_size)
        self._forward = transform

    @property
    def inv(self):
        """The transform that this one inverts."""
        return self._forward

    bijective = property(lambda self: self._forward.bijective)
    domain = property(lambda self: self._forward.codomain)
    codomain = property(lambda self: self._forward.domain)
    sign = property(lambda self: self._forward.sign)

    def with_cache(self, cache_size=1):
        """The same with a cache of another size."""
        return self._forward.with_cache(cache_size).inv

    def __eq__(self, other):
        return isinstance(other, _InverseTransform) and self._forward == other._forward

    __hash__ = object.__hash__

    def __repr__(self):
        return f"_InverseTransform({self._forward!r})"

    def __call__(self, x):
        return self._forward._inv_call(x)

    def _inv_call(self, y):
        return self._forward(y)

    def log_abs_det_jacobian(self, x, y):
        """log |dy/dx|."""
        return -self._forward.log_abs_det_jacobian(y, x)

    def forward_shape(self, shape):
        """The shape of outputs."""
        return self._forward.inverse_shape(shape)

    def inverse_shape(self, shape):
        """The shape of inputs."""
        return self._forward.forward_shape(shape)


class ExpTransform(Transform):
    """y = exp(x)."""

    codomain = constraints.positive
    bijective = True
    sign = +1

    def _call(self, x):
        return x.exp()

    def _inverse(self, y):
        return y.log()

    def log_abs_det_jacobian(self, x, y):
        """x."""
        return x


class PowerTransform(Transform):
    """y = x ** exponent, for positive x."""

    domain = codomain = constraints.positive
    bijective = True

    def __init__(self, exponent, cache_size=0):
        super().__init__(cache_size)
        self.exponent = exponent if isinstance(exponent, wg.Tensor) else wg.tensor(float(exponent))

    @property
    def sign(self):
        """Sign of the exponent."""
        return self.exponent.sign()

    def __eq__(self, other):
        return isinstance(other, PowerTransform) and bool(self.exponent.eq(other.exponent).all())

    __hash__ = object.__hash__

    def _call(self, x):
        return x.pow(self.exponent)

    def _inverse(self, y):
        return y.pow(1 / self.exponent)

    def log_abs_det_jacobian(self, x, y):
        """log |exponent y / x|."""
        return (self.exponent * y / x).abs().log()


def _clipped_sigmoid(x):
    """1 / (1 + exp(-x)), kept inside (0, 1)."""
    info = wg.finfo(x.dtype)
    return wg.clamp(wg.sigmoid(x), min=info.tiny, max=1.0 - info.eps)


class SigmoidTransform(Transform):
    """y = 1 / (1 + exp(-x))."""

    codomain = constraints.unit_interval
    bijective = True
    sign = +1

    def _call(self, x):
        return _clipped_sigmoid(x)

    def _inverse(self, y):
        info = wg.finfo(y.dtype)
        y = y.clamp(min=info.tiny, max=1.0 - info.eps)
        return y.log() - (-y).log1p()

    def log_abs_det_jacobian(self, x, y):
        """-softplus(-x) - softplus(x)."""
        return -F.softplus(-x) - F.softplus(x)


class SoftplusTransform(Transform):
    """y = log(1 + exp(x)), and x itself where x > 20."""

    codomain = constraints.positive
    bijective = True
    sign = +1

    def _call(self, x):
        return F.softplus(x)

    def _inverse(self, y):
        return (-y).expm1().neg().log() + y

    def log_abs_det_jacobian(self, x, y):
        """-softplus(-x)."""
        return -F.softplus(-x)


class TanhTransform(Transform):
    """y = tanh(x)."""

    codomain = constraints.interval(-1.0, 1.0)
    bijective = True
    sign = +1

    def _call(self, x):
        return x.tanh()

    def _inverse(self, y):
        return wg.atanh(y)

    def log_abs_det_jacobian(self, x, y):
        """log(1 - tanh(x)^2), in a form that is exact far from 0."""
        return 2.0 * (math.log(2.0) - x - F.softplus(-2.0 * x))


class AbsTransform(Transform):
    """y = |x|; its inverse gives the positive x."""

    codomain = constraints.positive

    def _call(self, x):
        return x.abs()

    def _inverse(self, y):
        return y


class AffineTransform(Transform):
    """y = loc + scale * x."""

    bijective = True

    def __init__(self, loc, scale, event_dim=0, cache_size=0):
        super().__init__(cache_size)
        self.loc, self.scale, self._event_dim = loc, scale, event_dim

    @property
    def event_dim(self):
        """Dimensions of an event."""
        return self._event_dim

    @property
    def domain(self):
        """All numbers."""
        return constraints.real if self._event_dim == 0 else constraints.independent(constraints.real, self._event_dim)

    codomain = domain

    @property
    def sign(self):
        """Sign of the scale."""
        if isinstance(self.scale, Number):
            return (self.scale > 0) - (self.scale < 0)
        return self.scale.sign()

    def __eq__(self, other):
        def same(left, right):
            if isinstance(left, Number) and isinstance(right, Number):
                return left == right
            return bool(wg.as_tensor(left == right).all())

        return isinstance(other, AffineTransform) and same(self.loc, other.loc) and same(self.scale, other.scale)

    __hash__ = object.__hash__

    def _call(self, x):
        return self.loc + self.scale * x

    def _inverse(self, y):
        return (y - self.loc) / self.scale

    def log_abs_det_jacobian(self, x, y):
        """log |scale|, summed over events."""
        scale = self.scale
        result = wg.full_like(x, math.log(abs(scale))) if isinstance(scale, Number) else wg.abs(scale).log()
        if self._event_dim:
            result = result.view(result.shape[: -self._event_dim] + (-1,)).sum(-1)
            return result.expand(x.shape[: -self._event_dim])
        return result.expand(x.shape)

    def forward_shape(self, shape):
        """The shape after broadcasting with loc and scale."""
        return wg.broadcast_shapes(shape, getattr(self.loc, "shape", ()), getattr(self.scale, "shape", ()))

    inverse_shape = forward_shape


class CumulativeDistributionTransform(Transform):
    """y = cdf(x) of a distribution."""

    bijective = True
    codomain = constraints.unit_interval
    sign = +1

    def __init__(self, distribution, cache_size=0):
        super().__init__(cache_size)
        self.distribution = distribution

    @property
    def domain(self):
        """The distribution's support."""
        return self.distribution.support

    def _call(self, x):
        return self.distribution.cdf(x)

    def _inverse(self, y):
        return self.distribution.icdf(y)

    def log_abs_det_jacobian(self, x, y):
        """The distribution's log_prob."""
        return self.distribution.log_prob(x)


from .compose import ComposeTransform, identity_transform  # noqa: F401 (needs the classes above)

_VECTOR = (
    "CatTransform", "CorrCholeskyTransform", "IndependentTransform", "LowerCholeskyTransform",
    "PositiveDefiniteTransform", "ReshapeTransform", "SoftmaxTransform", "StackTransform", "StickBreakingTransform",
)  # fmt: skip
__all__ = [name for name in globals() if name.endswith("Transform") and name[0] != "_"]
__all__ += ["identity_transform", *_VECTOR]


def __getattr__(name):
    if name not in _VECTOR:
        raise AttributeError(f"module 'torch.distributions.transforms' has no attribute '{name}'")
    from . import vector_transforms

    return getattr(vector_transforms, name)
