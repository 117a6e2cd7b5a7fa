"""Matrix products of all sizes, layouts and scales against NumPy in double precision."""

import numpy as np
import pytest

import wengert

SIDES = (1, 2, 5, 8, 9, 16, 31, 48, 49, 97, 150, 300)
DEPTHS = (1, 7, 64, 255, 256, 257, 600)


def _stored(x, layout):
    """The same matrix in rows, in columns, or with gaps."""
    if layout == 0:
        return wengert.from_numpy(x)
    if layout == 1:
        return wengert.from_numpy(np.ascontiguousarray(x.T)).t()
    return wengert.from_numpy(np.repeat(x, 2, axis=1))[:, ::2]


@pytest.mark.parametrize("dtype, unit", [(np.float32, 1e-5), (np.float64, 1e-13)])
def test_sizes_and_layouts(dtype, unit):
    rng = np.random.default_rng(0)
    for _ in range(300):
        m, n, k = rng.choice(SIDES), rng.choice(SIDES), rng.choice(DEPTHS)
        a, b, c = (rng.standard_normal(s).astype(dtype) for s in ((m, k), (k, n), (m, n)))
        alpha, beta = [(1.0, 1.0), (1.0, 0.0), (0.5, 2.0)][rng.integers(3)]
        left, right = (_stored(x, rng.integers(3)) for x in (a, b))
        got = wengert.addmm(wengert.from_numpy(c), left, right, alpha=alpha, beta=beta).numpy()
        wanted = alpha * (a.astype(np.float64) @ b) + beta * c
        np.testing.assert_allclose(got, wanted, rtol=0, atol=8 * unit * np.sqrt(k), err_msg=f"{m} {n} {k}")


def test_the_same_bits_on_any_number_of_threads():
    a, b = wengert.randn(3, 260, 300), wengert.randn(3, 300, 210)
    threads = wengert.get_num_threads()
    try:
        results = []
        for n in (1, 2, 3):
            wengert.set_num_threads(n)
            results.append(a @ b)
    finally:
        wengert.set_num_threads(threads)
    assert all(wengert.equal(r, results[0]) for r in results)


def test_what_is_not_finite_stays_in_its_row_and_column():
    a, b = wengert.ones(70, 40), wengert.ones(40, 70)
    a[69, 3], b[5, 69] = float("nan"), float("inf")
    y = a @ b
    assert y[69].isnan().all() and (y[:69, :69] == 40).all() and y[:69, 69].isinf().all()


@pytest.mark.parametrize("name", ["bfloat16", "float16"])
def test_half_precision_is_rounded_once(name):
    dtype = getattr(wengert, name)
    a, b, c = (wengert.randn(*sizes).to(dtype) for sizes in ((3, 40, 70), (3, 70, 50), (3, 40, 50)))
    exact = 0.5 * (a.double() @ b.double()) + 2 * c.double()
    got = wengert.baddbmm(c, a, b, alpha=0.5, beta=2)
    assert got.dtype == dtype
    step = wengert.finfo(dtype).eps
    assert ((got.double() - exact).abs() <= step * exact.abs() / 2 + 1e-4).all()
    assert wengert.equal(got[0], wengert.addmm(c[0], a[0], b[0], alpha=0.5, beta=2))
    assert wengert.allclose((a[0] @ b[0, :, 0]).float(), (a[0] @ b[0])[:, 0].float(), rtol=step)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_smallest_products_have_torchs_bits(dtype):
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    for m, k, n in [(2, 2, 2), (3, 4, 4), (8, 5, 4), (1, 8, 3), (6, 3, 8)]:
        a, b = torch.randn(m, k, dtype=getattr(torch, dtype)), torch.randn(k, n, dtype=getattr(torch, dtype))
        assert ((wengert.from_numpy(a.numpy()) @ wengert.from_numpy(b.numpy())).numpy() == (a @ b).numpy()).all()
