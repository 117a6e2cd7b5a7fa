"""Pooling and folding written with strided slices, for a core that has no kernel of its own for them."""

from itertools import product

import wengert as wg

from ._native import tuple_of


def _out_size(size, kernel, stride, padding, dilation, ceil_mode=False):
    """The number of windows in one dimension."""
    reach = dilation * (kernel - 1)
    room = size + 2 * padding - reach - 1
    count = (room + (stride - 1 if ceil_mode else 0)) // stride + 1
    if ceil_mode and (count - 1) * stride >= size + padding:
        count -= 1  # the last window would start in the padding on the right
    return count


def _padded(x, low, high, value=0.0):
    """The last dimensions grown by `low` and `high`."""
    n = len(low)
    if not any(low) and not any(high):
        return x
    pads = [p for d in range(n - 1, -1, -1) for p in (low[d], high[d])]
    return wg.nn.functional.pad(x, pads, value=value)


def _slices(kernel, stride, dilation, out):
    """For every place in the kernel: the index that picks the window elements at that place."""
    for place in product(*(range(k) for k in kernel)):
        starts = [p * d for p, d in zip(place, dilation)]
        yield (..., *(slice(a, a + (o - 1) * s + 1, s) for a, o, s in zip(starts, out, stride)))


def _check_settings(kernel, stride, padding, dilation):
    for name, values in (("kernel_size", kernel), ("stride", stride), ("dilation", dilation)):
        if any(v <= 0 for v in values):
            raise RuntimeError(f"{name} should be greater than zero, but got {name}={list(values)}")
    if any(p < 0 for p in padding):
        raise RuntimeError("pad must be non-negative, but got pad: " + str(min(padding)))


def _windows(x, kernel, stride, padding, dilation, ceil_mode=False, value=0.0):
    """x (…, *spatial) as (K, …, *out): one slab for every place in the kernel."""
    n = len(kernel)
    _check_settings(kernel, stride, padding, dilation)
    sizes = x.shape[-n:]
    out = [_out_size(*args, ceil_mode) for args in zip(sizes, kernel, stride, padding, dilation)]
    if any(o <= 0 for o in out):
        raise RuntimeError(
            f"Given input size: {tuple(sizes)}. Calculated output size: {tuple(out)}. Output size is too small"
        )
    high = [
        max((o - 1) * s + d * (k - 1) + 1 - size - p, 0)
        for o, s, d, k, size, p in zip(out, stride, dilation, kernel, sizes, padding)
    ]
    x = _padded(x, padding, high, value)
    return wg.stack([x[index] for index in _slices(kernel, stride, dilation, out)]), out


def _scatter_slabs(slabs, sizes, kernel, stride, padding, dilation):
    """The adjoint of _windows without ceil_mode: slabs (K, …, *out) summed into (…, *sizes)."""
    out = slabs.shape[-len(kernel) :]
    need = [
        max((o - 1) * s + d * (k - 1) + 1, size + 2 * p)
        for o, s, d, k, size, p in zip(out, stride, dilation, kernel, sizes, padding)
    ]
    whole = slabs.new_zeros((*slabs.shape[1 : -len(kernel)], *need))
    for slab, index in zip(slabs.unbind(0), _slices(kernel, stride, dilation, out)):
        whole[index] += slab
    return whole[(..., *(slice(p, p + size) for p, size in zip(padding, sizes)))]


def im2col(self, kernel_size, dilation, padding, stride):
    kernel, dilation, padding, stride = (tuple_of(v, 2) for v in (kernel_size, dilation, padding, stride))
    slabs, _ = _windows(self, kernel, stride, padding, dilation)
    return slabs.movedim(0, -3).flatten(-2).flatten(-3, -2)


def col2im(self, output_size, kernel_size, dilation, padding, stride):
    sizes, kernel, dilation, padding, stride = (
        tuple_of(v, 2) for v in (output_size, kernel_size, dilation, padding, stride)
    )
    out = [_out_size(*args) for args in zip(sizes, kernel, stride, padding, dilation)]
    count = kernel[0] * kernel[1]
    lead, channels = self.shape[:-2], self.size(-2) // count
    if self.size(-2) % count or self.size(-1) != out[0] * out[1]:
        raise RuntimeError(
            f"Given output_size={sizes}, kernel_size={kernel}, dilation={dilation}, padding={padding}, stride={stride},"
            f" expected size of input's dimension 2 to match the calculated number of sliding blocks {out[0]} *"
            f" {out[1]} = {out[0] * out[1]}, but got input.size(2)={self.size(-1)}."
        )
    slabs = self.reshape(*lead, channels, count, *out).movedim(-3, 0)
    return _scatter_slabs(slabs, sizes, kernel, stride, padding, dilation)


# -- pooling -------------------------------------------------------------------------------------------------------


def _check_half(kernel, padding, dilation):
    for k, p, d in zip(kernel, padding, dilation):
        if p > (d * (k - 1) + 1) // 2:
            raise RuntimeError(
                "pad should be at most half of effective kernel size, but got pad="
                f"{p}, kernel_size={k} and dilation={d}"
            )


