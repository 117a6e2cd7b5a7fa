"""Reductions, scans, sorting, softmax and products against torch: values, dtypes, gradients, second derivatives."""

import numpy as np
import pytest

import wengert as wg

torch = pytest.importorskip("torch", reason="the oracle is not installed")

REDUCTIONS = [
    "sum()",
    "sum(0)",
    "sum((0,-1),True)",
    "mean()",
    "mean(-1,True)",
    "prod()",
    "prod(0)",
    "prod(-1,True)",
    "amax()",
    "amax(0)",
    "amin((0,-1),True)",
    "max()",
    "min()",
    "max(0)",
    "min(-1,True)",
    "aminmax()",
    "argmax()",
    "argmax(0)",
    "argmin(-1,True)",
    "any()",
    "all(0)",
    "count_nonzero(0)",
    "nansum(0)",
    "nanmean(0)",
    "var()",
    "std()",
    "var(0)",
    "std(-1,True,True)",
    "var(0,False)",
    "std(unbiased=False)",
    "var(dim=0,correction=0)",
    "norm()",
    "norm(1)",
    "norm(3)",
    "norm(0)",
    "norm(.5)",
    "norm(1.5)",
    "norm(float('inf'))",
    "norm(-2.5,0)",
    "norm(1,(0,-1),True)",
    "logsumexp(0)",
    "logsumexp((0,-1),True)",
    "softmax(0)",
    "softmax(-1)",
    "log_softmax(0)",
    "log_softmax(-1)",
    "cumsum(0)",
    "cumsum(-1)",
    "cumprod(0)",
    "cumprod(-1)",
    "cummax(0)",
    "cummin(-1)",
    "logcumsumexp(0)",
    "diff()",
    "median()",
    "median(-1,True)",
    "nanmedian(0)",
    "mode(0)",
    "kthvalue(1,0)",
    "sort()",
    "sort(0,True)",
    "sort(dim=0,descending=True,stable=True)",
    "argsort(0)",
    "msort()",
    "topk(1)",
    "topk(1,-1,False)",
    "quantile(.3)",
    "quantile(.3,0)",
    "quantile(.3,0,True,interpolation='nearest')",
    "nanquantile(.3,0)",
    "histc(5,-1,1)",
    "renorm(2,0,.5)",
    "sum(axis=0)",
    "mean(axis=0,keepdims=True)",
]
PRODUCTS = [
    ("x @ y", (2, 3), (3, 4)),
    ("x @ y", (3,), (3,)),
    ("x @ y", (2, 3), (3,)),
    ("x @ y", (3,), (3, 2)),
    ("x @ y", (2, 3, 4), (4, 5)),
    ("x @ y", (4,), (2, 4, 3)),
    ("x @ y", (3, 4), (2, 4, 3)),
    ("x @ y", (2, 1, 3, 4), (5, 4, 3)),
    ("x @ y", (0, 3), (3, 2)),
    ("x @ y", (2, 0), (0, 3)),
    ("lib.mm(x.t(), y.t())", (3, 2), (4, 3)),
    ("lib.vdot(x, y)", (3,), (3,)),
    ("lib.addmm(z, x, y, beta=.5, alpha=2)", (2, 3), (3, 4), (4,)),
    ("lib.addmv(z, x, y, beta=.3, alpha=2)", (2, 3), (3,), (2,)),
    ("lib.addbmm(z, x, y, beta=.3, alpha=2)", (2, 3, 4), (2, 4, 5), (3, 5)),
    ("lib.baddbmm(z, x, y, beta=.3, alpha=2)", (2, 3, 4), (2, 4, 5), (5,)),
    ("lib.addr(z, x, y, beta=.5)", (2,), (3,), (2, 3)),
    ("lib.nn.functional.linear(x, y, z)", (5, 2, 3), (4, 3), (4,)),
    ("lib.outer(x, y)", (2,), (3,)),
    ("lib.inner(x, y)", (2, 3), (4, 3)),
    ("lib.tensordot(x, y, 2)", (2, 3, 4), (3, 4, 5)),
    ("lib.kron(x, y)", (2, 3), (2, 2)),
    ("lib.cov(x)", (3, 5)),
    ("x.trace()", (3, 5)),
    ("lib.einsum('bij,bjk', x, y)", (2, 2, 3), (2, 3, 4)),
    ("lib.einsum('...i,...i->...', x, y)", (2, 3, 4), (3, 4)),
    ("lib.corrcoef(x)", (3, 5)),
    ("lib.trapezoid(x, y)", (3, 4), (4,)),
    ("lib.dist(x, y)", (3, 4), (4,)),
]
SPECIAL = {"zeros": [[0.0, 1.5, 0.0], [-2.0, 0.0, 3.0]], "ties": [[1.0, 1.0, -1.0], [1.0, 0.5, -1.0]]}
NANS = [[1.0, float("nan"), float("inf")], [-float("inf"), 2.0, 2.0], [-float("inf")] * 3]


