"""Why a gradient is what it is: lines for errors, and answers for people."""

import linecache
import os
import sys
import warnings

from . import _core

_PACKAGE = os.path.dirname(os.path.abspath(__file__)) + os.sep


def line_of(place):
    """ "file:line in function: code" of a node's place, or None."""
    if place is None:
        return None
    file, line, function = place
    code = linecache.getline(file, line or 0).strip()
    where = f"{os.path.relpath(file) if os.path.isabs(file) and file.startswith(os.getcwd()) else file}:{line}"
    inside = f" in {function}" if function != "<module>" else ""
    return f"{where}{inside}" + (f": {code}" if code else "")


def user_stack():
    """The lines of user code that are running, as traceback prints them (anomaly mode)."""
    import traceback

    frame = sys._getframe(1)
    return [line for line in traceback.format_stack(frame) if f'File "{_PACKAGE}' not in line]


def _append(error, text):
    if error.args and isinstance(error.args[0], str) and "\n  created at " not in error.args[0]:
        error.args = (error.args[0] + text, *error.args[1:])


def annotate(node, error):
    """Adds to an exception that leaves a node's backward where the node was made, and the likeliest fix."""
    if _core.anomaly()[0]:
        stack = node.metadata.get("traceback_")
        text = "".join(stack) if stack else f"  {line_of(node._place)}\n"
        warnings.warn(
            f"Error detected in {node.name()}. Traceback of forward call that caused the error:\n{text}", stacklevel=3
        )
    if not isinstance(error, RuntimeError):
        return
    message, place = str(error), line_of(node._place)
    text = f"\n  created at {place}" if place else ""
    if "modified by an inplace operation" in message:
        writer = overwritten_at(node)
        text += f"\n  saved by {node.name()} at that line" if place else ""
        text += f"\n  overwritten at {writer}" if writer else ""
        text += "\n  likeliest fix: use the out-of-place form of the op that overwrote it, or clone() the tensor before"
    elif "backward through the graph a second time" in message:
        text += (
            "\n  the graph that was freed contains this node: a tensor of an earlier iteration is still in use"
            "\n  likeliest fix: detach() the tensor that is carried over; retain_graph=True only if both passes are meant"
        )
    _append(error, text)


def overwritten_at(node):
    """The line that last wrote a tensor which node had saved, if it was recorded."""
    for name in node._saved_names:
        writer = _core.last_writer(node, name)
        if writer is not None:
            return line_of(writer)
    return None


class Answer(str):
    """A sentence that shows itself without quotes."""

    __slots__ = ()

    def __repr__(self):
        return str(self)


def _history(tensor):
    seen, stack, nodes = set(), [tensor.grad_fn], []
    while stack:
        node = stack.pop()
        if node is None or id(node) in seen:
            continue
        seen.add(id(node))
        nodes.append(node)
        stack.extend(n for n, _ in node.next_functions)
    return nodes


def why(tensor, loss=None):
    """Says why a gradient is None, zero, nan or inf: never asked for, cut, unused, or made so by an op.

    tensor: a leaf (its .grad is looked at), or any tensor that "does not require grad"; loss: what backward was called
    on, if its graph was retained. Returns a sentence.

    >>> import wengert
    >>> w = wengert.ones(1)
    >>> why(w)
    requires_grad is False, so no gradient is computed: call requires_grad_() on it before the forward pass
    """
    if not tensor.requires_grad:
        place = _core.cut_place(tensor)
        if place is not None:
            reason, where = place
            return Answer(f"does not require grad: {reason} at {line_of(where)}")
        return Answer(
            "requires_grad is False, so no gradient is computed: call requires_grad_() on it before the forward pass"
        )
    if not tensor.is_leaf:
        return Answer(
            f"not a leaf: it was made by {tensor.grad_fn.name()} at {line_of(tensor.grad_fn._place)}; "
            "call retain_grad() on it to keep its gradient"
        )
    g = tensor.grad
    if g is None:
        if loss is not None and not any(
            getattr(n, "variable", None) is tensor for n in _history(loss) if n.name().endswith("AccumulateGrad")
        ):
            return Answer(
                "grad is None: the loss does not depend on it; it was not used, or the path was cut by detach(), .data, no_grad or item()"
            )
        return Answer("grad is None: no backward pass has reached it since it was made or cleared")
    return Answer(_values(g))


def _values(g):
    for name, found in (("nan", g.isnan()), ("inf", g.isinf())):
        n = int(found.sum())
        if n:
            return (
                f"grad has {n} {name} of {g.numel()} elements: run the step inside autograd.detect_anomaly() to get the op and line"
                " (a where() whose unselected branch is nan gives nan too: clean the input of that branch)"
            )
    if not bool((g != 0).any()):
        return "grad is all zero: every path to it passes an op that is flat there (relu at negative inputs, clamp, rounding, a saturated sigmoid)"
    return f"grad is an ordinary number: largest absolute value {float(g.abs().max()):.3g}"
