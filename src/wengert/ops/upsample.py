"""Resizing of images, and sampling at the points of a grid."""

from .._core import let_require_grad, payload
from ._declare import composite, constant, host, primitive
from .compare import where

HIDDEN = {"function": False, "method": False}
NEAREST, EXACT, LINEAR, CUBIC, LINEAR_SMOOTH, CUBIC_SMOOTH = range(6)
SCALES = {
    1: ", float? scales=None)",
    2: ", float? scales_h=None, float? scales_w=None)",
    3: ", float? scales_d=None, float? scales_h=None, float? scales_w=None)",
}
MODE = "int mode, bool align_corners, float? scale0, float? scale1, float? scale2"


@primitive(f"_upsample(Tensor self, int[] output_size, {MODE})", **HIDDEN)
def _upsample(g, self, output_size, mode, align_corners, scale0, scale1, scale2):
    """Resizes the dims after the first two."""
    return _upsample_backward(g, self.shape, output_size, mode, align_corners, scale0, scale1, scale2)


@primitive(f"_upsample_backward(Tensor grad, int[] sizes, int[] output_size, {MODE})", **HIDDEN)
def _upsample_backward(g, output_size, mode, align_corners, scale0, scale1, scale2):
    """The adjoint of _upsample."""
    return _upsample(g, output_size, mode, align_corners, scale0, scale1, scale2)


def _rule1(mode, aligned):
    def plain(g, self, output_size, scales):
        """The last dim of (N, C, L) in another size."""
        return _upsample_backward(g, self.shape, output_size, mode, False, scales, None, None)

    def with_corners(g, self, output_size, align_corners, scales):
        """The last dim of (N, C, L) in another size."""
        return _upsample_backward(g, self.shape, output_size, mode, align_corners, scales, None, None)

    return with_corners if aligned else plain


def _rule2(mode, aligned):
    def plain(g, self, output_size, scales_h, scales_w):
        """The last two dims of (N, C, H, W) in other sizes."""
        return _upsample_backward(g, self.shape, output_size, mode, False, scales_h, scales_w, None)

    def with_corners(g, self, output_size, align_corners, scales_h, scales_w):
        """The last two dims of (N, C, H, W) in other sizes."""
        return _upsample_backward(g, self.shape, output_size, mode, align_corners, scales_h, scales_w, None)

    return with_corners if aligned else plain


def _rule3(mode, aligned):
    def plain(g, self, output_size, scales_d, scales_h, scales_w):
        """The last three dims of (N, C, D, H, W) in other sizes."""
        return _upsample_backward(g, self.shape, output_size, mode, False, scales_d, scales_h, scales_w)

    def with_corners(g, self, output_size, align_corners, scales_d, scales_h, scales_w):
        """The last three dims of (N, C, D, H, W) in other sizes."""
        return _upsample_backward(g, self.shape, output_size, mode, align_corners, scales_d, scales_h, scales_w)

    return with_corners if aligned else plain


def _declare(name, dims, mode):
    aligned = mode >= LINEAR
    corners = ", bool align_corners" if aligned else ""
    rule = {1: _rule1, 2: _rule2, 3: _rule3}[dims](mode, aligned)
    words = "".join(part.capitalize() for part in name.strip("_").split("_"))
    grad_name = f"{words.replace(f'{dims}d', f'{dims}D')}Backward0"
    primitive(f"{name}(Tensor self, int[{dims}] output_size{corners}{SCALES[dims]}", grad_name=grad_name, **HIDDEN)(
        rule
    )


for _name, _dims, _mode in (
    ("upsample_nearest1d", 1, NEAREST),
    ("upsample_nearest2d", 2, NEAREST),
    ("upsample_nearest3d", 3, NEAREST),
    ("_upsample_nearest_exact1d", 1, EXACT),
    ("_upsample_nearest_exact2d", 2, EXACT),
    ("_upsample_nearest_exact3d", 3, EXACT),
    ("upsample_linear1d", 1, LINEAR),
    ("upsample_bilinear2d", 2, LINEAR),
    ("upsample_trilinear3d", 3, LINEAR),
    ("upsample_bicubic2d", 2, CUBIC),
    ("_upsample_bilinear2d_aa", 2, LINEAR_SMOOTH),
    ("_upsample_bicubic2d_aa", 2, CUBIC_SMOOTH),
):
    _declare(_name, _dims, _mode)


def _reflected(x, low, high):
    """x folded back into [low, high]; low and high are twice the bounds."""
    if low == high:
        return x * 0
    least, span = low / 2, (high - low) / 2
    x = (x - least).abs()
    turns = (x / span).floor().detach()
    rest = x - turns * span
    return where(turns.remainder(2) == 0, rest + least, span - rest + least)


