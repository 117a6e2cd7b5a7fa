"""What errors of autograd add to torch's sentence: lines of the user's code, and the likeliest fix."""

import linecache
import os
import re
import sys
import warnings

from .. import _core

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_FIX = "\n  likeliest fix: "
_HOOK = re.compile(r"hook '[^']*' has |expected (Variable|tuple), but hook returned ")
_HOOK_RETURNS = (
    "return None, or a gradient (of a node: a tuple of them) with the shape and dtype of what the hook is given"
)

# By what cut a graph (the sentences of core/tape.h).
_MEND = {
    "made by {op} (no derivative)": "use a differentiable op in its place, or take the loss of what went into it",
    "made by {op} (integer result)": "keep the tensor floating point: integers have no gradient",
    "made under no_grad": "move the line out of the no_grad block (or out of set_grad_enabled(False))",
    "made under inference_mode": "use neither inference_mode nor no_grad where a gradient is wanted",
    "`.detach()`": "leave detach() out where the gradient is to pass",
    "`.detach_()`": "leave detach_() out where the gradient is to pass",
    "`.data`": "use the tensor itself in place of its .data",
    "rebuilt by tensor(...)": "use the tensor itself, or torch.stack for several: tensor(...) copies numbers only",
    "a number taken out by `.item()`": "use the tensor in place of its item(): a Python number has no history",
    "a gradient made without create_graph=True": "pass create_graph=True to the autograd.grad() that made it",
    "made a new leaf": "use the tensor itself: a Parameter made of it starts a graph of its own",
}


def line_of(place):
    """ "file:line in function: code" of a node's place, or None."""
    if place is None:
        return None
    file, line, function = place
    code = linecache.getline(file, line or 0).strip()
    where = f"{os.path.relpath(file) if os.path.isabs(file) and file.startswith(os.getcwd()) else file}:{line}"
    inside = f" in {function}" if function != "<module>" else ""
    return f"{where}{inside}" + (f": {code}" if code else "")


def at(place):
    """The same with " at ", or nothing where it is not known."""
    line = line_of(place)
    return f" at {line}" if line else ""


def cut_of(cut):
    """ "made by argmax (no derivative) at model.py:31" of a tensor, or of what went into a node; and how to mend it."""
    found = _core.cut_of(cut)
    if found is None:
        return None
    how, op, place = found
    op = {"_to_copy": "to"}.get(op, op.partition(".")[0]) if op else op
    if op == "detach":
        how = "`.detach()`"
    return how.format(op=op) + at(place), _MEND.get(how, "")


def where_cut(tensor):
    """What to add to an error about a tensor that does not require grad."""
    if not isinstance(tensor, _core.Tensor):
        return ""
    found = cut_of(tensor)
    if found is None:
        return f"\n  nothing that it was made of requires grad{_FIX}call requires_grad_() on what is to be differentiated, before the forward pass"
    return f"\n  cut: {found[0]}" + (_FIX + found[1] if found[1] else "")


def made_at(tensor):
    """ "MulBackward0 at file:line" of a tensor with a history, else "a leaf"."""
    node = tensor.grad_fn
    return "a leaf" if node is None else f"{node.name()}{at(node._place)}"


def not_scalar(tensor):
    """What to add where backward() was called on many elements."""
    return (
        f"\n  it has shape {list(tensor.shape)} and was made by {made_at(tensor)}"
        f"{_FIX}reduce it with sum() or mean() first, or pass the gradient of each element to backward()"
    )


def unused(tensor, outputs):
    """What to add where a tensor is not in the graph of the outputs: the cuts that lie on the way."""
    cuts = cuts_in(outputs)
    seen = "".join(f"\n  the graph was cut: {text}" for text in cuts[:3])
    mend = "make the outputs from the very tensor that is passed (not from a copy or an earlier one of its name)"
    return f"\n  the tensor is {made_at(tensor)}{seen}{_FIX}" + ("let the gradient pass there" if cuts else mend)


def history(outputs):
    """The nodes behind tensors, newest first in each path, each once."""
    seen, nodes = set(), []
    stack = [t.grad_fn for t in outputs if isinstance(t, _core.Tensor)]
    while stack:
        node = stack.pop()
        if node is None or id(node) in seen:
            continue
        seen.add(id(node))
        nodes.append(node)
        stack.extend(n for n, _ in node.next_functions)
    return nodes


def cuts_in(outputs):
    """Where what went into the graph of the outputs had been cut off from a history, as sentences; each once."""
    found = {}
    for node in history(outputs):
        leaf = getattr(node, "variable", None)
        cut = cut_of(node if leaf is None else leaf)
        if cut:
            found[cut[0]] = True
    return list(found)


