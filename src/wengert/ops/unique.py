"""Distinct elements, runs of equal elements, quantiles and histograms: made of sorting and counting."""

from ._batched import DYNAMIC, NO_RULE, refuse_batches, sampled
from ._declare import composite, constant
from .linalg_checks import check_kernel
from .linalg_host import bare
from .sort import _sort_matrix_rows, bincount, searchsorted_tensor, sort_plain, sort_stable


def _runs(fresh, n):
    """From a mask of where a run begins: the number of each element's run, and the length of each run."""
    from .. import cat, full, int64

    begins = fresh.nonzero().reshape(-1)
    ends = cat([begins[1:], full((min(1, n),), n, dtype=int64)])
    return fresh.cumsum(0) - 1, ends - begins


def _begins(differs):
    from .. import bool as bool_
    from .. import cat, ones

    return cat([ones(1, dtype=bool_), differs])


def _results(values, inverse, counts, return_inverse, return_counts):
    parts = [values]
    if return_inverse:
        parts.append(inverse)
    if return_counts:
        parts.append(counts)
    return tuple(parts) if len(parts) > 1 else values


def _rows(self, dim):
    """self with `dim` first, and the same as a matrix of rows."""
    self.size(dim)  # raises the error of a dim that is out of range
    if self.numel() == 0 and any(n == 0 for i, n in enumerate(self.shape) if i != dim % self.ndim):
        raise RuntimeError("There are 0 sized dimensions, and they aren't selected, so unique cannot be applied")
    first = self.movedim(dim, 0)
    width = first.numel() // first.shape[0] if first.shape[0] else 1
    return first, first.reshape(first.shape[0], width)


@constant(
    "_distinct_elements(Tensor self, bool runs, bool inverse, bool counts) -> "
    "(Tensor values, Index inverse, Index counts)",
    function=False,
    method=False,
)
def _distinct_elements():
    """The distinct elements of all, or (runs) of neighbours, where each element's is, how often it occurs."""


def _distinct(self, dim, in_order, inverse=True, counts=True):
    """(values, inverse, counts) over a dim, or of all elements; in_order: of neighbours only. inverse, counts: whether
    they are wanted."""
    from .. import bool as bool_
    from .. import empty, empty_like, int8, int16, int32, int64, uint8

    plain = self.dtype.is_floating_point and self.dtype.itemsize > 1 or self.dtype in (int64, int32, int16, int8, uint8)
    if dim is None and (plain or self.dtype == bool_) and not self.is_meta:
        return _distinct_elements(self, in_order, inverse, counts)
    if dim is None:
        first = self.reshape(-1)
        n = first.shape[0]
        sorted_, order = (first, None) if in_order else sort_stable(first, stable=True, dim=0)
        differs = sorted_[1:] != sorted_[:-1]
    else:
        first, rows = _rows(self, dim)
        n = first.shape[0]
        order = None if in_order else _sort_matrix_rows(rows)
        sorted_ = first if in_order else first.index_select(0, order)
        rows = rows if in_order else rows.index_select(0, order)
        differs = (rows[1:] != rows[:-1]).any(1)
    if n == 0:
        shape = self.shape if dim is None else (0,)
        return self.clone() if dim is not None else first.clone(), empty(shape, dtype=int64), empty(0, dtype=int64)
    fresh = _begins(differs)
    group, counts = _runs(fresh, n)
    inverse = group if in_order else empty_like(group).scatter_(0, order, group)
    values = sorted_.index_select(0, fresh.nonzero().reshape(-1))
    if dim is None:
        return values, inverse.reshape(self.shape), counts
    return values.movedim(0, dim), inverse, counts


def _without_derivative(values, source, name, op):
    from ..autograd._special_nodes import without_derivative

    return without_derivative(values, source, name, op)


@composite("unique(Tensor self, bool sorted=True, bool return_inverse=False, bool return_counts=False, int? dim=None)")
def unique(self, sorted=True, return_inverse=False, return_counts=False, dim=None):
    """The distinct elements in order (or distinct slices along a dim), where each element's is, how often it occurs.

    >>> wengert.tensor([3, 1, 3]).unique()
    tensor([1, 3])
    """
    op, node = ("_unique2", "Unique2Backward0") if dim is None else ("unique_dim", "UniqueDimBackward0")
    refuse_batches(DYNAMIC.format(op), self)
    values, inverse, counts = _distinct(self.detach(), dim, False, return_inverse, return_counts)
    return _results(_without_derivative(values, self, node, op), inverse, counts, return_inverse, return_counts)


def _native(self, dim, name, node, inverse=True, counts=True):
    """What the functions below unique give: their parts, those that were not asked for empty."""
    values, where, how_often = _distinct(self.detach(), dim, False, inverse, counts)
    nothing = where.new_empty(0)
    return (
        _without_derivative(values, self, node, name),
        where if inverse else nothing,
        how_often if counts else nothing,
    )


@composite(method=False)
def _unique(self, sorted=True, return_inverse=False):
    """The distinct elements and where each element's is."""
    return _native(self, None, "_unique", "UniqueBackward0", return_inverse)[:2]


