"""Printing against torch: any tensor, under any print settings, has the same text in both libraries."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import wengert as wg

torch = pytest.importorskip("torch", reason="the oracle is not installed")

FLOATS = ["float16", "bfloat16", "float32", "float64"]
INTEGERS = {"uint8": (0, 255), "int8": (-128, 127), "int16": (-300, 300), "int32": (-9, 9), "int64": (-(10**9), 10**9)}
SHAPES = st.lists(st.sampled_from([0, 1, 1, 2, 3, 4, 7, 9]), max_size=4).filter(lambda s: math.prod(s) <= 400)
NUMBERS = st.one_of(
    st.integers(-30, 30).map(float),
    st.floats(-3, 3),
    st.floats(width=32),
    st.sampled_from([0.0, -0.0, math.nan, math.inf, 1e-4, 9.9995, 1000.0, 1001.0, 1e8, 2e8, 12345.678]),
)
SETTINGS = st.fixed_dictionaries(
    {
        "profile": st.sampled_from(["default", "short", "full"]),
        "precision": st.sampled_from([None, 0, 1, 7]),
        "threshold": st.sampled_from([None, 0, 5, 50]),
        "edgeitems": st.sampled_from([None, 0, 1, 2]),
        "linewidth": st.sampled_from([None, 20, 40, 200]),
        "sci_mode": st.sampled_from([None, True, False]),
    }
)


def _text(library, values, shape, dtype, options, grad):
    """The text that one library gives for the flat list ``values`` as a tensor of ``shape``."""
    t = library.tensor(values, dtype=getattr(library, dtype)).reshape(shape)
    if grad:
        t = t.requires_grad_() if grad == 1 else t.requires_grad_() * 1
    library.set_printoptions(**options)
    try:
        return repr(t)
    finally:
        library.set_printoptions(profile="default")


def _same(values, shape, dtype, options, grad=0):
    assert _text(wg, values, shape, dtype, options, grad) == _text(torch, values, shape, dtype, options, grad)


def _list(data, shape, numbers):
    """As many numbers as the shape asks for, drawn from a short pool so that large tensors stay quick to draw."""
    pool = data.draw(st.lists(numbers, min_size=1, max_size=12))
    return [pool[i % len(pool)] for i in range(math.prod(shape))]


@settings(deadline=None)
@given(st.data(), SHAPES, st.sampled_from(FLOATS), SETTINGS, st.integers(0, 2))
def test_real_numbers(data, shape, dtype, options, grad):
    _same(_list(data, shape, NUMBERS), shape, dtype, options, grad)


@settings(deadline=None)
@given(st.data(), SHAPES, st.sampled_from(sorted(INTEGERS)), SETTINGS)
def test_integers(data, shape, dtype, options):
    _same(_list(data, shape, st.integers(*INTEGERS[dtype])), shape, dtype, options)


@settings(deadline=None)
@given(st.data(), SHAPES, SETTINGS)
def test_booleans(data, shape, options):
    _same(_list(data, shape, st.booleans()), shape, "bool", options)


@settings(deadline=None)
@given(st.data(), SHAPES, st.sampled_from(["complex64", "complex128"]), SETTINGS, st.integers(0, 2))
def test_complex_numbers(data, shape, dtype, options, grad):
    _same(_list(data, shape, st.builds(complex, NUMBERS, NUMBERS)), shape, dtype, options, grad)


@pytest.mark.parametrize("shape", [(1000,), (1001,), (40, 40), (2, 700), (11, 11, 11), (3, 2, 400)])
def test_summaries(shape):
    _same([i * 0.5 for i in range(math.prod(shape))], shape, "float32", {})
