"""Resampling of images: interpolate, grid_sample, affine_grid, and the shuffles."""

import math
import warnings

import wengert as wg

from ._native import native
from .pooling import adaptive_avg_pool1d, adaptive_avg_pool2d, adaptive_avg_pool3d

_AREA = {3: adaptive_avg_pool1d, 4: adaptive_avg_pool2d, 5: adaptive_avg_pool3d}
_affine_grid = native("affine_grid_generator")
_NEAREST = {n + 2: native(f"upsample_nearest{n}d") for n in (1, 2, 3)}
_NEAREST_EXACT = {n + 2: native(f"_upsample_nearest_exact{n}d") for n in (1, 2, 3)}
_SMOOTH = {"bilinear": native("_upsample_bilinear2d_aa"), "bicubic": native("_upsample_bicubic2d_aa")}
_LINEAR = {
    "linear": (3, native("upsample_linear1d")),
    "bilinear": (4, native("upsample_bilinear2d")),
    "trilinear": (5, native("upsample_trilinear3d")),
    "bicubic": (4, native("upsample_bicubic2d")),
}
_grid_sampler = native("grid_sampler")
_pixel_shuffle, _pixel_unshuffle, _channel_shuffle = map(
    native, ("_pixel_shuffle", "_pixel_unshuffle", "_channel_shuffle")
)
GRID_SAMPLE_INTERPOLATION_MODES = {"bilinear": 0, "nearest": 1, "bicubic": 2}
GRID_SAMPLE_PADDING_MODES = {"zeros": 0, "border": 1, "reflection": 2}
_ALIGN_CHANGED = (
    "Default grid_sample and affine_grid behavior has changed to align_corners=False since 1.3.0. Please specify"
    " align_corners=True if the old behavior is desired. See the documentation of grid_sample for details."
)


def _is_integer(x):
    return isinstance(x, int) or (isinstance(x, wg.Tensor) and not x.is_floating_point())


def _sizes_and_scales(input, size, scale_factor, dim):
    """The output sizes (or None) and scale factors (or None), one for each spatial dimension."""
    spatial = list(input.shape[2:])
    if size is not None and scale_factor is not None:
        raise ValueError("only one of size or scale_factor should be defined")
    if size is not None:
        if not isinstance(size, (list, tuple)):
            return [size] * dim, None
        if len(size) != dim:
            raise ValueError(
                "Input and output must have the same number of spatial dimensions, but got input with spatial "
                f"dimensions of {spatial} and output size of {size}. Please provide input tensor in (N, C, d1, d2, "
                "...,dK) format and output size in (o1, o2, ...,oK) format."
            )
        if not all(_is_integer(x) for x in size):
            raise TypeError(
                "expected size to be one of int or Tuple[int] or Tuple[int, int] or Tuple[int, int, int], but got size"
                f" with types {[type(x) for x in size]}"
            )
        return list(size), None
    if scale_factor is None:
        raise ValueError("either size or scale_factor should be defined")
    if not isinstance(scale_factor, (list, tuple)):
        return None, [scale_factor] * dim
    if len(scale_factor) != dim:
        raise ValueError(
            "Input and scale_factor must have the same number of spatial dimensions, but got input with spatial "
            f"dimensions of {spatial} and scale_factor of shape {scale_factor}. Please provide input tensor in (N, C,"
            " d1, d2, ...,dK) format and scale_factor in (s1, s2, ...,sK) format."
        )
    return None, list(scale_factor)


def _unsupported(dim, mode):
    wanted = {"linear": 3, "bilinear": 4, "trilinear": 5}.get(mode)
    if wanted is not None and dim in (3, 4, 5):
        return NotImplementedError(f"Got {dim}D input, but {mode} mode needs {wanted}D input")
    return NotImplementedError(
        f"Input Error: Only 3D, 4D and 5D input Tensors supported (got {dim}D) for the modes: nearest | linear |"
        f" bilinear | bicubic | trilinear | lanczos | area | nearest-exact (got {mode})"
    )


