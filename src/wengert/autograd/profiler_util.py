"""torch.autograd.profiler_util: blocks that were timed, how they lie in each other, and their averages by name."""

import itertools

__all__ = ["EventList", "FunctionEvent", "FunctionEventAvg", "Interval"]


def _format_time(time_us):
    """A time in microseconds as text.

    >>> _format_time(1500)
    '1.500ms'
    """
    for unit, name in ((1e6, "s"), (1e3, "ms")):
        if time_us >= unit:
            return f"{time_us / unit:.3f}{name}"
    return f"{time_us:.3f}us"


_TOP = "This report only display top-level ops statistics"


def _share(part, whole):
    return f"{part * 100 / whole:.2f}%" if whole else "NaN"


class Interval:
    """A stretch of time, in microseconds."""

    def __init__(self, start, end):
        self.start, self.end = start, end

    def elapsed_us(self):
        """Its length."""
        return self.end - self.start


class _Timed:
    """What an event and an average have in common: means and texts of times; there is no device."""

    device_time_total = self_device_time_total = cuda_time_total = self_cuda_time_total = 0
    cpu_memory_usage = self_cpu_memory_usage = device_memory_usage = self_device_memory_usage = 0
    cpu_time = property(lambda self: self.cpu_time_total / self.count if self.count else 0.0)
    device_time = cuda_time = property(lambda self: 0.0)
    cpu_time_str = property(lambda self: _format_time(self.cpu_time))
    cpu_time_total_str = property(lambda self: _format_time(self.cpu_time_total))
    self_cpu_time_total_str = property(lambda self: _format_time(self.self_cpu_time_total))


class FunctionEvent(_Timed):
    """A block that was timed: its name, thread, time_range, and the events within it."""

    count, is_async, is_remote, is_legacy = 1, False, False, False

    def __init__(
        self, id, name, thread, start_us, end_us, *, node_id=-1, fwd_thread=None, input_shapes=None, stack=None, scope=0, sequence_nr=-1,
        **_
    ):  # fmt: skip
        self.id, self.name, self.thread, self.node_id = id, name, thread, node_id
        self.time_range = Interval(start_us, end_us)
        self.fwd_thread, self.input_shapes, self.stack, self.scope = fwd_thread, input_shapes, stack, scope
        self.sequence_nr, self.cpu_children, self.cpu_parent = sequence_nr, [], None

    key = property(lambda self: self.name)
    cpu_time_total = property(lambda self: self.time_range.elapsed_us())

    @property
    def self_cpu_time_total(self):
        """The time outside the events within it, in microseconds."""
        return self.cpu_time_total - sum(child.cpu_time_total for child in self.cpu_children)

    def append_cpu_child(self, child):
        """Says that an event lies in this one."""
        self.cpu_children.append(child)
        child.cpu_parent = self

    def __repr__(self):
        return (
            f"<FunctionEvent id={self.id} name={self.name} node_id={self.node_id} cpu_time={self.cpu_time_str} "
            f"start_us={self.time_range.start} end_us={self.time_range.end} cpu_children={[c.id for c in self.cpu_children]} "
            f"thread={self.thread} input_shapes={self.input_shapes} seq_nr={self.sequence_nr}>"
        )


class FunctionEventAvg(_Timed):
    """The events of one key, added up."""

    def __init__(self):
        self.key, self.count, self.cpu_time_total, self.self_cpu_time_total = None, 0, 0, 0
        self.node_id, self.input_shapes, self.stack, self.scope = 0, None, None, None
        self.cpu_children, self.cpu_parent = None, None

    def add(self, other):
        """Adds an event, or an average of the same key; AssertionError for another key."""
        if self.key is None:
            for name in ("key", "node_id", "input_shapes", "stack", "scope", "cpu_children", "cpu_parent"):
                setattr(self, name, getattr(other, name))
        if other.key != self.key:
            raise AssertionError(f"Expected keys to match, but got {other.key} vs {self.key}")
        self.cpu_time_total += other.cpu_time_total
        self.self_cpu_time_total += other.self_cpu_time_total
        self.count += other.count
        return self

    __iadd__ = add

    def __repr__(self):
        return (
            f"<FunctionEventAvg key={self.key} self_cpu_time={self.self_cpu_time_total_str} cpu_time={self.cpu_time_str} "
            f"input_shapes={self.input_shapes}>"
        )


