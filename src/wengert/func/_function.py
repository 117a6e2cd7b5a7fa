"""autograd.Function under the transforms: its vmap and jvp methods, or a batching rule made from its forward and backward."""

import inspect
from collections import namedtuple

from .. import _core
from ..autograd.function import Function
from ..autograd.grad_mode import no_grad
from ._batch import ESCAPED, is_batched, root, with_own_gradients, wrap
from ._dual import become_dual, dual_at, make_dual, settle, shared_tangent
from ._interpret import top
from ._levels import alive, watched
from ._tree import broadcast, flatten, unflatten
from ._vmap import vmap

Tensor = _core.Tensor
VmapInfo = namedtuple("VmapInfo", "batch_size randomness")

_NO_SETUP = (
    "In order to use an autograd.Function with functorch transforms (vmap, grad, jvp, jacrev, ...), it must override the setup_context "
    "staticmethod. For more details, please see https://pytorch.org/docs/main/notes/extending.func.html"
)


class _Context:
    """What forward and setup_context write to, apart from the tape."""

    def __init__(self, args):
        self.needs_input_grad = tuple(isinstance(a, Tensor) and a.requires_grad for a in args)
        self.to_save, self.saved_for_forward, self.materialize_grads = (), (), True
        self.dirty_tensors = self.non_differentiable = ()
        self.saved_tensors = ()

    def save_for_backward(self, *tensors):
        """Keeps tensors for backward."""
        self.to_save = tensors

    def save_for_forward(self, *tensors):
        """Keeps tensors for jvp."""
        self.saved_for_forward = tensors

    def mark_dirty(self, *tensors):
        """Names the inputs that were written in place."""
        self.dirty_tensors = tensors

    def mark_non_differentiable(self, *tensors):
        """Names the outputs without a derivative."""
        self.non_differentiable = tensors

    def set_materialize_grads(self, value):
        """Whether gradients that are not known come as zeros."""
        self.materialize_grads = value


class _ForwardContext:
    """The context as jvp sees it: saved_tensors are what was saved for it."""

    def __init__(self, ctx, saved):
        self.__dict__.update(_ctx=ctx, saved_tensors=saved)

    def __getattr__(self, name):
        return getattr(self._ctx, name)

    def __setattr__(self, name, value):
        setattr(self._ctx, name, value)

    def __delattr__(self, name):
        delattr(self._ctx, name)


def _tuple(x):
    return x if isinstance(x, tuple) else (x,)


def _has_setup(cls):
    return cls.setup_context is not Function.setup_context


def _run_forward(cls, args, kwargs):
    """(context, outputs) of one call that leaves no trace on the tape."""
    context = _Context(args)
    outputs = cls.forward(*args, **kwargs)
    cls.setup_context(context, args, outputs)
    return context, outputs


def _bound(cls, args, kwargs):
    """(positional arguments, what can only be named)"""
    bound = inspect.signature(cls.forward).bind(*args, **kwargs)
    bound.apply_defaults()
    return bound.args, bound.kwargs


def apply_transformed(cls, args, kwargs, tensors):
    """Function.apply inside a transform, or where one has wrapped an argument."""
    if _core.transforms() and not _has_setup(cls):
        raise RuntimeError(_NO_SETUP)
    if _has_setup(cls):
        args, kwargs = _bound(cls, args, kwargs)
        tensors = [a for a in args if isinstance(a, Tensor)]
    flat = [t for t in flatten((args, kwargs))[0] if isinstance(t, Tensor)]
    for t in flat:
        if t._wrapped or watched.views:
            settle(t)
    payload = top(flat)
    if payload is None or payload.kind == "batch" and _of_the_engine(payload):
        return cls._call(args, kwargs, tensors)
    if payload.kind == "dual":
        return _forward_mode(cls, args, kwargs, payload.level)
    if payload.level not in alive:
        raise RuntimeError(ESCAPED.format("custom_function_call"))
    return _batched(cls, args, kwargs, alive[payload.level])


