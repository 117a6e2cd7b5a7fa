"""Whether OpenMP is used."""


def is_available():
    """False: wengert does not use it.

    >>> is_available()
    False
    """
    return False
