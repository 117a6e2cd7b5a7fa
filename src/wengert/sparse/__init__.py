"""torch.sparse: tensors of which only some entries are kept, in coordinates or compressed by rows."""

import wengert as wg

from .._facade.refusal import refuse
from .._types import sparse_coo, sparse_csr
from ._reduced import mm
from ._rules import addmm, from_dense, matmul
from ._rules import softmax as _softmax
from ._rules import sum as _sum
from ._tensor import SparseTensor

_REASON = "sparse tensors are kept in coordinates, or compressed by rows"
_REFUSED = """
sampled_addmm spsolve to_sparse_semi_structured sparse_csc_tensor sparse_bsr_tensor sparse_bsc_tensor
sparse_compressed_tensor
"""
globals().update({name: refuse(f"torch.{name}", _REASON) for name in _REFUSED.split()})
hspmm = sspaddmm = spmm = smm = dsmm = hsmm = saddmm = matmul


def _make(indices, values, size, dtype, requires_grad, layout=sparse_coo, coalesced=False):
    """A sparse tensor whose gradient goes to `values` if they want one, else to itself if it was asked to."""
    if dtype is not None:
        values = values.to(dtype)
    values = values.detach().requires_grad_() if requires_grad else values.view_as(values)
    return SparseTensor(indices, values, size, coalesced, layout)


def sparse_coo_tensor(
    indices=None, values=None, size=None, *, dtype=None, device=None, pin_memory=False, requires_grad=False,
    check_invariants=None, is_coalesced=None,
):  # fmt: skip
    """A sparse tensor from indices (sparse_dim, nnz) and values (nnz, *dense dims); entries of one index add up.

    size: inferred from the largest indices if None. Gradients flow to `values`. RuntimeError if the sizes disagree.

    >>> sparse_coo_tensor([[0, 1], [2, 0]], [3.0, 4.0], (2, 3)).to_dense()
    tensor([[0., 0., 3.],
            [4., 0., 0.]])
    """
    if values is None:  # sparse_coo_tensor(size)
        size = indices if size is None else size
        return _make(
            wg.zeros(len(size), 0, dtype=wg.int64), wg.zeros(0, dtype=dtype), size, None, requires_grad, coalesced=True
        )
    indices = wg.as_tensor(indices).to(wg.int64)
    values = wg.as_tensor(values)
    indices = indices.reshape(1, -1) if indices.dim() == 1 else indices
    if indices.shape[1] != values.shape[0]:
        raise RuntimeError(
            f"indices and values must have same nnz, but got nnz from indices: {indices.shape[1]}, nnz from values: "
            f"{values.shape[0]}"
        )
    if size is None:
        largest = (indices.amax(1) + 1).tolist() if indices.numel() else [0] * indices.shape[0]
        size = (*largest, *values.shape[1:])
    _check(indices, size, values)
    return _make(indices, values, size, dtype, requires_grad, coalesced=bool(is_coalesced))


def _check(indices, size, values):
    if len(size) != indices.shape[0] + values.dim() - 1:
        raise RuntimeError(
            f"number of dimensions must be sparse_dim ({indices.shape[0]}) + dense_dim ({values.dim() - 1}), "
            f"but got {len(size)}"
        )
    for dim, (row, extent) in enumerate(zip(indices, size)):
        if row.numel() and (int(row.min()) < 0 or int(row.max()) >= extent):
            if int(row.min()) < 0:
                raise RuntimeError(f"found negative index {int(row.min())} for dim {dim}")
            raise RuntimeError(
                f"size is inconsistent with indices: for dim {dim}, size is {extent} but found index {int(row.max())}"
            )


def sparse_csr_tensor(
    crow_indices, col_indices, values, size=None, *, dtype=None, device=None, pin_memory=False, requires_grad=False,
    check_invariants=None,
):  # fmt: skip
    """A matrix compressed by rows: row i has the entries crow_indices[i] to crow_indices[i + 1].

    >>> sparse_csr_tensor([0, 1, 2], [1, 0], [5.0, 6.0]).to_dense()
    tensor([[0., 5.],
            [6., 0.]])
    """
    crow, col = wg.as_tensor(crow_indices).to(wg.int64), wg.as_tensor(col_indices).to(wg.int64)
    if size is None:
        size = (crow.numel() - 1, int(col.max()) + 1 if col.numel() else 0)
    rows = wg.arange(size[0]).repeat_interleave(crow.diff())
    values = wg.as_tensor(values)
    return _make(wg.stack((rows, col)), values, size, dtype, requires_grad, sparse_csr, coalesced=True)


def sum(input, dim=None, dtype=None):
    """The sum over all entries, or over dims; dense if no sparse dim is left.

    >>> sum(sparse_coo_tensor([[0, 1, 1], [2, 0, 2]], [3.0, 4.0, 5.0]), 1).to_dense()
    tensor([3., 9.])
    """
    return _sum(input, dim, dtype=dtype)


def softmax(input, dim, *, dtype=None):
    """exp(x) divided by its sum along a dim, over the entries that there are.

    >>> softmax(sparse_coo_tensor([[0, 1, 1], [2, 0, 2]], [3.0, 4.0, 4.0]), 1).to_dense()
    tensor([[0.0000, 0.0000, 1.0000],
            [0.5000, 0.0000, 0.5000]])
    """
    return _softmax(input, dim, dtype=dtype)


def log_softmax(input, dim, *, dtype=None):
    """The logarithm of softmax.

    >>> log_softmax(sparse_coo_tensor([[0, 0], [0, 1]], [3.0, 3.0]), 1).coalesce().values()
    tensor([-0.6931, -0.6931])
    """
    return _softmax(input, dim, dtype=dtype, log=True)


def spdiags(diagonals, offsets, shape, layout=None):
    """A matrix with the rows of `diagonals` on its diagonals: element j of a row stands in column j.

    >>> spdiags(wg.tensor([[1.0, 2.0]]), wg.tensor([0]), (2, 2)).to_dense()
    tensor([[1., 0.],
            [0., 2.]])
    """
    diagonals, offsets = wg.atleast_2d(diagonals), offsets.reshape(-1)
    cols = wg.arange(diagonals.shape[1]).expand_as(diagonals)
    rows = cols - offsets[:, None]
    there = (rows >= 0) & (rows < shape[0]) & (cols < shape[1])
    made = SparseTensor(wg.stack((rows[there], cols[there])), diagonals[there], shape).coalesce()
    return made if layout in (None, sparse_coo) else made.to_sparse(layout=layout)


def __getattr__(name):
    if name.endswith("Tensor") and name[:-6] in ("Float", "Double", "Half", "BFloat16", "Long", "Int", "Short", "Byte"):
        dtype = wg.tensor(0).new_empty(0).type(f"torch.{name}").dtype

        def make(*args):
            """An old spelling of sparse_coo_tensor of one dtype."""
            return sparse_coo_tensor(*args, dtype=dtype)

        return make
    raise AttributeError(f"module 'torch.sparse' has no attribute '{name}'")


__all__ = ["addmm", "from_dense", "log_softmax", "mm", "softmax", "spdiags", "sum"]