def interpolate(
    input,
    size=None,
    scale_factor=None,
    mode="nearest",
    align_corners=None,
    recompute_scale_factor=None,
    antialias=False,
):
    """Resize (N, C, *) to `size` or by `scale_factor`.

    mode: nearest, nearest-exact, area, linear (3D input), bilinear, bicubic (4D), trilinear (5D).

    >>> interpolate(wg.tensor([[[1.0, 2.0]]]), scale_factor=2)
    tensor([[[1., 1., 2., 2.]]])
    """
    if mode in ("nearest", "area", "nearest-exact"):
        if align_corners is not None:
            raise ValueError(
                "align_corners option can only be set with the interpolating modes: linear | bilinear | bicubic |"
                " trilinear"
            )
    elif align_corners is None:
        align_corners = False
    dim = input.dim() - 2
    out, scales = _sizes_and_scales(input, size, scale_factor, dim)
    if recompute_scale_factor and size is not None:
        raise ValueError("recompute_scale_factor is not meaningful with an explicit size.")
    if recompute_scale_factor or (mode == "area" and out is None):
        out, scales = [int(n * s) for n, s in zip(input.shape[2:], scales)], None
    if antialias and not (mode in ("bilinear", "bicubic", "lanczos") and input.dim() == 4):
        raise ValueError(
            "Anti-alias option is restricted to bilinear, bicubic, and lanczos modes and requires a 4-D tensor as input"
        )
    if mode == "lanczos" and align_corners:
        raise ValueError("Lanczos mode does not support align_corners=True")
    if mode == "lanczos" and not antialias:
        raise ValueError("Lanczos mode requires antialias=True")
    if out is None:
        out = [math.floor(float(n) * s) for n, s in zip(input.shape[2:], scales)]
    scales = [None] * dim if scales is None else scales
    if antialias:
        return _antialiased(input, out, scales, mode, align_corners)
    return _plain(input, out, scales, mode, align_corners)


def _plain(input, out, scales, mode, align_corners):
    rank = input.dim()
    for name, table in (("nearest", _NEAREST), ("nearest-exact", _NEAREST_EXACT)):
        if mode == name and rank in table:
            return table[rank](input, out, *scales)
    if mode == "area" and rank in _AREA:
        return _AREA[rank](input, out if rank > 3 else out[0])
    if mode in _LINEAR and _LINEAR[mode][0] == rank:
        return _LINEAR[mode][1](input, out, align_corners, *scales)
    raise _unsupported(rank, mode)


def _lanczos(x):
    if x == 0.0:
        return 1.0
    return 3.0 * math.sin(math.pi * x) * math.sin(math.pi * x / 3) / (math.pi * x) ** 2 if abs(x) < 3.0 else 0.0


def _lanczos_matrix(size, out, scale, align_corners, dtype):
    """The (out, size) matrix of one dimension of a resize with Lanczos' filter."""
    if align_corners:
        step = (size - 1) / (out - 1) if out > 1 else 0.0
    else:
        step = 1.0 / scale if scale is not None and scale > 0 else size / out
    stretch = max(step, 1.0)
    rows = []
    for i in range(out):
        center = step * (i + 0.5)
        low = max(int(center - 3.0 * stretch + 0.5), 0)
        high = min(int(center + 3.0 * stretch + 0.5), size)
        weights = [_lanczos((j - center + 0.5) / stretch) for j in range(low, high)]
        total = sum(weights)
        rows.append([0.0] * low + [w / total for w in weights] + [0.0] * (size - high))
    return wg.tensor(rows, dtype=dtype)


def _antialiased(input, out, scales, mode, align_corners):
    if mode in _SMOOTH:
        return _SMOOTH[mode](input, out, align_corners, *scales)
    rows = _lanczos_matrix(input.size(2), out[0], scales[0], align_corners, input.dtype)
    cols = _lanczos_matrix(input.size(3), out[1], scales[1], align_corners, input.dtype)
    return rows @ (input @ cols.t())


def upsample(input, size=None, scale_factor=None, mode="nearest", align_corners=None):
    """Deprecated name of interpolate."""
    warnings.warn("`nn.functional.upsample` is deprecated. Use `nn.functional.interpolate` instead.", stacklevel=2)
    return interpolate(input, size, scale_factor, mode, align_corners)


def upsample_nearest(input, size=None, scale_factor=None):
    """Deprecated: interpolate with mode="nearest"."""
    warnings.warn(
        "`nn.functional.upsample_nearest` is deprecated. Use `nn.functional.interpolate` instead.", stacklevel=2
    )
    return interpolate(input, size, scale_factor, mode="nearest")


def upsample_bilinear(input, size=None, scale_factor=None):
    """Deprecated: interpolate with mode="bilinear", align_corners=True."""
    warnings.warn(
        "`nn.functional.upsample_bilinear` is deprecated. Use `nn.functional.interpolate` instead.", stacklevel=2
    )
    return interpolate(input, size, scale_factor, mode="bilinear", align_corners=True)


def grid_sample(input, grid, mode="bilinear", padding_mode="zeros", align_corners=None):
    """Values of (N, C, H, W) at the points `grid` (N, Ho, Wo, 2), given as (x, y) in [-1, 1]; also for volumes.

    >>> grid_sample(wg.ones(1, 1, 2, 2), wg.zeros(1, 1, 1, 2), align_corners=False)
    tensor([[[[1.]]]])
    """
    if mode not in GRID_SAMPLE_INTERPOLATION_MODES:
        raise ValueError(
            f"nn.functional.grid_sample(): expected mode to be 'bilinear', 'nearest' or 'bicubic', but got: '{mode}'"
        )
    if padding_mode not in GRID_SAMPLE_PADDING_MODES:
        raise ValueError(
            "nn.functional.grid_sample(): expected padding_mode to be 'zeros', 'border', or 'reflection', but got:"
            f" '{padding_mode}'"
        )
    if align_corners is None:
        warnings.warn(_ALIGN_CHANGED, stacklevel=2)
        align_corners = False
    numbers = GRID_SAMPLE_INTERPOLATION_MODES[mode], GRID_SAMPLE_PADDING_MODES[padding_mode]
    return _grid_sampler(input, grid, *numbers, align_corners)


