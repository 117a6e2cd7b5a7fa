"""Tensors put together, repeated, turned and padded."""

from operator import index

from .. import _core
from ._declare import composite, constant, primitive
from .create import new_zeros
from .restructure import _three_dims
from .shape import reshape, slice


@primitive("cat(Tensor[] tensors, int dim=0)", method=False, aliases=("concat", "concatenate"))
def cat():
    """Tensors one after the other along dim.

    >>> wengert.cat([wengert.zeros(2), wengert.ones(1)])
    tensor([0., 0., 1.])
    """


@primitive("_cat(Tensor[] tensors, int dim, int[] lengths)", eager=True, method=False, function=False)
def _cat(g, dim, lengths):
    """cat of tensors that fit together; a length of -1 leaves one out."""
    if min(lengths) >= 0:
        return list(g.unsafe_split_with_sizes(lengths, dim))
    grads, start = [], 0
    for length in lengths:
        grads.append(new_zeros(g, [0]) if length < 0 else slice(g, dim, start, start + length, 1))
        start += max(length, 0)
    return grads


@primitive("stack(Tensor[] tensors, int dim=0)", eager=True, method=False)
def stack(g, dim):
    """Tensors of one shape along a new dim.

    >>> wengert.stack([wengert.zeros(2), wengert.ones(2)]).shape
    torch.Size([2, 2])
    """
    return list(g.unbind(dim))


def _check_listed(tensors, name):
    if not isinstance(tensors, (tuple, list)):
        raise TypeError(f"{name}: no list")  # said by the schema
    if not tensors:
        raise RuntimeError(f"{name} expects a non-empty TensorList")


@composite("hstack(Tensor[] tensors)", method=False, out=True)
def hstack(tensors):
    """Along the second dim (vectors: the first)."""
    _check_listed(tensors, "hstack")
    tensors = [t.reshape(1) if t.dim() == 0 else t for t in tensors]
    return cat(tensors, 0 if tensors[0].dim() == 1 else 1)


@composite("vstack(Tensor[] tensors)", method=False, aliases=("row_stack",), out=True)
def vstack(tensors):
    """Along the first dim; vectors are rows."""
    _check_listed(tensors, "vstack")
    return cat([t.reshape(1, -1) if t.dim() < 2 else t for t in tensors], 0)


@composite("dstack(Tensor[] tensors)", method=False, out=True)
def dstack(tensors):
    """Along the third dim."""
    _check_listed(tensors, "dstack")
    return cat([_three_dims(t) for t in tensors], 2)


@composite("column_stack(Tensor[] tensors)", method=False, out=True)
def column_stack(tensors):
    """Along the second dim; vectors are columns."""
    _check_listed(tensors, "column_stack")
    return cat([t.reshape(t.numel(), 1) if t.dim() < 2 else t for t in tensors], 1)


def check_tensors(tensors):
    """TypeError for what is no tensor among the arguments of a function of any number of them."""
    for k, t in enumerate(tensors):
        if not isinstance(t, _core.Tensor):
            raise TypeError(f"expected Tensor as element {k} in argument 0, but got {type(t).__name__}")


@composite(method=False)
def block_diag(*tensors):
    """Matrices along the diagonal of a larger one, zeros elsewhere; vectors are rows."""
    check_tensors(tensors)
    matrices = []
    for i, t in enumerate(tensors):
        if t.dim() > 2:
            raise RuntimeError(
                f"torch.block_diag: Input tensors must have 2 or fewer dimensions. Input {i} has {t.dim()} dimensions"
            )
        matrices.append(t.reshape(1, -1) if t.dim() < 2 else t)
    if not matrices:
        from .. import empty

        return empty(1, 0)
    width, rows, start = sum(m.shape[1] for m in matrices), [], 0
    for m in matrices:
        rows.append(constant_pad_nd(m, (start, width - start - m.shape[1])))
        start += m.shape[1]
    return cat(rows, 0)


