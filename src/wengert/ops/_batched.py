"""Functions that look at their data, inside vmap: sample by sample with a warning, or refused in torch's words."""

from .. import _core

DYNAMIC = (
    "vmap: We do not support batching operators that can output dynamic shape. Attempted to vmap over aten::{}. Please file an "
    "issue at https://github.com/pytorch/pytorch/issues if you need this feature."
)
NO_RULE = "Batching rule not implemented for aten::{}. We could not generate a fallback."


def is_batched(t):
    """Whether t is a tensor that a vmap has wrapped, under whatever other transforms."""
    payload = _core.payload(t) if isinstance(t, _core.Tensor) else None
    while payload is not None and payload.kind == "dual":
        payload = _core.payload(payload.primal)
    return payload is not None


def refuse_batches(message, *values):
    """RuntimeError when one of the values carries a batch."""
    if any(map(is_batched, values)):
        raise RuntimeError(message)


def sampled(body):
    """Lets vmap run a function sample by sample."""

    def function(*args, **kwargs):
        if not any(map(is_batched, (*args, *kwargs.values()))):
            return body(*args, **kwargs)
        from ..func._batch import by_sample

        names = tuple(kwargs)
        count = len(args)

        def whole(*values):
            return function(*values[:count], **dict(zip(names, values[count:])))

        return by_sample(body.__name__, whole, (*args, *kwargs.values()))

    function.__name__, function.__doc__, function.__wrapped__ = body.__name__, body.__doc__, body
    return function
