"""Every loss, reduction, dtype and awkward value (nan, inf, negative targets, nothing at all): torch's numbers."""

import itertools
import warnings

import numpy as np
import pytest

import wengert

DTYPES = ("float32", "float64", "float16", "bfloat16")
REDUCTIONS = ("none", "mean", "sum")
NAN, INF = float("nan"), float("inf")
PLAIN = [0.5, -1.25, 2.0, 0.0, -0.75, 3.5]
SHARES = [0.25, 0.5, 1.0, 0.0, 0.75, 0.125]
AWKWARD = [NAN, INF, -INF, 0.0, -0.0, 1.0]
SIGNS = [1.0, -1.0, 1.0, 1.0, -1.0, -1.0]
# name: (input, target), then the options
PAIRS = {
    "plain": (PLAIN, PLAIN[::-1]),
    "awkward": (AWKWARD, PLAIN),
    "awkward_target": (PLAIN, AWKWARD),
    "both": (AWKWARD, AWKWARD),
    "signs": (PLAIN, SIGNS),
    "awkward_signs": (AWKWARD, SIGNS),
    "shares": (SHARES, SHARES[::-1]),
    "negative": (SHARES, [-0.5, 0.0, -INF, 1.0, NAN, -1.0]),
    "nothing": ([], []),
}
ELEMENTWISE = {
    "mse_loss": [{}],
    "l1_loss": [{}],
    "smooth_l1_loss": [{}, {"beta": 0.25}, {"beta": 0.0}],
    "huber_loss": [{}, {"delta": 0.5}],
    "soft_margin_loss": [{}],
    "binary_cross_entropy_with_logits": [{}],
    "kl_div": [{}, {"log_target": True}],
    "poisson_nll_loss": [{}, {"log_input": False}, {"full": True}],
    "hinge_embedding_loss": [{}, {"margin": 0.25}],
    "multilabel_soft_margin_loss": [{}],
}
CASES = [
    (name, options, pair) for name, some in ELEMENTWISE.items() for options, pair in itertools.product(some, PAIRS)
] + [("binary_cross_entropy", {}, pair) for pair in ("shares", "nothing")]


def _run(lib, name, options, pair, dtype, reduction):
    dtype = getattr(lib, dtype)
    x, t = (lib.tensor(v, dtype=dtype).view(-1, 3) for v in PAIRS[pair])
    x.requires_grad_()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            loss = getattr(lib.nn.functional, name)(x, t, reduction=reduction, **options)
            loss.sum().backward()
        except Exception as error:
            return type(error).__name__ + ": " + str(error).splitlines()[0]
    return [str(loss.dtype), loss.detach().double().numpy(), x.grad.double().numpy()]


def _same(got, want, dtype):
    if isinstance(want, str) or isinstance(got, str):
        assert got == want
        return
    assert got[0] == want[0]
    tolerance = {"float32": 2e-6, "float64": 1e-12, "float16": 4e-3, "bfloat16": 4e-2}[dtype]  # a few roundings
    for a, b in zip(got[1:], want[1:]):
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance / 4)


@pytest.mark.parametrize("name, options, pair", CASES)
def test_elementwise(name, options, pair):
    torch = pytest.importorskip("torch")
    for dtype, reduction in itertools.product(DTYPES, REDUCTIONS):
        case = (name, options, pair, dtype, reduction)
        _same(_run(wengert, *case), _run(torch, *case), dtype)


ROWS = {
    "plain": [[0.5, -1.0, 2.0], [0.0, 3.0, -2.0]],
    "awkward": [[NAN, 1.0, 0.0], [INF, 0.0, -INF]],
    "minus_inf": [[-INF, -INF, -INF], [-INF, 0.0, 1.0]],
}
CLASSES = {"plain": [2, 0], "ignored": [-100, 1], "all_ignored": [-100, -100]}
WEIGHTS = {"none": None, "plain": [0.5, 2.0, 1.0], "zero": [0.0, 0.0, 0.0], "nan": [NAN, 1.0, 1.0]}


def _classes(lib, name, rows, classes, weight, dtype, options):
    dtype = getattr(lib, dtype)
    x = lib.tensor(rows, dtype=dtype).requires_grad_()
    t = lib.tensor(classes) if classes != "shares" else lib.full(x.shape, 1 / 3, dtype=dtype)
    w = None if weight is None else lib.tensor(weight, dtype=dtype)
    try:
        loss = getattr(lib.nn.functional, name)(x, t, weight=w, **options)
        loss.sum().backward()
    except Exception as error:
        return type(error).__name__ + ": " + str(error).splitlines()[0]
    return [str(loss.dtype), loss.detach().double().numpy(), x.grad.double().numpy()]


@pytest.mark.parametrize("weight", WEIGHTS)
@pytest.mark.parametrize("classes", [*CLASSES, "shares"])
@pytest.mark.parametrize("rows", ROWS)
def test_classes(rows, classes, weight):
    torch = pytest.importorskip("torch")
    losses = [("cross_entropy", {}), ("cross_entropy", {"label_smoothing": 0.25})]
    losses += [("nll_loss", {}), ("multi_margin_loss", {})]
    for (name, options), reduction, dtype in itertools.product(losses, REDUCTIONS, DTYPES):
        if classes == "shares" and name != "cross_entropy" or "ignored" in classes and name == "multi_margin_loss":
            continue
        given = (name, ROWS[rows], CLASSES.get(classes, "shares"), WEIGHTS[weight], dtype)
        case = (*given, {**options, "reduction": reduction})
        _same(_classes(wengert, *case), _classes(torch, *case), dtype)


def _triples(lib, name, options, values, dtype):
    dtype = getattr(lib, dtype)
    parts = [lib.tensor(v, dtype=dtype).requires_grad_() for v in values]
    fixed = [lib.tensor([1.0, -1.0], dtype=dtype)] if name != "triplet_margin_loss" else []
    given = parts if not fixed else [*parts[:2], *fixed]
    if name == "margin_ranking_loss":
        given = [parts[0][:, 0], parts[1][:, 0], *fixed]
    if name == "gaussian_nll_loss":
        given = [parts[0], parts[1], lib.tensor(ROWS["plain"], dtype=dtype).abs()]
    loss = getattr(lib.nn.functional, name)(*given, **options)
    loss.sum().backward()
    return [str(loss.dtype), loss.detach().double().numpy(), parts[0].grad.double().numpy()]


@pytest.mark.parametrize("values", [("plain", "plain", "plain"), ("plain", "awkward", "plain"), ("awkward",) * 3])
@pytest.mark.parametrize(
    "name", ["margin_ranking_loss", "cosine_embedding_loss", "triplet_margin_loss", "gaussian_nll_loss"]
)
def test_of_several_inputs(name, values):
    torch = pytest.importorskip("torch")
    options = (
        [{}] + [{"full": True}] * (name == "gaussian_nll_loss") + [{"margin": 0.5}] * (name != "gaussian_nll_loss")
    )
    options += [{"swap": True}, {"p": 1.0}] * (name == "triplet_margin_loss")
    rows = [ROWS[v][:: (-1) ** i] for i, v in enumerate(values)]
    for some, reduction, dtype in itertools.product(options, REDUCTIONS, DTYPES[:2]):
        case = (name, {**some, "reduction": reduction}, rows, dtype)
        _same(_triples(wengert, *case), _triples(torch, *case), dtype)
