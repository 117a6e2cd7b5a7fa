"""`save` and `load`: torch's .pt files, without torch and without executing what is in them."""

import os
import pickle
import sys
from collections.abc import Callable

from ._types import device
from .io import allowed, archive, files, legacy, pickling, places, tensors, unpickle
from .io.places import default_restore_location, location_tag, register_package
from .io.safe import add_safe_globals, clear_safe_globals, get_safe_globals, safe_globals, safe_names
from .io.settings import (
    LoadEndianness,
    get_crc32_options,
    get_default_load_endianness,
    get_default_mmap_options,
    set_crc32_options,
    set_default_load_endianness,
    set_default_mmap_options,
)

__all__ = [
    "LoadEndianness",
    "add_safe_globals",
    "clear_safe_globals",
    "default_restore_location",
    "get_crc32_options",
    "get_default_load_endianness",
    "get_default_mmap_options",
    "get_safe_globals",
    "get_unsafe_globals_in_checkpoint",
    "load",
    "location_tag",
    "register_package",
    "safe_globals",
    "save",
    "set_crc32_options",
    "set_default_load_endianness",
    "set_default_mmap_options",
]

DEFAULT_PROTOCOL = 2
MAP_LOCATION = Callable | device | str | dict | None  # what map_location may be: for annotations
_SAFE_TO_TRUST = (
    "Re-running `torch.load` with `weights_only` set to `False` will likely succeed, but it can result "
    "in arbitrary code execution. Do it only if you got the file from a trusted source."
)
_CHANGED = (
    "In PyTorch 2.6, we changed the default value of the `weights_only` argument in `torch.load` from `False` "
    "to `True`. "
)
_LEARN_MORE = (
    "\n\nCheck the documentation of torch.load to learn more about types accepted by default with "
    "weights_only https://pytorch.org/docs/stable/generated/torch.load.html."
)


def save(
    obj,
    f,
    pickle_module=pickle,
    pickle_protocol=DEFAULT_PROTOCOL,
    _use_new_zipfile_serialization=True,
    _disable_byteorder_record=False,
):
    """Write an object with tensors to a path or a file in torch's format; a path keeps its old content until all is
    written.

    >>> import io, wengert
    >>> file = io.BytesIO()
    >>> wengert.save({"weight": wengert.ones(2)}, file)
    >>> wengert.load(io.BytesIO(file.getvalue()))
    {'weight': tensor([1., 1.])}
    """
    if pickle_module.__name__ != "pickle":
        raise NotImplementedError(
            f"torch.save with pickle_module={pickle_module.__name__} is not in wengert: what it "
            "writes could only be read by executing it"
        )
    if not isinstance(f, (str, os.PathLike)) and not hasattr(f, "write"):
        raise AttributeError("expected 'f' to be string, path, or a file-like object with a 'write' attribute")
    with files.writing(f) as (file, name):
        if _use_new_zipfile_serialization:
            _save_archive(obj, archive.Writer(file, name), pickle_protocol, not _disable_byteorder_record)
        else:
            legacy.save(obj, file, pickle_protocol)
        if hasattr(file, "flush"):
            file.flush()  # who opens the same file by its name finds all of it


def _save_archive(obj, writer, protocol, with_byteorder):
    """The records of the zip format, in torch's order."""
    import hashlib
    import io

    storages, buffer = pickling.Storages(), io.BytesIO()
    pickling.Pickler(buffer, protocol, storages.reference).dump(obj)
    writer.write("data.pkl", buffer.getbuffer())
    writer.write(".format_version", b"1")
    writer.write(".storage_alignment", str(archive.ALIGNMENT).encode())
    if with_byteorder:
        writer.write("byteorder", sys.byteorder.encode())
    for key, untyped in enumerate(storages.kept):
        writer.write(f"data/{key}", tensors.storage_bytes(untyped))
    writer.write("version", b"3\n")
    digest = hashlib.blake2b(repr(writer.entries).encode(), digest_size=16).digest()
    identity = "".join(f"{int.from_bytes(half, 'little'):020d}" for half in (digest[:8], digest[8:]))
    writer.write(".data/serialization_id", identity.encode())
    writer.finish()


def load(f, map_location=None, pickle_module=None, *, weights_only=None, mmap=None, **pickle_load_args):
    """Read what `save` or torch wrote, from a path or a seekable file. Nothing in the file is executed.

    With `weights_only=False` classes that the program itself has defined are rebuilt too. Errors: UnpicklingError for
    anything that is not allowed, RuntimeError for damaged files.

    >>> import io, wengert
    >>> file = io.BytesIO()
    >>> wengert.save([wengert.zeros(1)], file)
    >>> wengert.load(io.BytesIO(file.getvalue()), map_location="cpu")
    [tensor([0.])]
    """
    trusted = weights_only is not None and not weights_only
    if pickle_module is not None and weights_only:
        raise RuntimeError("Can not safely load weights when explicit pickle_module is specified")
    encoding = pickle_load_args.pop("encoding", "utf-8")
    if pickle_load_args:
        raise TypeError(f"load() got an unexpected keyword argument '{next(iter(pickle_load_args))}'")
    if mmap and not isinstance(f, (str, os.PathLike)):
        raise ValueError("f must be a file path in order to use the mmap argument")
    policy = allowed.Policy(safe_names(), trusted)
    with files.reading(f) as file:
        start = file.tell()
        is_archive = file.read(4) == b"PK\3\4"
        file.seek(start)
        try:
            if is_archive:
                return _load_archive(archive.Reader(file), policy, map_location, encoding, mmap)
            if mmap:
                raise RuntimeError(
                    f"mmap can only be used with files saved with `torch.save({f}, "
                    "_use_new_zipfile_serialization=True), please torch.save your checkpoint with this "
                    "option in order to use mmap."
                )
            return legacy.load(file, policy, places.restorer(map_location), encoding)
        except pickle.UnpicklingError as error:
            raise pickle.UnpicklingError(_explained(str(error), trusted)) from None
        except (UnicodeDecodeError, MemoryError) as error:
            raise pickle.UnpicklingError(_explained(f"{type(error).__name__}: {error}", trusted)) from None


