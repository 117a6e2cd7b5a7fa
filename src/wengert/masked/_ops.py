"""The functions of torch.masked: each fills what the mask leaves out with the value that does not count."""

import wengert as wg

_INFINITY = float("inf")


def _expanded(input, mask):
    if mask.ndim > input.ndim:
        raise IndexError("_input_mask expected broadcastable mask (got mask dimensionality higher than of the input)")
    if mask.layout is not wg.strided:
        mask = mask.to_dense()
    return wg.broadcast_to(mask, input.shape).to(wg.bool)


def _filled(input, mask, value):
    return input if mask is None else wg.where(_expanded(input, mask), input, input.new_full((), value))


def _dims(dim, ndim):
    """The dims as a tuple of non-negative numbers; None and () are all."""
    if dim is None or (isinstance(dim, (tuple, list)) and not dim):
        return tuple(range(ndim))
    dims = []
    for d in (dim,) if isinstance(dim, int) else dim:
        bound = max(ndim, 1)
        if not -bound <= d < bound:
            raise IndexError(
                f"Dimension out of range (expected to be in range of [{-bound}, {bound - 1}], but got {d})"
            )
        if d % bound in dims:
            raise RuntimeError(f"dim={d % bound} appears multiple times in the list of dims")
        dims.append(d % bound)
    return tuple(dims) if ndim else ()


_canonical_dim = _dims  # as torch calls it


def _input_mask(input, *args, mask=None, **kwargs):
    """The mask of a function's input, of its shape; ValueError without one."""
    if mask is None:
        raise ValueError("_input_mask requires explicit mask")
    return _expanded(input, mask)


_BY_ELEMENTS = frozenset(("softmax", "log_softmax", "softmin", "normalize", "cumsum", "cumprod"))


def _output_mask(op, input, *args, mask=None, dim=None, keepdim=False, **kwargs):
    """Where the result of op(input, *args, mask=mask, ...) is made of elements that count."""
    counts = wg.ones(input.shape, dtype=wg.bool) if mask is None else _expanded(input, mask)
    if op.__name__ in _BY_ELEMENTS:
        return counts
    positional = args[1:] if op.__name__ == "norm" else args  # behind the order
    dims = _dims(positional[0] if positional else dim, input.ndim)
    return counts.any(dims, keepdim) if dims else counts


def _where(mask, input, fill_value):
    """input where mask is true, fill_value elsewhere."""
    return wg.where(mask, input, fill_value)


def _least(dtype):
    if dtype.is_floating_point:
        return -_INFINITY
    return False if dtype is wg.bool else wg.iinfo(dtype).min


def _greatest(dtype):
    if dtype.is_floating_point:
        return _INFINITY
    return True if dtype is wg.bool else wg.iinfo(dtype).max


def _cast(input, dtype, integers=None):
    """input in dtype; integers in the dtype `integers` when none is asked for."""
    if dtype is None and integers is not None and not (input.is_floating_point() or input.is_complex()):
        dtype = integers
    return input if dtype is None else input.to(dtype)


def sum(input, dim=None, *, keepdim=False, dtype=None, mask=None):
    """The sum over dims of the elements where mask is true; 0 where there is none.

    >>> wg.masked.sum(wg.ones(3), mask=wg.tensor([True, False, True]))
    tensor(2.)
    """
    input = _filled(_cast(input, dtype, wg.int64), mask, 0)
    dims = _dims(dim, input.ndim)
    return input.sum(dims, keepdim) if dims else input.sum()


def prod(input, dim=None, *, keepdim=False, dtype=None, mask=None):
    """The product over dims of the elements where mask is true; 1 where there is none."""
    input = _filled(_cast(input, dtype, wg.int64), mask, 1)
    for d in sorted(_dims(dim, input.ndim), reverse=True):
        input = input.prod(d, keepdim)
    return input if input.ndim or keepdim else input.clone()


def cumsum(input, dim, *, dtype=None, mask=None):
    """Running sums over a dim of the elements where mask is true."""
    return _filled(input, mask, 0).cumsum(_one(dim, input.ndim), dtype=dtype or input.dtype)


def cumprod(input, dim, *, dtype=None, mask=None):
    """Running products over a dim of the elements where mask is true."""
    return _filled(input, mask, 1).cumprod(_one(dim, input.ndim), dtype=dtype or input.dtype)


def _one(dim, ndim):
    dims = _dims(dim, ndim)
    return dims[0] if dims else 0


def amax(input, dim=None, *, keepdim=False, dtype=None, mask=None):
    """The largest element over dims where mask is true."""
    input = _cast(input, dtype)
    dims = _dims(dim, input.ndim)
    return _filled(input, mask, _least(input.dtype) if mask is not None else 0).amax(dims, keepdim)


def amin(input, dim=None, *, keepdim=False, dtype=None, mask=None):
    """The smallest element over dims where mask is true."""
    input = _cast(input, dtype)
    dims = _dims(dim, input.ndim)
    return _filled(input, mask, _greatest(input.dtype) if mask is not None else 0).amin(dims, keepdim)


def argmax(input, dim=None, *, keepdim=False, dtype=None, mask=None):
    """The index of the largest element where mask is true."""
    input = _cast(input, dtype)
    found = _filled(input, mask, _least(input.dtype) if mask is not None else 0).argmax(dim, keepdim)
    return found.to(input.dtype)  # as torch has it


