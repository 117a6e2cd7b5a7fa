"""How ops run on a whole batch: elementwise ops, and those whose dims and sizes only move by one."""

import wengert as wg

from .. import _core

run = _core.run
Tensor = _core.Tensor
RULES = {}  # op name -> rule(call, name, args) -> samples along dim 0, or a tuple of such


def rule(*names):
    """Registers a batching rule."""

    def register(function):
        for name in names:
            RULES[name] = function
        return function

    return register


def _category(dtype):
    return 3 if dtype.is_complex else 2 if dtype.is_floating_point else 0 if dtype is wg.bool else 1


def aligned(call, args):
    """Arguments of an elementwise op, so that the batch is dim 0 of all and the logical dims line up."""
    present = [a for a in args if isinstance(a, Tensor)]
    rank = max(t.dim() for t in present)
    dims = [t.dtype for t in present if t.dim() > 0]
    moved = []
    for a in args:
        if not isinstance(a, Tensor):
            moved.append(a)
            continue
        value = call.at_rank(a, rank)
        if a.dim() == 0 and not call.has(a) and not dims:
            value = value.reshape(1)  # no dims anywhere: what is shared must not be weaker in promotion
        if a.dim() == 0 and call.has(a) and dims:  # a sample without dims is weak in promotion; its batch must be too
            strongest = dims[0]
            for d in dims[1:]:
                strongest = wg.promote_types(strongest, d)
            if _category(a.dtype) == _category(strongest) and a.dtype is not strongest:
                value = value.to(strongest)
        moved.append(value)
    return moved


def pointwise(call, name, args):
    """Elementwise ops run on the batch as they are."""
    return run(name, tuple(aligned(call, args)))


for _name in ("complex", "masked_fill.Scalar"):
    RULES[_name] = pointwise


@rule("fill.Tensor")
def _fill(call, name, args):
    self, value = args
    if not call.has(value):
        return run(name, (call.full(self), value))
    return call.at_rank(value, self.dim()).expand(call.size, *self.shape).to(self.dtype, copy=True)


@rule("masked_fill.Tensor")
def _masked_fill(call, name, args):
    self, mask, value = args
    if call.has(value):
        return pointwise(call, "where", (mask, value.to(self.dtype), self))
    self, mask = aligned(call, (self, mask))
    return run(name, (self, mask, value))


# A letter for each argument: t a tensor that gets the batch; T a list of such; o a tensor that may be absent; d a dim; D dims (none:
# all of them); s sizes; . as it is. A rank other than the first tensor's (or the sizes') is added after a colon.
SHIFTED = {
    "detach": "t",
    "_to_copy": "t.",
    "fill.Scalar": "t.",
    "zero_": "t",
    "alias": "t",
    "view.dtype": "t.",
    "view": "ts",
    "_unsafe_view": "ts",
    "_stacked_steps": "ts",
    "_layer_steps": "ts",
    "_select_backward": "tsd.",
    "_slice_backward": "tsd...",
    "_diagonal_backward": "ts.dd",
    "diag_embed": "t.dd:1",
    "stack": "Td:1",
    "tril": "t.",
    "triu": "t.",
    "constant_pad_nd": "t..",
    "_constant_pad_backward": "ts.",
    "_edge_pad": "t..",
    "_edge_pad_backward": "ts..",
    "unsafe_split": "t.d",
    "unsafe_split_with_sizes": "t.d",
    "split": "t.d",
    "split_with_sizes": "t.d",
    "unbind": "td",
    "_gather_backward": "tsdt",
    "scatter.src": "tdtt",
    "scatter.value": "tdt.",
    "scatter_add": "tdtt",
    "scatter_reduce": "tdtt..",
    "scatter.reduce": "tdtt.",
    "scatter.value_reduce": "tdt..",
    "_scatter_picked": "tdts.",
    "_gather_picked": "tdt.",
    "sort": "td.",
    "sort.stable": "t.d.",
    "topk": "t.d..",
    "kthvalue": "t.d.",
    "mode": "td.",
    "median.dim": "td.",
    "nanmedian.dim": "td.",
    "sum.dim_IntList": "tD..",
    "nansum": "tD..",
    "mean.dim": "tD..",
    "prod.dim_int": "td..",
    "amax": "tD.",
    "amin": "tD.",
    "max.dim": "td.",
    "min.dim": "td.",
    "logsumexp": "tD.",
    "var.correction": "tD..",
    "std.correction": "tD..",
    "var_mean.correction": "tD..",
    "std_mean.correction": "tD..",
    "linalg_vector_norm": "t.D..",
    "cumsum": "td.",
    "_reverse_cumsum": "td",
    "cumprod": "td.",
    "_recurrence": "ttd.",
    "_shifted": "td..",
    "cummax": "td",
    "cummin": "td",
    "logcumsumexp": "td",
    "_reverse_logcumsumexp": "td",
    "softmax.int": "td.",
    "log_softmax.int": "td.",
    "_softmax_backward": "ttd",
    "_log_softmax_backward": "ttd",
    "any.dim": "td.",
    "any.dims": "tD.",
    "all.dim": "td.",
    "all.dims": "tD.",
    "count_nonzero.dim_IntList": "tD",
    "empty_like": "t......",
    "zeros_like": "t.....",
    "ones_like": "t.....",
    "full_like": "t......",
    "new_empty": "ts.....",
    "new_zeros": "ts.....",
    "new_ones": "ts.....",
    "new_full": "ts......",
    "transpose": "tdd",
    "unsqueeze": "td:1",
    "select": "td.",
    "slice": "td...",
    "diagonal": "t.dd",
    "view_as_real": "t",
    "permute": "tP",
    "_permute_inverse": "tP",
    "_expand_reduced": "tsD.",
    "one_hot": "t.",
    "frexp": "t",
    "select_scatter": "ttd.",
    "slice_scatter": "ttd...",
    "diagonal_scatter": "tt.dd",
    "_plane_scatter": "tts.",
    "_plane_gather": "tt.",
    "_standard_gamma_grad": "tt",
    "_dirichlet_grad": "ttt",
}


