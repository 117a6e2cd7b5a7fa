"""Tensors as bytes: their storages, what pickle keeps of them, and how they are put together again."""

from collections import OrderedDict
from copyreg import _slotnames

import wengert as wg

from ..storage import TypedStorage
from ..utils.hooks import warn_if_has_hooks


def storage_bytes(storage):
    """The memory of an untyped storage as a writable memoryview."""
    return storage.bytes()


def new_storage(nbytes):
    """An uninitialised untyped storage of `nbytes` bytes."""
    return wg.UntypedStorage(nbytes)


def mapped_storage(memory, offset, nbytes):
    """An untyped storage over part of a memory map, which it keeps open."""
    return wg.frombuffer(memory, dtype=wg.uint8, count=nbytes, offset=offset).untyped_storage()


def element(kind):
    """The dtype and the element's size of a storage class that a pickle named; dtype None for bytes."""
    if kind is wg.UntypedStorage:
        return None, 1
    dtype = getattr(kind, "_dtype", None)
    if dtype is None:
        raise RuntimeError(f"{kind!r} is not a class of storages; the file might be corrupted")
    return dtype, dtype.itemsize


def typed(untyped, dtype):
    """A storage as a pickle's tensors expect it: with its dtype if it has one."""
    return untyped if dtype is None else TypedStorage(wrap_storage=untyped, dtype=dtype, _internal=True)


def swap_bytes(data, dtype):
    """Reverse the bytes of every number, for files from machines of the other byte order."""
    from array import array

    size = 1 if dtype is None else dtype.itemsize // (2 if dtype.is_complex else 1)
    if size > 1:
        numbers = array({2: "H", 4: "I", 8: "Q"}[size], bytes(data))
        numbers.byteswap()
        data[:] = memoryview(numbers).cast("B")


def check_bounds(nbytes, itemsize, offset, size, stride):
    """Refuse a shape that would reach outside its storage (a damaged or hostile file)."""
    numbers = (offset, *size, *stride)
    if len(size) != len(stride) or any(type(n) is not int or n < 0 for n in numbers):
        raise RuntimeError(
            f"a tensor of size {size}, stride {stride} and storage offset {offset} cannot be; "
            "the file might be corrupted"
        )
    last = offset + sum((n - 1) * step for n, step in zip(size, stride, strict=True)) + 1
    needed = last * itemsize if all(size) else 0
    if needed > nbytes:
        raise RuntimeError(
            f"setStorage: sizes {list(size)}, strides {list(stride)}, storage offset {offset}, and "
            f"itemsize {itemsize} requiring a storage size of {needed} are out of bounds for storage "
            f"of size {nbytes}"
        )


def tensor_on(storage, dtype, offset, size, stride):
    """A tensor over an existing storage; RuntimeError when it would reach outside."""
    size, stride = tuple(size), tuple(stride)
    if str(getattr(storage, "device", "cpu")) == "meta":
        return wg.empty_strided(size, stride, dtype=dtype, device="meta")
    check_bounds(storage.nbytes(), dtype.itemsize, offset, size, stride)
    return wg.empty(0, dtype=dtype).set_(storage, offset, size, stride)


def _finish(tensor, requires_grad, metadata):
    if metadata:
        if metadata.get("conj"):
            tensor = wg.conj(tensor)
        if metadata.get("neg"):
            tensor = wg.neg(tensor)
    if requires_grad:
        tensor.requires_grad_(True)
    return tensor


def _rebuild_tensor(storage, storage_offset, size, stride):
    return tensor_on(storage._untyped_storage, storage.dtype, storage_offset, size, stride)


def _rebuild_tensor_v2(storage, storage_offset, size, stride, requires_grad, backward_hooks, metadata=None):
    return _finish(_rebuild_tensor(storage, storage_offset, size, stride), requires_grad, metadata)


def _rebuild_tensor_v3(storage, storage_offset, size, stride, requires_grad, backward_hooks, dtype, metadata=None):
    untyped = getattr(storage, "_untyped_storage", storage)
    return _finish(tensor_on(untyped, dtype, storage_offset, size, stride), requires_grad, metadata)


