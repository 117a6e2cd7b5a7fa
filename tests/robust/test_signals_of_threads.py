"""The machine's threads take no signals: the interpreter's loop need not look for one that another thread took."""

import subprocess
import sys
import textwrap

import pytest

PROGRAM = textwrap.dedent(
    """
    import os, signal
    import wengert as wg

    wg.set_num_threads(4)
    x = wg.ones(1 << 20)
    x.exp()
    masks = []
    for thread in os.listdir("/proc/self/task"):
        if int(thread) != os.getpid():
            with open(f"/proc/self/task/{thread}/status") as status:
                masks.append(int(dict(line.split(":", 1) for line in status)["SigBlk"], 16))
    assert masks
    print(all(mask >> (number - 1) & 1 for mask in masks for number in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM)))
    print(signal.pthread_sigmask(signal.SIG_BLOCK, ()))
    """
)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_signals_are_blocked_in_the_threads_of_loops():
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "True\nset()\n", "")
