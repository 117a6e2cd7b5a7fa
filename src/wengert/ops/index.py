"""Reading and writing at indices and masks."""

from .. import _core
from ._batched import sampled
from ._declare import METHODS, composite, constant, primitive
from ._out import write
from .compare import where
from .create import new_zeros
from .shape import reshape


@primitive("index(Tensor self, Index?[] indices)", method=False, function=False)
def index(g, self, indices):
    """The elements at broadcast index tensors (or masks), one for each dim; None takes the whole dim."""
    return _index_backward(g, self.shape, indices)


@primitive("_index_backward(Tensor grad, int[] sizes, Index?[] indices)", method=False, function=False)
def _index_backward(g, indices):
    """Zeros with grad added at the indices."""
    return index(g, indices)


@primitive("index_put(Tensor self, Index?[] indices, Tensor values, bool accumulate=False)", inplace=True)
def index_put(g, indices, accumulate):
    """self with values written (or added) at the indices.

    >>> wengert.zeros(3).index_put((wengert.tensor([0, 2]),), wengert.tensor(5.0))
    tensor([5., 0., 5.])
    """
    return _index_put_kept(g, indices, accumulate), index(g, indices)


@primitive("_index_put_kept(Tensor grad, Index?[] indices, bool accumulate)", method=False, function=False)
def _index_put_kept(g, indices, accumulate):
    """grad without what index_put overwrites."""
    return _index_put_kept(g, indices, accumulate)


@primitive("masked_fill.Tensor(Tensor self, Index mask, Tensor value)", inplace=True, grad_name="MaskedFillBackward1")
def masked_fill_tensor(g, mask):
    """self with a 0-dim tensor where mask is True."""
    return masked_fill(g, mask, 0), where(mask, g, 0).sum()


@primitive("masked_fill.Scalar(Tensor self, Index mask, Scalar value)", inplace=True)
def masked_fill(g, mask):
    """self with value where mask is True.

    >>> wengert.arange(3).masked_fill(wengert.tensor([True, False, True]), 9)
    tensor([9, 1, 9])
    """
    return masked_fill(g, mask, 0)


@primitive("masked_select(Tensor self, Index mask)")
def masked_select(g, self, mask):
    """The elements where mask is True, in one dim."""
    return _masked_select_backward(g, mask, self.shape)


@primitive("_masked_select_backward(Tensor grad, Index mask, int[] sizes)", method=False, function=False)
def _masked_select_backward(g, mask):
    """Zeros with grad where mask is True."""
    return masked_select(g, mask)


@primitive("masked_scatter(Tensor self, Index mask, Tensor source)", inplace=True)
def masked_scatter(g, mask, source):
    """self with the elements of source, in order, where mask is True."""
    return masked_fill(g, mask, 0), masked_scatter_backward(g, mask, source.shape)


@primitive("masked_scatter_backward(Tensor grad_output, Index mask, int[] sizes)", method=False, function=False)
def masked_scatter_backward(g, grad_output, mask):
    """The elements of grad_output where mask is True, then zeros."""
    return masked_scatter(new_zeros(g, grad_output.shape), mask, g)


@constant("argwhere(Index self)")
def argwhere():
    """The coordinates of the elements that are not zero, a row each."""


@constant("_nonzero(Index self)", method=False, function=False)
def _nonzero():
    """The coordinates of the elements that are not zero, a row each."""


@constant("nonzero_numpy(Index self) -> Index[]", method=False, function=False)
def nonzero_numpy():
    """The coordinates of the elements that are not zero, a tensor for each dim."""


@composite
def nonzero(input, *, out=None, as_tuple=False):
    """The coordinates of the elements that are not zero: a row each, or (as_tuple) a tensor for each dim.

    >>> wengert.nonzero(wengert.tensor([3, 0, 4]))
    tensor([[0],
            [2]])
    """
    if out is None:
        return nonzero_numpy(input) if as_tuple else _nonzero(input)
    if as_tuple:
        raise RuntimeError("nonzero does not support the out kwarg when as_tuple is True")
    if out.dtype != _core.int64:
        raise RuntimeError(
            f"nonzero: Expected out tensor to have scalar type Long but got scalar type{out.dtype._torch_name}"
        )
    return write(_nonzero(input), out, "nonzero")


@constant("where.nonzero(Index condition) -> Index[]", method=False)
def where_nonzero():
    """The coordinates of the elements that are not zero, a tensor for each dim."""


def _where_method(input, condition, other):
    """input where condition is true, other elsewhere; all broadcast."""
    return where(condition, input, other)


