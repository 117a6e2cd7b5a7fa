"""Options of `save` and `load` that torch keeps as global settings."""

import enum


class LoadEndianness(enum.Enum):
    """The byte order assumed for files that do not say theirs."""

    NATIVE = 1
    LITTLE = 2
    BIG = 3


_settings = {"endianness": None, "crc32": True, "mmap": 2}


def get_default_load_endianness():
    """The byte order set for files that do not say theirs, None by default."""
    return _settings["endianness"]


def set_default_load_endianness(endianness):
    """Set the byte order of files that do not say theirs; TypeError for anything but LoadEndianness."""
    if endianness is not None and not isinstance(endianness, LoadEndianness):
        raise TypeError("Invalid argument type in function set_default_load_endianness")
    _settings["endianness"] = endianness


def get_crc32_options():
    """Whether `save` writes checksums; wengert always does."""
    return _settings["crc32"]


def set_crc32_options(compute_crc32):
    """Accepted for torch's sake; checksums are always written."""
    _settings["crc32"] = bool(compute_crc32)


def get_default_mmap_options():
    """The flags for `mmap=True`: private by default."""
    return _settings["mmap"]


def set_default_mmap_options(flags):
    """Set the flags for `mmap=True`; only MAP_PRIVATE is there, as changes are never written back."""
    if flags != 2:
        raise ValueError(
            "Invalid argument in function set_default_mmap_options, expected mmap.MAP_PRIVATE; "
            "wengert does not write to files that it has mapped"
        )
    _settings["mmap"] = flags
