"""Walk the graph behind a tensor through torch's public node interface, and hold it as plain data."""

import re
from pathlib import Path


class Node:
    """One box of the picture: an operation, a leaf that collects a gradient, or the tensor that was asked about.

    ``kind`` is "op", "parameter", "leaf" or "output"; ``inputs`` are the numbers of the nodes it was computed from;
    ``saved`` lists what it keeps for backward as ``(name, shape, bytes)``; ``place`` is the line of code that made it.
    """

    __slots__ = (
        "dtype",
        "freed",
        "grad_fn",
        "inputs",
        "kind",
        "name",
        "number",
        "place",
        "saved",
        "shape",
        "title",
        "value",
    )

    def __init__(self, number, kind, title, name):
        self.number, self.kind, self.title, self.name = number, kind, title, name
        self.shape = self.dtype = self.value = self.grad_fn = self.place = None
        self.inputs, self.saved, self.freed = [], [], False

    @property
    def saved_bytes(self):
        """How many bytes the node keeps alive for backward."""
        return sum(size for _, _, size in self.saved)

    @property
    def subtitle(self):
        """The second line of the box: shape, value of a scalar, bytes saved."""
        parts = [] if self.shape is None else [shape_text(self.shape)]
        if self.value is not None:
            parts[-1:] = [f"{self.value:.6g}"]
        if self.saved_bytes:
            parts.append(f"saves {bytes_text(self.saved_bytes)}")
        return " · ".join(parts)


class Graph:
    """The graph behind one tensor. ``nodes[0]`` is the tensor itself; every node comes after those that use it.

    >>> import wengert as torch
    >>> w = torch.tensor(3.0, requires_grad=True)
    >>> print(torch.viz.graph(w + 1, params={"w": w}).text())
    output  4
    └─ add  scalar
       └─ w  scalar
    """

    def __init__(self, nodes):
        self.nodes = nodes

    def __len__(self):
        return len(self.nodes)

    def __repr__(self):
        return f"Graph({self.summary()})"

    def _repr_svg_(self):
        return self.svg()

    def summary(self):
        """One line: how many operations, parameters and bytes."""
        count = {kind: sum(n.kind == kind for n in self.nodes) for kind in ("op", "parameter", "leaf")}
        words = [
            f"{count[kind]} {name if count[kind] == 1 else name + 's'}"
            for kind, name in (("op", "operation"), ("parameter", "parameter"), ("leaf", "other leaf"))
            if count[kind]
        ]
        saved = sum(n.saved_bytes for n in self.nodes)
        return ", ".join(words + ([f"{bytes_text(saved)} saved for backward"] if saved else [])).replace(
            "leafs", "leaves"
        )

    def svg(self):
        """The picture as SVG text."""
        from wengert.viz._svg import svg

        return svg(self)

    def html(self, title="autograd graph"):
        """A page of its own with the picture, to pan and zoom, and what each node keeps."""
        from wengert.viz._page import page

        return page(self, title)

    def dot(self):
        """The graph in graphviz' language."""
        from wengert.viz._text import dot

        return dot(self)

    def text(self):
        """A tree in plain text, the output first; a node that was already shown is named with ``↑`` and its number."""
        from wengert.viz._text import tree

        return tree(self)

    def save(self, path):
        """Write the graph as what the ending says: .svg, .html, .dot (or .gv) or .txt; returns the path."""
        path = Path(path)
        writers = {".svg": self.svg, ".html": self.html, ".dot": self.dot, ".gv": self.dot, ".txt": self.text}
        if path.suffix not in writers:
            raise ValueError(f"cannot write a graph as '{path.suffix}': use one of {', '.join(writers)}")
        path.write_text(writers[path.suffix]() + "\n", encoding="utf-8")
        return path


def shape_text(shape):
    """A shape as 64×10, or the word scalar."""
    return "×".join(map(str, shape)) if len(shape) else "scalar"


def bytes_text(size):
    """A number of bytes in the unit that suits it."""
    for unit in ("B", "KB", "MB"):
        if size < 1000:
            return f"{size:.3g} {unit}"
        size /= 1000
    return f"{size:.3g} GB"


def op_title(name):
    """The operation that a node's name stands for: LogSoftmaxBackward0 is log_softmax.

    >>> op_title("MaxPool2DWithIndicesBackward0"), op_title("Log1PBackward0")
    ('max_pool2d_with_indices', 'log1p')
    """
    word = re.sub(r"Backward\d*$", "", name.rsplit("::", 1)[-1])
    word = re.sub(r"\d[A-Z](?=[A-Z]|$)", lambda match: match[0].lower(), word)  # the 2D of max_pool2d is no new word
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", word).lower() or name


