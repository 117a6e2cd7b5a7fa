"""`torch.__version__`: a string that compares as a version, with other strings and with tuples."""


def _numbers(text):
    """The release of a version as numbers, and whether it is a pre-release."""
    release = str(text).partition("+")[0].lstrip("v")
    numbers, rest = [], release
    for part in release.split("."):
        digits = part[: len(part) - len(part.lstrip("0123456789"))]
        if not digits:
            break
        numbers.append(int(digits))
        rest = rest[len(digits) :].removeprefix(".") if digits == part else rest[len(digits) :]
        if digits != part:
            break
    while numbers and numbers[-1] == 0:
        numbers.pop()
    before = rest.startswith(("a", "b", "rc", "dev", ".dev"))
    return (tuple(numbers), not before)


def _key(other):
    """What to compare by, or None for what is no version."""
    if isinstance(other, (tuple, list)):
        other = ".".join(map(str, other))
    if not isinstance(other, str) or not other[:1].lstrip("v").isdigit():
        return None
    return _numbers(other)


class TorchVersion(str):
    """A version: `TorchVersion("2.13.0") >= "2.4"` and `>= (2, 4)` are true.

    >>> TorchVersion("2.13.0+wengert.0.1.0") >= "2.4", TorchVersion("2.13.0") < (2, 4)
    (True, False)
    """

    __slots__ = ()

    def _compare(self, other, method):
        key = _key(other)
        if key is None:
            return getattr(str, method)(self, other)
        own = _numbers(self)
        return {"__lt__": own < key, "__le__": own <= key, "__gt__": own > key, "__ge__": own >= key}[method]

    def __lt__(self, other):
        return self._compare(other, "__lt__")

    def __le__(self, other):
        return self._compare(other, "__le__")

    def __gt__(self, other):
        return self._compare(other, "__gt__")

    def __ge__(self, other):
        return self._compare(other, "__ge__")

    def __eq__(self, other):
        return str.__eq__(self, other) is True or (
            isinstance(other, (str, tuple, list)) and _key(other) is not None and _numbers(self) == _key(other)
        )

    def __ne__(self, other):
        return not self == other

    __hash__ = str.__hash__