def _dim(d, rank):
    bound = max(rank, 1)
    if not -bound <= d < bound:
        raise IndexError(f"Dimension out of range (expected to be in range of [{-bound}, {bound - 1}], but got {d})")
    return d % bound + 1


def _dims(dims, rank):
    if dims is None or (isinstance(dims, (tuple, list)) and not dims):
        return tuple(range(1, max(rank, 1) + 1))
    return tuple(_dim(d, rank) for d in ((dims,) if isinstance(dims, int) else dims))


def shifted(call, name, args):
    """Runs an op with the batch as dim 0: dims move up by one, sizes get the batch in front."""
    letters, _, more = SHIFTED[name].partition(":")
    sizes = [a for a, k in zip(args, letters) if k == "s"]
    first = args[0] if isinstance(args[0], Tensor) else args[0][0]
    rank = (len(sizes[0]) if sizes else first.dim()) + int(more or 0)
    scalar = rank == 0 and any(k in "dD" for k in letters)  # without dims, dim 0 still means something: make one

    def full(t):
        value = call.full(t)
        return value.unsqueeze(-1) if scalar and value.dim() == 1 else value

    moved = []
    for k, a in zip(letters, args):
        if k == "t" and isinstance(a, Tensor):
            a = full(a)
        elif k == "T":
            a = [full(t) for t in a]
        elif k == "d":
            a = _dim(a, rank)
        elif k == "D":
            a = _dims(a, rank)
        elif k == "P":
            a = (0, *(_dim(d, rank) for d in a))
        elif k == "s":
            a = (call.size, *a, *((1,) if scalar else ()))
        moved.append(a)
    result = run(name, tuple(moved))
    if not scalar:
        return result
    return tuple(_drop(r) for r in result) if isinstance(result, tuple) else _drop(result)


def _drop(t):
    return t.select(1, 0) if t.dim() == 2 else t


for _name in SHIFTED:
    RULES[_name] = shifted


@rule("_cat")
def _cat(call, name, args):
    tensors, dim, lengths = args
    kept = [k for k, n in enumerate(lengths) if n >= 0]  # without the empty ones that fit anywhere
    if not kept:
        return call.full(tensors[0]).clone()
    dim = _dim(dim, tensors[kept[0]].dim())
    made = run(name, ([call.full(tensors[k]) for k in kept], dim, tuple(lengths[k] for k in kept)))
    left = [t for k, t in enumerate(tensors) if k not in kept and t.requires_grad]
    return (
        made + sum(t.sum() for t in left) if left and not made.requires_grad else made
    )  # they have a part in the history


@rule("flip")
def _flip(call, name, args):
    return run(name, (call.full(args[0]), tuple(_dim(d, args[0].dim()) for d in args[1])))


@rule("t")
def _t(call, name, args):
    value = call.full(args[0])
    if value.dim() > 3:
        raise RuntimeError(f"t() expects a tensor with <= 2 dimensions, but self is {value.dim() - 1}D")
    return value.transpose(1, 2) if value.dim() == 3 else value.view_as(value)


@rule("squeeze")
def _squeeze(call, name, args):
    value = call.full(args[0])
    return run("squeeze.dims", (value, tuple(d for d in range(1, value.dim()) if value.shape[d] == 1)))


@rule("squeeze.dim", "squeeze.dims")
def _squeeze_dims(call, name, args):
    value, rank = call.full(args[0]), args[0].dim()
    if name == "squeeze.dim" and rank == 0 and not -1 <= args[1] < 1:
        raise RuntimeError(f"Dimension is out of range (expected to be in range of [-1, 0], but got [{args[1]}]")
    dims = _dims(args[1], rank) if args[1] != () else ()
    return run("squeeze.dims", (value, tuple(d for d in dims if rank)))


