"""Storages with a dtype: what torch calls TypedStorage, FloatStorage and so on, over the native UntypedStorage."""

import wengert as wg

UntypedStorage = wg.UntypedStorage

_NAMES = {
    "FloatStorage": "float32", "DoubleStorage": "float64", "HalfStorage": "float16", "BFloat16Storage": "bfloat16",
    "LongStorage": "int64", "IntStorage": "int32", "ShortStorage": "int16", "CharStorage": "int8",
    "ByteStorage": "uint8", "BoolStorage": "bool", "ComplexFloatStorage": "complex64",
    "ComplexDoubleStorage": "complex128",
}
_tables = {}


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

    @property
    def device(self):
        """Where the memory is."""
        return self._untyped_storage.device

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

    def tolist(self):
        """The elements as Python numbers."""
        return self._tensor().tolist()

    def __getitem__(self, index):
        found = self._tensor()[index]
        return found.item() if isinstance(index, int) else found.storage()

    def __setitem__(self, index, value):
        self._tensor()[index] = value

    def __iter__(self):
        return iter(self.tolist())

    def __eq__(self, other):
        if not isinstance(other, TypedStorage):
            return NotImplemented
        return self.dtype == other.dtype and self._untyped_storage.data_ptr() == other._untyped_storage.data_ptr()

    __hash__ = None

    def __repr__(self):
        lines = "".join(f" {value}\n" for value in self.tolist())
        return f"{lines}[torch.storage.TypedStorage(dtype={self.dtype}, device={self.device}) of size {len(self)}]"

    def __reduce__(self):
        from .io import tensors

        return _rebuild_typed, (self.dtype, bytes(tensors.storage_bytes(self._untyped_storage)))


def _rebuild_typed(dtype, data):
    from .io import tensors

    return TypedStorage(wrap_storage=tensors.storage_from_bytes(data), dtype=dtype, _internal=True)


def __getattr__(name):
    dtype = dtype_of(name)
    if dtype is None:
        raise AttributeError(f"module 'torch.storage' has no attribute '{name}'")
    cls = globals()[name] = type(name, (TypedStorage,), {"_dtype": dtype, "__module__": "wengert.storage"})
    return cls