def argmin(input, dim=None, *, keepdim=False, dtype=None, mask=None):
    """The index of the smallest element where mask is true."""
    input = _cast(input, dtype)
    found = _filled(input, mask, _greatest(input.dtype) if mask is not None else 0).argmin(dim, keepdim)
    return found.to(input.dtype)


def _count(input, dims, keepdim, mask):
    ones = wg.ones(input.shape, dtype=wg.int64)
    return sum(ones, dims, keepdim=keepdim, mask=mask)


def mean(input, dim=None, *, keepdim=False, dtype=None, mask=None):
    """The mean over dims of the elements where mask is true; nan where there is none."""
    if dtype is None and not (input.is_floating_point() or input.is_complex()):
        raise ValueError(
            "mean(): Could not infer output dtype. Input dtype must be either a floating point or complex dtype. "
            f"Got: {input.dtype}"
        )
    input = _cast(input, dtype)
    dims = _dims(dim, input.ndim)
    return (sum(input, dims, keepdim=keepdim, mask=mask) / _count(input, dims, keepdim, mask)).to(input.dtype)


def median(input, dim=-1, *, keepdim=False, dtype=None, mask=None):
    """The median over a dim of the elements where mask is true (the lower of two)."""
    input = _cast(input, dtype)
    flat = dim is None
    d = _one(-1 if flat else dim, input.ndim)
    if mask is not None:
        mask = _expanded(input, mask)
    if flat:
        input, mask, d = input.reshape(-1), None if mask is None else mask.reshape(-1), 0
    if mask is None:
        result = input.median(d, keepdim)[0]
    elif input.is_floating_point():
        result = wg.where(mask, input, float("nan")).nanmedian(d, keepdim)[0]
    elif not bool(mask.all()):
        raise ValueError("masked median expects no fully masked out rows if dtype is not floating point")
    else:
        result = input.median(d, keepdim)[0]
    return result


def norm(input, ord=2.0, dim=None, *, keepdim=False, dtype=None, mask=None):
    """The vector norm over dims of the elements where mask is true."""
    input = _cast(input, dtype)
    lowest = ord is not None and float(ord) == -_INFINITY
    dims = _dims(dim, input.ndim)
    return wg.linalg.vector_norm(_filled(input, mask, _INFINITY if lowest else 0), ord, dims or None, keepdim)


def _variance(input, dim, unbiased, correction, keepdim, dtype, mask):
    if correction is not None and unbiased is not None:
        raise RuntimeError("Only one of unbiased and correction may be given")
    correction = int(unbiased if unbiased is not None else True) if correction is None else correction
    if input.dtype is wg.bool and dtype is None:
        input = input - input  # torch's error
    input = _cast(input, dtype, wg.float32)
    dims = _dims(dim, input.ndim)
    count = _count(input, dims, True, mask)
    middle = sum(input, dims, keepdim=True, mask=mask) / count
    centred = input - middle
    squares = centred * centred.conj() if centred.is_complex() else centred * centred
    total = sum(squares, dims, keepdim=keepdim, mask=mask)
    count = count.reshape(total.shape) - correction
    return (total / count.clamp(min=0)).to(total.dtype)


def var(input, dim=None, unbiased=None, *, correction=None, keepdim=False, dtype=None, mask=None):
    """The variance over dims of the elements where mask is true; correction: 1 by default."""
    return _variance(input, dim, unbiased, correction, keepdim, dtype, mask)


def std(input, dim=None, unbiased=None, *, correction=None, keepdim=False, dtype=None, mask=None):
    """The standard deviation over dims of the elements where mask is true."""
    return _variance(input, dim, unbiased, correction, keepdim, dtype, mask).sqrt()


def softmax(input, dim, *, dtype=None, mask=None):
    """softmax over a dim of the elements where mask is true; 0 elsewhere."""
    input = _cast(input, dtype)
    return wg.softmax(_filled(input, mask, -_INFINITY), _one(dim, input.ndim))


def log_softmax(input, dim, *, dtype=None, mask=None):
    """log_softmax over a dim of the elements where mask is true; -inf elsewhere."""
    input = _cast(input, dtype)
    return wg.log_softmax(_filled(input, mask, -_INFINITY), _one(dim, input.ndim))


def softmin(input, dim, *, dtype=None, mask=None):
    """softmax of -input over a dim of the elements where mask is true; 0 elsewhere."""
    input = _cast(input, dtype)
    return wg.softmax(-_filled(input, mask, _INFINITY), _one(dim, input.ndim))


def normalize(input, ord, dim, *, eps=1e-12, dtype=None, mask=None):
    """The elements where mask is true divided by their norm over a dim (at least eps); 0 elsewhere."""
    input = _cast(input, dtype)
    length = norm(input, ord, dim, keepdim=True, dtype=dtype, mask=mask)
    return _filled(input, mask, 0) / length.clamp(min=eps)


def logsumexp(input, dim=None, *, keepdim=False, dtype=None, mask=None):
    """log of the sum of exp over dims of the elements where mask is true."""
    input = _cast(input, dtype)
    return _filled(input, mask, -_INFINITY).logsumexp(_dims(dim, input.ndim) or 0, keepdim).to(input.dtype)


def logaddexp(input, other, *, dtype=None, input_mask=None, other_mask=None):
    """log(exp(input) + exp(other)), where a masked-out element counts as exp(…) = 0."""
    input, other = _cast(input, dtype), _cast(other, dtype)
    return wg.logaddexp(_filled(input, input_mask, -_INFINITY), _filled(other, other_mask, -_INFINITY))
