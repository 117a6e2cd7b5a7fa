"""What torch.mps answers without Apple's GPU."""

from ._facade.refusal import fail


def is_available():
    """False.

    >>> is_available()
    False
    """
    return False


def device_count():
    """0."""
    return 0


def manual_seed(seed):
    """Nothing to seed."""


def _absent(call):
    return fail(f"Cannot execute {call}() without MPS backend.", RuntimeError)


synchronize = _absent("deviceSynchronize")
empty_cache = _absent("emptyCache")
current_allocated_memory = _absent("getCurrentAllocatedMemory")
driver_allocated_memory = _absent("getDriverAllocatedMemory")
recommended_max_memory = _absent("getRecommendedMaxMemory")
set_per_process_memory_fraction = _absent("setMemoryFraction")
get_rng_state = _absent("getDefaultGenerator")
set_rng_state = _absent("getDefaultGenerator")
seed = _absent("getDefaultGenerator")
