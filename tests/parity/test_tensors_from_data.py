"""tensor, as_tensor, asarray, frombuffer and from_dlpack: values, shared memory, refusals and warnings as in torch."""

import warnings

import numpy as np
import pytest

import wengert as wg

LINES = """
m.from_numpy(locked)
m.as_tensor(locked), m.tensor(locked)
m.frombuffer(b"abcd", dtype=m.uint8)
m.meshgrid(m.ones(2), m.ones(3))
m.asarray(np.float32(3.0)), m.asarray(3), m.asarray([1, 2])
m.asarray(np.float32(3.0), copy=False)
m.asarray([1, 2], copy=False)
m.asarray(bytearray(b"abcd")), m.asarray(bytearray(b"abcd"), dtype=m.int32), m.asarray(b"abcd", dtype=m.uint8)
m.asarray([1.0, 2.0], dtype=m.int32, requires_grad=True)
m.asarray(x), m.asarray(x).requires_grad
m.asarray(x, copy=True, requires_grad=True).grad_fn is None
m.asarray(x, requires_grad=False)
m.asarray(x * 2, requires_grad=True).grad_fn is None, m.asarray(x * 2, dtype=m.float64, requires_grad=True).is_leaf
m.asarray(m.ones(2), dtype=m.float64, copy=False)
m.asarray(np.ones(2), dtype=m.float32, copy=False)
m.asarray(m.ones(2).__dlpack__()), m.asarray(m.utils.dlpack.to_dlpack(m.ones(2)))
m.from_dlpack(m.utils.dlpack.to_dlpack(x)), m.ones(2).__dlpack_device__()
x.__dlpack__()
m.from_dlpack(3)
m.tensor([2**63], dtype=m.float64), m.tensor(2**64, dtype=m.float32)
m.tensor(2**63)
m.tensor([1 + 2j], dtype=m.float32)
m.tensor([m.ones(1), m.ones(1, 1)]), m.tensor([[m.tensor(1), 2.0]])
m.tensor([m.ones(2), m.ones(2)])
float(m.ones(2))
int(m.ones(0))
complex(m.ones(2))
complex(m.tensor(1j)), int(m.tensor(1.7)), float(m.tensor(True))
m.ones(2)[::0]
m.ones(2).__setitem__(0, "a")
m.ones(2).__setitem__(slice(None), [1, 2])
m.iinfo(m.float32)
m.finfo(m.int32)
m.finfo("a")
m.iinfo(m.bool)
m.device("cuda", -1)
m.set_default_tensor_type(m.FloatTensor)
m.ones(3).map_(x[:1], lambda a, b: a)
m.zeros(-1)
m.zeros((2,), out=m.empty(3)), m.ones((2,), out=m.empty(3))
m.zeros(2, out=m.empty(2), dtype=m.int32)
m.randperm(256, dtype=m.uint8).shape
m.empty(3).random_(0, 2**25)[:0]
m.cat([m.empty(0), m.empty(0)], 1)
m.ones(2).as_subclass(int)
m.take_along_dim(m.ones(2, 2), m.zeros(2, 2).int(), 0)
m.view_copy(m.ones(2, 2, 3, 2).to(memory_format=m.channels_last), (2, 2, 3, 2)).stride()
m.asarray(zeros, requires_grad=True).requires_grad, zeros.requires_grad
m.tensor(np.array(["a"]))
m.from_numpy(np.array([1], dtype=object))
m.from_numpy(np.array([1], dtype=">i4"))
m.from_numpy(np.array([1], dtype=np.longdouble))
m.tensor(bytearray(b"ab")), m.tensor(memoryview(b"ab"))
""".strip().splitlines()


def run(m, line):
    locked = np.arange(3.0)
    locked.flags.writeable = False
    scope = {"m": m, "np": np, "x": m.ones(2, requires_grad=True), "locked": locked, "zeros": m.zeros(2)}
    m.set_warn_always(True)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            result = repr(eval(line, scope))
        except (RuntimeError, TypeError, ValueError, BufferError) as error:
            result = f"{type(error).__name__}: {error}"
        finally:
            m.set_warn_always(False)
    return result, [(w.category, str(w.message).split(" (Triggered")[0]) for w in caught]


@pytest.mark.parametrize("line", LINES)
def test_data_become_the_same_tensors(line):
    assert run(wg, line) == run(pytest.importorskip("torch"), line)


def test_asarray_shares_memory_where_it_can():
    data, array = bytearray(4), np.zeros(2)
    wg.asarray(data, dtype=wg.uint8)[0] = 7
    wg.asarray(array)[1] = 5
    wg.asarray(array, copy=True)[0] = 3
    assert data[0] == 7 and array.tolist() == [0, 5]
