"""Elements in another order: rot90, and pixel_shuffle, pixel_unshuffle, channel_shuffle of sizes that fit."""

from ._declare import composite, host
from .combine import flip

_HIDDEN = {"function": False, "method": False}


def _laid_out_like(result, input):
    """The result in the channels-last format that the input lies in, if it does."""
    from .. import channels_last, channels_last_3d, empty

    for memory_format in (channels_last, channels_last_3d):
        if not input.is_contiguous() and input.is_contiguous(memory_format=memory_format):
            return empty(result.shape, dtype=result.dtype, memory_format=memory_format).copy_(result)
    return result


def _shuffled(input, r):
    *lead, c, h, w = input.shape
    split, k = input.reshape(*lead, c // (r * r), r, r, h, w), len(lead)
    split = split.permute(*range(k + 1), k + 3, k + 1, k + 4, k + 2)
    return _laid_out_like(split.reshape(*lead, c // (r * r), h * r, w * r), input)


def _unshuffled(input, r):
    *lead, c, h, w = input.shape
    split, k = input.reshape(*lead, c, h // r, r, w // r, r), len(lead)
    split = split.permute(*range(k + 1), k + 2, k + 4, k + 1, k + 3)
    return _laid_out_like(split.reshape(*lead, c * r * r, h // r, w // r), input)


def _interleaved(input, groups):
    shuffled = input.unflatten(1, (groups, input.size(1) // groups)).transpose(1, 2)
    return _laid_out_like(shuffled.reshape(input.shape), input)


def _fresh(arranged):
    """The body of a host op: what is a view of the input is copied."""

    def forward(input, number):
        result = arranged(input, number)
        return result.clone() if result._same_storage(input) else result

    return forward


@host("_pixel_shuffle(Tensor self, int factor) -> Tensor", forward=_fresh(_shuffled), composed=_shuffled, **_HIDDEN)
def _pixel_shuffle(g, factor):
    """(*, C * r * r, H, W) as (*, C, H * r, W * r)."""
    return _pixel_unshuffle(g, factor)


@host(
    "_pixel_unshuffle(Tensor self, int factor) -> Tensor", forward=_fresh(_unshuffled), composed=_unshuffled, **_HIDDEN
)
def _pixel_unshuffle(g, factor):
    """(*, C, H * r, W * r) as (*, C * r * r, H, W)."""
    return _pixel_shuffle(g, factor)


@host(
    "_channel_shuffle(Tensor self, int groups) -> Tensor",
    forward=_fresh(_interleaved),
    composed=_interleaved,
    **_HIDDEN,
)
def _channel_shuffle(g, groups):
    """(N, C, *) with the channels of the groups interleaved."""
    return _channel_shuffle(g, g.shape[1] // groups)


@composite("rot90(Tensor self, int k=1, any dims=(0, 1))")
def rot90(input, k=1, dims=(0, 1)):
    """Turned by 90 degrees, k times, from the first towards the second of two dims."""
    n = input.dim()
    if len(dims) != 2:
        raise RuntimeError(f"expected total rotation dims == 2, but got dims = {len(dims)}")
    if n < 2:
        raise RuntimeError(f"expected total dims >= 2, but got total dims = {n}")
    if dims[0] == dims[1] or abs(dims[0] - dims[1]) == n:
        raise RuntimeError(f"expected rotation dims to be different, but got dim0 = {dims[0]} and dim1 = {dims[1]}")
    for d in dims:
        if not -n <= d < n:
            raise RuntimeError(f"Rotation dim{dims.index(d)} out of range, dim{dims.index(d)} = {d}")
    return _rot90(input, k % 4, list(dims))


def _turned(input, k, dims):
    if k % 2:
        return flip(input.transpose(*dims), [dims[k != 1]])
    return flip(input, dims) if k else input.clone()


@host(
    "_rot90(Tensor self, int k, int[] dims) -> Tensor",
    composed=_turned,
    grad_name="Rot90Backward0",
    **_HIDDEN,
)
def _rot90(g, k, dims):
    """torch.rot90 of what fits, k from 0 to 3."""
    return _rot90(g, -k % 4, dims)
