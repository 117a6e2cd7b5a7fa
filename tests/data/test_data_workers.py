"""Worker processes: order, seeds, failures of every kind, and that nothing is left behind."""

import faulthandler
import gc
import multiprocessing
import os
import re
import signal
import subprocess
import sys
import textwrap
import time

import numpy as np
import pytest

import wengert as wg
from wengert.utils.data import DataLoader, Dataset, IterableDataset, TensorDataset, get_worker_info

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="the tests hand local functions to forked workers"),
    pytest.mark.filterwarnings("ignore:This DataLoader will create"),
]


class Call(Dataset):
    """Sample ``i`` is ``fn(i)``."""

    def __init__(self, fn, n=10):
        self.fn = fn
        self.n = n

    def __len__(self):
        return self.n

    def __getitem__(self, i):
        return self.fn(i)


class Shared(IterableDataset):
    """Each worker yields its own share."""

    def __init__(self, n):
        self.n = n

    def __iter__(self):
        info = get_worker_info()
        return iter(range(info.id, self.n, info.num_workers) if info else range(self.n))


def load(fn, n=10, **options):
    return list(DataLoader(Call(fn, n), **{"num_workers": 2, "collate_fn": list, **options}))


@pytest.fixture(autouse=True)
def forked_workers_all_of_which_end():
    before = multiprocessing.get_start_method()
    multiprocessing.set_start_method("fork", force=True)  # Python 3.14 forks only when told
    yield
    multiprocessing.set_start_method(before, force=True)
    gc.collect()
    deadline = time.monotonic() + 10
    while multiprocessing.active_children() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert multiprocessing.active_children() == []


def test_order_is_kept_although_workers_differ_in_speed():
    def slow_first(i):
        time.sleep(0.02 if i % 2 == 0 else 0.0)
        return i

    assert load(slow_first) == [[i] for i in range(10)]
    assert sorted(load(slow_first, in_order=False)) == [[i] for i in range(10)]


def test_fast_workers_overtake_without_order():
    def first_waits(i):
        time.sleep(0.5 if i == 0 else 0.0)
        return i

    assert load(first_waits, in_order=False)[0] != [0]


def test_all_sorts_of_data_arrive_unchanged():
    big = wg.arange(60000, dtype=wg.float64).reshape(3, -1)
    sample = {
        "big": big.t(),
        "small": wg.tensor([1, 2], dtype=wg.int16),
        "bool": wg.tensor(True),
        "empty": wg.zeros(0, 3),
        "array": np.arange(50000).reshape(2, -1),
        "text": ["a", ("b", None)],
    }
    (got,) = load(lambda i: sample, n=1, batch_size=None, collate_fn=lambda x: x)
    assert got["big"].tolist() == sample["big"].tolist()
    for key in ("small", "bool", "empty"):
        assert got[key].dtype == sample[key].dtype and got[key].shape == sample[key].shape
        assert got[key].tolist() == sample[key].tolist()
    assert (got["array"] == sample["array"]).all() and got["text"] == sample["text"]
    got["big"].add_(1)
    got["small"].add_(1)
    got["array"] += 1


def test_rows_of_tensors():
    data = TensorDataset(wg.arange(5000).reshape(50, 100), wg.arange(50))
    one = [[t.tolist() for t in batch] for batch in DataLoader(data, batch_size=7)]
    two = [[t.tolist() for t in batch] for batch in DataLoader(data, batch_size=7, num_workers=2)]
    assert one == two


def test_worker_info_and_seeds():
    def info(i):
        got = get_worker_info()
        return got.id, got.num_workers, got.seed, len(got.dataset), wg.initial_seed()

    assert get_worker_info() is None
    seen = [batch[0] for batch in load(info, generator=wg.Generator().manual_seed(3))]
    base = seen[0][2]
    assert seen == [(i % 2, 2, base + i % 2, 10, base + i % 2) for i in range(10)]
    assert base == wg.empty((), dtype=wg.int64).random_(generator=wg.Generator().manual_seed(3)).item()


def test_every_source_of_random_numbers_is_seeded():
    import random

    def draw(i):
        return random.random(), np.random.rand(), wg.rand(1).item()

    def run(seed):
        wg.manual_seed(seed)
        return load(draw)

    assert run(1) == run(1)
    assert run(1) != run(2)
    flat = [batch[0] for batch in run(1)]
    assert len({row[1] for row in flat}) == 10