@primitive("repeat(Tensor self, int[] repeats)", function=False)
def repeat(g, self, repeats):
    """Copies of self next to each other: repeats[i] of them along dim i.

    >>> wengert.tensor([1, 2]).repeat(2, 2)
    tensor([[1, 2, 1, 2],
            [1, 2, 1, 2]])
    """
    return _repeat_backward(g, self.shape, repeats)


@primitive("_repeat_backward(Tensor grad, int[] sizes, int[] repeats)", method=False, function=False)
def _repeat_backward(g, repeats):
    """The copies added up."""
    return repeat(g, repeats)


@composite
def tile(input, *dims, **named):
    """repeat that fills up missing repeats with ones."""
    dims = named.get("dims", dims)
    if len(dims) == 1 and (not hasattr(dims[0], "__index__") or getattr(dims[0], "ndim", 0)):  # a list, an array
        dims = dims[0]
    return repeat(input, [1] * (input.dim() - len(dims)) + list(dims))


@constant("_repeat_indices(Index repeats, int? output_size=None)", method=False, function=False)
def _repeat_indices():
    """The index of each repetition: [2, 1] gives [0, 0, 1]."""


@composite("repeat_interleave(any self, any repeats=None, int? dim=None, *, any output_size=None)")
def repeat_interleave(input, repeats=None, dim=None, *, output_size=None):
    """Each element (or slice of dim) repeated; repeats is a number or a tensor of one for each. Given alone, a
    tensor of repeats yields the index of each repetition.

    >>> wengert.tensor([1, 2]).repeat_interleave(2)
    tensor([1, 1, 2, 2])
    """
    if repeats is None:
        return _repeat_indices(input, output_size)
    if dim is None:
        input, dim = input.reshape(-1), 0
    if input.dim() == 0:
        input = input.reshape(1)
    dim = dim if dim >= 0 else dim + input.dim()
    if not isinstance(repeats, _core.Tensor):
        repeats = index(repeats)
    else:
        return input.index_select(dim, _repeat_indices(_one_for_each(repeats, input, dim), output_size))
    if repeats < 0:
        raise RuntimeError("Repeats must be non-negative")
    shape = list(input.shape)
    wide = input.unsqueeze(dim + 1).expand(shape[: dim + 1] + [repeats] + shape[dim + 1 :])
    return wide.clone().flatten(dim, dim + 1)


def _one_for_each(repeats, input, dim):
    size = input.shape[dim]
    if repeats.dim() > 1:
        raise RuntimeError("repeats must be 0-dim or 1-dim tensor")
    if repeats.numel() == 1:
        return repeats.reshape(1).expand(size)
    if repeats.shape[0] != size:
        raise RuntimeError(
            "repeats must have the same size as input along dim, but got repeats.size(0) = "
            f"{repeats.shape[0]} and input.size({dim}) = {size}"
        )
    return repeats


@primitive("flip(Tensor self, int[1] dims)")
def flip(g, dims):
    """The order of elements reversed along dims."""
    return flip(g, dims)


@composite
def fliplr(input):
    """The columns in reverse order."""
    if input.dim() < 2:
        raise RuntimeError("Input must be >= 2-d.")
    return flip(input, [1])


@composite
def flipud(input):
    """The rows in reverse order."""
    if input.dim() < 1:
        raise RuntimeError("Input must be >= 1-d.")
    return flip(input, [0])


@primitive("roll(Tensor self, int[1] shifts, int[1] dims=[])")
def roll(g, shifts, dims):
    """Elements shifted along dims, those that fall off coming in again; the flattened tensor without dims."""
    return _roll_inverse(g, shifts, dims)


@primitive("_roll_inverse(Tensor self, int[] shifts, int[] dims)", method=False, function=False)
def _roll_inverse(g, shifts, dims):
    """roll by the negative shifts."""
    return roll(g, shifts, dims)


