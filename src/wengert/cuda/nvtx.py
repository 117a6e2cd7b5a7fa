"""Marks for NVIDIA's profiler, which need CUDA."""

import contextlib

from .._facade.refusal import fail

_ABSENT = "NVTX functions not installed. Are you sure you have a CUDA build?"
range_push = fail(_ABSENT, RuntimeError)
range_pop = fail(_ABSENT, RuntimeError)
range_start = fail(_ABSENT, RuntimeError)
range_end = fail(_ABSENT, RuntimeError)
mark = fail(_ABSENT, RuntimeError)


@contextlib.contextmanager
def range(msg, *args, **kwargs):
    """A marked block; RuntimeError, as there is no CUDA."""
    range_push(msg.format(*args, **kwargs))
    yield
