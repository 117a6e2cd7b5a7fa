"""vmap's side of every op: arguments lose their wrappers, a rule runs on the whole batch, the results get wrappers."""

import warnings

from .. import _core
from ..ops._declare import OPS
from ._levels import alive

Tensor = _core.Tensor
run = _core.run

RANDOM = frozenset(
    (
        "uniform_",
        "normal_",
        "exponential_",
        "log_normal_",
        "cauchy_",
        "geometric_",
        "bernoulli_.Tensor",
        "bernoulli_.float",
        "random_",
        "random_.to",
        "random_.from",
        "bernoulli",
        "bernoulli.p",
        "normal.Tensor_Tensor",
        "normal.Tensor_float",
        "normal.float_Tensor",
        "normal.float_float",
        "poisson",
        "_standard_gamma",
        "rand",
        "randn",
        "randint",
        "randint.low",
        "randperm",
        "rand_like",
        "randn_like",
        "randint_like",
        "randint_like.low_dtype",
        "multinomial",
        "binomial",
        "_sample_dirichlet",
    )
)
_core.mark_random([name for name in RANDOM if name in OPS])
REBIND = {
    "squeeze_": "squeeze",
    "squeeze_.dim": "squeeze.dim",
    "squeeze_.dims": "squeeze.dims",
    "unsqueeze_": "unsqueeze",
    "transpose_": "transpose",
    "t_": "t",
}  # in-place forms that change what a tensor is, not its data
VIEWS = frozenset(name for name, style, *_ in _core.op_names() if style == 1 and name != "view.dtype")
NO_RESIZE = frozenset(("resize_", "resize_as_", "as_strided_"))


ESCAPED = (
    "Either your tensor may have escaped from inside a function being vmapped and this is a user error (see "
    "https://pytorch.org/functorch/stable/ux_limitations.html), or there is an internal functorch error in `{}` Please file an issue if "
    "it looks like the latter"
)


class Batch:
    """The payload of a tensor inside vmap: the level of the vmap, all the samples along dim 0, what it is a view of.

    The dim in which vmap was given the samples is only for show.
    """

    __slots__ = ("base", "dim", "level", "value")
    kind = "batch"

    def __init__(self, level, value, base=None, dim=0):
        self.level, self.value, self.base, self.dim = level, value, base, dim


def running():
    """How many vmaps the running op is inside of."""
    depth = _core.set_batching(0)
    _core.set_batching(depth)
    return depth


def root(t):
    """What t is a view of: itself if of nothing."""
    payload = _core.payload(t)
    base = t._base if payload is None else payload.base
    return t if base is None else base


def is_batched(t, level):
    """Whether t is a tensor that the vmap of this level has wrapped."""
    payload = _core.payload(t)
    return payload is not None and payload.kind == "batch" and payload.level == level


def wrap(value, level, base=None, dim=0):
    """A tensor that looks like one sample of value, whose dim 0 is the batch."""
    if not value.shape[0]:
        return _core.make_wrapped(value.new_empty(value.shape[1:]), Batch(level, value, base, dim))
    if value.requires_grad and not _core.is_grad_enabled():
        _core.set_grad_enabled(True)
        view = run("select", (value, 0, 0))
        _core.set_grad_enabled(False)
    else:
        view = run("select", (value, 0, 0))
    return _core.make_wrapped(view, Batch(level, value, base, dim))


class Call:
    """One op under one vmap: what its rule asks for."""

    __slots__ = ("level", "name", "size")

    def __init__(self, name, level, size):
        self.name, self.level, self.size = name, level, size

    def has(self, t):
        """Whether t carries the batch."""
        return isinstance(t, Tensor) and is_batched(t, self.level)

    def value(self, t):
        """The samples of t, or t itself when all samples share it."""
        return _core.payload(t).value if self.has(t) else t

    def full(self, t):
        """The samples of t; a shared t is repeated (without a copy)."""
        return _core.payload(t).value if self.has(t) else t.expand(self.size, *t.shape)

    def at_rank(self, t, rank):
        """The samples of t with ones for dims in front, so that each has `rank` dims; a shared t as it is."""
        if not self.has(t):
            return t
        value = _core.payload(t).value
        missing = rank - (value.dim() - 1)
        return value.reshape(self.size, *(1,) * missing, *value.shape[1:]) if missing > 0 else value


