"""Files as memory: mapped, and watched, since others may make them shorter meanwhile."""

import mmap
import os

from .. import _core


class _Memory(mmap.mmap):
    """Mapped memory that can have attributes, which go with it."""


def mapped(handle, nbytes, *, writes):
    """The first bytes of an open file as memory; what is written there goes to the file if `writes`, else nowhere.

    Where bytes are read that the file no longer has, the main thread gets a RuntimeError at its next call.
    """
    memory = _Memory(handle, nbytes, access=mmap.ACCESS_WRITE if writes else mmap.ACCESS_COPY)
    memory.watch = _core.watch_mapping(memory, _name(handle))
    return memory


def reserve(handle, nbytes):
    """Make a file so long, with room on its disk: OSError here where the disk is full, not a crash at a later write."""
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(handle, 0, nbytes)
    else:
        os.ftruncate(handle, nbytes)


def _name(handle):
    try:
        return os.readlink(f"/proc/self/fd/{handle}")
    except OSError:  # no such folder on this system
        return f"open as {handle}"