@rule("expand")
def _expand(call, name, args):
    size = args[1]
    value = call.at_rank(args[0], len(size)) if call.has(args[0]) else call.full(args[0])
    return run(name, (value, (call.size, *size), *args[2:]))


@rule("repeat")
def _repeat(call, name, args):
    return run(name, (call.at_rank(args[0], len(args[1])), (1, *args[1])))


@rule("_repeat_backward")
def _repeat_backward(call, name, args):
    grad, sizes, repeats = args
    padded = (1,) * (len(repeats) - len(sizes)) + tuple(sizes)
    return run(name, (call.full(grad), (call.size, *padded), (1, *repeats))).reshape(call.size, *sizes)


@rule("roll", "_roll_inverse")
def _roll(call, name, args):
    value, rank = call.full(args[0]), args[0].dim()
    if not args[2] or rank == 0:
        return run(name, (value.reshape(call.size, -1), args[1], (1,))).reshape(value.shape)
    return run(name, (value, args[1], tuple(_dim(d, rank) for d in args[2])))


@rule("as_strided", "_as_strided")
def _as_strided(call, name, args):
    value, sizes, strides = call.full(args[0]), args[1], args[2]
    start = args[0].storage_offset()
    offset = args[3] if len(args) > 3 and args[3] is not None else start
    end, limit = offset + _reach(sizes, strides), start + _reach(args[0].shape, args[0].stride())
    if all(sizes) and not start <= offset <= end <= limit:
        raise RuntimeError(
            f"result = tensor.as_strided({list(sizes)}, {list(strides)}, {offset}) can access memory outside of `tensor`. `result` can "
            f"access some memory in range [{offset}, {end}], but `tensor` can only access some memory in range [{start}, {limit}]. This is "
            "not supported inside of vmap, please try to rewrite the `as_strided` call as a sequence of PyTorch view operations"
        )
    offset -= start
    if value.stride(0) == 0 and call.size > 1:  # samples in the same memory would get each other's gradients
        apart = (limit - start, *args[0].stride())
        value = value.new_empty_strided(value.shape, apart).copy_(value)
    step = value.stride(0)
    return value.as_strided((call.size, *args[1]), (step, *args[2]), value.storage_offset() + offset)


def _reach(sizes, strides):
    """How many elements of memory a tensor of these sizes and strides spans."""
    return 1 + sum((n - 1) * s for n, s in zip(sizes, strides)) if all(sizes) else 0


@rule("new_empty_strided")
def _new_empty_strided(call, name, args):
    self, sizes, strides, *rest = args
    return run(name, (call.value(self), (call.size, *sizes), (_reach(sizes, strides), *strides), *rest))


@rule("_restride")
def _restride(call, name, args):
    grad, old_strides, sizes, strides, old_offset, offset, whole = args
    step = max(old_offset + _reach(grad.shape, old_strides), offset + _reach(sizes, strides))
    moved = (call.full(grad), (step, *old_strides), (call.size, *sizes), (step, *strides))
    return run(name, (*moved, old_offset, offset, whole))


# Reductions over everything become reductions over every dim but the batch.


def _flat(call, t):
    return call.full(t).reshape(call.size, t.numel())


@rule("sum", "mean")
def _sum(call, name, args):
    return run({"sum": "sum.dim_IntList", "mean": "mean.dim"}[name], (_flat(call, args[0]), (1,), False, *args[1:]))


@rule("prod")
def _prod(call, name, args):
    return run("prod.dim_int", (_flat(call, args[0]), 1, False, *args[1:]))


@rule("max", "min")
def _max(call, name, args):
    return run("a" + name, (_flat(call, args[0]), (1,), False))


@rule("median", "nanmedian")
def _median(call, name, args):
    return run(name + ".dim", (_flat(call, args[0]), 1, False))[0]


@rule("any", "all")
def _any(call, name, args):
    return run(name + ".dim", (_flat(call, args[0]), 1, False))


@rule("count_nonzero")
def _count_nonzero(call, name, args):
    if args[1] is None:
        return run("count_nonzero.dim_IntList", (_flat(call, args[0]), (1,)))
    if args[0].dim() == 0:
        return run(name, (_flat(call, args[0]), 1))
    return run(name, (call.full(args[0]), _dim(args[1], args[0].dim())))


@rule("argmax", "argmin")
def _argmax(call, name, args):
    self, dim, keepdim = args
    if dim is None or self.dim() == 0:
        result = run(name, (_flat(call, self), 1, False))
        return result.reshape(call.size, *(1,) * self.dim()) if keepdim else result
    return run(name, (call.full(self), _dim(dim, self.dim()), keepdim))


@rule("trace")
def _trace(call, name, args):
    return call.full(args[0]).diagonal(0, 1, 2).sum(-1)


from . import _rules_index, _rules_linear, _rules_mask, _rules_nn, _rules_window  # noqa: F401 (they register their rules)
