"""Storages: the memory behind tensors, as bytes (UntypedStorage); those with a dtype are in _typed."""

import weakref
from importlib import import_module

import wengert as wg

from ._memory import buffer_bytes, map_file, row_of, span

_FORMS = """but expected one of:
 * (*, int allocator = None, torch.device device = None)
 * (int size, *, int allocator = None, torch.device device = None)
 * (object sequence, *, int allocator = None, torch.device device = None)
"""
_casts = {
    "bfloat16": "bfloat16",
    "bool": "bool",
    "byte": "uint8",
    "char": "int8",
    "complex_double": "complex128",
    "complex_float": "complex64",
    "double": "float64",
    "float": "float32",
    "half": "float16",
    "int": "int32",
    "long": "int64",
    "short": "int16",
}
_known = {}  # weak references to the storages that programs hold, by the address of their bytes
_crowded = 64  # at so many references the dead ones are dropped


def _nobody():
    """What the reference to a storage that is gone answers."""


def _remember(storage):
    """Have the storage found by its address. No callback drops it again: an interrupt that comes in one is lost."""
    global _crowded
    _known[storage._row.data_ptr()] = weakref.ref(storage)
    if len(_known) > _crowded:
        for address, reference in list(_known.items()):
            if reference() is None:
                _known.pop(address, None)
        _crowded = max(64, 2 * len(_known))


class _StorageBase:
    """What storages of bytes answer, whatever holds the bytes."""

    is_cuda = is_hpu = is_sparse = is_sparse_csr = False
    filename = None

    def __len__(self):
        return self._row.numel()

    def __sizeof__(self):
        return object.__sizeof__(self) + len(self)

    def __bool__(self):
        return True

    def __iter__(self):
        return iter(self.tolist())

    def size(self):
        """Bytes."""
        return len(self)

    nbytes = size

    @property
    def device(self):
        """Where the bytes are."""
        return self._row.device

    def get_device(self):
        """None: not on a device with numbers."""

    def bytes(self):
        """The bytes as a writable memoryview."""
        return memoryview(self._row).cast("B") if len(self) else memoryview(bytearray())

    def __bytes__(self):
        return bytes(self.bytes())

    def element_size(self):
        """1."""
        return 1

    def data_ptr(self):
        """Address of the first byte."""
        return self._row.data_ptr()

    @property
    def _cdata(self):
        return self.data_ptr() or id(self)

    def tolist(self):
        """The bytes as numbers."""
        return self._row.tolist()

    def untyped(self):
        """Itself."""
        return self

    def cpu(self):
        """Itself."""
        return self

    def cuda(self, device=None, non_blocking=False):
        """AssertionError: there is no CUDA."""
        raise AssertionError("Torch not compiled with CUDA enabled")

    def clone(self):
        """A copy."""
        return type(self)(len(self)).copy_(self)

    def __copy__(self):
        return self.clone()

    def __deepcopy__(self, memo):
        if not self.data_ptr():
            return self.clone()
        copies = memo.setdefault("torch", {})
        if self._cdata not in copies:
            copies[self._cdata] = self.clone()
        return copies[self._cdata]

    def type(self, dtype=None, non_blocking=False):
        """The name of the class."""
        if dtype is None:
            return "torch.storage.UntypedStorage"
        raise AttributeError(f"'{type(dtype).__name__}' object has no attribute 'is_sparse'")

    def is_shared(self):
        """Whether other processes see writes."""
        return self._row.is_shared()

    def share_memory_(self):
        """Moves the bytes to memory that other processes see too; tensors made before keep the old memory."""
        self._row.share_memory_()
        return self

    def is_pinned(self, device="cuda"):
        """False."""
        return False

    def resizable(self):
        """True."""
        return True

    def byteswap(self, dtype):
        """Turns round the bytes of each element of that dtype (of each part, where it is complex), in place."""
        size = dtype.to_real().itemsize if dtype.is_complex else dtype.itemsize
        if len(self) % size:
            raise RuntimeError(f"the length of data is not a multiple of {size}")
        if size > 1:
            row = self._row.view(-1, size)
            row.copy_(row.flip(1))

    def __eq__(self, other):
        if not isinstance(other, _StorageBase):
            return NotImplemented
        return self is other or (self.data_ptr() == other.data_ptr() != 0 and len(self) == len(other))

    def __hash__(self):
        return hash(self._cdata)

    def __repr__(self):
        lines = "\n".join(f" {value}" for value in self.tolist())
        name = f"torch.{'storage.' if isinstance(self, UntypedStorage) else ''}{type(self).__name__}"
        return f"{lines or ' '}\n[{name}(device={self.device}) of size {len(self)}]"

    def __reduce__(self):
        return _from_bytes, (bytes(self),)


def _cast(name, dtype):
    def cast(self):
        return self._row.to(getattr(wg, dtype))._typed_storage()

    cast.__name__ = cast.__qualname__ = name
    cast.__doc__ = f"The bytes as a TypedStorage of {dtype}."
    return cast


for _name, _dtype in _casts.items():
    setattr(_StorageBase, _name, _cast(_name, _dtype))