def test_worker_info_is_read_only():
    def change(i):
        info = get_worker_info()
        try:
            info.id = 7
        except AttributeError as error:
            return f"{error}; {re.sub('seed=.*, rng', 'rng', repr(info))}"

    info = "WorkerInfo(id=0, num_workers=2, rng=None, worker_method='multiprocessing')"
    assert load(change, n=1) == [[f"cannot assign to field 'id'; {info}"]]


def test_stream_is_shared_among_workers():
    loader = DataLoader(Shared(10), batch_size=2, num_workers=2)
    assert [b.tolist() for b in loader] == [[0, 2], [1, 3], [4, 6], [5, 7], [8], [9]]
    assert [b.tolist() for b in DataLoader(Shared(10), batch_size=2, num_workers=2, drop_last=True)] == [
        [0, 2],
        [1, 3],
        [4, 6],
        [5, 7],
    ]


def test_init_function():
    def init(worker_id):
        os.environ["WENGERT_TEST_WORKER"] = str(worker_id)

    assert load(lambda i: os.environ["WENGERT_TEST_WORKER"], n=4, worker_init_fn=init) == [["0"], ["1"], ["0"], ["1"]]


def test_persistent_workers_stay():
    loader = DataLoader(Call(lambda i: (i, os.getpid())), num_workers=2, persistent_workers=True, collate_fn=list)
    first, second = list(loader), list(loader)
    assert first == second and len({pid for ((_, pid),) in first}) == 2
    for _ in loader:
        break
    assert list(loader) == first
    other = DataLoader(Call(lambda i: (i, os.getpid())), num_workers=2, collate_fn=list)
    assert list(other) != list(other)


def test_persistent_stream():
    loader = DataLoader(Shared(7), batch_size=None, num_workers=2, persistent_workers=True)
    assert list(loader) == list(loader) and sorted(loader) == list(range(7))


def test_exception_keeps_its_type_and_traceback():
    def fail(i):
        if i == 5:
            raise ValueError("sample five")
        return i

    with pytest.raises(
        ValueError, match="Caught ValueError in DataLoader worker process 1.\nOriginal Traceback"
    ) as error:
        load(fail)
    assert "sample five" in str(error.value) and "in fail" in str(error.value)


def test_exceptions_that_cannot_travel():
    class TwoArguments(Exception):
        def __init__(self, a, b):
            super().__init__(a, b)

    def local(i):
        raise TwoArguments(1, 2)

    with pytest.raises(RuntimeError, match="Caught TwoArguments in DataLoader worker process 0"):
        load(local)
    with pytest.raises(KeyError, match="Caught KeyError in DataLoader worker process 0.\nOriginal"):
        load(lambda i: {}["missing"])


def test_data_that_cannot_travel():
    with pytest.raises((AttributeError, TypeError, Exception), match="in DataLoader worker process 0"):
        load(lambda i: lambda: i)


def test_the_loader_works_again_after_an_exception():
    fail = multiprocessing.Value("b", 1)

    def sometimes(i):
        if fail.value:
            raise ValueError("not yet")
        return i

    loader = DataLoader(Call(sometimes), num_workers=2, persistent_workers=True, collate_fn=list)
    with pytest.raises(ValueError, match="not yet"):
        list(loader)
    fail.value = 0
    assert list(loader) == [[i] for i in range(10)]


def test_exception_in_the_init_function():
    def bad(worker_id):
        raise ValueError("no licence")

    with pytest.raises(ValueError, match="Caught ValueError in DataLoader worker process 0.*"):
        load(lambda i: i, worker_init_fn=bad)


@pytest.mark.parametrize(
    ("end", "cause"),
    [
        (lambda: os._exit(3), "exited unexpectedly with exit code 3. Details are lost due to multiprocessing. "),
        (lambda: sys.exit(4), "exited unexpectedly with exit code 4. "),
        (lambda: os.kill(os.getpid(), signal.SIGKILL), "is killed by signal: Killed. $"),
        (
            lambda: (faulthandler.disable(), os.kill(os.getpid(), signal.SIGBUS)),
            "is killed by signal: Bus error. It is possible that dataloader",
        ),
    ],
)
def test_death_of_a_worker_is_noticed_at_once(end, cause):
    def die(i):
        if i == 5:
            end()
        return i

    start = time.monotonic()
    with pytest.raises(RuntimeError, match=r"^DataLoader worker \(pid\(s\) \d+\) exited unexpectedly$") as error:
        load(die)
    assert re.match(rf"DataLoader worker \(pid \d+\) {cause}", str(error.value.__cause__))
    assert time.monotonic() - start < 8


