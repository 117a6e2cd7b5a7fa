"""`Timer` and `Measurement`: how long a statement takes."""

import dataclasses
import math
import statistics
import textwrap
import timeit

import wengert as wg

_UNITS = (("s", 1.0), ("ms", 1e-3), ("us", 1e-6))


def select_unit(seconds):
    """The name and the size of the unit that suits a time.

    >>> select_unit(2e-5)
    ('us', 1e-06)
    """
    return next(((name, size) for name, size in _UNITS if seconds >= size), ("ns", 1e-9))


@dataclasses.dataclass
class TaskSpec:
    """What a Timer was asked to measure."""

    stmt: str
    setup: str = "pass"
    global_setup: str = ""
    label: str | None = None
    sub_label: str | None = None
    description: str | None = None
    env: str | None = None
    num_threads: int = 1

    @property
    def title(self):
        """The label, or else the statement, with the sub-label."""
        if self.label is None and "\n" in self.stmt:
            sub = f" ({self.sub_label})" if self.sub_label else ""
            return f"stmt:{sub}\n{textwrap.indent(self.stmt, '  ')}"
        return (self.stmt if self.label is None else self.label) + (f": {self.sub_label}" if self.sub_label else "")

    def setup_str(self):
        """The setup as it is printed: nothing for "pass"."""
        if self.setup == "pass" or not self.setup:
            return ""
        return f"setup:\n{textwrap.indent(self.setup, '  ')}" if "\n" in self.setup else f"setup: {self.setup}"

    def summarize(self):
        """Title, description and setup, a line each."""
        sections = (self.title, self.description or "", self.setup_str())
        return "\n".join(f"{s}\n" if "\n" in s else s for s in sections if s)


