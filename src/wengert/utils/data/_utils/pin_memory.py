"""Pinning the memory of a batch: asked of all that can do it in a nest of containers."""

from collections.abc import Mapping, Sequence

from .collate import _like


def pin_memory(data, device=None):
    """The batch with what `pin_memory()` gives in place of all that have that method.

    >>> pin_memory({"name": "a", "parts": [1, 2.0]})
    {'name': 'a', 'parts': [1, 2.0]}
    """
    if hasattr(data, "pin_memory"):
        return data.pin_memory()
    if isinstance(data, (str, bytes)):
        return data
    if isinstance(data, Mapping):
        pinned = {key: pin_memory(value, device) for key, value in data.items()}
        return _like(data, lambda clone: clone.update(pinned), lambda: pinned)
    if isinstance(data, tuple) and hasattr(data, "_fields"):
        return type(data)(*(pin_memory(value, device) for value in data))
    if isinstance(data, tuple):
        return type(data)(pin_memory(value, device) for value in data)
    if isinstance(data, Sequence):
        pinned = [pin_memory(value, device) for value in data]

        def fill(clone):
            clone[:] = pinned

        return _like(data, fill, lambda: pinned)
    return data