@primitive("tril(Tensor self, int diagonal=0)", inplace=True)
def tril(g, diagonal):
    """The elements on and below a diagonal of the last two dims, zeros above."""
    return tril(g, diagonal)


@primitive("triu(Tensor self, int diagonal=0)", inplace=True)
def triu(g, diagonal):
    """The elements on and above a diagonal of the last two dims, zeros below."""
    return triu(g, diagonal)


@constant(
    "tril_indices(int row, int col, int offset=0, *, ScalarType? dtype=None, any layout=None, any device=None, "
    "bool? pin_memory=False)",
    method=False,
)
def tril_indices():
    """The coordinates (2, n) of the elements on and below a diagonal."""


@constant(
    "triu_indices(int row, int col, int offset=0, *, ScalarType? dtype=None, any layout=None, any device=None, "
    "bool? pin_memory=False)",
    method=False,
)
def triu_indices():
    """The coordinates (2, n) of the elements on and above a diagonal."""


@primitive("constant_pad_nd(Tensor self, int[] pad, Scalar value=0)", method=False)
def constant_pad_nd(g, self, pad):
    """value around self: pad lists (before, after) from the last dim on; negative numbers crop."""
    return _constant_pad_backward(g, self.shape, pad)


@primitive("_constant_pad_backward(Tensor grad, int[] sizes, int[] pad)", method=False, function=False)
def _constant_pad_backward(g, pad):
    """The part of grad that padding kept."""
    return constant_pad_nd(g, pad)


def _edge_pad_op(name, count, mode):
    """Declares one of torch's padding ops of fixed rank."""

    def rule(g, self, padding):
        return _edge_pad_backward(g, self.shape, padding, mode)

    rule.__name__ = name
    rule.__doc__ = f"Padded at {count // 2} dims by {'reflection' if mode == 'reflect' else 'the nearest element'}."
    grad_name = "".join(part.capitalize() for part in name[:-1].replace("pad", "pad_").split("_")) + "DBackward0"
    schema = f"{name}(Tensor self, int[{count}] padding)"
    return primitive(schema, method=False, function=False, grad_name=grad_name)(rule)


reflection_pad1d = _edge_pad_op("reflection_pad1d", 2, "reflect")
reflection_pad2d = _edge_pad_op("reflection_pad2d", 4, "reflect")
reflection_pad3d = _edge_pad_op("reflection_pad3d", 6, "reflect")
replication_pad1d = _edge_pad_op("replication_pad1d", 2, "replicate")
replication_pad2d = _edge_pad_op("replication_pad2d", 4, "replicate")
replication_pad3d = _edge_pad_op("replication_pad3d", 6, "replicate")


@primitive("_edge_pad(Tensor self, int[] pad, str mode)", method=False, function=False)
def _edge_pad(g, self, pad, mode):
    """Padded by "reflect", "replicate" or "circular", at any number of dims."""
    return _edge_pad_backward(g, self.shape, pad, mode)


@primitive("_edge_pad_backward(Tensor grad, int[] sizes, int[] pad, str mode)", method=False, function=False)
def _edge_pad_backward(g, pad, mode):
    """Padded elements added back to where they came from."""
    return _edge_pad(g, pad, mode)


@composite(method=False, function=False)
def pad(input, pad, mode="constant", value=None):
    """Padding in the way that mode names: "constant", "reflect", "replicate" or "circular"."""
    if mode == "constant":
        return constant_pad_nd(input, pad, 0 if value is None else value)
    if value not in (None, 0):
        raise RuntimeError(f'Padding mode "{mode}" doesn\'t take in value argument')
    pairs = len(pad) // 2
    if len(pad) in (2, 4, 6) and input.dim() in (pairs + 1, pairs + 2):
        return _edge_pad(input, pad, mode)
    raise NotImplementedError(
        f"Padding size {len(pad)} is not supported for {input.dim()}D input tensor.\n"
        "Supported combinations for non-constant padding:\n"
        "  - 2D or 3D input: padding size = 2 (pads last dimension)\n"
        "  - 3D or 4D input: padding size = 4 (pads last 2 dimensions)\n"
        "  - 4D or 5D input: padding size = 6 (pads last 3 dimensions)"
    )


