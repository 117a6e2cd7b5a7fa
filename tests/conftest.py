"""What every test may rely on."""

import os
import re
import signal
import tempfile

import pytest

# A run started in the background inherits ignored signals; the tests that send them to children need the usual handling.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)


def _left_in_shared_memory():
    """Files there that nobody will remove: those of processes that are gone. Others may run programs meanwhile."""
    folder = "/dev/shm" if os.path.isdir("/dev/shm") else tempfile.gettempdir()
    files = [name for name in os.listdir(folder) if re.match(r"wengert-\d+-", name)]
    return {name for name in files if not _is_another(int(name.split("-")[1]))}


def _is_another(pid):
    """Whether that is a process which runs, and not this one."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return pid != os.getpid()


@pytest.fixture
def nothing_left_in_shared_memory():
    before = _left_in_shared_memory()
    yield
    assert _left_in_shared_memory() <= before
