"""Sorting, selection and search along a dim, with their derivatives; unique, quantiles, histograms."""

from ._declare import composite, constant, primitive

_PICKED = " -> (Tensor values, Tensor indices)"


@primitive("_scatter_picked(Tensor g, int dim, Index indices, int[] size, bool keepdim)", function=False, method=False)
def _scatter_picked(g, dim, indices, keepdim):
    """Zeros of this size but for the elements at the indices along a dim: the adjoint of picking them."""
    return _gather_picked(g, dim, indices, keepdim)


@primitive("_gather_picked(Tensor self, int dim, Index indices, bool keepdim)", function=False, method=False)
def _gather_picked(g, self, dim, indices, keepdim):
    """The elements at the indices along a dim."""
    return _scatter_picked(g, dim, indices, self.shape, keepdim)


@primitive("sort(Tensor self, int dim=-1, bool descending=False)" + _PICKED)
def sort_plain(g, self, dim, indices):
    """The elements in order along a dim, and where they were; nan is the largest, and equal elements are in any order.

    >>> wengert.tensor([3, 1, 2]).sort().values
    tensor([1, 2, 3])
    """
    return _scatter_picked(g, dim, indices, self.shape, True)


@primitive("sort.stable(Tensor self, *, bool? stable, int dim=-1, bool descending=False)" + _PICKED)
def sort_stable(g, self, dim, indices):
    """sort, with the order of equal elements kept where stable is true."""
    return _scatter_picked(g, dim, indices, self.shape, True)


@composite("argsort(Tensor self, int dim=-1, bool descending=False, *, bool stable=False)")
def argsort(self, dim=-1, descending=False, *, stable=False):
    """Where the elements in order along a dim were."""
    return sort_stable(self, stable=stable, dim=dim, descending=descending)[1]


@composite("msort(Tensor self)", out=True)
def msort(self):
    """The elements in order along the first dim."""
    return sort_plain(self, 0)[0]


@primitive("topk(Tensor self, int k, int dim=-1, bool largest=True, bool sorted=True)" + _PICKED)
def topk(g, self, dim, indices):
    """The k largest (or smallest) elements along a dim, in order, and where they were.

    >>> wengert.tensor([3, 1, 2]).topk(2).values
    tensor([3, 2])
    """
    return _scatter_picked(g, dim, indices, self.shape, True)


@primitive("kthvalue(Tensor self, int k, int dim=-1, bool keepdim=False)" + _PICKED)
def kthvalue(g, self, dim, keepdim, indices):
    """The k-th smallest elements along a dim, counted from 1, and where they were."""
    return _scatter_picked(g, dim, indices, self.shape, keepdim)


@primitive("mode(Tensor self, int dim=-1, bool keepdim=False)" + _PICKED)
def mode(g, self, dim, keepdim, indices):
    """The most frequent elements along a dim (the smallest of those), and where they are last."""
    return _scatter_picked(g, dim, indices, self.shape, keepdim)


@primitive("median(Tensor self)")
def median_all(g, self, y):
    """The lower median of all elements; nan if there is one. Its gradient is shared evenly among equals."""
    return _extreme_backward(g, self, y, None, False)


@primitive("median.dim(Tensor self, int dim, bool keepdim=False)" + _PICKED, grad_name="MedianBackward1")
def median_dim(g, self, dim, keepdim, indices):
    """The lower medians along a dim, and where they were."""
    return _scatter_picked(g, dim, indices, self.shape, keepdim)


@primitive("nanmedian(Tensor self)")
def nanmedian_all(g, self, y):
    """The lower median of the elements that are not nan."""
    return _extreme_backward(g, self, y, None, False)


@primitive("nanmedian.dim(Tensor self, int dim, bool keepdim=False)" + _PICKED, grad_name="NanmedianBackward1")
def nanmedian_dim(g, self, dim, keepdim, indices):
    """The lower medians along a dim of the elements that are not nan, and where they were."""
    return _scatter_picked(g, dim, indices, self.shape, keepdim)


@primitive("_extreme_backward(Tensor g, Tensor self, Tensor y, int[]? dim, bool keepdim)", function=False, method=False)
def _extreme_backward():
    """g shared evenly among the elements of self that equal y, a result of a reduction."""


_SEARCH = "*, bool out_int32=False, bool right=False, str? side=None, Index? sorter=None)"


@constant(f"searchsorted.Tensor(Index sorted_sequence, Index self, {_SEARCH}", method=False)
def searchsorted_tensor():
    """Where values would go in sorted rows: before their equals, or behind them with right=True."""


@constant(f"searchsorted.Scalar(Index sorted_sequence, Scalar self, {_SEARCH}", method=False)
def searchsorted_number():
    """Where a number would go in a sorted row."""


@constant("bucketize.Tensor(Index self, Index boundaries, *, bool out_int32=False, bool right=False)", method=False)
def bucketize_tensor():
    """Which bucket between sorted boundaries each value falls into."""


@constant("bucketize.Scalar(Scalar self, Index boundaries, *, bool out_int32=False, bool right=False)", method=False)
def bucketize_number():
    """Which bucket between sorted boundaries a number falls into."""


@constant("bincount(Index self, Index? weights=None, int minlength=0)")
def bincount():
    """How often each integer from 0 occurs, or the sum of its weights."""


@constant("_sort_matrix_rows(Index self)", function=False, method=False)
def _sort_matrix_rows():
    """The order of a matrix's rows, lexicographic."""
