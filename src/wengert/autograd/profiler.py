"""torch.autograd.profiler: the older names of torch.profiler."""

from .. import profiler as _profiler
from ..profiler import record_function
from .profiler_util import EventList

__all__ = ["EventList", "emit_itt", "emit_nvtx", "profile", "record_function"]


class profile(_profiler.profile):
    """A block whose `record_function` blocks are timed, unless `enabled` is false.

    >>> with profile() as p, record_function("step"):
    ...     pass
    >>> p.key_averages()[0].key
    'step'
    """

    def __init__(
        self,
        enabled=True,
        *,
        use_cuda=False,
        use_device=None,
        record_shapes=False,
        with_flops=False,
        profile_memory=False,
        with_stack=False,
        with_modules=False,
        use_kineto=False,
        use_cpu=True,
        experimental_config=None,
        acc_events=False,
        custom_trace_id_callback=None,
    ):
        super().__init__()
        self.enabled, self.finished = enabled, False

    def start(self):
        """Begin to record, if enabled."""
        if self.enabled:
            super().start()

    def stop(self):
        """End."""
        super().stop()
        self.finished = True

    def table(self, **options):
        """The blocks as a table, a line each."""
        return self.function_events.table(**options)

    def total_average(self):
        """All blocks together."""
        return self.function_events.total_average()

    @property
    def self_cpu_time_total(self):
        """The time of all blocks, in microseconds."""
        return self.function_events.self_cpu_time_total

    def __repr__(self):
        return str(self.function_events) if self.finished else "<unfinished torch.autograd.profile>"


class emit_nvtx:
    """Marks for NVIDIA's profiler, which are not made here."""

    def __init__(self, enabled=True, record_shapes=False):
        raise NotImplementedError("torch.autograd.profiler.emit_nvtx is not in wengert: there is no CUDA to profile")


class emit_itt:
    """Marks for Intel's profiler, which are not made here."""

    def __init__(self, enabled=True, record_shapes=False):
        raise NotImplementedError("torch.autograd.profiler.emit_itt is not in wengert: it needs Intel's library")
