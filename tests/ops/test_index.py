"""Subscripts, gather, scatter and their kin against NumPy; their derivatives against the adjoint identity."""

import numpy as np
import pytest

import wengert as wg

I = slice(None)


def arange(*shape):
    return np.arange(np.prod(shape), dtype=np.float64).reshape(shape)


SUBSCRIPTS = [
    0,
    -1,
    slice(1, 3),
    slice(None, None, 2),
    slice(-2, None),
    slice(5, 2),
    (I, 1),
    (0, I, slice(0, 5, 3)),
    Ellipsis,
    (Ellipsis, 2),
    (1, Ellipsis),
    None,
    (I, None, 0),
    (None, Ellipsis, None),
    [0, 2],
    [-1, 0, -1],
    ([0, 2], [1, 3]),
    (I, [0, 1], [2, 3]),
    ([0, 1], I, [2, 3]),
    (0, [1, 1]),
    ([[0], [2]], [0, 1]),
    (slice(1, 3), [0, 2], slice(0, 5, 2)),
    ([0, 1], None, [2, 3]),
    (None, [0, 1], I, [2]),
    (Ellipsis, [0, 4, 4]),
    True,
    (I, np.array([True, False, True, True])),
    np.arange(12).reshape(3, 4) % 3 == 0,
    (np.arange(12).reshape(3, 4) % 5 == 0, slice(1, 3)),
    (np.array([True, False, True]), [1, 3]),
    np.arange(60).reshape(3, 4, 5) % 7 == 0,
    [],
]


def numpys(subscript):
    """NumPy takes an empty list for an array of floats."""
    return np.array([], int) if isinstance(subscript, list) and not subscript else subscript


def ours(subscript):
    """The same subscript with arrays as tensors."""
    if isinstance(subscript, tuple):
        return tuple(ours(s) for s in subscript)
    return wg.tensor(subscript) if isinstance(subscript, np.ndarray) else subscript


@pytest.mark.parametrize("subscript", SUBSCRIPTS, ids=lambda s: str(s).replace("\n", ""))
def test_get_and_set_agree_with_numpy(subscript):
    a = arange(3, 4, 5)
    expected = a[numpys(subscript)]
    got = wg.tensor(a)[ours(subscript)]
    assert got.shape == expected.shape
    assert np.array_equal(got.numpy(), expected)

    value = -1 - arange(*expected.shape)
    written = wg.tensor(a)
    written[ours(subscript)] = wg.tensor(value)
    a[numpys(subscript)] = value
    assert np.array_equal(written.numpy(), a)


@pytest.mark.parametrize("subscript", SUBSCRIPTS, ids=lambda s: str(s).replace("\n", ""))
def test_gradient_of_a_subscript_is_its_adjoint(subscript):
    x = wg.tensor(arange(3, 4, 5), requires_grad=True)
    y = x[ours(subscript)]
    v = wg.tensor(1.0 + arange(*y.shape))
    (g,) = wg.autograd.grad(y, x, v)
    expected = np.zeros((3, 4, 5))
    np.add.at(expected, numpys(subscript), v.numpy())
    assert np.array_equal(g.numpy(), expected)


def test_subscript_of_a_transposed_tensor():
    a = arange(4, 6).T
    t = wg.tensor(arange(4, 6)).t()
    assert np.array_equal(t[[5, 0], [3, 1]].numpy(), a[[5, 0], [3, 1]])
    assert np.array_equal(t[1:4, [0, 2]].numpy(), a[1:4, [0, 2]])


