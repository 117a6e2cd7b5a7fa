"""torch.onnx.symbolic_helper: the decorators of functions that would export operations; the helpers refuse."""

from .._facade.refusal import refuse


def parse_args(*arg_descriptors):
    """Names the kinds of a function's arguments; the function itself.

    >>> @parse_args("v", "f")
    ... def scaled(g, x, factor):
    ...     return x
    """
    return lambda fn: fn


def quantized_args(*arg_q_descriptors, scale=None, zero_point=None, quantize_output=True):
    """Names the arguments that may be quantized; the function itself."""
    return lambda fn: fn


def __getattr__(name):
    if name.startswith("__"):
        raise AttributeError(name)
    return refuse(f"torch.onnx.symbolic_helper.{name}", "models are not exported to ONNX")
