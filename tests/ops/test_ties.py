"""sort, argsort and msort put equal elements in torch's order, whatever the length; stable=True keeps theirs."""

import numpy as np
import pytest

import wengert as wg

torch = pytest.importorskip("torch")


@pytest.mark.parametrize("dtype", ["bfloat16", "float32", "float64", "int64", "uint8", "bool"])
@pytest.mark.parametrize("shape", [(5,), (20,), (700,), (3000,), (40, 6), (2, 17, 3)])
def test_equal_elements(shape, dtype):
    values = np.random.default_rng(len(shape)).integers(0, 4, shape).tolist()
    x, y = wg.tensor(values).to(getattr(wg, dtype)), torch.tensor(values).to(getattr(torch, dtype))
    for options in ({}, {"dim": 0}, {"descending": True}, {"stable": True}, {"dim": 0, "descending": True}):
        assert wg.sort(x, **options)[1].tolist() == torch.sort(y, **options)[1].tolist()
        assert wg.argsort(x, **options).tolist() == torch.argsort(y, **options).tolist()
    assert wg.msort(x).tolist() == torch.msort(y).tolist()


def test_the_gradient_of_a_tie_goes_where_torch_sends_it():
    values, weights = np.random.default_rng(0).integers(0, 3, (30, 4)), np.random.default_rng(1).normal(size=(30, 4))
    grads = []
    for t in (wg, torch):
        x = t.tensor(values.tolist(), dtype=t.float64).requires_grad_()
        (t.msort(x) * t.tensor(weights.tolist(), dtype=t.float64)).sum().backward()
        grads.append(x.grad.tolist())
    assert grads[0] == grads[1]
