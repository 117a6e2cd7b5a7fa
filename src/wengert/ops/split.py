"""Views in several parts; views as copies; parts written over."""

from ._declare import composite, primitive
from ._out import write
from .combine import cat, stack
from .create import new_zeros
from .shape import as_strided, diagonal, select, slice, unfold, view_as_complex, view_as_real


def _pieces(grads, shape, dim, lengths):
    """The gradients of the parts along dim, zeros for those that are not there, one after the other."""
    some = next(g for g in grads if g is not None)
    parts = []
    for g, length in zip(grads, lengths):
        parts.append(g if g is not None else new_zeros(some, [*shape[:dim], length, *shape[dim + 1 :]]))
    return cat(parts, dim)


def _equal_lengths(total, size):
    if size == 0:
        return [0]
    return [min(size, total - start) for start in range(0, max(total, 1), size)]


@primitive("split(Tensor self, int split_size, int dim=0) -> Tensor[]", eager=True, multi_view=True)
def split(g, self_like, split_size, dim):
    """Views of `split_size` indices of dim each (the last may be shorter), or of the sizes in a list.

    >>> wengert.arange(5).split(2)
    (tensor([0, 1]), tensor([2, 3]), tensor([4]))
    """
    return _pieces(g, self_like.shape, dim, _equal_lengths(self_like.shape[dim], split_size))


@primitive("split.sizes(Tensor self, int[] split_size, int dim=0) -> Tensor[]")
def split_sizes():
    """Views of given sizes along dim."""


@primitive("split_with_sizes(Tensor self, int[] split_sizes, int dim=0) -> Tensor[]", eager=True, multi_view=True)
def split_with_sizes(g, self_like, split_sizes, dim):
    """Views of given sizes along dim, which must add up to its size."""
    return _pieces(g, self_like.shape, dim, split_sizes)


@primitive("unsafe_split(Tensor self, int split_size, int dim=0) -> Tensor[]", eager=True)
def unsafe_split(g, self_like, split_size, dim):
    """split whose results are not tracked as views."""
    return _pieces(g, self_like.shape, dim, _equal_lengths(self_like.shape[dim], split_size))


@primitive("unsafe_split_with_sizes(Tensor self, int[] split_sizes, int dim=0) -> Tensor[]", eager=True)
def unsafe_split_with_sizes(g, self_like, split_sizes, dim):
    """split_with_sizes whose results are not tracked as views."""
    return _pieces(g, self_like.shape, dim, split_sizes)


@primitive("chunk(Tensor self, int chunks, int dim=0) -> Tensor[]")
def chunk():
    """At most `chunks` views of equal size (the last may be shorter).

    >>> wengert.arange(5).chunk(2)
    (tensor([0, 1, 2]), tensor([3, 4]))
    """


@primitive("unsafe_chunk(Tensor self, int chunks, int dim=0) -> Tensor[]")
def unsafe_chunk():
    """chunk whose results are not tracked as views."""


@primitive("unbind(Tensor self, int dim=0) -> Tensor[]", eager=True, multi_view=True)
def unbind(g, self_like, dim):
    """The slices of dim, each a view without it."""
    shape = list(self_like.shape)
    del shape[dim]
    some = next(x for x in g if x is not None)
    return stack([x if x is not None else new_zeros(some, shape) for x in g], dim)


@primitive("tensor_split.sections(Tensor self, int sections, int dim=0) -> Tensor[]")
def tensor_split():
    """Views of as equal sizes as can be, or cut at given indices."""


@primitive(
    "tensor_split.tensor_indices_or_sections(Tensor self, Index tensor_indices_or_sections, int dim=0) -> Tensor[]"
)
def tensor_split_tensor():
    """tensor_split whose second argument is a tensor."""


@primitive("tensor_split.indices(Tensor self, int[] indices, int dim=0) -> Tensor[]")
def tensor_split_indices():
    """Views cut at given indices."""


@primitive("hsplit.int(Tensor self, int sections) -> Tensor[]")
def hsplit():
    """Views cut along the second dim (of vectors: the first), at indices or into equal sections."""


@primitive("hsplit.array(Tensor self, int[] indices) -> Tensor[]")
def hsplit_array():
    """hsplit at indices."""


@primitive("vsplit.int(Tensor self, int sections) -> Tensor[]")
def vsplit():
    """Views cut along the first dim, at indices or into equal sections."""


