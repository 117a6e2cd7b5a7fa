"""safetensors files: what is written comes back, and damaged files are refused."""

import io
import json
import random
import struct

import pytest

import wengert as wg
from wengert.io import safetensors

VALUES = {"weight": [[1.5, 2.0], [3.0, 4.0]], "bias": [0.5]}


def example():
    return {
        "weight": wg.tensor(VALUES["weight"]).t(),
        "bias": wg.tensor(VALUES["bias"]).to(wg.bfloat16),
        "count": wg.tensor(7),
        "empty": wg.empty(0, 3),
        "flags": wg.tensor([True, False]),
    }


def test_round_trip(tmp_path):
    path = tmp_path / "a.safetensors"
    safetensors.save_file(example(), path, metadata={"made by": "a test"})
    for result in (safetensors.load_file(path), safetensors.load(path.read_bytes())):
        assert set(result) == set(example())
        for name, value in example().items():
            assert result[name].dtype is value.dtype and result[name].shape == value.shape
            assert result[name].tolist() == value.tolist() and result[name].is_contiguous()


def test_the_header(tmp_path):
    data = safetensors.save({"x": wg.ones(2), "y": wg.ones(1, dtype=wg.float64)})
    (length,) = struct.unpack("<Q", data[:8])
    assert length % 8 == 0
    assert json.loads(data[8 : 8 + length]) == {
        "y": {"dtype": "F64", "shape": [1], "data_offsets": [0, 8]},
        "x": {"dtype": "F32", "shape": [2], "data_offsets": [8, 16]},
    }


@pytest.mark.parametrize(
    "header",
    [
        '{"x": {"dtype": "F32", "shape": [3], "data_offsets": [0, 8]}}',
        "[]",
        "{",
        '{"x": 3}',
        '{"x": {"dtype": "F32", "shape": [2], "data_offsets": [8, 16]}}',
        "[" * 5000,
        '{"x": {"dtype": "F99", "shape": [2], "data_offsets": [0, 8]}}',
        '{"x": {"dtype": "F32", "shape": [-2], "data_offsets": [0, 8]}}',
        '{"x": {"dtype": "F32", "shape": [4611686018427387904], "data_offsets": [0, 8]}}',
        '{"x": {"dtype": "F32", "shape": [2.0], "data_offsets": [0, 8]}}',
        '{"x": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8.0]}}',
        '{"x": {"dtype": "F32", "shape": [true, 2], "data_offsets": [0, 8]}}',
        '{"x": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}, "y": {"dtype": "U8", "shape": [8], "data_offsets": [0, 8]}}',
        '{"x": {"dtype": "F32", "shape": [1], "data_offsets": [4, 8]}}',
        '{"x": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}',
        '{"x": {"dtype": "F32", "shape": [0, 99999999999999999999], "data_offsets": [0, 0]}}',
        '{"__metadata__": {"a": 1}, "x": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}',
        '{"__metadata__": [], "x": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}',
        '{"x": {"dtype": ["F32"], "shape": [2], "data_offsets": [0, 8]}}',
    ],
    ids=range(19),
)
def test_damaged_headers(header):
    data = struct.pack("<Q", len(header)) + header.encode() + b"\0" * 8
    with pytest.raises(RuntimeError, match="Error while deserializing header"):
        safetensors.load_file(io.BytesIO(data))


def test_flipped_bytes():
    data, chance = safetensors.save(example()), random.Random(0)
    for _ in range(3000):
        damaged = bytearray(data)
        for _ in range(chance.randint(1, 3)):
            damaged[chance.randrange(len(data))] = chance.choice((0, 0x22, 0x2C, 0x30, 0x39, 0x7B, 0x7D, 0xFF))
        try:
            safetensors.load(bytes(damaged))
        except RuntimeError as error:
            assert str(error).startswith("Error while deserializing")


def test_truncated_files():
    data = safetensors.save(example())
    for end in range(0, len(data), 7):
        with pytest.raises(RuntimeError, match="Error while deserializing"):
            safetensors.load(data[:end])


def test_the_original_package_agrees(tmp_path):
    original = pytest.importorskip("safetensors.numpy", reason="compares with the safetensors package")
    path = str(tmp_path / "a.safetensors")
    safetensors.save_file({"x": wg.tensor(VALUES["weight"])}, path)
    assert original.load_file(path)["x"].tolist() == VALUES["weight"]
    original.save_file(original.load_file(path), path)
    assert safetensors.load_file(path)["x"].tolist() == VALUES["weight"]
