"""Sparse gradients of lookup tables: which rows a backward pass touched, and the gradient kept as those rows."""

import weakref
from functools import partial

import wengert as wg

from ._tensor import SparseTensor

_touched = {}  # id of a table: the indices that gradients arrived at, since its gradient was last made sparse; the table


def watch(weight, looked_up, output, padding_idx=-1):
    """Have the gradient of a leaf table (V, D) be sparse; `output` came from the rows `looked_up`.

    The engine adds gradients up as dense tensors, so that every sum and `autograd.grad` are right; what is stored in
    `.grad` are the rows that were looked up. A gradient that has other rows, from another use of the table, stays dense.
    """
    rows, table = _touched.get(id(weight), (None, None))
    if rows is None:
        rows = []
        table = weakref.ref(weight, partial(_touched.pop, id(weight)))  # no Python of ours: interrupts there are lost
        _touched[id(weight)] = rows, table
        weight.register_hook(lambda grad: _make_dense(table(), rows))
        weight.register_post_accumulate_grad_hook(lambda table: _make_sparse(table, rows))
    flat = looked_up.detach().reshape(-1)
    output.register_hook(lambda grad: rows.append(flat[flat != padding_idx]))


def _make_dense(weight, rows):
    """Before a gradient is added: the sum so far becomes a dense tensor."""
    if isinstance(weight.grad, SparseTensor):
        rows.append(weight.grad._indices()[0])
        weight.grad = weight.grad.to_dense()


def _make_sparse(weight, rows):
    """After it was added."""
    with wg.no_grad():
        dense = weight.grad
        found = wg.cat(rows).unique() if rows else wg.zeros(0, dtype=wg.int64)
        rows.clear()
        others = wg.ones(weight.shape[0], dtype=wg.bool)
        others[found] = False
        if not dense[others].any():
            weight.grad = SparseTensor(found[None], dense[found], dense.shape, True)


def is_wanted(weight):
    """Whether a table is one whose gradient is stored: a leaf, outside any transform."""
    return weight.is_leaf and weight.requires_grad and wg.is_grad_enabled() and isinstance(weight, wg.Tensor)
