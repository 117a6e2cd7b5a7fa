"""SavedTensor: a handle on one tensor that a node keeps, through which hooks can take it over."""

from .. import _core


class SavedTensor:
    """What ``grad_fn._raw_saved_self`` gives.

    >>> import wengert
    >>> x = wengert.ones(1, requires_grad=True)
    >>> y = x.exp()
    >>> y.grad_fn._raw_saved_result.register_hooks(lambda t: t * 2, lambda t: t)
    >>> y.backward()
    >>> x.grad
    tensor([5.4366])
    """

    __slots__ = ("_node", "_slot")

    def __init__(self):
        raise RuntimeError("Trying to create a SavedTensor object from Python is forbidden.")

    def register_hooks(self, *hooks):
        """register_hooks(pack_hook, unpack_hook): pack_hook(tensor) is called now; what it returns is kept, and unpack_hook makes a
        tensor of it in backward."""
        if len(hooks) != 2 or not all(map(callable, hooks)):
            raise TypeError(
                "register_hooks(): incompatible function arguments. The following argument types are supported:\n    1. (self: "
                "torch._C._autograd.SavedTensor, arg0: collections.abc.Callable, arg1: collections.abc.Callable) -> None\n\nInvoked with: "
                + ", ".join(map(repr, (self, *hooks)))
            )
        _core.hook_saved(self._node, self._slot, *hooks)


def handle(node, slot):
    """The handle on a slot of a node."""
    self = object.__new__(SavedTensor)
    self._node, self._slot = node, slot
    return self
