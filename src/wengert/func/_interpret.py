"""What an op does when one of its arguments is wrapped by a transform: a dual number (forward mode) or a batch (vmap)."""

from .. import _core
from ..autograd.grad_mode import enable_grad
from ..ops._declare import OPS, Steps, parameters
from ..ops._derive import Like, _is_index, differentiable_arguments, is_linear
from ..ops._trace import T_INT, T_TENSOR

Tensor = _core.Tensor


_VIEWS = frozenset(name for name, style, *_ in _core.op_names() if style == 1 and name != "view.dtype")


class Dual:
    """The payload of a dual number: a primal tensor and its tangent."""

    __slots__ = ("level", "primal", "tangent")
    kind = "dual"

    def __init__(self, level, primal, tangent):
        self.level, self.primal, self.tangent = level, primal, tangent


def flatten(args):
    """The tensors among arguments, those in lists included."""
    for a in args:
        if isinstance(a, Tensor):
            yield a
        elif isinstance(a, (tuple, list)):
            for b in a:
                if isinstance(b, Tensor):
                    yield b


def top(args):
    """The payload of the innermost transform that wraps one of the tensors, or None."""
    best = None
    for t in flatten(args):
        payload = _core.payload(t)
        if payload is not None and (best is None or payload.level > best.level):
            best = payload
    return best


def run(name, args):
    """Calls an op on values as they are."""
    return _core.run(name, tuple(args))


def interpret(name, args, inplace):
    """Called by the machine for every op that meets a wrapped tensor."""
    payload = top(args)
    from ._batch import RANDOM, batch_op, running

    if name in RANDOM and running():
        from ._random import random_op

        return random_op(name, args)
    if payload.kind == "dual":
        return _dual_op(name, args, inplace, payload.level)
    return batch_op(name, args, inplace, payload.level)


def _map(args, f):
    return [
        f(a)
        if isinstance(a, Tensor)
        else type(a)(f(b) if isinstance(b, Tensor) else b for b in a)
        if isinstance(a, (tuple, list)) and any(isinstance(b, Tensor) for b in a)
        else a
        for a in args
    ]


def _dual_at(t, level):
    payload = _core.payload(t)
    return payload if payload is not None and payload.kind == "dual" and payload.level == level else None


def primal_of(t, level):
    """The primal of a dual number of this level; other tensors themselves."""
    payload = _dual_at(t, level)
    return t if payload is None else payload.primal


def tangent_of(t, level):
    """The tangent of a dual number of this level, or None."""
    payload = _dual_at(t, level)
    return None if payload is None else payload.tangent


def make_dual(primal, tangent, level):
    """A tensor that carries a tangent."""
    return _core.make_wrapped(primal, Dual(level, primal, tangent))


def _dual_op(name, args, inplace, level):
    from ._batch import REBIND, forward_is_on

    if name in REBIND:
        return _core.become_wrapped(args[0], run(REBIND[name], args))
    primals = _map(args, lambda t: primal_of(t, level))
    declared = OPS.get(name)
    written = inplace or (name.split(".")[0].endswith("_") and not name.startswith("_"))
    if declared is None or declared.kind == "constant" or not forward_is_on():
        return _core.run_inplace(name, tuple(primals)) if inplace else run(name, primals)
    if written:
        return _dual_inplace(declared, name, args, primals, inplace, level)
    out = run(name, primals)
    outs = out if isinstance(out, tuple) else (out,)
    tangents = jvp(declared, args, primals, outs, level)
    if name not in _VIEWS:
        tangents = [t if t is None else _own(t, args, level) for t in tangents]
    made = tuple(o if t is None else make_dual(o, t, level) for o, t in zip(outs, tangents))
    return made if isinstance(out, tuple) else made[0]


def _own(tangent, args, level):
    """A tangent that a write may change: not the very one of an argument."""
    others = [tangent_of(t, level) for t in flatten(args)]
    shared = any(u is not None and u.data_ptr() == tangent.data_ptr() for u in others)
    return tangent.clone() if shared else tangent


def _tangent_place(target, level):
    """The tangent of a tensor that is about to be written: zeros if it has none; of a view, a view of its base's."""
    tangent = tangent_of(target, level)
    if tangent is not None:
        return tangent
    base = target._base
    if base is None:
        return None
    if tangent_of(base, level) is None:
        primal = _core.run("alias", (base,))
        _core.become_wrapped(
            base,
            make_dual(
                primal,
                _spread_around(primal.new_zeros(primal.shape), level).clone().as_strided(base.shape, base.stride()),
                level,
            ),
        )
    whole = tangent_of(base, level)
    offset = target.storage_offset() - base.storage_offset() + whole.storage_offset()
    return whole.as_strided(target.shape, target.stride(), offset)


