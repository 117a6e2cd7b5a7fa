"""torch.utils.benchmark: `Timer`, a timeit that measures in blocks and reports median and spread; `Compare`, tables of it."""

from .compare import Colorize, Compare, trim_sigfig, unit_to_english
from .timer import Measurement, TaskSpec, Timer, select_unit

__all__ = ["Colorize", "Compare", "Measurement", "TaskSpec", "Timer", "select_unit", "trim_sigfig", "unit_to_english"]
