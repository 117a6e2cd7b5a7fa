"""Resizing and sampling on grids, for a core that has no kernel of its own for them."""

import math

import wengert as wg

# -- resizing: every dimension is a gather (nearest) or a sparse weighting (linear, cubic) ---------------------------


def _ratio(size, out, scale):
    """Input steps for one output step when corners are not aligned."""
    return 1.0 / scale if scale is not None and scale > 0 else size / out


def _nearest(n, offset):
    def upsample(self, output_size, *scales):
        x = self
        scales = scales or (None,) * n
        sizes = [output_size] * n if isinstance(output_size, int) else list(output_size)
        for d in range(n):
            dim = d - n
            step = _ratio(x.size(dim), sizes[d], scales[d])
            rows = [min(int((i + offset) * step), x.size(dim) - 1) for i in range(sizes[d])]
            x = x.index_select(dim, wg.tensor(rows))
        return x

    return upsample


upsample_nearest1d, upsample_nearest2d, upsample_nearest3d = (_nearest(n, 0.0) for n in (1, 2, 3))
_upsample_nearest_exact1d, _upsample_nearest_exact2d, _upsample_nearest_exact3d = (_nearest(n, 0.5) for n in (1, 2, 3))


def _sources(size, out, align_corners, scale, cubic):
    """Where each output falls in the input, as real numbers."""
    if align_corners:
        step = (size - 1) / (out - 1) if out > 1 else 0.0
        return [i * step for i in range(out)]
    step = _ratio(size, out, scale)
    places = [step * (i + 0.5) - 0.5 for i in range(out)]
    return places if cubic else [max(p, 0.0) for p in places]


def _cubic_weights(t):
    """The four weights of Keys' cubic (a = -0.75) at the fraction t."""
    a = -0.75

    def near(x):
        return ((a + 2) * x - (a + 3)) * x * x + 1

    def far(x):
        return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a

    return [far(t + 1), near(t), near(1 - t), far(2 - t)]


def _matrix(size, out, align_corners, scale, cubic, dtype):
    """The (out, size) matrix of one dimension."""
    rows = []
    for place in _sources(size, out, align_corners, scale, cubic):
        row = [0.0] * size
        base = math.floor(place)
        taps = _cubic_weights(place - base) if cubic else [1 - (place - base), place - base]
        for k, weight in enumerate(taps, base - 1 if cubic else base):
            row[min(max(k, 0), size - 1)] += weight
        rows.append(row)
    return wg.tensor(rows, dtype=dtype)


def _weighted(n, cubic=False):
    def upsample(self, output_size, align_corners, *scales):
        x = self
        scales = scales or (None,) * n
        sizes = [output_size] * n if isinstance(output_size, int) else list(output_size)
        for d in range(n):
            dim = d - n
            matrix = _matrix(x.size(dim), sizes[d], align_corners, scales[d], cubic, x.dtype)
            x = (x.movedim(dim, -1) @ matrix.t()).movedim(-1, dim)
        return x.contiguous()

    return upsample


upsample_linear1d, upsample_bilinear2d, upsample_trilinear3d = (_weighted(n) for n in (1, 2, 3))
upsample_bicubic2d = _weighted(2, cubic=True)


# -- sampling on a grid ----------------------------------------------------------------------------------------------


def _unnormalize(coordinate, size, align_corners):
    if align_corners:
        return (coordinate + 1) / 2 * (size - 1)
    return ((coordinate + 1) * size - 1) / 2


def _reflect(x, low2, high2):
    """x folded back at low2 / 2 and high2 / 2 until it lies between."""
    if low2 == high2:
        return wg.zeros_like(x)
    low, span = low2 / 2, (high2 - low2) / 2
    x = (x - low).abs()
    extra = x % span
    flips = (x / span).floor()
    return wg.where(flips % 2 == 0, extra + low, span - extra + low)


def _bounded(x, size, padding_mode, align_corners):
    """A coordinate after the padding rule: 0 zeros, 1 border, 2 reflection."""
    if padding_mode == 2:
        x = _reflect(x, 0, 2 * (size - 1)) if align_corners else _reflect(x, -1, 2 * size - 1)
    return x.clamp(0, size - 1) if padding_mode else x


def _pick(input, index, inside):
    """input (N, C, P) at index (N, Q), zero where it is not inside."""
    c = input.size(1)
    values = input.gather(2, index.unsqueeze(1).expand(-1, c, -1))
    return values * inside.unsqueeze(1).to(values.dtype)


def _at(input, places):
    """input (N, C, *spatial) at whole coordinates, a (N, Q) tensor for each spatial dimension."""
    index, inside = None, None
    for place, size in zip(places, input.shape[2:]):
        ok = (place >= 0) & (place <= size - 1)
        whole = place.detach().clamp(0, size - 1).long()
        index = whole if index is None else index * size + whole
        inside = ok if inside is None else inside & ok
    return _pick(input.flatten(2), index, inside)


def _linear_sample(input, places):
    """Multilinear interpolation between the 2 ** n neighbours."""
    total = None
    floors = [p.detach().floor() for p in places]
    for corner in range(2 ** len(places)):
        weight, neighbours = None, []
        for d, (place, floor) in enumerate(zip(places, floors)):
            upper = corner >> d & 1
            part = (place - floor) if upper else (floor + 1 - place)
            weight = part if weight is None else weight * part
            neighbours.append(floor + upper)
        term = _at(input, neighbours) * weight.unsqueeze(1)
        total = term if total is None else total + term
    return total


def _cubic_sample(input, places, padding_mode, align_corners):
    """Bicubic interpolation: sixteen neighbours, each under the padding rule."""
    floors = [p.detach().floor() for p in places]
    weights = [_cubic_weights(p - f) for p, f in zip(places, floors)]
    total = None
    for i in range(4):
        for j in range(4):
            neighbours = [
                _bounded(f + (k - 1), size, padding_mode, align_corners)
                for f, k, size in zip(floors, (i, j), input.shape[2:])
            ]
            term = _at(input, neighbours) * (weights[0][i] * weights[1][j]).unsqueeze(1)
            total = term if total is None else total + term
    return total


def grid_sampler(input, grid, interpolation_mode, padding_mode, align_corners):
    n = input.dim() - 2
    spatial = input.shape[2:]
    flat = grid.reshape(grid.size(0), -1, n)
    # The grid names x first: the last dimension of the input.
    places = [_unnormalize(flat[..., n - 1 - d], spatial[d], align_corners) for d in range(n)]
    if interpolation_mode == 2:
        out = _cubic_sample(input, places, padding_mode, align_corners)
    else:
        places = [_bounded(p, size, padding_mode, align_corners) for p, size in zip(places, spatial)]
        if interpolation_mode == 1:
            out = _at(input, [p.detach().round() for p in places])
        else:
            out = _linear_sample(input, places)
    return out.reshape(input.size(0), input.size(1), *grid.shape[1:-1])
