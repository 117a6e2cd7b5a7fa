"""The chain rule in words: the two columns of a small graph's Wengert list, with the numbers that flow in each step."""

import re

from wengert.viz._graph import graph, saved_tensors, shape_text
from wengert.viz._rules import BROADCASTING, RULES, SAVED_INPUT

_HEADER = (
    "The left column is the program as it ran, read downwards. The right one is the chain rule, read upwards:\n"
    "each step takes the gradient dv that has arrived at its value v and adds to those of its inputs."
)


class Explanation(str):
    """A text that shows itself as it is, also where Python would show its ``repr``."""

    __slots__ = ()

    def __repr__(self):
        return str(self)


def _number(value):
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _short(t):
    """A tensor in a word or two: its numbers if they are few, else its shape and norm."""
    t = t.detach()
    if t.numel() == 1:
        return _number(t.item())
    if t.dim() == 1 and t.numel() <= 4:
        return "[" + ", ".join(map(_number, t.tolist())) + "]"
    return f"({shape_text(t.shape)}, norm {_number(float(t.double().norm()))})"


def _gradients(t, operations, leaves):
    """Sweep once, keeping the graph: what each operation passes on, and what each leaf receives, by node number."""
    import wengert as wg

    passed = {}

    def watch(number):
        return lambda grad_inputs, grad_outputs: passed.update({number: grad_inputs})

    handles = [n.grad_fn.register_hook(watch(n.number)) for n in operations]
    try:
        arrived = wg.autograd.grad(t, [n.grad_fn.variable for n in leaves], wg.ones_like(t), retain_graph=True)
    finally:
        for handle in handles:
            handle.remove()
    return passed, {n.number: grad for n, grad in zip(leaves, arrived)}


class _Trace:
    """The steps of a graph in the order they ran, and the names v1, v2, … of their values."""

    def __init__(self, t, nodes):
        self.leaves = [n for n in reversed(nodes) if n.kind in ("leaf", "parameter")]
        self.operations = sorted((n for n in nodes if n.kind == "op"), key=lambda n: n.grad_fn._sequence_nr())
        self.steps = self.leaves + self.operations
        self.name = {n.number: n.title if n.kind == "parameter" else f"v{k}" for k, n in enumerate(self.steps, 1)}
        self.node_of = {n.grad_fn: n for n in self.steps}
        self.saved = {n.number: self._saved_inputs(n) for n in self.operations}
        self.values = {n.number: n.grad_fn.variable for n in self.leaves}
        self.values[nodes[0].inputs[0]] = t
        self._collect_values()
        self.passed, self.arrived = _gradients(t, self.operations, self.leaves)

    @staticmethod
    def _saved_inputs(node):
        """Which inputs an operation kept, by place: a tensor or a number."""
        kept = {}
        for name, place in SAVED_INPUT.items():
            value = getattr(node.grad_fn, f"_saved_{name}", None)
            if hasattr(value, "numel") or isinstance(value, (int, float)):
                kept[place] = value
        return kept

    def _collect_values(self):
        """A value is known where its own node or one that uses it has kept it."""
        for node in self.operations:
            for name, tensor in saved_tensors(node.grad_fn):
                if name == "result":
                    self.values.setdefault(node.number, tensor)
            for place, (used, _) in enumerate(node.grad_fn.next_functions):
                tensor = self.saved[node.number].get(place)
                if used is not None and hasattr(tensor, "numel"):
                    self.values.setdefault(self.node_of[used].number, tensor)

    def operands(self, node):
        """The inputs by name; one that needs no gradient by its numbers if they were kept, else as ``const``."""
        names, kept = [], self.saved[node.number]
        edges = [used for used, _ in node.grad_fn.next_functions]
        for place in range(max(len(edges), *(k + 1 for k in kept), 0) if kept else len(edges)):
            if place < len(edges) and edges[place] is not None:
                names.append(self.name[self.node_of[edges[place]].number])
            elif place not in kept:
                names.append("const")
            else:
                value = kept[place]
                few = not hasattr(value, "numel") or value.numel() == 1 or (value.dim() == 1 and value.numel() <= 4)
                names.append((_short(value) if hasattr(value, "numel") else _number(value)) if few else "const")
        return names

    def rule(self, node, names):
        """The formulas of an operation with the trace's names in them, or None where there are none."""
        word = re.sub(r"Backward\d*$", "", node.name)
        scale = (getattr(node.grad_fn, name, 1) for name in ("_saved_alpha", "_saved_beta"))
        if word not in RULES or any(value != 1 for value in scale):
            return None
        own = self.name[node.number]
        known = dict(zip("abc", [*names, "const", "const", "const"]), y=own, d=f"d{own}")
        rule = [formula.format(**known) for formula in RULES[word]]
        exponent = self.saved[node.number].get(1)
        if word == "Pow" and isinstance(exponent, (int, float)):
            less = {1: "1", 2: known["a"]}.get(exponent, f"{known['a']}^{_number(exponent - 1)}")
            rule[1] = f"{known['d']} · {known['b']} · {less}"
        return rule

    def forward(self, node):
        """``v3 = w · 2 = 6``"""
        name, value = self.name[node.number], self.values.get(node.number)
        said = [name]
        if node.kind == "op":
            operands = self.operands(node)
            rule = self.rule(node, operands)
            said.append(rule[0] if rule else f"{node.title}({', '.join(operands)})")
        elif node.kind == "leaf":
            said[0] += " (leaf)"
        if value is not None:
            said.append(_short(value))
        return " = ".join(said) + ("" if value is not None else f"  ({shape_text(node.shape or ())})")

    def reverse(self, node):
        """A line for each input that needs a gradient, such as ``dw += dv3 · 2 = 2``; for a leaf, what it receives."""
        if node.kind != "op":
            return [f"d{self.name[node.number]} = {_short(self.arrived[node.number])}"]
        rule = self.rule(node, self.operands(node))
        word = re.sub(r"Backward\d*$", "", node.name)
        lines = []
        for place, (used, _) in enumerate(node.grad_fn.next_functions):
            if used is None:
                continue
            target = self.node_of[used]
            known = rule is not None and place + 1 < len(rule)
            line = f"d{self.name[target.number]} += "
            line += rule[place + 1] if known else f"{node.title}'s rule of d{self.name[node.number]}"
            if word in BROADCASTING and target.shape is not None and target.shape != node.shape:
                line += ", summed to its shape"
            grads = self.passed.get(node.number, ())
            if place < len(grads) and grads[place] is not None:
                line += f" = {_short(grads[place])}"
            lines.append(line)
        return lines


