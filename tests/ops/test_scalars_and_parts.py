"""Parts with dims of one element are written from themselves; tensors become numbers only when they have one element."""

import math

import pytest

import wengert as wg


def test_one_element_of_a_batch_of_one():
    h = wg.zeros(1, 3, 3)
    h[..., -1, -1] += 1.0
    h[..., 0, :] *= 2.0
    h[:, 1:2, 1] = h[:, 1:2, 1] + 3.0
    assert h.sum().item() == 4.0


def test_converting_to_pythons_types():
    x = wg.ones(2)
    assert [x.to(kind).dtype for kind in (float, int, bool, complex)] == [wg.float64, wg.int64, wg.bool, wg.complex128]
    assert wg.as_tensor(x, dtype=int).dtype is wg.int64
    assert x.double().to(float) is not None and x.to("cpu", float).dtype is wg.float64


@pytest.mark.parametrize("kind", [int, float, complex, math.sqrt])
@pytest.mark.parametrize("size", [0, 3])
def test_several_elements_are_not_a_number(kind, size):
    with pytest.raises(ValueError, match="^only one element tensors can be converted to Python scalars$"):
        kind(wg.ones(size))
    with pytest.raises(RuntimeError, match=f"^a Tensor with {size} elements cannot be converted to Scalar$"):
        wg.ones(size).item()
