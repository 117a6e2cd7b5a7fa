"""A few rows times a transposed matrix, as in a linear layer: every remainder of the loops."""

import pytest

import wengert as wg


def _expected(a, b):
    return (a.double().unsqueeze(1) * b.double().t().unsqueeze(0)).sum(2)


@pytest.mark.parametrize("dtype", [wg.float32, wg.float64])
@pytest.mark.parametrize("k", [63, 64, 65, 79, 100, 128, 257])
def test_every_size(k, dtype):
    wg.manual_seed(k)
    for m in (1, 2, 3, 4, 5, 7, 16, 23, 24, 25):
        for n in (1, 3, 4, 6, 31, 64):
            a, w = wg.randn(m, k, dtype=dtype), wg.randn(n, k, dtype=dtype)
            tolerance = 1e-4 if dtype == wg.float32 else 1e-12
            assert wg.allclose((a @ w.t()).double(), _expected(a, w.t()), atol=tolerance, rtol=tolerance), (m, n)


def test_strided_rows_scales_and_batches():
    wg.manual_seed(0)
    a, w, c = wg.randn(10, 3, 70)[:, 1], wg.randn(18, 100)[:, 20:90], wg.randn(10, 18)
    expected = (0.5 * _expected(a, w.t()) - 2 * c.double()).float()
    assert wg.allclose(wg.addmm(c, a, w.t(), beta=-2, alpha=0.5), expected, atol=1e-4)
    x, y = wg.randn(3, 9, 80), wg.randn(3, 21, 80)
    got = wg.bmm(x, y.transpose(1, 2))
    for i in range(3):
        assert wg.allclose(got[i].double(), _expected(x[i], y[i].t()), atol=1e-4)
