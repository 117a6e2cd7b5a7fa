"""What storages are made of, and tensors made on them: sequences, buffers, mapped files, set_."""

import wengert as wg

_BYTE_ORDERS = ("big", "little", "native")
_CPP = {  # what torch calls the element types in these messages
    "float32": "float",
    "float64": "double",
    "float16": "c10::Half",
    "bfloat16": "c10::BFloat16",
    "int64": "long int",
    "int32": "int",
    "int16": "short int",
    "int8": "signed char",
    "uint8": "unsigned char",
    "bool": "bool",
    "uint16": "short unsigned int",
    "uint32": "unsigned int",
    "uint64": "long unsigned int",
    "complex32": "c10::complex<c10::Half>",
    "complex64": "c10::complex<float>",
    "complex128": "c10::complex<double>",
}


def row_of(size, name):
    """The bytes that a storage is made of, as a tensor."""
    if isinstance(size, int):
        return wg.empty(size, dtype=wg.uint8)
    try:
        values = list(size)
    except TypeError:
        raise RuntimeError(f"{name}(): Expected a sequence type, but got {type(size).__name__}") from None
    for value in values:
        if not isinstance(value, int):
            raise RuntimeError(
                f"{name}(): tried to construct a storage from a sequence ({type(size).__name__}), but one of the items "
                f"was of type {type(value).__name__} instead of int"
            )
    return wg.tensor([value % 256 for value in values], dtype=wg.uint8)


def span(index, n):
    """A slice of step 1 as one that counts from the start."""
    start, stop, step = index.indices(n)
    if step != 1:
        raise RuntimeError(f"Trying to slice with a step of {step}, but only a step of 1 is supported")
    return slice(start, max(start, stop))


def buffer_bytes(cls, buffer, byte_order, count, offset, dtype):
    """from_buffer of every kind of storage, as one of bytes."""
    size = dtype.itemsize
    if byte_order is None and size > 1:
        raise RuntimeError("function missing required argument 'byte_order' (pos 2)")
    data = memoryview(buffer).cast("B")
    if byte_order is not None and byte_order not in _BYTE_ORDERS:
        raise ValueError(f"invalid byte_order '{byte_order}' (expected 'big', 'little', or 'native')")
    if not 0 <= offset < max(len(data), 1):
        raise ValueError(
            f"offset must be non-negative and no greater than buffer length ({len(data)}) , but got {offset}"
        )
    if count < 0:
        if (len(data) - offset) % size:
            raise ValueError(f"buffer size ({len(data)}) must be a multiple of element size ({size})")
        count = (len(data) - offset) // size
    if offset + count * size > len(data):
        raise ValueError(
            f"buffer has only {len(data) - offset} elements after offset {offset}, but specified a size of {count}"
        )
    made = cls(count * size)
    made.bytes()[:] = data[offset : offset + count * size]
    if byte_order == "big":
        made.byteswap(dtype)
    return made


def map_file(filename, shared, nbytes):
    """The first bytes of a file as a tensor over mapped memory."""
    import os

    from ._mapped import mapped, reserve

    handle = os.open(filename, os.O_RDWR | os.O_CREAT if shared else os.O_RDONLY)
    try:
        there = os.fstat(handle).st_size
        nbytes = nbytes or there
        if there < nbytes:
            if not shared:
                raise RuntimeError(
                    f"file <{filename}> size <{there}> is smaller than the required mapping size <{nbytes}>"
                )
            reserve(handle, nbytes)
        if not nbytes:
            return wg.empty(0, dtype=wg.uint8)
        memory = mapped(handle, nbytes, writes=shared)
    finally:
        os.close(handle)
    return wg.frombuffer(memory, dtype=wg.uint8)


def from_file(filename, shared=None, size=0, *, dtype=None, layout=None, device=None, pin_memory=False):
    """A tensor of `size` elements over a file that is mapped to memory; writes go to the file where `shared`.

    dtype: default the default dtype. A shared file is made, or made longer, where need be; else RuntimeError.

    >>> import wengert
    >>> wengert.from_file("/dev/null", size=0).shape
    torch.Size([0])
    """
    dtype = dtype or wg.get_default_dtype()
    return map_file(filename, bool(shared), size * dtype.itemsize).view(dtype)


def set_tensor(tensor, source, storage_offset, size, stride):
    """`Tensor.set_`: take over the memory of a tensor or a storage."""
    if tensor.requires_grad and wg.is_grad_enabled() and (tensor._base if tensor._is_view() else tensor).is_leaf:
        what = "a view of a leaf" if tensor._is_view() else "a leaf"
        raise RuntimeError(f"{what} Variable that requires grad is being used in an in-place operation.")
    if source is None:
        source = wg.empty(0, dtype=tensor.dtype)
    if isinstance(source, wg.Tensor):
        if source.dtype is not tensor.dtype:
            raise RuntimeError(
                f"Could not set tensor of type {_CPP[source.dtype.name]} to a tensor of type {_CPP[tensor.dtype.name]}"
            )
        if size is not None:
            source = source.detach().as_strided(
                size, contiguous_strides(size) if stride is None else stride, storage_offset
            )
        return tensor._become(source)
    if not hasattr(source, "_row"):
        if source.dtype is not tensor.dtype:
            raise RuntimeError(
                f"Expected a Storage of type {_CPP[tensor.dtype.name]} or an UntypedStorage, but got type "
                f"{source.dtype._torch_name} for argument 1 'storage'"
            )
        source = source._untyped_storage
    itemsize = tensor.dtype.itemsize
    count = len(source) // itemsize
    numbers = source._row.as_strided((count * itemsize,), (1,), 0).view(tensor.dtype)
    size = (count - storage_offset,) if size is None else tuple(size)
    return tensor._become(
        numbers.as_strided(size, contiguous_strides(size) if stride is None else tuple(stride), storage_offset)
    )


def contiguous_strides(size):
    """Strides of a contiguous tensor."""
    strides, step = [], 1
    for length in reversed(size):
        strides.insert(0, step)
        step *= max(length, 1)
    return tuple(strides)


def deepcopy_storage(tensor, memo):
    """A tensor without history over a copy of the storage; what shares the storage shares the copy (through `memo`)."""
    copied = tensor.untyped_storage().__deepcopy__(memo)
    return wg.empty(0, dtype=tensor.dtype).set_(copied, tensor.storage_offset(), tensor.size(), tensor.stride())
