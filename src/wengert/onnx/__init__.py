"""torch.onnx: can be imported, and told how to export operations; exporting is refused."""

import enum
import re

from .._facade.refusal import refuse

_REASON = "models are not exported to ONNX"
export = refuse("torch.onnx.export", _REASON)
dynamo_export = refuse("torch.onnx.dynamo_export", _REASON)
_symbolics = {}  # (name, version of the set of operations) -> the function that would export it


class OnnxExporterError(RuntimeError):
    """What is wrong with what an export was asked or told."""


class TrainingMode(enum.IntEnum):
    """In which mode a model would be exported."""

    EVAL = 0
    PRESERVE = 1
    TRAINING = 2


class OperatorExportTypes(enum.IntEnum):
    """What would become of operations that ONNX lacks."""

    ONNX = 0
    ONNX_ATEN = 1
    ONNX_ATEN_FALLBACK = 2
    ONNX_FALLTHROUGH = 3


def register_custom_op_symbolic(symbolic_name, symbolic_fn, opset_version):
    """Keeps the function that would export an operation.

    >>> register_custom_op_symbolic("mine::half", lambda g, x: x, 11)
    """
    _check_name(symbolic_name)
    _symbolics[symbolic_name, opset_version] = symbolic_fn


def unregister_custom_op_symbolic(symbolic_name, opset_version):
    """Forgets the function that would export an operation."""
    _check_name(symbolic_name)
    _symbolics.pop((symbolic_name, opset_version), None)


def _check_name(symbolic_name):
    if not re.fullmatch(r"[a-zA-Z]\w*::[a-zA-Z]\w*", symbolic_name, re.ASCII):
        raise OnnxExporterError(
            f"Failed to register operator {symbolic_name}. The symbolic name must match the format domain::name, and "
            "should start with a letter and contain only alphanumeric characters"
        )


def is_in_onnx_export():
    """False.

    >>> is_in_onnx_export()
    False
    """
    return False


def is_onnxrt_backend_supported():
    """False."""
    return False


def __getattr__(name):
    if re.fullmatch(r"symbolic_opset(7|8|9|1\d|20)", name):
        from . import symbolic_opset

        return symbolic_opset
    if name == "symbolic_helper":
        from importlib import import_module

        return import_module(".symbolic_helper", __name__)
    raise AttributeError(f"module 'torch.onnx' has no attribute '{name}'")
