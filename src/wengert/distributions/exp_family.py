"""The base class of the exponential family, under torch's module name."""

from .distribution import ExponentialFamily

__all__ = ["ExponentialFamily"]