@pytest.mark.parametrize(
    "subscript, kind, text",
    [
        (5, IndexError, "index 5 is out of bounds for dimension 0 with size 3"),
        ((0, -6), IndexError, "index -6 is out of bounds for dimension 1 with size 4"),
        ((0, 0, 0), IndexError, "too many indices for tensor of dimension 2"),
        ([5], IndexError, "index 5 is out of bounds for dimension 0 with size 3"),
        (
            ([0, 1], [0, 1, 2]),
            IndexError,
            "shape mismatch: indexing tensors could not be broadcast together with shapes [2], [3]",
        ),
        ([0.5], IndexError, "tensors used as indices must be long, int, byte or bool tensors"),
        (
            [True, False],
            IndexError,
            "The shape of the mask [2] at index 0 does not match the shape of the indexed tensor [3, 4] at index 0",
        ),
        (slice(None, None, -1), ValueError, "step must be greater than zero"),
    ],
)
def test_subscript_errors(subscript, kind, text):
    with pytest.raises(kind) as e:
        wg.zeros(3, 4)[subscript]
    assert str(e.value) == text


def test_subscript_errors_of_writing():
    x = wg.zeros(3, 4)
    with pytest.raises(RuntimeError, match=r"value tensor of shape \[3, 4\] cannot be broadcast to indexing result of"):
        x[wg.tensor([0, 1])] = wg.zeros(3, 4)
    with pytest.raises(RuntimeError, match="Index put requires the source and destination dtypes match, got Float for"):
        x[wg.tensor([0, 1])] = wg.zeros(2, 4, dtype=wg.float64)
    with pytest.raises(IndexError, match="invalid index of a 0-dim tensor"):
        wg.tensor(1.0)[0]


def test_write_with_history():
    x = wg.zeros(3, 2, dtype=wg.float64)
    w = wg.tensor([1.0, 2.0], dtype=wg.float64, requires_grad=True)
    x[1] = w * w
    x[[0, 2]] = w
    x.sum().backward()
    assert w.grad.tolist() == [4.0, 6.0]


def random_index(shape, size, seed=0):
    return np.random.default_rng(seed).integers(0, size, shape)


@pytest.mark.parametrize("dim", [0, 1, 2])
@pytest.mark.parametrize("dtype", [wg.float32, wg.float64, wg.int64, wg.uint8, wg.complex64, wg.bfloat16])
def test_gather_and_scatter(dim, dtype):
    a = arange(3, 4, 5) % 50
    index = random_index((2, 3, 4), a.shape[dim])
    x, i = wg.tensor(a).to(dtype), wg.tensor(index)
    grid = list(np.ogrid[:2, :3, :4])
    grid[dim] = index
    assert np.array_equal(x.gather(dim, i).to(wg.float64).numpy(), a[tuple(grid)])

    source = arange(2, 3, 4) % 7
    added = a.copy()
    np.add.at(added, tuple(grid), source)
    got = x.scatter_add(dim, i, wg.tensor(source).to(dtype))
    assert np.array_equal(got.to(wg.float64).numpy(), added)

    written = a.copy()
    for at in np.ndindex(index.shape):  # in an order that ends with the last along dim
        to = list(at)
        to[dim] = index[at]
        written[tuple(to)] = source[at]
    if dim == 0:
        got = x.scatter(dim, i, wg.tensor(source).to(dtype))
        assert np.array_equal(got.to(wg.float64).numpy(), written)


@pytest.mark.parametrize("reduce", ["sum", "prod", "mean", "amax", "amin"])
@pytest.mark.parametrize("include_self", [True, False])
def test_scatter_reduce(reduce, include_self):
    a, source = arange(4, 3) + 1, arange(6, 3) % 5 + 1
    index = random_index((6, 3), 4, seed=1)
    expected = a.copy()
    for row in range(4):
        for column in range(3):
            values = [source[k, column] for k in range(6) if index[k, column] == row]
            if values:
                values += [a[row, column]] if include_self else []
                how = {"sum": sum, "prod": np.prod, "mean": np.mean, "amax": max, "amin": min}[reduce]
                expected[row, column] = how(values)
    x = wg.tensor(a)
    got = x.scatter_reduce(0, wg.tensor(index), wg.tensor(source), reduce, include_self=include_self)
    assert np.allclose(got.numpy(), expected)


