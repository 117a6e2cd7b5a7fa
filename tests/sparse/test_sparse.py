"""Sparse tensors print, compute and differentiate as torch's do: the same programs in both."""

import copy
import io

import pytest

import wengert

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.filterwarnings("ignore:Sparse")  # torch warns of checks that it leaves out, and of CSR

INDICES, VALUES, SIZE = [[0, 1, 1, 0], [2, 0, 2, 2]], [3.0, 4.0, 5.0, 1.0], (2, 3)


def make(t, **kwargs):
    return t.sparse_coo_tensor(t.tensor(INDICES), t.tensor(VALUES), SIZE, **kwargs)


PROGRAMS = {
    "repr": lambda t, s: s,
    "coalesce": lambda t, s: s.coalesce(),
    "parts": lambda t, s: (s.coalesce().indices(), s.coalesce().values(), s._nnz(), s.sparse_dim(), s.dense_dim()),
    "dense": lambda t, s: s.to_dense(),
    "scaled": lambda t, s: (2 * s - s / 4).to_dense(),
    "plus_sparse": lambda t, s: (s + s).coalesce(),
    "dense_plus": lambda t, s: t.ones(2, 3) + s,
    "times_dense": lambda t, s: s * t.full((2, 3), 2.0),
    "nonlinear": lambda t, s: s.pow(2),
    "mm": lambda t, s: t.sparse.mm(s, t.arange(6.0).view(3, 2)),
    "spmm": lambda t, s: t.spmm(s, t.arange(6.0).view(3, 2)),
    "dense_mm": lambda t, s: t.ones(2, 2) @ s,
    "mv": lambda t, s: s @ t.arange(3.0),
    "sparse_mm": lambda t, s: t.sparse.mm(s, s.t()),
    "addmm": lambda t, s: t.sparse.addmm(t.ones(2, 2), s, t.ones(3, 2), beta=0.5),
    "transpose": lambda t, s: s.t(),
    "sum": lambda t, s: (s.sum(), t.sparse.sum(s, 0), t.sparse.sum(s, 1), s.sum(0, keepdim=True)),
    "softmax": lambda t, s: (t.sparse.softmax(s, 1), t.sparse.log_softmax(s, 0)),
    "cat": lambda t, s: (t.cat([s, s]), t.stack([s, s], 1)),
    "index": lambda t, s: (s.coalesce()[0], s.coalesce().index_select(1, t.tensor([2, 0]))),
    "empty": lambda t, s: t.sparse_coo_tensor(size=(2, 3)),
    "hybrid": lambda t, s: t.sparse_coo_tensor([[0, 2, 2]], t.ones(3, 2), (3, 2)).coalesce(),
    "bmm": lambda t, s: t.bmm(t.stack([s, s]), t.arange(12.0).view(2, 3, 2)),
    "from_dense": lambda t, s: (t.eye(3).to_sparse(), t.eye(3).to_sparse(1)),
    "csr": lambda t, s: (s.to_sparse_csr(), s.to_sparse_csr() @ t.ones(3, 1), s.to_sparse_csr().crow_indices()),
    "mask": lambda t, s: t.arange(6.0).view(2, 3).sparse_mask(s.coalesce()),
    "double": lambda t, s: s.double(),
    "flags": lambda t, s: (s.is_sparse, s.layout, s.shape, s.dtype, s.is_coalesced(), s.requires_grad, s.is_leaf),
    "in_place": lambda t, s: t.ones(2, 3).sub_(s, alpha=2),
    "copied": lambda t, s: copy.deepcopy(s.coalesce()),
    "uncoalesced": lambda t, s: s.indices(),
    "wrong_count": lambda t, s: t.sparse_coo_tensor(t.tensor([[0, 1]]), t.ones(3)),
    "numpy": lambda t, s: s.numpy(),
    "dense_second": lambda t, s: s + t.ones(2, 3),
}


def outcome(t, program):
    try:
        return repr(program(t, make(t)))
    except Exception as error:
        return type(error).__name__, str(error)


@pytest.mark.parametrize("name", PROGRAMS)
def test_as_torch(name):
    assert outcome(wengert, PROGRAMS[name]) == outcome(torch, PROGRAMS[name])


def test_gradients_reach_values_and_dense_factors():
    def program(t):
        values = t.tensor(VALUES, requires_grad=True)
        dense = t.arange(6.0).view(3, 2).requires_grad_()
        s = t.sparse_coo_tensor(t.tensor(INDICES), values, SIZE)
        (
            t.sparse.mm(s, dense).pow(2).sum() + t.sparse.sum(s, 1).to_dense().prod() + s.to_dense().sin().sum()
        ).backward()
        return values.grad.tolist(), dense.grad.tolist()

    for ours, theirs in zip(program(wengert), program(torch)):
        assert wengert.testing.assert_close(wengert.tensor(ours), wengert.tensor(theirs)) is None


