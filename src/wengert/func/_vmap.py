"""vmap: a function of one sample becomes a function of a batch."""

import functools

from .. import _core
from ._batch import is_batched, wrap
from ._levels import running, transform
from ._tree import broadcast, flatten, unflatten

Tensor = _core.Tensor


def name_of(func):
    """What a function is called in messages."""
    if hasattr(func, "__name__"):
        return func.__name__
    if isinstance(func, functools.partial):
        return f"functools.partial({name_of(func.func)}, ...)"
    return repr(func)


def _inputs(func, in_dims, args):
    """(flat arguments, their dims, structure), checked."""
    here = f"vmap({name_of(func)}, in_dims={in_dims}, ...)(<inputs>): "
    if not isinstance(in_dims, (int, tuple)):
        raise ValueError(
            f"{here}expected `in_dims` to be int or a (potentially nested) tuple matching the structure of inputs, got: {type(in_dims)}."
        )
    if not args:
        raise ValueError(
            f"vmap({name_of(func)})(<inputs>): got no inputs. Maybe you forgot to add inputs, or you are trying to vmap over a function "
            "with no inputs. The latter is unsupported."
        )
    flat, spec = flatten(args)
    dims = broadcast(in_dims, spec)
    if dims is None:
        raise ValueError(
            f"{here}in_dims is not compatible with the structure of `inputs`. in_dims has structure {flatten(in_dims)[1]} but inputs has "
            f"structure {spec}."
        )
    for k, (arg, dim) in enumerate(zip(flat, dims)):
        if dim is not None and (not isinstance(dim, int) or isinstance(dim, bool)):
            raise ValueError(
                f"{here}Got in_dim={dim} for an input but in_dim must be either an integer dimension or None."
            )
        if dim is None:
            continue
        if not isinstance(arg, Tensor):
            raise ValueError(
                f"{here}Got in_dim={dim} for an input but the input is of type {type(arg)}. We cannot vmap over non-Tensor arguments, "
                "please use None as the respective in_dim"
            )
        if not -arg.dim() <= dim < arg.dim():
            raise ValueError(
                f"{here}Got in_dim={dim} for some input, but that input is a Tensor of dimensionality {arg.dim()} so expected in_dim to "
                f"satisfy -{arg.dim()} <= in_dim < {arg.dim()}."
            )
        dims[k] = dim % arg.dim()
    sizes = [arg.shape[dim] for arg, dim in zip(flat, dims) if dim is not None]
    if not sizes:
        raise ValueError("vmap: Expected at least one Tensor to vmap over")
    if any(s != sizes[0] for s in sizes):
        raise ValueError(
            f"vmap: Expected all tensors to have the same size in the mapped dimension, got sizes {sizes} for the mapped dimension"
        )
    return flat, dims, spec, sizes[0]


def _front(t, dim):
    return t.movedim(dim, 0) if dim else t


def _output(func, out, dim, level, size, given):
    """One output as a tensor with the batch at dim; an input (`given`, by the identity of its samples) that comes back is that input."""
    if not isinstance(out, Tensor):
        if dim is None:
            return out
        raise ValueError(
            f"vmap({name_of(func)}, ...): `{name_of(func)}` must only return Tensors, got type {type(out)}. "
            "Did you mean to set out_dims= to None for output?"
        )
    if dim is None:
        if is_batched(out, level):
            raise ValueError(
                f"vmap({name_of(func)}, ...): `{name_of(func)}` can not return a BatchedTensor when out_dim is None"
            )
        return out
    if is_batched(out, level) and (known := given.get(id(_core.payload(out).value))) is not None and known[1] == dim:
        return known[0]
    value = _core.payload(out).value if is_batched(out, level) else out.expand(size, *out.shape)
    if not -value.dim() <= dim < value.dim():
        raise IndexError(
            f"Dimension out of range (expected to be in range of [{-value.dim()}, {value.dim() - 1}], but got {dim})"
        )
    return value.movedim(0, dim) if dim else value


