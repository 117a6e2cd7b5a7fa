"""Where a wrapped tensor's history begins and ends: fresh inputs, samples of its own in every vmap, histories cut where they end."""

from .. import _core
from ._batch import wrap
from ._dual import make_dual
from ._levels import levels

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
    parts = (full_at(t, last.level, last.value.shape[0]) for t in (primal, tangent))
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


def full_at(t, level, size):
    """The samples of t; a t that all samples of a vmap share is repeated (without a copy)."""
    value = at_level(t, level)
    return to_samples(t, level, size) if value is None else value


def to_samples(t, level, size):
    """A shared tensor once for every sample of a vmap, inside of which each has a gradient of its own."""
    return _core.run("_to_samples", (t, size, level, 0))


def spread(t, running):
    """t with samples of its own in every vmap that is running."""
    if not running:
        return t
    payload = _core.payload(t)
    if payload is not None and payload.kind == "dual" and payload.level > running[-1].number:
        return make_dual(spread(payload.primal, running), payload.tangent, payload.level)
    level = running[-1]
    return wrap(spread(full_at(t, level.number, level.size), running[:-1]), level.number)


class Own:
    """The leaves that a transform, or what it is made of, has begun a history at: all that are made from now on, until `end`."""

    __slots__ = ("since", "until")

    def __init__(self):
        self.since, self.until = _core.next_transform(), _FOREVER

    def end(self):
        """What is made from now on is not its own."""
        self.until = _core.next_transform()


_FOREVER = (1 << 63) - 1


def fresh(t, tracked):
    """An alias of t to differentiate by: part of t's history if that is tracked, else the leaf of a history of its own."""
    payload = _core.payload(t)
    if payload is None:
        return t.view_as(t) if tracked and t.requires_grad else _core.make_leaf(t.detach())
    if payload.kind == "dual":
        return make_dual(fresh(payload.primal, tracked), payload.tangent, payload.level)
    return wrap(fresh(payload.value, tracked), payload.level)


def forget(t):
    """t without its history, in whatever transforms have wrapped it."""
    payload = _core.payload(t)
    if payload is None:
        return t.detach()
    if payload.kind == "dual":
        return make_dual(forget(payload.primal), forget(payload.tangent), payload.level)
    return wrap(forget(payload.value), payload.level)


def gradient_of_shared(g, number, dim):
    """The gradient of what the samples of a vmap share: each sample's own while the vmap runs, then their sum."""
    if any(level.number == number for level in levels()):
        return wrap_in_order(g.movedim(dim, 0), number)
    return g.sum(dim)


def plain(t):
    """The ordinary tensors that a wrapped one is made of."""
    payload = _core.payload(t)
    if payload is None:
        return [t]
    if payload.kind == "dual":
        return plain(payload.primal) + plain(payload.tangent)
    return plain(payload.value)


def reaches_out(tensors, *owns):
    """Whether the history of tensors goes beyond the leaves of their own."""
    spans = tuple(moment for own in owns for moment in (own.since, own.until))
    return _core.depends(tuple(p for t in tensors for p in plain(t)), spans)


def cut(t, tracked, *owns):
    """t without a history that is only its transform's own."""
    if not isinstance(t, Tensor) or not t.requires_grad or (tracked and reaches_out((t,), *owns)):
        return t
    return forget(t)
