"""Whether Intel MKL is used."""


def is_available():
    """False: wengert does not use it.

    >>> is_available()
    False
    """
    return False


VERBOSE_OFF, VERBOSE_ON = 0, 1


class verbose:
    """A block in which MKL would report its calls."""

    def __init__(self, enable):
        self.enable = enable

    def __enter__(self):
        return self

    def __exit__(self, *error):
        return False