def _outputs(func, outputs, out_dims, level, size, given):
    flat, spec = flatten(outputs)
    if spec.is_leaf() and isinstance(out_dims, tuple) and len(out_dims) == 1:
        out_dims = out_dims[0]
    dims = broadcast(out_dims, spec) if spec.is_leaf() or not isinstance(out_dims, int) else [out_dims] * len(flat)
    if dims is not None and any(not (d is None or isinstance(d, int)) for d in dims) or isinstance(out_dims, str):
        raise ValueError(
            f"vmap({name_of(func)}, ..., out_dims={out_dims}): `out_dims` must be an int, None or a python collection of ints representing "
            "where in the outputs the vmapped dimension should appear."
        )
    if dims is None:
        raise ValueError(
            f"vmap({name_of(func)}, ..., out_dims={out_dims})(<inputs>): out_dims is not compatible with the structure of `outputs`. "
            f"out_dims has structure {flatten(out_dims)[1]} but outputs has structure {spec}."
        )
    return [_output(func, o, d, level, size, given) for o, d in zip(flat, dims)], spec, dims


def _run(func, flat, dims, spec, size, out_dims, randomness, kwargs):
    fronts = [a if d is None else _front(a, d) for a, d in zip(flat, dims)]
    given = {id(front): (a, d) for front, a, d in zip(fronts, flat, dims) if d is not None}
    with running("vmap", size, randomness) as level:
        wrapped = [front if d is None else wrap(front, level.number, dim=d) for front, d in zip(fronts, dims)]
        with transform():
            outputs = func(*unflatten(wrapped, spec), **kwargs)
    return _outputs(func, outputs, out_dims, level.number, size, given)


def _in_chunks(func, flat, dims, spec, size, out_dims, randomness, kwargs, chunk):
    from .. import cat

    parts, state = [], None
    if randomness == "same":
        from .. import get_rng_state, set_rng_state

        state = get_rng_state()
    for start in range(0, size, chunk):
        if state is not None:
            set_rng_state(state)
        length = min(chunk, size - start)
        some = [a if d is None else a.narrow(d, start, length) for a, d in zip(flat, dims)]
        parts.append(_run(func, some, dims, spec, length, out_dims, randomness, kwargs))
    _, out_spec, where = parts[0]
    columns = zip(*(p[0] for p in parts))
    joined = [column[0] if d is None else cat(list(column), d) for column, d in zip(columns, where)]
    return joined, out_spec, where


def vmap(func, in_dims=0, out_dims=0, randomness="error", *, chunk_size=None):
    """func for every sample of a batch at once.

    in_dims: the dim of each argument that counts samples (an int, None for an argument that all share, or a tuple shaped like the
    arguments); out_dims: where the results get it; randomness: "error", "different" or "same"; chunk_size: samples at a time (all).
    Raises ValueError and RuntimeError as torch's.

    >>> import wengert
    >>> vmap(wengert.dot)(wengert.ones(2, 3), wengert.ones(2, 3))
    tensor([3., 3.])
    """
    if randomness not in ("error", "different", "same"):
        raise RuntimeError(f"Only allowed values for randomness are 'error', 'different', or 'same'. Got {randomness}")
    if not (chunk_size is None or chunk_size > 0):
        raise ValueError(f"vmap: chunk_size should be None or greater than 0. (got {chunk_size})")

    @functools.wraps(func) if hasattr(func, "__name__") else (lambda f: f)
    def wrapped(*args, **kwargs):
        flat, dims, spec, size = _inputs(func, in_dims, args)
        if chunk_size is not None and chunk_size < size:
            made, out_spec, _ = _in_chunks(func, flat, dims, spec, size, out_dims, randomness, kwargs, chunk_size)
        else:
            made, out_spec, _ = _run(func, flat, dims, spec, size, out_dims, randomness, kwargs)
        return unflatten(made, out_spec)

    return wrapped