def _given(tensors):
    tensors = tensors[0] if len(tensors) == 1 and isinstance(tensors[0], (tuple, list)) else tensors
    check_tensors(tensors)
    return tensors


@composite(method=False)
def meshgrid(*tensors, indexing=None):
    """Coordinate grids of vectors; indexing: "ij" (the default, with a warning), or "xy", which exchanges two dims."""
    tensors = _given(tensors)
    if not tensors:
        raise RuntimeError("meshgrid expects a non-empty TensorList")
    if any(t.dtype != tensors[0].dtype for t in tensors):
        raise RuntimeError("meshgrid expects all tensors to have the same dtype")
    if any(t.device != tensors[0].device for t in tensors):
        raise RuntimeError("meshgrid expects all tensors to have the same device")
    if indexing is None:
        from .._facade.settings import warn_once

        warn_once("torch.meshgrid: in an upcoming release, it will be required to pass the indexing argument.")
        indexing = "ij"
    if indexing not in ("ij", "xy"):
        raise RuntimeError(f'torch.meshgrid: indexing must be one of "xy" or "ij", but received: {indexing}')
    for t in tensors:
        if t.dim() > 1:
            raise RuntimeError(f"torch.meshgrid: Expected 0D or 1D tensor in the tensor list but got: {t}")
    swap = indexing == "xy" and len(tensors) >= 2
    order = [tensors[1], tensors[0], *tensors[2:]] if swap else list(tensors)
    shape = [t.numel() for t in order]
    grids = []
    for i, t in enumerate(order):
        view = [1] * len(order)
        view[i] = t.numel()
        grids.append(reshape(t, view).expand(shape))
    if swap:
        grids[:2] = grids[1], grids[0]
    return tuple(grids)


@composite(method=False)
def cartesian_prod(*tensors):
    """All tuples of elements of some vectors, a row each."""
    tensors = _given(tensors)
    for t in tensors:
        if t.dim() != 1:
            raise RuntimeError(f"Expect a 1D vector, but got shape {list(t.shape)}")
    if len(tensors) == 1:
        return tensors[0]
    return stack([g.reshape(-1) for g in meshgrid(tensors, indexing="ij")], 1)


@composite("combinations(Tensor self, int r=2, bool with_replacement=False)", method=False)
def combinations(input, r=2, with_replacement=False):
    """All combinations of r elements of a vector, a row each."""
    if input.dim() != 1:
        raise RuntimeError(f"Expect a 1D vector, but got shape {list(input.shape)}")
    if r < 0:
        raise RuntimeError(f"Expect a non-negative number, but got {r}")
    if r == 0:
        return input.new_empty(0)
    from itertools import combinations as choose
    from itertools import combinations_with_replacement as choose_again

    rows = list((choose_again if with_replacement else choose)(range(input.shape[0]), r))
    from .. import tensor

    return input[tensor(rows).reshape(len(rows), r).long()] if rows else input.new_empty(0, r)


@composite(method=False)
def vander(x, N=None, increasing=False):
    """The Vandermonde matrix: powers of a vector in columns."""
    if x.dim() != 1:
        raise RuntimeError("x must be a one-dimensional tensor.")
    count = x.shape[0] if N is None else N
    if count < 0:
        raise RuntimeError("N must be non-negative.")
    columns = x.unsqueeze(1).expand(x.shape[0], max(count - 1, 0))
    powers = columns.cumprod(1) if count > 1 else columns
    ones = x.new_ones(x.shape[0], min(count, 1), dtype=powers.dtype)
    out = cat([ones, powers], 1)
    return out if increasing else flip(out, [1])
