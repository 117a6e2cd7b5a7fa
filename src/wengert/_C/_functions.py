"""torch._C._functions: the classes of nodes by name, and two functions that make special nodes."""

from .. import _core
from ..autograd._special_nodes import DelayedError, UndefinedGrad

__all__ = ["DelayedError", "UndefinedGrad"]


def __getattr__(name):
    found = _core.node_type(name)
    if found is None:
        raise AttributeError(f"module 'torch._C._functions' has no attribute '{name}'")
    return found
