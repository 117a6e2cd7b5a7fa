"""`make_tensor`: random tensors of any dtype within bounds, in torch's order of draws."""

import math
import warnings

import wengert as wg


def _bounds(dtype, low, high):
    """The range of values, as torch chooses and clips it."""
    if dtype is wg.bool:
        defaults, extremes = (0, 2), (0, 2)
    elif dtype is wg.uint8:
        defaults, extremes = (0, 10), (0, 256)
    elif not (dtype.is_floating_point or dtype.is_complex):
        info = wg.iinfo(dtype)
        defaults, extremes = (-9, 10), (info.min, info.max + (dtype is not wg.int64))
    else:
        info = wg.finfo(dtype)
        defaults, extremes = (-9, 9), (info.min, info.max)
    low = defaults[0] if low is None else low
    high = defaults[1] if high is None else high
    if low != low or high != high:
        raise ValueError(f"`low` and `high` cannot be NaN, but got low={low!r} and high={high!r}")
    if low == high and (dtype.is_floating_point or dtype.is_complex):
        warnings.warn(
            "Passing `low==high` to `torch.testing.make_tensor` for floating or complex types is deprecated since 2.1 and "
            "will be removed in 2.3. Use `torch.full(...)` instead.",
            FutureWarning,
            stacklevel=3,
        )
    elif low >= high:
        raise ValueError(f"`low` must be less than `high`, but got {low} >= {high}")
    elif high < extremes[0] or low >= extremes[1]:
        raise ValueError(
            f"The value interval specified by `low` and `high` is [{low}, {high}), but {dtype} only supports "
            f"[{extremes[0]}, {extremes[1]})"
        )
    return max(low, extremes[0]), min(high, extremes[1])


def _draw(result, low, high):
    """Fills with uniform numbers, also of a range that is wider than the largest number."""
    if high - low >= wg.finfo(result.dtype).max:
        return result.uniform_(low / 2, high / 2).mul_(2)
    return result.uniform_(low, high)


def _fill(shape, dtype, low, high):
    """A tensor with values drawn as torch draws them."""
    if dtype.is_complex:
        result = wg.empty(shape, dtype=dtype)
        _draw(wg.view_as_real(result), low, high)
        return result
    if dtype.is_floating_point:
        return _draw(wg.empty(shape, dtype=dtype), low, high)
    return wg.randint(math.ceil(low), math.ceil(high), shape, dtype=dtype)


def make_tensor(
    *shape,
    dtype,
    device,
    low=None,
    high=None,
    requires_grad=False,
    noncontiguous=False,
    exclude_zero=False,
    memory_format=None,
):
    """A tensor of the given shape with values in [low, high): [-9, 9) for floats, -9 … 9 for integers by default.

    >>> import wengert
    >>> make_tensor(2, 3, dtype=wengert.int64, device="cpu").shape
    torch.Size([2, 3])
    """
    if len(shape) == 1 and not isinstance(shape[0], int):
        shape = tuple(shape[0])
    if noncontiguous and memory_format is not None:
        raise ValueError(
            "The parameters `noncontiguous` and `memory_format` are mutually exclusive, but got "
            f"noncontiguous={noncontiguous!r} and memory_format={memory_format!r}"
        )
    if requires_grad and not (dtype.is_floating_point or dtype.is_complex):
        raise ValueError(
            f"`requires_grad=True` is not supported for boolean and integral dtypes, but got dtype={dtype!r}"
        )
    spread = noncontiguous and wg.Size(shape).numel() > 1
    drawn = (*shape[:-1], 2 * shape[-1]) if spread else tuple(shape)
    result = _fill(drawn, dtype, *_bounds(dtype, low, high))
    if spread:
        result = result[..., 1::2]
    elif memory_format is not None:
        result = result.clone(memory_format=memory_format)
    if exclude_zero:
        floating = dtype.is_floating_point or dtype.is_complex
        result[result == 0] = wg.finfo(dtype).tiny if floating else 1
    return result.requires_grad_(True) if requires_grad else result
