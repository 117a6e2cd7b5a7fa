"""Tangents that have a formula of their own, in torch's order of operations: {op: f(tangents, primals, output)}."""

import functools
import operator

from .. import _core as core


def _weights(x, dim):
    """exp(x), over its maximum along a dim."""
    if x.numel() == 0:
        return x.exp()
    return (x - (x.real if x.is_complex() else x).amax(dim, True)).exp()


def _weighted_mean(tangent, x, dim):
    weight = _weights(x, dim)
    return (weight * tangent).sum(dim, True) / weight.sum(dim, True)


def _logcumsumexp(tangents, primals, _):
    """A running mean, weighted by exp(x). Complex weights are not scaled, and their sum is kept from zero."""
    x, dim = primals
    if x.dim() == 0:
        return tangents[0]
    weight = x.exp() if x.is_complex() else _weights(x, dim)
    total = weight.cumsum(dim)
    return (tangents[0] * weight).cumsum(dim) / (total + 1e-13 if x.is_complex() else total)


def _logsumexp(tangents, primals, y):
    x, dim, *_ = primals
    return _weighted_mean(tangents[0], x, dim).reshape(y.shape)


def _softmax(tangents, primals, y):
    return y * (tangents[0] - _weighted_mean(tangents[0], primals[0], primals[1]))


def _log_softmax(tangents, primals, _):
    return tangents[0] - _weighted_mean(tangents[0], primals[0], primals[1])


def _div(tangents, primals, y):
    upper, lower = tangents[:2]
    if lower is None:
        total = upper
    else:
        total = -(lower * y) if upper is None else upper - lower * y
    return (total / primals[1]).expand(y.shape)


def _or_zero(tangent, like):
    return like.new_zeros(like.shape) if tangent is None else tangent


def _chosen(first):
    """The tangent of a choice between two tensors: the second's, moved by a part of the difference."""

    def tangent(tangents, primals, y):
        mine, other = (_or_zero(t, p) for t, p in zip(tangents, primals))
        return (other + first(*primals[:2]) * (mine - other)).expand(y.shape)

    return tangent


def _halves_of_ties(above):
    return lambda a, b: above(a, b).to(a.dtype).masked_fill(a == b, 0.5)


def _sum(parts):
    parts = [part for part in parts if part is not None]
    return functools.reduce(operator.add, parts) if parts else None


def _times(number, tangent):
    return tangent if number == 1 or tangent is None else tangent * number


def _lerp(tangents, primals, y):
    mine, end, weight = primals
    moved = None
    if tangents[0] is not None or tangents[1] is not None:
        moved = core.run("lerp", (_or_zero(tangents[0], mine), _or_zero(tangents[1], end), weight))
    by_weight = tangents[2] * (end - mine) if len(tangents) > 2 and tangents[2] is not None else None
    return _sum((moved, by_weight)).expand(y.shape)


def _addr(tangents, primals, y):
    beta, alpha = (*primals[3:], *(1, 1)[len(primals) - 3 :])
    first, second = primals[1], primals[2]
    by_first = None if tangents[1] is None else _times(alpha, tangents[1].outer(second))
    by_second = None if tangents[2] is None else _times(alpha, first.outer(tangents[2]))
    by_self = _times(beta, tangents[0])
    return _sum((by_self if by_self is None else by_self.expand(y.shape), by_first, by_second))


def _cumprod(tangents, primals, y):
    """The sum so far of t / x, times y, which only half precision needs: the general rule rounds less. From the first
    zero on: the product with its tangent in its place."""
    (t, *_), (x, dim, *_) = tangents, primals
    again = core.payload(x) is not None or x.requires_grad or t.requires_grad  # the zeros' part has no derivative
    if x.dtype not in (core.float16, core.bfloat16) or again or x.dim() == 0:
        return NotImplemented
    zero = x == 0
    zeros = zero.cumsum(dim)
    first = zero & (zeros == 1)
    return ((t / x).cumsum(dim) * y).where(zeros == 0, t.where(first, x).cumprod(dim))


def _convolution(op):
    """Two convolutions, each rounded; one is a transposed one."""

    def tangent(tangents, primals, y):
        x, weight, _, *rest = primals
        by_x = None if tangents[0] is None else core.run(op, (tangents[0], weight, None, *rest))
        bias = tangents[2]
        if tangents[1] is None and bias is None:
            return by_x
        return _sum((by_x, core.run(op, (x, _or_zero(tangents[1], weight), bias, *rest))))

    return tangent


def _loss(slope):
    """Of a loss of two tensors, in half precision: every element's tangents by both, then their mean or sum. slope:
    (tangent, tensor, the other, …) -> the loss's tangent."""

    def tangent(tangents, primals, y):
        x, target, reduction, *numbers = primals
        mine, other = tangents[:2]
        again = any(
            t is not None and (core.payload(t) is not None or t.requires_grad) for t in (x, target, mine, other)
        )
        if x.dtype not in (core.float16, core.bfloat16) or again:
            return NotImplemented
        total = _sum(
            None if t is None else slope(t, a, b, *numbers) for t, a, b in ((mine, x, target), (other, target, x))
        )
        return total if reduction == 0 else total.mean() if reduction == 1 else total.sum()

    return tangent


