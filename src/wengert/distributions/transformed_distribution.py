"""A distribution seen through transforms."""

from typing import ClassVar

import wengert as wg

from . import constraints
from .distribution import Distribution
from .independent import Independent
from .transforms import ComposeTransform, Transform
from .utils import sum_rightmost


class TransformedDistribution(Distribution):
    """y = f(x) for x from a base distribution and f one transform or a list of them.

    >>> import wengert
    >>> from wengert.distributions import ExpTransform, Normal
    >>> TransformedDistribution(Normal(0.0, 1.0), [ExpTransform()]).log_prob(wengert.tensor(1.0))
    tensor(-0.9189)
    """

    arg_constraints: ClassVar = {}

    def __init__(self, base_distribution, transforms, validate_args=None):
        if isinstance(transforms, Transform):
            self.transforms = [transforms]
        elif isinstance(transforms, list):
            if not all(isinstance(transform, Transform) for transform in transforms):
                raise ValueError("transforms must be a Transform or a list of Transforms")
            self.transforms = transforms
        else:
            raise ValueError(f"transforms must be a Transform or list, but was {transforms}")
        shape = base_distribution.batch_shape + base_distribution.event_shape
        event_dim = len(base_distribution.event_shape)
        transform = ComposeTransform(self.transforms)
        if len(shape) < transform.domain.event_dim:
            raise ValueError(
                "base_distribution needs to have shape with size at least "
                f"{transform.domain.event_dim}, but got {shape}."
            )
        out_shape = transform.forward_shape(shape)
        expanded = transform.inverse_shape(out_shape)
        if shape != expanded:
            base_distribution = base_distribution.expand(expanded[: len(expanded) - event_dim])
        taken = transform.domain.event_dim - event_dim
        if taken > 0:
            base_distribution = Independent(base_distribution, taken)
        self.base_dist = base_distribution
        out_dim = transform.codomain.event_dim + max(event_dim - transform.domain.event_dim, 0)
        cut = len(out_shape) - out_dim
        super().__init__(out_shape[:cut], out_shape[cut:], validate_args)

    def expand(self, batch_shape, _instance=None):
        """The same with a larger batch shape."""
        new = type(self).__new__(type(self)) if _instance is None else _instance
        for name, value in self.__dict__.items():  # a subclass's own parameters
            is_batched = isinstance(value, (wg.Tensor, Distribution)) and name != "base_dist"
            new.__dict__[name] = value.expand(batch_shape) if is_batched else value
        shape = wg.Size(tuple(batch_shape) + tuple(self.event_shape))
        for transform in reversed(self.transforms):
            shape = transform.inverse_shape(shape)
        new.base_dist = self.base_dist.expand(shape[: len(shape) - len(self.base_dist.event_shape)])
        Distribution.__init__(new, batch_shape, self.event_shape, validate_args=False)
        new._validate_args = self._validate_args
        return new

    has_rsample = property(lambda self: self.base_dist.has_rsample)

    @constraints.dependent_property(is_discrete=False)
    def support(self):
        """What the last transform gives."""
        if not self.transforms:
            return self.base_dist.support
        support = self.transforms[-1].codomain
        missing = len(self.event_shape) - support.event_dim
        return constraints.independent(support, missing) if missing > 0 else support

    def _transformed(self, x):
        for transform in self.transforms:
            x = transform(x)
        return x

    def sample(self, sample_shape=()):
        """The base's draws, transformed, without gradients."""
        with wg.no_grad():
            return self._transformed(self.base_dist.sample(sample_shape))

    def rsample(self, sample_shape=()):
        """The base's draws, transformed."""
        return self._transformed(self.base_dist.rsample(sample_shape))

    def log_prob(self, value):
        """The base's log_prob at the inverse, less the logarithms of the Jacobians."""
        if self._validate_args:
            self._validate_sample(value)
        event_dim, log_prob, y = len(self.event_shape), 0.0, value
        for transform in reversed(self.transforms):
            x = transform.inv(y)
            event_dim += transform.domain.event_dim - transform.codomain.event_dim
            jacobian = transform.log_abs_det_jacobian(x, y)
            log_prob = log_prob - sum_rightmost(jacobian, event_dim - transform.domain.event_dim)
            y = x
        return log_prob + sum_rightmost(self.base_dist.log_prob(y), event_dim - len(self.base_dist.event_shape))

    def _monotonize(self, value):
        """1 - value where the transforms fall."""
        sign = 1
        for transform in self.transforms:
            sign = sign * transform.sign
        return value if isinstance(sign, int) and sign == 1 else sign * (value - 0.5) + 0.5

    def cdf(self, value):
        """Probability of at most a value."""
        for transform in self.transforms[::-1]:
            value = transform.inv(value)
        if self._validate_args:
            self.base_dist._validate_sample(value)
        return self._monotonize(self.base_dist.cdf(value))

    def icdf(self, value):
        """The inverse of cdf."""
        return self._transformed(self.base_dist.icdf(self._monotonize(value)))
