"""Tensors in shared memory: moved there by `share_memory_`, sent to other processes by the name of their file."""

import atexit
import contextlib
import os
import secrets
import tempfile
import weakref
from collections import OrderedDict
from functools import partial
from multiprocessing.reduction import ForkingPickler

import wengert as wg

from .. import _core
from ..storage._mapped import mapped, reserve

_by_address = {}  # the first byte's address: the file, and the process that made it


def _folder():
    return "/dev/shm" if os.path.isdir("/dev/shm") else tempfile.gettempdir()


def _map(path, size, flags):
    """A row of bytes over a shared file."""
    handle = os.open(path, flags, 0o600)
    try:
        if flags & os.O_CREAT:
            reserve(handle, size)
        memory = mapped(handle, size, writes=True)
    except BaseException:
        if flags & os.O_CREAT:
            os.unlink(path)
        raise
    finally:
        os.close(handle)
    row = wg.frombuffer(memory, dtype=wg.uint8)
    _by_address[row.data_ptr()] = (path, os.getpid())
    memory.end = _core.at_end(partial(_forget, row.data_ptr(), path, os.getpid()))
    return row


def _forget(address, path, maker):
    """Remove the file when the process that made it no longer needs it."""
    if maker == os.getpid() and os.path.basename(path).startswith(f"wengert-{maker}-"):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
    _by_address.pop(address, None)


def is_shared(tensor):
    """Whether other processes see writes to a tensor's memory.

    >>> import wengert
    >>> is_shared(wengert.ones(2)), is_shared(share(wengert.ones(2)))
    (False, True)
    """
    return tensor.untyped_storage().data_ptr() in _by_address


def share(tensor):
    """Move a tensor's memory to a shared file and return it; views made before keep the old memory."""
    if is_shared(tensor):
        return tensor
    storage = tensor.untyped_storage()
    path = os.path.join(_folder(), f"wengert-{os.getpid()}-{secrets.token_hex(8)}")
    row = _map(path, max(len(storage), 1), os.O_CREAT | os.O_EXCL | os.O_RDWR)
    if len(storage):
        memoryview(row).cast("B")[: len(storage)] = storage.bytes()
    where = tensor.storage_offset(), tensor.size(), tensor.stride()
    moved = wg.empty(0, dtype=tensor.dtype).set_(row.untyped_storage(), *where)
    tensor._become(moved)
    _register()
    return tensor


def _register():
    """Have multiprocessing send shared tensors by name."""
    for kind in (wg.Tensor, wg.nn.Parameter):
        ForkingPickler.register(kind, reduce_tensor)


def reduce_tensor(tensor):
    """How a tensor is sent to another process: by the name of its file if it is shared, else by value."""
    storage = tensor.untyped_storage()
    shared = _by_address.get(storage.data_ptr())
    if shared is None:
        return tensor.__reduce_ex__(2)
    where = (tensor.storage_offset(), tuple(tensor.size()), tensor.stride())
    plain = (shared[0], len(storage), str(tensor.dtype).rpartition(".")[2], *where)
    return rebuild_tensor, (*plain, tensor.requires_grad, isinstance(tensor, wg.nn.Parameter))


_opened = OrderedDict()  # files this process has mapped, so that views of one memory stay views of one memory


def rebuild_tensor(path, size, dtype, offset, shape, stride, requires_grad, is_parameter):
    """A tensor over the memory that another process shares; RuntimeError when that is gone."""
    row = _opened.get(path, lambda: None)()
    if row is None:
        try:
            row = _map(path, size, os.O_RDWR)
        except FileNotFoundError as error:
            raise RuntimeError(
                "the process that shared this tensor has freed it; keep the tensor there until it has arrived here"
            ) from error
        _opened[path] = weakref.ref(row)
    tensor = wg.empty(0, dtype=getattr(wg, dtype)).set_(row.untyped_storage(), offset, shape, stride)
    return wg.nn.Parameter(tensor, requires_grad) if is_parameter else tensor.requires_grad_(requires_grad)


def _remove_files():
    """At the end of a process, remove the files that it made."""
    for path, maker in list(_by_address.values()):
        _forget(None, path, maker)


atexit.register(_remove_files)
