"""The backward pass seen from inside the transforms: fresh inputs, histories cut where they end, wrapped tensors taken apart."""

from .. import _core
from ..autograd.grad_mode import enable_grad
from ._batch import wrap
from ._dual import make_dual
from ._interpret import top
from ._levels import batches

Tensor = _core.Tensor


def wrap_in_order(value, level):
    """wrap, below the wrappers of vmaps further in."""
    payload = _core.payload(value)
    if payload is None or payload.kind != "batch" or payload.level < level:
        return wrap(value, level)
    return wrap(wrap_in_order(payload.value.movedim(1, 0), level), payload.level)


def dual_in_order(primal, tangent, level):
    """make_dual, below the wrappers of vmaps further in."""
    inner = [
        p for p in map(_core.payload, (primal, tangent)) if p is not None and p.kind == "batch" and p.level > level
    ]
    if not inner:
        return make_dual(primal, tangent, level)
    last = max(inner, key=lambda p: p.level)
    parts = (_full(t, last.level, last.value.shape[0]) for t in (primal, tangent))
    return wrap(dual_in_order(*parts, level), last.level)


def at_level(t, level):
    """The samples of t of a vmap's level along dim 0, below the wrappers of vmaps further in; None if t has none."""
    payload = _core.payload(t)
    if payload is None or payload.kind != "batch" or payload.level < level:
        return None
    if payload.level == level:
        return payload.value
    inner = at_level(payload.value, level)
    return None if inner is None else wrap(inner.movedim(1, 0), payload.level)


def _full(t, level, size):
    value = at_level(t, level)
    return t.expand(size, *t.shape) if value is None else value


def spread(t, running):
    """t with samples of its own in every vmap that is running."""
    if not running:
        return t
    payload = _core.payload(t)
    if payload is not None and payload.kind == "dual" and payload.level > running[-1].number:
        return make_dual(spread(payload.primal, running), payload.tangent, payload.level)
    level, value = running[-1], at_level(t, running[-1].number)
    return wrap(spread(t.expand(level.size, *t.shape) if value is None else value, running[:-1]), level.number)


def fresh(t, tracked, leaves):
    """An alias of t to differentiate by: part of t's history if that is tracked, else the leaf of a history of its own."""
    payload = _core.payload(t)
    if payload is None:
        if tracked and t.requires_grad:
            return t.view_as(t)
        leaf = t.detach()
        leaf.requires_grad = True
        leaves.append(leaf)
        return leaf
    if payload.kind == "dual":
        return make_dual(fresh(payload.primal, tracked, leaves), payload.tangent, payload.level)
    return wrap(fresh(payload.value, tracked, leaves), payload.level)


def forget(t):
    """t without its history, in whatever transforms have wrapped it."""
    payload = _core.payload(t)
    if payload is None:
        return t.detach()
    if payload.kind == "dual":
        return make_dual(forget(payload.primal), forget(payload.tangent), payload.level)
    return wrap(forget(payload.value), payload.level)


def fresh_input(t, tracked, leaves):
    """fresh, with samples of its own in every vmap that is running."""
    return fresh(spread(t, batches()), tracked, leaves)


def plain(t):
    """The ordinary tensors that a wrapped one is made of."""
    payload = _core.payload(t)
    if payload is None:
        return [t]
    if payload.kind == "dual":
        return plain(payload.primal) + plain(payload.tangent)
    return plain(payload.value)


def reaches_out(tensors, leaves):
    """Whether the history of tensors goes beyond these leaves."""
    return _core.depends(tuple(p for t in tensors for p in plain(t)), tuple(leaves))


def cut(t, tracked, leaves):
    """t without a history that is only its transform's own."""
    if not isinstance(t, Tensor) or not t.requires_grad or (tracked and reaches_out((t,), leaves)):
        return t
    return forget(t)


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
        roots = tuple(_full(t, level, size) for t in outputs)
    weights = tuple(g if g is None else _full(g, level, size) for g in gradients)
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
