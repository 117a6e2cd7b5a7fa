"""Derivatives of functions that are known at points only."""

from ._declare import composite
from .combine import cat
from .shape import slice


@composite("gradient(Tensor self, *, any spacing=1, any dim=None, int edge_order=1)", method=False)
def gradient(input, *, spacing=1, dim=None, edge_order=1):
    """Derivatives along dims by central differences, one-sided at the ends (of order edge_order, 1 or 2).

    spacing is a distance, or one distance or tensor of coordinates for each dim.

    >>> wengert.gradient(wengert.tensor([1.0, 2.0, 4.0]))
    (tensor([1.0000, 1.5000, 2.0000]),)
    """
    if edge_order not in (1, 2):
        raise RuntimeError("torch.gradient only supports edge_order=1 and edge_order=2.")
    dims = range(input.dim()) if dim is None else [dim] if isinstance(dim, int) else dim
    dims = [d + input.dim() if d < 0 else d for d in dims]
    many = isinstance(spacing, (tuple, list))
    spacings = list(spacing) if many else [spacing] * len(dims)
    if len(spacings) != len(dims):
        raise RuntimeError(
            f"torch.gradient expected spacing to be unspecified, a scalar, or a list of length {len(dims)}, "
            f"but got a list of length {len(spacings)}"
        )
    if any(input.shape[d] < edge_order + 1 for d in dims):
        raise RuntimeError("torch.gradient expected each dimension size to be at least edge_order+1")
    if not input.dtype.is_floating_point and not input.dtype.is_complex:
        from .. import bool as bool_
        from .. import get_default_dtype, uint8

        if input.dtype == uint8:
            raise RuntimeError("torch.gradient does not support uint8 input.")
        if input.dtype == bool_:
            return input - input
        input = input.to(get_default_dtype())
    return tuple(_along(input, d, h, edge_order) for d, h in zip(dims, spacings))


def _along(f, dim, spacing, edge_order):
    n = f.shape[dim]

    def at(start, stop):
        return slice(f, dim, start, stop, 1)

    if isinstance(spacing, (int, float, complex)):
        middle = (at(2, n) - at(0, n - 2)) / (2 * spacing)
        if edge_order == 1:
            ends = (at(1, 2) - at(0, 1)) / spacing, (at(n - 1, n) - at(n - 2, n - 1)) / spacing
        else:
            ends = (
                (-3 * at(0, 1) + 4 * at(1, 2) - at(2, 3)) / (2 * spacing),
                (3 * at(n - 1, n) - 4 * at(n - 2, n - 1) + at(n - 3, n - 2)) / (2 * spacing),
            )
        return cat([ends[0], middle, ends[1]], dim)
    shape = [1] * f.dim()
    shape[dim] = n - 1
    steps = (spacing[1:] - spacing[:-1]).reshape(shape)
    left, right = slice(steps, dim, 0, n - 2, 1), slice(steps, dim, 1, n - 1, 1)
    both = left + right
    middle = at(0, n - 2) * (-right / (left * both)) + at(1, n - 1) * ((right - left) / (left * right))
    middle = middle + at(2, n) * (left / (right * both))
    first, last = slice(steps, dim, 0, 1, 1), slice(steps, dim, n - 2, n - 1, 1)
    if edge_order == 1:
        ends = (at(1, 2) - at(0, 1)) / first, (at(n - 1, n) - at(n - 2, n - 1)) / last
    else:
        second, before = slice(steps, dim, 1, 2, 1), slice(steps, dim, n - 3, n - 2, 1)
        ends = (
            _parabola(at(0, 1), at(1, 2), at(2, 3), first, second),
            -_parabola(at(n - 1, n), at(n - 2, n - 1), at(n - 3, n - 2), last, before),
        )
    return cat([ends[0], middle, ends[1]], dim)


def _parabola(a, b, c, h, k):
    """The slope at the first of three points, h and k apart."""
    return a * (-(2 * h + k) / (h * (h + k))) + b * ((h + k) / (h * k)) - c * (h / (k * (h + k)))
