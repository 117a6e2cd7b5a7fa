"""out=: results of functions written in Python that go into tensors the caller gave."""

import warnings

from .. import _core


def _refuse_gradients(name):
    raise RuntimeError(
        f"{name}(): functions with out=... arguments don't support automatic differentiation, but one of the arguments "
        "requires grad."
    )


def write(result, out, name="out"):
    """Copies results to the tensors given as out, which take their shapes. RuntimeError if dtypes do not go together."""
    if isinstance(result, tuple):
        return type(result)([write(r, o, name) for r, o in zip(result, out)])
    from .. import can_cast, no_grad

    for t in (result, out):
        if t._wrapped:
            from ..func._observe import observe

            observe(_core.payload(t), f"out={name}")

    if _core.is_grad_enabled() and (result.requires_grad or out.requires_grad):
        _refuse_gradients(name)
    if not can_cast(result.dtype, out.dtype):
        raise RuntimeError(f"Expected out tensor to have dtype {result.dtype}, but got {out.dtype} instead")
    with no_grad():
        if out.shape != result.shape:
            if out.numel():
                warnings.warn(
                    "An output with one or more elements was resized since it had shape "
                    f"{list(out.shape)}, which does not match the required output shape {list(result.shape)}. This "
                    "behavior is deprecated, and in a future PyTorch release outputs will not be resized unless they "
                    "have zero elements. You can explicitly reuse an out tensor t by resizing it, inplace, to zero "
                    "elements with t.resize_(0).",
                    stacklevel=3,
                )
            out.resize_(result.shape)
        return out.copy_(result)


def with_out(body):
    """Gives a function the keyword out."""

    def function(*args, out=None, **kwargs):
        result = body(*args, **kwargs)
        return result if out is None else write(result, out, body.__name__)

    function.__name__, function.__doc__, function.__wrapped__ = body.__name__, body.__doc__, body
    return function
