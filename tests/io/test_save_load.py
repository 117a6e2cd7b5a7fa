"""What is saved comes back: values, dtypes, strides, shared storages, containers, modules and optimizers."""

import collections
import copy
import io
import os
import pickle
import zipfile

import pytest
from formats import DTYPES, FORMATS

import wengert as wg
from wengert.io import allowed


def saved(obj, zipped=True):
    buffer = io.BytesIO()
    wg.save(obj, buffer, _use_new_zipfile_serialization=zipped)
    buffer.seek(0)
    return buffer


def again(obj, zipped=True, **options):
    return wg.load(saved(obj, zipped), **options)


@FORMATS
@pytest.mark.parametrize("name", DTYPES)
def test_every_dtype(name, zipped):
    dtype = getattr(wg, name)
    original = wg.tensor([0, 1, 2, 3]).to(dtype)
    result = again(original, zipped)
    assert result.dtype is dtype and result.tolist() == original.tolist()


@FORMATS
def test_shapes_and_strides(zipped):
    base = wg.arange(24.0).view(2, 3, 4)
    for view in (
        base,
        base.transpose(0, 2),
        base[1, :, 1:3],
        base[:, ::2],
        base[0, 0, 0],
        base[:0],
        base[:1].expand(5, 3, 4),
        wg.tensor(3.5),
        wg.empty(0, 3),
    ):
        result = again(view, zipped)
        assert result.shape == view.shape and result.stride() == view.stride()
        assert result.storage_offset() == view.storage_offset() and result.tolist() == view.tolist()


@FORMATS
def test_views_share_their_storage_again(zipped):
    base = wg.zeros(10)
    result = again({"all": base, "part": base[2:5]}, zipped)
    result["part"].fill_(1.0)
    assert result["all"].tolist() == [0, 0, 1, 1, 1, 0, 0, 0, 0, 0]


@FORMATS
def test_a_view_is_saved_with_its_whole_storage(zipped):
    assert again(wg.zeros(1000)[:2], zipped).untyped_storage().nbytes() == 4000


@FORMATS
def test_the_same_object_twice_is_one_object(zipped):
    value = wg.ones(2)
    first, second = again([value, value], zipped)
    assert first is second


@FORMATS
def test_containers_and_plain_values(zipped):
    value = {
        "list": [1, 2.5, None, True, "text", b"bytes", 2**80, -1, 1j, {3, 4}],
        5: (1, 2, 3, 4),
        (1,): [],
        "ordered": collections.OrderedDict(a=1),
        "counted": collections.Counter("aab"),
        "size": wg.Size([2, 3]),
        "dtype": wg.float16,
        "device": wg.device("cpu"),
        "bytes": bytearray(b"x"),
    }
    result = again(value, zipped)
    assert result == value
    assert [type(result[key]) for key in value] == [type(value[key]) for key in value]


@FORMATS
def test_recursive_containers(zipped):
    value = [1]
    value.append(value)
    result = again(value, zipped)
    assert result[1] is result
    deep = []
    for _ in range(50):
        deep = [deep]
    assert again(deep, zipped) == deep


@FORMATS
def test_parameters_and_requires_grad(zipped):
    result = again(
        [
            wg.nn.Parameter(wg.ones(2)),
            wg.nn.Parameter(wg.ones(2), requires_grad=False),
            wg.ones(1, requires_grad=True),
            wg.ones(1),
        ],
        zipped,
    )
    assert [type(value) is wg.nn.Parameter for value in result] == [True, True, False, False]
    assert [value.requires_grad for value in result] == [True, False, True, False]
    assert all(value.is_leaf for value in result)


@FORMATS
def test_model_and_optimizer_continue_where_they_stopped(zipped):
    def build():
        model = wg.nn.Sequential(wg.nn.Linear(3, 4), wg.nn.BatchNorm1d(4), wg.nn.Linear(4, 1))
        return model, wg.optim.Adam(model.parameters(), lr=0.1)

    def step(model, optimizer):
        optimizer.zero_grad()
        loss = model(inputs).square().mean()
        loss.backward()
        optimizer.step()
        return loss.item()

    wg.manual_seed(0)
    inputs = wg.randn(8, 3)
    model, optimizer = build()
    step(model, optimizer)
    state = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "epoch": 1}
    loaded = again(state, zipped)
    assert loaded["model"]._metadata == state["model"]._metadata
    other, other_optimizer = build()
    other.load_state_dict(loaded["model"])
    other_optimizer.load_state_dict(loaded["optimizer"])
    assert [step(model, optimizer) for _ in range(3)] == [step(other, other_optimizer) for _ in range(3)]


