"""Batching rules of reading and writing at indices."""

import wengert as wg

from .. import _core
from ._rules import _dim, aligned, rule

run = _core.run
Tensor = _core.Tensor

_MASK = "vmap: We do not support batching operators that can support dynamic shape. Attempting to batch over indexing with a boolean mask."


def _indices(call, indices):
    """Index tensors without masks."""
    result = []
    for i in indices:
        if i is None or i.dtype is not wg.bool:
            result.append(i)
        elif call.has(i):
            raise RuntimeError(_MASK)
        else:
            result.extend(i.nonzero(as_tuple=True))
    return result


class _Layout:
    """Where the dims of an indexed read go: p dims before the indices, `rank` dims of indices, whether they stand together."""

    def __init__(self, indices):
        self.at = [k for k, i in enumerate(indices) if i is not None]
        self.rank = max(indices[k].dim() for k in self.at)
        self.together = self.at == list(range(self.at[0], self.at[-1] + 1))
        self.before = self.at[0] if self.together else 0


@rule("index")
def index(call, name, args):
    self, indices = args[0], _indices(call, args[1])
    layout = _Layout(indices)
    batched = any(call.has(i) for i in indices if i is not None)
    if not batched:
        result = run("index", (call.full(self), (None, *indices)))
        return result if layout.together else result.movedim(layout.rank, 0)
    moved = [None if i is None else call.at_rank(i, layout.rank) for i in indices]
    if not call.has(self):
        result = run("index", (self, tuple(moved)))
        return result.movedim(layout.before, 0) if layout.before else result
    here = wg.arange(call.size).reshape(call.size, *(1,) * layout.rank)
    result = run("index", (call.value(self), (here, *moved)))
    if not layout.before:
        return result
    dims = range(layout.rank)
    return result.movedim(tuple(1 + d for d in dims), tuple(1 + layout.before + d for d in dims))


def _put(call, self, indices, values, accumulate):
    """index_put with the indexed dims in front, the batch before them."""
    layout = _Layout(indices)
    shape = wg.broadcast_shapes(*(indices[k].shape for k in layout.at))
    rest = [d for d in range(self.dim()) if d not in layout.at]
    target = call.full(self).permute(0, *(1 + k for k in layout.at), *(1 + d for d in rest))
    here = wg.arange(call.size).reshape(call.size, *(1,) * len(shape))
    moved = [call.at_rank(indices[k], len(shape)) for k in layout.at]
    sizes = [self.shape[d] for d in rest]
    value = call.at_rank(values, len(shape) + len(rest))
    if layout.before:
        before = layout.before
        value = (
            value.expand(call.size, *sizes[:before], *shape, *sizes[before:])
            if call.has(values)
            else value.expand(*sizes[:before], *shape, *sizes[before:])
        )
        first = 1 if call.has(values) else 0
        value = value.movedim(
            tuple(first + before + k for k in range(len(shape))), tuple(first + k for k in range(len(shape)))
        )
    result = run("index_put", (target, (here, *moved), value, accumulate))
    back = [0] * (self.dim() + 1)
    for position, d in enumerate((0, *(1 + k for k in layout.at), *(1 + d for d in rest))):
        back[d] = position
    return result.permute(back)


@rule("index_put")
def _index_put(call, name, args):
    self, indices, values, accumulate = args
    if len(indices) == 1 and indices[0] is not None and indices[0].dtype is wg.bool and call.has(indices[0]):
        if values.numel() != 1 or accumulate or indices[0].dim() != self.dim():
            raise RuntimeError(_MASK)
        mask, self, values = aligned(call, (indices[0], self, values.reshape(())))
        return wg.where(mask, values.to(self.dtype), self)
    return _put(call, self, _indices(call, indices), values, accumulate)


@rule("_index_put_kept")
def _index_put_kept(call, name, args):
    grad, indices, accumulate = args
    if accumulate:
        return call.full(grad).clone()
    return _put(call, grad, _indices(call, indices), grad.new_zeros(()), False)