@composite(method=False)
def _unique2(self, sorted=True, return_inverse=False, return_counts=False):
    """The distinct elements, where each element's is, how often it occurs."""
    return _native(self, None, "_unique2", "Unique2Backward0", return_inverse, return_counts)


@composite(method=False, function=False)
def unique_dim(self, dim, sorted=True, return_inverse=False, return_counts=False):
    """The distinct slices along a dim, where each slice's is, how often it occurs."""
    return _native(self, dim, "unique_dim", "UniqueDimBackward0")


@composite("unique_consecutive(Tensor self, bool return_inverse=False, bool return_counts=False, int? dim=None)")
def unique_consecutive(self, return_inverse=False, return_counts=False, dim=None):
    """The elements (or slices along a dim) without those that equal the one before.

    >>> wengert.tensor([1, 1, 2, 1]).unique_consecutive()
    tensor([1, 2, 1])
    """
    refuse_batches(DYNAMIC.format("unique_consecutive"), self)
    values, inverse, counts = _distinct(self.detach(), dim, True)
    _without_derivative(values, self, "UniqueConsecutiveBackward0", "unique_consecutive")
    return _results(values, inverse, counts, return_inverse, return_counts)


_INTERPOLATIONS = ("linear", "lower", "higher", "midpoint", "nearest")


def _checked_q(self, q, interpolation, name):
    from .. import float32, float64, tensor

    if self.numel() == 0:
        raise RuntimeError(f"{name}() input tensor must be non-empty")
    if self.dtype not in (float32, float64):
        raise RuntimeError(f"{name}() input tensor must be either float or double dtype")
    if interpolation not in _INTERPOLATIONS:
        raise RuntimeError(
            f"{name}() interpolation must be one of linear, lower, higher, midpoint or nearest, but got {interpolation}"
        )
    if isinstance(q, (int, float)):
        if not 0 <= q <= 1:
            raise RuntimeError(f"{name}() q must be in the range [0, 1] but got {q:g}")
        return tensor(float(q), dtype=self.dtype)
    if q.ndim > 1:
        raise RuntimeError(f"{name}() q must be a scalar or 1D tensor")
    if q.dtype != self.dtype:
        raise RuntimeError(f"{name}() q tensor must be same dtype as the input tensor")
    if q.numel() and not (((known := bare(q)) >= 0) & (known <= 1)).all():
        raise RuntimeError(f"{name}() q values must be in the range [0, 1]")
    return q


def _ranks(ordered, q, ignore_nan):
    """Where each quantile lies in its row, with a fraction: (..., number of quantiles)."""
    n = ordered.shape[-1]
    nans = ordered.isnan()
    if ignore_nan:
        last = (n - nans.sum(-1, keepdim=True) - 1).clamp(min=0)
        return q * last.to(q.dtype)
    ranks = (q * (n - 1)).expand(*ordered.shape[:-1], q.shape[0])
    return ranks.masked_fill(nans.any(-1, keepdim=True), n - 1)


def _quantile(self, q, dim, keepdim, interpolation, name, ignore_nan):
    q = _checked_q(self, q, interpolation, name)
    rows = self.reshape(-1) if dim is None else self.movedim(dim, -1) if self.ndim else self.reshape(1)
    ordered = sort_plain(rows, -1)[0]
    ranks = _ranks(ordered, q.reshape(-1), ignore_nan)
    if interpolation in ("lower", "higher", "nearest"):
        ranks = {"lower": ranks.floor, "higher": ranks.ceil, "nearest": ranks.round}[interpolation]()
    below = ranks.long()
    result = ordered.gather(-1, below)
    if interpolation in ("linear", "midpoint"):
        weight = (
            ranks - below.to(ranks.dtype) if interpolation == "linear" else ranks.new_full((), 0.5).expand_as(ranks)
        )
        result = result.lerp(ordered.gather(-1, ranks.ceil().long()), weight)
    result = result.movedim(-1, 0)
    if keepdim and self.ndim:
        if dim is None:
            result = result.reshape(result.shape[0], *[1] * self.ndim)
        else:
            result = result.unsqueeze(dim % self.ndim + 1)
    return result if q.ndim else result.squeeze(0)


@composite("quantile(Tensor self, any q, int? dim=None, bool keepdim=False, *, str interpolation='linear')", out=True)
def quantile(self, q, dim=None, keepdim=False, *, interpolation="linear"):
    """The q-quantiles of all elements or along a dim; several q come first in the result's shape.

    >>> wengert.tensor([0.0, 1.0, 4.0]).quantile(0.5)
    tensor(1.)
    """
    return _quantile(self, q, dim, keepdim, interpolation, "quantile", False)


@composite(
    "nanquantile(Tensor self, any q, int? dim=None, bool keepdim=False, *, str interpolation='linear')", out=True
)
def nanquantile(self, q, dim=None, keepdim=False, *, interpolation="linear"):
    """quantile of the elements that are not nan."""
    return _quantile(self, q, dim, keepdim, interpolation, "quantile", True)


