"""The program ends while daemon threads are in the middle of computing: it ends as if they were not there."""

import subprocess
import sys

import pytest

PROGRAM = """
import sys, threading, time
import wengert as torch

torch.set_num_threads(2)
net, x = torch.nn.Sequential(torch.nn.Linear(300, 300), torch.nn.Tanh(), torch.nn.Linear(300, 300)), torch.randn(300, 300)
begun = threading.Barrier(4)

def train():
    net(x).sum().backward()

def multiply():
    torch.randn(600, 600) @ torch.randn(600, 600)

def transform():
    torch.func.vmap(torch.func.grad(lambda row: (row.exp() ** 2).sum()))(x)

def go_on(step):
    step()
    begun.wait()
    while True:
        step()

for _ in range(3):
    threading.Thread(target=go_on, args=(globals()[sys.argv[1]],), daemon=True).start()
begun.wait()
"""


@pytest.mark.parametrize("step", ["train", "multiply", "transform"])
def test_the_end_of_a_program_with_daemon_threads(step):
    command = [sys.executable, "-W", "ignore", "-c", PROGRAM, step]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert (ended.returncode, ended.stderr) == (0, "")
