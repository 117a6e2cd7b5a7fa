"""The backward pass seen from inside the transforms: wrapped tensors are taken apart, and their gradients put together."""

from .. import _core
from ..autograd.grad_mode import enable_grad
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
    payload = _core.payload(t) if t is not None else None
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
    shared = [k for k, t in enumerate(inputs) if at_level(t, level) is None]
    with enable_grad():
        roots = tuple(full_at(t, level, size) for t in outputs)
    weights = tuple(g if g is None else full_at(g, level, size) for g in gradients)
    own = [k for k in range(len(inputs)) if k not in shared]
    result = [None] * len(inputs)
    if own:
        targets = tuple(at_level(inputs[k], level) for k in own)
        for k, g in zip(own, run_backward(roots, weights, keep or bool(shared), create, targets)):
            result[k] = None if g is None else wrap_in_order(g, level)
    if shared:
        rows = []
        for b in range(size):
            with enable_grad():
                parts = tuple(r.select(0, b) for r in roots)
            rows.append(
                run_backward(
                    parts,
                    tuple(w if w is None else w.select(0, b) for w in weights),
                    keep or b < size - 1,
                    create,
                    tuple(inputs[k] for k in shared),
                )
            )
        from .. import stack

        for k, column in zip(shared, zip(*rows)):
            if any(g is not None for g in column):
                result[k] = wrap_in_order(
                    stack([inputs[k].new_zeros(inputs[k].shape) if g is None else g for g in column]), level
                )
    return tuple(result)


def gradients_of(outputs, gradients, keep, create, inputs):
    """run_backward that leaves out outputs without a history; None for every input when none has one."""
    pairs = [(o, g) for o, g in zip(outputs, gradients) if o.requires_grad]
    if not pairs or not inputs:
        return (None,) * len(inputs)
    return run_backward(tuple(o for o, _ in pairs), tuple(g for _, g in pairs), keep, create, tuple(inputs))
