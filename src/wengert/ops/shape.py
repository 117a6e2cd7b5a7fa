"""Views and changes of shape, and what undoes them in the backward pass."""

from .. import _core
from ._declare import composite, constant, primitive


@primitive("view(Tensor self, int[] size)", function=False)
def view(g, self):
    """The same elements in another shape; an error when that needs a copy. One size may be -1.

    >>> wengert.arange(6).view(2, -1).shape
    torch.Size([2, 3])
    """
    return reshape(g, self.shape)


@primitive("alias(Tensor self)", method=False, function=False)
def alias(g):
    """self once more, as a view."""
    return g


@constant("view.dtype(Tensor self, ScalarType dtype)", function=False)
def view_dtype():
    """The same bytes read as another dtype."""


@primitive("_unsafe_view(Tensor self, int[] size)", grad_name="UnsafeViewBackward0", method=False, function=False)
def _unsafe_view(g, self):
    """A view of a fresh copy, not tracked as a view."""
    return reshape(g, self.shape)


@primitive("reshape(Tensor self, int[] shape)")
def reshape():
    """The same elements in another shape: a view if possible, else a copy. One size may be -1.

    >>> wengert.arange(6).reshape(3, 2).shape
    torch.Size([3, 2])
    """


@primitive("expand(Tensor self, int[] size, *, bool implicit=False)", function=False)
def expand(g):
    """Dims of size 1 repeated without copying; -1 keeps a size.

    >>> wengert.zeros(3, 1).expand(-1, 4).shape
    torch.Size([3, 4])
    """
    return g


@primitive("permute(Tensor self, int[] dims)")
def permute(g, dims):
    """The dims in another order.

    >>> wengert.zeros(2, 3, 5).permute(2, 0, 1).shape
    torch.Size([5, 2, 3])
    """
    return _permute_inverse(g, dims)


@primitive("_permute_inverse(Tensor self, int[] dims)", method=False, function=False)
def _permute_inverse(g, dims):
    """The permutation that undoes `permute(dims)`."""
    return permute(g, dims)


@primitive("transpose(Tensor self, int dim0, int dim1)", aliases=("swapdims",))
def transpose(g, dim0, dim1):
    """Two dims exchanged."""
    return transpose(g, dim0, dim1)


@primitive("swapaxes(Tensor self, int axis0, int axis1)")
def swapaxes():
    """Two dims exchanged: NumPy's name for transpose."""


@primitive("t(Tensor self)")
def t(g):
    """The transpose of a matrix; vectors and numbers stay."""
    return t(g)


@primitive("squeeze(Tensor self)")
def squeeze(g, self):
    """Without the dims of size 1 (all of them, or those named by dim).

    >>> wengert.zeros(1, 3, 1).squeeze().shape
    torch.Size([3])
    """
    return reshape(g, self.shape)


@primitive("squeeze.dim(Tensor self, int dim)", grad_name="SqueezeBackward1")
def squeeze_dim(g, self):
    """Without that dim if its size is 1."""
    return reshape(g, self.shape)


@primitive("squeeze.dims(Tensor self, int[] dim)", grad_name="SqueezeBackward2")
def squeeze_dims(g, self):
    """Without those dims that are of size 1."""
    return reshape(g, self.shape)


@primitive("unsqueeze(Tensor self, int dim)")
def unsqueeze(g, dim):
    """With a dim of size 1 inserted at dim."""
    return squeeze_dim(g, dim)


@primitive("select(Tensor self, int dim, int index)")
def select(g, self, dim, index):
    """The slice at one index; its dim is gone."""
    return _select_backward(g, self.shape, dim, index)


@primitive("_select_backward(Tensor grad, int[] sizes, int dim, int index)", method=False, function=False)
def _select_backward(g, dim, index):
    """Zeros with grad at an index of dim."""
    return select(g, dim, index)


