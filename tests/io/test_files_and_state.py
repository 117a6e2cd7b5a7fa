"""What a caller of save and load may count on: data on the disk, readinto, Python 2's strings, attributes in slots."""

import copy
import io
import pickle

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
