"""Inverse of max pooling, and pooling over windows of random sizes."""

import wengert as wg

from ._native import tuple_of


def _unpool_output_size(input, kernel_size, stride, padding, output_size):
    """The sizes to unpool to; output_size may be None, and has to be within one stride of the default."""
    n = len(kernel_size)
    default = [(input.size(d - n) - 1) * stride[d] + kernel_size[d] - 2 * padding[d] for d in range(n)]
    if output_size is None:
        ret = default
    else:
        if len(output_size) == n + 2:
            output_size = output_size[2:]
        if len(output_size) != n:
            raise ValueError(
                f"output_size should be a sequence containing {n} or {n + 2} elements, "
                f"but it has a length of '{len(output_size)}'"
            )
        for d in range(n):
            min_size, max_size = default[d] - stride[d], default[d] + stride[d]
            if not min_size < output_size[d] < max_size:
                raise ValueError(
                    f'invalid output_size "{output_size}" (dim {d} must be between {min_size} and {max_size})'
                )
        ret = list(output_size)
    for d in range(n):
        if ret[d] < 0:
            raise ValueError(
                "max_unpooling: output_size must contain non-negative spatial dimensions, but got"
                f" output_size[{d}]={ret[d]}"
            )
    return ret


def _max_unpool(input, indices, kernel_size, stride, padding, output_size, n):
    kernel_size = tuple_of(kernel_size, n)
    stride = kernel_size if stride is None else tuple_of(stride, n)
    sizes = _unpool_output_size(input, kernel_size, stride, tuple_of(padding, n), output_size)
    if indices.dtype != wg.int64:
        raise RuntimeError(f"elements in indices should be type int64 but got: {_scalar_name(indices)}")
    if input.shape != indices.shape:
        raise RuntimeError(
            f"Expected shape of indices to be same as that of the input tensor ({list(input.shape)}) but got indices"
            f" tensor with shape: {list(indices.shape)}"
        )
    if len(sizes) != n:
        words = {
            1: "one element (width)",
            2: "two elements (height, width)",
            3: "three elements (depth, height, width)",
        }
        raise RuntimeError(f"There should be exactly {words[n]} in output_size, but got {len(sizes)} elements.")
    lead = input.shape[:-n]
    count = 1
    for size in sizes:
        count *= size
    flat = indices.flatten(-n)
    known = wg.func.debug_unwrap(flat)  # also within vmap
    if known.numel() and (int(known.min()) < 0 or int(known.max()) >= count):
        bad = known[(known < 0) | (known >= count)].reshape(-1)[0].item()
        raise RuntimeError(
            f"Found an invalid max index: {bad} (output volumes are of size {'x'.join(map(str, sizes))})"
        )
    out = input.new_zeros((*lead, count)).scatter(-1, flat, input.flatten(-n)).reshape(*lead, *sizes)
    if n == 2 and not input.is_contiguous() and input.is_contiguous(memory_format=wg.channels_last):
        return out.contiguous(memory_format=wg.channels_last)
    return out


def _scalar_name(t):
    return {wg.int32: "Int", wg.float32: "Float", wg.float64: "Double"}.get(t.dtype, str(t.dtype))


def max_unpool1d(input, indices, kernel_size, stride=None, padding=0, output_size=None):
    """Put the values back where max_pool1d's indices say, zeros elsewhere.

    >>> max_unpool1d(wg.tensor([[[3.0]]]), wg.tensor([[[1]]]), 2)
    tensor([[[0., 3.]]])
    """
    return _max_unpool(input, indices, kernel_size, stride, padding, output_size, 1)


def max_unpool2d(input, indices, kernel_size, stride=None, padding=0, output_size=None):
    """max_unpool1d for (N, C, H, W).

    >>> max_unpool2d(wg.tensor([[[[3.0]]]]), wg.tensor([[[[1]]]]), 2).shape
    torch.Size([1, 1, 2, 2])
    """
    return _max_unpool(input, indices, kernel_size, stride, padding, output_size, 2)


def max_unpool3d(input, indices, kernel_size, stride=None, padding=0, output_size=None):
    """max_unpool1d for (N, C, D, H, W).

    >>> max_unpool3d(wg.ones(1, 1, 1, 1, 1), wg.zeros(1, 1, 1, 1, 1, dtype=wg.int64), 2).shape
    torch.Size([1, 1, 2, 2, 2])
    """
    return _max_unpool(input, indices, kernel_size, stride, padding, output_size, 3)


def _window_starts(sample, size, out, kernel):
    """Starts of the `out` random windows in a dimension of `size`, one row for each element of `sample`."""
    if out <= 1:
        return wg.full((*sample.shape, out), size - kernel, dtype=wg.int64)
    alpha = (size - kernel) / (out - 1)
    steps = wg.arange(out - 1, dtype=sample.dtype)
    inner = ((steps + sample.unsqueeze(-1)) * alpha).long() - (sample.unsqueeze(-1) * alpha).long()
    return wg.cat([inner, wg.full((*sample.shape, 1), size - kernel, dtype=wg.int64)], -1)


