"""Storages as torch has them: what they answer, and what they refuse, in the same words."""

import copy
import pickle

import pytest

import wengert as wg

LINES = """
s
s == s, s == m.FloatStorage([1, 2, 3])
s[0], s[-1]
s[0:2]
s["a"]
s[-5]
s.type(), u.type(), s.pickle_storage_type()
s.int(), s.double(), s.half(), s.bool(), s.complex_float(), u.float()
s.float().data_ptr() == s.data_ptr()
s.copy_(i)
i.copy_(m.DoubleStorage([1, 2, 3]))
s.fill_(1.5), i.fill_(2.7)
s.fill_(s)
s.__setitem__(9, 2)
s.resize_(5), len(s), s.size(), s.nbytes(), s.element_size()
s.untyped(), s.is_shared(), s.is_pinned(), s.resizable(), s.device, s.get_device()
isinstance(s, m.FloatStorage), isinstance(s, m.DoubleStorage), isinstance(i, m.IntStorage), m.is_storage(s)
u[5]
u["a"]
u[::2]
u[1:], u[-1], u[1:].fill_(0), u
u.fill_(300)
u.fill_(1.5)
u.copy_(m.UntypedStorage(4))
u.copy_([1])
u.__setitem__("a", 1)
u.__setitem__(9, 1)
u.__setitem__(0, 1.5)
u.resize_(5).size(), u.untyped() is u
m.UntypedStorage(1.5)
m.UntypedStorage("a")
m.UntypedStorage([1.5])
m.UntypedStorage(1, 2)
m.UntypedStorage([1, 2], dtype=m.float)
m.FloatStorage(2, 3)
m.FloatStorage(1.5)
m.FloatStorage("a")
m.FloatStorage(device="cpu")
m.FloatStorage(dtype=m.float)
m.FloatStorage(0, wrap_storage=u)
m.FloatStorage(foo=1)
m.TypedStorage(wrap_storage=u)
m.TypedStorage(wrap_storage=u, dtype=m.float, device="cpu")
m.TypedStorage(3, 3)
m.TypedStorage(foo=1)
m.FloatStorage.from_buffer(b"abcdefgh", "native"), m.FloatStorage.from_buffer(b"abcdefgh", "big")
m.FloatStorage.from_buffer(b"abcdefgh", "native", 4)
m.FloatStorage.from_buffer(b"abcdefgh", "foo")
m.FloatStorage.from_buffer(b"abcdefgh")
m.ByteStorage.from_buffer(b"abc")
m.UntypedStorage.from_buffer(b"ab", byte_order="big", dtype=m.int16)
m.UntypedStorage.from_buffer(b"abcd")
u.byteswap(m.int16)
m.FloatStorage.dtype, m.storage._LegacyStorage
m.storage._LegacyStorage()
m._C.StorageBase()
m.ones(2).storage(), m.ones(2).storage_type(), m.ones(2).untyped_storage()
a.untyped_storage() is a.untyped_storage(), a.untyped_storage() is a[1:].untyped_storage()
m.tensor(s), m.as_tensor(s), m.FloatTensor(s), m.Tensor(s), m.tensor(m.UntypedStorage([0] * 8), dtype=m.float)
m.tensor(s, dtype=m.int32)
m.FloatTensor(i)
m.tensor([]).set_(i)
m.ones(3).set_(m.ones(4).double())
m.ones(3).set_(s, 1, (2,), (1,))
copy.copy(s), copy.deepcopy(u), s.clone(), pickle.loads(pickle.dumps(s))
""".strip().splitlines()


def run(m, line):
    scope = {"m": m, "copy": copy, "pickle": pickle, "u": m.UntypedStorage([1, 2, 3]), "a": m.ones(2)}
    scope |= {"s": m.FloatStorage([1, 2, 3]), "i": m.TypedStorage([1, 2, 3], dtype=m.int32)}
    try:
        return repr(eval(line, scope))
    except (RuntimeError, TypeError, ValueError, IndexError) as error:
        return f"{type(error).__name__}: {error}".replace("wengert", "torch")


@pytest.mark.filterwarnings("ignore:TypedStorage is deprecated")
@pytest.mark.parametrize("line", LINES)
def test_storages_answer_as_torch_s(line):
    assert run(wg, line) == run(pytest.importorskip("torch"), line)


def test_the_deprecation_is_said_once():
    wg.storage._reset_warn_typed_storage_removal()
    with pytest.warns(UserWarning, match="^TypedStorage is deprecated") as caught:
        assert [len(s) for s in (wg.FloatStorage(), wg.ones(1).storage())] == [0, 1]
    assert len(caught) == 1 and caught[0].filename == __file__


def test_files_are_mapped(tmp_path):
    path = str(tmp_path / "numbers")
    one = wg.FloatTensor(wg.FloatStorage.from_file(path, True, 4)).copy_(wg.arange(4.0))
    two = wg.from_file(path, shared=True, size=4, dtype=wg.float32)
    one[1] = 7
    assert two.tolist() == [0, 7, 2, 3]
    own = wg.from_file(path, size=2, dtype=wg.float32)
    own.fill_(5)
    assert own.tolist() == [5, 5] and two.tolist() == [0, 7, 2, 3]
    with pytest.raises(RuntimeError, match=r"size <16> is smaller than the required mapping size <20>"):
        wg.from_file(path, size=5, dtype=wg.float32)


@pytest.mark.filterwarnings("ignore:TypedStorage is deprecated")
def test_deep_copies_of_tensors_and_storages_share_one_copy():
    whole = wg.zeros(4)
    copied = copy.deepcopy([whole, whole.untyped_storage(), whole[1:].storage(), whole[2:], wg.empty(0)])
    copied[0].fill_(5)
    assert copied[3].tolist() == [5, 5] and copied[2][1] == 5 and copied[1].nbytes() == 16
    assert copied[0].untyped_storage() is copied[1] and whole.tolist() == [0, 0, 0, 0]
