"""torch.multiprocessing: Python's multiprocessing, and `spawn`. Tensors travel between processes by value."""

import multiprocessing as _python
from multiprocessing import *

from .spawn import ProcessContext, ProcessExitedException, ProcessRaisedException, SpawnContext, spawn, start_processes

__all__ = list(_python.__all__)
__all__ += [
    "ProcessContext",
    "ProcessExitedException",
    "ProcessRaisedException",
    "SpawnContext",
    "get_all_sharing_strategies",
    "get_sharing_strategy",
    "set_sharing_strategy",
    "spawn",
    "start_processes",
]

_strategy = ["file_descriptor"]


def get_all_sharing_strategies():
    """The names that set_sharing_strategy takes.

    >>> sorted(get_all_sharing_strategies())
    ['file_descriptor', 'file_system']
    """
    return {"file_descriptor", "file_system"}


def get_sharing_strategy():
    """The name last set."""
    return _strategy[0]


def set_sharing_strategy(new_strategy):
    """Accepted for torch's sake: tensors are sent by value whatever it is."""
    if new_strategy not in get_all_sharing_strategies():
        raise AssertionError(f"unknown sharing strategy {new_strategy!r}")
    _strategy[0] = new_strategy


def __getattr__(name):
    return getattr(_python, name)
