"""Joins the table, the machine and the Python classes."""

from math import e, inf, nan, pi  # noqa: F401 (torch.pi and kin)

from .. import _core, _types
from . import _derive, _trace
from ._declare import METHODS


def _result_type(op, names):
    """The class of an op's several results: a named tuple, as torch.return_types has them."""
    from .. import return_types

    return return_types.named(op.partition(".")[0], tuple(names))


def _explain(node, error):
    from ..autograd import _lines

    _lines.annotate(node, error)


def _interpret(name, args, inplace):
    from ..func._interpret import interpret  # imported with the first transform

    _core.set_hooks({"interpret": interpret})
    return interpret(name, args, inplace)


def _take(function, args, kwargs):
    from ..overrides._taking import take

    return take(function, args, kwargs)


def _rescue(function, args, kwargs):
    from ..overrides._rescue import rescue

    return rescue(function, args, kwargs)


def _bind(method, tensor):
    from ..overrides._taking import bind

    return bind(method, tensor)


def disabled_torch_function(func, types, args=(), kwargs=None):
    """As a class's `__torch_function__`: its instances take no calls over, and are tensors like any other."""
    from ..overrides._modes import disabled

    with disabled():
        return func(*args, **(kwargs or {}))


def _torch_function(cls, func, types, args=(), kwargs=None):
    """What a subclass of Tensor does with a call that has an instance of it among its arguments.

    func is called as with plain tensors, and the tensors of its result become instances of the subclass.
    """
    from ..overrides._taking import default_torch_function

    return default_torch_function(cls, func, types, args, kwargs)


def _init_subclass(cls, **kwargs):
    super(_core.Tensor, cls).__init_subclass__(**kwargs)
    if cls.__torch_function__ is not disabled_torch_function:
        from ..overrides._taking import watch

        watch(cls)


def _blas_path():
    """Where OpenBLAS lies, without importing its package."""
    import sys

    for folder in sys.path:
        path = f"{folder or '.'}/scipy_openblas32/lib/libscipy_openblas.so"
        try:
            with open(path, "rb"):
                return path
        except OSError:
            continue
    return ""


def connect():
    """Called once, by the package: hands the machine what it asks of Python, loads the table, dresses Tensor."""
    from importlib import import_module

    cpu = _types.device("cpu")
    _core.set_hooks(
        {
            "trace": _derive.trace_backward,
            "formula": _derive.trace_forward,
            "rule": _derive.eager_rule,
            "forward": _derive.run_forward,
            "result_type": _result_type,
            "Size": _types.Size,
            "device": _types.device,
            "cpu": cpu,
            "strided": _types.strided,
            "memory_formats": (
                _types.contiguous_format,
                _types.preserve_format,
                _types.channels_last,
                _types.channels_last_3d,
            ),
            "Symbol": _trace.Symbol,
            "trace_call": _trace.trace_call,
            "on_failure": _explain,
            "interpret": _interpret,
        }
    )
    import_module("wengert.ops")._load()
    from .. import _tensor

    own = set(vars(_core.Tensor))
    for name, method in METHODS.items():
        if name not in own:
            setattr(_core.Tensor, name, method)
    _tensor.attach()
    _core.override_hooks(_take, _rescue, _bind, disabled_torch_function)
    _core.Tensor.__torch_function__ = classmethod(_torch_function)
    _core.Tensor.__init_subclass__ = classmethod(_init_subclass)
    _core.set_blas_library(_blas_path())
