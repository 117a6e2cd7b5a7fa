"""assert_close and make_tensor: torch's verdicts, words and draws."""

import pytest

import wengert as wg
from wengert.testing import assert_close, make_tensor

NAN, INF = float("nan"), float("inf")
CLOSE = [
    lambda t: (t.tensor([1.0]), t.tensor([1.0 + 1e-6])),
    lambda t: (1.0, 1.0 + 1e-8),
    lambda t: (None, None),
    lambda t: (t.tensor([1, 2]), t.tensor([1, 2])),
    lambda t: ({"a": [t.ones(2)]}, {"a": (t.ones(2),)}),
    lambda t: (t.tensor([INF]), t.tensor([INF])),
    lambda t: (t.empty(0), t.empty(0)),
    lambda t: (True, True),
]
DIFFERENT = [
    lambda t: (t.tensor([1.0, 2.0]), t.tensor([1.0, 2.5])),
    lambda t: (t.tensor(1.0), t.tensor(2.0)),
    lambda t: (1.0, 2.0),
    lambda t: (1, 2),
    lambda t: (1, 1.5),
    lambda t: (1j, 2j),
    lambda t: (True, False),
    lambda t: (t.tensor([1, 2]), t.tensor([1, 3])),
    lambda t: (None, 1),
    lambda t: ("a", "b"),
    lambda t: (t.tensor([1.0]), t.tensor([1.0], dtype=t.float64)),
    lambda t: (t.ones(2), t.ones(3)),
    lambda t: (t.ones(1), [1.0]),
    lambda t: (t.ones(1), 1.0),
    lambda t: ([1], [1, 2]),
    lambda t: ([t.tensor([1.0]), t.tensor(2.0)], [t.tensor([1.0]), t.tensor(3.0)]),
    lambda t: ({"a": t.tensor(1.0)}, {"b": t.tensor(1.0)}),
    lambda t: ({"a": t.tensor(1.0)}, {"a": t.tensor(2.0)}),
    lambda t: (t.tensor([NAN]), t.tensor([NAN])),
    lambda t: (t.tensor([1.0]), t.tensor([INF])),
    lambda t: (1.0, INF),
    lambda t: (t.tensor([True, False]), t.tensor([True, True])),
    lambda t: ([[t.tensor(1.0)]], [[t.tensor(2.0)]]),
    lambda t: (t.tensor([1], dtype=t.float16), t.tensor([2], dtype=t.float16)),
    lambda t: (t.tensor([[1.0, 2.0], [3.0, 4.0]]), t.tensor([[1.0, 2.0], [3.0, 9.0]])),
]


@pytest.mark.parametrize("pair", CLOSE, ids=range(len(CLOSE)))
def test_close(pair):
    assert_close(*pair(wg))


def outcome(compare, library, pair, **options):
    try:
        return compare(*pair(library), **options)
    except (AssertionError, TypeError, ValueError) as error:
        return type(error), str(error)


@pytest.mark.parametrize(
    "options", [{}, {"rtol": 0.0, "atol": 0.0}, {"rtol": 0.0, "atol": 0.1}, {"rtol": 1.0}], ids=str
)
@pytest.mark.parametrize("pair", DIFFERENT, ids=range(len(DIFFERENT)))
def test_messages_are_torchs(pair, options):
    torch = pytest.importorskip("torch", reason="parity with torch needs torch")
    ours = outcome(assert_close, wg, pair, **options)
    theirs = outcome(torch.testing.assert_close, torch, pair, **options)
    assert (ours[0], ours[1].replace("wengert.", "torch.")) == (theirs[0], theirs[1])


def test_options():
    assert_close(wg.tensor([NAN]), wg.tensor([NAN]), equal_nan=True)
    assert_close(wg.tensor([1.0]), wg.tensor([1]), check_dtype=False)
    with pytest.raises(
        AssertionError, match=r"^The values for attribute 'stride\(\)' do not match: \(0, 1\) != \(2, 1\)"
    ):
        assert_close(wg.ones(2).expand(2, 2), wg.ones(2, 2), check_stride=True)
    with pytest.raises(AssertionError, match="^hello$"):
        assert_close(1, 2, msg="hello")
    with pytest.raises(AssertionError, match="^hello Scalars"):
        assert_close(1, 2, msg=lambda text: "hello " + text)


@pytest.mark.parametrize("name", ["float32", "float64", "int64", "int32", "uint8", "bool", "complex64"])
@pytest.mark.parametrize("options", [{}, {"low": 0, "high": 2}, {"noncontiguous": True}], ids=str)
def test_tensors_are_drawn_as_by_torch(name, options):
    torch = pytest.importorskip("torch", reason="parity with torch needs torch")
    torch.manual_seed(1)
    theirs = torch.testing.make_tensor(3, 4, dtype=getattr(torch, name), device="cpu", **options)
    wg.manual_seed(1)
    ours = make_tensor(3, 4, dtype=getattr(wg, name), device="cpu", **options)
    assert ours.tolist() == theirs.tolist() and ours.stride() == theirs.stride()


def test_refused_tensors():
    with pytest.raises(ValueError, match="`low` must be less than `high`, but got 3 >= 1"):
        make_tensor(2, dtype=wg.float32, device="cpu", low=3, high=1)
    with pytest.raises(ValueError, match="`requires_grad=True` is not supported for boolean and integral dtypes"):
        make_tensor(2, dtype=wg.int64, device="cpu", requires_grad=True)


PAIRS = {
    "another value": ([[0, 1.0], [2, 0]], [[0, 1.0], [3, 0]]),
    "another place": ([[0, 1.0], [2, 0]], [[0, 1.0], [0, 2]]),
    "fewer entries": ([[0, 1.0], [2, 0]], [[0, 1.0], [0, 0]]),
}


@pytest.mark.filterwarnings("ignore:Sparse CSR")
@pytest.mark.parametrize("layout", ["to_sparse", "to_sparse_csr"])
@pytest.mark.parametrize("name", PAIRS)
def test_sparse_tensors_that_differ(name, layout):
    torch = pytest.importorskip("torch")
    said = []
    for library in (wg, torch):
        left, right = (getattr(library.tensor(rows), layout)() for rows in PAIRS[name])
        library.testing.assert_close(left, left)
        library.testing.assert_close(left, left.to_dense(), check_layout=False)
        with pytest.raises(AssertionError) as error:
            library.testing.assert_close(left, right)
        said.append(str(error.value))
    assert said[0] == said[1]


def test_classes_of_tensors():
    given = wg.nn.Parameter(wg.ones(2)), wg.ones(2)
    wg.testing.assert_close(*given)
    with pytest.raises(TypeError, match="No comparison pair was able to handle inputs of type .*Parameter"):
        wg.testing.assert_close(*given, allow_subclasses=False)


def test_tensors_without_values_have_attributes_alone():
    meta = wg.ones(2, device="meta")
    wg.testing.assert_close(meta, wg.zeros(2, device="meta"))
    with pytest.raises(AssertionError, match="'device'"):
        wg.testing.assert_close(meta, wg.ones(2))
