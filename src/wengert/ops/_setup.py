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
    from .. import _why

    _why.annotate(node, error)


def _interpret(name, args, inplace):
    from ..func._interpret import interpret  # imported with the first transform

    return interpret(name, args, inplace)


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
            "rule": _derive.run_rule,
            "forward": _derive.run_forward,
            "result_type": _result_type,
            "Size": _types.Size,
            "device": _types.device,
            "cpu": cpu,
            "strided": _types.strided,
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
    _core.set_blas_library(_blas_path())
