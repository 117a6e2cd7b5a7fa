"""Tile programs whose values share registers, and operands that are broadcast along the last dimension."""

import itertools

import numpy as np
import pytest

import wengert as wg

torch = pytest.importorskip("torch")


def long_formula(t, x, y, z):
    """Many values, some read late, some of other sizes than those around them."""
    a = x * 2 + y
    b = a > z
    c = t.where(b, a * z, y - a)
    d = c.double() * 0.5 + x
    e = (d < c).to(t.int64) + b
    return (e * c + d) * a - t.exp(-c * c)


@pytest.mark.parametrize("shapes", [[(40, 300)] * 3, [(40, 300), (40, 1), (300,)], [(7, 5, 33), (7, 1, 1), (5, 1)]])
def test_a_long_formula_and_its_gradient(shapes):
    rng = np.random.default_rng(1)
    data = [rng.normal(size=s) for s in shapes]
    out = []
    for t in (wg, torch):
        inputs = [t.tensor(d.tolist(), requires_grad=True) for d in data]
        y = long_formula(t, *inputs)
        y.sum().backward()
        out.append([np.array(v.tolist()) for v in (y, *(i.grad for i in inputs))])
    for mine, theirs in zip(*out):
        np.testing.assert_allclose(mine, theirs, rtol=2e-4, atol=2e-4)


@pytest.mark.parametrize("dtype", ["uint8", "int16", "float32", "float64", "complex128"])
@pytest.mark.parametrize("sizes", [(1, 1), (3, 1), (9, 127), (9, 128), (5, 1025), (2, 3000)])
def test_columns_are_broadcast(sizes, dtype):
    rows, columns = sizes
    x = np.arange(rows * columns).reshape(rows, columns) % 11
    column = np.arange(rows).reshape(rows, 1) % 5
    made = [
        (t.tensor(x.tolist()).to(getattr(t, dtype)) * t.tensor(column.tolist()).to(getattr(t, dtype)))
        for t in (wg, torch)
    ]
    assert made[0].tolist() == made[1].tolist() == (x * column).tolist()


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 1, 0, 2), (2, 3, 1, 0)])
def test_permuted_and_sliced_operands(order):
    x = np.random.default_rng(2).normal(size=(6, 7, 10, 9))
    y = np.random.default_rng(3).normal(size=(7, 1, 9))
    got = [(t.tensor(x.tolist())[:, :, ::2] * t.tensor(y.tolist()) + 1).permute(order) * 2 for t in (wg, torch)]
    assert got[0].stride() == got[1].stride()
    np.testing.assert_array_equal(np.array(got[0].tolist()), np.array(got[1].tolist()))


def sums_of_paths():
    """Sums of two or three functions of one tensor, one of which has the same derivative everywhere."""
    parts = [lambda s: -s, lambda s: s * 3, lambda s: s.log(), lambda s: 2 / s.sqrt(), lambda s: s.tanh() ** 2]
    return [tuple(p) for n in (2, 3) for p in itertools.product(parts, repeat=n) if len({*p}) == n]


@pytest.mark.parametrize("paths", sums_of_paths())
def test_the_gradient_of_a_long_tensor_is_that_of_its_pieces(paths):
    """Derivatives of tensors this long wait for each other; what is constant in their sum keeps its value."""
    whole = (wg.arange(20_000, dtype=wg.float64) / 7000 + 0.5).requires_grad_()
    pieces = [p.detach().requires_grad_() for p in whole.split(1000)]
    for s in (whole, *pieces):
        sum(f(s) for f in paths).sum().mul(0.5).backward()
    assert wg.allclose(whole.grad, wg.cat([p.grad for p in pieces]), rtol=1e-12)
