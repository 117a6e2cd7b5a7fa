"""Dual numbers: a primal and its tangent, laid out alike; views share both with their base, whenever they were taken."""

from .. import _core
from ._batch import root
from ._levels import alive, batches, watch_views

Tensor = _core.Tensor
payload_of = _core.payload


class Dual:
    """The payload of a dual number: a primal tensor, its tangent, and the dual number that it is a view of (or None)."""

    __slots__ = ("base", "level", "primal", "tangent")
    kind = "dual"

    def __init__(self, level, primal, tangent, base=None):
        self.level, self.primal, self.tangent, self.base = level, primal, tangent, base


def make_dual(primal, tangent, level, base=None):
    """A tensor that carries a tangent."""
    return _core.make_wrapped(primal, Dual(level, primal, tangent, base))


def check_dual(primal, tangent):
    """What forward mode asks of a tensor and of its tangent."""
    for what, t in (("primal", primal), ("tangent", tangent)):
        if not (t.is_floating_point() or t.is_complex()):
            raise ValueError(f"Expected {what} to be floating point or complex, but got: {t.dtype}")
    if tangent.shape != primal.shape:
        raise RuntimeError(
            "Trying to set a forward gradient that has a different size than that of the original Tensor, this is not supported. "
            f"Tensor is of size {list(primal.shape)} while the given forward gradient is of size {list(tangent.shape)}."
        )


def dual_at(t, level):
    """The payload of a dual number of this level, or None."""
    payload = payload_of(t)
    return payload if payload is not None and payload.level == level and payload.kind == "dual" else None


def primal_of(t, level):
    """The primal of a dual number of this level; other tensors themselves."""
    payload = dual_at(t, level)
    return t if payload is None else payload.primal


def tangent_of(t, level):
    """The tangent of a dual number of this level, or None."""
    payload = dual_at(t, level)
    return None if payload is None else payload.tangent


def spread_around(t, level):
    """t with samples of its own in every vmap around this level, whose batches the other operands may be."""
    from ._history import spread

    around = [b for b in batches() if b.number < level]
    return spread(t, around) if around else t


def laid_out(tangent, primal):
    """A tangent in its primal's dtype and in memory as its primal is: a view of both is the same view."""
    if tangent.dtype is not primal.dtype:
        tangent = tangent.to(primal.dtype)
    if tangent.stride() == primal.stride():
        return tangent
    if any(st == 0 and n > 1 for st, n in zip(primal.stride(), primal.shape)):
        return tangent  # nothing can be written to such a primal
    return tangent.new_empty_strided(primal.shape, primal.stride()).copy_(tangent)


def laid_out_in_full(tangent, primal):
    """laid_out, with the very offset and room in memory: what as_strided reaches in the primal it reaches in the tangent."""
    if payload_of(primal) is not None or payload_of(tangent) is not None:
        return laid_out(tangent, primal)
    room, offset = primal.untyped_storage().nbytes() // primal.element_size(), primal.storage_offset()
    alike = tangent.dtype is primal.dtype and tangent.stride() == primal.stride()
    alike = alike and (tangent.storage_offset() == offset or not primal.numel())
    if alike and tangent.untyped_storage().nbytes() // primal.element_size() == room:
        return tangent
    return primal.new_zeros(room).as_strided(primal.shape, primal.stride(), offset).copy_(tangent)


def shared_tangent(payload):
    """The tangent of a dual number, from now on in memory as the primal is, so that views and writes may share it."""
    payload.tangent = laid_out(payload.tangent, payload.primal)
    return payload.tangent


def _seen(part, base, view):
    """part, which lies in memory as base does, seen as view sees base."""
    offset, at = view.storage_offset(), base.storage_offset()
    sizes, strides = view.shape, view.stride()
    if base.dtype.is_complex and not view.dtype.is_complex:
        part = _core.run("view_as_real", (part,))
        at *= 2
    elif view.dtype.is_complex and not base.dtype.is_complex:
        pairs = (*sizes, 2), (*(2 * s for s in strides), 1)
        return _core.run("view_as_complex", (part.as_strided(*pairs, part.storage_offset() + 2 * offset - at),))
    return part.as_strided(sizes, strides, part.storage_offset() + offset - at)


def become_dual(t, level):
    """Gives a tensor that is no view, and that is about to be written, a tangent of zeros."""
    if dual_at(t, level) is not None:
        return
    payload = payload_of(t)
    primal = _core.bare(t) if payload is None else _core.make_wrapped(t, payload)
    zeros = spread_around(primal.new_zeros(primal.shape), level).clone()
    _core.become_wrapped(t, make_dual(primal, laid_out(zeros, primal), level))
    watch_views(True)


def catch_up(t):
    """A view that was taken before a write made its base a dual number becomes one, too."""
    base = root(t)
    if base is t:
        return
    payload, above = payload_of(t), []
    own, dual = (0 if payload is None else payload.level), payload_of(base)
    while dual is not None and dual.kind == "dual" and dual.level > own:
        if dual.level in alive:
            above.append(dual)
        dual = payload_of(dual.primal)
    if not above:
        return
    seen = _seen(above[-1].primal, base, t)
    whole = t.shape == base.shape and t.stride() == base.stride() and t.dtype is base.dtype
    for dual in reversed(above):  # a view of all of the base has the very tangent of the base
        tangent = shared_tangent(dual)
        seen = make_dual(seen, tangent if whole else _seen(tangent, base, t), dual.level, base)
    _core.become_wrapped(t, seen)


def settle(t):
    """A tensor as it is now: dual numbers of transforms that have ended are their primals; views are what their bases are."""
    base = root(t)
    for u in (t,) if base is t else (base, t):
        while (payload := payload_of(u)) is not None and payload.kind == "dual" and payload.level not in alive:
            _core.become_wrapped(u, payload.primal)
    catch_up(t)


def renew(t, level):
    """Shows t the history that a write through a view has given its primal."""
    dual = dual_at(t, level)
    _core.become_wrapped(t, make_dual(dual.primal, dual.tangent, level, dual.base))


def detach_(t):
    """t.detach_() of a wrapped tensor: what it is made of loses its history, too."""
    payload = payload_of(t)
    return _core.become_wrapped(t, payload.primal.detach_() if payload.kind == "dual" else t.detach())
