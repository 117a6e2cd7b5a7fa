"""TorchDispatchMode: a block whose ops, as the machine runs them, are handed to a handler."""

from .. import _core
from ..overrides import _dispatch

__all__ = ["BaseTorchDispatchMode", "TorchDispatchMode"]


class TorchDispatchMode(_core.Block):
    """A block in which every op that the machine runs goes to ``__torch_dispatch__``, below autograd.

    func is ``torch.ops.aten.mul.Tensor`` and the like; inside the handler the mode is off.

    >>> import wengert
    >>> class Count(TorchDispatchMode):
    ...     seen = ()
    ...
    ...     def __torch_dispatch__(self, func, types, args=(), kwargs=None):
    ...         self.seen += (str(func),)
    ...         return func(*args, **(kwargs or {}))
    >>> x = wengert.ones(2)
    >>> with Count() as mode:
    ...     _ = x * 2
    >>> mode.seen
    ('aten.mul.Tensor',)
    """

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        raise NotImplementedError

    def _begin(self):
        return self, *_dispatch.entering(self)


class BaseTorchDispatchMode(TorchDispatchMode):
    """A mode that changes nothing."""

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        return func(*args, **(kwargs or {}))


def _get_current_dispatch_mode():
    """The innermost mode that is on, or None."""
    return _dispatch.current_mode()


def is_traceable_wrapper_subclass(t):
    """Whether a tensor is of a wrapper class that says how to take it apart."""
    return hasattr(t, "__tensor_flatten__") and hasattr(type(t), "__tensor_unflatten__")
