"""Settings of oneDNN, kept and without effect."""

import contextlib

enabled = True
deterministic = False
allow_tf32 = False


def is_available():
    """False: wengert does not use it.

    >>> is_available()
    False
    """
    return False


@contextlib.contextmanager
def flags(enabled=False, deterministic=False, allow_tf32=True, fp32_precision="none"):
    """A block with other settings."""
    module, given = globals(), {"enabled": enabled, "deterministic": deterministic, "allow_tf32": allow_tf32}
    before = {name: module[name] for name in given}
    module.update(given)
    try:
        yield
    finally:
        module.update(before)