def test_index_ops():
    a, index = arange(4, 5), np.array([3, 0, 3])
    x, i = wg.tensor(a), wg.tensor(index)
    source = arange(3, 5) + 0.5
    assert np.array_equal(x.index_select(0, i).numpy(), a[index])
    added = a.copy()
    np.add.at(added, index, 2 * source)
    assert np.array_equal(x.index_add(0, i, wg.tensor(source), alpha=2).numpy(), added)
    copied = a.copy()
    copied[index] = source
    assert np.array_equal(x.index_copy(0, i, wg.tensor(source)).numpy(), copied)
    filled = a.copy()
    filled[:, [4, 1]] = -1
    assert np.array_equal(x.index_fill(1, wg.tensor([-1, 1]), -1).numpy(), filled)
    assert np.array_equal(x.take(wg.tensor([0, -1, 7])).numpy(), a.ravel()[[0, -1, 7]])
    put = a.copy()
    put.ravel()[[1, 2]] = [7, 8]
    assert np.array_equal(x.put(wg.tensor([1, 2]), wg.tensor([7.0, 8.0], dtype=wg.float64)).numpy(), put)


def test_masks():
    a = arange(3, 4)
    x, mask = wg.tensor(a), wg.tensor(a % 3 == 1)
    assert np.array_equal(x.masked_select(mask).numpy(), a[a % 3 == 1])
    assert np.array_equal(x.masked_fill(mask, 9).numpy(), np.where(a % 3 == 1, 9, a))
    assert np.array_equal(x.nonzero().numpy(), np.argwhere(a))
    assert [t.tolist() for t in x.nonzero(as_tuple=True)] == [t.tolist() for t in np.nonzero(a)]
    scattered = a.copy()
    scattered[a % 3 == 1] = [-1, -2, -3, -4]
    assert np.array_equal(x.masked_scatter(mask, wg.tensor([-1.0, -2, -3, -4], dtype=wg.float64)).numpy(), scattered)


INDEX = wg.tensor([2, 0, 2])
MASK = wg.tensor([[True, False, True], [False, True, True], [False, False, True]])
LINEAR = {
    "gather": lambda x: x.gather(0, wg.tensor([[2, 0, 1], [2, 2, 2]])),
    "scatter": lambda x: x.scatter(1, wg.tensor([[0], [2], [1]]), 5.0),
    "index_select": lambda x: x.index_select(1, INDEX),
    "index_fill": lambda x: x.index_fill(1, INDEX, 0.0),
    "take": lambda x: x.take(wg.tensor([8, 0, 0])),
    "put": lambda x: x.put(wg.tensor([8, 0]), wg.tensor([1.0, 2.0], dtype=wg.float64)),
    "masked_select": lambda x: x.masked_select(MASK),
    "masked_fill": lambda x: x.masked_fill(MASK, 0.0),
    "masked_scatter": lambda x: wg.zeros(3, 3, dtype=wg.float64).masked_scatter(MASK, x),
    "scatter_add": lambda x: x.scatter_add(0, wg.tensor([[2, 0, 1]]), x[:1]),
    "index_add": lambda x: x.index_add(0, INDEX, x, alpha=3),
    "index_copy": lambda x: x.index_copy(0, wg.tensor([2, 0]), x[:2]),
    "embedding": lambda x: wg.embedding(x, wg.tensor([[1, 1], [2, 0]])),
    "take_along_dim": lambda x: wg.take_along_dim(x, wg.tensor([[1, 0, 2]]), 0),
    "as_strided": lambda x: x.as_strided((4, 3), (1, 2)),
    "unfold": lambda x: x.unfold(0, 2, 1),
    "diagonal": lambda x: x.diagonal(1),
    "repeat": lambda x: x.repeat(2, 1, 2),
    "roll": lambda x: x.roll((1, -1), (0, 1)),
    "flip": lambda x: x.flip(0, 1),
    "cat": lambda x: wg.cat([x, x[:1]], 0),
    "stack": lambda x: wg.stack([x, x], 1),
    "split": lambda x: x.split(2)[1],
    "unbind": lambda x: x.unbind(1)[2],
    "tril": lambda x: x.tril(),
}


