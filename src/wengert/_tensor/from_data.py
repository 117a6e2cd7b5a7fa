"""Tensors from data: tensor, as_tensor, from_numpy, frombuffer, from_dlpack."""

from .. import _core
from .._core import Tensor

default_device = None  # where new tensors are while `with device("meta")` or set_default_device say so; None: the CPU


def placing(device):
    """The changes of a block in which new tensors are on a device, and what follows; none where that is the CPU anyway."""
    if device.type != "meta":
        device._check_available()
        if default_device is None:
            return (), None
    from .meta import Placed

    _, changes, follows = Placed(device)._begin()
    return ((globals(), "default_device", device), *changes), follows


def _place(device):
    """Whether tensors are wanted on the meta device; an error for one that is not there."""
    from .._types import device as make

    place = make(device)
    return place.type == "meta" or not place._check_available()


def tensor(data, *, dtype=None, device=None, requires_grad=False, pin_memory=False):
    """A tensor with a copy of data: numbers, nested sequences, NumPy arrays, tensors.

    dtype: default the dtype of the data (Python floats: the default dtype). ValueError for ragged sequences.

    >>> tensor([[1.0, 2.0], [3.0, 4.0]])
    tensor([[1., 2.],
            [3., 4.]])
    """
    if device is None:
        device = default_device
    meta = device is not None and _place(device)
    kind, made = data.__class__, None
    if kind is not list and kind is not float and kind is not int:
        if isinstance(data, Tensor):
            from . import warn_copy_construct

            warn_copy_construct()
            meta = meta or data.is_meta and device is None
            if data._wrapped:
                data = data.detach()
        else:
            made = over_storage(data, dtype)
    if made is None:
        made = _core.tensor(data, dtype)
    if meta:
        made = _core.make_meta(made)
    return _requiring_grad(made) if requires_grad else made


def as_tensor(data, dtype=None, device=None):
    """The data as a tensor, sharing memory with a tensor or a NumPy array where dtypes allow.

    >>> x = tensor([1])
    >>> as_tensor(x) is x
    True
    """
    if device is None and not isinstance(data, Tensor):
        device = default_device
    if device is not None and _place(device):
        return _core.make_meta(as_tensor(data, dtype, "cpu"))
    if isinstance(data, Tensor):
        return data if dtype is None else data.to(dtype)
    if (
        hasattr(data, "__array_interface__")
        and not isinstance(data, (int, float, complex))
        and not _is_numpy_scalar(data)
    ):
        _warn_locked(data)
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
    _warn_locked(ndarray)
    return _core.from_buffer(ndarray)


def _warn_locked(array):
    if not getattr(array.flags, "writeable", True):
        _say_once(
            "The given NumPy array is not writable, and PyTorch does not support non-writable tensors. This means writing "
            "to this tensor will result in undefined behavior. You may want to copy the array to protect its data or make "
            "it writable before converting it to a tensor. This type of warning will be suppressed for the rest of this "
            "program."
        )


def _say_once(message):
    from .._facade.settings import warn_once

    warn_once(message, stacklevel=5)


def frombuffer(buffer, *, dtype, count=-1, offset=0, requires_grad=False):
    """A 1-d tensor over the bytes of an object with the buffer protocol.

    >>> import wengert
    >>> frombuffer(bytearray(b"\\x01\\x02"), dtype=wengert.uint8)
    tensor([1, 2], dtype=torch.uint8)
    """
    return _over_buffer(buffer, dtype, count, offset, requires_grad)


def _over_buffer(buffer, dtype, count=-1, offset=0, requires_grad=False):
    try:
        view = memoryview(buffer)
    except TypeError:
        raise ValueError("object does not implement Python buffer protocol.") from None
    if view.readonly:
        _say_once(
            "The given buffer is not writable, and PyTorch does not support non-writable tensors. This means you can write "
            "to the underlying (supposedly non-writable) buffer using the tensor. You may want to copy the buffer to "
            "protect its data or make it writable before converting it to a tensor. This type of warning will be "
            "suppressed for the rest of this program."
        )
    size = dtype.itemsize
    view = view.cast("B")
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
    return _core.let_require_grad(made) if requires_grad else made


