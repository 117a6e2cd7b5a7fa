"""safetensors files for wengert's tensors: a header of names and shapes, then the bytes."""

import json
import math
import struct

import wengert as wg

from ..storage._memory import contiguous_strides
from . import files, tensors

_DTYPES = {
    "F64": "float64",
    "F32": "float32",
    "F16": "float16",
    "BF16": "bfloat16",
    "I64": "int64",
    "I32": "int32",
    "I16": "int16",
    "I8": "int8",
    "U8": "uint8",
    "U16": "uint16",
    "U32": "uint32",
    "U64": "uint64",
    "BOOL": "bool",
    "C64": "complex64",
    "F8_E4M3": "float8_e4m3fn",
    "F8_E5M2": "float8_e5m2",
    "F8_E8M0": "float8_e8m0fnu",
}
_LONGEST_HEADER = 100_000_000


def save_file(tensors_by_name, filename, metadata=None):
    """Write a dict of names to tensors; `metadata` is a dict of strings.

    >>> import os, tempfile, wengert
    >>> path = os.path.join(tempfile.mkdtemp(), "a.safetensors")
    >>> save_file({"x": wengert.ones(2)}, path)
    >>> load_file(path)
    {'x': tensor([1., 1.])}
    """
    with files.writing(filename) as (file, _):
        for part in _parts(tensors_by_name, metadata):
            file.write(part)


def save(tensors_by_name, metadata=None):
    """The bytes that save_file writes."""
    return b"".join(bytes(part) for part in _parts(tensors_by_name, metadata))


def _parts(tensors_by_name, metadata):
    """The header, then the data of each tensor."""
    names = {getattr(wg, name): code for code, name in _DTYPES.items() if hasattr(wg, name)}
    header, position, contents = {}, 0, []
    if metadata:
        header["__metadata__"] = {str(key): str(value) for key, value in metadata.items()}
    order = sorted(tensors_by_name.items(), key=lambda item: (-item[1].dtype.itemsize, item[0]))
    for name, tensor in order:
        if tensor.dtype not in names:
            raise ValueError(f"safetensors cannot hold {tensor.dtype} ({name})")
        copy = tensor.detach().contiguous()
        size = copy.numel() * copy.dtype.itemsize
        header[name] = {
            "dtype": names[tensor.dtype],
            "shape": list(tensor.shape),
            "data_offsets": [position, position + size],
        }
        position += size
        contents.append((copy, size))
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    yield struct.pack("<Q", len(text)) + text
    for copy, size in contents:
        start = copy.storage_offset() * copy.dtype.itemsize
        yield tensors.storage_bytes(copy.untyped_storage())[start : start + size]


def load_file(filename, device="cpu"):
    """A dict of names to tensors; RuntimeError for a damaged file."""
    with files.reading(filename) as file:
        size = _remaining(file)
        head = file.read(8)
        length = struct.unpack("<Q", head)[0] if len(head) == 8 else 0
        if not 0 < length <= min(size - 8, _LONGEST_HEADER):
            raise RuntimeError("Error while deserializing header: header too large or file too short")
        header = _header(file.read(length), size - 8 - length)
        base, result = file.tell(), {}
        for name, (dtype, shape, begin, end) in header.items():
            storage = tensors.new_storage(end - begin)
            file.seek(base + begin)
            target = tensors.storage_bytes(storage)
            if file.readinto(target) != len(target):
                raise RuntimeError("Error while deserializing: the file ends early")
            strides = contiguous_strides(shape)
            result[name] = tensors.tensor_on(storage, dtype, 0, shape, strides).to(device)
        return result


def load(data):
    """A dict of names to tensors from bytes."""
    import io

    return load_file(io.BytesIO(data))


def _remaining(file):
    end = file.seek(0, 2)
    file.seek(0)
    return end


def _header(text, available):
    """The header's entries, each checked against the file, whose data lie one behind the other and fill it."""
    try:
        entries = json.loads(text)
        said = entries.pop("__metadata__", {})
        if not all(isinstance(word, str) for word in (*said.keys(), *said.values())):
            raise ValueError("the metadata are no dict of strings")
        result = {name: _entry(name, entry) for name, entry in entries.items()}
        position = 0
        for name, (_, _, begin, end) in sorted(result.items(), key=lambda item: item[1][2:]):
            if begin != position:
                raise ValueError(f"the data of {name} do not begin where those before them end")
            position = end
        if position != available:
            raise ValueError(f"the header tells of {position} bytes of data, of which there are {available}")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise RuntimeError(f"Error while deserializing header: {error}") from error
    return result


def _entry(name, entry):
    dtype = getattr(wg, _DTYPES[entry["dtype"]])
    begin, end = entry["data_offsets"]
    if not all(type(number) is int and 0 <= number < 2**63 for number in (begin, end, *entry["shape"])):
        raise ValueError(f"a length or an offset of {name} is not a number")
    if end - begin != math.prod(entry["shape"]) * dtype.itemsize:
        raise ValueError(f"the data of {name} have another size")
    return dtype, tuple(entry["shape"]), begin, end