def _explained(message, trusted):
    """torch's wording around what went wrong."""
    if trusted:
        return message
    if "Unsupported global" in message:
        return (
            "Weights only load failed. This file can still be loaded, to do so you have two options, "
            f"\033[1mdo those steps only if you trust the source of the checkpoint\033[0m. \n\t(1) {_CHANGED}"
            f"{_SAFE_TO_TRUST}\n\t(2) Alternatively, to load with `weights_only=True` please check the "
            f"recommended steps in the following error message.\n\tWeightsUnpickler error: {message}{_LEARN_MORE}"
        )
    request = (
        ""
        if "is blocked" in message
        else (
            "Please file an issue with the following so that we can make `weights_only=True` compatible with your use "
            "case: WeightsUnpickler error: "
        )
    )
    return f"Weights only load failed. {_CHANGED}{_SAFE_TO_TRUST}\n{request}\n\n{message}{_LEARN_MORE}"


def _load_archive(reader, policy, map_location, encoding, mmap):
    """The object in a zip file."""
    import io

    if "constants.pkl" in reader:
        raise RuntimeError(
            "Cannot use ``weights_only=True`` with TorchScript archives passed to ``torch.load``. "
            "In wengert they cannot be loaded at all: a TorchScript archive is a program"
        )
    if "data.pkl" not in reader and "model.json" in reader:
        raise RuntimeError("this is a TorchScript archive of a very old version, which wengert does not read")
    order = reader.read("byteorder").decode("ascii", "replace") if "byteorder" in reader else "little"
    if order not in ("little", "big"):
        raise ValueError("Unknown endianness type: " + order)
    source = _StorageSource(reader, map_location, order != sys.byteorder, mmap)
    file = io.BytesIO(reader.read("data.pkl"))
    return unpickle.Machine(file, policy, source.persistent, encoding).load()


class _StorageSource:
    """Reads the storages of a zip file when the pickle asks for them, each once."""

    def __init__(self, reader, map_location, swap, mmap):
        self.reader, self.swap, self.found = reader, swap, {}
        self.restore = places.restorer(map_location)
        self.skip = places.is_meta(map_location)
        self.mapped = files.memory_of(reader.file) if mmap else None

    def persistent(self, saved_id):
        """The storage for a persistent id."""
        if not isinstance(saved_id, tuple):
            raise pickle.UnpicklingError(f"persistent_load id must be tuple or int, but got {type(saved_id)}")
        if len(saved_id) != 5 or saved_id[0] != "storage":
            raise RuntimeError(
                f"Unknown typename for persistent_load, expected 'storage' but got '{saved_id[0] if saved_id else ''}'"
            )
        _, kind, key, location, count = saved_id
        if type(key) is not str or type(location) is not str:
            raise RuntimeError(f"a storage named {key!r} at {location!r} cannot be; the file might be corrupted")
        dtype, itemsize = tensors.element(kind)
        if key not in self.found:
            nbytes = self.reader.length(f"data/{key}")
            if type(count) is not int or nbytes != count * itemsize:
                raise RuntimeError(
                    f"record size ({nbytes} bytes) does not match expected size ({count * itemsize} "
                    f"bytes = {count} elements * {itemsize} bytes/element) for dtype {dtype}"
                )
            self.found[key] = self.restore(self._read(f"data/{key}", nbytes, dtype), location)
        return tensors.typed(self.found[key], dtype)

    def _read(self, record, nbytes, dtype):
        if self.skip:
            return places.default_restore_location(tensors.new_storage(0), "cpu") if not nbytes else _Sized(nbytes)
        offset = self.reader.offset(record) if self.mapped is not None and nbytes else None
        if offset is not None and not self.swap:
            return tensors.mapped_storage(self.mapped, offset, nbytes)
        untyped = tensors.new_storage(nbytes)
        data = tensors.storage_bytes(untyped)
        self.reader.read_into(record, data)
        if self.swap:
            tensors.swap_bytes(data, dtype)
        return untyped


class _Sized:
    """The size of a storage that is not read, because it goes to the meta device."""

    device = "cpu"

    def __init__(self, size):
        self.size = size

    def nbytes(self):
        """Size in bytes."""
        return self.size


def get_unsafe_globals_in_checkpoint(f):
    """The names in a checkpoint that `weights_only=True` would refuse, sorted."""
    import io

    with files.reading(f) as file:
        if file.read(4) != b"PK\3\4":
            raise ValueError("Expected input to be a checkpoint returned by torch.save")
        names = unpickle.globals_in(io.BytesIO(archive.Reader(file).read("data.pkl")))
    known = {*allowed.default_globals(), *safe_names()}
    return sorted(
        name.removeprefix("builtins.")
        for name in names
        if name not in known and name.removeprefix("builtins.") not in known
    )
