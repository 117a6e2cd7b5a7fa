"""What torch.cuda answers on a machine without CUDA: there is no device, and what needs one says so."""

import warnings

from .._facade.refusal import fail
from . import amp, nvtx

__all__ = [
    "amp",
    "current_device",
    "device_count",
    "empty_cache",
    "get_device_name",
    "is_available",
    "is_initialized",
    "manual_seed",
    "manual_seed_all",
    "memory_allocated",
    "nvtx",
    "set_device",
    "synchronize",
]

_ABSENT = "Torch not compiled with CUDA enabled"
_NEED_A_DEVICE = """
can_device_access_peer current_blas_handle current_device current_stream default_stream get_device_capability
get_device_name get_device_properties get_rng_state get_sync_debug_mode init initial_seed ipc_collect mem_get_info
memory_snapshot list_gpu_processes power_draw set_per_process_memory_fraction set_rng_state set_sync_debug_mode
synchronize temperature clock_rate utilization memory_usage get_per_process_memory_fraction
"""
globals().update({name: fail(_ABSENT, AssertionError) for name in _NEED_A_DEVICE.split()})

default_generators = ()
has_half = True
has_magma = False


def is_available():
    """False: wengert computes on the CPU.

    >>> is_available()
    False
    """
    return False


_initialized = False


def is_initialized():
    """False: there is nothing to initialise."""
    return False


def is_bf16_supported(including_emulation=True):
    """False: there is no device."""
    return False


def device_count():
    """0."""
    return 0


def set_device(device):
    """Refuse any device but -1, which torch ignores."""
    if device not in (-1, None):
        raise AssertionError(_ABSENT)


def manual_seed(seed):
    """Nothing to seed; scripts seed all devices alike."""


def manual_seed_all(seed):
    """Nothing to seed."""


def seed():
    """Nothing to seed."""


seed_all = seed


def get_rng_state_all():
    """The states of no device."""
    return []


def set_rng_state_all(new_states):
    """Set the states of no device; AssertionError when there is one."""
    if len(new_states):
        raise AssertionError(_ABSENT)


def empty_cache():
    """Nothing to empty."""


def memory_allocated(device=None):
    """0 bytes."""
    return 0


max_memory_allocated = memory_reserved = max_memory_reserved = memory_allocated


def memory_cached(device=None):
    """Old name of memory_reserved."""
    warnings.warn(
        "`torch.cuda.memory_cached` has been renamed to `torch.cuda.memory_reserved`", FutureWarning, stacklevel=2
    )
    return 0


def max_memory_cached(device=None):
    """Old name of max_memory_reserved."""
    warnings.warn(
        "`torch.cuda.max_memory_cached` has been renamed to `torch.cuda.max_memory_reserved`",
        FutureWarning,
        stacklevel=2,
    )
    return 0


def memory_stats(device=None):
    """No statistics."""
    from collections import OrderedDict

    return OrderedDict()


def memory_summary(device=None, abbreviated=False):
    """A sentence in place of the table."""
    return "no CUDA device, no memory in use\n"


def reset_peak_memory_stats(device=None):
    """Nothing to reset."""


reset_max_memory_allocated = reset_max_memory_cached = reset_accumulated_memory_stats = reset_peak_memory_stats


def get_arch_list():
    """No architectures."""
    return []


def get_gencode_flags():
    """No flags."""
    return ""


def is_current_stream_capturing():
    """False."""
    return False


def _is_compiled():
    return False


def _lazy_init():
    raise AssertionError(_ABSENT)


class device:
    """Selects a device in a block; only an index below zero or None can be entered."""

    def __init__(self, device):
        self.idx = -1 if device is None else getattr(device, "index", device)

    def __enter__(self):
        if not isinstance(self.idx, int) or self.idx >= 0:
            raise RuntimeError("PyTorch was compiled without CUDA support")

    def __exit__(self, *error):
        return False


class device_of(device):
    """Selects the device of a tensor in a block: the CPU, so nothing."""

    def __init__(self, obj):
        super().__init__(None)


class StreamContext:
    """Selects a stream in a block; only None can be entered."""

    def __init__(self, stream):
        self.stream = stream

    def __enter__(self):
        return None

    def __exit__(self, *error):
        return False


def stream(stream):
    """A block on a stream; None for no stream."""
    return StreamContext(stream)


class Stream:
    """A queue of work on a device, which cannot be made here."""

    def __init__(self, *args, **kwargs):
        raise RuntimeError("torch.cuda.Stream requires CUDA support")


class ExternalStream(Stream):
    """A stream made elsewhere, which cannot be made here."""


class Event:
    """A mark in a stream, which cannot be made here."""

    def __init__(self, *args, **kwargs):
        raise RuntimeError("Tried to instantiate dummy base class Event")


class CUDAGraph:
    """A recorded graph of kernels, which cannot be made here."""

    def __init__(self, *args, **kwargs):
        raise RuntimeError("Tried to instantiate dummy base class CUDAGraph")


class graph:
    """A block whose kernels are recorded, which cannot be entered here."""

    def __init__(self, cuda_graph, pool=None, stream=None, capture_error_mode="global"):
        raise RuntimeError("torch.cuda.Stream requires CUDA support")


def __getattr__(name):
    if name in ("OutOfMemoryError", "CudaError", "AcceleratorError"):
        import wengert as wg

        return getattr(wg, "OutOfMemoryError", RuntimeError)
    if name.endswith("Tensor") and name != "Tensor" and name[0].isupper():
        message = f"type torch.cuda.{name} not available. {_ABSENT}."
        cls = globals()[name] = type(name, (), {"__module__": "torch.cuda", "__init__": fail(message, TypeError)})
        return cls
    raise AttributeError(f"module 'torch.cuda' has no attribute '{name}'")


from . import random  # noqa: F401 (it takes its names from here)