def _smooth_slope(t, a, b, beta):
    moved = a.float() - b.float()
    return (t.float() * ((moved / beta).clamp(-1, 1) if beta else moved.sign())).to(t.dtype)


def _soft_margin(tangents, primals, y):
    (x, target, reduction), t = primals, tangents[0]
    if t is None:
        return None
    total = core.run("_soft_margin_backward", (t, x, target, 0))
    return total if reduction == 0 else total.mean() if reduction == 1 else total.sum()


def _normalised(dims, t, moved, rstd):
    """The tangents of moved * rstd and of rstd, where moved has lost its mean over dims."""
    centred, n = t - t.mean(dims, True), moved.numel() // max(rstd.numel(), 1)
    by_rstd = -(centred * moved * rstd.pow(3)).sum(dims, True) / n
    return centred * rstd + moved * by_rstd, by_rstd


def _scaled_and_shifted(value, tangent, weight, bias_tangent, weight_tangent):
    """The tangent of value * weight + bias, all shaped alike."""
    tangent = tangent if weight is None or tangent is None else tangent * weight
    return _sum((tangent, None if weight_tangent is None else value * weight_tangent, bias_tangent))


def _norm(split):
    """Norms in half precision: torch's formula. split: (x, weight, ...) -> x and the statistics shaped to
    broadcast, the dims of the mean, how a tensor over channels is shaped, whether the statistics are constant."""

    def tangent(tangents, primals, outs):
        x, (y, mean, rstd) = primals[0], outs
        again = any(t is not None and (core.payload(t) is not None or t.requires_grad) for t in (*tangents, x))
        if x.dtype not in (core.float16, core.bfloat16) or again:
            return NotImplemented
        shape, sizes, dims, wide, at, fixed = split(primals)
        rstd = 1 / (rstd**-2).to(x.dtype).sqrt() if fixed and rstd.dtype != x.dtype else rstd
        mean, rstd = (s.reshape(sizes).to(x.dtype) for s in (mean, rstd))
        moved = x.reshape(shape) - mean
        by_x = None
        if tangents[0] is not None:
            t = tangents[0].reshape(shape)
            by_x = (t * rstd if fixed else _normalised(dims, t, moved, rstd)[0]).reshape(x.shape)
        value = (moved * rstd).reshape(x.shape)
        weight, *others = (None if t is None else wide(t) for t in (primals[at], tangents[at + 1], tangents[at]))
        found = _scaled_and_shifted(value, by_x, weight, *others)
        return (None if found is None else found.expand(y.shape)), None, None

    return tangent


def _layer(primals):
    x, shape = primals[:2]
    dims = list(range(-len(shape), 0))
    return x.shape, [*x.shape[: -len(shape)], *(1 for _ in dims)], dims, (lambda t: t), 2, False


def _over_channels(x):
    return lambda t: t.reshape([1, -1] + [1] * (x.dim() - 2))


def _batch(primals):
    x, training = primals[0], primals[5]
    dims, sizes = [d for d in range(x.dim()) if d != 1], [1, -1] + [1] * (x.dim() - 2)
    return x.shape, sizes, dims, _over_channels(x), 1, not training


def _group(primals):
    x, rows = primals[0], primals[3] * primals[6]
    return [1, rows, x.numel() // max(rows, 1)], [1, rows, 1], [0, 2], _over_channels(x), 1, False


FORMULAS = {
    "mse_loss": _loss(lambda t, a, b: (a - b) * 2 * t),
    "huber_loss": _loss(lambda t, a, b, delta: (a - b).clamp(-delta, delta) * t),
    "_smooth_l1_loss": _loss(_smooth_slope),
    "soft_margin_loss": _soft_margin,
    "native_layer_norm": _norm(_layer),
    "_batch_norm": _norm(_batch),
    "_group_norm": _norm(_group),
    "div": _div,
    "logcumsumexp": _logcumsumexp,
    "logsumexp": _logsumexp,
    "softmax.int": _softmax,
    "log_softmax.int": _log_softmax,
    "maximum": _chosen(_halves_of_ties(operator.gt)),
    "minimum": _chosen(_halves_of_ties(operator.lt)),
    "fmax": _chosen(lambda a, b: (a > b) | b.isnan()),
    "fmin": _chosen(lambda a, b: (a <= b) | b.isnan()),
    "lerp": _lerp,
    "addr": _addr,
    "cumprod": _cumprod,
    "_conv": _convolution("_conv"),
    "_conv_input": _convolution("_conv_input"),
}


_NO_TANGENT = (
    "Trying to use forward AD with {} that does not support it because it has not been implemented yet.\nPlease file an issue to PyTorch at "
    "https://github.com/pytorch/pytorch/issues/new?template=feature-request.yml so that we can prioritize its implementation or submit a PR "
    "adding the implementation to derivatives.yaml"
)


def without_tangent(declared, error):
    """The error of forward mode in the place of one that says that an op has no derivative."""
    text = str(error)
    if isinstance(error, NotImplementedError) and text.startswith("the derivative for '"):
        import wengert as wg

        name = declared.name if hasattr(wg, declared.name) else f"special_{declared.name}"
        return NotImplementedError(_NO_TANGENT.format(name))
    if text.startswith("derivative for aten::"):
        return NotImplementedError(f"Trying to use forward AD with {text.split()[2]} that does not support it.")
    return error