@pytest.mark.parametrize("name", LINEAR)
def test_derivatives_of_linear_ops(name):
    f = LINEAR[name]
    x = wg.tensor(arange(3, 3) + 1.0, requires_grad=True)
    y = f(x)
    v = wg.tensor(1.0 + arange(*y.shape), requires_grad=True)
    (g,) = wg.autograd.grad(y, x, v, create_graph=True)
    step = 1.0 + arange(3, 3) ** 2
    change = f(wg.tensor(x.detach().numpy() + step)).detach().numpy() - y.detach().numpy()
    assert np.allclose((g.detach().numpy() * step).sum(), (change * v.detach().numpy()).sum())
    # The gradient is linear in v: its derivative by v in the direction of `step` is the change itself.
    (gv,) = wg.autograd.grad(g, v, wg.tensor(step))
    assert np.allclose(gv.numpy(), change)


@pytest.mark.parametrize(
    "call, kind, text",
    [
        (
            lambda x: x.gather(0, wg.tensor([0])),
            RuntimeError,
            "Index tensor must have the same number of dimensions as input tensor",
        ),
        (lambda x: x.gather(0, wg.tensor([[3]])), RuntimeError, "index 3 is out of bounds for dimension 0 with size 2"),
        (
            lambda x: x.scatter(0, wg.tensor([[0.5]]), 1.0),
            RuntimeError,
            "scatter(): Expected dtype int32/int64 for index",
        ),
        (lambda x: x.index_select(0, wg.tensor([2])), IndexError, "index out of range in self"),
        (
            lambda x: x.take(wg.tensor([6])),
            IndexError,
            "out of range: tried to access index 6 on a tensor of 6 elements.",
        ),
        (
            lambda x: x.masked_fill(wg.zeros(3), 0.0),
            RuntimeError,
            "masked_fill_ only supports boolean masks, but got mask with dtype float",
        ),
        (
            lambda x: wg.cat([x, wg.zeros(2, 4)]),
            RuntimeError,
            (
                "Sizes of tensors must match except in dimension 0. Expected size 3 but got size 4 for tensor number 1 in "
                "the list."
            ),
        ),
        (
            lambda x: wg.stack([x, wg.zeros(2)]),
            RuntimeError,
            "stack expects each tensor to be equal size, but got [2, 3] at entry 0 and [2] at entry 1",
        ),
        (lambda x: x.view(4, 2), RuntimeError, "shape '[4, 2]' is invalid for input of size 6"),
        (
            lambda x: x.expand(4, 3),
            RuntimeError,
            (
                "The expanded size of the tensor (4) must match the existing size (2) at non-singleton dimension 0.  "
                "Target sizes: [4, 3].  Tensor sizes: [2, 3]"
            ),
        ),
    ],
)
def test_errors(call, kind, text):
    with pytest.raises(kind) as e:
        call(wg.zeros(2, 3))
    assert str(e.value) == text


def test_embedding_padding_and_frequency():
    weight = wg.ones(4, 2, requires_grad=True)
    wg._ops.embedding(weight, wg.tensor([1, 1, 3, 0]), 0, True).sum().backward()
    assert weight.grad.tolist() == [[0, 0], [1, 1], [0, 0], [1, 1]]


def test_same_bits_for_any_number_of_threads():
    rng = np.random.default_rng(0)
    x = wg.tensor(rng.standard_normal((200, 300)).astype(np.float32))
    index = wg.tensor(rng.integers(0, 50, (5000,)))
    source = wg.tensor(rng.standard_normal((5000, 300)).astype(np.float32))
    before = wg.get_num_threads()
    results = []
    for threads in (1, 2, 4):
        wg.set_num_threads(threads)
        results.append(x.index_add(0, index, source).numpy().tobytes())
    wg.set_num_threads(before)
    assert len(set(results)) == 1
