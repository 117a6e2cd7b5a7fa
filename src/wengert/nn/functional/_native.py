"""Access to the native ops by the names they have in ATen."""

import wengert as wg


def native(name):
    """The native op `name`; when the core has none, a function that says so when it is called."""
    found = getattr(wg._ops, name, None)
    if found is not None:
        return found

    def missing(*args, **kwargs):
        raise NotImplementedError(f"wengert has no '{name}' yet: the core was built without this op")

    missing.__name__ = missing.__qualname__ = name
    return missing


def tuple_of(value, n):
    """An int n times, or the sequence as a tuple.

    >>> tuple_of(3, 2)
    (3, 3)
    """
    if isinstance(value, int):
        return (value,) * n
    value = tuple(value)
    return value * n if len(value) == 1 else value
