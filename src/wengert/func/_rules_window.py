"""Batching rules of windows and planes: pooling, resampling, columns, attention. The batch joins the images."""

import wengert as wg

from .. import _core
from ._rules import RULES, _dim, rule

run = _core.run

# How many dims an image has besides its channels.
SPATIAL = {
    "im2col": 2,
    "_im2col_backward": 2,
    "col2im": 1,  # its images are (rows, columns)
    "_upsample_bilinear2d_aa": 2,
    "_upsample_bicubic2d_aa": 2,
    "upsample_linear1d": 1,
    "upsample_bilinear2d": 2,
    "upsample_trilinear3d": 3,
    "upsample_bicubic2d": 2,
    **{
        f"{op}{n}d{suffix}": n
        for n in (1, 2, 3)
        for op, suffix in (
            ("max_pool", "_with_indices"),
            ("avg_pool", ""),
            ("adaptive_avg_pool", ""),
            ("adaptive_max_pool", ""),
            ("upsample_nearest", ""),
            ("_upsample_nearest_exact", ""),
            ("reflection_pad", ""),
            ("replication_pad", ""),
        )
    },
}


def by_images(call, name, args, spatial):
    """Runs an op of one image (C, *spatial) or of N of them on the images of all samples."""
    sample = args[0]
    if sample.dim() not in (spatial + 1, spatial + 2):
        run(name, (sample.new_empty(sample.shape), *args[1:]))  # refuses, in its own words
    value = call.full(sample)
    if sample.dim() == spatial + 1:
        return run(name, (value, *args[1:]))
    return apart(run(name, (value.flatten(0, 1), *args[1:])), value.shape[:2])


def apart(made, sizes):
    """Results with the joined dim 0 taken apart again."""
    return tuple(t.unflatten(0, sizes) for t in made) if isinstance(made, tuple) else made.unflatten(0, sizes)


for _name in SPATIAL:
    RULES[_name] = lambda call, name, args: by_images(call, name, args, SPATIAL[name])


@rule("_avg_pool")
def _avg_pool(call, name, args):
    return by_images(call, name, args, args[-1])


@rule("_adaptive_avg_pool", "_upsample")
def _sized(call, name, args):
    return by_images(call, name, args, len(args[1]))


@rule("affine_grid_generator")
def _affine_grid(call, name, args):
    theta, size, align_corners = args
    value = call.full(theta)
    made = run(name, (value.flatten(0, 1), (call.size * size[0], *size[1:]), align_corners))
    return made.unflatten(0, value.shape[:2])


@rule("_avg_pool_backward", "_adaptive_avg_pool_backward")
def _avg_pool_backward(call, name, args):
    grad, sizes, *rest = args
    value, first = call.full(grad), len(sizes) - (rest[-1] if name == "_avg_pool_backward" else len(rest[0]))
    planes = call.size * wg.Size(sizes[:first]).numel()
    made = run(name, (value.flatten(0, first), (planes, *sizes[first:]), *rest))
    return made.reshape(call.size, *sizes)


@rule("_upsample_backward")
def _upsample_backward(call, name, args):
    grad, sizes, *rest = args
    value = call.full(grad)
    joined = (value.shape[0] * value.shape[1], *sizes[1:])
    return apart(run(name, (value.flatten(0, 1), joined, *rest)), value.shape[:2])


@rule("_im2col_backward")
def _im2col_backward(call, name, args):
    grad, sizes, *rest = args
    value = call.full(grad)
    if grad.dim() == 2:
        return run(name, (value, sizes, *rest))
    return apart(run(name, (value.flatten(0, 1), sizes, *rest)), value.shape[:2])


@rule("unfold")
def _unfold(call, name, args):
    self, dim, *rest = args
    if self.dim():
        return run(name, (call.full(self), _dim(dim, self.dim()), *rest))
    return run(name, (call.full(self).unsqueeze(1), 1, *rest)).select(1, 0)


@rule("unfold_backward")
def _unfold_backward(call, name, args):
    grad, sizes, dim, *rest = args
    if sizes:
        return run(name, (call.full(grad), (call.size, *sizes), _dim(dim, len(sizes)), *rest))
    return run(name, (call.full(grad).unsqueeze(1), (call.size, 1), 1, *rest)).select(1, 0)


