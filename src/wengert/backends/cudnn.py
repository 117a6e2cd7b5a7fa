"""Settings of cuDNN, kept and without effect."""

import contextlib
import types

enabled = True
benchmark = False
benchmark_limit = None
deterministic = False
allow_tf32 = True
fp32_precision = "none"
conv = types.SimpleNamespace(fp32_precision="tf32")
rnn = types.SimpleNamespace(fp32_precision="tf32")


def is_available():
    """False: there is no cuDNN.

    >>> is_available()
    False
    """
    return False


def version():
    """None: there is no cuDNN."""
    return


def is_acceptable(tensor):
    """False: no tensor is on a CUDA device."""
    return False


def set_flags(
    _enabled=None, _benchmark=None, _benchmark_limit=None, _deterministic=None, _allow_tf32=None, _fp32_precision="none"
):
    """Set several settings; returns what they were."""
    module = globals()
    before = (enabled, benchmark, benchmark_limit, deterministic, allow_tf32, fp32_precision)
    given = {
        "enabled": _enabled,
        "benchmark": _benchmark,
        "benchmark_limit": _benchmark_limit,
        "deterministic": _deterministic,
        "allow_tf32": _allow_tf32,
    }
    module.update({name: value for name, value in given.items() if value is not None})
    return before


@contextlib.contextmanager
def flags(
    enabled=False, benchmark=False, benchmark_limit=10, deterministic=False, allow_tf32=True, fp32_precision="none"
):
    """A block with other settings."""
    before = set_flags(enabled, benchmark, benchmark_limit, deterministic, allow_tf32)
    try:
        yield
    finally:
        set_flags(*before)
