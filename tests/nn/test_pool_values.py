"""max_pool1d without a graph looks for no indices, and finds the same values."""

import itertools

import wengert


def _rows(length):
    """Planes with numbers, nan and infinities."""
    wengert.manual_seed(length)
    x = wengert.randn(2, 3, length)
    x[0, 1, length // 2] = float("nan")
    x[1, 0, : length // 2 + 1] = -float("inf")
    x[1, 2, -1] = float("inf")
    return x


def test_values_without_a_graph_are_those_with_one():
    for length, (kernel, stride, padding, dilation), ceil in itertools.product(
        (7, 40, 133), ((2, 2, 0, 1), (3, 2, 1, 1), (3, 1, 1, 2), (4, 3, 2, 1), (1, 2, 0, 1)), (False, True)
    ):
        for dtype in (wengert.float32, wengert.float64, wengert.bfloat16):
            x = _rows(length).to(dtype)
            found = wengert.max_pool1d(x, kernel, stride, padding, dilation, ceil)
            values, indices = wengert.max_pool1d_with_indices(x, kernel, stride, padding, dilation, ceil)
            assert wengert.equal(found.isnan(), values.isnan())
            assert wengert.equal(found.nan_to_num(), values.nan_to_num())
            assert wengert.equal(x.gather(2, indices).nan_to_num(), values.nan_to_num())


def test_a_graph_keeps_indices():
    x = wengert.tensor([[1.0, 3.0, 2.0, 0.0]], requires_grad=True)
    with wengert.no_grad():
        assert wengert.max_pool1d(x, 2).tolist() == [[3.0, 2.0]]
    wengert.max_pool1d(x, 2).sum().backward()
    assert x.grad.tolist() == [[0.0, 1.0, 1.0, 0.0]]
    value, slope = wengert.func.jvp(lambda t: wengert.max_pool1d(t, 2), (x.detach(),), (wengert.ones(1, 4) * 5,))
    assert (value.tolist(), slope.tolist()) == ([[3.0, 2.0]], [[5.0, 5.0]])
