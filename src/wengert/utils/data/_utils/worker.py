"""The life of a worker process: receive indices, fetch, send batches back, until told to stop."""

import multiprocessing
import os
import pickle
import random
import signal
import sys
from queue import Empty, SimpleQueue
from threading import Thread

import wengert as wg

from . import info, signals, transport

# How often a waiting worker looks whether its parent is still alive, in seconds.
PARENT_CHECK_INTERVAL = 5.0


class StreamEnded:
    """Sent instead of a batch: the stream of this worker is at its end."""


class Resumed:
    """The answer to a request for a new epoch: whatever came before belongs to the last one."""


class Failure:
    """An exception of a worker, in a form that survives the way to the parent."""

    def __init__(self, where):
        import traceback

        kind, value, trace = sys.exc_info()
        self.kind = kind
        self.name = kind.__name__
        self.where = where
        self.text = "".join(traceback.format_exception(kind, value, trace))
        try:
            pickle.loads(pickle.dumps(kind))
        except Exception:
            self.kind = RuntimeError

    def reraise(self):
        """Raises an exception of the same type, with the worker's traceback as its message."""
        message = f"Caught {self.name} {self.where}.\nOriginal {self.text}"
        if self.kind is KeyError:
            # KeyError shows the repr of its argument, which would put the traceback on one line.
            message = _Verbatim(message)
        try:
            exception = self.kind(message=message) if getattr(self.kind, "message", None) else self.kind(message)
        except Exception:
            raise RuntimeError(message) from None
        raise exception


class _Verbatim(str):
    __slots__ = ()

    def __repr__(self):
        return self


def _generate_state(base_seed, worker_id):
    """The numbers that NumPy's generator is seeded with in a worker."""
    import numpy

    entropy = [worker_id, base_seed & 0xFFFFFFFF, base_seed >> 32, 0]
    return numpy.random.SeedSequence(entropy).generate_state(4).tolist()


def _seed_everything(base_seed, worker_id):
    import numpy

    seed = base_seed + worker_id
    random.seed(seed)
    wg.manual_seed(seed)
    numpy.random.seed(_generate_state(base_seed, worker_id))
    return seed


def _orphaned(parent):
    # Each alone can be mistaken: with a fork server the parent is another process, and forks may hold the sentinel.
    return os.getppid() != parent or not multiprocessing.parent_process().is_alive()


class _Sender(Thread):
    """Sends in the background, so that the next batch is fetched while the parent is still busy with this one.

    While there is nothing to send it sees to it that a worker whose dataset hangs does not outlive the parent.

    Attributes:
        heard: False from when the parent has closed its end: nobody will read anything any more.
    """

    def __init__(self, connection, parent):
        super().__init__(daemon=True)
        self.connection = connection
        self.parent = parent
        self.heard = True
        self.messages = SimpleQueue()

    def _next(self):
        while True:
            try:
                return self.messages.get(timeout=PARENT_CHECK_INTERVAL)
            except Empty:
                if _orphaned(self.parent):
                    os._exit(1)

    def run(self):
        while (packed := self._next()) is not None:
            try:
                if self.heard:
                    transport.send(self.connection, packed)
            except OSError:
                self.heard = False

    def finish(self):
        """Ends the thread; one that still ran while the interpreter goes down could end in a crash."""
        self.messages.put(None)
        self.join(PARENT_CHECK_INTERVAL)


def _next_request(connection, parent):
    """The next request of the parent, or None when it is gone."""
    while not connection.poll(PARENT_CHECK_INTERVAL):
        if _orphaned(parent):
            return None
    try:
        return pickle.loads(connection.recv_bytes())
    except (EOFError, OSError):
        return None


class _Answers:
    """Makes the answers to the parent's requests: batches, or what went wrong."""

    def __init__(self, worker_id, make_fetcher, init_fn, sender):
        self.where = f"in DataLoader worker process {worker_id}"
        self.make_fetcher = make_fetcher
        self.send = sender.messages.put
        self.failure = None
        self.ended = False
        try:
            if init_fn is not None:
                init_fn(worker_id)
            self.begin()
        except Exception:
            self.failure = Failure(self.where)

    def begin(self):
        """Starts an epoch."""
        self.fetcher = self.make_fetcher()
        self.ended = False

    def resume(self):
        """Starts another epoch and tells the parent."""
        self.send(transport.pack((None, Resumed())))
        try:
            self.begin()
        except Exception:
            self.failure = Failure(self.where)

    def answer(self, number, index, is_stream):
        """Fetches and sends one batch."""
        if self.ended:
            return
        if self.failure is not None:
            data, self.failure = self.failure, None
        else:
            try:
                data = self.fetcher.fetch(index)
            except Exception as error:
                if is_stream and isinstance(error, StopIteration):
                    data = StreamEnded()
                    self.ended = True
                else:
                    data = Failure(self.where)
        try:
            messages = transport.pack((number, data))
        except Exception:
            messages = transport.pack((number, Failure(self.where)))
        self.send(messages)


def worker_loop(connection, inherited, make_fetcher, dataset, is_stream, base_seed, init_fn, worker_id, num_workers):
    """Runs in the worker until the parent closes the connection or dies."""
    signals.give_back()
    # Ctrl-C goes to the whole group of processes; the parent decides what happens to its workers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    # Ends of other workers' connections that came along with the fork: they must close when the parent closes them.
    for other in inherited:
        other.close()
    parent = os.getppid()
    wg.set_num_threads(1)
    seed = _seed_everything(base_seed, worker_id)
    info._worker_info = info.WorkerInfo(id=worker_id, num_workers=num_workers, seed=seed, dataset=dataset)
    sender = _Sender(connection, parent)
    sender.start()
    answers = _Answers(worker_id, make_fetcher, init_fn, sender)
    # Requests that still wait when the parent has hung up need no answer.
    while sender.heard and (request := _next_request(connection, parent)) is not None:
        number, index = request
        if number is None:
            answers.resume()
        else:
            answers.answer(number, index, is_stream)
    sender.finish()
