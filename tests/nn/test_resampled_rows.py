"""Interpolation along the last dim: doubled rows, other sizes, elements that are not finite, gradients, as in torch."""

import numpy as np
import pytest

import wengert as wg

SHAPES = [((1, 1, 1), 2), ((2, 3, 5), 10), ((2, 3, 5), 7), ((1, 2, 8), 4), ((2, 2, 33), 66), ((1, 1, 6), 13)]


@pytest.mark.parametrize("mode", ["nearest", "nearest-exact", "linear"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_rows(mode, dtype):
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(2)
    for shape, size in SHAPES:
        a = rng.standard_normal(shape).astype(dtype)
        for bad in (None, -0.0) if mode == "linear" else (None, -0.0, np.inf, np.nan):
            if bad is not None:
                a.reshape(-1)[-1] = bad
            results = []
            for lib in (wg, torch):
                x = lib.tensor(a, requires_grad=True)
                y = lib.nn.functional.interpolate(x, size=size, mode=mode)
                y.backward(lib.tensor(np.linspace(-1, 2, y.numel()).reshape(y.shape).astype(dtype)))
                results.append((y.detach().numpy(), x.grad.numpy()))
            (y, g), (y_torch, g_torch) = results
            np.testing.assert_allclose(y, y_torch, rtol=1e-5, atol=1e-6)
            np.testing.assert_allclose(g, g_torch, rtol=1e-5, atol=1e-6)
            if mode != "linear":
                np.testing.assert_array_equal(np.signbit(y), np.signbit(y_torch))


@pytest.mark.parametrize("mode", ["nearest", "bilinear", "bicubic"])
def test_images_doubled(mode):
    torch = pytest.importorskip("torch")
    a = np.random.default_rng(3).standard_normal((2, 3, 7, 9)).astype("float32")
    results = []
    for lib in (wg, torch):
        x = lib.tensor(a, requires_grad=True)
        y = lib.nn.functional.interpolate(x.transpose(2, 3), scale_factor=2, mode=mode)
        (y * y).sum().backward()
        results.append((y.detach().numpy(), x.grad.numpy()))
    for ours, theirs in zip(*results):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-4)