def asarray(obj, *, dtype=None, device=None, copy=None, requires_grad=None):
    """A tensor of obj: of a tensor, an array, a DLPack capsule or a buffer over the same memory where dtype allows it.

    copy: True always copies, False refuses to (ValueError). requires_grad: default that of obj; a tensor keeps its
    history where gradients are wanted. Bytes are read as elements of dtype.

    >>> asarray([1, 2])
    tensor([1, 2])
    """
    if device is not None and _place(device):
        raise RuntimeError("wengert makes no 'meta' tensor here: empty_like(..., device='meta') does")
    found = _shared(obj, dtype, copy)
    if found is None:
        if copy is False:
            raise ValueError("can't alias arbitrary sequence into a tensor.")
        made = _core.tensor(obj, dtype)
    else:
        made = _converted(found, dtype, copy)
    if requires_grad is None:
        requires_grad = found is not None and found.requires_grad
        if requires_grad:
            _say_once(
                "torch.asarray: unspecified requires_grad now defaults to obj.requires_grad instead of False. Pass "
                "requires_grad=False explicitly to get the old behavior and silence this warning."
            )
    if not requires_grad:
        return made.detach() if made.requires_grad else made
    return made if made.requires_grad else _requiring_grad(made)


def _shared(obj, dtype, copy):
    """The tensor that shares obj's memory; None for sequences and numbers."""
    if isinstance(obj, Tensor):
        return obj
    kind = obj.__class__
    if kind.__name__ == "PyCapsule":
        return from_dlpack(obj)
    if hasattr(obj, "__array_interface__"):
        if _is_numpy_scalar(obj):
            if copy is False:
                raise RuntimeError("can't alias NumPy scalars. Either remove copy=False or transform it in a ndarray. ")
            return _core.tensor(obj, dtype)
        _warn_locked(obj)
        return _core.from_buffer(obj)
    if kind in (list, tuple, float, int, bool, complex):
        return None
    try:
        memoryview(obj)
    except TypeError:
        return None
    return _over_buffer(obj, dtype or _core.get_default_dtype())


def _converted(tensor, dtype, copy):
    if dtype is not None and dtype is not tensor.dtype:
        if copy is False:
            raise ValueError(
                f"can't alias tensor with dtype '{tensor.dtype._torch_name}' into dtype '{dtype._torch_name}'."
            )
        return tensor.to(dtype)
    return tensor.clone() if copy else tensor


def _requiring_grad(made):
    if not (made.dtype.is_floating_point or made.dtype.is_complex):
        raise RuntimeError("Only Tensors of floating point and complex dtype can require gradients")
    return _core.let_require_grad(made)


def from_dlpack(ext_tensor, *, device=None, copy=None):
    """A tensor over the memory of any object with __dlpack__, or of a capsule (through NumPy).

    >>> import wengert
    >>> from_dlpack(wengert.ones(2).__dlpack__())
    tensor([1., 1.])
    """
    if isinstance(ext_tensor, Tensor):
        return ext_tensor.detach()
    import numpy as np

    if type(ext_tensor).__name__ == "PyCapsule":  # of the first kind, which NumPy takes for read-only
        return _core.from_buffer(np.from_dlpack(_Capsule(ext_tensor)))
    if not hasattr(ext_tensor, "__dlpack__"):
        raise RuntimeError(
            "from_dlpack received an invalid capsule. Note that DLTensor capsules can be consumed only once, so you might "
            "have already constructed a tensor from it once."
        )
    return _core.from_buffer(np.from_dlpack(ext_tensor))


class _Capsule:
    """A DLPack capsule on the CPU as an object that hands it out."""

    def __init__(self, capsule):
        self._capsule = capsule

    def __dlpack__(self, **options):
        return self._capsule

    def __dlpack_device__(self):
        return 1, 0
