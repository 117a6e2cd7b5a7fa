"""How a tensor is written as text: torch's layout, from plain Python numbers of at most the corners that are shown."""

from contextlib import contextmanager
from math import ceil, inf, isfinite

_FIELDS = ("precision", "threshold", "edgeitems", "linewidth", "sci_mode")
_PROFILES = {  # precision, threshold, edgeitems, linewidth
    "default": (4, 1000, 3, 80),
    "short": (2, 1000, 2, 80),
    "full": (4, inf, 3, 80),
}


class _PrinterOptions:
    """The print settings of the process; ``PRINT_OPTS`` is the only one."""

    __slots__ = _FIELDS

    def __init__(self):
        self.precision, self.threshold, self.edgeitems, self.linewidth = _PROFILES["default"]
        self.sci_mode = None


PRINT_OPTS = _PrinterOptions()


def set_printoptions(precision=None, threshold=None, edgeitems=None, linewidth=None, profile=None, sci_mode=None):
    """Change how tensors are printed; what is None keeps its value, except ``sci_mode``, where None means "choose".

    ``profile`` ("default", "short" or "full") sets the first four at once, and the others then override it.

    >>> import wengert as torch
    >>> torch.set_printoptions(precision=2)
    >>> torch.tensor([1.12345])
    tensor([1.12])
    >>> torch.set_printoptions(profile="default")
    """
    opts = PRINT_OPTS
    if profile in _PROFILES:
        opts.precision, opts.threshold, opts.edgeitems, opts.linewidth = _PROFILES[profile]
    if precision is not None:
        opts.precision = precision
    if threshold is not None:
        opts.threshold = threshold
    if edgeitems is not None:
        opts.edgeitems = edgeitems
    if linewidth is not None:
        opts.linewidth = linewidth
    opts.sci_mode = sci_mode


def get_printoptions():
    """The present settings as a dict that ``set_printoptions(**d)`` takes back.

    >>> import wengert as torch
    >>> torch.get_printoptions()["precision"]
    4
    """
    return {name: getattr(PRINT_OPTS, name) for name in _FIELDS}


@contextmanager
def printoptions(**kwargs):
    """Print settings for the length of a ``with`` block; arguments as for :func:`set_printoptions`.

    >>> from wengert._tensor_str import printoptions
    >>> import wengert as torch
    >>> with printoptions(precision=1):
    ...     print(torch.tensor(0.25))
    tensor(0.2)
    """
    before = get_printoptions()
    set_printoptions(**kwargs)
    try:
        yield
    finally:
        set_printoptions(**before)


class _IntegerFormat:
    """Integers and booleans: Python's own text, aligned to the right."""

    def __init__(self, values):
        self.width = max((len(str(v)) for v in values), default=1)

    def __call__(self, value):
        return str(value).rjust(self.width)


class _FloatFormat:
    """Real numbers: one notation for the whole tensor, chosen from its finite, non-zero values.

    Whole numbers are written ``3.``, others with ``precision`` decimals; scientific notation takes over where the
    values span more than three decades, pass 1e8 or fall under 1e-4.
    """

    def __init__(self, values):
        opts = PRINT_OPTS
        shown = [v for v in values if v != 0 and isfinite(v)]
        self.width, self.whole, self.spec = 1, True, None
        if not shown:
            return
        self.whole = all(v == ceil(v) for v in shown)
        scientific = opts.sci_mode
        if scientific is None:
            smallest, largest = min(map(abs, shown)), max(map(abs, shown))
            scientific = largest / smallest > 1000.0 or largest > 1.0e8 or smallest < 1.0e-4
        if scientific:
            self.whole = False
            self.spec = f".{opts.precision}e"
        elif not self.whole:
            self.spec = f".{opts.precision}f"
        self.width = max(len(self.text(v)) for v in shown)

    def text(self, value):
        """The number without padding; a whole one keeps its point, nan and inf never have one."""
        if self.whole:
            return f"{value:.0f}." if isfinite(value) else f"{value:.0f}"
        return format(value, self.spec)

    def __call__(self, value):
        return self.text(value).rjust(self.width)


class _ComplexFormat:
    """Complex numbers: real and imaginary parts have a notation and a width each."""

    def __init__(self, values):
        self.real = _FloatFormat([v.real for v in values])
        self.imag = _FloatFormat([v.imag for v in values])
        self.width = self.real.width + self.imag.width + 1

    def __call__(self, value):
        imag = self.imag(value.imag).lstrip() + "j"
        return self.real(value.real) + (imag if imag[0] in "+-" else "+" + imag)


def _corners(t, edge):
    """Nested lists of the elements that are shown: all of a dimension, or ``edge`` at each of its ends."""
    if t.dim() == 0:
        return t.item()
    if edge is None or all(n <= 2 * edge for n in t.shape):
        return t.tolist()
    n = t.shape[0]
    if t.dim() == 1:
        return t[:edge].tolist() + t[n - edge :].tolist()
    rows = range(n) if n <= 2 * edge else (*range(edge), *range(n - edge, n))
    return [_corners(t[i], edge) for i in rows]


def _flatten(data, dim):
    """The numbers of a nested list of depth ``dim`` in one list."""
    if dim == 0:
        return [data]
    for _ in range(dim - 1):
        data = [x for row in data for x in row]
    return data


