"""Loops that take shortcuts (vectors, short rows, numbers along a row) give what torch gives, at sizes that reach them."""

import pytest

import wengert as wg

torch = pytest.importorskip("torch")


def both(program, *shapes, dtype="float32", low=-3, high=3):
    """The program's results in wengert and torch, for equal random inputs."""
    torch.manual_seed(0)
    given = [(torch.rand(*shape) * (high - low) + low).to(getattr(torch, dtype)) for shape in shapes]
    if given[0].dtype == torch.bfloat16:
        ours = [wg.tensor(x.float().tolist(), dtype=wg.bfloat16) for x in given]
    else:
        ours = [wg.from_numpy(x.numpy().copy()) for x in given]
    return program(wg, *ours), program(torch, *given)


def assert_same(a, b, tolerance=0.0):
    assert tuple(a.shape) == tuple(b.shape) and str(a.dtype) == str(b.dtype)
    wide = torch.complex128 if b.is_complex() else torch.float64
    a = torch.tensor(a.tolist(), dtype=wide)
    assert torch.allclose(a, b.to(wide), rtol=tolerance, atol=tolerance, equal_nan=True)


COLUMNS = {
    "x * c": lambda t, x, c: x * c,
    "c * x": lambda t, x, c: c * x,
    "c - x": lambda t, x, c: c - x,
    "x / c + c": lambda t, x, c: x / c + c,
    "x < c": lambda t, x, c: (x < c).float(),
    "where": lambda t, x, c: t.where(x > c, x, c),
    "addcmul": lambda t, x, c: t.addcmul(x, c, c, value=0.5),
    "lerp": lambda t, x, c: t.lerp(x, x * 2, c),
    "clamp": lambda t, x, c: t.clamp(x, c, c + 1),
    "integers": lambda t, x, c: (x * 9).long() * (c * 9).long(),
    "other dtype": lambda t, x, c: x * c.double(),
    "in place": lambda t, x, c: x.clone().mul_(c).add_(c),
    "prelu": lambda t, x, c: t.nn.functional.prelu(x.reshape(1, 7, 300), c.reshape(7)),
}


@pytest.mark.parametrize("name", COLUMNS)
def test_columns_along_long_rows_are_numbers(name):
    assert_same(*both(COLUMNS[name], (7, 300), (7, 1)), tolerance=1e-6)


def test_gradients_of_a_column_and_of_rows():
    def program(t, x, c):
        x, c = x.requires_grad_(), c.requires_grad_()
        ((x - c) * c / (c * c + 1)).square().sum().backward()
        return t.cat([x.grad, c.grad], 1)

    assert_same(*both(program, (5, 200), (5, 1)), tolerance=1e-3)


@pytest.mark.parametrize("exponent", [2, 3, -2, 2.5, 0.5])
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_powers_with_one_exponent(dtype, exponent):
    ours, theirs = both(lambda t, x: x**exponent, (700,), dtype=dtype, low=0.1)
    assert_same(ours, theirs, tolerance=1e-6 if dtype == "float32" else 0.0)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "int64", "int32", "uint8", "bool", "complex64"])
@pytest.mark.parametrize("dim", [None, 0, 1])
def test_sums_and_extremes_of_narrow_types(dtype, dim):
    def program(t, x):
        x = (x * 4).to(getattr(t, dtype))
        results = [x.sum() if dim is None else x.sum(dim)]
        if dtype != "complex64":
            results += [x.amax(dim or 0), x.amin(dim or 0), x.count_nonzero(dim)]
            results += [x.any(dim or 0), x.all(dim or 0)]
        return [r.reshape(-1) for r in results]

    ours, theirs = both(program, (150, 130), low=0 if dtype == "uint8" else -3)
    for a, b in zip(ours, theirs, strict=True):
        assert_same(a, b, tolerance=1e-2 if a.dtype in (wg.float16, wg.bfloat16, wg.complex64) else 0.0)


