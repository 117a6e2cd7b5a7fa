"""The zip container of .pt files: records stored whole, their data aligned to 64 bytes."""

import struct
import zipfile
import zlib

from . import files

ALIGNMENT = 64
_LIMIT = 0xFFFFFFFF
_UTF8 = 0x0800
# A record that shrinks by more than this when compressed is a bomb, not weights.
_LARGEST_RATIO, _ALWAYS_ALLOWED = 100, 1 << 24
_CORRUPT = (
    "If you are seeing this error, there is a high likelihood that your checkpoint file is corrupted. This can "
    "happen if the checkpoint was not saved properly, was transferred incorrectly, or the file was modified "
    "after saving."
)


class Writer:
    """Writes records one after the other, so any object with `write` will do."""

    def __init__(self, file, name):
        self.file, self.name = file, name
        self.position = 0
        self.entries = []

    def _write(self, data):
        self.file.write(data)
        self.position += len(data)

    def write(self, record, data):
        """Append one record (bytes-like)."""
        name = f"{self.name}/{record}".encode()
        size, checksum, start = len(data), zlib.crc32(data), self.position
        large = size >= _LIMIT
        sizes = struct.pack("<HHQQ", 1, 16, size, size) if large else b""
        # torch pads with an extra field "FB" so that the data can be mapped into memory as it is.
        padding = -(start + 30 + len(name) + len(sizes) + 4) % ALIGNMENT
        extra = sizes + b"FB" + struct.pack("<H", padding) + b"Z" * padding
        stored = _LIMIT if large else size
        self._write(
            struct.pack(
                "<4s5H3L2H",
                b"PK\3\4",
                45 if large else 0,
                _UTF8,
                0,
                0,
                0,
                checksum,
                stored,
                stored,
                len(name),
                len(extra),
            )
            + name
            + extra
        )
        self._write(data)
        self.entries.append((name, size, checksum, start))

    def finish(self):
        """Write the table of contents."""
        start = self.position
        for name, size, checksum, offset in self.entries:
            wide = [n for n in (size, size, offset) if n >= _LIMIT] if max(size, offset) >= _LIMIT else []
            extra = struct.pack(f"<HH{len(wide)}Q", 1, 8 * len(wide), *wide) if wide else b""
            version = 45 if wide else 0
            shown = [min(n, _LIMIT) for n in (size, size, offset)]
            self._write(
                struct.pack(
                    "<4s6H3L5H2L",
                    b"PK\1\2",
                    version,
                    version,
                    _UTF8,
                    0,
                    0,
                    0,
                    checksum,
                    shown[0],
                    shown[1],
                    len(name),
                    len(extra),
                    0,
                    0,
                    0,
                    0,
                    shown[2],
                )
                + name
                + extra
            )
        size, count, end = self.position - start, len(self.entries), self.position
        if count >= 0xFFFF or start >= _LIMIT or size >= _LIMIT:
            self._write(struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, count, count, size, start))
            self._write(struct.pack("<4sLQL", b"PK\6\7", 0, end, 1))
        self._write(
            struct.pack(
                "<4s4H2LH",
                b"PK\5\6",
                0,
                0,
                min(count, 0xFFFF),
                min(count, 0xFFFF),
                min(size, _LIMIT),
                min(start, _LIMIT),
                0,
            )
        )


def failure(what):
    """The error for a damaged container, in torch's words."""
    return RuntimeError(f"PytorchStreamReader failed {what}. This is an internal miniz error. {_CORRUPT}")


class _Zip(zipfile.ZipFile):
    """Closed by whoever opens it. ZipFile's own `__del__` is Python, and an interrupt that came in it would be lost."""

    __del__ = object


class Reader:
    """Finds and reads the records of a seekable file."""

    def __init__(self, file):
        self.file = file
        file.seek(0, 2)
        self.size = file.tell()
        try:
            with _Zip(file) as archive:
                entries = archive.infolist()
        except (
            zipfile.BadZipFile,
            zipfile.LargeZipFile,
            NotImplementedError,
            ValueError,
            OSError,
            struct.error,
            UnicodeDecodeError,
        ) as error:
            raise failure("reading zip archive: failed finding central directory") from error
        if sum(entry.compress_size for entry in entries) > self.size:
            raise failure("reading zip archive: its records overlap")
        prefix = entries[0].filename.partition("/")[0] + "/" if entries else ""
        self.records = {entry.filename[len(prefix) :]: entry for entry in entries if entry.filename.startswith(prefix)}

    def __contains__(self, record):
        return record in self.records

    def _entry(self, record):
        entry = self.records.get(record)
        if entry is None:
            raise failure(f"locating file {record}: file not found")
        return entry

    def length(self, record):
        """Size of a record in bytes."""
        return self._entry(record).file_size

    def offset(self, record):
        """Where the data of a record begins in the file; None when it is compressed."""
        entry = self._entry(record)
        if entry.header_offset < 0:  # zipfile counts back from the end of the file, and takes what it finds there
            raise failure(f"reading file {record}: invalid header")
        self.file.seek(entry.header_offset)
        header = self.file.read(30)
        if len(header) != 30 or header[:4] != b"PK\3\4" or entry.flag_bits & 1:
            raise failure(f"reading file {record}: invalid header")
        start = entry.header_offset + 30 + sum(struct.unpack("<HH", header[26:]))
        if start + entry.compress_size > self.size:
            raise failure(f"reading file {record}: file read failed")
        if entry.compress_type == zipfile.ZIP_STORED:
            if entry.compress_size != entry.file_size:
                raise failure(f"reading file {record}: invalid header")
            return start
        return None

    def read(self, record):
        """The bytes of a record."""
        data = bytearray(self._plausible_length(record))
        self.read_into(record, memoryview(data))
        return bytes(data)

    def _plausible_length(self, record):
        entry = self._entry(record)
        if self.offset(record) is None and entry.file_size > max(_ALWAYS_ALLOWED, entry.compress_size * _LARGEST_RATIO):
            raise failure(
                f"reading file {record}: {entry.compress_size} compressed bytes claim to be "
                f"{entry.file_size}, which no checkpoint does"
            )
        return entry.file_size

    def read_into(self, record, target):
        """Fill a writable memoryview with a record of exactly its size."""
        self._plausible_length(record)
        start = self.offset(record)
        if start is None:
            self._inflate_into(record, target)
        else:
            self.file.seek(start)
            self._fill(self.file, target, record)
            expected = self._entry(record).CRC  # torch writes 0 when told not to compute it
            if expected and zlib.crc32(target) != expected:
                raise failure(f"reading file {record}: file read failed, its checksum is wrong")

    def _fill(self, stream, target, record):
        if files.fill(stream, target) != len(target):
            raise failure(f"reading file {record}: file read failed")

    def _inflate_into(self, record, target):
        try:
            with _Zip(self.file) as archive, archive.open(self._entry(record)) as stream:
                self._fill(stream, target, record)
        except (zipfile.BadZipFile, NotImplementedError, zlib.error, EOFError, OSError) as error:
            raise failure(f"reading file {record}: file read failed") from error
