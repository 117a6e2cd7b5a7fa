"""Batching rules of losses, norms and convolutions: the batch becomes more rows, more channels or more groups."""

import wengert as wg

from .. import _core
from ..ops._declare import OPS
from ._rules import aligned, rule

run = _core.run
NONE, MEAN, SUM = 0, 1, 2


def _reduced(loss, reduction, keep=1):
    """The mean or the sum of every sample's losses."""
    if reduction == NONE:
        return loss
    dims = tuple(range(keep, loss.dim()))
    if not dims:
        return loss
    return loss.mean(dims) if reduction == MEAN else loss.sum(dims)


@rule("mse_loss", "huber_loss", "soft_margin_loss", "_smooth_l1_loss", "_binary_cross_entropy")
def _loss(call, name, args):
    self, target = aligned(call, args[:2])
    return _reduced(run(name, (self, target, NONE, *args[3:])), args[2])


@rule("_soft_margin_backward", "_log_sigmoid_backward")
def _in_python(call, name, args):
    """An op whose body is made of ops that have rules."""
    return call.full(OPS[name].forward(*args))


@rule("_bce_with_logits")
def _bce(call, name, args):
    self, target = aligned(call, args[:2])
    return _reduced(run("_bce_logits", (self, target)), args[2])


@rule("_bce_with_logits_weighted")
def _bce_weighted(call, name, args):
    self, target, weight, pos_weight = aligned(call, args[:4])
    if pos_weight is None:
        loss = run("_bce_logits", (self, target))
    else:
        loss = run("_bce_logits_weighted", (self, target, pos_weight))
    return _reduced(loss if weight is None else loss * weight, args[4])


@rule("nll_loss_forward", "nll_loss2d_forward")
def _nll(call, name, args):
    self, target, weight, reduction, ignore = args
    scores, classes = call.full(self), call.full(target)
    at = 1 if self.dim() == 1 else 2  # the dim of the classes
    chosen = classes.ne(ignore)
    safe = wg.where(chosen, classes, 0)
    if weight is None:
        weights = chosen.to(self.dtype)
    else:
        flat = safe.reshape(call.size, -1)
        weights = call.full(weight).gather(1, flat).reshape(safe.shape) * chosen
    loss = -scores.gather(at, safe.unsqueeze(at)).squeeze(at)
    loss = wg.where(chosen, loss * weights if weight is not None else loss, 0)
    dims = tuple(range(1, loss.dim()))
    total = weights.sum(dims) if dims else weights
    if reduction == NONE:
        return loss, total.new_zeros((call.size,))
    summed = loss.sum(dims) if dims else loss
    return (summed / total if reduction == MEAN else summed), total


def _affine(call, value, weight, bias, rank):
    """value * weight + bias, each of which may differ from sample to sample."""
    if weight is not None:
        value = value * call.at_rank(weight, rank)
    return value if bias is None else value + call.at_rank(bias, rank)


@rule("native_layer_norm")
def _layer_norm(call, name, args):
    input, shape, weight, bias, eps = args
    if call.has(weight) or call.has(bias):
        value, mean, rstd = run(name, (call.full(input), shape, None, None, eps))
        return _affine(call, value, weight, bias, input.dim()), mean, rstd
    return run(name, (call.full(input), shape, weight, bias, eps))


@rule("_fused_rms_norm")
def _rms_norm(call, name, args):
    input, shape, weight, eps = args
    if call.has(weight):
        value, rstd = run(name, (call.full(input), shape, None, eps))
        return _affine(call, value, weight, None, input.dim()), rstd
    return run(name, (call.full(input), shape, weight, eps))


@rule("_group_norm")
def _group_norm(call, name, args):
    input, weight, bias, n, channels, pixels, groups, eps, *_ = args
    value = call.full(input).flatten(0, 1)
    apart = call.has(weight) or call.has(bias)
    inner = (None, None) if apart else (weight, bias)
    value, mean, rstd = run(name, (value, *inner, n * call.size, channels, pixels, groups, eps))
    value = value.unflatten(0, (call.size, n))
    if apart:
        spatial = (1,) * (input.dim() - 2)
        weight, bias = (None if t is None else t.reshape(*t.shape, *spatial) for t in (weight, bias))
        value = _affine(call, value, weight, bias, input.dim())
    return value, mean.unflatten(0, (call.size, n)), rstd.unflatten(0, (call.size, n))


