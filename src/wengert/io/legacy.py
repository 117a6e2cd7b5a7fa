"""torch's format before zip files: a magic number, three pickles, then the storages one after the other."""

import pickle
import struct
import sys

from . import files, pickling, tensors, unpickle

MAGIC_NUMBER = 0x1950A86A20F9469CFC6C
PROTOCOL_VERSION = 1001


def save(obj, file, protocol):
    """Write an object to a file in the old format."""
    storages = pickling.Storages()
    sizes = []

    def storage_id(untyped, dtype):
        reference = storages.reference(untyped, dtype)
        if int(reference[2]) == len(sizes):
            sizes.append(reference[4])
        return (*reference, None)

    pickle.dump(MAGIC_NUMBER, file, protocol=protocol)
    pickle.dump(PROTOCOL_VERSION, file, protocol=protocol)
    system = {
        "protocol_version": PROTOCOL_VERSION,
        "little_endian": sys.byteorder == "little",
        "type_sizes": {"short": 2, "int": 4, "long": 4},
    }
    pickle.dump(system, file, protocol=protocol)
    pickling.Pickler(file, protocol, storage_id).dump(obj)
    pickle.dump(list(storages.keys.values()), file, protocol=protocol)
    file.flush() if hasattr(file, "flush") else None
    for untyped, count in zip(storages.kept, sizes, strict=True):
        file.write(struct.pack("<q", count))
        file.write(tensors.storage_bytes(untyped))


def load(file, policy, restore, encoding):
    """Read an object; `restore(untyped, location)` places a storage."""

    def plain():
        return unpickle.Machine(file, policy, _no_storages, encoding).load()

    if plain() != MAGIC_NUMBER:
        raise RuntimeError("Invalid magic number; corrupt file?")
    version = plain()
    if version != PROTOCOL_VERSION:
        raise RuntimeError(f"Invalid protocol version: {version}")
    system = plain()
    little = not isinstance(system, dict) or system.get("little_endian", system.get(b"little_endian", True))
    found, remaining = {}, [_remaining(file)]

    def persistent(saved_id):
        if not isinstance(saved_id, tuple) or not saved_id:
            raise RuntimeError(f"Unknown saved id type: {saved_id!r}")
        saved_id = tuple(map(_text, saved_id))
        if saved_id[0] == "module":  # a class with its source, which is not looked at
            return saved_id[1]
        if saved_id[0] != "storage" or len(saved_id) != 6:
            raise RuntimeError(f"Unknown saved id type: {saved_id[0]}")
        _, kind, key, location, count, view = saved_id
        if type(key) is not str or type(location) is not str:
            raise RuntimeError(f"a storage named {key!r} at {location!r} cannot be; the file might be corrupted")
        if view is not None:
            raise RuntimeError("views of storages, as torch wrote them before 0.4, are not supported")
        dtype, itemsize = tensors.element(kind)
        if key not in found:
            if type(count) is not int or not 0 <= count * itemsize <= remaining[0]:
                raise RuntimeError(f"storage {key} of {count} elements is larger than the file; it might be corrupted")
            remaining[0] -= count * itemsize
            found[key] = (restore(tensors.new_storage(count * itemsize), location), dtype, count)
        return tensors.typed(found[key][0], dtype)

    result = unpickle.Machine(file, policy, persistent, encoding).load()
    for key in map(_text, plain()):
        if key not in found:
            raise RuntimeError(f"storage {key} is in the file but in no tensor; the file might be corrupted")
        _read_storage(file, *found[key], little)
    return result


def _text(part):
    """A str of Python 2, which encoding="bytes" leaves as it is, as a str."""
    return part.decode("ascii") if isinstance(part, bytes) else part


def _no_storages(saved_id):
    raise pickle.UnpicklingError("unsupported persistent id encountered")


def _remaining(file):
    position = file.tell()
    end = file.seek(0, 2)
    file.seek(position)
    return end - position


def _read_storage(file, untyped, dtype, count, little):
    """Fill one storage with what comes next in the file."""
    itemsize = dtype.itemsize if dtype is not None else 1
    header = file.read(8)
    if len(header) != 8 or struct.unpack("<q" if little else ">q", header)[0] != count:
        raise RuntimeError("the size of a storage is not what its tensor says; the file might be corrupted")
    if str(untyped.device) == "meta":
        file.seek(count * itemsize, 1)
        return
    target = tensors.storage_bytes(untyped)
    missing = len(target) - files.fill(file, target)
    if missing:
        raise RuntimeError(f"unexpected EOF, expected {missing} more bytes. The file might be corrupted.")
    if little != (sys.byteorder == "little"):
        tensors.swap_bytes(target, dtype)
