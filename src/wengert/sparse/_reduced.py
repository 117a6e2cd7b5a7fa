"""torch.sparse.mm: the product of a sparse matrix, or with another reduction in place of the sum."""

import wengert as wg

from .._types import sparse_csr
from ._rules import matmul
from ._tensor import SparseTensor


def mm(mat1, mat2, reduce=None):
    """The matrix product of a sparse and a dense matrix; `reduce` ("sum", "mean", "amax", "amin") of a CSR one's rows.

    A row without entries gives zeros. Raises RuntimeError for another reduction or for sizes that do not fit.

    >>> rows = wg.tensor([[1.0, 0.0, 2.0], [0.0, 0.0, 0.0]]).to_sparse_csr()
    >>> mm(rows, wg.tensor([[1.0], [2.0], [3.0]]), "amax")
    tensor([[6.],
            [0.]])
    """
    if reduce is None:
        return matmul(mat1, mat2)
    if not isinstance(mat1, SparseTensor) or mat1.layout is not sparse_csr:
        kind = "Sparse" if isinstance(mat1, SparseTensor) else ""
        raise NotImplementedError(
            f"Could not run 'aten::_sparse_mm_reduce_impl' with arguments from the '{kind}CPU' backend."
        )
    if reduce not in ("sum", "mean", "amax", "amin"):
        raise RuntimeError(f"sparse_mm_reduce: reduce type of {reduce} has not been enabled.")
    if mat2.dim() != 2 or mat2.shape[0] != mat1.shape[1]:
        raise RuntimeError(
            f"Expected a tensor of dimension 2 and tensor.size[0] == {mat1.shape[1]} but got: "
            f"dimension {mat2.dim()} and tensor.size[0] = {mat2.shape[0]}"
        )
    (row, col), values = mat1._entries
    terms = mat2[col] * values[:, None]
    start = {"amax": -wg.inf, "amin": wg.inf}.get(reduce, 0.0)  # nothing that an entry could be equal to
    out = wg.full((mat1.shape[0], mat2.shape[1]), start, dtype=terms.dtype)
    out = out.scatter_reduce(0, row[:, None].expand_as(terms), terms, reduce, include_self=start != 0)
    return out if start == 0 else out.masked_fill(out == start, 0.0)
