"""Damaged and hostile files: a clear error, little memory, and nothing executed."""

import io
import os
import pickle
import resource
import struct
import subprocess
import zipfile
import zlib

import pytest

import wengert as wg

PROTOCOL = b"\x80\x02"


def archive(program, compression=zipfile.ZIP_STORED, **records):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as file:
        file.writestr("a/data.pkl", program)
        file.writestr("a/version", "3\n")
        for name, data in records.items():
            file.writestr("a/data/" + name.removeprefix("_"), data)
    buffer.seek(0)
    return buffer


def good(zipped=True):
    buffer = io.BytesIO()
    wg.save(
        {"weight": wg.arange(100.0), "bias": [wg.ones(3), "text", 1.5]}, buffer, _use_new_zipfile_serialization=zipped
    )
    return buffer.getvalue()


def tensor_program(count=4, offset=0, size=(4,), stride=(1,), kind=b"FloatStorage", key=b"0"):
    reference = (
        b"(X\7\0\0\0storagectorch\n"
        + kind
        + b"\nX"
        + struct.pack("<I", len(key))
        + key
        + b"X\3\0\0\0cpu"
        + _number(count)
        + b"tQ"
    )
    return (
        PROTOCOL
        + b"ctorch._utils\n_rebuild_tensor_v2\n("
        + reference
        + _number(offset)
        + b"("
        + b"".join(map(_number, size))
        + b"t("
        + b"".join(map(_number, stride))
        + b"t\x89ccollections\nOrderedDict\n)RtR."
    )


def _number(value):
    data = value.to_bytes(16, "little", signed=True)
    return b"\x8a" + bytes([len(data)]) + data


IMPORTED = subprocess.Popen  # so that a file could reach it through this module


class Touch:
    """Unpickled by pickle itself, this makes a file."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return os.mkdir, (self.path,)


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.parametrize("weights_only", [True, False])
def test_code_in_a_file_is_not_run(tmp_path, weights_only, protocol):
    program = pickle.dumps({"x": Touch(tmp_path / "made")}, protocol)
    for file in (archive(program), io.BytesIO(program)):
        with pytest.raises(pickle.UnpicklingError, match="posix.mkdir"):
            wg.load(file, weights_only=weights_only)
    assert os.listdir(tmp_path) == []


PROGRAMS = {
    "system": (b"cposix\nsystem\n(X\2\0\0\0lstR.", "unsupported GLOBAL posix.system whose module posix is blocked"),
    "eval": (b"cbuiltins\neval\n(X\1\0\0\x001tR.", "GLOBAL eval was not an allowed global"),
    "getattr": (b"cbuiltins\ngetattr\n.", "GLOBAL getattr was not an allowed global"),
    "a module's module": (b"ctorch\nos.system\n.", "not an allowed global"),
    "import": (b"cantigravity\nx\n.", "GLOBAL antigravity.x was not an allowed global"),
    "object": (b"cbuiltins\nobject\n)\x81.", "GLOBAL object was not an allowed global"),
    "state": (b"ccollections\nCounter\n)R}b.", "Can only build Tensor, Parameter, OrderedDict or types allowlisted"),
    "extension": (b"\x82\1.", "Unsupported operand 130"),
    "instance": (b"(iposix\nsystem\n.", "Unsupported operand 105"),
    "unknown": (b"\xff.", "Unsupported operand 255"),
    "calling data": (b"]R.", "empty stack|unrecognized function"),
    "calling a list": (b"])R.", "Trying to call reduce for unrecognized function"),
    "memo": (b"h\5.", "Memo value not found at index 5"),
    "no mark": (b"t.", "closes what it did not open"),
    "huge memo": (b"Nr\xff\xff\xff\x7fh\1.", "Memo value not found at index 1"),
    "identity": (b"NQ.", "persistent_load id must be tuple or int, but got <class 'NoneType'>"),
    "keyless": (b"NN]u.", "closes what it did not open"),
    "items of a list": (b"]NNs.", "Can only SETITEM for dict"),
    "append to a dict": (b"}Na.", "Can only append to list objects"),
    "bytearray bomb": (b"cbuiltins\nbytearray\n\x8a\6\0\0\0\0\0\1\x85R.", "bytearray may only be made from bytes"),
    "codec bomb": (b"c_codecs\nencode\n(X\1\0\0\0xX\4\0\0\0zliptR.", "Unsupported encoding"),
    "protocol": (b"\x80\x09N.", "unsupported pickle protocol: 9"),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_forbidden_programs(name):
    program, message = PROGRAMS[name]
    with pytest.raises(pickle.UnpicklingError, match=message):
        wg.load(archive(PROTOCOL + program))


@pytest.mark.parametrize(
    "module, name",
    [
        ("posix", "system"),
        ("subprocess", "Popen"),
        ("__main__", "subprocess.Popen"),
        (__name__, "subprocess.Popen"),
        (__name__, "zipfile.ZipFile"),
        ("builtins", "eval"),
        ("builtins", "open"),
        ("torch", "save"),
        ("torch", "load"),
        ("torch.hub", "os.system"),
        ("torch.hub", "download_url_to_file"),
        ("torch.utils.data", "os.system"),
        ("wengert", "save"),
        ("wengert.io.files", "os.system"),
        ("importlib", "import_module"),
        ("no_such", "Class"),
        ("torch", "compile"),
        ("numpy", "load"),
        ("numpy.lib.npyio", "NpzFile"),
        ("operator", "attrgetter"),
        ("functools", "partial"),
        ("types", "FunctionType"),
        ("torch.serialization", "pickle.loads"),
    ],
)
def test_what_full_trust_does_not_trust(module, name):
    """weights_only=False rebuilds data and the program's own classes; it still calls nothing that does things."""
    program = b"\x80\x04\x8c" + bytes([len(module)]) + module.encode() + b"\x8c" + bytes([len(name)]) + name.encode()
    with pytest.raises(pickle.UnpicklingError, match="Unsupported global"):
        wg.load(archive(program + b"\x93."), weights_only=False)