def tensors(args):
    """The tensors among arguments, those in lists included."""
    for a in args:
        if isinstance(a, Tensor):
            yield a
        elif isinstance(a, (tuple, list)):
            yield from (b for b in a if isinstance(b, Tensor))


def _call(name, args, level):
    size = next(_core.payload(t).value.shape[0] for t in tensors(args) if is_batched(t, level))
    return Call(name, level, size)


def _is_written(name):
    return name.partition(".")[0].endswith("_") and not name.startswith("_")


def with_own_gradients(args, level):
    """Arguments; those that all samples share, but that have a history inside the vmap, get samples of their own."""

    def own(t):
        if (
            not isinstance(t, Tensor)
            or not t.requires_grad
            or is_batched(t, level.number)
            or _core.born(t) < level.number
        ):
            return t
        from ._history import to_samples

        return wrap(to_samples(t, level.number, level.size), level.number)

    return tuple(
        own(a) if isinstance(a, Tensor) else type(a)(map(own, a)) if isinstance(a, (tuple, list)) else a for a in args
    )


def batch_op(name, args, inplace, level):
    """An op that met a tensor wrapped by the vmap of this level."""
    if level not in alive:
        where = "gen_vmap_inplace_plumbing" if inplace or _is_written(name) else "gen_vmap_plumbing"
        raise RuntimeError(ESCAPED.format(where))
    call = _call(name, args, level)
    if name in REBIND:
        return _core.become_wrapped(args[0], run(REBIND[name], args))
    if name in NO_RESIZE:
        raise RuntimeError(f"vmap: {name} is not possible on a tensor that is being vmapped over")
    if inplace or _is_written(name):
        if not call.has(args[0]):
            refuse_write(call, name, args)
        return _write(call, name, with_own_gradients(args, alive[level]), inplace)
    result = compute(call, name, with_own_gradients(args, alive[level]))
    return _wrapped(result, level, root(args[0]) if name in VIEWS else None)


def _wrapped(result, level, base=None):
    if isinstance(result, tuple):
        return type(result)([wrap(r, level, base) for r in result])
    return wrap(result, level, base)


def compute(call, name, args):
    """The result (or tuple of results) for the whole batch."""
    from ._rules import RULES, pointwise

    rule = RULES.get(name)
    if rule is not None:
        result = rule(call, name, args)
        return fallback(call, name, args) if result is NotImplemented else result
    declared = OPS.get(name)
    if declared is not None and declared.kind in ("elementwise", "fused"):
        return pointwise(call, name, args)
    return fallback(call, name, args)


def by_sample(name, function, args):
    """A Python function that met a wrapped tensor, one sample after the other."""
    from ._interpret import top

    payload = top(args)
    if payload.kind != "batch":
        return function(*(a.primal if (a := _core.payload(b)) is payload else b for b in args))
    args = with_own_gradients(args, alive[payload.level])
    result = fallback(_call(name, args, payload.level), name, args, function)
    return _wrapped(result, payload.level)


def fallback(call, name, args, function=None):
    """One sample after the other; says so, as torch does."""
    warnings.warn(
        f"There is a performance drop because we have not yet implemented the batching rule for aten::{name}. Please file us an issue "
        "on GitHub so that we can prioritize its implementation.",
        UserWarning,
        stacklevel=4,
    )
    results = []
    for k in range(call.size):

        def sample(a):
            return _core.payload(a).value.select(0, k) if call.has(a) else a  # noqa: B023 (used at once)

        moved = tuple(
            sample(a)
            if isinstance(a, Tensor)
            else type(a)(sample(b) if isinstance(b, Tensor) else b for b in a)
            if isinstance(a, (tuple, list)) and any(isinstance(b, Tensor) for b in a)
            else a
            for a in args
        )
        results.append(function(*moved) if function else run(name, moved))
    from .. import stack

    if isinstance(results[0], tuple):
        return type(results[0])([stack(list(column)) for column in zip(*results)])
    return stack(results)


