"""A part of a tensor with dims of one element is written from itself: strides of such dims say nothing."""

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
