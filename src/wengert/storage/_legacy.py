"""The older names of storages by dtype: torch.FloatStorage, torch.LongStorage … as constructors and for isinstance."""

from . import UntypedStorage
from ._typed import TypedStorage, _classes, _warn_typed_storage_removal, dtype_of, memory_for

_LEGACY_FORMS = """.__new__ received an invalid combination of arguments. Expected one of:
 * no arguments
 * (int size)
 * (Sequence data)
 * (*, UntypedStorage wrap_storage)
"""


class _LegacyStorageMeta(type):
    """Classes that make, and recognise, storages of one dtype."""

    __module__ = "wengert.storage"

    @property
    def dtype(cls):
        """The dtype of the storages."""
        _warn_typed_storage_removal()
        return cls._dtype

    def __call__(cls, *args, wrap_storage=None, _internal=False, **kwargs):
        if cls is _LegacyStorage:
            raise RuntimeError("Only child classes of _LegacyStorage can be instantiated")
        forms = f"{cls}{_LEGACY_FORMS}"
        for name in ("device", "dtype"):
            if name in kwargs:
                raise RuntimeError(f"{forms}Keyword argument '{name}' cannot be specified")
        if kwargs:
            raise TypeError(f"TypedStorage.__new__() got an unexpected keyword argument '{next(iter(kwargs))}'")
        if not _internal:
            _warn_typed_storage_removal()
        if wrap_storage is None:
            wrap_storage = memory_for(args, cls._dtype, forms)
        elif args:
            raise RuntimeError(f"{forms}No positional arguments should be given when using 'wrap_storage'")
        elif not isinstance(wrap_storage, UntypedStorage):
            raise TypeError(f"{forms}Argument 'wrap_storage' must be UntypedStorage, but got {type(wrap_storage)}")
        return TypedStorage(wrap_storage=wrap_storage, dtype=cls._dtype, _internal=True)

    def __instancecheck__(cls, instance):
        return isinstance(instance, TypedStorage) and (cls is _LegacyStorage or instance.dtype is cls._dtype)

    def __repr__(cls):
        return f"<class 'torch.{'storage.' if cls is _LegacyStorage else ''}{cls.__name__}'>"


class _LegacyStorage(TypedStorage, metaclass=_LegacyStorageMeta):
    """What FloatStorage and its kind have in common."""

    __module__ = "wengert.storage"


def storage_class(name):
    """FloatStorage and its kind by name; None for another name."""
    dtype = dtype_of("FloatStorage" if name == "Storage" else name)
    if dtype is None:
        return None
    name = "FloatStorage" if name == "Storage" else name
    if name not in _classes:
        _classes[name] = _LegacyStorageMeta(name, (_LegacyStorage,), {"_dtype": dtype, "__module__": "wengert.storage"})
    return _classes[name]