# How torch refuses a write of batched values into a tensor that all samples share: by "inplace arithmetic", by the op's own name,
# where the shapes do not fit, or (all others) as its slow path does, which also says at which level.
_BY_ARITHMETIC = frozenset(
    ("sub", "mul", "div", "copy_", "masked_fill.Scalar", "logical_and", "logical_or", "logical_xor")
    + ("clamp_min", "clamp_max", "clamp_min.Tensor", "clamp_max.Tensor", "_div_floor", "trunc_divide")
)
_BY_NAME = ("fill", "index_add", "index_fill", "index_put", "scatter_add")
_BY_SHAPE = frozenset(
    ("add", "_add_scaled", "atan2", "gcd", "lcm", "copysign", "bitwise_and", "bitwise_or", "bitwise_xor")
    + ("bitwise_left_shift", "bitwise_right_shift")
)


def _batched_shape(t, size, shape):
    """The shape of all samples: of the vmaps around, of this one, of a sample."""
    around = []
    while (payload := _core.payload(t)) is not None:
        t = payload.value if payload.kind == "batch" else payload.primal
        if payload.kind == "batch":
            around.insert(0, t.shape[0])
    if size is None:  # the target, which has no samples of its own: it broadcasts where the vmaps around have made dims
        return [*around, 1, *shape] if around else list(shape)
    return [*around, size, *shape]


def refuse_write(call, name, args):
    """torch's words for a write of batched values into a tensor that all samples share."""
    target, op = args[0], name.partition(".")[0].rstrip("_") + "_"
    if name in _BY_SHAPE:
        from .. import broadcast_shapes

        shape = target.shape
        for t in tensors(args[1:]):
            shape = broadcast_shapes(shape, t.shape)
        raise RuntimeError(
            f"output with shape {_batched_shape(target, None, target.shape)} doesn't match the broadcast shape "
            f"{_batched_shape(target, call.size, shape)}"
        )
    where = "in a vmap"
    if name in _BY_ARITHMETIC:
        op = "inplace arithmetic"
    elif name.startswith("bernoulli_"):
        op = "inplace bernoulli"
    elif op[:-1] not in _BY_NAME:
        op, where = f"aten::{op}", f"at level {call.level.depth}"
    raise RuntimeError(
        f"vmap: {op}(self, *extra_args) is not possible because there exists a Tensor `other` in extra_args that has more elements than "
        f"`self`. This happened due to `other` being vmapped over but `self` not being vmapped over {where}. Please try to use "
        f"out-of-place operators instead of {op}. If said operator is being called inside the PyTorch framework, please file a bug "
        "report instead."
    )


def _write(call, name, args, inplace):
    """In-place forms: the samples are written, and the wrapper sees their new history."""
    target = args[0]
    value = _core.payload(target).value
    declared = OPS.get(name)
    if name == "copy_":
        source = args[1]
        _core.run_inplace(
            "copy_", (value, call.at_rank(source, target.dim()) if isinstance(source, Tensor) else source, *args[2:])
        )
    elif inplace and declared is not None and declared.kind in ("elementwise", "fused"):
        for a in args[1:]:
            if isinstance(a, Tensor) and a.dim() > target.dim():
                raise RuntimeError(
                    f"output with shape {list(target.shape)} doesn't match the broadcast shape {list(a.shape)}"
                )
        _core.run_inplace(
            name, (value, *(call.at_rank(a, target.dim()) if isinstance(a, Tensor) else a for a in args[1:]))
        )
    elif (
        inplace and not any(call.has(t) for t in tensors(args[1:])) and name in ("fill.Scalar", "zero_", "fill.Tensor")
    ):
        _core.run_inplace(name, (value, *args[1:]))
    else:
        value.copy_(compute(call, name, args))
    if value.requires_grad != target.requires_grad or value.requires_grad:
        _core.become_wrapped(target, wrap(value, call.level))
    return target
