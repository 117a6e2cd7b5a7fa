"""torch.ops.aten: the table's functions with their overloads as attributes."""

from .. import _core
from ._declare import FUNCTIONS, METHODS, OPS


def _taken(op, args, kwargs):
    """What an argument that is no tensor, but takes calls over, makes of a call; NotImplemented when there is none."""
    if any(not isinstance(a, _core.Tensor) and _core.override_takes(a) for a in (*args, *kwargs.values())):
        from ..overrides import _taking

        return _taking.dispatch(op, args, kwargs)
    return NotImplemented


class Overload:
    """One form of an op: torch.ops.aten.add.Tensor. Calls with what the machine takes go straight to it.

    >>> import wengert
    >>> wengert.ops.aten.add.Tensor(wengert.ones(1), wengert.ones(1))
    tensor([2.])
    """

    __module__ = "torch._ops.aten"

    def __init__(self, packet, name):
        self.overloadpacket, self._overloadname = packet, name
        self.__name__ = f"{packet.__name__}.{name}"
        base = packet.__name__
        self.inplace = base.endswith("_") and base not in OPS and not base.startswith("__")
        base = base[:-1] if self.inplace else base
        self.op = next((op for op in (f"{base}.{name}", base) if op in OPS), None)

    def __call__(self, *args, **kwargs):
        taken = _taken(self, args, kwargs)
        if taken is not NotImplemented:
            return taken
        if self.op is None or not self._fits(args):
            return self.overloadpacket(*args, **kwargs)
        if kwargs:
            declared = OPS[self.op].signature[0]
            if not kwargs.keys() <= {p[0] for p in declared} or OPS[self.op].kind == "elementwise":
                return self.overloadpacket(*args, **kwargs)
            args = (*args, *(kwargs.get(p[0], p[2] if p[3] else None) for p in declared[len(args) :]))
        elif OPS[self.op].kind != "elementwise":
            args = (*args, *(p[2] if p[3] else None for p in OPS[self.op].signature[0][len(args) :]))
        return (_core.run_inplace if self.inplace else _core.run)(self.op, args)

    def _fits(self, args):
        return len(args) > 0 and len(args) <= len(OPS[self.op].signature[0])

    def __deepcopy__(self, memo):
        return self

    def name(self):
        """The qualified name."""
        return f"aten::{self.overloadpacket.__name__}" + (
            "" if self._overloadname == "default" else f".{self._overloadname}"
        )

    def __repr__(self):
        return f"<OpOverload(op='aten.{self.overloadpacket.__name__}', overload='{self._overloadname}')>"

    def __str__(self):
        return f"aten.{self.__name__}"


class Packet:
    """One op: callable, and torch.ops.aten.add.Tensor-like attributes that are callable, too.

    >>> import wengert
    >>> wengert.ops.aten.add(wengert.ones(1), wengert.ones(1))
    tensor([2.])
    """

    __module__ = "torch._ops.aten"

    def __init__(self, name, function):
        self.__name__, self._function = name, function
        self.__doc__ = function.__doc__

    def __call__(self, *args, **kwargs):
        taken = _taken(self, args, kwargs)
        return self._function(*args, **kwargs) if taken is NotImplemented else taken

    def __getattr__(self, overload):
        if overload.startswith("__"):
            raise AttributeError(overload)
        made = Overload(self, overload)
        setattr(self, overload, made)
        return made

    def __deepcopy__(self, memo):
        return self

    def overloads(self):
        """The names of the overloads in the table."""
        return [op.partition(".")[2] or "default" for op in OPS if op.partition(".")[0] == self.__name__] or ["default"]

    def __repr__(self):
        return f"<OpOverloadPacket(op='aten.{self.__name__}')>"

    def __str__(self):
        return f"aten.{self.__name__}"


def overload(name, args, inplace):
    """The overload that stands for an op of the machine with these arguments."""
    base, _, form = name.partition(".")
    if not form:
        binary = len(args) > 1 and OPS.get(name) is not None and OPS[name].kind == "elementwise"
        compare = base in ("eq", "ne", "lt", "le", "gt", "ge")
        form = "default" if not binary else "Scalar" if compare and not isinstance(args[1], _core.Tensor) else "Tensor"
    packet = aten.packet(base + "_" if inplace else base)
    if packet is None:
        packet = Packet(base, lambda *given: _core.run(name, given))
    return getattr(packet, form)


class Aten:
    """Every op by torch's name for it."""

    def packet(self, name):
        """The op of that name; None when there is none."""
        if name not in vars(self):
            from .._core import Tensor

            function = FUNCTIONS.get(name) or METHODS.get(name) or getattr(Tensor, name, None)
            if function is None:
                base = name[:-1] if name.endswith("_") and name not in OPS else name
                if base not in OPS:
                    return None
                run = _core.run if base == name else _core.run_inplace
                function = lambda *given: run(base, given)
            setattr(self, name, Packet(name, function))
        return vars(self)[name]

    def __getattr__(self, name):
        packet = None if name.startswith("__") else self.packet(name)
        if packet is None:
            raise AttributeError(f"'_OpNamespace' 'aten' object has no attribute '{name}'")
        return packet

    def __dir__(self):
        return sorted(FUNCTIONS)


aten = Aten()
for _of in ("size", "stride", "numel", "storage_offset"):  # here too, sizes are numbers
    setattr(aten, f"sym_{_of}", Packet(f"sym_{_of}", getattr(_core.Tensor, _of)))
aten._local_scalar_dense = Packet("_local_scalar_dense", _core.Tensor.item)
