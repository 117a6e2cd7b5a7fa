"""torch.ops.aten: the table's functions with their overloads as attributes."""

from ._declare import FUNCTIONS, METHODS, OPS


class Packet:
    """One op: callable, and torch.ops.aten.add.Tensor-like attributes that are callable, too.

    >>> import wengert
    >>> wengert.ops.aten.add.Tensor(wengert.ones(1), wengert.ones(1))
    tensor([2.])
    """

    def __init__(self, name, function):
        self.__name__, self._function = name, function
        self.__doc__ = function.__doc__

    def __call__(self, *args, **kwargs):
        return self._function(*args, **kwargs)

    def __getattr__(self, overload):
        if overload.startswith("__"):
            raise AttributeError(overload)
        return self._function

    def overloads(self):
        """The names of the overloads in the table."""
        return [op.partition(".")[2] or "default" for op in OPS if op.partition(".")[0] == self.__name__] or ["default"]

    def __repr__(self):
        return f"<OpOverloadPacket(op='aten.{self.__name__}')>"


class Aten:
    """Every op by torch's name for it."""

    def __getattr__(self, name):
        function = FUNCTIONS.get(name) or METHODS.get(name)
        if function is None:
            raise AttributeError(f"'_OpNamespace' 'aten' object has no attribute '{name}'")
        packet = Packet(name, function)
        setattr(self, name, packet)
        return packet

    def __dir__(self):
        return sorted(FUNCTIONS)


aten = Aten()
