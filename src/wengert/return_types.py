"""The named tuples in which ops return several tensors, as torch.return_types."""

from . import _core

_types = {}


def named(op, fields):
    """The named tuple class of an op with these fields."""
    if (op, fields) in _types:
        return _types[op, fields]

    def body(self):
        lines = ",\n".join(f"{field}={value!r}" for field, value in zip(fields, self))
        return f"torch.return_types.{op}(\n{lines})"

    _types[op, fields] = cls = _core.sequence_type(f"torch.return_types.{op}", fields)
    cls.__repr__ = body
    cls.__reduce__ = lambda self: (_rebuild, (op, fields, tuple(self)))
    globals()[op] = cls
    return cls


def _rebuild(op, fields, values):
    return named(op, fields)(values)


def __getattr__(name):
    """A class before its op has been called: its fields are in the op's declaration."""
    from .ops._declare import FUNCTIONS

    function = FUNCTIONS.get(name.replace("linalg_", "linalg.", 1))
    for _, _, _, outs, _ in getattr(function, "overloads", ()):
        if outs and outs[0]:
            return named(name, tuple(outs))
    raise AttributeError(f"module 'torch.return_types' has no attribute '{name}'")
