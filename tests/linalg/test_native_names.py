"""torch.ops.aten, DLPack, segments, lists of tensors, and names that refuse."""

import numpy as np
import pytest

import wengert as wg


def test_aten_has_overloads():
    one = wg.ones(2)
    assert wg.ops.aten.add.Tensor(one, one).tolist() == [2.0, 2.0]
    assert wg.ops.aten._safe_softmax.default(wg.full((1, 2), -float("inf")), 1).tolist() == [[0.0, 0.0]]
    with pytest.raises(AttributeError, match="no_such_op"):
        wg.ops.aten.no_such_op  # noqa: B018


def test_dlpack_shares_memory():
    x = wg.zeros(3)
    array = np.from_dlpack(x)
    x.fill_(2)
    assert array.tolist() == [2.0, 2.0, 2.0]
    with pytest.raises(BufferError):
        wg.ones(1, requires_grad=True).__dlpack__()


@pytest.mark.parametrize("reduce", ["sum", "mean", "max", "min", "prod"])
def test_segments(reduce):
    data = wg.tensor([[1.0, 2.0], [3.0, -4.0], [5.0, 6.0]], dtype=wg.float64, requires_grad=True)
    numpy = {"sum": np.sum, "mean": np.mean, "max": np.max, "min": np.min, "prod": np.prod}[reduce]
    result = wg.segment_reduce(data, reduce, lengths=wg.tensor([2, 1]))
    values = data.detach().numpy()
    np.testing.assert_allclose(result.detach().numpy(), [numpy(values[:2], 0), numpy(values[2:], 0)])
    assert wg.segment_reduce(data, reduce, offsets=wg.tensor([0, 2, 3])).tolist() == result.tolist()
    assert wg.autograd.gradcheck(lambda t: wg.segment_reduce(t, reduce, lengths=wg.tensor([2, 1])), (data,))


def test_frexp():
    x = wg.tensor([1.0, -6.5, 0.0], dtype=wg.float64)
    mantissa, exponent = wg.frexp(x)
    assert exponent.dtype == wg.int32
    assert (mantissa * 2.0**exponent).tolist() == x.tolist()


def test_foreach():
    lists = [wg.ones(2), 2 * wg.ones(3)]
    assert [t.tolist() for t in wg._foreach_mul(lists, [2.0, 3.0])] == [[2.0, 2.0], [6.0, 6.0, 6.0]]
    assert wg._foreach_add_(lists, 1) is lists
    assert [t.tolist() for t in lists] == [[2.0, 2.0], [3.0, 3.0, 3.0]]
    with pytest.raises(RuntimeError, match="must have the same number of tensors, got 2 and 1"):
        wg._foreach_add(lists, [wg.ones(1)])


@pytest.mark.parametrize("name", ["symeig", "eig", "matrix_rank"])
def test_removed_names_say_what_to_use(name):
    with pytest.raises(RuntimeError, match="deprecated since version 1.9 and is now removed"):
        getattr(wg, name)(wg.eye(2))


def test_sparse_layouts_that_are_refused():
    with pytest.raises(NotImplementedError, match=r"torch\.sparse_bsr_tensor is not in wengert"):
        wg.sparse_bsr_tensor([[0]], [1.0])
    with pytest.raises(NotImplementedError, match=r"Tensor\.to_sparse_csc"):
        wg.eye(2).to_sparse_csc()


def test_checks():
    wg._check(True)
    with pytest.raises(ValueError, match="^nine$"):
        wg._check_value(False, lambda: "nine")