class Net(wg.nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = wg.nn.Linear(2, 2)
        self.activation = wg.nn.functional.relu

    def forward(self, x):
        return self.activation(self.layer(x))


@FORMATS
def test_whole_modules_need_weights_only_false(zipped):
    net = Net()
    result = again(net, zipped, weights_only=False)
    assert type(result) is Net and result(wg.ones(1, 2)).tolist() == net(wg.ones(1, 2)).tolist()
    with pytest.raises(pickle.UnpicklingError, match=r"Unsupported global: GLOBAL .*Net was not an allowed global"):
        again(net, zipped)
    with pytest.raises(pickle.UnpicklingError, match=r"GLOBAL torch\.nn\.modules\.linear\.Linear was not an allowed"):
        again(wg.nn.Linear(1, 1), zipped)


def test_names_in_the_file_are_torchs():
    with zipfile.ZipFile(saved(wg.nn.Sequential(wg.nn.Linear(1, 1)))) as file:
        program = file.read("archive/data.pkl")
    assert b"ctorch.nn.modules.container\nSequential\n" in program and b"wengert" not in program


def test_the_records_are_torchs(tmp_path):
    path = tmp_path / "model.v1.pt"
    wg.save({"a": wg.ones(3), "b": wg.ones(2)}, path)
    with zipfile.ZipFile(path) as file:
        assert file.testzip() is None
        assert file.namelist() == [
            "model.v1/" + name
            for name in (
                "data.pkl",
                ".format_version",
                ".storage_alignment",
                "byteorder",
                "data/0",
                "data/1",
                "version",
                ".data/serialization_id",
            )
        ]
        assert file.read("model.v1/version") == b"3\n" and file.read("model.v1/byteorder") == b"little"
        for entry in file.infolist():
            assert entry.compress_type == zipfile.ZIP_STORED
            start = path.read_bytes().index(file.read(entry), entry.header_offset + 30 + len(entry.filename))
            assert start % 64 == 0


def test_paths_and_files(tmp_path):
    for target in (str(tmp_path / "a.pt"), tmp_path / "b.pt", os.fsencode(tmp_path / "c.pt").decode()):
        wg.save(wg.ones(2), target)
        assert wg.load(target).tolist() == [1, 1]
        with open(target, "rb") as file:
            assert wg.load(file).tolist() == [1, 1]
    with open(tmp_path / "d.pt", "wb") as file:
        wg.save(wg.ones(2), file)
    assert wg.load(tmp_path / "d.pt").tolist() == [1, 1]


def test_mapped_files(tmp_path):
    path = tmp_path / "a.pt"
    wg.save({"a": wg.arange(5.0), "e": wg.empty(0)}, path)
    content = path.read_bytes()
    result = wg.load(path, mmap=True)
    result["a"].add_(1)
    assert result["a"].tolist() == [1, 2, 3, 4, 5] and path.read_bytes() == content
    with pytest.raises(ValueError, match="f must be a file path in order to use the mmap argument"):
        wg.load(saved(1), mmap=True)
    wg.save(wg.ones(1), path, _use_new_zipfile_serialization=False)
    with pytest.raises(RuntimeError, match="mmap can only be used with files saved with"):
        wg.load(path, mmap=True)


@FORMATS
def test_map_location(zipped):
    value = wg.ones(2)
    seen = []

    def place(storage, location):
        seen.append((storage.nbytes(), location))
        return storage

    for location in (None, "cpu", wg.device("cpu"), {"cpu": "cpu"}, {"cuda:0": "cpu"}, place, lambda *_: None):
        assert again(value, zipped, map_location=location).tolist() == [1, 1]
    assert seen == [(8, "cpu")]
    message = r"Attempting to deserialize object on a CUDA device but torch.cuda.is_available\(\) is False"
    for location in ("cuda", "cuda:0", {"cpu": "cuda"}):
        with pytest.raises(RuntimeError, match=message):
            again(value, zipped, map_location=location)
    with pytest.raises(RuntimeError, match=r"don't know how to restore data location .*\(tagged with moon\)"):
        again(value, zipped, map_location="moon")


def test_several_objects_in_one_legacy_file():
    buffer = io.BytesIO()
    for value in (1.0, 2.0):
        wg.save(wg.tensor([value]), buffer, _use_new_zipfile_serialization=False)
    buffer.seek(0)
    assert [wg.load(buffer).item(), wg.load(buffer).item()] == [1.0, 2.0]


def test_the_same_memory_as_two_dtypes_is_refused():
    value = wg.ones(2)
    with pytest.raises(
        RuntimeError, match="Cannot save multiple tensors or storages that view the same data as different types"
    ):
        saved([value, value.view(wg.int32)])


def test_errors_of_arguments(tmp_path):
    with pytest.raises(AttributeError, match="expected 'f' to be string, path, or a file-like object with a 'write'"):
        wg.save(1, 3)
    with pytest.raises(AttributeError, match="You can only torch.load from a file that is seekable"):
        wg.load(3)
    with pytest.raises(RuntimeError, match=r"Parent directory .*none does not exist\."):
        wg.save(1, tmp_path / "none" / "a.pt")
    with pytest.raises(FileNotFoundError):
        wg.load(tmp_path / "none.pt")
    with pytest.raises(RuntimeError, match="Can not safely load weights when explicit pickle_module is specified"):
        wg.load(saved(1), pickle_module=pickle, weights_only=True)


def test_a_failed_save_keeps_the_old_file(tmp_path):
    path = tmp_path / "a.pt"
    wg.save(wg.ones(3), path)
    with pytest.raises((pickle.PicklingError, AttributeError)):
        wg.save({"good": wg.zeros(1000), "bad": lambda: 1}, path)
    assert wg.load(path).tolist() == [1, 1, 1]
    assert os.listdir(tmp_path) == ["a.pt"]


def test_a_full_disk_keeps_the_old_file(tmp_path):
    resource = pytest.importorskip("resource")
    import subprocess
    import sys

    path = tmp_path / "a.pt"
    wg.save(wg.ones(3), path)
    # A limit on the size of files fails the write as a full disk does.
    program = (
        f"import resource, signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        f"import wengert as wg\nbig = wg.zeros(1000000)\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, (100000, 100000))\n"
        f"try:\n    wg.save(big, {str(path)!r})\nexcept OSError as error:\n    print(type(error).__name__)\n"
    )
    result = subprocess.run([sys.executable, "-B", "-c", program], capture_output=True, text=True, check=False)
    assert result.stdout == "OSError\n", result.stderr
    assert resource is not None and wg.load(path).tolist() == [1, 1, 1] and os.listdir(tmp_path) == ["a.pt"]