def affine_grid(theta, size, align_corners=None):
    """Sampling grid (N, H, W, 2) of the affine maps theta (N, 2, 3); (N, 3, 4) and 5D sizes for volumes.

    >>> affine_grid(wg.eye(2, 3).unsqueeze(0), (1, 1, 2, 2), align_corners=True)[0, 0, 0]
    tensor([-1., -1.])
    """
    if align_corners is None:
        warnings.warn(_ALIGN_CHANGED, stacklevel=2)
        align_corners = False
    if not theta.is_floating_point():
        raise ValueError(f"Expected theta to have floating point type, but got {theta.dtype}")
    rank = len(size) - 2
    if rank not in (2, 3):
        raise NotImplementedError(
            "affine_grid only supports 4D and 5D sizes, for 2D and 3D affine transforms, respectively. "
            f"Got size {size}."
        )
    if theta.dim() != 3 or theta.shape[-2] != rank or theta.shape[-1] != rank + 1:
        raise ValueError(
            f"Expected a batch of {rank}D affine matrices of shape Nx{rank}x{rank + 1} for size {size}. "
            f"Got {theta.shape}."
        )
    spatial = size[-rank:]
    if align_corners and min(spatial) == 1:
        warnings.warn(
            "Since version 1.3.0, affine_grid behavior has changed for unit-size grids when align_corners=True. "
            "This is not an intended use case of affine_grid. See the documentation of affine_grid for details.",
            stacklevel=2,
        )
    elif min(size) <= 0:
        raise ValueError(f"Expected non-zero, positive output size. Got {size}")
    return _affine_grid(theta, size, align_corners)


def pixel_shuffle(input, upscale_factor):
    """(*, C * r * r, H, W) rearranged to (*, C, H * r, W * r).

    >>> pixel_shuffle(wg.ones(1, 4, 2, 2), 2).shape
    torch.Size([1, 1, 4, 4])
    """
    r = upscale_factor
    if input.dim() < 3:
        raise RuntimeError(
            f"pixel_shuffle expects input to have at least 3 dimensions, but got input with {input.dim()} dimension(s)"
        )
    if r <= 0:
        raise RuntimeError(f"pixel_shuffle expects a positive upscale_factor, but got {r}")
    if r * r >= 1 << 63:
        raise ValueError(f"upscale factor is too large, (upscale_factor)^2 overflowed: upscale_factor={r}")
    c = input.size(-3)
    if c % (r * r):
        raise RuntimeError(
            "pixel_shuffle expects its input's 'channel' dimension to be divisible by the square of upscale_factor,"
            f" but input.size(-3)={c} is not divisible by {r * r}"
        )
    return _pixel_shuffle(input, r)


def pixel_unshuffle(input, downscale_factor):
    """Inverse of pixel_shuffle.

    >>> pixel_unshuffle(wg.ones(1, 1, 4, 4), 2).shape
    torch.Size([1, 4, 2, 2])
    """
    r = downscale_factor
    if input.dim() < 3:
        raise RuntimeError(
            "pixel_unshuffle expects input to have at least 3 dimensions, but got input with"
            f" {input.dim()} dimension(s)"
        )
    if r <= 0:
        raise RuntimeError(f"pixel_unshuffle expects a positive downscale_factor, but got {r}")
    for name, at in (("height", -2), ("width", -1)):
        if input.size(at) % r:
            raise RuntimeError(
                f"pixel_unshuffle expects {name} to be divisible by downscale_factor, but input.size({at})={input.size(at)} is not"
                f" divisible by {r}"
            )
    return _pixel_unshuffle(input, r)


def channel_shuffle(input, groups):
    """(N, C, *) with the channels of the groups interleaved.

    >>> channel_shuffle(wg.arange(4.0).reshape(1, 4, 1), 2).flatten()
    tensor([0., 2., 1., 3.])
    """
    if input.dim() <= 2:
        raise RuntimeError(f"channel_shuffle expects input with > 2 dims, but got input with sizes {list(input.shape)}")
    if groups <= 0:
        raise RuntimeError(f"Number of groups to divide channels in must be positive. Value of groups:{groups}")
    c = input.size(1)
    if c % groups:
        raise RuntimeError(f"Number of channels must be divisible by groups. Got {c} channels and {groups} groups.")
    return _channel_shuffle(input, groups)


native_channel_shuffle = channel_shuffle


def assert_int_or_pair(arg, arg_name, message):
    """AssertionError(message) unless `arg` is an int or a pair."""
    if not (isinstance(arg, int) or len(arg) == 2):
        raise AssertionError(message.format(arg_name))
