"""The backward pass seen from inside the transforms: wrapped tensors are taken apart, and their gradients put together."""

from .. import _core
from ._batch import wrap
from ._history import at_level, dual_in_order, full_at, wrap_in_order
from ._interpret import top


def _duals(outputs, gradients, keep, create, inputs, level):
    """The gradient of dual numbers is a dual number: its tangent is the gradient of the tangents."""
    primals = [_of(t, level)[0] for t in outputs]
    first = run_backward(
        tuple(primals), gradients_primal(gradients, level), True, create, tuple(_of(t, level)[0] for t in inputs)
    )
    seconds, weights = [], []
    for t, g in zip(outputs, gradients):
        primal, tangent = _of(t, level)
        by, g_tangent = _of(g, level)
        if tangent is not None and tangent.requires_grad:
            seconds.append(tangent)
            weights.append(by)
        if g_tangent is not None:
            seconds.append(primal)
            weights.append(g_tangent)
    targets = tuple(_of(t, level)[0] for t in inputs)
    second = run_backward(tuple(seconds), tuple(weights), keep, create, targets) if seconds else (None,) * len(targets)
    return tuple(
        g if s is None else dual_in_order(g if g is not None else s.new_zeros(s.shape), s, level)
        for g, s in zip(first, second)
    )


def gradients_primal(gradients, level):
    """The primals of gradients."""
    return tuple(None if g is None else _of(g, level)[0] for g in gradients)


def _of(t, level):
    """(primal, tangent or None) of a dual number of a level, below the wrappers of vmaps further in."""
    payload = _core.payload(t) if t is not None else None
    if payload is not None and payload.kind == "batch" and payload.level > level:
        primal, tangent = _of(payload.value, level)
        return (t, None) if tangent is None else (wrap(primal, payload.level), wrap(tangent, payload.level))
    if payload is not None and payload.kind == "dual" and payload.level == level:
        return payload.primal, payload.tangent
    return t, None


def run_backward(outputs, gradients, keep, create, inputs):
    """The gradients of outputs by inputs, any of which transforms may have wrapped; None where there is none."""
    payload = top((*outputs, *inputs))
    if payload is None:
        return _core.run_backward(outputs, gradients, keep, create, inputs, False)
    if payload.kind == "dual":
        return _duals(outputs, gradients, keep, create, inputs, payload.level)
    level, size = payload.level, payload.value.shape[0]

    def of_all(t):
        value = at_level(t, level)
        return t if value is None else value

    own = [at_level(t, level) is not None for t in inputs]
    weights = tuple(
        g if g is None or at_level(t, level) is None else full_at(g, level, size) for t, g in zip(outputs, gradients)
    )
    found = run_backward(tuple(map(of_all, outputs)), weights, keep, create, tuple(map(of_all, inputs)))
    return tuple(g if g is None or not has else wrap_in_order(g, level) for g, has in zip(found, own))


def gradients_of(outputs, gradients, keep, create, inputs):
    """run_backward that leaves out outputs without a history; None for every input when none has one."""
    pairs = [(o, g) for o, g in zip(outputs, gradients) if o.requires_grad]
    if not pairs or not inputs:
        return (None,) * len(inputs)
    return run_backward(tuple(o for o, _ in pairs), tuple(g for _, g in pairs), keep, create, tuple(inputs))