def saved_tensors(grad_fn):
    """Pairs of name and tensor that a node keeps; RuntimeError once its buffers are freed."""
    names = getattr(grad_fn, "_names_of_saved", None)
    if names is None:  # a Function's node, and torch's own: what is kept is among its attributes
        names = [name[len("_saved_") :] for name in dir(grad_fn) if name.startswith("_saved_")]
    for name in dict.fromkeys(names):
        value = getattr(grad_fn, f"_saved_{name}")
        for item in value if isinstance(value, (tuple, list)) else (value,):
            if hasattr(item, "element_size"):
                yield name, item


def _describe_op(node, seen_memory):
    """Fill in the shape of an operation's result and what it saves; memory shared by nodes is counted once."""
    metadata = getattr(node.grad_fn, "_input_metadata", None)
    if metadata:
        shape, dtype = metadata[0] if isinstance(metadata[0], tuple) else (metadata[0].shape, metadata[0].dtype)
        node.shape, node.dtype = tuple(shape), str(dtype)
    place = getattr(node.grad_fn, "_place", None)
    if place:  # with its folder's name only: a picture is for showing around, the way there is not
        node.place = f"{'/'.join(Path(place[0]).parts[-2:])}:{place[1]} in {place[2]}"
    try:
        for name, tensor in saved_tensors(node.grad_fn):
            size = 0 if tensor.data_ptr() in seen_memory else tensor.numel() * tensor.element_size()
            seen_memory.add(tensor.data_ptr())
            node.saved.append((name, tuple(tensor.shape), size))
    except RuntimeError:  # backward has run and its buffers are gone
        node.freed = True


def _make_node(number, grad_fn, names, seen_memory):
    """The node for a grad_fn: a leaf under its name, or an operation."""
    name = grad_fn.name()
    variable = getattr(grad_fn, "variable", None)
    if variable is None:
        node = Node(number, "op", op_title(name), name)
        node.grad_fn = grad_fn
        _describe_op(node, seen_memory)
        return node
    known = names.get(id(variable))
    node = Node(number, "parameter" if known else "leaf", known or "leaf", name)
    node.grad_fn, node.shape, node.dtype = grad_fn, tuple(variable.shape), str(variable.dtype)
    seen_memory.add(variable.data_ptr())
    return node


def _order(nodes):
    """Renumber so that every node comes after those that use it, the output first (a topological order)."""
    uses = [0] * len(nodes)
    for node in nodes:
        for i in node.inputs:
            uses[i] += 1
    ready, order = [0], []
    while ready:
        i = ready.pop()
        order.append(nodes[i])
        for j in reversed(nodes[i].inputs):
            uses[j] -= 1
            if uses[j] == 0:
                ready.append(j)
    position = {node.number: k for k, node in enumerate(order)}
    for node in order:
        node.inputs = [position[i] for i in node.inputs]
    for k, node in enumerate(order):
        node.number = k
    return order


def graph(t, params=None, limit=3000):
    """The graph that ``t`` was computed by, as a :class:`Graph`.

    ``params`` names leaves: a dict of names to tensors (``dict(model.named_parameters())``), or a module. ``limit`` is
    the largest number of nodes to walk. Raises ValueError for a tensor without history and for a larger graph.

    >>> import wengert as torch
    >>> x = torch.ones(3, requires_grad=True)
    >>> torch.viz.graph((x * x).sum())
    Graph(2 operations, 1 other leaf, 12 B saved for backward)
    """
    if t.grad_fn is None:
        raise ValueError("the tensor has no grad_fn: nothing that requires a gradient went into it")
    if hasattr(params, "named_parameters"):
        params = dict(params.named_parameters())
    names = {id(tensor): name for name, tensor in (params or {}).items()}
    output = Node(0, "output", "output", "")
    output.shape, output.dtype = tuple(t.shape), str(t.dtype)
    if t.numel() == 1 and not t.is_complex():
        output.value = t.item()
    # Leaves are described last: what an operation keeps of a parameter costs no memory of its own.
    seen_memory = {tensor.data_ptr() for tensor in (params or {}).values()}
    nodes, numbers, queue = [output], {}, [(output, t.grad_fn)]
    for user, grad_fn in queue:
        number = numbers.get(grad_fn)
        if number is None:
            number = numbers[grad_fn] = len(nodes)
            if number > limit:
                raise ValueError(f"the graph has more than {limit} nodes: pass a larger limit to draw it")
            nodes.append(_make_node(number, grad_fn, names, seen_memory))
            queue += ((nodes[number], f) for f, _ in grad_fn.next_functions if f is not None)
        user.inputs.append(number)
    return Graph(_order(nodes))