@rule("_group_stats")
def _group_stats(call, name, args):
    made = run(name, tuple(call.full(t).flatten(0, 1) for t in args))
    return tuple(t.unflatten(0, (call.size, -1)) for t in made)


@rule("_batch_norm")
def _batch_norm(call, name, args):
    input, weight, bias, running_mean, running_var, training, momentum, eps = args
    if training and running_mean is not None and not (call.has(running_mean) and call.has(running_var)):
        raise RuntimeError(
            "Batch norm got a batched tensor as input while the running_mean or running_var, which will be updated in place, were not batched.\n"
            "If you are using a module and do not need eval mode, please set `track_running_stats` to be False.If you are using a prebuilt "
            "module and do not need eval mode, please see the functorch website for resources on how to patch your module to work with vmap"
        )
    channels = input.shape[1]
    value = call.full(input).movedim(0, 1)  # (N, batch, C, ...): the samples' channels side by side

    def wide(t):
        return None if t is None else call.full(t).reshape(-1)

    stats = [wide(running_mean), wide(running_var)]
    result, mean, rstd = run(name, (value.flatten(1, 2), wide(weight), wide(bias), *stats, training, momentum, eps))
    if training and running_mean is not None:
        for t, s in zip((running_mean, running_var), stats):
            _core.payload(t).value.copy_(s.reshape(call.size, channels))
    return result.unflatten(1, (call.size, channels)).movedim(1, 0), _split(call, mean), _split(call, rstd)


def _split(call, t):
    return t.reshape(call.size, -1)


@rule("_conv")
def _conv(call, name, args):
    input, weight, bias, stride, padding, dilation, groups, *rest = args
    sizes = rest[0] if rest else None
    if input.dim() != weight.dim():
        return NotImplemented
    if bias is not None:  # added afterwards
        plain = _conv(call, name, (input, weight, None, *args[3:]))
        return plain + call.at_rank(bias.reshape(*bias.shape, *(1,) * (input.dim() - 2)), input.dim())
    if not call.has(weight):  # more images
        value = call.full(input)
        sizes = None if sizes is None else (value.shape[0] * value.shape[1], *sizes[1:])
        made = run(name, (value.flatten(0, 1), weight, None, stride, padding, dilation, groups, sizes))
        return made.unflatten(0, tuple(value.shape[:2]))
    value = call.full(input).movedim(0, 1).flatten(1, 2)  # more groups: the channels of all samples side by side
    sizes = None if sizes is None else (sizes[0], sizes[1] * call.size, *sizes[2:])
    made = run(
        name, (value, call.value(weight).flatten(0, 1), None, stride, padding, dilation, groups * call.size, sizes)
    )
    return made.unflatten(1, (call.size, -1)).movedim(1, 0)


@rule("_conv_input")
def _conv_input(call, name, args):
    grad, weight, bias, sizes, stride, padding, dilation, groups = args
    if bias is not None:
        plain = _conv_input(call, name, (grad, weight, None, *args[3:]))
        return plain + call.at_rank(bias.reshape(*bias.shape, *(1,) * (grad.dim() - 2)), grad.dim())
    if not call.has(weight):
        value = call.full(grad)
        made = run(
            name,
            (
                value.flatten(0, 1),
                weight,
                None,
                (value.shape[0] * value.shape[1], *sizes[1:]),
                stride,
                padding,
                dilation,
                groups,
            ),
        )
        return made.unflatten(0, tuple(value.shape[:2]))
    value = call.full(grad).movedim(0, 1).flatten(1, 2)
    sizes = (sizes[0], sizes[1] * call.size, *sizes[2:])
    made = run(
        name, (value, call.value(weight).flatten(0, 1), None, sizes, stride, padding, dilation, groups * call.size)
    )
    return made.unflatten(1, (call.size, -1)).movedim(1, 0)


@rule("_conv_weight")
def _conv_weight(call, name, args):
    grad, input, sizes, stride, padding, dilation, groups = args
    g, x = (call.full(t).movedim(0, 1).flatten(1, 2) for t in (grad, input))
    made = run(name, (g, x, (sizes[0] * call.size, *sizes[1:]), stride, padding, dilation, groups * call.size))
    return made.unflatten(0, (call.size, -1))


@rule("_conv_bias")
def _conv_bias(call, name, args):
    value = call.full(args[0])
    return value.sum((1, *range(3, value.dim())))