@rule("_index_backward")
def _index_backward(call, name, args):
    grad, sizes, indices = args
    return _put(call, wg.zeros(sizes, dtype=grad.dtype), _indices(call, indices), grad, True)


def _at(dim, index):
    return (*(None,) * dim, index)


@rule("index_select")
def _index_select(call, name, args):
    self, dim, where = args
    if self.dim() == 0 or not call.has(where):
        value = call.full(self)
        if self.dim():
            return run(name, (value, _dim(dim, self.dim()), where))
        return value.clone()
    return index(call, name, (self, _at(_dim(dim, self.dim()) - 1, where.reshape(-1))))


@rule("index_select_backward")
def _index_select_backward(call, name, args):
    grad, sizes, dim, where = args
    if not sizes:
        return call.full(grad).clone()
    if not call.has(where):
        return run(name, (call.full(grad), (call.size, *sizes), _dim(dim, len(sizes)), where))
    return _put(call, wg.zeros(sizes, dtype=grad.dtype), _at(_dim(dim, len(sizes)) - 1, where.reshape(-1)), grad, True)


@rule("index_add", "index_copy", "index_reduce")
def _index_write(call, name, args):
    self, dim, where, source, *rest = args
    if self.dim() == 0:
        return NotImplemented
    if not call.has(where):
        return run(name, (call.full(self), _dim(dim, self.dim()), where, call.full(source), *rest))
    if name == "index_reduce":
        return NotImplemented
    if name == "index_add" and rest[0] != 1:
        source = source * rest[0]
    return _put(call, self, _at(_dim(dim, self.dim()) - 1, where.reshape(-1)), source, name == "index_add")


@rule("index_fill.int_Tensor", "index_fill.int_Scalar")
def _index_fill(call, name, args):
    self, dim, where, value = args
    if self.dim() == 0 and where.numel():
        return call.full(value if isinstance(value, Tensor) else self.new_full((), value)).to(self.dtype, copy=True)
    if not call.has(where) and not call.has(value):
        return run(name, (call.full(self), _dim(dim, self.dim()), where, value))
    value = value if isinstance(value, Tensor) else self.new_full((), value)
    return _put(call, self, _at(_dim(dim, self.dim()) - 1, where.reshape(-1)), value.to(self.dtype), False)


def _positions(call, self, where):
    """Flat indices of each sample, none negative."""
    flat = call.full(where).reshape(call.size, -1)
    return wg.where(flat < 0, flat + self.numel(), flat)


@rule("take")
def _take(call, name, args):
    self, where = args
    if not call.has(self):
        return run(name, (self, call.value(where)))
    return (
        call.full(self).reshape(call.size, -1).gather(1, _positions(call, self, where)).reshape(call.size, *where.shape)
    )


@rule("_take_backward")
def _take_backward(call, name, args):
    grad, sizes, where = args
    zeros = wg.zeros(sizes, dtype=grad.dtype)
    flat = zeros.expand(call.size, *sizes).reshape(call.size, -1)
    return flat.scatter_add(1, _positions(call, zeros, where), call.full(grad).reshape(call.size, -1)).reshape(
        call.size, *sizes
    )


@rule("put")
def _put_flat(call, name, args):
    self, where, source, accumulate = args
    flat, at, value = (
        call.full(self).reshape(call.size, -1),
        _positions(call, self, where),
        call.full(source).reshape(call.size, -1),
    )
    return (flat.scatter_add(1, at, value) if accumulate else flat.scatter(1, at, value)).reshape(
        call.size, *self.shape
    )


@rule("_put_kept")
def _put_kept(call, name, args):
    grad, where, accumulate = args
    if accumulate:
        return call.full(grad).clone()
    return (
        call.full(grad)
        .reshape(call.size, -1)
        .scatter(1, _positions(call, grad, where), 0)
        .reshape(call.size, *grad.shape)
    )