def _rebuild_parameter(data, requires_grad, backward_hooks):
    return wg.nn.Parameter(data, requires_grad)


def _rebuild_parameter_with_state(data, requires_grad, backward_hooks, state):
    return _set_state(wg.nn.Parameter(data, requires_grad), state)


def _rebuild_from_type_v2(function, new_type, arguments, state):
    result = function(*arguments)
    if type(result) is not new_type:
        result = wg.Tensor._make_subclass(new_type, result.detach(), result.requires_grad)
    if hasattr(new_type, "__setstate__"):
        result.__setstate__(state)
        return result
    return _set_state(result, state)


def _rebuild_sparse_tensor(layout, data):
    if layout is wg.sparse_coo:
        indices, values, size, *coalesced = data
        return wg.sparse_coo_tensor(indices, values, size, is_coalesced=bool(coalesced and coalesced[0]))
    if layout is wg.sparse_csr:
        return wg.sparse_csr_tensor(*data)
    raise NotImplementedError(f"rebuilding sparse tensor for layout {layout}")


def _rebuild_meta_tensor_no_storage(dtype, size, stride, requires_grad):
    return wg.empty_strided(size, stride, dtype=dtype, device="meta", requires_grad=requires_grad)


def _set_state(instance, state):
    """Give a tensor its extra attributes back (a dict, or a pair of dicts when it has slots)."""
    plain, slots = state if isinstance(state, tuple) and len(state) == 2 else (state, None)
    for name, value in {**(plain or {}), **(slots or {})}.items():
        setattr(instance, name, value)
    return instance


def slots_of(tensor):
    """The attributes in the slots of a tensor's class."""
    return {name: getattr(tensor, name) for name in _slotnames(type(tensor)) if hasattr(tensor, name)}


def state_of(tensor):
    """What pickle keeps of a tensor beside its values: its attributes, or what its class's __getstate__ gives."""
    own = getattr(type(tensor), "__getstate__", None)
    if own is not getattr(object, "__getstate__", None):
        return tensor.__getstate__()
    plain, slots = tensor.__dict__, slots_of(tensor)
    return (plain, slots) if slots else plain


def reduce_tensor(tensor, protocol=2):
    """What `Tensor.__reduce_ex__` returns: storage, offset, size, stride and whether it requires grad.

    >>> import wengert, pickle
    >>> pickle.loads(pickle.dumps(wengert.tensor([1.0, 2.0])))
    tensor([1., 2.])
    """
    state = state_of(tensor)
    if isinstance(tensor, wg.nn.Parameter):
        plain = (tensor.data, tensor.requires_grad, OrderedDict())
        return (_rebuild_parameter_with_state, (*plain, state)) if state else (_rebuild_parameter, plain)
    warn_if_has_hooks(tensor)
    if tensor.layout is not wg.strided:
        parts = tensor.is_sparse and (tensor._indices(), tensor._values(), tensor.size(), tensor.is_coalesced())
        parts = parts or (tensor.crow_indices(), tensor.col_indices(), tensor.values(), tensor.size())
        return _rebuild_sparse_tensor, (tensor.layout, parts)
    if tensor.is_meta and type(tensor) is wg.Tensor and not state:
        shape = tuple(tensor.size()), tuple(tensor.stride())
        return _rebuild_meta_tensor_no_storage, (tensor.dtype, *shape, tensor.requires_grad)
    untyped, dtype = tensor.untyped_storage(), tensor.dtype
    where = (tensor.storage_offset(), tuple(tensor.size()), tuple(tensor.stride()))
    if dtype in TypedStorage.names():
        storage = TypedStorage(wrap_storage=untyped, dtype=dtype, _internal=True)
        function, arguments = _rebuild_tensor_v2, (storage, *where, tensor.requires_grad, OrderedDict())
    else:
        function, arguments = _rebuild_tensor_v3, (untyped, *where, tensor.requires_grad, OrderedDict(), dtype)
    if type(tensor) is wg.Tensor and not state:
        return function, arguments
    return _rebuild_from_type_v2, (function, type(tensor), arguments, state)
