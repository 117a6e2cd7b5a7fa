"""Kernels with a short way for the usual case: at the sizes and values where the ways part, beside torch."""

import numpy as np
import pytest

import wengert as wg

torch = pytest.importorskip("torch")
NAN, INF = float("nan"), float("inf")


def both(f, *arrays, second=False):
    """The results of f in both libraries, then the gradients of its weighted sum, then those of their squares' sum."""
    found = []
    for t in (wg, torch):
        inputs = [t.from_numpy(a.copy()).requires_grad_() for a in arrays]
        y = f(t, *inputs)
        weights = t.linspace(0.5, 1.5, max(1, y.numel()), dtype=y.dtype)[: y.numel()].reshape(y.shape)
        grads = t.autograd.grad((y * weights).sum(), inputs, create_graph=second)
        more = t.autograd.grad(sum((g * g).sum() for g in grads), inputs) if second else ()
        found.append([np.array(v.detach().tolist()) for v in (y, *grads, *more)])
    return zip(*found)


def agree(f, *arrays, rtol=1e-5, second=False):
    for mine, theirs in both(f, *arrays, second=second):
        np.testing.assert_allclose(mine, theirs, rtol=rtol, atol=rtol)


def normal(*shape, dtype=np.float64):
    return np.random.default_rng(7).normal(size=shape).astype(dtype)


@pytest.mark.parametrize("n", [0, 1, 3, 1000])
@pytest.mark.parametrize("rows", [1, 3, 4, 9])
def test_running_sums_of_rows(rows, n):
    x = normal(rows, n, dtype=np.float32)
    agree(lambda t, a: a.cumsum(-1), x)
    agree(lambda t, a: a.cumprod(-1), np.where(np.abs(x) > 2.5, x, np.sign(x)).astype(np.float64))
    agree(lambda t, a: t.logcumsumexp(a, -1), x)
    assert wg.from_numpy(x).double().cumsum(1).tolist() == torch.from_numpy(x).double().cumsum(1).tolist()
    whole = (x * 10).astype(np.int32)
    assert wg.from_numpy(whole).cumsum(1).tolist() == torch.from_numpy(whole).cumsum(1).tolist()


@pytest.mark.parametrize("zeros", [0, 1, 2])
@pytest.mark.parametrize("dim", [None, 0, 1])
def test_gradient_of_a_product(dim, zeros):
    x = normal(5, 6) + 2
    x.reshape(-1)[:zeros] = 0
    agree(lambda t, a: a.prod() if dim is None else a.prod(dim), x, second=True)
    agree(lambda t, a: a.t().prod() if dim is None else a.t().prod(dim, keepdim=True), x, second=True)


def test_gradient_of_a_product_of_one_and_of_none():
    agree(lambda t, a: a.prod(), np.array([3.0]))
    agree(lambda t, a: a.prod(), np.zeros(0))
    agree(lambda t, a: a.prod(0), np.zeros((0, 3)))


@pytest.mark.parametrize("name", ["amax", "amin"])
def test_extremes_share_their_gradient(name):
    x = np.array([[1.0, 3.0, 3.0], [NAN, 2.0, NAN], [-1.0, -1.0, -1.0]])
    agree(lambda t, a: getattr(a, name)(-1), x)
    agree(lambda t, a: getattr(a, name)(0), x[[0, 2]])
    agree(lambda t, a: getattr(a, name)(), x[2:])
    agree(lambda t, a: getattr(a, name[1:])(), x)


@pytest.mark.parametrize("shift", [0, 1, 3, 15, 16, 17, 64, -1, -5])
@pytest.mark.parametrize("columns", [1, 63, 255, 1024, 1031])
def test_rolled_rows(columns, shift):
    x = normal(5, columns, dtype=np.float32)
    want = np.roll(x, shift, 1).tolist()
    assert wg.from_numpy(x).roll(shift, 1).tolist() == want
    target = wg.zeros(5, columns + 70)
    target[:, 1 : columns + 1] = wg.from_numpy(x)
    assert target[:, 1 : columns + 1].tolist() == x.tolist()
    assert target[:, columns + 1 :].abs().sum() == 0


