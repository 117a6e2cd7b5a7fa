"""The graph as plain text: a tree for the terminal, and graphviz' dot language."""

_DOT_STYLE = {
    "op": 'fillcolor="white", color="#8c959f"',
    "parameter": 'fillcolor="#ddf4ff", color="#54aeff"',
    "leaf": 'fillcolor="#dafbe1", color="#4ac26b"',
    "output": 'fillcolor="#fff1e5", color="#fb8f44"',
}


def tree(graph):
    """The tree from the output down to the leaves, in box-drawing characters."""
    uses = [0] * len(graph.nodes)
    for node in graph.nodes:
        for i in node.inputs:
            uses[i] += 1
    lines, shown = [], set()
    stack = [(0, "", "")]
    while stack:
        number, lead, follow = stack.pop()
        node = graph.nodes[number]
        mark = f" [{number}]" if uses[number] > 1 and node.kind == "op" else ""
        if number in shown and node.kind == "op":
            lines.append(f"{lead}↑ {node.title}{mark}")
            continue
        shown.add(number)
        lines.append(f"{lead}{node.title}{mark}  {node.subtitle}".rstrip())
        last = len(node.inputs) - 1
        for k in range(last, -1, -1):
            corner, gap = ("└─ ", "   ") if k == last else ("├─ ", "│  ")
            stack.append((node.inputs[k], follow + corner, follow + gap))
    return "\n".join(lines)


def _quoted(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def dot(graph):
    """The graph for ``dot -Tsvg``: leaves above, the output below."""
    lines = ["digraph autograd {", '  node [shape=box, style="rounded,filled", fontname="sans-serif", fontsize=11];']
    for node in graph.nodes:
        label = _quoted(node.title + ("\n" + node.subtitle if node.subtitle else "")).replace("\n", "\\n")
        lines.append(f"  n{node.number} [label={label}, {_DOT_STYLE[node.kind]}];")
    lines += [f"  n{i} -> n{node.number};" for node in graph.nodes for i in node.inputs]
    return "\n".join([*lines, "}"])
