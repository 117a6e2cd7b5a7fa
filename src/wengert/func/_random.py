"""Random ops inside vmap: refused, the same numbers for all samples, or others for each."""

from .. import _core

Tensor = _core.Tensor

_REFUSED = (
    "vmap: called random operation while in randomness error mode. Please either use the 'same' or 'different' randomness flags on vmap or "
    "perform the randomness operation out of vmap"
)
_BY_THE_ENGINE = "vmap: We do not yet support calling random operations inside of vmap. Please perform random operations outside of vmap as a workaround"
_SHARED = (
    "vmap: Cannot ask for different inplace randomness on an unbatched tensor. This will appear like same randomness. If this is necessary "
    "for your usage, please file an issue with functorch."
)
_BATCHED_SAME = (
    "Vmap does not currently support same randomness with a batched tensor input. Please file an issue with functorch"
)
_SIZE_AT = {"rand": 0, "randn": 0, "randint": 1, "randint.low": 2, "normal.float_float": 2}


class _Outside(_core.Block):
    """Within it, random ops belong to the vmap around the current one."""

    def _begin(self):
        from ._batch import running

        return None, ((_core.set_batching, max(0, running() - 1)),)


def _run(name, args):
    with _Outside():
        return (_core.run_inplace if name.partition(".")[0].endswith("_") else _core.run)(name, tuple(args))


def random_op(name, args):
    """A random op inside vmap: it belongs to the innermost one, whether its tensors do or not."""
    from ._batch import Call, running, wrap
    from ._levels import batches

    level = batches()[running() - 1]
    return _random(Call(name, level.number, level.size), level, name, args, lambda value: wrap(value, level.number))


def _random(call, level, name, args, wrapped):
    if level.randomness in ("error", "engine"):
        raise RuntimeError(_REFUSED if level.randomness == "error" else _BY_THE_ENGINE)
    if name.partition(".")[0].endswith("_"):
        return _written(call, level, name, args)
    if name in _SIZE_AT:
        if level.randomness == "same":
            return _run(name, args)
        at = _SIZE_AT[name]
        return wrapped(_run(name, (*args[:at], (call.size, *args[at]), *args[at + 1 :])))
    if name == "randperm":
        if level.randomness == "same":
            return _run(name, args)
        from .. import stack

        return wrapped(stack([_run(name, args) for _ in range(call.size)]))
    if level.randomness == "different":
        from ._batch import with_own_gradients

        args = with_own_gradients(args, level)
    batched = any(call.has(a) for a in args)
    if level.randomness == "same":
        return _same(call, name, args, wrapped, batched)
    if name == "multinomial" and args[0].dim() == 1:
        return wrapped(_run(name, [call.full(args[0]), *args[1:]]))
    if name in ("multinomial", "_sample_dirichlet"):
        from .. import stack

        values = [call.full(a) if isinstance(a, Tensor) else a for a in args]
        return wrapped(
            stack([_run(name, [v[k] if isinstance(v, Tensor) else v for v in values]) for k in range(call.size)])
        )
    from ._rules import aligned

    moved = aligned(call, args)
    if not batched:
        k = next(i for i, a in enumerate(moved) if isinstance(a, Tensor))
        moved[k] = moved[k].expand(call.size, *moved[k].shape)
    return wrapped(_run(name, moved))


def _same(call, name, args, wrapped, batched):
    if not batched:
        return _run(name, args)
    if "_like" in name:  # only the shape counts
        return _run(name, [_core.payload(a).value.select(0, 0) if call.has(a) else a for a in args])
    if name != "bernoulli.p":  # the noise of dropout, which only the shape counts for
        raise RuntimeError(_BATCHED_SAME)
    noise = _run(name, [_core.payload(args[0]).value.select(0, 0), *args[1:]])
    return wrapped(noise.expand(call.size, *noise.shape).clone())


def _written(call, level, name, args):
    target, rest = args[0], args[1:]
    if level.randomness == "same" and any(call.has(a) for a in rest):
        raise RuntimeError(_BATCHED_SAME)
    if not call.has(target):
        if any(call.has(a) for a in rest):
            from ._batch import refuse_write

            refuse_write(call, name, args)
        if level.randomness == "different":
            raise RuntimeError(_SHARED)
        return _run(name, args)
    value = _core.payload(target).value
    if level.randomness == "different":
        _run(name, (value, *(call.at_rank(a, target.dim()) if isinstance(a, Tensor) else a for a in rest)))
        return target
    sample = value.select(0, 0).clone()
    _run(name, (sample, *rest))
    value.copy_(sample)
    return target
