"""Convolutions of many shapes against torch: values, and the gradients of input, weight and bias."""

import numpy as np
import pytest

import wengert

torch = pytest.importorskip("torch")

# dims of the input, weight, then stride, padding, dilation, groups; transposed or not
SHAPES = [
    ((2, 3, 9, 11), (4, 3, 3, 3), 1, 1, 1, 1, False),
    ((5, 40, 7, 7), (72, 40, 3, 3), 1, 1, 1, 1, False),  # several images in a tile
    ((5, 6, 8, 8), (10, 6, 3, 3), 2, 1, 1, 1, False),
    ((2, 4, 30, 31), (6, 2, 5, 3), (2, 3), (2, 1), 1, 2, False),
    ((2, 4, 20, 20), (6, 4, 3, 3), 1, 2, 2, 1, False),
    ((2, 4, 20, 20), (6, 4, 2, 2), 1, 3, 1, 1, False),  # more padding than the window is wide
    ((3, 8, 14, 14), (16, 8, 1, 1), 1, 0, 1, 1, False),
    ((3, 8, 14, 14), (16, 8, 1, 1), 2, 0, 1, 1, False),
    ((2, 2, 1500), (3, 2, 9), 1, 4, 1, 1, False),  # a row longer than a tile
    ((2, 2, 1501), (3, 2, 4), 3, 2, 2, 1, False),
    ((2, 3, 6, 7, 8), (4, 3, 3, 2, 3), 1, 1, 1, 1, False),
    ((2, 3, 6, 7, 8), (4, 3, 3, 2, 3), 2, 1, 1, 1, False),
    ((1, 2, 12, 12, 12), (2, 2, 7, 7, 7), 1, 3, 1, 1, False),  # more taps than a block is deep
    ((5, 20, 4, 4), (20, 12, 4, 4), 2, 1, 1, 1, True),
    ((5, 20, 1, 1), (20, 12, 4, 4), 1, 0, 1, 1, True),
    ((2, 8, 10), (8, 3, 3), 2, 1, 1, 2, True),
]


def _results(lib, shape, dtype, seed=0):
    sizes, window, stride, padding, dilation, groups, transposed = shape
    rng = np.random.default_rng(seed)
    kind = getattr(lib, dtype)
    x, w = (lib.from_numpy(rng.standard_normal(s)).to(kind).requires_grad_() for s in (sizes, window))
    outputs = window[1] * groups if transposed else window[0]
    b = lib.from_numpy(rng.standard_normal(outputs)).to(kind).requires_grad_()
    name = f"conv{'_transpose' if transposed else ''}{len(sizes) - 2}d"
    y = getattr(lib.nn.functional, name)(x, w, b, stride=stride, padding=padding, dilation=dilation, groups=groups)
    g = lib.from_numpy(rng.standard_normal(tuple(y.shape))).to(kind)
    return [t.detach().numpy() for t in (y, *lib.autograd.grad(y, (x, w, b), g))]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_like_torch(shape, dtype):
    for got, wanted in zip(_results(wengert, shape, dtype), _results(torch, shape, dtype)):
        unit = 1e-13 if dtype == "float64" else 2e-6
        np.testing.assert_allclose(got, wanted, rtol=0, atol=unit * max(1, np.abs(wanted).max()) * 10)


def test_the_same_bits_on_any_number_of_threads():
    threads = wengert.get_num_threads()
    try:
        runs = []
        for n in (1, 2, 3):
            wengert.set_num_threads(n)
            runs.append([_results(wengert, s, "float32") for s in (SHAPES[1], SHAPES[2], SHAPES[8])])
    finally:
        wengert.set_num_threads(threads)
    for run in runs[1:]:
        assert all((a == b).all() for one, two in zip(runs[0], run) for a, b in zip(one, two))
