"""torch.cpu: the one device there is, with the calls that code for any device makes."""


def is_available():
    """True.

    >>> is_available()
    True
    """
    return True


def is_initialized():
    """True."""
    return True


def device_count():
    """1."""
    return 1


def current_device():
    """ "cpu"."""
    return "cpu"


def set_device(device):
    """Nothing to choose."""


def synchronize(device=None):
    """Nothing to wait for: every operation is finished when it returns."""


class Stream:
    """The order in which operations run, which is the order of the calls."""

    def __init__(self, priority=-1):
        self.priority = priority

    def wait_stream(self, stream):
        """Nothing to wait for."""

    def synchronize(self):
        """Nothing to wait for."""

    def record_event(self, event=None):
        """An event that has happened."""
        return event or Event()

    def wait_event(self, event):
        """Nothing to wait for."""


class Event:
    """A point in time."""

    def __init__(self, enable_timing=False, blocking=False, interprocess=False):
        self.time = None

    def record(self, stream=None):
        """Keep the time."""
        import time

        self.time = time.perf_counter()

    def query(self):
        """True: all that was started has finished."""
        return True

    def synchronize(self):
        """Nothing to wait for."""

    def wait(self, stream=None):
        """Nothing to wait for."""

    def elapsed_time(self, end_event):
        """Milliseconds from this event to another."""
        return (end_event.time - self.time) * 1000.0


class StreamContext:
    """A block on a stream."""

    def __init__(self, stream):
        self.stream = stream

    def __enter__(self):
        return None

    def __exit__(self, *error):
        return False


def stream(stream):
    """A block on a stream."""
    return StreamContext(stream)


_current = Stream()


def current_stream(device=None):
    """The one stream."""
    return _current