def _dual_inplace(declared, name, args, primals, inplace, level):
    from ._grad import forget

    before = [forget(primals[0]).clone(), *primals[1:]]
    if name.partition(".")[0].endswith("_"):

        def call(a):
            return _core.run_inplace(name, (_spread_around(a[0], level).clone(), *a[1:]))

        outs = call(before)
    else:
        call, outs = None, run(name, before)
    with_tangents = [
        before[0] if (own := tangent_of(args[0], level)) is None else make_dual(before[0], own, level),
        *args[1:],
    ]
    tangent = jvp(declared, with_tangents, before, (outs,), level, call)[0]
    place = _tangent_place(args[0], level)
    if args[0] is primals[0]:  # it is about to become a dual number, its memory the primal
        primals[0] = _core.run("alias", (args[0],))
    result = _core.run_inplace(name, tuple(primals)) if inplace else run(name, primals)
    if tangent is None:
        tangent = result.new_zeros(result.shape)
    if tangent.shape != result.shape:
        tangent = tangent.expand(result.shape)
    tangent = _laid_out(tangent.to(result.dtype), result)
    if place is not None and not any(st == 0 and sz > 1 for st, sz in zip(place.stride(), place.shape)):
        place.copy_(tangent)  # views of it, and what it is a view of, change with it
        tangent = place
    return _core.become_wrapped(args[0], make_dual(result, tangent, level))


def _laid_out(tangent, primal):
    """A tangent in memory as its primal is: what speaks of strides speaks of both."""
    if tangent.stride() == primal.stride() or any(s == 0 for s in primal.stride()):
        return tangent
    return tangent.new_empty_strided(primal.shape, primal.stride()).copy_(tangent)


def jvp(declared, args, primals, outs, level, call=None):
    """The tangents of an op's outputs (None where there is none)."""
    if declared.name in _VIEWS and call is None:  # linear, and the tangent must share memory as the primal does
        tangent = tangent_of(args[0], level)
        if declared.name == "_as_strided":
            tangent = _laid_out(tangent, primals[0])
        made = run(declared.name, [tangent, *args[1:]])
        return made if isinstance(made, tuple) else (made,)
    if declared.kind in ("elementwise", "fused") and call is None:
        tangent = _elementwise_jvp(declared, args, primals, outs[0], level)
        if tangent is not NotImplemented:
            return (tangent,)
    if call is None and is_linear(declared.name) and not _is_random(declared.name):
        return _linear_jvp(declared, args, primals, outs, level)
    return _transposed_jvp(declared, args, outs, level, call)


def _is_random(name):
    from ._batch import RANDOM

    return name in RANDOM


def _linear_jvp(declared, args, primals, outs, level):
    """The tangents of an op that is linear: the op itself on the tangents, so that it agrees where an element is written twice."""

    def tangent(t, p):
        u = tangent_of(t, level)
        return p.new_zeros(p.shape) if u is None else u.to(p.dtype)

    moved = list(primals)
    for k in differentiable_arguments(declared):
        if k >= len(args) or args[k] is None:
            continue
        if isinstance(args[k], Tensor):
            moved[k] = tangent(args[k], primals[k])
        elif isinstance(args[k], (tuple, list)):
            moved[k] = [tangent(t, p) for t, p in zip(args[k], primals[k])]
    given = [t for k in differentiable_arguments(declared) for t in flatten(args[k : k + 1])]
    if all(tangent_of(t, level) is None for t in given):
        return (None,) * len(outs)
    made = run(declared.name, moved)
    made = made if isinstance(made, tuple) else (made,)
    return tuple(t if o.dtype.is_floating_point or o.dtype.is_complex else None for t, o in zip(made, outs))


def _number(out, value):
    """A number as a tensor, as rules call functions on it: with all its digits, where that leaves the result's dtype."""
    wide = _core.complex128 if out.dtype.is_complex else _core.float64
    return out.new_full((), value, dtype=wide if out.dim() else out.dtype)


