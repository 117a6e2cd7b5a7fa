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
