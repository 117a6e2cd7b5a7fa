"""What torch.accelerator answers without an accelerator."""

import warnings

from ._facade.refusal import fail

_NEED_ONE = """
current_device_index current_stream empty_cache get_memory_info max_memory_allocated max_memory_reserved
memory_allocated memory_reserved memory_stats reset_accumulated_memory_stats reset_peak_memory_stats set_stream
synchronize get_device_capability
"""
_ABSENT = "Cannot access accelerator device when none is available."
globals().update({name: fail(_ABSENT, RuntimeError) for name in _NEED_ONE.split()})


def is_available():
    """False: wengert computes on the CPU.

    >>> is_available()
    False
    """
    return False


def device_count():
    """0."""
    return 0


def current_accelerator(check_available=False):
    """None: there is no accelerator."""
    return


def set_device_index(device):
    """Refuse any index but a negative one, which torch ignores."""
    if not isinstance(device, int) or device >= 0:
        raise RuntimeError(_ABSENT)


def current_device_idx():
    """Old name of current_device_index."""
    warnings.warn("Use `current_device_index` instead.", FutureWarning, stacklevel=2)
    raise RuntimeError(_ABSENT)


set_device_idx = set_device_index


class device_index:
    """A block on a device; only None can be entered."""

    def __init__(self, device):
        self.idx = device

    def __enter__(self):
        if self.idx is not None:
            raise RuntimeError(_ABSENT)

    def __exit__(self, *error):
        return False
