"""torch._utils: joining dense tensors into one row and taking it apart again."""

import wengert as _wg


def _flatten_dense_tensors(tensors):
    """One row with the elements of all tensors.

    >>> _flatten_dense_tensors([_wg.ones(1, 2), _wg.zeros(1)])
    tensor([1., 1., 0.])
    """
    return _wg.cat([tensor.contiguous().view(-1) for tensor in tensors])


def _unflatten_dense_tensors(flat, tensors):
    """Views of a row in the sizes of the tensors it was made of."""
    parts = flat.split([tensor.numel() for tensor in tensors])
    return tuple(part.view(tensor.shape) for part, tensor in zip(parts, tensors))


def _get_device_index(device, optional=False, allow_cpu=False):
    """-1 for the CPU where it is allowed; ValueError otherwise."""
    kind = _wg.device(device) if isinstance(device, str) else device
    if isinstance(kind, int):
        return kind
    if kind is not None and kind.type == "cpu" and allow_cpu:
        return -1
    if kind is None and optional:
        return 0
    raise ValueError(f"Expected a non cpu device, but got: {device}")


def _element_size(dtype):
    """Bytes of one element."""
    return dtype.itemsize


def is_compiling():
    """False."""
    return False
