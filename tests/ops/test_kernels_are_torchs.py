"""Native loops of ops that used to be made of others, beside torch's: the same values, and gradients of two orders."""

import itertools

import numpy as np
import pytest

import wengert as wg

torch = pytest.importorskip("torch")


def ours(t):
    return wg.tensor(t.tolist(), dtype=getattr(wg, str(t.dtype).rpartition(".")[2])).reshape(tuple(t.shape))


def same(got, want):
    assert tuple(got.shape) == tuple(want.shape) and str(got.dtype) == str(want.dtype)
    np.testing.assert_array_equal(got.detach().numpy(), want.detach().numpy())


def near(got, want, rtol=1e-5):
    assert tuple(got.shape) == tuple(want.shape)
    np.testing.assert_allclose(got.detach().numpy(), want.detach().numpy(), rtol=rtol, atol=rtol)


def compare(function, inputs, rtol=1e-5):
    """function(library, *inputs) in both libraries: values and gradients."""
    found = []
    for lib, convert in ((wg, ours), (torch, torch.clone)):
        given = [convert(t) for t in inputs]
        leaves = [t.requires_grad_() for t in given if t.is_floating_point()]
        y = function(lib, *given)
        (y * y).sum().backward()
        found.append([y, *(t.grad for t in leaves)])
    for got, want in zip(*found):
        near(got, want, rtol)


@pytest.mark.parametrize("arguments", [(0.0, 10000, 0.1), (3.0, -7000, -0.37), (0, 50000, 3), (0.5, 3, 0.25)])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_arange(arguments, dtype):
    same(wg.arange(*arguments, dtype=getattr(wg, dtype)), torch.arange(*arguments, dtype=getattr(torch, dtype)))


@pytest.mark.parametrize("arguments", [(0, 1, 1000), (-3.3, 7, 40001), (1, 1, 1), (5, -5, 2), (0, 1, 0)])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_linspace(arguments, dtype):
    same(wg.linspace(*arguments, dtype=getattr(wg, dtype)), torch.linspace(*arguments, dtype=getattr(torch, dtype)))


ELEMENTS = {
    "close": lambda: torch.randint(-50, 50, (1000,)),
    "far": lambda: torch.randint(-(2**62), 2**62, (1500,)),
    "ends": lambda: torch.tensor([2**63 - 1, -(2**63), 5, 5]),
    "bool": lambda: torch.rand(9) > 0.5,
    "bytes": lambda: torch.randint(0, 255, (4, 5)).to(torch.uint8),
    "short": lambda: torch.randint(0, 5, (40,)).to(torch.int16),
    "float": lambda: torch.randn(300).round(decimals=1),
    "nan": lambda: torch.tensor([float("nan"), 1.0, float("nan"), -0.0, 0.0]),
    "none": lambda: torch.empty(0),
    "one": lambda: torch.tensor(3),
}


@pytest.mark.parametrize("name", ["unique", "unique_consecutive"])
@pytest.mark.parametrize("elements", ELEMENTS)
def test_unique(name, elements):
    torch.manual_seed(0)
    x = ELEMENTS[elements]()
    for inverse, counts in itertools.product((False, True), repeat=2):
        asked = {"return_inverse": inverse, "return_counts": counts}
        got, want = getattr(wg, name)(ours(x), **asked), getattr(torch, name)(x, **asked)
        for a, b in zip(got, want) if inverse or counts else [(got, want)]:
            same(a, b)


@pytest.mark.parametrize(
    "n,stable,down", [(5, True, True), (3000, True, True), (3000, False, False), (40000, False, False)]
)
def test_sort_of_long_integers(n, stable, down):
    torch.manual_seed(1)
    x = torch.randint(-1000, 1000, (n,))
    x[:2] = torch.tensor([-(2**63), 2**62])
    for got, want in zip(*(t.sort(stable=stable, descending=down) for t in (ours(x), x))):
        same(got, want)


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("turned", [True, False])
@pytest.mark.parametrize("shape", [(7, 5), (300, 40), (64, 300)])
def test_batch_norm_of_features(shape, training, turned):
    torch.manual_seed(2)
    x, w, b = torch.randn(shape), torch.rand(shape[1]), torch.rand(shape[1])
    mean, var = torch.rand(shape[1]), torch.rand(shape[1]) + 0.5
    running = []

    def norm(lib, x, w, b):
        kept = (ours(mean), ours(var)) if lib is wg else (mean.clone(), var.clone())
        running.append(kept)
        x = x.t().contiguous().t() if turned else x
        return lib.nn.functional.batch_norm(x, *kept, w, b, training)

    compare(norm, [x, w, b], 1e-4)
    for got, want in zip(*running):
        near(got, want)


