"""torch.futures: values that another thread sets."""

import threading
from types import GenericAlias

__all__ = ["Future", "collect_all", "wait_all"]


class Future:
    """A value that is set once, by `set_result` or `set_exception`, and waited for.

    >>> future = Future()
    >>> doubled = future.then(lambda f: 2 * f.value())
    >>> future.set_result(4)
    >>> doubled.wait()
    8
    """

    __class_getitem__ = classmethod(GenericAlias)

    def __init__(self, *, devices=None):
        self._ready, self._lock, self._callbacks = threading.Event(), threading.Lock(), []
        self._value = self._error = None

    def done(self):
        """Whether there is a value or an exception."""
        return self._ready.is_set()

    def wait(self):
        """The value, once it is there; the exception that was set is raised."""
        self._ready.wait()
        return self.value()

    def value(self):
        """The value; RuntimeError while there is none."""
        if not self.done():
            raise RuntimeError("Future has not been marked complete yet")
        if self._error is not None:
            raise self._error
        return self._value

    def set_result(self, result):
        """Give the value; RuntimeError the second time."""
        self._finish(result, None)

    def set_exception(self, result):
        """Give an exception in place of the value."""
        if not isinstance(result, Exception):
            raise AssertionError(f"{result} is of type {type(result)}, not an Exception.")
        self._finish(None, result)

    def _finish(self, value, error):
        with self._lock:
            if self.done():
                raise RuntimeError("Future can only be marked completed once.")
            self._value, self._error = value, error
            self._ready.set()
            callbacks, self._callbacks = self._callbacks, []
        for callback in callbacks:
            callback(self)

    def add_done_callback(self, callback):
        """Call a function with this future once it is done, at once if it is."""
        with self._lock:
            if not self.done():
                self._callbacks.append(callback)
                return
        callback(self)

    def then(self, callback):
        """A future of what a function makes of this one."""
        following = Future()

        def run(future):
            try:
                following.set_result(callback(future))
            except Exception as error:
                following.set_exception(error)

        self.add_done_callback(run)
        return following


def collect_all(futures):
    """A future of the list of futures, done when all of them are; it has the exception of one that failed.

    >>> first, second = Future(), Future()
    >>> both = collect_all([first, second])
    >>> first.set_result(1), second.set_result(2)
    (None, None)
    >>> [future.value() for future in both.wait()]
    [1, 2]
    """
    futures, whole = list(futures), Future()
    left, lock = [len(futures)], threading.Lock()

    def one_more(_):
        with lock:
            left[0] -= 1
            last = left[0] == 0
        if last:
            errors = [future._error for future in futures if future._error is not None]
            whole.set_exception(errors[0]) if errors else whole.set_result(futures)

    if not futures:
        whole.set_result(futures)
    for future in futures:
        future.add_done_callback(one_more)
    return whole


def wait_all(futures):
    """The values of all futures; the first exception among them is raised."""
    return [future.wait() for future in collect_all(futures).wait()]