def _located(x, size, padding_mode, align_corners, clip=True):
    """Coordinates in [-1, 1] as positions along a dim of this size."""
    x = (x + 1) / 2 * (size - 1) if align_corners else ((x + 1) * size - 1) / 2
    return _bounded(x, size, padding_mode, align_corners) if clip else x


def _bounded(x, size, padding_mode, align_corners):
    if padding_mode == 0:
        return x
    if padding_mode == 2:
        x = _reflected(x, 0, 2 * (size - 1)) if align_corners else _reflected(x, -1, 2 * size - 1)
    return where(x == x, x, 0).clamp(0, size - 1)


def _picked(planes, sizes, positions):
    """planes (N, C, all) at integer positions, one tensor (N, ...) for each dim; 0 outside."""
    flat, inside = 0, None
    for at, size in zip(positions, sizes):
        within = (at >= 0) & (at < size)  # not of nan
        inside = within if inside is None else inside & within
        flat = flat * size + where(within, at, 0).long()
    n, channels = planes.shape[:2]
    wide = flat.flatten(1).unsqueeze(1).expand(-1, channels, -1)
    out = planes.gather(2, wide).reshape(n, channels, *flat.shape[1:])
    return where(inside.unsqueeze(1), out, out.new_zeros(()))


def _cubic(t):
    """The weights of the four neighbours of a point that lies t after the second."""
    a = -0.75
    near = [((a + 2) * u - (a + 3)) * u * u + 1 for u in (t, 1 - t)]
    far = [((a * u - 5 * a) * u + 8 * a) * u - 4 * a for u in (t + 1, 2 - t)]
    return far[0], near[0], near[1], far[1]


def _neighbours(x, mode):
    """[(position, weight)] along one dim."""
    if mode == 1:
        return [
            (x.round().detach(), where(x == x, x, 0).clamp(-1, 1) * 0 + 1)
        ]  # a weight of 1 whose derivative is 0, not absent
    low = x.floor().detach()
    t = x - low
    if mode == 0:
        return [(low, 1 - t), (low + 1, t)]
    return [(low + k - 1, w) for k, w in enumerate(_cubic(t))]


def _check_grid(input, grid, mode):
    n = input.dim()
    if input.shape[0] != grid.shape[0]:
        raise RuntimeError(
            "grid_sampler(): expected grid and input to have same batch size, but got input with sizes "
            f"{list(input.shape)} and grid with sizes {list(grid.shape)}"
        )
    if grid.shape[-1] != n - 2:
        raise RuntimeError(
            f"grid_sampler(): expected grid to have size {n - 2} in last dimension, but got grid with sizes "
            f"{list(grid.shape)}"
        )
    if n not in (4, 5) or n != grid.dim():
        raise RuntimeError(
            "grid_sampler(): expected 4D or 5D input and grid with same number of dimensions, but got input with sizes "
            f"{list(input.shape)} and grid with sizes {list(grid.shape)}"
        )
    for i in range(2, n):
        if input.shape[i] == 0:
            raise RuntimeError(
                "grid_sampler(): expected input to have non-empty spatial dimensions, but input has sizes "
                f"{list(input.shape)} with dimension {i} being empty"
            )
    if n == 5 and mode == 2:
        raise RuntimeError("grid_sampler(): bicubic interpolation only supports 4D input")


@composite(method=False)
def grid_sampler(input, grid, interpolation_mode, padding_mode, align_corners):
    """input (N, C, H, W) at the points of grid (N, H', W', 2), each (x, y) in [-1, 1]; likewise in 3 dims.

    interpolation_mode: 0 linear, 1 nearest, 2 cubic; padding_mode: 0 zeros, 1 border, 2 reflection.
    """
    _check_grid(input, grid, interpolation_mode)
    if _has_kernel(input, grid):
        sample = _grid_sample2d if input.dim() == 4 else _grid_sample3d
        return sample(input, grid, interpolation_mode, padding_mode, align_corners)
    return _composed_sampler(input, grid, interpolation_mode, padding_mode, align_corners)


def _has_kernel(input, grid):
    from .. import float32, float64

    plain = payload(input) is None and payload(grid) is None and not (input.is_meta or grid.is_meta)
    same = input.dtype == grid.dtype and input.dtype in (float32, float64)
    return plain and same and input[:1, :1].numel() < 1 << 31


