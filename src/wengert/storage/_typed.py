"""Storages with a dtype: TypedStorage, and the names FloatStorage, LongStorage … that make one."""

import warnings

import wengert as wg

from .. import storage
from . import UntypedStorage, _StorageBase

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
_TYPED_FORMS = """TypedStorage.__init__ received an invalid combination of arguments. Expected one of:
 * (*, torch.device device, torch.dtype dtype)
 * (int size, *, torch.device device, torch.dtype dtype)
 * (Sequence data, *, torch.device device, torch.dtype dtype)
 * (*, UntypedStorage wrap_storage, torch.dtype dtype)
"""
_warnings = {"always": False, "given": False}
_classes = {}


def _warn_typed_storage_removal(stacklevel=2):
    """torch's deprecation of these classes: once in a process, or always where that was asked for."""
    if _warnings["always"] or not _warnings["given"]:
        warnings.warn(
            "TypedStorage is deprecated. It will be removed in the future and UntypedStorage will be the only "
            "storage class. This should only matter to you if you are using storages directly.  To access "
            "UntypedStorage directly, use tensor.untyped_storage() instead of tensor.storage()",
            UserWarning,
            stacklevel=stacklevel + 1,
        )
        _warnings["given"] = True


def _get_always_warn_typed_storage_removal():
    return _warnings["always"]


def _set_always_warn_typed_storage_removal(always_warn):
    _warnings["always"] = bool(always_warn)


def _reset_warn_typed_storage_removal():
    _warnings["given"] = False


def dtype_of(name):
    """The dtype of a storage class by its name in torch, or None.

    >>> dtype_of("FloatStorage")
    torch.float32
    """
    return getattr(wg, _NAMES[name], None) if name in _NAMES else None


def _dtype_to_storage_type_map():
    return {dtype_of(name): name for name in _NAMES}


def _storage_type_to_dtype_map():
    return {name: dtype_of(name) for name in _NAMES}


def storage_of(tensor):
    """The memory of a tensor as a TypedStorage, without a warning."""
    return TypedStorage(wrap_storage=tensor.untyped_storage(), dtype=tensor.dtype, _internal=True)


