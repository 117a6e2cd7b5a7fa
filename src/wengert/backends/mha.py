"""The fast path of multi-head attention: a setting, kept and without effect."""

_fastpath = [True]


def get_fastpath_enabled():
    """Whether the fast path is allowed.

    >>> get_fastpath_enabled()
    True
    """
    return _fastpath[0]


def set_fastpath_enabled(value):
    """Allow or forbid the fast path."""
    _fastpath[0] = bool(value)
