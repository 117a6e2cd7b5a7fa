"""Reductions, scans, sorting, softmax and products against NumPy in float64, over layouts, sizes and thread counts."""

import numpy as np
import pytest

import wengert as wg


def _cases(count, largest=200_000):
    """Tensors of random shapes, permuted and sliced, with the NumPy array of the same elements."""
    rng = np.random.default_rng(0)
    for k in range(count):
        ndim = int(rng.integers(1, 5))
        total = largest ** rng.uniform(0.1, 1)
        shape = [max(1, round(total**w)) for w in rng.dirichlet(np.ones(ndim))]
        a = rng.standard_normal(shape).astype(np.float32 if k % 2 else np.float64)
        order = [int(d) for d in rng.permutation(ndim)]
        x, b = wg.from_numpy(a).permute(order), a.transpose(order)
        if rng.random() < 0.4:
            index = [slice(None)] * ndim
            index[int(rng.integers(ndim))] = slice(None, None, 2)
            x, b = x[tuple(index)], b[tuple(index)]
        dims = tuple(int(d) for d in np.flatnonzero(rng.random(ndim) < 0.5))
        yield x, b, dims, int(rng.integers(ndim))


@pytest.fixture
def threads():
    before = wg.get_num_threads()

    def same_for_any_number(f):
        wg.set_num_threads(1)
        alone = f().contiguous().numpy()
        wg.set_num_threads(4)
        shared = f().contiguous().numpy()
        assert alone.tobytes() == shared.tobytes()
        return alone

    yield same_for_any_number
    wg.set_num_threads(before)


def _close(got, want, dtype, scale=1.0):
    bound = (3e-6 if dtype == np.float32 else 1e-12) * max(scale, 1)
    assert np.abs(got.astype(np.float64) - want).max(initial=0) <= bound


def _check_reductions(threads, x, a, dims):
    wide, axes = a.astype(np.float64), dims or None
    _close(threads(lambda: x.sum(dims)), wide.sum(axes), a.dtype, np.abs(wide).sum(axes).max())
    _close(threads(lambda: x.mean(dims)), wide.mean(axes), a.dtype)
    _close(threads(lambda: x.amax(dims)), wide.max(axes), a.dtype)
    _close(threads(lambda: x.amin(dims, True)), wide.min(axes, keepdims=True), a.dtype)
    _close(threads(lambda: x.var(axes, correction=0)), wide.var(axes), a.dtype, 10)
    norm = np.sqrt((wide**2).sum(axes))
    _close(threads(lambda: x.norm(2, axes)), norm, a.dtype, norm.max())
    _close(threads(lambda: x.norm(float("inf"), axes)), np.abs(wide).max(axes), a.dtype)
    assert (threads(lambda: (x > 1).any(axes)) == (a > 1).any(axes)).all()
    assert (threads(lambda: (x > 0).sum(axes)) == (a > 0).sum(axes)).all()


def test_reductions_over_any_dims(threads):
    for x, a, dims, _ in _cases(80):
        _check_reductions(threads, x, a, dims)


def _check_along(threads, x, a, dim):
    wide = a.astype(np.float64)
    shifted = wide - wide.max(dim, keepdims=True)
    total = np.exp(shifted).sum(dim, keepdims=True)
    _close(threads(lambda: x.softmax(dim)), np.exp(shifted) / total, a.dtype)
    _close(threads(lambda: x.log_softmax(dim)), shifted - np.log(total), a.dtype, 10)
    _close(threads(lambda: x.logsumexp(dim)), np.log(total.squeeze(dim)) + wide.max(dim), a.dtype, 10)
    _close(threads(lambda: x.cumsum(dim)), wide.cumsum(dim), a.dtype, 100)
    assert (threads(lambda: x.sort(dim).values) == np.sort(a, dim)).all()
    assert (threads(lambda: x.argsort(dim, stable=True)) == np.argsort(a, dim, kind="stable")).all()
    assert (threads(lambda: x.argmax(dim)) == a.argmax(dim)).all()
    assert (threads(lambda: x.min(dim).indices) == a.argmin(dim)).all()
    assert (threads(lambda: x.median(dim).values) == np.sort(a, dim).take((a.shape[dim] - 1) // 2, dim)).all()
    assert (threads(lambda: x.cummax(dim).values) == np.maximum.accumulate(a, dim)).all()


def test_ops_along_a_dim(threads):
    for x, a, _, dim in _cases(60, 50_000):
        _check_along(threads, x, a, dim)


def _check_products(threads, x, y, a, b):
    assert (threads(lambda: x @ y) == a @ b).all()
    assert (threads(lambda: x @ y[:, 0]) == a @ b[:, 0]).all()
    ones = (y[:1] * 0 + 1).contiguous()
    assert (threads(lambda: wg.addmm(ones, x, y, beta=2, alpha=3)) == (2 + 3 * (a @ b)).astype(a.dtype)).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex64, np.complex128, np.int64, np.int8])