def test_saving_keeps_permissions_and_links(tmp_path):
    path, link = tmp_path / "a.pt", tmp_path / "link.pt"
    wg.save(wg.ones(1), path)
    path.chmod(0o640)
    link.symlink_to(path)
    wg.save(wg.zeros(1), link)
    assert link.is_symlink() and path.stat().st_mode & 0o777 == 0o640 and wg.load(path).item() == 0


def test_pickle_and_deepcopy():
    base = wg.arange(6.0).view(2, 3)
    for value in (base, base.t(), wg.nn.Parameter(base), wg.ones(1, requires_grad=True), wg.ones(2, dtype=wg.bfloat16)):
        for result in (pickle.loads(pickle.dumps(value)), copy.deepcopy(value)):
            assert type(result) is type(value) and result.stride() == value.stride()
            assert result.tolist() == value.tolist() and result.requires_grad == value.requires_grad
            assert result.data_ptr() != value.data_ptr()
    leaf = wg.ones(2, requires_grad=True)
    (leaf * 3).sum().backward()
    assert copy.deepcopy(leaf).grad.tolist() == [3, 3]
    first, second = copy.deepcopy([base, base[0]])
    second.fill_(7)
    assert first[0].tolist() == [7, 7, 7] and base[0].tolist() == [0, 1, 2]
    with pytest.raises(RuntimeError, match="Only Tensors created explicitly by the user"):
        copy.deepcopy(leaf * 2)


def test_extra_attributes_of_parameters():
    value = wg.nn.Parameter(wg.ones(1))
    value.tag = "kept"
    assert again(value).tag == "kept"


class Named(wg.Tensor):
    """A tensor with a name."""


@FORMATS
def test_subclasses_and_extra_attributes_of_tensors(zipped):
    value = wg.Tensor._make_subclass(Named, wg.ones(2))
    value.name_of_it = "first"
    for result in (again(value, zipped, weights_only=False), pickle.loads(pickle.dumps(value)), copy.deepcopy(value)):
        assert type(result) is Named and result.name_of_it == "first" and result.tolist() == [1, 1]
    plain = wg.ones(2)
    plain.note = [1]
    assert again(plain, zipped).note == [1] and type(again(plain, zipped)) is wg.Tensor


@FORMATS
def test_plain_data_of_the_standard_library_needs_weights_only_false(zipped):
    import argparse
    import datetime
    import pathlib

    value = {
        "deque": collections.deque([1, 2], maxlen=3),
        "default": collections.defaultdict(list, a=[1]),
        "frozen": frozenset([1]),
        "range": range(3),
        "day": datetime.date(2024, 2, 29),
        "arguments": argparse.Namespace(lr=0.1),
        "path": pathlib.PurePosixPath("a/b"),
        "slice": slice(1, 2),
    }
    result = again(value, zipped, weights_only=False)
    assert result == value and result["deque"].maxlen == 3 and result["default"]["new"] == []
    for part in value.values():
        with pytest.raises(pickle.UnpicklingError, match="was not an allowed global by default"):
            again(part, zipped)
    policy = allowed.Policy({}, trusted=True)
    assert policy.find("pathlib._local", "PurePosixPath") is pathlib.PurePosixPath  # written by Python 3.13