def _grid_rule(g, input, grid, interpolation_mode, padding_mode, align_corners):
    """The native gradients, or with a history those of the composed form."""
    from .. import enable_grad, is_grad_enabled

    how = interpolation_mode, padding_mode, align_corners
    recorded = is_grad_enabled()
    if not recorded and payload(g) is None:
        wanted = input.requires_grad, grid.requires_grad
        found = _grid_sample_backward(g, input, grid, *how, *wanted)
        return tuple(t if want else None for t, want in zip(found, wanted))
    from ..autograd import grad

    with enable_grad():
        roots = [t.view_as(t) if t.requires_grad else let_require_grad(t.detach()) for t in (input, grid)]
        return grad(_composed_sampler(*roots, *how), roots, g, create_graph=recorded)


_GRID = "(Tensor input, Tensor grid, int interpolation_mode, int padding_mode, bool align_corners)"
_grid_sample2d, _grid_sample3d = (
    primitive(
        f"_grid_sample{dims}d{_GRID}",
        eager=True,
        grad_name=f"GridSampler{dims}DBackward0",
        function=False,
        method=False,
    )(_grid_rule)
    for dims in (2, 3)
)


@constant(
    "_grid_sample_backward(Tensor g, Tensor input, Tensor grid, int interpolation_mode, int padding_mode, "
    "bool align_corners, bool input_wanted, bool grid_wanted) -> (Tensor input_grad, Tensor grid_grad)",
    function=False,
    method=False,
)
def _grid_sample_backward():
    """The gradients of the inputs of grid_sampler, when no derivative of them is wanted."""


def _composed_sampler(input, grid, interpolation_mode, padding_mode, align_corners):
    """grid_sampler, made of other ops: for transforms, half precision and derivatives of derivatives."""
    sizes = list(input.shape[2:])
    cubic = interpolation_mode == 2
    points = grid.unbind(-1)[::-1]  # the last coordinate of the grid goes with the first dim
    at = [_located(x, size, padding_mode, align_corners, not cubic) for x, size in zip(points, sizes)]
    near = [_neighbours(x, interpolation_mode) for x in at]
    if cubic:
        near = [
            [(_bounded(p, size, padding_mode, align_corners).round(), w) for p, w in ps]
            for ps, size in zip(near, sizes)
        ]
    planes = input.flatten(2)
    corners = [((), None)]
    for options in near:
        corners = [
            ((*places, p), w if weight is None else weight * w) for places, weight in corners for p, w in options
        ]
    total = None
    for places, weight in corners:
        value = _picked(planes, sizes, places)
        part = value * weight.unsqueeze(1)
        total = part if total is None else total + part
    return total


@composite(method=False)
def grid_sampler_2d(input, grid, interpolation_mode, padding_mode, align_corners):
    """grid_sampler of images."""
    return grid_sampler(input, grid, interpolation_mode, padding_mode, align_corners)


@composite(method=False)
def grid_sampler_3d(input, grid, interpolation_mode, padding_mode, align_corners):
    """grid_sampler of volumes."""
    return grid_sampler(input, grid, interpolation_mode, padding_mode, align_corners)


def _points(spatial, align_corners, like):
    """The points of an upright grid as rows (x, y, 1), from -1 to 1: cell borders (align_corners) or cell centres."""
    from .. import linspace, meshgrid, ones_like, stack, zeros

    axes = []
    for count in spatial:
        line = linspace(-1, 1, count, dtype=like.dtype) if count > 1 else zeros(1, dtype=like.dtype)
        axes.append(line if align_corners or count <= 1 else line * ((count - 1) / count))
    axes = meshgrid(*axes, indexing="ij")
    return stack([*axes[::-1], ones_like(axes[0])], -1).reshape(1, -1, len(spatial) + 1)


def _affine_grid(theta, size, align_corners):
    if len(size) not in (4, 5):
        raise RuntimeError("AffineGridGenerator needs 4d (spatial) or 5d (volumetric) inputs.")
    count, _, *spatial = size
    points = _points(spatial, align_corners, theta)
    return points.expand(count, -1, -1).bmm(theta.transpose(1, 2)).reshape(count, *spatial, len(spatial))


@host(
    "affine_grid_generator(Tensor theta, int[] size, bool align_corners)",
    forward=_affine_grid,
    grad_name="AffineGridGeneratorBackward0",
    method=False,
)
def affine_grid_generator(g, size, align_corners):
    """nn.functional.affine_grid: where affine maps take the points of a grid."""
    count, _, *spatial = size
    points = _points(spatial, align_corners, g)
    rows = g.reshape(count, -1, len(spatial)).transpose(1, 2)
    return rows.bmm(points.expand(count, -1, -1))  # it needs the sizes alone: nothing is saved
