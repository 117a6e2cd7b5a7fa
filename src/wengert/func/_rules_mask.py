"""Batching rules of boolean masks and of what depends on the data: batched where the shapes do not depend on it, refused otherwise."""

import wengert as wg

from .. import _core
from ..ops.linalg_host import bare
from ._rules import rule

run = _core.run


def _shared_places(mask, shape):
    """Where a mask that all samples share is True, counted in tensors of this shape."""
    return mask.expand(shape).reshape(-1).nonzero().reshape(-1)


@rule("masked_select")
def _masked_select(call, name, args):
    self, mask = args
    if call.has(mask):
        raise RuntimeError(
            "vmap: Attempted to vmap over `mask` in torch.masked_select(self, mask) We cannot support this because for each batch this would "
            "return a differently shaped Tensor. Please file an issue at https://github.com/pytorch/pytorch/issues if you need this feature."
        )
    shape = wg.broadcast_shapes(self.shape, mask.shape)
    rows = call.at_rank(self, len(shape)).expand(call.size, *shape).reshape(call.size, -1)
    return rows.index_select(1, _shared_places(mask, shape))


@rule("_masked_select_backward")
def _masked_select_backward(call, name, args):
    grad, mask, sizes = args
    if call.has(mask):
        return NotImplemented
    shape = wg.broadcast_shapes(tuple(sizes), mask.shape)
    rows = call.value(grad).new_zeros((call.size, wg.zeros(()).expand(shape).numel()))
    made = rows.index_copy(1, _shared_places(mask, shape), call.full(grad)).reshape(call.size, *shape)
    padded = (call.size, *(1,) * (len(shape) - len(sizes)), *sizes)
    return made.sum_to_size(padded).reshape(call.size, *sizes)


def _places(mask):
    """Of each element of rows of masks: how many True there are before it."""
    return (mask.to(wg.int64).cumsum(1) - 1).clamp(min=0)


@rule("masked_scatter")
def _masked_scatter(call, name, args):
    self, mask, source = args
    shape = wg.broadcast_shapes(self.shape, mask.shape)
    chosen = call.at_rank(mask, len(shape)).expand(call.size, *shape).reshape(call.size, -1)
    values = call.full(source).reshape(call.size, -1)
    if chosen.numel() and int(bare(chosen).sum(-1).max()) > values.shape[1]:
        raise RuntimeError("Number of elements of source < number of ones in mask")
    kept = call.at_rank(self, len(shape)).expand(call.size, *shape)
    if not values.shape[1]:
        return kept.clone()
    picked = values.gather(1, _places(chosen).clamp(max=values.shape[1] - 1)).reshape(kept.shape)
    return wg.where(chosen.reshape(kept.shape), picked, kept)


@rule("masked_scatter_backward")
def _masked_scatter_backward(call, name, args):
    grad, mask, sizes = args
    chosen = call.at_rank(mask, grad.dim()).expand(call.size, *grad.shape).reshape(call.size, -1)
    values = call.full(grad).reshape(call.size, -1)
    rows = values.new_zeros((call.size, wg.zeros(()).expand(sizes).numel()))
    if not rows.shape[1]:
        return rows.reshape(call.size, *sizes)
    at = _places(chosen).clamp(max=rows.shape[1] - 1)
    return rows.scatter_add(1, at, wg.where(chosen, values, 0)).reshape(call.size, *sizes)


def _refused(op):
    raise RuntimeError(
        f"vmap: We do not support batching operators that can output dynamic shape. Attempted to vmap over aten::{op}. Please file an "
        "issue at https://github.com/pytorch/pytorch/issues if you need this feature."
    )


@rule("_nonzero", "argwhere", "nonzero_numpy", "where.nonzero")
def _nonzero(call, name, args):
    _refused("where" if name == "where.nonzero" else "nonzero")


@rule("_sort_matrix_rows")
def _unique_rows(call, name, args):
    _refused("unique_dim")


@rule("_to_samples")
def _to_samples(call, name, args):
    return run(name, (call.value(args[0]), *args[1:3], args[3] + 1))
