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
    ((17, 6, 7, 7), (9, 6, 3, 3), 1, 1, 1, 1, False),  # images side by side, not as many in each group
    ((33, 12, 9, 8), (20, 12, 3, 3), 2, 1, 1, 1, False),
    ((16, 8, 12, 12), (24, 4, 3, 3), 1, 4, 4, 2, False),  # windows wider than what is left of the image
    ((2, 700, 9, 9), (5, 700, 3, 3), 1, 1, 1, 1, False),  # more channels than are laid out at a time
    ((20, 300, 6, 6), (5, 300, 5, 5), 1, 2, 1, 1, False),  # and of images side by side
    ((3, 8, 17, 19), (6, 8, 3, 2), (3, 2), (4, 0), (2, 3), 1, False),  # padding of more than a window
    ((3, 8, 17, 19), (6, 8, 2, 1), 3, 0, 1, 1, False),  # positions that no window reaches
    ((4, 8, 6, 7, 8), (4, 8, 3, 2, 3), 2, 1, 1, 1, False),
    ((18, 16, 8, 8), (16, 8, 4, 4), 2, 1, 1, 1, True),
    ((3, 16, 8, 9), (16, 4, 5, 3), (2, 3), (1, 2), (3, 2), 2, True),
    ((3, 16, 8, 9), (16, 12, 2, 2), 2, 0, 1, 1, True),
    ((2, 5, 4000), (64, 5, 7), 2, 3, 1, 1, False),
    ((3, 5, 8, 8), (5, 1, 3, 3), 1, 1, 1, 5, False),  # a channel a group: planes of the same width
    ((3, 5, 9, 7), (5, 1, 7, 7), 1, 3, 1, 5, False),
    ((3, 5, 9, 7), (5, 1, 3, 5), 1, (0, 4), (1, 2), 5, False),
    ((2, 3, 5, 7), (3, 1, 2, 3), 1, (4, 1), 1, 3, False),
    ((2, 3, 70, 33), (3, 1, 3, 3), 1, 2, 2, 3, False),  # in bands
    ((2, 3, 3000), (3, 1, 9), 1, 4, 1, 3, False),
    ((2, 3, 12, 11), (6, 1, 3, 3), 1, 1, 1, 3, False),
    ((2, 3, 12, 11), (3, 1, 3, 3), 2, 1, 1, 3, False),
    ((3, 6, 9, 7), (6, 1, 3, 3), 1, 1, 1, 6, True),
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
            runs.append(
                [_results(wengert, s, "float32") for s in (SHAPES[1], SHAPES[2], SHAPES[8], SHAPES[17], SHAPES[32])]
            )
    finally:
        wengert.set_num_threads(threads)
    for run in runs[1:]:
        assert all((a == b).all() for one, two in zip(runs[0], run) for a, b in zip(one, two))


@pytest.mark.parametrize("shape", [SHAPES[17], SHAPES[21], SHAPES[24], SHAPES[25], SHAPES[28]], ids=str)
def test_second_gradients_like_torch(shape):
    def run(lib):
        sizes, window, stride, padding, dilation, groups, transposed = shape
        rng = np.random.default_rng(1)
        x, w = (lib.from_numpy(rng.standard_normal(s)).requires_grad_() for s in (sizes, window))
        name = f"conv{'_transpose' if transposed else ''}{len(sizes) - 2}d"
        y = getattr(lib.nn.functional, name)(
            x, w, None, stride=stride, padding=padding, dilation=dilation, groups=groups
        )
        first = lib.autograd.grad((y * y).sum(), (x, w), create_graph=True)
        both = sum((g * lib.from_numpy(rng.standard_normal(tuple(g.shape)))).sum() for g in first)
        return [t.numpy() for t in lib.autograd.grad(both, (x, w))]

    for got, wanted in zip(run(wengert), run(torch)):
        np.testing.assert_allclose(got, wanted, rtol=0, atol=1e-12 * np.abs(wanted).max())


@pytest.mark.parametrize("batch, groups", [(2, 1), (32, 1), (2, 8)])
def test_what_is_not_finite_stays_in_its_windows(batch, groups):
    def run(lib):
        rng = np.random.default_rng(2)
        x = lib.from_numpy(rng.standard_normal((batch, 8, 6, 7)))
        x[0, 1, 2, 6] = x[0, 3, 5, 3] = float("nan")
        x.requires_grad_()
        w = lib.from_numpy(rng.standard_normal((8, 8 // groups, 3, 3))).requires_grad_()
        y = lib.nn.functional.conv2d(x, w, padding=1, groups=groups)
        return [t.detach().numpy() for t in (y, *lib.autograd.grad(y, (x, w), lib.ones_like(y)))]

    for got, wanted in zip(run(wengert), run(torch)):
        np.testing.assert_array_equal(np.isnan(got), np.isnan(wanted))