def user_stack():
    """The lines of user code that are running, as traceback prints them (anomaly mode)."""
    import traceback

    frame = sys._getframe(1)
    return [line for line in traceback.format_stack(frame) if f'File "{_PACKAGE}' not in line]


def graph_of(tensor, mend):
    """What to add where a tensor with a history is used as one without: what made it, and how to mend it."""
    return f"\n  it was made by {made_at(tensor)}{_FIX}{mend}"


def _warn_of_origin(node):
    """Anomaly mode: where a node was made, and the nodes whose backward passes made it."""
    start, end, what = "Error detected in", "that caused the error", node
    while what is not None:
        stack = what.metadata.get("traceback_")
        if stack:
            text = f"{start} {what.name()}. Traceback of forward call {end}:\n{''.join(stack)}"
        else:
            text = (
                f"{start} {what.name()}. No forward pass information available. Enable detect anomaly during forward pass for "
                "more information."
            )
        try:
            warnings.warn(text, stacklevel=4)
        except Warning:  # turned into an error: that of the pass goes on, this one is shown
            import traceback

            traceback.print_exc()
        start, end = "\n\nPrevious calculation was induced by", "that induced the previous calculation"
        what = what.metadata.get("parent_")


def annotate(node, error):
    """Adds to an exception that leaves a node's backward where the node was made, and the likeliest fix."""
    if _core.anomaly()[0]:
        _warn_of_origin(node)
    if not error.args or not isinstance(error.args[0], str):
        return
    message, place = error.args[0], line_of(node._place)
    if "\n  created at " in message:
        return
    text = f"\n  created at {place}" if place else ""
    if _HOOK.match(message):
        what = "a leaf" if hasattr(node, "variable") else f"the result of {node.name()}"
        error.args = (f"{message}\n  the hook is on {what}{text}{_FIX}{_HOOK_RETURNS}", *error.args[1:])
        return
    if not isinstance(error, RuntimeError):
        return
    if "modified by an inplace operation" in message:
        text += _overwritten(node, place)
    elif "backward through the graph a second time" in message:
        text += _second_time()
    elif "returned an invalid gradient" in message:
        text += f"{_FIX}have its backward return a gradient of the shape of its input"
    elif "returned nan values" in message or "returned inf values" in message:
        text += f"{_FIX}keep the input of that op away from the point where its derivative is infinite (clamp it, or add an eps)"
    error.args = (message + text, *error.args[1:])


def _overwritten(node, place):
    writer = line_of(_core.last_writer(node))
    text = f"\n  saved by {node.name()} at that line" if place else ""
    text += f"\n  overwritten at {writer}" if writer else ""
    if writer and ".step(" in writer:
        return f"{text}{_FIX}call the optimizer's step() after every backward() that needs its parameters as they were"
    return f"{text}{_FIX}use the out-of-place form of the op that overwrote it, or clone() the tensor before"


def _second_time():
    """Names the tensor of an earlier pass that the running pass has come upon."""
    carried = _carried()
    if carried is None:
        return (
            "\n  all of the graph was freed by the backward pass before"
            f"{_FIX}run the forward pass again, or add the losses and call backward() once; "
            "retain_graph=True in the first call only if both passes are meant"
        )
    user, maker = carried
    name = _name_of(maker)
    return (
        f"\n  of an earlier iteration: {f'`{name}`' if name else 'the tensor'} made by {maker.name()}{at(maker._place)}"
        f"\n  it was used again by {user.name()}{at(user._place)}"
        f"{_FIX}{name or 'carried'} = {name or 'carried'}.detach() before it is used again; "
        "retain_graph=True in the earlier backward() only if the gradient is meant to pass there twice"
    )


def _carried():
    """The newest edge from this iteration's nodes into those of an earlier one: (user, maker), or None."""
    roots, border = _core.running_pass()
    seen, stack, best = set(), list(roots), None
    while stack:
        node = stack.pop()
        if id(node) in seen or node._sequence_nr() < border:
            continue
        seen.add(id(node))
        for maker, _ in node.next_functions:
            if maker is None or hasattr(maker, "variable"):
                continue
            if maker._sequence_nr() < border:
                if best is None or maker._sequence_nr() > best[1]._sequence_nr():
                    best = node, maker
            else:
                stack.append(maker)
    return best


def _name_of(node):
    """What the program calls the tensor a node made: a variable that holds it, or the one its line assigns to."""
    frame = sys._getframe(1)
    while frame is not None:
        if not frame.f_code.co_filename.startswith(_PACKAGE):
            for name, value in frame.f_locals.items():
                if isinstance(value, _core.Tensor) and value.grad_fn is node:
                    return name
        frame = frame.f_back
    if node._place is None:
        return None
    assigned = re.match(r"\s*([A-Za-z_][\w.]*)\s*=[^=]", linecache.getline(node._place[0], node._place[1] or 0))
    return assigned and assigned[1]
