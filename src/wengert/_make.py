"""Tensors from data: tensor, as_tensor, from_numpy, frombuffer, from_dlpack."""

from . import _core
from ._core import Tensor


def _place(device):
    if device is not None:
        from ._types import device as make

        make(device)._check_available()


def tensor(data, *, dtype=None, device=None, requires_grad=False, pin_memory=False):
    """A tensor with a copy of data: numbers, nested sequences, NumPy arrays, tensors.

    dtype: default the dtype of the data (Python floats: the default dtype). ValueError for ragged sequences.

    >>> tensor([[1.0, 2.0], [3.0, 4.0]])
    tensor([[1., 2.],
            [3., 4.]])
    """
    if device is not None:
        _place(device)
    kind, made = data.__class__, None
    if kind is not list and kind is not float and kind is not int:
        if isinstance(data, Tensor):
            from ._tensor import warn_copy_construct

            warn_copy_construct()
            if data._wrapped:
                data = data.detach()
        else:
            made = over_storage(data, dtype)
    if made is None:
        made = _core.tensor(data, dtype)
    if requires_grad:
        if not (made.dtype.is_floating_point or made.dtype.is_complex):
            raise RuntimeError("Only Tensors of floating point and complex dtype can require gradients")
        made.requires_grad_(True)
    return made


def as_tensor(data, dtype=None, device=None):
    """The data as a tensor, sharing memory with a tensor or a NumPy array where dtypes allow.

    >>> x = tensor([1])
    >>> as_tensor(x) is x
    True
    """
    if device is not None:
        _place(device)
    if isinstance(data, Tensor):
        return data if dtype is None else data.to(dtype)
    if (
        hasattr(data, "__array_interface__")
        and not isinstance(data, (int, float, complex))
        and not _is_numpy_scalar(data)
    ):
        made = _core.from_buffer(data)
        return made if dtype is None else made.to(dtype)
    made = over_storage(data, dtype)
    return _core.tensor(data, dtype) if made is None else made


def over_storage(data, dtype):
    """A tensor over the memory of a storage; None for what is no storage. RuntimeError for one of another dtype."""
    untyped = getattr(data, "_untyped_storage", data)
    if not hasattr(untyped, "_row"):
        return None
    wanted = dtype or (_core.int64 if untyped is data else _core.get_default_dtype())
    if untyped is not data and data.dtype is not wanted:
        raise RuntimeError(
            f"Expected a Storage of type {wanted._torch_name} or an UntypedStorage, but got {data.dtype._torch_name}"
        )
    return _core.tensor([], wanted).set_(untyped)


def _is_numpy_scalar(data):
    return not hasattr(data, "__len__") and getattr(data, "shape", None) == () and not hasattr(data, "__setitem__")


def from_numpy(ndarray):
    """A tensor over the memory of a NumPy array. TypeError for anything else."""
    if type(ndarray).__module__ != "numpy" or type(ndarray).__name__ not in ("ndarray", "memmap", "matrix", "recarray"):
        import numpy as np

        if not isinstance(ndarray, np.ndarray):
            raise TypeError(f"expected np.ndarray (got {type(ndarray).__name__})")
    return _core.from_buffer(ndarray)


def frombuffer(buffer, *, dtype, count=-1, offset=0, requires_grad=False):
    """A 1-d tensor over the bytes of an object with the buffer protocol.

    >>> import wengert
    >>> frombuffer(bytearray(b"\\x01\\x02"), dtype=wengert.uint8)
    tensor([1, 2], dtype=torch.uint8)
    """
    size = dtype.itemsize
    view = memoryview(buffer).cast("B")
    n = len(view)
    if n == 0 or count == 0:
        raise ValueError(f"both buffer length ({n}) and count ({count}) must not be 0")
    if offset < 0 or offset >= n:
        raise ValueError(
            f"offset ({offset} bytes) must be non-negative and no greater than buffer length ({n} bytes) minus 1"
        )
    if count < 0:
        if (n - offset) % size:
            raise ValueError(
                f"buffer length ({n - offset} bytes) after offset ({offset} bytes) must be a multiple of element size ({size})"
            )
        count = (n - offset) // size
    if offset + count * size > n:
        raise ValueError(
            f"requested buffer length ({count} * {size} bytes) after offset ({offset} bytes) must not be greater than actual buffer length ({n} bytes)"
        )
    made = _core.from_buffer(view[offset : offset + count * size]).view(dtype)
    return made.requires_grad_(True) if requires_grad else made


def asarray(obj, *, dtype=None, device=None, copy=None, requires_grad=None):
    """A tensor of obj, sharing memory unless copy=True or a conversion is needed."""
    if copy:
        made = _core.tensor(obj.detach() if isinstance(obj, Tensor) else obj, dtype)
    else:
        if copy is False and isinstance(obj, (list, tuple)):
            raise ValueError("can't alias arbitrary sequence into a tensor.")
        if copy is False and isinstance(obj, Tensor) and dtype is not None and dtype is not obj.dtype:
            raise ValueError(
                f"can't alias tensor with dtype '{obj.dtype._torch_name}' into dtype '{dtype._torch_name}'."
            )
        made = as_tensor(obj, dtype=dtype, device=device)
    if requires_grad is None or requires_grad is made.requires_grad:
        return made
    return made.detach().requires_grad_(requires_grad)


def from_dlpack(ext_tensor, *, device=None, copy=None):
    """A tensor over the memory of any object with __dlpack__ (through NumPy)."""
    if isinstance(ext_tensor, Tensor):
        return ext_tensor.detach()
    import numpy as np

    if type(ext_tensor).__name__ == "PyCapsule":  # of the first kind, which NumPy takes for read-only
        return _core.from_buffer(np.from_dlpack(_Capsule(ext_tensor)), True)
    return _core.from_buffer(np.from_dlpack(ext_tensor))


class _Capsule:
    """A DLPack capsule on the CPU as an object that hands it out."""

    def __init__(self, capsule):
        self._capsule = capsule

    def __dlpack__(self, **options):
        return self._capsule

    def __dlpack_device__(self):
        return 1, 0
