"""Calls that no signature fits: foreign classes, forms of older versions of torch, numbers in place of tensors."""

import warnings

import wengert as wg

from .. import _core
from .._core import Tensor

_NUMBERS_FIRST = frozenset(("add", "sub", "mul", "div", "floor_divide"))
_NUMBER_AND_TENSOR = frozenset(
    ("remainder", "bitwise_and", "bitwise_or", "bitwise_xor", "bitwise_left_shift", "bitwise_right_shift")
)
_MATRIX_SUMS = frozenset(("addmm", "addmv", "addr", "addbmm", "baddbmm"))
_warned = False


def rescue(function, args, kwargs):
    """The result of a call that no signature fits, or NotImplemented."""
    if any(_core.override_takes(one) for one in _each(args, kwargs)):
        from ._taking import take, watch

        watch()  # a foreign class takes calls over: functions written in Python have to ask from here on
        return take(function, args, kwargs)
    name = function.__name__
    if name in ("linspace", "logspace") and (ends := _ends(name, args)) is not None:
        return function(*ends, *args[2:], **kwargs)
    form = _older_form(name.rstrip("_"), args)
    if form is not None:
        args, options = form
        _warn(name, options)
        return function(*args, **kwargs, **options)
    if len(args) == 2 and _is_number(args[0]):
        tensor = isinstance(args[1], Tensor)
        if (name in _NUMBERS_FIRST and (tensor or _is_number(args[1]))) or (name in _NUMBER_AND_TENSOR and tensor):
            return function(wg.tensor(args[0], dtype=wg.result_type(*args)), args[1], **kwargs)
    return NotImplemented


def _ends(name, args):
    """The numbers in the tensors between which a sequence is asked for, or None."""
    given = [a for a in args[:2] if isinstance(a, Tensor)]
    if not given or not all(isinstance(a, Tensor) or _is_number(a) for a in args[:2]):
        return None
    if any(a.ndim for a in given):
        shown = zip(args, ("start", "end"))
        listed = " and ".join(f"{end} with {a.ndim} dimension(s)" for a, end in shown if isinstance(a, Tensor))
        raise RuntimeError(f"{name} only supports 0-dimensional start and end tensors, but got {listed}.")
    return [a.detach().item() if isinstance(a, Tensor) else a for a in args[:2]]


def _each(args, kwargs):
    for value in (*args, *kwargs.values()):
        yield from value if type(value) in (tuple, list) else (value,)


def _is_number(value):
    return isinstance(value, (int, float, complex))


def _older_form(name, args):
    """(args, options) in today's form of a call with numbers among the tensors, or None."""
    kinds = "".join("t" if isinstance(a, Tensor) else "n" if _is_number(a) else "?" for a in args)
    if name in ("add", "sub") and kinds == "tnt":
        return (args[0], args[2]), {"alpha": args[1]}
    if name in ("addcmul", "addcdiv") and kinds == "tntt":
        return (args[0], *args[2:]), {"value": args[1]}
    if name not in _MATRIX_SUMS:
        return None
    if kinds == "tnntt":
        return (args[0], *args[3:]), {"beta": args[1], "alpha": args[2]}
    if kinds == "tntt":
        return (args[0], *args[2:]), {"beta": args[1]}
    if kinds == "ntntt":
        return (args[1], *args[3:]), {"beta": args[0], "alpha": args[2]}
    if kinds == "nttt":
        return args[1:], {"beta": args[0]}
    return None


_SIGNATURES = {
    "add": ("Number alpha, Tensor other", "Tensor other, *, Number alpha = 1"),
    "sub": ("Number alpha, Tensor other", "Tensor other, *, Number alpha = 1"),
    "addcmul": ("Number value, Tensor tensor1, Tensor tensor2", "Tensor tensor1, Tensor tensor2, *, Number value = 1"),
    "addcdiv": ("Number value, Tensor tensor1, Tensor tensor2", "Tensor tensor1, Tensor tensor2, *, Number value = 1"),
}


def _warn(name, options):
    """What torch says, once in a process."""
    global _warned
    from .._facade.settings import is_warn_always_enabled

    if _warned and not is_warn_always_enabled():
        return
    _warned = True
    was, now = _SIGNATURES.get(name.rstrip("_"), (None, None))
    if was is None:
        mats = {"addmv": "Tensor mat, Tensor vec", "addr": "Tensor vec1, Tensor vec2"}.get(name.rstrip("_"))
        mats = mats or ("Tensor mat1, Tensor mat2" if "addmm" in name else "Tensor batch1, Tensor batch2")
        was = ", ".join(f"Number {option}" for option in options) + ", " + mats
        now = f"{mats}, *, Number beta = 1, Number alpha = 1"
    warnings.warn(
        f"This overload of {name} is deprecated:\n\t{name}({was})\nConsider using one of the following signatures "
        f"instead:\n\t{name}({now})",
        UserWarning,
        stacklevel=4,
    )
