"""grad, vjp, jvp and what is made of them, on the tape: inputs become fresh tensors, their history is swept and then forgotten."""

import contextlib
import functools

from .. import _core
from ..autograd import _make_gradients
from ..autograd.grad_mode import enable_grad
from ._dual import check_dual, make_dual, primal_of, settle, tangent_of
from ._grad import gradients_of
from ._history import Own, cut, forget, fresh, reaches_out, spread
from ._levels import adopt, batches, forward_transform, taped_transform, transform
from ._tree import drawn, flatten, tree_map, unflatten

Tensor = _core.Tensor


def _named(func):
    return functools.wraps(func) if hasattr(func, "__name__") else (lambda f: f)


def _positions(argnums, count):
    """argnums as a tuple of indices."""
    if not isinstance(argnums, (int, tuple)):
        raise RuntimeError(f"argnums must be int or Tuple[int, ...], got: {type(argnums)}")
    numbers = (argnums,) if isinstance(argnums, int) else argnums
    for n in numbers:
        if not isinstance(n, int):
            raise RuntimeError(f"argnum must be int, got: {type(n)}")
    if not numbers:
        raise RuntimeError("argnums must be non-empty")
    for n in numbers:
        if not -count <= n < count:
            raise RuntimeError(f"Got argnum={n}, but only {count} positional inputs")
    numbers = tuple(n % count for n in numbers)
    if len(set(numbers)) != len(numbers):
        raise RuntimeError(f"argnums elements must be unique, got {numbers}")
    return numbers


def _fresh_arguments(args, argnums, tracked):
    """(arguments with fresh ones at argnums, the fresh tensors, structure of what argnums picks)."""
    numbers = _positions(argnums, len(args))
    picked = args[numbers[0]] if isinstance(argnums, int) else tuple(args[n] for n in numbers)
    flat, spec = flatten(picked)
    for t in flat:
        if not isinstance(t, Tensor):
            raise ValueError(f"Thing passed to transform API must be Tensor, got {type(t)}")
    made = [fresh(t, tracked) for t in flat]
    tree = unflatten(made, spec)
    args = list(args)
    for n, part in zip(numbers, (tree,) if isinstance(argnums, int) else tree):
        args[n] = part
    return args, made, spec


def _split_aux(output, has_aux, who):
    if not has_aux:
        return output, None
    if not (isinstance(output, tuple) and len(output) == 2):
        raise RuntimeError(f"{who}: output of function f should be a tuple: (output, aux) if has_aux is True")
    return output


def _zeros(t):
    return t.detach().new_zeros(t.shape)


def grad_and_value(func, argnums=0, has_aux=False):
    """A function that gives (gradient, value) of func, whose (first) output is a scalar; with has_aux (gradient, (value, aux)).

    >>> import wengert
    >>> grad_and_value(lambda x: x * x)(wengert.tensor(3.0))
    (tensor(6.), tensor(9.))
    """

    @_named(func)
    def wrapped(*args, **kwargs):
        tracked, own = _core.is_grad_enabled(), Own()
        with enable_grad():
            moved, inputs, spec = _fresh_arguments(args, argnums, tracked)
            with taped_transform():
                adopt(args, kwargs)
                result = func(*moved, **kwargs)
            output, aux = _split_aux(result, has_aux, "grad_and_value(f)(*args)")
            _check_scalar(output)
            create = tracked and output.requires_grad and reaches_out((output,), own)
            keep = create or (has_aux and tracked)
            found = gradients_of((output,), (output.detach().new_ones(()),), keep, create, inputs)
        gradients = unflatten([_zeros(t) if g is None else g for t, g in zip(inputs, found)], spec)
        value = output if create else forget(output)
        if has_aux:
            return gradients, (value, tree_map(lambda t: cut(t, tracked, own), checked_aux(aux)))
        return gradients, value

    return wrapped


def _check_scalar(output):
    who = "grad_and_value(f)(*args)"
    if not isinstance(output, Tensor):
        raise RuntimeError(f"{who}: Expected f(*args) to return a Tensor, got {type(output)}")
    if output.dim() != 0:
        raise RuntimeError(
            f"{who}: Expected f(*args) to return a scalar Tensor, got tensor with {output.dim()} dims. Maybe you wanted to use the vjp or "
            "jacrev APIs instead?"
        )
    if output.requires_grad and not output.dtype.is_floating_point:
        raise RuntimeError(f"grad can be implicitly created only for real scalar outputs but got {output.dtype}")


def checked_aux(aux):
    """aux, which may only contain tensors."""
    for t in flatten(aux)[0]:
        if not isinstance(t, Tensor):
            raise RuntimeError(f"Expected tensors, got unsupported type {type(t)}")
    return aux