@primitive("slice(Tensor self, int dim=0, int? start=None, int? end=None, int step=1)", method=False, function=False)
def slice(g, self, dim, start, end, step):
    """self[start:end:step] along dim, clamped as Python does."""
    return _slice_backward(g, self.shape, dim, start, end, step)


@primitive(
    "_slice_backward(Tensor grad, int[] sizes, int dim, int start, int end, int step)", method=False, function=False
)
def _slice_backward(g, dim, start, end, step):
    """Zeros with grad in a slice."""
    return slice(g, dim, start, end, step)


@primitive("narrow(Tensor self, int dim, int start, int length)")
def narrow():
    """`length` indices of dim from `start` on."""


@primitive("diagonal(Tensor self, int offset=0, int dim1=0, int dim2=1)")
def diagonal(g, self, offset, dim1, dim2):
    """The diagonal of dim1 and dim2, as a new last dim.

    >>> wengert.arange(9).view(3, 3).diagonal(1)
    tensor([1, 5])
    """
    return _diagonal_backward(g, self.shape, offset, dim1, dim2)


@primitive("_diagonal_backward(Tensor grad, int[] sizes, int offset, int dim1, int dim2)", method=False, function=False)
def _diagonal_backward(g, offset, dim1, dim2):
    """Zeros with grad on a diagonal."""
    return diagonal(g, offset, dim1, dim2)


@primitive("diag_embed(Tensor self, int offset=0, int dim1=-2, int dim2=-1)")
def diag_embed(g, offset, dim1, dim2):
    """Zeros with the last dim of self on the diagonal of two dims."""
    return diagonal(g, offset, dim1, dim2)


@primitive("diag(Tensor self, int diagonal=0)")
def diag():
    """The diagonal of a matrix, or the matrix with that diagonal.

    >>> wengert.diag(wengert.tensor([1, 2]))
    tensor([[1, 0],
            [0, 2]])
    """


@primitive("diagflat(Tensor self, int offset=0)")
def diagflat():
    """The matrix with the flattened input on a diagonal."""


@primitive("unfold(Tensor self, int dimension, int size, int step)", function=False)
def unfold(g, self, dimension, size, step):
    """All windows of `size` along a dim, `step` apart, as a new last dim."""
    return unfold_backward(g, self.shape, dimension, size, step)


@primitive(
    "unfold_backward(Tensor grad_in, int[] input_sizes, int dim, int size, int step)", method=False, function=False
)
def unfold_backward(g, dim, size, step):
    """Windows added back to where they came from."""
    return unfold(g, dim, size, step)


@primitive("as_strided(Tensor self, int[] size, int[] stride, int? storage_offset=None)")
def as_strided():
    """Any view of the storage, given by sizes, strides and offset in elements."""


@primitive(
    "_as_strided(Tensor self, int[] size, int[] stride, int offset, int[] base_size, int[] base_stride, "
    "int base_offset)",
    grad_name="AsStridedBackward0",
    method=False,
    function=False,
)
def _as_strided(g, size, stride, offset, base_size, base_stride, base_offset):
    """as_strided that knows the geometry of its base."""
    return _restride(g, stride, base_size, base_stride, offset, base_offset, True)


@primitive(
    "_restride(Tensor grad, int[] from_stride, int[] to_size, int[] to_stride, int from_offset, int to_offset, "
    "bool base_is_to)",
    method=False,
    function=False,
    eager=True,
)
def _restride(g, grad_like, from_stride, to_stride, from_offset, to_offset, base_is_to):
    """A gradient carried from one geometry of a storage to another."""
    return _restride(g, to_stride, grad_like.shape, from_stride, to_offset, from_offset, not base_is_to)


@primitive("view_as_real(Tensor self)", method=False)
def view_as_real(g):
    """Complex numbers as pairs of real ones, in a new last dim: a view."""
    return view_as_complex(g.contiguous())


@primitive("view_as_complex(Tensor self)", method=False)
def view_as_complex(g):
    """Pairs of real numbers in the last dim as complex ones: a view."""
    return view_as_real(g.contiguous())


