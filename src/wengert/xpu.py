"""What torch.xpu answers without an Intel GPU."""

from ._facade.refusal import fail

_NEED_A_DEVICE = """
current_device current_stream get_device_capability get_device_name get_device_properties get_rng_state init
initial_seed mem_get_info set_rng_state synchronize
"""
globals().update({name: fail("Torch not compiled with XPU enabled", AssertionError) for name in _NEED_A_DEVICE.split()})


def is_available():
    """False.

    >>> is_available()
    False
    """
    return False


is_initialized = is_bf16_supported = is_available


def device_count():
    """0."""
    return 0


def manual_seed(seed):
    """Nothing to seed."""


def manual_seed_all(seed):
    """Nothing to seed."""


def empty_cache():
    """Nothing to empty."""


def memory_allocated(device=None):
    """0 bytes."""
    return 0


max_memory_allocated = memory_reserved = max_memory_reserved = memory_allocated
