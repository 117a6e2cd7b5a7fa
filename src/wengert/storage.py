"""Storages: the memory behind tensors, as bytes (UntypedStorage) or with a dtype (TypedStorage, FloatStorage …)."""

import warnings

import wengert as wg

_NAMES = {
    "FloatStorage": "float32",
    "DoubleStorage": "float64",
    "HalfStorage": "float16",
    "BFloat16Storage": "bfloat16",
    "LongStorage": "int64",
    "IntStorage": "int32",
    "ShortStorage": "int16",
    "CharStorage": "int8",
    "ByteStorage": "uint8",
    "BoolStorage": "bool",
    "ComplexFloatStorage": "complex64",
    "ComplexDoubleStorage": "complex128",
}
_tables = {}


class UntypedStorage:
    """The bytes behind one or more tensors: `UntypedStorage(4)` makes four, uninitialised.

    >>> import wengert
    >>> wengert.ones(2).untyped_storage().nbytes()
    8
    """

    __slots__ = ("__weakref__", "_row")

    def __init__(self, size=0, device=None):
        if isinstance(size, int):
            self._row = wg.empty(size, dtype=wg.uint8)
        else:
            self._row = wg.tensor(list(size), dtype=wg.uint8)

    @classmethod
    def _of(cls, tensor):
        """The storage of a tensor."""
        self = cls.__new__(cls)
        self._row = tensor._storage_bytes()
        return self

    @property
    def device(self):
        """Where the bytes are."""
        return self._row.device

    def bytes(self):
        """The bytes as a writable memoryview."""
        return memoryview(self._row).cast("B") if len(self) else memoryview(bytearray())

    def __bytes__(self):
        return bytes(self.bytes())

    def __len__(self):
        return self._row.numel()

    size = nbytes = __len__

    def element_size(self):
        """1."""
        return 1

    def data_ptr(self):
        """Address of the first byte."""
        return self._row.data_ptr()

    _cdata = property(data_ptr)
    is_cuda = False

    def is_shared(self):
        """Whether other processes see writes to it."""
        return self._row.is_shared()

    def tolist(self):
        """The bytes as numbers."""
        return self._row.tolist()

    def __getitem__(self, index):
        found = self._row[index]
        return found.item() if isinstance(index, int) else found.untyped_storage()

    def __setitem__(self, index, value):
        self._row[index] = value

    def fill_(self, value):
        """Set every byte."""
        self._row.fill_(value)
        return self

    def copy_(self, source, non_blocking=None):
        """Copy the bytes of another storage of the same size."""
        self.bytes()[:] = getattr(source, "_untyped_storage", source).bytes()
        return self

    def clone(self):
        """A copy."""
        return UntypedStorage(len(self)).copy_(self)

    def resize_(self, size):
        """Make the storage larger or smaller for all that share it, keeping the bytes that fit."""
        self._row._resize_bytes(size)
        return self

    def cpu(self):
        """Itself."""
        return self

    def __eq__(self, other):
        if not isinstance(other, UntypedStorage):
            return NotImplemented
        return self is other or (self.data_ptr() == other.data_ptr() != 0 and len(self) == len(other))

    def __hash__(self):
        return hash(self.data_ptr() or id(self))

    def __repr__(self):
        lines = "".join(f" {value}\n" for value in self.tolist())
        return f"{lines}[torch.storage.UntypedStorage(device={self.device}) of size {len(self)}]"

    def __reduce__(self):
        return _from_bytes, (bytes(self),)


def _from_bytes(data):
    storage = UntypedStorage(len(data))
    storage.bytes()[:] = data
    return storage


def set_tensor(tensor, source, storage_offset, size, stride):
    """`Tensor.set_`: take over the memory of a tensor or a storage."""
    if source is None:
        source = wg.empty(0, dtype=tensor.dtype)
    if isinstance(source, wg.Tensor):
        if source.dtype is not tensor.dtype:
            raise RuntimeError(f"Could not set tensor of type {source.dtype} to a tensor of type {tensor.dtype}")
        if size is not None:
            source = source.detach().as_strided(size, _steps(size) if stride is None else stride, storage_offset)
        return tensor._become(source)
    if isinstance(source, TypedStorage):
        source = source._untyped_storage
    itemsize = tensor.dtype.itemsize
    count = len(source) // itemsize
    numbers = source._row.as_strided((count * itemsize,), (1,), 0).view(tensor.dtype)
    size = (count - storage_offset,) if size is None else tuple(size)
    return tensor._become(numbers.as_strided(size, _steps(size) if stride is None else tuple(stride), storage_offset))


def _steps(size):
    """Strides of a contiguous tensor."""
    strides, step = [], 1
    for length in reversed(size):
        strides.insert(0, step)
        step *= max(length, 1)
    return tuple(strides)