def _offset(call, indices, rows):
    """Indices into the rows of all samples, one sample's after the other's."""
    value = call.full(indices)
    return value + (wg.arange(call.size, dtype=value.dtype) * rows).reshape(call.size, *(1,) * indices.dim())


@rule("embedding")
def _embedding(call, name, args):
    weight, indices, padding, *rest = args
    if not call.has(weight):
        return run(name, (weight, call.value(indices), padding, *rest))
    table = call.value(weight)
    if padding >= 0:  # a row without a gradient
        table = wg.where(wg.arange(weight.shape[0]).eq(padding).unsqueeze(1), table.detach(), table)
    return run(name, (table.flatten(0, 1), _offset(call, indices, weight.shape[0]), -1, *rest))


@rule("embedding_dense_backward")
def _embedding_dense_backward(call, name, args):
    grad, indices, rows, padding, scale = args
    made = run(name, (call.full(grad), _offset(call, indices, rows), rows * call.size, -1, scale)).unflatten(
        0, (call.size, rows)
    )
    return made if padding < 0 else made.masked_fill(wg.arange(rows).eq(padding).unsqueeze(1), 0)


@rule("searchsorted.Tensor", "searchsorted.Scalar", "bucketize.Tensor", "bucketize.Scalar")
def _searchsorted(call, name, args):
    if name.startswith("bucketize"):
        values, edges, out_int32, right = args
        more = {"out_int32": out_int32, "right": right}
    else:
        edges, values, out_int32, right, side, sorter = args
        if sorter is not None and (call.has(sorter) or call.has(edges)):
            edges, sorter = (call.full(edges).gather(-1, call.full(sorter)), None)
            return _search(call, edges, values, {"out_int32": out_int32, "right": right, "side": side})
        more = {"out_int32": out_int32, "right": right, "side": side, "sorter": sorter}
    if not call.has(edges):
        return wg.searchsorted(edges, call.full(values), **more)
    more.pop("sorter", None)
    return _search(call, call.full(edges), values, more)


def _search(call, edges, values, more):
    if not isinstance(values, Tensor):
        values = edges.new_full((), values)
    if edges.dim() == 2:
        flat = call.full(values).reshape(call.size, -1).contiguous()
        return wg.searchsorted(edges.contiguous(), flat, **more).reshape(call.size, *values.shape)
    return wg.searchsorted(edges.contiguous(), call.full(values).contiguous(), **more)


@rule("gather")
def _gather(call, name, args):
    self, dim, index, *rest = args
    if self.dim() and index.dim():
        return run(name, (call.full(self), _dim(dim, self.dim()), call.full(index), *rest))
    flat = call.full(index).reshape(call.size, -1)
    return run(name, (call.full(self).reshape(call.size, -1), 1, flat, *rest)).reshape(call.size, *index.shape)


@rule("clone")
def _clone(call, name, args):
    other = {wg.channels_last: "ChannelsLast", wg.channels_last_3d: "ChannelsLast3d"}
    shown = other.get(args[1]) if len(args) > 1 else None
    if shown is not None:
        raise RuntimeError(
            "NYI: Tensor.clone(memory_format) inside vmap is only supported with memory_format torch.preserve_format or "
            f"torch.contiguous_format (got {shown})"
        )
    return run(name, (call.full(args[0]), *args[1:]))


@rule("view_as_complex")
def _view_as_complex(call, name, args):
    if not args[0].dim():
        raise RuntimeError("Input tensor must have one or more dimensions")
    return run(name, (call.full(args[0]),))


@rule("as_strided_scatter")
def _as_strided_scatter(call, name, args):
    raise RuntimeError(
        "Error: aten::as_strided_scatter requires special handling, and does not yet have a batching rule. Feel free to file a github issue!"
    )
