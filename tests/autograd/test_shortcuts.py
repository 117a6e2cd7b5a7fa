"""Derivatives that the core has once more, for a sweep that records nothing: they agree with the rules of the table."""

import pytest

import wengert as wg


def _both(f, inputs):
    """The gradients of f's sum by the core, and by the rule in Python."""
    plain = wg.autograd.grad(f(*inputs), inputs, allow_unused=True)
    recorded = wg.autograd.grad(f(*inputs), inputs, allow_unused=True, create_graph=True)
    for a, b in zip(plain, recorded):
        assert (a is None) == (b is None)
        assert a is None or (wg.equal(a, b) and a.shape == b.shape and a.dtype == b.dtype)
    return plain


@pytest.mark.parametrize("dim", [0, 1, -1])
@pytest.mark.parametrize("left_out", [(), (0,), (1, 2)])
@pytest.mark.parametrize("how", [2, [1, 0, 3, 1]])
def test_split(dim, left_out, how):
    x = wg.rand(5, 5, dtype=wg.float64, requires_grad=True)

    def f(x):
        pieces = x.split(how, dim)
        return sum((p * (k + 2) * p).sum() for k, p in enumerate(pieces) if k not in left_out)

    (g,) = _both(f, [x])
    assert g.shape == x.shape


def test_chunks_of_a_strided_tensor():
    x = wg.rand(6, 4, requires_grad=True)
    (g,) = _both(lambda x: sum((p * p.sin()).sum() for p in x.t().chunk(3, 1)), [x])
    assert wg.allclose(g, x.detach().sin() + x.detach() * x.detach().cos())


@pytest.mark.parametrize("dim", [0, 1, -2])
def test_cat(dim):
    shapes = [(2, 3), (2, 3), (2, 3)]
    parts = [wg.rand(s, dtype=wg.float64, requires_grad=True) for s in shapes]
    weight = wg.rand(wg.cat(parts, dim).shape, dtype=wg.float64)
    _both(lambda *p: (wg.cat(p, dim) ** 2 * weight).sum(), parts)


def test_cat_of_what_differs():
    x, y = wg.rand(2, 2, requires_grad=True), wg.rand(2, 2, dtype=wg.float64, requires_grad=True)
    constant, nothing = wg.rand(2, 2), wg.zeros(0, requires_grad=True)
    gx, gy, gn = _both(lambda x, y, n: (wg.cat([x, constant, n, y, x]) ** 2).sum(), [x, y, nothing])
    assert gx.dtype == wg.float32 and gy.dtype == wg.float64 and gn.shape == (0,)
    assert wg.allclose(gx, 4 * x.detach()) and wg.allclose(gy, 2 * y.detach())


def test_a_second_pass_over_a_kept_graph():
    x = wg.rand(4, 4, requires_grad=True)
    a, b = wg.cat([x, x], 1).split(4, 1)
    out = (a * b).sum()
    out.backward(retain_graph=True)
    first = x.grad.clone()
    out.backward()
    assert wg.allclose(x.grad, 2 * first)
