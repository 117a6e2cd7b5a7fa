"""device="meta": tensors with sizes, strides and a dtype, and no values.

Their memory is address space that nothing was written to. An op on them runs as always, on what is then read as zeros,
and its values are thrown away: shapes, dtypes, strides and errors are those of the op itself.
"""

from .. import _core
from .._core import Tensor
from ..func._interpret import flatten
from ..overrides import TorchFunctionMode

_NO_DATA = "Cannot copy out of meta tensor; no data!"
_NO_ITEM = "Tensor.item() cannot be called on meta tensors"
_BY_VALUE = frozenset(("_nonzero", "nonzero_numpy", "where.nonzero", "masked_select", "unique"))  # shapes from values
_FILLS = frozenset(("zero_", "fill.Scalar", "fill.Tensor", "uniform_", "normal_", "exponential_", "random_", "geometric_",
                    "log_normal_", "cauchy_", "bernoulli_.float", "bernoulli_.Tensor"))  # fmt: skip
_LIKES = frozenset(("zeros_like", "ones_like", "full_like", "empty_like", "rand_like", "randn_like", "randint_like"))
_RESHAPES = frozenset(("t_", "transpose_", "squeeze_", "unsqueeze_", "as_strided_", "resize_", "resize_as_"))
_MIXING = frozenset(("mm", "bmm", "matmul", "baddbmm", "_conv", "_conv_input", "_cdist", "embedding", "index", "gather",
                     "index_select"))  # fmt: skip  # torch's kernels of these do not ask where their operands are
_PLACED = (  # functions with a `device`, which `with device(...)` and set_default_device fill in
    "empty zeros ones full rand randn randint randperm arange linspace logspace eye empty_strided empty_permuted "
    "tril_indices triu_indices range normal scalar_tensor"
)


def is_meta(t):
    """Whether t is a tensor without values."""
    return isinstance(t, Tensor) and t.is_meta


def like(t):
    """A meta tensor with t's sizes, strides and dtype; of a view of one, a view of the same."""
    return _core.make_meta(t)


def blank(size, stride=None, dtype=None):
    """A meta tensor of these sizes, row-major unless strides are given."""
    base = _core.run("empty", ((0,), dtype))
    return _core.make_meta(base, tuple(size), None if stride is None else tuple(stride))


def _bare(value):
    if isinstance(value, Tensor):
        return _core.bare(value) if value.is_meta else value
    if isinstance(value, (tuple, list)) and any(map(is_meta, value)):
        return type(value)(map(_bare, value))
    return value


def _check_devices(name, args, inplace):
    if name in _MIXING or (inplace and args[0].is_meta):
        return
    if _core.current_node() is not None:  # a derivative's zeros, for what has no gradient, come from the CPU
        return
    meta = [t.is_meta for t in flatten(args) if t.is_meta or t.dim()]
    if not all(meta):
        got, wanted = ("cpu", "meta") if meta[0] else ("meta", "cpu")
        raise RuntimeError(f"Tensor on device {got} is not on the expected device {wanted}!")


def run(name, args, inplace):
    """Called for an op that has a meta tensor among its arguments."""
    first = args[0]
    if name in _BY_VALUE:
        raise NotImplementedError(
            f"aten::{name.partition('.')[0]}: attempted to run this operator with Meta tensors, but the shape of its "
            "result depends on their values"
        )
    if name == "_local_scalar_dense":
        raise RuntimeError(_NO_ITEM)
    if name in _RESHAPES:
        raise NotImplementedError(f"wengert has no {name} of meta tensors: use the operation that gives a new tensor")
    if name == "copy_":
        if not is_meta(first):
            raise NotImplementedError(_NO_DATA)
        _core.run("expand", (_bare(args[1]), tuple(first.shape), False))  # its error, if any
        return first
    if name in _FILLS:
        return first
    if name.partition(".")[0] in _LIKES or name.startswith("new_"):
        return make(name, args)
    _check_devices(name, args, inplace)
    if name == "index" and any(t.is_meta and t.dtype in (_core.bool, _core.uint8) for t in flatten(args[1:])):
        return run("_nonzero", args, inplace)
    bare = tuple(map(_bare, args))
    if inplace:
        _core.run_inplace(name, bare)
        _core.forget_pages(first)
        return first
    try:
        return _marked(_core.run(name, bare))
    except RuntimeError as error:
        if str(error) != "ZeroDivisionError":
            raise
        return _marked(
            _core.run(name, tuple(_core.run("ones_like", (b,)) if is_meta(a) else b for a, b in zip(args, bare)))
        )


def _marked(result):
    if isinstance(result, Tensor):
        return like(result)
    if isinstance(result, (tuple, list)):
        return type(result)(map(_marked, result)) if type(result) in (tuple, list) else tuple(map(_marked, result))
    return result


def make(name, args):
    """Called for a function that was asked for a tensor on the meta device."""
    if name.partition(".")[0] in _LIKES:
        source = args[0]
        dtype = next((a for a in args[1:] if isinstance(a, _core.dtype)), source.dtype)
        rows = _core.run("empty_like", (_bare(source), dtype))
        return like(rows)
    at = next((k for k, a in enumerate(args) if isinstance(a, tuple)), None)
    if at is None:
        return like(_core.run(name, tuple(map(_bare, args))))
    size = args[at]
    if any(n < 0 for n in size):
        _core.run(name, args)
    if name == "empty_strided":
        return blank(size, args[at + 1], next((a for a in args if isinstance(a, _core.dtype)), None))
    small = _core.run(name, tuple(_bare(a) if k != at else (0,) * max(len(size), 1) for k, a in enumerate(args)))
    return blank(size, None, small.dtype)


class Placed(TorchFunctionMode):
    """A block in which new tensors are on a device."""

    def __init__(self, device):
        self.device = device

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if kwargs.get("device") is None and func in _placed():
            kwargs = {**kwargs, "device": self.device}
        return func(*args, **kwargs)


_functions = set()


def _placed():
    if not _functions:
        import wengert as wg

        _functions.update(getattr(wg, name) for name in _PLACED.split() if hasattr(wg, name))
    return _functions


def refuse(what):
    """The error of asking a meta tensor for its values."""
    if what in ("item", "bool"):
        raise RuntimeError(_NO_ITEM)
    if what == "data" or what.startswith("out="):
        raise NotImplementedError(_NO_DATA)
