"""What an op does when one of its arguments is wrapped by a transform: a dual number (forward mode) or a batch (vmap)."""

import functools

from .. import _core
from ..autograd import grad
from ..autograd.grad_mode import enable_grad
from ..ops._declare import OPS, Steps, parameters
from ..ops._derive import Like, _is_index, differentiable_arguments, is_linear
from ..ops._trace import T_INT, T_TENSOR
from ._batch import RANDOM, REBIND, VIEWS, batch_op, root, running
from ._dual import (
    Dual,
    become_dual,
    dual_at,
    make_dual,
    primal_of,
    renew,
    settle,
    shared_tangent,
    spread_around,
    tangent_of,
)
from ._history import Own, cut, forget, fresh
from ._levels import alive, forward_is_on, watched
from ._tangents import FORMULAS, without_tangent

Tensor = _core.Tensor


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
    if payload is None or watched.views or (payload.level not in alive and payload.kind == "dual"):
        for t in flatten(args):
            settle(t)
        payload = top(args)
    if name in RANDOM and running():
        from ._random import random_op

        return random_op(name, args)
    if payload is None:  # nothing here has wrapped it: a mode on another thread asks for all ops
        before = _core.set_batching(0)
        try:
            return (_core.run_inplace if inplace else _core.run)(name, tuple(args))
        finally:
            _core.set_batching(before)
    declared = OPS.get(name)
    if declared is not None and "composed" in declared.options:
        return declared.options["composed"](*args)
    if payload.kind == "dual":
        return _dual_op(name, args, inplace, payload.level)
    return batch_op(name, args, inplace, payload.level)


def _primals(args, level):
    return [
        primal_of(a, level)
        if isinstance(a, Tensor)
        else type(a)(primal_of(b, level) if isinstance(b, Tensor) else b for b in a)
        if isinstance(a, (tuple, list)) and any(isinstance(b, Tensor) for b in a)
        else a
        for a in args
    ]


def _dual_op(name, args, inplace, level):
    if name in REBIND:
        return _core.become_wrapped(args[0], run(REBIND[name], args))
    primals = _primals(args, level)
    declared = OPS.get(name)
    written = inplace or (name.split(".")[0].endswith("_") and not name.startswith("_"))
    if declared is None or declared.kind == "constant" or not forward_is_on():
        return _core.run_inplace(name, tuple(primals)) if inplace else run(name, primals)
    if written:
        return _dual_inplace(declared, name, args, primals, inplace, level)
    out = run(name, primals)
    outs = out if isinstance(out, tuple) else (out,)
    try:
        tangents = jvp(declared, args, primals, outs, level)
    except RuntimeError as error:
        raise without_tangent(declared, error) from error
    base = None
    if name in VIEWS:
        base = root(args[0])
    else:
        tangents = [t if t is None else _own(t, args, level) for t in tangents]
    made = tuple(o if t is None else make_dual(o, t, level, base) for o, t in zip(outs, tangents))
    return made if isinstance(out, tuple) else made[0]


def _own(tangent, args, level):
    """A tangent that a write may change: not the very one of an argument."""
    for t in flatten(args):
        other = tangent_of(t, level)
        if other is not None and other._same_storage(tangent):
            return tangent.clone()
    return tangent


def _dual_inplace(declared, name, args, primals, inplace, level):
    before = [primals[0].clone(), *primals[1:]]
    if name.partition(".")[0].endswith("_"):

        def call(a):
            return _core.run_inplace(name, (spread_around(a[0], level).clone(), *a[1:]))

        outs = call(before)
    else:
        call, outs = None, run(name, before)
    with_tangents = [
        before[0] if (own := tangent_of(args[0], level)) is None else make_dual(before[0], own.clone(), level),
        *args[1:],
    ]
    tangent = jvp(declared, with_tangents, before, (outs,), level, call)[0]
    dual = _dual_to_write(args[0], level)
    primals[0] = dual.primal
    result = _core.run_inplace(name, tuple(primals)) if inplace else run(name, primals)
    place = shared_tangent(dual)
    place.copy_(
        place.new_zeros(()) if tangent is None else tangent
    )  # views of it, and what it is a view of, change with it
    if dual.base is not None and result.requires_grad:
        renew(dual.base, level)
    return _core.become_wrapped(args[0], make_dual(result, place, level, dual.base))


def _dual_to_write(target, level):
    """The dual number that a tensor about to be written is, or becomes together with its base."""
    if dual_at(target, level) is None:
        become_dual(root(target), level)
        settle(target)
    return dual_at(target, level)


def jvp(declared, args, primals, outs, level, call=None):
    """The tangents of an op's outputs (None where there is none)."""
    if declared.name in VIEWS and call is None:  # linear, and the tangent must share memory as the primal does
        tangent, rest = shared_tangent(dual_at(args[0], level)), list(args[1:])
        if declared.name == "_as_strided" and rest[2:] and rest[2] is not None:
            rest[2] += tangent.storage_offset() - primals[0].storage_offset()
        made = run(declared.name, [tangent, *rest])
        return made if isinstance(made, tuple) else (made,)
    if call is None and declared.name in FORMULAS and outs[0].numel():
        tensors = [p for p in primals if isinstance(p, Tensor)]
        if tensors[0] is primals[0] and all(p.dtype == outs[0].dtype for p in tensors):
            given = [tangent_of(a, level) if isinstance(a, Tensor) else None for a in args]
            if any(t is not None for t in given):
                tangent = FORMULAS[declared.name](given, primals, outs[0] if len(outs) == 1 else outs)
                if tangent is not NotImplemented:
                    return tangent if isinstance(tangent, tuple) else (tangent,)
    if declared.kind in ("elementwise", "fused") and call is None:
        tangent = _elementwise_jvp(declared, args, primals, outs[0], level)
        if tangent is not NotImplemented:
            return (tangent,)
    if call is None and declared.name in _PRODUCTS:
        return (_product_jvp(declared.name, args, primals, outs[0], level),)
    if call is None and declared.name == "linalg_vector_norm":
        return (_norm_jvp(args, level),)
    if call is None and is_linear(declared.name) and declared.name not in RANDOM:
        return _linear_jvp(declared, args, primals, outs, level)
    return _transposed_jvp(declared, args, outs, level, call)


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


