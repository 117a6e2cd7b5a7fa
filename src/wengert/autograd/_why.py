"""Why a gradient is what it is: answers for people."""

import sys

from .. import _core
from ._lines import at, cut_of, cuts_in, history, line_of

# Ops (by the name of their node) that are flat somewhere, and those whose derivative is infinite somewhere.
_FLAT = {
    "Relu": "negative inputs",
    "Clamp": "inputs beyond the bounds",
    "Hardtanh": "inputs beyond the bounds",
    "Relu6": "inputs beyond the bounds",
    "Hardsigmoid": "inputs beyond the bounds",
    "Threshold": "inputs under the threshold",
    "Sigmoid": "large inputs",
    "Tanh": "large inputs",
    "Softmax": "one input far above the others",
    "Round": "all inputs",
    "Floor": "all inputs",
    "Ceil": "all inputs",
    "Sign": "all inputs",
    "MaskedFill": "masked elements",
    "Dropout": "dropped elements",
}
_STEEP = {
    "Log": "inputs <= 0",
    "Log2": "inputs <= 0",
    "Log10": "inputs <= 0",
    "Log1P": "inputs <= -1",
    "Sqrt": "inputs <= 0",
    "Rsqrt": "inputs <= 0",
    "Pow": "a zero base under a power below 1",
    "Div": "a zero divisor",
    "Reciprocal": "zeros",
    "Exp": "inputs above 88",
    "Acos": "inputs at or beyond 1",
    "Asin": "inputs at or beyond 1",
    "Atanh": "inputs at or beyond 1",
    "Logsumexp": "rows of -inf",
    "Softmax": "rows of -inf",
    "LogSoftmax": "rows of -inf",
    "LinalgVectorNorm": "vectors of zeros",
    "Where": "a nan in the branch that is not chosen",
}


class Answer(str):
    """A sentence that shows itself without quotes."""

    __slots__ = ()

    def __repr__(self):
        return str(self)


def why(tensor, loss=None):
    """Says why a gradient is None, zero, nan or inf: never asked for, cut, unused, or made so by an op.

    tensor: a leaf (its .grad is looked at), any tensor that "does not require grad", or a module (of which each
    parameter is asked about); loss: what backward was called on (default: the results that the caller's variables
    hold). Returns a sentence; for a module one a line.

    >>> import wengert
    >>> w = wengert.ones(1)
    >>> why(w)
    requires_grad is False, so no gradient is computed: call requires_grad_() on it before the forward pass
    """
    outputs = _results_in(sys._getframe(1)) if loss is None else [loss]
    if hasattr(tensor, "named_parameters"):
        return Answer("\n".join(f"{name}: {_why(p, outputs, loss)}" for name, p in tensor.named_parameters()))
    return Answer(_why(tensor, outputs, loss))


def _why(tensor, outputs, loss):
    if not tensor.requires_grad:
        cut = cut_of(tensor)
        if cut:
            return f"does not require grad: {cut[0]}" + (f"; to mend it, {cut[1]}" if cut[1] else "")
        return "requires_grad is False, so no gradient is computed: call requires_grad_() on it before the forward pass"
    if not tensor.is_leaf and not tensor.retains_grad:
        node = tensor.grad_fn
        return (
            f"not a leaf: it was made by {node.name()}{at(node._place)}; call retain_grad() on it to keep its gradient"
        )
    if tensor.grad is None:
        return _none(tensor, outputs, loss)
    return _values(tensor, outputs)


def _results_in(frame):
    """The results of recorded ops that the variables of a frame hold."""
    held = list(frame.f_locals.values())
    return [v for v in held if isinstance(v, _core.Tensor) and v.grad_fn is not None]


def _between(tensor, outputs):
    """The nodes on the way from the outputs to a tensor, newest first."""
    reach, found = set(), []
    for node in sorted(history(outputs), key=lambda n: -1 if hasattr(n, "variable") else n._sequence_nr()):
        own = tensor.grad_fn is node if tensor.grad_fn is not None else getattr(node, "variable", None) is tensor
        if own or any(id(n) in reach for n, _ in node.next_functions):
            reach.add(id(node))
            found.append(node)
    return found[::-1]


def _none(tensor, outputs, loss):
    apart = [o for o in outputs if not _between(tensor, [o])]
    cuts = cuts_in(apart)
    what = "the loss does" if loss is not None else "a result that the caller holds does"
    if cuts:
        return f"grad is None: {what} not depend on it: it was not used, or only before the graph was cut: {'; '.join(cuts[:3])}"
    if len(apart) < len(outputs):
        return "grad is None: a graph that uses it exists, but no backward pass has reached it since it was made or cleared"
    if not outputs:
        return "grad is None: no backward pass has reached it since it was made or cleared"
    return f"grad is None: {what} not depend on it: it was not used to make it, or only as a copy"


def _suspects(tensor, outputs, table):
    """The ops on the way that a table names, with their lines."""
    found = {}
    for node in _between(tensor, outputs):
        kind = node.name().partition("Backward")[0]
        if kind in table and node._place is not None:
            found[f"{node.name()} at {line_of(node._place)} ({table[kind]})"] = True
    return list(found)[:4]


def _values(tensor, outputs):
    g = tensor.grad
    for name, found in (("nan", g.isnan()), ("inf", g.isinf())):
        n = int(found.sum())
        if n:
            suspects = _suspects(tensor, outputs, _STEEP)
            where = f"; it passed {', '.join(suspects)}" if suspects else ""
            return (
                f"grad has {n} {name} of {g.numel()} elements{where}: run the step inside autograd.detect_anomaly() to get the op and line"
                " (a where() whose unselected branch is nan gives nan too: clean the input of that branch)"
            )
    if not bool((g != 0).any()):
        suspects = _suspects(tensor, outputs, _FLAT)
        if suspects:
            return f"grad is all zero: it passed {', '.join(suspects)}"
        return "grad is all zero: every path to it passes an op that is flat there (relu at negative inputs, clamp, rounding, a saturated sigmoid)"
    return f"grad is finite and not all zero: largest absolute value {float(g.abs().max()):.3g}"
