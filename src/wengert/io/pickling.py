"""Writes pickles that torch reads: wengert's objects under torch's names, storages by reference."""

import pickle
import types
from collections import OrderedDict

import wengert as wg

from .. import storage
from . import allowed, tensors
from .tensors import reduce_tensor  # noqa: F401 (what Tensor.__reduce_ex__ looks for)

_PLAIN = frozenset((str, int, float, bool, dict, list, tuple, type(None), bytes, set, complex))


class Pickler(pickle._Pickler):
    """pickle's own writer with torch's names; `storage_id(storage, dtype)` names a storage's data."""

    def __init__(self, file, protocol, storage_id):
        super().__init__(file, protocol)
        self.storage_id = storage_id
        self.names = {}

    def persistent_id(self, obj):
        """The reference for a storage, None for anything else."""
        if type(obj) in _PLAIN:
            return None
        if isinstance(obj, storage.TypedStorage):
            return self.storage_id(obj._untyped_storage, obj.dtype)
        if isinstance(obj, wg.UntypedStorage):
            return self.storage_id(obj, None)
        return None

    def reducer_override(self, obj):
        """How to take the library's own objects apart."""
        kind = type(obj)
        if kind in _PLAIN:
            return NotImplemented
        if isinstance(obj, wg.Tensor):
            return tensors.reduce_tensor(obj, self.proto)
        if kind is OrderedDict:  # as its own __reduce__ does, in which copyreg drops any error, an interrupt too
            return OrderedDict, (), vars(obj) or None, None, iter(obj.items())
        if kind is wg.Size:
            return wg.Size, (tuple(obj),)
        if kind is wg.dtype:
            return str(obj).rpartition(".")[2]
        if kind is wg.device:
            return wg.device, ((obj.type,) if obj.index is None else (obj.type, obj.index))
        if isinstance(obj, getattr(wg, "layout", ())):
            return allowed.default_globals()["torch.serialization._get_layout"], (str(obj),)
        return NotImplemented

    def save_global(self, obj, name=None):
        """Write a class or function by its name in torch if it is the library's."""
        if obj not in self.names:
            self.names[obj] = allowed.torch_name(obj, name)
        found = self.names[obj]
        if found is None:
            super().save_global(obj, name)
            return
        module, name = found
        if self.proto >= 4:
            self.save(module)
            self.save(name)
            self.write(pickle.STACK_GLOBAL)
        else:
            self.write(pickle.GLOBAL + f"{module}\n{name}\n".encode())
        self.memoize(obj)

    dispatch = {**pickle._Pickler.dispatch, types.FunctionType: save_global}  # noqa: RUF012 (as in pickle)


class Storages:
    """Numbers the storages of one file and remembers them until they are written."""

    def __init__(self):
        self.keys, self.kept, self.dtypes = {}, [], {}

    def key(self, untyped, dtype):
        """The number of a storage; the same memory under two dtypes cannot be written."""
        pointer = untyped.data_ptr()
        if pointer and self.dtypes.setdefault(pointer, dtype) != dtype:
            raise RuntimeError("Cannot save multiple tensors or storages that view the same data as different types")
        identity = pointer or ("empty", id(untyped))
        if identity not in self.keys:
            self.keys[identity] = str(len(self.kept))
            self.kept.append(untyped)  # kept alive, so no other storage gets its address meanwhile
        return self.keys[identity]

    def reference(self, untyped, dtype):
        """torch's persistent id: ("storage", class, key, location, number of elements)."""
        name = storage.TypedStorage.names().get(dtype)
        cls = getattr(storage, name) if name else wg.UntypedStorage
        itemsize = dtype.itemsize if name else 1
        return "storage", cls, self.key(untyped, dtype), str(untyped.device), untyped.nbytes() // itemsize