# name -> (the op without what is added, positions of the factors and of what is added, of beta and alpha)
_PRODUCTS = {
    "mm": ("mm", 0, 1, None, None),
    "bmm": ("bmm", 0, 1, None, None),
    "mv": ("mv", 0, 1, None, None),
    "dot": ("dot", 0, 1, None, None),
    "vdot": ("vdot", 0, 1, None, None),
    "addmm": ("mm", 1, 2, 0, 3),
    "addmv": ("mv", 1, 2, 0, 3),
    "baddbmm": ("bmm", 1, 2, 0, 3),
}


def _scaled(t, args, at):
    factor = 1 if at is None or at >= len(args) else args[at]
    return t if factor == 1 else t * factor


def _product_jvp(name, args, primals, out, level):
    """The tangent of a product of two tensors, to which a third may be added."""
    product, left, right, added, beta = _PRODUCTS[name]
    total = None
    by = tangent_of(args[added], level) if added is not None else None
    if by is not None:
        total = _scaled(by.to(out.dtype), args, beta).expand(out.shape)
    for k, other in ((left, right), (right, left)):
        t = tangent_of(args[k], level)
        if t is None:
            continue
        pair = {k: t.to(primals[k].dtype), other: primals[other]}
        part = run(product, (pair[left], pair[right]))
        part = part if beta is None else _scaled(part, args, beta + 1)
        total = part if total is None else total + part
    return total


def _number(out, value):
    """A number as a tensor, as rules call functions on it: with all its digits, where that leaves the result's dtype."""
    wide = _core.complex128 if out.dtype.is_complex else _core.float64
    return out.new_full((), value, dtype=wide if out.dim() else out.dtype)


@functools.cache
def _rule_plan(name):
    """(the rule of an elementwise op, for each of its parameters: -1 the gradient, -2 the result, -3 what is wanted, else (position, default, must be a
    tensor))."""
    declared = OPS[name]
    rule = declared.derivative or declared.rule
    params = declared.signature[0]
    position = {p[0]: k for k, p in enumerate(params)}

    def where(parameter):
        if parameter == "g":
            return -1
        if parameter == "needs":
            return -3
        if parameter not in position:
            return -2
        k = position[parameter]
        return k, params[k][2], params[k][1] == T_TENSOR or (k == 0 and params[k][1] != T_INT)

    return rule, tuple(where(parameter) for parameter in parameters(rule))


def _rule_values(declared, primals, out, g):
    rule, plan = _rule_plan(declared.name)
    values = []
    for where in plan:
        if where == -1:
            values.append(g)
        elif where == -2:
            values.append(out)
        elif where == -3:
            values.append((True,) * len(primals))
        else:
            k, default, must_be_tensor = where
            value = primals[k] if k < len(primals) else default
            if must_be_tensor and not isinstance(value, Tensor):
                value = _number(out, value)
            values.append(value)
    return rule, values


def _elementwise_jvp(declared, args, primals, out, level):
    if declared.kind == "fused" and declared.derivative is None:
        return NotImplemented
    complex_ = out.dtype.is_complex or any(t.dtype.is_complex for t in flatten(primals))
    if declared.vjp and complex_:
        return NotImplemented
    total, index, narrow = None, -1, out.dtype
    half = narrow in (_core.float16, _core.bfloat16)
    if half and callable(declared.half) and len(args) == 1 and _core.is_grad_enabled():
        return declared.half(tangent_of(args[0], level), *primals)
    once = half and declared.rounds in ("once", "numbers")
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


def _norm_jvp(args, level):
    """The tangent of a norm: its gradient times the tangent, summed. A second derivative would be nan at zero, where torch has 0."""
    dual, rest, own = dual_at(args[0], level), args[1:], Own()
    was_recording = _core.is_grad_enabled()
    with enable_grad():
        leaf = fresh(dual.primal, was_recording)
        out = run("linalg_vector_norm", (leaf, *rest))
        (slope,) = grad([out], [leaf], [out.detach().new_ones(out.shape)], create_graph=was_recording)
        moved = slope.conj() * dual.tangent if slope.dtype.is_complex else slope * dual.tangent
        moved = moved.real if moved.dtype.is_complex else moved
        tangent = run("sum.dim_IntList", (moved, rest[1] if len(rest) > 1 else None, len(rest) > 2 and rest[2], None))
    return cut(tangent.to(out.dtype), was_recording, own)


def _transposed_jvp(declared, args, outs, level, call=None):
    """J t as the derivative of the (linear) map u -> vjp(u) . t: works for every op that has a second derivative."""
    own = Own()
    was_recording = _core.is_grad_enabled()
    with enable_grad():
        leaves, tangents, moved = [], [], []

        def leaf(t, tangent):
            p = primal_of(t, level)
            if tangent is None:
                return p if was_recording else forget(p)
            leaves.append(fresh(spread_around(p, level), was_recording))
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
        dummies = [fresh(spread_around(again[k].new_zeros(again[k].shape), level), False) for k in picked]
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
