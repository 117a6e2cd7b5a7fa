"""The classes and functions that a user has allowed `load` to use."""

from .. import _core

_state = {"allowed": ()}


def add_safe_globals(safe_globals):
    """Allow classes or functions (or pairs of them with a name) in `load(weights_only=True)`.

    >>> import fractions
    >>> add_safe_globals([fractions.Fraction])
    >>> clear_safe_globals()
    """
    _state["allowed"] = _with(safe_globals)


def _with(values):
    allowed = list(_state["allowed"])
    allowed.extend(value for value in values if value not in allowed)  # each as it comes: the list grows meanwhile
    return tuple(allowed)


def get_safe_globals():
    """What has been allowed so far."""
    return list(_state["allowed"])


def clear_safe_globals():
    """Forget all that has been allowed."""
    _state["allowed"] = ()


class safe_globals(_core.Block):
    """Allow classes or functions within a block.

    >>> import fractions
    >>> with safe_globals([fractions.Fraction]):
    ...     get_safe_globals()
    [<class 'fractions.Fraction'>]
    """

    def __init__(self, safe_globals):
        self.values = list(safe_globals)

    def _begin(self):
        return None, ((_state, "allowed", _with(self.values)),)


def safe_names():
    """What has been allowed by the name a pickle knows it by; TypeError for what has no name."""
    names = {}
    for value in _state["allowed"]:
        if isinstance(value, tuple):
            if len(value) != 2 or not isinstance(value[1], str):
                raise ValueError(f"Expected tuple of length 2 (global, str of callable full path), but got {value}")
            names[value[1]] = value[0]
        elif callable(value):
            module, name = value.__module__, value.__qualname__
            if module.partition(".")[0] in ("wengert", "torch"):
                from .allowed import torch_name

                names[".".join(torch_name(value))] = value
            names[name if module == "builtins" else f"{module}.{name}"] = value
        else:
            raise TypeError(f"Expected an item in `add_safe_globals` to be a class or function, but got {type(value)}")
    return names
