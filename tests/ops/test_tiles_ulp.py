"""Accuracy of the vectorised functions in units in the last place, their special values, and that CPU levels agree."""

import math
import os
import subprocess
import sys

import numpy as np
import pytest

import wengert as wg

EDGES = [0.0, -0.0, 1.0, -1.0, 0.5, 2.0, 1e-40, 1e-310, 1e30, 80.0, -80.0, 700.0, -700.0, math.inf, -math.inf, math.nan]
# name: (numpy's function on long double, low, high, ulps allowed)
FUNCTIONS = {
    "exp": (np.exp, -87, 88, 1.1),
    "exp2": (np.exp2, -126, 127, 1.1),
    "expm1": (np.expm1, -10, 80, 1.7),
    "log": (np.log, 0, 100, 1.1),
    "log2": (np.log2, 0, 100, 1.1),
    "log10": (np.log10, 0, 100, 1.1),
    "log1p": (np.log1p, -1, 100, 1.1),
    "sin": (np.sin, -100, 100, 1.7),
    "cos": (np.cos, -100, 100, 1.7),
    "tan": (np.tan, -1.5, 1.5, 3.5),
    "asin": (np.arcsin, -1, 1, 2.2),
    "acos": (np.arccos, -1, 1, 1.7),
    "atan": (np.arctan, -20, 20, 2.2),
    "asinh": (np.arcsinh, -80, 80, 2.2),
    "acosh": (np.arccosh, 1, 80, 2.2),
    "atanh": (np.arctanh, -1, 1, 2.2),
    "sinh": (np.sinh, -80, 80, 2.2),
    "cosh": (np.cosh, -80, 80, 2.2),
    "tanh": (np.tanh, -10, 10, 2.2),
    "sigmoid": (lambda x: 1 / (1 + np.exp(-x)), -60, 40, 2.6),
    "sqrt": (np.sqrt, 0, 100, 0.6),
    "reciprocal": (np.reciprocal, 0.1, 100, 0.6),
}


def ulps(got, exact):
    """How far got is from exact (long double), in units of got's dtype there."""
    with np.errstate(all="ignore"):
        rounded = exact.astype(got.dtype)
        same = (got == rounded) | (np.isnan(got) & np.isnan(rounded))
        distance = np.abs(got.astype(exact.dtype) - exact) / np.spacing(np.abs(rounded)).astype(exact.dtype)
    return np.where(same, 0, np.where(np.isfinite(distance), distance, np.inf))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_error_in_ulps(name, dtype):
    exact, low, high, limit = FUNCTIONS[name]
    rng = np.random.default_rng(5)
    x = np.concatenate(
        [rng.uniform(low, high, 20000), rng.uniform(low, high, 20000) * 2.0 ** rng.uniform(-30, 0, 20000)]
    )
    x = x.astype(dtype)
    with np.errstate(invalid="ignore"):  # acosh below 1
        error = ulps(getattr(wg, name)(wg.from_numpy(x)).numpy(), exact(x.astype(np.longdouble)))
    worst = error.argmax()
    assert error[worst] <= limit, (x[worst], error[worst])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_special_values(name, dtype):
    exact = FUNCTIONS[name][0]
    with np.errstate(all="ignore"):
        x = np.array(EDGES).astype(dtype)
        if name in ("sin", "cos", "tan"):
            x = x[~(np.abs(x) > 1e6)]  # long double's own reduction differs there
        want = exact(x.astype(np.longdouble))
    got = getattr(wg, name)(wg.from_numpy(x.copy())).numpy()
    assert (ulps(got, want) <= 4).all(), list(zip(x, got, want))
    zero = (got == 0) & (want == 0)
    assert (np.signbit(got) == np.signbit(want))[zero].all()


@pytest.mark.parametrize("name,exact", [("erf", math.erf), ("erfc", math.erfc), ("lgamma", math.lgamma)])
def test_error_functions(name, exact):
    x = np.random.default_rng(1).uniform(0.1, 6, 5000)
    got = getattr(wg, name)(wg.from_numpy(x)).numpy()
    np.testing.assert_allclose(got, [exact(v) for v in x], rtol=2e-15, atol=2e-15)


