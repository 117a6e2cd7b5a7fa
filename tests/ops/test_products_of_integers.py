"""Products of integers, which wrap around, and of small complex matrices, in any layout and on any number of threads."""

import numpy as np
import pytest

import wengert as wg

RNG = np.random.default_rng(5)
SIZES = [(1, 1, 1), (1, 9, 33), (3, 17, 5), (9, 9, 9), (13, 70, 31), (40, 3, 129), (129, 64, 1), (5, 0, 4)]


def made(shape, dtype):
    if dtype.startswith("complex"):
        return (RNG.standard_normal(shape) + 1j * RNG.standard_normal(shape)).astype(dtype)
    limits = np.iinfo(dtype)
    return RNG.integers(limits.min, limits.max, shape, dtype=dtype, endpoint=True)


def layouts(a):
    t = wg.from_numpy(a)
    yield t
    yield wg.from_numpy(np.ascontiguousarray(a.T)).t()
    wide = wg.zeros(a.shape[0] * 2, a.shape[1] * 3, dtype=t.dtype)
    wide[::2, ::3] = t
    yield wide[::2, ::3]


def close(ours, expected):
    if np.iscomplexobj(expected):
        scale = 1e-3 if expected.dtype == np.complex64 else 1e-10
        np.testing.assert_allclose(ours.numpy(), expected, rtol=scale, atol=scale)
    else:
        np.testing.assert_array_equal(ours.numpy(), expected)


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "int32", "int64", "complex64", "complex128"])
def test_as_numpy(dtype):
    for m, k, n in SIZES:
        a, b, c = made((m, k), dtype), made((k, n), dtype), made((m, n), dtype)
        expected = a @ b
        for left in layouts(a):
            for right in layouts(b):
                close(left @ right, expected)
        t = wg.from_numpy(c)
        close(wg.addmm(t, wg.from_numpy(a), wg.from_numpy(b), beta=3, alpha=2), (3 * c + 2 * expected).astype(dtype))


@pytest.mark.parametrize("dtype", ["int32", "int64", "complex64"])
def test_any_number_of_threads(dtype):
    a, b = wg.from_numpy(made((6, 90, 70), dtype)), wg.from_numpy(made((6, 70, 65), dtype))
    before = wg.get_num_threads()
    try:
        results = []
        for n in (1, 4):
            wg.set_num_threads(n)
            results.append(a @ b)
        assert wg.equal(*results)
    finally:
        wg.set_num_threads(before)


@pytest.mark.parametrize(
    "dtype", ["bool", "uint8", "float16", "int32", "float32", "float64", "complex64", "complex128"]
)
def test_fill_touches_what_it_should_and_nothing_else(dtype):
    for n in (1, 7, 64, 1000, 70001):
        for start, stop, step in ((0, n, 1), (1, n, 1), (0, n, 3), (3, n - 2, 1)):
            t = wg.zeros(n, dtype=getattr(wg, dtype))
            expected = np.zeros(n, dtype)
            t[start:stop:step].fill_(1)
            expected[start:stop:step] = 1
            np.testing.assert_array_equal(t.numpy(), expected)