class TypedStorage:
    """A one-dimensional array over an untyped storage (`dtype` defaults to the default dtype).

    >>> storage_of(wg.ones(2)).dtype
    torch.float32
    """

    __module__ = "wengert.storage"
    is_cuda = is_hpu = is_sparse = False
    filename = None

    def __new__(cls, *args, wrap_storage=None, dtype=None, device=None, _internal=False):
        """A TypedStorage also where a legacy class is called."""
        return object.__new__(TypedStorage)

    def __init__(self, *args, wrap_storage=None, dtype=None, device=None, _internal=False):
        if not _internal:
            _warn_typed_storage_removal()
        if wrap_storage is not None:
            _check_wrapped(args, wrap_storage, dtype, device)
            self.dtype, self._untyped_storage = dtype, wrap_storage
            return
        self.dtype = wg.get_default_dtype() if dtype is None else dtype
        if not isinstance(self.dtype, wg.dtype):
            raise RuntimeError(f"expected torch.dtype, but got {type(dtype)}")
        if device is not None and wg.device(device).type != "cpu":
            raise RuntimeError(f"torch.UntypedStorage(): Storage device not recognized: {wg.device(device).type}")
        self._untyped_storage = memory_for(args, self.dtype, _TYPED_FORMS)

    @classmethod
    def names(cls):
        """The dtypes that have a storage class of their own, with its name in torch."""
        if "dtypes" not in _classes:
            _classes["dtypes"] = _dtype_to_storage_type_map()
        return _classes["dtypes"]

    @property
    def device(self):
        """Where the memory is."""
        return self._untyped_storage.device

    @property
    def _cdata(self):
        return self._untyped_storage._cdata

    def _tensor(self):
        return wg.empty(0, dtype=self.dtype).set_(self._untyped_storage, 0, (self._size(),), (1,))

    def _size(self):
        return self._untyped_storage.nbytes() // self.dtype.itemsize

    def _nbytes(self):
        return self._untyped_storage.nbytes()

    def _element_size(self):
        return self.dtype.itemsize

    def _data_ptr(self):
        return self._untyped_storage.data_ptr()

    def _is_shared(self):
        return self._untyped_storage.is_shared()

    def _share_memory_(self):
        self._untyped_storage.share_memory_()
        return self

    def _resize_(self, size):
        self._untyped_storage.resize_(size * self.dtype.itemsize)

    def _pickle_storage_type(self):
        return self.names()[self.dtype]

    def _deepcopy(self, memo):
        return self._wrap(self._untyped_storage.__deepcopy__(memo))

    def _wrap(self, untyped):
        return TypedStorage(wrap_storage=untyped, dtype=self.dtype, _internal=True)

    def _getitem(self, index):
        if isinstance(index, slice):
            raise RuntimeError("slices are only supported in UntypedStorage.__getitem__")
        if not isinstance(index, int):
            raise RuntimeError(f"can't index a {type(self)} with {type(index)}")
        n = self._size()
        if not -n <= index < n:
            raise IndexError(f"index {index} out of range for storage of size {n}")
        return self._tensor()[index].item()

    def _setitem(self, index, value):
        if not isinstance(index, (int, slice)):
            raise RuntimeError(f"can't index a {type(self)} with {type(index)}")
        if isinstance(value, (TypedStorage, _StorageBase)):
            raise RuntimeError(f"cannot set item with value type {type(value)}")
        self._tensor()[index] = value

    def _untyped(self):
        return self._untyped_storage

    def _copy_(self, source, non_blocking=None):
        self._untyped_storage.copy_(source, non_blocking)
        return self

    def _fill_(self, value):
        self._setitem(slice(0, self._size()), value)
        return self

    def _clone(self):
        return self._wrap(self._untyped_storage.clone())

    def _tolist(self):
        return self._tensor().tolist()

    def _type(self, dtype=None, non_blocking=False):
        if dtype is None:
            return f"torch.{self._pickle_storage_type()}"
        return self._untyped_storage.type(dtype, non_blocking)

    def _cpu(self):
        return self._wrap(self._untyped_storage.cpu())

    def _cuda(self, device=None, non_blocking=False):
        return self._wrap(self._untyped_storage.cuda(device, non_blocking))

    def _to(self, *, device, non_blocking=False):
        wg.device(device)._check_available()
        return self._wrap(self._untyped_storage)

    def _is_pinned(self, device="cuda"):
        return False

    def _resizable(self):
        return True

    def _get_device(self):
        return None

    def __getitem__(self, index):
        _warn_typed_storage_removal()
        return self._getitem(index)

    def __setitem__(self, index, value):
        _warn_typed_storage_removal()
        self._setitem(index, value)

    def __len__(self):
        _warn_typed_storage_removal()
        return self._size()

    def __sizeof__(self):
        _warn_typed_storage_removal()
        return object.__sizeof__(self) + self._size() * self._element_size()

    def __bool__(self):
        return True

    def __iter__(self):
        _warn_typed_storage_removal()
        return iter(self._tolist())

    def __copy__(self):
        return self._clone()

    def __deepcopy__(self, memo):
        return self._deepcopy(memo)

    def __eq__(self, other):
        if not isinstance(other, TypedStorage):
            return NotImplemented
        return self.dtype is other.dtype and self._untyped_storage == other._untyped_storage

    def __hash__(self):
        return hash(self._cdata)

    def __repr__(self):
        lines = "\n".join(f" {value}" for value in self._tolist())
        name = f"torch.storage.TypedStorage(dtype={self.dtype}, device={self.device})"
        return f"{lines or ' '}\n[{name} of size {self._size()}]"

    def __reduce__(self):
        return _rebuild_typed, (self.dtype, bytes(self._untyped_storage))

    @classmethod
    def from_buffer(cls, *args, dtype=None, device=None, **kwargs):
        """A copy of the elements in a buffer, of the class's dtype (or `dtype`); see UntypedStorage.from_buffer."""
        return cls._from_buffer(*args, dtype=dtype, **kwargs)

    @classmethod
    def _from_buffer(cls, buffer, byte_order=None, count=-1, offset=0, dtype=None):
        dtype = getattr(cls, "_dtype", None) if cls is not TypedStorage else dtype or wg.get_default_dtype()
        made = storage.buffer_bytes(UntypedStorage, buffer, byte_order, count, offset, dtype)
        return TypedStorage(wrap_storage=made, dtype=dtype, _internal=True)

    @classmethod
    def from_file(cls, filename, shared=False, size=0):
        """`size` elements of a file, in memory that is mapped to it."""
        if cls is TypedStorage:
            raise RuntimeError("from_file can only be called on derived classes")
        made = UntypedStorage.from_file(filename, shared, size * cls._dtype.itemsize)
        return TypedStorage(wrap_storage=made, dtype=cls._dtype, _internal=True)


