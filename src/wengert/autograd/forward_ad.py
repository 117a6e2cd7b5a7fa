"""Forward mode: dual numbers carry a tangent through a computation."""

from collections import namedtuple

from .. import _core
from ..func._batch import enter, leave, levels
from ..func._batch import forward_is_on as _is_fwd_grad_enabled
from ..func._batch import switch_forward as _switch
from ..func._interpret import make_dual as _wrap
from ..func._interpret import tangent_of

__all__ = ["UnpackedDualTensor", "dual_level", "enter_dual_level", "exit_dual_level", "make_dual", "unpack_dual"]

_current_level = -1
UnpackedDualTensor = namedtuple("UnpackedDualTensor", "primal tangent")


def enter_dual_level():
    """Begins a level of forward mode; there can be one at a time."""
    global _current_level
    if _current_level >= 0:
        raise RuntimeError("Nested forward mode AD is not supported at the moment")
    _current_level += 1
    enter()
    return _current_level


def exit_dual_level(*, level=None):
    """Ends the level; tensors made in it lose their tangents."""
    global _current_level
    level = _current_level if level is None else level
    if level < 0:
        raise RuntimeError("Dual level must be a positive number.")
    if level != _current_level:
        raise RuntimeError(
            "Trying to exit a forward AD level that was not the last one that was created. This is not supported."
        )
    leave()
    _current_level = level - 1


def make_dual(tensor, tangent, *, level=None):
    """A tensor with a tangent of its shape. RuntimeError outside a level, ValueError for tangents of integers.

    >>> import wengert
    >>> with dual_level():
    ...     x = make_dual(wengert.tensor(3.0), wengert.tensor(1.0))
    ...     unpack_dual(x * x).tangent
    tensor(6.)
    """
    if (level if level is not None else _current_level) < 0:
        raise RuntimeError(
            "Trying to create a dual Tensor for forward AD but no level exists, make sure to enter_dual_level() first."
        )
    if not (tensor.dtype.is_floating_point or tensor.dtype.is_complex):
        raise ValueError(f"Expected primal to be floating point or complex, but got: {tensor.dtype}")
    if not (tangent.dtype.is_floating_point or tangent.dtype.is_complex):
        raise ValueError(f"Expected tangent to be floating point or complex, but got: {tangent.dtype}")
    if tangent.shape != tensor.shape:
        raise RuntimeError(
            f"Trying to set a forward gradient that has a different size than that of the original Tensor, this is not supported. "
            f"Tensor is of size {list(tensor.shape)} while the given forward gradient is of size {list(tangent.shape)}."
        )
    if tangent_of(tensor, _number()) is not None:
        raise RuntimeError(
            "Making a dual Tensor based on a Tensor that already has a forward gradient at the same level 0 is not supported."
        )
    return _wrap(tensor.view_as(tensor), tangent, _number())


def _number():
    """The number of the level among the transforms that are running."""
    return next(level.number for level in reversed(levels()) if level.size is None)


def unpack_dual(tensor, *, level=None):
    """(primal, tangent) of a tensor; the tangent is None if it has none."""
    if (level if level is not None else _current_level) < 0:
        return UnpackedDualTensor(tensor, None)
    payload = _core.payload(tensor)
    if payload is None or payload.kind != "dual" or payload.level != _number():
        return UnpackedDualTensor(tensor, None)
    return UnpackedDualTensor(payload.primal, payload.tangent)


class dual_level:
    """A block that is a level of forward mode."""

    def __enter__(self):
        return enter_dual_level()

    def __exit__(self, *exc):
        exit_dual_level()


class _set_fwd_grad_enabled:
    """Switches forward mode on or off, for a block or (called as a function) from now on."""

    def __init__(self, mode):
        self.before = _is_fwd_grad_enabled()
        _switch(mode)

    def __enter__(self):
        return None

    def __exit__(self, *exc):
        _switch(self.before)
