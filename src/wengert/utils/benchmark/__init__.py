"""torch.utils.benchmark: `Timer`, a timeit that measures in blocks and reports median and spread."""

from .timer import Measurement, TaskSpec, Timer, select_unit

__all__ = ["Measurement", "TaskSpec", "Timer", "select_unit"]
