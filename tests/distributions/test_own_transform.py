"""A transform that a program writes: `_call`, `_inverse` and the rest are the names torch calls."""

import pytest

import wengert

torch = pytest.importorskip("torch", reason="parity with torch needs torch")


def program(library):
    d = library.distributions

    class Cube(d.Transform):
        domain = codomain = d.constraints.real
        bijective = True
        sign = 1

        def _call(self, x):
            return x**3

        def _inverse(self, y):
            return y.abs() ** (1 / 3) * y.sign()

        def log_abs_det_jacobian(self, x, y):
            return (3 * x**2).log()

    cube = Cube(cache_size=1)
    y = cube(library.tensor([2.0, -1.5]))
    made = d.TransformedDistribution(d.Normal(0.0, 1.0), [Cube(), d.AffineTransform(1.0, 2.0)])
    out = [y, cube.inv(y), Cube().inv(y), made.log_prob(y), made.cdf(y), cube.inv.inv(y)]
    assert cube.inv.inv is cube and isinstance(d.constraints.lower_cholesky, d.constraints._LowerCholesky)
    return [value.tolist() for value in out]


def test_own_transform():
    for mine, theirs in zip(program(wengert), program(torch), strict=True):
        assert mine == pytest.approx(theirs, rel=1e-5)
