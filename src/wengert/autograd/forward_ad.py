"""Forward mode: dual numbers carry a tangent through a computation."""

from collections import namedtuple

from .. import _core
from ..func._dual import check_dual, dual_at, laid_out_in_full, settle, tangent_of
from ..func._dual import make_dual as _wrap
from ..func._levels import forward_is_on as _is_fwd_grad_enabled
from ..func._levels import levels, running, switching_forward

__all__ = ["UnpackedDualTensor", "dual_level", "enter_dual_level", "exit_dual_level", "make_dual", "unpack_dual"]

_current_level = -1
_block = None  # the dual_level that is running
UnpackedDualTensor = namedtuple("UnpackedDualTensor", "primal tangent")


def enter_dual_level():
    """Begins a level of forward mode; there can be one at a time."""
    return dual_level().__enter__()


def exit_dual_level(*, level=None):
    """Ends the level; tensors made in it lose their tangents."""
    level = _current_level if level is None else level
    if level < 0:
        raise RuntimeError("Dual level must be a positive number.")
    if level != _current_level:
        raise RuntimeError(
            "Trying to exit a forward AD level that was not the last one that was created. This is not supported."
        )
    _block.__exit__()


def make_dual(tensor, tangent, *, level=None):
    """A tensor with a tangent of its shape. RuntimeError outside a level, ValueError for tangents of integers.

    >>> import wengert
    >>> with dual_level():
    ...     x = make_dual(wengert.tensor(3.0), wengert.tensor(1.0))
    ...     unpack_dual(x * x).tangent
    tensor(6.)
    """
    level = _current_level if level is None else level
    if level < 0:
        raise RuntimeError(
            "Trying to create a dual Tensor for forward AD but no level exists, make sure to enter_dual_level() first."
        )
    check_dual(tensor, tangent)
    if level != 0:
        raise RuntimeError("Invalid level given to _make_dual")
    number = _number()
    settle(tensor)
    settle(tangent)
    if tangent_of(tangent, number) is not None:
        raise RuntimeError(
            "Setting a forward grad that itself has a forward gradient at the same level0 is not supported."
        )
    if tangent_of(tensor, number) is not None:
        raise RuntimeError(
            "Making a dual Tensor based on a Tensor that already has a forward gradient at the same level 0 is not supported."
        )
    return _wrap(tensor.view_as(tensor), laid_out_in_full(tangent, tensor), number)


def _number():
    """The number of the level among the transforms that are running."""
    return next(level.number for level in reversed(levels()) if level.kind == "dual")


def unpack_dual(tensor, *, level=None):
    """(a view of the primal, tangent) of a tensor; the tangent is None if it has none."""
    level = _current_level if level is None else level
    if level < 0:
        return UnpackedDualTensor(tensor, None)
    if not isinstance(tensor, _core.Tensor):
        raise TypeError(f"_unpack_dual(): argument 'dual' (position 1) must be Tensor, not {type(tensor).__name__}")
    settle(tensor)
    dual = dual_at(tensor, _number())
    if dual is None:
        return UnpackedDualTensor(tensor.view_as(tensor), None)
    return UnpackedDualTensor(dual.primal.view_as(dual.primal), dual.tangent if _is_fwd_grad_enabled() else None)


class dual_level(_core.Block):
    """A block that is a level of forward mode."""

    def _begin(self):
        if _current_level >= 0:
            raise RuntimeError("Nested forward mode AD is not supported at the moment")
        _, changes, follows = running("dual")._begin()
        level = _current_level + 1
        return level, ((globals(), "_current_level", level), (globals(), "_block", self), *changes), follows


class _set_fwd_grad_enabled(_core.Block):
    """Switches forward mode on or off, for a block or (called as a function) from now on."""

    def __init__(self, mode):
        self.mode = mode
        super().__enter__()

    def _begin(self):
        return None, (switching_forward(self.mode),)

    def __enter__(self):
        return None
