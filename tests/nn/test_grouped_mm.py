"""Matrix products in groups give what a loop over the groups gives."""

import pytest

import wengert as wg
from wengert.nn.functional import grouped_mm

ENDS = wg.tensor([2, 2, 5], dtype=wg.int32)
SPANS = [(0, 2), (2, 2), (2, 5)]


def test_rows_in_groups_with_gradients():
    a, b = wg.randn(6, 4, requires_grad=True), wg.randn(3, 4, 2, requires_grad=True)
    out = grouped_mm(a, b, offs=ENDS)
    for (start, end), expert in zip(SPANS, b):
        wg.testing.assert_close(out[start:end], a[start:end] @ expert)
    assert out[5].tolist() == [0.0, 0.0]
    out.sum().backward()
    assert b.grad[1].abs().sum() == 0 and a.grad[5].abs().sum() == 0


def test_columns_inner_dims_and_batches():
    x, y = wg.randn(3, 5), wg.randn(5, 2)
    wg.testing.assert_close(grouped_mm(x, y, offs=ENDS)[2], x[:, 2:5] @ y[2:5])
    a, b = wg.randn(3, 2, 4), wg.randn(4, 5)
    wg.testing.assert_close(grouped_mm(a, b, offs=ENDS)[:, 2:5], a[2] @ b[:, 2:5])
    wg.testing.assert_close(grouped_mm(a, a.mT), a @ a.mT)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((wg.ones(6, 4), wg.ones(3, 4, 2), None), "Have to provide offsets if there is a 2d matrix"),
        ((wg.ones(6, 4), wg.ones(3, 3, 2), ENDS), "contraction dimension of mat_a and mat_b must match"),
        ((wg.ones(6, 4), wg.ones(2, 4, 2), ENDS), "matrix batch sizes have to match"),
        ((wg.ones(6, 4), wg.ones(3, 4, 2), ENDS.long()), "Offsets have to be int32"),
        ((wg.ones(6, 4).double(), wg.ones(3, 4, 2), ENDS), "Expected mat_a to be Float32, BFloat16 or Float16 matrix"),
        ((wg.ones(4), wg.ones(3, 4, 2), ENDS), "mat_a has to be 2 or 3d"),
    ],
)
def test_refusals(arguments, message):
    a, b, ends = arguments
    with pytest.raises(RuntimeError, match=message):
        grouped_mm(a, b, offs=ends)
