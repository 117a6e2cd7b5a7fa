"""Moments in which no signal is handled, so that an interrupt can't leave half a worker behind."""

import signal
import sys
import threading

_handlers = {}  # while signals wait: what handles them otherwise


def undisturbed(function, *args):
    """Calls a function; signals that come meanwhile are handled after it. Only the main thread handles any."""
    if _handlers or threading.current_thread() is not threading.main_thread():
        return function(*args)
    came = []
    try:
        # Ctrl-C first, to be given back last: until then nothing can break that off.
        for number in sorted(signal.valid_signals(), key=lambda number: number != signal.SIGINT):
            if callable(signal.getsignal(number)):
                _handlers[number] = signal.signal(number, lambda number, frame: came.append(number))
        return function(*args)
    finally:
        handlers = dict(_handlers)
        try:
            give_back()
        finally:
            _handle(came, handlers)


def give_back():
    """Has signals handled as before, also in a worker that was forked while they waited."""
    try:
        for number in reversed(list(_handlers)):
            signal.signal(number, _handlers[number])
            del _handlers[number]
    finally:
        if _handlers:  # one that was given back has raised
            give_back()


def _handle(came, handlers):
    if came:
        try:
            handlers[came[0]](came[0], sys._getframe(1))
        finally:
            _handle(came[1:], handlers)