def _random(rng, shape, dtype):
    a = rng.standard_normal(shape)
    return np.asarray(a + 1j * rng.standard_normal(shape) if dtype == np.complex128 else a).astype(dtype)


def _flat(result):
    return [t for r in result for t in _flat(r)] if isinstance(result, (tuple, list)) else [result]


def _numpy(lib, t):
    t = t.detach()
    if lib is wg:
        return t.numpy()
    if t._is_zerotensor():
        return np.zeros(tuple(t.shape))
    return t.resolve_conj().resolve_neg().numpy()


def _derivatives(lib, outputs, inputs, dtype):
    rng = np.random.default_rng(1)

    def random(t):
        return lib.from_numpy(np.asarray(rng.standard_normal(tuple(t.shape))).astype(dtype))

    outputs = [t for t in outputs if t.requires_grad]
    if not outputs:
        return []
    seeds = [random(t).requires_grad_() for t in outputs]
    first = lib.autograd.grad(outputs, inputs, seeds, create_graph=True, allow_unused=True)
    parts = [(g * random(g)).sum() for g in first if g is not None and g.requires_grad]
    if not parts:
        return [g if g is None else _numpy(lib, g) for g in first]
    total = sum(parts[1:], parts[0])
    second = lib.autograd.grad(total.real if total.is_complex() else total, inputs + seeds, allow_unused=True)
    return [g if g is None else _numpy(lib, g) for g in (*first, *second)]


def _run(lib, text, arrays, differentiate=True):
    inputs = [lib.from_numpy(a.copy()).requires_grad_(differentiate) for a in arrays]
    outputs = _flat(eval(text, {"lib": lib, **dict(zip("xyz", inputs))}))
    values = [_numpy(lib, t) for t in outputs]
    return values, _derivatives(lib, outputs, inputs, arrays[0].dtype) if differentiate else []


def _compare(text, arrays, differentiate=True, rtol=1e-7):
    (want, want_grads), (got, grads) = (_run(lib, text, arrays, differentiate) for lib in (torch, wg))
    assert [v.dtype for v in got] == [v.dtype for v in want]
    for a, b in zip(got, want):
        np.testing.assert_allclose(a, b, rtol=rtol, atol=rtol)
    for a, b in zip(grads, want_grads, strict=True):
        zero = np.zeros(())
        np.testing.assert_allclose(zero if a is None else a, zero if b is None else b, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("shape", [(3, 4), (5, 2), (2, 3, 4)])
@pytest.mark.parametrize("method", REDUCTIONS)
def test_reductions(method, shape):
    _compare("x." + method, [np.random.default_rng(0).standard_normal(shape)])


@pytest.mark.parametrize("values", list(SPECIAL))
@pytest.mark.parametrize(
    "method",
    [
        "prod()",
        "prod(0)",
        "cumprod(1)",
        "norm()",
        "norm(1)",
        "std()",
        "max()",
        "amax(0)",
        "max(0)",
        "median()",
        "cummax(1)",
    ],
)
def test_derivatives_at_zeros_and_ties(method, values):
    _compare("x." + method, [np.array(SPECIAL[values])])


@pytest.mark.parametrize(
    "method",
    [
        "max()",
        "max(0)",
        "amax(1)",
        "argmax()",
        "argmin(0)",
        "median()",
        "median(0)",
        "nanmedian(0)",
        "sort()",
        "nansum()",
        "logsumexp(1)",
        "softmax(1)",
        "cummax(1)",
        "logcumsumexp(1)",
        "sum()",
        "mode(1)",
        "norm(float('inf'))",
        "any()",
        "count_nonzero()",
        "aminmax()",
    ],
)
def test_nan_and_infinity(method):
    _compare("x." + method, [np.array(NANS)], differentiate=False)


@pytest.mark.parametrize("dtype", ["int64", "int32", "uint8", "bool", "float16"])
@pytest.mark.parametrize(
    "method",
    ["sum()", "prod(0)", "cumsum(0)", "amax()", "max(0)", "any()", "all(0)", "count_nonzero(1)", "sort()", "mode(0)"],
)
def test_dtypes(method, dtype):
    values = np.random.default_rng(0).integers(0, 4, (3, 4)).astype(dtype)
    _compare("x." + method, [values], differentiate=False)


@pytest.mark.parametrize("case", PRODUCTS, ids=lambda c: c[0] + str(c[1:]))
@pytest.mark.parametrize("dtype", [np.float64, np.complex128])
def test_products(case, dtype):
    text, *shapes = case
    if dtype == np.complex128 and any(name in text for name in ("cov", "corrcoef", "dist")):
        dtype = np.float64
    rng = np.random.default_rng(0)
    _compare(text, [_random(rng, s, dtype) for s in shapes])