_NAMES = {"int64": "Long", "int32": "Int", "int16": "Short", "int8": "Char", "uint8": "Byte", "bool": "Bool"}


def _refuse_integers(self, kernel):
    kind = str(self.dtype).rpartition(".")[2]
    if not self.is_floating_point():
        raise NotImplementedError(f"\"{kernel}\" not implemented for '{_NAMES.get(kind, 'ComplexFloat')}'")


def _range(x, low, high, name, half=1):
    if low == high and x.numel():
        low, high = x.min().item(), x.max().item()
    if not (abs(low) < float("inf") and abs(high) < float("inf")):
        raise RuntimeError(f"{name}: range of [{low:g}, {high:g}] is not finite")
    if low == high:
        low, high = low - half, high + half
    return low, high


@composite("histc(Tensor self, int bins=100, *, Scalar min=0, Scalar max=0)", out=True)
@sampled
def histc(self, bins=100, min=0, max=0):
    """How many elements fall into each of `bins` equal steps from min to max (of the data when both are equal)."""
    _refuse_integers(self, "histogram_cpu")
    if bins <= 0:
        raise RuntimeError(f"torch.histogram(): bins must be > 0, but got {bins} for dimension 0")
    if min > max:
        raise RuntimeError("torch.histc: max must be larger than min")
    x = self.detach().reshape(-1)
    low, high = _range(x, min, max, "torch.histc")
    x = x[(x >= low) & (x <= high)]
    place = ((x - low) * (bins / (high - low))).long().clamp(max=bins - 1)
    return bincount(place, minlength=bins).to(self.dtype)


def _edges(x, bins, range):
    from .. import linspace

    if not isinstance(bins, int):
        return bins
    if bins < 1:
        raise RuntimeError(f"torch.histogram(): bins must be > 0, but got {bins} for dimension 0")
    if range is None:
        low, high = _range(x, 0, 0, "torch.histogram()", 0.5) if x.numel() else (0, 1)
    else:
        low, high = _range(x[:0], *range, "torch.histogram()", 0.5)  # the data has no say
    return linspace(low, high, bins + 1, dtype=x.dtype)


def _places(x, edges):
    """The bin of each element, and whether it has one; the last bin has both its edges."""
    bins = edges.shape[0] - 1
    place = searchsorted_tensor(edges, x, right=True) - 1
    place = place.masked_fill(x == edges[-1], bins - 1)
    return place, (x >= edges[0]) & (x <= edges[-1])


def _counts(place, inside, size, weight, dtype):
    weight = None if weight is None else weight.detach().reshape(-1)[inside]
    return bincount(place[inside], weight, minlength=size).to(dtype)


@composite(
    "histogram(Tensor self, any bins=100, *, float[]? range=None, Tensor? weight=None, bool density=False)", out=True
)
@sampled
def histogram(self, bins=100, *, range=None, weight=None, density=False):
    """(hist, bin_edges): how many elements, or how much weight, between neighbouring edges."""
    from .. import return_types

    if isinstance(bins, int):
        check_kernel(self, "histogramdd")
    _refuse_integers(self, "histogramdd")
    x = self.detach().reshape(-1)
    edges = _edges(x, bins, range)
    hist = _counts(*_places(x, edges), edges.shape[0] - 1, weight, self.dtype)
    if density:
        hist = hist / (hist.sum() * edges.diff())
    return return_types.named("histogram", ("hist", "bin_edges"))((hist, edges))


@composite("histogramdd(Tensor self, any bins, *, float[]? range=None, Tensor? weight=None, bool density=False)")
def histogramdd(self, bins, *, range=None, weight=None, density=False):
    """(hist, bin_edges) of points in the last dim's number of dimensions."""
    from .. import return_types

    refuse_batches(NO_RULE.format("histogramdd"), self)
    check_kernel(self, "histogramdd")
    _refuse_integers(self, "histogramdd")
    points = self.detach().reshape(-1, self.shape[-1])
    many = points.shape[1]
    bins = [bins] * many if isinstance(bins, int) else list(bins)
    ranges = [range[2 * k : 2 * k + 2] if range else None for k, _ in enumerate(bins)]
    edges = [_edges(points[:, k], b, r) for k, (b, r) in enumerate(zip(bins, ranges))]
    place, inside, sizes, total = 0, None, [], 1
    for k, edge in enumerate(edges):
        own, has = _places(points[:, k].contiguous(), edge)
        sizes.append(edge.shape[0] - 1)
        total *= sizes[-1]
        place = place * sizes[-1] + own
        inside = has if inside is None else inside & has
    hist = _counts(place, inside, total, weight, self.dtype).reshape(sizes)
    if density:
        hist = hist / hist.sum()
        for k, edge in enumerate(edges):
            hist = hist / edge.diff().reshape([-1 if i == k else 1 for i, _ in enumerate(edges)])
    return return_types.named("histogramdd", ("hist", "bin_edges"))((hist, tuple(edges)))
