"""Calls with numbers where tensors belong: torch's older forms and numbers as first operands."""

import warnings

import pytest

import wengert

CALLS = (
    "t.clone().add_(2, t)", "torch.add(t, 2, t)", "t.sub(2, t)", "t.addcmul(2, t, t)", "t.clone().addcdiv_(2, t, t)",
    "m.addmm(1, 2, m, m)", "m.clone().addmm_(2, m, m)", "torch.addmm(1, m, 2, m, m)", "t.addmv(1, 2, m, t)",
    "m.addr(2, t, t)", "torch.addr(1, m, 3, t, t)", "m[None].baddbmm(1, 2, m[None], m[None])",
    "torch.add(2.0, t)", "torch.sub(2, t)", "torch.mul(2, t)", "torch.div(1.0, t)", "torch.true_divide(1, i)",
    "torch.floor_divide(7, t)", "torch.add(2.0, 3.0)", "torch.mul(2, 3)", "torch.div(2, 3)", "torch.add(2.5, i)",
    "torch.add(2, h)", "torch.remainder(7, i)", "torch.bitwise_and(6, i)", "torch.sub(1.5, t, alpha=2)",
    "torch.add(2, 1j * t)",
)  # fmt: skip
REFUSED = ("torch.fmod(2, i)", "torch.eq(1, t)", "torch.exp(2.0)", "torch.remainder(7.0, 2.0)", "t.add(2, 3, t)")


def space(library):
    return {
        "torch": library,
        "t": library.tensor([1.0, 2.0]),
        "m": library.tensor([[1.0, 2.0], [3.0, 4.0]]),
        "i": library.tensor([2, 3]),
        "h": library.tensor(3.0, dtype=library.float16),
    }


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.filterwarnings("ignore:This overload of:UserWarning")
def test_results(call):
    torch = pytest.importorskip("torch")
    mine, theirs = eval(call, space(wengert)), eval(call, space(torch))
    assert str(mine.dtype) == str(theirs.dtype) and mine.tolist() == theirs.tolist()


@pytest.mark.parametrize("call", REFUSED)
def test_other_numbers_are_still_refused(call):
    for library in (wengert, pytest.importorskip("torch")):
        with pytest.raises(TypeError):
            eval(call, space(library))


def test_older_forms_warn_once(monkeypatch):
    from wengert.overrides import _rescue

    monkeypatch.setattr(_rescue, "_warned", False)
    t = wengert.ones(2)
    with pytest.warns(UserWarning, match=r"This overload of add_ is deprecated:\n\tadd_\(Number alpha, Tensor other\)"):
        t.add_(2, t)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        t.add_(2, t)