@pytest.mark.parametrize("dtype,limit", [(np.float32, 0.55), (np.float64, 6)])
def test_inverse_of_erf(dtype, limit):
    rng = np.random.default_rng(2)
    near = 1 - 2.0 ** rng.uniform(-24 if dtype == np.float32 else -52, -1, 5000)
    x = np.concatenate([rng.uniform(-1, 1, 5000), near, -near, rng.uniform(-1, 1, 500) * 1e-20]).astype(dtype)
    x = x[np.abs(x) < 1]
    y = wg.erfinv(wg.from_numpy(x)).numpy()
    z = y.astype(np.float64)
    missed = [math.erf(b) - a if abs(a) < 0.5 else (1 - abs(a)) - math.erfc(abs(b)) for a, b in zip(x.astype(float), z)]
    slope = 2 / math.sqrt(math.pi) * np.exp(-z * z)
    assert (np.abs(missed) / slope / np.spacing(np.abs(y))).max() <= limit
    edges = wg.erfinv(wg.tensor([1.0, -1.0, 1.5, math.nan, 0.0, -0.0])).numpy()
    np.testing.assert_array_equal(edges, [math.inf, -math.inf, math.nan, math.nan, 0.0, 0.0])
    assert np.signbit(edges[-1]) and not np.signbit(edges[-2])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_rests_are_exact(dtype):
    edges = [0.0, -0.0, 1.0, -1.0, 3.0, math.inf, -math.inf, math.nan, 1e-40, 1e30, 0.1]
    rng = np.random.default_rng(6)
    a = np.concatenate([np.repeat(edges, len(edges)), rng.normal(size=20000) * 10.0 ** rng.uniform(-8, 30, 20000)])
    b = np.concatenate([np.tile(edges, len(edges)), rng.normal(size=20000) * 10.0 ** rng.uniform(-8, 2, 20000)])
    a, b = a.astype(dtype), b.astype(dtype)
    whole = np.round(rng.normal(size=4000) * 50).astype(dtype)  # quotients that are integers, or just beside them
    a = np.concatenate([a, whole, np.nextafter(whole * dtype(0.1), dtype(9)), whole * dtype(0.1)])
    b = np.concatenate([b, np.full(4000, 3, dtype), np.full(8000, 0.1, dtype)])
    with np.errstate(all="ignore"):
        rest, modulo = np.fmod(a, b), np.remainder(a, b)
    for i in (1, 255, 4000, len(a)):  # short and long: in one tile and in several
        for got, want in (("fmod", rest), ("remainder", modulo)):
            y = getattr(wg, got)(wg.from_numpy(a[-i:].copy()), wg.from_numpy(b[-i:].copy())).numpy()
            want = want[-i:]
            np.testing.assert_array_equal(y, want)
            if got == "fmod":
                assert (np.signbit(y) == np.signbit(want))[~np.isnan(want)].all()


@pytest.mark.parametrize("size", [20, 3000])
def test_numbers_beside_a_tensor(size):
    x = wg.from_numpy(np.random.default_rng(7).normal(size=size))
    x[0], x[1] = math.nan, math.inf
    full = lambda v: wg.full_like(x, v)
    for name, *numbers in [
        ("clamp", -0.5, 0.5), ("clamp", math.nan, 0.5), ("clamp_min", 0.1), ("clamp_max", 0.1), ("sub", 2.0),
        ("rsub", 1.0), ("pow", 2.0), ("pow", 2.5), ("remainder", 0.3), ("fmod", -0.3), ("gt", 0.2), ("copysign", -1.0),
    ]:  # fmt: skip
        got, want = getattr(wg, name)(x, *numbers), getattr(wg, name)(x, *(full(v) for v in numbers))
        np.testing.assert_array_equal(got.numpy(), want.numpy(), err_msg=name)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_angles_of_points(dtype):
    edges = [0.0, -0.0, 1.0, -1.0, math.inf, -math.inf, math.nan, 1e-40, -1e-300, 1e30, 3.0]
    rng = np.random.default_rng(4)
    far = [rng.normal(size=20000) * 10.0 ** rng.uniform(-8, 8, 20000) for _ in range(2)]
    y = np.concatenate([np.repeat(edges, len(edges)), far[0]]).astype(dtype)
    x = np.concatenate([np.tile(edges, len(edges)), far[1]]).astype(dtype)
    got = wg.atan2(wg.from_numpy(y), wg.from_numpy(x)).numpy()
    want = np.arctan2(y.astype(np.longdouble), x.astype(np.longdouble))
    assert ulps(got, want).max() <= 2.2
    assert (np.signbit(got) == np.signbit(want))[~np.isnan(want)].all()


def test_angles_of_any_size():
    x = np.array([1e5, 1e10, 3e15, 1e22, -1e300, 0.3])
    np.testing.assert_allclose(wg.sin(wg.from_numpy(x)).numpy(), [math.sin(v) for v in x], rtol=1e-14)
    np.testing.assert_allclose(wg.cos(wg.from_numpy(x)).numpy(), [math.cos(v) for v in x], rtol=1e-14)


PROGRAM = """
import sys, wengert as wg
names = sys.argv[1].split(",")
x = wg.cat([wg.linspace(-20, 20, 3001), wg.tensor([0.0, -0.0, float("inf"), -float("inf"), float("nan"), 1e30, 1e-40])])
for name in names:
    for dtype in (wg.float32, wg.float64):
        y = getattr(wg, name)(x.to(dtype))
        sys.stdout.buffer.write(y.numpy().tobytes())
    n = x.clamp(-100, 100).nan_to_num().to(wg.int32)
sys.stdout.buffer.write((n * 7 // 3 + (n << 2) % 5).numpy().tobytes())
"""