@pytest.mark.parametrize("padding_idx", [None, 2])
@pytest.mark.parametrize("flat", [True, False])
@pytest.mark.parametrize("mode,weights", [("sum", ""), ("sum", "given"), ("sum", "learned"), ("mean", ""), ("max", "")])
def test_embedding_bag(mode, weights, flat, padding_idx):
    torch.manual_seed(3)
    table, indices, factors = torch.randn(20, 7), torch.randint(0, 20, (6, 4)), torch.rand(6, 4)
    offsets = torch.tensor([0, 3, 3, 10, 24])

    def bags(lib, table, indices, offsets, factors):
        by = factors if weights == "learned" else factors.detach() if weights else None
        if flat:
            indices, by = indices.reshape(-1), None if by is None else by.reshape(-1)
        asked = {"mode": mode, "padding_idx": padding_idx, "per_sample_weights": by}
        y = lib.nn.functional.embedding_bag(indices, table, offsets if flat else None, **asked)
        return y + 0 * factors.sum()

    compare(bags, [table, indices, offsets, factors])


def test_embedding_bag_twice_differentiable():
    at = wg.tensor([[1, 3], [1, 5]])
    table = wg.randn(6, 3, dtype=wg.float64, requires_grad=True)
    assert wg.autograd.gradgradcheck(lambda w: wg.nn.functional.embedding_bag(at, w * w), table)
    with pytest.raises(RuntimeError, match=r"Index 1 of input takes value 30 which is not in the valid range \[0, 6\)"):
        wg.nn.functional.embedding_bag(wg.tensor([[1, 30]]), table.float())


GRIDS = list(itertools.product(("bilinear", "nearest", "bicubic"), ("zeros", "border", "reflection"), (True, False)))


@pytest.mark.parametrize("mode,padding,align", GRIDS)
def test_grid_sample(mode, padding, align):
    torch.manual_seed(4)
    how = {"mode": mode, "padding_mode": padding, "align_corners": align}
    function = lambda lib, x, grid: lib.nn.functional.grid_sample(x, grid, **how)
    compare(function, [torch.randn(2, 3, 5, 7, dtype=torch.float64), torch.randn(2, 9, 11, 2, dtype=torch.float64)])
    if mode != "bicubic":
        compare(function, [torch.randn(2, 17, 3, 4, 5), torch.randn(2, 3, 2, 4, 3) * 0.8], 1e-4)


@pytest.mark.parametrize("padding", ["zeros", "border", "reflection"])
def test_grid_sample_outside_and_at_edges(padding):
    x = torch.arange(12.0).reshape(1, 1, 3, 4)
    x[0, 0, 0, 0] = float("inf")
    edges = torch.tensor([-3.0, -1.0, -0.75, 0.0, 1.0, 1.5, 1e30, float("nan"), float("inf")])
    grid = torch.stack(torch.meshgrid(edges, edges, indexing="xy"), -1)[None]
    for mode in ("bilinear", "nearest"):
        got, want = (
            lib.nn.functional.grid_sample(a, b, mode=mode, padding_mode=padding, align_corners=True)
            for lib, a, b in ((wg, ours(x), ours(grid)), (torch, x, grid))
        )
        finite = ~(grid.isnan() | grid.isinf() | (grid.abs() > 1e9)).any(-1)[:, None]  # elsewhere torch's are undefined
        np.testing.assert_array_equal(got.numpy()[finite.numpy()], want.numpy()[finite.numpy()])


def test_grid_sample_twice_differentiable():
    x = wg.randn(1, 2, 3, 3, dtype=wg.float64, requires_grad=True)
    grid = (wg.rand(1, 2, 3, 2, dtype=wg.float64) * 1.5 - 0.75).requires_grad_()
    sample = lambda x, grid: wg.nn.functional.grid_sample(x, grid, align_corners=False)
    assert wg.autograd.gradcheck(sample, (x, grid))
    assert wg.autograd.gradgradcheck(sample, (x, grid))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("zero_infinity", [True, False])
