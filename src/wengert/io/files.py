"""Opening files to read and to write; a path is replaced only when its new content is complete."""

import contextlib
import io
import os
import stat

_NOT_SEEKABLE = (
    ". You can only torch.load from a file that is seekable. Please pre-load the data into a buffer like io.BytesIO and "
    "try to load from it instead."
)


@contextlib.contextmanager
def reading(source):
    """A seekable binary file for a path or for a file object, which is left open."""
    if isinstance(source, (str, os.PathLike)):
        with open(source, "rb") as file:
            yield file
        return
    try:
        source.seek(source.tell())
        _ = source.read
    except (io.UnsupportedOperation, AttributeError) as error:
        raise type(error)(f"{error}{_NOT_SEEKABLE}") from None
    yield source


@contextlib.contextmanager
def writing(target):
    """A binary file for a path or file object, with the name of the archive inside."""
    if not isinstance(target, (str, os.PathLike)):
        yield _Whole(target) if isinstance(target, io.RawIOBase) else target, "archive"
        return
    path = os.path.realpath(os.fspath(target))
    if isinstance(path, bytes):
        path = os.fsdecode(path)
    folder = os.path.dirname(path)
    if not os.path.isdir(folder):
        raise RuntimeError(f"Parent directory {os.path.dirname(os.fspath(target)) or '.'} does not exist.")
    name = os.path.splitext(os.path.basename(path))[0] or "archive"
    mode = _existing_mode(path)
    if mode is not None and not stat.S_ISREG(mode):
        with open(path, "wb") as file:  # a device or a pipe: nothing to keep
            yield file, name
        return
    with _replacing(path, mode) as file:
        yield file, name


class _Whole:
    """A stream that may write less than it is asked to, as those without a buffer do on a disk that is nearly full."""

    def __init__(self, stream):
        self.stream = stream
        self.flush = stream.flush

    def write(self, data):
        """Write all of it."""
        left = memoryview(data).cast("B")
        while left.nbytes:
            count = self.stream.write(left)
            if not isinstance(count, int) or not 0 < count <= left.nbytes:
                raise OSError(f"write() should have taken some of {left.nbytes} bytes, but returned {count!r}")
            left = left[count:]


def _existing_mode(path):
    try:
        return os.stat(path).st_mode
    except FileNotFoundError:
        return None


@contextlib.contextmanager
def _replacing(path, mode):
    """Write beside the file and put it in place at the end; on any failure the old file stays as it was."""
    if mode is not None:
        open(path, "r+b").close()  # a folder may be open to us and a file in it protected: its error
    temporary = os.path.join(
        os.path.dirname(path), f".{os.getpid()}-{os.urandom(4).hex()}.tmp"
    )  # no longer than any name
    try:
        try:
            file = open(temporary, "xb", buffering=1 << 20)
        except PermissionError:
            file = open(path, "wb")  # the folder is closed to us, perhaps the file is not
        with file:
            yield file
        if file.name == temporary:
            if mode is not None:
                os.chmod(temporary, stat.S_IMODE(mode))
            os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise


def fill(stream, target):
    """Read into a memoryview until it is full or the stream ends; returns the number of bytes."""
    done = 0
    while left := len(target) - done:
        if hasattr(stream, "readinto"):
            count = stream.readinto(target[done:])
            if not isinstance(count, int) or not 0 <= count <= left:
                raise OSError(f"readinto() should have returned a number of bytes from 0 to {left}, not {count!r}")
        else:
            chunk = stream.read(min(left, 1 << 24))
            if not isinstance(chunk, (bytes, bytearray)) or len(chunk) > left:
                raise OSError(f"read({left}) should have returned so many bytes at most, not {type(chunk).__name__}")
            count = len(chunk)
            target[done : done + count] = chunk
        if not count:
            break
        done += count
    return done


def memory_of(file):
    """The whole file as memory: changes to it stay private to this process."""
    from ..storage._mapped import mapped

    return mapped(file.fileno(), 0, writes=False)
