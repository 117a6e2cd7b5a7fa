"""The handle that every ``register_*hook`` returns; what is said of hooks that a file cannot hold."""

import warnings
import weakref

from .. import _core

__all__ = ["RemovableHandle", "unserializable_hook", "warn_if_has_hooks"]


class RemovableHandle:
    """Removes one entry from the hook table it was made for.

    Args:
        hooks_dict: an ordered mapping of handle id to hook; the owner stores its hook under ``handle.id``.
        extra_dict: one more mapping, or a list of mappings, from which the same id is removed.

    Example::

        >>> from collections import OrderedDict
        >>> from wengert.utils.hooks import RemovableHandle
        >>> table = OrderedDict()
        >>> handle = RemovableHandle(table)
        >>> table[handle.id] = print
        >>> handle.remove()
        >>> len(table)
        0
    """

    next_id = 0

    def __init__(self, hooks_dict, *, extra_dict=None):
        # Weak, so that a forgotten handle does not keep a whole model or optimizer alive.
        self.hooks_dict_ref = weakref.ref(hooks_dict)
        self.id = RemovableHandle.next_id
        RemovableHandle.next_id += 1
        if extra_dict is None:
            tables = ()
        elif isinstance(extra_dict, list):
            tables = extra_dict
        else:
            tables = (extra_dict,)
        self.extra_dict_ref = tuple(weakref.ref(table) for table in tables)

    def remove(self):
        """Removes the hook; doing so twice is harmless."""
        for reference in (self.hooks_dict_ref, *self.extra_dict_ref):
            table = reference()
            if table is not None:
                table.pop(self.id, None)

    def __getstate__(self):
        return (self.hooks_dict_ref(), self.id, tuple(reference() for reference in self.extra_dict_ref))

    def __setstate__(self, state):
        from collections import OrderedDict

        def reference(table):
            # A table that died before pickling is replaced by an empty one: removing from it does nothing.
            return weakref.ref(OrderedDict() if table is None else table)

        self.hooks_dict_ref = reference(state[0])
        self.id = state[1]
        self.extra_dict_ref = tuple(reference(table) for table in (state[2] if len(state) > 2 else ()))
        RemovableHandle.next_id = max(RemovableHandle.next_id, self.id + 1)

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        self.remove()


class CoreHandle(RemovableHandle):
    """The handle of a hook on a tensor's gradient or on a node.

    >>> import wengert
    >>> x = wengert.ones(1, requires_grad=True)
    >>> handle = x.register_hook(lambda g: 2 * g)
    >>> handle.remove()
    """

    def __init__(self, owner, hook_id):
        self._owner, self.id = owner, hook_id

    def remove(self):
        """The hook is not called any more; a second call does nothing."""
        if self._owner is not None:
            _core.remove_hook(self._owner, self.id)
            self._owner = None

    def __reduce__(self):
        return _removed, (self.id,)  # a copy of the owner has no hooks


CoreHandle.__name__ = CoreHandle.__qualname__ = "RemovableHandle"


def _removed(hook_id):
    return CoreHandle(None, hook_id)


def unserializable_hook(f):
    """Marks a hook (a decorator): saving its tensor does not warn of it.

    >>> @unserializable_hook
    ... def hook(grad):
    ...     return 2 * grad
    """
    f.__torch_unserializable__ = True
    return f


def warn_if_has_hooks(tensor):
    """Warns of every hook on a tensor that is about to be saved: files hold none."""
    for hook in (_core.hooks_of(tensor, False) or {}).values():
        if not hasattr(hook, "__torch_unserializable__"):
            warnings.warn(
                f"backward hook {hook!r} on tensor will not be serialized.  If this is expected, you can decorate the "
                "function with @torch.utils.hooks.unserializable_hook to suppress this warning",
                stacklevel=2,
            )


def __getattr__(name):
    if name == "BackwardHook":
        from ..nn.modules._backward_hook import BackwardHook

        return BackwardHook
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