def test_ctc_loss(dtype, zero_infinity):
    torch.manual_seed(5)
    scores = torch.randn(9, 4, 6, dtype=dtype)
    labels = torch.tensor([[1, 1, 2], [3, 0, 0], [5, 4, 5], [2, 2, 2]])
    possible, impossible = [9, 5, 9, 6], [9, 1, 2, 3]
    for steps in (possible, impossible) if zero_infinity else (possible,):

        def loss(lib, scores, steps=steps):
            asked = {"reduction": "none", "zero_infinity": zero_infinity}
            lengths = lib.tensor(steps), lib.tensor([3, 1, 3, 3])
            return lib.nn.functional.ctc_loss(scores.log_softmax(-1), lib.tensor(labels.tolist()), *lengths, **asked)

        compare(loss, [scores])


def test_ctc_loss_twice_differentiable():
    scores = wg.randn(4, 1, 3, dtype=wg.float64, requires_grad=True)
    loss = lambda s: wg.nn.functional.ctc_loss(s.log_softmax(-1), wg.tensor([[1, 2]]), [4], [2])
    assert wg.autograd.gradcheck(loss, scores)
    assert wg.autograd.gradgradcheck(loss, scores)


@pytest.mark.parametrize("mode", ["reflect", "replicate", "circular"])
@pytest.mark.parametrize(
    "shape,pad", [((2, 3, 7), (1, 2)), ((2, 3, 5, 6), (4, 0, 0, 3)), ((1, 2, 4, 5, 3), (2, 0, 0, 2, 1, 3))]
)
def test_padding_by_what_is_inside(mode, shape, pad):
    torch.manual_seed(6)
    x = torch.randn(shape)
    compare(lambda lib, x: lib.nn.functional.pad(x, pad, mode=mode), [x])
    turned = ours(x).transpose(0, 1).contiguous().transpose(0, 1)  # read where it lies
    same(wg.nn.functional.pad(turned, pad, mode=mode), torch.nn.functional.pad(x, pad, mode=mode))


@pytest.mark.parametrize("dx", [1, 0.3])
def test_trapezoid(dx):
    y = torch.randn(4, 300)
    for dim in (0, 1):
        compare(lambda lib, y, dim=dim: lib.trapezoid(y, dx=dx, dim=dim), [y])


@pytest.mark.parametrize("dtype", [torch.float32, torch.complex128])
@pytest.mark.parametrize("shape", [(9, 9), (3, 12, 12), (40, 40), (100, 8, 8), (17, 9), (9, 17)])
def test_factors_and_triangles(shape, dtype):
    torch.manual_seed(7)
    a = torch.randn(shape, dtype=dtype)
    b = wg.from_numpy(a.numpy().copy())
    for got, want in zip(wg.linalg.lu_factor(b), torch.linalg.lu_factor(a)):
        near(got, want, 1e-3)
    P, L, U = wg.linalg.lu(b)
    near(P @ L @ U, a, 1e-4)
    if shape[-1] != shape[-2]:
        return
    sure = torch.eye(shape[-1], dtype=dtype) * 9
    for upper, unit in itertools.product((True, False), repeat=2):
        how = {"upper": upper, "unitriangular": unit}
        x = wg.linalg.solve_triangular(b / 9 + ours_of(sure), b, **how)
        near(x, torch.linalg.solve_triangular(a / 9 + sure, a, **how), 1e-3)


def ours_of(t):
    return wg.from_numpy(t.numpy().copy())


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("p", [1.0, 2.0, float("inf"), 3.0])
def test_cdist(p, dtype):
    torch.manual_seed(8)
    for a, b in (((4, 21), (5, 21)), ((2, 1, 3, 5), (3, 4, 5)), ((30, 3), (2, 3))):
        a, b = torch.randn(a, dtype=dtype), torch.randn(b, dtype=dtype)
        b.reshape(-1, b.shape[-1])[0] = a.reshape(-1, a.shape[-1])[0]  # a distance of 0
        compare(lambda lib, a, b: lib.cdist(a, b, p, "donot_use_mm_for_euclid_dist") + 1, [a, b])
    nan = torch.tensor([[1.0, float("nan"), 3.0]])
    assert wg.cdist(ours(nan), wg.zeros(1, 3), p).isnan().all()
    assert wg.cdist(wg.zeros(0, 3), wg.zeros(2, 3), p).shape == (0, 2)
