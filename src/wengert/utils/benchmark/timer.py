"""`Timer` and `Measurement`: how long a statement takes."""

import statistics
import timeit


class Measurement:
    """Times of one statement: `times` in seconds for one run each."""

    def __init__(self, number_per_run, raw_times, label=None, sub_label=None, description=None, num_threads=1):
        self.number_per_run, self.raw_times = number_per_run, raw_times
        self.label, self.sub_label, self.description, self.num_threads = label, sub_label, description, num_threads

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

    @property
    def iqr(self):
        """Distance between the quartiles."""
        if len(self.times) < 2:
            return 0.0
        first, _, third = statistics.quantiles(self.times, n=4)
        return third - first

    def __repr__(self):
        unit, factor = next(
            ((name, size) for name, size in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)) if self.median >= size),
            ("ns", 1e-9),
        )
        name = self.label or "timing"
        runs = f"{len(self.raw_times)} measurement{'s' * (len(self.raw_times) != 1)}, {self.number_per_run} runs each"
        return (
            f"{name}\n  Median: {self.median / factor:.2f} {unit}\n  IQR:    {self.iqr / factor:.2f} {unit}\n  {runs}"
        )


class Timer:
    """Times a statement given as text, with names from `globals`, after running `setup` once a block.

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
        self.names = {"label": label, "sub_label": sub_label, "description": description, "num_threads": num_threads}
        self.num_threads = num_threads
        self._timer = timeit.Timer(stmt, setup, timer, globals)

    def _measure(self, number):
        import wengert as wg

        before = wg.get_num_threads()
        wg.set_num_threads(self.num_threads)
        try:
            return self._timer.timeit(number)
        finally:
            wg.set_num_threads(before)

    def timeit(self, number=1000000):
        """One block of `number` runs."""
        self._measure(max(1, number // 100))
        return Measurement(number, [self._measure(number)], **self.names)

    def blocked_autorange(self, callback=None, min_run_time=0.2):
        """Blocks of equal size for at least `min_run_time` seconds."""
        number = 1
        while (time := self._measure(number)) < min_run_time / 1000 and number < 10**9:
            number *= 10
        times = [time]
        while sum(times) < min_run_time:
            times.append(self._measure(number))
        return Measurement(number, times, **self.names)

    adaptive_autorange = blocked_autorange
