"""Apple's GPU: not there."""


def is_available():
    """False: wengert computes on the CPU.

    >>> is_available()
    False
    """
    return False


def is_built():
    """False."""
    return False


def is_macos_or_newer(major, minor):
    """False: there is no such device."""
    return False


def is_macos13_or_newer(minor=0):
    """Refuse, in torch's words."""
    raise RuntimeError("Cannot execute isOnMacOSorNewer() without MPS backend.")