def grad(func, argnums=0, has_aux=False):
    """The gradient of func, a function with a scalar output, by the arguments argnums; with has_aux (gradient, aux).

    >>> import wengert
    >>> grad(grad(lambda x: x ** 3))(wengert.tensor(2.0))
    tensor(12.)
    """
    both = grad_and_value(func, argnums, has_aux)

    @_named(func)
    def wrapped(*args, **kwargs):
        gradients, value = both(*args, **kwargs)
        return (gradients, value[1]) if has_aux else gradients

    return wrapped


def _tensor_outputs(output, who):
    flat, spec = flatten(output)
    if not flat or flat == [None]:
        raise RuntimeError(f"{who}: Expected f to be a function that has non-empty output (got output = {flat})")
    for o in flat:
        if not isinstance(o, Tensor):
            raise RuntimeError(f"{who}: expected f(*primals) to return only tensors, got unsupported type {type(o)}")
    return flat, spec


def vjp(func, *primals, has_aux=False):
    """(func(*primals), f) where f(cotangents) is the vector-Jacobian product; with has_aux (output, f, aux).

    >>> import wengert
    >>> out, f = vjp(wengert.sin, wengert.zeros(2))
    >>> f(wengert.ones(2))
    (tensor([1., 1.]),)
    """
    return _vjp(func, primals, has_aux)


def _vjp(func, primals, has_aux=False, inside=taped_transform):
    tracked, own = _core.is_grad_enabled(), Own()
    with enable_grad():
        moved, inputs, spec = (), [], flatten(())[1]
        if primals:
            # pull may be called where gradients are wanted although vjp was not
            moved, inputs, spec = _fresh_arguments(primals, tuple(range(len(primals))), True)
        with inside() as level:
            if level is not None:
                adopt(primals)
            result = func(*moved)
        output, aux = _split_aux(result, has_aux, "vjp(f, *primals)")
        flat, out_spec = _tensor_outputs(output, "vjp(f, *primals)")
    own.end()

    def pull(cotangents, retain_graph=True, create_graph=None):
        mine = Own()
        weights, given = flatten(cotangents)
        if given != out_spec:
            raise RuntimeError(
                f"Expected pytree structure of cotangents to be the same as pytree structure of outputs to the function. cotangents: "
                f"{drawn(given)}, primal output: {drawn(out_spec)}"
            )
        pairs = [(o, w) for o, w in zip(flat, weights) if o.requires_grad]
        _make_gradients([o for o, _ in pairs], [w for _, w in pairs])  # checks them
        recording = _core.is_grad_enabled() if create_graph is None else create_graph
        with enable_grad():
            create = recording and (
                any(w.requires_grad for w in weights) or reaches_out([o for o in flat if o.requires_grad], own)
            )
            found = gradients_of(flat, weights, retain_graph or create, create, inputs)
        made = [_zeros(t) if g is None else cut(g, create, own, mine) for t, g in zip(inputs, found)]
        return unflatten(made, spec)

    shown = unflatten([cut(o, tracked, own) for o in flat], out_spec)
    pull.outputs, pull.inputs, pull.own, pull.spec, pull.out_spec = flat, inputs, own, spec, out_spec
    return (shown, pull, tree_map(lambda t: cut(t, tracked, own), checked_aux(aux))) if has_aux else (shown, pull)


def _check_tangents(primals, tangents, who):
    if not isinstance(primals, tuple):
        raise RuntimeError(f"{who}: Expected primals to be a tuple. E.g. it should be valid to call f(*primals).")
    flat, spec = flatten(primals)
    others, given = flatten(tangents)
    if spec != given:
        raise RuntimeError(
            f"{who}: Expected primals and tangents to have the same python structure. For example, if primals is a tuple of 3 tensors, "
            f"tangents also must be. Got primals with structure {spec} and tangents with structure {given}"
        )
    for kind, values in (("primals", flat), ("tangents", others)):
        if not values:
            raise RuntimeError(f"{who}: Expected {kind} to contain at least one Tensor.")
        for v in values:
            if not isinstance(v, Tensor):
                raise RuntimeError(f"{who}: Expected {kind} to only contain Tensors, got {type(v)}")
    return flat, others


def _push_forward(outputs, inputs, own, tracked):
    """A function of tangents: the derivative of the linear map u -> u J by u, applied to them."""
    active = [k for k, o in enumerate(outputs) if o.requires_grad]
    dummies = []
    with enable_grad():
        for k in active:
            dummies.append(fresh(_zeros(outputs[k]), False))
        back = gradients_of([outputs[k] for k in active], dummies, True, True, inputs)
    own.end()

    def push(tangents):
        mine = Own()
        used = [(g, t) for g, t in zip(back, tangents) if g is not None and g.requires_grad]
        made = [_zeros(o) for o in outputs]
        if used:
            with enable_grad():
                weights = [t.to(g.dtype) for g, t in used]
                create = tracked and (any(t.requires_grad for t in weights) or reaches_out([g for g, _ in used], own))
                found = gradients_of([g for g, _ in used], weights, True, create, dummies)
            for k, s in zip(active, found):
                if s is not None:
                    made[k] = cut(s, create, own, mine)
        return made

    return push


