"""Draw curves and digits: in the terminal with braille dots, and as SVG files."""

from math import ceil, floor, log10

# The bit of each of the 2 x 4 dots of a braille character.
_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))


def smooth(values, keep=0.9):
    """A running mean that forgets: each value is ``keep`` of the one before and the rest of the new one."""
    out, mean = [], values[0]
    for value in values:
        mean = keep * mean + (1 - keep) * value
        out.append(mean)
    return out


def _log_range(values):
    """The logarithms between which a curve is drawn, a little beyond its ends."""
    low, high = log10(min(values)), log10(max(values))
    room = max(0.05 * (high - low), 1e-3)
    return low - room, high + room


def braille(values, width=60, height=12):
    """The curve on a logarithmic scale as ``height`` lines of ``width`` characters with an axis at the left."""
    values = [max(v, 1e-12) for v in values]
    low, high = _log_range(values)
    columns, rows = 2 * width, 4 * height
    cells = [[0] * width for _ in range(height)]
    previous = None
    for x in range(columns):
        value = values[min(len(values) - 1, x * len(values) // columns)]
        y = round((high - log10(value)) / (high - low) * (rows - 1))
        for step in range(min(y, y if previous is None else previous), max(y, y if previous is None else previous) + 1):
            cells[step // 4][x // 2] |= _DOTS[step % 4][x % 2]
        previous = y
    lines = []
    for k, row in enumerate(cells):
        label = f"{10 ** (high - (k + 0.5) / height * (high - low)):7.3g}" if k % 3 == 0 else " " * 7
        lines.append(f"  {label} ┤" + "".join(chr(0x2800 + bits) for bits in row).rstrip("\u2800"))
    return [*lines, "  " + " " * 7 + " └" + "─" * width]


def _ticks(low, high):
    """The round numbers (1, 2 and 5 times powers of ten) between two logarithms."""
    ticks = [m * 10.0**e for e in range(floor(low), ceil(high) + 1) for m in (1, 2, 5)]
    return [t for t in ticks if low <= log10(t) <= high]


_STYLE = """
text{font:12px system-ui,Helvetica,Arial,'DejaVu Sans',sans-serif;fill:#57606a}
.h{font-size:15px;font-weight:600;fill:#1f2328}
.grid{stroke:#d8dee4} .raw{fill:none;stroke:#9ec9f5;stroke-width:1} .mean{fill:none;stroke:#0969da;stroke-width:2.2}
.card{fill:#fff} .ink{fill:#1f2328} .good{fill:#1a7f37} .bad{fill:#cf222e;font-weight:700}
@media (prefers-color-scheme: dark){text{fill:#98a2ad} .h{fill:#e6edf3} .grid{stroke:#30363d} .raw{stroke:#1f4b7d}
.mean{stroke:#58a6ff} .card{fill:#0d1117} .ink{fill:#e6edf3} .good{fill:#3fb950} .bad{fill:#f85149}}
"""


def _svg(width, height, parts):
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">\n'
        f'<style>{_STYLE}</style>\n<rect class="card" width="{width}" height="{height}"/>\n'
        + "\n".join(parts)
        + "\n</svg>\n"
    )


def loss_svg(losses, title):
    """The loss of each step, thin, and its running mean, bold, on a logarithmic scale."""
    losses = [max(v, 1e-12) for v in losses]
    width, height, left, right, top, bottom = 720, 380, 58, 20, 46, 42
    low, high = _log_range(losses)
    across, down = (width - left - right) / max(1, len(losses) - 1), (height - top - bottom) / (high - low)

    def y(value):
        return top + (high - log10(value)) * down

    def path(values):
        return "M" + "L".join(f"{left + k * across:.1f} {y(v):.1f}" for k, v in enumerate(values))

    parts = [f'<text class="h" x="{left}" y="26">{title}</text>']
    for tick in _ticks(low, high):
        parts.append(f'<path class="grid" d="M{left} {y(tick):.1f}H{width - right}"/>')
        parts.append(f'<text x="{left - 8}" y="{y(tick) + 4:.1f}" text-anchor="end">{tick:g}</text>')
    for k in range(5):
        step, anchor = (len(losses) - 1) * k // 4, ("start", "middle", "middle", "middle", "end")[k]
        parts.append(
            f'<text x="{left + step * across:.1f}" y="{height - bottom + 20}" text-anchor="{anchor}">{step}</text>'
        )
    parts.append(f'<text x="{(left + width - right) / 2}" y="{height - 6}" text-anchor="middle">step</text>')
    parts.append(f'<path class="raw" d="{path(losses)}"/><path class="mean" d="{path(smooth(losses))}"/>')
    return _svg(width, height, parts)


def digits_svg(images, predictions, labels, title, columns=10):
    """Held-out digits with what the network read in each; what it got wrong is marked with the right answer."""
    cell, pixel, top = 68, 6, 42
    rows = ceil(len(images) / columns)
    parts = [f'<text class="h" x="14" y="26">{title}</text>']
    for k, (image, read, label) in enumerate(zip(images, predictions, labels)):
        x0, y0 = 14 + k % columns * cell, top + k // columns * (cell + 14)
        for r, row in enumerate(image):
            for c, ink in enumerate(row):
                if ink > 0:
                    parts.append(
                        f'<rect class="ink" x="{x0 + c * pixel}" y="{y0 + r * pixel}" width="{pixel}" '
                        f'height="{pixel}" opacity="{ink:.2f}"/>'
                    )
        kind, said = ("good", f"{read}") if read == label else ("bad", f"{read}, not {label}")
        parts.append(f'<text class="{kind}" x="{x0 + 4 * pixel}" y="{y0 + 64}" text-anchor="middle">{said}</text>')
    return _svg(28 + columns * cell - 20, top + rows * (cell + 14), parts)