def storage_of(tensor):
    """`Tensor.storage`: a TypedStorage, with torch's warning."""
    warnings.warn(
        "TypedStorage is deprecated. It will be removed in the future and UntypedStorage will be the only "
        "storage class. This should only matter to you if you are using storages directly.  To access "
        "UntypedStorage directly, use tensor.untyped_storage() instead of tensor.storage()",
        UserWarning,
        stacklevel=3,
    )
    return TypedStorage(wrap_storage=tensor.untyped_storage(), dtype=tensor.dtype, _internal=True)


def deepcopy_storage(tensor, memo):
    """A tensor without history over a copy of the storage; tensors that share one share the copy (through `memo`)."""
    row = tensor._storage_bytes()
    key = ("wengert storage", row.data_ptr() or id(tensor))
    if key not in memo:
        memo[key] = UntypedStorage._of(tensor).clone()
    return wg.empty(0, dtype=tensor.dtype).set_(memo[key], tensor.storage_offset(), tensor.size(), tensor.stride())


def dtype_of(name):
    """The dtype of a storage class by its name in torch, or None.

    >>> dtype_of("FloatStorage")
    torch.float32
    """
    return getattr(wg, _NAMES[name], None) if name in _NAMES else None


class TypedStorage:
    """A one-dimensional array over an untyped storage (`dtype` defaults to the default dtype).

    >>> import wengert
    >>> TypedStorage(wrap_storage=wengert.ones(2).untyped_storage(), dtype=wengert.float32).tolist()
    [1.0, 1.0]
    """

    def __init__(self, *args, wrap_storage=None, dtype=None, device=None, _internal=False):
        self.dtype = dtype or getattr(type(self), "_dtype", None) or wg.get_default_dtype()
        if wrap_storage is not None:
            self._untyped_storage = wrap_storage
        elif args and isinstance(args[0], int):
            self._untyped_storage = wg.empty(args[0], dtype=self.dtype).untyped_storage()
        else:
            values = list(args[0]) if args else []
            self._untyped_storage = wg.tensor(values, dtype=self.dtype).untyped_storage()

    @classmethod
    def names(cls):
        """The dtypes that have a storage class of their own, with its name in torch."""
        if "dtypes" not in _tables:
            pairs = ((dtype_of(name), name) for name in _NAMES)
            _tables["dtypes"] = {dtype: name for dtype, name in pairs if dtype is not None}
        return _tables["dtypes"]

    def _tensor(self):
        return wg.empty(0, dtype=self.dtype).set_(self._untyped_storage, 0, (len(self),), (1,))

    def untyped(self):
        """The storage without a dtype."""
        return self._untyped_storage

    device = property(lambda self: self._untyped_storage.device)
    is_cuda = False

    def __len__(self):
        return self._untyped_storage.nbytes() // self.dtype.itemsize

    size = __len__

    def nbytes(self):
        """Size in bytes."""
        return self._untyped_storage.nbytes()

    def element_size(self):
        """Bytes of one element."""
        return self.dtype.itemsize

    def data_ptr(self):
        """Address of the first element."""
        return self._untyped_storage.data_ptr()

    def is_shared(self):
        """Whether other processes see writes to it."""
        return self._tensor().is_shared()

    def tolist(self):
        """The elements as Python numbers."""
        return self._tensor().tolist()

    def __getitem__(self, index):
        found = self._tensor()[index]
        return found.item() if isinstance(index, int) else TypedStorage(found.tolist(), dtype=self.dtype)

    def __setitem__(self, index, value):
        self._tensor()[index] = value

    def __iter__(self):
        return iter(self.tolist())

    def __eq__(self, other):
        if not isinstance(other, TypedStorage):
            return NotImplemented
        return self.dtype == other.dtype and self._untyped_storage == other._untyped_storage

    __hash__ = None

    def __repr__(self):
        lines = "".join(f" {value}\n" for value in self.tolist())
        return f"{lines}[torch.storage.TypedStorage(dtype={self.dtype}, device={self.device}) of size {len(self)}]"

    def __reduce__(self):
        return _rebuild_typed, (self.dtype, bytes(self._untyped_storage))


def _rebuild_typed(dtype, data):
    return TypedStorage(wrap_storage=_from_bytes(data), dtype=dtype, _internal=True)


def __getattr__(name):
    if name == "Storage":
        name = "FloatStorage"
    dtype = dtype_of(name)
    if dtype is None:
        raise AttributeError(f"module 'torch.storage' has no attribute '{name}'")
    cls = globals()[name] = type(name, (TypedStorage,), {"_dtype": dtype, "__module__": "wengert.storage"})
    return cls
