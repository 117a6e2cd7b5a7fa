"""Access to the native ops by the names they have in ATen."""

import wengert as wg

_COMPOSED = ("_folding", "_resample")


def native(name):
    """The native op `name`; when the core has none, the same written in other ops, or a function that refuses."""
    found = getattr(wg._ops, name, None)
    if found is not None:
        return found
    from importlib import import_module

    for module in _COMPOSED:
        written = getattr(import_module(f".{module}", __package__), name, None)
        if written is not None:
            return written

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