class EventList(list):
    """Events or averages, and their table.

    >>> made = EventList(FunctionEvent(k, "block", 0, *span) for k, span in enumerate([(0, 9), (1, 3)]))
    >>> made._populate_cpu_children()
    >>> [event.self_cpu_time_total for event in made]
    [7, 2]
    """

    def _populate_cpu_children(self):
        """Finds for each event the innermost one of its thread that it lies in."""
        order = sorted(self, key=lambda e: (e.thread, e.node_id, e.time_range.start, -e.time_range.end))
        for _, events in itertools.groupby(order, key=lambda e: (e.thread, e.node_id)):
            around = []
            for event in events:
                span = event.time_range
                while around and (span.start >= around[-1].time_range.end or span.end > around[-1].time_range.end):
                    around.pop()
                if around:
                    around[-1].append_cpu_child(event)
                around.append(event)

    @property
    def self_cpu_time_total(self):
        """The time of all events, each counted once."""
        return sum(event.self_cpu_time_total for event in self)

    def key_averages(self, group_by_input_shapes=False, group_by_stack_n=0, group_by_overload_name=False):
        """The events of each name (and of each list of shapes) added up."""
        averages = {}
        for event in self:
            key = (event.key, str(event.input_shapes) if group_by_input_shapes else "")
            averages.setdefault(key, FunctionEventAvg()).add(event)
        return EventList(averages.values())

    def total_average(self):
        """All of them together."""
        total = FunctionEventAvg()
        for event in self:
            total.add(event)
            total.key = None
        total.key = "Total"
        return total

    def table(
        self, sort_by=None, row_limit=100, max_src_column_width=75, max_name_column_width=55, max_shapes_column_width=80, header=None,
        top_level_events_only=False, **_
    ):  # fmt: skip
        """A line for each: its name, its time without and with what lies in it, the mean, the number of calls."""
        if not self:
            return ""
        rows = sorted(self, key=lambda row: -getattr(row, sort_by)) if sort_by else list(self)
        if top_level_events_only:
            rows = [row for row in rows if row.cpu_parent is None]
        own = self.self_cpu_time_total
        widths = [min(max(len(row.key) for row in self) + 4, max_name_column_width), *[12] * 6]
        cells = [["Name", "Self CPU %", "Self CPU", "CPU total %", "CPU total", "CPU time avg", "# of Calls"]]
        for row in rows if row_limit < 0 else rows[:row_limit]:
            name = row.key if len(row.key) < max_name_column_width else row.key[: max_name_column_width - 3] + "..."
            shares = _share(row.self_cpu_time_total, own), _share(row.cpu_time_total, own)
            times = row.self_cpu_time_total_str, row.cpu_time_total_str
            cells.append([name, shares[0], times[0], shares[1], times[1], row.cpu_time_str, str(row.count)])
        lines = ["".join(cell.rjust(width) + "  " for cell, width in zip(line, widths)) for line in cells]
        rule = "".join("-" * width + "  " for width in widths)
        above = [text for text in (header, _TOP * top_level_events_only) if text]
        above = [line for text in above for line in ("=" * (len(rule) - 2), text)]
        return "\n".join(
            [*above, rule, lines[0], rule, *lines[1:], rule, f"Self CPU time total: {_format_time(own)}", ""]
        )

    def export_chrome_trace(self, path):
        """Writes the events as a trace for chrome://tracing or Perfetto."""
        import json

        events = [
            {"ph": "X", "name": e.name, "ts": e.time_range.start, "dur": e.cpu_time_total, "pid": 0, "tid": e.thread}
            for e in self
        ]
        with open(path, "w") as file:
            json.dump({"traceEvents": events}, file)

    def __str__(self):
        return self.table()