def test_a_leaf_has_a_sparse_gradient():
    leaf = make(wengert, requires_grad=True)
    (leaf @ wengert.ones(3, 1)).pow(2).sum().backward()
    assert leaf.grad.is_sparse
    assert leaf.grad._values().tolist() == [8.0, 18.0, 18.0, 8.0]


def train(t, optimizer, **options):
    t.manual_seed(1)
    table = t.nn.Embedding(6, 2, sparse=True, padding_idx=4)
    chosen = optimizer(table.parameters(), **options)
    for step in range(4):
        chosen.zero_grad()
        looked_up = table(t.tensor([1, 3, 3, 4] if step % 2 else [0, 1]))
        (looked_up * t.tensor([1.0, 0.0 if step == 1 else 2.0])).pow(2).sum().backward()
        assert table.weight.grad.is_sparse
        chosen.step()
    return table.weight.tolist()


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("SGD", {"lr": 0.1}),
        ("SGD", {"lr": 0.1, "momentum": 0.9}),
        ("SGD", {"lr": 0.1, "weight_decay": 0.1}),
        ("Adagrad", {"lr": 0.1}),
        ("Adagrad", {"lr": 0.1, "weight_decay": 0.1}),
        ("SparseAdam", {"lr": 0.1}),
        ("SparseAdam", {"lr": 0.1, "maximize": True}),
        ("Adam", {}),
        ("RMSprop", {}),
    ],
)
def test_optimizers_with_sparse_gradients(name, options):
    def run(t):
        try:
            return train(t, getattr(t.optim, name), **options)
        except RuntimeError as error:
            return str(error)

    ours, theirs = run(wengert), run(torch)
    if isinstance(theirs, str):
        assert ours == theirs
    else:
        wengert.testing.assert_close(wengert.tensor(ours), wengert.tensor(theirs))


def test_embedding_gradients_add_up_and_mix():
    def program(t):
        table = t.nn.Embedding(5, 2, sparse=True)
        for _ in range(2):
            (table(t.tensor([0, 2])) + table(t.tensor([2, 2]))).sum().backward()
        twice = repr(table.weight.grad.coalesce())
        (table.weight * 2).sum().backward()  # another use of the table: the gradient is dense from here on
        return twice, table.weight.grad.is_sparse, table.weight.grad.tolist()

    assert program(wengert) == program(torch)


def test_a_gradient_that_is_only_asked_for_is_dense_and_right():
    table = wengert.nn.Embedding(3, 1, sparse=True)
    (grad,) = wengert.autograd.grad(table(wengert.tensor([0, 2, 2])).sum(), table.weight)
    assert grad.tolist() == [[1.0], [0.0], [2.0]]


@pytest.mark.parametrize(("writer", "reader"), [(wengert, torch), (torch, wengert)])
def test_files(writer, reader):
    file = io.BytesIO()
    writer.save([make(writer).coalesce(), make(writer).to_sparse_csr()], file)
    file.seek(0)
    coo, csr = reader.load(file)
    assert coo.to_dense().tolist() == csr.to_dense().tolist() == [[0.0, 0.0, 4.0], [4.0, 0.0, 5.0]]


def test_what_has_no_rule_says_so():
    with pytest.raises(NotImplementedError, match="aten::exp' with arguments from the 'SparseCPU' backend"):
        make(wengert).exp()
    with pytest.raises(NotImplementedError, match="aten::max"):
        wengert.max(make(wengert))


@pytest.mark.parametrize("reduce", ["sum", "mean", "amax", "amin"])
def test_a_product_with_another_reduction(reduce):
    real = pytest.importorskip("torch")
    found = []
    for wg in (wengert, real):
        a = wg.tensor([[1.0, 0.0, 2.0], [0.0, 0.0, 0.0], [3.0, -4.0, 0.0]]).to_sparse_csr().requires_grad_()
        b = wg.arange(6.0).view(3, 2).requires_grad_()
        product = wg.sparse.mm(a, b, reduce)
        product.sum().backward()
        found.append([product.tolist(), b.grad.tolist(), a.grad.values().tolist()])
        with pytest.raises(RuntimeError, match="sparse_mm_reduce: reduce type of prod has not been enabled"):
            wg.sparse.mm(a, b, "prod")
        with pytest.raises(RuntimeError, match=r"tensor.size\[0\] == 3 but got: dimension 2 and tensor.size\[0\] = 2"):
            wg.sparse.mm(a, b.reshape(2, 3), reduce)
    assert found[0] == found[1]
