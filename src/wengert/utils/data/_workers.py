"""The parent's side of a DataLoader with worker processes."""

import multiprocessing
import os
import pickle
import signal
import socket
import struct
import sys
import time
import warnings
import weakref
from collections import deque
from functools import partial
from itertools import cycle
from multiprocessing import connection as mp_connection

from ... import _core
from ._utils import transport
from ._utils.signals import undisturbed
from ._utils.worker import Failure, Resumed, StreamEnded, worker_loop
from .dataloader import _BaseDataLoaderIter, _DatasetKind

# How long workers may take to finish by themselves before they are ended, in seconds.
_GRACE = 5.0
# How often a waiting parent asks the system itself whether its workers are alive, in seconds.
_LIFE_CHECK_INTERVAL = 5.0
_PENDING = object()


def _default_context():
    """What the user has set for the whole program; else fork on Linux, because datasets then need no pickling."""
    if multiprocessing.get_start_method(allow_none=True) is None and sys.platform.startswith("linux"):
        return multiprocessing.get_context("fork")
    return multiprocessing.get_context()


def _hang_up(connections):
    """Closes connections for good, also where other forks of this process hold copies of them."""
    while connections:
        end = connections.pop()
        if hasattr(socket, "AF_UNIX"):
            try:
                with socket.socket(fileno=os.dup(end.fileno())) as copy:
                    copy.shutdown(socket.SHUT_RDWR)
            except OSError:
                # The worker was faster.
                pass
        end.close()


def _limit_silence(end, seconds):
    """Lets reading from a connection fail after so long without a byte: a worker may stop in the middle of a batch."""
    if hasattr(socket, "AF_UNIX"):
        limit = struct.pack("ll", int(seconds), int(seconds % 1 * 1e6))
        with socket.socket(fileno=os.dup(end.fileno())) as copy:
            copy.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, limit)


def _stop(owner, processes, connections):
    """Ends all workers: closing the connections asks them to, then they are made to."""
    if os.getpid() != owner:
        # A fork of the process that owns the workers; they are none of its business.
        return
    try:
        undisturbed(_hang_up, connections)
        deadline = time.monotonic() + _GRACE
        for process in processes:  # not by join, which forgets how a process ended when it is interrupted
            mp_connection.wait([process.sentinel], max(0.0, deadline - time.monotonic()))
    finally:  # also when Ctrl-C ends the waiting
        undisturbed(_make_end, processes)


def _let_go(held):
    """What the finalizer would do, in a way that can be done again when it was broken off."""
    if held:
        _stop(*held[1:])
        undisturbed(_forget, held)


def _forget(held):
    """Drops the finalizer and the processes: an interrupt that comes while multiprocessing's objects go would be lost."""
    held[0].detach()
    held.clear()


def _make_end(processes):
    for process in processes:
        if process.is_alive():
            process.terminate()
            process.join(1.0)
            if process.is_alive():
                process.kill()
                process.join()


def _cause(process):
    """How a process ended, as the error that the reader of a traceback sees first."""
    process.join(1.0)
    code, name = process.exitcode, f"DataLoader worker (pid {process.pid})"
    if code is None:
        return RuntimeError(f"{name} closed its connection")
    if code >= 0:
        return RuntimeError(
            f"{name} exited unexpectedly with exit code {code}. Details are lost due to multiprocessing. "
            "Rerunning with num_workers=0 may give better error trace."
        )
    hint = ""
    if -code == getattr(signal, "SIGBUS", None):
        hint = (
            "It is possible that dataloader's workers are out of shared memory. "
            "Please try to raise your shared memory limit."
        )
    return RuntimeError(f"{name} is killed by signal: {signal.strsignal(-code)}. {hint}")


