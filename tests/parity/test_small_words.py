"""Small differences with torch, one line each: old forms, out= of other sizes and dtypes, arguments that are refused."""

import warnings

import pytest

import wengert

torch = pytest.importorskip("torch")


class Reversed:
    """An object that knows what to do to the right of a plus."""

    def __radd__(self, other):
        return 42


def outcome(library, f):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            result = f(library)
            result = (str(result.dtype), result.tolist()) if isinstance(result, library.Tensor) else str(result)
        except Exception as e:
            result = type(e).__name__, str(e)
    return result, [str(w.message).partition(" (Triggered")[0] for w in caught]


CASES = {
    "size and a stranger": lambda t: t.Size([1]) + Reversed(),
    "size and a number": lambda t: t.Size([1]) + 5,
    "all of no tensor": lambda t: t._check_tensor_all(True),
    "all of floats": lambda t: t._check_tensor_all(t.ones(2)),
    "rows added outside": lambda t: t.zeros(2, 3).index_add_(0, t.tensor([0, 5]), t.ones(2, 3)),
    "added outside": lambda t: t.zeros(3).index_add_(0, t.tensor([0, 5]), t.ones(2)),
    "too many threads": lambda t: t.set_num_interop_threads(2**65),
    "old type": lambda t: t.LongTensor((6, 0), 1, 1, 0),
    "new of a tuple": lambda t: t.ones(1).new((3, 4)),
    "new of sizes": lambda t: t.ones(1).new(size=(1, 0)),
    "new of a tensor": lambda t: t.ones(1).new(t.tensor([2.0])),
    "apply words": lambda t: t.arange(3).apply_(lambda k: "word"),
    "apply": lambda t: t.arange(3).apply_(lambda k: 1.5),
    "cummax of a number": lambda t: t.tensor(1.0).cummax(100),
    "bernoulli of ints": lambda t: t.bernoulli(t.ones(3), out=t.empty(3, dtype=t.int32)),
    "arange grows out": lambda t: t.arange(5, out=t.zeros(1, 4, dtype=t.int64)),
    "linspace grows out": lambda t: t.linspace(0, 1, 3, out=t.zeros(2)),
    "put into one": lambda t: t.ones(1).expand(6).put_(t.tensor([1]), t.ones(1)),
    "put from itself": lambda t: (lambda y: y.put_(t.tensor([2, 1, 0]), y[:3]))(t.ones(6)),
}


@pytest.mark.parametrize("case", CASES)
def test_same(case):
    assert outcome(wengert, CASES[case]) == outcome(torch, CASES[case])


@pytest.mark.parametrize("dtype", ["float32", "int64", "complex64"])
def test_gradient_keeps_the_digits_of_coordinates(dtype):
    values, places = [1.0, 2.0, 4.0, 7.0], [0.0, 1.0, 3.0, 4.5]

    def f(t):
        x = t.tensor(values).to(getattr(t, dtype))
        return t.gradient(x, spacing=(t.tensor(places, dtype=t.float64),))[0]

    ours, theirs = f(wengert), f(torch)
    assert str(ours.dtype) == str(theirs.dtype)
    assert ours.tolist() == pytest.approx(theirs.tolist(), rel=1e-6)
