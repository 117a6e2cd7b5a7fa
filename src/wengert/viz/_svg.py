"""Draw a graph as SVG: boxes with two lines of text, curved edges, colours for light and for dark mode."""

from html import escape

from wengert.viz._layout import layout, ranks

_TITLE, _SUBTITLE, _HEIGHT, _MARGIN, _CAPTION = 13, 10.5, 42, 18, 26
_ADVANCE = 0.6  # width of a character of a monospaced font, in em
_REACH = 3  # layers that an edge from a leaf may span; a weight that is used farther away is drawn there again

# kind: (fill, stroke, text) in light mode and in dark mode
COLOURS = {
    "op": (("#ffffff", "#c4ccd6", "#1f2328"), ("#1c2129", "#444c56", "#e6edf3")),
    "parameter": (("#e0f2ff", "#5ab0f6", "#0b3a66"), ("#0d2a4a", "#3d8bd9", "#cfe8ff")),
    "leaf": (("#e2f7e6", "#5cc07a", "#12491f"), ("#11331c", "#3f9b58", "#d2f5da")),
    "output": (("#fff0e0", "#f29a4e", "#6b3206"), ("#40230c", "#d98242", "#ffe3c9")),
}


def style(scope=""):
    """The style sheet of the picture, each rule under the CSS selector ``scope``."""

    def rules(mode, edge, muted):
        lines = [f"{scope}.e{{stroke:{edge}}} {scope}.tip{{fill:{edge}}} {scope}.cap,{scope}.s{{fill:{muted}}}"]
        for kind, modes in COLOURS.items():
            fill, stroke, text = modes[mode]
            lines.append(f"{scope}.{kind} rect{{fill:{fill};stroke:{stroke}}} {scope}.{kind} .t{{fill:{text}}}")
        return "\n".join(lines)

    return f"""
{scope}text{{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace;text-anchor:middle}}
{scope}.t{{font-size:{_TITLE}px;font-weight:600}} {scope}.s{{font-size:{_SUBTITLE}px}}
{scope}.cap{{font-size:11px;text-anchor:start}}
{scope}.e{{fill:none;stroke-width:1.4}} {scope}rect{{stroke-width:1.3}}
{rules(0, "#9aa5b1", "#66707b")}
@media (prefers-color-scheme: dark) {{
{rules(1, "#69737e", "#98a2ad")}
}}
"""


def _box_width(node):
    text = max(len(node.title) * _TITLE, len(node.subtitle) * _SUBTITLE) * _ADVANCE
    return max(64.0, text + 26)


def _path(points):
    """A line that is upright beside the boxes of the layers it passes, and curved between the layers."""
    half = _HEIGHT / 2
    (x, y), *bends, (x1, y1) = points
    parts, y = [f"M{x:.1f} {y + half:.1f}"], y + half
    for xb, yb in [*bends, (x1, y1 - 6)]:
        middle = (y + yb - half) / 2
        parts.append(f"C{x:.1f} {middle:.1f} {xb:.1f} {middle:.1f} {xb:.1f} {yb - half:.1f}")
        x, y = xb, yb + half
        if yb != y1 - 6:
            parts.append(f"V{y:.1f}")
    return " ".join(parts)


def describe(node):
    """All that is known about a node, in lines, for its tooltip."""
    lines = [node.name or "the tensor asked about"]
    if node.shape is not None:
        lines.append(f"shape {tuple(node.shape)}, {node.dtype}")
    for name, shape, size in node.saved:
        lines.append(f"saves {name} {tuple(shape)}" + (f", {size:,} bytes" if size else ", memory counted elsewhere"))
    if node.place:
        lines.append(f"made at {node.place}")
    if node.freed:
        lines.append("its buffers were freed by backward")
    return "\n".join(lines)


def _box(node, x, y):
    width = _box_width(node)
    radius = 6 if node.kind == "op" else _HEIGHT / 2
    two = bool(node.subtitle)
    title = f'<text class="t" x="{x:.1f}" y="{y + (-2 if two else 4.5):.1f}">{escape(node.title)}</text>'
    sub = f'<text class="s" x="{x:.1f}" y="{y + 13:.1f}">{escape(node.subtitle)}</text>' if two else ""
    return (
        f'<g class="{node.kind}" data-node="{node.number}"><title>{escape(describe(node))}</title>'
        f'<rect x="{x - width / 2:.1f}" y="{y - _HEIGHT / 2:.1f}" width="{width:.1f}" height="{_HEIGHT}" '
        f'rx="{radius:g}"/>{title}{sub}</g>'
    )


def _boxes_and_edges(graph):
    """The nodes to draw, some leaves more than once, and the edges between their places in that list.

    A weight of a recurrent network is used in every step: lines from one box to all of them would hide the rest.
    """
    edges = dict.fromkeys((i, node.number) for node in graph.nodes for i in node.inputs)  # x * x: one line
    rank = ranks(len(graph.nodes), edges)
    boxes, drawn = list(graph.nodes), []
    for tail, head in edges:
        if graph.nodes[tail].kind in ("leaf", "parameter") and rank[tail] - rank[head] > _REACH:
            boxes.append(graph.nodes[tail])
            tail = len(boxes) - 1
        drawn.append((tail, head))
    return boxes, drawn


def drawing(graph):
    """The inside of the picture and its size: ``(markup, width, height)``."""
    boxes, edges = _boxes_and_edges(graph)
    plan = layout([(_box_width(node), _HEIGHT) for node in boxes], edges)
    parts = []
    for points in plan.routes:
        x, y = points[-1][0], points[-1][1] - _HEIGHT / 2
        parts.append(f'<path class="e" d="{_path(points)}"/>')
        parts.append(f'<path class="tip" d="M{x:.1f} {y:.1f}l-3.6 -7.5h7.2z"/>')
    parts += [_box(node, *centre) for node, centre in zip(boxes, plan.centre)]
    return "\n".join(parts), plan.width, plan.height


def svg(graph):
    """The whole picture, with a caption that counts operations, parameters and bytes."""
    inside, width, height = drawing(graph)
    caption = graph.summary()
    wide = max(width, len(caption) * 11 * _ADVANCE) + 2 * _MARGIN
    tall = height + _CAPTION + _MARGIN / 2
    left = (wide - width) / 2
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide:.0f} {tall:.0f}" '
        f'width="{wide:.0f}" height="{tall:.0f}" role="img" aria-label="autograd graph: {escape(caption)}">\n'
        f"<style>{style()}</style>\n"
        f'<g transform="translate({left:.1f} 0)">\n{inside}\n</g>\n'
        f'<text class="cap" x="{_MARGIN}" y="{tall - 14:.0f}">{escape(caption)}</text>\n</svg>'
    )