@primitive("real_view(Tensor self)", method=False, function=False)
def real_view():
    """The real part, as a view of complex numbers."""


@primitive("imag_view(Tensor self)", method=False, function=False)
def imag_view():
    """The imaginary part, as a view."""


@composite(method=False)
def imag(input):
    """The imaginary part, as a view; RuntimeError for real numbers.

    >>> wengert.imag(wengert.tensor([3 + 4j]))
    tensor([4.])
    """
    if not input.is_complex():
        raise RuntimeError("imag is not implemented for tensors with non-complex dtypes.")
    return input.imag


@primitive("flatten(Tensor self, int start_dim=0, int end_dim=-1)")
def flatten():
    """The dims from start_dim to end_dim as one."""


@primitive("unflatten(Tensor self, int dim, int[] sizes)")
def unflatten():
    """One dim as several; one size may be -1."""


@primitive("ravel(Tensor self)")
def ravel():
    """All elements in one contiguous dim."""


@primitive("view_as(Tensor self, Tensor other)", function=False)
def view_as():
    """self.view(other.shape)."""


@primitive("reshape_as(Tensor self, Tensor other)", function=False)
def reshape_as():
    """self.reshape(other.shape)."""


@primitive("expand_as(Tensor self, Tensor other)", function=False)
def expand_as():
    """self.expand(other.shape)."""


@primitive("broadcast_to(Tensor self, int[] size)")
def broadcast_to():
    """self.expand(size)."""


@primitive("movedim(Tensor self, int[1] source, int[1] destination)", aliases=("moveaxis",))
def movedim():
    """Dims moved to new positions; the others keep their order."""


@primitive("numpy_T(Tensor self)", method=False, function=False)
def numpy_T():
    """All dims in reverse order."""


@primitive("matrix_H(Tensor self)", method=False, function=False)
def matrix_H():
    """The conjugate transpose of a matrix."""


@primitive("mT(Tensor self)", method=False, function=False)
def mT():
    """The last two dims exchanged."""


@primitive("mH(Tensor self)", method=False, function=False)
def mH():
    """The last two dims exchanged, conjugated."""


@primitive("adjoint(Tensor self)")
def adjoint():
    """The last two dims exchanged, conjugated."""


@composite
def resolve_conj(input):
    """input itself: conjugates are never lazy here."""
    return input


@composite
def resolve_neg(input):
    """input itself: negatives are never lazy here."""
    return input


@composite(method=False)
def broadcast_shapes(*shapes):
    """The shape that tensors of the given shapes are broadcast to.

    >>> wengert.broadcast_shapes((2, 1), (3,))
    torch.Size([2, 3])
    """
    from .. import Size

    sizes = [(s,) if isinstance(s, int) else tuple(s) for s in shapes]
    out = [1] * max(map(len, sizes), default=0)
    for position, size in enumerate(sizes):
        for i in range(-1, -1 - len(size), -1):
            if size[i] < 0:
                raise RuntimeError(
                    f"Trying to create tensor with negative dimension ({size[i]}): ({', '.join(map(str, size))})"
                )
            if size[i] not in (1, out[i]):
                if out[i] != 1:
                    raise RuntimeError(
                        f"Attempting to broadcast a dimension of length {size[i]} at {i}! Mismatching argument at "
                        f"index {position} had {size}; but expected shape should be broadcastable to {out}"
                    )
                out[i] = size[i]
    return Size(out)


@composite(method=False)
def broadcast_tensors(*tensors):
    """Views of the tensors expanded to their common shape; a tensor that has it already is given back as it is."""
    for i, t in enumerate(tensors):
        if not isinstance(t, _core.Tensor):
            raise TypeError(f"expected Tensor as element {i} in argument 0, but got {type(t).__name__}")
    try:
        shape = broadcast_shapes(*(t.shape for t in tensors))
    except RuntimeError:
        shape = sum(t.detach() for t in tensors).shape  # says so in the words of an operation, as torch does
    return tuple(t if t.shape == shape else t.expand(shape) for t in tensors)