def _of_the_engine(payload):
    """Whether a sample is of the engine's own vmap, where a Function is no more than the ops that it is made of."""
    return payload.level in alive and alive[payload.level].randomness == "engine"


def _batched(cls, args, kwargs, level):
    own = cls.vmap is not Function.vmap
    if own and cls.generate_vmap_rule:
        raise RuntimeError(
            f"You tried to vmap over {cls.__name__}, but it has both generate_vmap_rule=True and an overridden vmap staticmethod. Please set "
            "generate_vmap_rule=False or delete the overridden vmap staticmethod to avoid ambiguity. For more details, please see "
            "https://pytorch.org/docs/main/notes/extending.func.html"
        )
    if not own and not cls.generate_vmap_rule:
        raise RuntimeError(
            f"You tried to vmap over {cls.__name__}, but it does not have vmap support. Please override and implement the vmap staticmethod or "
            "set generate_vmap_rule=True. For more details, please see https://pytorch.org/docs/main/notes/extending.func.html"
        )
    if any(isinstance(t, Tensor) for t in flatten(kwargs)[0]):
        raise NotImplementedError(
            "Run vmap on autograd.Function with kwarg-only Tensor args. Please do not pass kwarg-only Tensors to autograd.Function. "
            f"Got: {kwargs}"
        )
    flat, spec = flatten(with_own_gradients(args, level))
    batched = [isinstance(t, Tensor) and is_batched(t, level.number) for t in flat]
    payloads = [_core.payload(t) if has else None for t, has in zip(flat, batched)]
    if own:  # where the samples were when vmap was given them
        values = [t if p is None else p.value.movedim(0, p.dim) if p.dim else p.value for t, p in zip(flat, payloads)]
        given = {id(v): t for v, t in zip(values, flat) if isinstance(v, Tensor)}
        dims = unflatten([None if p is None else p.dim for p in payloads], spec)
        return _by_own_rule(cls, level, dims, unflatten(values, spec), kwargs, given)
    values = [t if p is None else p.value for t, p in zip(flat, payloads)]
    dims = unflatten([None if p is None else 0 for p in payloads], spec)
    made = _generated(cls, tuple(dims), level, kwargs).apply(*unflatten(values, spec))
    return tuple(wrap(o, level.number) for o in made) if isinstance(made, tuple) else wrap(made, level.number)


def _by_own_rule(cls, level, dims, values, kwargs, given):
    """What the vmap staticmethod of cls gives; an input that it hands back (`given`, by identity) is that input."""
    made = cls.vmap(VmapInfo(level.size, level.randomness), tuple(dims), *values, **kwargs)
    if not (isinstance(made, tuple) and len(made) == 2):
        got = f"{len(made)} returns" if isinstance(made, tuple) else f"a {type(made)}"
        raise RuntimeError(
            "Expected the vmap staticmethod to have two returns, an output and out_dims with pytree structure compatible with the output. "
            f"Got {got} instead"
        )
    outputs, spec = flatten(made[0])
    where = broadcast(made[1], spec)
    if where is None:
        raise RuntimeError(
            f"The autograd.Function's vmap staticmethod returned an incompatible (output, out_dims) tuple. Expected out_dims={made[1]} to be "
            f"compatible with the structure of `output`. out_dims has structure {flatten(made[1])[1]} but output has structure {spec}. For "
            "more details, please see https://pytorch.org/docs/main/notes/extending.func.html"
        )

    def wrapped(o, d):
        if id(o) in given:
            return given[id(o)]
        return o if d is None or not isinstance(o, Tensor) else wrap(o.movedim(d, 0) if d else o, level.number)

    return unflatten([wrapped(o, d) for o, d in zip(outputs, where)], spec)


def _present(tensors):
    return tuple(t for t in tensors if t is not None)


