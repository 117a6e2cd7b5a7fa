"""The demonstration behind ``wengert demo``, and the handwritten digits that it learns."""

from wengert.demo._data import digits

__all__ = ["digits", "main"]


def main(argv):
    """Run the demonstration with command-line arguments; returns the exit status.

    >>> import tempfile
    >>> main(["--epochs", "1", "--out", tempfile.mkdtemp(), "--quiet"])
    0
    """
    from wengert.demo._command import main

    return main(argv)
