"""torch.utils.benchmark: `Timer`, a timeit that measures in blocks and reports median and spread."""

from .timer import Measurement, Timer

__all__ = ["Measurement", "Timer"]
