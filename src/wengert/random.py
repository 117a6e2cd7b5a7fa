"""torch.random: the state of the generator, and blocks that leave it as it was."""

import contextlib

import wengert as _wg


def __getattr__(name):
    if name in ("manual_seed", "seed", "initial_seed", "get_rng_state", "set_rng_state", "default_generator"):
        return getattr(_wg, name)
    raise AttributeError(f"module 'torch.random' has no attribute '{name}'")


@contextlib.contextmanager
def fork_rng(devices=None, enabled=True, _caller="fork_rng", _devices_kw="devices", device_type="cuda"):
    """A block after which the generator is as it was before.

    >>> import wengert
    >>> _ = wengert.manual_seed(0)
    >>> with fork_rng():
    ...     inside = wengert.rand(1)
    >>> bool(inside == wengert.rand(1))
    True
    """
    if not enabled:
        yield
        return
    state = _wg.get_rng_state()
    try:
        yield
    finally:
        _wg.set_rng_state(state)
