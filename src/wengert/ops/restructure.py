"""In-place changes of a tensor's sizes and strides; the real part; tensors of at least so many dims."""

from ._declare import composite, constant


@constant("squeeze_(Index self)", function=False)
def squeeze_():
    """Drops the dims of size 1 (all, or those named by dim) in place."""


@constant("squeeze_.dim(Index self, int dim)", function=False)
def squeeze_dim_():
    """Drops one dim of size 1 in place."""


@constant("squeeze_.dims(Index self, int[] dim)", function=False)
def squeeze_dims_():
    """Drops dims of size 1 in place."""


@constant("unsqueeze_(Index self, int dim)", function=False)
def unsqueeze_():
    """Inserts a dim of size 1 in place."""


@constant("transpose_(Index self, int dim0, int dim1)", function=False, aliases=("swapdims_", "swapaxes_"))
def transpose_():
    """Exchanges two dims in place."""


@constant("t_(Index self)", function=False)
def t_():
    """Transposes a matrix in place."""


@constant("as_strided_(Index self, int[] size, int[] stride, int? storage_offset=None)")
def as_strided_():
    """Takes another view of the storage, in place."""


@constant("resize_(Index self, int[] size, *, MemoryFormat? memory_format=None)", function=False)
def resize_():
    """Gives the tensor other sizes; the storage grows when it must, new elements are uninitialised."""


@constant("resize_as_(Index self, Index the_template, *, MemoryFormat? memory_format=None)", function=True)
def resize_as_():
    """resize_ to the sizes of another tensor."""


@composite(function=True)
def fill_diagonal_(input, fill_value, wrap=False):
    """Writes a number on the main diagonal, in place; wrap goes on below it in tall matrices."""
    if input.dim() < 2:
        raise RuntimeError("dimensions must larger than 1")
    if input.dim() > 2 and any(size != input.shape[0] for size in input.shape):
        raise RuntimeError("all dimensions of input must be of equal length")
    step = sum(input.stride())
    size = min(input.shape)
    offset = input.storage_offset()
    input.as_strided((size,), (step,), offset).fill_(fill_value)
    if wrap and input.dim() == 2 and input.shape[0] > input.shape[1] + 1:
        rest = input[input.shape[1] + 1 :]
        fill_diagonal_(rest, fill_value, True)
    return input


@composite(method=False)
def real(input):
    """The real part, as a view; a real tensor itself.

    >>> wengert.real(wengert.tensor([3 + 4j]))
    tensor([3.])
    """
    return input.real


@composite(method=False)
def atleast_1d(*tensors):
    """Numbers as vectors of one element; several tensors give a tuple."""
    return _each(tensors, lambda t: t.reshape(1) if t.dim() == 0 else t)


@composite(method=False)
def atleast_2d(*tensors):
    """Tensors of fewer than two dims as a matrix of one row; several tensors give a tuple."""
    return _each(tensors, lambda t: t.reshape(1, -1) if t.dim() < 2 else t)


@composite(method=False)
def atleast_3d(*tensors):
    """Vectors as (1, n, 1), matrices as (n, m, 1); several tensors give a tuple."""
    return _each(tensors, _three_dims)


def _three_dims(t):
    return t.reshape(1, -1, 1) if t.dim() < 2 else t.unsqueeze(2) if t.dim() == 2 else t


def _each(tensors, change):
    if len(tensors) == 1:
        given = tensors[0]
        return change(given) if not isinstance(given, (tuple, list)) else tuple(change(t) for t in given)
    return tuple(change(t) for t in tensors)