def _max_pool_both(n):
    def pool(self, kernel_size, stride=(), padding=0, dilation=1, ceil_mode=False):
        kernel = tuple_of(kernel_size, n)
        stride = kernel if not isinstance(stride, int) and len(stride) == 0 else tuple_of(stride, n)
        padding, dilation = tuple_of(padding, n), tuple_of(dilation, n)
        _check_half(kernel, padding, dilation)
        if 0 in self.shape[-n - 1 :]:
            raise RuntimeError(
                f"max_pool{n}d: Expected input's non-batch dimensions to have positive length, but input has a shape of"
                f" {list(self.shape)}"
            )
        low = float("-inf") if self.is_floating_point() else wg.iinfo(self.dtype).min
        slabs, out = _windows(self, kernel, stride, padding, dilation, ceil_mode, low)
        best = slabs.detach().argmax(0, keepdim=True)
        values = slabs.gather(0, best).squeeze(0)
        best = best.squeeze(0)
        flat = wg.zeros_like(best)
        for d in range(n):
            inner = 1
            for k in kernel[d + 1 :]:
                inner *= k
            place = best.div(inner, rounding_mode="floor") % kernel[d]
            starts = (wg.arange(out[d]) * stride[d] - padding[d]).reshape(-1, *([1] * (n - 1 - d)))
            flat = flat * self.size(d - n) + starts + place * dilation[d]
        return values, flat

    return pool


def _max_pool_values(both):
    def pool(self, kernel_size, stride=(), padding=0, dilation=1, ceil_mode=False):
        return both(self, kernel_size, stride, padding, dilation, ceil_mode)[0]

    return pool


max_pool1d_with_indices, max_pool2d_with_indices, max_pool3d_with_indices = (_max_pool_both(n) for n in (1, 2, 3))
max_pool1d, max_pool2d, max_pool3d = (
    _max_pool_values(both) for both in (max_pool1d_with_indices, max_pool2d_with_indices, max_pool3d_with_indices)
)


def _avg_pool(n):
    def pool(self, kernel_size, stride=(), padding=0, ceil_mode=False, count_include_pad=True, divisor_override=None):
        kernel = tuple_of(kernel_size, n)
        stride = kernel if not isinstance(stride, int) and len(stride) == 0 else tuple_of(stride, n)
        padding = tuple_of(padding, n)
        _check_half(kernel, padding, (1,) * n)
        if divisor_override == 0:
            raise RuntimeError("divisor must be not zero")
        slabs, out = _windows(self, kernel, stride, padding, (1,) * n, ceil_mode)
        total = slabs.sum(0)
        if divisor_override is not None:
            return total / divisor_override
        counts = None
        for d in range(n):
            size, k, p = self.size(d - n), kernel[d], padding[d]
            starts = wg.arange(out[d]) * stride[d] - p
            ends = (starts + k).clamp(max=size + p)
            if not count_include_pad:
                starts, ends = starts.clamp(min=0), ends.clamp(max=size)
            row = (ends - starts).to(self.dtype).reshape(-1, *([1] * (n - 1 - d)))
            counts = row if counts is None else counts * row
        return total / counts

    return pool


avg_pool1d, avg_pool2d, avg_pool3d = (_avg_pool(n) for n in (1, 2, 3))


def _bins(size, out):
    """The start and end of every bin of an adaptive pooling."""
    return [(i * size // out, -(-(i + 1) * size // out)) for i in range(out)]


def _adaptive_avg(n):
    def pool(self, output_size):
        x = self
        for d, out in enumerate(tuple_of(output_size, n)):
            dim = d - n
            means = [x.narrow(dim, a, b - a).mean(dim, keepdim=True) for a, b in _bins(x.size(dim), out)]
            x = wg.cat(means, dim)
        return x

    return pool


def _adaptive_max(n):
    def pool(self, output_size):
        sizes = self.shape[-n:]
        values, indices = [], []
        lead = self.shape[: self.dim() - n]
        bins = [_bins(size, out) for size, out in zip(sizes, tuple_of(output_size, n))]
        for place in product(*bins):
            part = self[(..., *(slice(a, b) for a, b in place))]
            best = part.detach().reshape(*lead, -1).argmax(-1, keepdim=True)
            values.append(part.reshape(*lead, -1).gather(-1, best))
            indices.append(_position(best, place, sizes))
        shape = (*lead, *(len(b) for b in bins))
        return wg.cat(values, -1).reshape(shape), wg.cat(indices, -1).reshape(shape)

    return pool


def _position(best, place, sizes):
    """The position in the whole input of the position `best` in the part `place` of it."""
    flat, inner = wg.zeros_like(best), 1
    for (a, b), size in reversed(list(zip(place, sizes))):
        flat = flat + (best % (b - a) + a) * inner
        best = best.div(b - a, rounding_mode="floor")
        inner *= size
    return flat


adaptive_avg_pool1d, adaptive_avg_pool2d, adaptive_avg_pool3d = (_adaptive_avg(n) for n in (1, 2, 3))
adaptive_max_pool1d, adaptive_max_pool2d, adaptive_max_pool3d = (_adaptive_max(n) for n in (1, 2, 3))
