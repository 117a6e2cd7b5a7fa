"""Writes through complex numbers seen as pairs, and pairs seen as complex numbers: gradients and histories are torch's."""

import pytest

import wengert

torch = pytest.importorskip("torch")


def pairs_as_complex(t, x):
    y = x.clone()
    z = t.view_as_complex(y[1:])
    z.mul_(1j)
    z[0] = 3
    return (y * y).sum(), z


def there_and_back(t, x):
    y = x.clone()
    z = t.view_as_real(t.view_as_complex(y)[2:])
    z.mul_(2)[0] = 0
    return (y * t.arange(8.0).view(4, 2)).sum(), z


def base_written(t, x):
    y = x.clone()
    z = t.view_as_complex(y[1:])
    y.mul_(2)
    return z.abs().sum(), z


def parts(t, x):
    z = t.view_as_complex(x.clone())
    z.real.mul_(3)
    z.imag[0] *= 5
    z.imag = z.real.detach()
    return (z * z).sum().abs(), z


def a_part_assigned(t, x):
    z = t.view_as_complex(x.clone())
    z.real = t.arange(4.0)
    z.imag[1:] = 2
    return z.abs().sum(), z


def bits(t, x):
    y = x.clone()
    z = y.view(t.int32)
    y.mul_(2)
    assert not z.requires_grad and not z._is_view() and z._version == 1
    return y.sum(), y


CASES = [pairs_as_complex, there_and_back, base_written, parts, a_part_assigned, bits]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_gradients_of_both_orders(case):
    found = []
    for t in (wengert, torch):
        x = t.arange(1.0, 9.0, dtype=t.float32).view(4, 2).requires_grad_(True)
        loss, z = case(t, x)
        (g,) = t.autograd.grad(loss, x, create_graph=True)
        (again,) = t.autograd.grad(g.square().sum(), x, allow_unused=True) if g.requires_grad else (None,)
        found.append((type(z.grad_fn).__name__, g.tolist(), None if again is None else again.tolist()))
    assert found[0][0] == found[1][0]
    for ours, theirs in zip(found[0][1:], found[1][1:]):
        if theirs is None:
            assert ours is None
        else:
            for row, expected in zip(ours, theirs):
                assert row == pytest.approx(expected, rel=1e-5, abs=1e-6)


@pytest.mark.parametrize("t", [wengert, torch], ids=["wengert", "torch"])
def test_parts_take_numbers_and_tensors_only(t):
    z = t.ones(2, dtype=t.complex64)
    z.real = 3
    z.imag = t.tensor([1.0, 2.0])
    assert z.tolist() == [3 + 1j, 3 + 2j]
    with pytest.raises(TypeError, match="can't assign a list to a torch.FloatTensor"):
        z.real = [1.0, 2.0]
    with pytest.raises(RuntimeError, match="imag is not implemented for tensors with non-complex dtypes"):
        t.ones(2).imag = 1
    leaf = t.ones(2, dtype=t.complex64, requires_grad=True)
    with pytest.raises(RuntimeError, match="a view of a leaf Variable that requires grad is being used in an in-place"):
        leaf.real = 1
