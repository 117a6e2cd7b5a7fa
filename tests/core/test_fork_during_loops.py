"""A process that forks while another of its threads computes: the child can do what waits for loops to end."""

import os
import subprocess
import sys

import pytest

PROGRAM = """
import os, signal, sys, threading, time
import wengert as wg

wg.set_num_threads(1)
x, done = wg.rand(1 << 22), False

def compute():
    while not done:
        x.exp()

thread = threading.Thread(target=compute)
thread.start()
time.sleep(0.1)
hung = False
for _ in range(8):
    child = os.fork()
    if child == 0:
        wg.zeros(3).resize_(100_000)
        os._exit(0)
    end = time.monotonic() + 10
    while not hung and os.waitpid(child, os.WNOHANG) == (0, 0):
        time.sleep(0.01)
        if time.monotonic() > end:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            hung = True
    if hung:
        break
done = True
thread.join()
print("hung" if hung else "fine")
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_child_does_not_wait_for_threads_that_it_does_not_have():
    command = [sys.executable, "-W", "ignore", "-c", PROGRAM]
    assert subprocess.run(command, capture_output=True, text=True, timeout=300).stdout == "fine\n"
