"""Sending batches between processes: a pickle, then the tensors' bytes as they lie in memory.

Nothing has a name in the file system and nothing outlives the two processes, so nothing can leak.
"""

import io
import os
import pickle

import wengert as wg

# A buffer below this size is copied into the pickle: one message is cheaper than two.
_SMALL = 1 << 14

# Large buffers go straight between their memory and the connection's descriptor, where it has one.
_DIRECT = hasattr(os, "readv")


def _restore(buffer, dtype, shape, requires_grad):
    import numpy

    array = numpy.frombuffer(buffer, dtype=dtype).reshape(shape)
    if not array.flags.writeable:
        array = array.copy()
    return wg.from_numpy(array).requires_grad_(requires_grad)


class _Pickler(pickle.Pickler):
    def __init__(self, file, buffers):
        super().__init__(file, protocol=5, buffer_callback=self._keep)
        self.buffers = buffers

    def _keep(self, buffer):
        raw = buffer.raw()
        if raw.nbytes < _SMALL:
            return True
        self.buffers.append(raw)
        return False

    def reducer_override(self, obj):
        if type(obj) is not wg.Tensor:
            return NotImplemented
        try:
            array = obj.detach().contiguous().numpy()
        except (RuntimeError, TypeError, AttributeError):
            # A dtype that NumPy does not have: the tensor's own pickling knows what to do.
            return NotImplemented
        return _restore, (pickle.PickleBuffer(array), array.dtype.str, array.shape, obj.requires_grad)


def pack(obj):
    """Returns (pickle, large buffers) of ``obj``."""
    file, buffers = io.BytesIO(), []
    _Pickler(file, buffers).dump(obj)
    return file.getbuffer(), buffers


def send(connection, packed):
    """Sends what ``pack`` returned."""
    body, buffers = packed
    connection.send_bytes(pickle.dumps([raw.nbytes for raw in buffers]))
    connection.send_bytes(body)
    for raw in buffers:
        if _DIRECT:
            while raw.nbytes:
                raw = raw[os.write(connection.fileno(), raw) :]
        else:
            connection.send_bytes(raw)


def receive(connection):
    """Receives what ``pack`` returned on the other side, for ``unpack``.

    Raises:
        BlockingIOError: the connection has a limit of time, and it is over.
        EOFError, OSError: the other process is gone.
    """
    sizes = pickle.loads(connection.recv_bytes())
    body = connection.recv_bytes()
    return body, [_receive_buffer(connection, size) for size in sizes]


def unpack(packed):
    """The object in what was received; the tensors in it own the memory they were received into."""
    body, buffers = packed
    return pickle.loads(body, buffers=buffers)


def _receive_buffer(connection, size):
    if not _DIRECT:
        return bytearray(connection.recv_bytes())
    import numpy

    # Not a bytearray, which would be filled with zeros first.
    buffer = numpy.empty(size, dtype=numpy.uint8)
    left = memoryview(buffer)
    while left.nbytes:
        count = os.readv(connection.fileno(), [left])
        if count == 0:
            raise EOFError
        left = left[count:]
    return buffer
