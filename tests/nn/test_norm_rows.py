"""Layer norm and RMS norm by rows: any length and any number of rows, against the formula in double precision."""

import numpy as np
import pytest

import wengert as torch

LENGTHS = [1, 3, 15, 16, 17, 31, 33, 48, 64, 100, 512, 2047, 2049, 4101]


def expected(x, g, w, b, centred):
    """y, and the gradients of x, w and b."""
    x, g, w, b = (np.asarray(t.tolist()) for t in (x, g, w, b))
    d = x - x.mean(1, keepdims=True) if centred else x
    s = 1 / np.sqrt((d * d).mean(1, keepdims=True) + 1e-5)
    xhat, v = d * s, g * w
    shift = v.mean(1, keepdims=True) if centred else 0
    gx = s * (v - shift - xhat * (v * xhat).mean(1, keepdims=True))
    return xhat * w + (b if centred else 0), gx, (g * xhat).sum(0), g.sum(0)


def run(x, g, w, b, centred):
    x, w, b = (t.detach().requires_grad_() for t in (x, w, b))
    n = x.shape[1:]
    f = torch.nn.functional
    y = f.layer_norm(x, n, w, b, 1e-5) if centred else f.rms_norm(x, n, w, 1e-5)
    y.backward(g)
    return [y.detach(), x.grad, w.grad] + ([b.grad] if centred else [])


@pytest.mark.parametrize("centred", [True, False], ids=["layer", "rms"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("n", LENGTHS)
def test_formula(n, dtype, centred):
    torch.manual_seed(n)
    for rows in (1, 4, 7):
        x, g = torch.randn(rows, n, dtype=dtype) * 2 + 3, torch.randn(rows, n, dtype=dtype)
        w, b = torch.rand(n, dtype=dtype) + 0.5, torch.randn(n, dtype=dtype)
        scale = 1e-5 if dtype is torch.float32 else 1e-13
        if n == 1 and centred:
            x = x.round()  # d is 0 then in any precision
        for got, want in zip(run(x, g, w, b, centred), expected(x, g, w, b, centred), strict=False):
            np.testing.assert_allclose(got.tolist(), want, rtol=50 * scale, atol=50 * scale)


@pytest.mark.parametrize("n", [5, 64, 100, 2049])
def test_a_row_does_not_depend_on_its_neighbours(n):
    torch.manual_seed(0)
    x, g, w, b = torch.randn(7, n), torch.randn(7, n), torch.rand(n), torch.randn(n)
    y, gx = run(x, g, w, b, True)[:2]
    for r in range(7):
        alone = run(x[r : r + 1], g[r : r + 1], w, b, True)
        assert torch.equal(y[r], alone[0][0]) and torch.equal(gx[r], alone[1][0])
