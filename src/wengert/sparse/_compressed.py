"""Pointers of compressed rows from sorted row numbers and back, under the private names that libraries call."""

import wengert as wg


def _convert_indices_from_coo_to_csr(self, size, *, out_int32=False):
    """Where each of `size` rows begins in the sorted row numbers `self`, and where the last ends: (size + 1,).

    >>> _convert_indices_from_coo_to_csr(wg.tensor([0, 0, 2]), 3)
    tensor([0, 2, 2, 3])
    """
    rows = wg.arange(size + 1, dtype=self.dtype)
    return wg.searchsorted(self, rows).to(wg.int32 if out_int32 else wg.int64)


def _convert_indices_from_csr_to_coo(crow_indices, col_indices, *, out_int32=False, transpose=False):
    """(2, nnz) row and column of every entry, columns first with `transpose`.

    >>> _convert_indices_from_csr_to_coo(wg.tensor([0, 2, 3]), wg.tensor([1, 2, 0]))
    tensor([[0, 0, 1],
            [1, 2, 0]])
    """
    rows = wg.arange(crow_indices.numel() - 1, dtype=crow_indices.dtype).repeat_interleave(crow_indices.diff())
    pair = (col_indices, rows) if transpose else (rows, col_indices)
    return wg.stack(pair).to(wg.int32 if out_int32 else wg.int64)
