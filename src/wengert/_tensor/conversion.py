"""Tensor.to, its shorthands (float, int, cpu …), and what these and Module.to make of their arguments."""

import itertools

from .. import _core
from .._core import Tensor
from .._types import channels_last, channels_last_3d, contiguous_format, device, memory_format

_FORMS = (
    ("device", "dtype", "non_blocking", "copy"),
    ("dtype", "non_blocking", "copy"),
    ("tensor", "non_blocking", "copy"),
)
_ORDERS = (contiguous_format, channels_last, channels_last_3d)
_PYTHON = {float: _core.float64, int: _core.int64, bool: _core.bool, complex: _core.complex128}
_SHOWN = """but expected one of:
 * (torch.device device = None, torch.dtype dtype = None, bool non_blocking = False, bool copy = False, *, \
torch.memory_format memory_format = None)
 * (torch.dtype dtype, bool non_blocking = False, bool copy = False, *, torch.memory_format memory_format = None)
 * (Tensor tensor, bool non_blocking = False, bool copy = False, *, torch.memory_format memory_format = None)
"""


def _fits(name, value):
    if name == "tensor":
        return isinstance(value, Tensor)
    if name in ("non_blocking", "copy"):
        return isinstance(value, bool)
    if value is None:
        return True
    if name == "dtype":
        return isinstance(value, _core.dtype) or (isinstance(value, type) and value in _PYTHON)
    if name == "memory_format":
        return isinstance(value, memory_format)
    return isinstance(value, (str, device)) or (isinstance(value, int) and not isinstance(value, bool))


def _kind(value):
    name = type(value).__name__
    return f"torch.{name}" if isinstance(value, (_core.dtype, device, memory_format)) else name


def parse_to(args, kwargs):
    """What the arguments of to() say: a dict of device, dtype, non_blocking, copy and memory_format."""
    if len(args) > 4:
        raise TypeError(f"to() takes from 0 to 4 positional arguments but {len(args)} were given")
    for names in _FORMS:
        if len(args) > len(names) or (names[0] == "tensor" and not args and "tensor" not in kwargs):
            continue
        found = {**dict(zip(names, args)), **kwargs}
        allowed = (*names, "memory_format")
        if len(found) == len(args) + len(kwargs) and all(k in allowed and _fits(k, v) for k, v in found.items()):
            break
    else:
        shown = ", ".join([_kind(a) for a in args] + [f"{k}={_kind(v)}" for k, v in kwargs.items()])
        end = ", " if kwargs and not args else ""
        raise TypeError(f"to() received an invalid combination of arguments - got ({shown}{end}), {_SHOWN}")
    if "tensor" in found:
        found["dtype"] = found["tensor"].dtype
    dtype = found.get("dtype")
    return {
        "device": found.get("device"),
        "tensor": found.get("tensor"),
        "dtype": _PYTHON.get(dtype, dtype),
        "non_blocking": found.get("non_blocking", False),
        "copy": found.get("copy", False),
        "memory_format": found.get("memory_format"),
    }


def to(self, *args, **kwargs):
    """This tensor in another dtype or memory format; itself when nothing changes.

    The forms are to(dtype), to(device, dtype) and to(other), each with non_blocking, copy and memory_format.

    >>> import wengert
    >>> wengert.ones(2).to(wengert.int64)
    tensor([1, 1])
    """
    if len(args) == 1 and not kwargs and isinstance(args[0], _core.dtype):
        dtype = args[0]
        return self if dtype is self.dtype else self._to_copy(dtype)
    said = parse_to(args, kwargs)
    place = said["device"]
    if place is None and isinstance(said["tensor"], _core.Tensor) and said["tensor"].is_meta:
        place = "meta"
    if place is not None and (moved := _moved(self, device(place))) is not None:
        return moved if said["dtype"] is None else moved.to(said["dtype"])
    return _convert(self, said["dtype"] or self.dtype, said["memory_format"], said["copy"])


def _moved(self, place):
    """self on the meta device; None where it is on that device already. There is no way back."""
    if place.type == self.device.type:
        return None
    if place.type == "meta":
        from .meta import like

        return like(self)
    place._check_available()
    raise NotImplementedError("Cannot copy out of meta tensor; no data!")


def _convert(self, dtype, memory_format, copy=False):
    if copy or dtype is not self.dtype:
        return self._to_copy(dtype, memory_format)
    return self if memory_format is None else self._to_format(memory_format)


def cpu(self, memory_format=None):
    """Itself, tensors live on the CPU; a copy when it does not lie in memory_format."""
    if self.is_meta:
        return _moved(self, device("cpu"))
    return self if memory_format is None else self._to_format(memory_format)


def cast_method(method, name):
    """A method such as Tensor.float."""
    dtype = getattr(_core, name)

    def cast(self, memory_format=None):
        if memory_format is None:
            return self if self.dtype is dtype else self._to_copy(dtype)
        return _convert(self, dtype, memory_format)

    cast.__name__ = cast.__qualname__ = method
    cast.__doc__ = f"This tensor as {name}."
    return cast


def _perm(sizes, strides):
    """The dims from the outermost to the innermost, and whether strides left a choice.

    Dims are compared in pairs, starting from row-major order; a stride of 0 says nothing.
    """
    order, unclear = list(range(len(sizes)))[::-1], False
    for start in range(1, len(order)):
        at = start
        for k in range(start - 1, -1, -1):
            inner, outer = order[k], order[at]
            a, b = strides[inner], strides[outer]
            unclear |= a == 0 or b == 0 or a == b
            if a == 0 or b == 0 or (a == b and sizes[inner] <= sizes[outer]):
                continue
            if a < b:
                break
            order[k], order[at], at = outer, inner, k
    return tuple(reversed(order)), unclear


def dim_order(self, *, ambiguity_check=False):
    """The dims from the outermost in memory to the innermost; those that strides cannot tell apart stay in order.

    ambiguity_check=True refuses a tensor whose strides leave a choice, a list of memory formats one that moreover does
    not lie in exactly one of them: RuntimeError.

    >>> import wengert
    >>> wengert.empty(2, 3, 4).transpose(0, 2).dim_order()
    (2, 1, 0)
    """
    formats = ambiguity_check if isinstance(ambiguity_check, list) else []
    if not isinstance(ambiguity_check, (bool, list)) or not all(isinstance(f, memory_format) for f in formats):
        raise TypeError("The ambiguity_check argument must be a bool or a list of memory formats.")
    sizes, strides = self.shape, self.stride()
    order, unclear = _perm(sizes, strides)
    if ambiguity_check is not False:
        several = 1 in sizes or any(a == b for a, b in itertools.pairwise(strides))
        if several and sum(self.is_contiguous(memory_format=f) for f in formats) != 1:
            raise RuntimeError(
                "The tensor does not have unique dim order, or cannot map to exact one of the given memory formats."
            )
        told = formats and sum(self.is_contiguous(memory_format=f) for f in _ORDERS) < 2  # one format says which it is
        if unclear and not told:
            raise RuntimeError("The tensor does not have unique dim order.")
    return order