def _columns(trace, last):
    """The rows of the two columns; steps are numbered down the left one and on, up the right one."""
    left = [trace.forward(node) for node in trace.steps]
    right = [trace.reverse(node) for node in trace.steps]
    number = len(left) + 2 + sum(len(lines) for lines in right)
    wide = max(len("forward"), *(len(text) + 5 for text in left)) + 3
    rows = [f"{'forward':<{wide}}reverse", f"{'-------':<{wide}}-------"]
    for k, (text, lines) in enumerate(zip(left, right), 1):
        for j, line in enumerate(lines):
            number -= 1
            rows.append(f"{f'{k:>3}  {text}' if j == 0 else '':<{wide}}{number:>3}  {line}")
    rows.append(f"{'':<{wide}}{number - 1:>3}  d{last} = 1")
    return rows


def explain(t, params=None, limit=60):
    """The forward and the reverse trace of the graph behind ``t``, as text in two columns.

    ``params`` names leaves as in :func:`graph`. The sweep runs once for the numbers (from a gradient of 1) and leaves
    every ``.grad`` and the graph as they were. Raises ValueError for a graph of more than ``limit`` nodes.

    >>> import wengert as torch
    >>> w = torch.tensor(3.0, requires_grad=True)
    >>> print(str(torch.viz.explain(w * 2, params={"w": w})).split("\\n\\n")[1])
    forward               reverse
    -------               -------
      1  w = 3              5  dw = 2
      2  v2 = w · 2 = 6     4  dw += dv2 · 2 = 2
                            3  dv2 = 1
    """
    trace = _Trace(t, graph(t, params, limit).nodes)
    last = trace.name[trace.node_of[t.grad_fn].number]
    return Explanation("\n".join([_HEADER, "", *_columns(trace, last)]))
