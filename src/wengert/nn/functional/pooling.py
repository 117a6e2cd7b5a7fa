"""Max, average, power-average and adaptive pooling."""

from ._native import native, tuple_of

_max = {n: native(f"max_pool{n}d") for n in (1, 2, 3)}
_max_indices = {n: native(f"max_pool{n}d_with_indices") for n in (1, 2, 3)}
_avg1, _avg2, _avg3 = native("avg_pool1d"), native("avg_pool2d"), native("avg_pool3d")
_adaptive_max = {n: native(f"adaptive_max_pool{n}d") for n in (1, 2, 3)}
_adaptive_avg = {n: native(f"adaptive_avg_pool{n}d") for n in (1, 2, 3)}


def _stride(stride):
    return [] if stride is None else stride


def max_pool1d_with_indices(
    input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False
):
    """max_pool1d that also gives the position of each maximum."""
    return _max_indices[1](input, kernel_size, _stride(stride), padding, dilation, ceil_mode)


def max_pool1d(input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False):
    """Maximum over sliding windows of (N, C, L); stride defaults to kernel_size.

    >>> import wengert as wg
    >>> max_pool1d(wg.tensor([[1.0, 3.0, 2.0, 0.0]]), 2)
    tensor([[3., 2.]])
    """
    table = _max_indices if return_indices else _max
    return table[1](input, kernel_size, _stride(stride), padding, dilation, ceil_mode)


def max_pool2d_with_indices(
    input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False
):
    """max_pool2d that also gives the position of each maximum, counted in its plane."""
    return _max_indices[2](input, kernel_size, _stride(stride), padding, dilation, ceil_mode)


def max_pool2d(input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False):
    """Maximum over sliding windows of (N, C, H, W); stride defaults to kernel_size.

    >>> import wengert as wg
    >>> max_pool2d(wg.ones(1, 1, 4, 4), 2).shape
    torch.Size([1, 1, 2, 2])
    """
    table = _max_indices if return_indices else _max
    return table[2](input, kernel_size, _stride(stride), padding, dilation, ceil_mode)


def max_pool3d_with_indices(
    input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False
):
    """max_pool3d that also gives the position of each maximum, counted in its volume."""
    return _max_indices[3](input, kernel_size, _stride(stride), padding, dilation, ceil_mode)


def max_pool3d(input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False):
    """Maximum over sliding windows of (N, C, D, H, W); stride defaults to kernel_size.

    >>> import wengert as wg
    >>> max_pool3d(wg.ones(1, 1, 4, 4, 4), 2).shape
    torch.Size([1, 1, 2, 2, 2])
    """
    table = _max_indices if return_indices else _max
    return table[3](input, kernel_size, _stride(stride), padding, dilation, ceil_mode)


def avg_pool1d(input, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True):
    """Mean over sliding windows of (N, C, L).

    >>> import wengert as wg
    >>> avg_pool1d(wg.tensor([[1.0, 3.0]]), 2)
    tensor([[2.]])
    """
    return _avg1(input, kernel_size, _stride(stride), padding, ceil_mode, count_include_pad)


def avg_pool2d(
    input, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True, divisor_override=None,
    *, out=None,
):  # fmt: skip
    """Mean over sliding windows of (N, C, H, W); divisor_override replaces the window's size.

    >>> import wengert as wg
    >>> avg_pool2d(wg.ones(1, 1, 4, 4), 2).shape
    torch.Size([1, 1, 2, 2])
    """
    args = (kernel_size, _stride(stride), padding, ceil_mode, count_include_pad, divisor_override)
    return _avg2(input, *args) if out is None else _avg2(input, *args, out=out)


def avg_pool3d(
    input, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True, divisor_override=None,
    *, out=None,
):  # fmt: skip
    """Mean over sliding windows of (N, C, D, H, W).

    >>> import wengert as wg
    >>> avg_pool3d(wg.ones(1, 1, 4, 4, 4), 2).shape
    torch.Size([1, 1, 2, 2, 2])
    """
    args = (kernel_size, _stride(stride), padding, ceil_mode, count_include_pad, divisor_override)
    return _avg3(input, *args) if out is None else _avg3(input, *args, out=out)


def _power_average(input, norm_type, kernel_size, stride, ceil_mode, n, pool):
    kernel = tuple_of(kernel_size, n)
    count = 1
    for k in kernel:
        count *= k
    mean = pool(input.pow(norm_type), kernel_size, stride, 0, ceil_mode)
    return (mean.sign() * mean.abs().relu()).mul(count).pow(1.0 / norm_type)


def lp_pool1d(input, norm_type, kernel_size, stride=None, ceil_mode=False):
    """(sum of x ** p over windows) ** (1 / p) of (N, C, L).

    >>> import wengert as wg
    >>> lp_pool1d(wg.tensor([[3.0, 4.0]]), 2, 2)
    tensor([[5.]])
    """
    return _power_average(input, norm_type, kernel_size, stride, ceil_mode, 1, avg_pool1d)


