"""Padding layers."""

from .. import functional as F
from .module import Module
from .utils import _ntuple, _pair, _quadruple

_sextuple = _ntuple(6, "_sextuple")

__all__ = [
    "CircularPad1d", "CircularPad2d", "CircularPad3d", "ConstantPad1d", "ConstantPad2d", "ConstantPad3d",
    "ReflectionPad1d", "ReflectionPad2d", "ReflectionPad3d", "ReplicationPad1d", "ReplicationPad2d",
    "ReplicationPad3d", "ZeroPad1d", "ZeroPad2d", "ZeroPad3d",
]  # fmt: skip


class _PadNd(Module):
    """Pads by `mode`; `_parse` makes a tuple of the padding argument."""

    mode = "constant"
    _parse = None

    def __init__(self, padding):
        super().__init__()
        self.padding = type(self)._parse(padding)

    def forward(self, input):
        return F.pad(input, self.padding, self.mode)

    def extra_repr(self):
        return f"{self.padding}"


class _One:
    _parse = staticmethod(_pair)
    _ranks = (2, 3)


class _Two:
    _parse = staticmethod(_quadruple)
    _ranks = (3, 4)


class _Three:
    _parse = staticmethod(_sextuple)
    _ranks = (4, 5)


class _CircularPadNd(_PadNd):
    mode = "circular"

    def forward(self, input):
        low, high = self._ranks
        if input.dim() not in self._ranks:
            raise ValueError(f"expected {low}D or {high}D input (got {input.dim()}D input)")
        return super().forward(input)


class _ConstantPadNd(_PadNd):
    def __init__(self, padding, value):
        super().__init__(padding)
        self.value = value

    def forward(self, input):
        return F.pad(input, self.padding, "constant", self.value)

    def extra_repr(self):
        return f"padding={self.padding}, value={self.value}"


class _ReflectionPadNd(_PadNd):
    mode = "reflect"


class _ReplicationPadNd(_PadNd):
    mode = "replicate"


class _ZeroPadNd(_ConstantPadNd):
    def __init__(self, padding):
        super().__init__(padding, 0.0)

    def extra_repr(self):
        return f"{self.padding}"


_KINDS = {
    "CircularPad": (_CircularPadNd, "Pads the last {0} dimension(s) by wrapping around."),
    "ConstantPad": (_ConstantPadNd, "Pads the last {0} dimension(s) with `value`."),
    "ReflectionPad": (_ReflectionPadNd, "Pads the last {0} dimension(s) by reflection at the border."),
    "ReplicationPad": (_ReplicationPadNd, "Pads the last {0} dimension(s) by repeating the border."),
    "ZeroPad": (_ZeroPadNd, "Pads the last {0} dimension(s) with zeros."),
}


def _make(kind, n):
    """The class `kind`{n}d; padding is an int, or (left, right, top, bottom, ...)."""
    base, text = _KINDS[kind]
    args = "1, 0.0" if kind == "ConstantPad" else "1"
    shape = ", ".join(["1"] * 2 + ["2"] * n)
    result = ", ".join(["1"] * 2 + ["4"] * n)
    name = f"{kind}{n}d"
    doc = f"{text.format(n)}\n\n    >>> {name}({args})(wg.ones({shape})).shape\n    torch.Size([{result}])\n    "
    bases = (base, globals()[f"ConstantPad{n}d"]) if kind == "ZeroPad" else ((_One, _Two, _Three)[n - 1], base)
    return type(name, bases, {"__doc__": doc, "__module__": __name__})


CircularPad1d, CircularPad2d, CircularPad3d = (_make("CircularPad", n) for n in (1, 2, 3))
ConstantPad1d, ConstantPad2d, ConstantPad3d = (_make("ConstantPad", n) for n in (1, 2, 3))
ReflectionPad1d, ReflectionPad2d, ReflectionPad3d = (_make("ReflectionPad", n) for n in (1, 2, 3))
ReplicationPad1d, ReplicationPad2d, ReplicationPad3d = (_make("ReplicationPad", n) for n in (1, 2, 3))
ZeroPad1d, ZeroPad2d, ZeroPad3d = (_make("ZeroPad", n) for n in (1, 2, 3))
