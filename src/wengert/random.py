"""torch.random: the default generator, its seed and its state."""

from ._core import default_generator

__all__ = [
    "fork_rng",
    "get_rng_state",
    "initial_seed",
    "manual_seed",
    "seed",
    "set_rng_state",
    "thread_safe_generator",
]


def manual_seed(seed):
    """Starts the default generator anew from an int seed (64 bits, may be negative); returns the generator.

    >>> import wengert
    >>> _ = wengert.manual_seed(0)
    >>> wengert.rand(2)
    tensor([0.4963, 0.7682])
    """
    return default_generator.manual_seed(int(seed))


def seed():
    """Seeds the default generator from the system's entropy and returns that seed.

    >>> seed() == initial_seed()
    True
    """
    return default_generator.seed()


def initial_seed():
    """The seed that the default generator was last given.

    >>> manual_seed(7).initial_seed() == initial_seed() == 7
    True
    """
    return default_generator.initial_seed()


def get_rng_state():
    """The state of the default generator: a uint8 tensor of 5056 bytes, the same bytes as torch's.

    >>> get_rng_state().shape
    torch.Size([5056])
    """
    return default_generator.get_state()


def set_rng_state(new_state):
    """Puts the default generator into a state that get_rng_state() gave.

    >>> import wengert
    >>> state = get_rng_state()
    >>> a = wengert.rand(3)
    >>> set_rng_state(state)
    >>> bool((a == wengert.rand(3)).all())
    True
    """
    default_generator.set_state(new_state)


class fork_rng:
    """A block, or a decorated function, after which the default generator is as it was before.

    enabled=False makes it do nothing; devices and device_type are accepted for torch's sake.

    >>> import wengert
    >>> _ = wengert.manual_seed(0)
    >>> with fork_rng():
    ...     inside = wengert.rand(1)
    >>> bool(inside == wengert.rand(1))
    True
    """

    def __init__(self, devices=None, enabled=True, _caller="fork_rng", _devices_kw="devices", device_type=None):
        self._enabled = enabled
        self._states = []

    def __enter__(self):
        self._states.append(get_rng_state() if self._enabled else None)

    def __exit__(self, *error):
        state = self._states.pop()
        if state is not None:
            set_rng_state(state)

    def __call__(self, function):
        from functools import wraps

        @wraps(function)
        def forked(*args, **kwargs):
            with self:
                return function(*args, **kwargs)

        return forked


def thread_safe_generator():
    """The generator of this thread's data loading worker: None, as no worker of ours is a thread.

    >>> thread_safe_generator() is None
    True
    """
    return