@pytest.mark.parametrize("few", [2, 3, 4, 5])
def test_copies_with_short_rows(few):
    def program(t, x):
        y = x.reshape(6, few, 8, 5)
        return t.cat(
            [y.permute(order).contiguous().reshape(-1) for order in ((0, 2, 3, 1), (3, 0, 2, 1), (2, 3, 0, 1))]
        )

    assert_same(*both(program, (6 * few * 8 * 5,)))
    assert_same(*both(lambda t, x: x.unfold(1, few, 1).contiguous(), (40, 60)))


@pytest.mark.parametrize("p", [0.0, 1.0, 2.0, 3.0, float("inf")])
def test_pdist(p):
    def program(t, x):
        x = x.requires_grad_()
        y = t.pdist(x, p)
        y.square().sum().backward()
        return t.cat([y.detach(), x.grad.reshape(-1)])

    assert_same(*both(program, (9, 5)), tolerance=1e-4)


@pytest.mark.parametrize("dim", [0, -1])
def test_cross(dim):
    def program(t, a, b):
        a, b = a.requires_grad_(), b.requires_grad_()
        y = t.linalg.cross(a, b, dim=dim)
        (y * y).sum().backward()
        return t.cat([y.detach(), a.grad, b.grad.sum().expand(3, 3)])

    assert_same(*both(program, (3, 3), (3, 3)), tolerance=1e-4)
    assert_same(*both(lambda t, a, b: t.linalg.cross(a, b), (4, 1, 3), (1, 5, 3)), tolerance=1e-6)


@pytest.mark.parametrize("tests", [3, 40])
def test_isin(tests):
    def program(t, x, y):
        x, y = (x * 9).long(), (y * 9).int()
        nan = t.tensor([float("nan"), 1.0, 2.0])
        return t.cat([t.isin(x, y), t.isin(x, y.float(), invert=True), t.isin(nan, nan.repeat(5))])

    assert_same(*both(program, (100,), (tests,)))


EQUATIONS = ["bij,bjk->bik", "bqhd,bkhd->bhqk", "ij,kj", "bhqk,bkhd->bqhd", "...i,...i", "b i, b i -> b", "ijk,kji->"]


@pytest.mark.parametrize("equation", EQUATIONS)
def test_einsum_of_two(equation):
    sizes = {"b": 2, "i": 3, "j": 4, "k": 5, "q": 3, "h": 2, "d": 4, ".": 3}
    left = equation.partition("->")[0].replace("...", ".").replace(" ", "").split(",")
    shapes = [[sizes[x] for x in term] for term in left]
    for _ in range(2):  # the second time by what is known from the first
        assert_same(*both(lambda t, a, b: t.einsum(equation, a, b), *shapes), tolerance=1e-5)


def test_neighbours_that_are_equal():
    values = [0.0, -0.0, float("nan"), float("nan"), 1.0, 1.0, 2.0, 1.0]
    for x in (values, [float(v == 1) for v in values]):
        ours = wg.unique_consecutive(wg.tensor(x), return_inverse=True, return_counts=True)
        theirs = torch.unique_consecutive(torch.tensor(x), return_inverse=True, return_counts=True)
        for a, b in zip(ours, theirs, strict=True):
            assert_same(a, b)
        alone = wg.unique_consecutive(wg.tensor(x))
        assert_same(alone, theirs[0])
        assert not alone[0].signbit()


def test_counts_of_many():
    assert_same(*both(lambda t, x: t.bincount((x * 10).long()), (2001,), low=0))
    assert_same(*both(lambda t, x: t.bincount((x * 3000).long(), minlength=7), (2001,), low=0))
    for rows, columns, offset in ((4, 6, 0), (6, 4, 2), (3, 3, -1), (2, 0, 0), (5, 2, -3)):
        for name in ("tril_indices", "triu_indices"):
            assert_same(*(getattr(t, name)(rows, columns, offset) for t in (wg, torch)))