@primitive("vsplit.array(Tensor self, int[] indices) -> Tensor[]")
def vsplit_array():
    """vsplit at indices."""


@primitive("dsplit.int(Tensor self, int sections) -> Tensor[]")
def dsplit():
    """Views cut along the third dim, at indices or into equal sections."""


@primitive("dsplit.array(Tensor self, int[] indices) -> Tensor[]")
def dsplit_array():
    """dsplit at indices."""


@primitive("select_scatter(Tensor self, Tensor src, int dim, int index)")
def select_scatter(g, src, dim, index):
    """self with src in place of the slice at an index of dim."""
    return select_scatter(g, new_zeros(g, src.shape), dim, index), select(g, dim, index)


@primitive("slice_scatter(Tensor self, Tensor src, int dim=0, int? start=None, int? end=None, int step=1)")
def slice_scatter(g, src, dim, start, end, step):
    """self with src in place of self[start:end:step] along dim."""
    return slice_scatter(g, new_zeros(g, src.shape), dim, start, end, step), slice(g, dim, start, end, step)


@primitive("diagonal_scatter(Tensor self, Tensor src, int offset=0, int dim1=0, int dim2=1)")
def diagonal_scatter(g, src, offset, dim1, dim2):
    """self with src on a diagonal."""
    return diagonal_scatter(g, new_zeros(g, src.shape), offset, dim1, dim2), diagonal(g, offset, dim1, dim2)


@primitive("as_strided_scatter(Tensor self, Tensor src, int[] size, int[] stride, int? storage_offset=None)")
def as_strided_scatter(g, src, size, stride, storage_offset):
    """self, made contiguous, with src in the place of an as_strided view."""
    kept = as_strided_scatter(g, new_zeros(g, src.shape), size, stride, storage_offset)
    return kept, as_strided(g.contiguous(), size, stride, storage_offset)


def _write_all(made, out, name):
    if len(out) != len(made):
        raise RuntimeError(f"{name}_out() expected an out= argument of size {len(made)}, got size {len(out)}")
    for tensor, target in zip(made, out):
        write(tensor, target, name)


def _copy_of(name, view):
    """name_copy: the view as a row-major copy with memory of its own."""

    def copied(input, *args, out=None, **kwargs):
        from .. import contiguous_format

        made = view(input, *args, **kwargs)
        if isinstance(made, tuple):
            copies = tuple(t.clone(memory_format=contiguous_format) for t in made)
            return copies if out is None else _write_all(copies, out, copied.__name__)
        made = made.clone(memory_format=contiguous_format)
        return made if out is None else write(made, out, copied.__name__)

    copied.__name__ = name + "_copy"
    copied.__doc__ = f"{name} as a copy."
    return composite(method=False)(copied)


alias_copy = _copy_of("alias", lambda t: t)
detach_copy = _copy_of("detach", lambda t: t.detach())
expand_copy = _copy_of("expand", lambda t, size, implicit=False: t.expand(size))
view_copy = _copy_of("view", lambda t, size=None, dtype=None: t.view(size if dtype is None else dtype))
permute_copy = _copy_of("permute", lambda t, dims: t.permute(dims))
transpose_copy = _copy_of("transpose", lambda t, dim0, dim1: t.transpose(dim0, dim1))
t_copy = _copy_of("t", lambda t: t.t())
squeeze_copy = _copy_of("squeeze", lambda t, *dim, **named: t.squeeze(*dim, **named))
unsqueeze_copy = _copy_of("unsqueeze", lambda t, dim: t.unsqueeze(dim))
select_copy = _copy_of("select", select)
slice_copy = _copy_of("slice", slice)
narrow_copy = composite(_copy_of("narrow", lambda t, dim, start, length: t.narrow(dim, start, length)))
diagonal_copy = _copy_of("diagonal", diagonal)
unfold_copy = _copy_of("unfold", unfold)
as_strided_copy = _copy_of("as_strided", as_strided)
split_copy = _copy_of("split", lambda t, split_size, dim=0: t.split(split_size, dim))
split_with_sizes_copy = _copy_of("split_with_sizes", lambda t, split_sizes, dim=0: t.split_with_sizes(split_sizes, dim))
unbind_copy = _copy_of("unbind", lambda t, dim=0: t.unbind(dim))
view_as_real_copy = _copy_of("view_as_real", view_as_real)
view_as_complex_copy = _copy_of("view_as_complex", view_as_complex)
