"""The printed form of tensors, as worked examples: what torch 2.13 prints for the same lines."""

import math

import pytest

import wengert as wg
from wengert._tensor_str import printoptions


@pytest.mark.parametrize(
    ("values", "text"),
    [
        (3, "tensor(3)"),
        (1.5, "tensor(1.5000)"),
        ([1.0, 2.0, -3.0], "tensor([ 1.,  2., -3.])"),
        ([0.5, 100.25], "tensor([  0.5000, 100.2500])"),
        ([1.0, 1001.5], "tensor([1.0000e+00, 1.0015e+03])"),
        ([1.0, 1000.5], "tensor([1.0000e+00, 1.0005e+03])"),
        ([1e-5], "tensor([1.0000e-05])"),
        ([0.0, 0.0], "tensor([0., 0.])"),
        ([1.0, math.nan, math.inf], "tensor([1., nan, inf])"),
        ([0.5, -math.inf], "tensor([0.5000,   -inf])"),
        ([True, False], "tensor([ True, False])"),
        ([[1, -20], [3, 4]], "tensor([[  1, -20],\n        [  3,   4]])"),
        ([1 + 2j, -0.5 - 1j], "tensor([ 1.0000+2.j, -0.5000-1.j])"),
        ([], "tensor([])"),
    ],
)
def test_worked_examples(values, text):
    assert repr(wg.tensor(values)) == text


def test_three_dimensions_are_set_apart_by_a_blank_line():
    assert repr(wg.zeros(2, 1, 2)) == "tensor([[[0., 0.]],\n\n        [[0., 0.]]])"


def test_long_tensors_are_summarised():
    assert repr(wg.arange(1001)) == "tensor([   0,    1,    2,  ...,  998,  999, 1000])"
    assert repr(wg.zeros(40, 40)).splitlines()[3] == "        ...,"


def test_suffixes():
    assert repr(wg.zeros(2, dtype=wg.float64)) == "tensor([0., 0.], dtype=torch.float64)"
    assert repr(wg.zeros(0, 3)) == "tensor([], size=(0, 3))"
    assert repr(wg.zeros(0, dtype=wg.int64)) == "tensor([], dtype=torch.int64)"
    x = wg.tensor([2.0], requires_grad=True)
    assert repr(x) == "tensor([2.], requires_grad=True)"
    assert repr(x * 3) == "tensor([6.], grad_fn=<MulBackward0>)"


def test_long_suffixes_go_to_a_line_of_their_own():
    x = wg.ones(18, requires_grad=True)
    numbers = ", ".join(["1."] * 18)
    assert repr(x) == f"tensor([{numbers}],\n       requires_grad=True)"


def test_options_are_restored():
    with printoptions(precision=1, threshold=3, edgeitems=1):
        assert repr(wg.tensor([0.25, 1.5, 2.5, 3.5])) == "tensor([0.2,  ..., 3.5])"
    assert wg.get_printoptions()["precision"] == 4


def test_profiles():
    try:
        wg.set_printoptions(profile="short")
        assert repr(wg.tensor(0.125)) == "tensor(0.12)"
        wg.set_printoptions(profile="full")
        assert "..." not in repr(wg.zeros(2000))
    finally:
        wg.set_printoptions(profile="default")


def test_zero_keeps_its_sign():
    assert repr(wg.tensor(-0.0)) == "tensor(-0.)"
    assert str(wg.tensor([-0.0], dtype=wg.float16).item()) == "-0.0"