@pytest.mark.parametrize("name", ["lgamma", "digamma", "i0", "special.i0e", "special.i1", "special.i1e"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_special_functions(name, dtype):
    def program(t, x):
        f = getattr(t.special, name[8:]) if "." in name else getattr(t, name)
        x = t.cat([x, x * 4 + 20, t.tensor([0.0, -0.0, 1.0, 2.0, float("inf"), float("nan"), 1e30, 1e-30]).to(x.dtype)])
        return f(x[:-2]) if "i" in name else f(x)

    ours, theirs = both(program, (500,), dtype=dtype, low=-8, high=8)
    assert_same(ours, theirs, tolerance=3e-5 if dtype == "float32" else 1e-12)


def test_the_second_derivative_of_lgamma_and_hypot():
    def program(t, x):
        return t.cat([t.polygamma(1, x), t.polygamma(2, x), t.polygamma(0, x), t.hypot(x, x.flip(0))])

    assert_same(*both(program, (600,), dtype="float64", low=0.1), tolerance=1e-7)
    edges = [0.0, float("inf"), -float("inf"), float("nan"), 3e38, 1e-40]
    grid = [(a, b) for a in edges for b in edges]
    assert_same(*(t.hypot(t.tensor([a for a, _ in grid]), t.tensor([b for _, b in grid])) for t in (wg, torch)))


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_numbers_along_rows_of_another_type(dtype):
    """A column in half precision is converted once a row, not once an element."""
    assert_same(*both(lambda t, x, c: (x * c).float(), (7, 300), (7, 1), dtype=dtype), tolerance=1e-6)
    half = lambda t, x, c: (x.to(getattr(t, dtype)) - c.to(getattr(t, dtype))).float()
    assert_same(*both(half, (7, 300), (7, 1)), tolerance=1e-6)
    assert_same(*both(lambda t, x, c: x * c.to(getattr(t, dtype)), (7, 300), (7, 1)), tolerance=1e-6)


def test_log_softmax_of_half_precision():
    for n in (5, 16, 300):
        assert_same(*both(lambda t, x: x.log_softmax(-1).float(), (4, n), dtype="bfloat16"), tolerance=0.0)


@pytest.mark.parametrize("dtype", ["complex64", "complex128"])
def test_complex_arithmetic_of_many(dtype):
    def program(t, a, b):
        x, y = (t.view_as_complex(v).to(getattr(t, dtype)) for v in (a, b))
        made = [x + y, x - y, x * y, -x, x.conj().resolve_conj(), x * 2 + y, t.add(x, y, alpha=3), 1 - x, x.square()]
        sums = [x.sum(), (x * y).sum(0).sum(), x[:5].sum(0), x.reshape(-1).mean(), x[0, :7].sum()]
        return t.cat([t.view_as_real(v).reshape(-1) for v in made + sums])

    assert_same(*both(program, (40, 70, 2), (40, 70, 2)), tolerance=1e-3)


@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_maxima_of_bags(dtype):
    def program(t, w):
        w = w.clone()
        w[3, 1], w[4, 1], w[5] = float("nan"), float("nan"), w[6]
        w = w.to(getattr(t, dtype)).requires_grad_()
        bags = t.tensor([[5, 6, 0], [3, 4, 2], [1, 1, 1]])
        y = t.nn.functional.embedding_bag(bags, w, mode="max")
        flat = t.nn.functional.embedding_bag(t.tensor([5, 6, 2]), w, t.tensor([0, 0, 2]), mode="max", padding_idx=2)
        (y.float().sum() + flat.float().sum()).backward()
        return t.cat([y.detach(), flat.detach(), w.grad]).float()

    assert_same(*both(program, (8, 20)), tolerance=1e-3)


def test_searches_and_inverted_masks():
    assert_same(*both(lambda t, x: ~(x > 0), (1000,)))
    edges = [-2.0, -1.0, -1.0, 0.5, 2.0, float("nan")]
    for right in (False, True):
        search = lambda t, x: t.searchsorted(t.tensor(edges), t.cat([x, t.tensor(edges)]), right=right)  # noqa: B023
        assert_same(*both(search, (300,)))


def test_isin_of_few_and_of_many_whole_numbers():
    def program(t, x):
        x = (x * 30).long()
        far = t.tensor([-(2**62), 2**62, *range(20)])
        small = x.to(t.int8)
        return t.cat([t.isin(x, x[:20]), t.isin(x, x[:9]), t.isin(x, far), t.isin(small, x[:30] * 10), t.isin(far, x)])

    assert_same(*both(program, (400,)))
