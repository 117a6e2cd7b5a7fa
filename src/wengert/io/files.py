"""Opening files to read and to write; a path is replaced only when its new content is complete."""

import contextlib
import os
import stat


@contextlib.contextmanager
def reading(source):
    """A seekable binary file for a path or for a file object, which is left open."""
    if isinstance(source, (str, os.PathLike)):
        with open(source, "rb") as file:
            yield file
        return
    for method in ("seek", "tell", "read"):
        if not hasattr(source, method):
            raise AttributeError(
                f"'{type(source).__name__}' object has no attribute '{method}'. You can only torch.load"
                " from a file that is seekable. Please pre-load the data into a buffer like "
                "io.BytesIO and try to load from it instead."
            )
    yield source


@contextlib.contextmanager
def writing(target):
    """A binary file for a path or file object, with the name of the archive inside."""
    if not isinstance(target, (str, os.PathLike)):
        yield target, "archive"
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
    while done < len(target):
        if hasattr(stream, "readinto"):
            count = stream.readinto(target[done:])
        else:
            chunk = stream.read(min(len(target) - done, 1 << 24))
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