def _unpacked(outputs, level, strict):
    """(primals, tangents) of outputs; what does not depend on the inputs has zeros for a tangent, or is refused."""
    for o in outputs:
        if strict and tangent_of(o, level) is None:
            raise RuntimeError(
                "jvp(f, primals, tangents, strict=True): The output of f is independent of the inputs. This is not allowed with "
                "strict=True."
            )
    primals = [primal_of(o, level) for o in outputs]
    tangents = [tangent_of(o, level) for o in outputs]
    return primals, [_zeros(p) if t is None else t for p, t in zip(primals, tangents)]


def _dual(primal, tangent, level):
    """A dual number that may be written to: an alias of a tensor that wants gradients; the tangent may become any sample's."""
    check_dual(primal, tangent)
    if batches():
        tangent = spread(tangent, batches()).clone()
    return make_dual(primal.view_as(primal) if primal.requires_grad else primal, tangent, level)


def jvp(func, primals, tangents, *, strict=False, has_aux=False):
    """(func(*primals), Jacobian-vector product with tangents); with has_aux a third, aux.

    >>> import wengert
    >>> jvp(wengert.sin, (wengert.zeros(1),), (wengert.ones(1),))
    (tensor([0.]), tensor([1.]))
    """
    who = "jvp(f, primals, tangents)"
    flat, others = _check_tangents(primals, tangents, who)
    _, spec = flatten(primals)
    with forward_transform() as running:
        level = running.number
        adopt(primals, tangents)
        duals = unflatten([_dual(p, t, level) for p, t in zip(flat, others)], spec)
        with transform():
            result = func(*duals)
        output, aux = _split_aux(result, has_aux, who)
        made, out_spec = _tensor_outputs(output, who)
        for o in made:
            settle(o)
    shown, pushed = (unflatten(part, out_spec) for part in _unpacked(made, level, strict))
    if not has_aux:
        return shown, pushed
    return shown, pushed, tree_map(lambda t: primal_of(t, level), checked_aux(aux))


def linearize(func, *primals):
    """(func(*primals), f) where f(*tangents) is the Jacobian-vector product at primals.

    >>> import wengert
    >>> out, f = linearize(wengert.sin, wengert.zeros(1))
    >>> f(wengert.ones(1))
    tensor([1.])
    """
    for p in flatten(primals)[0]:
        if isinstance(p, Tensor):
            check_dual(p, p)
    tracked = _core.is_grad_enabled()
    shown, pull = _vjp(func, primals, inside=contextlib.nullcontext)
    push = _push_forward(pull.outputs, pull.inputs, pull.own, tracked)

    def jvp_fn(*tangents):
        others, given = flatten(tangents)
        flat, spec = flatten(primals)
        if given != spec:
            raise RuntimeError(f"Expected the tangents {given} to have the same argspec as the primals {spec}")
        for k, (p, t) in enumerate(zip(flat, others)):
            if p.shape != t.shape:
                raise RuntimeError(
                    f"tangent:{k} with shape {t.shape} in flattened pytree doesn't match the shape {p.shape} of the corresponding primal."
                )
            if p.dtype is not t.dtype:
                raise RuntimeError(
                    f"tangent:{k} with dtype {t.dtype} in flattened pytree doesn't match the dtype {p.dtype} of the corresponding primal."
                )
        return unflatten(push(others), pull.out_spec)

    return shown, jvp_fn


def functionalize(func, *, remove="mutations"):
    """func: in-place ops need not be removed for anything here. RuntimeError for an unknown remove."""
    if remove not in ("mutations", "mutations_and_views"):
        raise RuntimeError(
            "functionalize(f, remove='mutations'): received invalid argument for remove=. Valid options are:\n"
            "     remove='mutations': all inplace and out= operators will be removed from the program, and replaced with their out-of-place\n"
            "     equivalents.\n     remove='mutations_and_views': In addition to the above, all aliasing operators {view} will be\n"
            "     replaced with their non-aliasing counterparts, {view}_copy.\n"
        )

    @_named(func)
    def wrapped(*args, **kwargs):
        with transform():
            return func(*args, **kwargs)

    return wrapped


def debug_unwrap(tensor, *, recurse=True):
    """The samples (or the primal) that a transform has wrapped; itself otherwise."""
    payload = _core.payload(tensor)
    if payload is None:
        return tensor
    inner = payload.value if payload.kind == "batch" else payload.primal
    return debug_unwrap(inner) if recurse else inner


__all__ = [
    "batches",
    "debug_unwrap",
    "functionalize",
    "grad",
    "grad_and_value",
    "jvp",
    "linearize",
    "spread",
    "vjp",
]
