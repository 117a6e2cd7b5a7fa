"""utils.swap_tensors, and modules that exchange or renew their parameters on conversion: as in torch, step by step."""

import importlib
import weakref

import pytest

import wengert


def said(function):
    try:
        return str(function())
    except Exception as error:
        return f"{type(error).__name__}: {str(error).splitlines()[0]}"


def about(t, *others):
    grad = t.grad.dtype if t.is_leaf and t.grad is not None else None
    return type(t).__name__, t.dtype, t.requires_grad, t.is_leaf, grad, t.tolist(), [t is one for one in others]


def swapped(lib):
    """What two tensors are after they were exchanged, and what is refused."""
    swap = importlib.import_module(f"{lib.__name__}.utils").swap_tensors
    a, b = lib.ones(2), lib.nn.Parameter(lib.zeros(3))
    a.x, b.grad = 1, lib.ones(3)
    swap(a, b)
    yield about(a), about(b), a.__dict__, b.__dict__
    reference = weakref.ref(a)
    yield said(lambda: swap(a, b)), said(lambda: swap(b, a)), reference() is a
    p = lib.nn.Parameter(lib.ones(2))
    loss = (p * 2).sum()
    swap(p, lib.nn.Parameter(lib.ones(1)))
    yield said(loss.backward), about(p)
    (p * 3).sum().backward()
    yield about(p)
    result, plain = lib.nn.Parameter(lib.ones(2)) * 2, lib.ones(1)
    swap(result, plain)
    yield about(plain), about(result)

    class Slotted(lib.Tensor):
        __slots__ = ("k",)

    yield said(lambda: swap(lib.ones(1).as_subclass(Slotted), lib.ones(1)))


def converted(lib):
    """What a module's parameters are after conversions and loads."""
    nn = lib.nn
    m = nn.Linear(2, 2)
    with lib.no_grad():
        m.weight.fill_(2.0)
    w = m.weight
    w.grad = g = lib.ones(2, 2)
    yield about(m.double().weight, w), about(w), m.weight.grad is g, g.dtype
    m.weight.requires_grad_(False)
    yield about(m.float().weight, w), m.to(lib.float32).weight is w
    m = nn.Linear(2, 2).double()
    reference = weakref.ref(m.weight)
    yield said(m.float), reference() is m.weight
    m = nn.Linear(2, 2).double()
    loss = m(lib.ones(1, 2).double()).sum()
    yield said(m.float), said(loss.backward), m.weight.grad is None
    m.zero_grad()
    m(lib.ones(1, 2)).sum().backward()
    yield m.weight.grad
    for assign in (False, True):
        m, source = nn.Linear(2, 2), nn.Linear(2, 2)
        w, where = m.weight, m.weight.data_ptr()
        m.bias.requires_grad_(False)
        state = source.state_dict()
        yield said(lambda: m.load_state_dict(state, assign=assign)), m.weight is w, m.bias.requires_grad  # noqa: B023
        yield m.weight.data_ptr() == where, m.weight.data_ptr() == state["weight"].data_ptr()
        yield lib.equal(m.weight, source.weight), type(m.weight).__name__, type(state["weight"]).__name__
        yield said(lambda: m.load_state_dict(nn.Linear(3, 2).state_dict(), assign=assign))  # noqa: B023
        yield m.load_state_dict(nn.Linear(2, 2).double().state_dict(), assign=assign), m.weight.dtype


def test_swap_tensors():
    torch = pytest.importorskip("torch", reason="torch is the oracle of these tests")
    for ours, theirs in zip(swapped(wengert), swapped(torch), strict=True):
        assert str(ours) == str(theirs)


@pytest.mark.parametrize("swap", [False, True])
@pytest.mark.parametrize("overwrite", [False, True])
def test_conversions(swap, overwrite):
    torch = pytest.importorskip("torch", reason="torch is the oracle of these tests")
    runs = []
    for lib in (wengert, torch):
        switches = importlib.import_module(f"{lib.__name__}.__future__")
        switches.set_swap_module_params_on_conversion(swap)
        switches.set_overwrite_module_params_on_conversion(overwrite)
        try:
            assert switches.get_swap_module_params_on_conversion() is swap
            runs.append([str(step) for step in converted(lib)])
        finally:
            switches.set_swap_module_params_on_conversion(False)
            switches.set_overwrite_module_params_on_conversion(False)
    assert runs[0] == runs[1]


def test_module_load():
    torch = pytest.importorskip("torch", reason="torch is the oracle of these tests")
    for lib in (wengert, torch):
        a, b = lib.ones(2), lib.zeros(2)
        assert b.module_load(a, assign=True).data_ptr() == a.data_ptr()
        assert b.module_load(a).data_ptr() == b.data_ptr() and b.tolist() == [1, 1]
