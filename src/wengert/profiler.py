"""torch.profiler: how long the blocks marked with `record_function` took; single operations are not timed."""

import enum
import functools
import threading
import time

_active = []
_lock = threading.Lock()


class ProfilerActivity(enum.Enum):
    """What to watch; only the CPU is there."""

    CPU = 0
    XPU = 1
    MTIA = 2
    CUDA = 3


class ProfilerAction(enum.Enum):
    """What a schedule says for a step."""

    NONE = 0
    WARMUP = 1
    RECORD = 2
    RECORD_AND_SAVE = 3


class itt:
    """torch.profiler.itt: Intel's tracer, which is not there.

    >>> itt.is_available()
    False
    """

    @staticmethod
    def is_available():
        """False."""
        return False


def supported_activities():
    """The CPU."""
    return {ProfilerActivity.CPU}


def schedule(*, wait, warmup, active, repeat=0, skip_first=0, skip_first_wait=0):
    """A function from the number of a step to an action: wait, warm up, record, over and over.

    >>> plan = schedule(wait=1, warmup=1, active=1)
    >>> [plan(step).name for step in range(3)]
    ['NONE', 'WARMUP', 'RECORD_AND_SAVE']
    """
    length = wait + warmup + active

    def plan(step):
        step -= skip_first
        if step < 0 or (repeat > 0 and step // length >= repeat):
            return ProfilerAction.NONE
        position = step % length
        if position < wait:
            return ProfilerAction.NONE
        if position < wait + warmup:
            return ProfilerAction.WARMUP
        return ProfilerAction.RECORD if position < length - 1 else ProfilerAction.RECORD_AND_SAVE

    return plan


class record_function:
    """A named block, or a decorated function, that profilers time.

    >>> with profile() as p, record_function("forward"):
    ...     pass
    >>> [event.key for event in p.key_averages()]
    ['forward']
    """

    def __init__(self, name, args=None):
        self.name, self.args = name, args

    def __enter__(self):
        self.start = time.perf_counter_ns()
        return self

    def __exit__(self, *error):
        end = time.perf_counter_ns()
        with _lock:
            for profiler in _active:
                profiler._note(self.name, self.start, end)
        return False

    def __call__(self, function):
        @functools.wraps(function)
        def decorated(*args, **kwargs):
            with record_function(self.name):
                return function(*args, **kwargs)

        return decorated


def is_on():
    """Whether a profiler is recording."""
    return bool(_active)


class _NativeNames:
    """torch.ops.profiler: the beginning and the end of a block as two calls."""

    @staticmethod
    def _record_function_enter(name, args=None):
        return record_function(name, args).__enter__()

    _record_function_enter_new = _record_function_enter

    @staticmethod
    def _record_function_exit(handle):
        handle.__exit__()


_NativeNames._record_function_exit._RecordFunction = _NativeNames._record_function_exit


class profile:
    """A block whose `record_function` blocks are timed; `step()` follows a schedule."""

    def __init__(
        self,
        *,
        activities=None,
        schedule=None,
        on_trace_ready=None,
        record_shapes=False,
        profile_memory=False,
        with_stack=False,
        with_flops=False,
        with_modules=False,
        experimental_config=None,
        execution_trace_observer=None,
        acc_events=False,
        use_cuda=None,
    ):
        self.schedule, self.on_trace_ready = schedule, on_trace_ready
        self.step_num, self._events = 0, []

    def _recording(self):
        return self.schedule is None or self.schedule(self.step_num) in (
            ProfilerAction.RECORD,
            ProfilerAction.RECORD_AND_SAVE,
        )

    def _note(self, name, start, end):
        if self._recording():
            self._events.append((name, start, end, threading.get_ident()))

    def start(self):
        """Begin to record; steps of optimizers are recorded too."""
        from .optim.optimizer import _recorders

        with _lock:
            _active.append(self)
            _recorders.append(record_function)

    def stop(self):
        """End, and hand the trace to `on_trace_ready`."""
        from .optim.optimizer import _recorders

        with _lock:
            if self in _active:
                _active.remove(self)
                _recorders.pop()
        if self.on_trace_ready is not None and self._events:
            self.on_trace_ready(self)

    def step(self):
        """The next step of the schedule."""
        ready = self.schedule is not None and self.schedule(self.step_num) is ProfilerAction.RECORD_AND_SAVE
        self.step_num += 1
        if ready:
            if self.on_trace_ready is not None:
                self.on_trace_ready(self)
            self._events = []

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *error):
        self.stop()
        return False

    @property
    def function_events(self):
        """The blocks as an EventList, in the order in which they began, each with those within it."""
        from .autograd.profiler_util import EventList, FunctionEvent

        notes = sorted(self._events, key=lambda note: (note[1], -note[2]))
        first = notes[0][1] if notes else 0
        threads = {thread: number for number, thread in enumerate(dict.fromkeys(note[3] for note in notes), 1)}
        made = EventList(
            FunctionEvent(number, name, threads[thread], (start - first) / 1000, (end - first) / 1000)
            for number, (name, start, end, thread) in enumerate(notes, 1)
        )
        made._populate_cpu_children()
        return made

    def events(self):
        """The blocks as an EventList."""
        return self.function_events

    def key_averages(self, group_by_input_shape=False, group_by_stack_n=0, **kwargs):
        """The blocks by name."""
        return self.function_events.key_averages(group_by_input_shape, group_by_stack_n)

    def export_chrome_trace(self, path):
        """Write the blocks as a trace for chrome://tracing or Perfetto."""
        self.function_events.export_chrome_trace(path)


def tensorboard_trace_handler(dir_name, worker_name=None, use_gzip=False):
    """An `on_trace_ready` that writes a trace file to a folder."""

    def write(profiler):
        import os

        os.makedirs(dir_name, exist_ok=True)
        name = f"{worker_name or f'{os.uname().nodename}_{os.getpid()}'}.{time.time_ns()}.pt.trace.json"
        profiler.export_chrome_trace(os.path.join(dir_name, name))

    return write


def kineto_available():
    """False: blocks are timed here, not kernels.

    >>> kineto_available()
    False
    """
    return False
