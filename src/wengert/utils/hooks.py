"""The handle that every ``register_*hook`` returns."""

import weakref

__all__ = ["RemovableHandle"]


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