def _heads(call, t):
    return call.full(t).flatten(0, 1)


def _mask(call, mask, query, key):
    return None if mask is None else _heads(call, mask.expand(*query.shape[:-1], key.shape[-2]))


@rule("_attention")
def _attention(call, name, args):
    query, key, mask, rest = args[0], args[1], args[3], args[4:]
    made = run(name, (*(_heads(call, t) for t in args[:3]), _mask(call, mask, query, key), *rest))
    return apart(made, (call.size, query.shape[0]))


@rule("_attention_backward")
def _attention_backward(call, name, args):
    query, key, mask, rest = args[1], args[2], args[6], args[7:]
    made = run(name, (*(_heads(call, t) for t in args[:6]), _mask(call, mask, query, key), *rest))
    return apart(made, (call.size, query.shape[0]))


# Backward passes of norms. The weight is multiplied in before, its gradient and the bias's are summed here.


def _by_weight(call, weight, rank):
    return 1 if weight is None else call.at_rank(weight, rank)


def _over_rows(call, grad, input, weight, back, normal, lead):
    """The gradients of a norm: back(scaled gradient, input) of the samples, sums over lead of what normal(input) and grad give."""
    g = call.full(grad)
    gradient = back(g * _by_weight(call, weight, grad.dim()), call.full(input))
    normalised = normal(call.value(input))
    return gradient, (g * normalised).sum(lead) if lead else g * normalised, g.sum(lead) if lead else g


@rule("_layer_norm_backward", "_fused_rms_norm_backward")
def _rows_backward(call, name, args):
    grad, input, shape, *stats, weight, eps = args
    stats = [call.full(t) for t in stats]

    def back(g, x):
        return run(name, (g, x, shape, *stats, None, eps))[0]

    def normal(x):
        if len(stats) == 1:
            return run("_fused_rms_norm", (x, shape, None, eps))[0]
        return run("native_layer_norm", (x, shape, None, None, eps))[0]

    made = _over_rows(call, grad, input, weight, back, normal, tuple(range(1, grad.dim() - len(shape) + 1)))
    return made[: len(stats) + 1]


@rule("_group_norm_backward")
def _group_norm_backward(call, name, args):
    grad, input, mean, rstd, weight, n, channels, pixels, groups, eps = args
    stats = [call.full(t).flatten(0, 1) for t in (mean, rstd)]
    wide = None if weight is None else weight.reshape(*weight.shape, *(1,) * (grad.dim() - 2))

    def back(g, x):
        joined = (g.flatten(0, 1), x.flatten(0, 1), *stats, None, n * call.size, channels, pixels, groups, eps)
        return run(name, joined)[0].reshape(g.shape)

    def normal(x):
        joined = x.reshape(-1, *input.shape[1:])
        return run("_group_norm", (joined, None, None, len(joined), channels, pixels, groups, eps))[0].reshape(x.shape)

    return _over_rows(call, grad, input, wide, back, normal, (1, *range(3, grad.dim() + 1)))


@rule("_batch_norm_backward")
def _batch_norm_backward(call, name, args):
    grad, input, mean, rstd, weight, *rest = args
    g, x = (call.full(t).movedim(0, 1).flatten(1, 2) for t in (grad, input))
    wide = [None if t is None else call.full(t).reshape(-1) for t in (mean, rstd, weight)]
    gradient, *sums = run(name, (g, x, *wide, *rest))
    channels = input.shape[1]
    return gradient.unflatten(1, (call.size, channels)).movedim(1, 0), *(s.reshape(call.size, channels) for s in sums)


@rule("_nll_loss_backward")
def _nll_backward(call, name, args):
    grad, sizes, target, weight, reduction, ignore, total = args
    at = 0 if len(sizes) == 1 else 1  # the dim of the classes
    chosen = target.ne(ignore)
    safe = wg.where(chosen, target, 0)
    share = grad / total if reduction == 1 else grad
    share = share * chosen if weight is None else share * (weight.take(safe) * chosen)
    return call.value(wg.zeros(sizes, dtype=grad.dtype).scatter(at, safe.unsqueeze(at), -share.unsqueeze(at)))
