"""__torch_dispatch__: ops, as the machine runs them, handed to a tensor's class or to a mode."""

import threading

from .. import _core
from .._core import Tensor
from ..func._batch import RANDOM, running
from ..func._interpret import flatten
from ..ops import namespaces
from ..ops._declare import OPS


class _Mark:
    """The payload of tensors whose class has a ``__torch_dispatch__``, or without values: below every transform."""

    level = -1

    def __init__(self, kind):
        self.kind = kind


MARK, META = _Mark("dispatch"), _Mark("meta")


class _Local(threading.local):
    modes = ()  # TorchDispatchMode objects, the innermost last


_local = _Local()
_on = {}  # one entry for each mode that is on in some thread
_fitted = False  # whether all ops ask for modes


def _leaving_on(modes, step):
    return (
        (_local.__dict__, "modes", tuple(modes)),
        (_core.set_dispatch_modes, len(modes)),
        (_core.set_batching, running() + step),
    )


def entering(mode):
    """The changes of a block in which a mode is on, and what follows from them."""
    return (*_leaving_on((*_local.modes, mode), 1), (_on, object(), True)), _fit_ops


def _fit_ops():
    """While a mode is on in some thread, all ops ask whether there is one on theirs."""
    global _fitted
    if _fitted != bool(_on):
        _core.mark_random([name for name, *_ in _core.op_names() if name not in RANDOM], bool(_on))
        _fitted = bool(_on)


def current_mode():
    """The innermost mode, or None."""
    return _local.modes[-1] if _local.modes else None


class without_mode(_core.Block):
    """A block in which the innermost mode, which it names, is off."""

    __slots__ = ("_undo",)

    def _begin(self):
        *others, mode = _local.modes
        return mode, _leaving_on(others, -1)


def _split(name, args):
    """Machine arguments as a call has them: positional ones and named ones; what is as it would be anyway is left out."""
    declared = OPS.get(name)
    if declared is None or declared.kind == "elementwise":
        return args, {}
    given, kwargs, params = [], {}, declared.signature[0]
    for (key, _, default, has_default, keyword), value in zip(params, args):
        if keyword:
            if value is not None and not (has_default and value is default):
                kwargs[key] = value
        else:
            given.append(value)
    while given and params[len(given) - 1][3] and _same(given[-1], params[len(given) - 1][2]):
        given.pop()
    return tuple(given), kwargs


def _same(value, default):
    return value is default or (not isinstance(value, Tensor) and type(value) is type(default) and value == default)


def _classes(args, kwargs):
    found = []
    for t in flatten((*args, *kwargs.values())):
        cls = type(t)
        if getattr(cls, "__torch_dispatch__", None) is None or cls in found:
            continue
        at = next((k for k, other in enumerate(found) if issubclass(cls, other)), len(found))
        found.insert(at, cls)
    return tuple(found)


def hand_to_mode(func, args, kwargs):
    """What the innermost mode makes of a call."""
    with without_mode() as mode:
        return mode.__torch_dispatch__(func, _classes(args, kwargs), args, kwargs)


def dispatch(name, args, inplace):
    """Called by the machine: what the innermost mode, or else the classes of the arguments, make of an op."""
    classes = _classes(args, {})
    if not classes and not _local.modes:
        from .._tensor.meta import run

        return run(name, args, inplace)
    func = namespaces.overload(name, args, inplace)
    args, kwargs = _split(name, args)
    if _local.modes:
        with without_mode() as mode:
            result = mode.__torch_dispatch__(func, classes, args, kwargs)
        if result is not NotImplemented:
            return result
    for cls in classes:
        result = cls.__torch_dispatch__(func, classes, args, kwargs)
        if result is not NotImplemented:
            return result
    listed = "\n".join(f"  - tensor subclass {cls}" for cls in classes)
    raise TypeError(
        f"Multiple dispatch failed for 'torch._ops.{func}'; all __torch_dispatch__ handlers returned NotImplemented:\n\n{listed}\n\n"
        "For more information, try re-running with TORCH_LOGS=not_implemented"
    )


def number_of(t):
    """The number in a tensor of one element whose class has a ``__torch_dispatch__``."""
    return dispatch("_local_scalar_dense", (t,), False)


def make_wrapper_subclass(
    cls,
    size,
    strides=None,
    storage_offset=None,
    memory_format=None,
    dtype=None,
    layout=None,
    device=None,
    pin_memory=False,
    requires_grad=False,
    *policies,
    **more,
):
    """A tensor of a class with a ``__torch_dispatch__`` that has sizes and a dtype, and no data of its own.

    size: the shape; strides: default row-major; dtype: default the default dtype. RuntimeError when cls has no
    ``__torch_dispatch__``.

    >>> import wengert
    >>> class Held(wengert.Tensor):
    ...     @staticmethod
    ...     def __new__(cls, elem):
    ...         self = wengert.Tensor._make_wrapper_subclass(cls, elem.shape, dtype=elem.dtype)
    ...         self.elem = elem
    ...         return self
    ...     @classmethod
    ...     def __torch_dispatch__(cls, func, types, args=(), kwargs=None):
    ...         return cls(func(*(a.elem if isinstance(a, cls) else a for a in args), **(kwargs or {})))
    >>> (Held(wengert.ones(2)) + 1).elem
    tensor([2., 2.])
    """
    from .. import empty, empty_strided

    if getattr(cls, "__torch_dispatch__", None) is None:
        raise RuntimeError(
            f"{cls.__name__} must define __torch_dispatch__ as a classmethod to be used with _make_wrapper_subclass"
        )
    data = empty(size, dtype=dtype) if strides is None else empty_strided(size, strides, dtype=dtype)
    return Tensor._make_subclass(cls, data, requires_grad)


_core.use_dispatch(MARK, META, dispatch)