def _check_fractional(input, kernel, out, n):
    """torch's refusals of empty inputs and of windows that do not fit."""
    name = "fractional_max_pool2d()" if n == 2 else "fractional_max_pool3d_out()"
    first = 1 if input.dim() == n + 2 else 0
    for d in range(first, input.dim()):
        if input.size(d) == 0:
            raise RuntimeError(
                f"{name}: Expected input to have non-zero size for non-batch dimensions, but got{list(input.shape)}"
                f" with dimension {d} being empty."
            )
    for what, size, k, o in zip(("time", "height", "width")[3 - n :], input.shape[-n:], kernel, out):
        if o + k - 1 > size:
            raise RuntimeError(f"{name}: pool {what} {k} too large relative to input {what} {size}")


def _sizes(name, what, value, n):
    """An int for every dim, or one for each."""
    if isinstance(value, int):
        return (value,) * n
    if len(value) != n:
        raise RuntimeError(f"{name}: {what} must either be a single Int or tuple of {'three ' * (n == 3)}Ints")
    return tuple(value)


def _fractional(input, kernel_size, output_size, output_ratio, samples, n):
    name = f"fractional_max_pool{n}d"
    if output_size is None and output_ratio is None:
        raise ValueError(f"{name} requires specifying either an output_size or an output_ratio")
    if output_size is None:
        if n == 2 and not isinstance(output_ratio, (int, float)) and len(output_ratio) > 2:
            raise ValueError(f"{name} requires output_ratio to either be a single Int or tuple of Ints.")
        ratio = (output_ratio,) * n if isinstance(output_ratio, (int, float)) else output_ratio
        output_size = [int(input.size(d - n) * ratio[d]) for d in range(n)]
    kernel = _sizes(name, "kernel_size", kernel_size, n)
    out = _sizes(name, "output_size", output_size, n)
    batched = input.dim() == n + 2
    _check_fractional(input, kernel, out, n)
    x = input if batched else input.unsqueeze(0)
    if samples is None:
        samples = wg.rand(x.size(0), x.size(1), n, dtype=input.dtype)
    elif samples.size(0) < x.size(0):
        raise RuntimeError("Expect _random_samples.size(0) no less then input batch size.")
    elif samples.size(1) != x.size(1):
        raise RuntimeError("Expect _random_samples.size(1) equals to input channel size.")
    elif samples.size(2) != n:
        raise RuntimeError(f"Expect _random_samples.size(2) equals to {n}; got {samples.size(2)}.")
    samples = samples[: x.size(0)]
    sizes = x.shape[2:]
    order = range(n) if n == 3 else (1, 0)  # in two dimensions the first sample belongs to the width
    where = None
    for d in range(n):
        starts = _window_starts(samples[..., order[d]], sizes[d], out[d], kernel[d])
        index = starts.unsqueeze(-1) + wg.arange(kernel[d])
        lead = x.shape[:2]
        shape = [1] * (2 * n)
        shape[d], shape[n + d] = out[d], kernel[d]
        index = index.reshape(*lead, *shape)
        where = index if where is None else where * sizes[d] + index
    window = 1
    for k in kernel:
        window *= k
    where = where.reshape(*x.shape[:2], *out, window)
    flat = x.flatten(2)
    windows = flat.gather(2, where.flatten(2)).reshape(where.shape)
    best = windows.detach().argmax(-1, keepdim=True)
    values, indices = windows.gather(-1, best).squeeze(-1), where.gather(-1, best).squeeze(-1)
    return (values, indices) if batched else (values.squeeze(0), indices.squeeze(0))


def fractional_max_pool2d_with_indices(
    input, kernel_size, output_size=None, output_ratio=None, return_indices=False, _random_samples=None
):
    """fractional_max_pool2d with the position of each maximum."""
    return _fractional(input, kernel_size, output_size, output_ratio, _random_samples, 2)


def fractional_max_pool2d(
    input, kernel_size, output_size=None, output_ratio=None, return_indices=False, _random_samples=None
):
    """Max pooling over windows at random starts, to output_size or output_ratio times the input's size.

    >>> fractional_max_pool2d(wg.ones(1, 1, 5, 5), 2, output_size=3).shape
    torch.Size([1, 1, 3, 3])
    """
    out = _fractional(input, kernel_size, output_size, output_ratio, _random_samples, 2)
    return out if return_indices else out[0]


def fractional_max_pool3d_with_indices(
    input, kernel_size, output_size=None, output_ratio=None, return_indices=False, _random_samples=None
):
    """fractional_max_pool3d with the position of each maximum."""
    return _fractional(input, kernel_size, output_size, output_ratio, _random_samples, 3)


def fractional_max_pool3d(
    input, kernel_size, output_size=None, output_ratio=None, return_indices=False, _random_samples=None
):
    """fractional_max_pool2d for (N, C, D, H, W).

    >>> fractional_max_pool3d(wg.ones(1, 1, 5, 5, 5), 2, output_size=3).shape
    torch.Size([1, 1, 3, 3, 3])
    """
    out = _fractional(input, kernel_size, output_size, output_ratio, _random_samples, 3)
    return out if return_indices else out[0]
