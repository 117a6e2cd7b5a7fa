"""Mapped files that are cut, removed, replaced, or have no room on their disk: an exception, never a crash."""

import os
import shutil
import signal
import subprocess
import sys

import pytest

import wengert as torch

START = """
import os, sys, threading
import wengert as torch

path, n = sys.argv[1], 1 << 18

def saved():
    torch.save({"a": torch.ones(n), "b": torch.ones(n)}, path)
    return torch.load(path, mmap=True)

def lost(function):
    try:
        function()
        len("")  # an operator is no call: it is told at the next one
    except RuntimeError as error:
        assert path in str(error) and "mapped into memory" in str(error), error
    else:
        raise AssertionError("no error")

whole = saved()
"""


def run(tmp_path, program, *options):
    command = [sys.executable, *options, "-W", "ignore", "-c", START + program, str(tmp_path / "x.pt")]
    return subprocess.run(command, capture_output=True, text=True, timeout=300)


def check(tmp_path, program, *options):
    found = run(tmp_path, program, *options)
    assert (found.returncode, found.stderr) == (0, "")


@pytest.mark.parametrize("options", [(), ("-X", "faulthandler")])
def test_a_mapped_file_that_is_cut(tmp_path, options):
    check(
        tmp_path,
        """
os.truncate(path, n * 4)
assert whole["a"][:1000].sum() == 1000
for use in (lambda: whole["b"].sum(), lambda: whole["b"] @ whole["b"], lambda: whole["b"].add_(1),
            lambda: repr(whole["b"]), lambda: whole["b"].tolist(), lambda: bytes(whole["b"].untyped_storage().bytes()),
            lambda: torch.save(whole, path)):
    lost(use)
    lost(use)  # each time anew
assert os.path.getsize(path) == n * 4 and len(os.listdir(os.path.dirname(path))) == 1
""",
        *options,
    )


def test_what_was_lost_is_told_also_when_the_memory_is_gone(tmp_path):
    check(
        tmp_path,
        """
os.truncate(path, 0)
def last_use():
    (lambda kept: kept.pop("b").clone())(whole)
lost(last_use)
""",
    )


def test_what_another_thread_lost_is_told_in_the_main_thread(tmp_path):
    check(
        tmp_path,
        """
os.truncate(path, 0)
read, write = os.pipe()
thread = threading.Thread(target=lambda: os.read(read, 1) and whole["a"].sum())
thread.start()  # before: an exception in the midst of it would leave its locks as they are
def in_a_thread():
    os.write(write, b"1")
    while True:
        len("")
lost(in_a_thread)
thread.join()
""",
    )


def test_a_shared_file_that_is_cut(tmp_path):
    check(
        tmp_path,
        """
f = torch.from_file(path, shared=True, size=n)
os.truncate(path, 8192)
f[:2048] = 3
lost(lambda: f.fill_(2))
lost(lambda: f.sum())
""",
    )


def test_a_mapped_file_that_is_removed_or_saved_over_is_still_there(tmp_path):
    check(
        tmp_path,
        """
torch.save([], path)
os.unlink(path)
assert whole["a"].sum() == n
""",
    )


def test_bus_errors_of_others_end_the_process_as_ever(tmp_path):
    assert run(tmp_path, "import signal; os.kill(os.getpid(), signal.SIGBUS)").returncode == -signal.SIGBUS
    faulty = """
import ctypes, mmap
with open(path, "r+b") as file:
    memory = mmap.mmap(file.fileno(), 0)
os.truncate(path, 0)
memory[0]
"""
    assert run(tmp_path, faulty).returncode == -signal.SIGBUS
    assert "Bus error" in run(tmp_path, faulty, "-X", "faulthandler").stderr


@pytest.fixture
def small_disk(tmp_path):
    """A folder on a disk of one megabyte."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = shutil.which("mount")
    if (
        not mount
        or subprocess.run([mount, "-t", "tmpfs", "-o", "size=1m", "x", folder], capture_output=True).returncode
    ):
        pytest.skip("may not mount a file system")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def test_full_disks(small_disk, monkeypatch):
    from wengert.multiprocessing import reductions

    x, path = torch.ones(1 << 20), small_disk / "x"
    with pytest.raises(OSError, match="No space left"):
        torch.from_file(str(path), shared=True, size=1 << 20)
    path.unlink()
    monkeypatch.setattr(reductions, "_folder", lambda: str(small_disk))
    with pytest.raises(OSError, match="No space left"):
        x.share_memory_()
    assert os.listdir(small_disk) == [] and x.sum() == 1 << 20
    torch.save([torch.ones(3)], path)
    for zipped in (True, False):
        with pytest.raises(OSError, match="No space left"):
            torch.save(x, path, _use_new_zipfile_serialization=zipped)
        assert torch.load(path)[0].tolist() == [1, 1, 1] and os.listdir(small_disk) == ["x"]