def _layout(data, shape, indent, edge, fmt):
    """The bracketed text of nested lists that stand for a tensor of ``shape``, beginning at column ``indent``."""
    if not shape:
        return fmt(data)
    elided = edge is not None and shape[0] > 2 * edge
    if len(shape) > 1:
        rows = [_layout(row, shape[1:], indent + 1, edge, fmt) for row in data]
        if elided:
            rows.insert(edge, "...")
        return "[" + ("," + "\n" * (len(shape) - 1) + " " * (indent + 1)).join(rows) + "]"
    cells = [fmt(value) for value in data]
    if elided:
        cells.insert(edge, " ...")
    per_line = max(1, (PRINT_OPTS.linewidth - indent) // (fmt.width + 2))
    lines = [", ".join(cells[i : i + per_line]) for i in range(0, len(cells), per_line)]
    return "[" + (",\n" + " " * (indent + 1)).join(lines) + "]"


def _contents(t, indent):
    """The numbers of a tensor that has some, brackets included."""
    edge = PRINT_OPTS.edgeitems if t.numel() > PRINT_OPTS.threshold else None
    if edge == 0 and t.dim() > 0:
        return "[...]"
    data = _corners(t, edge)
    values = _flatten(data, t.dim())
    kind = _ComplexFormat if t.is_complex() else _FloatFormat if t.is_floating_point() else _IntegerFormat
    return _layout(data, tuple(t.shape), indent, edge, kind(values))


def _tensor_str(self, indent):
    """The numbers of any tensor, brackets included: the name that libraries with tensors of their own print by."""
    return _contents(self, indent) if self.numel() else "[]"


def _is_implied(dtype, wg):
    """Whether a literal of this dtype is what a reader would assume, so that ``dtype=`` can be left out."""
    default = wg.get_default_dtype()
    complex_default = wg.complex128 if default == wg.float64 else wg.complex64
    return dtype in (default, complex_default, wg.int64, wg.bool)


def _tangent(t):
    """The forward-mode tangent of a dual tensor, or None; asks only where forward mode is in use."""
    import sys

    forward_ad = sys.modules.get("wengert.autograd.forward_ad")
    if forward_ad is None or getattr(forward_ad, "_current_level", -1) < 0:
        return None
    return forward_ad.unpack_dual(t).tangent


def _history(t):
    """The suffix that tells how a tensor came to require a gradient, in a list of none or one."""
    try:
        grad_fn = t.grad_fn
    except RuntimeError:  # a view made and changed under no_grad: its history cannot be rebased
        return ["grad_fn=<Invalid>"]
    if grad_fn is not None:
        return [f"grad_fn=<{grad_fn.name().rsplit('::', 1)[-1]}>"]
    return ["requires_grad=True"] if t.requires_grad else []


def _add_suffixes(text, suffixes, indent, force_newline):
    """Append the suffixes, breaking the line before one that would pass the width, before the first if so told."""
    column = len(text) - text.rfind("\n") + 1
    for suffix in suffixes:
        if force_newline or column + len(suffix) + 2 > PRINT_OPTS.linewidth:
            force_newline = False
            text += ",\n" + " " * indent + suffix
            column = indent + len(suffix)
        else:
            text += ", " + suffix
            column += len(suffix) + 2
    return text + ")"


def tensor_str(t, *, tensor_contents=None):
    """The text of a tensor as ``repr`` and ``print`` show it, e.g. ``tensor([1., 2.], grad_fn=<MulBackward0>)``.

    ``tensor_contents`` replaces the numbers, for subclasses that show something else.

    >>> import wengert as torch
    >>> from wengert._tensor_str import tensor_str
    >>> tensor_str(torch.tensor([1.0, 2.5], requires_grad=True))
    'tensor([1.0000, 2.5000], requires_grad=True)'
    """
    import wengert as wg

    # A Parameter is known by its name: nn is not imported for the sake of printing.
    plain = type(t) is wg.Tensor or type(t).__name__ == "Parameter"
    prefix = "tensor(" if plain else type(t).__name__ + "("
    tangent = _tangent(t)
    data = t.detach()
    suffixes = []
    if t.device.type != "cpu":
        suffixes.append(f"device='{t.device}'")
    text = tensor_contents
    if t.device.type == "meta" or t.numel() == 0:
        if t.device.type == "meta" or t.dim() != 1:
            suffixes.append(f"size={tuple(t.shape)}")
        # Without elements nothing hints at the dtype, so that only the default one goes without saying.
        if t.dtype != wg.get_default_dtype():
            suffixes.append(f"dtype={t.dtype}")
        if text is None:
            text = "..." if t.device.type == "meta" else "[]"
    else:
        if PRINT_OPTS.edgeitems == 0:
            suffixes.append(f"size={tuple(t.shape)}")
        if not _is_implied(t.dtype, wg):
            suffixes.append(f"dtype={t.dtype}")
        if text is None:
            text = _contents(data, len(prefix))
    suffixes += _history(t)
    if tangent is not None:
        suffixes.append(f"tangent={tangent}")
    text = _add_suffixes(prefix + text, suffixes, len(prefix), False)
    return f"Parameter({text})" if not plain and getattr(t, "_is_param", False) else text


_str = _str_intern = tensor_str
