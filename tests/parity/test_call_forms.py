"""Composites are called in the forms that torch takes, and refuse the same calls in the same words."""

import warnings

import pytest

import wengert as wg
from wengert.ops._called import _parsed
from wengert.ops._declare import FUNCTIONS

torch = pytest.importorskip("torch", reason="compares with torch")


def outcome(library, call):
    """What a call gives, or how it is refused, and what is said of it."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        try:
            made = call(library)
            made = [t.tolist() for t in (made if isinstance(made, (tuple, list)) else [made])]
        except Exception as error:
            made = type(error).__name__, str(error)
    return made, [str(w.message).partition(" (Triggered")[0] for w in said]


def same(call):
    assert outcome(wg, call) == outcome(torch, call)


def eye(t):
    return t.eye(2) * 2


class NoItems:
    """A sequence that does not give what it says that it has."""

    def __len__(self):
        return 2

    def __getitem__(self, at):
        raise IndexError(at)


def itself():
    """A list that is in itself."""
    items = [0]
    items.append(items)
    return items


@pytest.mark.parametrize(
    "call",
    [
        lambda t: t.linalg.norm(input=eye(t), axis=0, keepdims=True),
        lambda t: t.linalg.norm(x=eye(t)),
        lambda t: t.linalg.cholesky(input=eye(t)),
        lambda t: t.linalg.lstsq(eye(t), b=eye(t))[0],
        lambda t: t.linalg.solve_triangular(input=eye(t), B=eye(t), upper=True),
        lambda t: t.diff(eye(t), axis=0),
        lambda t: t.quantile(eye(t), 0.5, axis=0, keepdims=True),
        lambda t: t.fft.fft(eye(t), axis=0).real,
        lambda t: t.repeat_interleave(eye(t), 2, axis=0),
        lambda t: t.cross(t.ones(3), t.ones(3), axis=0),
        lambda t: t.linalg.svd(input=eye(t)),
        lambda t: t.linalg.inv(A=3),
        lambda t: t.linalg.inv(eye(t), eye(t)),
        lambda t: t.linalg.norm(3),
        lambda t: t.linalg.inv(eye(t), nothing=1),
        lambda t: t.isclose(eye(t), eye(t), "a"),
        lambda t: t.ones(2, 2).addbmm_(1, eye(t)[None], eye(t)[None]),
        lambda t: t.addbmm(t.ones(2, 3), t.ones(0, 2, 4), t.ones(0, 4, 3)),
        lambda t: t.linspace(t.tensor(0.0, requires_grad=True), 1, 3),
        lambda t: t.linspace(t.ones(2), 1, 3),
        lambda t: t.linspace(1j, 2, 3, dtype=t.float32),
        lambda t: t.einsum("", []),
        lambda t: t.linalg.norm(t.ones(3), "fro"),
        lambda t: t.linalg.norm(t.ones(3, 0), -1),
        lambda t: t.ones(2, 0).amin(-1),
        lambda t: t.cholesky_inverse(t.tensor([[1.0, 0], [0, 0]])),
        lambda t: t.cholesky_inverse(t.stack([eye(t), t.zeros(2, 2)])),
        lambda t: t.linalg.norm(eye(t), "fro", 0),
        lambda t: t.linalg.matrix_norm(eye(t), 1, dim=(0, 5)),
        lambda t: t.einsum("a,..", t.ones(3), t.ones(3)),
        lambda t: t.einsum("ab...", t.ones(3)),
        lambda t: t.einsum("ab", t.ones(3)),
        lambda t: t.chain_matmul(t.ones(1, 1), t.ones(1)),
        lambda t: t.einsum("a...b...", eye(t)),
        lambda t: t.einsum("ab->...a...", eye(t)),
        lambda t: t.addr(eye(t), t.ones(2), t.ones(2), beta=True),
        lambda t: t.linalg.eig(eye(t), out=(t.empty(0, dtype=t.complex64), t.empty(0, dtype=t.int32))),
        lambda t: t.lu_unpack(t.eye(2), t.tensor([0, 1], dtype=t.int32)),
        lambda t: t.addmm(eye(t), eye(t), eye(t), beta=1j),
        lambda t: t.addr(t.ones(2, 2).int(), t.ones(2).int(), t.ones(2).int(), beta=2.0),
        lambda t: t.ones(2).masked_fill(t.ones(2, dtype=t.uint8), 0),
        lambda t: t.split_with_sizes_copy(t.ones(4), [1, 3], out=[t.empty(1), t.empty(3)]) or t.ones(1),
        lambda t: t.view_copy(t.ones(4), (2, 2), out=t.empty(0)),
        lambda t: t.ones(2).int().type(t.Tensor),
        lambda t: t.ones(2).type(int),
        lambda t: t.ones(2).__dlpack__(stream="a"),
        lambda t: t._assert_async(t.empty(0)),
        lambda t: t.sum(t.ones(2), 0, 1),
        lambda t: t.sum(t.ones(2), 0, keepdim=1.5),
        lambda t: t.multinomial(t.ones(2), 2, 1),
        lambda t: t.dropout(t.ones(2), 0.5, 1),
        lambda t: t.zeros(2, requires_grad=1),
        lambda t: t.topk(t.ones(2), 1, 0, 1),
        lambda t: t.nn.functional.embedding(t.tensor([0]), t.ones(2, 2), None, None, 2.0, 1),
        lambda t: t.nn.functional.avg_pool1d(t.ones(2, 4), 2, 2, 0, 1),
        lambda t: t.nn.functional.avg_pool1d(t.ones(2, 4), 5),
        lambda t: t.ones(0, 3).index_select(0, t.tensor([0])),
        lambda t: t.ones(2, 0).index_select(0, t.tensor([1, 5])),
        lambda t: t.ones(2, 0).index_select(0, t.tensor([1])),
        lambda t: t.ones(0).index_select(0, t.tensor([0])),
        lambda t: t.tensor([2**63, -(2**70), 0], dtype=t.bool),
        lambda t: t.tensor(itself()),
        lambda t: t.tensor([[1, 2], itself()]),
        lambda t: t.tensor(NoItems()),
        lambda t: t.tensor([NoItems()]),
        lambda t: t.meshgrid(t.ones(1), t.ones(2, device="meta"), indexing="ij")[0],
        lambda t: t._foreach_add([], []),
        lambda t: t._foreach_abs([]),
        lambda t: t._foreach_add([], [t.ones(1)]),
        lambda t: t._foreach_add([t.ones(1)], []),
        lambda t: t._foreach_add([t.ones(1)], [1.0, 2.0]),
        lambda t: t._foreach_add([t.ones(1)], [t.ones(1), t.ones(1)]),
        lambda t: t._foreach_mul([t.ones(1)], t.ones(2)),
        lambda t: t._foreach_addcmul([t.ones(1)], [t.ones(1)], []),
        lambda t: t._foreach_addcmul([t.ones(1)], [t.ones(1)], [t.ones(1)], [1.0, 2.0]),
        lambda t: t._foreach_addcmul([t.ones(1)], [t.ones(1)], [t.ones(1)], t.ones(2)),
        lambda t: t._foreach_lerp([t.ones(1)], [t.ones(1)], []),
        lambda t: t._foreach_copy_([t.ones(1)], []),
    ],
)
def test_a_call_does_as_in_torch(call):
    same(call)


@pytest.mark.parametrize("name", ["fftfreq", "rfftfreq"])
def test_frequencies_have_the_dtype_of_out(name):
    same(lambda t: getattr(t.fft, name)(7, 0.3, out=t.empty(0, dtype=t.float64)))


@pytest.mark.parametrize("dtype", ["int32", "float64", "complex64", "complex128"])
@pytest.mark.parametrize(
    "name, arguments",
    [
        *[
            (f"linalg.{n}", "m")
            for n in ("cholesky", "inv", "det", "eigvalsh", "svdvals", "pinv", "cond", "eigvals", "norm")
        ],
        ("linalg.solve", "mm"),
        ("linalg.vecdot", "mm"),
        ("linalg.multi_dot", "l"),
        ("cholesky_inverse", "m"),
        ("mm", "mm"),
        ("outer", "vv"),
        ("inner", "mm"),
        ("dot", "vv"),
        ("fft.fft", "m"),
        *[(f"fft.{n}", "m") for n in ("rfft", "fft2", "ifftn", "rfft2", "irfft", "irfft2", "hfft", "hfftn", "ihfft2")],
        ("diff", "m"),
        ("nan_to_num", "m"),
        ("hstack", "l"),
        ("norm", "m"),
    ],
)
def test_out_takes_the_dtypes_that_it_takes_in_torch(name, arguments, dtype):
    def call(t):
        function = t
        for part in name.split("."):
            function = getattr(function, part)
        given = {"m": eye(t), "v": t.ones(2), "l": [eye(t), eye(t)]}
        return function(*[given[a] for a in arguments], out=t.empty(0, dtype=getattr(t, dtype)))

    if name == "linalg.eigvals":  # complex lists of equal numbers
        assert outcome(wg, call)[0] == outcome(torch, call)[0]
    else:
        same(call)


@pytest.mark.parametrize("matrix", [[[0.0, 0], [0, 0]], [[1.0, float("nan")], [0, 1]], [[1.0, 0], [0, 2]]])
@pytest.mark.parametrize("p", [None, -2, 1, float("inf"), "fro"])
def test_condition_numbers_of_matrices_that_have_none(matrix, p):
    ours, theirs = (outcome(t, lambda t: t.linalg.cond(t.tensor(matrix), p)) for t in (wg, torch))
    assert str(ours) == str(theirs)


@pytest.mark.parametrize("name", ["hardtanh", "relu6"])
@pytest.mark.parametrize("dtype", ["int64", "uint8", "bool", "float32"])
def test_clamps_of_integers_stay_integers(name, dtype):
    def call(t):
        return getattr(t.nn.functional, name)(t.tensor([0, 1, 9]).to(getattr(t, dtype)))

    same(call)
    assert outcome(wg, call) != outcome(wg, lambda t: t.ones(1))


def test_thresholds_of_integers_are_integers():
    same(lambda t: t.nn.functional.threshold(t.tensor([1, 2, 3]), 1.5, 0.5))
    same(lambda t: t.nn.functional.threshold(t.tensor([True]), 0, 1))


@pytest.mark.parametrize("kinds", ["float64 float32", "int64 int64", "float32 int64", "float32 float32"])
@pytest.mark.parametrize("weight", [lambda t: 0.5, lambda t: t.ones(2).double(), lambda t: t.tensor(0.5).double()])
def test_lerp_promotes_nothing(kinds, weight):
    def call(t):
        first, end = (t.ones(2, dtype=getattr(t, k)) for k in kinds.split())
        return t.lerp(first, end, weight(t))

    same(call)


@pytest.mark.filterwarnings("ignore:TypedStorage is deprecated")
@pytest.mark.parametrize("storage", ["storage", "untyped_storage"])
def test_the_size_of_a_storage_counts_its_bytes(storage):
    def bytes_of(t, n, dtype):
        return getattr(t.zeros(n, dtype=getattr(t, dtype)), storage)().__sizeof__()

    for dtype in ("float32", "uint8"):
        ours, theirs = (bytes_of(t, 10, dtype) - bytes_of(t, 0, dtype) for t in (wg, torch))
        assert ours == theirs


def test_geqrf_lies_as_lapack_leaves_it():
    for shape in ((3, 2), (4, 3, 2)):
        assert wg.geqrf(wg.ones(shape))[0].stride() == torch.geqrf(torch.ones(shape))[0].stride()


def test_a_schema_names_all_that_its_function_takes():
    """A parameter that is not in the schema could not be given by name in a call that is bound a second time."""
    for function in FUNCTIONS.values():
        code = getattr(function, "__code__", None)
        if code is None or not code.co_filename.endswith("_called.py"):
            continue
        held = dict(zip(code.co_freevars, (cell.cell_contents for cell in function.__closure__)))
        stated = [p[0] for p in _parsed(held["schema"])[1]]
        own = {s if s in held["names"] else held["names"][k] for k, s in enumerate(stated)}
        assert own == set(held["names"]) - {"out"}, held["schema"]


@pytest.mark.parametrize(
    "call",
    [
        lambda t: t.hstack(t.ones(2)),
        lambda t: t.vstack([1, 2]),
        lambda t: t.dstack([]),
        lambda t: t.column_stack(tensors=[t.ones(2), t.ones(2)]),
        lambda t: t.frombuffer([1, 2], dtype=t.int32),
        lambda t: t.tensor([0, "a"]),
        lambda t: t.tensor(["a"]),
        lambda t: t.cat([t.ones(1), t.ones(1)], out=t.empty(2, dtype=t.complex64)).real,
        lambda t: t.cat([t.ones(1), t.ones(1)], out=t.empty(2, dtype=t.int64)),
        lambda t: t.complex(t.ones(1), t.ones(1), out=t.empty(1)),
        lambda t: t._segment_reduce(t.ones(4), "amax", lengths=t.tensor([1, 3])),
    ],
)
def test_tensors_are_made_of_what_torch_makes_them_of(call):
    same(call)


@pytest.mark.parametrize("name", ["sum", "norm", "softmax", "logsumexp"])
@pytest.mark.parametrize("keepdim", [False, True])
def test_where_a_masked_result_counts(name, keepdim):
    def call(t):
        x, mask = t.ones(2, 3), t.tensor([[True, False, True], [False] * 3])
        order = (2,) if name == "norm" else ()
        function = getattr(t.masked, name)
        if name == "softmax":
            return t.masked._output_mask(function, x, 1, mask=mask)
        return t.masked._output_mask(function, x, *order, dim=1, keepdim=keepdim, mask=mask)

    same(call)


def test_arrays_in_a_list_are_slow_and_torch_says_so_once():
    numpy = pytest.importorskip("numpy")
    wg.set_warn_always(True)
    try:
        with pytest.warns(UserWarning, match="list of numpy.ndarrays is extremely slow"):
            wg.tensor([numpy.ones(2), numpy.ones(2)])
    finally:
        wg.set_warn_always(False)


def test_limits_of_a_dtype_are_equal():
    for t in (wg, torch):
        assert t.finfo() == t.finfo(t.float32) != t.finfo(t.float64) and t.iinfo(t.int8) == t.iinfo(t.int8)
        assert t.iinfo(t.int8) != t.iinfo(t.uint8) and t.finfo(t.half) != 3
        with pytest.raises(TypeError, match="unhashable"):
            hash(t.finfo())
