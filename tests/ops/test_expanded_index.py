"""gather and scatter at an index that expand() made of a vector take whole slices: the same values and errors."""

import pytest

import wengert

REDUCTIONS = ("sum", "prod", "mean", "amax", "amin")


def _cases():
    for sizes, dim in (((6, 4), 0), ((6, 4), 1), ((5, 3, 4), 1), ((5, 3, 4), -1), ((5, 1, 4), 0)):
        wide = list(sizes)
        wide[dim] = 7
        column = [1] * len(sizes)
        column[dim] = 7
        index = wengert.randint(0, sizes[dim], column).expand(wide)
        yield wengert.randn(sizes, dtype=wengert.float64), dim, index, wengert.randn(wide, dtype=wengert.float64)


def test_values_and_gradients():
    for x, dim, index, source in _cases():
        for at in (index, index.clone()):
            assert at.is_contiguous() == (at is not index)
        plain = index.clone()
        assert wengert.equal(x.gather(dim, index), x.gather(dim, plain))
        assert wengert.equal(x.scatter(dim, index, 2.5), x.scatter(dim, plain, 2.5))
        assert wengert.equal(x.scatter(dim, index, source), x.scatter(dim, plain, source))
        for how in REDUCTIONS:
            for own in (True, False):
                results = [x.scatter_reduce(dim, at, source, how, include_self=own) for at in (index, plain)]
                assert wengert.allclose(*results, rtol=1e-14)
        grads = []
        for at in (index, plain):
            a, b = (t.clone().requires_grad_() for t in (x, source))
            grads.append(wengert.autograd.grad((a.scatter_add(dim, at, b).gather(dim, at) ** 2).sum(), (a, b)))
        assert all(wengert.allclose(p, q, rtol=1e-14) for p, q in zip(*grads))


def test_a_larger_source_and_a_strided_target():
    x, source = wengert.zeros(8, 6)[::2, ::2], wengert.arange(30.0).reshape(6, 5)
    index = wengert.tensor([[3], [0], [3]]).expand(3, 3)
    wanted = x.clone().scatter_add(0, index.clone(), source)
    x.scatter_add_(0, index, source)
    assert wengert.equal(x, wanted)


def test_an_index_outside_is_refused():
    index = wengert.tensor([[0], [9]]).expand(2, 3)
    for call in (
        lambda: wengert.zeros(4, 3).gather(0, index),
        lambda: wengert.zeros(4, 3).scatter_add(0, index, wengert.ones(2, 3)),
    ):
        with pytest.raises(RuntimeError, match="index 9 is out of bounds for dimension 0 with size 4"):
            call()
