"""Interrupts at random moments: each comes out as an exception, and what was interrupted stays whole."""

import gc
import multiprocessing
import os
import random
import signal
import sys
import time
import types
import weakref

import pytest

import wengert as wg
from wengert.utils.data import DataLoader

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals"),
    pytest.mark.filterwarnings("ignore:This DataLoader will create"),
    pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning"),
]


class Interrupt(BaseException):
    pass


class Clock:
    """Raises Interrupt once in a while and counts how often."""

    def __init__(self):
        self.rung = 0

    def ring(self, number, frame):
        self.rung += 1
        raise Interrupt

    def interrupts(self, function, longest):
        """Whether function was interrupted at a random moment; an error if the interrupt went elsewhere."""
        self.rung, came = 0, 0
        try:
            signal.setitimer(signal.ITIMER_REAL, random.uniform(1e-5, longest))
            function()
            signal.setitimer(signal.ITIMER_REAL, 0)
            for _ in range(10):
                pass
        except Interrupt:
            came = 1
        assert came == self.rung
        return came


@pytest.fixture
def clock():
    clock, callbacks = Clock(), list(gc.callbacks)
    # An interrupt that comes within a collector's callback written in Python, as hypothesis has one, is dropped.
    gc.callbacks[:] = [call for call in callbacks if not isinstance(call, types.FunctionType)]
    before = signal.signal(signal.SIGALRM, clock.ring)
    yield clock
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)
    gc.callbacks[:] = callbacks


def hammer(clock, function, check, times=300):
    """Interrupts function so many times, at moments spread over the time it takes."""
    function()
    start = time.perf_counter()
    function()
    longest = 1.2 * (time.perf_counter() - start)
    came = 0
    for _ in range(times):
        came += clock.interrupts(function, longest)
        check()
    assert came


DATA = {f"k{i}": wg.full((50,), float(i)) for i in range(20)}


@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "legacy"])
def test_save(tmp_path, clock, zipped):
    path = tmp_path / "m.pt"

    def whole():
        assert os.listdir(tmp_path) == ["m.pt"]
        found = wg.load(path)
        assert all(wg.equal(found[key], value) for key, value in DATA.items())

    hammer(clock, lambda: wg.save(DATA, path, _use_new_zipfile_serialization=zipped), whole)


@pytest.mark.parametrize("mmap", [False, True], ids=["read", "mapped"])
def test_load(tmp_path, clock, mmap):
    wg.save(DATA, tmp_path / "m.pt")
    hammer(clock, lambda: wg.load(tmp_path / "m.pt", mmap=mmap), lambda: None, 1000)


def test_storages(clock):
    def program():
        for _ in range(100):
            wg.ones(3).untyped_storage()

    hammer(clock, program, lambda: None, 1000)


def no_workers():
    gc.collect()
    deadline = time.monotonic() + 30
    while multiprocessing.active_children():
        assert time.monotonic() < deadline
        time.sleep(0.001)


@pytest.mark.parametrize("whole", [True, False], ids=["whole pass", "first batch"])
def test_loaders(clock, whole):
    batches = DataLoader(wg.arange(20), 4, num_workers=2, multiprocessing_context="fork")
    hammer(clock, lambda: list(batches) if whole else next(iter(batches)), no_workers, 60)


def test_a_worker_whose_end_is_interrupted_is_known_to_have_ended(monkeypatch):
    """An interrupt just when the system has told how a process ended."""
    rung = []

    def waitpid(pid, options):
        result = os.waitpid.system(pid, options)
        if result[0] and not rung:
            rung.append(pid)
            signal.raise_signal(signal.SIGALRM)
        return result

    waitpid.system = os.waitpid
    before = signal.signal(signal.SIGALRM, Clock().ring)
    try:
        batches = iter(DataLoader(wg.arange(20), 4, num_workers=2, multiprocessing_context="fork"))
        next(batches)
        with monkeypatch.context() as patch, pytest.raises(Interrupt):
            patch.setattr(os, "waitpid", waitpid)
            batches._shutdown_workers()
    finally:
        signal.signal(signal.SIGALRM, before)
    assert rung
    no_workers()


def test_an_interrupt_while_the_workers_go_comes_out(clock):
    """What multiprocessing does when one of its objects goes drops the interrupts that come in it."""
    batches = iter(DataLoader(wg.arange(20), 4, num_workers=2, multiprocessing_context="fork"))
    next(batches)
    watched = weakref.ref(batches._workers[0], lambda gone: signal.raise_signal(signal.SIGALRM))
    with pytest.raises(Interrupt):
        del batches
        gc.collect()
    assert watched() is None
    assert clock.rung == 1
    no_workers()
