"""torch.onnx: can be imported; exporting is refused."""

from ._facade.refusal import refuse

_REASON = "models are not exported to ONNX"
export = refuse("torch.onnx.export", _REASON)
dynamo_export = refuse("torch.onnx.dynamo_export", _REASON)
register_custom_op_symbolic = refuse("torch.onnx.register_custom_op_symbolic", _REASON)


def is_in_onnx_export():
    """False.

    >>> is_in_onnx_export()
    False
    """
    return False


def is_onnxrt_backend_supported():
    """False."""
    return False
