"""Tangents that have a formula of their own, in torch's order of operations: {op: f(tangents, primals, output)}."""

import functools
import operator

from .. import _core as core


def _weights(x, dim):
    """exp(x), over its maximum along a dim."""
    return (x - (x.real if x.is_complex() else x).amax(dim, True)).exp()


def _weighted_mean(tangent, x, dim):
    weight = _weights(x, dim)
    return (weight * tangent).sum(dim, True) / weight.sum(dim, True)


def _logcumsumexp(tangents, primals, _):
    """A running mean, weighted by exp(x)."""
    x, dim = primals
    if x.dim() == 0:
        return tangents[0]
    weight = _weights(x, dim)
    return (tangents[0] * weight).cumsum(dim) / weight.cumsum(dim)


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


FORMULAS = {
    "div": _div,
    "logcumsumexp": _logcumsumexp,
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