@pytest.mark.parametrize("dtype", [np.int8, np.int16, np.float32, np.float64, np.complex128])
def test_flipped_rows(dtype):
    for columns in (0, 1, 7, 130):
        x = (normal(3, columns) * 9).astype(dtype)
        assert wg.from_numpy(x).flip(-1).tolist() == x[:, ::-1].tolist()
        assert wg.from_numpy(x).flip((0, 1)).tolist() == x[::-1, ::-1].tolist()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    "bounds", [(-0.5, 0.5), (0.5, -0.5), (NAN, 1.0), (-1.0, NAN), (None, 0.2), (-0.2, None), (-INF, INF)]
)
def test_clamp(bounds, dtype):
    x = np.concatenate([normal(2100), [NAN, INF, -INF, 0.5, -0.5]]).astype(dtype)
    agree(lambda t, a: a.clamp(*bounds), x)
    agree(lambda t, a: a[::2].clamp(*bounds), x)
    low, high = (np.full(x.shape, 0.0 if b is None else b, dtype) for b in bounds)
    low[7], high[1500] = 0.1, NAN
    made = [t.clamp(t.from_numpy(x), t.from_numpy(low), t.from_numpy(high)).tolist() for t in (wg, torch)]
    np.testing.assert_array_equal(*made)


@pytest.mark.parametrize("shape", [(2, 3, 5, 7), (3, 28, 28), (1, 1, 1, 1), (0, 3, 4, 4), (2, 40, 9, 9)])
def test_pooling_to_a_point(shape):
    x = normal(*shape)
    agree(lambda t, a: t.nn.functional.adaptive_avg_pool2d(a, 1), x, rtol=1e-12)
    agree(lambda t, a: t.nn.functional.adaptive_avg_pool2d(a, (1, 2)), x, rtol=1e-12)
    agree(lambda t, a: t.nn.functional.adaptive_avg_pool2d(a.transpose(-1, -2), 1), x, rtol=1e-12)


@pytest.mark.parametrize("mode", ["use_mm_for_euclid_dist_if_necessary", "use_mm_for_euclid_dist"])
@pytest.mark.parametrize(
    "sizes", [((3, 2), (4, 2)), ((30, 5), (26, 5)), ((2, 30, 5), (4, 5)), ((2, 1, 28, 3), (3, 2, 3))]
)
def test_distances_by_products(sizes, mode):
    a, b = normal(*sizes[0]), normal(*sizes[1]) + 0.5
    agree(lambda t, x, y: t.cdist(x, y, compute_mode=mode), a, b, rtol=1e-6)


def test_distances_by_products_of_equal_and_of_no_rows():
    x = np.arange(60.0).reshape(30, 2)  # squares are exact
    agree(lambda t, a: t.cdist(a, a), x)
    agree(lambda t, a: t.cdist(a, a[:, :]), x[:0])
    assert (
        wg.cdist(wg.zeros(30, 0), wg.zeros(2, 0)).tolist()
        == torch.cdist(torch.zeros(30, 0), torch.zeros(2, 0)).tolist()
    )
    wg.autograd.gradgradcheck(wg.cdist, tuple(wg.from_numpy(normal(27, 2) + k).requires_grad_() for k in (0, 4)))


@pytest.mark.parametrize("mode", ["sum", "mean", "max"])
@pytest.mark.parametrize("padding_idx", [None, 2])
def test_bags(padding_idx, mode):
    indices, offsets = [0, 2, 2, 1, 4, 2], [0, 2, 2, 3]

    def f(t, weight):
        return t.nn.functional.embedding_bag(
            t.tensor(indices), weight, t.tensor(offsets), mode=mode, padding_idx=padding_idx
        )

    agree(f, normal(5, 3))
