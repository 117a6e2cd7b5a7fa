"""`Compare`: measurements as tables, a row for each statement, a column for each description."""

import enum
import math

from .timer import Measurement, select_unit

__all__ = ["Colorize", "Compare"]

_BEST, _GOOD, _BAD, _VERY_BAD = "\033[92m\033[1m", "\033[34m\033[1m", "\033[2m\033[91m", "\033[31m\033[1m"
_ENGLISH = {"ns": "nanosecond", "us": "microsecond", "ms": "millisecond", "s": "second"}


class Colorize(enum.Enum):
    """What a colored time is compared with."""

    NONE = "none"
    COLUMNWISE = "columnwise"
    ROWWISE = "rowwise"


def unit_to_english(u):
    """A unit of time as a word.

    >>> unit_to_english("us")
    'microsecond'
    """
    return _ENGLISH[u]


def trim_sigfig(x, n):
    """x with n significant figures.

    >>> trim_sigfig(3.14159, 2)
    3.1
    """
    scale = 10 ** (math.ceil(math.log10(abs(x))) - n)
    return float(f"{round(x / scale) * scale:.12g}")


def _painted(text, value, best):
    if value <= best * 1.01 or value <= best + 100e-9:
        color = _BEST
    elif value <= best * 1.1:
        color = _GOOD
    elif value >= best * 5:
        color = _VERY_BAD
    elif value >= best * 2:
        color = _BAD
    else:
        return text
    return f"{color}{text}\033[0m\033[0m"


class _Table:
    """The measurements of one label: rows by threads, environment and statement; columns by description."""

    def __init__(self, results, trim, warnings):
        self.results, self.trim, self.warnings = results, trim, warnings
        self.label = results[0].label
        self.unit, self.scale = select_unit(min(r.median for r in results))
        self.columns = list(dict.fromkeys(r.description for r in results))
        at = {((r.num_threads, r.env or "Unspecified env", r.as_row_name), r.description): r for r in results}
        self.keys = sorted(dict.fromkeys(key for key, _ in at), key=lambda key: key[:2])
        self.cells = [[at.get((key, column)) for column in self.columns] for key in self.keys]

    def _writer(self, k):
        """How the times of column k are written."""
        column = [row[k] for row in self.cells if row[k] is not None]
        digits = [math.ceil(math.log10(r.median / self.scale)) for r in column]
        decimals = min(max(r.significant_figures - d, 0) for d, r in zip(digits, column)) if self.trim else 1
        width = max(digits) + decimals + (1 if decimals else 0)
        room = 7 if self.warnings and any(r.has_warnings for r in column) else 0

        def write(result):
            if result is None:
                return " " * len(f"{1:>{width}.{decimals}f}{'':>{room}}")
            value = result.median / self.scale
            value = trim_sigfig(value, result.significant_figures) if self.trim else value
            spread = f" (! {result.iqr / result.median * 100:.0f}%)" if room and result.has_warnings else ""
            return f"{value:>{width}.{decimals}f}{spread:>{room}}"

        return write

    def _best(self, row, k, colorize):
        """What a time is compared with: the best of its row, or of its column among as many threads."""
        if colorize is Colorize.ROWWISE:
            among = self.cells[row]
        else:
            among = [cells[k] for key, cells in zip(self.keys, self.cells) if key[0] == self.keys[row][0]]
        return min(r.median for r in among if r is not None)

    def _names(self):
        """The first column; the environment stands where it changes."""
        several = len({key[1] for key in self.keys}) > 1
        room = max(len(key[1]) for key in self.keys) + 4 if several else 4
        before = (None, "")
        for threads, env, name in self.keys:
            shown = f"({env})" if several and (before != (threads, env)) else ""
            before = (threads, env)
            yield f"  {shown.ljust(room)}{name}"

    def render(self, colorize):
        """The table as text."""
        writers = [self._writer(k) for k in range(len(self.columns))]
        rows = [[name, *(w(cell) for w, cell in zip(writers, row))] for name, row in zip(self._names(), self.cells)]
        head = ["", *(str(column or "") for column in self.columns)]
        widths = [max(map(len, column)) for column in zip(head, *rows)]
        lines, threads = ["  |  ".join(text.center(w) for text, w in zip(head, widths))], None
        width = len(lines[0])
        for number, (key, row) in enumerate(zip(self.keys, rows)):
            if key[0] != threads:
                threads = key[0]
                lines.append(f"{threads} threads: ".ljust(width, "-"))
            parts = [row[0].ljust(widths[0])]
            for k, text in enumerate(row[1:]):
                text, cell = text.center(widths[k + 1]), self.cells[number][k]
                if colorize is not Colorize.NONE and cell is not None:
                    text = _painted(text, cell.median, self._best(number, k, colorize))
                parts.append(text)
            lines.append("  |  ".join(parts))
        title = f" {self.label or ''} ".center(width - 2, "-")
        noted = self.warnings and any(r.has_warnings for r in self.results)
        note = "(! XX%) Measurement has high variance, where XX is the IQR / median * 100.\n" if noted else ""
        times = f"Times are in {unit_to_english(self.unit)}s ({self.unit})."
        return f"[{title}]\n" + "\n".join(lines) + f"\n\n{times}\n{note}"


class Compare:
    """Measurements as tables, one for each label; `str()` gives them.

    results: Measurement objects; ValueError for anything else.

    >>> from wengert.utils.benchmark import TaskSpec
    >>> rows = [Measurement(1, [2e-3], TaskSpec("x + y", label="sums", description=name)) for name in ("here", "there")]
    >>> print(Compare(rows))
    [----------- sums -----------]
                 |  here  |  there
    1 threads: -------------------
          x + y  |  2.0   |   2.0
    <BLANKLINE>
    Times are in milliseconds (ms).
    <BLANKLINE>
    """

    def __init__(self, results):
        self._results, self._trim, self._colorize, self._warnings = [], False, Colorize.NONE, False
        self.extend_results(results)

    def extend_results(self, results):
        """Add measurements."""
        for result in results:
            if not isinstance(result, Measurement):
                raise ValueError(f"Expected an instance of `Measurement`, got {type(result)} instead.")
            self._results.append(result)

    def trim_significant_figures(self):
        """Write only digits that mean something."""
        self._trim = True

    def colorize(self, rowwise=False):
        """Color times by how far they are from the best of their column, or row."""
        self._colorize = Colorize.ROWWISE if rowwise else Colorize.COLUMNWISE

    def highlight_warnings(self):
        """Write the spread beside times that are far apart."""
        self._warnings = True

    def print(self):
        """Print the tables."""
        print(str(self))

    def __str__(self):
        labels = {}
        for result in Measurement.merge(self._results):
            labels.setdefault(result.label, []).append(result)
        return "\n".join(_Table(group, self._trim, self._warnings).render(self._colorize) for group in labels.values())