def test_persistent_workers_are_replaced_after_a_death():
    deadly = multiprocessing.Value("b", 1)

    def die(i):
        if deadly.value:
            os._exit(1)
        return i

    loader = DataLoader(Call(die), num_workers=2, persistent_workers=True, collate_fn=list)
    with pytest.raises(RuntimeError, match="exited unexpectedly"):
        list(loader)
    deadly.value = 0
    assert list(loader) == [[i] for i in range(10)]


def test_timeout():
    with pytest.raises(RuntimeError, match="^DataLoader timed out after 0.2 seconds$"):
        load(lambda i: time.sleep(1.5), timeout=0.2)


def test_leaving_a_pass_early_ends_the_workers():
    batches = iter(DataLoader(Call(lambda i: i), num_workers=2, collate_fn=list))
    workers = batches._workers
    assert next(batches) == [0]
    del batches
    for worker in workers:
        worker.join(5)
        assert not worker.is_alive()


def test_two_loaders_at_once():
    one = DataLoader(Call(lambda i: i), num_workers=1, persistent_workers=True, collate_fn=list)
    two = DataLoader(Call(lambda i: -i), num_workers=1, collate_fn=list)
    start = time.monotonic()
    for _ in range(2):
        assert [(a[0], b[0]) for a, b in zip(one, two, strict=True)] == [(i, -i) for i in range(10)]
    assert time.monotonic() - start < 8


def test_loader_inside_a_worker_is_refused_not_hung():
    def inner(i):
        return len(list(DataLoader([1, 2], num_workers=1)))

    with pytest.raises(AssertionError, match="daemonic processes are not allowed to have children"):
        load(inner, n=1)


PROGRAM = textwrap.dedent(
    """
    import os, sys, time
    import wengert as wg
    from wengert.utils.data import DataLoader, TensorDataset, Dataset

    class Slow(Dataset):
        def __len__(self):
            return 10**6
        def __getitem__(self, i):
            time.sleep(0.05)
            return i, os.getpid()

    def pids(samples):
        return samples[0]

    if __name__ == "__main__":
        if sys.argv[1] == "methods":
            for method in ("spawn", "forkserver"):
                data = TensorDataset(wg.arange(40000).reshape(2, -1))
                loader = DataLoader(data, num_workers=1, multiprocessing_context=method)
                print(method, [x.sum().item() for (x,) in loader])
        else:
            for _, pid in DataLoader(Slow(), num_workers=2, collate_fn=pids):
                print(pid, flush=True)
                if sys.argv[1] == "exit":
                    break
    """
)


@pytest.fixture
def program(tmp_path):
    path = tmp_path / "program.py"
    path.write_text(PROGRAM)

    def start(mode):
        return subprocess.Popen(
            [sys.executable, str(path), mode], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    return start


def _gone(pid):
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_ending_the_program_ends_its_workers(program, number):
    process = program("run")
    workers = {int(process.stdout.readline()) for _ in range(2)}
    assert len(workers) == 2
    process.send_signal(number)
    _, errors = process.communicate(timeout=30)
    assert process.returncode != 0
    assert all(_gone(pid) for pid in workers)
    if number == signal.SIGINT:
        assert errors.count("Traceback") == 1 and "KeyboardInterrupt" in errors


def test_the_end_of_the_program_ends_its_workers(program):
    process = program("exit")
    output, errors = process.communicate(timeout=30)
    assert process.returncode == 0 and errors == ""
    assert _gone(int(output))


def test_other_ways_to_start_workers(program):
    output, errors = program("methods").communicate(timeout=120)
    assert errors == ""
    assert output.split("\n")[:2] == [f"{m} [199990000, 599990000]" for m in ("spawn", "forkserver")]


def test_nothing_is_left_in_shared_memory(nothing_left_in_shared_memory):
    load(lambda i: wg.zeros(100000), collate_fn=None)