def _generated(cls, dims, level, kwargs):
    """cls for whole batches: forward, backward and jvp are cls's own under vmap."""
    state = {}

    def forward(*values):
        def sample(*args):
            context, outputs = _run_forward(cls, args, kwargs)
            groups = context.to_save, context.saved_for_forward
            position = {id(a): k for k, a in enumerate((*args, *_tuple(outputs))) if isinstance(a, Tensor)}
            known = [[position.get(id(t)) for t in _present(group)] for group in groups]
            state.update(context=context, single=not isinstance(outputs, tuple), groups=groups, known=known)
            return _tuple(outputs), tuple(map(_present, groups))

        outputs, state["saved"] = vmap(sample, dims, randomness=level.randomness)(*values)
        state["values"] = values
        return outputs[0] if state["single"] else outputs

    def setup_context(ctx, inputs, output):
        if any(a is not b for a, b in zip(inputs, state["values"])):
            forward(*inputs)  # it has run on what transforms further out have wrapped
        whole = (*inputs, *_tuple(output))  # they keep their history
        saved = [
            [t if k is None else whole[k] for t, k in zip(tensors, places)]
            for tensors, places in zip(state["saved"], state["known"])
        ]
        ctx.save_for_backward(*saved[0])
        ctx.save_for_forward(*saved[1])

    def under_vmap(rule, saved, group, given, in_dims):
        """rule(context, *given) of every sample; None, given or found, is left out meanwhile."""
        known = []

        def sample(given_here, saved):
            context, it, values = state["context"], iter(saved), iter(given_here)
            context.saved_tensors = tuple(None if t is None else next(it) for t in state["groups"][group])
            found = _tuple(rule(context, *(None if g is None else next(values) for g in given)))
            known.extend(g is not None for g in found)
            return _present(found)

        kept = tuple(0 if k is None or k >= len(dims) else dims[k] for k in state["known"][group])
        at = tuple(d for g, d in zip(given, in_dims) if g is not None), kept
        made = iter(vmap(sample, at, randomness=level.randomness)(_present(given), tuple(saved)))
        return [next(made) if has else None for has in known]

    def backward(ctx, *grads):
        found = under_vmap(cls.backward, ctx.saved_tensors, 0, grads, [0] * len(grads))
        return tuple(g if g is None or d == 0 else g.sum(0) for g, d in zip(found, dims))

    def jvp(ctx, *tangents):
        found = under_vmap(cls.jvp, ctx.saved_tensors, 1, tangents, dims)
        return found[0] if state["single"] else tuple(found)

    made = {f.__name__: staticmethod(f) for f in (forward, setup_context, backward, jvp)}
    return type(cls)(cls.__name__, (Function,), {**made, "generate_vmap_rule": True})


def _forward_mode(cls, args, kwargs, level):
    """Outputs with the tangents that jvp gives; forward runs once, below."""
    duals = [dual_at(a, level) if isinstance(a, Tensor) else None for a in args]
    primals = tuple(a if d is None else d.primal for a, d in zip(args, duals))
    tensors = [p for p in primals if isinstance(p, Tensor)]

    def push(ctx, outputs, differentiable):
        return _push(cls, ctx, outputs, differentiable, args, primals, duals, level)

    if not (_has_setup(cls) and any(t._wrapped for t in tensors)):
        return cls._call(primals, kwargs, tensors, push)
    outputs = cls.apply(*primals)
    context = _Context(primals)
    with no_grad():
        cls.setup_context(context, primals, outputs)
    frozen = {id(t) for t in context.non_differentiable}
    flat = list(_tuple(outputs))
    made = push(context, flat, [id(o) not in frozen and _is_differentiable(o) for o in flat])
    return tuple(made) if isinstance(outputs, tuple) else made[0]


def _is_differentiable(o):
    return isinstance(o, Tensor) and (o.dtype.is_floating_point or o.dtype.is_complex)