def lp_pool2d(input, norm_type, kernel_size, stride=None, ceil_mode=False):
    """lp_pool1d for (N, C, H, W).

    >>> import wengert as wg
    >>> lp_pool2d(wg.ones(1, 1, 2, 2), 1, 2)
    tensor([[[[4.]]]])
    """
    return _power_average(input, norm_type, kernel_size, stride, ceil_mode, 2, avg_pool2d)


def lp_pool3d(input, norm_type, kernel_size, stride=None, ceil_mode=False):
    """lp_pool1d for (N, C, D, H, W).

    >>> import wengert as wg
    >>> lp_pool3d(wg.ones(1, 1, 2, 2, 2), 1, 2).item()
    8.0
    """
    return _power_average(input, norm_type, kernel_size, stride, ceil_mode, 3, avg_pool3d)


def _with_defaults(output_size, input, n, kind):
    """output_size with None replaced by the input's own size; `kind` ("avg" or "max") words the refusals."""
    if isinstance(output_size, int):
        return (output_size,) * n
    out = tuple(output_size)
    if len(out) != n:
        name = f"adaptive_{kind}_pool{n}d"
        if n == 1:
            raise RuntimeError(f"{name}() argument 'output_size' should contain one int (got {len(out)})")
        if kind == "max":
            raise RuntimeError(f"{name}(): internal error: output_size.size() must be {n}")
        raise RuntimeError(f"{name}: output_size must be {n}")
    if len(input.shape) <= len(out):
        raise ValueError(f"Input dimension should be at least {len(out) + 1}")
    sizes = input.shape[-len(out) :]
    return tuple(size if wanted is None else wanted for wanted, size in zip(out, sizes))


def _adaptive_max_pool(input, output_size, return_indices, n):
    out = _adaptive_max[n](input, _with_defaults(output_size, input, n, "max"))
    return out if return_indices else out[0]


def adaptive_max_pool1d(input, output_size, return_indices=False):
    """Max pooling of (N, C, L) to the length `output_size`.

    >>> import wengert as wg
    >>> adaptive_max_pool1d(wg.ones(1, 1, 6), 2).shape
    torch.Size([1, 1, 2])
    """
    return _adaptive_max_pool(input, output_size, return_indices, 1)


def adaptive_max_pool2d(input, output_size, return_indices=False):
    """Max pooling of (N, C, H, W) to output_size (None keeps a size).

    >>> import wengert as wg
    >>> adaptive_max_pool2d(wg.ones(1, 1, 6, 6), (2, None)).shape
    torch.Size([1, 1, 2, 6])
    """
    return _adaptive_max_pool(input, output_size, return_indices, 2)


def adaptive_max_pool3d(input, output_size, return_indices=False):
    """Max pooling of (N, C, D, H, W) to output_size (None keeps a size).

    >>> import wengert as wg
    >>> adaptive_max_pool3d(wg.ones(1, 1, 6, 6, 6), 2).shape
    torch.Size([1, 1, 2, 2, 2])
    """
    return _adaptive_max_pool(input, output_size, return_indices, 3)


def adaptive_max_pool1d_with_indices(input, output_size, return_indices=False):
    """adaptive_max_pool1d with the position of each maximum."""
    return _adaptive_max_pool(input, output_size, True, 1)


def adaptive_max_pool2d_with_indices(input, output_size, return_indices=False):
    """adaptive_max_pool2d with the position of each maximum."""
    return _adaptive_max_pool(input, output_size, True, 2)


def adaptive_max_pool3d_with_indices(input, output_size, return_indices=False):
    """adaptive_max_pool3d with the position of each maximum."""
    return _adaptive_max_pool(input, output_size, True, 3)


def adaptive_avg_pool1d(input, output_size):
    """Average pooling of (N, C, L) to the length `output_size`.

    >>> import wengert as wg
    >>> adaptive_avg_pool1d(wg.tensor([[1.0, 3.0]]), 1)
    tensor([[2.]])
    """
    return _adaptive_avg[1](input, _with_defaults(output_size, input, 1, "avg"))


def adaptive_avg_pool2d(input, output_size):
    """Average pooling of (N, C, H, W) to output_size (None keeps a size).

    >>> import wengert as wg
    >>> adaptive_avg_pool2d(wg.ones(1, 1, 6, 6), 1)
    tensor([[[[1.]]]])
    """
    return _adaptive_avg[2](input, _with_defaults(output_size, input, 2, "avg"))


def adaptive_avg_pool3d(input, output_size):
    """Average pooling of (N, C, D, H, W) to output_size (None keeps a size).

    >>> import wengert as wg
    >>> adaptive_avg_pool3d(wg.ones(1, 1, 6, 6, 6), 2).shape
    torch.Size([1, 1, 2, 2, 2])
    """
    return _adaptive_avg[3](input, _with_defaults(output_size, input, 3, "avg"))
