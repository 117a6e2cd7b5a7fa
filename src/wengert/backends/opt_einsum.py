"""The order of contractions in einsum: left to right."""

enabled = False
strategy = None


def is_available():
    """False: wengert does not use opt_einsum.

    >>> is_available()
    False
    """
    return False


def get_opt_einsum():
    """None."""
    return
