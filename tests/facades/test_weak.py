"""torch.utils.weak: keys by identity that do not keep tensors alive, compared with torch."""

import copy
import gc
import importlib

import pytest

import wengert

LIBRARIES = [wengert, pytest.param("torch", id="torch")]


@pytest.fixture(params=LIBRARIES, ids=str)
def library(request):
    if request.param == "torch":
        return pytest.importorskip("torch", reason="parity with torch needs torch")
    return request.param


@pytest.fixture
def weak(library):
    return importlib.import_module(f"{library.__name__}.utils.weak")


def test_keys_are_known_by_identity_and_go_when_they_die(library, weak):
    x, y = library.ones(2), library.ones(2)
    d = weak.WeakTensorKeyDictionary({x: "x"})
    d[y] = "y"
    assert (d[x], d[y], len(d), library.ones(2) in d) == ("x", "y", 2, False)
    d[x] = "again"
    assert list(d.items()) == [(x, "again"), (y, "y")] and [ref() is not None for ref in d.keyrefs()] == [True, True]
    del y
    assert list(d.values()) == ["again"] and len(d) == 1
    assert d.popitem()[0] is x and not d


def test_a_key_that_dies_in_a_cycle(library, weak):
    class Holder:
        pass

    d, holder = weak.WeakIdKeyDictionary(), Holder()
    holder.itself = holder
    d[holder] = 1
    del holder
    gc.collect()
    assert len(d) == 0 and list(d) == []


def test_keys_may_die_while_they_are_walked_through(library, weak):
    keys = [library.ones(1) for _ in range(5)]
    d = weak.WeakIdKeyDictionary({key: i for i, key in enumerate(keys)})
    seen = []
    for _key, i in d.items():  # noqa: PERF102 (the walk holds its keys)
        keys.pop() if len(keys) > 3 else None
        seen.append(i)
    assert seen[:3] == [0, 1, 2] and len(d) == 3


def test_copies_and_unions(library, weak):
    x, y = library.ones(1), library.ones(1)
    d = weak.WeakIdKeyDictionary({x: [1]})
    assert d.copy() == d and d.copy()[x] is d[x] and copy.deepcopy(d)[x] is not d[x]
    assert (d | {y: 2})[y] == 2 and ({y: 2} | d)[x] == [1] and len(d) == 1
    d |= {y: 3}
    assert d == weak.WeakIdKeyDictionary({y: 3, x: [1]})


@pytest.mark.parametrize("act", [lambda d: d.__delitem__(13), lambda d: d[13], lambda d: d.update({13: 1})])
def test_what_cannot_be_referred_to_weakly_is_a_type_error(weak, act):
    with pytest.raises(TypeError, match="cannot create weak reference to 'int' object"):
        act(weak.WeakIdKeyDictionary())


def test_references(library, weak):
    x = library.ones(2)
    a, b = weak.WeakIdRef(x), weak.TensorWeakRef(x)
    assert a() is x and b() is x and a == weak.WeakIdRef(x) and hash(a) == id(x)
    assert not a == weak.WeakIdRef(library.ones(2))  # noqa: SIM201 (`!=` is that of weakref.ref, in torch too)
    del x
    assert a() is None and b() is None and a == a
    with pytest.raises(AssertionError, match="expected torch.Tensor, got <class 'int'>"):
        weak.TensorWeakRef(1)