@pytest.mark.parametrize("level", ["v2", "v3"])
def test_levels_agree(level):
    names = [*FUNCTIONS, "erf", "relu", "abs", "floor", "round", "neg", "sgn"]
    results = []
    for asked in (level, ""):
        environment = dict(os.environ, WENGERT_CPU_LEVEL=asked, PYTHONPATH=os.pathsep.join(sys.path))
        command = [sys.executable, "-c", PROGRAM, ",".join(names)]
        results.append(subprocess.run(command, capture_output=True, check=True, env=environment).stdout)
    a, b = results
    size, at = 3008, 0
    for name in names:
        for dtype in (np.float32, np.float64):
            step = size * np.dtype(dtype).itemsize
            x, y = (np.frombuffer(r[at : at + step], dtype) for r in (a, b))
            eps = np.finfo(dtype).eps
            np.testing.assert_allclose(x, y, rtol=6 * eps, atol=np.finfo(dtype).tiny, err_msg=name)
            at += step
    assert a[at:] == b[at:]


def test_integer_division():
    a, b = wg.tensor([7, -7, 7, -7, 0]), wg.tensor([2, 2, -2, -2, 5])
    assert (a // b).tolist() == [3, -4, -4, 3, 0]
    assert (a % b).tolist() == [1, 1, -1, -1, 0]
    assert wg.fmod(a, b).tolist() == [1, -1, 1, -1, 0]
    assert wg.div(a, b, rounding_mode="trunc").tolist() == [3, -3, -3, 3, 0]
    least = wg.tensor([-(2**63)])
    assert (least // -1).tolist() == [-(2**63)]
    for divide in (wg.floor_divide, wg.remainder, wg.fmod):
        with pytest.raises(RuntimeError, match="ZeroDivisionError"):
            divide(a, 0)


def test_integer_powers_and_shifts():
    x = wg.tensor([2, -1, 3, 1, 0, -1])
    assert (x ** wg.tensor([10, 3, 0, -5, 0, -2])).tolist() == [1024, -1, 1, 1, 1, 1]
    y = wg.tensor([1, -8, 5, -1], dtype=wg.int8)
    assert (y << wg.tensor([7, 1, 9, -1], dtype=wg.int8)).tolist() == [-128, -16, 0, 0]
    assert (y >> wg.tensor([1, 1, 9, -1], dtype=wg.int8)).tolist() == [0, -4, 0, -1]
    assert wg.gcd(wg.tensor([12, -12, 0]), wg.tensor([18, 18, 5])).tolist() == [6, 6, 5]
    assert wg.lcm(wg.tensor([4, -4, 0]), wg.tensor([6, 6, 5])).tolist() == [12, 12, 0]


def test_wrapping_and_bool():
    assert (-wg.tensor([1, 0], dtype=wg.uint8)).tolist() == [255, 0]
    t = wg.tensor([True, False, True])
    assert (t + t).tolist() == [True, False, True]
    assert (t * wg.tensor([True, True, False])).tolist() == [True, False, False]


def test_rounding():
    x = wg.tensor([0.5, 1.5, 2.5, -0.5, -1.5, 2.4])
    assert wg.round(x).tolist() == [0, 2, 2, 0, -2, 2]
    assert wg.round(wg.tensor([1.25, 2.675]), decimals=1).tolist() == pytest.approx([1.2, 2.7])
    assert wg.trunc(x).tolist() == [0, 1, 2, 0, -1, 2]


def test_nan_in_extremes():
    nan = math.nan
    a, b = wg.tensor([1.0, nan, nan]), wg.tensor([nan, 1.0, nan])
    assert wg.isnan(wg.maximum(a, b)).all() and wg.isnan(wg.minimum(a, b)).all()
    assert wg.fmax(a, b)[:2].tolist() == [1, 1] and wg.fmin(a, b)[:2].tolist() == [1, 1]
    assert wg.isnan(wg.relu(wg.tensor([nan]))).item() and wg.isnan(wg.tensor([nan]).clamp(0, 1)).item()


def test_conversions():
    x = wg.tensor([300.7, -1.0, 2.5, -2.5])
    assert x.to(wg.uint8).tolist() == [44, 255, 2, 254]
    assert x.to(wg.int8).tolist() == [44, -1, 2, -2]
    assert x.to(wg.int64).tolist() == [300, -1, 2, -2]
    assert wg.tensor([0.0, math.nan, 0.1]).to(wg.bool).tolist() == [False, True, True]
    assert wg.tensor([1 + 2j]).to(wg.complex128).tolist() == [1 + 2j]
    halves = np.random.default_rng(0).uniform(-70000, 70000, 2000).astype(np.float32)
    halves[:500] *= 1e-9
    with np.errstate(over="ignore"):
        want = halves.astype(np.float16)
    np.testing.assert_array_equal(wg.from_numpy(halves).to(wg.float16).numpy(), want)
    np.testing.assert_array_equal(wg.from_numpy(want.copy()).to(wg.float32).numpy(), want.astype(np.float32))