def _push(cls, ctx, outputs, differentiable, args, primals, duals, level):
    """The outputs of a call as dual numbers."""
    tangents = [None if d is None else shared_tangent(d) for d in duals]
    if ctx.materialize_grads:
        tangents = [
            p.new_zeros(p.shape) if t is None and _is_differentiable(p) else t for p, t in zip(primals, tangents)
        ]
    versions = [None if t is None else t._version for t in tangents]
    found = cls.jvp(_ForwardContext(ctx, tuple(ctx.saved_for_forward)), *tangents)
    found = tuple(found) if isinstance(found, (tuple, list)) else (found,)
    if len(found) != len(outputs):
        raise RuntimeError(
            f"Function's jvp returned an invalid number of forward gradients (expected {len(outputs)} but got {len(found)})"
        )
    for k, t in enumerate(found):
        if not (t is None or isinstance(t, Tensor)):
            raise RuntimeError(f"expected Variable or None (got {type(t).__name__}) for grad output {k}.")
    dirty = {id(t) for t in ctx.dirty_tensors}
    position = {id(p): k for k, p in enumerate(primals) if isinstance(p, Tensor)}
    made = []
    for k, (out, tangent) in enumerate(zip(outputs, found)):
        at = position.get(id(out))
        if not isinstance(out, Tensor):
            made.append(out)
        elif not differentiable[k]:
            made.append(_without_tangent(k, out, tangent, at, args))
        elif id(out) in dirty and at is not None:
            written = tangent is tangents[at] is not None and tangent._version != versions[at]
            made.append(_written(args[at], duals[at], out, tangent, written, level))
        else:
            made.append(_fresh_output(out, tangent, args, primals, tangents, duals, level))
    return made


def _without_tangent(k, out, tangent, at, args):
    if tangent is not None:
        raise RuntimeError(
            f"Function's jvp returned a gradient at position {k}, but  the corresponding forward output is not a differentiable Tensor."
            "You should return None at that position instead."
        )
    return out if at is None else args[at]


def _written(argument, dual, out, tangent, written, level):
    """An input that forward has written and given back: jvp must have written its tangent."""
    if dual is not None:
        if not written:
            raise RuntimeError(
                "An inplace custom Function is not modifying the forward mode gradients inplace. If the forward is modifying an input "
                "inplace, then the jvp function must modify the corresponding gradient inplace."
            )
        return _core.become_wrapped(argument, make_dual(out, tangent, level, dual.base))
    if tangent is None:
        return argument
    become_dual(root(argument), level)
    settle(argument)
    shared_tangent(dual_at(argument, level)).copy_(tangent)
    return argument


def _check_view(tangent, given):
    """The tangent of a view: a view of what jvp was given for the input."""
    if root(tangent) is tangent:
        raise RuntimeError(
            "A custom Function's forward is returning a view (or an input as-is) but the jvp is not returning a view."
        )
    if root(tangent) is not root(given):
        which = "given grad input" if root(given) is given else "same base as the given grad input"
        raise RuntimeError(f"A custom Function is returning a view but the jvp is not returning a view of the {which}.")


def _fresh_output(out, tangent, args, primals, tangents, duals, level):
    """A new tensor, or a view of an input: then its tangent must be a view of that input's, too."""
    whole = root(out)
    seen = (k for k, p in enumerate(primals) if duals[k] is not None and whole is not out and root(p) is whole)
    base, k = None, next(seen, None)
    if k is not None:
        if tangent is None:
            raise RuntimeError("cannot call get_autograd_meta() on undefined tensor")
        if root(tangent) is not tangent:
            base = root(args[k])
        if not _core.transforms():  # inside them torch tolerates what is no view
            _check_view(tangent, tangents[k])
    if tangent is None:
        return out
    if tangent.shape != out.shape:
        raise RuntimeError(
            "Trying to set a forward gradient that has a different size than that of the original Tensor, this is not supported. Tensor is "
            f"of size {list(out.shape)} while the given forward gradient is of size {list(tangent.shape)}."
        )
    return make_dual(out, tangent, level, base)
