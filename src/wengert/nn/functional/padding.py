"""pad: by a constant, by reflection, by replication, or around a circle."""

import wengert as wg

from ._native import native

_constant = native("constant_pad_nd")
_BY_RANK = {
    "reflect": {n: native(f"reflection_pad{n}d") for n in (1, 2, 3)},
    "replicate": {n: native(f"replication_pad{n}d") for n in (1, 2, 3)},
}

_BAD_RANK = """Padding size {} is not supported for {}D input tensor.
Supported combinations for non-constant padding:
  - 2D or 3D input: padding size = 2 (pads last dimension)
  - 3D or 4D input: padding size = 4 (pads last 2 dimensions)
  - 4D or 5D input: padding size = 6 (pads last 3 dimensions)"""


def _circular(input, pads):
    """Wrap around each of the last len(pads) / 2 dimensions, after negative numbers have cut; always row by row."""
    given = input
    for i in range(len(pads) // 2):
        left, right = pads[2 * i], pads[2 * i + 1]
        dim = input.dim() - 1 - i
        size = input.size(dim)
        if left > size or right > size:
            raise RuntimeError("Padding value causes wrapping around more than once.")
        if left + right + size < 0:
            raise RuntimeError("Negative padding value is resulting in an empty dimension")
        start = max(-left, 0)
        left, right, size = max(left, 0), max(right, 0), size - start - max(-right, 0)
        if max(left, right) > max(size, 0):
            raise RuntimeError("Padding value causes wrapping around more than once.")
        kept = input.narrow(dim, start, size)
        parts = [kept.narrow(dim, size - left, left), kept, kept.narrow(dim, 0, right)]
        input = wg.cat([part for part in parts if part.size(dim)] or parts, dim)
    return input.clone() if input is given else input.contiguous()


def pad(input, pad, mode="constant", value=None):
    """Grow the last dimensions: pad = (left, right, top, bottom, ...); negative numbers cut.

    mode: "constant" (with `value`, default 0), "reflect", "replicate" or "circular".

    >>> pad(wg.ones(2), (1, 1))
    tensor([0., 1., 1., 0.])
    """
    pad = list(pad)
    if len(pad) % 2:
        raise RuntimeError("Padding length must be divisible by 2")
    if len(pad) > 2 * input.dim():
        raise RuntimeError(
            "Padding length should be less than or equal to two times the input dimension but got padding length"
            f" {len(pad)} and input of dimension {input.dim()}"
        )
    if mode == "constant":
        return _constant(input, pad, 0 if value is None else value)
    if value is not None and value != 0:
        raise RuntimeError(f'Padding mode "{mode}" doesn\'t take in value argument')
    n = len(pad) // 2
    if n == 0:
        raise NotImplementedError(_BAD_RANK.format(0, input.dim()))
    if mode != "circular" and mode not in _BY_RANK:
        raise NotImplementedError(f"Unrecognised padding mode {mode}")
    if n > 3 or input.dim() not in (n + 1, n + 2):
        raise NotImplementedError(_BAD_RANK.format(len(pad), input.dim()))
    if mode == "circular":
        return _circular(input, pad)
    return _BY_RANK[mode][n](input, pad)
