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


IN_A_PASS = """
import os, signal, sys
import wengert as wg

wg.set_num_threads(2)
wg.manual_seed(0)
x, weights = wg.randn(768, 768), [wg.randn(768, 768, requires_grad=True) for _ in range(6)]

def step():
    h = x
    for w in weights:
        w.grad = None
        h = wg.cumprod((h @ w) * 0.01, 0)  # its rule is Python, which runs while gradients are still computed
    h.sum().backward()
    return [w.grad.clone() for w in weights]

expected, children = step(), []

def fork(frame, event, argument):
    if event == "call" and "cumprod" in frame.f_code.co_name:
        child = os.fork()
        if child == 0:
            sys.setprofile(None)
            signal.alarm(60)
        children.append(child)

sys.setprofile(fork)
found = step()
sys.setprofile(None)
right = all(wg.equal(a, b) for a, b in zip(expected, found))
if 0 in children:
    os._exit(0 if right else 1)
print(right, [os.waitpid(child, 0)[1] for child in children])
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_fork_in_the_middle_of_a_backward_pass():
    command = [sys.executable, "-W", "ignore", "-c", IN_A_PASS]
    found = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert found.stdout == f"True {[0] * 6}\n", found.stderr
