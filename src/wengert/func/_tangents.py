"""Tangents that have a formula of their own, in torch's order of operations: {op: f(tangents, primals, output)}."""


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
    upper, lower = tangents
    if lower is None:
        total = upper
    else:
        total = -(lower * y) if upper is None else upper - lower * y
    return (total / primals[1]).expand(y.shape)


FORMULAS = {"div": _div, "logcumsumexp": _logcumsumexp, "softmax.int": _softmax, "log_softmax.int": _log_softmax}
