"""Distances between rows."""

from .._core import is_grad_enabled, payload
from ._composed import through
from ._declare import composite, constant, host, primitive
from .combine import cat, triu_indices
from .compare import where
from .create import ones_like
from .linalg_checks import check_kernel, kind
from .shape import broadcast_shapes

_HIDDEN = {"function": False, "method": False}
_MODES = {
    "use_mm_for_euclid_dist_if_necessary": 0,
    "use_mm_for_euclid_dist": 1,
    "donot_use_mm_for_euclid_dist": 2,
    None: 0,
}


def _by_products(x1, x2):
    square1, square2 = (x.square().sum(-1, True) for x in (x1, x2))
    left = cat([x1 * -2, square1, ones_like(square1)], -1)
    right = cat([x2, ones_like(square2), square2], -1)
    return (left @ right.mT).clamp_min(0).sqrt()


@host("_euclidean_dist(Tensor x1, Tensor x2)", forward=_by_products, method=False, function=False)
def _euclidean_dist(g, x1, x2, y):
    """|a - b| of rows a of x1 and b of x2 by a² - 2 ab + b²: one product of matrices, whose rounding shows where a is b."""
    ratio = where(y == 0, 0, g / y)
    return x1 * ratio.sum(-1, True) - ratio @ x2, x2 * ratio.sum(-2).unsqueeze(-1) - ratio.mT @ x1


@primitive("_pair_norms(Tensor x1, Tensor x2, float p)", eager=True, grad_name="CdistBackward0", **_HIDDEN)
def _pair_norms(g, x1, x2, p, y):
    """The p-norm distance, p of 1, 2 or infinity, of every row of x1 to every row of x2, in one loop."""
    if not is_grad_enabled() and payload(g) is None:
        return _pair_norms_backward(g, x1, x2, p, y), _pair_norms_backward(g.mT, x2, x1, p, y.mT)
    return through(lambda a, b: _differences(a, b, p), g, x1, x2)


@constant("_pair_norms_backward(Tensor g, Tensor x1, Tensor x2, float p, Tensor y) -> Tensor", **_HIDDEN)
def _pair_norms_backward():
    """The gradient of x1, when no derivative of it is wanted."""


def _has_loop(x1, x2, p):
    from .. import float32, float64

    plain = payload(x1) is None and payload(x2) is None and not (x1.is_meta or x2.is_meta)
    return plain and p in (1, 2, float("inf")) and x1.dtype == x2.dtype and x1.dtype in (float32, float64)


def _with_batch(x, batch):
    return x if x.shape[:-2] == batch else x.expand(*batch, -1, -1)


@composite("cdist(Tensor x1, Tensor x2, float p=2, any compute_mode=None)", method=False)
def cdist(x1, x2, p=2.0, compute_mode="use_mm_for_euclid_dist_if_necessary"):
    """The p-norm distance of every row of x1 (…, n, d) to every row of x2 (…, m, d): (…, n, m).

    >>> wengert.cdist(wengert.zeros(1, 2), wengert.tensor([[3.0, 4.0]]))
    tensor([[5.]])
    """
    for number, x in (("X1", x1), ("X2", x2)):
        if x.dim() < 2:
            raise RuntimeError(f"cdist only supports at least 2D tensors, {number} got: {x.dim()}D")
        if not x.dtype.is_floating_point:
            raise RuntimeError(f"cdist only supports floating-point dtypes, {number} got: {kind(x)}")
    if x1.shape[-1] != x2.shape[-1]:
        raise RuntimeError(f"X1 and X2 must have the same number of columns. X1: {x1.shape[-1]} X2: {x2.shape[-1]}")
    if p < 0:
        raise RuntimeError("cdist only supports non-negative p values")
    check_kernel(x1, "cdist")
    n, m = x1.shape[-2], x2.shape[-2]
    mode = _MODES.get(compute_mode, compute_mode)
    if p == 2 and n and m and x1.shape[-1] and (mode == 1 or (mode == 0 and (n > 25 or m > 25))):
        batch = broadcast_shapes(x1.shape[:-2], x2.shape[:-2])
        return _euclidean_dist(_with_batch(x1, batch), _with_batch(x2, batch))
    if x1.shape[-1] and _has_loop(x1, x2, p):
        batch = broadcast_shapes(x1.shape[:-2], x2.shape[:-2])
        return _pair_norms(_with_batch(x1, batch), _with_batch(x2, batch), p)
    return _cdist(x1, x2, p)


def _differences(x1, x2, p):
    return _norm(x1.unsqueeze(-2) - x2.unsqueeze(-3), p)


@host(
    "_cdist(Tensor x1, Tensor x2, float p) -> Tensor",
    composed=_differences,
    grad_name="CdistBackward0",
    **_HIDDEN,
)
def _cdist(g, x1, x2, p):
    """cdist for any p and any dtype."""
    return through(lambda a, b: _differences(a, b, p), g, x1, x2)


@composite("pdist(Tensor self, float p=2)", method=False)
def pdist(input, p=2.0):
    """The p-norm distances between all pairs of rows, in one dim."""
    if input.dim() != 2:
        raise RuntimeError(f"pdist only supports 2D tensors, got: {input.dim()}D")
    if not input.dtype.is_floating_point:
        raise RuntimeError("pdist only supports floating-point dtypes")
    if p < 0:
        raise RuntimeError("pdist only supports non-negative p values")
    check_kernel(input, "pdist")
    return _pdist(input, p)


def _pairs(n):
    return triu_indices(n, n, 1).unbind(0)


def _pair_differences(input, p):
    first, second = _pairs(input.shape[0])
    return _norm(input.index_select(0, first) - input.index_select(0, second), p)


def _paired(input, p):
    if not input.shape[-1] or not _has_loop(input, input, p):
        return _pair_differences(input, p)
    first, second = _pairs(input.shape[0])
    return _pair_norms(input, input, p).reshape(-1).index_select(0, first * input.shape[0] + second)


@host("_pdist(Tensor self, float p) -> Tensor", composed=_paired, grad_name="PdistBackward0", **_HIDDEN)
def _pdist(g, self, p):
    """pdist of what fits. A second derivative does not look at the distances of points to themselves."""
    pairs = _pair_differences if is_grad_enabled() else _paired
    return through(lambda x: pairs(x, p), g, self)[0]


def _norm(difference, p):
    if difference.shape[-1] == 0:
        return difference.sum(-1)
    if p == 0:
        return where(difference.isnan().any(-1), float("nan"), difference.norm(0, -1))
    return difference.norm(p, -1)