class StorageBase(_StorageBase):
    """Bytes that tensors can lie in; the class to derive storages from."""

    def __new__(cls, *args, size=None, device=None, allocator=None, **kwargs):
        """Bytes: so many, uninitialised, or those of a sequence of ints."""
        if cls is StorageBase:
            raise RuntimeError("Cannot directly construct StorageBase; subclass it and then construct that")
        name = f"torch.{cls.__name__}"
        if len(args) > 1 or kwargs:
            shown = [type(a).__name__ for a in args]
            shown += [
                f"{k}={'torch.dtype' if isinstance(v, wg.dtype) else type(v).__name__}" for k, v in kwargs.items()
            ]
            raise TypeError(
                f"{name}() received an invalid combination of arguments - got ({', '.join(shown)}), {_FORMS}"
            )
        if device is not None and wg.device(device).type != "cpu":
            raise RuntimeError(f"{name}(): Storage device not recognized: {wg.device(device).type}")
        self = super().__new__(cls)
        self._row = row_of(args[0] if args else 0 if size is None else size, name)
        if len(self):
            _remember(self)
        return self

    @classmethod
    def _of(cls, tensor):
        """The storage of a tensor: the same object as long as somebody holds it."""
        row = tensor._storage_bytes()
        known = _known.get(row.data_ptr(), _nobody)()
        if known is not None and known._row._same_storage(row):
            known._row = row  # it may have been resized through a tensor
            return known
        self = object.__new__(cls)
        self._row = row
        if len(self):
            _remember(self)
        return self

    @classmethod
    def from_buffer(cls, buffer, byte_order=None, count=-1, offset=0, dtype=None):
        """A copy of the bytes of `buffer`, elements of `dtype` in that byte order ("native", "little", "big")."""
        if dtype is None:
            raise RuntimeError("argument 'dtype' cannot be None")
        return buffer_bytes(cls, buffer, byte_order, count, offset, dtype)

    @classmethod
    def from_file(cls, filename, shared=False, nbytes=0):
        """The bytes of a file; written back to it where `shared`, which also makes the file as long as need be."""
        self = object.__new__(cls)
        self._row = map_file(filename, shared, nbytes)
        return self

    def __getitem__(self, index):
        if isinstance(index, int):
            n = len(self)
            if not -n <= index < n:
                raise IndexError(f"index {index} out of range for storage of size {n}")
            return self._row[index].item()
        if not isinstance(index, slice):
            raise TypeError(f"can't index a torch.UntypedStorage with {type(index).__name__}")
        part = self.bytes()[span(index, len(self))]
        return type(self)._of(wg.frombuffer(part, dtype=wg.uint8)) if len(part) else type(self)()

    def __setitem__(self, index, value):
        if not isinstance(index, (int, slice)):
            raise RuntimeError(f"can't index a torch.UntypedStorage with {type(index).__name__}")
        if not isinstance(value, int):
            raise RuntimeError(f"can only set storage content with a int types, but got {type(value).__name__} instead")
        if isinstance(index, slice):
            index = span(index, len(self))
        elif not -len(self) <= index < len(self):
            raise RuntimeError("out of bounds")
        self._row[index] = value % 256

    def fill_(self, value):
        """Sets every byte."""
        if not isinstance(value, int):
            raise RuntimeError(f"fill_ expects int, but got {type(value).__name__}")
        self._row.fill_(value % 256)
        return self

    def copy_(self, source, non_blocking=None):
        """Copies the bytes of another storage of the same size."""
        source = getattr(source, "_untyped_storage", source)
        if not isinstance(source, _StorageBase):
            raise TypeError(f"copy_(): argument 'src' (position 1) must be torch.Storage, not {type(source).__name__}")
        if len(self) != len(source):
            raise RuntimeError(f"size does not match, self was {len(self)} bytes but src was {len(source)} bytes")
        self.bytes()[:] = source.bytes()
        return self

    def resize_(self, size):
        """Makes the storage larger or smaller for all that share it, keeping the bytes that fit."""
        if size < 0:
            raise RuntimeError(f"a storage cannot have {size} bytes")
        self._row._resize_bytes(size)
        return self

    def new(self):
        """An empty storage of this class."""
        return type(self)()


class UntypedStorage(StorageBase):
    """The bytes behind one or more tensors: `UntypedStorage(4)` makes four, uninitialised.

    >>> import wengert
    >>> wengert.ones(2).untyped_storage().nbytes()
    8
    """


def _from_bytes(data):
    storage = UntypedStorage(len(data))
    storage.bytes()[:] = data
    return storage


_TYPED = ("TypedStorage", "_dtype_to_storage_type_map", "_storage_type_to_dtype_map", "_warn_typed_storage_removal")
_TYPED += ("_get_always_warn_typed_storage_removal", "_set_always_warn_typed_storage_removal")
_TYPED += ("_reset_warn_typed_storage_removal", "storage_of", "dtype_of")


def __getattr__(name):
    if name.startswith("__"):  # asked by the import of this very module
        raise AttributeError(f"module 'torch.storage' has no attribute '{name}'")
    _legacy, _typed = import_module(f"{__name__}._legacy"), import_module(f"{__name__}._typed")

    if name == "_storage_classes":
        return {UntypedStorage, _typed.TypedStorage, *map(_legacy.storage_class, _typed._NAMES)}
    if name in _TYPED:
        found = getattr(_typed, name)
    elif name.startswith("_Legacy"):
        found = getattr(_legacy, name)
    elif (found := _legacy.storage_class(name)) is None:
        raise AttributeError(f"module 'torch.storage' has no attribute '{name}'")
    return globals().setdefault(name, found)  # asked for once: a file of many tensors names its storage's class often
