"""How a tensor looks inside the transforms: what each of them has wrapped, from the innermost to the value itself."""

from .. import _core
from .._tensor_str import tensor_str
from ._levels import alive, levels


def _wrapped(name, text):
    indented = text.replace("\n", "\n    ")
    return f"{name}, value=\n    {indented}\n)"


def _batch(payload, below, inside):
    value = payload.value.movedim(0, payload.dim) if payload.dim else payload.value
    return _wrapped(f"BatchedTensor(lvl={payload.level.depth}, bdim={payload.dim}", shown(value, below, inside))


def _gradients(number, text):
    depth = number.depth if number in alive else -2
    return _wrapped(f"GradTrackingTensor(lvl={depth}", text)


def shown(t, below=None, inside=False):
    """The text of a tensor, as the transforms before number `below` (all that run) see it; `inside` one that differentiates."""
    payload = _core.payload(t)
    own = 0 if payload is None else payload.level
    last = min(_core.born(t), levels()[-1].number if below is None and levels() else (below or 0) - 1)
    around = [level.number for level in levels() if level.kind in ("grad", "jvp") and own < level.number <= last]
    inside = inside or bool(around)
    if payload is None:
        text = tensor_str(t.detach() if inside else t)
    elif payload.kind == "batch":
        text = _batch(payload, own, inside)
    elif payload.kind == "dual" and own.kind == "jvp":
        text = _gradients(own, shown(payload.primal, own, inside))
    else:
        text = tensor_str(t)
    for number in around:
        text = _gradients(number, text)
    return text