def test_the_words_are_torchs():
    with pytest.raises(pickle.UnpicklingError) as caught:
        wg.load(archive(PROTOCOL + b"cdatetime\ndate\n."))
    text = str(caught.value)
    assert text.startswith("Weights only load failed. This file can still be loaded, to do so you have two options, ")
    assert (
        "WeightsUnpickler error: Unsupported global: GLOBAL datetime.date was not an allowed global by default. "
        "Please use `torch.serialization.add_safe_globals([datetime.date])` or the "
        "`torch.serialization.safe_globals([datetime.date])` context manager to allowlist this global if you trust "
        "this class/function.\n\nCheck the documentation of torch.load" in text
    )


@pytest.mark.parametrize(
    "arguments",
    [
        {"size": (5,)},
        {"offset": 1},
        {"stride": (2,)},
        {"size": (2, 2), "stride": (1, 3)},
        {"size": (-1,)},
        {"stride": (-1,)},
        {"offset": -1},
        {"size": (2**62,), "stride": (2**62,)},
        {"size": (1, 1), "stride": (1,)},
    ],
    ids=str,
)
def test_tensors_cannot_reach_outside_their_storage(arguments):
    assert wg.load(archive(tensor_program(), _0=b"\0" * 16)).tolist() == [0, 0, 0, 0]
    with pytest.raises(RuntimeError):
        wg.load(archive(tensor_program(**arguments), _0=b"\0" * 16))


def test_storages_of_the_wrong_size_or_name():
    for count in (3, 5, -4, 2**61):
        with pytest.raises(RuntimeError, match=r"record size \(16 bytes\) does not match expected size"):
            wg.load(archive(tensor_program(count=count), _0=b"\0" * 16))
    with pytest.raises(RuntimeError, match="failed locating file data/7: file not found"):
        wg.load(archive(tensor_program(key=b"7"), _0=b"\0" * 16))
    with pytest.raises(pickle.UnpicklingError, match="NoSuchStorage"):
        wg.load(archive(tensor_program(kind=b"NoSuchStorage"), _0=b"\0" * 16))


@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "legacy"])
def test_truncated_files(zipped):
    data = good(zipped)
    for end in [*range(100), *range(100, len(data), 37), len(data) - 1]:
        with pytest.raises((RuntimeError, EOFError, pickle.UnpicklingError)):
            wg.load(io.BytesIO(data[:end]))


CLEAN = (RuntimeError, EOFError, pickle.UnpicklingError)


def damaged(data, load):
    """Load copies with one byte changed: an error or a harmless difference, never another kind of exception."""
    for position in range(0, len(data), 3):
        for flip in (0x01, 0x80):
            copy = bytearray(data)
            copy[position] ^= flip
            try:
                load(bytes(copy))
            except CLEAN:
                pass
            except ValueError as error:
                assert "Unknown endianness type" in str(error)


@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "legacy"])
def test_flipped_bytes(zipped):
    damaged(good(zipped), lambda data: wg.load(io.BytesIO(data)))


def test_flipped_bytes_in_a_program():
    with zipfile.ZipFile(io.BytesIO(good())) as file:
        programs = file.read("archive/data.pkl"), tensor_program()
    for program in programs:
        damaged(program, lambda data: wg.load(archive(data, _0=b"\0" * 400, _1=b"\0" * 12)))


def test_errors_of_the_caller_are_the_callers():
    for kind in (KeyError, TypeError, AttributeError):

        def place(storage, location, kind=kind):
            raise kind(location)

        for zipped in (True, False):
            with pytest.raises(kind, match="cpu"):
                wg.load(io.BytesIO(good(zipped)), map_location=place)