def _rule_values(declared, primals, out, g):
    rule = declared.derivative or declared.rule
    position = {p[0]: k for k, p in enumerate(declared.signature[0])}
    values = []
    for name in parameters(rule):
        if name == "g":
            values.append(g)
        elif name in position:
            k = position[name]
            value = primals[k] if k < len(primals) else declared.signature[0][k][2]
            kind = declared.signature[0][k][1]
            if not isinstance(value, Tensor) and (kind == T_TENSOR or (k == 0 and kind != T_INT)):
                value = _number(out, value)
            values.append(value)
        else:
            values.append(out)
    return rule, values


def _elementwise_jvp(declared, args, primals, out, level):
    if declared.kind == "fused" and declared.derivative is None:
        return NotImplemented
    complex_ = out.dtype.is_complex or any(t.dtype.is_complex for t in flatten(primals))
    if declared.vjp and complex_:
        return NotImplemented
    total, index, narrow = None, -1, out.dtype
    once = declared.rounds != "steps" and narrow in (_core.float16, _core.bfloat16)
    if once:
        primals, out = [p.float() if isinstance(p, Tensor) and p.dtype == narrow else p for p in primals], out.float()
    for k in differentiable_arguments(declared):
        index += 1
        t = tangent_of(args[k], level) if k < len(args) and isinstance(args[k], Tensor) else None
        if t is None:
            continue
        t = t.expand(out.shape) if t.shape != out.shape else t
        t = t.float() if once else t
        rule, values = _rule_values(declared, primals, out, t)
        result = rule(*values)
        if declared.vjp:
            part = result[index] if isinstance(result, tuple) else result
        else:
            partial = (result if isinstance(result, tuple) else (result,))[index] if result is not None else None
            part = None if partial is None else partial.of(t) if isinstance(partial, Steps) else t * partial
        if part is None:
            continue
        total = part if total is None else total + part
    if total is None:
        return None
    return total.to(narrow) if total.dtype != narrow else total


def _spread_around(t, level):
    """t with samples of its own in every vmap around this level, whose batches the other operands may be."""
    from ._batch import batches
    from ._grad import spread

    return spread(t, [b for b in batches() if b.number < level])


def _transposed_jvp(declared, args, outs, level, call=None):
    """J t as the derivative of the (linear) map u -> vjp(u) . t: works for every op that has a second derivative."""
    from ..autograd import grad
    from ._grad import cut, forget, fresh

    own = []  # the leaves of the history that is only this function's
    was_recording = _core.is_grad_enabled()
    with enable_grad():
        leaves, tangents, moved = [], [], []

        def leaf(t, tangent):
            p = primal_of(t, level)
            if tangent is None:
                return p if was_recording else forget(p)
            leaves.append(fresh(_spread_around(p, level), was_recording, own))
            tangents.append(tangent.to(p.dtype))
            return leaves[-1]

        for k, a in enumerate(args):
            takes = k < len(declared.signature[0]) and not _is_index(declared, k)
            if isinstance(a, Tensor):
                moved.append(leaf(a, tangent_of(a, level) if takes else None))
            elif isinstance(a, (tuple, list)) and any(isinstance(b, Tensor) for b in a):
                moved.append(
                    [leaf(b, tangent_of(b, level) if takes else None) if isinstance(b, Tensor) else b for b in a]
                )
            else:
                moved.append(a)
        again = call(moved) if call else run(declared.name, moved)
        again = again if isinstance(again, tuple) else (again,)
        picked = [
            k for k, o in enumerate(again) if o.requires_grad and (o.dtype.is_floating_point or o.dtype.is_complex)
        ]
        result = [None] * len(outs)
        if not picked or not leaves:
            return result
        dummies = [fresh(_spread_around(again[k].new_zeros(again[k].shape), level), False, own) for k in picked]
        first = grad([again[k] for k in picked], leaves, dummies, create_graph=True, allow_unused=True)
        used = [(v, t) for v, t in zip(first, tangents) if v is not None and v.requires_grad]
        second = (
            grad([v for v, _ in used], dummies, [t for _, t in used], create_graph=was_recording, allow_unused=True)
            if used
            else [None] * len(dummies)
        )
    for k, s in zip(picked, second):
        s = again[k].new_zeros(again[k].shape) if s is None else s
        result[k] = cut(s, was_recording, own)
    return result


__all__ = ["Dual", "Like", "flatten", "interpret", "make_dual", "primal_of", "run", "tangent_of", "top"]