class _MultiProcessingDataLoaderIter(_BaseDataLoaderIter):
    """A pass, or with persistent workers all passes, over a loader with workers.

    ``_tasks`` holds a ``[worker, data]`` for each batch that was asked for, in order; data is pending until it
    arrives. Each worker has a connection of its own, so the end of a worker is noticed at once.
    """

    def __init__(self, loader):
        super().__init__(loader)
        self._prefetch_factor = loader.prefetch_factor
        if self._prefetch_factor <= 0:
            raise AssertionError("prefetch_factor must be greater than 0 for MultiProcessingDataLoaderIter")
        self._in_order = loader.in_order
        self._workers = []
        self._connections = []
        # By way of a finalizer, which also runs when the interpreter exits while a pass is under way; not the iterator's
        # own, in which an interrupt would be lost.
        self._finalizer = weakref.finalize(_stop, _stop, os.getpid(), self._workers, self._connections)
        self._end = _core.at_end(partial(_let_go, [self._finalizer, *self._finalizer.peek()[2]]))
        context = loader.multiprocessing_context or _default_context()
        for worker_id in range(self._num_workers):
            undisturbed(self._start, context, worker_id, loader.worker_init_fn)
        self._reset(loader, first_iter=True)

    def _start(self, context, worker_id, init_fn):
        ours, theirs = context.Pipe(duplex=True)
        self._connections.append(ours)
        if self._timeout > 0:
            _limit_silence(ours, self._timeout)
        forked = context.get_start_method() == "fork"
        is_stream = self._dataset_kind == _DatasetKind.Iterable
        make_fetcher = partial(
            _DatasetKind.create_fetcher,
            self._dataset_kind,
            self._dataset,
            self._auto_collation,
            self._collate_fn,
            self._drop_last,
        )
        inherited = list(self._connections) if forked else []
        process = context.Process(
            target=worker_loop,
            args=(
                theirs,
                inherited,
                make_fetcher,
                self._dataset,
                is_stream,
                self._base_seed,
                init_fn,
                worker_id,
                self._num_workers,
            ),
            daemon=True,
        )
        try:
            process.start()
        except (TypeError, AttributeError, pickle.PicklingError):
            warnings.warn(
                "Got pickle error when attempting to start a worker Process. "
                "This might be because the worker Process arguments are not picklable. "
                "You can also try multiprocessing.set_start_method('fork').",
                stacklevel=2,
            )
            raise
        finally:
            theirs.close()
        self._workers.append(process)

    def _reset(self, loader, first_iter=False):
        super()._reset(loader, first_iter)
        self._next_number = 0
        self._tasks = {}
        self._arrived = deque()
        self._running = [True] * self._num_workers
        self._load = [0] * self._num_workers
        self._turn = cycle(range(self._num_workers))
        if not first_iter:
            self._resume()
        for _ in range(self._prefetch_factor * self._num_workers):
            self._try_put_index()

    def _resume(self):
        """Begins another epoch; batches of an unfinished one are thrown away."""
        for worker_id in range(self._num_workers):
            self._ask(worker_id, (None, None))
        waiting = self._num_workers
        while waiting:
            number, data = self._whole(self._receive, self._wait())
            if number is None and isinstance(data, Resumed):
                waiting -= 1

    def _whole(self, step, *args):
        """Does what must not be done by half: broken off, by Ctrl-C say, it leaves no workers to go on with."""
        try:
            return step(*args)
        except BaseException:
            self._shutdown_workers()
            raise

    def _ask(self, worker_id, request):
        message = pickle.dumps(request)
        try:
            self._connections[worker_id].send_bytes(message)
        except OSError:
            self._died([worker_id])

    def _try_put_index(self):
        """Asks the next worker whose turn it is for the next batch."""
        try:
            index = next(self._sampler_iter)
        except StopIteration:
            return
        self._whole(self._put, index)

    def _put(self, index):
        fair = self._prefetch_factor * self._num_workers // max(1, sum(self._running))
        for _ in range(self._num_workers):
            worker_id = next(self._turn)
            if self._running[worker_id] and (self._in_order or self._load[worker_id] < fair):
                break
        else:
            return
        number = self._next_number
        self._next_number += 1
        self._tasks[number] = [worker_id, _PENDING]
        self._load[worker_id] += 1
        self._ask(worker_id, (number, index))

    def _finished(self):
        """The number of the batch to hand out now, or None."""
        if not self._in_order:
            return self._arrived.popleft() if self._arrived else None
        number = next(iter(self._tasks))
        return None if self._tasks[number][1] is _PENDING else number

    def _next_data(self):
        while self._tasks:
            number = self._finished()
            if number is not None:
                return self._deliver(number)
            self._whole(self._take, self._wait())
        if not self._persistent_workers:
            self._shutdown_workers()
        raise StopIteration

    def _take(self, worker_id):
        """Receives a message and keeps what is in it."""
        number, data = self._receive(worker_id)
        if isinstance(data, StreamEnded):
            self._running[worker_id] = False
            # It will not answer what else it was asked for.
            for lost in [n for n, task in self._tasks.items() if task[0] == worker_id and task[1] is _PENDING]:
                del self._tasks[lost]
            self._try_put_index()
        elif number in self._tasks:
            self._tasks[number][1] = data
            if not self._in_order:
                self._arrived.append(number)

    def _deliver(self, number):
        worker_id, data = self._tasks.pop(number)
        self._load[worker_id] -= 1
        self._try_put_index()
        if isinstance(data, Failure):
            data.reraise()
        return data

    def _wait(self):
        """Waits for the next message of any worker: its number."""
        ends, sentinels = self._connections, [process.sentinel for process in self._workers]
        deadline = time.monotonic() + self._timeout if self._timeout > 0 else float("inf")
        while not (ready := mp_connection.wait([*ends, *sentinels], self._patience(deadline))):
            # A process that was forked from another thread just then may hold copies of what would have told us.
            if dead := [i for i, process in enumerate(self._workers) if not process.is_alive()]:
                self._died(dead)
            if time.monotonic() >= deadline:
                raise self._timed_out()
        for worker_id, end in enumerate(ends):
            if end in ready:
                return worker_id
        self._died([i for i, sentinel in enumerate(sentinels) if sentinel in ready])

    @staticmethod
    def _patience(deadline):
        return max(0.0, min(_LIFE_CHECK_INTERVAL, deadline - time.monotonic()))

    def _timed_out(self):
        return RuntimeError(f"DataLoader timed out after {self._timeout} seconds")

    def _receive(self, worker_id):
        """The message that a worker is sending: (number of the batch, data)."""
        try:
            message = transport.receive(self._connections[worker_id])
        except BlockingIOError:
            raise self._timed_out() from None
        except (EOFError, OSError):
            self._died([worker_id])
        return transport.unpack(message)

    def _died(self, worker_ids):
        pids = ", ".join(str(self._workers[i].pid) for i in worker_ids)
        cause = _cause(self._workers[worker_ids[0]])
        self._shutdown_workers()
        raise RuntimeError(f"DataLoader worker (pid(s) {pids}) exited unexpectedly") from cause

    @property
    def _shutdown(self):
        return not self._finalizer.alive

    def _shutdown_workers(self):
        self._tasks = {}
        self._finalizer()