@dataclasses.dataclass(repr=False)
class Measurement:
    """Times of one statement: `raw_times` in seconds, each for `number_per_run` runs; `task_spec` says of what.

    The fields of the specification (label, stmt, num_threads …) can be read from the measurement itself.

    >>> Measurement(10, [1e-3, 3e-3], TaskSpec("x + 1")).median
    0.0002
    """

    number_per_run: int
    raw_times: list
    task_spec: TaskSpec
    metadata: dict | None = None

    def __getattr__(self, name):
        if name in _FIELDS:
            return getattr(self.task_spec, name)
        raise AttributeError(f"'Measurement' object has no attribute '{name}'")

    @property
    def times(self):
        """Seconds of one run in each block."""
        return [time / self.number_per_run for time in self.raw_times]

    @property
    def median(self):
        """Median time of one run, in seconds."""
        return statistics.median(self.times)

    @property
    def mean(self):
        """Mean time of one run, in seconds."""
        return statistics.fmean(self.times)

    def _quartiles(self):
        times = self.times
        if len(times) < 2:
            return times[0], times[0]
        first, _, third = statistics.quantiles(times, n=4, method="inclusive")
        return first, third

    @property
    def iqr(self):
        """Distance between the quartiles."""
        first, third = self._quartiles()
        return third - first

    @property
    def significant_figures(self):
        """How many digits of the median mean something, 1 to 4: by the spread between the quartiles, 25 ns at least."""
        n, times = len(self.raw_times), sorted(self.times)
        inner = times[n // 4 : math.ceil(3 * n / 4)]
        interval = max(1.645 * statistics.pstdev(inner) / math.sqrt(len(inner)), 25e-9)
        return min(max(math.floor(math.log10(self.median / interval)), 1), 4)

    def meets_confidence(self, threshold=0.1):
        """Whether the quartiles are closer to each other than this part of the median."""
        return self.iqr / self.median < threshold

    @property
    def has_warnings(self):
        """Whether the times are so far apart that printing says so."""
        return not self.meets_confidence()

    @property
    def title(self):
        """The title of what was measured."""
        return self.task_spec.title

    @property
    def as_row_name(self):
        """The name of the row in a table."""
        return self.sub_label or self.stmt or "[Unknown]"

    def _warning(self):
        influence = "could indicate system fluctuation" if self.meets_confidence(0.25) else None
        return (
            f"  WARNING: Interquartile range is {self.iqr / self.median * 100:.1f}% of the median measurement.\n"
            f"           This {influence or 'suggests significant environmental influence'}."
        )

    def __repr__(self):
        (unit, size), n, threads = select_unit(self.median), len(self.raw_times), self.num_threads
        first, third = self._quartiles()
        return "\n".join(
            [
                f"<{type(self).__module__}.Measurement object at {id(self):#x}>",
                self.task_spec.summarize(),
                f"  {'Median: ' if n > 1 else ''}{self.median / size:.2f} {unit}",
                *[f"  IQR:    {self.iqr / size:.2f} {unit} ({first / size:.2f} to {third / size:.2f})"][: n >= 4],
                f"  {n} measurement{'s' * (n > 1)}, {self.number_per_run} runs {'per measurement,' if n > 1 else ','} "
                f"{threads} thread{'s' * (threads > 1)}",
                *([self._warning()] if self.has_warnings else ()),
            ]
        )

    @staticmethod
    def merge(measurements):
        """One measurement, of single runs, for each different task among these."""
        found = {}
        for m in measurements:
            found.setdefault(dataclasses.astuple(m.task_spec), []).append(m)
        return [Measurement(1, [t for m in group for t in m.times], group[0].task_spec) for group in found.values()]


_FIELDS = tuple(field.name for field in dataclasses.fields(TaskSpec))


class Timer:
    """Times a statement given as text, with names from `globals`, after running `setup` once a block.

    The statement may say torch: that is wengert where `globals` has no other. `number_per_run` of the results says how
    many runs a block had. ValueError: for `global_setup` and for any language but Python.

    >>> Timer("x + 1", globals={"x": 1}).timeit(10).number_per_run
    10
    """

    def __init__(
        self,
        stmt="pass",
        setup="pass",
        global_setup="",
        timer=timeit.default_timer,
        globals=None,
        label=None,
        sub_label=None,
        description=None,
        env=None,
        num_threads=1,
        language="python",
    ):
        if language not in ("py", "python"):
            raise ValueError(f"Invalid language `{language}`.")
        if global_setup:
            raise ValueError(
                f"global_setup is C++ only, got `{global_setup}`. Most likely this code can simply be moved to `setup`."
            )
        stmt, setup = (textwrap.dedent(text).removeprefix("\n").rstrip() for text in (stmt, setup))
        self._task_spec = TaskSpec(stmt, setup, global_setup, label, sub_label, description, env, num_threads)
        self._timer = timeit.Timer(stmt, setup, timer, {"torch": wg, **(globals or {})})

    def _measure(self, number):
        """Seconds of a block, on the wanted number of threads; never 0."""
        before = wg.get_num_threads()
        wg.set_num_threads(self._task_spec.num_threads)
        try:
            return max(self._timer.timeit(number), 1e-9)
        finally:
            wg.set_num_threads(before)

    def timeit(self, number=1000000):
        """One block of `number` runs."""
        self._measure(max(number // 100, 2))
        return Measurement(number, [self._measure(number)], self._task_spec)

    def _block(self, shortest):
        """How many runs take at least so many seconds."""
        number = 1
        while self._measure(number) < shortest and number < 10**9:
            number *= 10
        return number

    def _blocks(self, number, enough, callback):
        times = []
        while not enough(times):
            times.append(self._measure(number))
            if callback:
                callback(number, times[-1])
        return Measurement(number, times, self._task_spec)

    def blocked_autorange(self, callback=None, min_run_time=0.2):
        """Blocks of equal size for at least `min_run_time` seconds; callback(number, seconds) after each."""
        return self._blocks(self._block(min_run_time / 1000), lambda times: sum(times) >= min_run_time, callback)

    def adaptive_autorange(self, threshold=0.1, *, min_run_time=0.01, max_run_time=10.0, callback=None):
        """Blocks until their quartiles lie within `threshold` of the median, or `max_run_time` seconds are over."""
        number = self._block(0.05)

        def enough(times):
            spread = Measurement(number, times, self._task_spec)
            steady = len(times) > 3 and sum(times) >= min_run_time and spread.meets_confidence(threshold)
            return steady or sum(times) > max_run_time

        return self._blocks(number, enough, callback)
