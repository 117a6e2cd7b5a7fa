"""The vmap of the autograd engine (torch._vmap_internals): no torch.func transform, so Functions run in it as they are."""

import functools
import warnings

from . import _core
from .func._batch import wrap
from .func._levels import running
from .func._tree import unflatten
from .func._vmap import _inputs, _output, name_of

Tensor = _core.Tensor
OF_THE_ENGINE = "engine"  # the randomness of its levels: refused, in words of their own


def _results(func, outputs, none_passes):
    """The outputs as a tuple, each a tensor."""
    returned = (outputs,) if isinstance(outputs, Tensor) else outputs
    text = f"vmap({name_of(func)}, ...): `{name_of(func)}` must only return Tensors, got type"
    if not isinstance(returned, tuple):
        raise ValueError(f"{text} {type(returned)} as the return.")
    for k, out in enumerate(returned):
        if not (isinstance(out, Tensor) or none_passes and out is None):
            raise ValueError(f"{text} {type(out)} for return {k}.")
    return returned


def _dims(func, out_dims, outputs):
    """Where each output gets its batch."""
    if not (isinstance(out_dims, int) or isinstance(out_dims, tuple) and all(isinstance(d, int) for d in out_dims)):
        raise ValueError(
            f"vmap({name_of(func)}, ..., out_dims={out_dims}): `out_dims` must be an int or a tuple of int representing where in the outputs "
            "the vmapped dimension should appear."
        )
    if isinstance(out_dims, int):
        out_dims = (out_dims,) * len(outputs)
    if len(out_dims) != len(outputs):
        raise ValueError(
            f"vmap({name_of(func)}, ..., out_dims={out_dims}): `out_dims` must have one dim per output (got {len(outputs)} outputs) of "
            f"{name_of(func)}."
        )
    return out_dims


def _vmap(func, in_dims=0, out_dims=0, allow_none_pass_through=False):
    """func, which returns a tensor or a tuple of tensors, for every sample of a batch at once; random ops are refused.

    >>> import wengert
    >>> _vmap(wengert.dot)(wengert.ones(2, 3), wengert.ones(2, 3))
    tensor([3., 3.])
    """

    @functools.wraps(func) if hasattr(func, "__name__") else (lambda f: f)
    def wrapped(*args):
        flat, dims, spec, size = _inputs(func, in_dims, args)
        fronts = [a.movedim(d, 0) if d else a for a, d in zip(flat, dims)]
        given = {id(front): (a, d) for front, a, d in zip(fronts, flat, dims) if d is not None}
        with running("vmap", size, OF_THE_ENGINE) as level:
            samples = [f if d is None else wrap(f, level.number) for f, d in zip(fronts, dims)]
            outputs = func(*unflatten(samples, spec))
            results = _results(func, outputs, allow_none_pass_through)
        where = _dims(func, out_dims, results)
        made = tuple(o if o is None else _output(func, o, d, level.number, size, given) for o, d in zip(results, where))
        return made[0] if isinstance(outputs, Tensor) else made

    return wrapped


def vmap(func, in_dims=0, out_dims=0):
    """torch.vmap under the name that it had; warns.

    >>> import warnings, wengert
    >>> warnings.simplefilter("ignore", FutureWarning)
    >>> vmap(wengert.dot)(wengert.ones(2, 3), wengert.ones(2, 3))
    tensor([3., 3.])
    """
    warnings.warn("Please use `torch.vmap` instead of `torch._vmap_internals.vmap`.", FutureWarning, stacklevel=2)
    return _vmap(func, in_dims, out_dims)
