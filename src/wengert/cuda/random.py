"""torch.cuda.random: the generators of CUDA's devices, of which there are none."""

from . import (  # noqa: F401 (names of torch.cuda.random)
    current_device,
    device_count,
    get_rng_state,
    get_rng_state_all,
    initial_seed,
    is_initialized,
    manual_seed,
    manual_seed_all,
    seed,
    seed_all,
    set_rng_state,
    set_rng_state_all,
)

__all__ = [
    "get_rng_state",
    "get_rng_state_all",
    "initial_seed",
    "manual_seed",
    "manual_seed_all",
    "seed",
    "seed_all",
    "set_rng_state",
    "set_rng_state_all",
]
