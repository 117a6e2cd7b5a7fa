"""Passes with worker processes that are broken off: by signals, errors, hangs, the end of the program; then nothing is left."""

import contextlib
import os
import random
import re
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest

import wengert as wg
from wengert.utils.data import DataLoader, Dataset

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="POSIX signals, /proc"),
    pytest.mark.filterwarnings("ignore:This DataLoader will create"),
    pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning"),
]


class Rows(Dataset):
    """Row ``i`` is large and holds ``i``; ``act(i)`` happens first."""

    def __init__(self, n, act=None, numel=1 << 18):
        self.n, self.act, self.numel = n, act, numel

    def __len__(self):
        return self.n

    def __getitem__(self, i):
        if self.act is not None:
            self.act(i)
        return wg.full((self.numel,), float(i))


def loader(n=6, act=None, numel=1 << 18, **options):
    return DataLoader(
        Rows(n, act, numel), **{"batch_size": None, "num_workers": 2, "multiprocessing_context": "fork", **options}
    )


def values(batches):
    return [batch[0].item() for batch in batches if bool((batch == batch[0]).all())]


def interrupted(after):
    """A context in which KeyboardInterrupt comes after so many seconds."""

    class Timer:
        def __enter__(self):
            self.before = signal.signal(signal.SIGALRM, signal.default_int_handler)
            signal.setitimer(signal.ITIMER_REAL, after)

        def __exit__(self, *error):
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, self.before)

    return Timer()


def test_a_pass_after_an_interrupted_one_is_whole():
    batches = loader(persistent_workers=True)
    chance, hits = random.Random(1), 0
    for _ in range(25):
        try:
            with interrupted(chance.uniform(0.0005, 0.03)):
                for batch in batches:
                    del batch
        except KeyboardInterrupt:
            hits += 1
        assert values(batches) == list(range(6))
    assert hits


def test_going_on_after_an_interrupt_ends_or_goes_on_in_order():
    chance = random.Random(2)
    for _ in range(15):
        batches, got = iter(loader()), []
        try:
            with interrupted(chance.uniform(0.0005, 0.03)):
                got.extend(values(batches))
        except KeyboardInterrupt:
            rest = values(batches)
            assert rest == list(range(6 - len(rest), 6))


def test_a_batch_that_cannot_be_read_here_ends_the_pass():
    class Bomb:
        def __reduce__(self):
            return _fail, (os.getpid(),)

    batches = iter(DataLoader([Bomb(), Bomb()], batch_size=None, num_workers=1, multiprocessing_context="fork"))
    with pytest.raises(FileNotFoundError, match="^not in process"):
        next(batches)
    assert list(batches) == []


def _fail(pid):
    raise FileNotFoundError(f"not in process {os.getpid()}, made in {pid}")


@pytest.mark.parametrize(
    ("number", "name"), [(signal.SIGTERM, "Terminated"), (signal.SIGKILL, "Killed"), (signal.SIGABRT, "Aborted")]
)
def test_a_signal_to_a_worker_from_outside(number, name):
    batches = loader(200, lambda i: time.sleep(0.01))
    running = iter(batches)
    next(running)
    os.kill(running._workers[1].pid, number)
    with pytest.raises(RuntimeError, match=r"^DataLoader worker \(pid\(s\) \d+\) exited unexpectedly$") as error:
        list(running)
    assert re.match(rf"DataLoader worker \(pid \d+\) is killed by signal: {name}. $", str(error.value.__cause__))
    assert list(running) == []
    assert len(list(batches)) == 200


@pytest.mark.parametrize("persistent", [False, True])
def test_a_stopped_worker_is_a_timeout_and_still_ends(persistent):
    running = iter(loader(50, timeout=8, persistent_workers=persistent))
    next(running)
    running._timeout = 0.5
    for worker in running._workers:
        os.kill(worker.pid, signal.SIGSTOP)
    with pytest.raises(RuntimeError, match="^DataLoader timed out after 0.5 seconds$"):
        list(running)
    running._shutdown_workers()
    assert not any(worker.is_alive() for worker in running._workers)


def test_sampler_collate_and_loop_that_raise():
    class Sampler:
        def __iter__(self):
            yield from (0, 1, 2, 3, 4)
            raise OSError("the sampler")

    with pytest.raises(OSError, match="^the sampler$"):
        values(loader(sampler=Sampler()))
    with pytest.raises(OSError, match="Caught OSError in DataLoader worker process 0.(.|\n)*the collate function"):
        values(loader(collate_fn=lambda x: _raise(OSError("the collate function"))))
    batches = loader(persistent_workers=True)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            for batch in batches:
                batch[0].item() // 0
    assert values(batches) == list(range(6))


def _raise(error):
    raise error