def test_damaged_weights_are_noticed():
    data = bytearray(good())
    data[data.index(struct.pack("<3f", 40, 41, 42))] ^= 1
    with pytest.raises(RuntimeError, match="checksum is wrong"):
        wg.load(io.BytesIO(bytes(data)))


def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def test_bombs_take_no_memory():
    before = peak()
    zeros = zlib.compress(b"\0" * (1 << 20), 9)
    assert len(zeros) < 2000
    bomb = archive(tensor_program(count=1 << 28, size=(1 << 28,)), zipfile.ZIP_DEFLATED, _0=b"\0" * (1 << 26))
    data = bytearray(bomb.getvalue())
    for marker in (struct.pack("<I", 1 << 26),):
        while marker in data:  # the sizes in the headers claim a gigabyte
            index = data.index(marker)
            data[index : index + 4] = struct.pack("<I", 1 << 30)
    del bomb
    between = peak()
    with pytest.raises(RuntimeError, match="which no checkpoint does"):
        wg.load(io.BytesIO(bytes(data)))
    for program in (
        b"\x8e\0\0\0\0\0\1\0\0.",
        b"X\xff\xff\xff\x7f.",
        b"\x8b\xff\xff\xff\x7f.",
        b"\x96\0\0\0\0\0\1\0\0.",
    ):
        with pytest.raises(EOFError, match="unexpected EOF"):
            wg.load(archive(PROTOCOL + program))
    with pytest.raises((RuntimeError, pickle.UnpicklingError)):
        legacy = good(False)
        wg.load(io.BytesIO(legacy.replace(b"Kdtq", b"J\xff\xff\xff\x7ftq").replace(b"KdNtq", b"J\xff\xff\xff\x7fNtq")))
    assert peak() - between < 100 << 20 and before > 0


def test_overlapping_records_are_refused():
    data = good()
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        entry = next(entry for entry in file.infolist() if entry.filename.endswith("data/0"))
        start = file.start_dir
    record = struct.pack(
        "<4s6H3L5H2L", b"PK\1\2", 0, 0, 0, 0, 0, 0, entry.CRC, 400, 400, 9, 0, 0, 0, 0, 0, entry.header_offset
    )
    many = b"".join(record + b"archive/%d" % (index % 10) for index in range(3000))
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 3000, 3000, len(many), start, 0)
    with pytest.raises(RuntimeError, match="failed reading zip archive"):
        wg.load(io.BytesIO(data[:start] + many + end))


def test_not_checkpoints(tmp_path):
    for data in (b"", b"hello world", pickle.dumps([1, 2]), pickle.dumps([1, 2], 2), b"PK\3\4", b"\x80\x02."):
        with pytest.raises((EOFError, RuntimeError, pickle.UnpicklingError)):
            wg.load(io.BytesIO(data))
    with pytest.raises(RuntimeError, match=r"Invalid magic number; corrupt file\?"):
        wg.load(io.BytesIO(pickle.dumps([1, 2], 2)))
    with pytest.raises(IsADirectoryError):
        wg.load(tmp_path)


class Point:
    def __init__(self, x):
        self.x = x


def test_safe_globals():
    buffer = io.BytesIO()
    wg.save({"p": Point(3)}, buffer)
    data = buffer.getvalue()
    with wg.serialization.safe_globals([Point]):
        assert wg.load(io.BytesIO(data))["p"].x == 3
        assert wg.serialization.get_safe_globals() == [Point]
    assert wg.serialization.get_safe_globals() == []
    with pytest.raises(pickle.UnpicklingError, match="Point was not an allowed global"):
        wg.load(io.BytesIO(data))
    assert wg.serialization.get_unsafe_globals_in_checkpoint(io.BytesIO(data)) == [f"{Point.__module__}.Point"]
    wg.serialization.add_safe_globals([3])
    try:
        with pytest.raises(TypeError, match="Expected an item in `add_safe_globals`"):
            wg.load(io.BytesIO(data))
    finally:
        wg.serialization.clear_safe_globals()
    assert wg.load(io.BytesIO(data), weights_only=False)["p"].x == 3


def test_numpy_values_need_permission():
    numpy = pytest.importorskip("numpy")
    buffer = io.BytesIO()
    wg.save([numpy.arange(3), numpy.float64(2.5)], buffer)
    with pytest.raises(pickle.UnpicklingError, match="multiarray"):
        wg.load(io.BytesIO(buffer.getvalue()))
    array, scalar = wg.load(io.BytesIO(buffer.getvalue()), weights_only=False)
    assert array.tolist() == [0, 1, 2] and scalar == 2.5 and type(scalar) is numpy.float64