def test_products_are_exact_on_small_integers(threads, dtype):
    rng = np.random.default_rng(1)
    for k in range(25):
        n, m, p = (int(2 ** rng.uniform(0, 8)) for _ in range(3))
        a = rng.integers(-2, 3, (n, m)).astype(dtype)
        b = rng.integers(-2, 3, (m, p)).astype(dtype)
        x = wg.from_numpy(a) if k % 2 else wg.from_numpy(np.ascontiguousarray(a.T)).t()
        y = wg.from_numpy(b) if k % 3 else wg.from_numpy(np.ascontiguousarray(b.T)).t()
        _check_products(threads, x, y, a, b)


def test_long_float32_sums_stay_accurate():
    x = wg.full((10_000_000,), 0.1)
    assert abs(x.sum().item() - 1e6 * float(np.float32(0.1)) * 10) < 1
    assert abs(x.reshape(-1, 2).sum(0)[0].item() - 5e5 * float(np.float32(0.1)) * 10) < 1


def test_sort_keeps_the_order_of_equals_and_puts_nan_last():
    nan = float("nan")
    x = wg.tensor([2.0, nan, -0.0, 0.0, nan, 2.0])
    assert x.sort().indices.tolist() == [2, 3, 0, 5, 1, 4]
    assert x.sort(descending=True).indices.tolist() == [1, 4, 0, 5, 2, 3]


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda t: t.ones(2, 5) @ t.ones(3, 4), "mat1 and mat2 shapes cannot be multiplied (2x5 and 3x4)"),
        (lambda t: t.ones(2, 3) @ t.ones(2), "size mismatch, got input (2), mat (2x3), vec (2)"),
        (
            lambda t: t.mm(t.ones(2, 3), t.ones(3, 3).double()),
            "expected m1 and m2 to have the same dtype, but got: float != double",
        ),
        (
            lambda t: t.empty(0).max(),
            "max(): Expected reduction dim to be specified for input.numel() == 0. Specify the reduction dim with the "
            + "'dim' argument.",
        ),
        (lambda t: t.empty(0, 3).max(0), "max(): Expected reduction dim 0 to have non-zero size."),
        (lambda t: t.ones(2, 3).sum(2), "Dimension out of range (expected to be in range of [-2, 1], but got 2)"),
        (lambda t: t.ones(2, 3).sum((0, 0)), "dim 0 appears multiple times in the list of dims"),
        (
            lambda t: t.ones(3).long().mean(),
            "mean(): could not infer output dtype. Input dtype must be either a floating point or complex dtype. "
            + "Got: Long",
        ),
        (lambda t: t.ones(3).topk(4), "selected index k out of range"),
        (
            lambda t: t.einsum("ij,jk", t.ones(2, 3), t.ones(2, 3)),
            "einsum(): subscript j has size 2 for operand 1 which does not broadcast with previously seen size 3",
        ),
    ],
)
def test_errors(call, text):
    with pytest.raises((RuntimeError, IndexError)) as caught:
        call(wg)
    assert str(caught.value).splitlines()[0] == text