METHODS["where"] = _where_method  # the method's self is the second argument of the function


@composite
@sampled
def nonzero_static(input, *, size, fill_value=-1):
    """The first `size` rows of nonzero(), filled up with fill_value.

    >>> wengert.nonzero_static(wengert.tensor([0, 1]), size=2)
    tensor([[ 1],
            [-1]])
    """
    if size < 0:
        raise RuntimeError("nonzero_static: 'size' must be an non-negative integer")
    found = _nonzero(input)[:size]
    out = found.new_full((size, input.dim()), fill_value)
    out[: found.shape[0]] = found
    return out


@composite(method=False)
def unravel_index(indices, shape):
    """Flat indices as coordinates in a shape, a tensor for each dim.

    >>> wengert.unravel_index(wengert.tensor(5), (2, 3))
    (tensor(1), tensor(2))
    """
    if indices.dtype.is_floating_point or indices.dtype.is_complex or str(indices.dtype) == "torch.bool":
        raise TypeError(f"expected 'indices' to be integer dtype, but got torch.{str(indices.dtype).split('.')[-1]}")
    if not isinstance(shape, (int, tuple, list)):
        raise TypeError(f"expected 'shape' to be int or sequence of ints, but got {type(shape)}")
    shape = (shape,) if isinstance(shape, int) else tuple(shape)
    for size in shape:
        if not isinstance(size, int):
            raise TypeError(f"expected 'shape' sequence to only contain ints, but got {type(size)}")
    if any(size < 0 for size in shape):
        raise ValueError(f"'shape' cannot have negative values, but got {shape}")
    out, indices = [], indices.long()
    for size in reversed(shape):
        out.append(indices.remainder(size))
        indices = indices.div(size, rounding_mode="floor")
    return tuple(reversed(out))


@primitive("gather(Tensor self, int dim, Index index, *, bool sparse_grad=False)")
def gather(g, self, dim, index):
    """Along dim, the elements that index names: out[i][j] = self[index[i][j]][j] for dim 0.

    >>> wengert.tensor([[1, 2], [3, 4]]).gather(1, wengert.tensor([[0, 0], [1, 0]]))
    tensor([[1, 1],
            [4, 3]])
    """
    return _gather_backward(g, self.shape, dim, index)


@primitive("_gather_backward(Tensor grad, int[] sizes, int dim, Index index)", method=False, function=False)
def _gather_backward(g, dim, index):
    """Zeros with grad added along dim at index."""
    return gather(g, dim, index)


@primitive("scatter.src(Tensor self, int dim, Index index, Tensor src)", inplace=True)
def scatter(g, dim, index):
    """self with the elements of src written along dim at index: the reverse of gather."""
    return scatter_value(g, dim, index, 0), gather(g, dim, index)


@primitive("scatter.value(Tensor self, int dim, Index index, Scalar value)", inplace=True, grad_name="ScatterBackward1")
def scatter_value(g, dim, index):
    """self with a number written along dim at index."""
    return scatter_value(g, dim, index, 0)


@constant("scatter.reduce(Tensor self, int dim, Index index, Tensor src, *, str reduce)", inplace=True)
def scatter_with():
    """self with src added or multiplied in along dim at index (reduce: "add" or "multiply")."""


@constant("scatter.value_reduce(Tensor self, int dim, Index index, Scalar value, *, str reduce)", inplace=True)
def scatter_value_with():
    """self with a number added or multiplied in along dim at index."""


@primitive("scatter_add(Tensor self, int dim, Index index, Tensor src)", inplace=True)
def scatter_add(g, dim, index):
    """self with src added along dim at index."""
    return g, gather(g, dim, index)


def _product_grads(g, self, source, result, reduce_at, add_at, read, names):
    """Gradients of a product at positions: zeros among the factors are taken out and counted. names: of the op and of source,
    whose second derivative is refused where zeros meet."""
    kept = self.masked_fill(self == 0, 1)
    grad_self = g * reduce_at(kept, source) / kept
    zero = source == 0
    zeros = read(add_at(self.new_zeros(self.shape), zero.to(self.dtype)))
    alone = zero & (zeros == 1)
    without = reduce_at(self, source.masked_fill(alone, 1))
    grad_source = where(alone, read(g * without), read(g * result) / source.masked_fill(zero, 1))
    if _core.is_grad_enabled() and (zero & (zeros > 1)).any():
        from ..autograd._special_nodes import DelayedError

        op, name = names
        grad_source = DelayedError(
            f"{op}(): Double backward is unsupported for {name} when >1 zeros in {name} are scattered to the same position in self",
            1,
        )(grad_source)
    return grad_self, grad_source


