"""What a caller of save and load may count on: data on the disk, readinto, Python 2's strings, attributes in slots."""

import copy
import io
import os
import pickle
import subprocess
import sys
import tempfile

import pytest

import wengert as wg


@pytest.mark.parametrize("zipped", [True, False])
def test_what_was_saved_to_an_open_file_is_on_the_disk(tmp_path, zipped):
    path = tmp_path / "x.pt"
    with open(path, "wb") as file:
        wg.save(wg.ones(3), file, _use_new_zipfile_serialization=zipped)
        assert wg.load(path).tolist() == [1.0, 1.0, 1.0]


@pytest.mark.parametrize("zipped", [True, False])
def test_storages_are_read_straight_into_their_memory(zipped):
    class File(io.BytesIO):
        filled = 0

        def readinto(self, target):
            self.filled += len(target)
            return super().readinto(target)

    file = File()
    wg.save(wg.ones(1000), file, _use_new_zipfile_serialization=zipped)
    file.seek(0)
    assert wg.load(file).sum() == 1000 and file.filled >= 4000


def test_a_file_of_python_2_with_its_strings_as_bytes():
    file = io.BytesIO()
    wg.save(wg.ones(1), file, _use_new_zipfile_serialization=False)
    data = file.getvalue()
    for text in (b"storage", b"cpu"):  # as Python 2 wrote a str: SHORT_BINSTRING
        data = data.replace(b"X" + len(text).to_bytes(4, "little") + text, b"U" + bytes([len(text)]) + text)
    assert data != file.getvalue()
    assert wg.load(io.BytesIO(data), encoding="bytes").tolist() == [1.0]


class Slots(wg.Tensor):
    __slots__ = ("kept",)


class MoreSlots(Slots):
    __slots__ = ("more",)


class Stateful(wg.Tensor):
    def __getstate__(self):
        return "mark", self.__dict__

    def __setstate__(self, state):
        self.__dict__.update(state[1])
        self.marked = state[0]


def saved(x):
    file = io.BytesIO()
    wg.save(x, file)
    file.seek(0)
    return wg.load(file, weights_only=False)


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x)), saved])
def test_attributes_in_slots_are_kept(again):
    x = wg.ones(2).as_subclass(MoreSlots)
    x.kept, x.more, x.plain = wg.zeros(1), 5, [1]
    y = again(x)
    assert (type(y), y.kept.tolist(), y.more, y.plain) == (MoreSlots, [0.0], 5, [1])


@pytest.mark.parametrize("again", [copy.copy, lambda x: pickle.loads(pickle.dumps(x)), saved])
def test_a_class_of_tensors_says_itself_what_is_kept(again):
    x = wg.ones(2).as_subclass(Stateful)
    x.plain = 3
    y = again(x)
    assert (type(y), y.plain, y.marked) == (Stateful, 3, "mark")


def test_a_parameter_keeps_what_is_in_its_slots():
    class Named(wg.nn.Parameter):
        __slots__ = ("name_of_it",)

    p = Named(wg.ones(2))
    p.name_of_it, p.more = "w", 4
    q = pickle.loads(pickle.dumps(p))
    assert (q.name_of_it, q.more) == ("w", 4)


PROTECTED = """
import os, sys
import wengert as wg

os.chdir(sys.argv[1])
wg.save(wg.ones(1), "a.pt"), wg.load("a.pt")  # loads what it takes
os.chmod("a.pt", 0o444)
if os.geteuid() == 0:  # to whom nothing is protected
    os.chmod(".", 0o777)
    os.setresuid(65534, 65534, 0)
try:
    wg.save(wg.zeros(1), "a.pt")
except PermissionError as error:
    print(type(error).__name__, os.path.basename(error.filename))
print(wg.load("a.pt").item(), os.listdir("."))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX permissions")
def test_a_protected_file_in_an_open_folder_is_not_replaced():
    with tempfile.TemporaryDirectory() as folder:  # tmp_path lies in folders that only their owner may enter
        done = subprocess.run([sys.executable, "-c", PROTECTED, folder], capture_output=True, text=True)
    assert (done.stderr, done.stdout) == ("", "PermissionError a.pt\n1.0 ['a.pt']\n")


def test_names_as_long_as_a_folder_takes(tmp_path):
    path = tmp_path / ("n" * 252 + ".pt")
    wg.save(wg.ones(1), path)
    wg.save(wg.zeros(1), path)
    assert wg.load(path).item() == 0 and os.listdir(tmp_path) == [path.name]


def test_an_integer_for_a_parameter_is_an_error_in_torchs_words():
    layer = wg.nn.Linear(1, 1)
    state = {**layer.state_dict(), "bias": wg.ones(1, dtype=wg.int64)}
    with pytest.raises(
        RuntimeError, match='While copying the parameter named "bias".*floating point and complex dtype'
    ):
        layer.load_state_dict(state, assign=True)