_PUBLIC = {  # documented methods: what they warn of is in their name, what they do in the private one
    "size": "Elements.",
    "nbytes": "Bytes.",
    "element_size": "Bytes of one element.",
    "data_ptr": "Address of the first element.",
    "is_shared": "Whether other processes see writes.",
    "share_memory_": "Moves the memory to where other processes see it too.",
    "resize_": "Gives the memory room for so many elements.",
    "pickle_storage_type": 'The name of the class of this dtype: "FloatStorage".',
    "untyped": "The storage without a dtype.",
    "copy_": "Copies the bytes of another storage of as many bytes.",
    "fill_": "Sets every element.",
    "clone": "A copy.",
    "tolist": "The elements as Python numbers.",
    "type": 'The name of the type: "torch.FloatStorage".',
    "cpu": "The same memory.",
    "cuda": "AssertionError: there is no CUDA.",
    "to": "The same memory; the CPU is the only device.",
    "is_pinned": "False.",
    "resizable": "True.",
    "get_device": "None: not on a device with numbers.",
}


def _public(name, doc):
    private = getattr(TypedStorage, f"_{name}")

    def method(self, *args, **kwargs):
        _warn_typed_storage_removal()
        return private(self, *args, **kwargs)

    method.__name__ = method.__qualname__ = name
    method.__doc__ = doc
    return method


def _cast(name, dtype):
    def cast(self):
        _warn_typed_storage_removal()
        return storage_of(self._tensor().to(getattr(wg, dtype), copy=True))

    cast.__name__ = cast.__qualname__ = name
    cast.__doc__ = f"A copy as {dtype}."
    return cast


for _name, _doc in _PUBLIC.items():
    setattr(TypedStorage, _name, _public(_name, _doc))
for _name, _target in storage._casts.items():
    setattr(TypedStorage, _name, _cast(_name, _target))


def _check_wrapped(args, wrapped, dtype, device):
    if args:
        raise RuntimeError(f"{_TYPED_FORMS}No positional arguments should be given when using 'wrap_storage'")
    if dtype is None:
        raise RuntimeError(f"{_TYPED_FORMS}Argument 'dtype' must be specified")
    if not isinstance(dtype, wg.dtype):
        raise TypeError(f"{_TYPED_FORMS}Argument 'dtype' must be torch.dtype, not {type(dtype)}")
    if device is not None:
        raise RuntimeError(f"{_TYPED_FORMS}Argument 'device' should not be specified when 'wrap_storage' is given")
    if not isinstance(wrapped, UntypedStorage):
        raise TypeError(f"{_TYPED_FORMS}Argument 'wrap_storage' must be UntypedStorage, but got {type(wrapped)}")


def memory_for(args, dtype, forms):
    """The memory for a size, or with the values of a sequence."""
    if len(args) > 1:
        raise RuntimeError(f"{forms}Too many positional arguments")
    if not args:
        return UntypedStorage(0)
    if isinstance(args[0], int):
        return wg.empty(args[0], dtype=dtype).untyped_storage()
    if isinstance(args[0], str):
        raise TypeError("new(): invalid data type 'str'")
    if isinstance(args[0], wg.Tensor) or not hasattr(args[0], "__len__"):
        raise TypeError(f"{forms}Argument type not recognized: {type(args[0])}")
    return wg.tensor(list(args[0]), dtype=dtype).untyped_storage()


def _rebuild_typed(dtype, data):
    return TypedStorage(wrap_storage=storage._from_bytes(data), dtype=dtype, _internal=True)