def test_loaders_in_several_threads():
    # Not by forking: CPython does not promise that a fork of a process with several threads can go on.
    results = {}

    def run(k):
        try:
            batches = loader(8, numel=1 << 12, persistent_workers=True, multiprocessing_context="forkserver")
            results[k] = [values(batches) for _ in range(4)]
        except BaseException as error:
            results[k] = error

    threads = [threading.Thread(target=run, args=(k,), daemon=True) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert results == dict.fromkeys(range(4), [list(range(8))] * 4)


def test_abandoned_passes():
    kept = [iter(loader(persistent_workers=k % 2 == 0)) for k in range(6)]
    workers = [worker for batches in kept for worker in batches._workers]
    for k, batches in enumerate(kept):
        for _ in range(k):
            next(batches)
    del kept, batches
    wg.zeros(1)
    deadline = time.monotonic() + 20
    while any(worker.is_alive() for worker in workers) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(worker.is_alive() for worker in workers)


PROGRAM = textwrap.dedent(
    """
    import os, sys, time
    import wengert as wg
    from wengert.utils.data import DataLoader, Dataset

    HOW, METHOD, PERSISTENT = sys.argv[1], sys.argv[2], sys.argv[3] == "True"

    class Slow(Dataset):
        def __len__(self):
            return 10**6
        def __getitem__(self, i):
            if HOW == "hung" and i > 3:
                time.sleep(1000)
            time.sleep(0.03)
            return os.getpid(), wg.zeros(100_000)

    def same(sample):
        return sample

    def main():
        loader = DataLoader(Slow(), None, num_workers=2, collate_fn=same, multiprocessing_context=METHOD,
                            persistent_workers=PERSISTENT)
        batches = iter(loader)
        for k, (pid, _) in enumerate(batches):
            print(pid, flush=True)
            if k > 2 and HOW == "raise":
                raise ValueError("in the loop")
            if k > 2 and HOW == "exit":
                sys.exit(3)
            if k > 2 and HOW == "_exit":
                os._exit(4)
            if k > 2 and HOW == "return":
                return
            if k > 2 and HOW == "kept":
                sys.kept = loader, batches
                return

    if __name__ == "__main__":
        main()
    """
)


@pytest.fixture
def start(tmp_path, nothing_left_in_shared_memory):
    path = tmp_path / "program.py"
    path.write_text(PROGRAM)

    def run(*arguments):
        return subprocess.Popen(
            [sys.executable, str(path), *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    return run


def _processes_of(group):
    """What runs in a process group; a zombie does not, however long it takes until it is buried."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):  # it ended meanwhile
            stat = Path("/proc", pid, "stat").read_text()
            state, _, its_group = stat.rpartition(")")[2].split()[:3]
            if int(its_group) == group and state != "Z":
                found.append((pid, state, Path("/proc", pid, "cmdline").read_text()))
    return found


def _nothing_is_left_of(group, seconds=60.0):
    deadline = time.monotonic() + seconds
    while (found := _processes_of(group)) and time.monotonic() < deadline:
        time.sleep(0.05)
    for pid, *_ in found:
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(pid), signal.SIGKILL)
    assert not found


@pytest.mark.parametrize("method", ["fork", "spawn"])
@pytest.mark.parametrize(
    ("how", "code", "last", "persistent"),
    [
        ("raise", 1, "ValueError: in the loop", False),
        ("raise", 1, "ValueError: in the loop", True),
        ("exit", 3, None, False),
        ("_exit", 4, None, False),
        ("return", 0, None, False),
        ("kept", 0, None, True),
    ],
)
def test_ends_of_a_program(start, how, code, last, method, persistent):
    process = start(how, method, persistent)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == code
    assert (errors.strip().split("\n")[-1] or None) == last and errors.count("Traceback") == (last is not None)
    _nothing_is_left_of(process.pid)


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_signals_to_a_program_in_the_middle_of_a_pass(start, method, number):
    process = start("run", method, True)
    for _ in range(3):
        assert process.stdout.readline()
    # As a terminal does: Ctrl-C reaches all processes of the group.
    (os.killpg if number == signal.SIGINT else os.kill)(process.pid, number)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == -number
    if number == signal.SIGINT:
        assert errors.strip().split("\n")[-1] == "KeyboardInterrupt"
    _nothing_is_left_of(process.pid)


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_interrupts_at_any_time(start, method):
    for delay in (0.1, 0.3, 0.5, 0.7, 1.0, 1.5):
        process = start("run", method, False)
        time.sleep(delay)
        os.killpg(process.pid, signal.SIGINT)
        process.communicate(timeout=60)
        assert process.returncode != 0
        _nothing_is_left_of(process.pid)


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_a_worker_that_hangs_does_not_outlive_its_parent(start, method):
    process = start("hung", method, False)
    for _ in range(3):
        assert process.stdout.readline()
    process.kill()
    process.communicate(timeout=60)
    _nothing_is_left_of(process.pid)