def _extreme_grads(g, self, source, result, add_at, read):
    """Gradients of a maximum or minimum at positions: equal shares for all that attain it."""
    from_self = (self == result).to(g.dtype)
    from_source = (source == read(result)).to(g.dtype)
    share = g / add_at(from_self, from_source)
    return from_self * share, from_source * read(share)


def _mean_grads(g, source, include_self, add_at, read):
    """Gradients of a mean at positions."""
    start = g.new_ones(g.shape) if include_self else g.new_zeros(g.shape)
    count = add_at(start, source.new_ones(source.shape))
    share = g / count.masked_fill(count == 0, 1)
    return share, read(share)


@primitive(
    "scatter_reduce(Tensor self, int dim, Index index, Tensor src, str reduce, *, bool include_self=True)",
    inplace=True,
    eager=True,
)
def scatter_reduce(g, self, dim, index, src, reduce, include_self, y):
    """self with src reduced in along dim at index: "sum", "prod", "mean", "amax" or "amin"."""

    def add_at(to, values):
        return scatter_add(to, dim, index, values)

    def read(values):
        return gather(values, dim, index)

    def reduce_at(to, values):
        return scatter_reduce(to, dim, index, values, reduce, include_self=include_self)

    if reduce == "sum":
        grads = g, read(g)
    elif reduce == "mean":
        grads = _mean_grads(g, src, include_self, add_at, read)
    elif reduce == "prod":
        grads = _product_grads(g, self, src, y, reduce_at, add_at, read, ("scatter_reduce", "src"))
    else:
        grads = _extreme_grads(g, self, src, y, add_at, read)
    return (grads[0] if include_self else scatter_value(grads[0], dim, index, 0)), grads[1]


@primitive("index_select(Tensor self, int dim, Index index)")
def index_select(g, self, dim, index):
    """The slices of dim that a vector of indices names.

    >>> wengert.tensor([[1, 2], [3, 4]]).index_select(1, wengert.tensor([1]))
    tensor([[2],
            [4]])
    """
    return index_select_backward(g, self.shape, dim, index)


@primitive("index_select_backward(Tensor grad, int[] self_sizes, int dim, Index index)", method=False, function=False)
def index_select_backward(g, dim, index):
    """Zeros with grad added at slices of dim."""
    return index_select(g, dim, index)


@primitive("index_add(Tensor self, int dim, Index index, Tensor source, *, Scalar alpha=1)", inplace=True)
def index_add(g, dim, index, source, alpha):
    """self with alpha * source added to the slices of dim that index names."""
    return g, reshape(index_select(g, dim, index), source.shape) * alpha


@primitive("index_copy(Tensor self, int dim, Index index, Tensor source)", inplace=True)
def index_copy(g, dim, index, source):
    """self with the slices of source in place of those that index names."""
    return index_fill(g, dim, index, 0), reshape(index_select(g, dim, index), source.shape)


@primitive("index_fill.int_Tensor(Tensor self, int dim, Index index, Tensor value)", inplace=True)
def index_fill_tensor(g, dim, index):
    """self with a 0-dim tensor in the slices that index names."""
    return index_fill(g, dim, index, 0), (g - index_fill(g, dim, index, 0)).sum()


@primitive("index_fill.int_Scalar(Tensor self, int dim, Index index, Scalar value)", inplace=True)
def index_fill(g, dim, index):
    """self with a number in the slices that index names."""
    return index_fill(g, dim, index, 0)


@primitive(
    "index_reduce(Tensor self, int dim, Index index, Tensor source, str reduce, *, bool include_self=True)",
    inplace=True,
    eager=True,
)
def index_reduce(g, self, dim, index, source, reduce, include_self, y):
    """self with source reduced into the slices that index names: "prod", "mean", "amax" or "amin"."""

    def add_at(to, values):
        return index_add(to, dim, index, values)

    def read(values):
        return index_select(values, dim, index)

    def reduce_at(to, values):
        return index_reduce(to, dim, index, values, reduce, include_self=include_self)

    if reduce == "mean":
        grads = _mean_grads(g, source, include_self, add_at, read)
    elif reduce == "prod":
        grads = _product_grads(g, self, source, y, reduce_at, add_at, read, ("index_reduce", "source"))
    else:
        grads = _extreme_grads(g, self, source, y, add_at, read)
    return (grads[0] if include_self else index_fill(grads[0], dim, index, 0)), grads[1]
