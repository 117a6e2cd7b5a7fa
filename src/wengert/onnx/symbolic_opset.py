"""torch.onnx.symbolic_opset9 and later: how operations would be exported; each refuses."""

from .._facade.refusal import refuse


def __getattr__(name):
    if name.startswith("__"):
        raise AttributeError(name)
    return refuse(f"torch.onnx.symbolic_opset.{name}", "models are not exported to ONNX")
