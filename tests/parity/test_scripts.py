"""A short part of examples/scripts prints under wengert what it prints under torch; tools/parity.py runs them all."""

import importlib.util
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))

import parity

SHORT = ("autograd_lessons", "makemore_backprop", "checkpoint_resume", "autocast_cpu", "mingpt")

# Torch is asked for, not imported: its scripts run in a process of their own.
needs_torch = pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="the oracle is not installed")


@needs_torch
@pytest.mark.parametrize("name", SHORT)
def test_prints_what_torch_prints(name):
    _, numbers, _, _, problem = parity.compare(parity.SCRIPTS / f"{name}.py", sys.executable)
    assert problem is None and numbers > 5
